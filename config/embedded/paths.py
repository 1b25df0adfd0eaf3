"""Where an instance keeps its data, its log and its sockets. Nothing is started, and nothing is written until `prepare`."""

import functools
import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from .errors import EmbeddedError
from .identity import ANYBODY, Identity, can_reach, nearest_existing, server_identity

POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
SOCKET_PATH_LIMIT = 107 if sys.platform.startswith("linux") else 103  # sun_path in <sys/un.h>, less the ending zero
OWN_SOCKETS = "CONCORD_SOCKET_DIR"
USE_OTHER_SERVERS = "or set DATABASE_URL and REDIS_URL to servers of your own"


class SocketPathTooLong(EmbeddedError):
    """The operating system has no room for so long a socket path."""


class FolderNotOurs(EmbeddedError):
    """A folder that must be private belongs to somebody else, or is open to others."""


class FolderNotWritable(EmbeddedError):
    """Something must be written where we may not write."""


def _explicit_socket_folder() -> Path | None:
    value = os.environ.get(OWN_SOCKETS)
    return Path(value) if value else None


@dataclass(frozen=True)
class Instance:
    """One PostgreSQL and one Valkey, described by the folder in which they live.

    folder: made when first used; `sockets`: an explicit socket folder (default: CONCORD_SOCKET_DIR, or else chosen).
    """

    folder: Path
    sockets: Path | None = field(default_factory=_explicit_socket_folder)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).resolve())
        if self.sockets is not None:
            object.__setattr__(self, "sockets", Path(self.sockets).resolve())

    @functools.cached_property
    def identity(self) -> Identity:
        return server_identity(self.folder)

    @functools.cached_property
    def home(self) -> Path:
        """The folder of the data: ours, or one below /var/lib when root's servers run as somebody who cannot reach ours."""
        if os.geteuid() != 0 or can_reach(self.folder, ANYBODY) or can_reach(self.folder, self.identity):
            return self.folder
        state = Path("/var/lib") if Path("/var/lib").is_dir() else Path("/var/db")
        return state / f"concord-{self.key}"

    @property
    def key(self) -> str:
        """Eight letters that tell this folder from every other one on the machine."""
        return hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:8]

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        return self.home / "valkey"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def locks(self) -> Path:
        return self.folder / "lock"

    @functools.cached_property
    def run(self) -> Path:
        """The folder of the sockets; a short one when ours is too deep in the tree for a socket.

        The short one lies in /tmp, not in TMPDIR or XDG_RUNTIME_DIR: those differ between a terminal, cron and a service, which
        must all find the same server. What it is, and whose, is checked before use.

        Raises: SocketPathTooLong when an explicit folder is too long.
        """
        if self.sockets is not None:
            return _short_enough(self.sockets)
        near = self.home / "run"
        if _fits(near):
            return near
        return Path("/tmp") / f"concord-{self.identity.uid}-{self.key}"  # noqa: S108 (made 0700 and verified)

    @property
    def database_url(self) -> str:
        """For dj-database-url, psycopg and psql."""
        return f"postgresql://concord@{quote(str(self.run), safe='')}/concord"

    @property
    def redis_url(self) -> str:
        """For Celery and kombu, as a broker and as a result backend."""
        return f"redis+socket://{quote(str(self.valkey_socket))}?virtual_host=0"

    @property
    def redis_py_url(self) -> str:
        """For redis.Redis.from_url and Django's cache."""
        return f"unix://{quote(str(self.valkey_socket))}?db=0"

    @property
    def valkey_socket(self) -> Path:
        return self.run / VALKEY_SOCKET

    @property
    def postgres_socket(self) -> Path:
        return self.run / POSTGRES_SOCKET

    def prepare(self) -> None:
        """Make the folders that are missing, each with its owner.

        Raises: FolderNotWritable, FolderNotOurs.
        """
        with writing_in(self.folder):
            make_like_parent(self.folder, 0o755)
            make_like_parent(self.log, 0o700)
            make_like_parent(self.locks, 0o700)
        with writing_in(self.home):
            self.home.mkdir(mode=0o755, exist_ok=True)
            make_private(self.valkey, self.identity)
        with writing_in(self.run):
            make_private(self.run, self.identity)
            if self.run.parent != self.home:  # in a place that others may use too
                _verify_private(self.run, self.identity)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / POSTGRES_SOCKET)) <= SOCKET_PATH_LIMIT


def _short_enough(folder: Path) -> Path:
    if not _fits(folder):
        path = folder / POSTGRES_SOCKET
        raise SocketPathTooLong(
            f"The socket path {path} has {len(os.fsencode(path))} bytes; this system allows {SOCKET_PATH_LIMIT}. "
            f"Set {OWN_SOCKETS} to a shorter folder, or unset it: Concord then chooses one."
        )
    return folder


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals into a sentence that names the folder."""
    try:
        yield
    except OSError as error:
        raise FolderNotWritable(
            f"Cannot write in {folder}: {error.strerror} ({error.filename}). Make it writable for this user "
            f"(uid {os.geteuid()}), choose another folder, {USE_OTHER_SERVERS}."
        ) from error


def make_like_parent(folder: Path, mode: int) -> None:
    """Make a folder and its missing parents; root gives them the owner of what they lie in, so that nobody is locked out."""
    for step in reversed((folder, *folder.parents)):
        if not step.is_dir():
            owner = nearest_existing(step.parent).stat()
            step.mkdir(exist_ok=True)
            step.chmod(mode)
            if os.geteuid() == 0:
                os.chown(step, owner.st_uid, owner.st_gid)


def make_private(folder: Path, identity: Identity) -> None:
    """Make a folder of mode 0700 for the servers, unless it is there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    if os.geteuid() == 0:
        os.chown(folder, identity.uid, identity.gids[0], follow_symlinks=False)


def _verify_private(folder: Path, identity: Identity) -> None:
    """Raises: FolderNotOurs when it is a link, somebody else's, or open to others."""
    status = folder.lstat()
    allowed = {identity.uid, os.geteuid()}
    if stat.S_ISDIR(status.st_mode) and status.st_uid in allowed and not status.st_mode & 0o077:
        return
    raise FolderNotOurs(
        f"{folder} must be a folder of uid {identity.uid} with mode 0700, and is {stat.filemode(status.st_mode)} of "
        f"uid {status.st_uid}. Remove it, make it private (chmod 700), or set {OWN_SOCKETS} to another folder."
    )


def hand_over(folder: Path, identity: Identity) -> None:
    """Give the servers' data, if there are any, to those who run the servers now; only root can.

    Raises: FolderNotOurs when the data belong to somebody else and we are not root.
    """
    if not folder.exists() or folder.stat().st_uid == identity.uid:
        return
    if os.geteuid() != 0:
        raise FolderNotOurs(
            f"{folder} belongs to uid {folder.stat().st_uid}, and you are uid {identity.uid}. Start Concord as that user, "
            f"or let root give it to you: chown -R {identity.uid} {folder.parent}"
        )
    with writing_in(folder):
        for step, _, files in os.walk(folder):
            for path in (Path(step), *(Path(step) / file for file in files)):
                os.chown(path, identity.uid, identity.gids[0], follow_symlinks=False)
