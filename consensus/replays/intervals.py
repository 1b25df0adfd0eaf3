"""Ratios of sums over samples, and differences of them, with bootstrap intervals by prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from consensus.estimates import Estimate, estimate_of

_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Ratio:
    """One figure of a set: (N,) sums over (N,) counts, and what it is in every resample of prompts."""

    value: float
    drawn: np.ndarray
    count: int
    clusters: int

    def estimate(self, confidence: float, why_undefined: str) -> Estimate:
        return estimate_of(
            self.value, self.drawn, confidence, count=self.count, clusters=self.clusters, why_undefined=why_undefined
        )

    def __sub__(self, other: Ratio) -> Ratio:
        """The paired difference: both are resampled together."""
        return Ratio(self.value - other.value, self.drawn - other.drawn, self.count, self.clusters)

    def saved_from(self, other: Ratio) -> Ratio:
        """The share of the other that this one saves, paired."""
        return Ratio(1 - self.value / other.value, 1 - self.drawn / other.drawn, self.count, self.clusters)

    def scaled(self, factor: float) -> Ratio:
        return Ratio(self.value * factor, self.drawn * factor, self.count, self.clusters)


class Resampling:
    """Resamples of whole prompts, the same ones for every figure, so that differences are paired."""

    def __init__(self, prompts: np.ndarray, rng: np.random.Generator, draws: int) -> None:
        names, self._prompt = np.unique(prompts, return_inverse=True)
        self.prompt_count = len(names)
        self._seed = int(rng.integers(2**63))  # drawn anew from it for each figure, so that no resample is kept
        self._draws = draws if len(names) > 1 else 0

    def ratio(self, total: np.ndarray, count: np.ndarray) -> Ratio:
        """Parameters: total, count, (N,) floats of each sample. NaN where the counts are 0."""
        parts = np.stack([self._by_prompt(total), self._by_prompt(count)], axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            whole = parts.sum(axis=0)
            drawn = self._resampled(parts)
            value, values = whole[0] / whole[1], drawn[:, 0] / drawn[:, 1]
        used = count > 0
        return Ratio(float(value), values, int(used.sum()), len(np.unique(self._prompt[used])))

    def _by_prompt(self, numbers: np.ndarray) -> np.ndarray:
        return np.bincount(self._prompt, weights=numbers, minlength=self.prompt_count)

    def _resampled(self, parts: np.ndarray) -> np.ndarray:
        """(P, C) sums of prompts -> (D, C) sums of resamples."""
        rng = np.random.default_rng(self._seed)
        shares = np.full(self.prompt_count, 1 / max(self.prompt_count, 1))
        at_once = max(1, _NUMBERS_AT_ONCE // max(self.prompt_count, 1))
        sums = [np.zeros((0, parts.shape[1]))]
        for start in range(0, self._draws, at_once):
            size = min(at_once, self._draws - start)
            sums.append(rng.multinomial(self.prompt_count, shares, size=size) @ parts)
        return np.concatenate(sums)
