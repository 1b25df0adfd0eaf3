"""How right the labels of every rule are when people are few, beside other packages: `make bench-quality`.

From every recorded set labels are drawn without replacement, several times; each rule and each of the other packages
labels the same draws. A label is tested against gold where the folder has it, else against the people who were not drawn.
On nominal scales and scales under five levels that gives an accuracy, on longer ones the mean absolute error of the
expected value. The other packages live in an environment of their own; what is too slow is left out with a line.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from annotation.datasets.bad_row import BadRow
from annotation.datasets.pilot import PilotFolder
from annotation.datasets.rating_sets import read_gold, read_ratings
from bench import peers
from bench.draws import Draws, Trial, measured_by_accuracy
from bench.results import OURS, Group, Results
from bench.scores import Difference
from bench.tables import Table, terminal
from consensus.rating_set import RatingSet, Units
from consensus.set_rules import SET_RULES, SetLabels, label_set

QUICK = ("MajorityVote", "DawidSkene")  # of the peers; the others take seconds a fit and get fewer draws
SOURCE = {"CROWDLAB": "cleanlab", "CROWDLAB of the mean": "cleanlab"}


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a peer was asked, so that its answer finds its place."""

    group: Group
    method: str
    attribute: str
    draw: int
    trial: Trial


class Measurement:
    """All sets, one after the other; the peers work beside, in processes of their own."""

    def __init__(self, wanted: argparse.Namespace, pool: peers.Pool | None, votes_folder: Path, bar: Progress) -> None:
        self._wanted, self._pool, self._votes_folder, self._bar = wanted, pool, votes_folder, bar
        self.results = Results(wanted.seed)
        self._asked: list[tuple[Wanted, Future[peers.Fitted]]] = []
        self._of_peers = bar.add_task("other packages", total=0)

    def measure(self, folder: PilotFolder) -> None:
        ratings = read_ratings(folder)
        name = folder.path.resolve().name
        self.results.sample_counts[name] = len(ratings.samples)
        draws = Draws(ratings, read_gold(folder, ratings), self._wanted.seed)
        task = self._bar.add_task(name, total=self._wanted.draws * len(self._wanted.labels))
        for number in range(self._wanted.draws):
            for labels in self._wanted.labels:
                self._draw(name, draws, number, labels)
                self._bar.advance(task)

    def collect(self) -> None:
        """Wait for the peers."""
        for wanted, future in self._asked:
            made = future.result()
            if made.problem is not None:
                self.results.problems.setdefault((wanted.group, wanted.method), made.problem)
            elif made.probabilities is not None and made.value is not None:
                self._take_in(wanted, made.probabilities, made.value)

    def _draw(self, name: str, draws: Draws, number: int, labels: int) -> None:
        drawn = draws.drawn(number, labels)
        trials = draws.trials(drawn)
        if not trials:
            return
        for with_judges in (False, True):
            spoken_of = {of for of, trial in trials.items() if not with_judges or trial.units.judged}
            for rule in self._wanted.rules if spoken_of else ():
                made = label_set(rule, drawn, with_judges=with_judges)
                for attribute in spoken_of:
                    group = _group(name, drawn, attribute, labels, with_judges)
                    self._own(group, rule, attribute, number, trials[attribute], made[attribute])
        for attribute, trial in trials.items():
            self._ask_peers(_group(name, drawn, attribute, labels, False), attribute, number, trial)

    def _own(self, group: Group, rule: str, attribute: str, draw: int, trial: Trial, made: SetLabels) -> None:
        cell = self.results.cell(group, rule, is_peer=False)
        cell.add(draw, attribute, trial, made.value, made.expected)
        if attribute not in cell.points:
            return
        tested = trial.tested
        if trial.truth is not None:
            cell.add_confidence(made.confidence[tested], trial.right(made.value)[tested])
        elif made.next_rating is not None:
            likeliest = made.next_rating[tested].max(axis=1)
            coming = trial.units.scale.values[np.nan_to_num(made.next_rating).argmax(axis=1)]
            cell.add_confidence(likeliest, trial.right(coming)[tested])

    def _ask_peers(self, group: Group, attribute: str, draw: int, trial: Trial) -> None:
        methods = [*(QUICK if draw >= self._wanted.slow_draws else peers.CROWD_KIT)]
        if self._pool is None:
            return
        judged = [_everywhere(said, trial.units) for said in trial.units.judged.values()]
        place = f"{group.set_name} {attribute} {group.labels}"
        stem = f"{len(self._asked)}"
        votes = peers.write_votes(self._votes_folder / f"{stem}.npz", trial.units.votes, judged)
        for method in methods:
            self._ask(Wanted(group, method, attribute, draw, trial), place, method, votes)
        if judged:
            beside = Group(group.set_name, group.is_accuracy, group.labels, with_judges=True)
            self._ask(Wanted(beside, "CROWDLAB", attribute, draw, trial), place, "CROWDLAB", votes)
        if len(judged) > 1:
            mean = [np.mean(judged, axis=0)]
            votes = peers.write_votes(self._votes_folder / f"{stem}-mean.npz", trial.units.votes, mean)
            self._ask(Wanted(beside, "CROWDLAB of the mean", attribute, draw, trial), place, "CROWDLAB", votes)

    def _ask(self, wanted: Wanted, place: str, method: str, votes: Path) -> None:
        assert self._pool is not None  # noqa: S101  the caller has looked
        future = self._pool.fit(method, place, votes)
        future.add_done_callback(lambda _: self._bar.advance(self._of_peers))
        self._asked.append((wanted, future))
        self._bar.update(self._of_peers, total=len(self._asked))

    def _take_in(self, wanted: Wanted, probabilities: np.ndarray, code: np.ndarray) -> None:
        scale, trial = wanted.trial.units.scale, wanted.trial
        value = np.where(code < 0, np.nan, scale.values[code])
        expected = value if scale.is_nominal else probabilities @ scale.values
        cell = self.results.cell(wanted.group, _full_name(wanted.method), is_peer=True)
        cell.add(wanted.draw, wanted.attribute, trial, value, expected)
        if trial.truth is not None:
            confidence = probabilities[np.arange(len(code)), code]
            cell.add_confidence(confidence[trial.tested], trial.right(value)[trial.tested])


def _group(name: str, drawn: RatingSet, attribute: str, labels: int, with_judges: bool) -> Group:
    return Group(name, measured_by_accuracy(drawn.scales[attribute]), labels, with_judges)


def _everywhere(said: np.ndarray, units: Units) -> np.ndarray:
    """A judge's probabilities, and where it is silent how common the levels are: the peers want one that always speaks."""
    common = units.votes.tally().sum(axis=0)
    return np.where(np.isnan(said), common / max(common.sum(), 1), said)


def _full_name(method: str) -> str:
    return f"{SOURCE.get(method, 'crowd-kit')} {method}"


# --- what is told ---------------------------------------------------------------------------------------------------
def tables(results: Results) -> list[Table]:
    made = [table for name, is_accuracy in _measures(results) for table in _of_set(results, name, is_accuracy)]
    return [*made, _comparisons(results), *_ranks(results)]


def _measures(results: Results) -> list[tuple[str, bool]]:
    return list(dict.fromkeys((group.set_name, group.is_accuracy) for group in results.groups()))


def _of_set(results: Results, name: str, is_accuracy: bool) -> Iterator[Table]:
    groups = [group for group in results.of_set(name) if group.is_accuracy == is_accuracy]
    methods = list(dict.fromkeys(method for group in groups for method in results.methods(group)))
    header = ["", *(group.title for group in groups)]
    measure = "accuracy, %" if is_accuracy else "mean absolute error, scale points"
    rows = [[method, *(_figure(results, group, method) for group in groups)] for method in methods]
    yield Table(f"{name}: {measure}, by labels a sample", header, rows)
    rows = [[method, *(_calibration_error(results, group, method) for group in groups)] for method in methods]
    told = "against gold, else of the predicted next rating"
    yield Table(f"{name}: calibration error ({told})", header, [row for row in rows if any(row[1:])])


def _figure(results: Results, group: Group, method: str) -> str:
    cell = results.methods(group).get(method)
    if cell is None:
        return ""
    figure = cell.figure(is_accuracy=group.is_accuracy)
    return f"{figure:.2f}" if group.is_accuracy else f"{figure:.3f}"


def _comparisons(results: Results) -> Table:
    rows = []
    for group in results.groups():
        peer = results.best_peer(group)
        if peer is not None and OURS in results.methods(group):
            rows.append([f"{group.set_name}, {group.title}", peer, *_texts(results.difference(group, peer))])
    for with_judges in (False, True):
        if pooled := results.pooled(with_judges=with_judges):
            rows.append([f"pooled{', with judges' if with_judges else ''}", "best of each", *_texts(pooled)])
    title = f"{OURS} less the best other package, points (of the scale's length, where it is an error)"
    return Table(title, ["set, labels", "best other", "difference", "95 % interval"], rows)


def _texts(difference: Difference) -> list[str]:
    return [f"{difference.mean:+.2f}", f"{difference.low:+.2f} to {difference.high:+.2f}"]


def _ranks(results: Results) -> Iterator[Table]:
    for with_judges in (False, True):
        ranks = results.ranks(with_judges=with_judges)
        if ranks:
            rows = [[method, f"{rank:.2f}", str(count)] for method, (rank, count) in ranks.items()]
            title = f"mean rank{', with judges' if with_judges else ''}"
            yield Table(title, ["", "mean rank", "over"], rows)


def _calibration_error(results: Results, group: Group, method: str) -> str:
    cell = results.methods(group).get(method)
    error = None if cell is None else cell.calibration_error
    return "" if error is None else f"{error:.3f}"


def problems(results: Results) -> list[str]:
    return [
        f"{_full_name(method)} on {group.set_name}, {group.title} labels: {problem}"
        for (group, method), problem in sorted(results.problems.items())
    ]


def figures(results: Results) -> dict[str, Any]:
    """Every figure, for a file."""
    return {
        "groups": [_figures_of(results, group) for group in results.groups()],
        "pooled": {
            "people": _plain(results.pooled(with_judges=False)),
            "judges": _plain(results.pooled(with_judges=True)),
        },
        "mean_rank": {
            "people": results.ranks(with_judges=False),
            "judges": results.ranks(with_judges=True),
        },
        "problems": problems(results),
    }


def _figures_of(results: Results, group: Group) -> dict[str, Any]:
    methods = {}
    for method, cell in results.methods(group).items():
        difference = results.difference(group, method) if OURS in results.methods(group) else None
        methods[method] = {
            "figure": cell.figure(is_accuracy=group.is_accuracy),
            "draws": cell.draws,
            "is_peer": cell.is_peer,
            "calibration_error": cell.calibration_error,
            f"{OURS}_less_this": _plain(difference),
        }
    return {**vars(group), "best_peer": results.best_peer(group), "methods": methods}


def _plain(difference: Difference | None) -> dict[str, float] | None:
    return None if difference is None else vars(difference)


# --- the command ----------------------------------------------------------------------------------------------------
def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="pilot folders")
    parser.add_argument("--labels", type=int, nargs="+", default=[1, 2, 3, 5], help="labels a sample")
    parser.add_argument("--draws", type=int, default=10, help="how often labels are drawn")
    parser.add_argument("--slow-draws", type=int, default=2, help="draws that slow packages get")
    parser.add_argument("--rules", nargs="+", choices=list(SET_RULES), default=list(SET_RULES), help="of Concord's")
    parser.add_argument("--peers", type=Path, help="environment of the other packages; by default made in var/")
    parser.add_argument("--no-peers", action="store_true", help="leave the other packages out")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds after which a fit of theirs is given up")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="that the other packages get")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write every figure into this file")
    parser.add_argument("--markdown", type=Path, help="write the tables into this file")
    return parser.parse_args(given)


def main() -> None:
    wanted = arguments()
    console, begin = Console(stderr=True), time.monotonic()
    try:
        folders = [PilotFolder.open(path) for path in wanted.folders]
        with tempfile.TemporaryDirectory(prefix="concord-quality-") as place, Progress(console=console) as bar:
            python = None if wanted.no_peers else peers.python_of(wanted.peers, console.print)
            pool = peers.Pool(python, Path(place), processes=wanted.processes, limit=wanted.limit) if python else None
            try:
                measurement = Measurement(wanted, pool, Path(place), bar)
                for folder in folders:
                    measurement.measure(folder)
                measurement.collect()
            finally:
                if pool:
                    pool.close()
    except BadRow as refusal:
        sys.exit(str(refusal))
    tell(measurement.results, wanted)
    console.print(f"{time.monotonic() - begin:.0f} s")


def tell(results: Results, wanted: argparse.Namespace) -> None:
    console, made = terminal(), tables(results)
    for table in made:
        table.show(console)
    for sentence in problems(results):
        console.print(sentence)
    if wanted.markdown:
        lines = [*(table.markdown() for table in made), *(f"- {sentence}" for sentence in problems(results))]
        wanted.markdown.write_text("\n".join(lines) + "\n")
    if wanted.json:
        wanted.json.write_text(json.dumps(figures(results), indent=1) + "\n")


if __name__ == "__main__":
    main()
