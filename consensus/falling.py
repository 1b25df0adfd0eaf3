"""Whether a figure that is measured again and again has fallen by more than chance explains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from consensus.estimates import Estimate

ERRORS_OF_AN_INTERVAL = 2 * 1.96  # a 95 % interval is so many standard errors wide
SURE = 2.58  # standard errors: a figure that stays as it is crosses this once in two hundred times


def has_fallen(course: Sequence[Estimate]) -> bool:
    """Whether the last figure is surely below those before it.

    The earlier ones are pooled, each with the weight that its interval gives it. How far they differed among each other
    beyond their own errors counts as an error of the last one too: what always goes up and down has not fallen.

    Parameters: course, figures with 95 % intervals in the order of time; those without an interval are passed over.
    Source: pooling by inverse variance with the moment estimator of the variance between; DerSimonian and Laird,
    "Meta-analysis in clinical trials" (1986).

    >>> before = [Estimate(v, v - 0.06, v + 0.06, 200, 200) for v in (0.70, 0.72, 0.69)]
    >>> has_fallen([*before, Estimate(0.65, 0.58, 0.72, 200, 200)])
    False
    >>> has_fallen([*before, Estimate(0.50, 0.43, 0.57, 200, 200)])
    True
    """
    measured = [(of.value, wide) for of in course if of.value is not None and (wide := _width(of))]
    if len(measured) < 2:
        return False
    values = np.array([value for value, _ in measured])
    variances = (np.array([wide for _, wide in measured]) / ERRORS_OF_AN_INTERVAL) ** 2
    before, between = _pooled(values[:-1], variances[:-1])
    return bool(before[0] - values[-1] > SURE * np.sqrt(before[1] + between + variances[-1]))


def _width(of: Estimate) -> float:
    """Of its interval; 0 where it has none."""
    return of.high - of.low if of.low is not None and of.high is not None else 0.0


def _pooled(values: np.ndarray, variances: np.ndarray) -> tuple[tuple[float, float], float]:
    """The mean of the figures, its variance, and the variance between them beyond their own."""
    weights = 1 / variances
    mean = np.average(values, weights=weights)
    excess = (weights * (values - mean) ** 2).sum() - (values.size - 1)
    scale = weights.sum() - (weights**2).sum() / weights.sum()
    between = max(0.0, excess / scale) if scale > 0 else 0.0
    weights = 1 / (variances + between)
    return (float(np.average(values, weights=weights)), float(1 / weights.sum())), float(between)
