"""What pages ask of a project's statistics: a few rows by an index, whatever the project's size. Nothing here scans or writes.

statistics = reading.of(project)                    # all samples
statistics = reading.of(project, "domain=law")      # one slice; `slices(project)` has their names
statistics.samples["open"], statistics.as_of, statistics.reliability("helpfulness")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import numpy as np

from annotation.models import Project, Statistic, StatisticsEdition
from annotation.statistics import cells, facts, names
from annotation.statistics.cells import NONE, Cells
from annotation.statistics.names import Count, OfDay, OfJudge, OfPerson, OfWeek
from annotation.statistics.remembered import remembered
from annotation.statistics.rules import Rules
from consensus.block_tallies import BlockTallies
from consensus.estimates import Estimate
from consensus.reliability import AFTER_SELECTION, FIRST_ROUNDS, RANDOM_SLICE, MeasuredOn, Reliability
from consensus.scales import Scale

__all__ = [
    "AFTER_SELECTION",
    "FIRST_ROUNDS",
    "RANDOM_SLICE",
    "Day",
    "Person",
    "Statistics",
    "UnknownAttribute",
    "of",
    "slices",
]

SEED = 20260101  # intervals are the same every time they are read from the same sums
DRAWS, DRAWS_OF_WEEKS = 400, 200  # resamples of an interval


class UnknownAttribute(LookupError):
    """The rubric that is counted under has no such attribute."""


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


def of(project: Project, slice: str = "") -> Statistics:
    """The statistics of a project, or of one of its slices ("field=value")."""
    editions = {edition.role: edition for edition in StatisticsEdition.objects.filter(project=project)}
    standing = editions.get(StatisticsEdition.Role.STANDING)
    return Statistics(project, slice, standing, editions.get(StatisticsEdition.Role.COMING))


def slices(project: Project) -> dict[str, list[tuple[str, int]]]:
    """The fields that tell samples apart, each with its values and how many samples have it, most first."""
    standing = StatisticsEdition.objects.filter(project=project, role=StatisticsEdition.Role.STANDING).first()
    if standing is None:
        return {}
    rows = standing.statistics.filter(name=names.SAMPLES).exclude(slice="").values_list("slice", "cells")
    found: dict[str, list[tuple[str, int]]] = {field: [] for field, _ in standing.rules["fields"]}
    for name, kept in rows:
        field, _, value = name.partition("=")
        found[field].append((value, _by_cell(cells.from_bytes(kept)).get(Count.TOTAL, 0)))
    return {field: sorted(values, key=lambda row: (-row[1], row[0])) for field, values in found.items()}


class Statistics:
    """What is counted of a project's samples, or of one slice of them. Rows are read when they are first asked for."""

    def __init__(
        self, project: Project, slice_name: str, standing: StatisticsEdition | None, coming: StatisticsEdition | None
    ) -> None:
        self.project, self.slice, self._standing, self._coming = project, slice_name, standing, coming
        self._read: dict[tuple[str, str | None], dict[str, Cells]] = {}

    # --- how far ------------------------------------------------------------------------------------------------
    @property
    def as_of(self) -> datetime | None:
        """Everything that was committed before this moment is counted; None before the first counting is complete."""
        return self._standing.as_of if self._standing else None

    @property
    def is_counting(self) -> tuple[int, int] | None:
        """While a first count or a recount runs: (samples done, of how many). What is shown meanwhile is what stood before."""
        return (self._coming.done, self._coming.of) if self._coming else None

    @property
    def is_there(self) -> bool:
        """Whether a counting was completed; before that everything here is empty."""
        return self._standing is not None

    # --- samples ------------------------------------------------------------------------------------------------
    @cached_property
    def _counts(self) -> dict[int, int]:
        return _by_cell(self._row(names.SAMPLES))

    @property
    def samples(self) -> dict[str, int]:
        """Samples by state; gold and training samples are none."""
        return {state: self._counts.get(place, 0) for place, state in enumerate(facts.STATES)}

    @property
    def total(self) -> int:
        return self._counts.get(Count.TOTAL, 0)

    @property
    def decided(self) -> int:
        """Samples that people decided once: not open, and not settled by judges alone."""
        return self._counts.get(Count.DECIDED, 0)

    @property
    def could_escalate(self) -> int:
        """Decided ones outside the random slice, which cannot."""
        return self._counts.get(Count.COULD_ESCALATE, 0)

    @property
    def escalated_ever(self) -> int:
        """Of those that could, the ones that were escalated at some time."""
        return self._counts.get(Count.ESCALATED_EVER, 0)

    @property
    def disagreed(self) -> int:
        """Of those that could, the ones whose first round was not enough to go by."""
        return self._counts.get(Count.DISAGREED, 0)

    @property
    def settled_by_judges(self) -> int:
        return self._counts.get(Count.SETTLED_BY_JUDGES, 0)

    @property
    def annotations(self) -> int:
        """Annotations that count."""
        return self._counts.get(Count.ANNOTATIONS, 0)

    @property
    def annotations_of_decided(self) -> int:
        return self._counts.get(Count.ANNOTATIONS_OF_DECIDED, 0)

    @property
    def late(self) -> int:
        """Annotations that came when their slot was gone."""
        return self._counts.get(Count.LATE, 0)

    @property
    def fixed_overlap(self) -> int:
        """Samples of the random slice."""
        return self._counts.get(Count.FIXED_OVERLAP, 0)

    def days(self) -> list[Day]:
        """Days on which something happened, ascending."""
        row = self._row(names.DAYS)
        day, what = cells.unpack(row[0], 2)
        found: dict[int, dict[int, int]] = {}
        for number, field, value in zip(day.tolist(), what.tolist(), row[1].tolist(), strict=True):
            found.setdefault(number, {})[field] = value
        return [_day(number, found[number]) for number in sorted(found)]

    def causes(self) -> dict[str, int]:
        """Causes that reviewers gave with their decisions, most first."""
        counts = {cause: int(row[1].sum()) for cause, row in self._rows(names.CAUSES).items()}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    # --- attributes ---------------------------------------------------------------------------------------------
    @cached_property
    def rules(self) -> Rules | None:
        return Rules.from_json(self._standing.rules) if self._standing else None

    @property
    def attributes(self) -> list[str]:
        """The attributes of the rubric that is counted under, in its order."""
        return self.rules.layouts.names if self.rules else []

    def scale(self, attribute: str) -> Scale:
        """Raises UnknownAttribute."""
        return self._scales[self._place(attribute)]

    def levels(self, attribute: str) -> dict[int, int]:
        """First-round ratings of each level of the scale. Raises UnknownAttribute."""
        return self._by_level(attribute, self._row(names.LEVELS, attribute))

    def levels_by_week(self, attribute: str) -> dict[date, dict[int, int]]:
        """The same for each week by its Monday, ascending."""
        found = {}
        for week, row in _split(self._row(names.LEVELS_BY_WEEK, attribute), 2):
            found[names.monday_of(week)] = self._by_level(attribute, row)
        return found

    def spread(self, attribute: str) -> dict[int, int]:
        """Samples by the range of their first round in scale points (the largest of their responses); nominal: 1 differing."""
        return _by_cell(self._row(names.SPREAD, attribute))

    def reliability(self, attribute: str, measured_on: MeasuredOn = FIRST_ROUNDS) -> Estimate:
        """Krippendorff's alpha with its interval. Raises UnknownAttribute."""
        return self._alpha(attribute, self._row(f"{names.PAIRS}{measured_on}", attribute), DRAWS)

    def reliability_figures(self, attribute: str, measured_on: MeasuredOn = FIRST_ROUNDS) -> Reliability:
        """Every figure of reliability with its interval. Raises UnknownAttribute."""
        scale, row = self.scale(attribute), self._row(f"{names.PAIRS}{measured_on}", attribute)
        return remembered(
            row,
            (scale, measured_on, DRAWS),
            lambda: self._tallies(attribute, row).measure(scale, _rng(), measured_on=measured_on, draws=DRAWS),
        )

    def tallies(self, attribute: str, measured_on: MeasuredOn = FIRST_ROUNDS) -> BlockTallies:
        """The pairs of ratings that reliability is made of. Raises UnknownAttribute."""
        return self._tallies(attribute, self._row(f"{names.PAIRS}{measured_on}", attribute))

    def reliability_by_week(self, attribute: str) -> dict[date, Estimate]:
        """Alpha of the first rounds that ended in each week, by its Monday, ascending. `clusters` counts blocks of prompts."""
        by_week = self._alphas(attribute, names.PAIRS_BY_WEEK)
        return {names.monday_of(week): estimate for week, estimate in by_week.items()}

    def reliability_by_guideline(self, attribute: str) -> dict[int, Estimate]:
        """Alpha of the first-round ratings given under each version of the guideline (0: before the first)."""
        return self._alphas(attribute, names.PAIRS_BY_GUIDELINE)

    def confusion(self, attribute: str) -> np.ndarray:
        """(L, L) ordered pairs of two people's first-round ratings of one thing; symmetric. Raises UnknownAttribute."""
        return self.tallies(attribute).table()

    # --- people, over all samples -------------------------------------------------------------------------------
    def people(self, attribute: str) -> dict[int, np.ndarray]:
        """Annotator id -> `person`, of everybody who has anything beside others."""
        place, size = self._place(attribute), len(self.scale(attribute).levels)
        tables = {int(person): _table(row, place, size) for person, row in self._rows_of_all(names.PEOPLE).items()}
        return {person: table for person, table in tables.items() if table.any()}

    def person(self, annotator_id: int, attribute: str) -> np.ndarray:
        """(L, L) the person's level x the others' levels of the same things, first rounds; never beside themselves."""
        row = self._of_all(names.PEOPLE, str(annotator_id))
        return _table(row, self._place(attribute), len(self.scale(attribute).levels))

    def work_of(self, annotator_id: int) -> Person:
        """What a person's work is told by."""
        return self._person(self._of_all(names.PEOPLE_WORK, str(annotator_id)))

    def weeks_of(self, annotator_id: int, attribute: str) -> list[PersonWeek]:
        """A person beside others, week by week. Raises UnknownAttribute."""
        place = self._place(attribute)
        found: dict[int, dict[int, int]] = {}
        row = self._of_all(names.PEOPLE_WEEKS, str(annotator_id))
        for week, of_attribute, what, value in _parts(row, 3):
            if of_attribute == place:
                found.setdefault(week, {})[what] = value
        return [_person_week(week, found[week]) for week in sorted(found)]

    # --- judges -------------------------------------------------------------------------------------------------
    def judge(self, judge_id: int, attribute: str) -> np.ndarray:
        """(L, L) the judge's level x people's first-round levels of the same things. Raises UnknownAttribute."""
        size = len(self.scale(attribute).levels)
        return np.asarray(self.judge_by_block(judge_id, attribute).sum(axis=0)).reshape(size, size)

    def judge_by_block(self, judge_id: int, attribute: str) -> np.ndarray:
        """(B, L, L) the same apart for each block of prompts, from which an interval can be drawn."""
        place, size = self._place(attribute), len(self.scale(attribute).levels)
        row = self._row(names.JUDGES, str(judge_id))
        of_attribute, block, own, other = cells.unpack(row[0], 4)
        mine = of_attribute == place
        blocks, at = np.unique(block[mine], return_inverse=True)
        table = np.zeros((len(blocks), size, size), dtype=np.int64)
        np.add.at(table, (at, own[mine], other[mine]), row[1][mine])
        return table

    def judges(self) -> dict[int, JudgeWork]:
        """Judge id -> how much it said, of judges that said anything."""
        rows = {int(judge): _by_cell(row) for judge, row in self._rows(names.JUDGES_WORK).items()}
        return {judge: JudgeWork(*(row.get(cell, 0) for cell in OfJudge)) for judge, row in rows.items()}

    # --- rows ---------------------------------------------------------------------------------------------------
    @cached_property
    def _scales(self) -> list[Scale]:
        return self.rules.layouts.scales if self.rules else []

    def _place(self, attribute: str) -> int:
        if attribute not in self.attributes:
            known = ", ".join(self.attributes) or "none yet"
            raise UnknownAttribute(f"No attribute {attribute!r} is counted in {self.project.slug}; it has: {known}.")
        return self.attributes.index(attribute)

    def _row(self, name: str, subject: str = "") -> Cells:
        return self._rows(name).get(subject, NONE)

    def _rows(self, name: str) -> dict[str, Cells]:
        return self._fetched(name, self.slice, None)

    def _rows_of_all(self, name: str) -> dict[str, Cells]:
        return self._fetched(name, "", None)

    def _of_all(self, name: str, subject: str) -> Cells:
        if (name, None) in self._read:
            return self._read[name, None].get(subject, NONE)
        return self._fetched(name, "", subject).get(subject, NONE)

    def _fetched(self, name: str, slice_name: str, subject: str | None) -> dict[str, Cells]:
        if (name, subject) not in self._read:
            rows = Statistic.objects.filter(edition=self._standing, name=name, slice=slice_name)
            if subject is not None:
                rows = rows.filter(subject=subject)
            found = rows.values_list("subject", "cells") if self._standing else []
            self._read[name, subject] = {of: cells.from_bytes(kept) for of, kept in found}
        return self._read[name, subject]

    def _by_level(self, attribute: str, row: Cells) -> dict[int, int]:
        counted = _by_cell(row)
        return {level: counted.get(place, 0) for place, level in enumerate(self.scale(attribute).levels)}

    def _tallies(self, attribute: str, row: Cells) -> BlockTallies:
        block, size, one, other = cells.unpack(row[0], 4)
        return BlockTallies.of_cells(len(self.scale(attribute).levels), block, size, one, other, row[1])

    def _alphas(self, attribute: str, name: str) -> dict[int, Estimate]:
        weeks = _split(self._row(name, attribute), 5)
        return {when: self._alpha(attribute, row, DRAWS_OF_WEEKS) for when, row in weeks}

    def _alpha(self, attribute: str, row: Cells, draws: int) -> Estimate:
        scale = self.scale(attribute)
        return remembered(row, (scale, draws), lambda: self._tallies(attribute, row).alpha(scale, _rng(), draws=draws))

    def _person(self, row: Cells) -> Person:
        said: dict[int, dict[tuple[int, int], int]] = {kind: {} for kind in OfPerson}
        for kind, one, other, value in _parts(row, 3):
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
                for place, (name, scale) in enumerate(zip(self.attributes, self._scales, strict=True))
            },
            picks={
                name: (picks.get((place, 0), 0), picks.get((place, 1), 0), picks.get((place, 2), 0))
                for place, name in enumerate(self.attributes)
                if place in compared
            },
            straight=(straight.get((0, 0), 0), straight.get((0, 1), 0)),
            seconds={bin_number: many for (_, bin_number), many in sorted(said[OfPerson.SECONDS].items())},
        )


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def _by_cell(row: Cells) -> dict[int, int]:
    return dict(zip(row[0].tolist(), row[1].tolist(), strict=True))


def _parts(row: Cells, parts: int) -> list[tuple[int, ...]]:
    """Each cell's parts with its value."""
    return list(zip(*(part.tolist() for part in cells.unpack(row[0], parts)), row[1].tolist(), strict=True))


def _split(row: Cells, parts: int) -> list[tuple[int, Cells]]:
    """A row apart for each value of its cells' first part, ascending; what is left has a part fewer."""
    shift = cells.BITS * (parts - 1)
    first, rest = row[0] >> shift, row[0] & ((1 << shift) - 1)
    return [(int(value), (rest[first == value], row[1][first == value])) for value in np.unique(first)]


def _table(row: Cells, attribute: int, size: int) -> np.ndarray:
    of_attribute, own, other = cells.unpack(row[0], 3)
    mine = of_attribute == attribute
    table = np.zeros((size, size), dtype=np.int64)
    np.add.at(table, (own[mine], other[mine]), row[1][mine])
    return table


def _day(number: int, of_day: Mapping[int, int]) -> Day:
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


def _person_week(week: int, of_week: Mapping[int, int]) -> PersonWeek:
    return PersonWeek(
        monday=names.monday_of(week),
        ratings=of_week.get(OfWeek.RATINGS, 0),
        pairs=of_week.get(OfWeek.PAIRS, 0),
        equal=of_week.get(OfWeek.EQUAL, 0),
        above=of_week.get(OfWeek.ABOVE, 0),
        below=of_week.get(OfWeek.BELOW, 0),
        squared=of_week.get(OfWeek.SQUARED, 0),
    )
