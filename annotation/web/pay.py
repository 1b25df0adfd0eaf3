"""What a person has done this month and what is due to them, as their record shows it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from annotation.models import Annotator, Project
from annotation.services import pay
from annotation.services.pay import Line, Period


def section(annotator: Annotator, *, at: datetime) -> dict[str, Any]:
    """What components/_record_pay.html shows: this month so far, and links to the statements."""
    month = pay.this_month(at)
    lines = pay.statement(project=annotator.project, period=month, person=annotator, at=at)
    total = {name: sum(getattr(line, name) for line in lines) for name in COUNTS}
    return {
        **total,
        "month": month.since.date(),  # a day is the same in every zone
        "active_text": duration(total["active_seconds"]),
        "wall_text": duration(total["wall_seconds"]),
        "due": due(lines),
        "due_text": money(due(lines)),
        "prices": [line.price for line in lines if line.price is not None],
        "urls": statement_urls(annotator.project, at),
    }


COUNTS = ("credited", "counted", "late", "gold", "set_aside", "given_back", "active_seconds", "wall_seconds", "capped")


def due(lines: list[Line]) -> Decimal | None:
    """The sum of what has a price; None when nothing has one."""
    priced = [line.due for line in lines if line.due is not None]
    return sum(priced, Decimal(0)) if priced else None


def money(amount: Decimal | None) -> str:
    """Exact, without the zeros beyond two digits that the column has."""
    if amount is None:
        return ""
    least = amount.quantize(Decimal("0.01"))
    return f"{least if least == amount else amount.normalize():f}"


def duration(seconds: int) -> str:
    """Hours and minutes, as 3:07."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"


def statement_urls(project: Project, at: datetime) -> dict[str, str]:
    """Where this month's and last month's statements are, and the same an annotation a line."""
    month = pay.this_month(at)
    before = pay.month_before(month)
    return {
        "this_month": _url(project, month),
        "last_month": _url(project, before),
        "this_month_items": _url(project, month, items="1"),
        "last_month_items": _url(project, before, items="1"),
    }


def _url(project: Project, period: Period, **more: str) -> str:
    days = {"from": f"{period.since:%Y-%m-%d}", "until": f"{period.until:%Y-%m-%d}"}
    return f"{reverse('statement', args=[project.slug])}?{urlencode({**days, **more})}"
