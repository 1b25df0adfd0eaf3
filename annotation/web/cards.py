"""What the annotator's card shows, as plain dictionaries: the template draws them and decides nothing."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from string import ascii_uppercase
from typing import Any

from django.urls import reverse

from annotation import ratings
from annotation.models import Annotation, Annotator, Assignment, Project, Rubric
from annotation.services import governing, showing
from annotation.services.submission import CORRECTABLE_FOR, why_not_correctable

# One key a reason: the letters are the ones that the words begin with.
SKIP_KEYS = dict(zip(Assignment.SkipReason, "plkib", strict=True))
Card = dict[str, Any]


def nothing() -> Card:
    return {"kind": "nothing"}


def notice(text: str, *, title: str = "") -> Card:
    return {"kind": "notice", "notice": text, "title": title}


def work(
    assignment: Assignment,
    *,
    given: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    correcting: Annotation | None = None,
    rubric: Rubric | None = None,
) -> Card:
    """The card of one sample. `given`: what was posted or said before, by field; `problems`: by attribute.

    `rubric`: what was shown when it was posted; left out, what this person is to be asked of this sample.
    """
    content = assignment.sample.content
    rubric = rubric or governing.rubric_for(assignment)
    places = ratings.layout(rubric.attributes, assignment.sample.response_count)
    given = given or (_fields_of(correcting, places, assignment.sample.response_count) if correcting else {})
    questions = [_question(at, place, assignment, given, problems or {}) for at, place in enumerate(places)]
    action = "annotation:correct" if correcting else "annotation:submit"
    return {
        "kind": "work",
        "rubric": rubric.version,
        "assignment": {"pk": assignment.pk, "lease_minutes": assignment.annotator.project.lease_minutes},
        "conversation": [turn(message) for message in showing.conversation(content)],
        "tools_text": _as_text(content.tools),
        "responses": [
            {
                "letter": ascii_uppercase[shown],
                "turns": turns(response),
                "groups": [q for q, place in zip(questions, places, strict=True) if place.response == canonical],
            }
            for shown, (canonical, response) in enumerate(
                zip(assignment.shown_order, showing.responses_as_shown(assignment), strict=True)
            )
        ],
        "comparisons": [q for q, place in zip(questions, places, strict=True) if place.response is None],
        "allows_neither": any(place.is_comparison for place in places),
        "neither_valid": bool(given.get("neither_valid")),
        "comment": given.get("comment", ""),
        "client_key": given.get("client_key") or uuid.uuid4().hex,
        "active_seconds": given.get("active_seconds", 0),
        "submit_url": reverse(action, args=[assignment.pk]),
        "skip_url": "" if correcting else reverse("annotation:skip", args=[assignment.pk]),
        "renew_url": "" if correcting else reverse("annotation:renew", args=[assignment.pk]),
        "skip_reasons": [
            {"value": reason.value, "label": reason.label, "key": SKIP_KEYS[reason]} for reason in Assignment.SkipReason
        ],
        "correcting": correcting is not None,
        "errors": list((problems or {}).values()),
    }


def _question(
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


def _fields_of(annotation: Annotation, places: Sequence[ratings.Place], response_count: int) -> dict[str, Any]:
    """What was said before, in the fields of what is asked now."""
    packed = ratings.translated(annotation.ratings, annotation.rubric.attributes, places, response_count)
    fields: dict[str, Any] = {field_name(at): value for at, value in enumerate(packed) if value is not None}
    return fields | {"comment": annotation.comment, "neither_valid": annotation.neither_valid}


def turns(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A response as turns, whether it is one text or several messages."""
    if "messages" in response:
        return [turn(message) for message in response["messages"]]
    return [{"role": "assistant", "content": response.get("text", ""), "thinking": response.get("thinking", "")}]


def turn(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role": message.get("role", ""),
        "name": message.get("name", ""),
        "content": message.get("content") or "",
        "thinking": message.get("thinking", ""),
        "tool_calls_text": _as_text(message.get("tool_calls")),
    }


def _as_text(given: Any) -> str:
    return json.dumps(given, indent=2, ensure_ascii=False) if given else ""


def last_submission(annotator: Annotator, at: datetime) -> dict[str, Any] | None:
    """The person's latest submission while it can be corrected."""
    last = (
        annotator.assignments.filter(finished_at__gt=at - CORRECTABLE_FOR, state__in=["submitted", "late"])
        .select_related("sample__project")
        .order_by("-finished_at")
        .first()
    )
    if last is None or last.finished_at is None or why_not_correctable(last, at):
        return None
    left = CORRECTABLE_FOR - (at - last.finished_at)
    return {
        "pk": last.pk,
        "seconds_left": int(left.total_seconds()),
        "url": reverse("annotation:correct", args=[last.pk]),
    }


def progress(annotator: Annotator, at: datetime) -> dict[str, Any]:
    """How much this person did today (UTC)."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    # By the end of the assignment, which the index assignment_history knows: what was done before today costs nothing.
    today = Annotation.objects.filter(
        assignment__annotator=annotator, assignment__finished_at__gte=midnight, revision=1
    ).values_list("active_seconds", flat=True)
    seconds = [value or 0 for value in today]
    return {"today": len(seconds), "active_minutes": round(sum(seconds) / 60)}


def guideline(project: Project) -> list[dict[str, str]]:
    """The attributes as the guideline panel lists them."""
    return [
        {"title": place.title, "description": place.attribute.get("description", "")}
        for place in ratings.layout(project.rubric.attributes, 1)
    ]
