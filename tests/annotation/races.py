"""Several people at the same moment: threads, each with a connection of its own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from django.db import connection, connections

PATIENCE_SECONDS = 20.0


def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all calls at once; returns what each returned, or raises what the first of them raised."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        started = [pool.submit(_on_own_connection, partial(run, call)) for call in calls]
        return [future.result(timeout=PATIENCE_SECONDS * 3) for future in started]


def start(call: Callable[[], Any]) -> Future[Any]:
    """Another person's call, which goes on while the test does something else."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(_on_own_connection, call)
    pool.shutdown(wait=False)
    return future


def _on_own_connection(call: Callable[[], Any]) -> Any:
    try:
        return call()
    finally:
        connections.close_all()


def wait_until_somebody_waits() -> None:
    """Until another connection waits for a lock."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits for a lock.")
