"""A platform's own processes beside a test, so that a test can kill them: beat, workers, and a server of a model."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from django.conf import settings
from django.db import connection

from tests.modelgen.standin import Answer, Asked, StandIn, chat

if "CHAOS" not in os.environ:  # not `make test-chaos`
    collect_ignore_glob = ["test_*.py"]

ROOT = Path(__file__).resolve().parents[2]
MODEL = "judge-model"
SECONDS_A_CALL = 0.25


class ModelServer:
    """A model's server in a thread of its own, which prefers whatever stands first; it can be killed and come back."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server = StandIn(_says_first)
        self.start()

    @property
    def address(self) -> str:
        return self._server.address

    @property
    def call_count(self) -> int:
        return len(self._server.asked)

    def start(self) -> None:
        self._do(self._server.start())

    def kill(self) -> None:
        self._do(self._server.stop())

    def _do(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)  # type: ignore[arg-type]


def _says_first(asked: Asked) -> Answer:
    likely = [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2.5}]
    said = chat("A", logprobs={"content": [{"token": "A", "logprob": -0.1, "top_logprobs": likely}]})
    return Answer(said.body, after=SECONDS_A_CALL)


class Platform:
    """Beat and workers as processes, on the database of the test."""

    def __init__(self, server: ModelServer, folder: Path) -> None:
        self.server, self._folder = server, folder
        self._processes: list[subprocess.Popen[bytes]] = []
        address = urlsplit(settings.DATABASE_URL or settings.EMBEDDED.database_url)
        self._environment = os.environ | {
            "DATABASE_URL": urlunsplit(address._replace(path=f"/{connection.settings_dict['NAME']}")),
            "REDIS_URL": settings.CELERY_BROKER_URL,
            "MODEL_SERVERS": f"{MODEL}={server.address}/v1?kind=openai&at_once=8",
        }

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", "--queues", "gpu,platform", "--concurrency", "2", "--without-mingle")

    def start_beat(self) -> subprocess.Popen[bytes]:
        return self._start("beat", "--schedule", str(self._folder / "schedule"), "--pidfile", "")

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{arguments[0]}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "config", *arguments, "--loglevel", "INFO"],
            cwd=ROOT,
            env=self._environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        """All of it at once, as a machine that loses its power."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wipe_broker(self) -> None:
        redis.Redis.from_url(settings.EMBEDDED.redis_py_url).flushall()

    def stop(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)
        self.server.kill()

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in self._folder.glob("*.log"))


def eventually(is_so: Callable[[], bool], *, within: float, say: Callable[[], str]) -> None:
    """Wait until it is so. Fails with what `say` tells."""
    until = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < until, say()
        time.sleep(0.2)


@pytest.fixture
def platform(transactional_db: None) -> Iterator[Platform]:
    if not settings.USES_EMBEDDED_SERVERS:
        pytest.skip("needs the embedded servers: it wipes the broker")
    with tempfile.TemporaryDirectory() as folder:
        started = Platform(ModelServer(), Path(folder))
        started.wipe_broker()
        try:
            yield started
        finally:
            started.stop()
