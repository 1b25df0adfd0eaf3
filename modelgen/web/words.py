"""Figures as people read them."""

from decimal import Decimal

from django.utils.translation import gettext as _

NOTHING = "\N{EN DASH}"


def duration(seconds: float | None) -> str:
    """Rounded to what somebody who waits wants to know.

    >>> duration(42.3), duration(3900)
    ('42 s', '1 h 05 min')
    """
    if seconds is None:
        return NOTHING
    if seconds < 60:
        return _("%d s") % round(seconds)
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%d min") % minutes
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": rest}
    return _("%d days") % round(hours / 24)


def count(number: int) -> str:
    """With thin spaces between thousands, and short from ten million on.

    >>> count(1234567)
    '1\\u202f234\\u202f567'
    """
    if number >= 10_000_000:
        return _("%s million") % f"{number / 1e6:.1f}"
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def speed(tokens_a_second: float) -> str:
    return count(round(tokens_a_second)) if tokens_a_second >= 0.5 else NOTHING


def cost(amount: Decimal | None, *, is_any_done: bool) -> str:
    """At the prices of the models; a price that nobody knows is said to be unknown."""
    if amount is None:
        return _("unknown") if is_any_done else NOTHING
    return f"{amount:.2f}" if amount >= 1 or not amount else f"{amount:.4f}"


def cut(text: str, most: int) -> tuple[str, bool]:
    """The beginning of a text, and whether more of it follows."""
    return (text, False) if len(text) <= most else (text[:most], True)
