"""People and judges together: one distribution over the levels, in which judges weigh what they have earned.

A log-linear pool of three distributions: human * (panel / frequencies) ** weight, normalised. Dividing by the pooled
frequencies of the levels leaves what the panel *adds*, for both sides already know how common each level is. The people
keep their full weight, so that a judge can tip a split vote without diluting a clear one; pooled as
human ** (1 - weight) * panel ** weight, a well-calibrated panel blurs clear votes and earns no weight at all.
The panel of judges has one vote however many sit on it, because judges err alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.posterior import Smoothing, leave_one_out_posterior, level_frequencies
from consensus.scales import Scale, WrongShape, level_probabilities

SAMPLES_NEEDED = 50
STANDARD_ERRORS_NEEDED = 3.0  # several attributes are looked at, and looked at again as data come in
_HALVINGS = 24


class WeightNotValid(ValueError):
    """The weight of the panel is not between 0 and 1."""


class ZeroProbability(ValueError):
    """A level has probability zero, which no other evidence could ever outweigh."""


@dataclass(frozen=True)
class MergeFit:
    """The weight of the panel, and what it is worth.

    weight: from 0 (people alone: the merged value *is* the human value) to 1 (the panel taken at its word).
    sample_count: samples with two or more first-round ratings and a panel.
    log_likelihood_people, log_likelihood_merged: mean natural log probability of a left-out rating, without and with the
        panel; None without samples. reason: "fitted", "panel_does_not_help" or "too_few_samples".
    """

    weight: float
    sample_count: int
    log_likelihood_people: float | None
    log_likelihood_merged: float | None
    reason: str


def panel_of(judges: Sequence[npt.ArrayLike], scale: Scale) -> np.ndarray:
    """One vote of all judges: the mean of their log probabilities, over those who spoke, normalised.

    Parameters: judges, one (N, L) array of calibrated probabilities for each judge; rows of NaN = no judgment.
    Returns: (N, L) floats, rows sum to 1; NaN where no judge spoke.
    Raises: WrongShape (no judge, or unlike shapes), ProbabilitiesNotValid, ZeroProbability.
    """
    opinions = [_logs(level_probabilities(judge, scale), "A judge") for judge in judges]
    if not opinions or len({len(opinion) for opinion in opinions}) > 1:
        raise WrongShape(f"{len(opinions)} judges, not all of one length. Give one row a sample for each judge.")
    stacked = np.stack(opinions)
    speakers = (~np.isnan(stacked)).sum(axis=0)
    total = np.nansum(stacked, axis=0)
    mean = np.divide(total, speakers, out=np.full(total.shape, np.nan), where=speakers > 0)
    return np.exp(_log_normalised(mean))


def pool(
    human: npt.ArrayLike, panel: npt.ArrayLike, weight: float, scale: Scale, *, frequencies: npt.ArrayLike
) -> np.ndarray:
    """Log-linear pool: human * (panel / frequencies) ** weight, normalised.

    Parameters: human, (N, L) probabilities; panel, (N, L) probabilities, rows of NaN = no judge spoke: there the people
        stand alone; weight, of the panel, from 0 to 1; frequencies, (L,) of the levels, or (N, L) for each sample where the
        panel was calibrated elsewhere (`frequencies_elsewhere`): what a judge who knows nothing would say. They must rest on
        what the panel rests on, or its ignorance would look like knowledge.
    Returns: (N, L) floats, rows sum to 1. Raises: WrongShape, ProbabilitiesNotValid, ZeroProbability, WeightNotValid.
    """
    if not 0 <= weight <= 1:
        raise WeightNotValid(f"The panel's weight is {weight}. Give a number from 0 to 1.")
    people = _logs(level_probabilities(human, scale), "The human posterior")
    judges = _logs(level_probabilities(panel, scale), "The panel")
    common = _commonness(frequencies, len(people), scale)
    if people.shape != judges.shape:
        raise WrongShape(f"People speak of {len(people)} samples, the panel of {len(judges)}. Give one row a sample.")
    return np.exp(_log_normalised(people + weight * np.where(np.isnan(judges), 0, judges - common)))


def fit_weight(
    ratings: npt.ArrayLike,
    panel: npt.ArrayLike,
    scale: Scale,
    *,
    frequencies: npt.ArrayLike | None = None,
    smoothing: Smoothing | None = None,
) -> MergeFit:
    """The panel's weight under which each person's rating, left out, is best predicted from the others and the panel.

    Samples with one rating are not used: there the people's side is empty, as it never is for a label, and the panel would
    look better than it is. For the same reason the weight errs on the high side by the one vote left out. A panel whose help
    cannot be told from chance (less than three standard errors, by sample) weighs nothing: without that, one that knows
    nothing and says little would get any weight at all.

    Parameters: ratings, (N, M) floats, first rounds of *all* samples, not of the escalated ones only, NaN = not rated;
        panel, (N, L) probabilities calibrated out of fold, rows of NaN = no judge spoke; frequencies, as in `pool`, by default
        those of all ratings; smoothing, of the human posterior.
    Raises: WrongShape, RatingOffScale, ProbabilitiesNotValid, ZeroProbability.
    """
    counts = scale.tally(ratings)
    judges = _logs(level_probabilities(panel, scale), "The panel")
    if len(judges) != len(counts):
        raise WrongShape(f"The panel speaks of {len(judges)} samples, people of {len(counts)}. Give one row a sample.")
    used = (counts.sum(axis=1) >= 2) & ~np.isnan(judges).any(axis=1)
    people = np.log(leave_one_out_posterior(ratings, scale, smoothing=smoothing)[used])
    common = _commonness(level_frequencies(ratings, scale) if frequencies is None else frequencies, len(counts), scale)
    sample, level = np.nonzero(counts[used])
    gain = (judges - common)[used][sample]
    held_out = _HeldOut(people[sample, level], gain, level, counts[used][sample, level], sample)
    return _fit(held_out, int(np.count_nonzero(used)))


def merged_values(pooled: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """The value of a pooled distribution: the likeliest level (nominal), else the median.

    A median that lies between two levels is rounded as a label is: half away from zero, and to 0, "no preference", in
    the middle of a comparison without 0. Where the weight is 0 the merged value is the human value: ask the label
    rule for it, not this function, which may differ from it.

    Parameters: pooled, (N, L) probabilities, rows of NaN = unknown. Returns: (N,) floats, levels, 0 or NaN.
    Raises: WrongShape, ProbabilitiesNotValid.
    """
    probabilities = level_probabilities(pooled, scale)
    unknown = np.isnan(probabilities).any(axis=1)
    known = np.where(unknown[:, None], 1.0, probabilities)
    if scale.is_nominal:
        values = scale.values[known.argmax(axis=1)]
    else:
        below = np.cumsum(known, axis=1)
        # Summing leaves a hair of error; an exact half on either side is a tie, not a lower median.
        lower = scale.values[(below >= 0.5 - 1e-12).argmax(axis=1)]
        upper = scale.values[(below > 0.5 + 1e-12).argmax(axis=1)]
        values = scale.nearest((lower + upper) / 2)
    return np.where(unknown, np.nan, values)


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """Left-out ratings: what the others predict, in logs (R, L); what the panel adds, in logs (R, L); the level
    chosen (R,); how many people of the sample chose it (R,); the sample, counted from 0 (R,)."""

    people: np.ndarray
    gain: np.ndarray
    level: np.ndarray
    votes: np.ndarray
    sample: np.ndarray

    def log_likelihood(self, weight: float) -> float:
        return float(np.average(self._chosen(self._log_pooled(weight)), weights=self.votes))

    def slope(self, weight: float) -> float:
        """Derivative of the log-likelihood by the weight; it only ever falls, the pool being log-linear."""
        return float(np.average(self._slopes(weight), weights=self.votes))

    def help_in_standard_errors(self) -> float:
        """The slope at weight 0 over its standard error, people of one sample taken together (a score test)."""
        by_sample = np.bincount(self.sample, weights=self._slopes(0.0) * self.votes)
        error = float(np.sqrt((by_sample**2).sum()))
        return float(by_sample.sum()) / error if error else 0.0

    def _slopes(self, weight: float) -> np.ndarray:
        expected = (np.exp(self._log_pooled(weight)) * self.gain).sum(axis=1)
        return np.asarray(self._chosen(self.gain) - expected)

    def _log_pooled(self, weight: float) -> np.ndarray:
        return _log_normalised(self.people + weight * self.gain)

    def _chosen(self, values: np.ndarray) -> np.ndarray:
        return values[np.arange(len(values)), self.level]


def _fit(held_out: _HeldOut, sample_count: int) -> MergeFit:
    if not sample_count:
        return MergeFit(0.0, 0, None, None, "too_few_samples")
    alone = held_out.log_likelihood(0.0)
    if sample_count < SAMPLES_NEEDED:
        return MergeFit(0.0, sample_count, alone, alone, "too_few_samples")
    helps = held_out.help_in_standard_errors() >= STANDARD_ERRORS_NEEDED
    weight = _best_weight(held_out) if helps else 0.0
    reason = "fitted" if weight > 0 else "panel_does_not_help"
    return MergeFit(weight, sample_count, alone, held_out.log_likelihood(weight), reason)


def _best_weight(held_out: _HeldOut) -> float:
    """Where the slope crosses zero, by halving, to four digits (so that every machine says the same)."""
    low, high = 0.0, 1.0
    if held_out.slope(low) <= 0:
        return low
    if held_out.slope(high) >= 0:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if held_out.slope(middle) > 0 else (low, middle)
    return round((low + high) / 2, 4)


def _commonness(frequencies: npt.ArrayLike, sample_count: int, scale: Scale) -> np.ndarray:
    """(N, L) logs of the frequencies, given once for all samples or for each."""
    given = np.asarray(frequencies, dtype=float)
    each = np.broadcast_to(given, (sample_count, len(given))) if given.ndim == 1 else given
    if len(each) != sample_count:
        raise WrongShape(f"{len(each)} rows of frequencies for {sample_count} samples. Give one row, or one a sample.")
    return _logs(level_probabilities(each, scale), "The frequencies")


def _logs(probabilities: np.ndarray, whose: str) -> np.ndarray:
    if (probabilities == 0).any():
        raise ZeroProbability(f"{whose} gives a level probability 0. Smooth or calibrate it first.")
    return np.log(probabilities)


def _log_normalised(logs: np.ndarray) -> np.ndarray:
    below_top = logs - logs.max(axis=-1, keepdims=True)
    return below_top - np.log(np.exp(below_top).sum(axis=-1, keepdims=True))
