"""A line every two seconds for what takes longer than that."""

import time
from collections.abc import Callable

EVERY_SECONDS = 2.0


def every_two_seconds(say: Callable[[str], object], what: str) -> Callable[[int, int], None]:
    """A function for services to call with (done, total); it says so now and then, and never for what is quick."""
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            say(f"{done} of {max(done, total)} {what}")

    return progress
