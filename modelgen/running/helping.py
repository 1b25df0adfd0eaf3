"""Hands of this process: threads that do chunks as a worker does, while somebody looks on."""

import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType

from django.db import connection

from modelgen.engines.protocol import EngineDown
from modelgen.running import carrying_out
from modelgen.running.at_hand import EnginesAtHand

REST_SECONDS = 1.0
AT_MOST_SECONDS = 2.0


class Helping:
    """So many chunks at a time, until the block ends; chunks that were begun are finished first, unless it is broken off.

    make: engines for one thread, which are closed there. An error that stops a chunk is raised by `check`.
    """

    def __init__(self, make: Callable[[], EnginesAtHand], hands: int, *, now: Callable[[], datetime]) -> None:
        self._make, self._now = make, now
        self._enough = threading.Event()
        self._error: Exception | None = None
        self._threads = [threading.Thread(target=self._help, daemon=True) for _ in range(hands)]

    def __enter__(self) -> "Helping":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        for thread in self._threads:
            # Who is interrupted does not wait: a chunk that was begun is another's when its lease is over.
            thread.join(None if kind is None else AT_MOST_SECONDS)

    def check(self) -> None:
        """Raises what stopped one of the hands."""
        if self._error is not None:
            raise self._error

    def _help(self) -> None:
        at_hand = self._make()
        try:
            while not self._enough.is_set():
                if not self._did_one(at_hand):
                    self._enough.wait(REST_SECONDS)
        except Exception as error:
            self._error = error
        finally:
            at_hand.close()
            connection.close()

    def _did_one(self, at_hand: EnginesAtHand) -> bool:
        try:
            return carrying_out.do_next(at_hand, now=self._now)
        except EngineDown:
            return False  # the run says so
