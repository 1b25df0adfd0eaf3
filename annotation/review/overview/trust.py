"""Can the labels be trusted: reliability with its interval, now and over time, and how far people are apart."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import Project
from annotation.review.charts import kinds as charts
from annotation.review.charts.kinds import Chart, Mark
from annotation.review.estimates import drawn
from annotation.review.rules import attribute_title
from annotation.statistics.reading import Statistics
from consensus.estimates import Estimate
from consensus.reliability import FIRST_ROUNDS, RANDOM_SLICE, MeasuredOn

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff's customary limits
ENOUGH = 30  # samples; with fewer an interval is too narrow to act on
DRAWN_AT_MOST = 3  # courses in one picture; more cannot be told apart


class Measured:
    """The reliability of each attribute, every figure drawn once however often the page asks.

    On the random slice where there is one, because nothing selected its ratings; else on first rounds.
    """

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics
        self.on: MeasuredOn = RANDOM_SLICE if statistics.fixed_overlap else FIRST_ROUNDS
        self._by_week: dict[str, dict[date, Estimate]] = {}

    @cached_property
    def first_rounds(self) -> dict[str, Estimate]:
        return {name: self.statistics.reliability(name) for name in self.statistics.attributes}

    @cached_property
    def headline(self) -> dict[str, Estimate]:
        if self.on == FIRST_ROUNDS:
            return self.first_rounds
        return {name: self.statistics.reliability(name, measured_on=self.on) for name in self.statistics.attributes}

    def by_week(self, name: str) -> dict[date, Estimate]:
        """Of first rounds, by the Monday of the week in which they were complete."""
        if name not in self._by_week:
            self._by_week[name] = self.statistics.reliability_by_week(name)
        return self._by_week[name]


def rows(project: Project, measured: Measured) -> list[dict[str, Any]]:
    """One for each attribute; beside the random slice what first rounds say."""
    return [
        {
            "title": attribute_title(project, name),
            **drawn(estimate),
            "word": word(estimate),
            "beside": drawn(measured.first_rounds[name]) if measured.on == RANDOM_SLICE else None,
        }
        for name, estimate in measured.headline.items()
    ]


def word(estimate: Estimate) -> str:
    """What the value is customarily called."""
    if estimate.value is None:
        return ""
    if estimate.count < ENOUGH:
        return _("rough: few samples")
    if estimate.value >= RELIABLE:
        return _("reliable")
    return _("tentative") if estimate.value >= TENTATIVE else _("weak")


def is_weak(estimate: Estimate) -> bool:
    """Surely: from enough samples, and the whole interval is below what is tentatively relied on."""
    return estimate.count >= ENOUGH and estimate.high is not None and estimate.high < TENTATIVE


# --- pictures -------------------------------------------------------------------------------------------------------
def over_time(project: Project, measured: Measured) -> Chart:
    """By week, of the attributes that are the least reliable."""
    by_week = {name: measured.by_week(name) for name in weakest(measured)}
    weeks = sorted({week for of in by_week.values() for week in of})
    return charts.lines(
        _("Reliability by week"),
        weeks,
        {attribute_title(project, name): _course(of, weeks) for name, of in by_week.items()},
        heading=_("Week"),
        reference=Mark(TENTATIVE, _("tentative")),
        caption=_(
            "First rounds that were complete in a week; the least reliable attributes. Bands are 95 % intervals."
        ),
        empty=_("There is no whole week of first rounds yet."),
    )


def _course(by_week: dict[date, Estimate], weeks: Sequence[date]) -> list[Estimate | None]:
    return [by_week.get(week) for week in weeks]


def weakest(measured: Measured) -> list[str]:
    """The least reliable attributes, the weakest first; what has no figure yet comes last."""
    values = {name: estimate.value for name, estimate in measured.first_rounds.items()}
    return sorted(values, key=lambda name: (values[name] is None, values[name] or 0.0))[:DRAWN_AT_MOST]


def disagreement(project: Project, statistics: Statistics) -> Chart:
    """How far the people of a first round are apart, on the attributes that decide whether more are asked."""
    triggers = [name for name in statistics.attributes if name in project.policy.triggers][:DRAWN_AT_MOST]
    spreads = {name: statistics.spread(name) for name in triggers}
    ranges = sorted({apart for of in spreads.values() for apart in of})
    return charts.bars(
        _("How far people of a first round are apart"),
        [f"{apart:g}" for apart in ranges],
        {attribute_title(project, name): [of.get(apart, 0) for apart in ranges] for name, of in spreads.items()},
        heading=_("Range in points"),
        horizontal=False,
        caption=_("The highest rating less the lowest, in points of the scale. 0: everybody said the same."),
        empty=_("No first round is complete yet."),
    )
