"""The ratings of one attribute in long form: who gave what level to which sample, sorted by sample.

What the rules that look at a whole set work on: nine bytes a rating, whether people are three or a hundred thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, WrongShape, samples_by_people

_END = {"sample": 2**31 - 1, "person": 2**31 - 1, "level": 2**15 - 1}  # what the whole numbers of a column can hold
_NEAR = 16  # votes of a sample that are compared pair by pair, which is quicker than sorting


class VotesNotValid(ValueError):
    """The columns do not describe ratings: unlike lengths, no whole number, a place outside its range, a vote twice."""


@dataclass(frozen=True, eq=False)
class Votes:
    """R ratings of N samples by P people on a scale of L levels; make one with `of` or `of_matrix`.

    sample, person: (R,) int32, places from 0; level: (R,) int8 or int16, the index of the level. Sorted by sample; within
    a sample in the order in which they were given, which is the order of arrival. A sample or a person may have no vote.
    """

    sample: np.ndarray
    person: np.ndarray
    level: np.ndarray
    sample_count: int
    person_count: int
    level_count: int

    @classmethod
    def of(
        cls,
        sample: npt.ArrayLike,
        person: npt.ArrayLike,
        level: npt.ArrayLike,
        *,
        level_count: int,
        sample_count: int | None = None,
        person_count: int | None = None,
    ) -> Votes:
        """Three (R,) columns of whole numbers from 0; sorted by sample where they are not.

        Counts that are not given are the largest place plus 1. Several votes of one person on one sample are let through:
        `refuse_doubles` looks for them. Raises: VotesNotValid.
        """
        samples, people, levels = (np.asarray(column) for column in (sample, person, level))
        if samples.ndim != 1 or not samples.shape == people.shape == levels.shape:
            raise VotesNotValid(
                f"The columns have the shapes {samples.shape}, {people.shape} and {levels.shape}. Give three of one length."
            )
        sample_count = _checked("sample", samples, sample_count)
        person_count = _checked("person", people, person_count)
        _checked("level", levels, level_count)
        code = np.int8 if level_count <= 127 else np.int16
        columns = samples.astype(np.int32), people.astype(np.int32), levels.astype(code)
        if len(samples) and (columns[0][1:] < columns[0][:-1]).any():
            order = np.argsort(columns[0], kind="stable")
            columns = columns[0][order], columns[1][order], columns[2][order]
        return cls(*columns, sample_count, person_count, level_count)

    @classmethod
    def of_matrix(cls, ratings: npt.ArrayLike, scale: Scale) -> Votes:
        """From (N, M) floats, N samples by M people, NaN = not rated. Raises: WrongShape, RatingOffScale."""
        codes = scale.codes(samples_by_people(ratings))
        samples, people = np.nonzero(codes >= 0)
        return cls.of(
            samples,
            people,
            codes[samples, people],
            level_count=len(scale.levels),
            sample_count=codes.shape[0],
            person_count=codes.shape[1],
        )

    def __len__(self) -> int:
        return len(self.sample)

    @cached_property
    def starts(self) -> np.ndarray:
        """(N + 1,) whole numbers: the votes of sample n are the rows starts[n] to starts[n + 1]."""
        edges = np.arange(self.sample_count + 1, dtype=self.sample.dtype)  # of another type the column would be copied
        return np.searchsorted(self.sample, edges)

    def refuse_doubles(self) -> None:
        """Raises: VotesNotValid where somebody has two votes on one sample. It sorts only samples of more than 16 votes."""
        double = _near_double(self.sample, self.person)
        if double is None and len(crowded := np.flatnonzero((np.diff(self.starts) > _NEAR)[self.sample])):
            order = crowded[np.lexsort((self.person[crowded], self.sample[crowded]))]
            double = _near_double(self.sample[order], self.person[order])
        if double:
            raise VotesNotValid(f"Person {double[1]} has two votes on sample {double[0]}. Give one of each person.")

    def tally(self) -> np.ndarray:
        """How many people chose each level: (N, L) whole numbers."""
        cells = self.sample.astype(np.int64) * self.level_count + self.level
        return np.bincount(cells, minlength=self.sample_count * self.level_count).reshape(
            self.sample_count, self.level_count
        )

    def kept(self, keep: npt.ArrayLike) -> Votes:
        """Only the votes where `keep`, (R,) booleans, is true; samples and people keep their places."""
        chosen = np.asarray(keep, dtype=bool)
        if chosen.shape != self.sample.shape:
            raise WrongShape(f"{chosen.shape} marks for {len(self)} votes. Give one a vote.")
        return Votes(
            self.sample[chosen],
            self.person[chosen],
            self.level[chosen],
            self.sample_count,
            self.person_count,
            self.level_count,
        )

    def first(self, count: int) -> Votes:
        """The first `count` votes of every sample, in order of arrival."""
        return self.kept(np.arange(len(self)) - self.starts[self.sample] < count)

    def matrix(self, scale: Scale) -> np.ndarray:
        """(N, P) floats, levels of the scale, NaN = not rated: dense, so for small sets only."""
        dense = np.full((self.sample_count, self.person_count), np.nan)
        dense[self.sample, self.person] = scale.values[self.level]
        return dense


def _checked(name: str, places: np.ndarray, count: int | None) -> int:
    """The number of places, at least as large as every one that is used."""
    if not len(places):
        return count or 0
    _refuse_what_is_not_whole(name, places)
    lowest, highest = int(places.min()), int(places.max())
    end = _END[name] if count is None else min(count, _END[name])
    if lowest < 0 or highest >= end:
        raise VotesNotValid(f"{name} goes from {lowest} to {highest}. Give places from 0 to below {end}.")
    return highest + 1 if count is None else count


def _refuse_what_is_not_whole(name: str, places: np.ndarray) -> None:
    kind = places.dtype.kind
    if kind not in "iuf":
        raise VotesNotValid(f"{name} begins with {places[0]!r}. Give places, which are whole numbers from 0.")
    if kind == "f":
        with np.errstate(invalid="ignore"):  # of what is infinite
            broken = places % 1 != 0
        if broken.any():
            raise VotesNotValid(f"{name} has {places[broken][0]:g}. Give places, which are whole numbers from 0.")


def _near_double(sample: np.ndarray, person: np.ndarray) -> tuple[int, int] | None:
    """A sample, and a person with two votes on it that stand fewer than `_NEAR` rows apart."""
    for lag in range(1, _NEAR):
        same = sample[lag:] == sample[:-lag]
        if not same.any():
            break
        same &= person[lag:] == person[:-lag]
        if same.any():
            at = int(same.argmax())
            return int(sample[at]), int(person[at])
    return None
