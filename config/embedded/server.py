"""What PostgreSQL and Valkey have in common here: one is started, found running, or stopped.

A server inherits an exclusive lock and holds it as long as any of its processes lives. So "nothing of it runs" is a fact that the
kernel knows: after a crash, a reboot, a kill -9, with a recycled process id or an unreaped zombie. And of two processes that
start it at the same moment only one gets the lock.
"""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from .errors import EmbeddedError
from .identity import launcher_command
from .locks import Say, lock_exclusively, moments, open_lock
from .paths import Instance, hand_over, writing_in

LOG_LIMIT_BYTES = 10_000_000
LAST_WORDS = 6  # lines of a log shown when a server dies
REPLY_SECONDS = 2.0
PATIENCE_SECONDS = 60.0  # with an orderly stop, before the second signal


class ServerDidNotStart(EmbeddedError):
    """The server ended while it was starting."""


class SocketInUse(EmbeddedError):
    """Another program answers at the socket that a server needs."""


class Server(ABC):
    """One of the two servers of an instance."""

    title: str
    name: str
    stop_signal: signal.Signals
    last_signal: signal.Signals

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @property
    def log(self) -> Path:
        return self.instance.log / f"{self.name}.log"

    @property
    def lock(self) -> Path:
        return self.instance.locks / f"{self.name}.lock"

    @abstractmethod
    def get_ready(self, held: int, say: Say) -> None:
        """Make the data when there are none, clear what a crash left behind; nothing of this server runs. `held`: its lock."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line of the server."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves clients now."""

    @abstractmethod
    def process_id(self) -> int | None:
        """The id of its main process, when one of ours runs."""

    def heal(self, last_words: str, say: Say) -> bool:
        """Whether something was changed after a failed start that makes another one worth while."""
        return False


def ensure_running(server: Server, say: Say) -> None:
    """Find the server running, or start it, and wait until it answers, however long its crash recovery takes.

    Raises: EmbeddedError.
    """
    lock = open_lock(server.lock, server.instance.identity)
    try:
        for _ in moments(lambda: f"Waiting for {server.title} {_last_line(server)}", say):
            if lock_exclusively(lock):
                return _start(server, lock, say)
            if server.answers():
                return None
    finally:
        os.close(lock)


def is_down(server: Server) -> bool:
    """Whether no process of the server lives."""
    lock = open_lock(server.lock, server.instance.identity)
    try:
        return lock_exclusively(lock)
    finally:
        os.close(lock)


def stop(server: Server, say: Say) -> None:
    """Stop the server in good order and wait until it is gone."""
    sent: set[signal.Signals] = set()
    for waited in moments(lambda: f"{server.title} is still stopping", say):
        if is_down(server):
            return
        wanted = server.stop_signal if waited < PATIENCE_SECONDS else server.last_signal
        if wanted not in sent and (process_id := server.process_id()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, wanted)
            sent.add(wanted)


def _start(server: Server, lock: int, say: Say, *, healed: bool = False) -> None:
    """Start a server whose lock is ours; it inherits the lock."""
    hand_over(server.instance.run, server.instance.identity)
    server.get_ready(lock, say)
    seen = _begin_log(server)
    run(server, server.command(), lock, "--detach")
    watcher = open_lock(server.lock, server.instance.identity)
    _let_go(lock)
    try:
        for _ in moments(lambda: f"{server.title} is starting {_last_line(server)}", say):
            if server.answers():
                return None
            if lock_exclusively(watcher):
                words = _last_words(server, seen)
                if not healed and server.heal(words, say):
                    return _start(server, watcher, say, healed=True)
                raise ServerDidNotStart(f"{server.title} did not start. {words}")
    finally:
        os.close(watcher)


def _let_go(lock: int) -> None:
    """Leave the lock to the server alone, and keep the descriptor valid for whoever closes it.

    Unlocking would take it from the server too; so the descriptor is pointed to something else.
    """
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, lock, inheritable=False)
    os.close(nothing)


def run(server: Server, command: list[str], lock: int, *options: str, words: str = "") -> None:
    """Run a program as the instance's identity, in its own session, its output in the log; it inherits the lock.

    Raises: ServerDidNotStart when it ends with an error.
    """
    identity = server.instance.identity
    line = launcher_command(*identity.launcher_options, *options) + command
    seen = _begin_log(server)
    with server.log.open("ab") as log, _process(line, log.fileno(), lock, server.instance.home) as process:
        process.communicate(words.encode())
        if process.returncode != 0:
            raise ServerDidNotStart(f"{shlex.quote(Path(command[0]).name)} failed. {_last_words(server, seen)}")


@contextlib.contextmanager
def _process(line: list[str], log: int, lock: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child with a clean environment (no PG* variable of the user reaches a server), killed when we are interrupted."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    process = subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, env=environment,
        start_new_session=True, pass_fds=(lock,),
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _begin_log(server: Server) -> int:
    """The length of the log so far; a log that grew long is put aside first."""
    with writing_in(server.instance.log):
        if not server.log.exists():
            server.log.touch(mode=0o600)
        length = server.log.stat().st_size
        if length <= LOG_LIMIT_BYTES:
            return length
        server.log.replace(server.log.with_suffix(".log.1"))
        server.log.touch(mode=0o600)
        return 0


def _lines_since(server: Server, seen: int) -> list[str]:
    with server.log.open("rb") as log:
        log.seek(max(seen, server.log.stat().st_size - 10_000))
        return [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]


def _last_words(server: Server, seen: int) -> str:
    lines = _lines_since(server, seen)[-LAST_WORDS:]
    return f"The end of {server.log}:\n  " + ("\n  ".join(lines) or "(nothing was written)")


def _last_line(server: Server) -> str:
    lines = _lines_since(server, 0) if server.log.exists() else []
    return f"[{lines[-1][:160]}]" if lines else ""


def exchange(path: Path, question: bytes) -> bytes:
    """Ask whoever listens at a socket; returns the beginning of the answer, or nothing when nobody answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(REPLY_SECONDS)
        try:
            client.connect(str(path))
            client.sendall(question)
            return client.recv(16)
        except (FileNotFoundError, ConnectionError, TimeoutError, BlockingIOError):
            return b""


def _listened_at(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def clear_socket(path: Path) -> None:
    """Remove a socket that a killed server left.

    Raises: SocketInUse when a program answers there.
    """
    if _listened_at(path):
        raise SocketInUse(
            f"Another program listens at {path}. Stop it, or set CONCORD_SOCKET_DIR to a folder of this instance alone."
        )
    path.unlink(missing_ok=True)


def command_of(process_id: int) -> list[str]:
    """The command line of a process; empty when there is none, or when it is a zombie."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            return (proc / str(process_id) / "cmdline").read_text(errors="replace").rstrip("\0").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []
    listing = ["ps", "-ww", "-o", "command=", "-p", str(process_id)]  # macOS
    return subprocess.run(listing, capture_output=True, text=True, check=False).stdout.split()


def process_in(pid_file: Path, program: str, marker: Path) -> int | None:
    """The process named in a pid file, when it still is that program, started for `marker`."""
    try:
        process_id = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):  # not there yet, or half written
        return None
    line = command_of(process_id)
    is_it = bool(line) and Path(line[0]).name == program and str(marker) in " ".join(line)
    return process_id if is_it else None
