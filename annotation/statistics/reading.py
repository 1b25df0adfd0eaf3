"""What pages ask of a project's statistics: a few rows by an index, whatever the project's size. Nothing here scans or writes.

statistics = reading.of(project)                    # all samples
statistics = reading.of(project, "domain=law")      # one slice; `slices(project)` has their names
statistics.samples["open"], statistics.as_of, statistics.reliability("helpfulness")
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property

import numpy as np

from annotation.models import Project, Statistic, StatisticsEdition
from annotation.statistics import cells, facts, names
from annotation.statistics.cells import NONE, Cells
from annotation.statistics.names import Count
from annotation.statistics.remembered import remembered
from annotation.statistics.rules import Rules
from annotation.statistics.told import (
    Day,
    JudgeWork,
    Person,
    PersonWeek,
    day_of,
    judge_work_of,
    person_of,
    person_week_of,
    table_of,
)
from consensus.block_tallies import BlockTallies
from consensus.estimates import Estimate
from consensus.reliability import AFTER_SELECTION, FIRST_ROUNDS, RANDOM_SLICE, MeasuredOn, Reliability
from consensus.scales import Scale

__all__ = [
    "AFTER_SELECTION",
    "FIRST_ROUNDS",
    "RANDOM_SLICE",
    "Statistics",
    "UnknownAttribute",
    "of",
    "slices",
]

SEED = 20260101  # intervals are the same every time they are read from the same sums
DRAWS, DRAWS_OF_WEEKS = 400, 200  # resamples of an interval


class UnknownAttribute(LookupError):
    """The rubric that is counted under has no such attribute."""


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
        found[field].append((value, cells.by_cell(cells.from_bytes(kept)).get(Count.TOTAL, 0)))
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
        return cells.by_cell(self._row(names.SAMPLES))

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
        return [day_of(number, found[number]) for number in sorted(found)]

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
        for week, row in cells.by_first_part(self._row(names.LEVELS_BY_WEEK, attribute), 2):
            found[names.monday_of(week)] = self._by_level(attribute, row)
        return found

    def spread(self, attribute: str) -> dict[int, int]:
        """Samples by the range of their first round in scale points (the largest of their responses); nominal: 1 differing."""
        return cells.by_cell(self._row(names.SPREAD, attribute))

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
        tables = {int(person): table_of(row, place, size) for person, row in self._rows_of_all(names.PEOPLE).items()}
        return {person: table for person, table in tables.items() if table.any()}

    def person(self, annotator_id: int, attribute: str) -> np.ndarray:
        """(L, L) the person's level x the others' levels of the same things, first rounds; never beside themselves."""
        row = self._of_all(names.PEOPLE, str(annotator_id))
        return table_of(row, self._place(attribute), len(self.scale(attribute).levels))

    def work_of(self, annotator_id: int) -> Person:
        """What a person's work is told by."""
        scales = dict(zip(self.attributes, self._scales, strict=True))
        return person_of(self._of_all(names.PEOPLE_WORK, str(annotator_id)), scales)

    def weeks_of(self, annotator_id: int, attribute: str) -> list[PersonWeek]:
        """A person beside others, week by week. Raises UnknownAttribute."""
        place = self._place(attribute)
        found: dict[int, dict[int, int]] = {}
        row = self._of_all(names.PEOPLE_WEEKS, str(annotator_id))
        for week, of_attribute, what, value in cells.in_parts(row, 3):
            if of_attribute == place:
                found.setdefault(week, {})[what] = value
        return [person_week_of(week, found[week]) for week in sorted(found)]

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
        return {int(judge): judge_work_of(row) for judge, row in self._rows(names.JUDGES_WORK).items()}

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
        counted = cells.by_cell(row)
        return {level: counted.get(place, 0) for place, level in enumerate(self.scale(attribute).levels)}

    def _tallies(self, attribute: str, row: Cells) -> BlockTallies:
        block, size, one, other = cells.unpack(row[0], 4)
        return BlockTallies.of_cells(len(self.scale(attribute).levels), block, size, one, other, row[1])

    def _alphas(self, attribute: str, name: str) -> dict[int, Estimate]:
        weeks = cells.by_first_part(self._row(name, attribute), 5)
        return {when: self._alpha(attribute, row, DRAWS_OF_WEEKS) for when, row in weeks}

    def _alpha(self, attribute: str, row: Cells, draws: int) -> Estimate:
        scale = self.scale(attribute)
        return remembered(row, (scale, draws), lambda: self._tallies(attribute, row).alpha(scale, _rng(), draws=draws))


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)
