"""What the others of the same sample did: the mark for every figure of a person, without the person themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Middle = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
ROUNDS = 4


def others_mean(sample: np.ndarray, value: np.ndarray, sample_count: int) -> np.ndarray:
    """The mean of what the others of the same sample gave.

    Parameters: sample, (R,) places from 0 to below sample_count; value, (R,) floats without NaN, one a person and sample.
    Returns: (R,) floats; NaN where nobody else rated the sample.
    """
    count = np.bincount(sample, minlength=sample_count)[sample] - 1
    total = np.bincount(sample, weights=value, minlength=sample_count)[sample] - value
    return np.divide(total, count, out=np.full(len(value), np.nan), where=count > 0)


def apart_from_others(
    sample: np.ndarray, person: np.ndarray, value: np.ndarray, *, sample_count: int, person_count: int, middle: Middle
) -> np.ndarray:
    """How far each value lies above those of the others of the sample, allowing for how the others usually lie.

    Somebody who always rates high makes honest people beside them look low. So what the others gave is corrected by how
    they lie themselves, found the same way, in a few rounds; each goes half the way, as a full step would swing to and fro where two people share all samples.

    Parameters: as in `others_mean`; person, (R,) places from 0 to below person_count; middle(person, difference, person_count),
        (P,) floats, what is usual for a person.
    Returns: (R,) floats; NaN where nobody else rated the sample.
    """
    usual = np.zeros(person_count)
    difference = value - others_mean(sample, value, sample_count)
    compared = ~np.isnan(difference)
    for _ in range(ROUNDS):
        found = middle(person[compared], difference[compared], person_count)
        usual = (usual + np.where(np.isnan(found), 0.0, found)) / 2
        difference = value - others_mean(sample, value - usual[person], sample_count)
    return difference


def mean_of(person: np.ndarray, value: np.ndarray, person_count: int) -> np.ndarray:
    """The mean by person: (P,) floats, NaN = none."""
    count = np.bincount(person, minlength=person_count)
    total = np.bincount(person, weights=value, minlength=person_count)
    return np.divide(total, count, out=np.full(person_count, np.nan), where=count > 0)


def median_of(person: np.ndarray, value: np.ndarray, person_count: int) -> np.ndarray:
    """The median by person: (P,) floats, NaN = none."""
    count = np.bincount(person, minlength=person_count)
    ordered = value[np.lexsort((value, person))]
    start = np.cumsum(count) - count
    some = np.flatnonzero(count)
    medians = np.full(person_count, np.nan)
    lower, upper = start[some] + (count[some] - 1) // 2, start[some] + count[some] // 2
    medians[some] = (ordered[lower] + ordered[upper]) / 2
    return medians
