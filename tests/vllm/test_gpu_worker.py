"""`manage.py gpu_worker` as an operator runs it: it serves, it works, it stops, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelgen.engines.protocol import Generate, Sampling
from tests.vllm.conftest import (
    ENVIRONMENT,
    LOADS_WITHIN_SECONDS,
    ROOT,
    SMALL,
    engine_at,
    free_port,
    model_folder,
    vllm_python,
)

MARK = "CONCORD_TEST_OF_GPU_WORKER"


class GpuWorker:
    """The command, with what it says in a file."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.model = "gemma"
        self.log = log
        self.mark = f"{MARK}={self.port}"
        argv = [
            *(sys.executable, "manage.py", "gpu_worker", "--model", str(model_folder("gemma3-270m"))),
            *("--served-as", self.model, "--port", str(self.port), "--python", vllm_python()),
            *("--serve-arguments", " ".join([*SMALL, "--dtype bfloat16"]), *arguments),
        ]
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env={**os.environ, **ENVIRONMENT, MARK: str(self.port)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def says(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, what: str, happens: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LOADS_WITHIN_SECONDS
        while not happens():
            assert self.process.poll() is None, f"gpu_worker ended:\n{self.says()[-3000:]}"
            assert time.monotonic() < deadline, f"{what} did not happen:\n{self.says()[-3000:]}"
            time.sleep(0.5)

    def is_well(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.address}/health", timeout=2).status == 200  # noqa: S310  loopback
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """Every process that came of it, by what its environment carries: also such as left its group."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def celery_is_up(self) -> bool:
        return any("celery" in command and f"gpu-{self.port}" in command for command in self.processes().values())


@pytest.fixture
def gpu_worker(servers: None, tmp_path: Path) -> Iterator[GpuWorker]:
    worker = GpuWorker(tmp_path / "gpu_worker.log")
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.process.kill()
        for left in worker.processes():
            os.kill(left, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_it_serves_works_restarts_and_leaves_nothing_behind(gpu_worker, run, number):
    gpu_worker.wait_for("the sign of life", lambda: "Waiting for the model to be loaded" in gpu_worker.says())
    assert not gpu_worker.celery_is_up()  # nothing is taken from the queue before the model is there
    gpu_worker.wait_for("health", gpu_worker.is_well)
    gpu_worker.wait_for("the worker", gpu_worker.celery_is_up)
    assert answer_of(gpu_worker, run).startswith(" France")
    knows = [command_environment(pid) for pid, command in gpu_worker.processes().items() if "celery" in command]
    assert knows
    assert all(f"MODEL_SERVERS=gemma={gpu_worker.address}" in environment for environment in knows)

    (server,) = [pid for pid, command in gpu_worker.processes().items() if "--served-model-name" in command]
    os.kill(server, signal.SIGKILL)
    gpu_worker.wait_for("the news", lambda: "was killed by SIGKILL" in gpu_worker.says())
    gpu_worker.wait_for("health again", gpu_worker.is_well)
    assert answer_of(gpu_worker, run).startswith(" France")

    gpu_worker.process.send_signal(number)
    assert gpu_worker.process.wait(120) == 0, gpu_worker.says()[-3000:]
    assert gpu_worker.processes() == {}


def answer_of(gpu_worker: GpuWorker, run: Callable) -> str:
    engine = engine_at(gpu_worker)
    reply = run(engine.reply(Generate("writer", "Paris is the capital of", Sampling(most_tokens=4))))
    run(engine.aclose())
    return reply.text


def command_environment(pid: int) -> list[str]:
    return (Path("/proc") / str(pid) / "environ").read_bytes().decode().split("\0")
