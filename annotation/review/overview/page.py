"""The project's front page: what needs somebody, the way of the samples, trust, cost, people and judges.

Statistics are folded as work arrives (docs/statistics.md), the figures of judges and of pay are kept by a task: nothing is
counted while somebody waits.
"""

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import Project, ProjectFigures
from annotation.review import slicing
from annotation.review.overview import attention, cost, ending, funnel, trust, versions
from annotation.review.overview.attention import Seen
from annotation.review.overview.causes import causes
from annotation.review.overview.trust import Measured
from annotation.review.people.agreement import people_and_judges
from annotation.review.rules import policy_text, rubric_text
from annotation.review.slicing import Slices
from annotation.statistics import reading
from annotation.statistics.reading import Statistics
from annotation.web.pay import statement_urls
from consensus.reliability import RANDOM_SLICE

EVERY_SECONDS = 5


def page(project: Project, *, for_admin: bool, at: datetime, wanted: str = "") -> dict[str, Any]:
    """The context of the overview; `wanted`: the slice that the address asks for."""
    kept = ProjectFigures.objects.filter(project=project).first()
    slices = slicing.of(project, wanted)
    return {
        "project": project,
        "slices": slices,
        "every": EVERY_SECONDS,
        **_now(project, kept, slices, for_admin=for_admin, at=at),
        "versions": versions.newest(project),
        "statements": statement_urls(project, at) if for_admin else {},
        "for_admin": for_admin,
        "policy_text": policy_text(project),
        "rubric_text": rubric_text(project),
    }


def _now(
    project: Project, kept: ProjectFigures | None, slices: Slices, *, for_admin: bool, at: datetime
) -> dict[str, Any]:
    """What moves while people work. What needs somebody, and people and judges, are of the whole project."""
    whole, figures = reading.of(project), kept.figures if kept else {}
    measured = Measured(whole)
    needed = attention.things(Seen(project, whole, figures, measured, for_admin))
    if slices.key:
        measured = Measured(reading.of(project, slices.key))
    return {
        "urgent": [thing for thing in needed if not thing.is_calm],
        "calm": [thing for thing in needed if thing.is_calm],
        **_freshness(measured.statistics, at),
        **(_figures(measured, figures, slices, for_admin=for_admin, at=at) if measured.statistics.total else {}),
        "judges": people_and_judges(project, figures) if figures else [],
    }


def _freshness(statistics: Statistics, at: datetime) -> dict[str, Any]:
    """How old the figures are, and whether they are still being counted for the first time."""
    as_of = statistics.as_of
    counting = statistics.is_counting
    return {
        "as_of": as_of,
        "age": max(int((at - as_of).total_seconds()), 0) if as_of else None,
        "counting": _("Counting: %(done)s of %(of)s samples.") % {"done": counting[0], "of": counting[1]}
        if counting
        else "",
    }


def _figures(
    measured: Measured, kept: dict[str, Any], slices: Slices, *, for_admin: bool, at: datetime
) -> dict[str, Any]:
    statistics = measured.statistics
    project, days, today = statistics.project, statistics.days(), at.astimezone(UTC).date()
    told = ending.foreseen(statistics, days, at)
    return {
        "funnel": funnel.states(statistics),
        "facts": funnel.facts(statistics, project.policy),
        "pace": ending.facts(project, days, told, at),
        "cost": cost.facts(project, told, kept, slice_days=days if slices.key else None) if for_admin else [],
        "on_slice": measured.on == RANDOM_SLICE,
        "reliability": trust.rows(project, measured),
        "causes": causes(statistics),
        "charts": [
            funnel.movement(days, today=today),
            ending.throughput(days, told, today=today),
            trust.over_time(project, measured),
            trust.disagreement(project, statistics),
        ],
    }
