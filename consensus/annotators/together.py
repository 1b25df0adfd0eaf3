"""How alike two people's answers to one sample are, and how alike answers to that sample are anyhow.

What tells a copy from a shared opinion is the third person: on a sample where everybody agrees, two who agree say nothing.
So each two answers are set beside the other pairs of the same sample that one of the two is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from consensus.scales import WrongShape

_NO_PAIRS = (np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0), np.zeros(0))
MOST_TOGETHER = 8  # answers of a sample that are compared with each other, the first that came


@dataclass(frozen=True, eq=False)
class Together:
    """E pairs of answers to the same samples, and the A answers themselves.

    answer, with_answer: (E,) places of the two answers, the earlier first; -1 never. alike: (E,) shares of their values that
    are equal. beside: (E,) the same of the other pairs with one of the two; where nobody third is, of all pairs.
    has_third: (E,) booleans. beyond: (A,) floats, how much more alike an answer is to the others of the sample than these
    are among themselves; NaN where nobody else answered. usual: the mean of alike over all pairs.
    """

    answer: np.ndarray
    with_answer: np.ndarray
    alike: np.ndarray
    beside: np.ndarray
    has_third: np.ndarray
    beyond: np.ndarray
    usual: float


def together(sample: npt.ArrayLike, ratings: npt.ArrayLike, finished: npt.ArrayLike) -> Together:
    """Set the answers to every sample side by side.

    Parameters: sample, (A,) whole numbers, one answer each; ratings, (A, K) floats, NaN = not given; finished, (A,) floats, when.
    Raises: WrongShape.
    """
    samples, given, times = np.asarray(sample, dtype=int), np.asarray(ratings, float), np.asarray(finished, float)
    if samples.ndim != 1 or given.ndim != 2 or not len(samples) == len(given) == len(times):
        raise WrongShape(
            f"{samples.shape} samples, {given.shape} ratings, {times.shape} times. Give one row an answer."
        )
    parts = [_side_by_side(rows, given) for rows in _by_size(samples, times)]
    first, second, alike, beside = (
        (np.concatenate(column) for column in zip(*(part[0] for part in parts), strict=True)) if parts else _NO_PAIRS
    )
    known = ~np.isnan(alike)
    usual = float(alike[known].mean()) if known.any() else np.nan
    beyond = np.full(len(samples), np.nan)
    for _, rows, amount in parts:
        beyond[rows] = np.where(np.isnan(amount[1]), amount[0] - usual, amount[0] - amount[1])
    has_third = ~np.isnan(beside)
    beside = np.where(has_third, beside, usual)
    return Together(first[known], second[known], alike[known], beside[known], has_third[known], beyond, usual)


def _by_size(sample: np.ndarray, finished: np.ndarray) -> Iterator[np.ndarray]:
    """The answers of samples with equally many, as (S, M) places, in order of arrival."""
    order = np.lexsort((finished, sample))
    starts = np.flatnonzero(np.diff(sample[order], prepend=-1))
    sizes = np.minimum(np.diff(np.append(starts, len(sample))), MOST_TOGETHER)
    for size in np.unique(sizes[sizes > 1]).tolist():
        yield order[starts[sizes == size][:, None] + np.arange(size)]


def _side_by_side(
    rows: np.ndarray, given: np.ndarray
) -> tuple[tuple[np.ndarray, ...], np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Pairs as four columns; and of each answer of (S, M) rows its likeness to the others, and theirs among themselves."""
    alike = _likeness(given[rows])
    size = rows.shape[1]
    known = ~np.isnan(alike)
    total, count = np.where(known, alike, 0).sum(axis=2), known.sum(axis=2)  # of each answer with all others
    pairs = [
        (rows[:, a], rows[:, b], alike[:, a, b], _of_the_other_pairs(alike[:, a, b], total, count, a, b))
        for a, b in combinations(range(size), 2)
    ]
    with np.errstate(invalid="ignore"):
        own = total / np.where(count > 0, count, np.nan)
        left = (count.sum(axis=1) / 2)[:, None] - count
        among = np.where(left > 0, ((total.sum(axis=1) / 2)[:, None] - total) / np.where(left > 0, left, 1), np.nan)
    columns = tuple(np.concatenate(column) for column in zip(*pairs, strict=True))
    return columns, rows, (own, among)


def _likeness(given: np.ndarray) -> np.ndarray:
    """(S, M, K) ratings -> (S, M, M) shares of equal values; NaN where there is none, and with oneself."""
    count, size, _ = given.shape
    alike = np.full((count, size, size), np.nan)
    for a, b in combinations(range(size), 2):
        both = ~np.isnan(given[:, a]) & ~np.isnan(given[:, b])
        equal = ((given[:, a] == given[:, b]) & both).sum(axis=1)
        present = both.sum(axis=1)
        alike[:, a, b] = alike[:, b, a] = np.where(present > 0, equal / np.maximum(present, 1), np.nan)
    return alike


def _of_the_other_pairs(alike: np.ndarray, total: np.ndarray, count: np.ndarray, a: int, b: int) -> np.ndarray:
    """(S,) the mean over the pairs that have one of the two and somebody third; NaN where there is nobody."""
    is_known = ~np.isnan(alike)
    left = count[:, a] + count[:, b] - 2 * is_known
    rest = total[:, a] + total[:, b] - 2 * np.where(is_known, alike, 0)
    return np.where(left > 0, rest / np.maximum(left, 1), np.nan)
