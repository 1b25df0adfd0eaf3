"""Keep several programs running, and stop them in order."""

import contextlib
import itertools
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from .child import Child, Patience, Process
from .errors import SupervisorError
from .log import Log

Say = Callable[[str], None]
POLL_SECONDS = 0.05
GROUP_SECONDS = 2.0  # between the last polite signal and the kill
COLOURS = (36, 33, 35, 32, 34, 31)  # cyan, yellow, magenta, green, blue, red
STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DEFAULT_PATIENCE = Patience()


class ProgramMissing(SupervisorError):
    """A program to start does not exist."""


class KeepsDying(SupervisorError):
    """A program died too often, too soon."""


class NotReady(SupervisorError):
    """What was waited for did not happen in time."""


class Supervisor:
    """Keeps programs running.

    processes: started in this order, stopped in the opposite one. say: gets every line to show. log_folder: a file for each
    program, in addition to `say`, or with `quiet` instead of it. colour: of the names; by default when stdout is a terminal.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        say: Say = print,
        *,
        log_folder: Path | None = None,
        quiet: bool = False,
        colour: bool | None = None,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        self._say = say
        self._quiet = quiet
        self._speaking = threading.Lock()
        self._width = max((len(process.name) for process in processes), default=0)
        self._logs = {process.name: Log(log_folder / f"{process.name}.log") for process in processes if log_folder}
        self._colours = dict(zip((process.name for process in processes), itertools.cycle(COLOURS), strict=False))
        self._children = [Child(process, patience, partial(self._show, process.name)) for process in processes]
        self._interruptions = 0  # a plain number: the signal handler must not wait for a lock
        self._failure: SupervisorError | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()

    def run_forever(self) -> int:
        """Supervise until SIGINT, SIGTERM or SIGHUP; a second one kills at once. For the main thread.

        Returns: the exit status: 0, or 1 after giving up on a program that keeps dying. Raises: ProgramMissing.
        """
        self._check_programs()
        with self._signals():
            self._supervise()
        if self._failure is not None:
            self._tell(str(self._failure))
        return 1 if self._failure else 0

    def start(self) -> None:
        """Supervise in a thread; returns when every program has been started. Raises: ProgramMissing."""
        self._check_programs()
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Stop every program in order and wait for it. Harmless when repeated.

        Raises: KeepsDying when the supervisor had given up before.
        """
        self._interruptions = max(self._interruptions, 1)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            raise self._failure

    def kill(self) -> None:
        """Do not wait for orderly ends any longer."""
        self._interruptions = 2

    def wait_ready(self, check: Callable[[], bool], timeout: float) -> None:
        """Wait until `check()` is true.

        Raises: NotReady after `timeout` seconds, KeepsDying when the supervisor gives up before.
        """
        deadline = time.monotonic() + timeout
        while not check():
            if self._failure is not None:
                raise self._failure
            if time.monotonic() > deadline:
                raise NotReady(f"Not ready after {timeout:g} s.{self._all_last_words()}")
            time.sleep(POLL_SECONDS)

    def process_ids(self) -> dict[str, int | None]:
        """The present process of each program by its name; None between two."""
        return {child.process.name: child.popen.pid if child.popen else None for child in self._children}

    def _supervise(self) -> None:
        try:
            for child in self._children:
                child.tend()  # its first start
            self._started.set()
            while not self._interruptions and self._failure is None:
                self._tend()
                time.sleep(POLL_SECONDS)
        except OSError as error:
            self._failure = SupervisorError(
                f"Cannot start a program: {error}. Is the machine out of memory or processes?"
            )
        finally:
            self._started.set()
            self._stop_all()

    def _tend(self) -> None:
        for child in self._children:
            if news := child.tend():
                self._show(child.process.name, news)
            if child.hopeless:
                self._failure = KeepsDying(
                    f"{child.process.name} died {child.deaths} times in a row; giving up.{_last_words(child)}"
                )
                return

    def _stop_all(self) -> None:
        for child in reversed(self._children):
            for step, seconds in self._steps(child):
                if not child.ended():
                    step()
                    self._wait_for(child, seconds)
            child.clean_up()
        for log in self._logs.values():
            log.close()

    def _steps(self, child: Child) -> Iterator[tuple[Callable[[], None], float]]:
        yield child.ask_to_stop, child.process.stop_after_seconds
        yield lambda: child.signal_group(signal.SIGTERM), GROUP_SECONDS

    def _wait_for(self, child: Child, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not child.ended() and time.monotonic() < deadline and self._interruptions < 2:
            time.sleep(POLL_SECONDS)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        heeded = [number for number in STOPPED_BY if signal.getsignal(number) != signal.SIG_IGN]  # nohup ignores SIGHUP
        before = {number: signal.signal(number, self._interrupt) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, number: int, frame: object) -> None:
        self._interruptions += 1

    def _check_programs(self) -> None:
        for child in self._children:
            program = child.process.argv[0]
            if shutil.which(program) is None:
                raise ProgramMissing(
                    f"{child.process.name}: there is no program {program}. Install it, or correct PATH."
                )

    def _show(self, name: str, line: str) -> None:
        with self._speaking:
            if log := self._logs.get(name):
                log.write(line)
            if not self._quiet:
                self._tell(f"{self._prefix(name)} {line}")

    def _tell(self, line: str) -> None:
        try:
            self._say(line)
        except OSError:  # the terminal, or the program behind the pipe, is gone: nobody can stop us any more
            self._interruptions = max(self._interruptions, 1)

    def _prefix(self, name: str) -> str:
        plain = f"{name:<{self._width}} |"
        return f"\x1b[{self._colours[name]}m{plain}\x1b[0m" if self._colour else plain

    def _all_last_words(self) -> str:
        return "".join(f"\n{child.process.name}:{_last_words(child)}" for child in self._children if child.words)


def _last_words(child: Child) -> str:
    return "".join(f"\n  {line}" for line in child.words)
