"""Label rules: from the ratings of one sample to its human value.

A rule gets the ratings in order of arrival and the slots, and answers with a `Label` over all slots. The rules:

- `closest-three`: the three people who differ least, and the mean of what they gave.
- `mean`, `median`, `majority`: of everybody who rated the slot.

Whatever the rule, a nominal slot takes the commonest value (ties: the lowest level), because names have no mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import combinations
from typing import Protocol

import numpy as np
import numpy.typing as npt

from consensus.scales import Slot, people_by_slots

RULES_VERSION = 1


class TooFewUsable(ValueError):
    """Fewer than three people gave every trigger value, so there is no closest three."""


class UnknownRule(ValueError):
    """No label rule has this name."""


@dataclass(frozen=True, eq=False)
class Label:
    """What people say of one sample, slot by slot.

    values: (K,) floats, levels of the scale, or 0 for "no preference"; NaN where no chosen person rated the slot.
    expected: (K,) floats, in scale points: the same before rounding (a commonest value is its own expectation).
    counts: (K,) whole numbers, the ratings each value rests on.
    no_preference: (K,) booleans, True where a comparison without 0 rounds to 0; such a value is no level.
    chosen: the rows of the ratings used, ascending. rule, version: what made the label.
    """

    values: np.ndarray
    expected: np.ndarray
    counts: np.ndarray
    no_preference: np.ndarray
    chosen: tuple[int, ...]
    rule: str
    version: int = RULES_VERSION


class LabelRule(Protocol):
    """A way to make one label out of several people's ratings."""

    def __call__(self, ratings: npt.ArrayLike, slots: Sequence[Slot]) -> Label:
        """Parameters: ratings, (M, K) floats, M people in order of arrival by K slots; NaN = not rated.

        Raises: WrongShape, RatingOffScale, SlotNotValid, and what the rule adds.
        """
        ...


def label(rule: str, ratings: npt.ArrayLike, slots: Sequence[Slot]) -> Label:
    """Make a label by the rule of this name. Raises: UnknownRule, and what the rule raises."""
    if rule not in RULES:
        raise UnknownRule(f"There is no label rule {rule!r}. Use one of: {', '.join(RULES)}.")
    return RULES[rule](ratings, slots)


def by_closest_three(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> Label:
    """Mean of the three people who agree most; one same triple for every slot.

    The triple is that of `closest_three`. A slot's value is the mean of what the triple gave there, without the
    missing values. Raises, beyond those of every rule: TooFewUsable.
    Source: HelpSteer2 (arXiv 2406.08673), with its ties written down.
    """
    matrix = people_by_slots(ratings, slots)
    return _label_of(matrix, slots, chosen=closest_three(matrix, slots), middle=np.mean, rule="closest-three")


def by_everybody(ratings: npt.ArrayLike, slots: Sequence[Slot], *, middle: Middle, rule: str) -> Label:
    """The middle of everybody who rated a slot; NaN with a count of 0 where nobody did."""
    matrix = people_by_slots(ratings, slots)
    spoke = np.flatnonzero(~np.isnan(matrix).all(axis=1))
    return _label_of(matrix, slots, chosen=tuple(spoke.tolist()), middle=middle, rule=rule)


def commonest(given: np.ndarray) -> float:
    """The value given most often; ties: the one nearest the mean of all that was given, then the lowest.

    So who came first does not matter: the first three, when they agree, are the majority of any five.
    """
    tied = _commonest_values(given)
    return float(tied[np.argmin(abs(len(given) * tied - given.sum()))])


def commonest_name(given: np.ndarray) -> float:
    """The name given most often; ties: the lowest level, since names have no mean to be near to."""
    return float(_commonest_values(given)[0])


def _commonest_values(given: np.ndarray) -> np.ndarray:
    """Ascending; several where they tie."""
    values, counts = np.unique(given, return_counts=True)
    tied: np.ndarray = values[counts == counts.max()]
    return tied


Middle = Callable[[np.ndarray], float | np.floating]

RULES: dict[str, LabelRule] = {
    "closest-three": by_closest_three,
    "mean": partial(by_everybody, middle=np.mean, rule="mean"),
    "median": partial(by_everybody, middle=np.median, rule="median"),
    "majority": partial(by_everybody, middle=commonest, rule="majority"),
}


def usable_people(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> np.ndarray:
    """Rows of the people who gave *every* trigger value (any value at all where the rubric has no trigger).

    A person with a trigger value missing cannot be compared on it: sums over fewer values would be smaller, and leaving
    something out would look like agreement. Their other ratings still count towards the range of a first round.
    """
    matrix = people_by_slots(ratings, slots)
    missing = np.isnan(matrix)
    triggers = [slot.is_trigger for slot in slots]
    lacking = missing[:, triggers].any(axis=1) if any(triggers) else missing.all(axis=1)
    return np.flatnonzero(~lacking)


def closest_three(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> tuple[int, int, int]:
    """The three usable people with the least sum of pairwise absolute differences over all trigger values.

    Each trigger value is divided by its scale's span, so that all weigh the same; on a nominal one differing counts 1.
    Ties: the triple whose mean is nearest the mean of all usable people (summed over the trigger values in the same
    units; nominal: half the sum of differences of shares), then the earliest, comparing the first
    arrival of each triple, then the second, then the third. All sums are of whole numbers: rounding decides no tie.

    Returns: three rows of the ratings, ascending. Raises: TooFewUsable, WrongShape, RatingOffScale, SlotNotValid.
    """
    matrix = people_by_slots(ratings, slots)
    people = usable_people(matrix, slots)
    if len(people) < 3:
        raise TooFewUsable(
            f"{len(people)} of {len(matrix)} people gave every trigger value; the closest three need 3. "
            "Ask more people, or have a reviewer decide."
        )
    points = _comparable_points(matrix[people], slots)
    triples = triples_of(len(people))
    keys = zip(_spreads(points, triples), _remoteness(points, triples), triples.tolist(), strict=True)
    first, second, third = people[min(keys)[-1]].tolist()
    return first, second, third


@lru_cache(maxsize=64)
def triples_of(people_count: int) -> np.ndarray:
    """All sets of three people, (T, 3) whole numbers, the earliest first; made once, so not to be written to."""
    triples = np.array(list(combinations(range(people_count), 3)), dtype=int).reshape(-1, 3)
    triples.setflags(write=False)
    return triples


def _comparable_points(ratings: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """Each person as a point (M, C) of whole numbers whose city-block distances weigh every trigger value the same.

    A nominal value becomes one 0/1 column a level, at half weight: two people who differ are apart in two columns.
    """
    triggers = [(slot.scale, column) for slot, column in zip(slots, ratings.T, strict=True) if slot.is_trigger]
    unit = math.lcm(2, *(scale.span for scale, _ in triggers))
    # Python's whole numbers where many unlike spans have a common multiple that fixed-width ones could not add up.
    exact = np.int64 if unit < 2**31 else object
    columns = []
    for scale, column in triggers:
        if scale.is_nominal:
            columns += [(column == level).astype(exact) * (unit // 2) for level in scale.levels]
        else:
            columns.append(column.astype(int).astype(exact) * (unit // scale.span))
    return np.stack(columns, axis=1) if columns else np.zeros((len(ratings), 0), dtype=exact)


def _spreads(points: np.ndarray, triples: np.ndarray) -> list[int]:
    """Sum of the three pairwise distances of every triple."""
    first, second, third = (points[triples[:, place]] for place in range(3))
    return (abs(first - second) + abs(first - third) + abs(second - third)).sum(axis=1).tolist()


def _remoteness(points: np.ndarray, triples: np.ndarray) -> list[int]:
    """Distance of every triple's mean from the mean of all, times 3 M so that it stays whole."""
    return abs(len(points) * points[triples].sum(axis=1) - 3 * points.sum(axis=0)).sum(axis=1).tolist()


def _label_of(
    matrix: np.ndarray, slots: Sequence[Slot], *, chosen: tuple[int, ...], middle: Middle, rule: str
) -> Label:
    columns = [column[~np.isnan(column)] for column in matrix[list(chosen)].T]
    expected = np.array([_middle_of(column, slot, middle) for column, slot in zip(columns, slots, strict=True)])
    values = np.array([slot.scale.nearest(value) for slot, value in zip(slots, expected, strict=True)], dtype=float)
    return Label(
        values=values,
        expected=expected.astype(float),
        counts=np.array([len(column) for column in columns], dtype=int),
        no_preference=np.array([slot.scale.lacks_zero for slot in slots], dtype=bool) & (values == 0),
        chosen=chosen,
        rule=rule,
    )


def _middle_of(given: np.ndarray, slot: Slot, middle: Middle) -> float:
    if not len(given):
        return float("nan")
    return float(commonest_name(given) if slot.scale.is_nominal else middle(given))
