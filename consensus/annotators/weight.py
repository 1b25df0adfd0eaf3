"""How far a person's word can be trusted: what gold says, what the others say, and everybody where both say little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.annotators.gold import ScoresNotValid
from consensus.reliability import Estimate

PRIOR_ANSWERS = 5.0  # what everybody's mean counts for beside a person's own answers, before the data say otherwise
PRIOR_PEOPLE = 5.0  # how many people's spread that guess counts for
FEWEST, MOST = 1.0, 500.0  # answers that everybody's mean may come to count for
SLOPE = 0.5  # accuracy gained with one unit of agreement: about right where two levels in three people agree
_POSSIBLE = 0.02, 0.98  # what anybody may be expected to be
_GRID = np.linspace(-1, 1, 401)
_AT_ONCE = 2000


@dataclass(frozen=True, eq=False)
class Weights:
    """How likely each of P people is to be right, from 0 to 1.

    value, low, high: (P,) floats, the posterior mean and its 95 % interval; NaN where nothing is known of anybody.
    answers: (P,) floats, the answers to gold that it rests on. prior_answers: how many answers everybody's mean counted for.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    answers: np.ndarray
    prior_answers: float

    def estimate(self, person: int) -> Estimate:
        count = int(self.answers[person])
        if np.isnan(self.value[person]):
            return Estimate(
                None, None, None, count, count, "Nothing is known yet: no gold was answered, and nobody compared."
            )
        return Estimate(float(self.value[person]), float(self.low[person]), float(self.high[person]), count, count)


def earned_weights(sums: npt.ArrayLike, counts: npt.ArrayLike, *, prior_answers: float = PRIOR_ANSWERS) -> np.ndarray:
    """Each person's accuracy on gold, shrunk towards that of everybody: few answers say little, many speak for themselves.

        weight = (sum of scores + prior_answers x mean of all answers) / (number of answers + prior_answers)

    the posterior mean under a beta prior at the mean of all answers that is worth `prior_answers` answers.

    Parameters: sums, (P,) floats, the sum of each person's scores; counts, (P,) numbers of answers.
    Returns: (P,) floats from 0 to 1; NaN for people without an answer.
    Raises: ScoresNotValid.

    >>> earned_weights([10, 0, 0], [10, 5, 0])
    array([0.88888889, 0.33333333,        nan])
    """
    total, n = _checked(sums, counts)
    if not n.sum():
        return np.full(n.shape, np.nan)
    mean = total.sum() / n.sum()
    return np.where(n > 0, (total + prior_answers * mean) / (n + prior_answers), np.nan)


def people_weights(
    sums: npt.ArrayLike,
    counts: npt.ArrayLike,
    reliability: npt.ArrayLike | None = None,
    error: npt.ArrayLike | None = None,
) -> Weights:
    """Weights from gold and from a second measurement of every person, such as their agreement with the others.

    The second measurement says where a person's accuracy is expected: on a line through everybody's, whose slope the people
    who answered gold give (SLOPE, worth PRIOR_PEOPLE people, before there are any). How many answers that expectation counts for is
    estimated from how far people's gold answers lie from the line. Without any gold the measurement itself, from 0 to 1, is the weight.

    Parameters: sums, counts as in `earned_weights`; reliability, (P,) floats, 0 chance and 1 perfect, shrunk to what is usual, NaN =
        unknown, which is taken as usual; error, (P,) floats, its standard errors. The posterior's estimate of people may stand here too.
    Raises: ScoresNotValid.
    Source: a beta-binomial with a regressed mean; strength by moments (Kleinman, 1973).
    """
    total, n = _checked(sums, counts)
    measured = np.full(n.shape, np.nan) if reliability is None else np.asarray(reliability, dtype=float)
    if measured.shape != n.shape:
        raise ScoresNotValid(f"{measured.shape} reliabilities for {n.shape} people. Give one a person, NaN if unknown.")
    if not n.sum():
        return _of_measurement(measured, n, error)
    expected = _expected(total, n, measured)
    prior = prior_answers_of(total, n, expected)
    right, wrong = total + prior * expected, n - total + prior * (1 - expected)
    low, high = beta_intervals(right, wrong)
    return Weights(right / (right + wrong), low, high, n, prior)


def prior_answers_of(sums: np.ndarray, counts: np.ndarray, expected: np.ndarray) -> float:
    """How many answers the expected accuracy counts for: many where people hardly differ from it, few where they do.

    By moments of the beta-binomial: a share of n answers has the variance m (1 - m) (1 + (n - 1) r) / n around its expectation m, and
    the prior counts for 1 / r - 1 answers. A guess of PRIOR_ANSWERS is mixed in, worth PRIOR_PEOPLE people.

    Parameters: sums, counts, expected, (P,) floats. Returns: from FEWEST to MOST.
    Source: Kleinman, "Proportions with extraneous variance" (1973).
    """
    several = counts > 1
    n, mean = counts[several], np.clip(expected[several], *_POSSIBLE)
    squared = (sums[several] / n - mean) ** 2 / (mean * (1 - mean))
    weight = (n - 1) / n  # what one person tells of r
    guess = PRIOR_PEOPLE / (PRIOR_ANSWERS + 1)
    people = 1 - 1 / max(len(n), 1)  # a little is lost because the mean was fitted to them
    between = (squared - people / n).sum()
    share = (max(0.0, float(between)) + guess) / (weight.sum() + PRIOR_PEOPLE)
    return float(np.clip(1 / max(share, 1e-9) - 1, FEWEST, MOST))


def beta_intervals(right: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 2.5 and 97.5 % points of beta distributions: (P,) and (P,) parameters above 0 -> (P,) and (P,) floats.

    Summed up on a grid of log odds around the middle; right to about three digits.
    """
    low, high = np.empty(len(right)), np.empty(len(right))
    for start in range(0, len(right), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        low[part], high[part] = _intervals(right[part, None], wrong[part, None])
    return low, high


def _intervals(right: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    odds = np.log(right / wrong) + _GRID * 9 * np.sqrt(1 / right + 1 / wrong)
    density = -right * np.logaddexp(0, -odds) - wrong * np.logaddexp(0, odds)
    here = np.exp(density - density.max(axis=1, keepdims=True))
    mass = (np.cumsum(here, axis=1) - here / 2) / here.sum(axis=1, keepdims=True)
    points = [np.array([np.interp(q, m, o) for m, o in zip(mass, odds, strict=True)]) for q in (0.025, 0.975)]
    low, high = (1 / (1 + np.exp(-point)) for point in points)
    return low, high


def _expected(sums: np.ndarray, counts: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Where each person's accuracy is expected, between 0 and 1."""
    level = float(np.clip(sums.sum() / counts.sum(), *_POSSIBLE))
    known = ~np.isnan(measured)
    if not known.any():
        return np.full(len(counts), level)
    both = known & (counts > 0)
    usual = np.average(measured[both], weights=counts[both]) if both.any() else np.median(measured[known])
    away = np.where(known, measured - usual, 0.0)
    trust = np.where(both, counts / (counts + PRIOR_ANSWERS), 0.0)
    accuracy = np.divide(sums, counts, out=np.full(len(counts), level), where=counts > 0)
    spread = max(float(away[known].var()), 1e-6) * PRIOR_PEOPLE
    slope = ((trust * away * (accuracy - level)).sum() + SLOPE * spread) / ((trust * away**2).sum() + spread)
    return np.clip(level + max(slope, 0.0) * away, *_POSSIBLE)


def _of_measurement(measured: np.ndarray, counts: np.ndarray, error: npt.ArrayLike | None) -> Weights:
    value = np.clip(measured, 0.0, 1.0)
    reach = 1.96 * (np.full(counts.shape, np.nan) if error is None else np.asarray(error, dtype=float))
    low, high = np.clip(measured - reach, 0.0, 1.0), np.clip(measured + reach, 0.0, 1.0)
    return Weights(value, np.where(np.isnan(reach), value, low), np.where(np.isnan(reach), value, high), counts, np.nan)


def _checked(sums: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    total, n = np.asarray(sums, dtype=float), np.asarray(counts, dtype=float)
    if total.shape != n.shape or (n < 0).any() or (total < 0).any() or (total > n + 1e-9).any():
        raise ScoresNotValid("The sums of scores do not fit the numbers of answers. A score lies from 0 to 1.")
    return total, n
