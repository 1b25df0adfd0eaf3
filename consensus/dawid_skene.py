"""Dawid and Skene's model of a crowd, by EM: a confusion matrix for every person. A reference to compare with.

With few labels a sample it drifts: the hidden classes come to describe styles of labelling. `consensus.posterior` is the
rule to use there. Here the method is as published and as other packages have it, number for number, only faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from consensus.votes import Votes

_TINY = 1e-10  # no probability is below it, so that one unexpected vote does not rule a level out
_VOTES_AT_ONCE = 65_536  # what fits the processor's cache; more only where people's tables are larger than that


class IterationsNotValid(ValueError):
    """The number of iterations or the tolerance makes no fit."""


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """What the model makes of a set of votes.

    probabilities: (N, L) floats, of each level being the right one; rows of NaN where nobody voted.
    frequencies: (L,) floats, how often each level is the right one.
    confusions: (P, L, L) floats, [p, t, l] the probability that person p says l where t is right; NaN for people without a
        vote and for levels t that nobody ever gave. A level that a person never gave has the probability 0.
    iterations: how many were done. has_converged: whether the last one gained less than the tolerance.
    """

    probabilities: np.ndarray
    frequencies: np.ndarray
    confusions: np.ndarray
    iterations: int
    has_converged: bool


def fit_dawid_skene(votes: Votes, *, iterations: int = 100, tolerance: float = 1e-5) -> DawidSkene:
    """Expectation maximisation from the shares of the votes, until the lower bound gains less than `tolerance` a vote.

    Parameters: iterations, the most that are done, 1 or more; tolerance, in nats a vote; below 0: never stop early.
    Raises: IterationsNotValid.
    Source: Dawid and Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm" (1979).
        Numerically equal to `DawidSkene` of crowd-kit 1.4.2 with the same settings (its initialisation by the shares of the
        votes, its clipping at 1e-10, its stopping rule).
    """
    if iterations < 1 or np.isnan(tolerance):
        raise IterationsNotValid(f"{iterations} iterations to a tolerance of {tolerance}. Give 1 or more and a number.")
    if not len(votes):
        return _of_nobody(votes)
    crowd = _Crowd.of(votes)
    model, bound, has_converged, done = crowd.first_model(), -np.inf, False, 0
    probabilities = np.full((votes.sample_count, votes.level_count), np.nan)
    while done < iterations and not has_converged:
        model, gained = crowd.next_model(model, probabilities)
        has_converged = gained - bound < tolerance
        bound, done = gained, done + 1
    confusions = crowd.confusions(model)
    return DawidSkene(probabilities, model.frequencies, confusions, done, bool(has_converged))


@dataclass(frozen=True, eq=False)
class _Model:
    """frequencies: (L,); log_said: (L, P * L), [t, p * L + l] the log probability that person p says l where t is right."""

    frequencies: np.ndarray
    log_said: np.ndarray

    @property
    def log_frequencies(self) -> np.ndarray:
        """Logs, never below that of 1e-10; minus infinity for a level that nobody ever gave."""
        used = np.isfinite(self.log_said).any(axis=1)
        return np.where(used, np.log(np.maximum(self.frequencies, _TINY)), -np.inf)


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Some neighbouring samples: their places, the cell (person * L + level) of every vote, where each sample's votes
    begin among them, and how many each has."""

    samples: np.ndarray
    cells: np.ndarray
    begins: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True, eq=False)
class _Crowd:
    """Votes, and what of them stays the same from one iteration to the next.

    voted: places of the samples that somebody voted on. begins: (V + 1,) where their votes begin. given: (P * L,) booleans,
    which person ever gave which level. used: (L,) booleans, the levels that anybody ever gave.
    """

    votes: Votes
    voted: np.ndarray
    begins: np.ndarray
    given: np.ndarray
    used: np.ndarray

    @classmethod
    def of(cls, votes: Votes) -> _Crowd:
        voted = np.flatnonzero(np.diff(votes.starts))
        begins = np.append(votes.starts[voted], len(votes))
        given = np.zeros(votes.person_count * votes.level_count, dtype=bool)
        crowd = cls(votes, voted, begins, given, np.bincount(votes.level, minlength=votes.level_count) > 0)
        for chunk in crowd.chunks():
            given[chunk.cells] = True
        return crowd

    def chunks(self) -> Iterator[_Chunk]:
        level_count = self.votes.level_count
        at_once = max(_VOTES_AT_ONCE, len(self.given))
        edges = np.searchsorted(self.begins, np.arange(0, len(self.votes) + at_once, at_once))
        for first, last in pairwise(edges.tolist()):
            last = min(last, len(self.voted))
            if first < last:
                rows = slice(self.begins[first], self.begins[last])
                cells = self.votes.person[rows].astype(np.intp) * level_count + self.votes.level[rows]
                begins = self.begins[first : last + 1] - self.begins[first]
                yield _Chunk(self.voted[first:last], cells, begins[:-1], np.diff(begins))

    def first_model(self) -> _Model:
        """Every sample's shares of the votes, taken for the probabilities of its levels."""
        level_count, person_count = self.votes.level_count, self.votes.person_count
        said, total = np.zeros((level_count, len(self.given))), np.zeros(level_count)
        for chunk in self.chunks():
            row = np.repeat(np.arange(len(chunk.counts)), chunk.counts)
            tally = np.bincount(
                row * level_count + chunk.cells % level_count, minlength=len(chunk.counts) * level_count
            )
            shares = tally.reshape(-1, level_count).T / chunk.counts
            _add(said, shares, chunk)
            total += shares.sum(axis=1)
        return self._model(said, total, person_count)

    def next_model(self, model: _Model, probabilities: np.ndarray) -> tuple[_Model, float]:
        """One iteration, the probabilities written into (N, L); also the lower bound of the log-likelihood, a vote."""
        level_count = self.votes.level_count
        said, total, entropy = np.zeros((level_count, len(self.given))), np.zeros(level_count), 0.0
        log_frequencies = model.log_frequencies
        for chunk in self.chunks():
            shares, surprise = _expected(chunk, model.log_said, log_frequencies)
            _add(said, shares, chunk)
            total += shares.sum(axis=1)
            entropy += surprise
            probabilities[chunk.samples] = shares.T
        following = self._model(said, total, self.votes.person_count)
        by_level = said.sum(axis=1)[self.used] @ following.log_frequencies[self.used]
        joint = said[said > 0] @ following.log_said[said > 0] + by_level
        return following, (joint + entropy) / len(self.votes)

    def _model(self, said: np.ndarray, total: np.ndarray, person_count: int) -> _Model:
        """Counts of what people said, by the right level (L, P * L), as probabilities.

        Only what a person ever gave takes part, and only levels that anybody gave can be right: a level that the scale
        has and the data do not changes nothing.
        """
        clipped = np.where(self.given & self.used[:, None], np.maximum(said, _TINY), 0.0)
        each = clipped.reshape(len(said), person_count, -1).sum(axis=2)
        shares = clipped / np.repeat(np.where(each > 0, each, 1.0), self.votes.level_count, axis=1)
        logs = np.log(shares, out=np.full(shares.shape, -np.inf), where=shares > 0)
        return _Model(total / len(self.voted), logs)

    def confusions(self, model: _Model) -> np.ndarray:
        """(P, L, L), [p, t, l]."""
        shape = (self.votes.level_count, self.votes.person_count, self.votes.level_count)
        said = np.exp(model.log_said).reshape(shape).transpose(1, 0, 2)
        return np.where(said.any(axis=2, keepdims=True), said, np.nan)


def _expected(chunk: _Chunk, log_said: np.ndarray, log_frequencies: np.ndarray) -> tuple[np.ndarray, float]:
    """(L, n) probabilities of the levels of a chunk's samples, and the sum of their entropies in nats."""
    logs = np.empty((len(log_said), len(chunk.begins)))
    for level, said in enumerate(log_said):
        np.add.reduceat(said.take(chunk.cells), chunk.begins, out=logs[level])
    logs += log_frequencies[:, None]
    logs -= logs.max(axis=0)
    shares = np.exp(logs)
    total = shares.sum(axis=0)
    shares /= total
    # A level that is ruled out has the log minus infinity and the share 0; together they count nothing.
    surprise = np.log(total).sum() - np.einsum("ln,ln->", shares, np.maximum(logs, -1e9))
    return shares, float(surprise)


def _add(said: np.ndarray, shares: np.ndarray, chunk: _Chunk) -> None:
    """Count every vote under each level, by how probable that level is for its sample."""
    for level, share in enumerate(shares):
        weights = np.repeat(share, chunk.counts)
        said[level] += np.bincount(chunk.cells, weights=weights, minlength=said.shape[1])


def _of_nobody(votes: Votes) -> DawidSkene:
    level_count = votes.level_count
    return DawidSkene(
        np.full((votes.sample_count, level_count), np.nan),
        np.full(level_count, np.nan),
        np.full((votes.person_count, level_count, level_count), np.nan),
        0,
        True,
    )
