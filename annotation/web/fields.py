"""The fields of a card's form: what is posted in them as rows for the services, and an annotation as the fields that show it.

A field is named by its place in the rubric that the form shows: `rating-2`, `remark-0`; each reason of a remark has one of its
own, `remark-0-1`. All are texts. A tie that has kinds is posted with its kind: `0:both_bad`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation import ratings, remarks
from annotation.models import Annotation, Rubric
from annotation.web import forms

Posted = Mapping[str, Any]  # texts; numbers where an annotation is shown again
KIND = ":"  # between a value and its kind


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


def ratings_in(posted: Posted, rubric: Rubric, response_count: int) -> list[dict[str, Any]]:
    """The ratings as rows. A value that is no number is passed on, for the service to refuse by name."""
    places = ratings.layout(rubric.attributes, response_count)
    return [
        {"attribute": place.name, "response": _named(place.response), "value": value}
        for at, place in enumerate(places)
        if (value := forms.as_number(str(posted.get(of_rating(at), "")).partition(KIND)[0])) is not None
    ]


def remarks_in(posted: Posted, rubric: Rubric, response_count: int, *, neither_valid: bool) -> list[dict[str, Any]]:
    """The remarks as rows; where no response is valid only those of the whole sample."""
    asked = remarks.layout(rubric.remarks, response_count)
    rows = [
        {"remark": one.name, "response": _named(one.response), "value": value}
        for at, one in enumerate(asked)
        if (value := remark_in(posted, at, one)) is not None and (one.response is None or not neither_valid)
    ]
    return rows if neither_valid else rows + list(_kinds_in(posted, rubric, response_count))


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


def of_annotation(annotation: Annotation, rubric: Rubric, response_count: int) -> dict[str, Any]:
    """What was said before, in the fields of what is asked now."""
    places = ratings.layout(rubric.attributes, response_count)
    packed = ratings.translated(annotation.ratings, annotation.rubric.attributes, places, response_count)
    rated = {of_rating(at): value for at, value in enumerate(packed) if value is not None}
    return rated | _with_kinds(rated, places, annotation.remarks) | _remarked(annotation, rubric, response_count)


def _kinds_in(posted: Posted, rubric: Rubric, response_count: int) -> Iterator[dict[str, Any]]:
    told_apart = remarks.ties(rubric.attributes)
    for at, place in enumerate(ratings.layout(rubric.attributes, response_count)):
        kind = forms.storable(str(posted.get(of_rating(at), ""))).partition(KIND)[2]
        if place.response is None and place.name in told_apart and kind:
            yield {"remark": place.name, "value": kind}


def _with_kinds(
    rated: Mapping[str, int], places: Sequence[ratings.Place], remarked: Mapping[str, Any]
) -> dict[str, str]:
    ties = {at: remarked.get(place.name) for at, place in enumerate(places) if place.is_comparison}
    return {of_rating(at): of_kind(kind) for at, kind in ties.items() if kind and rated.get(of_rating(at)) == 0}


def _remarked(annotation: Annotation, rubric: Rubric, response_count: int) -> dict[str, Any]:
    asked = remarks.layout(rubric.remarks, response_count)
    found: dict[str, Any] = {}
    for at, (one, value) in enumerate(zip(asked, remarks.values_of(annotation.remarks, asked), strict=True)):
        if one.kind == "reasons":
            options = enumerate(one.remark["options"])
            found |= {of_reason(at, i): "1" for i, option in options if option["name"] in (value or [])}
        elif value is not None:
            found[of_remark(at)] = "\n".join(value) if one.kind == "sources" else value
    return found


def _named(response: int | None) -> str | None:
    return None if response is None else str(response)
