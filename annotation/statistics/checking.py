"""Count a project from nothing beside what stands: to take its place, or to prove that every number is the same.

People may go on working. What changes meanwhile is counted in both, and both are compared in one transaction in which nothing
that was committed is missing from either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from annotation.models import Project, StatisticsEdition
from annotation.statistics import cells, fold
from annotation.statistics.cells import Cells, RowKey
from annotation.statistics.rules import Rules

Progress = Callable[[int, int], None]
Role = StatisticsEdition.Role


class NothingStands(Exception):
    """The project has no statistics that could be compared."""


@dataclass(frozen=True)
class Difference:
    """One number that a full computation finds to be another."""

    row: RowKey
    cell: int
    standing: int
    recomputed: int

    def __str__(self) -> str:
        where = " / ".join(filter(None, self.row))
        return f"{where}, cell {self.cell}: {self.standing} stands, {self.recomputed} is right"


def recompute(*, project: Project, at: datetime, on_progress: Progress) -> None:
    """Count a project from nothing; the new figures take the old ones' place when they are complete."""
    with transaction.atomic():
        fold.wait_for_turn(project)
        fold.begin(project, Role.COMING, at)
    while (coming := _edition(project, Role.COMING)) is not None:
        on_progress(coming.done, coming.of)
        if not fold.fold(project=project, at=at, at_most=1):
            _wait_for_folder(project)
    while fold.fold(project=project, at=at):
        pass


def check(*, project: Project, at: datetime, on_progress: Progress) -> list[Difference]:
    """Every number that differs from a full computation under the same rules. Raises NothingStands."""
    with transaction.atomic():
        fold.wait_for_turn(project)
        standing = _edition(project, Role.STANDING)
        if standing is None:
            raise NothingStands(f"{project.slug} has not been counted yet. Run this without --check, or wait for beat.")
        fold.begin(project, Role.CHECK, at, under=Rules.from_json(standing.rules))
    try:
        while _counts_on(project, on_progress):
            pass
        return _compared(project, at)
    finally:
        with transaction.atomic():
            fold.wait_for_turn(project)
            StatisticsEdition.objects.filter(project=project, role=Role.CHECK).delete()


@transaction.atomic
def _counts_on(project: Project, on_progress: Progress) -> bool:
    fold.wait_for_turn(project)
    edition = StatisticsEdition.objects.get(project=project, role=Role.CHECK)
    on_progress(edition.done, edition.of)
    return fold.walk(edition, project) > 0


@transaction.atomic
def _compared(project: Project, at: datetime) -> list[Difference]:
    fold.wait_for_turn(project)
    while fold.fold_changes(project=project, at=at):
        pass
    standing, other = (
        StatisticsEdition.objects.get(project=project, role=role) for role in (Role.STANDING, Role.CHECK)
    )
    if standing.rules != other.rules:
        raise NothingStands(f"{project.slug} was counted anew under other rules meanwhile. Check it again.")
    return list(_differences(standing, other))


def _differences(standing: StatisticsEdition, other: StatisticsEdition) -> Iterator[Difference]:
    """Row by row in one order, so that no more than two are in memory."""
    one, two = _rows(standing), _rows(other)
    left, right = next(one, None), next(two, None)
    while left or right:
        key = min(row[0] for row in (left, right) if row)
        was = left[1] if left and left[0] == key else cells.NONE
        found = right[1] if right and right[0] == key else cells.NONE
        yield from _of_row(key, was, found)
        left = next(one, None) if left and left[0] == key else left
        right = next(two, None) if right and right[0] == key else right


def _of_row(key: RowKey, standing: Cells, recomputed: Cells) -> Iterator[Difference]:
    differ = cells.added(recomputed, (standing[0], -standing[1]))
    before, after = (dict(zip(row[0].tolist(), row[1].tolist(), strict=True)) for row in (standing, recomputed))
    for cell in differ[0].tolist():
        yield Difference(key, cell, before.get(cell, 0), after.get(cell, 0))


def _rows(edition: StatisticsEdition) -> Iterator[tuple[RowKey, Cells]]:
    kept: list[RowKey] = sorted(edition.statistics.values_list("name", "slice", "subject"))
    for start in range(0, len(kept), 500):
        some = kept[start : start + 500]
        found = fold.standing_rows(edition, some)
        yield from ((key, found[key]) for key in some)


def _edition(project: Project, role: str) -> StatisticsEdition | None:
    return StatisticsEdition.objects.filter(project=project, role=role).first()


def _wait_for_folder(project: Project) -> None:
    """Another folder is at it: wait until it is through with its chunk."""
    with transaction.atomic():
        fold.wait_for_turn(project)
