"""The posterior on ordered scales of five levels or more: every sample has a grade on a line, every person a bias and a spread.

The line is cut into bands, one a level, as wide as the level is common (normal scores; on interval scales the bands lie
around the levels as they are). A rating is the sample's grade, plus the person's bias, plus noise of the person's own size.
As with classes, people are told apart only as far as they are seen to differ on different samples, and every person is
measured against what the *others* said of the sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from consensus.middles import middle_level
from consensus.posterior.differences import pair_products, variance_between
from consensus.posterior.normal import normal_cdf, normal_density, normal_quantiles
from consensus.posterior.probing import blocks
from consensus.scales import Scale
from consensus.votes import Votes

ROUNDS = 3
# Without pairs: the share of the samples in the variance, and the pairs it counts for.
RELIABILITY, RELIABILITY_PAIRS = 0.5, 10.0
_LEAST_SHARE = 0.02  # of the variance, that samples or noise have at least
_LEAST_NOISE = 0.1  # of everybody's noise, that a person's noise is at least


@dataclass(frozen=True)
class Line:
    """How levels lie on the line of grades, whose total variance is 1.

    scores: one a level, the mean grade of what is said so. borders: one between every two levels.
    """

    scores: tuple[float, ...]
    borders: tuple[float, ...]

    @classmethod
    def of(cls, counts: np.ndarray, scale: Scale) -> Line:
        """From how often each level was said: (L,) counts."""
        shares = (counts + 0.5) / (counts + 0.5).sum()
        return cls._of_amounts(shares, scale) if scale.measurement == "interval" else cls._of_ranks(shares)

    @classmethod
    def _of_ranks(cls, shares: np.ndarray) -> Line:
        borders = normal_quantiles(np.cumsum(shares)[:-1])
        density = np.concatenate([[0.0], normal_density(borders), [0.0]])
        scores = (density[:-1] - density[1:]) / shares
        return cls(tuple(scores.tolist()), tuple(borders.tolist()))

    @classmethod
    def _of_amounts(cls, shares: np.ndarray, scale: Scale) -> Line:
        mean = float(shares @ scale.values)
        points = (scale.values - mean) / np.sqrt(shares @ (scale.values - mean) ** 2)
        return cls(tuple(points.tolist()), tuple(((points[1:] + points[:-1]) / 2).tolist()))

    def shares(self, means: np.ndarray, variances: np.ndarray) -> np.ndarray:
        """Of normal grades with these means and variances, (N,) each, what falls into each band: (N, L) floats."""
        below = normal_cdf((np.array(self.borders) - means[:, None]) / np.sqrt(variances)[:, None])
        return np.diff(below, axis=1, prepend=0.0, append=1.0)


@dataclass(frozen=True)
class Variances:
    """What the grades that people give are made of: samples, bias of people, noise of people; and how sure each is.

    bias_noise: of one residual around a person's bias. spread: between people's noise variances. spread_noise: of one
    squared residual around a person's noise variance.
    """

    samples: float
    noise: float
    bias: float = 0.0
    bias_noise: float = 1.0
    spread: float = 0.0
    spread_noise: float = 1.0

    @property
    def total(self) -> float:
        return self.samples + self.bias + self.noise


@dataclass(frozen=True, eq=False)
class GradePosterior:
    """What is known of P people who grade.

    scale, line: where its levels lie. variances: what grades are made of. evidence: (P, 3) floats, for each person the votes
    on samples that others rated too, the sum of their residuals against the others, and that of their squares beyond chance.
    centre: the mean bias, which belongs to nobody.
    """

    scale: Scale
    line: Line
    variances: Variances
    evidence: np.ndarray
    centre: float = 0.0

    @cached_property
    def biases(self) -> np.ndarray:
        """(P + 1,) each person's bias, in grades; the last is somebody of whom nothing is known."""
        votes, residuals, _ = self.evidence.T
        of = self.variances
        own = of.bias * residuals / (votes * of.bias + of.bias_noise)
        return np.append(np.where(votes > 0, own - self.centre, 0.0), 0.0)

    @cached_property
    def noises(self) -> np.ndarray:
        """(P + 1,) each person's noise variance, in grades squared."""
        votes, _, squares = self.evidence.T
        of = self.variances
        beyond = of.spread * (squares - votes * of.noise) / (votes * of.spread + of.spread_noise)
        return np.append(np.maximum(of.noise + beyond, _LEAST_NOISE * of.noise), of.noise)

    def probabilities(self, votes: Votes) -> np.ndarray:
        """(N, L) floats, rows sum to 1: of each level being what the middle person of a large crowd would say."""
        return self._over_blocks(votes, lambda mean, variance: self._right(mean, variance))

    def next_rating(self, votes: Votes) -> np.ndarray:
        """(N, L) floats, rows sum to 1: what one more person, of whom nothing is known, would say."""
        return self._over_blocks(votes, lambda mean, variance: self._said(mean, variance))

    def next_rating_left_out(self, votes: Votes) -> np.ndarray:
        """(R, L) floats, rows sum to 1: for each vote, what the other votes of its sample make of one more person's word."""
        grades, weights, weighted, total = self._sums(votes)
        precision = total[votes.sample] - weights + self._prior_weight
        return self._said((weighted[votes.sample] - weights * grades) / precision, self.variances.noise / precision)

    def expected(self, votes: Votes) -> np.ndarray:
        """(N,) floats, in scale points: the mean of the right level."""
        return self.expected_of(self.probabilities(votes))

    def expected_of(self, probabilities: np.ndarray) -> np.ndarray:
        """`expected` of probabilities (N, L) that are there already."""
        return np.asarray(probabilities @ self.scale.values)

    def next_rating_of(self, probabilities: np.ndarray) -> np.ndarray:
        """(..., L) probabilities of the right level -> (..., L) of what one more person would say."""
        return probabilities @ self.pooled

    @cached_property
    def pooled(self) -> np.ndarray:
        """(L, L) floats, rows sum to 1: the right level -> what people say."""
        spread = np.sqrt(self.variances.samples / self.variances.total)
        grades = np.linspace(-4, 4, 801) * spread
        inside = np.searchsorted(np.array(self.line.borders), grades)
        weights = np.eye(len(self.scale.levels))[inside] * normal_density(grades / spread)[:, None]
        said = weights.T @ self._said(grades, np.zeros(len(grades)))
        rows = said.sum(axis=1, keepdims=True)
        return np.where(rows > 0, said / np.where(rows > 0, rows, 1), np.eye(len(said)))

    def values_of(self, probabilities: np.ndarray) -> np.ndarray:
        """The middle level of each row (N, L): (N,) floats in scale points; exactly between two: the nearest, halves away from 0."""
        return middle_level(probabilities, self.scale)

    def of_sample(self, people: npt.ArrayLike, levels: npt.ArrayLike) -> np.ndarray:
        """(L,) floats: the probabilities of one sample with these M votes; a person of -1 is one of whom nothing is known."""
        who, said = np.asarray(people, dtype=int), np.asarray(levels, dtype=int)
        grades, weights = self._grades(who, said), self._weights(who)
        precision = weights.sum() + self._prior_weight
        mean, variance = (grades * weights).sum() / precision, self.variances.noise / precision
        return self._right(np.array([mean]), np.array([variance]))[0]

    def reliability(self) -> np.ndarray:
        """(P,) floats from 0 to 1: the share of the samples in the variance of what each person says, bias aside."""
        noises = self.noises[:-1]
        return np.asarray(self.variances.samples / (self.variances.samples + noises))

    def bias(self) -> np.ndarray:
        """(P,) floats, in scale points: how far a person is above (+) or below everybody, on a sample in the middle."""
        middle = np.zeros(len(self.evidence))
        shifted = self._said(self.biases[:-1] / np.sqrt(self.variances.total), middle)
        return np.asarray((shifted - self._said(middle[:1], middle[:1])) @ self.scale.values)

    def with_sample_changed(
        self,
        before: tuple[npt.ArrayLike, npt.ArrayLike] | None,
        after: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    ) -> GradePosterior:
        """What is known once the votes (people, levels) of one sample are others; None: the sample was not there, or is gone.

        Only the people who voted are looked at anew; line, variances and centre stay until the next fit.
        """
        evidence = self.evidence.copy()
        for votes, sign in ((before, -1.0), (after, 1.0)):
            if votes is not None:
                self._count(evidence, np.asarray(votes[0], dtype=int), np.asarray(votes[1], dtype=int), sign)
        return replace(self, evidence=evidence)

    def _count(self, evidence: np.ndarray, people: np.ndarray, levels: np.ndarray, sign: float) -> None:
        if len(people) < 2:
            return
        one = Votes.of(
            np.zeros(len(people), dtype=int),
            np.where(people < 0, len(self.evidence), people),
            levels,
            level_count=len(self.scale.levels),
            person_count=len(self.evidence) + 1,
        )
        residual, variance = self._against_others(one)
        known = people >= 0
        beyond = (residual - self.biases[people]) ** 2 - variance
        rows = np.stack([np.ones(len(people)), residual, beyond], axis=1)
        np.add.at(evidence, people[known], sign * rows[known])

    def to_json(self) -> dict[str, Any]:
        """Everything, as lists and numbers; `from_json` reads it again."""
        return {
            "model": "grades",
            "scores": list(self.line.scores),
            "borders": list(self.line.borders),
            "variances": asdict(self.variances),
            "evidence": np.round(self.evidence, 6).tolist(),
            "centre": self.centre,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any], scale: Scale) -> GradePosterior:
        line = Line(tuple(data["scores"]), tuple(data["borders"]))
        evidence = np.array(data["evidence"], dtype=float).reshape(-1, 3)
        return cls(scale, line, Variances(**data["variances"]), evidence, float(data["centre"]))

    @property
    def _prior_weight(self) -> float:
        """How many ordinary votes the middle of the line counts for."""
        return self.variances.noise / self.variances.samples

    def _right(self, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        unit = self.variances.total
        return self.line.shares(mean / np.sqrt(unit), variance / unit)

    def _said(self, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        unit = self.variances.total
        others = (self.variances.noise + self.variances.bias) / unit
        return self.line.shares(mean / np.sqrt(unit), variance / unit + others)

    def _grades(self, people: np.ndarray, levels: np.ndarray) -> np.ndarray:
        return np.array(self.line.scores)[levels] - self.biases[people]

    def _weights(self, people: np.ndarray) -> np.ndarray:
        return self.variances.noise / self.noises[people]

    def _sums(self, votes: Votes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Grades and weights by vote, (R,) each, and their weighted sums by sample, (N,) each."""
        people, sample = votes.person.astype(np.intp), votes.sample.astype(np.intp)
        grades, weights = self._grades(people, votes.level.astype(np.intp)), self._weights(people)
        weighted = np.bincount(sample, weights=grades * weights, minlength=votes.sample_count)
        return grades, weights, weighted, np.bincount(sample, weights=weights, minlength=votes.sample_count)

    def _over_blocks(self, votes: Votes, of: Any) -> np.ndarray:
        """Mean and variance of the grade of every sample, (N,) each, through `of`, a block at a time."""
        rows = [np.zeros((0, len(self.scale.levels)))]
        for block in blocks(votes):
            _, _, weighted, weights = self._sums(block)
            precision = weights + self._prior_weight
            rows.append(of(weighted / precision, self.variances.noise / precision))
        return np.concatenate(rows)

    def _against_others(self, votes: Votes) -> tuple[np.ndarray, np.ndarray]:
        """(R,) each: what was said less what the others make one expect, bias left in, and how uncertain that is."""
        grades, weights, weighted, total = self._sums(votes)
        precision = total[votes.sample] - weights + self._prior_weight
        expected = (weighted[votes.sample] - weights * grades) / precision
        return grades + self.biases[votes.person] - expected, self.variances.noise / precision


def fit_grades(votes: Votes, scale: Scale) -> GradePosterior:
    """Learn the line, the variances and each person's bias and spread from the votes alone. Deterministic.

    Source: a crossed random-effects model by the method of moments (Searle, Casella, McCulloch 1992) on normal scores.
    """
    line = Line.of(np.bincount(votes.level, minlength=votes.level_count).astype(float), scale)
    nobody = np.zeros((votes.person_count, 3))
    fitted = GradePosterior(scale, line, Variances(1.0, 1.0), nobody)
    fitted = replace(fitted, variances=_samples_and_noise(fitted, votes))
    shared = np.diff(votes.starts) >= 2
    if not shared.any():
        return fitted
    comparable = votes if shared.all() else votes.kept(shared[votes.sample])
    for _ in range(ROUNDS):
        fitted = _next_round(fitted, comparable)
        own = _samples_and_noise(fitted, votes)
        fitted = replace(fitted, variances=replace(fitted.variances, samples=own.samples, noise=own.noise))
    return fitted


def _samples_and_noise(fitted: GradePosterior, votes: Votes) -> Variances:
    """The variance of samples from products of two people's grades on the same sample; noise is the rest."""
    first, second, pairs = 0.0, 0.0, 0.0
    for block in blocks(votes):
        people, sample = block.person.astype(np.intp), block.sample.astype(np.intp)
        grades = fitted._grades(people, block.level.astype(np.intp))
        sums = np.bincount(sample, weights=grades, minlength=block.sample_count)
        given = np.diff(block.starts).astype(float)
        second += float((grades**2).sum())
        first += float((sums**2).sum())
        pairs += float((given**2 - given).sum())
    total = (second + 1) / (len(votes) + 1)  # the variance of the whole line is 1
    samples = (first - second + RELIABILITY_PAIRS * RELIABILITY * total) / (pairs + RELIABILITY_PAIRS)
    samples = float(np.clip(samples, _LEAST_SHARE * total, (1 - _LEAST_SHARE) * total))
    return Variances(samples=samples, noise=total - samples)


def _next_round(fitted: GradePosterior, votes: Votes) -> GradePosterior:
    """Biases from residuals against the others, then spreads from what is left of them."""
    bias = _Moments(votes.person_count)
    for block in blocks(votes):
        residual, _ = fitted._against_others(block)
        bias.add(block.person, residual)
    between, noise = bias.variances()
    biased = replace(
        fitted,
        variances=replace(fitted.variances, bias=between, bias_noise=noise),
        evidence=np.stack([bias.votes, bias.sums, fitted.evidence[:, 2]], axis=1),
        centre=0.0,
    )
    centre = float((biased.biases[:-1] * bias.votes).sum() / bias.votes.sum())
    return _with_spreads(replace(biased, centre=centre), fitted, votes)


def _with_spreads(biased: GradePosterior, fitted: GradePosterior, votes: Votes) -> GradePosterior:
    spread = _Moments(votes.person_count)
    for beyond, block in _squares_beyond_chance(biased, fitted, votes):
        spread.add(block.person, beyond)
    pooled = float(spread.sums.sum() / spread.votes.sum())
    between, noise = spread.around(pooled).variances()
    evidence = np.stack([biased.evidence[:, 0], biased.evidence[:, 1], spread.sums], axis=1)
    return replace(biased, variances=replace(biased.variances, spread=between, spread_noise=noise), evidence=evidence)


def _squares_beyond_chance(
    biased: GradePosterior, fitted: GradePosterior, votes: Votes
) -> Iterator[tuple[np.ndarray, Votes]]:
    for block in blocks(votes):
        residual, variance = fitted._against_others(block)
        yield (residual - biased.biases[block.person]) ** 2 - variance, block


class _Moments:
    """Sums of what people do, person by person, and of its squares."""

    def __init__(self, person_count: int) -> None:
        self.votes, self.sums, self.squares = (np.zeros(person_count) for _ in range(3))

    def add(self, people: np.ndarray, values: np.ndarray) -> None:
        count = len(self.votes)
        self.votes += np.bincount(people, minlength=count)
        self.sums += np.bincount(people, weights=values, minlength=count)
        self.squares += np.bincount(people, weights=values**2, minlength=count)

    def around(self, centre: float) -> _Moments:
        """The same moments of the values less a constant."""
        moved = _Moments(len(self.votes))
        moved.votes = self.votes
        moved.sums = self.sums - centre * self.votes
        moved.squares = self.squares - 2 * centre * self.sums + centre**2 * self.votes
        return moved

    def variances(self) -> tuple[float, float]:
        """Between people, and of a single value around its person."""
        weights = 1 / np.maximum(self.votes, 1)
        products = pair_products(self.sums, self.squares) * weights
        between = variance_between(products, (self.votes**2 - self.votes) * weights)
        single = float(self.squares.sum() / max(self.votes.sum(), 1))
        return between, max(single - between, 1e-9)
