"""Whether a person works otherwise since some week: at another pace, nearer to or farther from the others, higher or lower."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from consensus.annotators.estimates import PeopleEstimates
from consensus.scales import WrongShape

LEAST_ON_A_SIDE = 20  # answers before and after, below which no week is looked at


@dataclass(frozen=True, eq=False)
class Shifts:
    """Each person's largest change between one week and the next.

    change: (P,) the mean after less the mean before, NaN = never enough on both sides. before, after: (P,) these means. week:
    (P,) whole numbers, the first week of after. splits: (P,) how many weeks were looked at, which the chance must be paid for.
    """

    change: PeopleEstimates
    before: np.ndarray
    after: np.ndarray
    week: np.ndarray
    splits: np.ndarray

    def chance_of_more(self, limit: float) -> np.ndarray:
        """(P,) how easily chance gives somebody whose change is at the limit such a one in any week; at most 1.

        One-sided, corrected for the weeks by Bonferroni, as the weeks' tests hang together closely.
        """
        return np.minimum(self.change.chance_of_more(limit) * np.maximum(self.splits, 1), 1.0)


def shifts(person: npt.ArrayLike, week: npt.ArrayLike, value: npt.ArrayLike, *, person_count: int) -> Shifts:
    """Of every person the week between which and the one before their values differ most, in standard errors.

    Values must be set against the others of the same samples, so that other samples or another guideline, which move
    everybody, move nobody here.

    Parameters: person, week, (A,) whole numbers, one answer each; value, (A,) floats, NaN = left out.
    Raises: WrongShape.
    Source: one change of the mean, as in Hawkins, "Testing a sequence of observations for a shift in location" (1977).
    """
    people, weeks, values = np.asarray(person, int), np.asarray(week, int), np.asarray(value, float)
    if people.ndim != 1 or not people.shape == weeks.shape == values.shape:
        raise WrongShape(f"Shapes {people.shape}, {weeks.shape}, {values.shape}. Give three columns of one length.")
    known = ~np.isnan(values)
    people, weeks, values = people[known], weeks[known], values[known]
    order = np.lexsort((weeks, people))
    ends = np.searchsorted(people[order], np.arange(person_count + 1))
    found = [_largest(weeks[order[a:b]], values[order[a:b]]) for a, b in pairwise(ends)]
    before, after, error, count, at, splits = np.array(found, dtype=float).reshape(-1, 6).T
    change = PeopleEstimates(after - before, error, count.astype(int), np.maximum(count - 2.0, 1.0))
    return Shifts(change, before, after, at.astype(int), splits.astype(int))


_NOTHING = (np.nan, np.nan, np.nan, 0, 0, 0)


def _largest(week: np.ndarray, value: np.ndarray) -> tuple[float, float, float, int, int, int]:
    """Before, after, error, answers, week and how many weeks were tried, of one person's values in the order of weeks."""
    count = len(value)
    cuts = np.flatnonzero(np.diff(week)) + 1
    cuts = cuts[(cuts >= LEAST_ON_A_SIDE) & (count - cuts >= LEAST_ON_A_SIDE)]
    if not len(cuts):
        return _NOTHING
    sums, squares = np.cumsum(value), np.cumsum(value**2)
    before, after = sums[cuts - 1] / cuts, (sums[-1] - sums[cuts - 1]) / (count - cuts)
    within = np.maximum(squares[-1] - cuts * before**2 - (count - cuts) * after**2, 1e-12)
    error = np.sqrt(within / (count - 2) * (1 / cuts + 1 / (count - cuts)))
    best = int(np.argmax(np.abs(after - before) / error))
    return before[best], after[best], error[best], count, int(week[cuts[best]]), len(cuts)
