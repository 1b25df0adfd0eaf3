"""Mean, median and majority of every sample at once, from how many people chose each level.

The same values as `aggregate.label` gives sample by sample. Work goes along the levels, which are few, and never
along a sample's own row: that is what makes a million samples quick. And the level that a distribution speaks for: the
likeliest, or the middle one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, WrongShape

Middle = Callable[[npt.ArrayLike, Scale], np.ndarray]


def mean(counts: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Mean of what people gave; on a nominal scale the commonest level, since names have no mean.

    Parameters: counts, (N, L) whole numbers, votes a level. Returns: (N,) floats in scale points, NaN without votes.
    Raises: WrongShape.

    >>> mean([[0, 1, 1], [0, 0, 0]], Scale((0, 1, 2), "ordinal"))
    array([1.5, nan])
    """
    tally = votes_by_level(counts, scale)
    if scale.is_nominal:
        return majority(tally, scale)
    given = tally.sum(axis=1)
    return np.divide(tally @ scale.values, given, out=np.full(len(tally), np.nan), where=given > 0)


def median(counts: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Median of what people gave, halfway between the middle two where they are even; nominal: the commonest level.

    Parameters, returns, raises: as `mean`.

    >>> median([[1, 0, 1], [1, 1, 1]], Scale((0, 1, 2), "ordinal"))
    array([1., 1.])
    """
    tally = votes_by_level(counts, scale)
    if scale.is_nominal:
        return majority(tally, scale)
    given = tally.sum(axis=1)
    below = np.cumsum(tally, axis=1)
    lower, upper = (scale.values[_first_above(below, place)] for place in ((given - 1) // 2, given // 2))
    return np.where(given > 0, (lower + upper) / 2, np.nan)


def majority(counts: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """The commonest level; ties: the one nearest the mean of all that was given, then the lowest (nominal: the lowest).

    Parameters, returns, raises: as `mean`.

    >>> majority([[2, 1, 2], [1, 1, 2]], Scale((0, 1, 2), "ordinal"))
    array([0., 2.])
    """
    tally = votes_by_level(counts, scale)
    chosen = np.zeros(len(tally), dtype=np.int16)
    most, is_split = tally[:, 0].copy(), np.zeros(len(tally), dtype=bool)
    for level in range(1, len(scale.levels)):
        votes = tally[:, level]
        is_more = votes > most
        is_split = (is_split & ~is_more) | (votes == most)
        chosen[is_more] = level
        np.maximum(most, votes, out=most)
    if not scale.is_nominal:
        split = np.flatnonzero(is_split & (most > 0))
        chosen[split] = _nearest_the_mean(tally[split], most[split], scale)
    return np.where(most > 0, scale.values[chosen], np.nan)


def votes_by_level(counts: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Votes a level as an (N, L) array. Raises: WrongShape."""
    tally = np.asarray(counts)
    if tally.ndim != 2 or tally.shape[1] != len(scale.levels):
        raise WrongShape(f"Counts have the shape {tally.shape}. Give (samples, {len(scale.levels)} levels).")
    return tally


def _nearest_the_mean(tally: np.ndarray, most: np.ndarray, scale: Scale) -> np.ndarray:
    """Of each row's commonest levels the one nearest its mean, the lowest of two; in whole numbers, so exactly."""
    given, total = tally.sum(axis=1, keepdims=True), (tally @ scale.values)[:, None]
    remoteness = np.where(tally == most[:, None], np.abs(given * scale.values - total), np.inf)
    return remoteness.argmin(axis=1)


def _first_above(below: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The first level by which more votes than `place` have been counted; 0 where there are none."""
    return (below > place[:, None]).argmax(axis=1)


def likeliest(probabilities: np.ndarray, scale: Scale) -> np.ndarray:
    """The level with the highest probability: (N, L) -> (N,) floats; ties: the one nearest the mean, then the lowest."""
    top = probabilities >= probabilities.max(axis=1, keepdims=True) - 1e-12
    if scale.is_nominal:
        return scale.values[top.argmax(axis=1)]
    apart = np.abs(scale.values - (probabilities @ scale.values)[:, None])
    return scale.values[np.where(top, np.round(apart, 9), np.inf).argmin(axis=1)]


def middle_level(probabilities: np.ndarray, scale: Scale) -> np.ndarray:
    """The median of each distribution (N, L): (N,) floats; exactly between two levels it is rounded as `Scale.nearest` does."""
    below = np.cumsum(probabilities, axis=1)
    # Summing leaves a hair of error; an exact half on either side is a tie, not a lower median.
    lower = scale.values[(below >= 0.5 - 1e-12).argmax(axis=1)]
    upper = scale.values[(below > 0.5 + 1e-12).argmax(axis=1)]
    return scale.nearest((lower + upper) / 2)
