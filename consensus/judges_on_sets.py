"""What the judges of a set say together of one attribute, and what it makes of what people say.

The calibration, the panel and the pool are those of `calibration` and `merge`; here they are put together for a whole set.
A calibrated panel tells what people *say*. A posterior tells which level is *right*, of which it is surer than of what the
next person says; so before the two are pooled the panel's word is taken back to the right levels behind it
(`panel_behind`). Otherwise a judge that is better than any person could not move a posterior of three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from consensus import calibration, merge
from consensus.posterior import Posterior
from consensus.rating_set import Units
from consensus.scales import Scale
from consensus.smoothing import fit_smoothing
from consensus.votes import Votes

LEAST_PROBABILITY = 1e-9  # of a level in a human distribution, so that no level is beyond all evidence
SPREAD_EVENLY = 0.01  # of a panel's word on the right levels, so that no judge is beyond all doubt
_STEPS = 200
_GRID = np.linspace(0, 1, 41)


@dataclass(frozen=True, eq=False)
class Panel:
    """The judges' one vote on U units.

    probabilities: (U, L), calibrated out of fold, rows of NaN where no judge spoke. frequencies: (U, L), what a judge who
    knows nothing would say. fit: its weight, and why.
    """

    probabilities: np.ndarray
    frequencies: np.ndarray
    fit: merge.MergeFit


def panel_on(units: Units) -> Panel | None:
    """What all judges make people say, with the weight that it has beside a distribution of what people say.

    None where no judge said anything of these units.
    """
    told = _told(units)
    if told is None:
        return None
    ratings, scale = in_order_of_arrival(units.votes, units.scale), units.scale
    smoothing = fit_smoothing(ratings, scale)
    fit = merge.fit_weight(ratings, told[0], scale, frequencies=told[1], smoothing=smoothing)
    return Panel(*told, fit)


def panel_behind(units: Units, fitted: Posterior) -> Panel | None:
    """Which levels all judges make right, with the weight that it has beside a posterior.

    The weight is the one, of 41 from 0 to 1, under which each left-out rating is best predicted by the posterior of the
    others and the panel. As in `merge.fit_weight` it takes fifty samples with two ratings, and three standard errors.
    """
    told = _told(units)
    if told is None:
        return None
    probabilities, frequencies = (right_levels(of, fitted.pooled) for of in told)
    gain = np.log(probabilities) - np.log(frequencies)
    return Panel(probabilities, frequencies, _fit(units.votes, fitted, gain))


def right_levels(said: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The right levels behind what people say.

    Parameters: said, (U, L) probabilities of what people say, rows of NaN = unknown; answers, (L, L) rows sum to 1: right level
        -> what people say. Returns: (U, L) probabilities of the right level, every one above 0; with `answers` they give `said`
        as nearly as they can, from an even start.
    Source: Richardson (1972), Lucy (1974), a deconvolution that is maximum likelihood by EM.
    """
    right = np.full(said.shape, 1 / said.shape[1])
    for _ in range(_STEPS):
        right = right * ((said / np.maximum(right @ answers, LEAST_PROBABILITY)) @ answers.T)
        right /= right.sum(axis=1, keepdims=True)
    return (1 - SPREAD_EVENLY) * right + SPREAD_EVENLY / said.shape[1]


def pooled(human: np.ndarray, panel: Panel, scale: Scale) -> np.ndarray:
    """People's distribution (U, L), rows of NaN = unknown, with the panel at its weight: (U, L)."""
    known = ~np.isnan(human).any(axis=1)
    merged = human.copy()
    floored = np.maximum(human[known], LEAST_PROBABILITY)
    merged[known] = merge.pool(
        floored / floored.sum(axis=1, keepdims=True),
        panel.probabilities[known],
        panel.fit.weight,
        scale,
        frequencies=panel.frequencies[known],
    )
    return merged


def in_order_of_arrival(votes: Votes, scale: Scale) -> np.ndarray:
    """(N, M) floats, M the most ratings that a sample has, NaN behind the last: for what asks not who gave them."""
    place = _places(votes)
    ratings = np.full((votes.sample_count, int(place.max(initial=-1)) + 1), np.nan)
    ratings[votes.sample, place] = scale.values[votes.level]
    return ratings


def _told(units: Units) -> tuple[np.ndarray, np.ndarray] | None:
    """The calibrated panel (U, L), and what a panel that knows nothing would say (U, L)."""
    heard = [said for said in units.judged.values() if not np.isnan(said).all()]
    if not heard:
        return None
    ratings, scale, prompts = in_order_of_arrival(units.votes, units.scale), units.scale, units.prompts.astype(str)
    frequencies = calibration.frequencies_elsewhere(ratings, scale, prompts)
    # By value, as the platform does (decision 0015): a judge that is right and says so too faintly would stay faint.
    values = [merge.merged_values(said, scale) for said in heard]
    calibrated = [calibration.calibrate(word, ratings, scale, prompts) for word in values]
    return merge.weighed_panel(calibrated, ratings, scale, frequencies=frequencies), frequencies


def _fit(votes: Votes, fitted: Posterior, gain: np.ndarray) -> merge.MergeFit:
    usable = (np.diff(votes.starts) >= 2) & ~np.isnan(gain).any(axis=1)
    held_out = _HeldOut.of(votes, usable, fitted, gain)
    count = int(np.count_nonzero(usable))
    if not count:
        return merge.MergeFit(0.0, 0, None, None, "too_few_samples")
    alone = float(held_out.logs(0.0).mean())
    if count < merge.SAMPLES_NEEDED:
        return merge.MergeFit(0.0, count, alone, alone, "too_few_samples")
    if held_out.help_in_standard_errors() < merge.STANDARD_ERRORS_NEEDED:
        return merge.MergeFit(0.0, count, alone, alone, "panel_does_not_help")
    likelihoods = [float(held_out.logs(weight).mean()) for weight in _GRID]
    best = int(np.argmax(likelihoods))
    return merge.MergeFit(float(_GRID[best]), count, alone, likelihoods[best], "fitted")


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """R left-out ratings. sample: (R,). others: (R, L) the right level by the others of the sample. gain: (R, L) what the
    panel adds, in logs. answers: (R, L) how probable the rating is under each right level."""

    sample: np.ndarray
    others: np.ndarray
    gain: np.ndarray
    answers: np.ndarray

    @classmethod
    def of(cls, votes: Votes, usable: np.ndarray, fitted: Posterior, gain: np.ndarray) -> _HeldOut:
        used, place = usable[votes.sample], _places(votes)
        others = np.zeros((len(votes), gain.shape[1]))
        for left_out in np.unique(place[used]):
            rows = used & (place == left_out)
            others[rows] = fitted.probabilities(votes.kept(used & (place != left_out)))[votes.sample[rows]]
        sample, answers = votes.sample[used], fitted.pooled.T[votes.level[used]]
        return cls(sample, others[used], gain[sample], answers)

    def logs(self, weight: float) -> np.ndarray:
        """(R,) the log probability of each rating, with the panel at this weight."""
        shares = self.others * np.exp(weight * (self.gain - self.gain.max(axis=1, keepdims=True)))
        predicted = (shares * self.answers).sum(axis=1) / shares.sum(axis=1)
        return np.asarray(np.log(np.maximum(predicted, LEAST_PROBABILITY)))

    def help_in_standard_errors(self) -> float:
        """How much the first bit of weight helps, over its standard error, people of one sample taken together."""
        by_sample = np.bincount(self.sample, self.logs(float(_GRID[1])) - self.logs(0.0))
        error = float(np.sqrt((by_sample**2).sum()))
        return float(by_sample.sum()) / error if error else 0.0


def _places(votes: Votes) -> np.ndarray:
    """(R,) each vote's place among those of its sample."""
    return np.arange(len(votes)) - votes.starts[votes.sample]
