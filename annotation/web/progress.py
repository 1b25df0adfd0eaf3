"""How far somebody has come: today, in the line under the card; the last two weeks, in the record of their work.

A day is a day where the reader is, and counts what is credited, whatever became of it. Nothing here tells of one sample.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from annotation import saying_times
from annotation.models import Annotation, Annotator
from annotation.services import pay
from annotation.services.pay import Period
from annotation.web.pay import duration

DAYS = 14
BAR = 100  # the height of the tallest bar, in units of its picture


def progress(annotator: Annotator, at: datetime) -> dict[str, Any]:
    """What this person answered today, and for how long they were at it."""
    # By the end of the assignment, which the index assignment_history knows: what was done before today costs nothing.
    today = Annotation.objects.filter(
        assignment__annotator=annotator, assignment__finished_at__gte=saying_times.midnight(at), revision=1
    ).values_list("active_seconds", flat=True)
    seconds = [value or 0 for value in today]
    return {"today": len(seconds), "active_minutes": round(sum(seconds) / 60)}


def section(annotator: Annotator, at: datetime) -> dict[str, Any]:
    """What components/_record_progress.html shows: today, this week, and the days before as bars."""
    days = saying_times.last_days(at, DAYS)
    counts, seconds = _by_day(annotator, days, at)
    most = max(counts.values(), default=0)
    this_week = [day for day in days if day >= days[-1] - timedelta(days=days[-1].weekday())]
    return {
        "today": _sum([days[-1]], counts, seconds),
        "week": _sum(this_week, counts, seconds),
        "days": [
            {
                "day": day,
                **_sum([day], counts, seconds),
                "height": round(BAR * counts[day] / most) if most else 0,
                "is_weekend": day.weekday() >= 5,
            }
            for day in days
        ],
        "has_any": most > 0,
        "zone": saying_times.short_name(timezone.localtime(at)),
    }


def _by_day(annotator: Annotator, days: list[date], at: datetime) -> tuple[dict[date, int], dict[date, int]]:
    """What was credited on each day, and its active seconds as the statements believe them."""
    since = saying_times.midnight(at) - timedelta(days=len(days))  # a day too many rather than an hour too few
    counts: dict[date, int] = defaultdict(int)
    seconds: dict[date, int] = defaultdict(int)
    for item in pay.items(project=annotator.project, period=Period(since, at), person=annotator, at=at):
        day = timezone.localtime(item.finished_at).date()
        if day in days:
            counts[day] += 1
            seconds[day] += item.active_seconds
    return counts, seconds


def _sum(days: list[date], counts: dict[date, int], seconds: dict[date, int]) -> dict[str, Any]:
    return {
        "count": sum(counts[day] for day in days),
        "active": duration(sum(seconds[day] for day in days)),
    }
