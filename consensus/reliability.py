"""How far the ratings of a set of samples can be relied on, always with an interval by prompt.

Every statistic here is a function of one (L, L) table of rating pairs, summed over samples. The bootstrap draws whole
prompts (samples of one prompt are not independent) and therefore only adds up tables. With fewer than ten prompts
its interval is rough: too few draws differ, and it comes out too narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import krippendorff  # type: ignore[import-untyped,unused-ignore]
import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, WrongShape, samples_by_people

Statistic = Callable[[np.ndarray], np.ndarray]
_TABLES_AT_ONCE = 4_000_000


class BootstrapNotValid(ValueError):
    """The number of draws or the confidence makes no interval."""


@dataclass(frozen=True)
class Estimate:
    """One figure, and how sure it is.

    value: None when it is undefined. low, high: the interval, None when there is none. count: samples it rests on.
    clusters: prompts it rests on. undefined: in words, what is missing and why; empty when nothing is.
    """

    value: float | None
    low: float | None
    high: float | None
    count: int
    clusters: int
    undefined: str = ""


@dataclass(frozen=True)
class Agreement:
    """How often two ratings of one sample are the same, raw and corrected for chance."""

    equal_share: Estimate
    weighted_kappa: Estimate


def krippendorff_alpha(ratings: npt.ArrayLike, scale: Scale) -> Estimate:
    """Krippendorff's alpha at the scale's level of measurement, without an interval.

    Parameters: ratings, (N, M) floats, N samples by M people; NaN = not rated. Who is who does not matter.
    Returns: Estimate; 1 perfect, 0 as by chance; `clusters` counts each sample as its own prompt.
    Raises: WrongShape, RatingOffScale.
    Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), by the package `krippendorff`.
    """
    counts = scale.tally(ratings)
    counts = counts[counts.sum(axis=1) >= 2]
    if undefined := _why_alpha_is_undefined(counts, scale):
        return Estimate(None, None, None, len(counts), len(counts), undefined)
    value = krippendorff.alpha(value_counts=counts, value_domain=scale.values, level_of_measurement=scale.measurement)
    return Estimate(float(value), None, None, len(counts), len(counts))


def bootstrap_alpha(
    ratings: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Estimate:
    """Krippendorff's alpha with a percentile bootstrap interval, the prompt being the unit that is drawn.

    Parameters: ratings, (N, M) floats, N samples by M people, NaN = not rated; clusters, (N,) the prompt of each sample;
        draws, number of resamples; confidence, between 0 and 1.
    Returns: Estimate. Resamples in which alpha is undefined are left out of the interval. Under ten prompts it is rough.
    Raises: WrongShape, RatingOffScale, BootstrapNotValid.
    Source: Zapf et al. (2016): the bootstrap is near nominal coverage where the asymptotic interval is too narrow.
    """
    counts = scale.tally(ratings)
    prompts = _prompts(clusters, len(counts))
    pairable = counts.sum(axis=1) >= 2
    point = krippendorff_alpha(ratings, scale)
    tables = _sum_by_prompt(coincidences(counts[pairable]), prompts[pairable])
    if point.value is None:
        return Estimate(None, None, None, point.count, len(tables), point.undefined)
    interval = _interval(tables, lambda drawn: alpha_of(drawn, scale), rng, draws, confidence)
    return _with_interval(point.value, interval, point.count, len(tables))


def quadratic_weighted_kappa(ratings: npt.ArrayLike, scale: Scale) -> Estimate:
    """Cohen's kappa with squared distances, averaged over every pair of columns that share samples.

    Parameters: ratings, (N, M) floats, N samples by M people; NaN = not rated. A column is a person, or a place in the
        order of arrival where people change. Nominal: every difference weighs the same (plain kappa).
    Returns: Estimate without interval; pairs of columns for which kappa is undefined are left out.
    Raises: WrongShape, RatingOffScale.
    Source: Cohen (1968); weights are squared differences in scale points.
    """
    codes = scale.codes(samples_by_people(ratings))
    level_count = len(scale.levels)
    tables = [
        _pair_table(codes[:, one], codes[:, two], level_count) for one, two in combinations(range(codes.shape[1]), 2)
    ]
    count = int(np.count_nonzero((codes >= 0).sum(axis=1) >= 2))
    kappas = kappa_of(np.array(tables).reshape(-1, level_count, level_count), scale)
    defined = kappas[~np.isnan(kappas)]
    if not len(defined):
        return Estimate(None, None, None, count, count, _why_pairs_are_undefined(count))
    return Estimate(float(defined.mean()), None, None, count, count)


def agreement_with(
    judge_values: npt.ArrayLike,
    ratings: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Agreement:
    """How a judge agrees with single people, over all pairs of (judge value, one person's first-round rating).

    Parameters: judge_values, (N,) floats, levels, NaN = no judgment; ratings, (N, M) floats, first rounds only, NaN = not
        rated; clusters, (N,) prompts; draws and confidence as in `bootstrap_alpha`.
    Raises: WrongShape, RatingOffScale, BootstrapNotValid. Under ten prompts the intervals are rough.
    """
    counts = scale.tally(ratings)
    judged = scale.tally(np.asarray(judge_values, dtype=float).reshape(-1, 1))
    if len(judged) != len(counts):
        raise WrongShape(f"{len(judged)} judge values for {len(counts)} samples. Give one a sample, NaN for none.")
    tables = (judged[:, :, None] * counts[:, None, :]).astype(float)
    return _agreement(tables, scale, clusters, rng, draws, confidence)


def people_agreement(
    ratings: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Agreement:
    """How people agree with each other, over all pairs of people who rated the same sample: the mark for a judge.

    Every pair counts in both directions, because people of different samples have no order; so the kappa's two
    margins are one. Parameters, errors: as in `agreement_with`.
    """
    counts = scale.tally(ratings)
    return _agreement(_pairs_within(counts), scale, clusters, rng, draws, confidence)


def coincidences(counts: np.ndarray) -> np.ndarray:
    """The coincidence table of each sample: (N, L) counts of two or more ratings -> (N, L, L) floats."""
    return _pairs_within(counts) / (counts.sum(axis=1) - 1).reshape(-1, 1, 1)


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


def kappa_of(tables: np.ndarray, scale: Scale) -> np.ndarray:
    """Quadratic-weighted kappa of tables of pairs: (..., L, L) counts -> (...) floats, NaN = undefined."""
    squared = scale.distances**2
    observed = (tables * squared).sum(axis=(-2, -1)) * tables.sum(axis=(-2, -1))
    by_chance = tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :] * squared
    return _one_minus_ratio(observed, by_chance.sum(axis=(-2, -1)))


def equal_share_of(tables: np.ndarray) -> np.ndarray:
    """The share of pairs that are equal: (..., L, L) counts -> (...) floats, NaN = no pairs."""
    equal = np.trace(tables, axis1=-2, axis2=-1)
    total = tables.sum(axis=(-2, -1))
    return np.divide(equal, total, out=np.full(np.shape(total), np.nan), where=total > 0)


def _squared_differences(margins: np.ndarray, scale: Scale) -> np.ndarray:
    if scale.measurement != "ordinal":
        return scale.distances**2
    mid_ranks = np.cumsum(margins, axis=-1) - margins / 2
    return (mid_ranks[..., :, None] - mid_ranks[..., None, :]) ** 2


def _one_minus_ratio(observed: np.ndarray, by_chance: np.ndarray) -> np.ndarray:
    return 1 - np.divide(observed, by_chance, out=np.full(np.shape(by_chance), np.nan), where=by_chance > 0)


def _pairs_within(counts: np.ndarray) -> np.ndarray:
    """Ordered pairs of different people by what they chose: (N, L) counts -> (N, L, L) floats."""
    both = counts[:, :, None] * counts[:, None, :]
    return (both - counts[:, :, None] * np.eye(counts.shape[1], dtype=int)).astype(float)


def _pair_table(one: np.ndarray, two: np.ndarray, level_count: int) -> np.ndarray:
    both = (one >= 0) & (two >= 0)
    flat = one[both] * level_count + two[both]
    return np.bincount(flat, minlength=level_count**2).reshape(level_count, level_count).astype(float)


def _prompts(clusters: npt.ArrayLike, sample_count: int) -> np.ndarray:
    names = np.asarray(clusters)
    if names.shape != (sample_count,):
        raise WrongShape(f"Prompts have the shape {names.shape} for {sample_count} samples. Name one prompt a sample.")
    return names


def _sum_by_prompt(tables: np.ndarray, prompts: np.ndarray) -> np.ndarray:
    names, places = np.unique(prompts, return_inverse=True)
    sums = np.zeros((len(names), *tables.shape[1:]))
    np.add.at(sums, places, tables)
    return sums


def _agreement(
    tables: np.ndarray,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int,
    confidence: float,
) -> Agreement:
    prompts = _prompts(clusters, len(tables))
    paired = tables.any(axis=(1, 2))
    summed = _sum_by_prompt(tables[paired], prompts[paired])
    count = int(np.count_nonzero(paired))

    def estimate(statistic: Statistic) -> Estimate:
        value = float(statistic(summed.sum(axis=0)))
        if np.isnan(value):
            return Estimate(None, None, None, count, len(summed), _why_pairs_are_undefined(count))
        return _with_interval(value, _interval(summed, statistic, rng, draws, confidence), count, len(summed))

    return Agreement(
        equal_share=estimate(equal_share_of), weighted_kappa=estimate(lambda drawn: kappa_of(drawn, scale))
    )


def _interval(
    tables: np.ndarray, statistic: Statistic, rng: np.random.Generator, draws: int, confidence: float
) -> tuple[float, float] | None:
    """Percentile interval over resampled prompts; None with one prompt, or where no resample is defined."""
    if draws < 1 or not 0 < confidence < 1:
        raise BootstrapNotValid(f"{draws} draws at confidence {confidence}. Give 1 or more, and between 0 and 1.")
    if len(tables) < 2:
        return None
    figures = statistic(_resampled(tables, rng, draws))
    figures = figures[~np.isnan(figures)]
    if not len(figures):
        return None
    low, high = np.quantile(figures, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _resampled(tables: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Summed tables (draws, L, L) of prompts drawn with replacement.

    Prompts with equal tables are interchangeable, so it is enough to draw how often each *kind* comes up. That makes a
    million prompts of three ratings as quick as the few dozen kinds they are.
    """
    kinds, frequencies = np.unique(tables.reshape(len(tables), -1), axis=0, return_counts=True)
    shares = frequencies / len(tables)
    at_once = max(1, _TABLES_AT_ONCE // len(kinds))
    batches = [min(at_once, draws - start) for start in range(0, draws, at_once)]
    sums = [rng.multinomial(len(tables), shares, size=batch) @ kinds for batch in batches]
    return np.concatenate(sums).reshape(draws, *tables.shape[1:])


def _with_interval(value: float, interval: tuple[float, float] | None, count: int, clusters: int) -> Estimate:
    if interval is None:
        why = f"No interval: it needs more than the {clusters} prompt(s) that are there, with different ratings."
        return Estimate(value, None, None, count, clusters, why)
    return Estimate(value, *interval, count, clusters)


def _why_alpha_is_undefined(counts: np.ndarray, scale: Scale) -> str:
    if not len(counts):
        return "No sample has two ratings, so there is nothing to compare. Collect a second rating for some."
    used = np.flatnonzero(counts.any(axis=0))
    if len(used) == 1:
        return (
            f"Every rating that can be compared is {scale.levels[used[0]]}, so agreement cannot be told from habit. "
            "Collect ratings of samples that differ."
        )
    return ""


def _why_pairs_are_undefined(count: int) -> str:
    if not count:
        return "No sample has two ratings to compare. Collect more, or wait for judgments."
    return "Both sides used one level only, so agreement cannot be told from habit. Collect samples that differ."
