"""Times as a person reads them: in the zone of their page, and with its name. Files and the interface keep ISO 8601 in UTC."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone
from django.utils.formats import date_format


def moment(at: datetime, zone: tzinfo | None = None) -> str:
    """Day and time, as the language writes them; `zone`: another one than that of the page."""
    there = timezone.localtime(at, zone)
    return f"{date_format(there, 'DATETIME_FORMAT')} {short_name(there)}"


def clock(at: datetime, *, with_seconds: bool = False) -> str:
    """The time alone, for what is of today."""
    here = timezone.localtime(at)
    return f"{here:{'%H:%M:%S' if with_seconds else '%H:%M'}} {short_name(here)}"


def short_name(there: datetime) -> str:
    """What the zone is called at that time. One without a name of its own is its distance from UTC."""
    name = there.tzname() or "UTC"
    return f"UTC{name.replace('-', chr(0x2212))}" if name[0] in "+-" else name


def midnight(at: datetime) -> datetime:
    """When the day of `at` began where the reader is."""
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)


def last_days(at: datetime, count: int) -> list[date]:
    """So many days up to that of `at`, where the reader is, the oldest first."""
    today = timezone.localtime(at).date()
    return [today - timedelta(days=back) for back in reversed(range(count))]


# --- zones --------------------------------------------------------------------------------------------------------
@cache
def zone_names() -> frozenset[str]:
    """The IANA names that this machine knows. A name from outside is looked up here and never opened as a file."""
    return frozenset(available_timezones())


def zone_called(name: str) -> tzinfo | None:
    """The zone of that name, or None for a name that is none."""
    return ZoneInfo(name) if name in zone_names() else None


def zone_of(name: str) -> tzinfo:
    """The zone that somebody chose; UTC where they chose none."""
    return zone_called(name) or UTC
