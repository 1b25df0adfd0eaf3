"""Replies recorded once and given again."""

import asyncio
import json
import math
import multiprocessing

import pytest

from modelgen.engines.embedded import FEATURE_COUNT, EmbeddedEngine, features
from modelgen.engines.protocol import (
    CallRefused,
    Generate,
    Reply,
    Represent,
    Sampling,
    ScoreClasses,
    ScoreLabels,
    Usage,
)
from modelgen.engines.recorded import RecordedEngine, RecordingEngine, WrongRecording, digest

CHAT = ({"role": "user", "content": "Hé\ud800 \x00"},)
CALLS = {
    Generate("judge", "Once", Sampling(0.7, count=2, seed=1), with_tokens=True): Reply(
        ("a", "b"), (True, False), ((("a", -1.0),), (("b", -2.5),)), usage=Usage(3, 2, 1)
    ),
    ScoreLabels("judge", "Which?", ("A", "B")): Reply(labels={"A": -0.1, "B": -math.inf}, usage=Usage(1)),
    ScoreClasses("judge", "Good"): Reply(numbers=(7.25, -3.0)),
    Represent("judge", "Good"): Reply(numbers=(1.0,)),
    Represent("judge", "Bad\ud800"): Reply(numbers=(-1.0,)),
}


class Model:
    """Replies as the table says."""

    async def reply(self, call):
        await asyncio.sleep(0)
        return CALLS[call]

    async def count_tokens(self, prompt):
        return len(prompt)

    async def aclose(self):
        pass


def record(path) -> None:
    async def story() -> None:
        engine = RecordingEngine(Model(), path)
        await asyncio.gather(*(engine.reply(call) for call in CALLS), engine.count_tokens(CHAT))
        await engine.aclose()

    asyncio.run(story())


def test_what_was_recorded_comes_back_as_it_was(tmp_path):
    record(tmp_path / "replies.jsonl")
    engine = RecordedEngine(tmp_path / "replies.jsonl")
    assert [asyncio.run(engine.reply(call)) for call in CALLS] == list(CALLS.values())
    assert asyncio.run(engine.count_tokens(CHAT)) == 1


def test_several_processes_may_record_into_one_file(tmp_path):
    path = tmp_path / "replies.jsonl"
    recorders = [multiprocessing.get_context("spawn").Process(target=record, args=(path,)) for _ in range(2)]
    for recorder in recorders:
        recorder.start()
    for recorder in recorders:
        recorder.join()
    lines = path.read_text().splitlines()
    assert len(lines) == 2 * (len(CALLS) + 1)
    assert all(json.loads(line)["reply"] for line in lines)


def test_whoever_asks_does_not_matter_but_every_other_difference_does():
    once = Generate("judge", CHAT)
    others = [
        Generate("judge", CHAT, Sampling(seed=1)),
        Generate("judge", CHAT, Sampling(stop=("\n",))),
        Generate("judge", CHAT, with_tokens=True),
        Generate("judge", "user"),
        ScoreClasses("judge", CHAT),
        Represent("judge", CHAT),
        ScoreLabels("judge", CHAT, ("A",)),
        ScoreLabels("judge", CHAT, ("A", "B")),
    ]
    assert digest(once) == digest(Generate("writer", ({"content": CHAT[0]["content"], "role": "user"},)))
    assert len({digest(call) for call in [once, *others]}) == len(others) + 1


def test_a_later_reply_takes_the_place_of_an_earlier_one_also_when_the_file_is_in_use(tmp_path):
    path = tmp_path / "replies.jsonl"
    call = Generate("judge", "Once")
    for text in ("first", "second"):
        with path.open("a") as file:
            file.write(json.dumps({"call": digest(call), "reply": {"texts": [text], "was_cut": [False]}}) + "\n")
        assert asyncio.run(RecordedEngine(path).reply(call)).text == text


def test_what_was_never_asked_is_refused_and_says_how_to_record_it(tmp_path):
    record(tmp_path / "replies.jsonl")
    engine = RecordedEngine(tmp_path / "replies.jsonl")
    with pytest.raises(CallRefused, match=r"has no reply to this call .* Record it"):
        asyncio.run(engine.reply(Generate("judge", "Never asked")))
    with pytest.raises(CallRefused, match="has no reply"):
        asyncio.run(engine.count_tokens("never"))


@pytest.mark.parametrize("line", ["nonsense", "{}", "[]", '{"call": "x", "reply": 3}', '{"call": "x"}'])
def test_a_wrong_line_is_named(tmp_path, line):
    path = tmp_path / "replies.jsonl"
    path.write_text('{"call": "x", "reply": {}}\n' + line + "\n")
    with pytest.raises(WrongRecording, match="line 2 is not a recorded reply"):
        RecordedEngine(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(WrongRecording, match="cannot be read: No such file"):
        RecordedEngine(tmp_path / "replies.jsonl")


# --- the embedded engine as an engine ---------------------------------------------------------------------------


def test_the_embedded_engine_represents_the_last_message_given_the_others():
    said = ({"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "Blue, a colour."})
    reply = asyncio.run(EmbeddedEngine().reply(Represent("head", said)))
    assert reply.numbers == tuple(features(said[:1], ["Blue, a colour."])[0].tolist())
    assert reply.numbers != asyncio.run(EmbeddedEngine().reply(Represent("head", "Blue, a colour."))).numbers


@pytest.mark.parametrize("prompt", ["", (), ({"role": "assistant", "content": None, "tool_calls": [{"name": "f"}]},)])
def test_the_embedded_engine_represents_whatever_there_is(prompt):
    assert len(asyncio.run(EmbeddedEngine().reply(Represent("head", prompt))).numbers) == FEATURE_COUNT


@pytest.mark.parametrize("call", [Generate("m", "x"), ScoreLabels("m", "x", ("A",)), ScoreClasses("m", "x")])
def test_the_embedded_engine_cannot_do_anything_else(call):
    with pytest.raises(CallRefused, match=f"no {type(call).__name__}"):
        asyncio.run(EmbeddedEngine().reply(call))


def test_the_embedded_engine_counts_words():
    assert asyncio.run(EmbeddedEngine().count_tokens(({"role": "user", "content": "Two words"},))) == 2
