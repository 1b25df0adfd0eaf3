"""What was said of many samples, by kind: samples with the same ratings are counted once and multiplied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from annotation.statistics.batch import Long
from annotation.statistics.cells import pack
from consensus.scales import Scale

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Kinds:
    """The N units that were rated (a response of a sample, or the sample), and which of T kinds each is.

    long: the ratings. unit: the unit of each rating. keys, sample, kind: (N,) of each unit. counts: (T, L) how often each
    level was chosen on each kind. ranges: (T,) in scale points, -1 with fewer than two ratings.
    """

    long: Long
    unit: np.ndarray
    keys: np.ndarray
    sample: np.ndarray
    kind: np.ndarray
    counts: np.ndarray
    ranges: np.ndarray

    @classmethod
    def of(cls, long: Long, scale: Scale) -> Kinds:
        level_count = len(scale.levels)
        keys, first, unit = np.unique(long.unit, return_index=True, return_inverse=True)
        counts = np.bincount(unit * level_count + long.code, minlength=len(keys) * level_count)
        distinct, kind = _distinct(counts.reshape(len(keys), level_count))
        return cls(long, unit, keys, long.sample[first], kind, distinct, _ranges(distinct, scale))

    def pairs(self, rows: np.ndarray, blocks: np.ndarray, kind: np.ndarray) -> Columns:
        """Ordered pairs of ratings of units, as (row, cell, how many); of a unit with one rating, that rating.

        Parameters: of each unit its row, its block and its kind; a unit may come several times. Cells: (block, size, level,
        level), the lower level first; pairs of different levels count in one direction, as both are the same.
        """
        distinct, place = np.unique(blocks, return_inverse=True)
        keys, many = np.unique(
            (rows * max(len(distinct), 1) + place) * max(len(self.counts), 1) + kind, return_counts=True
        )
        where, kind = np.divmod(keys, max(len(self.counts), 1))
        row, place = np.divmod(where, max(len(distinct), 1))
        starts, lengths, size_and_levels, values = self._pairs_of_kinds
        of, at = expanded(starts[kind], lengths[kind])
        return row[of], (distinct[place][of] << 30) | size_and_levels[at], many[of] * values[at]

    def others(self) -> Columns:
        """Of every rating the others of its unit: (which rating, the others' level, how many of them chose it)."""
        starts, lengths, levels, counts = self._levels_of_kinds
        kind = self.kind[self.unit]
        of, at = expanded(starts[kind], lengths[kind])
        many = counts[at] - (levels[at] == self.long.code[of])
        is_there = many > 0
        return of[is_there], levels[at][is_there], many[is_there]

    def said_of(self, other: Long) -> Columns:
        """What was said of the units that somebody else judged: (which of theirs, level, how many chose it)."""
        if not len(self.keys):
            return (np.zeros(0, dtype=np.int64),) * 3
        place = np.minimum(np.searchsorted(self.keys, other.unit), len(self.keys) - 1)
        [theirs] = np.nonzero(self.keys[place] == other.unit)
        starts, lengths, levels, counts = self._levels_of_kinds
        kind = self.kind[place[theirs]]
        of, at = expanded(starts[kind], lengths[kind])
        return theirs[of], levels[at], counts[at]

    @cached_property
    def _levels_of_kinds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The levels that were chosen on each kind: (where they begin, how many, levels, how often each)."""
        kind, level = np.nonzero(self.counts)
        lengths = np.bincount(kind, minlength=len(self.counts))
        return np.cumsum(lengths) - lengths, lengths, level, self.counts[kind, level]

    @cached_property
    def _pairs_of_kinds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The pairs of each kind: (where they begin, how many, (size, level, level), how often each)."""
        starts, lengths, levels, counts = self._levels_of_kinds
        kind = np.repeat(np.arange(len(lengths)), lengths)
        of, at = expanded(starts[kind], lengths[kind])
        sizes = self.counts.sum(axis=1)[kind[of]]
        values = np.where(of == at, counts[of] * np.where(sizes == 1, 1, counts[of] - 1), counts[of] * counts[at])
        there = (levels[of] <= levels[at]) & (values > 0)
        of, at = of[there], at[there]
        lengths = np.bincount(kind[of], minlength=len(lengths))
        cells = pack(sizes[there], levels[of], levels[at])
        return np.cumsum(lengths) - lengths, lengths, cells, values[there]


def expanded(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs laid end to end: which run each element is of, and where it stands."""
    of = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return of, starts[of] + within


def _distinct(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows and which of them each row is; by one number a row where it fits."""
    base = int(counts.max(initial=0)) + 1
    if base ** counts.shape[1] >= 2**62:
        rows, place = np.unique(counts, axis=0, return_inverse=True)
        return rows, place.reshape(-1)
    codes = counts @ base ** np.arange(counts.shape[1], dtype=np.int64)
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    return counts[first], place


def _ranges(counts: np.ndarray, scale: Scale) -> np.ndarray:
    chosen = counts > 0
    if scale.is_nominal:
        ranges = (chosen.sum(axis=1) > 1).astype(np.int64)
    else:
        levels = np.array(scale.levels)
        highest = np.where(chosen, levels, levels[0]).max(axis=1, initial=levels[0])
        ranges = highest - np.where(chosen, levels, levels[-1]).min(axis=1, initial=levels[-1])
    return np.where(counts.sum(axis=1) >= 2, ranges, -1)
