"""How the word of a judge goes together with what people say, on a scale with an order, told by few ratings.

A table of what people say at each word of a judge has a number for every pair of levels, too many for few ratings. On a
scale with an order one number tells most of it: how strongly higher words go with higher ratings. The model is

    P(people say l | judge says j)  proportional to  exp(a_l + b x_l x_j)

with x the places of the levels from -1 to 1. The a_l make each level as common as it is, so a judge that is always a
level too high, squeezes the scale or turns it around is translated like any other.
"""

from __future__ import annotations

import numpy as np

from consensus.scales import Scale
from consensus.smoothing import smoothed_frequencies

DOUBT_VOTES = 10.0  # ratings of a judge who knows nothing, added to the table: people of one sample say much the same
_STEPS = 50
_CLOSE = 1e-10


def associated(table: np.ndarray, scale: Scale) -> np.ndarray:
    """What people say at each word of a judge, after this table of counts.

    Parameters: table, (L, L) counts from 0, rows what the judge said, columns what people rated.
    Returns: (L, L) floats, rows sum to 1 and are above 0. With no counts every row is even.
    Source: the linear-by-linear association model; Goodman (1979), Agresti, "Analysis of Ordinal Categorical Data".
    """
    frequencies = smoothed_frequencies(table.sum(axis=0))
    counts = table + (1 / len(table) + DOUBT_VOTES * frequencies) / len(table)
    features = _features(scale)
    coefficients = np.zeros(len(features))
    rows, likelihood = _rows(coefficients, features, frequencies, counts)
    for _ in range(_STEPS):
        step = _newton_step(features, rows, counts)
        coefficients, rows, reached = _uphill(coefficients, step, features, frequencies, counts, likelihood)
        gained, likelihood = reached - likelihood, reached
        if gained < _CLOSE:
            break
    return rows


def places(scale: Scale) -> np.ndarray:
    """(L,) floats from -1 to 1: even steps from level to level (ordinal), or where the values lie (interval)."""
    size = len(scale.levels)
    at = np.arange(size) if scale.measurement == "ordinal" else scale.values
    return np.asarray(2 * (at - at[0]) / (at[-1] - at[0]) - 1, dtype=float)


def _features(scale: Scale) -> np.ndarray:
    """(L, L, L): for all levels but the last, whether people say it; then how far both sides go the same way."""
    size = len(scale.levels)
    at = places(scale)
    said = np.broadcast_to(np.eye(size)[:-1, None, :], (size - 1, size, size))
    return np.concatenate([said, np.outer(at, at)[None]])


def _rows(
    coefficients: np.ndarray, features: np.ndarray, frequencies: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, float]:
    logs = np.log(frequencies) + np.einsum("k,kjl->jl", coefficients, features)
    logs = logs - logs.max(axis=1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return np.exp(logs), float((counts * logs).sum())


def _newton_step(features: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    ratings = counts.sum(axis=1)
    expected = np.einsum("kjl,jl->kj", features, rows)
    slope = np.einsum("kjl,jl->k", features, counts) - expected @ ratings
    weighted = rows * ratings[:, None]
    curvature = np.einsum("kjl,mjl,jl->km", features, features, weighted) - (expected * ratings) @ expected.T
    return np.asarray(np.linalg.solve(curvature + 1e-9 * np.eye(len(slope)), slope))


def _uphill(
    start: np.ndarray,
    step: np.ndarray,
    features: np.ndarray,
    frequencies: np.ndarray,
    counts: np.ndarray,
    likelihood: float,
) -> tuple[np.ndarray, np.ndarray, float]:
    """The whole step, or so many halves of it that it leads upwards: the likelihood has one summit."""
    share = 1.0
    while True:
        rows, reached = _rows(start + share * step, features, frequencies, counts)
        if reached >= likelihood or share < 1e-6:
            return start + share * step, rows, reached
        share /= 2
