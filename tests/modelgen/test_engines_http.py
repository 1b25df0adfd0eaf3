"""What is sent to servers of the OpenAI interface and to vLLM, and what is made of their answers."""

import asyncio
import json
import math

import numpy as np
import pytest

from modelgen.engines.connection import Connection
from modelgen.engines.http import HttpEngine
from modelgen.engines.protocol import (
    CallRefused,
    CannotBeAsked,
    Generate,
    Reply,
    Represent,
    Sampling,
    ScoreClasses,
    ScoreLabels,
    Usage,
)
from modelgen.engines.servers import Servers
from modelgen.engines.vllm import VllmEngine, tokens_of_labels
from tests.modelgen.standin import Answer, Asked, chat, standing_in

CHAT = ({"role": "user", "content": "A or B?"},)
TOKENS = {"A": [1], " A": [2], "B": [3], " B": [4], "no": [5, 6], " no": [7], "nay": [5, 8], " nay": [9, 8], "": []}


def answered(call, answer, kind=VllmEngine, key=""):
    """The reply to one call, and what the server was asked for it."""

    async def story() -> tuple[Reply, list[Asked]]:
        async with standing_in(answer) as (server,):
            connection = Connection(server.address, key=key)
            engine = kind(Servers("m", [connection], rng=np.random.default_rng(1)), "org/m")
            try:
                return await engine.reply(call), server.asked
            finally:
                await engine.aclose()

    return asyncio.run(story())


def text_answer(*texts: str, **more):
    choices = [{"index": i, "text": text, "finish_reason": "length", **more} for i, text in enumerate(texts)]
    return lambda asked: Answer({"model": "m", "choices": choices[::-1], "usage": {"prompt_tokens": 5}})


def likeliest(**logs: float):
    """A text answer that names these tokens for the first place; an underscore stands for a space."""
    named = {name.replace("_", " "): log for name, log in logs.items()}
    return text_answer("A", logprobs={"tokens": ["A"], "token_logprobs": [-1.0], "top_logprobs": [named]})


# --- texts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "path"), [(HttpEngine, "/chat/completions"), (VllmEngine, "/v1/chat/completions")])
def test_a_conversation_is_answered(kind, path):
    sampling = Sampling(temperature=0.5, top_p=0.9, most_tokens=7, seed=3, stop=("\n",))
    reply, (asked,) = answered(Generate("judge", CHAT, sampling), lambda asked: chat("A.", "length"), kind, "secret")
    assert (reply.text, reply.was_cut, reply.usage) == ("A.", (True,), Usage(3, 2))
    assert (asked.path, asked.headers["authorization"]) == (path, "Bearer secret")
    expected = {"model": "org/m", "messages": [*CHAT], "max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "seed": 3}
    assert expected.items() <= asked.body.items()
    assert asked.body["stop"] == ["\n"]


def test_without_a_key_none_is_sent_and_without_a_seed_none_either():
    _, (asked,) = answered(Generate("judge", "x"), text_answer("y"), HttpEngine)
    assert "authorization" not in asked.headers
    assert {"seed", "stop", "top_k"}.isdisjoint(asked.body)


def test_several_texts_keep_their_order():
    reply, (asked,) = answered(Generate("w", "Once", Sampling(count=3)), text_answer("a", "b", "c"))
    assert (reply.texts, reply.was_cut, asked.path) == (("a", "b", "c"), (True,) * 3, "/v1/completions")


def test_what_a_models_folder_says_of_sampling_is_not_added():
    _, (asked,) = answered(Generate("w", "Once"), text_answer("a"))
    assert (asked.body["top_k"], asked.body["min_p"], asked.body["repetition_penalty"]) == (0, 0.0, 1.0)


def test_tokens_of_a_text_and_of_an_answer():
    call = Generate("w", "Once", with_tokens=True)
    reply, _ = answered(call, text_answer("ab", logprobs={"tokens": ["a", "b"], "token_logprobs": [-1, -0.5]}))
    assert reply.tokens == ((("a", -1.0), ("b", -0.5)),)
    named = {"content": [{"token": "a", "logprob": -1, "top_logprobs": []}]}
    reply, (asked,) = answered(Generate("w", CHAT, with_tokens=True), lambda _: chat("a", logprobs=named))
    assert reply.tokens == ((("a", -1.0),),)
    assert asked.body["logprobs"] is True


def test_fewer_texts_than_asked_for_are_refused():
    with pytest.raises(CallRefused, match="gave 1 texts where 4 were asked for"):
        answered(Generate("w", "Once", Sampling(count=4)), text_answer("a"))


def test_a_withheld_text_is_refused():
    with pytest.raises(CallRefused, match="withholds"):
        answered(Generate("w", CHAT), lambda _: chat("", "content_filter"))


def test_no_content_is_an_empty_text():
    assert answered(Generate("w", CHAT), lambda _: chat(None, "length"))[0].texts == ("",)


def test_half_a_surrogate_pair_is_sent_as_it_is():
    _, (asked,) = answered(Generate("w", "\ud800"), text_answer("a"))
    assert asked.body["prompt"] == "\ud800"


def test_tokens_remembered_from_before_are_counted():
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 8}}
    body = {**chat().body, "usage": usage}
    assert answered(Generate("w", CHAT), lambda _: Answer(body))[0].usage == Usage(9, 1, 8)


# --- labels by the likeliest tokens -----------------------------------------------------------------------------


def test_both_spellings_of_a_label_count():
    named = likeliest(A=math.log(0.2), _A=math.log(0.3), B=math.log(0.1), Also=math.log(0.4))
    reply, (asked,) = answered(ScoreLabels("judge", "Which?", ("A", "B", "C")), named, HttpEngine)
    assert reply.labels == pytest.approx({"A": math.log(0.5), "B": math.log(0.1), "C": -math.inf})
    assert (asked.body["logprobs"], asked.body["temperature"], asked.body["max_tokens"]) == (20, 1.0, 1)


def test_labels_in_a_conversation():
    tokens = [{"token": " A", "logprob": -0.5}, {"token": "A.", "logprob": -1.0}]
    named = {"content": [{"token": " A", "logprob": -0.5, "top_logprobs": tokens}]}
    reply, (asked,) = answered(ScoreLabels("judge", CHAT, ("A",)), lambda _: chat("A", logprobs=named), HttpEngine)
    assert reply.labels == {"A": -0.5}
    assert asked.body["top_logprobs"] == 20


@pytest.mark.parametrize("call", [Represent("m", "x"), ScoreClasses("m", "x")])
def test_what_only_vllm_can_is_refused_elsewhere(call):
    with pytest.raises(CannotBeAsked, match="kind=vllm"):
        answered(call, text_answer("a"), HttpEngine)


# --- labels by chosen tokens, numbers ---------------------------------------------------------------------------


def vllm_answer(asked: Asked) -> Answer:
    if asked.path == "/tokenize":
        return Answer({"tokens": TOKENS[asked.body["prompt"]], "count": 1})
    logs = {f"token_id:{token}": math.log(token / 100) for token in [*asked.body["logprob_token_ids"], 99]}
    return text_answer("?", logprobs={"tokens": ["token_id:99"], "token_logprobs": [0], "top_logprobs": [logs]})(asked)


def test_vllm_is_asked_for_the_labels_tokens_by_number():
    reply, asked = answered(ScoreLabels("judge", "Which?", ("A", "B")), vllm_answer)
    assert reply.labels == pytest.approx({"A": math.log(0.03), "B": math.log(0.07)})
    assert asked[-1].body["logprob_token_ids"] == [1, 2, 3, 4]


def test_how_labels_are_spelled_is_asked_once():
    async def story() -> list[str]:
        async with standing_in(vllm_answer) as (server,):
            engine = VllmEngine(Servers("m", [Connection(server.address)], rng=np.random.default_rng(1)), "m")
            await asyncio.gather(*(engine.reply(ScoreLabels("judge", "Which?", ("A", "B"))) for _ in range(8)))
            await engine.aclose()
            return [asked.path for asked in server.asked]

    paths = asyncio.run(story())
    assert (paths.count("/tokenize"), len(paths)) == (4, 12)


def test_a_label_of_one_token_in_one_spelling_is_known_by_it():
    assert tokens_of_labels({"no": [(5, 6), (7,)], "A": [(1,), (2,)]}) == {"no": {7}, "A": {1, 2}}


def test_a_label_of_several_tokens_is_known_by_its_first_unless_another_begins_so_too():
    assert tokens_of_labels({"nay": [(5, 8), (9, 8)], "A": [(1,)]})["nay"] == {5, 9}
    with pytest.raises(CallRefused, match="'nay' and 'note' begin with the same token"):
        tokens_of_labels({"nay": [(5, 8), (9, 8)], "note": [(5, 6), (9, 6)]})
    with pytest.raises(CallRefused, match="have no text"):
        tokens_of_labels({"": [(), ()]})


def test_class_scores_and_states_are_asked_for_raw():
    numbers = lambda asked: Answer({"data": [{"index": 0, "data": [7.5, -3]}], "usage": {"prompt_tokens": 4}})  # noqa: E731
    reply, (asked,) = answered(ScoreClasses("rm", CHAT), numbers)
    assert (reply.numbers, reply.usage, asked.path) == ((7.5, -3.0), Usage(4), "/pooling")
    assert asked.body == {
        "model": "org/m",
        "messages": [*CHAT],
        "task": "classify",
        "use_activation": False,
        "add_generation_prompt": False,
    }
    _, (asked,) = answered(Represent("rm", "text"), numbers)
    assert asked.body == {"model": "org/m", "input": "text", "use_activation": False}


def test_a_key_is_never_shown():
    with pytest.raises(CallRefused) as refusal:
        answered(Generate("w", "x"), lambda _: Answer({"error": "no"}, 400), HttpEngine, "secret")
    assert "secret" not in json.dumps(str(refusal.value))
    assert "secret" not in repr(Connection("http://a", key="secret"))
