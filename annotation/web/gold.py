"""A person's own answers to gold samples, as the record of their work shows them, and their word against them."""

from datetime import datetime
from string import ascii_uppercase
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation import ratings
from annotation.models import Annotator, Assignment
from annotation.services import disputes, qualification, showing
from annotation.services import training as teaching
from annotation.services.disputes import DisputeRefused, GoldResult
from annotation.services.people import ReasonMissing
from annotation.web import forms, questions, reading, training
from annotation.web.access import assignment_for

LONGEST = 5000


def section(annotator: Annotator, *, at: datetime) -> dict[str, Any]:
    """What components/_record_gold.html shows: of gold only answers that can no longer be corrected, and what was told in
    training."""
    accuracy = disputes.told_accuracy(annotator, at=at)
    return {
        "is_shown": annotator.project.shows_gold_accuracy,
        "trained": [training.told(of_one) for of_one in teaching.answered_by(annotator)],
        "accuracy": accuracy,
        "accuracy_percent": _percent(accuracy.value),
        "low_percent": _percent(accuracy.low),
        "high_percent": _percent(accuracy.high),
        "remaining": qualification.remaining(annotator),
        "results": [_result(result) for result in disputes.results_of(annotator, at=at)],
    }


@login_required
@require_POST
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the known answer of a sample is wrong: a word for the page's script, or back to where one came from."""
    mine = assignment_for(request, pk)
    text = forms.text(request, "text", longest=LONGEST)
    wants_a_word = request.headers.get("Accept") == "application/json"
    try:
        disputes.dispute(assignment=mine, text=text, at=timezone.now())
    except (DisputeRefused, ReasonMissing) as refusal:
        if wants_a_word:
            return JsonResponse({"detail": str(refusal)}, status=409)
        messages.error(request, str(refusal))
    else:
        if wants_a_word:
            return JsonResponse({"kept": True})
        messages.success(request, _("A reviewer reads it. The reply will stand here."))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(back if is_ours else "home")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f}"


def _result(result: GoldResult) -> dict[str, Any]:
    return {
        "pk": result.assignment.pk,
        "at": result.assignment.finished_at,
        "percent": _percent(result.score),
        "sensitive": training.sensitive(result.assignment),
        "is_right": result.score == 1,
        "is_wrong": result.score == 0,
        "words": _words(result),
        "neither_valid": result.annotation.neither_valid,
        "note": result.known.note if result.known else "",
        "is_set_aside": result.known is None,
        "dispute": result.dispute,
        "dispute_url": reverse("annotation:dispute", args=[result.assignment.pk]),
        "conversation": [reading.turn(message) for message in showing.conversation(result.assignment.sample)],
        "responses": [
            {"letter": ascii_uppercase[at], "turns": reading.turns(response)}
            for at, response in enumerate(showing.responses_as_shown(result.assignment))
        ],
    }


def _words(result: GoldResult) -> list[dict[str, Any]]:
    """Place by place what is known and what this person said, under the letters that they saw."""
    if result.known is None:
        return []
    assignment, count = result.assignment, result.assignment.sample.response_count
    places = ratings.layout(result.known.rubric.attributes, count)
    said = ratings.translated(result.annotation.ratings, result.annotation.rubric.attributes, places, count)
    rows = [
        {
            "title": place.title,
            "letter": _letter(place, assignment),
            "known": questions.worded(place, known, assignment),
            "said": questions.worded(place, own, assignment),
        }
        for place, known, own in zip(places, result.known.ratings, said, strict=True)
        if known is not None
    ]
    return sorted(rows, key=lambda row: row["letter"] or "~")  # as they stood on the card; the whole sample last


def _letter(place: ratings.Place, assignment: Assignment) -> str:
    if place.response is None or assignment.sample.response_count == 1:
        return ""
    return ascii_uppercase[assignment.shown_order.index(place.response)]
