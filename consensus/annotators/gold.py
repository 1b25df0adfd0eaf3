"""How often a person is right where the answer is known, and how sure that figure is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consensus.reliability import Estimate

_Z = 1.959963984540054  # 95 % of a normal distribution lies within so many standard deviations


class ScoresNotValid(ValueError):
    """A score is not a share, or the arrays of a known answer do not fit each other."""


def gold_scores(
    given: npt.ArrayLike, gold: npt.ArrayLike, within: npt.ArrayLike, asked: npt.ArrayLike | None = None
) -> np.ndarray:
    """The share of judged places on which each person is within the limit of the known answer.

    Parameters: given, (M, K) floats, M people by K places, in scale points, NaN = not given, which is wrong where the
        known answer judges; gold, (K,) floats, NaN = not judged; within, (K,) floats, the largest difference that is
        right, in scale points (0 on nominal scales: only the same name is right); asked, (M, K) booleans, False where a
        person was never asked, which is left out.
    Returns: (M,) floats from 0 to 1; NaN where nothing that the person was asked is judged.
    Raises: ScoresNotValid.

    >>> gold_scores([[4, 1], [2, np.nan]], gold=[3, 1], within=[1, 0])
    array([1. , 0.5])
    """
    ratings, known, limits = (np.asarray(values, dtype=float) for values in (given, gold, within))
    if ratings.ndim != 2 or known.shape != ratings.shape[1:] or limits.shape != known.shape:
        raise ScoresNotValid(
            f"Ratings have the shape {ratings.shape}, the known answer {known.shape}, its limits {limits.shape}. "
            "Give (people, places), (places,) and (places,)."
        )
    judged = np.broadcast_to(~np.isnan(known), ratings.shape)
    if asked is not None:
        judged = judged & np.asarray(asked, dtype=bool)
    right = judged & (np.abs(ratings - known) <= limits)  # a NaN is not within anything
    counts = judged.sum(axis=1)
    return np.where(counts > 0, right.sum(axis=1) / np.maximum(counts, 1), np.nan)


def gold_accuracy(scores: npt.ArrayLike) -> Estimate:
    """The mean score of a person's answers to gold samples, with its 95 % interval by Wilson.

    n of the interval is the number of *answers*, not of judged places: places of one sample are not independent. A score
    may be a fraction; its variance is at most that of a yes or no with the same mean, so the interval is rather too wide.

    Parameters: scores, (N,) floats from 0 to 1, one an answer; NaN = left out.
    Returns: Estimate; `count` and `clusters` are the number of answers.
    Raises: ScoresNotValid.
    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).

    >>> accuracy = gold_accuracy([1, 1, 1, 0])
    >>> accuracy.value, round(accuracy.low, 3), round(accuracy.high, 3)
    (0.75, 0.301, 0.954)
    """
    known = _known(scores)
    n = len(known)
    if not n:
        return Estimate(None, None, None, 0, 0, "No gold sample was answered yet.")
    share = float(known.mean())
    return Estimate(share, *wilson(share, n), n, n)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of so many, 1 or more. Source: as in `gold_accuracy`."""
    middle, width = share + _Z**2 / (2 * count), _Z * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    whole = 1 + _Z**2 / count
    return max(0.0, float((middle - width) / whole)), min(1.0, float((middle + width) / whole))


def _known(scores: npt.ArrayLike) -> np.ndarray:
    given = np.asarray(scores, dtype=float)
    known = given[~np.isnan(given)]
    if given.ndim != 1 or (known < 0).any() or (known > 1).any():
        raise ScoresNotValid("Scores are a list of shares, each from 0 to 1.")
    return known
