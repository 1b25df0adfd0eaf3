"""Times in templates, said in one place: {% load times %}, then {{ at|moment }} or {{ at|clock }}."""

from datetime import datetime

from django import template

from annotation import saying_times

register = template.Library()


@register.filter
def moment(at: datetime | None) -> str:
    """Day, time and zone."""
    return saying_times.moment(at) if at else ""


@register.filter
def clock(at: datetime | None) -> str:
    """Time and zone, of what happens today."""
    return saying_times.clock(at) if at else ""


@register.filter
def clock_seconds(at: datetime | None) -> str:
    """The same to the second, for pages that renew themselves."""
    return saying_times.clock(at, with_seconds=True) if at else ""
