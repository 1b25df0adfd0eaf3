"""How good the labels of every method were, draw by draw, and what follows from it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bench import scores
from bench.draws import Trial
from bench.scores import Difference

OURS = "posterior"


@dataclass(frozen=True, order=True)
class Group:
    """What is put side by side: one set, one measure, one number of labels, with judges or without."""

    set_name: str
    is_accuracy: bool
    labels: int
    with_judges: bool

    @property
    def title(self) -> str:
        return f"{self.labels}{' + judges' if self.with_judges else ''}"


@dataclass
class Points:
    """One method on one attribute: draw -> (U,) points; the units' samples; the span in scale points."""

    sample: np.ndarray
    span: int
    of_draw: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        return float(np.nanmean(list(self.of_draw.values())))


@dataclass
class Cell:
    """One method in one group."""

    is_peer: bool
    points: dict[str, Points] = field(default_factory=dict)
    confidence: list[np.ndarray] = field(default_factory=list)
    right: list[np.ndarray] = field(default_factory=list)

    def add(self, draw: int, attribute: str, trial: Trial, value: np.ndarray, expected: np.ndarray) -> None:
        """The labels of one draw; a method that said nothing at all is left out."""
        if np.isnan(value[trial.tested]).all():
            return
        points = self.points.setdefault(attribute, Points(trial.units.sample, trial.units.scale.span))
        points.of_draw[draw] = trial.points(value, expected)

    def add_confidence(self, confidence: np.ndarray, right: np.ndarray) -> None:
        known = ~np.isnan(confidence)
        self.confidence.append(confidence[known])
        self.right.append(right[known])

    @property
    def draws(self) -> int:
        return max((len(points.of_draw) for points in self.points.values()), default=0)

    def figure(self, *, is_accuracy: bool) -> float:
        """Accuracy in per cent, or the mean absolute error in scale points; the mean over attributes."""
        if is_accuracy:
            return float(np.mean([points.mean for points in self.points.values()]))
        return float(np.mean([-points.mean / 100 * points.span for points in self.points.values()]))

    @property
    def calibration_error(self) -> float | None:
        if not self.confidence:
            return None
        return scores.calibration_error(np.concatenate(self.confidence), np.concatenate(self.right))


class Results:
    """Everything that was measured."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.cells: dict[Group, dict[str, Cell]] = defaultdict(dict)
        self.sample_counts: dict[str, int] = {}
        self.problems: dict[tuple[Group, str], str] = {}

    def cell(self, group: Group, method: str, *, is_peer: bool) -> Cell:
        return self.cells[group].setdefault(method, Cell(is_peer))

    def groups(self) -> list[Group]:
        return sorted(group for group, methods in self.cells.items() if self._measured(methods))

    def methods(self, group: Group) -> dict[str, Cell]:
        """Those that said something; beside judges also the peers that know of none, for they may be better."""
        own = self._measured(self.cells[group])
        if group.with_judges:
            alone = Group(group.set_name, group.is_accuracy, group.labels, with_judges=False)
            blind = self._measured(self.cells.get(alone, {}))
            own |= {method: cell for method, cell in blind.items() if cell.is_peer and method not in own}
        return own

    def set_names(self) -> list[str]:
        return list(self.sample_counts)

    def of_set(self, name: str) -> list[Group]:
        return [group for group in self.groups() if group.set_name == name]

    def advantage(self, group: Group, method: str) -> float:
        """Points by which ours is better than a method, over the draws that both had."""
        sums = self._paired(group, method)
        return float(sums[0].sum() / max(sums[1].sum(), 1))

    def difference(self, group: Group, method: str) -> Difference:
        return scores.difference(self.advantage(group, method), self._resampled(group, method))

    def best_peer(self, group: Group) -> str | None:
        peers = [method for method, cell in self.methods(group).items() if cell.is_peer]
        return min(peers, key=lambda method: self.advantage(group, method), default=None)

    def pooled(self, *, with_judges: bool) -> Difference | None:
        """Ours less the best peer of each group: the mean over the groups of a set, then over sets."""
        by_set: dict[str, list[tuple[float, np.ndarray]]] = defaultdict(list)
        for group in self.groups():
            peer = self.best_peer(group)
            if peer is not None and OURS in self.methods(group) and group.with_judges == with_judges:
                by_set[group.set_name].append((self.advantage(group, peer), self._resampled(group, peer)))
        if not by_set:
            return None
        means = [np.mean([mean for mean, _ in of_set]) for of_set in by_set.values()]
        resampled = [np.mean([drawn for _, drawn in of_set], axis=0) for of_set in by_set.values()]
        return scores.difference(float(np.mean(means)), np.mean(resampled, axis=0))

    def ranks(self, *, with_judges: bool) -> dict[str, tuple[float, int]]:
        """Mean rank of each method over the groups in which it said something, best first."""
        tables = [
            {method: -round(self.advantage(group, method), 9) for method in self.methods(group)}
            for group in self.groups()
            if group.with_judges == with_judges and OURS in self.methods(group)
        ]
        return dict(sorted(scores.mean_ranks(tables).items(), key=lambda item: item[1]))

    @staticmethod
    def _measured(methods: dict[str, Cell]) -> dict[str, Cell]:
        return {method: cell for method, cell in methods.items() if cell.points}

    def _paired(self, group: Group, method: str) -> np.ndarray:
        """(2, N) sums and counts a sample of the difference in points, ours less theirs."""
        ours, theirs = self.methods(group)[OURS], self.methods(group)[method]
        total = np.zeros((2, self.sample_counts[group.set_name]))
        for points, difference in _paired_units(ours, theirs):
            total += scores.by_sample(difference, points.sample, total.shape[1])
        return total

    def _resampled(self, group: Group, method: str) -> np.ndarray:
        # Of its own for each set, and the same for every method and number of labels in it.
        own = self._seed + 1 + self.set_names().index(group.set_name)
        return scores.resampled_means(self._paired(group, method), own)


def _paired_units(ours: Cell, theirs: Cell) -> Iterator[tuple[Points, np.ndarray]]:
    """For every attribute the difference of each unit (U,), averaged over the draws that both had."""
    for attribute in ours.points.keys() & theirs.points.keys():
        mine, other = ours.points[attribute], theirs.points[attribute]
        draws = sorted(mine.of_draw.keys() & other.of_draw.keys())
        if not draws:
            continue
        apart = np.array([mine.of_draw[draw] - other.of_draw[draw] for draw in draws])
        known = ~np.isnan(apart)
        count = known.sum(axis=0)
        mean = np.where(known, apart, 0).sum(axis=0) / np.maximum(count, 1)
        yield mine, np.where(count > 0, mean, np.nan)
