"""The fields of a card's form: what is posted in them as rows for the services, and an annotation as the fields that show it.

A field is numbered by its place on the form: `rating-2`, `remark-0`; each reason of a remark has one of its own, `remark-0-1`.
All are texts. A tie that has kinds is posted with its kind: `0:both_bad`.

Responses count in the order in which this person sees them, and a comparison below 0 favours the one shown first. Numbers in
the sample's own order would tell which responses of many samples have one source, to whoever looks into the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from annotation import ratings, remarks
from annotation.models import Annotation, Rubric
from annotation.web import forms

Posted = Mapping[str, Any]  # texts; numbers where an annotation is shown again
Order = Sequence[int]  # canonical places of the responses, as shown (Assignment.shown_order)
KIND = ":"  # between a value and its kind


class Asked(Protocol):
    """Whatever is asked of one response or of the whole sample."""

    @property
    def response(self) -> int | None: ...


def numbers(asked: Sequence[Asked], order: Order) -> list[int]:
    """The number on the form of each of these, given in canonical order: those of the response shown first come first.

    >>> from types import SimpleNamespace as Of
    >>> numbers([Of(response=0), Of(response=1), Of(response=None)], [1, 0])
    [1, 0, 2]
    """
    shown = sorted(range(len(asked)), key=lambda at: _shown_place(asked[at].response, order))
    return [shown.index(at) for at in range(len(asked))]


def _shown_place(response: int | None, order: Order) -> int:
    return len(order) if response is None else list(order).index(response)


def is_turned(place: ratings.Place, order: Order) -> bool:
    """Whether the second of the responses that are compared is shown before the first."""
    return place.is_comparison and _shown_place(0, order) > _shown_place(1, order)


def as_shown(value: int, place: ratings.Place, order: Order) -> int:
    """A value as it is posted, and a posted one as it is kept: the two turn round alike."""
    return -value if is_turned(place, order) else value


def of_rating(at: int) -> str:
    """The field of one position of the packed vector."""
    return f"rating-{at}"


def of_remark(at: int) -> str:
    return f"remark-{at}"


def of_reason(at: int, option: int) -> str:
    return f"remark-{at}-{option}"


def of_kind(kind: str) -> str:
    """What is posted for one kind of tie."""
    return f"0{KIND}{kind}"


def ratings_in(posted: Posted, rubric: Rubric, order: Order) -> list[dict[str, Any]]:
    """The ratings as rows. A value that is no number is passed on, for the service to refuse by name."""
    places = ratings.layout(rubric.attributes, len(order))
    return [
        {"attribute": place.name, "response": _named(place.response), "value": value}
        for at, place in zip(numbers(places, order), places, strict=True)
        if (value := _value_in(posted, at, place, order)) is not None
    ]


def _value_in(posted: Posted, at: int, place: ratings.Place, order: Order) -> int | str | None:
    value = forms.as_number(str(posted.get(of_rating(at), "")).partition(KIND)[0])
    return as_shown(value, place, order) if isinstance(value, int) else value


def remarks_in(posted: Posted, rubric: Rubric, order: Order, *, neither_valid: bool) -> list[dict[str, Any]]:
    """The remarks as rows; where no response is valid only those of the whole sample."""
    asked = remarks.layout(rubric.remarks, len(order))
    rows = [
        {"remark": one.name, "response": _named(one.response), "value": value}
        for at, one in zip(numbers(asked, order), asked, strict=True)
        if (value := remark_in(posted, at, one)) is not None and (one.response is None or not neither_valid)
    ]
    return rows if neither_valid else rows + list(_kinds_in(posted, rubric, order))


def remark_in(posted: Posted, at: int, asked: remarks.Asked) -> Any:
    """What stands in the fields of one remark; None when they are empty."""
    said = forms.storable(str(posted.get(of_remark(at), ""))).strip()
    match asked.kind:
        case "words":
            return said or None
        case "sources":
            return said.split() or None
        case "reasons":
            options = enumerate(asked.remark["options"])
            return [option["name"] for i, option in options if posted.get(of_reason(at, i))] or None
        case _:
            return forms.as_number(said)


def of_annotation(annotation: Annotation, rubric: Rubric, order: Order) -> dict[str, Any]:
    """What was said before, in the fields of what is asked now."""
    places = ratings.layout(rubric.attributes, len(order))
    packed = ratings.translated(annotation.ratings, annotation.rubric.attributes, places, len(order))
    rated = {
        of_rating(at): as_shown(value, place, order)
        for at, place, value in zip(numbers(places, order), places, packed, strict=True)
        if value is not None
    }
    return rated | _with_kinds(rated, places, annotation.remarks, order) | _remarked(annotation, rubric, order)


def _kinds_in(posted: Posted, rubric: Rubric, order: Order) -> Iterator[dict[str, Any]]:
    told_apart, places = remarks.ties(rubric.attributes), ratings.layout(rubric.attributes, len(order))
    for at, place in zip(numbers(places, order), places, strict=True):
        kind = forms.storable(str(posted.get(of_rating(at), ""))).partition(KIND)[2]
        if place.response is None and place.name in told_apart and kind:
            yield {"remark": place.name, "value": kind}


def _with_kinds(
    rated: Mapping[str, int], places: Sequence[ratings.Place], remarked: Mapping[str, Any], order: Order
) -> dict[str, str]:
    numbered = zip(numbers(places, order), places, strict=True)
    ties = {at: remarked.get(place.name) for at, place in numbered if place.is_comparison}
    return {of_rating(at): of_kind(kind) for at, kind in ties.items() if kind and rated.get(of_rating(at)) == 0}


def _remarked(annotation: Annotation, rubric: Rubric, order: Order) -> dict[str, Any]:
    asked = remarks.layout(rubric.remarks, len(order))
    said = remarks.values_of(annotation.remarks, asked)
    found: dict[str, Any] = {}
    for at, one, value in zip(numbers(asked, order), asked, said, strict=True):
        if one.kind == "reasons":
            options = enumerate(one.remark["options"])
            found |= {of_reason(at, i): "1" for i, option in options if option["name"] in (value or [])}
        elif value is not None:
            found[of_remark(at)] = "\n".join(value) if one.kind == "sources" else value
    return found


def _named(response: int | None) -> str | None:
    return None if response is None else str(response)
