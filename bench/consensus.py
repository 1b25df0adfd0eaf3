"""How fast labels are made of large crowds, beside other packages: `make bench-consensus`.

Seeded crowds of five labels a sample, a thousand people, five levels: people are right with a chance drawn from Beta(8, 3), err
mostly to near levels, and one in twenty answers at random. Every method runs in a process of its own, Concord's and the
others' in turns, and medians over the runs are told. Time excludes building the input; memory is what the process grew by,
beside three columns of 64-bit whole numbers, which is what the labels are. Where the method is the same, so must the result be.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from bench import decisions, peers
from bench.tables import Table, terminal

ROOT = Path(__file__).parents[1]
LABELS, PEOPLE, LEVELS = 5, 1_000, 5
EQUAL_TO = 1e-9


@dataclass(frozen=True)
class Pair:
    """A method of ours and the one beside it. same: whether both are the same method, so that what they make is compared;
    largest: the most samples that the other one is given."""

    ours: str
    theirs: str | None = None
    same: str | None = None
    largest: int = 1_000_000


PAIRS = (
    Pair("votes"),
    Pair("majority", "crowd-kit MajorityVote", same="value"),
    Pair("dawid-skene", "crowd-kit DawidSkene", same="probabilities"),
    Pair("posterior nominal", "crowd-kit DawidSkene"),
    Pair("posterior ordinal", "crowd-kit DawidSkene"),
    Pair("crowdlab", "cleanlab CROWDLAB", same="probabilities", largest=100_000),
    Pair("alpha nominal", "krippendorff nominal", same="alpha"),
    Pair("alpha ordinal", "krippendorff ordinal", same="alpha"),
    Pair("alpha interval", "krippendorff interval", same="alpha"),
)


def crowd(samples: int, seed: int) -> dict[str, np.ndarray]:
    """The columns of a crowd, its right levels, and one judge that is right three times in four."""
    rng = np.random.default_rng([seed, samples])
    truth = rng.integers(LEVELS, size=samples)
    skill = np.where(rng.random(PEOPLE) < 0.05, 1 / LEVELS, rng.beta(8, 3, PEOPLE))
    is_junk = skill == 1 / LEVELS
    steps = 1 + rng.integers(PEOPLE // LABELS - 1, size=(samples, LABELS))
    person = (rng.integers(PEOPLE, size=(samples, 1)) + np.cumsum(steps, axis=1)) % PEOPLE  # five different people
    level = _said(truth[:, None], skill[person], is_junk[person], rng)
    sample = np.repeat(np.arange(samples), LABELS)
    guess = _said(truth, np.full(samples, 0.75), np.zeros(samples, dtype=bool), rng)
    judged = np.full((1, samples, LEVELS), 0.3 / (LEVELS - 1))
    judged[0, np.arange(samples), guess] = 0.7
    counts = np.array([samples, PEOPLE, LEVELS])
    return {
        "sample": sample,
        "person": person.ravel(),
        "level": level.ravel(),
        "counts": counts,
        "judged": judged,
        "truth": truth,
    }


def _said(truth: np.ndarray, skill: np.ndarray, is_junk: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Right with the chance `skill`; else each level the less often the further it lies away; junk says anything."""
    apart = np.abs(np.arange(LEVELS)[:, None] - np.arange(LEVELS))
    errors = np.where(apart > 0, 0.4**apart, 0.0)
    border = np.cumsum(errors / errors.sum(axis=1, keepdims=True), axis=1)
    truth = np.broadcast_to(truth, skill.shape)
    draw = rng.random(skill.shape)
    wrong = np.zeros(skill.shape, dtype=int)
    for level in range(LEVELS - 1):
        wrong += draw > border[truth, level]
    said = np.where(rng.random(skill.shape) < skill, truth, wrong)
    return np.where(is_junk, rng.integers(LEVELS, size=skill.shape), said)


@dataclass(frozen=True, eq=False)
class Run:
    """What one run of one method told; problem: why it told nothing."""

    seconds: float = float("nan")
    growth_mib: float = float("nan")
    notes: tuple[tuple[str, Any], ...] = ()
    problem: str | None = None


class Measurement:
    """All runs of one benchmark."""

    def __init__(self, wanted: argparse.Namespace, python: Path | None, folder: Path, bar: Progress) -> None:
        self._wanted, self._python, self._folder, self._bar = wanted, python, folder, bar
        self.runs: dict[tuple[int, str], list[Run]] = defaultdict(list)
        self.apart: dict[tuple[int, str], float] = {}
        self.accuracy: dict[tuple[int, str], float] = {}

    def measure(self, samples: int) -> None:
        path, made = self._folder / f"{samples}.npz", crowd(samples, self._wanted.seed)
        if samples > max(pair.largest for pair in PAIRS if pair.ours == "crowdlab"):
            made["judged"] = made["judged"][:0]
        np.savez(path, **made)  # type: ignore[arg-type]
        methods = self._methods(samples)
        task = self._bar.add_task(f"{samples:,} samples", total=len(methods) * self._wanted.runs)
        for _ in range(self._wanted.runs):
            for method in methods:
                if not self._is_hopeless(samples, method):
                    self.runs[samples, method].append(self._run(method, path, samples))
                self._bar.advance(task)
        for method in methods:
            self._score(samples, method, made["truth"])
        for pair in PAIRS:
            self._compare(samples, pair)
        path.unlink()

    def median(self, samples: int, method: str, name: str) -> float:
        figures = [getattr(run, name) for run in self.runs[samples, method] if run.problem is None]
        return statistics.median(figures) if figures else float("nan")

    def _methods(self, samples: int) -> list[str]:
        """In the order in which they take turns: each of ours right before the one beside it."""
        wanted = [pair for pair in PAIRS if pair.ours != "crowdlab" or samples <= pair.largest]
        theirs = [pair.theirs if self._python and samples <= pair.largest else None for pair in wanted]
        both = [name for pair, other in zip(wanted, theirs, strict=True) for name in (pair.ours, other)]
        return list(dict.fromkeys(name for name in both if name is not None))

    def _is_hopeless(self, samples: int, method: str) -> bool:
        return any(run.problem for run in self.runs[samples, method])

    def _run(self, method: str, path: Path, samples: int) -> Run:
        is_ours = any(pair.ours == method for pair in PAIRS)
        python = sys.executable if is_ours else str(self._python)
        out = self._out(samples, method)
        try:
            done = subprocess.run(  # noqa: S603  our own script
                [python, "-m", "bench.timed", method, str(path), str(out)],
                capture_output=True,
                text=True,
                check=False,
                timeout=self._wanted.limit,
                env={**os.environ, **peers.ONE_THREAD, "PYTHONPATH": str(ROOT)},
            )
        except subprocess.TimeoutExpired:
            return Run(problem=f"not ready after {self._wanted.limit:g} s")
        if done.returncode:
            return Run(problem=(done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1][:200])
        told = json.loads(done.stdout.splitlines()[-1])
        return Run(told["seconds"], told["growth_mib"], tuple(told["notes"].items()))

    def _out(self, samples: int, method: str) -> Path:
        return self._folder / f"{samples} {method}.npz"

    def _score(self, samples: int, method: str, truth: np.ndarray) -> None:
        made = self._made(samples, method)
        if "value" in made:
            self.accuracy[samples, method] = float((made["value"] == truth).mean())

    def _compare(self, samples: int, pair: Pair) -> None:
        if pair.same is None or pair.theirs is None:
            return
        ours, theirs = self._made(samples, pair.ours), self._made(samples, pair.theirs)
        if pair.same in ours and pair.same in theirs:
            self.apart[samples, pair.ours] = float(np.abs(ours[pair.same] - theirs[pair.same]).max())

    def _made(self, samples: int, method: str) -> dict[str, np.ndarray]:
        path = self._out(samples, method)
        return dict(np.load(path)) if path.exists() else {}


# --- what is told ---------------------------------------------------------------------------------------------------
def tables(measured: Measurement, wanted: argparse.Namespace, decided: Sequence[decisions.Decided]) -> list[Table]:
    made = [_of_crowd(measured, samples) for samples in wanted.samples]
    rows = [[one.policy, f"{one.median_ms:.3f}", f"{one.p95_ms:.3f}"] for one in decided]
    title = "processor time of one decision: five annotations, ten trigger values"
    return [*made, Table(title, ["policy", "median, ms", "95 %, ms"], rows)]


def _of_crowd(measured: Measurement, samples: int) -> Table:
    columns = 3 * 8 * LABELS * samples / 2**20
    rows = [_row(measured, samples, pair, columns) for pair in PAIRS if measured.runs[samples, pair.ours]]
    header = ["", "s", "beside it", "s", "faster", "MiB", "/ columns", "MiB", "apart", "right, %", "right, %"]
    return Table(f"{samples:,} samples x {LABELS} labels; three columns are {columns:.0f} MiB", header, rows)


def _row(measured: Measurement, samples: int, pair: Pair, columns: float) -> list[str]:
    seconds, growth = (measured.median(samples, pair.ours, name) for name in ("seconds", "growth_mib"))
    other = pair.theirs if pair.theirs and measured.runs[samples, pair.theirs] else None
    beside, their_growth = (
        (measured.median(samples, other, name) for name in ("seconds", "growth_mib")) if other else (np.nan, np.nan)
    )
    apart = measured.apart.get((samples, pair.ours))
    return [
        _with_iterations(measured, samples, pair.ours),
        _text(seconds, 4),
        _with_iterations(measured, samples, other) if other else "",
        _text(beside, 4),
        _text(beside / seconds, 1),
        _text(growth, 0),
        _text(growth / columns, 2),
        _text(their_growth, 0),
        "" if apart is None else f"{apart:.1e}",
        _text(100 * measured.accuracy.get((samples, pair.ours), np.nan), 2),
        _text(100 * measured.accuracy.get((samples, other or ""), np.nan), 2),
    ]


def _with_iterations(measured: Measurement, samples: int, method: str) -> str:
    notes = dict(measured.runs[samples, method][0].notes)
    return f"{method}, {notes['iterations']} iterations" if "iterations" in notes else method


def _text(number: float, digits: int) -> str:
    return "" if np.isnan(number) else f"{number:,.{digits}f}"


def problems(measured: Measurement) -> list[str]:
    lines = [
        f"{method} on {samples:,} samples: {run.problem}"
        for (samples, method), runs in measured.runs.items()
        for run in runs
        if run.problem
    ]
    unequal = [
        f"{ours} on {samples:,} samples differs from the same method elsewhere by {apart:.1e}."
        for (samples, ours), apart in measured.apart.items()
        if not apart <= EQUAL_TO
    ]
    return [*lines, *unequal]


def figures(measured: Measurement, decided: Sequence[decisions.Decided]) -> dict[str, Any]:
    """Every figure, for a file."""
    return {
        "runs": {
            f"{samples} {method}": [vars(run) for run in runs] for (samples, method), runs in measured.runs.items()
        },
        "largest_difference": {f"{samples} {ours}": apart for (samples, ours), apart in measured.apart.items()},
        "accuracy": {f"{samples} {method}": share for (samples, method), share in measured.accuracy.items()},
        "decisions": [vars(one) for one in decided],
        "problems": problems(measured),
    }


# --- the command ----------------------------------------------------------------------------------------------------
def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.consensus", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="sizes of crowds")
    parser.add_argument("--runs", type=int, default=3, help="of which medians are told")
    parser.add_argument("--peers", type=Path, help="environment of the other packages; by default made in var/")
    parser.add_argument("--no-peers", action="store_true", help="leave the other packages out")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which a process is given up")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write every figure into this file")
    parser.add_argument("--markdown", type=Path, help="write the tables into this file")
    return parser.parse_args(given)


def main() -> None:
    wanted = arguments()
    console, begin = Console(stderr=True), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="concord-crowds-") as place, Progress(console=console) as bar:
        python = None if wanted.no_peers else peers.python_of(wanted.peers, console.print)
        measured = Measurement(wanted, python, Path(place), bar)
        for samples in wanted.samples:
            measured.measure(samples)
    decided = decisions.measure(wanted.seed)
    tell(tables(measured, wanted, decided), problems(measured), wanted)
    if wanted.json:
        wanted.json.write_text(json.dumps(figures(measured, decided), indent=1) + "\n")
    console.print(f"{time.monotonic() - begin:.0f} s")
    sys.exit(int(any(not apart <= EQUAL_TO for apart in measured.apart.values())))


def tell(made: Sequence[Table], lines: Sequence[str], wanted: argparse.Namespace) -> None:
    console = terminal()
    for table in made:
        table.show(console)
    for line in lines:
        console.print(line)
    if wanted.markdown:
        wanted.markdown.write_text(
            "\n".join([*(table.markdown() for table in made), *(f"- {line}" for line in lines)]) + "\n"
        )


if __name__ == "__main__":
    main()
