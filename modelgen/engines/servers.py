"""One model at one or many addresses: each call goes where the fewest are, and on to another when one fails.

An address that fails is rested, each time for longer, and asked for its health before it gets calls again. While one
answers, calls wait for it; when none does for a stated time, they are told so, each in the same sentence.
"""

import asyncio
import collections
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from modelgen.engines.connection import Connection, Fault, Trouble
from modelgen.engines.protocol import CallRefused, EngineDown

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How much is asked at once, and how long is waited for whom."""

    most_at_once: int = 128  # calls in flight at one address
    most_failures: int = 6  # of one call, at servers that answer others: then the call is to blame
    first_rest_seconds: float = 0.5
    longest_rest_seconds: float = 15.0
    unreachable_seconds: float = 3.0  # nobody listens at any address for so long: down
    failed_seconds: float = 60.0  # somebody listens, nobody answers
    busy_seconds: float = 600.0  # everybody says "later"

    def limit(self, trouble: Trouble) -> float:
        """Seconds for which an address may be in this trouble before it counts as gone."""
        return {
            Trouble.UNREACHABLE: self.unreachable_seconds,
            Trouble.FAILED: self.failed_seconds,
            Trouble.BUSY: self.busy_seconds,
            Trouble.NOT_ALLOWED: 0.0,
        }[trouble]

    def longest_rest(self, times: int) -> float:
        """Seconds of the n-th rest in a row, at most; the rest itself is drawn from zero to this (full jitter).

        >>> [Patience().longest_rest(times) for times in (1, 2, 3, 9)]
        [0.5, 1.0, 2.0, 15.0]
        """
        return float(min(self.first_rest_seconds * 2.0 ** min(times - 1, 30), self.longest_rest_seconds))


DEFAULT_PATIENCE = Patience()


class _Address:
    """What is known of one address."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.in_flight = 0
        self.rests = 0  # in a row, since it last answered
        self.fault: Fault | None = None  # why it rests; None while it takes calls
        self.last_fault: Fault | None = None
        self.rests_until = 0.0  # the loop's time
        self.recovery: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return f"{self.connection.address} {self.last_fault or 'has not been asked'}"


class Servers:
    """All addresses of one model. Belongs to one event loop.

    Parameters:
        model: its name, for sentences.
        connections: one or more.
        rng: draws the rests.
    """

    def __init__(
        self,
        model: str,
        connections: Sequence[Connection],
        *,
        rng: np.random.Generator,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._model = model
        self._addresses = [_Address(connection) for connection in connections]
        self._rng = rng
        self._patience = patience
        self._waiting: collections.deque[asyncio.Future[None]] = collections.deque()
        self._answers = 0
        self._silent_since: float | None = None  # the first failure since somebody answered

    async def post(self, path: str, body: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        """One call, answered by whichever address can. `read` turns the answer into what is returned, and may raise Fault.

        Raises: EngineDown, CallRefused.
        """
        failures, answers_before = 0, self._answers
        while True:
            address = await self._take_place()
            try:
                said = await address.connection.post(path, body, read)
            except CallRefused:
                self._note_answer(address)
                raise
            except Fault as fault:
                self._note_fault(address, fault)
                failures += fault.trouble is Trouble.FAILED
                if failures >= self._patience.most_failures:
                    raise self._giving_up(fault, failures, answers_before) from fault
            else:
                self._note_answer(address)
                return said
            finally:
                address.in_flight -= 1
                self._wake(1)

    async def aclose(self) -> None:
        for address in self._addresses:
            if address.recovery is not None:
                address.recovery.cancel()
            await address.connection.aclose()

    # --- whose turn it is -------------------------------------------------------------------------------------------

    async def _take_place(self) -> _Address:
        while True:
            if address := self._least_busy():
                address.in_flight += 1
                return address
            self._require_hope()
            await self._change()

    def _least_busy(self) -> _Address | None:
        free = (
            address
            for address in self._addresses
            if address.fault is None and address.in_flight < self._patience.most_at_once
        )
        return min(free, key=lambda address: address.in_flight, default=None)

    async def _change(self) -> None:
        """Wait until a place is free, or something is known of an address that was not."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake(1)  # it had been this one's turn
            raise

    def _wake(self, count: int) -> None:
        while self._waiting and count:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    def _wake_all(self) -> None:
        self._wake(len(self._waiting))

    # --- who is well ------------------------------------------------------------------------------------------------

    def _note_answer(self, address: _Address) -> None:
        self._answers += 1
        self._silent_since = None
        if address.fault is None:
            address.rests = 0

    def _note_fault(self, address: _Address, fault: Fault) -> None:
        loop = asyncio.get_running_loop()
        if self._silent_since is None:
            self._silent_since = loop.time()
        address.last_fault = fault
        if address.fault is not None:  # rests already: many calls at once may tell of one failure
            return
        address.fault = fault
        address.rests_until = math.inf  # until the recovery says otherwise
        address.recovery = loop.create_task(self._recover(address, fault))
        loop.call_at(self._deadline() + 0.01, self._wake_all)

    async def _recover(self, address: _Address, fault: Fault) -> None:
        """Rest an address until it is well; every look is a moment to tell those who wait that all hope is lost."""
        while True:
            address.rests += 1
            jittered = float(self._rng.uniform(0.0, self._patience.longest_rest(address.rests)))
            rest = jittered if fault.retry_after_seconds is None else fault.retry_after_seconds
            address.rests_until = asyncio.get_running_loop().time() + rest
            await asyncio.sleep(rest)
            address.fault = await self._look_at(address, fault)
            self._wake_all()
            if address.fault is None:
                return
            address.last_fault = address.fault

    async def _look_at(self, address: _Address, fault: Fault) -> Fault | None:
        """What is still wrong after a rest. Who asked to come later is not asked for health, nor who cannot tell."""
        if fault.trouble is Trouble.BUSY or not address.connection.probe_path:
            return None
        return await address.connection.probe()

    # --- giving up --------------------------------------------------------------------------------------------------

    def _deadline(self) -> float:
        """When there is no hope left, if nothing changes: the most patience that any address deserves."""
        deserved = [self._patience.limit(address.fault.trouble) for address in self._addresses if address.fault]
        return (self._silent_since or 0.0) + max(deserved, default=0.0)

    def _require_hope(self) -> None:
        now = asyncio.get_running_loop().time()
        # One whose rest is over may be well: a loop that stood still between two pieces of work has not looked yet.
        all_rest = all(address.fault is not None and address.rests_until > now for address in self._addresses)
        if all_rest and self._silent_since is not None and now >= self._deadline():
            raise EngineDown(self._down_sentence())

    def _giving_up(self, fault: Fault, failures: int, answers_before: int) -> EngineDown | CallRefused:
        """Many failures of one call: its own fault if others were answered meanwhile, the servers' if not."""
        if self._answers > answers_before:
            return CallRefused(
                f"{self._model} failed {failures} times on this call while it answered others; at last it said: {fault}"
            )
        return EngineDown(self._down_sentence())

    def _down_sentence(self) -> str:
        said = "; ".join(map(str, self._addresses))
        return (
            f"No server of {self._model} answers. {said}. Start it (manage.py gpu_worker), or correct MODEL_SERVERS; "
            "what was asked is asked again then."
        )
