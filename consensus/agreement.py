"""Agreement of two ratings of one sample, raw and corrected for chance: figures of tables of pairs.

Every figure here is a function of a few (L, L) tables that are sums over samples, and works on any number of leading
axes: one data set, or all resamples of a bootstrap at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np

from consensus.saying import said
from consensus.scales import Scale

Weights = Literal["identity", "linear", "quadratic"]


class UnknownWeights(ValueError):
    """No weights of differences have this name."""


@dataclass(frozen=True, eq=False)
class PairTables:
    """Ordered pairs of ratings of one sample by two people, summed over the samples in three ways; (..., L, L) floats.

    by_rating: every rating weighs the same, which is Krippendorff's coincidence table. by_pair: every pair does.
    by_sample: every sample does; the table sums to the samples with two ratings. levels: (..., L) floats, the level of a
    rating drawn at random from each sample; sums to the samples with one rating.
    """

    by_rating: np.ndarray
    by_pair: np.ndarray
    by_sample: np.ndarray
    levels: np.ndarray

    @classmethod
    def of_sizes(cls, sizes: Sequence[int], levels: np.ndarray, pairs: np.ndarray) -> PairTables:
        """Parameters: sizes, K numbers of ratings of a sample; levels, (..., K, L), how often each level was chosen on
        samples of each size; pairs, (..., K, L, L), ordered pairs of different people's ratings on them.
        """
        size = np.array(sizes, dtype=float).reshape(-1, 1)
        others = np.maximum(size - 1, 1)[:, None]
        return cls(
            by_rating=(pairs / others).sum(axis=-3),
            by_pair=pairs.sum(axis=-3, dtype=float),
            by_sample=(pairs / (size[:, None] * others)).sum(axis=-3),
            levels=(levels / size).sum(axis=-2),
        )


def alpha_of(tables: np.ndarray, scale: Scale) -> np.ndarray:
    """Krippendorff's alpha of coincidence tables: (..., L, L) floats -> (...) floats, NaN = undefined.

    An ordinal difference is that between two mid-ranks, which is what the sum over the levels between them comes to.
    """
    margins = tables.sum(axis=-1)
    totals = margins.sum(axis=-1)
    squared = _squared_differences(margins, scale)
    observed = (tables * squared).sum(axis=(-2, -1))
    by_chance = (margins[..., :, None] * margins[..., None, :] * squared).sum(axis=(-2, -1))
    return _one_minus_ratio(observed * (totals - 1), by_chance)


def kappa_of(tables: np.ndarray, scale: Scale, weights: Weights = "quadratic") -> np.ndarray:
    """Cohen's weighted kappa of tables of pairs: (..., L, L) counts -> (...) floats, NaN = undefined. Cohen (1968)."""
    apart = penalties(scale, weights)
    observed = (tables * apart).sum(axis=(-2, -1)) * tables.sum(axis=(-2, -1))
    by_chance = tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :] * apart
    return _one_minus_ratio(observed, by_chance.sum(axis=(-2, -1)))


def agreement_share_of(tables: np.ndarray, scale: Scale, weights: Weights = "identity") -> np.ndarray:
    """Percent agreement as a share of 1: (..., L, L) pairs -> (...) floats, NaN = no pairs.

    With weights a pair that differs counts in part: 1 less its difference (or the square of it) as a share of the
    largest that the scale has.
    """
    agreeing = (tables * similarities(scale, weights)).sum(axis=(-2, -1))
    total = tables.sum(axis=(-2, -1))
    return np.divide(agreeing, total, out=np.full(np.shape(total), np.nan), where=total > 0)


def gwet_of(tables: PairTables, scale: Scale, weights: Weights = "identity") -> np.ndarray:
    """Gwet's AC1 (identity weights) or AC2 (others): (...) floats, NaN where no sample has two ratings.

    The levels of the *scale* are counted, used or not: a level that nobody chose could have been chosen. Samples with a
    single rating tell how common the levels are, and nothing of agreement.
    Source: Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement" (2008);
    "Handbook of Inter-Rater Reliability", 4th edition (2014), for weights and missing ratings.
    """
    similar = similarities(scale, weights)
    observed = agreement_share_of(tables.by_sample, scale, weights)
    rated = tables.levels.sum(axis=-1, keepdims=True)
    shares = np.divide(tables.levels, rated, out=np.zeros_like(tables.levels), where=rated > 0)
    level_count = len(scale.levels)
    by_chance = similar.sum() * (shares * (1 - shares)).sum(axis=-1) / (level_count * (level_count - 1))
    return (observed - by_chance) / (1 - by_chance)


def penalties(scale: Scale, weights: Weights) -> np.ndarray:
    """(L, L) floats: what a pair of levels costs. Nominal: 1 where they differ, whatever the weights.

    Raises: UnknownWeights.
    """
    if weights not in get_args(Weights):
        raise UnknownWeights(f"There are no weights {weights!r}. Use one of: {', '.join(get_args(Weights))}.")
    if weights == "identity":
        return (scale.distances > 0).astype(float)
    return scale.distances if weights == "linear" else scale.distances**2


def similarities(scale: Scale, weights: Weights) -> np.ndarray:
    """(L, L) floats: 1 for equal levels, 0 for the two ends of the scale (identity: for any that differ)."""
    apart = penalties(scale, weights)
    return 1 - apart / apart.max()


@dataclass(frozen=True)
class Figure:
    """One way to put agreement into a number.

    of: tables of pairs -> the figure, NaN = undefined. counts_single: whether samples with a single rating tell it anything.
    """

    of: Callable[[PairTables, Scale], np.ndarray]
    counts_single: bool = False

    def why_undefined(self, tables: PairTables, scale: Scale) -> str:
        """In words, why there is no value of these tables: of one data set, with or without a leading axis of 1."""
        chosen = tables.by_pair.reshape(-1, len(scale.levels)).any(axis=0)
        if not chosen.any():
            return said("No sample has two ratings, so there is nothing to compare. Collect a second rating for some.")
        [level] = np.flatnonzero(chosen)
        return (
            f"Every rating that can be compared is {scale.levels[level]}, so agreement cannot be told from habit. "
            "Collect ratings of samples that differ."
        )


FIGURES: dict[str, Figure] = {
    "alpha": Figure(lambda of, scale: alpha_of(of.by_rating, scale)),
    "quadratic_kappa": Figure(lambda of, scale: kappa_of(of.by_pair, scale, "quadratic")),
    "linear_kappa": Figure(lambda of, scale: kappa_of(of.by_pair, scale, "linear")),
    "ac1": Figure(partial(gwet_of, weights="identity"), counts_single=True),
    "ac2": Figure(partial(gwet_of, weights="quadratic"), counts_single=True),
    "percent_agreement": Figure(lambda of, scale: agreement_share_of(of.by_sample, scale, "identity")),
    "weighted_agreement": Figure(lambda of, scale: agreement_share_of(of.by_sample, scale, "quadratic")),
}


def _squared_differences(margins: np.ndarray, scale: Scale) -> np.ndarray:
    if scale.measurement != "ordinal":
        return scale.distances**2
    mid_ranks = np.cumsum(margins, axis=-1) - margins / 2
    return (mid_ranks[..., :, None] - mid_ranks[..., None, :]) ** 2


def _one_minus_ratio(observed: np.ndarray, by_chance: np.ndarray) -> np.ndarray:
    return 1 - np.divide(observed, by_chance, out=np.full(np.shape(by_chance), np.nan), where=by_chance > 0)
