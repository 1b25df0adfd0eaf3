"""What a benchmark of labels concludes: paired differences with intervals, ranks, and calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
BINS = 10


@dataclass(frozen=True)
class Difference:
    """Points by which one method is better than another, with a 95 % interval."""

    mean: float
    low: float
    high: float


def by_sample(points: np.ndarray, sample: np.ndarray, sample_count: int) -> np.ndarray:
    """(2, N) sums and counts of the points (U,) of each sample's units, NaN left out."""
    known = ~np.isnan(points)
    sums = np.bincount(sample[known], points[known], sample_count)
    return np.array([sums, np.bincount(sample[known], minlength=sample_count)])


def resampled_means(sums: np.ndarray, seed: int) -> np.ndarray:
    """(RESAMPLES,) means over samples drawn with replacement; the same samples for the same seed and number of samples.

    sums: (2, N) as `by_sample` gives them.
    """
    rng = np.random.default_rng(seed)
    sample_count = sums.shape[1]
    means = np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        weights = np.bincount(rng.integers(sample_count, size=sample_count), minlength=sample_count)
        total, count = sums @ weights
        means[at] = total / max(count, 1)
    return means


def difference(mean: float, resampled: np.ndarray) -> Difference:
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Difference(float(mean), float(low), float(high))


def mean_ranks(tables: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, int]]:
    """method -> its mean rank over the tables in which it has a figure (1 = best, ties share), and how many those are."""
    ranks: dict[str, list[float]] = {}
    for table in tables:
        figures = np.array(list(table.values()))
        for method, figure in table.items():
            better, equal = (figures > figure).sum(), (figures == figure).sum()
            ranks.setdefault(method, []).append(float(better + (equal + 1) / 2))
    return {method: (float(np.mean(own)), len(own)) for method, own in ranks.items()}


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean distance between confidence and share right, in ten bins of equal mass; equal confidences stay together."""
    order = np.argsort(confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    _, first, size = np.unique(confidence, return_index=True, return_counts=True)
    middle = np.repeat(first + (size - 1) / 2, size)
    bins = np.minimum((BINS * (middle + 0.5) / len(confidence)).astype(int), BINS - 1)
    gaps = np.bincount(bins, confidence - right, BINS)
    return float(np.abs(gaps).sum() / len(confidence))
