"""One figure for each of many people: how sure it is, what it becomes beside everybody's, and what chance explains.

A person's ratings of one sample are not independent of each other, so a sample (or a prompt) is what errors are counted in.
The errors are closed forms: the sum over samples of the squared influence that each has on the figure (the infinitesimal
jackknife), the spread from one sample to the next being shrunk to everybody's, because a spread from few samples is
itself a guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from consensus.reliability import Estimate

PRIOR_SAMPLES = 4.0  # what everybody's spread from sample to sample counts for beside a person's own
_Z = 1.959963984540054  # 95 % of a normal distribution lies within so many standard deviations
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Influences:
    """A figure of each of P people, and what every single rating adds to it.

    value: (P,) floats, NaN = undefined. person, cluster: (R,) whole numbers, whose rating, and of which sample or prompt.
    amount: (R,) floats, by how much the rating moves the figure; the amounts of a person sum to 0.
    """

    value: np.ndarray
    person: np.ndarray
    cluster: np.ndarray
    amount: np.ndarray

    def estimates(self) -> PeopleEstimates:
        """The figures with their errors."""
        people, amounts = self._by_cluster()
        count = np.bincount(people, minlength=len(self.value))
        squares = np.bincount(people, weights=amounts**2, minlength=len(self.value))
        spread = squares * count**2 / np.maximum(count - 1, 1)  # of one cluster, squared
        return PeopleEstimates.of(self.value, spread, count)

    def _by_cluster(self) -> tuple[np.ndarray, np.ndarray]:
        if not len(self.person):
            return self.person.astype(int), self.amount
        pairs = self.person.astype(np.int64) * (int(self.cluster.max()) + 1) + self.cluster
        order = np.argsort(pairs)
        first = np.flatnonzero(np.diff(pairs[order], prepend=-1))
        return self.person[order[first]], np.add.reduceat(self.amount[order], first)


@dataclass(frozen=True, eq=False)
class PeopleEstimates:
    """A figure of each of P people.

    value: (P,) floats as measured, NaN = undefined. error: (P,) floats, standard errors, NaN = unknown. count: (P,) whole
    numbers, the samples (or prompts) that each rests on. freedom: (P,) floats, degrees of freedom of the error. possible: what
    the figure can be at all; intervals end there.
    """

    value: np.ndarray
    error: np.ndarray
    count: np.ndarray
    freedom: np.ndarray
    possible: tuple[float, float] = (-math.inf, math.inf)

    @classmethod
    def of(cls, value: np.ndarray, spread: np.ndarray, count: np.ndarray) -> PeopleEstimates:
        """From the squared spread of one sample, (P,) floats, which is shrunk to everybody's by PRIOR_SAMPLES."""
        known = ~np.isnan(value) & (count > 0)
        own = np.where(known, np.maximum(count - 1, 0), 0).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            pooled = (own * np.where(known, spread, 0)).sum() / own.sum()
            squared = (own * np.where(own > 0, spread, 0) + PRIOR_SAMPLES * pooled) / (own + PRIOR_SAMPLES)
            error = np.where(known, np.sqrt(squared / count), np.nan)
        return cls(np.where(known, value, np.nan), error, np.where(known, count, 0), own + PRIOR_SAMPLES)

    @property
    def low(self) -> np.ndarray:
        """(P,) floats, the lower end of the 95 % interval."""
        return np.maximum(self.value - self._reach(), self.possible[0])

    @property
    def high(self) -> np.ndarray:
        """(P,) floats, the upper end of the 95 % interval."""
        return np.minimum(self.value + self._reach(), self.possible[1])

    def _reach(self) -> np.ndarray:
        return t_of(np.full(len(self.value), _Z), self.freedom) * self.error

    def centre(self) -> float:
        """The median of people, each counting once; NaN where nobody has a figure."""
        known = self.value[~np.isnan(self.value)]
        return float(np.median(known)) if len(known) else math.nan

    def spread(self) -> float:
        """How far people truly differ: a standard deviation, robust to a few who differ much, less what chance explains."""
        known = ~np.isnan(self.value) & ~np.isnan(self.error)
        if known.sum() < 3:
            return 0.0
        few = 1 + 2 / known.sum()  # the median distance of a few from their own median is too small
        apart = few * 1.4826 * np.median(np.abs(self.value[known] - self.centre()))
        return math.sqrt(max(0.0, float(apart**2 - np.median(self.error[known] ** 2))))

    def shrunk(self) -> PeopleEstimates:
        """Every figure drawn towards everybody's, the more the less is known of the person: its posterior mean and error.

        How far people differ is estimated from the figures themselves, by moments.
        Source: DerSimonian & Laird, "Meta-analysis in clinical trials" (1986); Morris, "Parametric empirical Bayes" (1983).
        """
        known = ~np.isnan(self.value) & ~np.isnan(self.error)
        if known.sum() < 3:
            return self
        value, squared = self.value[known], np.maximum(self.error[known], _TINY) ** 2
        differing = _squared_difference_between_people(value, squared)
        trust = 1 / (squared + differing)
        middle = (trust * value).sum() / trust.sum()
        kept = differing / (differing + squared)
        nearer, surer = self.value.copy(), self.error.copy()
        nearer[known] = middle + kept * (value - middle)
        surer[known] = np.sqrt(kept * squared + (1 - kept) ** 2 / trust.sum())
        return replace(self, value=nearer, error=surer)

    def chance_of_more(self, limit: npt.ArrayLike) -> np.ndarray:
        """How easily chance gives a figure this large to somebody whose true one is at the limit: (P,) one-sided p-values.

        NaN where nothing is known. Source of the way from t to normal: Wallace (1959).
        """
        apart = np.asarray(self.value - limit, dtype=float)
        with np.errstate(invalid="ignore", divide="ignore"):
            t = np.where(self.error > 0, apart / self.error, np.sign(apart) * np.inf)
            t = np.where(np.isnan(self.error), np.nan, np.where(apart == 0, 0.0, t))
        return normal_tail(z_of(t, self.freedom))

    def between(self, lowest: float, highest: float) -> PeopleEstimates:
        """The same figures of which it is known that they cannot lie beyond."""
        return replace(self, possible=(lowest, highest))

    def negated(self) -> PeopleEstimates:
        """The same, looked at from the other side."""
        lowest, highest = self.possible
        return replace(self, value=-self.value, possible=(-highest, -lowest))

    def estimate(self, person: int, undefined: str) -> Estimate:
        """One person's figure; where there is none, the reason in words."""
        value, error = float(self.value[person]), float(self.error[person])
        count = int(self.count[person])
        if math.isnan(value):
            return Estimate(None, None, None, count, count, undefined)
        if math.isnan(error):
            return Estimate(value, None, None, count, count, "No interval: it needs two samples of somebody.")
        return Estimate(value, float(self.low[person]), float(self.high[person]), count, count)


def of_means(person: np.ndarray, cluster: np.ndarray, amount: np.ndarray, person_count: int) -> PeopleEstimates:
    """The mean of each person's amounts: (R,) people, (R,) clusters, (R,) floats without NaN."""
    return mean_influences(person, cluster, amount, person_count).estimates()


def mean_influences(person: np.ndarray, cluster: np.ndarray, amount: np.ndarray, person_count: int) -> Influences:
    """The same, with what every amount adds."""
    count = np.bincount(person, minlength=person_count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(person, weights=amount, minlength=person_count) / count
    return Influences(mean, person, cluster, (amount - mean[person]) / np.maximum(count, 1)[person])


def averaged(figures: Sequence[Influences]) -> Influences:
    """One figure from several: of each person the mean of those that they have. Clusters must be the same samples."""
    values = np.array([figure.value for figure in figures])
    defined = ~np.isnan(values)
    shares = 1 / np.maximum(defined.sum(axis=0), 1)
    with np.errstate(invalid="ignore"):
        mean = np.where(defined.any(axis=0), np.where(defined, values, 0).sum(axis=0) * shares, np.nan)
    keeps = [have[figure.person] for figure, have in zip(figures, defined, strict=True)]
    people = np.concatenate([figure.person[keep] for figure, keep in zip(figures, keeps, strict=True)])
    clusters = np.concatenate([figure.cluster[keep] for figure, keep in zip(figures, keeps, strict=True)])
    amounts = np.concatenate([figure.amount[keep] for figure, keep in zip(figures, keeps, strict=True)])
    return Influences(mean, people, clusters, amounts * shares[people])


def false_discovery_rates(chances: npt.ArrayLike) -> np.ndarray:
    """For every test the smallest share of false alarms among those that would be raised with it.

    Parameters: chances, (K,) floats, p-values; NaN = not tested. Returns: (K,) floats; NaN = not tested.
    Source: Benjamini & Hochberg, "Controlling the false discovery rate" (1995).

    >>> false_discovery_rates([0.01, 0.02, 0.5])
    array([0.03, 0.03, 0.5 ])
    """
    given = np.asarray(chances, dtype=float)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(-given[known], kind="stable")]  # the likeliest first
    rates = np.full(len(given), np.nan)
    rates[order] = np.minimum.accumulate(given[order] * len(order) / np.arange(len(order), 0, -1))
    return np.minimum(rates, 1.0)


def normal_tail(z: npt.ArrayLike) -> np.ndarray:
    """The probability that a standard normal number exceeds z; NaN stays NaN."""
    given = np.asarray(z, dtype=float)
    return np.array([math.erfc(value / math.sqrt(2)) / 2 for value in given.ravel()]).reshape(given.shape)


def z_of(t: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """The standard normal number as far out as t is in Student's distribution. Source: Wallace (1959)."""
    return np.sign(t) * np.sqrt(freedom * np.log1p(t**2 / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)


def t_of(z: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """The way back from `z_of`."""
    scaled = z * (8 * freedom + 3) / (8 * freedom + 1)
    return np.sign(z) * np.sqrt(freedom * np.expm1(scaled**2 / freedom))


def _squared_difference_between_people(value: np.ndarray, squared: np.ndarray) -> float:
    trust = 1 / squared
    total = trust.sum()
    middle = (trust * value).sum() / total
    excess = (trust * (value - middle) ** 2).sum() - (len(value) - 1)
    return max(0.0, float(excess / max(total - (trust**2).sum() / total, _TINY)))
