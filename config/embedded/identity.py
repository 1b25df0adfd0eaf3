"""Under whose name the servers run.

PostgreSQL refuses to run as root and asks for an account with a name. An ordinary user runs the servers as they are. Root does not
make an account and does not open folders to others; in this order:

1. the folder belongs to somebody with an account: the servers run as that person, as if they had started them;
2. user namespaces are allowed: the servers run in one where root is seen as a harmless account of this machine (a *stand-in*).
   For the machine outside, the files still belong to root, and nobody else can read them;
3. otherwise (many containers): as the account `postgres`, or else `nobody`, which gets the data folder, not its parents.
"""

import functools
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedError

LAUNCHER = Path(__file__).with_name("launcher.py")
STAND_INS = ("daemon", "bin", "mail")
SERVICE_ACCOUNTS = ("postgres", "nobody")
OVERFLOW_UID = 65534  # how a namespace shows everybody whom it does not know: never an identity


class NoIdentity(EmbeddedError):
    """There is no account as which PostgreSQL could run."""


@dataclass(frozen=True)
class Identity:
    """Whose files the servers read and write, and how to become them."""

    uid: int  # as the machine outside any namespace sees it
    gids: tuple[int, ...]  # the first is the group of new files
    launcher_options: tuple[str, ...]
    peer_names: tuple[str, ...]  # what PostgreSQL's peer authentication calls those who may connect
    why: str  # one sentence for the log; empty for an ordinary user


ANYBODY = Identity(uid=-1, gids=(), launcher_options=(), peer_names=(), why="")  # has only the rights of others


def launcher_command(*options: str) -> list[str]:
    """The start of a command line that runs what follows through the launcher."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--"]


def server_identity(folder: Path) -> Identity:
    """Choose who runs the servers whose data lie in `folder` (which need not exist yet).

    Raises: NoIdentity when PostgreSQL could not run as anybody.
    """
    uid = os.geteuid()
    if uid != 0:
        return _ordinary(uid) if _account(uid) else _stand_in() or _refuse()
    owner = nearest_existing(folder).stat().st_uid
    if owner != 0 and (account := _account(owner)):
        return _setuid(account, f"The servers run as {account.pw_name}, to whom {folder} belongs.")
    return _stand_in() or _service_account() or _refuse()


def nearest_existing(path: Path) -> Path:
    """The path itself, or the deepest of its parents that exists."""
    return next((step for step in (path, *path.parents) if step.exists()), Path("/"))


def can_reach(path: Path, identity: Identity) -> bool:
    """Whether this identity may pass through every existing folder down to `path`, without any privilege."""
    step = nearest_existing(path.resolve())
    return all(_may_enter(folder, identity) for folder in (step, *step.parents) if folder.is_dir())


def _may_enter(folder: Path, identity: Identity) -> bool:
    status = folder.stat()
    if status.st_uid == identity.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in identity.gids:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _account(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _ordinary(uid: int) -> Identity:
    name = pwd.getpwuid(uid).pw_name
    # Root may connect too: it could become this user anyway, and `sudo` should not be a mystery.
    return Identity(uid, (os.getegid(), *os.getgroups()), (), (name, pwd.getpwuid(0).pw_name), "")


def _setuid(account: pwd.struct_passwd, why: str) -> Identity:
    options = ("--uid", str(account.pw_uid), "--gid", str(account.pw_gid))
    return Identity(account.pw_uid, (account.pw_gid,), options, (account.pw_name, pwd.getpwuid(0).pw_name), why)


def _stand_in() -> Identity | None:
    account = next(_harmless_accounts(), None)
    if account is None or not namespaces_allowed(account.pw_uid, account.pw_gid):
        return None
    options = ("--map-uid", str(account.pw_uid), "--map-gid", str(account.pw_gid))
    why = f"The servers run in a user namespace that shows uid {os.geteuid()} as {account.pw_name}."
    return Identity(os.geteuid(), (os.getegid(), *os.getgroups()), options, (account.pw_name,), why)


def _harmless_accounts() -> Iterator[pwd.struct_passwd]:
    accounts = [entry for entry in pwd.getpwall() if entry.pw_uid not in (0, os.geteuid(), OVERFLOW_UID)]
    yield from (entry for name in STAND_INS for entry in accounts if entry.pw_name == name)
    yield from accounts


@functools.cache
def namespaces_allowed(uid: int, gid: int) -> bool:
    """Whether this machine lets us make a user namespace (many containers do not); tried, since no file tells for sure."""
    if not sys.platform.startswith("linux"):
        return False
    command = launcher_command("--map-uid", str(uid), "--map-gid", str(gid), "--check")
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _service_account() -> Identity | None:
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = next((accounts[name] for name in SERVICE_ACCOUNTS if name in accounts), None)
    if account is None:
        return None
    return _setuid(account, f"The servers run as {account.pw_name}: PostgreSQL refuses to run as root.")


def _refuse() -> Identity:
    raise NoIdentity(
        f"PostgreSQL needs an account with a name that is not root, and uid {os.geteuid()} can become none here. "
        "Run Concord as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )
