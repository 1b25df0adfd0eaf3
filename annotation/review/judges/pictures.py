"""Pictures of judges: whether they say how sure they are, and what they have weighed over time."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from annotation.review.charts import kinds as charts
from annotation.review.charts.kinds import Chart, Dot

Row = Mapping[str, Any]


def calibration(title: str, row: Row | None) -> Chart:
    """What the judge predicts of people beside how often they say so; on the line it says exactly how sure it is."""
    own, translated = ((row or {}).get(name) for name in ("own", "translated"))
    names = {_("its own probability"): own, _("as Concord translates its word"): translated}
    points = [
        Dot(each["predicted"], SimpleNamespace(**each["observed"]), group=name, words=_count_text(each["observed"]))
        for name, picture in names.items()
        if picture
        for each in picture["bins"]
        if each["observed"]["value"] is not None
    ]
    return charts.dots(
        _("How sure it is, and how often people say the same"),
        points,
        x=_("probability of its likeliest level"),
        y=_("people who say that level"),
        form="share",
        span=(0, 1),
        diagonal=_("says exactly how sure it is"),
        caption=_("Above the line people agree more often than it expects, below less often. Numbers are samples."),
        empty=_("Too few samples that people have rated too: a point rests on 20 at least."),
        key=title,
    )


def _count_text(observed: Row) -> str:
    return str(observed["count"])


def weights(title: str, history: Sequence[Row]) -> Chart:
    """The weight of the panel in the merged value on one attribute, fit by fit."""
    return charts.lines(
        _("Weight in the merged value: %(attribute)s") % {"attribute": title},
        [at for at in (parse_datetime(each["at"]) for each in history) if at],
        {_("weight"): [SimpleNamespace(value=of["weight"], low=of["low"], high=of["high"]) for of in history]},
        heading=_("Fitted"),
        span=(0, 1),
        caption=_("0 is people alone. What it is fitted on grows with the project."),
        empty=_("It has not been fitted yet."),
        key=title,
    )
