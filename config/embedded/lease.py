"""Using the servers together: the first user starts them, the last one stops them.

Every user holds a shared lock. Who leaves drops it and tries to get it alone: success means that nobody is left. A user who is
killed loses the lock by itself, and the next one finds the servers running.
"""

import contextlib
import os
import threading
from collections.abc import Iterator

from .errors import EmbeddedError
from .locks import Say, lock_exclusively, moments, open_lock, share, unlock
from .paths import Instance
from .postgres import Postgres
from .server import Server, ensure_running, is_down, stop
from .valkey import Valkey

WATCH_SECONDS = 1.0
LONGEST_WATCH_SECONDS = 30.0


def servers_of(instance: Instance) -> tuple[Server, Server]:
    """In the order of their start; they are stopped in the opposite one."""
    return Postgres(instance), Valkey(instance)


def quiet(sentence: str) -> None:
    """Say nothing."""


class Lease:
    """The right to use running servers; made by `acquire`, given back by `release`."""

    def __init__(self, instance: Instance, lock: int, say: Say) -> None:
        self.instance = instance
        self._lock = lock
        self._say = say
        self._process_id = os.getpid()
        self._released = threading.Event()
        self._watcher: threading.Thread | None = None

    def release(self) -> None:
        """Stop the servers if nobody else uses them. Harmless when repeated, and in a forked child, which owns no lease."""
        if self._released.is_set() or self._process_id != os.getpid():
            return
        self._released.set()
        if self._watcher is not None:
            self._watcher.join()
        unlock(self._lock)
        try:
            if lock_exclusively(self._lock):
                for server in reversed(servers_of(self.instance)):
                    stop(server, self._say)
        finally:
            os.close(self._lock)

    def revive(self) -> list[str]:
        """Start again whatever died (a kill -9, the kernel out of memory); returns the titles of what was started.

        Raises: EmbeddedError.
        """
        dead = [server for server in servers_of(self.instance) if is_down(server)]
        for server in dead:
            self._say(f"{server.title} has died; starting it again.")
            ensure_running(server, self._say)
        return [server.title for server in dead]

    def keep_alive(self) -> None:
        """Revive from a thread until the release; a start that fails is said and tried again, more and more seldom."""
        self._watcher = threading.Thread(target=self._watch, name="embedded-servers", daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        pause = WATCH_SECONDS
        while not self._released.wait(pause):
            try:
                self.revive()
                pause = WATCH_SECONDS
            except EmbeddedError as error:
                self._say(str(error))
                pause = min(pause * 2, LONGEST_WATCH_SECONDS)


def acquire(instance: Instance, on_progress: Say = quiet) -> Lease:
    """Attach to the servers of an instance, or start them; they run at least until the lease is released.

    Raises: EmbeddedError.
    """
    instance.prepare()
    with contextlib.ExitStack() as undo:
        lock = open_lock(instance.locks / "users.lock", instance.identity)
        for _ in moments(lambda: "Waiting until another process has stopped the servers", on_progress):
            if share(lock):
                break
        lease = Lease(instance, lock, on_progress)
        undo.callback(lease.release)
        for server in servers_of(instance):
            ensure_running(server, on_progress)
        undo.pop_all()
    return lease


@contextlib.contextmanager
def running(instance: Instance, on_progress: Say = quiet, *, keep_alive: bool = False) -> Iterator[Lease]:
    """The servers of an instance, running inside this block. With `keep_alive`, what dies meanwhile is started again.

    Raises: EmbeddedError.
    """
    lease = acquire(instance, on_progress)
    try:
        if keep_alive:
            lease.keep_alive()
        yield lease
    finally:
        lease.release()


def process_ids(instance: Instance) -> dict[str, int | None]:
    """The main process of each server by its title; None when it does not run."""
    return {server.title: server.process_id() for server in servers_of(instance)}


def is_running(instance: Instance) -> bool:
    """Whether both servers answer now."""
    return all(server.answers() for server in servers_of(instance))
