"""How right labels are: against gold, or against people who were kept back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from consensus.posterior import is_line
from consensus.rating_set import Units
from consensus.replays.labelling import Labels
from consensus.replays.recorded import Drawn, Recorded
from consensus.scales import Scale
from consensus.votes import Votes

Measure = Literal["agreement", "absolute_error"]


@dataclass(frozen=True, eq=False)
class Score:
    """Sums over the units of every sample of a set: (N,) floats each.

    total: of the units' scores. goodness: of the same from 0 to 1, the more the better (the agreement; 1 less the error
    over the span of the scale). count: of the units that have a label and something to compare it with. unlabelled: of
    those that lack a label.
    """

    total: np.ndarray
    goodness: np.ndarray
    count: np.ndarray
    unlabelled: np.ndarray

    def __add__(self, other: Score) -> Score:
        return Score(
            self.total + other.total,
            self.goodness + other.goodness,
            self.count + other.count,
            self.unlabelled + other.unlabelled,
        )


def measure_of(scale: Scale) -> Measure:
    """Names and short scales are right or wrong; on five ordered levels and more the distance is measured."""
    return "absolute_error" if is_line(scale) else "agreement"


def references(drawn: Drawn, gold: Mapping[str, np.ndarray]) -> dict[str, np.ndarray | Votes]:
    """What labels are compared with: gold (U,) where there is any in the set, else the votes of the people kept back."""
    if gold:
        return dict(gold)
    recorded, kept = drawn.recorded, drawn.left_out()
    return {attribute: recorded.votes(attribute, drawn.kinds, kept) for attribute in recorded.attributes}


def scores(
    recorded: Recorded, labels: Mapping[str, Labels], against: Mapping[str, np.ndarray | Votes]
) -> dict[Measure, Score]:
    """Score every sample by each measure that its attributes have.

    agreement: the share of the kept-back ratings that are the label's value (gold: 1 or 0). absolute_error: how far
    `expected` is from their mean (from gold), in scale points.
    """
    found: dict[Measure, Score] = {}
    for attribute, reference in against.items():
        units = recorded.units(attribute)
        one = _scored(units, labels[attribute], reference, len(recorded.ratings.samples))
        measure = measure_of(units.scale)
        found[measure] = found[measure] + one if measure in found else one
    return found


def _scored(units: Units, labels: Labels, reference: np.ndarray | Votes, sample_count: int) -> Score:
    agreement = measure_of(units.scale) == "agreement"
    if isinstance(reference, Votes):
        by_unit = (
            _agreement_with(labels.value, reference, units.scale)
            if agreement
            else _error_from(labels, reference, units.scale)
        )
        there = np.diff(reference.starts) > 0
    else:
        by_unit = (labels.value == reference).astype(float) if agreement else np.abs(labels.expected - reference)
        there = ~np.isnan(reference)
    labelled = there & ~np.isnan(labels.value if agreement else labels.expected)
    goodness = by_unit if agreement else 1 - by_unit / units.scale.span

    def by_sample(numbers: np.ndarray) -> np.ndarray:
        return np.bincount(units.sample, weights=numbers, minlength=sample_count)

    return Score(
        total=by_sample(np.where(labelled, by_unit, 0)),
        goodness=by_sample(np.where(labelled, goodness, 0)),
        count=by_sample(labelled.astype(float)),
        unlabelled=by_sample((there & ~labelled).astype(float)),
    )


def _agreement_with(value: np.ndarray, kept: Votes, scale: Scale) -> np.ndarray:
    """(U,) the share of the kept-back ratings that are the value; 0 where there is none."""
    same = scale.values[kept.level] == value[kept.sample]
    return _mean_by_unit(kept, same.astype(float))


def _error_from(labels: Labels, kept: Votes, scale: Scale) -> np.ndarray:
    return np.abs(labels.expected - _mean_by_unit(kept, scale.values[kept.level]))


def _mean_by_unit(votes: Votes, numbers: np.ndarray) -> np.ndarray:
    summed = np.bincount(votes.sample, weights=numbers, minlength=votes.sample_count)
    return np.asarray(summed / np.maximum(np.diff(votes.starts), 1))
