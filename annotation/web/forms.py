"""Posted fields as what they mean. Nothing here refuses: what is no number stays a text, for the service to refuse by name."""

import re

from django.http import HttpRequest


def text(request: HttpRequest, name: str, *, longest: int) -> str:
    """A posted text without what PostgreSQL cannot store (NUL, halves of characters), cut to what is stored."""
    return request.POST.get(name, "").replace("\x00", "").encode(errors="ignore").decode()[:longest]


def number(request: HttpRequest, name: str) -> int | str | None:
    """A posted whole number, the text that stands in its place, or None for an empty field."""
    posted = request.POST.get(name, "").strip()
    if not posted:
        return None
    return int(posted) if re.fullmatch(r"-?[0-9]{1,5}", posted) else posted
