"""Disagreement within one sample, in scale points (on a nominal scale: 0 the same, 1 different)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, Slot, people_by_slots, samples_by_people


def value_range(ratings: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Largest rating less the smallest, for many samples of one attribute.

    Parameters: ratings, (N, M) floats, N samples by M people, in scale points; NaN = not rated.
    Returns: (N,) floats; nominal: 0.0 unanimous, 1.0 not; NaN when nobody rated the sample.
    Raises: WrongShape, RatingOffScale.

    >>> value_range([[4, 4, 1], [2, np.nan, np.nan]], Scale((0, 1, 2, 3, 4), "ordinal"))
    array([3., 0.])
    """
    matrix = samples_by_people(ratings)
    scale.codes(matrix)
    ranges = range_along(matrix, axis=1)
    return np.minimum(ranges, 1.0) if scale.is_nominal else ranges


def slot_ranges(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> np.ndarray:
    """Range over the people who rated each slot, for one sample.

    Parameters: ratings, (M, K) floats, M people by K slots; NaN = not rated.
    Returns: (K,) floats, each in the points of its scale; NaN when nobody rated the slot.
    Raises: WrongShape, RatingOffScale, SlotNotValid.
    """
    return capped_on_nominal(range_along(people_by_slots(ratings, slots), axis=0), slots)


def mean_pairwise_distance(ratings: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Mean absolute difference between two people who rated the same sample.

    Parameters: ratings, (N, M) floats, N samples by M people, in scale points; NaN = not rated.
    Returns: (N,) floats; nominal: the share of pairs that differ; NaN with fewer than two ratings.
    Raises: WrongShape, RatingOffScale.

    >>> mean_pairwise_distance([[4, 4, 1]], Scale((0, 1, 2, 3, 4), "ordinal"))
    array([2.])
    """
    counts = scale.tally(ratings).astype(float)
    given = counts.sum(axis=1)
    both_ways = np.einsum("nl,lk,nk->n", counts, scale.distances, counts)
    return np.divide(both_ways, given * (given - 1), out=np.full(len(counts), np.nan), where=given >= 2)


def range_along(values: np.ndarray, axis: int) -> np.ndarray:
    """Largest less smallest along an axis, NaN left out; NaN where nothing is left."""
    present = ~np.isnan(values)
    highest = np.max(values, axis=axis, initial=-np.inf, where=present)
    lowest = np.min(values, axis=axis, initial=np.inf, where=present)
    return np.where(present.any(axis=axis), highest - lowest, np.nan)


def capped_on_nominal(ranges: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """Ranges (..., K) as they are, but at most 1 on nominal slots, whose levels are names and not amounts."""
    return np.minimum(ranges, [1.0 if slot.scale.is_nominal else np.inf for slot in slots])
