"""The posterior on scales whose levels are classes: names, comparisons, and scales under five levels.

Every sample has one right level. A person who meets it answers by a table: given the right level, how often which one is
said. Three things keep the tables honest where labels are few:

- everybody's table is anchored to how often two people agree, which needs no guess of the right levels;
- a person's table is everybody's, bent first by how often they are right and then cell by cell, and each only as far as
  people are seen to differ at all (`differences`), measured with every person's own vote taken out;
- a vote that nobody else can be compared with tells nothing of the person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from consensus.middles import likeliest
from consensus.posterior.differences import MOST_RATINGS, pair_products, shrinkage, variance_between
from consensus.posterior.probing import blocks, probe_of
from consensus.scales import Scale
from consensus.smoothing import Smoothing, fit_smoothing_of_counts, predicted_from_counts
from consensus.votes import Votes

ROUNDS = 6
# Of the anchor in everybody's table: a share of all votes, and so many more.
ANCHOR_SHARE, ANCHOR_VOTES = 0.05, 30.0
# Of the frequencies in the prior of the right levels: a share of all samples, and so many more.
PRIOR_SHARE, PRIOR_SAMPLES = 0.5, 50.0
KNOWING, KNOWING_SAMPLES = 0.65, 20.0  # without pairs: the chance that a person knows, and the samples this counts for
LEAST_SHRINKAGE = 2.0
_SHARE_BORDER = 1e-3


@dataclass(frozen=True, eq=False)
class ClassPosterior:
    """What is known of P people who label by classes.

    scale: of L levels. prior: (L,) how common each right level is. pooled: (L, L) floats, rows sum to 1: right level ->
    what people say. counts: (P, L, L), the evidence on each person, right level by level said, in votes. shrinkage: how many
    votes everybody's table counts for, first for being right at all, then for single cells. frequencies: (L,) how common each level
    is in what people say. smoothing: how far a few votes foretell the next.
    """

    scale: Scale
    prior: np.ndarray
    pooled: np.ndarray
    counts: np.ndarray
    shrinkage: tuple[float, float]
    frequencies: np.ndarray
    smoothing: Smoothing

    @cached_property
    def tables(self) -> np.ndarray:
        """(P, L, L) floats, rows sum to 1: right level -> what this person says."""
        return _tables(self.counts, self.pooled, self.shrinkage)

    @cached_property
    def _logs(self) -> np.ndarray:
        """(P + 1, L, L) logarithms of the tables; the last is that of people of whom nothing is known."""
        return np.log(np.concatenate([self.tables, self.pooled[None]]))

    def probabilities(self, votes: Votes) -> np.ndarray:
        """(N, L) floats, rows sum to 1: of each level being the right one; without votes the prior."""
        return np.concatenate([_normalised(logits).T for logits, _ in self._logits(votes)] or [self._nothing])

    def next_rating(self, votes: Votes) -> np.ndarray:
        """(N, L) floats, rows sum to 1: what one more person, of whom nothing is known, would say.

        Half by the right level, half by the plain count of the votes: some samples are easier than others, so people who agree
        will be joined by more who agree than a table for all samples foretells, and people who differ by fewer.
        """
        counted = predicted_from_counts(votes.tally(), self.frequencies, self.scale, self.smoothing)
        return (self.next_rating_of(self.probabilities(votes)) + counted) / 2

    def next_rating_left_out(self, votes: Votes) -> np.ndarray:
        """(R, L) floats, rows sum to 1: for each vote, what the others' right level makes of one more person's word."""
        return _without_own_vote(self, votes) @ self.pooled

    def expected(self, votes: Votes) -> np.ndarray:
        """(N,) floats, in scale points: the mean of the right level; nominal: the likeliest level."""
        return self.expected_of(self.probabilities(votes))

    def expected_of(self, probabilities: np.ndarray) -> np.ndarray:
        """`expected` of probabilities (N, L) that are there already."""
        if self.scale.is_nominal:
            return self.scale.values[probabilities.argmax(axis=1)]
        return np.asarray(probabilities @ self.scale.values)

    def values_of(self, probabilities: np.ndarray) -> np.ndarray:
        """The likeliest level of each row (N, L): (N,) floats in scale points; ties: the one next to the mean, then the lowest."""
        return likeliest(probabilities, self.scale)

    def of_sample(self, people: npt.ArrayLike, levels: npt.ArrayLike) -> np.ndarray:
        """(L,) floats: the probabilities of one sample with these M votes; a person of -1 is one of whom nothing is known."""
        said = self._logs[np.asarray(people, dtype=int), :, np.asarray(levels, dtype=int)]
        return _normalised(np.log(self.prior) + said.sum(axis=0))

    def next_rating_of(self, probabilities: np.ndarray) -> np.ndarray:
        """(..., L) probabilities of the right level -> (..., L) of what one more person would say."""
        return probabilities @ self.pooled

    def reliability(self) -> np.ndarray:
        """(P,) floats from 0 to 1: how often each person names the right level, over levels as common as they are."""
        return np.asarray(np.diagonal(self.tables, axis1=1, axis2=2) @ self.prior)

    def bias(self) -> np.ndarray:
        """(P,) floats, in scale points: how far a person is above (+) or below everybody; NaN on nominal scales."""
        if self.scale.is_nominal:
            return np.full(len(self.counts), np.nan)
        return np.asarray(((self.tables - self.pooled) @ self.scale.values) @ self.prior)

    def with_sample_changed(
        self,
        before: tuple[npt.ArrayLike, npt.ArrayLike] | None,
        after: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    ) -> ClassPosterior:
        """What is known once the votes (people, levels) of one sample are others; None: the sample was not there, or is gone.

        Only the people who voted are looked at anew; everybody's table, prior and shrinkage stay until the next fit.
        """
        counts = self.counts.copy()
        for votes, sign in ((before, -1.0), (after, 1.0)):
            if votes is not None:
                self._count(counts, np.asarray(votes[0], dtype=int), np.asarray(votes[1], dtype=int), sign)
        return replace(self, counts=np.maximum(counts, 0.0))

    def _count(self, counts: np.ndarray, people: np.ndarray, levels: np.ndarray, sign: float) -> None:
        if len(people) >= 2:  # a single vote tells nothing of the person
            known = people >= 0
            right = self.of_sample(people, levels)
            for person, level in zip(people[known], levels[known], strict=True):
                counts[person, :, level] += sign * right

    def to_json(self) -> dict[str, Any]:
        """Everything, as lists and numbers; `from_json` reads it again."""
        return {
            "model": "classes",
            "prior": self.prior.tolist(),
            "pooled": self.pooled.tolist(),
            "counts": np.round(self.counts, 6).tolist(),
            "shrinkage": list(self.shrinkage),
            "frequencies": self.frequencies.tolist(),
            "smoothing": asdict(self.smoothing),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any], scale: Scale) -> ClassPosterior:
        size = len(scale.levels)
        counts = np.array(data["counts"], dtype=float).reshape(-1, size, size)
        first, cells = data["shrinkage"]
        prior, pooled, frequencies = (np.array(data[name]) for name in ("prior", "pooled", "frequencies"))
        return cls(scale, prior, pooled, counts, (first, cells), frequencies, Smoothing(**data["smoothing"]))

    @property
    def _nothing(self) -> np.ndarray:
        return np.zeros((0, len(self.scale.levels)))

    def _logits(self, votes: Votes) -> Iterator[tuple[np.ndarray, Votes]]:
        by_level = np.ascontiguousarray(self._logs.transpose(1, 0, 2)).reshape(len(self.prior), -1)
        for block in blocks(votes):
            yield _logits(block, by_level, self.prior), block


def fit_classes(votes: Votes, scale: Scale) -> ClassPosterior:
    """Learn the prior, everybody's table and each person's from the votes alone. Deterministic.

    Source: the model is Dawid and Skene (1979); anchoring and shrinkage are described in docs/consensus.md.
    """
    shared = np.diff(votes.starts) >= 2
    anchor, frequencies = _anchor(votes, shared)
    nobody = np.zeros((votes.person_count, votes.level_count, votes.level_count))
    fitted = ClassPosterior(scale, frequencies, anchor, nobody, (MOST_RATINGS, MOST_RATINGS), frequencies, Smoothing())
    if not shared.any():
        return fitted
    comparable = votes if shared.all() else votes.kept(shared[votes.sample])
    probe = probe_of(comparable, shared)
    for _ in range(ROUNDS):
        fitted = _next_round(fitted, comparable, probe, shared, anchor, frequencies)
    return replace(fitted, smoothing=fit_smoothing_of_counts(probe.tally(), scale))


def _next_round(
    before: ClassPosterior, votes: Votes, probe: Votes, shared: np.ndarray, anchor: np.ndarray, frequencies: np.ndarray
) -> ClassPosterior:
    counts, right = _counted(before, votes)
    sample_count = int(np.count_nonzero(shared))
    prior_weight = PRIOR_SHARE * sample_count + PRIOR_SAMPLES
    prior = (right + prior_weight * frequencies) / (sample_count + prior_weight)
    anchor_weight = ANCHOR_SHARE * len(votes) / len(prior) + ANCHOR_VOTES
    pooled = _rows_to_one(counts.sum(axis=0) + anchor_weight * anchor)
    return replace(
        before, prior=prior, pooled=pooled, counts=counts, shrinkage=_measured_shrinkage(before, probe, counts)
    )


def _counted(fitted: ClassPosterior, votes: Votes) -> tuple[np.ndarray, np.ndarray]:
    """(P, L, L) votes of each person by probable right level and level said, and (L,) samples by probable right level."""
    size, cells = votes.level_count, votes.person_count * votes.level_count
    counts, right = np.zeros((size, cells)), np.zeros(size)
    for logits, block in fitted._logits(votes):
        probable = _normalised(logits)
        given = np.diff(block.starts)
        right += (probable * (given > 0)).sum(axis=1)
        cell = _cells(block)
        for level in range(size):
            counts[level] += np.bincount(cell, weights=np.repeat(probable[level], given), minlength=cells)
    return counts.reshape(size, -1, size).transpose(1, 0, 2).copy(), right


def _tables(counts: np.ndarray, pooled: np.ndarray, pseudo_votes: tuple[float, float]) -> np.ndarray:
    """Everybody's table bent to each person: first the odds of being right, then cell by cell."""
    typical = _typical(counts, pooled)
    bent = _bent(typical, _odds_of_being_right(counts, typical, pseudo_votes[0]))
    rows = counts.sum(axis=2, keepdims=True)
    own = (counts + pseudo_votes[1] * bent) / (rows + pseudo_votes[1])
    return _rows_to_one(pooled * own / typical)


def _typical(counts: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """What everybody's counts say themselves, before the anchor: people are compared with this."""
    return _rows_to_one(counts.sum(axis=0) + 0.5 * pooled)


def _odds_of_being_right(counts: np.ndarray, typical: np.ndarray, pseudo_votes: float) -> np.ndarray:
    """(P,) the odds of naming the right level, as a multiple of what is typical for the same right levels."""
    votes = counts.sum(axis=(1, 2))
    right = np.trace(counts, axis1=1, axis2=2)
    typically = counts.sum(axis=2) @ np.diag(typical) / np.maximum(votes, 1e-12)
    known = votes > 0
    share = np.where(known, (right + pseudo_votes * typically) / (votes + pseudo_votes), 0.5)
    return _odds(share) / _odds(np.where(known, typically, 0.5))


def _odds(share: np.ndarray) -> np.ndarray:
    inside = np.clip(share, _SHARE_BORDER, 1 - _SHARE_BORDER)
    return np.asarray(inside / (1 - inside))


def _bent(table: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """(P, L, L): the table with the odds of its diagonal multiplied for each person."""
    size = len(table)
    bent = np.repeat(table[None], len(odds), axis=0)
    bent[:, np.arange(size), np.arange(size)] *= odds[:, None]
    return _rows_to_one(bent)


def _measured_shrinkage(fitted: ClassPosterior, probe: Votes, counts: np.ndarray) -> tuple[float, float]:
    """How many votes everybody's table counts for: from what people do where their own vote is taken out."""
    others = _without_own_vote(fitted, probe)
    loo = _by_cell(probe, others)
    typical = _typical(loo, fitted.pooled)
    weights = 1 / np.maximum(np.bincount(probe.person, minlength=probe.person_count), 1)
    first = _shrinkage_of_being_right(probe, others, typical, weights)
    bent = _bent(typical, _odds_of_being_right(counts, _typical(counts, fitted.pooled), first))
    return first, _shrinkage_of_cells(loo, _by_cell(probe, others**2), bent, weights)


def _without_own_vote(fitted: ClassPosterior, probe: Votes) -> np.ndarray:
    """(R, L): for every vote, how probable each right level is by the votes of the others on the sample."""
    by_level = np.ascontiguousarray(fitted._logs.transpose(1, 0, 2)).reshape(len(fitted.prior), -1)
    own = np.take(by_level, _cells(probe), axis=1)
    return _normalised(_logits(probe, by_level, fitted.prior)[:, probe.sample] - own).T


def _by_cell(votes: Votes, weights: np.ndarray) -> np.ndarray:
    """(R, L) weights summed to (P, L, L): person, right level, level said."""
    size, cell = votes.level_count, _cells(votes)
    summed = [np.bincount(cell, weights=column, minlength=votes.person_count * size) for column in weights.T]
    return np.stack(summed).reshape(size, -1, size).transpose(1, 0, 2)


def _shrinkage_of_being_right(probe: Votes, others: np.ndarray, typical: np.ndarray, weights: np.ndarray) -> float:
    residuals = others[np.arange(len(probe)), probe.level] - others @ np.diag(typical)
    people, count = probe.person, probe.person_count
    squares = np.bincount(people, weights=residuals**2, minlength=count)
    products = pair_products(np.bincount(people, weights=residuals, minlength=count), squares)
    votes = np.bincount(people, minlength=count).astype(float)
    between = variance_between(products * weights, (votes**2 - votes) * weights)
    return max(shrinkage(float(squares.sum() / len(probe)), between), LEAST_SHRINKAGE)


def _shrinkage_of_cells(loo: np.ndarray, squared: np.ndarray, bent: np.ndarray, weights: np.ndarray) -> float:
    """A table drawn around `bent` with so many votes has cell variances of bent (1 - bent) / (votes + 1)."""
    rows, squared_rows = loo.sum(axis=2, keepdims=True), squared.sum(axis=2, keepdims=True)
    squares = squared * (1 - 2 * bent) + squared_rows * bent**2
    products = pair_products(loo - rows * bent, squares).sum(axis=(1, 2))
    possible = bent * (1 - bent)
    pairs = ((rows**2 - squared_rows) * possible).sum(axis=(1, 2))
    noise = float((squares.sum(axis=(1, 2)) * weights).sum() / ((rows * possible).sum(axis=(1, 2)) * weights).sum())
    return max(shrinkage(noise, variance_between(products * weights, pairs * weights)), LEAST_SHRINKAGE)


def _anchor(votes: Votes, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Everybody's table and the frequencies of the levels, from pairs of votes on the same sample alone.

    If a person knows with a chance k and otherwise guesses by the frequencies, two people agree beyond chance (nominal
    alpha) by k squared. So k is the root of alpha, without any guess of the right levels.
    """
    tally = votes.tally()
    frequencies = (tally.sum(axis=0) + 1.0) / (tally.sum() + votes.level_count)
    pairs = int(np.count_nonzero(shared))
    alpha = _nominal_alpha(tally[shared])
    squared = (pairs * alpha + KNOWING_SAMPLES * KNOWING**2) / (pairs + KNOWING_SAMPLES)
    knows = float(np.sqrt(np.clip(squared, 0.01, 0.98)))
    return knows * np.eye(votes.level_count) + (1 - knows) * frequencies, frequencies


def _nominal_alpha(tally: np.ndarray) -> float:
    """Krippendorff's alpha of (N, L) counts of two or more votes; 0 where it is undefined."""
    given = tally.sum(axis=1)
    total, margins = float(given.sum()), tally.sum(axis=0).astype(float)
    by_chance = total**2 - (margins**2).sum()
    if not by_chance:
        return 0.0
    differing = ((given**2 - (tally.astype(float) ** 2).sum(axis=1)) / np.maximum(given - 1, 1)).sum()
    return float(1 - differing * (total - 1) / by_chance)


def _cells(votes: Votes) -> np.ndarray:
    return votes.person.astype(np.intp) * votes.level_count + votes.level


def _logits(votes: Votes, by_level: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """(L, N): the logarithm of the prior and of every vote's likelihood, added up."""
    cell, sample = _cells(votes), votes.sample.astype(np.intp)
    rows = [np.bincount(sample, weights=np.take(logs, cell), minlength=votes.sample_count) for logs in by_level]
    return np.stack(rows) + np.log(prior)[:, None]


def _normalised(logits: np.ndarray) -> np.ndarray:
    """Logarithms by level, (L, ...), as probabilities. Levels come first, because numpy adds up long rows quickly."""
    likely = np.exp(logits - logits.max(axis=0))
    return np.asarray(likely / likely.sum(axis=0))


def _rows_to_one(table: np.ndarray) -> np.ndarray:
    return np.asarray(table / table.sum(axis=-1, keepdims=True))
