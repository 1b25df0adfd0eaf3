"""Student's t: the probability of a tail, without a library of statistics."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_TINY = 1e-300
_log_gamma = np.vectorize(math.lgamma, otypes=[float])


def student_t_below(t: npt.ArrayLike, degrees: npt.ArrayLike) -> np.ndarray:
    """The probability that Student's t is below each value.

    Parameters: t, floats of any shape, infinities allowed; degrees, of freedom, above 0, of the same shape.
    Returns: floats of the same shape; NaN where t is NaN.
    Source: the regularised incomplete beta function by its continued fraction; Press et al., "Numerical Recipes", 6.4.

    >>> student_t_below([-2.228, 0.0], [10, 10]).round(4)
    array([0.025, 0.5  ])
    """
    values, freedom = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(degrees, dtype=float))
    with np.errstate(invalid="ignore"):
        share = np.where(np.isinf(values), 0.0, freedom / (freedom + values**2))
    tail = 0.5 * _incomplete_beta(freedom / 2, np.full(freedom.shape, 0.5), share)
    return np.where(np.isnan(values), np.nan, np.where(values < 0, tail, 1 - tail))


def _incomplete_beta(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The regularised incomplete beta function, on the side where its continued fraction converges quickly."""
    x = np.nan_to_num(x)
    mirrored = x > (a + 1) / (a + b + 2)
    first, second = np.where(mirrored, b, a), np.where(mirrored, a, b)
    share = np.where(mirrored, 1 - x, x)
    front = np.exp(
        _log_gamma(a + b)
        - _log_gamma(a)
        - _log_gamma(b)
        + first * np.log(np.maximum(share, _TINY))
        + second * np.log1p(-np.minimum(share, 1 - 1e-16))
    )
    found = np.where(share > 0, front * _continued_fraction(first, second, share) / first, 0.0)
    return np.where(mirrored, 1 - found, found)


def _continued_fraction(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Lentz's method."""
    c, d = np.ones_like(x), 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for m in range(1, 1001):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _not_zero(1 + step * d)
            c = _not_zero(1 + step / c)
            value = value * d * c
        if (np.abs(d * c - 1) < 1e-15).all():
            break
    return value


def _not_zero(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < _TINY, _TINY, values)
