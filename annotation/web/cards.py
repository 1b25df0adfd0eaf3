"""What the annotator's card shows, as plain dictionaries: the template draws them and decides nothing."""

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
from annotation.web import questions, reading

# One key a reason: the letters are the ones that the words begin with.
SKIP_KEYS = dict(zip(Assignment.SkipReason, "plkibr", strict=True))
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
    asked = [questions.question(at, place, assignment, given, problems or {}) for at, place in enumerate(places)]
    action = "annotation:correct" if correcting else "annotation:submit"
    return {
        "kind": "work",
        "rubric": rubric.version,
        "assignment": {"pk": assignment.pk, "lease_minutes": assignment.annotator.project.lease_minutes},
        "conversation": [reading.turn(message) for message in showing.conversation(content)],
        "tools_text": reading.as_text(content.tools),
        "responses": [
            {
                "letter": ascii_uppercase[shown],
                "turns": reading.turns(response),
                "groups": [q for q, place in zip(asked, places, strict=True) if place.response == canonical],
            }
            for shown, (canonical, response) in enumerate(
                zip(assignment.shown_order, showing.responses_as_shown(assignment), strict=True)
            )
        ],
        "comparisons": [q for q, place in zip(asked, places, strict=True) if place.response is None],
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


def _fields_of(annotation: Annotation, places: Sequence[ratings.Place], response_count: int) -> dict[str, Any]:
    """What was said before, in the fields of what is asked now."""
    packed = ratings.translated(annotation.ratings, annotation.rubric.attributes, places, response_count)
    fields: dict[str, Any] = {questions.field_name(at): value for at, value in enumerate(packed) if value is not None}
    return fields | {"comment": annotation.comment, "neither_valid": annotation.neither_valid}


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
