"""The closest three people of many samples at once: the same three as `aggregate.closest_three` finds one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from consensus.aggregate import triples_of
from consensus.scales import Slot

_LARGEST_UNIT = 2**31  # of the common measure of all trigger values, so that sums stay exact in 64 bits


class TooUnlikeScales(ValueError):
    """The spans of the trigger values have no common measure that 64 bits could add up."""


def closest_threes(ratings: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """Which people are the closest three of each sample.

    Parameters: ratings, (N, M, K) floats on the scales of the slots, people in order of arrival, NaN = not rated; a row
        of NaN = nobody. Returns: (N, M) booleans, three of a row true, or none where fewer than three gave every trigger value.
    Raises: TooUnlikeScales.
    """
    triggers = [place for place, slot in enumerate(slots) if slot.is_trigger]
    missing = np.isnan(ratings)
    usable = ~(missing[:, :, triggers].any(axis=2) if triggers else missing.all(axis=2))
    triples = triples_of(ratings.shape[1])
    chosen = np.zeros(usable.shape, dtype=bool)
    if not len(triples):
        return chosen
    points = np.where(usable[:, :, None], _points(ratings, slots, triggers), 0)
    possible = usable[:, triples].all(axis=2)
    spread = np.where(possible, _spreads(points, triples), np.iinfo(np.int64).max)
    tied = possible & (spread == spread.min(axis=1, keepdims=True))
    remote = np.where(tied, _remoteness(points, usable.sum(axis=1), triples), np.iinfo(np.int64).max)
    best = triples[remote.argmin(axis=1)]  # the first of equals is the earliest
    np.put_along_axis(chosen, best, possible.any(axis=1)[:, None], axis=1)
    return chosen


def _points(ratings: np.ndarray, slots: Sequence[Slot], triggers: Sequence[int]) -> np.ndarray:
    """(N, M, C) whole numbers whose city-block distances weigh every trigger value the same; see `aggregate`."""
    unit = math.lcm(2, *(slots[place].scale.span for place in triggers))
    if unit >= _LARGEST_UNIT:
        raise TooUnlikeScales(
            "The trigger values' spans have no common measure. Use `aggregate.closest_three` instead."
        )
    columns = []
    for place in triggers:
        scale, given = slots[place].scale, np.nan_to_num(ratings[:, :, place])
        if scale.is_nominal:
            columns += [(given == level).astype(np.int64) * (unit // 2) for level in scale.levels]
        else:
            columns.append(given.astype(np.int64) * (unit // scale.span))
    return np.stack(columns, axis=2) if columns else np.zeros((*ratings.shape[:2], 0), dtype=np.int64)


def _spreads(points: np.ndarray, triples: np.ndarray) -> np.ndarray:
    """(N, T) sums of the three pairwise distances."""
    first, second, third = (points[:, triples[:, place]] for place in range(3))
    return np.asarray((abs(first - second) + abs(first - third) + abs(second - third)).sum(axis=2))


def _remoteness(points: np.ndarray, usable: np.ndarray, triples: np.ndarray) -> np.ndarray:
    """(N, T) distances of each triple's mean from the mean of all usable people, times what keeps them whole."""
    of_triple = usable[:, None, None] * points[:, triples].sum(axis=2)
    return np.asarray(abs(of_triple - 3 * points.sum(axis=1, keepdims=True)).sum(axis=2))
