"""Pay and time: what a person did in a period, how long it took them, and what is due at the project's price.

All finished work is credited, whatever became of it later. What is due of a period that is over never changes: the price is
the one that stood when the sample was handed out, and work that is set aside stays credited.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from annotation.models import Annotator, Project
from annotation.services.submission import CORRECTABLE_FOR

ROWS_AT_ONCE = 2000

# One row an assignment that ended in the period (index assignment_history), under the price at which it was handed out.
# Wall time runs from handing out to submission, never below nought when clocks jump. Active seconds come from the person's
# own page, so none are believed beyond the wall time; those of a correction, beyond the time since the revision before it.
WORK = """
WITH ended AS (
    SELECT assignment.id, assignment.sample_id, assignment.claimed_at, assignment.finished_at, annotator.external_id,
        CASE
            WHEN assignment.state = 'withdrawn' THEN 'set_aside'
            WHEN assignment.state IN ('skipped', 'released', 'expired') THEN 'given_back'
            WHEN assignment.is_gold AND assignment.finished_at <= %(told_until)s THEN 'gold'
            WHEN assignment.state = 'late' THEN 'late'
            ELSE 'counted'
        END AS kind,
        CEIL(GREATEST(EXTRACT(epoch FROM assignment.finished_at - assignment.claimed_at), 0))::bigint AS wall,
        (SELECT price FROM annotation_pricechange change
         WHERE change.project_id = %(project)s AND (change.since IS NULL OR change.since <= assignment.claimed_at)
         ORDER BY change.since DESC NULLS LAST LIMIT 1) AS price
    FROM annotation_assignment assignment
    JOIN annotation_annotator annotator ON annotator.id = assignment.annotator_id
    WHERE annotator.project_id = %(project)s AND (%(person)s::bigint IS NULL OR annotator.id = %(person)s)
        AND assignment.state <> 'leased'
        AND assignment.finished_at >= %(since)s AND assignment.finished_at < %(until)s
), revision AS (
    SELECT ended.id, annotation.revision, annotation.active_seconds AS active,
        CASE WHEN annotation.revision = 1 THEN ended.wall ELSE CEIL(GREATEST(EXTRACT(epoch FROM
            annotation.submitted_at - lag(annotation.submitted_at) OVER (PARTITION BY ended.id ORDER BY annotation.revision)
        ), 0))::bigint END AS at_most
    FROM ended JOIN annotation_annotation annotation ON annotation.assignment_id = ended.id
    WHERE ended.kind <> 'given_back'
), timed AS (
    SELECT id, COALESCE(sum(LEAST(active, at_most)), 0)::bigint AS active,
        COALESCE(sum(LEAST(active, at_most)) FILTER (WHERE revision > 1), 0)::bigint AS correcting,
        bool_or(active > at_most) AS is_capped
    FROM revision WHERE active IS NOT NULL GROUP BY id
)
"""
SUMMED = (
    WORK
    + """
SELECT external_id,
    count(*) FILTER (WHERE kind = 'counted'), count(*) FILTER (WHERE kind = 'late'),
    count(*) FILTER (WHERE kind = 'gold'), count(*) FILTER (WHERE kind = 'set_aside'),
    count(*) FILTER (WHERE kind = 'given_back'),
    COALESCE(sum(timed.active), 0)::bigint,
    COALESCE(sum(ended.wall + COALESCE(timed.correcting, 0)) FILTER (WHERE kind <> 'given_back'), 0)::bigint,
    count(*) FILTER (WHERE timed.is_capped), price
FROM ended LEFT JOIN timed USING (id) GROUP BY external_id, price
"""
)
ITEMS = (
    WORK
    + """
SELECT ended.external_id, sample.external_id, ended.kind, ended.claimed_at, ended.finished_at,
    COALESCE(timed.active, 0), ended.wall + COALESCE(timed.correcting, 0), COALESCE(timed.is_capped, false), ended.price
FROM ended JOIN annotation_sample sample ON sample.id = ended.sample_id LEFT JOIN timed ON timed.id = ended.id
WHERE ended.kind <> 'given_back' ORDER BY ended.finished_at, ended.id
"""
)


class PeriodRefused(ValueError):
    """The period cannot be read; the message says why."""


class UnknownPerson(ValueError):
    """Nobody in the project has this id."""


@dataclass(frozen=True)
class Period:
    """From the beginning of `since` to the beginning of `until`, which is not in it; both aware."""

    since: datetime
    until: datetime

    @classmethod
    def parse(cls, since: str, until: str) -> "Period":
        """Two days as YYYY-MM-DD, in UTC. Raises PeriodRefused."""
        period = cls(_midnight("from", since), _midnight("until", until))
        if period.until <= period.since:
            raise PeriodRefused(
                f"The period ends on {until}, which is not after {since}. `until` is the day after the last."
            )
        return period


def _midnight(name: str, day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), tzinfo=UTC)
    except ValueError as error:
        raise PeriodRefused(f"{name}: {day[:40]!r} is not a day. Write it as 2026-11-01.") from error


@dataclass(frozen=True)
class Line:
    """What one person did in a period at one price. `capped`: annotations whose active time was cut to their wall time."""

    project: str
    person: str
    counted: int
    late: int
    gold: int
    set_aside: int
    given_back: int
    active_seconds: int
    wall_seconds: int
    capped: int
    price: Decimal | None

    @property
    def credited(self) -> int:
        """Everything that was finished; what was given back is not."""
        return self.counted + self.late + self.gold + self.set_aside

    @property
    def due(self) -> Decimal | None:
        return None if self.price is None else self.price * self.credited


@dataclass(frozen=True)
class Item:
    """One finished piece of work."""

    project: str
    person: str
    sample: str
    kind: str
    claimed_at: datetime
    finished_at: datetime
    active_seconds: int
    wall_seconds: int
    capped: bool
    due: Decimal | None


def person_in(project: Project, external_id: str) -> Annotator:
    """The person whom a project knows by this id. Raises UnknownPerson."""
    person = Annotator.objects.filter(project=project, external_id=external_id).first()
    if person is None:
        raise UnknownPerson(
            f"No annotator {external_id!r} in {project.slug}. Give the id under which the project knows them."
        )
    return person


def statement(*, project: Project, period: Period, at: datetime, person: Annotator | None = None) -> list[Line]:
    """Who did what in a period, a line a person and price, by person.

    An answer to gold stands under `counted` while it can be corrected: nothing may tell before that the sample was gold.
    """
    with connection.cursor() as cursor:
        cursor.execute(SUMMED, _values(project, period, at, person))
        rows = cursor.fetchall()
    lines = [Line(project.slug, *row) for row in rows]
    return sorted(lines, key=lambda line: (line.person, line.price is not None, line.price or 0))


def items(*, project: Project, period: Period, at: datetime, person: Annotator | None = None) -> Iterator[Item]:
    """Every finished piece of work of a period by itself, in the order in which it was finished, a few at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(ITEMS, _values(project, period, at, person))
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield Item(project.slug, *row)


def _values(project: Project, period: Period, at: datetime, person: Annotator | None) -> dict[str, Any]:
    return {
        "project": project.pk,
        "person": person.pk if person else None,
        "since": period.since,
        "until": period.until,
        "told_until": at - CORRECTABLE_FOR,
    }


# --- as tables --------------------------------------------------------------------------------------------------
def table(
    *, by_item: bool, project: Project, period: Period, at: datetime, person: Annotator | None = None
) -> tuple[list[str], Iterator[list[Any]]]:
    """Header and rows: a line a person and price, or (`by_item`) a line an annotation."""
    if by_item:
        found = items(project=project, period=period, at=at, person=person)
        return _names(Item), ([_cell(value) for value in astuple(item)] for item in found)
    lines = statement(project=project, period=period, at=at, person=person)
    return [*_names(Line), "due"], ([_cell(value) for value in (*astuple(line), line.due)] for line in lines)


def _names(of: type[Line] | type[Item]) -> list[str]:
    return [field.name for field in fields(of)]


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return int(value) if isinstance(value, bool) else value


# --- on the person's own page -----------------------------------------------------------------------------------
def this_month(at: datetime) -> Period:
    """The month of `at` in UTC, whole."""
    first = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(first, _month_after(first))


def month_before(period: Period) -> Period:
    """The month before one that begins with its first day."""
    first = (period.since - timedelta(days=1)).replace(day=1)
    return Period(first, period.since)


def _month_after(first: datetime) -> datetime:
    return (first + timedelta(days=31)).replace(day=1)
