"""The pictures of an attribute's page."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date

import numpy as np
from django.utils.translation import gettext as _

from annotation.models import Guideline
from annotation.review.charts import kinds as charts
from annotation.review.charts.kinds import Chart, Mark, Row
from annotation.statistics.reading import AFTER_SELECTION, FIRST_ROUNDS, RANDOM_SLICE
from consensus.estimates import Estimate
from consensus.reliability import MeasuredOn

Words = Callable[[int], str]
TENTATIVE = 0.667
WEEKS_SHOWN = 12
SPAN = (-0.2, 1.0)


def levels(counts: Mapping[int, int], words: Words) -> Chart:
    """How often each level was chosen."""
    return charts.bars(
        _("How the levels are used"),
        [words(level) for level in counts],
        {_("Ratings"): list(counts.values())},
        heading=_("Level"),
        caption=_("Ratings of first rounds, given before anybody knew what others said."),
    )


def levels_by_week(by_week: Mapping[date, Mapping[int, int]], words: Words) -> Chart:
    """The same week by week, of the last weeks: a shift of the scale shows as a shift of the shade."""
    weeks = sorted(by_week)[-WEEKS_SHOWN:]
    known = list(next(iter(by_week.values()), {}))
    return charts.heat(
        _("The same, week by week"),
        [charts.said(week, "text") for week in weeks],
        [words(level) for level in known],
        [[by_week[week].get(level, 0) for level in known] for week in weeks],
        heading=_("Week from"),
        across=_("Level"),
        is_square=False,
        caption=_("Counts; the shade is a level's share of its week. At most the last twelve weeks."),
    )


def measured(estimates: Mapping[MeasuredOn, Estimate]) -> Chart:
    """Alpha of what it can be measured on, and what each means."""
    names = {
        FIRST_ROUNDS: _("First rounds"),
        RANDOM_SLICE: _("The random slice"),
        AFTER_SELECTION: _("After selection"),
    }
    return charts.intervals(
        _("How reliable it is"),
        [Row(names[on], estimate, "people") for on, estimate in estimates.items()],
        heading=_("Measured on"),
        of=_("Alpha"),
        span=SPAN,
        reference=Mark(TENTATIVE, _("tentative from here")),
        caption=_(
            "Krippendorff's alpha with a 95 % interval by prompt. The random slice is unbiased. After selection is higher "
            "because those ratings were chosen for agreeing; it says nothing about people."
        ),
    )


def course(by_week: Mapping[date, Estimate], marks: Iterable[Mark]) -> Chart:
    """Alpha of first rounds week by week, with the moments at which the guideline changed."""
    weeks = sorted(by_week)
    return charts.lines(
        _("Reliability by week"),
        weeks,
        {_("Alpha"): [by_week[week] for week in weeks]},
        heading=_("Week from"),
        span=SPAN,
        reference=Mark(TENTATIVE, _("tentative")),
        marks=list(marks),
        caption=_("First rounds that ended in that week, with 95 % intervals. A gap: too few to say."),
    )


def guideline_marks(guidelines: Iterable[Guideline], *, since: date | None) -> list[Mark]:
    """When the guideline changed, where the course shows that time."""
    days = [(guideline.created_at.astimezone(UTC).date(), guideline.version) for guideline in guidelines]
    return [
        Mark(day, _("v%(version)d") % {"version": version}) for day, version in days if since is not None and day >= since
    ]  # fmt: skip


def confusion(table: np.ndarray, levels: Iterable[int], words: Words) -> Chart:
    """What one person says beside what another says of the same thing."""
    known = list(levels)
    return charts.heat(
        _("Which levels are confused"),
        [words(level) for level in known],
        [words(level) for level in known],
        [[int(many) for many in row] for row in table],
        heading=_("One person says"),
        across=_("another says"),
        caption=_(
            "Pairs of first-round ratings of the same thing, each counted both ways. Outlined: both say the same. The shade "
            "is a cell's share of its row."
        ),
    )


def spread(counts: Mapping[int, int], *, is_nominal: bool) -> Chart:
    """How far the people of a first round lie apart."""
    names = {0: _("all the same"), 1: _("not all the same")}
    return charts.histogram(
        _("How far first rounds lie apart"),
        {names.get(apart, apart) if is_nominal else apart: many for apart, many in counts.items()},
        heading=_("Same or not") if is_nominal else _("Highest less lowest rating, in points"),
        of=_("Samples"),
        caption=_("Of a sample with several responses, the one that people differ on most."),
    )
