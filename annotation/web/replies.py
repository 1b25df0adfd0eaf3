"""What an answer, a correction and a skip are answered with: a word for the page's script, which has shown the next sample
already, or a card.

The word is the same whatever became of the sample, so that it betrays nothing.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from annotation.models import Assignment
from annotation.ratings import RatingsRefused
from annotation.web import answers, cards, pages, training


def kept(request: HttpRequest, assignment: Assignment, *, counted: bool = True) -> HttpResponse:
    """It is stored; what came too late to count says so."""
    title = _("Kept, too late to count")
    late = _("Your time for this sample was over and its places were taken. It is kept and credited, but not counted.")
    if _wants_a_word(request):
        return JsonResponse({"kept": True} if counted else {"kept": True, "late": late})
    if not counted:
        return pages.card(request, assignment.annotator, cards.notice(late, title=title))
    shown = training.card_after(assignment) or pages.next_card(assignment.annotator)
    return pages.card(request, assignment.annotator, shown)


def refused(request: HttpRequest, assignment: Assignment, said: str, *, title: str = "") -> HttpResponse:
    """It was not stored, and sending it again would change nothing."""
    if _wants_a_word(request):
        return JsonResponse({"detail": said}, status=409)
    return pages.card(request, assignment.annotator, cards.notice(said, title=title), status=409)


def unfinished(request: HttpRequest, assignment: Assignment, refusal: RatingsRefused, **more: Any) -> HttpResponse:
    """The same card with what was said and, beside each question, what is missing."""
    if _wants_a_word(request):
        return JsonResponse({"problems": refusal.problems}, status=422)
    shown = answers.rubric_shown(request, assignment)
    card = cards.work(assignment, given=request.POST.dict(), problems=refusal.problems, rubric=shown, **more)
    return pages.card(request, assignment.annotator, card, status=422)


def _wants_a_word(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"
