"""An answer whose form is plainly right, told so without building a serializer's fields: every loop sends one.

What this takes, the serializer would take unchanged; what it does not take may still be right, or gets its complaint there.
"""

from collections.abc import Mapping
from typing import Any

# The fields that may be left out, each with what it then is.
ANSWER: Mapping[str, Any] = {
    "neither_valid": False,
    "comment": "",
    "remarks": None,
    "active_seconds": None,
    "rubric": None,
}
RATING = {"attribute", "value", "response"}
LONGEST_KEY, LONGEST_COMMENT, MOST_SECONDS, LAST_VERSION = 64, 20_000, 86_400, 2**31 - 1


def answered(data: Any, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """The validated fields of an answer, or None when somebody has to look closer."""
    if type(data) is not dict or not data.keys() <= known.keys() | {"ratings", "client_key"}:
        return None
    whole = {"remarks": {}, **known, **data}
    if "ratings" not in data or "client_key" not in data or not _is_plain(whole):
        return None
    whole["remarks"] = whole["remarks"] or {}
    return whole


def _is_plain(whole: dict[str, Any]) -> bool:
    rated, comment, seconds, rubric = whole["ratings"], whole["comment"], whole["active_seconds"], whole["rubric"]
    return (
        type(rated) is list
        and all(map(_is_rating, rated))
        and _is_text(whole["client_key"], LONGEST_KEY)
        and (comment == "" or _is_text(comment, LONGEST_COMMENT))
        and not whole["remarks"]
        and type(whole["neither_valid"]) is bool
        and type(whole.get("claim_next", False)) is bool
        and (seconds is None or (type(seconds) is int and 0 <= seconds <= MOST_SECONDS))
        and (rubric is None or (type(rubric) is int and 1 <= rubric <= LAST_VERSION))
    )


def _is_rating(given: Any) -> bool:
    return (
        type(given) is dict
        and given.keys() <= RATING
        and "value" in given
        and type(given["value"]) in (int, type(None))
        and _is_text(given.get("attribute"), 1000)
        and (given.get("response") is None or _is_text(given["response"], 1000))
    )


def _is_text(given: Any, longest: int) -> bool:
    """A text that a serializer's field would leave as it is: not empty, no spaces around it, nothing that cannot be stored."""
    return type(given) is str and 0 < len(given) <= longest and given == given.strip() and "\x00" not in given
