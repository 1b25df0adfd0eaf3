"""Build what samples are found by after they were imported, and keep it up to date.

Everything is found again in the rows: a project's samples in id order, and what was added to them in the order of the tables
that only grow. Whoever is killed in the middle is followed by the next, from the last chunk that was committed.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Model, QuerySet

from annotation.explorer import facets
from annotation.models import (
    Annotation,
    ConsensusLabel,
    Judgment,
    Project,
    Sample,
    SampleEvent,
    SampleFacets,
    SearchMark,
    SearchProgress,
)
from annotation.services.alone import SEARCHING, alone
from annotation.statements import exploring as statements
from annotation.statements.running import row, rows

CHUNK = 500  # samples of one transaction
FOLLOWED_AT_ONCE = 2000  # rows
TO_TIDY = 1000  # new samples after which the indexes are put in order
# What is only ever added to, with the way from a row to its sample. Whatever happens to a sample leaves a row in one of them.
GROWING: tuple[tuple[type[Model], str], ...] = (
    (SampleEvent, "sample_id"),
    (Annotation, "assignment__sample_id"),
    (ConsensusLabel, "sample_id"),
    (Judgment, "sample_id"),
)


def catch_up(*, at: datetime, seconds: float, clock: Callable[[], float] = time.monotonic) -> bool:
    """Go on for so long; returns whether nothing is left that could be done now. One process at a time does it."""
    begun = clock()

    def is_time_up() -> bool:
        return clock() - begun >= seconds

    with alone(SEARCHING, 0) as is_alone:
        if not is_alone:
            return False
        settled = _look()
        for model, way in GROWING:
            if not _follow(model, way, is_time_up):
                return False
        return settled is None or _cover_projects(settled, at, is_time_up)


def cover(*, project: Project, through: int, at: datetime, is_time_up: Callable[[], bool] = lambda: False) -> int:
    """Add the samples of a project up to this id that are not in the search yet; returns how many.

    `through`: up to there no sample can appear any more that is not there now.
    """
    _begin(project)
    added = 0
    while not is_time_up() and (some := _cover_chunk(project, through, at)):
        added += some
    if added >= TO_TIDY:
        tidy()
    return added


def refresh(samples: Iterable[int]) -> None:
    """Write down anew what samples are found by. Those that are not in the search yet are left for `cover`."""
    covered = SampleFacets.objects.filter(pk__in=list(samples)).order_by("project_id").values_list("project_id", "pk")
    for project_id, of_project in groupby(covered, key=lambda found: found[0]):
        facets.put(Project.objects.get(pk=project_id), [pk for _, pk in of_project])


def tidy() -> None:
    """Put what was written lately into the indexes, and let the planner see it."""
    row(statements.TIDY)
    rows(statements.ANALYSE)


@dataclass(frozen=True)
class Coverage:
    """How many samples of a project can be found, of how many there are, and as of when."""

    covered: int
    total: int
    as_of: datetime | None

    @property
    def is_whole(self) -> bool:
        return self.as_of is not None and self.covered >= self.total


def coverage(project: Project) -> Coverage:
    """How far the search has come, as it was last written down."""
    progress = SearchProgress.objects.filter(project=project).first() or SearchProgress()
    return Coverage(progress.covered, progress.total, progress.as_of)


# --- new samples ------------------------------------------------------------------------------------------------
def _cover_projects(settled: int, at: datetime, is_time_up: Callable[[], bool]) -> bool:
    """Every project in turn; returns whether all are covered."""
    progress = {done.project_id: done for done in SearchProgress.objects.all()}
    for project in _with_versions():
        done = progress.get(project.pk)
        if done is None or done.through < settled or done.basis != _basis(project):
            cover(project=project, through=settled, at=at, is_time_up=is_time_up)
        if is_time_up():
            return False
    return True


def _with_versions() -> QuerySet[Project]:
    return Project.objects.annotate(asked=Max("rubrics__version"), decided=Max("policies__version")).order_by("pk")


def _basis(project: Any) -> str:
    return f"{project.asked}/{project.decided}"


@transaction.atomic
def _begin(project: Project) -> None:
    """Look how much there is to do; under another rubric or policy all of it once more, texts excepted."""
    basis = _basis(_with_versions().get(pk=project.pk))
    SearchProgress.objects.get_or_create(project=project)
    progress = SearchProgress.objects.select_for_update().get(project=project)
    if progress.basis != basis:
        progress.through, progress.covered, progress.basis = 0, 0, basis
    progress.total = progress.covered + _rest(project, progress.through).count()
    progress.save(update_fields=["through", "covered", "basis", "total"])


@transaction.atomic
def _cover_chunk(project: Project, through: int, at: datetime) -> int:
    progress = SearchProgress.objects.select_for_update().get(project=project)
    some = list(
        _rest(project, progress.through).filter(pk__lte=through).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    )
    if some:
        rows(statements.ADD_DOCUMENTS, project=str(project.pk), samples=some)
        facets.put(project, some)
    reached = some[-1] if len(some) == CHUNK else max(through, progress.through)
    SearchProgress.objects.filter(project=project).update(through=reached, covered=F("covered") + len(some), as_of=at)
    return len(some)


def _rest(project: Project, through: int) -> QuerySet[Sample]:
    return Sample.objects.filter(project=project, pk__gt=through)


# --- what was added to samples ----------------------------------------------------------------------------------
def _follow(model: type[Model], way: str, is_time_up: Callable[[], bool]) -> bool:
    """Refresh the samples that rows came to, as far as the table is settled; returns whether that was reached."""
    while not is_time_up():
        if not _follow_some(model, way):
            return True
    return False


@transaction.atomic
def _follow_some(model: type[Model], way: str) -> int:
    mark = SearchMark.objects.select_for_update().get(pk=model._meta.db_table)
    if mark.followed is None or mark.settled is None or mark.followed >= mark.settled:
        return 0
    came: Any = model._default_manager.filter(pk__gt=mark.followed, pk__lte=mark.settled)
    some: Sequence[tuple[int, int]] = list(came.order_by("pk").values_list("pk", way)[:FOLLOWED_AT_ONCE])
    refresh({sample for _, sample in some})
    reached = some[-1][0] if len(some) == FOLLOWED_AT_ONCE else mark.settled
    SearchMark.objects.filter(pk=mark.pk).update(followed=reached)
    return len(some)


def _look() -> int | None:
    """Move every mark on, and return up to which id no sample can appear any more.

    A table is followed from where it was first seen settled: whatever came before is read when its sample is covered.
    """
    tables: list[type[Model]] = [Sample, *(model for model, _ in GROWING)]
    latest = {model._meta.db_table: _last(model) for model in tables}
    now = row(statements.TRANSACTIONS)
    for table, last in latest.items():
        mark = SearchMark.objects.filter(pk=table).first() or SearchMark(table=table, latest=last, horizon=now.horizon)
        if now.unfinished == now.horizon:  # nobody is writing
            mark.settled = last
        elif now.unfinished >= mark.horizon:
            mark.settled = mark.latest
        mark.latest, mark.horizon = last, now.horizon
        if mark.followed is None:
            mark.followed = mark.settled
        mark.save()
    return SearchMark.objects.get(pk=Sample._meta.db_table).settled


def _last(model: type[Model]) -> int:
    return int(model._default_manager.aggregate(last=Max("pk"))["last"] or 0)
