"""A card as an answer to a request: alone for the page's script, in the whole page for a browser without one."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from annotation.models import Annotator
from annotation.services import claiming, returned, standing
from annotation.services.claiming import NotClaimable
from annotation.web import asking, cards, guideline_panel, refusals, training
from annotation.web.cards import Card
from annotation.web.progress import progress


def next_card(annotator: Annotator) -> Card:
    """The sample in hand, or else the next one; or what stands before it, or why there is none."""
    if before := training.card_before(annotator):
        return before
    now = timezone.now()
    try:
        assignment = claiming.claim_next(annotator=annotator, at=now)
    except NotClaimable as refusal:
        return refusals.card(refusal, annotator, now)
    return cards.work(assignment) if assignment else cards.nothing(now)


def card(request: HttpRequest, annotator: Annotator, shown: Card, status: int = 200) -> HttpResponse:
    if "X-Card" in request.headers:
        return fragment(request, annotator, shown, status=status)
    if request.method == "POST" and status == 200 and shown["kind"] in ("work", "nothing"):
        return redirect("annotation:annotate", slug=annotator.project.slug)
    return render(request, "annotate.html", _about(annotator, shown), status=status)


def fragment(request: HttpRequest, annotator: Annotator, shown: Card, status: int = 200) -> HttpResponse:
    return render(request, "_sample_card.html", _about(annotator, shown), status=status)


def _about(annotator: Annotator, shown: Card) -> dict[str, Any]:
    now = timezone.now()
    return {
        "project": annotator.project,
        "card": shown,
        "guideline": guideline_panel.panel(annotator),
        "unread_reply": asking.unread_reply(annotator) if shown["kind"] == "work" else None,
        "last_submission": cards.last_submission(annotator, now),
        "progress": progress(annotator, now),
        "has_unread": partial(_has_unread, annotator),  # asked by the whole page alone, not by the next card
    }


def _has_unread(annotator: Annotator) -> bool:
    return standing.has_unread(annotator) or returned.has_unread(annotator)
