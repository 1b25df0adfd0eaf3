"""An engine that says what a test tells it to: a function from calls to replies. Everything above it is real."""

import asyncio
from collections.abc import Callable

from modelgen.engines.protocol import Call, EngineDown, Generate, Reply, ScoreClasses, ScoreLabels, Usage
from modelgen.running.at_hand import EnginesAtHand

Script = Callable[[Call], Reply]
SPENT = Usage(prompt_tokens=10, completion_tokens=2)


class ScriptedEngine:
    """Answers at once, and remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heard: list[Call] = []

    async def reply(self, call: Call) -> Reply:
        self.heard.append(call)
        await asyncio.sleep(0)
        return self.script(call)

    async def count_tokens(self, prompt: object) -> int:
        return len(str(prompt)) // 4

    async def aclose(self) -> None:
        pass


def at_hand(engine: ScriptedEngine, *names: str) -> EnginesAtHand:
    """This engine behind every name."""
    return EnginesAtHand(frozenset(names), lambda _: engine)


def saying(*texts: str) -> Reply:
    return Reply(texts=texts, was_cut=(False,) * len(texts), usage=SPENT)


def longer_is_better(call: Call) -> Reply:
    """Whoever is asked to compare finds the longer text better, whichever place it has; a reward is a length."""
    if isinstance(call, ScoreLabels):
        first, second = places_of_texts(call)
        return Reply(labels={"A": -0.1, "B": -2.5} if first > second else {"A": -2.5, "B": -0.1}, usage=SPENT)
    if isinstance(call, ScoreClasses):
        return Reply(numbers=(len(str(call.prompt)) / 100,), usage=SPENT)
    assert isinstance(call, Generate)
    return saying("Well.")


def places_of_texts(call: ScoreLabels) -> tuple[int, int]:
    """How long the texts under (A) and (B) are: tests write them as runs of one letter."""
    text = str(call.prompt)
    return (0, 1) if text.find("short") < text.find("looong") else (1, 0)


def nobody(call: Call) -> Reply:
    raise EngineDown("No server of judge-model answers: http://127.0.0.1:1 refuses the connection.")
