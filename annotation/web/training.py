"""What a newcomer's way shows beside samples: what was right in training, what the test is before it begins, how it went."""

from contextlib import suppress
from string import ascii_uppercase
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from annotation.models import Annotator, Assignment
from annotation.services import claiming, qualification, showing, training
from annotation.services.claiming import NotClaimable
from annotation.services.training import AS_KNOWN, LEFT_OPEN, NEAR, NOT_COMPARED, Feedback, Told
from annotation.web import questions, reading
from annotation.web.access import annotator_for

Card = dict[str, Any]


@login_required
@require_POST
def begin_test(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand out the first sample of the test; the page then shows it, or why there is none."""
    with suppress(NotClaimable):  # the page says why
        claiming.claim_next(annotator=annotator_for(request, slug), at=timezone.now())
    return redirect("annotation:annotate", slug=slug)


def card_before(annotator: Annotator) -> Card | None:
    """What stands before the next sample: the test that has not begun, or was not passed. None: the next sample."""
    if annotator.is_qualified:
        return None
    if qualification.may_begin(annotator):
        project = annotator.project
        return {"kind": "test", "of": project.test_size, "needed": _percent(project.pass_mark or 0.0)}
    return _result(annotator) if annotator.project.test_size is not None else None


def card_after(assignment: Assignment) -> Card | None:
    """What an answer is followed by before the next sample: what was right in training, how the test went. None: the next."""
    annotator = assignment.annotator
    if training.is_training(assignment):
        return feedback(assignment) if assignment.annotations.exists() else None
    if annotator.is_qualified or not assignment.is_gold:
        return None  # without a further look at the database: nobody is to know which of the others was gold
    annotator.refresh_from_db(fields=["tested_at", "is_qualified"])
    assignment.refresh_from_db(fields=["finished_at"])
    is_last = annotator.tested_at and assignment.finished_at and annotator.tested_at <= assignment.finished_at
    return _result(annotator) if is_last else None


def stands_at(assignment: Assignment) -> Card:
    """Where on the way this sample stands: `training` and `test`, each {"at", "of"} or None; `waits`: the page shows what the
    answer brings before it goes on."""
    annotator = assignment.annotator
    at = training.progress(annotator) if training.is_training(assignment) else None
    in_test = at is None and not annotator.is_qualified and assignment.is_gold and qualification.is_in_test(annotator)
    test = {"at": qualification.at_sample(annotator), "of": annotator.project.test_size} if in_test else None
    return {"training": {"at": at.at, "of": at.of} if at else None, "test": test, "waits": bool(at or test)}


def feedback(assignment: Assignment) -> Card:
    """The card right after a training sample."""
    annotator = assignment.annotator
    return {
        "kind": "feedback",
        "feedback": told(training.feedback(assignment)),
        "training": vars(training.progress(annotator)),
        "is_last": not training.is_in_training(annotator),
        "test_follows": qualification.may_begin(annotator),
        **sensitive(assignment),
    }


def sensitive(assignment: Assignment) -> Card:
    """Whether the texts are covered until they are opened, and what it is in a word; empty when nobody said."""
    word = assignment.sample.content.sensitive
    return {"is_sensitive": bool(word), "sensitive_word": "" if word == "sensitive" else word}


def told(given: Feedback) -> Card:
    """One training sample as components/_told.html shows it."""
    assignment = given.assignment
    return {
        "pk": assignment.pk,
        "at": assignment.finished_at,
        "scales": sorted((_scale(one, assignment) for one in given.told), key=lambda scale: scale["letter"] or "~"),
        "neither_valid": given.annotation.neither_valid,
        "note": given.note,
        "is_set_aside": given.known is None,
        "sensitive": sensitive(assignment),
        "dispute": getattr(assignment, "dispute", None),
        "dispute_url": reverse("annotation:dispute", args=[assignment.pk]),
        "conversation": [reading.turn(message) for message in showing.conversation(assignment.sample)],
        "responses": [
            {"letter": ascii_uppercase[at], "turns": reading.turns(response)}
            for at, response in enumerate(showing.responses_as_shown(assignment))
        ],
    }


def _scale(one: Told, assignment: Assignment) -> Card:
    """A place as a picture: the levels in the order of the card, what is known in brackets, what was said as a dot."""
    return {
        "title": one.place.title,
        "letter": questions.shown_letter(one.place, assignment) if assignment.sample.response_count > 1 else "",
        "levels": [
            {
                "label": level["label"],
                "favours": level["favours"],
                "is_known": level["value"] == one.known,
                "is_said": level["value"] == one.said,
            }
            for level in questions.levels(one.place, assignment)
        ],
        "verdict": one.verdict,
        "verdict_text": _verdict(one),
    }


def _verdict(one: Told) -> str:
    """In words, and calmly: near is within what settles people with each other."""
    if one.verdict == AS_KNOWN:
        return _("as known")
    if one.verdict == LEFT_OPEN:
        return _("left open")
    if one.verdict == NOT_COMPARED:
        return _("not asked in the same way")
    if one.steps is None:
        return _("another than known")
    apart = ngettext("%(count)d off", "%(count)d off", one.steps) % {"count": one.steps}
    words = {1: _("one off"), 2: _("two off"), 3: _("three off")}.get(one.steps, apart)
    return _("%(apart)s, near enough") % {"apart": words} if one.verdict == NEAR else words


def _result(annotator: Annotator) -> Card | None:
    """How the test went and what follows."""
    result = qualification.last_result(annotator)
    if result is None:
        return None
    qualification.mark_told(annotator, at=timezone.now())
    return {
        "kind": "test_result",
        "is_passed": result.is_passed,
        "right": _percent(result.right),
        "needed": _percent(result.needed),
        "count": result.count,
        "shows_gold": annotator.project.shows_gold_accuracy,
    }


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"
