"""Running tallies of pairs: reliability that is kept up to date, at a cost that does not grow with the samples.

Alpha, kappa, Gwet's coefficients and percent agreement need to know of a sample only how many pairs of its ratings say
(level j, level k), divided by something that depends on how many ratings it has. So the pairs are added up as whole
numbers, apart for each number of ratings, and divided at the end: no rounding gathers, and what is added and removed
again leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from consensus.agreement import FIGURES, Figure, PairTables
from consensus.disagreement import level_counts
from consensus.estimates import Estimate
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes

_SAMPLES_AT_ONCE = 16_384  # their counts stay in the processor's cache
_EXACT = 2**18  # ratings of a sample up to which sums of so many squares are exact as floats (below 2 ** 53)


Sums = tuple[np.ndarray, np.ndarray]  # (L,) ratings of each level and (L, L) ordered pairs of them


class TallyNotThere(ValueError):
    """More is removed than was ever added."""


class TallyNotValid(ValueError):
    """A kept tally is not one that `to_json` wrote."""


class PairTallies:
    """How often two people's ratings of one sample were (j, k), by the number of ratings of the sample.

    Whole numbers only. Two tallies of the same samples are equal, and so is every figure of them, to the last digit, by
    whatever additions, removals and changes they came about.

    >>> tallies = PairTallies(level_count=2)
    >>> tallies.add([[2, 1], [0, 3]])
    >>> tallies.replace([2, 1], [3, 0])
    >>> tallies.alpha(Scale((0, 1), "nominal")).value
    1.0
    """

    def __init__(self, level_count: int) -> None:
        self.level_count = level_count
        self._levels: dict[int, np.ndarray] = {}  # number of ratings -> (L,) ratings of each level
        self._pairs: dict[int, np.ndarray] = {}  # number of ratings -> (L, L) ordered pairs of different people

    @classmethod
    def of_counts(cls, counts: npt.ArrayLike, level_count: int | None = None) -> PairTallies:
        """From (N, L) whole numbers, how many people chose each level. Raises: WrongShape, CountsNotValid."""
        tallies = cls(np.shape(counts)[-1] if level_count is None else level_count)
        tallies.add(counts)
        return tallies

    @classmethod
    def of_votes(cls, votes: Votes) -> PairTallies:
        """From the ratings of one attribute, some samples at a time."""
        tallies = cls(votes.level_count)
        for counts in _counts_of(votes):
            tallies._shift(counts, 1)
        return tallies

    def add(self, counts: npt.ArrayLike) -> None:
        """Add one sample, (L,) whole numbers, how many people chose each level, or many, (N, L).

        Raises: WrongShape, CountsNotValid.
        """
        self._shift(self._rows(counts), 1)

    def remove(self, counts: npt.ArrayLike) -> None:
        """Take samples out that were added with these counts. Raises: TallyNotThere, WrongShape, CountsNotValid."""
        self._shift(self._rows(counts), -1)

    def replace(self, before: npt.ArrayLike, after: npt.ArrayLike) -> None:
        """Samples that had these counts have others now: a rating came, went or changed.

        Raises: TallyNotThere, WrongShape, CountsNotValid; nothing is changed then.
        """
        old, new = self._rows(before), self._rows(after)
        self._shift(old, -1)
        self._shift(new, 1)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of ratings that samples have, ascending; samples without any are not counted."""
        return tuple(sorted(self._levels))

    @property
    def sample_count(self) -> int:
        """Samples with one rating or more."""
        return sum(int(levels.sum()) // size for size, levels in self._levels.items())

    @property
    def pairable_count(self) -> int:
        """Samples with two ratings or more: what a figure rests on."""
        return sum(int(levels.sum()) // size for size, levels in self._levels.items() if size > 1)

    def tables(self) -> PairTables:
        """The sums that figures are made of."""
        count, sizes = self.level_count, self.sizes
        return PairTables.of_sizes(
            sizes,
            np.array([self._levels[size] for size in sizes]).reshape(-1, count),
            np.array([self._pairs[size] for size in sizes]).reshape(-1, count, count),
        )

    def estimate(self, figure: Figure, scale: Scale) -> Estimate:
        """One of `agreement.FIGURES`, or another such figure, without interval.

        Raises: WrongShape when the scale has another number of levels.
        """
        if len(scale.levels) != self.level_count:
            raise WrongShape(f"The scale has {len(scale.levels)} levels, and {self.level_count} were tallied.")
        tables, count = self.tables(), self.pairable_count
        value = float(figure.of(tables, scale))
        if np.isnan(value):
            return Estimate(None, None, None, count, count, figure.why_undefined(tables, scale))
        return Estimate(value, None, None, count, count)

    def estimates(self, scale: Scale) -> dict[str, Estimate]:
        """Every one of `agreement.FIGURES` by its name, without intervals. Raises: WrongShape."""
        return {name: self.estimate(figure, scale) for name, figure in FIGURES.items()}

    def alpha(self, scale: Scale) -> Estimate:
        """Krippendorff's alpha, as `reliability.krippendorff_alpha` gives it. Raises: WrongShape."""
        return self.estimate(FIGURES["alpha"], scale)

    def __iadd__(self, other: PairTallies) -> PairTallies:
        """Add what another tally holds: of another part of the data, counted elsewhere. Raises: WrongShape."""
        if other.level_count != self.level_count:
            raise WrongShape(f"A tally of {other.level_count} levels cannot be added to one of {self.level_count}.")
        for size, levels in other._levels.items():
            self._put(size, *self._shifted(size, levels, other._pairs[size], 1))
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PairTallies) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads: only whole numbers, texts as keys, so that it can be kept in a row."""
        return {
            "level_count": self.level_count,
            "sizes": {
                str(size): {"levels": self._levels[size].tolist(), "pairs": self._pairs[size].tolist()}
                for size in self.sizes
            },
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> PairTallies:
        """The tally that was kept. Raises: TallyNotValid."""
        try:
            tallies = cls(int(kept["level_count"]))
            for size, sums in kept["sizes"].items():
                levels, pairs = (np.array(sums[name], dtype=np.int64) for name in ("levels", "pairs"))
                tallies._levels[int(size)], tallies._pairs[int(size)] = levels, pairs
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TallyNotValid(f"This is no kept tally ({error!r}). Count the samples anew.") from None
        tallies._check_kept()
        return tallies

    def _check_kept(self) -> None:
        for size, levels in self._levels.items():
            pairs = self._pairs[size]
            fits = levels.shape == (self.level_count,) and pairs.shape == (self.level_count, self.level_count)
            if not fits or size < 1 or (pairs.sum(axis=1) != levels * (size - 1)).any() or (pairs != pairs.T).any():
                raise TallyNotValid(f"The kept sums of samples with {size} ratings contradict each other. Count anew.")

    def _rows(self, counts: npt.ArrayLike) -> np.ndarray:
        rows = np.asarray(counts)
        return level_counts(rows[None] if rows.ndim == 1 else rows, self.level_count)

    def _shift(self, counts: np.ndarray, sign: int) -> None:
        """Add or take away samples; all of them or, where more is taken than there is, none."""
        sums = _sums_by_size(counts)
        shifted = {size: self._shifted(size, levels, pairs, sign) for size, (levels, pairs) in sums.items()}
        for size, (levels, pairs) in shifted.items():
            self._put(size, levels, pairs)

    def _shifted(self, size: int, levels: np.ndarray, pairs: np.ndarray, sign: int) -> Sums:
        """What the sums of this size become."""
        levels = self._levels.get(size, 0) + sign * levels
        pairs = self._pairs.get(size, 0) + sign * pairs
        if (levels < 0).any() or (pairs < 0).any():
            raise TallyNotThere(
                f"Samples with {size} ratings are removed that were not added like this. "
                "Remove what was added, or count the samples anew."
            )
        return levels, pairs

    def _put(self, size: int, levels: np.ndarray, pairs: np.ndarray) -> None:
        """A size that no sample has any more leaves no trace, so that equal samples make equal tallies."""
        if levels.any():
            self._levels[size], self._pairs[size] = levels, pairs
        else:
            self._levels.pop(size, None)
            self._pairs.pop(size, None)


def _sums_by_size(counts: np.ndarray) -> dict[int, Sums]:
    """Levels and ordered pairs of the samples with each number of ratings, of (N, L) counts."""
    sums: dict[int, Sums] = {}
    for start in range(0, len(counts), _SAMPLES_AT_ONCE):
        rows = counts[start : start + _SAMPLES_AT_ONCE]
        sizes = rows.sum(axis=1)
        present = np.unique(sizes)
        for size in present[present > 0].tolist():
            levels, pairs = _sums_of(rows if len(present) == 1 else rows[sizes == size], size)
            if size in sums:
                levels, pairs = sums[size][0] + levels, sums[size][1] + pairs
            sums[size] = levels, pairs
    return sums


def _sums_of(rows: np.ndarray, size: int) -> Sums:
    """Of samples with the same number of ratings: everybody's pairs with everybody, less those with oneself."""
    levels = rows.sum(axis=0, dtype=np.int64)
    factors = rows.astype(float if size <= _EXACT else np.int64)  # products of floats are many times as quick
    return levels, (factors.T @ factors).astype(np.int64) - np.diag(levels)


def _counts_of(votes: Votes) -> Iterator[np.ndarray]:
    """The tally of a set, some samples at a time: (N, L) whole numbers."""
    edges = np.append(np.arange(0, votes.sample_count, _SAMPLES_AT_ONCE), votes.sample_count)
    rows = np.searchsorted(votes.sample, edges.astype(votes.sample.dtype))  # of another type it would copy the column
    for (first, last), (start, end) in zip(pairwise(edges.tolist()), pairwise(rows.tolist()), strict=True):
        cells = (votes.sample[start:end] - first) * votes.level_count + votes.level[start:end]
        counts = np.bincount(cells, minlength=(last - first) * votes.level_count)
        yield counts.reshape(last - first, votes.level_count)
