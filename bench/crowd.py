"""A crowd that works without a pause, in a process of its own: the same one for every platform that is measured.

    class Somebody:                                     # how one person works at one platform
        def __init__(self, client: Client, name: str): ...
        async def log_in(self) -> None: ...
        async def turn(self) -> Turn: ...               # get work, submit it

    with crowd.gather(Somebody, "http://127.0.0.1:8000", names) as people:     # all are logged in
        tally = people.work(people=32, seconds=20, warm_up=2, meter=lambda: processor.seconds(servers))
        tally.turns_a_second, tally.turn_ms, tally.request_ms["claim"], tally.acknowledged

`Somebody` is called as `Somebody(client, name)` in the other process, so it must be picklable: a class of a module, or a
`functools.partial` of one. Turns that end inside the measured time count; people work before it (warm-up) and finish
what they have in hand after it, so that a slow platform is neither favoured nor punished by the edges.
"""

import asyncio
import gc
import math
import multiprocessing
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol

from bench.client import Client

MOST_LOGGING_IN = 4  # hashing passwords is meant to be slow
REFUSAL_PAUSE = 0.05  # a server that is gone must not be asked in a busy loop
SHARES = (0.5, 0.95, 0.99)


@dataclass(slots=True)
class Turn:
    """One time round: how long each answer took, and how it ended."""

    request_ms: dict[str, float] = field(default_factory=dict)
    acknowledged: str = ""  # the id of what the server says it has stored
    nothing_left: bool = False
    refused: str = ""  # status and the beginning of the words


class Person(Protocol):
    async def log_in(self) -> None: ...

    async def turn(self) -> Turn: ...


Arrival = Callable[[Client, str], Person]


class CrowdError(RuntimeError):
    """The crowd could not begin, or its process has died."""


@dataclass
class Tally:
    """What a crowd saw in the measured time. `acknowledged` also has what was submitted before and after it."""

    people: int
    turn_ms: list[float] = field(default_factory=list)  # of turns that ended with an acknowledged submission
    request_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: list[str] = field(default_factory=list)
    nothing_left: Counter[str] = field(default_factory=Counter)  # by person
    refused: Counter[str] = field(default_factory=Counter)  # by what was said
    seconds: float = 0.0
    crowd_seconds: float = 0.0  # processor time of the crowd itself
    server_seconds: float = 0.0  # and of what `meter` counts

    @property
    def turns_a_second(self) -> float:
        return len(self.turn_ms) / self.seconds if self.seconds else 0.0

    @property
    def server_ms_a_turn(self) -> float:
        return 1000 * self.server_seconds / max(len(self.turn_ms), 1)

    @property
    def crowd_ms_a_turn(self) -> float:
        return 1000 * self.crowd_seconds / max(len(self.turn_ms), 1)

    def figures(self) -> dict[str, Any]:
        """What is worth writing down, as plain values for JSON."""
        return {
            "people": self.people,
            "seconds": round(self.seconds, 2),
            "turns": len(self.turn_ms),
            "turns_a_second": round(self.turns_a_second, 2),
            "turn_ms": percentiles(self.turn_ms)._asdict(),
            "request_ms": {name: percentiles(times)._asdict() for name, times in self.request_ms.items()},
            "server_ms_a_turn": round(self.server_ms_a_turn, 2),
            "crowd_ms_a_turn": round(self.crowd_ms_a_turn, 3),
            "acknowledged": len(self.acknowledged),
            "nothing_left": self.nothing_left.total(),
            "refused": dict(self.refused),
        }


class Percentiles(NamedTuple):
    p50: float
    p95: float
    p99: float


def percentiles(values: Sequence[float]) -> Percentiles:
    """The smallest values that half, 95 and 99 per cent do not exceed (nearest rank); not a number for none."""
    ordered = sorted(values)
    return Percentiles(*(round(_at(ordered, share), 2) for share in SHARES))


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1] if ordered else math.nan


# --- from outside -----------------------------------------------------------------------------------------------
class Crowd:
    """People who are logged in and wait in another process; made by `gather`."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def work(
        self,
        *,
        people: int,
        seconds: float,
        warm_up: float = 0.0,
        most_turns: int | None = None,
        meter: Callable[[], float] = lambda: 0.0,
        place: str = "",
    ) -> Tally:
        """The first `people` of them work; ended by the time, or before it by so many turns of the whole crowd.

        `place` is told to everybody that has a method `arrive` (where to work this time).
        `meter` tells the processor seconds that the servers have used so far; it is read at both edges of the time.
        """
        self._pipe.send(_Shift(people, seconds, warm_up, most_turns, place))
        self._hear()
        before = meter()
        self._hear()
        used = meter() - before
        tally = self._hear()
        tally.server_seconds = used
        return tally

    def _hear(self) -> Any:
        try:
            heard = self._pipe.recv()
        except EOFError:
            raise CrowdError("The process of the crowd has died.") from None
        if isinstance(heard, CrowdError):
            raise heard
        return heard


@contextmanager
def gather(arrival: Arrival, address: str, names: Sequence[str], *, keeps: bool = True) -> Iterator[Crowd]:
    """A crowd with these names, logged in, for as long as the block lasts. `keeps`: connections, between requests.

    Raises: CrowdError when somebody cannot log in.
    """
    spawning = multiprocessing.get_context("spawn")  # a fork would copy Django and its connections
    pipe, theirs = spawning.Pipe()
    process = spawning.Process(target=_live, args=(theirs, arrival, address, list(names), keeps), daemon=True)
    process.start()
    theirs.close()
    try:
        crowd = Crowd(pipe)
        crowd._hear()
        yield crowd
    finally:
        pipe.close()
        process.join(timeout=5)
        process.kill()


# --- in the process of the crowd --------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Shift:
    people: int
    seconds: float
    warm_up: float
    most_turns: int | None
    place: str


def _live(pipe: Connection, arrival: Arrival, address: str, names: list[str], keeps: bool) -> None:
    gc.disable()  # there are no cycles worth a pause
    try:
        people = [(name, Client(address, keeps=keeps)) for name in names]
        asyncio.run(_wait_for_work(pipe, {name: arrival(client, name) for name, client in people}))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass  # we are no longer wanted
    except Exception as error:
        pipe.send(CrowdError(f"The crowd stopped: {type(error).__name__}: {error}"))


async def _wait_for_work(pipe: Connection, crowd: dict[str, Person]) -> None:
    door = asyncio.Semaphore(MOST_LOGGING_IN)
    await asyncio.gather(*(_log_in(person, door) for person in crowd.values()))
    pipe.send("ready")
    loop = asyncio.get_running_loop()
    while True:
        shift = await loop.run_in_executor(None, pipe.recv)  # meanwhile the loop sees connections close
        pipe.send(await _work(dict(islice(crowd.items(), shift.people)), shift, pipe))


async def _log_in(person: Person, door: asyncio.Semaphore) -> None:
    async with door:
        await person.log_in()


async def _work(crowd: dict[str, Person], shift: _Shift, pipe: Connection) -> Tally:
    books = _Books(Tally(len(crowd)), shift.most_turns)
    for person in crowd.values():
        if shift.place and hasattr(person, "arrive"):
            person.arrive(shift.place)
    everybody = asyncio.gather(*(_labour(name, person, books) for name, person in crowd.items()))
    await asyncio.sleep(shift.warm_up)
    pipe.send("begun")
    start, spent = time.perf_counter(), time.process_time()
    books.is_open = True
    await asyncio.wait([everybody], timeout=shift.seconds)
    books.is_open, books.is_over = False, True
    books.tally.seconds, books.tally.crowd_seconds = time.perf_counter() - start, time.process_time() - spent
    pipe.send("ended")
    await everybody
    return books.tally


@dataclass
class _Books:
    """Where everybody's turns are entered, and when the crowd may go home."""

    tally: Tally
    turns_left: int | None
    is_open: bool = False
    is_over: bool = False

    def enter(self, name: str, turn: Turn, ms: float) -> None:
        if turn.acknowledged:
            self.tally.acknowledged.append(turn.acknowledged)
        if turn.nothing_left:
            self.tally.nothing_left[name] += 1
        if turn.refused:
            self.tally.refused[turn.refused] += 1
        if self.is_open and turn.acknowledged:
            self._count(turn, ms)

    def _count(self, turn: Turn, ms: float) -> None:
        self.tally.turn_ms.append(ms)
        for request, taken in turn.request_ms.items():
            self.tally.request_ms[request].append(taken)
        if self.turns_left is not None:
            self.turns_left -= 1
            self.is_over = self.turns_left <= 0


async def _labour(name: str, person: Person, books: _Books) -> None:
    while not books.is_over:
        start = time.perf_counter()
        try:
            turn = await person.turn()
        except (ConnectionError, TimeoutError) as error:
            turn = Turn(refused=f"{type(error).__name__}: {error}")
            await asyncio.sleep(REFUSAL_PAUSE)
        books.enter(name, turn, 1000 * (time.perf_counter() - start))
