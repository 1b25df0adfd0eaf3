"""A checking program that runs apart: in a process of its own, which is killed and replaced when it takes too long.

docs/decisions/0027 says why. The process inherits no environment (so no keys), speaks JSON by the line, and ends when its
input is closed. A pool belongs to the process that made it: after a fork the child starts programs of its own.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue
from typing import Any

SECONDS_TO_START = 60.0


class TookTooLong(RuntimeError):
    """The program did not answer in time and was killed."""


class ProgramEnded(RuntimeError):
    """The program ended instead of answering: out of memory, or it could not be started."""


class Program:
    """One running program. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        # -I: neither the environment nor the current folder changes what is imported.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            encoding="utf-8",
        )
        self._limited(SECONDS_TO_START, None)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def answer(self, asked: Mapping[str, str], *, seconds: float) -> dict[str, Any]:
        """What it says to one line. Raises TookTooLong and ProgramEnded; the program is gone then."""
        return self._limited(seconds, json.dumps(asked))

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _limited(self, seconds: float, line: str | None) -> dict[str, Any]:
        was_late = threading.Event()

        def kill() -> None:
            was_late.set()
            self._process.kill()

        alarm = threading.Timer(seconds, kill)
        alarm.daemon = True
        alarm.start()
        try:
            said = self._exchange(line)
        finally:
            alarm.cancel()
            alarm.join()  # either it was cancelled, or it has killed
        if was_late.is_set() or not said.endswith("\n"):
            self.stop()
            if was_late.is_set():
                raise TookTooLong(f"No answer within {seconds:g} seconds.")
            raise ProgramEnded("The checking program ended without an answer.")
        return dict(json.loads(said))

    def _exchange(self, line: str | None) -> str:
        assert self._process.stdin is not None  # noqa: S101 (both are pipes)
        assert self._process.stdout is not None  # noqa: S101
        try:
            if line is not None:
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
            return self._process.stdout.readline()
        except (BrokenPipeError, UnicodeDecodeError):
            return ""


class Programs:
    """A few programs of one kind, started when first needed, used again and again by any thread."""

    def __init__(self, path: Path, *, most: int = 2, seconds: float = 5.0) -> None:
        self.path = path
        self._most = most
        self._seconds = seconds
        self._owner = -1

    def answer(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """Raises TookTooLong and ProgramEnded, about this one question only: the next one gets a fresh program."""
        with self._one() as program:
            said = program.answer(asked, seconds=self._seconds)
            if said.get("is_spent"):
                program.stop()
            return said

    def idle(self) -> list[Program]:
        """Those of this process that run and wait for a question."""
        if self._owner != os.getpid():
            return []
        return [program for program in list(self._places.queue) if program is not None and not program.has_ended]

    def stop(self) -> None:
        """End those that are idle; the next question starts new ones."""
        for program in self.idle():
            program.stop()

    @contextmanager
    def _one(self) -> Iterator[Program]:
        self._belong_to_this_process()
        places = self._places
        place = places.get()
        program = None
        try:
            program = place if place and not place.has_ended else Program(self.path)
            yield program
        except BaseException:  # one who is interrupted leaves an answer behind that the next must not take for theirs
            if program:
                program.stop()
            raise
        finally:
            places.put(program if program and not program.has_ended else None)

    def _belong_to_this_process(self) -> None:
        with _STARTING:
            if self._owner != os.getpid():
                self._places: LifoQueue[Program | None] = LifoQueue()
                for _ in range(self._most):
                    self._places.put(None)
                self._owner = os.getpid()


_STARTING = threading.Lock()
os.register_at_fork(before=_STARTING.acquire, after_in_parent=_STARTING.release, after_in_child=_STARTING.release)
