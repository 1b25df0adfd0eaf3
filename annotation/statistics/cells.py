"""Sums by cell: whole numbers in sparse form, that can be added up and taken out again without a trace.

A cell is a small tuple of whole numbers packed into one: a month's worth of weeks, a block of prompts, two levels. A row of the
table Statistic holds the cells of one (name, slice, subject).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

BITS = 10  # of every part of a cell but the first, which has what is left of 63
MOST = 2**BITS

Cells = tuple[np.ndarray, np.ndarray]  # cells ascending, and their values; none of them 0
RowKey = tuple[str, str, str]  # name, slice, subject
NONE: Cells = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def pack(*parts: npt.ArrayLike) -> np.ndarray:
    """One number for a tuple of numbers of 0 or more; all but the first below 1024."""
    packed = np.asarray(parts[0], dtype=np.int64)
    for part in parts[1:]:
        packed = (packed << BITS) | np.asarray(part, dtype=np.int64)
    return packed


def unpack(cells: np.ndarray, parts: int) -> list[np.ndarray]:
    """The inverse of `pack` of so many parts."""
    found = []
    for _ in range(parts - 1):
        found.append(cells & (MOST - 1))
        cells = cells >> BITS
    return [cells, *reversed(found)]


def to_bytes(cells: Cells) -> bytes:
    """As a row keeps them: the cells, then the values, eight bytes each."""
    return np.concatenate(cells).astype("<i8").tobytes()


def from_bytes(kept: bytes | memoryview) -> Cells:
    both = np.frombuffer(kept, dtype="<i8").reshape(2, -1)
    return both[0], both[1]


def summed(cells: np.ndarray, values: np.ndarray) -> Cells:
    """One value a cell; what comes to 0 is left out."""
    if not len(cells):
        return NONE
    distinct, place = np.unique(cells, return_inverse=True)
    sums = np.bincount(place, weights=values, minlength=len(distinct)).astype(np.int64)  # exact below 2 ** 53
    return distinct[sums != 0], sums[sums != 0]


def added(one: Cells, other: Cells) -> Cells:
    """The sum of two rows."""
    return summed(np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]]))


def by_cell(row: Cells) -> dict[int, int]:
    """Each cell with its value."""
    return dict(zip(row[0].tolist(), row[1].tolist(), strict=True))


def in_parts(row: Cells, parts: int) -> list[tuple[int, ...]]:
    """Each cell's parts with its value."""
    return list(zip(*(part.tolist() for part in unpack(row[0], parts)), row[1].tolist(), strict=True))


def by_first_part(row: Cells, parts: int) -> list[tuple[int, Cells]]:
    """A row apart for each value of its cells' first part, ascending; what is left has a part fewer."""
    shift = BITS * (parts - 1)
    first, rest = row[0] >> shift, row[0] & ((1 << shift) - 1)
    return [(int(value), (rest[first == value], row[1][first == value])) for value in np.unique(first)]


@dataclass
class Sums:
    """Rows of cells being added up.

    Contributions come in long form, some thousand at once, and are merged when `rows` is asked.
    """

    _parts: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = field(default_factory=dict)
    _rows: dict[tuple[str, str], int] = field(default_factory=dict)

    def row(self, slice_name: str, subject: str) -> int:
        """A number for a row's slice and subject."""
        return self._rows.setdefault((slice_name, subject), len(self._rows))

    def add(self, name: str, rows: npt.ArrayLike, cells: npt.ArrayLike, values: npt.ArrayLike, sign: int = 1) -> None:
        """Add values to cells of rows, all three of one length or to be spread to it."""
        row, cell, value = np.broadcast_arrays(
            np.asarray(rows, dtype=np.int64), np.asarray(cells, dtype=np.int64), np.asarray(values, dtype=np.int64)
        )
        if row.size:
            self._parts.setdefault(name, []).append(_merged(row.ravel(), cell.ravel(), sign * value.ravel()))

    def rows(self) -> Iterator[tuple[RowKey, Cells]]:
        """Every row that does not come to nothing."""
        names: Sequence[tuple[str, str]] = list(self._rows)
        for name, parts in self._parts.items():
            row, cell, value = _merged(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
            edges = np.flatnonzero(np.diff(row, prepend=-1)).tolist()
            for start, end in pairwise([*edges, len(row)]):
                slice_name, subject = names[row[start]]
                yield (name, slice_name, subject), (cell[start:end], value[start:end])

    def compact(self) -> None:
        """Merge what was added so far, so that it takes no more room than the rows do."""
        for name, parts in self._parts.items():
            if len(parts) > 1:
                self._parts[name] = [_merged(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))]


def _merged(row: np.ndarray, cell: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One value for each cell of each row, in their order; what comes to 0 is left out."""
    distinct, place = np.unique(cell, return_inverse=True)
    keys, where = np.unique(row * len(distinct) + place, return_inverse=True)
    sums = np.bincount(where, weights=value, minlength=len(keys)).astype(np.int64)
    keys, sums = keys[sums != 0], sums[sums != 0]
    return keys // max(len(distinct), 1), distinct[keys % max(len(distinct), 1)], sums
