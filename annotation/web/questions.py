"""What is asked on a card: each place of the rubric as a question with its levels, in the order and words that this person sees."""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from django.utils.translation import gettext as _

from annotation import ratings, remarks
from annotation.models import Assignment, Rubric
from annotation.web import contradictions, fields

field_name = fields.of_rating
Question = dict[str, Any]

# Letters that are free beside the keys of the page: each toggles one reason of the lit question.
REASON_KEYS = "edfvxztb"
LONG_WORDS = 20  # characters


def asked(
    assignment: Assignment, rubric: Rubric, given: Mapping[str, Any], problems: Mapping[str, str]
) -> dict[int | None, list[Question]]:
    """All that is asked, by the canonical place of the response; None for the whole sample.

    `given`: what stands in the fields; `problems`: what was refused, by attribute or remark. Reasons that have an attribute
    stand in its question, under "reasons"; the other remarks are questions of their own, after the ratings.
    """
    count, order = assignment.sample.response_count, assignment.shown_order
    places, also = ratings.layout(rubric.attributes, count), remarks.layout(rubric.remarks, count)
    numbered = zip(fields.numbers(also, order), also, strict=True)
    beside = [(one, remark(at, one, given, problems)) for at, one in numbered]
    asks = contradictions.are_asked_about(assignment, places)
    by_response: dict[int | None, list[Question]] = {response: [] for response in (*range(count), None)}
    for at, place in zip(fields.numbers(places, order), places, strict=True):
        drawn = question(at, place, assignment, given, problems)
        drawn["reasons"] = [
            said for one, said in beside if (one.remark.get("attribute"), one.response) == (place.name, place.response)
        ]
        drawn["contradiction"] = contradictions.sentences(place, places) if asks else {}
        by_response[place.response].append(drawn)
    for one, said in beside:
        if not one.remark.get("attribute"):
            by_response[one.response].append(said)
    return by_response


def question(
    at: int, place: ratings.Place, assignment: Assignment, given: Mapping[str, Any], problems: Mapping[str, str]
) -> Question:
    """One place of the packed ratings. A tie that has kinds is a level for each."""
    field = field_name(at)
    chosen = str(given.get(field, ""))
    offered = _with_keys(_told_apart(place, levels(place, assignment)), chosen)
    is_fine = any(level["is_chosen"] for level in offered)  # problems come by attribute: this response's may be fine
    return {
        "kind": "rating",
        "field": field,
        "name": place.name,
        "title": place.title,
        "description": place.attribute.get("description", ""),
        "scope": place.attribute["scope"],
        "optional": bool(place.attribute.get("optional")),
        "levels": offered,
        "has_long_words": _are_long(offered),
        "error": "" if is_fine else problems.get(place.name, ""),
    }


def remark(at: int, one: remarks.Asked, given: Mapping[str, Any], problems: Mapping[str, str]) -> Question:
    """One remark. Its limits are words or links; its options are check-boxes, its levels a small scale."""
    value = fields.remark_in(given, at, one)
    stands_beside = bool(one.remark.get("attribute"))
    offered = _with_keys([_level(level) for level in one.remark.get("values", ())], str(value))
    return {
        "kind": one.kind,
        "field": fields.of_remark(at),
        "name": one.name,
        "title": one.title,
        "description": one.remark.get("description", ""),
        "scope": one.remark["scope"],
        "optional": one.is_optional,
        "minimum": one.remark.get("minimum"),
        "maximum": one.remark.get("maximum"),
        "text": str(given.get(fields.of_remark(at), "")) if one.kind in ("words", "sources") else "",
        "options": _options(at, one, value or [], REASON_KEYS if stands_beside else "123456789"),
        "levels": offered,
        "has_long_words": _are_long(offered),
        **_counted(one, value),
        "error": remarks.problem_with(one, value) if one.name in problems else "",
    }


def _options(at: int, one: remarks.Asked, chosen: Sequence[str], keys: str) -> list[dict[str, Any]]:
    return [
        {
            "field": fields.of_reason(at, place),
            "label": option.get("label") or option["name"],
            "key": keys[place] if place < len(keys) else "",
            "is_chosen": option["name"] in chosen,
        }
        for place, option in enumerate(one.remark.get("options", ()))
    ]


def _counted(one: remarks.Asked, value: Any) -> dict[str, str]:
    """Under a text: how many words or links there are, and how many are wanted. The page counts on as one types."""
    if one.kind not in ("words", "sources"):
        return {}
    least, most = one.remark.get("minimum") or 0, one.remark.get("maximum")
    wanted = _wanted_words(least, most) if one.kind == "words" else _wanted_links(least, most)
    wanted %= {"least": least, "most": most, "count": "{count}"}
    count = remarks.count_words(value or "") if one.kind == "words" else len(value or [])
    return {"counted": wanted.replace("{count}", str(count)), "wanted": wanted}


def _wanted_words(least: int, most: int | None) -> str:
    if least and most is not None:
        return _("%(count)s of %(least)s to %(most)s words")
    if most is not None:
        return _("%(count)s of at most %(most)s words")
    return _("%(count)s of at least %(least)s words") if least else _("%(count)s words")


def _wanted_links(least: int, most: int | None) -> str:
    if least and most is not None:
        return _("%(count)s of %(least)s to %(most)s links, one a line")
    if most is not None:
        return _("%(count)s of at most %(most)s links, one a line")
    return _("%(count)s of at least %(least)s links, one a line") if least else _("%(count)s links, one a line")


def _level(level: Mapping[str, Any]) -> dict[str, Any]:
    value = level["value"]
    return {"value": value, "posted": str(value), "label": str(level.get("label", value)), "favours": ""}


def _are_long(offered: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the words are so many that only the lit question has room for them."""
    return max((len(level["label"]) for level in offered), default=0) > LONG_WORDS


def levels(place: ratings.Place, assignment: Assignment) -> list[dict[str, Any]]:
    """The levels of a question. A comparison's run from the response shown first to the one shown second.

    `value` is canonical: below 0 favours the first canonical response, wherever it is shown; what is posted favours the one
    shown first. The rubric words values in canonical order ("the first"), so where the order is turned round a value is worded
    as the one opposite to it.
    """
    order = assignment.shown_order
    first, second = (_letter_of(response, order) for response in (0, 1))
    turned = fields.is_turned(place, order)
    return [
        {
            "value": value,
            "posted": str(fields.as_shown(value, place, order)),
            "label": _opposite_word(place, value) if turned else place.word_for(value),
            "favours": (first if value < 0 else second) if place.is_comparison and value else "",
            "is_strong": place.is_comparison and contradictions.is_strong(place, value),
        }
        for value in (place.levels[::-1] if turned else place.levels)
    ]


def _told_apart(place: ratings.Place, base: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same levels, with one for each kind of tie in place of the tie."""
    kinds = remarks.kinds_of(place.attribute) if place.is_comparison else []
    ties = [{"posted": fields.of_kind(kind["name"]), "label": kind["label"]} for kind in kinds]
    return [{**level, **tie} for level in base for tie in (ties if ties and level["value"] == 0 else [{}])]


def _with_keys(offered: Sequence[dict[str, Any]], chosen: str) -> list[dict[str, Any]]:
    keys = _keys([level["value"] for level in offered])
    return [
        {**level, "key": key, "is_chosen": level["posted"] == chosen} for level, key in zip(offered, keys, strict=True)
    ]


def worded(place: ratings.Place, value: int | None, assignment: Assignment) -> dict[str, str]:
    """One value as this person reads it on the card: its word, and the letter of the response that it favours."""
    chosen = {level["value"]: level for level in levels(place, assignment)}.get(value)
    return {"label": chosen["label"], "favours": chosen["favours"]} if chosen else {"label": "", "favours": ""}


def shown_letter(place: ratings.Place, assignment: Assignment) -> str:
    """The letter of the response that a place is about, on this person's card; empty for the whole sample."""
    return "" if place.response is None else _letter_of(place.response, assignment.shown_order)


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
