"""What a project has spent on annotations so far, month by month.

What is due of a month that is over never changes (services.pay), so that only the running month and the one before are
computed again; the others are kept as they were.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, Subquery

from annotation.models import Assignment, Project
from annotation.services import pay
from annotation.services.pay import Period


def by_month(project: Project, *, kept: Mapping[str, str], at: datetime) -> dict[str, str]:
    """Month as 2026-11 -> what is due of it; months in which nothing was due are not there.

    kept: what this said before, to be relied on for months that were over then.
    """
    settled = _name(pay.month_before(pay.this_month(at)))  # earlier ones are
    months = [month for month in _months(project, until=at) if not kept or _name(month) >= settled]
    dues = {_name(month): _due(project, month, at) for month in months}
    before = {month: due for month, due in kept.items() if month < settled}
    return before | {month: f"{due:f}" for month, due in dues.items() if due}


def total(months: Mapping[str, str]) -> Decimal | None:
    """The sum; None where nothing was ever due."""
    return sum((Decimal(due) for due in months.values()), Decimal(0)) if months else None


def _due(project: Project, month: Period, at: datetime) -> Decimal:
    lines = pay.statement(project=project, period=month, at=at)
    return sum((line.due for line in lines if line.due is not None), Decimal(0))


def _months(project: Project, *, until: datetime) -> Iterator[Period]:
    """The newest first, as far back as anybody worked."""
    first = _first_work(project)
    month = pay.this_month(until)
    while first and month.until > first:
        yield month
        month = pay.month_before(month)


def _first_work(project: Project) -> datetime | None:
    """When anybody finished something first (index assignment_history, one look a person)."""
    ended = Assignment.objects.filter(annotator=OuterRef("pk"), finished_at__isnull=False).order_by("finished_at")
    people = project.annotators.annotate(first=Subquery(ended.values("finished_at")[:1]))
    return people.exclude(first=None).order_by("first").values_list("first", flat=True).first()


def _name(month: Period) -> str:
    return f"{month.since:%Y-%m}"
