"""Resamples of whole prompts, for the intervals of figures that are sums over samples.

Samples of one prompt are not independent, so a bootstrap draws prompts, each with all its samples. Samples whose ratings
are alike are interchangeable, and so are prompts whose samples are: it is enough to draw how often each *kind* of prompt
comes up, which makes a million samples of three ratings as quick as the few dozen kinds they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.estimates import BootstrapNotValid, Estimate, estimate_of
from consensus.scales import WrongShape

_NUMBERS_AT_ONCE = 4_000_000
_BLOCKS = 500


@dataclass(frozen=True, eq=False)
class Prompts:
    """N samples by what was said of them and by the prompt they belong to.

    kinds: (T, C) whole numbers, the distinct rows of what was said. totals: (T,) samples of each kind. count: P prompts.
    frequencies: how many prompts are of each of the G kinds of prompts. holds, kind: (E,) which kind of sample is in which
    kind of prompt, as often as it is.
    """

    kinds: np.ndarray
    totals: np.ndarray
    count: int
    frequencies: np.ndarray
    holds: np.ndarray
    kind: np.ndarray

    @classmethod
    def of(cls, said: np.ndarray, prompts: np.ndarray) -> Prompts:
        """Parameters: said, (N, C) whole numbers of 0 or more; prompts, (N,) the prompt of each sample."""
        kinds, kind = _distinct(said)
        names, prompt = np.unique(prompts, return_inverse=True)
        alike, frequencies, stands_for = _kinds_of_prompts(prompt, kind, len(names), len(kinds))
        rows = stands_for[alike[prompt]] == prompt  # the samples of one prompt of every kind
        return cls(
            kinds=kinds,
            totals=np.bincount(kind, minlength=len(kinds)),
            count=len(names),
            frequencies=frequencies,
            holds=alike[prompt[rows]],
            kind=kind[rows],
        )

    def draws(self, rng: np.random.Generator, draws: int) -> Iterator[np.ndarray]:
        """How often each kind of sample comes up in each resample: (D, T) floats, `draws` rows in all."""
        at_once = max(1, _NUMBERS_AT_ONCE // max(len(self.frequencies), len(self.kinds), 1))
        shares = self.frequencies / self.count
        for start in range(0, draws, at_once):
            drawn = rng.multinomial(self.count, shares, size=min(at_once, draws - start))
            yield np.array([self._samples_of(prompts) for prompts in drawn])

    def _samples_of(self, prompts: np.ndarray) -> np.ndarray:
        return np.bincount(self.kind, weights=prompts[self.holds], minlength=len(self.kinds))


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made: from so many resamples, in percentiles. Raises: BootstrapNotValid."""

    rng: np.random.Generator
    draws: int = 1000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.draws < 1 or not 0 < self.confidence < 1:
            raise BootstrapNotValid(
                f"{self.draws} draws at confidence {self.confidence}. Give 1 or more, and between 0 and 1."
            )

    def estimates(
        self,
        of: Prompts,
        figures: Callable[[np.ndarray], dict[str, np.ndarray]],
        why_undefined: Callable[[str], str],
        *,
        count: int,
        clusters: int,
    ) -> dict[str, Estimate]:
        """Figures with their intervals, all from the same resamples.

        Parameters: figures, from (D, T), how often each kind of sample comes up, to (D,) floats by name, NaN = undefined;
            why_undefined, the words for a name; count, clusters, samples and prompts that the figures rest on.
        """
        points = figures(of.totals[None].astype(float))
        batches = [figures(drawn) for drawn in of.draws(self.rng, self.draws)] if clusters > 1 else []
        return self._named(points, batches, why_undefined, count=count, clusters=clusters)

    def estimates_of_sums(
        self,
        sums: np.ndarray,
        figures: Callable[[np.ndarray], dict[str, np.ndarray]],
        why_undefined: Callable[[str], str],
        *,
        count: int,
        clusters: int,
    ) -> dict[str, Estimate]:
        """The same of figures that follow from K sums over samples, where hardly two samples are alike.

        Parameters: sums, (B, K) floats, of the samples of each block (`in_blocks`); figures, from (D, K) to (D,) floats by name;
            the others as in `estimates`.
        """
        even = np.full(len(sums), 1 / max(len(sums), 1))
        batches = [figures(self.rng.multinomial(len(sums), even, self.draws) @ sums)] if clusters > 1 else []
        points = figures(sums.sum(axis=0, keepdims=True))
        return self._named(points, batches, why_undefined, count=count, clusters=clusters)

    def _named(
        self,
        points: dict[str, np.ndarray],
        batches: list[dict[str, np.ndarray]],
        why_undefined: Callable[[str], str],
        *,
        count: int,
        clusters: int,
    ) -> dict[str, Estimate]:
        return {
            name: estimate_of(
                float(point),
                np.concatenate([np.zeros(0), *(batch[name] for batch in batches)]),
                self.confidence,
                count=count,
                clusters=clusters,
                why_undefined=why_undefined(name) if np.isnan(point) else "",
            )
            for name, [point] in points.items()
        }


def in_blocks(prompt: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) the block of each sample: its prompt, or, of more than 500 prompts, one of 500 blocks of them drawn at random.

    Blocks in place of prompts keep the interval and bound its cost. Parameters: prompt, (N,) whole numbers from 0.
    """
    return np.asarray((rng.permutation(int(prompt.max(initial=-1)) + 1) % _BLOCKS)[prompt], dtype=np.intp)


def prompt_names(clusters: npt.ArrayLike, sample_count: int) -> np.ndarray:
    """(N,) the prompt of each sample. Raises: WrongShape."""
    names = np.asarray(clusters)
    if names.shape != (sample_count,):
        raise WrongShape(f"Prompts have the shape {names.shape} for {sample_count} samples. Name one prompt a sample.")
    return names


def pairs_by_kind(one: np.ndarray, other: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Pairs of (a rating of one side, a rating of the other), summed over samples: (D, L, L) floats.

    Parameters: one, other, (T, L) how often each level was chosen on each kind of sample; frequencies, (D, T).
    """
    at_once = max(1, _NUMBERS_AT_ONCE // max(one.size, 1))
    sums = [np.zeros((0, one.shape[1], other.shape[1]))]
    for start in range(0, len(frequencies), at_once):
        weighted = one.T * frequencies[start : start + at_once, None, :]
        sums.append(weighted @ other.astype(float))
    return np.concatenate(sums)


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of whole numbers and which of them each row is; by one number a row where it fits."""
    base = int(rows.max(initial=0)) + 1
    if base ** rows.shape[1] >= 2**62:
        distinct, place = np.unique(rows, axis=0, return_inverse=True)
        return distinct, place.reshape(-1)
    codes = rows.astype(np.int64) @ base ** np.arange(rows.shape[1], dtype=np.int64)
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    return rows[first], place


def _kinds_of_prompts(
    prompt: np.ndarray, kind: np.ndarray, prompt_count: int, kind_count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which kind each prompt is, how many prompts each kind has, and one prompt of each.

    Prompts are told apart by a sum of large numbers, one for each kind of sample, so that the order of samples does not
    matter. The numbers are always the same ones; that two unlike prompts have one sum is a chance of one in billions, and
    would do no more than swap one for the other in the interval.
    """
    marks = np.random.default_rng(0).integers(2**63, size=kind_count, dtype=np.uint64)
    sums = np.zeros(prompt_count, dtype=np.uint64)
    np.add.at(sums, prompt, marks[kind])
    _, first, alike, frequencies = np.unique(sums, return_index=True, return_inverse=True, return_counts=True)
    return alike, frequencies, first
