"""A real vLLM with a real small model, on the processor. `make test-vllm` prepares both and names them in the environment.

Servers are started when a test first asks for them, each in a process group of its own, on loopback, and stopped at the end.
Three at once need about 15 GiB.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.embedded.identity import launcher_command
from modelgen.engines.connection import Connection
from modelgen.engines.servers import Patience, Servers
from modelgen.engines.serving import Serving, how_to_start
from modelgen.engines.vllm import PROBE_PATH, VllmEngine

if "VLLM_ENV" not in os.environ:  # not `make test-vllm`
    collect_ignore_glob = ["test_*.py"]

ROOT = Path(__file__).parents[2]
LOADS_WITHIN_SECONDS = 600.0
ENDS_WITHIN_SECONDS = 30.0
# On the processor vLLM 0.32 ends when it cuts the prompt of a request that has a seed into pieces.
WHOLE_PROMPTS = "--no-enable-chunked-prefill"
SMALL = ("--max-model-len", "2048", "--enforce-eager", "--enable-prompt-tokens-details", WHOLE_PROMPTS)
ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}


def vllm_python() -> str:
    return str((ROOT / os.environ["VLLM_ENV"] / "bin" / "python").absolute())


def model_folder(name: str) -> Path:
    return (ROOT / os.environ["VLLM_MODELS"] / name).resolve()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def ends_with_the_tests() -> list[str]:
    return launcher_command("--parent", str(os.getpid()), "--signal", str(int(signal.SIGTERM)))


class VllmServer:
    """One server; `start` may be called again after an end, and gives it the same address."""

    def __init__(
        self, model: str, log: Path, *arguments: str, runner: str = "generate", dtype: str = "bfloat16"
    ) -> None:
        words = (*SMALL, "--dtype", dtype, *arguments)
        self.model = model
        self.serving = Serving(str(model_folder(model)), model, free_port(), runner=runner, arguments=words)
        self.address = self.serving.address
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "VllmServer":
        """Returns when it is well. For the main thread: what a thread started would end with that thread."""
        self.launch()
        self.wait_until_well()
        return self

    def launch(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*ends_with_the_tests(), *self.serving.command(how_to_start(vllm_python()))],
                env={**os.environ, **ENVIRONMENT},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_well(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + LOADS_WITHIN_SECONDS
        while not self.is_well():
            assert self._process.poll() is None, f"vLLM ended; see {self._log}:\n{self._log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"vLLM is not well after {LOADS_WITHIN_SECONDS} s; see {self._log}"
            time.sleep(0.5)

    def is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}{PROBE_PATH}", timeout=2) as answer:  # noqa: S310  loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def signal(self, number: signal.Signals) -> None:
        """To the first process only, as an operator's `kill` does."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self) -> None:
        """Stopped in order, and nothing of it left."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDS_WITHIN_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # after a kill of the first process others live on
            self._process.wait()
            self._process = None


def engine_at(*servers: VllmServer, patience: Patience | None = None) -> VllmEngine:
    """An engine for one model at these servers, for one event loop."""
    connections = [Connection(server.address, probe_path=PROBE_PATH) for server in servers]
    name = servers[0].model
    rng = np.random.default_rng(0)
    return VllmEngine(Servers(name, connections, rng=rng, patience=patience or Patience()), name)


# --- servers ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def vllm_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vllm")


@pytest.fixture(scope="session")
def vllm_server(vllm_logs: Path) -> Iterator[VllmServer]:
    """Generates with gemma3-270m."""
    yield from running(VllmServer("gemma3-270m", vllm_logs / "generate.log"))


@pytest.fixture(scope="module")
def pooling_server(vllm_logs: Path) -> Iterator[VllmServer]:
    """Hidden states of gemma3-270m."""
    log = vllm_logs / "pooling.log"
    yield from running(VllmServer("gemma3-270m", log, "--convert", "embed", runner="pooling"))


@pytest.fixture(scope="module")
def scalar_reward_server(vllm_logs: Path) -> Iterator[VllmServer]:
    """A reward model with one score, in single precision."""
    yield from running(VllmServer("reward-1", vllm_logs / "reward-1.log", runner="pooling", dtype="float32"))


@pytest.fixture(scope="module")
def reward_server(vllm_logs: Path) -> Iterator[VllmServer]:
    """A reward model with five scores, in single precision."""
    yield from running(VllmServer("reward-5", vllm_logs / "reward-5.log", runner="pooling", dtype="float32"))


def running(server: VllmServer) -> Iterator[VllmServer]:
    try:
        yield server.start()
    finally:
        server.end()


# --- engines ----------------------------------------------------------------------------------------------------


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Runs coroutines to their end on one loop for the whole test, to which its engines belong."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def engine(vllm_server: VllmServer, run: Callable[..., Any]) -> Iterator[VllmEngine]:
    yield from open_engine(vllm_server, run)


@pytest.fixture
def pooling_engine(pooling_server: VllmServer, run: Callable[..., Any]) -> Iterator[VllmEngine]:
    yield from open_engine(pooling_server, run)


@pytest.fixture
def reward_engine(reward_server: VllmServer, run: Callable[..., Any]) -> Iterator[VllmEngine]:
    yield from open_engine(reward_server, run)


@pytest.fixture
def scalar_reward_engine(scalar_reward_server: VllmServer, run: Callable[..., Any]) -> Iterator[VllmEngine]:
    yield from open_engine(scalar_reward_server, run)


def open_engine(server: VllmServer, run: Callable[..., Any]) -> Iterator[VllmEngine]:
    engine = engine_at(server)
    yield engine
    run(engine.aclose())


# --- the other implementation -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def transformers_says() -> Callable[[str, list[dict[str, Any]]], list[Any]]:
    """What transformers makes of the same questions, in a process of vLLM's environment; see reference.py."""

    def ask(model: str, questions: list[dict[str, Any]]) -> list[Any]:
        said = subprocess.run(
            [vllm_python(), str(Path(__file__).with_name("reference.py")), str(model_folder(model))],
            input=json.dumps(questions),
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr[-3000:]
        return list(json.loads(said.stdout.splitlines()[-1]))

    return ask
