"""How anything is asked of models: a generator that yields calls, is sent their replies, and returns what it made of them.

Judges and pipeline stages are such generators. They are pure: they import no engine, so a test sends them texts and looks
at what they ask next. One turn may yield several calls, which are answered at the same time; a dialogue yields turn by turn.

    def greeting(name: str) -> Asking[str]:
        (reply,) = yield [Generate(model="writer", prompt=({"role": "user", "content": f"Greet {name}."},))]
        return reply.text.strip()

    outcome = await ask(greeting("Ana"), engines={"writer": engine})
"""

import asyncio
from collections.abc import Coroutine, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from modelgen.engines.protocol import Call, CallRefused, CannotBeAsked, Engine, Reply, Usage

T = TypeVar("T")
Asking = Generator[Sequence[Call], Sequence[Reply], T]


class CannotParse(ValueError):
    """A reply is not what was asked for; the message says what is wrong with it, for people."""


class NothingToSay(ValueError):
    """Whoever is asked has no opinion here (nothing to verify, nothing to compare): no failure, and not to be asked again."""


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What came of an asking: its value, or the problem in words; with every text that models said and what it cost.

    usages: tokens by the role that was asked. is_silent: the problem is that there is nothing to say; otherwise a problem is
    a failure.
    """

    value: T | None
    problem: str
    raw_texts: tuple[str, ...]
    usages: Mapping[str, Usage]
    is_silent: bool = False

    @property
    def has_value(self) -> bool:
        return not self.problem

    @property
    def usage(self) -> Usage:
        return sum(self.usages.values(), Usage())


async def ask(asking: Asking[T], engines: Mapping[str, Engine]) -> Outcome[T]:
    """Answer an asking to its end. Raises EngineDown, CannotBeAsked; a reply that cannot be parsed is an outcome, not an error."""
    heard: list[tuple[str, Reply]] = []
    try:
        calls = next(asking)
        while True:
            replies = await _replies(calls, engines)
            heard.extend((call.model, reply) for call, reply in zip(calls, replies, strict=True))
            calls = asking.send(replies)
    except StopIteration as end:
        return _outcome(heard, value=end.value)
    except CannotBeAsked:
        raise  # no row's own failure: nothing asked so can be answered
    except (CannotParse, CallRefused) as problem:
        return _outcome(heard, problem=str(problem))
    except NothingToSay as reason:
        return _outcome(heard, problem=str(reason), is_silent=True)
    finally:
        asking.close()


async def _replies(calls: Sequence[Call], engines: Mapping[str, Engine]) -> Sequence[Reply]:
    if len(calls) == 1:
        return [await engines[calls[0].model].reply(calls[0])]
    return await together(engines[call.model].reply(call) for call in calls)


async def together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All at the same time, results in order. The first that fails cancels the others, and what it raised is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]


def _outcome(
    heard: Sequence[tuple[str, Reply]], *, value: T | None = None, problem: str = "", is_silent: bool = False
) -> Outcome[T]:
    usages: dict[str, Usage] = {}
    for role, reply in heard:
        usages[role] = usages.get(role, Usage()) + reply.usage
    texts = tuple(text for _, reply in heard for text in reply.texts)
    return Outcome(value=value, problem=problem, raw_texts=texts, usages=usages, is_silent=is_silent)
