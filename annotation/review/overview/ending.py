"""How fast it goes, and when it will be over: a range, or the reason why it cannot be told."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from annotation.models import Policy, Project, Sample
from annotation.review.charts import kinds as charts
from annotation.review.charts.kinds import Chart, Mark
from annotation.review.estimates import count_text
from annotation.review.overview.funnel import DAYS_SHOWN
from annotation.statistics.reading import Statistics
from annotation.statistics.told import Day
from consensus.forecast import End, Forecast, WorkLeft, forecast

SEED = 20260101  # the same range every time, as long as nothing was done since
A_WEEK = 7


def foreseen(statistics: Statistics, days: Sequence[Day], at: datetime) -> Forecast:
    """What is still to come, from what is left and how much was done on each day."""
    now = at.astimezone(UTC)
    daily = whole_days(days, today=now.date())
    return forecast(_left(statistics.project.policy, statistics), daily, at=now, rng=np.random.default_rng(SEED))


def whole_days(days: Sequence[Day], *, today: date) -> list[int]:
    """Annotations on each day from the first with any until yesterday; days without any are 0."""
    done = {day.date: day.annotations for day in days if day.annotations}
    first = min(done, default=today)
    return [done.get(first + timedelta(days=ahead), 0) for ahead in range((today - first).days)]


def _left(policy: Policy, statistics: Statistics) -> WorkLeft:
    """Samples of the random slice get people of their own number and never escalate; contested ones wait for a reviewer."""
    fixed = statistics.fixed_overlap / max(statistics.total, 1)
    return WorkLeft(
        open=statistics.samples.get(Sample.State.OPEN, 0),
        given=statistics.annotations - statistics.annotations_of_decided,
        escalated=statistics.samples.get(Sample.State.ESCALATED, 0),
        first_round=(1 - fixed) * policy.first_round + fixed * policy.slice_overlap,
        extra=_extra(policy, statistics),
        may_escalate=1 - fixed,
        decided=statistics.could_escalate,
        escalated_ever=statistics.escalated_ever,
    )


def _extra(policy: Policy, statistics: Statistics) -> float:
    """Annotations beyond the first round that an escalated sample takes: all at once, or as many as it took so far."""
    at_once = policy.name in (Policy.Name.SPREAD, Policy.Name.UNANIMOUS)
    if at_once or not statistics.escalated_ever:
        return policy.extra
    beyond = statistics.annotations_of_decided - policy.first_round * statistics.decided
    return float(np.clip(beyond / statistics.escalated_ever, min(1, policy.extra), policy.extra))


# --- in words -------------------------------------------------------------------------------------------------------
def facts(project: Project, days: Sequence[Day], told: Forecast, at: datetime) -> list[dict[str, str]]:
    """How fast it went in the last week, and when it will be over."""
    today = at.astimezone(UTC).date()
    recent = [day for day in days if today - timedelta(days=A_WEEK) <= day.date < today]
    done, seconds = sum(day.annotations for day in recent), sum(day.active_seconds for day in recent)
    rows = [
        (_("Done"), end_text(project, told), _("8 of 10 chances, if people go on as they did") if told.end else ""),
        (_("Still to come"), range_text(told) if told.annotations.high else "", _("annotations")),
        (_("Annotations a day"), count_text(done / A_WEEK) if done else _("none"), _("mean of the last seven days")),
        (_("In an active hour"), count_text(3600 * done / seconds) if seconds else "", _("of one person")),
    ]
    return [{"label": label, "value": value, "hint": hint} for label, value, hint in rows if value]


def range_text(told: Forecast) -> str:
    """How many annotations are still to come."""
    if told.annotations.low == told.annotations.high:
        return count_text(told.annotations.high)
    return from_to(count_text(told.annotations.low), count_text(told.annotations.high))


def from_to(low: str, high: str) -> str:
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def end_text(project: Project, told: Forecast) -> str:
    """Between which days, or why that cannot be told."""
    if told.end and project.state != Project.State.ACTIVE:
        return _("not while the project is %(state)s") % {"state": project.get_state_display().lower()}
    if told.end is None:
        return _(told.undefined)
    return _between(told.end)


def _between(end: End) -> str:
    if end.low is None:
        return _("not within two years")
    if end.high is None:
        return _("not before %(day)s, perhaps not within two years") % {"day": _day(end.low)}
    if end.low == end.high:
        return _day(end.low)
    return from_to(_day(end.low), _day(end.high))


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def throughput(days: Sequence[Day], told: Forecast, *, today: date) -> Chart:
    """Annotations by day, with the end where it can be told."""
    done = {day.date: day.annotations for day in days if day.annotations}
    first = max(min(done, default=today), today - timedelta(days=DAYS_SHOWN))
    worked = [first + timedelta(days=ahead) for ahead in range((today - first).days)]
    ends = [told.end.middle] if told.end and told.end.middle else []
    marks = [Mark(day, _("done")) for day in ends if day <= today + timedelta(days=3 * DAYS_SHOWN)]
    return charts.lines(
        _("Annotations by day"),
        worked,
        {_("Annotations"): [done.get(day, 0) for day in worked]},
        heading=_("Day"),
        form="count",
        marks=marks,
        caption=_("Whole days in UTC, four weeks at most. The mark is the middle of the days on which it may be done."),
        empty=_("There is no whole day of work yet."),
    )
