"""What the labels cost: so far, to come, and what an hour of work brings people. Money is an admin's to see."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import PriceChange, Project
from annotation.review.estimates import count_text
from annotation.review.overview.ending import from_to
from annotation.services import spending
from annotation.statistics.told import Day
from annotation.web.pay import money
from consensus.forecast import Forecast, Range

Fact = dict[str, str]


def facts(project: Project, told: Forecast, kept: dict[str, Any], *, slice_days: Sequence[Day] | None) -> list[Fact]:
    """Spent, to come, and the hourly pay. slice_days: the days of a slice, where only that is looked at."""
    return [
        _spent(kept) if slice_days is None else _spent_on(project, slice_days),
        {"label": _("Still to spend"), "value": to_come(project, told.annotations), "hint": _("8 of 10 chances")},
        *_hourly(project, kept.get("pay")),
    ]


def _spent(kept: dict[str, Any]) -> Fact:
    """Exactly, as the statements say it: with gold, training and work that was set aside."""
    spent = spending.total(kept.get("spent") or {})
    value = _("nothing is due") if spent is None else money_text(spent)
    return {"label": _("Spent"), "value": value, "hint": _("in the currency of the price")}


def _spent_on(project: Project, days: Sequence[Day]) -> Fact:
    """On the annotations of a slice, at the price of their day."""
    prices = list(project.price_changes.order_by(F("since").asc(nulls_first=True)))
    value = money_text(sum((_price_on(day.date, prices) * day.annotations for day in days), Decimal(0)))
    return {"label": _("Spent"), "value": value, "hint": _("on annotations of this slice that count")}


def _price_on(day: date, prices: Sequence[PriceChange]) -> Decimal:
    """The price at the end of a day; the first one holds from the beginning."""
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
    held = [of.price for of in prices if of.since is None or of.since < end]
    return (held[-1] if held else None) or Decimal(0)


def to_come(project: Project, wanted: Range) -> str:
    """At today's price; answers to gold are paid too."""
    price = project.price_per_annotation
    if price is None:
        return _("no price is set")
    each = price / (1 - Decimal(str(project.gold_rate)))
    low, high = (money_text(Decimal(count) * each) for count in (wanted.low, wanted.high))
    return low if low == high else from_to(low, high)


def money_text(amount: Decimal) -> str:
    """To the hundredth while it is small, whole when it is not."""
    return count_text(amount.quantize(Decimal(1))) if amount >= 1000 else money(amount.quantize(Decimal("0.01")))


def _hourly(project: Project, pay: dict[str, Any] | None) -> list[Fact]:
    if pay is None:
        return [
            {"label": _("Pay for an active hour"), "value": _("nothing was paid in the last four weeks"), "hint": ""}
        ]
    if pay["median"] is None:
        return [{"label": _("Pay for an active hour"), "value": _("nobody has an active hour yet"), "hint": ""}]
    people = ngettext("median of %d person", "median of %d people", pay["people"]) % pay["people"]
    return [
        {"label": _("Pay for an active hour"), "value": hour_text(pay["median"]), "hint": people},
        {
            "label": _("Lowest tenth"),
            "value": hour_text(pay["lowest_tenth"]),
            "hint": _floor_text(project.hourly_floor, pay),
        },
    ]


def hour_text(amount: float | Decimal) -> str:
    return f"{amount:.2f}"


def _floor_text(floor: Decimal | None, pay: dict[str, Any]) -> str:
    if floor is None:
        return _("no floor is set")
    said = _("under the floor of %(floor)s") if is_under(floor, pay) else _("floor %(floor)s")
    return said % {"floor": money(floor)}


def is_under(floor: Decimal, pay: dict[str, Any]) -> bool:
    """Whether the lowest tenth is paid less than the floor."""
    return pay["lowest_tenth"] is not None and pay["lowest_tenth"] < float(floor)
