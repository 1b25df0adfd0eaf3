"""How right merged labels would be if the panel of judges had another weight: against people who are left out.

Each first-round rating is left out once and compared with what the others of its sample and the panel make of it, at every
weight. Samples with one rating are not used, as in `merge.fit_weight`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus import merge
from consensus.estimates import Estimate
from consensus.replays.intervals import Ratio, Resampling
from consensus.replays.scoring import Measure, measure_of
from consensus.scales import Scale
from consensus.simulate import CONFIDENCE, RESAMPLES
from consensus.smoothing import fit_smoothing, leave_one_out_posterior

UNDEFINED = "No sample has two first-round ratings and a word of the judges."


@dataclass(frozen=True)
class Tried:
    """measured: agreement with the left-out people, or the absolute error from them (`measure`). better: in points of a hundred
    than at the weight of now (of an error: of the scale's span), positive where the labels are better."""

    weight: float
    measure: Measure
    measured: Estimate
    better: Estimate


def weights_tried(
    ratings: npt.ArrayLike,
    panel: npt.ArrayLike,
    scale: Scale,
    *,
    frequencies: npt.ArrayLike,
    prompts: np.ndarray,
    weights: Sequence[float],
    now: float,
    rng: np.random.Generator,
) -> list[Tried]:
    """Every weight beside the one of now; all are of the same left-out ratings, so differences are paired.

    Parameters: ratings, (N, M) floats, first rounds; panel, (N, L) calibrated out of fold, rows of NaN = no judge spoke;
        frequencies, (N, L) as in `merge.pool`; prompts, (N,); weights, now, from 0 to 1.
    Raises: as `merge.pool`.
    """
    given, said, common = np.asarray(ratings, dtype=float), np.asarray(panel, dtype=float), np.asarray(frequencies)
    counts = scale.tally(given)
    unit, level = np.nonzero(counts * ((counts.sum(axis=1) >= 2) & ~np.isnan(said).any(axis=1))[:, None])
    others = leave_one_out_posterior(given, scale, smoothing=fit_smoothing(given, scale))[unit, level]
    votes, measure = counts[unit, level].astype(float), measure_of(scale)
    resampling = Resampling(np.asarray(prompts, dtype=str), rng, RESAMPLES)

    def summed(numbers: np.ndarray) -> np.ndarray:
        return np.bincount(unit, weights=numbers * votes, minlength=len(counts))

    def ratio(weight: float) -> Ratio:
        pooled = merge.pool(others, said[unit], weight, scale, frequencies=common[unit])
        if measure == "agreement":
            scored = merge.merged_values(pooled, scale) == scale.values[level]
        else:
            scored = np.abs(pooled @ scale.values - scale.values[level])
        return resampling.ratio(summed(scored.astype(float)), summed(np.ones(len(unit))))

    beside = ratio(now)
    return [_tried(weight, ratio(weight), beside, measure, scale) for weight in weights]


def _tried(weight: float, ratio: Ratio, beside: Ratio, measure: Measure, scale: Scale) -> Tried:
    points = 100.0 if measure == "agreement" else -100.0 / scale.span
    return Tried(
        weight=weight,
        measure=measure,
        measured=ratio.estimate(CONFIDENCE, UNDEFINED),
        better=(ratio - beside).scaled(points).estimate(CONFIDENCE, UNDEFINED),
    )
