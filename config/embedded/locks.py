"""Advisory locks that die with their holders, and waiting with a sign of life.

Each is a `flock` on a small file that is never removed. A lock belongs to the open file, so a program that inherits it keeps it:
that is how a server's own life becomes visible to everybody, without guessing from process ids.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .identity import Identity
from .paths import writing_in

Say = Callable[[str], None]
POLL_SECONDS = 0.02
FIRST_WORD_AFTER_SECONDS = 2.0
NEXT_WORD_AFTER_SECONDS = 5.0


def open_lock(path: Path, owner: Identity) -> int:
    """Open (and make) a lock file; returns a descriptor that this process alone holds.

    Raises: FolderNotWritable.
    """
    with writing_in(path.parent):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:  # those as whom root runs the servers may use them later by themselves
            os.fchown(descriptor, owner.uid, owner.gids[0])
    return descriptor


def lock_exclusively(descriptor: int) -> bool:
    """Take the lock for oneself alone, if nobody holds it now."""
    return _try(descriptor, fcntl.LOCK_EX)


def share(descriptor: int) -> bool:
    """Take the lock beside others, if nobody has it for themselves now."""
    return _try(descriptor, fcntl.LOCK_SH)


def unlock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def moments(sentence: Callable[[], str], say: Say) -> Iterator[float]:
    """Yield the seconds waited, many times a second and without end; say the sentence when it takes long."""
    began = time.monotonic()
    next_word = FIRST_WORD_AFTER_SECONDS
    while True:
        waited = time.monotonic() - began
        yield waited
        if waited >= next_word:
            say(f"{sentence()} ({waited:.0f} s)")
            next_word = waited + NEXT_WORD_AFTER_SECONDS
        time.sleep(POLL_SECONDS)
