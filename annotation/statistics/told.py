"""What rows of statistics tell, as records: a day, a person's work, a person's week, a judge's work; and how each is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from annotation.statistics import cells, names
from annotation.statistics.cells import Cells, in_parts
from annotation.statistics.names import OfDay, OfJudge, OfPerson, OfWeek
from consensus.scales import Scale


@dataclass(frozen=True)
class Day:
    """What happened on one day (UTC). The states count moves into them; `arrived` samples that came."""

    date: date
    arrived: int
    annotations: int
    active_seconds: int
    resolved: int
    escalated: int
    contested: int
    excluded: int
    opened: int
    late: int


@dataclass(frozen=True)
class PersonWeek:
    """A person's first-round ratings of an attribute in the week that begins on `monday`, beside the others of the same samples.

    pairs: (own rating, another's). above, below: sums of how many levels the own rating is above or below; squared: of squares.
    """

    monday: date
    ratings: int
    pairs: int
    equal: int
    above: int
    below: int
    squared: int


@dataclass(frozen=True, eq=False)
class Person:
    """What a person's work is told by, over all samples of the project.

    levels: (L,) by attribute, of counted annotations. beside: (L, L) by attribute: own level x others' levels, first rounds.
    picks: by comparison: (no preference, the response shown first, the one shown second). straight: annotations with three
    values or more on one scale, and those of them that are all the same. seconds: bin -> annotations, `names.seconds_of`.
    """

    annotations: int
    late: int
    neither_valid: int
    active_seconds: int
    levels: Mapping[str, np.ndarray]
    picks: Mapping[str, tuple[int, int, int]]
    straight: tuple[int, int]
    seconds: Mapping[int, int]

    @property
    def timed(self) -> int:
        """Annotations with a time."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class JudgeWork:
    """How many judgments a judge gave under the newest rubric, and how many of them are unsure, or of relatives."""

    judgments: int
    unsure: int
    relative: int


def day_of(number: int, of_day: Mapping[int, int]) -> Day:
    """The day of this number, from its counts by `OfDay`."""
    return Day(
        date=names.date_of(number),
        arrived=of_day.get(OfDay.ARRIVED, 0),
        annotations=of_day.get(OfDay.ANNOTATIONS, 0),
        active_seconds=of_day.get(OfDay.ACTIVE_SECONDS, 0),
        resolved=of_day.get(OfDay.RESOLVED, 0),
        escalated=of_day.get(OfDay.ESCALATED, 0),
        contested=of_day.get(OfDay.CONTESTED, 0),
        excluded=of_day.get(OfDay.EXCLUDED, 0),
        opened=of_day.get(OfDay.OPENED, 0),
        late=of_day.get(OfDay.LATE, 0),
    )


def person_week_of(week: int, of_week: Mapping[int, int]) -> PersonWeek:
    """The week of this number, from its counts by `OfWeek`."""
    return PersonWeek(
        monday=names.monday_of(week),
        ratings=of_week.get(OfWeek.RATINGS, 0),
        pairs=of_week.get(OfWeek.PAIRS, 0),
        equal=of_week.get(OfWeek.EQUAL, 0),
        above=of_week.get(OfWeek.ABOVE, 0),
        below=of_week.get(OfWeek.BELOW, 0),
        squared=of_week.get(OfWeek.SQUARED, 0),
    )


def person_of(row: Cells, scales: Mapping[str, Scale]) -> Person:
    """From a row of `names.PEOPLE_WORK`; scales: those of the rubric by attribute, in its order."""
    said: dict[int, dict[tuple[int, int], int]] = {kind: {} for kind in OfPerson}
    for kind, one, other, value in in_parts(row, 3):
        said[kind][one, other] = value
    work, straight, picks = said[OfPerson.ANNOTATIONS], said[OfPerson.STRAIGHT], said[OfPerson.PICKS]
    compared = {attribute for attribute, _ in picks}
    return Person(
        annotations=work.get((0, 0), 0),
        late=work.get((0, 1), 0),
        neither_valid=work.get((0, 2), 0),
        active_seconds=said[OfPerson.ACTIVE_SECONDS].get((0, 0), 0),
        levels={
            name: np.array([said[OfPerson.LEVELS].get((place, level), 0) for level in range(len(scale.levels))])
            for place, (name, scale) in enumerate(scales.items())
        },
        picks={
            name: (picks.get((place, 0), 0), picks.get((place, 1), 0), picks.get((place, 2), 0))
            for place, name in enumerate(scales)
            if place in compared
        },
        straight=(straight.get((0, 0), 0), straight.get((0, 1), 0)),
        seconds={bin_number: many for (_, bin_number), many in sorted(said[OfPerson.SECONDS].items())},
    )


def judge_work_of(row: Cells) -> JudgeWork:
    """From a row of `names.JUDGES_WORK`."""
    counted = cells.by_cell(row)
    return JudgeWork(*(counted.get(cell, 0) for cell in OfJudge))


def table_of(row: Cells, attribute: int, size: int) -> np.ndarray:
    """(L, L) from cells of (attribute, own level, other level): those of the attribute in this place."""
    of_attribute, own, other = cells.unpack(row[0], 3)
    mine = of_attribute == attribute
    table = np.zeros((size, size), dtype=np.int64)
    np.add.at(table, (own[mine], other[mine]), row[1][mine])
    return table
