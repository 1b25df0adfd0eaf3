"""Where an estimate lies on the axis of components/_interval.html: {% load intervals %}, then {{ estimate|on_axis }}."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()
LOWEST, HIGHEST = -0.2, 1.0


@register.filter
def on_axis(estimate: Any) -> dict[str, Any]:
    """value, low, high, as far as the axis goes; `value` is None where the figure lies outside. goes_below, goes_above: it or its
    interval goes on beyond an end, which an arrow says there."""
    value, low, high = (_of(estimate, name) for name in ("value", "low", "high"))
    ends = [at for at in (value, low, high) if at is not None]
    return {
        "value": value if value is not None and LOWEST <= value <= HIGHEST else None,
        "low": clipped(low),
        "high": clipped(high),
        "has_range": low is not None and high is not None,
        "goes_below": bool(ends) and min(ends) < LOWEST,
        "goes_above": bool(ends) and max(ends) > HIGHEST,
    }


@register.filter
def clipped(at: float | None) -> float | None:
    """The nearest place on the axis."""
    return None if at is None else min(max(at, LOWEST), HIGHEST)


def _of(estimate: Any, name: str) -> float | None:
    found = estimate.get(name) if isinstance(estimate, Mapping) else getattr(estimate, name, None)
    return found if isinstance(found, int | float) else None
