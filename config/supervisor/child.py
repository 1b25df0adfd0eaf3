"""One program: its process, its restarts, its words."""

import collections
import contextlib
import io
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from config.embedded.identity import launcher_command

LAST_WORDS = 10
LONGEST_LINE_BYTES = 16_384


@dataclass(frozen=True)
class Process:
    """One program to keep running. `env` is laid over the environment of the supervisor.

    may_start: asked before every start, often, so it answers soon; while it says no, the program waits for its turn.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_after_seconds: float = 10.0  # patience with an orderly stop
    cwd: Path | None = None
    may_start: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Patience:
    """How a program that dies is started again."""

    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 10.0
    steady_after_seconds: float = 30.0  # up so long: what happened before is forgotten
    quick_deaths: int = 5  # in a row: give up

    def pause(self, deaths: int) -> float:
        """Seconds before the start that follows the n-th quick death.

        >>> [Patience().pause(deaths) for deaths in (1, 2, 3, 9)]
        [0.5, 1.0, 2.0, 10.0]
        """
        return min(self.first_pause_seconds * 2.0 ** (deaths - 1), self.longest_pause_seconds)


class Child:
    """One program and its present process."""

    def __init__(self, process: Process, patience: Patience, hear: Callable[[str], None]) -> None:
        self.process = process
        self.patience = patience
        self.words: collections.deque[str] = collections.deque(maxlen=LAST_WORDS)
        self.popen: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self._hear = hear
        self._reader: threading.Thread | None = None
        self._started_at = 0.0
        self._start_at = 0.0

    def start(self) -> None:
        options = ("--parent", str(os.getpid()), "--signal", str(int(self.process.stop_signal)))
        self._started_at = time.monotonic()
        self.popen = subprocess.Popen(  # noqa: S603 (what to run is what a supervisor is told)
            [*launcher_command(*options), *self.process.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.process.env},
            cwd=self.process.cwd,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.popen,), daemon=True)
        self._reader.start()

    def tend(self) -> str | None:
        """Look after the process: bury a dead one, start the next when its time has come. Returns what is worth saying."""
        if self.popen is None:
            if time.monotonic() >= self._start_at and self.process.may_start():
                self.start()
            return None
        if self.popen.poll() is None:
            return None
        return self._bury(self.popen)

    def _bury(self, popen: subprocess.Popen[bytes]) -> str:
        """Kill what a dead process left of its group, and set the time of the next start."""
        self.signal_group(signal.SIGKILL)
        lived = time.monotonic() - self._started_at
        self.deaths = 1 if lived >= self.patience.steady_after_seconds else self.deaths + 1
        pause = self.patience.pause(self.deaths)
        self._start_at = time.monotonic() + pause
        self._forget()
        return f"{describe_end(popen.returncode)} after {lived:.1f} s; starting it again in {pause:g} s"

    @property
    def hopeless(self) -> bool:
        return self.deaths >= self.patience.quick_deaths

    def ask_to_stop(self) -> None:
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(self.process.stop_signal)

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process and all that it started and did not set apart."""
        if self.popen is not None:
            # macOS says "not permitted" of a group that holds only zombies.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, number)

    def ended(self) -> bool:
        return self.popen is None or self.popen.poll() is not None

    def clean_up(self) -> None:
        self.signal_group(signal.SIGKILL)
        if self.popen is not None:
            self.popen.wait()
        self._forget()

    def _forget(self) -> None:
        if self._reader is not None:
            self._reader.join(timeout=1.0)  # the pipe may still be held by something that left the group
        self.popen = self._reader = None

    def _read(self, popen: subprocess.Popen[bytes]) -> None:
        with popen.stdout or contextlib.nullcontext(io.BytesIO()) as pipe:
            for line in iter(partial(pipe.readline, LONGEST_LINE_BYTES), b""):
                words = line.decode(errors="replace").rstrip()
                self.words.append(words)
                self._hear(words)


def describe_end(status: int) -> str:
    """How a process ended, in words.

    >>> describe_end(3), describe_end(-9)
    ('ended with status 3', 'was killed by SIGKILL')
    """
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
