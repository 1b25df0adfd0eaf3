"""A question to a reviewer: asked from the card or a page of its own; its reply, on the card and in the person's record."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from annotation.models import Annotator, Assignment, Question, SampleContent
from annotation.services import questions
from annotation.services.people import ReasonMissing
from annotation.services.questions import QuestionRefused
from annotation.web import forms
from annotation.web.access import assignment_for

LONGEST = 2_000
BEGINNING = 120  # characters of a sample, to know it again
SHOWN_AT_MOST = 50


@login_required
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask about one's own sample, which stays where it is. The page's script wants a word; a browser without one, pages."""
    mine = assignment_for(request, pk)
    if request.method != "POST":
        return _page(request, mine)
    try:
        questions.ask(assignment=mine, text=forms.text(request, "text", longest=LONGEST), at=timezone.now())
    except (QuestionRefused, ReasonMissing) as refusal:
        return _refused(request, mine, str(refusal))
    if _wants_a_word(request):
        return JsonResponse({"asked": True})
    messages.success(request, _("Asked. The reply appears on this page and in your record."))
    return redirect("annotation:annotate", slug=mine.annotator.project.slug)


def unread_reply(annotator: Annotator) -> dict[str, Any] | None:
    """What the card says of a reply that this person has not read yet."""
    found = questions.unread_reply(annotator)
    if found is None:
        return None
    url = reverse("annotation:record", args=[annotator.project.slug])
    return {"by": by_name(found), "question": Truncator(found.text).chars(BEGINNING), "url": f"{url}#questions"}


def section(annotator: Annotator) -> list[dict[str, Any]]:
    """What components/_record_questions.html shows: everything that this person asked, the newest first."""
    return [
        {
            "pk": asked.pk,
            "sample": beginning(asked.assignment.sample.content),
            "text": asked.text,
            "asked_at": asked.asked_at,
            "reply": asked.reply,
            "by": by_name(asked),
            "replied_at": asked.replied_at,
            "is_new": bool(asked.reply) and asked.read_at is None,
        }
        for asked in questions.asked_by(annotator)[:SHOWN_AT_MOST]
    ]


def beginning(content: SampleContent) -> str:
    """The first words of what the user said last, by which a person knows a sample again."""
    said = [message.get("content") for message in content.messages if message.get("role") == "user"]
    last = said[-1] if said else ""
    return Truncator(last if isinstance(last, str) else "").chars(BEGINNING)


def by_name(asked: Question) -> str:
    return asked.replied_by.get_username() if asked.replied_by else ""


def _page(request: HttpRequest, mine: Assignment, *, error: str = "") -> HttpResponse:
    context = {
        "project": mine.annotator.project,
        "assignment": mine,
        "sample": beginning(mine.sample.content),
        "text": request.POST.get("text", ""),
        "errors": [error] if error else [],
    }
    return render(request, "ask.html", context, status=409 if error else 200)


def _refused(request: HttpRequest, mine: Assignment, said: str) -> HttpResponse:
    return JsonResponse({"detail": said}, status=409) if _wants_a_word(request) else _page(request, mine, error=said)


def _wants_a_word(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"
