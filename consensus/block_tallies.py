"""Reliability with its interval from running sums: pairs of ratings, apart for each block of prompts.

`tallies.PairTallies` gives every figure of reliability from sums that ratings can be added to and taken from. Kept apart for some
hundred blocks of whole prompts, the same sums give the interval too: a resample draws as many blocks as there are. With fewer
prompts than blocks a block is mostly one prompt, and the interval is that of `reliability.measure`; with more it is that of a
bootstrap over groups of prompts, whose width is known to about 1 / sqrt(2 x blocks): 5 % with 200 blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.agreement import FIGURES, Figure, PairTables
from consensus.estimates import Estimate
from consensus.reliability import FIRST_ROUNDS, MeasuredOn, Reliability
from consensus.resampling import Bootstrap
from consensus.scales import Scale

_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class BlockTallies:
    """Sums over samples by block and by how many ratings a sample has.

    sizes: (K,) numbers of ratings, ascending. levels: (B, K, L) how often each level was chosen. pairs: (B, K, L, L) ordered
    pairs of different people's ratings.
    """

    sizes: tuple[int, ...]
    levels: np.ndarray
    pairs: np.ndarray

    @classmethod
    def of_cells(
        cls,
        level_count: int,
        block: npt.ArrayLike,
        size: npt.ArrayLike,
        one: npt.ArrayLike,
        other: npt.ArrayLike,
        many: npt.ArrayLike,
    ) -> BlockTallies:
        """From (N,) sparse sums: of the samples of a block with so many ratings, how many ordered pairs are (one, other).

        `one` is the lower level or equal; pairs of different levels are given in one direction and count in both. Of samples with
        a single rating `many` counts that rating, one = other.
        """
        block, size, one, other, many = (np.asarray(of, dtype=np.int64) for of in (block, size, one, other, many))
        blocks, in_block = np.unique(block, return_inverse=True)
        sizes, of_size = np.unique(size, return_inverse=True)
        pairs = np.zeros((len(blocks), len(sizes), level_count, level_count), dtype=np.int64)
        levels = np.zeros(pairs.shape[:3], dtype=np.int64)
        single = size == 1
        np.add.at(levels, (in_block[single], of_size[single], one[single]), many[single])
        for low, high, which in ((one, other, ~single), (other, one, ~single & (one != other))):
            np.add.at(pairs, (in_block[which], of_size[which], low[which], high[which]), many[which])
        others = np.maximum(sizes - 1, 1)[:, None]
        levels += pairs.sum(axis=-1) // others  # everybody is in a pair with each of the others
        return cls(tuple(sizes.tolist()), levels, pairs)

    @property
    def pairable_count(self) -> int:
        """Samples with two ratings or more."""
        sums = self.levels.sum(axis=(0, 2))
        return sum(int(given) // size for size, given in zip(self.sizes, sums, strict=True) if size > 1)

    @property
    def block_count(self) -> int:
        """Blocks that have such a sample."""
        return int(self.pairs.any(axis=(1, 2, 3)).sum())

    def table(self) -> np.ndarray:
        """(L, L) ordered pairs of ratings, of all samples."""
        return np.asarray(self.pairs.sum(axis=(0, 1)))

    def measure(
        self,
        scale: Scale,
        rng: np.random.Generator,
        *,
        measured_on: MeasuredOn = FIRST_ROUNDS,
        draws: int = 1000,
        clusters: int | None = None,
    ) -> Reliability:
        """Every figure with its interval. `clusters`: prompts, where they are known; otherwise blocks are counted."""
        return Reliability(measured_on, **self.estimates(scale, rng, FIGURES, draws=draws, clusters=clusters))

    def alpha(
        self, scale: Scale, rng: np.random.Generator, *, draws: int = 1000, clusters: int | None = None
    ) -> Estimate:
        """Krippendorff's alpha alone."""
        return self.estimates(scale, rng, {"alpha": FIGURES["alpha"]}, draws=draws, clusters=clusters)["alpha"]

    def estimates(
        self,
        scale: Scale,
        rng: np.random.Generator,
        figures: Mapping[str, Figure],
        *,
        draws: int,
        clusters: int | None = None,
    ) -> dict[str, Estimate]:
        """Figures by name. Those that samples with a single rating tell something are drawn with these."""
        paired = np.asarray(self.pairs.any(axis=(1, 2, 3)))
        rests_on = {"count": self.pairable_count, "clusters": self.block_count if clusters is None else clusters}
        bootstrap = Bootstrap(rng, draws)
        found: dict[str, Estimate] = {}
        for counts_single, blocks in ((False, paired), (True, np.asarray(self.levels.any(axis=(1, 2))))):
            wanted = {name: figure for name, figure in figures.items() if figure.counts_single == counts_single}
            if wanted:
                found |= self._estimates(blocks, scale, bootstrap, wanted, rests_on)
        return {name: found[name] for name in figures}

    def _estimates(
        self,
        blocks: np.ndarray,
        scale: Scale,
        bootstrap: Bootstrap,
        figures: Mapping[str, Figure],
        rests_on: Mapping[str, int],
    ) -> dict[str, Estimate]:
        level_count = self.levels.shape[2]
        split = self.levels[0].size if len(self.levels) else 0
        sums = np.hstack(
            [of[blocks].reshape(int(blocks.sum()), math.prod(of.shape[1:])) for of in (self.levels, self.pairs)]
        ).astype(float)

        def tables(drawn: np.ndarray) -> PairTables:
            shape = (len(drawn), len(self.sizes), level_count)
            levels, pairs = drawn[:, :split].reshape(shape), drawn[:, split:].reshape(*shape, level_count)
            return PairTables.of_sizes(self.sizes, levels, pairs)

        def values(drawn: np.ndarray) -> dict[str, np.ndarray]:
            at_once = max(1, _NUMBERS_AT_ONCE // max(drawn.shape[1], 1))
            parts = [tables(drawn[start : start + at_once]) for start in range(0, len(drawn), at_once)]
            return {name: np.concatenate([of.of(part, scale) for part in parts]) for name, of in figures.items()}

        whole = tables(sums.sum(axis=0, keepdims=True))
        return bootstrap.estimates_of_sums(
            sums, values, lambda name: figures[name].why_undefined(whole, scale), **rests_on
        )
