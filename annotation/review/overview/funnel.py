"""The way of the samples: where they are, what it took, and how they moved day by day."""

from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _

from annotation.models import Policy, Sample
from annotation.review.charts import kinds as charts
from annotation.review.charts.kinds import Chart
from annotation.review.estimates import count_text, labels_per_sample, share_text
from annotation.review.rules import disagreed_words
from annotation.statistics.reading import Statistics
from annotation.statistics.told import Day

DAYS_SHOWN = 28
SETTLED = (Sample.State.RESOLVED, Sample.State.ESCALATED, Sample.State.CONTESTED, Sample.State.EXCLUDED)


def states(statistics: Statistics) -> list[dict[str, Any]]:
    """A bar for each state, in the order in which a sample goes through them."""
    total = statistics.total or 1
    return [
        {
            "state": state.value,
            "label": state.label,
            "count": count,
            "count_text": count_text(count),
            "share": round(count / total, 4),
        }
        for state in Sample.State
        for count in [statistics.samples.get(state.value, 0)]
    ]


def facts(statistics: Statistics, policy: Policy) -> list[dict[str, str]]:
    """What the samples took so far."""
    could = statistics.could_escalate
    rows = [
        (_("Annotations a sample"), labels_per_sample(_counts_of(statistics)), _("of those decided")),
        (disagreed_words(policy), share_text(statistics.disagreed, could), ""),
        (_("Went to more people"), share_text(statistics.escalated_ever, could), ""),
        (_("Samples"), count_text(statistics.total), ""),
        (_("Annotations"), count_text(statistics.annotations), _("that count")),
    ]
    if statistics.settled_by_judges:
        rows.append(
            (_("Settled by judges"), count_text(statistics.settled_by_judges), _("no person said anything of them"))
        )
    return [{"label": label, "value": value, "hint": hint} for label, value, hint in rows]


def _counts_of(statistics: Statistics) -> dict[str, int]:
    return {"decided": statistics.decided, "annotations_of_decided": statistics.annotations_of_decided}


def movement(days: list[Day], *, today: date) -> Chart:
    """How many samples came into each state on each of the last days."""
    of = {day.date: day for day in days if any(getattr(day, state.value) for state in SETTLED)}
    first = max(min(of, default=today), today - timedelta(days=DAYS_SHOWN - 1))
    shown = [first + timedelta(days=ahead) for ahead in range((today - first).days + 1)] if of else []
    return charts.bars(
        _("Samples that moved, by day"),
        [day_text(day) for day in shown],
        {str(state.label): [getattr(of[day], state.value) if day in of else 0 for day in shown] for state in SETTLED},
        heading=_("Day"),
        stacked=True,
        horizontal=False,
        hues=[f"state-{state.value}" for state in SETTLED],
        caption=_("The last four weeks, days in UTC. A sample that moved twice counts in both states."),
        empty=_("No sample has moved yet."),
    )


def day_text(day: date) -> str:
    """As short as the language has it: on a phone a picture has room for no more."""
    return date_format(day, get_format("MONTH_DAY_FORMAT").replace("F", "M"))
