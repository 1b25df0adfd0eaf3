"""What the annotator's card shows, as plain dictionaries: the template draws them and decides nothing."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from string import ascii_uppercase
from typing import Any

from django.urls import reverse

from annotation.models import Annotation, Annotator, Assignment, Draft, Rubric
from annotation.services import drafts, governing, returned, showing
from annotation.services.submission import CORRECTABLE_FOR, why_not_correctable
from annotation.web import fields, questions, reading, training

# One key a reason: the letters are the ones that the words begin with.
SKIP_KEYS = dict(zip(Assignment.SkipReason, "plkibr", strict=True))
LOOKED_AT_AGAIN = 20  # seconds
Card = dict[str, Any]


def nothing(at: datetime) -> Card:
    """Nothing is left for this person; the page looks again by itself."""
    return {"kind": "nothing", "looked_at": at, "again": LOOKED_AT_AGAIN}


def notice(
    text: str, *, title: str = "", icon: str = "info", looked_at: datetime | None = None, again: int = 0
) -> Card:
    """A sentence in place of a sample. `again`: after how many seconds the page looks again by itself; 0 not at all."""
    return {"kind": "notice", "notice": text, "title": title, "icon": icon, "looked_at": looked_at, "again": again}


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
    revision = correcting.revision + 1 if correcting else 1
    draft = drafts.of(assignment, revision)
    given = given or _written(draft, rubric) or _said_before(correcting, rubric)
    asked = questions.asked(assignment, rubric, given, problems or {})
    return {
        "kind": "work",
        "rubric": rubric.version,
        "assignment": {"pk": assignment.pk, "lease_seconds": 60 * assignment.annotator.project.lease_minutes},
        "revision": revision,
        "saves": draft.saves if draft else 0,
        "conversation": [reading.turn(message) for message in showing.conversation(assignment.sample)],
        "tools": reading.tools(content.tools),
        "responses": [
            {
                "letter": ascii_uppercase[shown],
                "turns": reading.turns(response),
                "groups": asked[canonical],
            }
            for shown, (canonical, response) in enumerate(
                zip(assignment.shown_order, showing.responses_as_shown(assignment), strict=True)
            )
        ],
        "comparisons": asked[None],
        "asks_words": any(question["kind"] == "words" for question in asked[None]),
        "allows_neither": any(attribute["scope"] == "comparison" for attribute in rubric.attributes),
        "neither_valid": bool(given.get("neither_valid")),
        "comment": given.get("comment", ""),
        "client_key": given.get("client_key") or uuid.uuid4().hex,
        "active_seconds": given.get("active_seconds", 0),
        **_addresses(assignment, is_correction=correcting is not None),
        **training.stands_at(assignment),
        **training.sensitive(assignment),
        "skip_reasons": [
            {"value": reason.value, "label": reason.label, "key": SKIP_KEYS[reason]} for reason in Assignment.SkipReason
        ],
        "correcting": correcting is not None,
        "came_back": returned.look_at(assignment) if correcting else None,
        "errors": list((problems or {}).values()),
    }


def _addresses(assignment: Assignment, *, is_correction: bool) -> dict[str, str]:
    """Where the forms and the script of the card go. What is corrected is nobody's lease any more."""

    def address(name: str) -> str:
        return reverse(f"annotation:{name}", args=[assignment.pk])

    held = {} if is_correction else {f"{name}_url": address(name) for name in ("skip", "renew", "release")}
    return {
        "submit_url": address("correct" if is_correction else "submit"),
        "correct_url": address("correct"),
        "draft_url": address("draft"),
        **held,
    }


def _written(draft: Draft | None, rubric: Rubric) -> Mapping[str, Any] | None:
    """The fields of a draft. Those of another version of the rubric are other questions."""
    return draft.fields if draft and draft.fields.get("rubric") == str(rubric.version) else None


def _said_before(annotation: Annotation | None, rubric: Rubric) -> Mapping[str, Any]:
    """What was said before, in the fields of what is asked now."""
    if annotation is None:
        return {}
    said = fields.of_annotation(annotation, rubric, annotation.assignment.shown_order)
    return said | {"comment": annotation.comment, "neither_valid": annotation.neither_valid}


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
