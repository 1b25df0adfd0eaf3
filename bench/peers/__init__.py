"""Other packages beside which Concord is measured: their environment, and processes in it that fit what they are given."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import environments
from consensus.votes import Votes

REQUIREMENTS = Path(__file__).parents[1] / "requirements-peers.txt"
FIT = Path(__file__).with_name("fit.py")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
CROWD_KIT = ("MajorityVote", "DawidSkene", "OneCoinDawidSkene", "GLAD", "MMSR", "MACE")


@dataclass(frozen=True, eq=False)
class Fitted:
    """What one method made of some votes. probabilities: (N, L); value: (N,) index of the level, -1 = none. problem: why
    there is nothing, in words."""

    probabilities: np.ndarray | None
    value: np.ndarray | None
    seconds: float | None
    problem: str | None


def python_of(environment: Path | None, say: Callable[[str], None]) -> Path:
    """The interpreter of the environment; without one, of that in var/bench-peers, made where it is missing."""
    if environment is None:
        environment = environments.installed(Path("var/bench-peers"), REQUIREMENTS, "the other packages", say)
    python = environment.resolve() / "bin/python"
    if not python.exists():
        raise SystemExit(
            f"{environment} is no virtual environment: there is no {python}. Leave --peers out to make one."
        )
    return python


class Pool:
    """Several processes of the peers' environment; a method that was too slow once is not asked again in its place."""

    def __init__(self, python: Path, folder: Path, *, processes: int, limit: float) -> None:
        self._python, self._folder, self._limit = python, folder, limit
        self._threads = ThreadPoolExecutor(processes)
        self._own = threading.local()
        self._processes: list[subprocess.Popen[str]] = []
        self._too_slow: set[tuple[str, str]] = set()

    def fit(self, method: str, place: str, votes: Path) -> Future[Fitted]:
        """Fit a method to the votes of a file (`write_votes`), some time. place: where a time-out holds from then on."""
        return self._threads.submit(self._fit, method, place, votes)

    def close(self) -> None:
        """Forget what has not begun, and end the processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()

    def _fit(self, method: str, place: str, votes: Path) -> Fitted:
        if (method, place) in self._too_slow:
            return Fitted(None, None, None, "left out: it was too slow before")
        out = self._folder / f"{threading.get_ident()}.npz"
        told = self._ask({"method": method, "votes": str(votes), "out": str(out), "limit": self._limit})
        if told["problem"]:
            if told["problem"].startswith("not ready"):
                self._too_slow.add((method, place))
            return Fitted(None, None, None, told["problem"])
        made = np.load(out)
        return Fitted(made["probabilities"], made["value"], told["seconds"], None)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._process()
        assert process.stdin is not None  # noqa: S101  both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            self._own.process = None
            return {"problem": f"its process ended ({process.wait()}); too little memory, perhaps"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _process(self) -> subprocess.Popen[str]:
        if getattr(self._own, "process", None) is None:
            self._own.process = subprocess.Popen(  # noqa: S603  our own script in an environment made for it
                [str(self._python), str(FIT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, **ONE_THREAD},
            )
            self._processes.append(self._own.process)
        process: subprocess.Popen[str] = self._own.process
        return process


def write_votes(path: Path, votes: Votes, judged: Sequence[np.ndarray] = ()) -> Path:
    """Votes, and for each judge (N, L) probabilities, in the file that a process of the peers reads."""
    shape = (len(judged), votes.sample_count, votes.level_count)
    np.savez(
        path,
        sample=votes.sample,
        person=votes.person,
        level=votes.level,
        counts=np.array([votes.sample_count, votes.person_count, votes.level_count]),
        judged=np.array(judged, dtype=float).reshape(shape),
    )
    return path
