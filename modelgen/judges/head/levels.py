"""From a score to a distribution over an attribute's levels: an adjacent-category logit (Agresti 2010, section 4.1).

log p(level) = intercept(level) + slope * score * tilt(level). With slope 0 it is exactly the pooled frequencies of the
levels, so what a score adds can be believed as little as the evidence demands: the slope used is the estimate minus a
margin of standard errors, never below 0, and scores beyond those seen on left-out samples count as the largest seen.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SLOPE_MARGIN = 1.5
"""Standard errors taken off the slope before it is believed: its lower end at one-sided 93 %."""
SCORE_QUANTILE = 0.95
"""Scores are cut at this quantile of the left-out scores' sizes: one odd feature must not make a certainty."""
PSEUDO_RATINGS = 0.5
"""Added to every level, so that a level nobody has chosen yet is rare and not impossible."""
SLOPE_PRIOR = 8.0
"""Standard deviation of the slope's prior, for a score of one standard deviation: keeps separable labels finite."""
NEWTON_STEPS = 50

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class LevelModel:
    """intercepts (L,), slope a scale point of score, and bound: scores are cut to [-bound, bound]."""

    intercepts: Floats
    slope: float
    bound: float


def fit_levels(scores: Floats, counts: Floats, levels: Floats, groups: Indices, *, mirrored: bool) -> LevelModel:
    """Maximum likelihood of single ratings given scores that did not see them, then the margin off the slope.

    Parameters:
        scores: (N,) left-out scores around their mean; counts: (N, L) how often each level was chosen.
        levels: (L,) ascending; groups: (N,) integers: ratings of one group are not independent, so the slope's
            standard error is clustered by group, and widened for few groups as Student's t is (Peiser 1943).
        mirrored: True when a negated score must mirror the distribution (levels symmetric about 0).
    """
    bound = float(np.quantile(np.abs(scores), SCORE_QUANTILE))
    model = _AdjacentLogit(np.clip(scores, -bound, bound) / max(bound, 1e-9), counts, tilt(levels), mirrored)
    parameters = model.fit()
    margin = _widened(SLOPE_MARGIN, len(np.unique(groups)) - 1) * model.slope_error(parameters, groups)
    slope = float(parameters[-1]) - margin
    if bound < 1e-9 or slope <= 0.0:
        return LevelModel(np.log(pooled_frequencies(counts, mirrored=mirrored)), 0.0, bound)
    intercepts = model.fit(slope)[:-1]
    if mirrored:
        intercepts = (intercepts + intercepts[::-1]) / 2.0
    return LevelModel(intercepts - intercepts.mean(), slope / bound, bound)


def level_probabilities(scores: Floats, levels: Floats, model: LevelModel) -> Floats:
    """Distribution over the levels (N, L) for scores (N,)."""
    leaning = model.slope * np.clip(scores, -model.bound, model.bound)
    return _softmax(model.intercepts + leaning[:, None] * tilt(levels))


def pooled_frequencies(counts: Floats, *, mirrored: bool) -> Floats:
    """Frequencies (L,) of the levels over all ratings (N, L); mirrored, the same in either order."""
    totals = counts.sum(axis=0) + PSEUDO_RATINGS
    totals = totals + totals[::-1] if mirrored else totals
    return np.asarray(totals / totals.sum())


def tilt(levels: Floats) -> Floats:
    """Levels (L,) around their middle, one unit from the lowest to the highest."""
    return np.asarray((levels - (levels[0] + levels[-1]) / 2.0) / (levels[-1] - levels[0]))


class _AdjacentLogit:
    """The likelihood, with pseudo ratings at score 0 and a prior on the slope; parameters are (L + 1,), slope last."""

    def __init__(self, scores: Floats, counts: Floats, tilts: Floats, mirrored: bool) -> None:
        self.copies = 2 if mirrored else 1
        if mirrored:
            # Each sample once in either order, at half its weight: position cannot be learned.
            scores, counts = (
                np.concatenate([scores, -scores]),
                np.concatenate([counts, counts[:, ::-1]]) / 2.0,
            )
        self.tilts = tilts
        self.scores = np.append(scores, 0.0)
        self.counts = np.vstack([counts, np.full(len(tilts), PSEUDO_RATINGS)])
        self.totals = self.counts.sum(axis=1)

    def fit(self, slope: float | None = None) -> Floats:
        """Newton's method from the pooled frequencies, halving steps that overshoot; a given slope stays."""
        parameters = np.append(np.log(self.counts.sum(axis=0) / self.counts.sum()), slope or 0.0)
        free = slice(None) if slope is None else slice(-1)
        value = self._objective(parameters)
        for _ in range(NEWTON_STEPS):
            step = np.zeros_like(parameters)
            gradient = self._gradients(parameters).sum(axis=0)
            step[free] = np.linalg.solve(self._curvature(parameters)[free, free], gradient[free])
            while (moved := self._objective(parameters + step)) < value - 1e-12 and np.abs(step).max() > 1e-12:
                step = step / 2.0
            parameters, improved, value = parameters + step, moved - value, moved
            if improved < 1e-10:
                break
        return parameters

    def slope_error(self, parameters: Floats, groups: Indices) -> float:
        """Standard error of the slope: a sandwich with groups as clusters."""
        gradients = self._gradients(parameters)[:-1].reshape(self.copies, len(groups), -1).sum(axis=0)
        cluster = np.unique(groups, return_inverse=True)[1]
        sums = np.zeros((int(cluster.max()) + 1, gradients.shape[1]))
        np.add.at(sums, cluster, gradients)
        inverse = np.linalg.inv(self._curvature(parameters))
        variance = inverse @ (sums.T @ sums) @ inverse * len(sums) / max(len(sums) - 1, 1)
        return float(np.sqrt(variance[-1, -1]))

    def _log_probabilities(self, parameters: Floats) -> Floats:
        logits = parameters[:-1] + parameters[-1] * self.scores[:, None] * self.tilts
        below_top = logits - logits.max(axis=-1, keepdims=True)  # in logs: a level that all but vanishes stays finite
        return np.asarray(below_top - np.log(np.exp(below_top).sum(axis=-1, keepdims=True)))

    def _objective(self, parameters: Floats) -> float:
        fit = float((self.counts * self._log_probabilities(parameters)).sum())
        return fit - 0.5 * float(parameters[-1] / SLOPE_PRIOR) ** 2

    def _gradients(self, parameters: Floats) -> Floats:
        """(N + 1, L + 1): each sample's share; the pseudo ratings' row carries the prior."""
        surprise = self.counts - self.totals[:, None] * np.exp(self._log_probabilities(parameters))
        gradients = np.column_stack([surprise, self.scores * (surprise @ self.tilts)])
        gradients[-1, -1] -= parameters[-1] / SLOPE_PRIOR**2
        return gradients

    def _curvature(self, parameters: Floats) -> Floats:
        """Negative Hessian (L + 1, L + 1); a trace of ridge fixes the intercepts' free constant."""
        probabilities = np.exp(self._log_probabilities(parameters))
        level_count = len(self.tilts)
        one_level = np.broadcast_to(np.eye(level_count), (len(self.scores), level_count, level_count))
        design = np.concatenate([one_level, (self.scores[:, None] * self.tilts)[:, :, None]], axis=2)
        weighted = (self.totals[:, None] * probabilities)[:, :, None] * design
        means = np.einsum("nl,nlp->np", probabilities, design)
        curvature = np.einsum("nlp,nlq->pq", weighted, design) - (self.totals[:, None] * means).T @ means
        curvature[-1, -1] += SLOPE_PRIOR**-2
        return np.asarray(curvature + 1e-8 * np.eye(level_count + 1))


def _widened(normal: float, freedom: int) -> float:
    """Student's quantile with so many degrees of freedom at a normal quantile's level (first term of Peiser's series)."""
    return normal * (1.0 + (normal**2 + 1.0) / (4.0 * max(freedom, 1)))


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
