"""The scale of an attribute, and the slots of a sample's packed ratings vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal, Self, get_args

import numpy as np
import numpy.typing as npt

Measurement = Literal["nominal", "ordinal", "interval"]


class ScaleNotValid(ValueError):
    """The levels or the level of measurement do not make a scale."""


class SlotNotValid(ValueError):
    """The limits of a slot contradict each other or cannot be reached."""


class RatingOffScale(ValueError):
    """A rating is not one of the levels of its scale."""


class WrongShape(ValueError):
    """An array does not have the shape that the function works on."""


class ProbabilitiesNotValid(ValueError):
    """A row is negative, partly missing or does not sum to 1."""


@dataclass(frozen=True)
class Scale:
    """The levels that a rating may take, ascending, and what their differences mean.

    Parameters: levels, two or more whole numbers in ascending order, in scale points; measurement, "nominal"
        (levels are names), "ordinal" (levels are ranks) or "interval" (differences are amounts).
    Raises: ScaleNotValid.
    """

    levels: tuple[int, ...]
    measurement: Measurement

    def __post_init__(self) -> None:
        if self.measurement not in get_args(Measurement):
            raise ScaleNotValid(
                f"Level of measurement {self.measurement!r} is unknown. Use one of: {', '.join(get_args(Measurement))}."
            )
        if len(self.levels) < 2 or not all(isinstance(level, int) for level in self.levels):
            raise ScaleNotValid(f"Levels {self.levels!r} do not make a scale. Give two or more whole numbers.")
        if any(low >= high for low, high in pairwise(self.levels)):
            raise ScaleNotValid(f"Levels {self.levels!r} are not ascending. Sort them and name each one once.")

    @property
    def is_nominal(self) -> bool:
        return self.measurement == "nominal"

    @property
    def span(self) -> int:
        """The largest disagreement two ratings can have, in scale points; 1 (differing) on a nominal scale."""
        return 1 if self.is_nominal else self.levels[-1] - self.levels[0]

    @property
    def step(self) -> int:
        """The smallest difference between two levels, in scale points; 1 on a nominal scale."""
        return 1 if self.is_nominal else min(high - low for low, high in pairwise(self.levels))

    @property
    def default_escalate_above(self) -> int:
        """The range, in scale points, above which a first round disagrees.

        2 on 0-4, 1-5, 1-6 and -3..3 (with or without 0); 1 on -1/0/1; on a nominal scale 0, where differing counts 1,
        so anything but unanimity disagrees. Scales that this list does not name follow the number of their levels:
        five or more 2, three or four 1, two 0. When levels lie further apart than 1 the limit is that many
        *steps* (0, 25, 50, 75, 100: 50). On a long scale (0-100) two steps are strict: set a limit of your own.
        """
        if self.is_nominal or len(self.levels) == 2:
            return 0
        return (2 if len(self.levels) >= 5 else 1) * self.step

    @property
    def default_settle_within(self) -> int:
        """The range, in scale points, within which three people settle: one step; 0 under five levels or nominal."""
        return 0 if self.is_nominal or len(self.levels) < 5 else self.step

    @property
    def lacks_zero(self) -> bool:
        """True for a comparison without a middle: levels on both sides of 0, and no 0."""
        return not self.is_nominal and self.levels[0] < 0 < self.levels[-1] and 0 not in self.levels

    @cached_property
    def values(self) -> np.ndarray:
        """(L,) floats, the levels."""
        return np.array(self.levels, dtype=float)

    @cached_property
    def distances(self) -> np.ndarray:
        """(L, L) floats, in scale points; on a nominal scale 1 where two levels differ."""
        apart = np.abs(self.values[:, None] - self.values[None, :])
        return (apart > 0).astype(float) if self.is_nominal else apart

    def codes(self, ratings: npt.ArrayLike) -> np.ndarray:
        """The index of each rating among the levels.

        Parameters: ratings, floats of any shape; NaN = not rated.
        Returns: whole numbers of the same shape; -1 = not rated.
        Raises: RatingOffScale when a value is not a level.
        """
        given = np.asarray(ratings, dtype=float)
        missing = np.isnan(given)
        places = np.minimum(np.searchsorted(self.values, given), len(self.levels) - 1)
        off = ~missing & (self.values[places] != given)
        if off.any():
            listed = ", ".join(f"{value:g}" for value in np.unique(given[off])[:5])
            raise RatingOffScale(f"Not on the scale: {listed}. Its levels are {', '.join(map(str, self.levels))}.")
        return np.where(missing, -1, places)

    def tally(self, ratings: npt.ArrayLike) -> np.ndarray:
        """How many people chose each level.

        Parameters: ratings, (N, M) floats, N samples by M people; NaN = not rated.
        Returns: (N, L) whole numbers.
        Raises: WrongShape, RatingOffScale.
        """
        matrix = samples_by_people(ratings)
        counts = np.stack([np.count_nonzero(matrix == level, axis=1) for level in self.levels], axis=1)
        if counts.sum() < np.count_nonzero(~np.isnan(matrix)):
            self.codes(matrix)  # names the values that are on no level
        return counts

    def nearest(self, averages: npt.ArrayLike) -> np.ndarray:
        """Round averages to the nearest level, halves away from zero.

        On a comparison without 0 the middle is kept: what rounds to 0 stays 0 ("no preference"), although 0 is no level.

        Parameters: averages, floats of any shape, in scale points; NaN = undefined.
        Returns: floats of the same shape; NaN = undefined.
        Exact for averages of whole numbers: a quotient that is a half is represented exactly, and no other reaches it.
        """
        exact = np.asarray(averages, dtype=float)
        targets = np.sort(np.append(self.values, 0.0)) if self.lacks_zero else self.values
        borders = (targets[1:] + targets[:-1]) / 2
        away = np.where(exact >= 0, np.searchsorted(borders, exact, "right"), np.searchsorted(borders, exact, "left"))
        return np.where(np.isnan(exact), np.nan, targets[away])


@dataclass(frozen=True)
class Slot:
    """One value position of a sample's packed ratings vector.

    Parameters: name, unique within the sample; scale; escalate_above, in scale points (1 = differing on a nominal
        scale), None = not a trigger value; settle_within, likewise, needed with escalate_above.
    Raises: SlotNotValid.
    """

    name: str
    scale: Scale
    escalate_above: float | None = None
    settle_within: float | None = None

    def __post_init__(self) -> None:
        if (self.escalate_above is None) != (self.settle_within is None):
            raise SlotNotValid(f"Slot {self.name!r} has one limit of two. Give both for a trigger value, or neither.")
        if any(limit is not None and not 0 <= limit < np.inf for limit in (self.escalate_above, self.settle_within)):
            raise SlotNotValid(
                f"Slot {self.name!r} has limits {self.escalate_above} and {self.settle_within}. "
                "Give finite limits of 0 or more, in scale points."
            )

    @classmethod
    def trigger(
        cls,
        name: str,
        scale: Scale,
        *,
        escalate_above: float | None = None,
        settle_within: float | None = None,
    ) -> Self:
        """A trigger value; a limit that is not given is the default of its scale."""
        return cls(
            name,
            scale,
            scale.default_escalate_above if escalate_above is None else escalate_above,
            scale.default_settle_within if settle_within is None else settle_within,
        )

    @property
    def is_trigger(self) -> bool:
        return self.escalate_above is not None


def samples_by_people(ratings: npt.ArrayLike) -> np.ndarray:
    """The ratings of one attribute as an (N, M) float array. Raises: WrongShape."""
    matrix = np.asarray(ratings, dtype=float)
    if matrix.ndim != 2:
        raise WrongShape(f"Ratings have the shape {matrix.shape}. Give (samples, people), NaN where nobody rated.")
    return matrix


def people_by_slots(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> np.ndarray:
    """The packed ratings of one sample as an (M, K) float array with every value on its slot's scale.

    An empty list stands for nobody. Raises: WrongShape, RatingOffScale, SlotNotValid (a name twice).
    """
    matrix = np.asarray(ratings, dtype=float)
    if matrix.size == 0 and matrix.ndim <= 1:
        matrix = matrix.reshape(0, len(slots))
    if matrix.ndim != 2 or matrix.shape[1] != len(slots):
        raise WrongShape(f"Ratings have the shape {matrix.shape}. Give (people, {len(slots)} slots).")
    levels = _levels_by_slot(tuple(slots))
    if not (np.isnan(matrix) | (matrix[:, :, None] == levels).any(axis=2)).all():
        for slot, column in zip(slots, matrix.T, strict=True):
            _check_slot(slot, column)
    return matrix


@lru_cache(maxsize=256)
def _levels_by_slot(slots: tuple[Slot, ...]) -> np.ndarray:
    """(K, L) floats, the levels of each slot, NaN behind the last. Raises: SlotNotValid (a name twice)."""
    if len({slot.name for slot in slots}) < len(slots):
        raise SlotNotValid("Two slots have one name. Name each value position of the sample once.")
    levels = np.full((len(slots), max((len(slot.scale.levels) for slot in slots), default=0)), np.nan)
    for row, slot in zip(levels, slots, strict=True):
        row[: len(slot.scale.levels)] = slot.scale.levels
    return levels


def _check_slot(slot: Slot, column: np.ndarray) -> None:
    try:
        slot.scale.codes(column)
    except RatingOffScale as error:
        raise RatingOffScale(f"{slot.name}: {error}") from None


def level_probabilities(probabilities: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """Probabilities of the levels as an (N, L) float array; a row of NaN = nobody spoke.

    Raises: WrongShape; ProbabilitiesNotValid when a row is negative or does not sum to 1 within 1e-6.
    """
    matrix = np.asarray(probabilities, dtype=float)
    if matrix.ndim != 2 or matrix.shape[1] != len(scale.levels):
        raise WrongShape(f"Probabilities have the shape {matrix.shape}. Give (samples, {len(scale.levels)} levels).")
    spoken = matrix[~np.isnan(matrix).all(axis=1)]
    wrong = ~((spoken >= 0).all(axis=1) & (np.abs(spoken.sum(axis=1) - 1) < 1e-6))
    if wrong.any():
        raise ProbabilitiesNotValid(
            f"{np.count_nonzero(wrong)} rows are not probabilities, the first is {spoken[wrong][0].tolist()}. "
            "Give rows of at least 0 that sum to 1, or rows of NaN."
        )
    return matrix
