"""One figure of a set of samples, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

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


def difference(later: Estimate, earlier: Estimate) -> Estimate:
    """How much more the later figure is, with an interval made of the two intervals; of samples that are not the same.

    Undefined where one of them is; without an interval where one of them has none. Source: Zou and Donner, "Construction of
    confidence limits about effect measures" (2008), the difference of two independent estimates (MOVER).

    >>> round(difference(Estimate(0.7, 0.6, 0.8, 50, 40), Estimate(0.5, 0.4, 0.6, 60, 45)).low, 4)
    0.0586
    """
    count, clusters = min(later.count, earlier.count), min(later.clusters, earlier.clusters)
    if later.value is None or earlier.value is None:
        return Estimate(None, None, None, count, clusters, later.undefined or earlier.undefined)
    more = later.value - earlier.value
    if later.low is None or later.high is None or earlier.low is None or earlier.high is None:
        return Estimate(more, None, None, count, clusters, later.undefined or earlier.undefined)
    down = hypot(later.value - later.low, earlier.high - earlier.value)
    up = hypot(later.high - later.value, earlier.value - earlier.low)
    return Estimate(more, more - down, more + up, count, clusters)
