"""Estimates as pages show them: what rests on too few comparisons is no figure, though the kept figures have it."""

from typing import Any

from django.utils.translation import gettext as _

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
