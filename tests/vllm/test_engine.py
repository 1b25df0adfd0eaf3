"""The engine against a real vLLM, and vLLM against transformers on the same prompts."""

import asyncio
import math

import numpy as np
import pytest

from modelgen.engines.connection import Connection
from modelgen.engines.http import HttpEngine, added
from modelgen.engines.protocol import (
    CallRefused,
    Generate,
    Represent,
    Sampling,
    ScoreClasses,
    ScoreLabels,
)
from modelgen.engines.servers import Servers

CLOSE = 0.15  # of a log-probability: the server computes in bfloat16, the reference in single precision
CAPITAL = "Paris is the capital of"
PROMPTS = (
    "Which is larger, (A) a mouse or (B) a whale? Answer:",
    ({"role": "user", "content": "Is grass (A) blue or (B) green?"},),
    ({"role": "system", "content": "You compare."}, {"role": "user", "content": "Say A or B."}),
)
DIALOGUES = (
    ({"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "Blue."}),
    ({"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "I would rather talk of trains."}),
    "A text without anybody who says it.",
    ({"role": "user", "content": "Was?"}, {"role": "assistant", "content": "Größe 漢字 🙂"}),
)


def listed(prompt):
    return prompt if isinstance(prompt, str) else list(prompt)


# --- texts ------------------------------------------------------------------------------------------------------


def test_it_writes_what_the_model_knows(engine, run):
    reply = run(engine.reply(Generate("writer", CAPITAL, Sampling(most_tokens=8))))
    assert reply.text.startswith(" France")
    assert (reply.was_cut, reply.usage.completion_tokens) == ((True,), 8)


def test_a_text_that_ends_by_itself_is_not_cut(engine, run):
    reply = run(engine.reply(Generate("writer", CAPITAL, Sampling(most_tokens=200, stop=("France",)))))
    assert (reply.text, reply.was_cut) == (" ", (False,))


def test_log_probabilities_of_what_was_written(engine, run, transformers_says):
    reply = run(engine.reply(Generate("writer", CAPITAL, Sampling(most_tokens=4), with_tokens=True)))
    (tokens,) = reply.tokens
    assert "".join(token for token, _ in tokens) == reply.text
    prompts = [CAPITAL + "".join(token for token, _ in tokens[:place]) for place in range(4)]
    asked = [{"next": [token], "prompt": prompt} for prompt, (token, _) in zip(prompts, tokens, strict=True)]
    expected = [said[token] for said, (token, _) in zip(transformers_says("gemma3-270m", asked), tokens, strict=True)]
    assert [log for _, log in tokens] == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("prompt", [CAPITAL, PROMPTS[1]], ids=["text", "conversation"])
def test_a_seed_repeats_its_texts_and_another_does_not(engine, run, prompt):
    def texts(seed):
        sampling = Sampling(temperature=1.0, most_tokens=12, count=3, seed=seed)
        return run(engine.reply(Generate("writer", prompt, sampling))).texts

    first = texts(7)
    assert len(set(first)) == 3
    assert texts(7) == first
    assert texts(8) != first


def test_many_calls_at_once_each_get_their_own_answer(engine, run):
    prompts = ["one " * count for count in range(1, 97)]

    async def ask_all():
        asked = (engine.reply(Generate("writer", prompt, Sampling(most_tokens=4))) for prompt in prompts)
        return await asyncio.gather(*asked), await asyncio.gather(*map(engine.count_tokens, prompts))

    replies, counts = run(ask_all())
    assert len(set(counts)) == len(prompts)
    assert [reply.usage.prompt_tokens for reply in replies] == counts


def test_the_beginning_of_a_prompt_is_remembered(engine, run):
    call = Generate("writer", "All work and no play. " * 100, Sampling(most_tokens=1))
    run(engine.reply(call))
    usage = run(engine.reply(call)).usage
    assert usage.prompt_tokens > usage.cached_tokens > 256


# --- labels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", PROMPTS, ids=["text", "question", "system"])
def test_log_probabilities_of_labels(engine, run, transformers_says, prompt):
    labels = run(engine.reply(ScoreLabels("judge", prompt, ("A", "B", "Yes")))).labels
    spellings = ["A", " A", "B", " B", "Yes", " Yes"]
    (said,) = transformers_says("gemma3-270m", [{"next": spellings, "prompt": listed(prompt)}])
    expected = {label: added([said[label], said[" " + label]]) for label in ("A", "B", "Yes")}
    assert labels == pytest.approx(expected, abs=CLOSE)


def test_the_likeliest_tokens_tell_the_same_where_they_reach(engine, vllm_server, run):
    connection = Connection(vllm_server.address + "/v1")
    plain = HttpEngine(Servers("gemma3-270m", [connection], rng=np.random.default_rng(0)), "gemma3-270m")
    call = ScoreLabels("judge", PROMPTS[0], ("A", "B"))
    by_number, by_text = run(engine.reply(call)).labels, run(plain.reply(call)).labels
    assert by_text == pytest.approx(by_number, abs=0.3)  # a spelling that is not among the twenty is left out
    assert math.isinf(run(plain.reply(ScoreLabels("judge", PROMPTS[0], ("Xylophone",)))).labels["Xylophone"])
    run(plain.aclose())


def test_many_labels(engine, run):
    labels = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    said = run(engine.reply(ScoreLabels("judge", PROMPTS[0], labels))).labels
    assert set(said) == set(labels)
    assert 0 < sum(map(math.exp, said.values())) <= 1.001


def test_labels_that_begin_alike_are_refused(engine, run):
    with pytest.raises(CallRefused, match="begin with the same token"):
        run(engine.reply(ScoreLabels("judge", PROMPTS[0], ("-3", "-2"))))


# --- counts and refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", PROMPTS, ids=["text", "question", "system"])
def test_tokens_are_counted_as_they_are_read(engine, run, prompt):
    usage = run(engine.reply(Generate("writer", prompt, Sampling(most_tokens=1)))).usage
    assert run(engine.count_tokens(prompt)) == usage.prompt_tokens


@pytest.mark.parametrize(
    "call", [Generate("w", "a " * 3000), ScoreLabels("w", "a " * 3000, ("A",))], ids=["text", "labels"]
)
def test_what_is_too_long_is_refused(engine, run, call):
    with pytest.raises(CallRefused, match="maximum context length is 2048"):
        run(engine.reply(call))


def test_settings_out_of_range_are_refused(engine, run):
    with pytest.raises(CallRefused, match="temperature"):
        run(engine.reply(Generate("w", "x", Sampling(temperature=-1.0))))


def test_a_server_that_writes_has_no_states(engine, run):
    with pytest.raises(CallRefused, match="404"):
        run(engine.reply(Represent("w", "x")))


# --- hidden states and scores -----------------------------------------------------------------------------------


def test_hidden_states_are_those_of_the_model(pooling_engine, run, transformers_says):
    expected = np.array(
        transformers_says("gemma3-270m", [{"state": True, "prompt": listed(prompt)} for prompt in DIALOGUES])
    )
    states = np.array([run(pooling_engine.reply(Represent("head", prompt))).numbers for prompt in DIALOGUES])
    lengths, expected_lengths = np.linalg.norm(states, axis=1), np.linalg.norm(expected, axis=1)
    cosines = (states * expected).sum(axis=1) / lengths / expected_lengths
    assert cosines.min() > 0.998
    assert lengths == pytest.approx(expected_lengths, rel=0.03)
    assert lengths.min() > 10  # not normalised


def test_states_that_are_too_long_are_refused(pooling_engine, run):
    with pytest.raises(CallRefused, match="2048"):
        run(pooling_engine.reply(Represent("head", "a " * 3000)))


def test_a_server_of_states_has_no_scores(pooling_engine, run):
    with pytest.raises(CallRefused, match="classify"):
        run(pooling_engine.reply(ScoreClasses("rm", "x")))


def test_five_scores_are_raw(reward_engine, run, transformers_says):
    expect_raw_scores("reward-5", reward_engine, run, transformers_says, scores=5)


def test_one_score_is_raw(scalar_reward_engine, run, transformers_says):
    expect_raw_scores("reward-1", scalar_reward_engine, run, transformers_says, scores=1)


def expect_raw_scores(model, engine, run, transformers_says, *, scores):
    expected = np.array(transformers_says(model, [{"scores": True, "prompt": listed(prompt)} for prompt in DIALOGUES]))
    said = np.array([run(engine.reply(ScoreClasses("rm", prompt))).numbers for prompt in DIALOGUES])
    assert said.shape == (len(DIALOGUES), scores)
    assert said == pytest.approx(expected, abs=0.01)
    assert said.min() < -1 or said.max() > 2  # neither squashed nor made to sum to 1
