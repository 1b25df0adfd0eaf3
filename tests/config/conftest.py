import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import embedded

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("embedded_user.py")


ROOM_BYTES = 1_000_000_000


def make_short_folder() -> Path:
    """Short enough for a socket below it, unlike tmp_path; in memory where there is room: fsync costs nothing there."""
    memory = Path("/dev/shm")  # noqa: S108 (mkdtemp makes a private folder in it)
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="concord-test-", dir=memory if roomy else None))
    folder.chmod(0o755)
    return folder


class User:
    """Another process that uses an instance."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.words: list[str] = []

    def process_ids(self) -> dict[str, int]:
        """Wait until the servers run for this user."""
        for line in self.process.stdout:
            news = json.loads(line)
            if "process_ids" in news:
                return news["process_ids"]
            self.words.append(news["words"])
        raise AssertionError(f"The user ended before the servers ran: {self.words}")

    def leave(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)

    def press_ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=30)


@pytest.fixture
def make_user() -> Iterator[Callable[[Path], User]]:
    with contextlib.ExitStack() as stack:

        def make(folder: Path) -> User:
            user = User(folder)
            stack.callback(user.process.stdout.close)
            stack.callback(user.kill)
            return user

        yield make


def remove(instance: embedded.Instance) -> None:
    """Stop what still runs, by the right of being its last user, and remove all that the instance made."""
    if any(embedded.process_ids(instance).values()):
        with contextlib.suppress(embedded.EmbeddedError):
            embedded.acquire(instance).release()
    for folder in {instance.folder, instance.home, instance.run}:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    folder = make_short_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh(short_folder) -> Iterator[embedded.Instance]:
    """An instance without data."""
    instance = embedded.Instance(short_folder / "var")
    yield instance
    remove(instance)


@pytest.fixture(scope="session")
def initialised_data() -> Iterator[Path]:
    """Data made once, to be copied: initdb takes longer than most tests."""
    folder = make_short_folder()
    instance = embedded.Instance(folder / "var")
    embedded.acquire(instance).release()
    yield instance.data
    remove(instance)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def instance(fresh, initialised_data) -> embedded.Instance:
    """An instance whose data exist and whose servers do not run."""
    shutil.copytree(initialised_data, fresh.data)
    return fresh
