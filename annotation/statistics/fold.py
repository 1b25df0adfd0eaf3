"""Keep the statistics of a project up to date: take what changed, count those samples anew, add the difference.

A sample's facts as they were counted stand beside the sums (CountedSample), so what is added is (new - old), whatever happened
in between and however often. Facts, sums and the changes that were taken are one transaction: killed at any moment, nothing is
lost or counted twice. One folder at a time works on a project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from annotation.models import Project, Sample, StatisticsChange, StatisticsEdition
from annotation.statistics import cells, counting, rules
from annotation.statistics.cells import Cells, RowKey, Sums
from annotation.statistics.facts import Reader
from annotation.statistics.rules import Rules

Role = StatisticsEdition.Role
CHUNK = 20_000  # samples of one transaction
AT_ONCE = 5_000  # of these, samples whose facts are in memory as columns
LOCK = 0x57A7  # the class of the advisory locks; the second half is the project
STALE = timedelta(seconds=30)  # with nothing new, how old "as of" may become before it is written again

TAKE = """
DELETE FROM annotation_statisticschange WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM annotation_statisticschange WHERE project_id = %s LIMIT %s))
RETURNING sample_id
"""

KEEP = """
INSERT INTO annotation_countedsample (edition_id, sample_id, facts)
SELECT %s, counted.sample_id, counted.facts FROM unnest(%s::bigint[], %s::text[]) AS counted (sample_id, facts)
ON CONFLICT (edition_id, sample_id) DO UPDATE SET facts = excluded.facts
"""

WRITE = """
INSERT INTO annotation_statistic (edition_id, name, slice, subject, cells)
SELECT %s, row.name, row.slice, row.subject, row.cells
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[]) AS row (name, slice, subject, cells)
ON CONFLICT (edition_id, name, slice, subject) DO UPDATE SET cells = excluded.cells
"""

STANDING_ROWS = """
SELECT kept.name, kept.slice, kept.subject, kept.cells FROM annotation_statistic kept
JOIN unnest(%s::text[], %s::text[], %s::text[]) AS wanted (name, slice, subject)
    ON kept.name = wanted.name AND kept.slice = wanted.slice AND kept.subject = wanted.subject
WHERE kept.edition_id = %s
"""


class CountedWrong(Exception):
    """More is taken out of a sum than was ever put in: the statistics do not fit the facts beside them."""


def fold_all(*, at: Callable[[], datetime], at_most: int = 200_000) -> None:
    """Every project in turn, so that one with much to count keeps no other waiting for long. Archived ones stay as they are."""
    StatisticsChange.objects.exclude(project_id__in=Project.objects.values("pk")).delete()
    for project in Project.objects.exclude(state=Project.State.ARCHIVED).order_by("pk"):
        fold(project=project, at=at(), at_most=at_most)


def fold(*, project: Project, at: datetime, at_most: int | None = None) -> int:
    """Bring a project's statistics up to date; returns how many samples were looked at.

    A project that has none is counted from its first sample on, and one whose rubric or slices changed is counted anew
    beside what stands. Stops after about `at_most` samples; the next call goes on. Returns 0 where another folder is at it.
    """
    looked_at = 0
    while at_most is None or looked_at < at_most:
        step = _step(project, at)
        looked_at += step
        if not step:
            break
    return looked_at


@transaction.atomic
def _step(project: Project, at: datetime) -> int:
    """One chunk: of what changed, and of a counting that is under way. 0: nothing was left to do."""
    if not _is_alone(project):
        return 0
    editions = _editions(project, at)
    changed = _count_changes(editions, project)
    step = changed
    for edition in editions:
        if edition.role == Role.COMING:
            step += walk(edition, project)
    _say_as_of(editions, at, is_new=bool(changed), is_all=changed < CHUNK)
    return step


@transaction.atomic
def fold_changes(*, project: Project, at: datetime) -> int:
    """A chunk of what changed, into everything that is kept up to date; for whoever has the turn (`wait_for_turn`)."""
    editions = list(StatisticsEdition.objects.filter(project=project))
    changed = _count_changes(editions, project)
    _say_as_of(editions, at, is_new=bool(changed), is_all=changed < CHUNK)
    return changed


def _count_changes(editions: Sequence[StatisticsEdition], project: Project) -> int:
    changed = _take_changes(project, CHUNK)
    for edition in editions:
        if changed:
            _count_again(edition, project, changed)
    return len(changed)


def _is_alone(project: Project) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, project.pk])
        return bool(cursor.fetchone()[0])


def wait_for_turn(project: Project) -> None:
    """Until the end of the transaction nobody else folds this project; waits for whoever does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, project.pk])


def _editions(project: Project, at: datetime) -> list[StatisticsEdition]:
    """What is kept up to date; begins a counting where one is needed."""
    editions = {edition.role: edition for edition in StatisticsEdition.objects.filter(project=project)}
    newest = editions.get(Role.COMING) or editions.get(Role.STANDING)
    if newest is None or rules.are_outdated(Rules.from_json(newest.rules), project):
        editions.pop(Role.COMING, None)
        begun = begin(project, Role.COMING, at)
        if begun is not None:
            editions[Role.COMING] = begun
    return list(editions.values())


def begin(project: Project, role: str, at: datetime, under: Rules | None = None) -> StatisticsEdition | None:
    """An empty edition, in place of one of this role that was not completed; None where there is nothing to count yet."""
    StatisticsEdition.objects.filter(project=project, role=role).delete()
    under = under or rules.of_now(project)
    samples = Sample.objects.filter(project=project).count()
    if not under.rubric:
        return None
    return StatisticsEdition.objects.create(project=project, role=role, rules=under.to_json(), of=samples, began_at=at)


def _take_changes(project: Project, at_most: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [project.pk, at_most])
        taken = sorted({sample for (sample,) in cursor.fetchall()})
        cursor.execute(
            "SELECT set_config('concord.noted', '', true)"
        )  # what this transaction changes from here on is new
        return taken


def walk(edition: StatisticsEdition, project: Project) -> int:
    """Count the next samples of a counting from nothing; the standing one's place is taken when none is left."""
    ahead = Sample.objects.filter(project=project, pk__gt=edition.cursor).order_by("pk")
    ids = list(ahead.values_list("pk", flat=True)[:CHUNK])
    if ids:
        _count_again(edition, project, ids)
        edition.cursor, edition.done = ids[-1], edition.done + len(ids)
        edition.of = max(edition.of, edition.done)
    else:
        edition.is_complete = True
        if edition.role == Role.COMING:
            StatisticsEdition.objects.filter(project=project, role=Role.STANDING).delete()
            edition.role = Role.STANDING
    edition.save()
    return len(ids)


def _say_as_of(editions: Iterable[StatisticsEdition], at: datetime, *, is_new: bool, is_all: bool) -> None:
    for edition in editions:
        stale = edition.as_of is None or at - edition.as_of > STALE or at < edition.as_of
        if edition.role == Role.STANDING and is_all and (is_new or stale):
            StatisticsEdition.objects.filter(pk=edition.pk).update(as_of=at)


@dataclass(frozen=True)
class _Again:
    """Samples whose facts are others than those that were counted."""

    new: dict[int, str]
    old: dict[int, str]


def _count_again(edition: StatisticsEdition, project: Project, samples: Sequence[int]) -> None:
    """Put these samples into the sums as they are now, and take them out as they were."""
    under, sums = Rules.from_json(edition.rules), Sums()
    for start in range(0, len(samples), AT_ONCE):
        again = _differing(edition, Reader(project.pk, under), samples[start : start + AT_ONCE])
        counting.count(list(again.new.values()), under, sums)
        counting.count(list(again.old.values()), under, sums, sign=-1)
        sums.compact()
        _keep(edition, again)
    _write(edition, dict(sums.rows()))


def _differing(edition: StatisticsEdition, reader: Reader, samples: Sequence[int]) -> _Again:
    new, old = reader.read(samples), _as_counted(edition, samples)
    differ = [sample for sample in samples if new.get(sample) != old.get(sample)]
    return _Again(
        new={sample: new[sample] for sample in differ if sample in new},
        old={sample: old[sample] for sample in differ if sample in old},
    )


def _as_counted(edition: StatisticsEdition, samples: Sequence[int]) -> dict[int, str]:
    if edition.cursor == 0 and edition.done == 0 and not edition.is_complete and not edition.counted.exists():
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sample_id, facts FROM annotation_countedsample WHERE edition_id = %s AND sample_id = ANY(%s)",
            [edition.pk, list(samples)],
        )
        return dict(cursor.fetchall())


def _keep(edition: StatisticsEdition, again: _Again) -> None:
    gone = [sample for sample in again.old if sample not in again.new]
    with connection.cursor() as cursor:
        if again.new:
            cursor.execute(KEEP, [edition.pk, list(again.new), list(again.new.values())])
        if gone:
            cursor.execute(
                "DELETE FROM annotation_countedsample WHERE edition_id = %s AND sample_id = ANY(%s)", [edition.pk, gone]
            )


def _write(edition: StatisticsEdition, rows: dict[RowKey, Cells]) -> None:
    """Add to the rows that there are; one that comes to nothing goes. Raises CountedWrong."""
    if not rows:
        return
    standing = standing_rows(edition, rows)
    now = {key: cells.added(standing.get(key, cells.NONE), row) for key, row in rows.items()}
    for key, (_, values) in now.items():
        if (values < 0).any():
            raise CountedWrong(
                f"{' / '.join(filter(None, key))} would fall below nothing in project {edition.project_id}. "
                "Count it anew: python manage.py recompute_statistics"
            )
    full = {key: row for key, row in now.items() if len(row[0])}
    empty = [key for key in now if key not in full and key in standing]
    with connection.cursor() as cursor:
        if full:
            packed = [cells.to_bytes(row) for row in full.values()]
            cursor.execute(WRITE, [edition.pk, *map(list, zip(*full, strict=True)), packed])
    for name, slice_name, subject in empty:
        edition.statistics.filter(name=name, slice=slice_name, subject=subject).delete()


def standing_rows(edition: StatisticsEdition, keys: Iterable[RowKey]) -> dict[RowKey, Cells]:
    """The rows of an edition that there are, of these."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING_ROWS, [*map(list, zip(*keys, strict=True)), edition.pk])
        return {
            (name, slice_name, subject): cells.from_bytes(kept) for name, slice_name, subject, kept in cursor.fetchall()
        }
