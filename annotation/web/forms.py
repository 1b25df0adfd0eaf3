"""Posted fields as what they mean. Nothing here refuses: what is no number stays a text, for the service to refuse by name."""

import re

from django.http import HttpRequest


def text(request: HttpRequest, name: str, *, longest: int) -> str:
    """A posted text that PostgreSQL can store, cut to what is stored."""
    return storable(request.POST.get(name, ""))[:longest]


def storable(posted: str) -> str:
    """A text without NUL and halves of characters."""
    return posted.replace("\x00", "").encode(errors="ignore").decode()


def number(request: HttpRequest, name: str) -> int | str | None:
    """A posted whole number, the text that stands in its place, or None for an empty field."""
    return as_number(request.POST.get(name, ""))


def as_number(posted: str) -> int | str | None:
    posted = posted.strip()
    if not posted:
        return None
    return int(posted) if re.fullmatch(r"-?[0-9]{1,5}", posted) else posted
