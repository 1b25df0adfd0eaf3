"""The platform as a stranger starts it: a process of its own, in a folder of its own, on a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from config import embedded

if "CHAOS" not in os.environ:  # not `make test-chaos`
    collect_ignore = ["test_demo_killed.py"]

ROOT = Path(__file__).resolve().parents[2]


class DemoRun:
    """One `manage.py demo` in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report = folder / "report.json"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> None:
        named = {"CONCORD_VAR": str(self.folder), "PORT": str(self.port)}
        # A setting of the machine that runs the tests must not reach the platform under test.
        environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *arguments],
            cwd=ROOT,
            env=environment | named,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, *, within: float = 300) -> str:
        assert self.process is not None
        said, _ = self.process.communicate(timeout=within)
        assert self.process.returncode == 0, said
        return said

    def children(self, *words: str) -> list[int]:
        """Processes below the demo whose command line has all the words."""
        assert self.process is not None
        return [pid for pid in _below(self.process.pid) if all(word in _command_line(pid) for word in words)]

    def wait_until(self, happened: Callable[[], bool], *, within: float = 90) -> None:
        assert self.process is not None
        deadline = time.monotonic() + within
        while not happened():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)

    def rows(self, query: str) -> list[tuple]:
        """What the database says. The servers are attached to, or started for the question."""
        instance = embedded.Instance(self.folder)
        with embedded.running(instance), psycopg.connect(instance.database_url) as connection:
            return connection.execute(query).fetchall()

    def annotation_count(self) -> int:
        """Annotations so far, while the demo runs."""
        try:
            with psycopg.connect(embedded.Instance(self.folder).database_url) as connection:
                return connection.execute("SELECT count(*) FROM annotation_annotation").fetchone()[0]
        except psycopg.Error:
            return 0  # not set up yet

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=60)


def _below(pid: int) -> list[int]:
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            children += [child, *_below(child)]
    return children


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


@pytest.fixture
def demo() -> Iterator[DemoRun]:
    # /dev/shm where it is roomy: initdb and fsync on a slow disk say nothing about Concord.
    base = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="concord-", dir=base) as folder:
        run = DemoRun(Path(folder))
        yield run
        run.stop()
