"""Which ratings of a set reliability is measured on. Every selection carries its name, and every figure of it does.

Later annotations exist only where people disagreed: with them agreement comes out too low. The ratings that a label
rests on were chosen because they agree: with them alone it comes out too high. So the first rounds are measured, or a
random slice on which nothing was chosen; after selection is a figure to set beside those, never in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from consensus import aggregate
from consensus.aggregate import TooFewUsable
from consensus.rating_set import RatedSample, RatingSet
from consensus.reliability import AFTER_SELECTION, FIRST_ROUNDS, RANDOM_SLICE, MeasuredOn, Reliability, measure


@dataclass(frozen=True, eq=False)
class Selection:
    """Ratings, and what they are to a measurement."""

    measured_on: MeasuredOn
    ratings: RatingSet


def first_rounds(ratings: RatingSet, size: int = 3) -> Selection:
    """The first `size` people of every sample, in order of arrival; where that is unknown, any so many people."""
    return Selection(FIRST_ROUNDS, _chosen(ratings, lambda sample: range(min(size, len(sample.people)))))


def random_slice(ratings: RatingSet, names: Collection[str]) -> Selection:
    """All ratings of the samples of these names: drawn at random, with a fixed number of people each."""
    wanted = frozenset(names)
    return Selection(
        RANDOM_SLICE, _chosen(ratings, lambda sample: range(len(sample.people)) if sample.name in wanted else ())
    )


def after_selection(ratings: RatingSet, rule: str = "closest-three") -> Selection:
    """The ratings that the labels of a rule rest on; none of a sample that the rule cannot label.

    Raises: aggregate.UnknownRule.
    """

    def chosen(sample: RatedSample) -> Sequence[int]:
        try:
            return aggregate.label(rule, sample.ratings, sample.slots).chosen
        except TooFewUsable:
            return ()

    return Selection(AFTER_SELECTION, _chosen(ratings, chosen))


def reliability_of(
    selection: Selection, attribute: str, rng: np.random.Generator, *, draws: int = 1000, confidence: float = 0.95
) -> Reliability:
    """Every figure of one attribute on these ratings, as `reliability.measure`.

    Raises: KeyError for an attribute that the set has not, and what `measure` raises.
    """
    units = selection.ratings.units(attribute)
    return measure(
        units.votes.tally(),
        units.scale,
        units.prompts,
        rng,
        measured_on=selection.measured_on,
        draws=draws,
        confidence=confidence,
    )


def _chosen(ratings: RatingSet, rows: Callable[[RatedSample], Sequence[int]]) -> RatingSet:
    return ratings.with_samples([sample.chosen(rows(sample)) for sample in ratings.samples])
