"""People and judges together: one distribution over the levels, in which judges weigh what they have earned.

A log-linear pool of three distributions: human * (panel / frequencies) ** weight, normalised. Dividing by the pooled
frequencies of the levels leaves what the panel *adds*, for both sides already know how common each level is. The people
keep their full weight, so that a judge can tip a split vote without diluting a clear one; pooled as
human ** (1 - weight) * panel ** weight, a well-calibrated panel blurs clear votes and earns no weight at all.
The panel of judges has one vote however many sit on it, because judges err alike; within it a judge counts for what it
tells by itself of left-out ratings, and one that was not measured counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus import middles
from consensus.estimates import BootstrapNotValid
from consensus.resampling import in_blocks
from consensus.scales import Scale, WrongShape, level_probabilities
from consensus.smoothing import Smoothing, leave_one_out_posterior, level_frequencies
from consensus.votes import Votes

SAMPLES_NEEDED = 50
STANDARD_ERRORS_NEEDED = 3.0  # several attributes are looked at, and looked at again as data come in
_HALVINGS = 24
_GRID = np.linspace(0, 1, 41)  # where the interval looks for the best weight


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
    low, high: a 95 % interval of the weight, prompts being drawn; None where none was asked for, with fewer than two prompts
        and where the weight was not fitted.
    """

    weight: float
    sample_count: int
    log_likelihood_people: float | None
    log_likelihood_merged: float | None
    reason: str
    low: float | None = None
    high: float | None = None


def judge_weights(
    judges: Sequence[npt.ArrayLike], ratings: npt.ArrayLike, scale: Scale, *, frequencies: npt.ArrayLike
) -> np.ndarray:
    """What each judge tells by itself: by how much its calibrated word makes people's ratings more probable.

    Parameters: judges, one (N, L) array of calibrated probabilities for each, out of fold, rows of NaN = no judgment; ratings, (N, M)
        floats, first rounds, NaN = not rated; frequencies, (N, L) as in `pool`: what a judge that knows nothing would say.
    Returns: (J,) floats of at least 0, in nats a rating; 0 for a judge of fewer than fifty rated samples.
    Raises: WrongShape, RatingOffScale, ProbabilitiesNotValid, ZeroProbability.
    """
    counts = scale.tally(ratings)
    common = _commonness(frequencies, len(counts), scale)
    return np.array(
        [_information(_opinion(judge, len(counts), scale), counts, common) for judge in judges], dtype=float
    )


def panel_of(judges: Sequence[npt.ArrayLike], scale: Scale, *, weights: npt.ArrayLike | None = None) -> np.ndarray:
    """One vote of all judges: the weighted mean of their log probabilities, over those who spoke, normalised.

    Parameters: judges, one (N, L) array of calibrated probabilities for each judge; rows of NaN = no judgment; weights, (J,)
        floats of at least 0 (`judge_weights`), by default all the same. Judges of weight 0 are not heard.
    Returns: (N, L) floats, rows sum to 1; NaN where no judge spoke that is heard.
    Raises: WrongShape (no judge, or unlike shapes), ProbabilitiesNotValid, ZeroProbability.
    """
    opinions = [_logs(level_probabilities(judge, scale), "A judge") for judge in judges]
    if not opinions or len({len(opinion) for opinion in opinions}) > 1:
        raise WrongShape(f"{len(opinions)} judges, not all of one length. Give one row a sample for each judge.")
    shares = np.ones(len(opinions)) if weights is None else np.asarray(weights, dtype=float)
    if shares.shape != (len(opinions),) or not (shares >= 0).all():
        raise WrongShape(f"Weights {shares.tolist()} for {len(opinions)} judges. Give a number of at least 0 for each.")
    total, heard = np.zeros(opinions[0].shape), np.zeros((len(opinions[0]), 1))
    for opinion, share in zip(opinions, shares, strict=True):
        total += share * np.nan_to_num(opinion)
        heard += share * ~np.isnan(opinion).any(axis=1, keepdims=True)
    return np.exp(_log_normalised(np.where(heard > 0, total / np.where(heard > 0, heard, 1.0), np.nan)))


def weighed_panel(
    judges: Sequence[npt.ArrayLike], ratings: npt.ArrayLike, scale: Scale, *, frequencies: npt.ArrayLike
) -> np.ndarray:
    """`panel_of` with `judge_weights`: one vote, in which each judge counts for what it tells by itself.

    Where no judge tells anything, or none was measured, all count the same: such a panel earns no weight (`fit_weight`), and
    its samples are counted all the same. Parameters, errors: as there.
    """
    weights = judge_weights(judges, ratings, scale, frequencies=frequencies)
    return panel_of(judges, scale, weights=weights if weights.any() else None)


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
    bootstrap: PromptBootstrap | None = None,
) -> MergeFit:
    """The panel's weight under which each person's rating, left out, is best predicted from the others and the panel.

    Samples with one rating are not used: there the people's side is empty, as it never is for a label, and the panel would
    look better than it is. For the same reason the weight errs on the high side by the one vote left out. A panel whose help
    cannot be told from chance (less than three standard errors, by sample) weighs nothing: without that, one that knows
    nothing and says little would get any weight at all.

    Parameters: ratings, (N, M) floats, first rounds of *all* samples, not of the escalated ones only, NaN = not rated;
        panel, (N, L) probabilities calibrated out of fold, rows of NaN = no judge spoke; frequencies, as in `pool`, by default
        those of all ratings; smoothing, of the human posterior; bootstrap, for an interval of the weight.
    Raises: WrongShape, RatingOffScale, ProbabilitiesNotValid, ZeroProbability.
    """
    counts = scale.tally(ratings)
    judges = _opinion(panel, len(counts), scale)
    common = _commonness(level_frequencies(ratings, scale) if frequencies is None else frequencies, len(counts), scale)
    used = np.flatnonzero((counts.sum(axis=1) >= 2) & ~np.isnan(judges).any(axis=1))
    people = np.log(leave_one_out_posterior(ratings, scale, smoothing=smoothing)[used])
    row, level = np.nonzero(counts[used])
    sample = used[row]
    gain = (judges - common)[sample]
    held_out = _HeldOut(people[row, level], gain, level, counts[sample, level].astype(float), sample)
    return _fit(held_out, len(used), bootstrap)


def fit_weight_on_votes(
    votes: Votes,
    others: npt.ArrayLike,
    panel: npt.ArrayLike,
    scale: Scale,
    *,
    frequencies: npt.ArrayLike,
    bootstrap: PromptBootstrap | None = None,
) -> MergeFit:
    """`fit_weight` under any model of people: the same weight, from what that model predicts of each left-out vote.

    Parameters: votes, R first-round votes; others, (R, L) probabilities above 0, for each vote what the other votes of its
        sample say of it; panel, frequencies, bootstrap as in `fit_weight`. Votes without others or a panel are not used.
    Raises: WrongShape, ProbabilitiesNotValid, ZeroProbability.
    """
    judges = _opinion(panel, votes.sample_count, scale)
    common = _commonness(frequencies, votes.sample_count, scale)
    people = _logs(level_probabilities(others, scale), "What others say")
    if len(people) != len(votes):
        raise WrongShape(f"{len(people)} predictions for {len(votes)} votes. Give one row a vote.")
    usable = (np.diff(votes.starts) >= 2) & ~np.isnan(judges).any(axis=1)
    used = usable[votes.sample]
    sample, level = votes.sample[used], votes.level[used].astype(int)
    held_out = _HeldOut(people[used], (judges - common)[sample], level, np.ones(len(level)), sample)
    return _fit(held_out, int(np.count_nonzero(np.bincount(sample))), bootstrap)


@dataclass(frozen=True, eq=False)
class PromptBootstrap:
    """How the interval of a weight is made: prompts, (N,) the prompt of each sample, are drawn `draws` times with replacement.

    Raises: BootstrapNotValid.
    """

    prompts: np.ndarray
    rng: np.random.Generator
    draws: int = 1000

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise BootstrapNotValid(f"{self.draws} draws. Give 1 or more.")

    def blocks(self, samples: np.ndarray) -> np.ndarray:
        """The prompt of each of these samples, as a number from 0; more than 500 prompts are put together at random into 500
        blocks, which keeps the interval and bounds its cost."""
        prompt = np.unique(np.asarray(self.prompts)[samples], return_inverse=True)[1]
        return in_blocks(prompt, self.rng)


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
    values = scale.values[known.argmax(axis=1)] if scale.is_nominal else middles.middle_level(known, scale)
    return np.where(unknown, np.nan, values)


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """Left-out ratings: what the others predict, in logs (R, L); what the panel adds, in logs (R, L); the level
    chosen (R,); how many people of the sample chose it (R,); the sample (R,)."""

    people: np.ndarray
    gain: np.ndarray
    level: np.ndarray
    votes: np.ndarray
    sample: np.ndarray

    def log_likelihood(self, weight: float) -> float:
        return float(np.average(self._chosen(self._log_pooled(weight)), weights=self.votes))

    def by_block(self, weight: float, blocks: np.ndarray) -> np.ndarray:
        """The log-likelihood of each block of samples, summed over its ratings."""
        return np.bincount(blocks, self._chosen(self._log_pooled(weight)) * self.votes)

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


def _fit(held_out: _HeldOut, sample_count: int, bootstrap: PromptBootstrap | None) -> MergeFit:
    if not sample_count:
        return MergeFit(0.0, 0, None, None, "too_few_samples")
    alone = held_out.log_likelihood(0.0)
    if sample_count < SAMPLES_NEEDED:
        return MergeFit(0.0, sample_count, alone, alone, "too_few_samples")
    helps = held_out.help_in_standard_errors() >= STANDARD_ERRORS_NEEDED
    weight = _best_weight(held_out) if helps else 0.0
    if weight == 0:
        return MergeFit(0.0, sample_count, alone, alone, "panel_does_not_help")
    low, high = _interval(held_out, bootstrap)
    return MergeFit(weight, sample_count, alone, held_out.log_likelihood(weight), "fitted", low, high)


def _interval(held_out: _HeldOut, bootstrap: PromptBootstrap | None) -> tuple[float | None, float | None]:
    """The best of 41 weights in each resample: sums of the same likelihoods, so that a thousand cost as much as 41."""
    if bootstrap is None:
        return None, None
    blocks = bootstrap.blocks(held_out.sample)
    count = int(blocks.max()) + 1
    if count < 2:
        return None, None
    likelihoods = np.stack([held_out.by_block(weight, blocks) for weight in _GRID], axis=1)
    drawn = bootstrap.rng.multinomial(count, np.full(count, 1 / count), bootstrap.draws)
    low, high = np.quantile(_GRID[(drawn @ likelihoods).argmax(axis=1)], [0.025, 0.975])
    return float(low), float(high)


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


def _opinion(probabilities: npt.ArrayLike, sample_count: int, scale: Scale) -> np.ndarray:
    """(N, L) logs of a panel's or judge's probabilities."""
    logs = _logs(level_probabilities(probabilities, scale), "The panel")
    if len(logs) != sample_count:
        raise WrongShape(f"The panel speaks of {len(logs)} samples, people of {sample_count}. Give one row a sample.")
    return logs


def _information(opinion: np.ndarray, counts: np.ndarray, common: np.ndarray) -> float:
    measured = ~np.isnan(opinion).any(axis=1) & (counts.sum(axis=1) > 0)
    if np.count_nonzero(measured) < SAMPLES_NEEDED:
        return 0.0
    rated = counts[measured]
    return max(float((rated * (opinion - common)[measured]).sum() / rated.sum()), 0.0)


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
