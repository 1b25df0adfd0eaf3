"""One figure of a set of samples, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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


def estimate_of(
    value: float, drawn: np.ndarray, confidence: float, *, count: int, clusters: int, why_undefined: str
) -> Estimate:
    """A figure with the percentile interval of its resamples.

    Parameters: value, NaN = undefined, for which `why_undefined` has the words; drawn, (D,) floats, the figure in each
        resample, NaN where it is undefined there: those are left out; empty = no resamples were wanted or possible.
    """
    if np.isnan(value):
        return Estimate(None, None, None, count, clusters, why_undefined)
    defined = drawn[~np.isnan(drawn)]
    if clusters < 2 or not len(defined):
        why = f"No interval: it needs more than the {clusters} prompt(s) that are there, with different ratings."
        return Estimate(float(value), None, None, count, clusters, why)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(value), float(low), float(high), count, clusters)
