"""CROWDLAB: people and judges as one weighted mean of probabilities, each with the weight that agreement earns them.

A named rule and the reference to beat. On nominal scales it is CROWDLAB as published. With the distances of an ordered
scale "agrees" becomes "is near": agreement is one minus the normalised distance, and what a vote does not give to its own
level goes to the others by how often people are that far apart. With distances of 0 and 1 both are the same thing.

Judges' probabilities must be *held out*: a judge that was fitted to a sample's own labels repeats them, and would earn a
weight for it. `consensus.calibration.calibrate` and a reward head's out-of-fold predictions are held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from consensus.calibration import judged_probabilities
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes, VotesNotValid

_LEAST_WEIGHT = 1e-6  # as in the published implementation: nobody is ignored altogether
_ROUNDING = 1e-12  # costs that are nearer to each other are tied


@dataclass(frozen=True, eq=False)
class Crowdlab:
    """What CROWDLAB makes of a set of votes and judges.

    probabilities: (N, L) floats, of each level; rows of NaN where nobody voted and no judge spoke.
    label: (N,) whole numbers, the index of the level that is taken for right; -1 where nothing is known.
    person_weights: (P,) and judge_weights: (J,) floats, what a vote and a judge count for; 1e-6 at the least. NaN for a
        person without a vote; 0 for judges that could not be measured.
    vote_shares: (L, L) floats, rows sum to 1: the probabilities that one vote for the level of the row stands for.
    """

    probabilities: np.ndarray
    label: np.ndarray
    person_weights: np.ndarray
    judge_weights: np.ndarray
    vote_shares: np.ndarray

    @property
    def confidence(self) -> np.ndarray:
        """(N,) floats, the probability of the label; NaN where there is none."""
        return np.where(self.label < 0, np.nan, self.probabilities[np.arange(len(self.label)), self.label])


def crowdlab(
    votes: Votes, scale: Scale, judged: Sequence[npt.ArrayLike] = (), *, by_distance: bool | None = None
) -> Crowdlab:
    """The weighted mean of what judges and people say, twice: weights against the majority, then against its result.

    Parameters: judged, for each judge (N, L) held-out probabilities of the levels (rows of NaN = it said nothing) or (N,)
        values in scale points; by_distance, whether near levels agree in part, by default on every scale that is not nominal.
    Ties of the majority: what the judges find likeliest, then (as published) the rarer level, then those whose people agree
        more with clear majorities, then the lowest level (published: drawn at random).
    **Without a judge** what remains is a vote weighted by people's agreement with each other. Where no sample has two
        votes nothing can be measured: all people weigh 1 and judges nothing, and a vote is believed half way between chance
        and certainty.
    Raises: VotesNotValid, WrongShape, RatingOffScale, ProbabilitiesNotValid.
    Source: Goh, Tkachenko and Mueller, "CROWDLAB" (2022, arXiv 2210.06812). On nominal scales (or with `by_distance=False`)
        and judges that speak everywhere, numerically equal to `get_label_quality_multiannotator` (one judge) and
        `get_label_quality_multiannotator_ensemble` (several) of cleanlab 2.9.0, where that draws no tie at random.
    """
    if votes.level_count != len(scale.levels):
        raise VotesNotValid(f"Votes of {votes.level_count} levels on a scale of {len(scale.levels)}. Give one scale.")
    opinions = [judged_probabilities(judge, scale) for judge in judged]
    if any(len(opinion) != votes.sample_count for opinion in opinions):
        raise WrongShape(f"Judges speak of other than {votes.sample_count} samples. Give one row a sample for each.")
    near = (not scale.is_nominal) if by_distance is None else by_distance
    distances = scale.distances if near else (scale.distances > 0).astype(float)
    crowd = _Crowd(votes, votes.tally(), tuple(opinions), distances / distances.max())
    majority = crowd.majority()
    if not crowd.shared.any():
        return crowd.unmeasured(majority)
    first = crowd.pooled(majority)
    return crowd.pooled(crowd.best_levels(first.probabilities, where_tied=majority))


@dataclass(frozen=True, eq=False)
class _Crowd:
    """tally: (N, L) counts. opinions: (N, L) probabilities of each judge. distances: (L, L), from 0 to 1."""

    votes: Votes
    tally: np.ndarray
    opinions: tuple[np.ndarray, ...]
    distances: np.ndarray

    @cached_property
    def counts(self) -> np.ndarray:
        """(N,) how many voted."""
        return np.diff(self.votes.starts)

    @cached_property
    def shared(self) -> np.ndarray:
        """(N,) booleans: samples with two votes or more, the only ones on which anybody can be measured."""
        return self.counts >= 2

    def majority(self) -> np.ndarray:
        """(N,) the level nearest to all votes of a sample; with distances of 0 and 1 the commonest. -1 without votes."""
        costs = _times(self.tally, self.distances)
        tied = costs <= costs.min(axis=1, keepdims=True) + _ROUNDING
        label = tied.argmax(axis=1)
        contested = np.flatnonzero(tied.sum(axis=1) > 1)
        if len(contested):
            clear = np.where(tied.sum(axis=1) == 1, label, -1)
            label[contested] = self._broken(contested, tied[contested], clear)
        return np.where(self.counts > 0, label, -1)

    def _broken(self, contested: np.ndarray, tied: np.ndarray, clear: np.ndarray) -> np.ndarray:
        """The level that each contested sample gets: one tie-break after the other keeps the best of what is left."""
        tied = _kept_best(tied, self._mean_opinion(contested))
        tied = _kept_best(tied, -np.broadcast_to(self.tally.sum(axis=0), tied.shape).astype(float))
        if (tied.sum(axis=1) > 1).any():
            tied = _kept_best(tied, self._agreement_behind(contested, clear))
        return tied.argmax(axis=1)

    def _mean_opinion(self, samples: np.ndarray) -> np.ndarray:
        """(n, L) the mean of the judges that spoke; 0 where none did."""
        total, spoke = np.zeros((len(samples), self.votes.level_count)), np.zeros((len(samples), 1))
        for opinion in self.opinions:
            heard = opinion[samples]
            total += np.nan_to_num(heard)
            spoke += ~np.isnan(heard).any(axis=1, keepdims=True)
        return total / np.maximum(spoke, 1)

    def _agreement_behind(self, samples: np.ndarray, clear: np.ndarray) -> np.ndarray:
        """(n, L) how much the people who voted for each level agree with clear majorities elsewhere, on average."""
        measured = clear[self.votes.sample] >= 0
        right = 1 - self.distances[self.votes.level, clear[self.votes.sample]]
        people = _mean_by(self.votes.person[measured], right[measured], self.votes.person_count)
        known = people[~np.isnan(people)]
        people = np.where(np.isnan(people), known.mean() if len(known) else 0.0, people)
        voices = self.votes.kept(np.isin(self.votes.sample, samples))
        cells = voices.sample.astype(np.int64) * voices.level_count + voices.level
        size = voices.sample_count * voices.level_count
        by_cell = np.bincount(cells, people[voices.person], size) / np.maximum(np.bincount(cells, minlength=size), 1)
        return by_cell.reshape(-1, voices.level_count)[samples]

    def pooled(self, label: np.ndarray) -> Crowdlab:
        """Everybody's weight, measured against this label, and the weighted mean."""
        truth = label[self.shared]
        mistake = max(float(self.distances[:, truth].mean(axis=1).min()), _LEAST_WEIGHT)  # of always saying one level
        people = np.maximum(1 - (1 - self._agreement_of_people) / mistake, _LEAST_WEIGHT)
        judges = np.array([self._judge_weight(opinion, label, mistake) for opinion in self.opinions])
        shares = self._vote_shares(label)
        return self._mean(label, people, judges, shares)

    def unmeasured(self, label: np.ndarray) -> Crowdlab:
        """No two people met."""
        level_count = self.votes.level_count
        shares = (np.eye(level_count) + 1 / level_count) / 2
        return self._mean(label, np.ones(self.votes.person_count), np.zeros(len(self.opinions)), shares)

    def _mean(self, label: np.ndarray, people: np.ndarray, judges: np.ndarray, shares: np.ndarray) -> Crowdlab:
        votes = self.votes
        cells = votes.sample.astype(np.int64) * votes.level_count + votes.level
        weights = np.bincount(cells, people[votes.person], votes.sample_count * votes.level_count)
        behind = weights.reshape(votes.sample_count, -1)
        total, weight = _times(behind, shares), behind.sum(axis=1)
        for opinion, of_judge in zip(self.opinions, judges, strict=True):
            total += of_judge * np.nan_to_num(opinion)
            weight += of_judge * ~np.isnan(opinion).any(axis=1)
        known = np.where(weight > 0, weight, np.nan)
        probabilities = total / known[:, None]
        voted = np.bincount(votes.person, minlength=votes.person_count) > 0
        label = self.best_levels(probabilities, where_tied=label) if (label < 0).any() else label
        return Crowdlab(probabilities, label, np.where(voted, people, np.nan), judges, shares)

    def best_levels(self, probabilities: np.ndarray, *, where_tied: np.ndarray) -> np.ndarray:
        """(N,) the level with the least expected distance; -1 where nothing is known."""
        costs = _times(probabilities, self.distances)
        tied = costs <= costs.min(axis=1, keepdims=True) + _ROUNDING
        clear = (tied.sum(axis=1) == 1) | (where_tied < 0)
        best = np.where(clear, tied.argmax(axis=1), where_tied)
        return np.where(np.isnan(probabilities).any(axis=1), -1, best)

    @cached_property
    def _agreement_of_people(self) -> np.ndarray:
        """(P,) one minus a person's mean distance to the others on the same samples, over all pairs; the mean of the
        others' for a person who met nobody."""
        apart = (_times(self.tally, self.distances))[self.votes.sample, self.votes.level]
        others = (self.counts - 1)[self.votes.sample]
        total = np.bincount(self.votes.person, apart, self.votes.person_count)
        met = np.bincount(self.votes.person, others, self.votes.person_count)
        agreement = 1 - np.divide(total, met, out=np.full(len(met), np.nan), where=met > 0)
        return np.where(np.isnan(agreement), np.nanmean(agreement), agreement)

    def _judge_weight(self, opinion: np.ndarray, label: np.ndarray, mistake: float) -> float:
        measured = self.shared & ~np.isnan(opinion).any(axis=1)
        if not measured.any():
            return 0.0
        costs = _times(opinion[measured], self.distances)
        said = (costs <= costs.min(axis=1, keepdims=True) + _ROUNDING).argmax(axis=1)
        error = float(self.distances[said, label[measured]].mean())
        voted = self.counts > 0
        return max(1 - error / mistake, _LEAST_WEIGHT) * float(np.sqrt(self.counts[voted].mean()))

    def _vote_shares(self, label: np.ndarray) -> np.ndarray:
        """(L, L): at each distance the share of votes that are so far from the label, every sample counting the same;
        spread evenly over the levels that are so far away."""
        apart = np.unique(self.distances)
        which = np.searchsorted(apart, self.distances)
        rows, truth = self.tally[self.shared], label[self.shared]
        by_distance = np.array(
            [((rows * (which == at)[truth]).sum(axis=1) / self.counts[self.shared]).mean() for at in range(len(apart))]
        )
        used = self.tally.sum(axis=0) / self.tally.sum()
        choices = np.array([used @ (which == at).sum(axis=1) for at in range(len(apart))])
        each = np.divide(by_distance, choices, out=np.zeros(len(apart)), where=choices > 0)
        if len(apart) > 2:
            each = np.maximum(each, _LEAST_WEIGHT)  # distances that were never seen are rare, not impossible
        shares = each[which]
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _times(rows: np.ndarray, table: np.ndarray) -> np.ndarray:
    """rows @ table, (N, L) by (L, L), without the threads of a linear algebra library: on products as thin as these, beside
    other work on the machine, they wait for each other longer than they compute."""
    return np.einsum("nl,lm->nm", rows, table)


def _kept_best(tied: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Of the tied levels, those with the highest score."""
    among = np.where(tied, scores, -np.inf)
    return tied & (among == among.max(axis=1, keepdims=True))


def _mean_by(place: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """The mean of the values at each place; NaN where there is none."""
    counts = np.bincount(place, minlength=size)
    total = np.bincount(place, values, size)
    return np.divide(total, counts, out=np.full(size, np.nan), where=counts > 0)
