"""What is asked on a card: each place of the rubric as a question with its levels, in the order and words that this person sees."""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from annotation import ratings
from annotation.models import Assignment


def question(
    at: int, place: ratings.Place, assignment: Assignment, given: Mapping[str, Any], problems: Mapping[str, str]
) -> dict[str, Any]:
    field = field_name(at)
    chosen = str(given.get(field, ""))
    is_fine = chosen in [
        str(value) for value in place.levels
    ]  # problems come by attribute: this response's may be fine
    return {
        "field": field,
        "name": place.name,
        "title": place.title,
        "description": place.attribute.get("description", ""),
        "scope": place.attribute["scope"],
        "optional": bool(place.attribute.get("optional")),
        "levels": _levels(place, assignment),
        "chosen": chosen,
        "error": "" if is_fine else problems.get(place.name, ""),
    }


def _levels(place: ratings.Place, assignment: Assignment) -> list[dict[str, Any]]:
    """The levels of a question. A comparison's run from the response shown first to the one shown second.

    The values stay canonical: below 0 favours the first canonical response, wherever it is shown. The rubric words them
    in that order ("the first"), so where the order is turned round a value is worded as the one opposite to it.
    """
    first, second = (_letter_of(response, assignment.shown_order) for response in (0, 1))
    turned = place.is_comparison and first > second
    levels = place.levels[::-1] if turned else place.levels
    return [
        {
            "value": value,
            "label": _opposite_word(place, value) if turned else place.word_for(value),
            "key": key,
            "favours": (first if value < 0 else second) if place.is_comparison and value else "",
        }
        for value, key in zip(levels, _keys(levels), strict=True)
    ]


def worded(place: ratings.Place, value: int | None, assignment: Assignment) -> dict[str, str]:
    """One value as this person reads it on the card: its word, and the letter of the response that it favours."""
    levels = {level["value"]: level for level in _levels(place, assignment)}
    chosen = levels.get(value)
    return {"label": chosen["label"], "favours": chosen["favours"]} if chosen else {"label": "", "favours": ""}


def _letter_of(response: int, shown_order: Sequence[int]) -> str:
    """The letter that a response, by its canonical place, bears on the card; the last one for a response that is not there."""
    return ascii_uppercase[shown_order.index(response) if response in shown_order else len(shown_order)]


def _keys(levels: Sequence[int]) -> list[str]:
    """The digit that chooses each level: its own value where all have one, else its place; none past the ninth."""
    if all(0 <= value <= 9 for value in levels):
        return [str(value) for value in levels]
    return [str(place) if place <= 9 else "" for place in range(1, len(levels) + 1)]


def _opposite_word(place: ratings.Place, value: int) -> str:
    return place.word_for(-value) if -value in place.levels else str(-value)


def favoured_letter(place: ratings.Place, value: int) -> str:
    """The letter, in canonical order, of the response that a level of a comparison favours; empty for the middle and other scopes."""
    if not place.is_comparison or value == 0:
        return ""
    return "A" if value < 0 else "B"


def field_name(at: int) -> str:
    """The form field of one position of the packed vector."""
    return f"rating-{at}"
