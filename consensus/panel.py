"""How many independent judges a panel is worth.

Judges err alike, so nine of them may be worth two. Kish's effective number says how many independent judges would make a
mean as sure as this panel's: n / (1 + (n - 1) r), r being the mean correlation of two judges' errors on the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from consensus.estimates import BootstrapNotValid, Estimate
from consensus.resampling import in_blocks
from consensus.saying import said
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes

SAMPLES_NEEDED = 30


@dataclass(frozen=True)
class EffectiveNumber:
    """What a panel of judges is worth, in independent judges.

    against_people: from the judges' errors against the people's label, as the figure is usually given. The label's own
        errors look like errors that all judges share, so it is too low, and the more so the less people agree.
    corrected: with the people's own noise taken out, by how far two different people agree. Read this one.
    error_correlation: the mean correlation of two judges' errors behind `corrected`; None where that is undefined.
    judge_count: judges that spoke.
    """

    against_people: Estimate
    corrected: Estimate
    error_correlation: float | None
    judge_count: int


def effective_number(
    judged: Sequence[npt.ArrayLike],
    votes: Votes,
    scale: Scale,
    groups: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> EffectiveNumber:
    """Kish's effective number of judges on one attribute, with a bootstrap interval by prompt.

    The error against people is the judge's value less the people's mean, in scale points; on a nominal scale 1 where it is
    not the commonest level (ties: half wrong), else 0. Corrected, the part of two judges' covariance that goes through what
    people agree on is taken out: cov(a, b) - cov(a, person) cov(b, person) / cov(person, another person), for each level of a
    nominal scale by itself. Independent judges have an r of 0 by this and copies one of 1, however noisy people are.

    Parameters: judged, for each judge (N,) floats in scale points, NaN = no judgment; votes, first rounds; groups, (N,) the
        prompt of each sample; draws, number of resamples; confidence, between 0 and 1.
    Returns: estimates between 1 and the number of judges; a pair of judges counts when both judged at least 30 samples that two people
        rated. Undefined, in words, with fewer than two such judges.
    Raises: WrongShape, RatingOffScale (nominal), BootstrapNotValid.
    Source: Kish, "Survey Sampling" (1965), the design effect of a cluster; of judges: "Nine Judges, Two Effective Votes" (arXiv 2605.29800).
    """
    if draws < 1 or not 0 < confidence < 1:
        raise BootstrapNotValid(f"{draws} draws at confidence {confidence}. Give 1 or more, and between 0 and 1.")
    words = [np.asarray(judge, dtype=float) for judge in judged]
    prompts = np.unique(np.asarray(groups), return_inverse=True)[1]
    if any(word.shape != (votes.sample_count,) for word in words) or prompts.shape != (votes.sample_count,):
        raise WrongShape(f"Judges or prompts of other than {votes.sample_count} samples. Give one of each a sample.")
    spoke = [word for word in words if not np.isnan(word).all()]
    rated = np.diff(votes.starts) >= 2
    blocks = in_blocks(prompts, rng)
    drawn = int(blocks.max(initial=0)) + 1
    weights = rng.multinomial(drawn, np.full(drawn, 1 / drawn), draws)
    panel = _Panel(votes, scale, rated, blocks, prompts, weights, confidence)
    against_people, _ = panel.worth([panel.errors(word) for word in spoke], panel.no_people())
    corrected, correlation = panel.worth([panel.columns(word) for word in spoke], panel.people())
    return EffectiveNumber(against_people, corrected, correlation, len(spoke))


@dataclass(frozen=True, eq=False)
class _People:
    """What people said, as far as two judges' covariance can go through it: the mean (N, D), and the mean product of two
    different people (N, D)."""

    mean: np.ndarray
    product: np.ndarray


@dataclass(frozen=True, eq=False)
class _Panel:
    """rated: (N,) booleans, samples with two people or more. blocks: (N,) what is drawn as one. weights: (draws, B) how
    often each block is drawn."""

    votes: Votes
    scale: Scale
    rated: np.ndarray
    blocks: np.ndarray
    prompts: np.ndarray
    weights: np.ndarray
    confidence: float

    def columns(self, word: np.ndarray) -> np.ndarray:
        """(N, D) a judge's values; on a nominal scale a column of 0 and 1 for each level. NaN = silent."""
        if not self.scale.is_nominal:
            return word[:, None]
        codes = self.scale.codes(word)
        return np.where(codes[:, None] < 0, np.nan, codes[:, None] == np.arange(len(self.scale.levels)))

    def errors(self, word: np.ndarray) -> np.ndarray:
        """(N, 1) a judge's error against the people's label."""
        tally = self.votes.tally()
        if not self.scale.is_nominal:
            return (word - tally @ self.scale.values / np.maximum(tally.sum(axis=1), 1))[:, None]
        commonest = tally == tally.max(axis=1, keepdims=True)
        codes = self.scale.codes(word)
        right = commonest[np.arange(len(codes)), codes] / commonest.sum(axis=1)
        return np.where(codes < 0, np.nan, 1 - right)[:, None]

    def people(self) -> _People:
        tally = self.votes.tally().astype(float)
        counts = tally.sum(axis=1, keepdims=True)
        nominal = self.scale.is_nominal
        total = tally if nominal else tally @ self.scale.values[:, None]
        squares = tally if nominal else tally @ self.scale.values[:, None] ** 2
        pairs = np.maximum(counts * (counts - 1), 1)
        return _People(total / np.maximum(counts, 1), (total**2 - squares) / pairs)

    def no_people(self) -> _People:
        nothing = np.zeros((self.votes.sample_count, 1))
        return _People(nothing, nothing)

    def worth(self, judges: Sequence[np.ndarray], people: _People) -> tuple[Estimate, float | None]:
        """Kish's number of these judges, and their mean correlation."""
        pairs = [(one, two) for one, two in combinations(judges, 2) if self._common(one, two).sum() >= SAMPLES_NEEDED]
        used = np.logical_or.reduce([self._common(one, two) for one, two in pairs] or [np.zeros(len(self.rated), bool)])
        count, clusters = int(used.sum()), len(np.unique(self.prompts[used]))
        if not pairs:
            return Estimate(None, None, None, count, clusters, _too_few(len(judges))), None
        sums = np.stack([self._moments(one, two, people) for one, two in pairs])  # (pairs, blocks, 10, D)
        correlation = _correlation(sums.sum(axis=1))
        if np.isnan(correlation).all():
            return Estimate(None, None, None, count, clusters, _NO_ERRORS), None
        mean = float(np.nanmean(correlation))
        low, high = self._interval(sums, len(judges))
        value = float(_kish(np.array(mean), len(judges)))
        why = "" if low is not None else f"No interval: it needs more than the {clusters} prompt(s) that are there."
        return Estimate(value, low, high, count, clusters, why), mean

    def _common(self, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        return np.asarray(self.rated & ~np.isnan(one[:, 0]) & ~np.isnan(two[:, 0]))

    def _moments(self, one: np.ndarray, two: np.ndarray, people: _People) -> np.ndarray:
        """(B, 10, D) sums over the samples of each block, from which every variance and covariance follows."""
        at = self._common(one, two)
        a, b, h, hh = one[at], two[at], people.mean[at], people.product[at]
        terms = np.stack([np.ones_like(a), a, b, h, a * a, b * b, a * b, a * h, b * h, hh], axis=1)
        sums = np.zeros((self.weights.shape[1], terms.shape[1], terms.shape[2]))
        for term, level in np.ndindex(terms.shape[1:]):
            sums[:, term, level] = np.bincount(self.blocks[at], terms[:, term, level], len(sums))
        return sums

    def _interval(self, sums: np.ndarray, judge_count: int) -> tuple[float | None, float | None]:
        if self.weights.shape[1] < 2:
            return None, None
        drawn = np.stack([np.tensordot(self.weights, of_pair, axes=1) for of_pair in sums])  # (pairs, draws, 10, D)
        correlations = _correlation(drawn)
        defined = correlations[:, ~np.isnan(correlations).all(axis=0)]
        if not defined.shape[1]:
            return None, None
        figures = _kish(np.nanmean(defined, axis=0), judge_count)
        low, high = np.quantile(figures, [(1 - self.confidence) / 2, (1 + self.confidence) / 2])
        return float(low), float(high)


def _correlation(moments: np.ndarray) -> np.ndarray:
    """(..., 10, D) sums -> (...) the correlation of two judges' errors; NaN where one of them does not err."""
    count = moments[..., :1, :]
    means = np.divide(moments, count, out=np.full(moments.shape, np.nan), where=count > 0)
    _, a, b, h, aa, bb, ab, ah, bh, hh = np.moveaxis(means, -2, 0)
    shared = hh - h * h  # the variance of what people agree on
    through = np.divide(1.0, shared, out=np.zeros(shared.shape), where=shared > 1e-9)
    with_a, with_b = ah - a * h, bh - b * h
    both = ((ab - a * b) - with_a * with_b * through).sum(axis=-1)
    of_a = ((aa - a * a) - with_a**2 * through).sum(axis=-1)
    of_b = ((bb - b * b) - with_b**2 * through).sum(axis=-1)
    # As people's agreement is itself an estimate, little may be left of a good judge's errors, or less than nothing.
    erring = (of_a > 1e-9) & (of_b > 1e-9)
    scaled = both / np.sqrt(np.where(erring, of_a * of_b, 1.0))
    return np.where(erring, np.clip(scaled, -1, 1), np.nan)


def _kish(correlation: np.ndarray, judge_count: int) -> np.ndarray:
    """Never above the number of judges: that errors cancel out by more than independence is chance as a rule."""
    return judge_count / (1 + (judge_count - 1) * np.maximum(correlation, 0))


_NO_ERRORS = said(
    "No two judges err on the samples that both judged, as far as can be told, so their errors cannot be compared."
)


def _too_few(judge_count: int) -> str:
    if judge_count < 2:
        return f"{judge_count} judge(s) spoke. A panel has two or more."
    return f"No two judges spoke of the same {SAMPLES_NEEDED} samples that two people rated. Wait for more of either."
