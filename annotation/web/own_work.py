"""A person's own work as they read it again: a list to scan, and one sample with what they said of it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from annotation.models import Annotation, Assignment, SecondLook
from annotation.services import own_work
from annotation.services.own_work import Place
from annotation.services.submission import CORRECTABLE_FOR, why_not_correctable
from annotation.web import forms, said, training
from annotation.web.access import oneself_in
from annotation.web.asking import beginning
from annotation.web.person import pace

State = Assignment.State
CHOICES = {
    "": _("Everything"),
    "submitted": _("Submitted"),
    "skipped": _("Skipped"),
    "late": _("Came late"),
    "set_aside": _("Set aside"),
}
WORD = {
    State.SUBMITTED: ("check", _("Submitted")),
    State.SKIPPED: ("excluded", _("Skipped")),
    State.LATE: ("waiting", _("Came late")),
    State.WITHDRAWN: ("info", _("Set aside")),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@login_required
@require_GET
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """My work, the newest first."""
    me, now = oneself_in(request, slug), timezone.now()
    kind = request.GET.get("show", "")
    kind = kind if kind in own_work.KINDS else ""
    words = forms.storable(request.GET.get("words", "")).strip()[:200]
    found = own_work.page(annotator=me, kind=kind, words=words, after=_place(request.GET.get("after", "")))
    chosen = {name: value for name, value in (("show", kind), ("words", words)) if value}
    context = {
        "project": me.project,
        "choices": [_choice(name, label, kind, words) for name, label in CHOICES.items()],
        "kind": kind,
        "words": words,
        "is_first_page": "after" not in request.GET,
        "newest_url": f"?{urlencode(chosen)}",
        "older_url": f"?{urlencode({**chosen, 'after': _as_text(found.older)})}" if found.older else "",
        "rows": [_row(assignment, now) for assignment in found.assignments],
    }
    return render(request, "own_work.html", context)


@login_required
@require_GET
def one(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What I saw and said of one sample; nothing can be changed here."""
    me = oneself_in(request, slug)
    found = own_work.one(annotator=me, pk=pk)
    if found is None:
        raise Http404(f"No work {pk} of yours in {slug!r}.")
    return render(request, "own_work_one.html", {"project": me.project, **_whole(found, timezone.now())})


def _choice(name: str, label: Any, kind: str, words: str) -> dict[str, Any]:
    asked = urlencode({key: value for key, value in (("show", name), ("words", words)) if value})
    return {"label": label, "url": f"?{asked}", "is_chosen": name == kind}


# --- one piece of work ------------------------------------------------------------------------------------------
def _row(assignment: Assignment, now: datetime) -> dict[str, Any]:
    """A line of the list. The texts of a sensitive sample are not in it."""
    annotation = _said_of(assignment)
    covered = training.sensitive(assignment)
    return {
        "pk": assignment.pk,
        "url": reverse("annotation:own-work-one", args=[assignment.annotator.project.slug, assignment.pk]),
        "at": assignment.finished_at,
        "icon": WORD[State(assignment.state)][0],
        "word": WORD[State(assignment.state)][1],
        "state": assignment.state,
        "beginning": "" if covered["is_sensitive"] else beginning(assignment.sample.content),
        **covered,
        "skipped_because": assignment.get_skip_reason_display() if assignment.skip_reason else "",
        **(_of_annotation(assignment, annotation) if annotation else {"groups": []}),
        **_correction(assignment, now),
        **_came_back(annotation),
    }


def _whole(assignment: Assignment, now: datetime) -> dict[str, Any]:
    """The sample as it was shown, beside what was said."""
    row = _row(assignment, now)
    return {"work": row, "card": training.sensitive(assignment), **said.beside_its_sample(assignment, row["groups"])}


def _said_of(assignment: Assignment) -> Annotation | None:
    return next(iter(assignment.said), None)  # type: ignore[attr-defined]  # from services.own_work


def _of_annotation(assignment: Assignment, annotation: Annotation) -> dict[str, Any]:
    seconds = annotation.active_seconds
    return {
        "groups": said.groups(assignment, annotation),
        "neither_valid": annotation.neither_valid,
        "comment": annotation.comment,
        "time_text": "" if seconds is None else pace(seconds),
        "is_corrected": annotation.revision > 1,
    }


def _came_back(annotation: Annotation | None) -> dict[str, Any]:
    """What a second look says of it, where one returned it; that one took place and let it stand is told to nobody."""
    look = getattr(annotation, "second_look", None)
    if annotation is None or look is None or look.state != SecondLook.State.RETURNED:
        return {"came_back": None}
    why_not = why_not_correctable(annotation.assignment, timezone.now())
    url = "" if why_not else reverse("annotation:correct", args=[annotation.assignment_id])
    return {"came_back": {"word": look.word, "by": look.reviewer_name, "revise_url": url, "why_not": why_not}}


def _correction(assignment: Assignment, now: datetime) -> dict[str, Any]:
    """Where it can still be corrected, and for how many minutes; empty when it cannot."""
    is_recent = assignment.finished_at is not None and now - assignment.finished_at <= CORRECTABLE_FOR
    if not is_recent or assignment.finished_at is None or why_not_correctable(assignment, now):
        return {"correct_url": ""}
    left = CORRECTABLE_FOR - (now - assignment.finished_at)
    minutes = min(CORRECTABLE_FOR // timedelta(minutes=1), max(1, -(-left // timedelta(minutes=1))))
    return {"correct_url": reverse("annotation:correct", args=[assignment.pk]), "minutes_left": minutes}


# --- where a page goes on ---------------------------------------------------------------------------------------
def _as_text(place: Place) -> str:
    return f"{(place.at - EPOCH) // MICROSECOND}-{place.pk}"


def _place(text: str) -> Place | None:
    """None for what is no place: then the list begins at the newest."""
    if not (found := re.fullmatch(r"([0-9]{1,17})-([0-9]{1,18})", text)):
        return None
    return Place(EPOCH + int(found[1]) * MICROSECOND, int(found[2]))
