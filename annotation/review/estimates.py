"""Estimates as pages show them: what rests on too few comparisons is no figure, though the kept figures have it."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consensus.estimates import Estimate

Row = dict[str, Any]
FEW = 20


def shown(figures: Any) -> Any:
    """Kept figures of any shape, with every estimate from fewer than FEW units without its value."""
    if isinstance(figures, list):
        return [shown(each) for each in figures]
    if not isinstance(figures, dict):
        return figures
    if "value" in figures and "count" in figures:
        return _estimate(figures)
    return {name: shown(each) for name, each in figures.items()}


def _estimate(estimate: Row) -> Row:
    if estimate["value"] is None or estimate["count"] >= FEW:
        return {**estimate, "is_few": False}
    words = _("too few (%d)") % estimate["count"]
    return {**estimate, "value": None, "low": None, "high": None, "undefined": words, "is_few": True}


def why_none(estimate: Row) -> str:
    """Why there is no figure: what consensus says of it, in the language of the page."""
    why = estimate["undefined"]
    return _(why) if why else ""


def few_text(estimate: Row) -> str:
    """That it rests on too few; empty where it does not."""
    return str(estimate["undefined"]) if estimate.get("is_few") else ""


# --- in words -------------------------------------------------------------------------------------------------------
def share_text(part: int, whole: int) -> str:
    return _("%(value)s %%") % {"value": f"{100 * part / whole:.1f}"} if whole else _("none decided yet")


def labels_per_sample(samples: dict[str, Any]) -> str:
    """Annotations that count for each decided sample, as text."""
    decided = samples["decided"]
    return f"{samples['annotations_of_decided'] / decided:.2f}" if decided else _("none decided yet")


def estimate_text(estimate: dict[str, Any]) -> str:
    """An estimate with its interval, or why it has none."""
    if estimate["value"] is None:
        return why_none(estimate)
    about = {name: f"{estimate[name]:.2f}" for name in ("value", "low", "high") if estimate[name] is not None}
    if estimate["low"] is None:
        said = ngettext(
            "%(value)s (no interval: %(count)d prompt)",
            "%(value)s (no interval: %(count)d prompts)",
            estimate["clusters"],
        )
        return said % {**about, "count": estimate["clusters"]}
    return _("%(value)s (%(low)s to %(high)s)") % about


def weight_text(weight: dict[str, Any] | None) -> str:
    """The panel's weight in the merge, and why it is what it is."""
    if weight is None:
        return _("not fitted yet")
    words = {
        "held_by_policy": _("%(weight)s (all that the policy lets them weigh), shared by the panel"),
        "panel_does_not_help": _("%(weight)s (no measurable help in predicting people), shared by the panel"),
        "too_few_samples": _("%(weight)s (fewer than fifty samples to measure on), shared by the panel"),
        "no_judge": _("%(weight)s (no judge has spoken), shared by the panel"),
    }
    is_estimated = weight["reason"] == "fitted" and weight.get("low") is not None
    interval = f" [{weight['low']:.2f}, {weight['high']:.2f}]" if is_estimated else ""
    said = words.get(weight["reason"], _("%(weight)s, shared by the panel"))
    return said % {"weight": f"{weight['weight']:.2f}{interval}"}


def drawn(estimate: Estimate) -> Row:
    """A figure with its interval as components/_interval.html draws it, and in words beside it."""
    row = asdict(estimate)
    return {**row, "text": estimate_text(row), "why": why_none(row)}


def count_text(count: float | Decimal) -> str:
    """A whole number as people read it, with groups of thousands."""
    return number_format(count, 0, force_grouping=True)
