"""Disagreement within one sample, in scale points (on a nominal scale: 0 the same, 1 different).

Each measure comes twice: of ratings, a row of people a sample, and of counts, how often each level was chosen. The
counts are all that any of them needs, and `Votes.tally` makes them without a column for every person.

What the scale says of the levels decides what a difference is. Nominal: any two levels are 1 apart. Ordinal and
interval: they are as far apart as their points, which is what the limits of a policy are stated in; number the levels
0, 1, 2, ... where only their order is meant. Entropy alone knows no distance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, Slot, WrongShape, people_by_slots


class CountsNotValid(ValueError):
    """Counts of ratings are negative or not whole numbers."""


def value_range(ratings: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Largest rating less the smallest, for many samples of one attribute.

    Parameters: ratings, (N, M) floats, N samples by M people, in scale points; NaN = not rated.
    Returns: (N,) floats; nominal: 0.0 unanimous, 1.0 not; NaN when nobody rated the sample.
    Raises: WrongShape, RatingOffScale.

    >>> value_range([[4, 4, 1], [2, np.nan, np.nan]], Scale((0, 1, 2, 3, 4), "ordinal"))
    array([3., 0.])
    """
    return range_of_counts(scale.tally(ratings), scale)


def mean_pairwise_distance(ratings: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Mean absolute difference between two people who rated the same sample.

    Parameters: ratings, (N, M) floats, N samples by M people, in scale points; NaN = not rated.
    Returns: (N,) floats; nominal: the share of pairs that differ; NaN with fewer than two ratings.
    Raises: WrongShape, RatingOffScale.

    >>> mean_pairwise_distance([[4, 4, 1]], Scale((0, 1, 2, 3, 4), "ordinal"))
    array([2.])
    """
    return distance_of_counts(scale.tally(ratings), scale)


def entropy(ratings: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """How evenly people are spread over the levels, whatever the distance of these, in nats (natural logarithm).

    0 is unanimous, log(L) an equal share for every level; M people reach log(M) at most. It is the entropy of the shares
    that were seen, which with few people is below that of the shares they were drawn from: compare it between samples
    with equally many ratings.

    Parameters: ratings, (N, M) floats, N samples by M people; NaN = not rated.
    Returns: (N,) floats; NaN when nobody rated the sample.
    Raises: WrongShape, RatingOffScale. Source: Shannon (1948).

    >>> entropy([[4, 4, 1, 1], [2, 2, 2, 2]], Scale((0, 1, 2, 3, 4), "ordinal")).round(3)
    array([0.693, 0.   ])
    """
    return entropy_of_counts(scale.tally(ratings), scale)


def range_of_counts(counts: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """`value_range` of (N, L) counts, how many people chose each level. Raises: WrongShape, CountsNotValid."""
    chosen = level_counts(counts, len(scale.levels)) > 0
    lowest, highest = chosen.argmax(axis=1), chosen.shape[1] - 1 - chosen[:, ::-1].argmax(axis=1)
    return np.where(chosen.any(axis=1), scale.distances[lowest, highest], np.nan)


def distance_of_counts(counts: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """`mean_pairwise_distance` of (N, L) counts. Raises: WrongShape, CountsNotValid."""
    weights = level_counts(counts, len(scale.levels)).astype(float)
    given = weights.sum(axis=1)
    both_ways = ((weights @ scale.distances) * weights).sum(axis=1)
    return np.divide(both_ways, given * (given - 1), out=np.full(len(weights), np.nan), where=given >= 2)


def entropy_of_counts(counts: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """`entropy` of (N, L) counts. Raises: WrongShape, CountsNotValid."""
    weights = level_counts(counts, len(scale.levels)).astype(float)
    given = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, given, out=np.full_like(weights, np.nan), where=given > 0)
    surprise = -np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return (shares * surprise).sum(axis=1)


def slot_ranges(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> np.ndarray:
    """Range over the people who rated each slot, for one sample.

    Parameters: ratings, (M, K) floats, M people by K slots; NaN = not rated.
    Returns: (K,) floats, each in the points of its scale; NaN when nobody rated the slot.
    Raises: WrongShape, RatingOffScale, SlotNotValid.
    """
    return capped_on_nominal(range_along(people_by_slots(ratings, slots), axis=0), slots)


def range_along(values: np.ndarray, axis: int) -> np.ndarray:
    """Largest less smallest along an axis, NaN left out; NaN where nothing is left."""
    present = ~np.isnan(values)
    highest = np.max(values, axis=axis, initial=-np.inf, where=present)
    lowest = np.min(values, axis=axis, initial=np.inf, where=present)
    return np.where(present.any(axis=axis), highest - lowest, np.nan)


def capped_on_nominal(ranges: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """Ranges (..., K) as they are, but at most 1 on nominal slots, whose levels are names and not amounts."""
    return np.minimum(ranges, [1.0 if slot.scale.is_nominal else np.inf for slot in slots])


def level_counts(counts: npt.ArrayLike, level_count: int) -> np.ndarray:
    """How many people chose each level, as an (N, L) array of whole numbers. Raises: WrongShape, CountsNotValid."""
    given = np.asarray(counts)
    if given.ndim != 2 or given.shape[1] != level_count:
        raise WrongShape(f"Counts have the shape {given.shape}. Give (samples, {level_count} levels).")
    whole = given if given.dtype.kind in "iu" else given.astype(np.int64)
    if given.size and ((whole != given).any() or whole.min() < 0):
        raise CountsNotValid("Some counts are negative or no whole numbers. Count how many people chose each level.")
    return whole
