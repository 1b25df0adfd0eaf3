"""The annotator's pages: translate in, one service call, translate out."""

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation import ratings
from annotation.models import Annotator, Assignment, Membership, Project, ProjectFigures, Rubric
from annotation.ratings import RatingsRefused
from annotation.services import claiming, governing, leases, showing, standing, submission
from annotation.services.claiming import NotClaimable
from annotation.services.leases import LeaseGone
from annotation.services.submission import AlreadySubmitted, Answer, NotCorrectable
from annotation.web import cards, forms, questions, waiting
from annotation.web.access import annotator_for, assignment_for
from annotation.web.cards import Card


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The projects that this account has a part in."""
    mine = Membership.objects.filter(user=request.user.pk).select_related("project").order_by("project__title", "role")
    figures = ProjectFigures.objects.filter(project__memberships__in=mine).distinct().in_bulk()
    rows = [(membership, waiting.text_for(membership, figures.get(membership.project_id))) for membership in mine]
    return render(request, "home.html", {"memberships": rows})


@login_required
@require_GET
def annotate(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim the next sample (or resume the one in hand) and show it."""
    annotator = annotator_for(request, slug)
    return render(request, "annotate.html", _page(annotator, _next_card(annotator)))


@login_required
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an annotation and answer with the next sample."""
    assignment = assignment_for(request, pk)
    if request.method != "POST":  # after logging in again
        return redirect("annotation:annotate", slug=assignment.annotator.project.slug)
    try:
        answer = _answer(request, assignment)
        receipt = submission.submit(assignment_id=pk, answer=answer, at=timezone.now())
    except RatingsRefused as refusal:
        return _again(request, assignment, refusal)
    except AlreadySubmitted:
        said = _(
            "You answered or skipped it, perhaps in another tab. What was stored then stands; this was not stored."
        )
        notice = cards.notice(said, title=_("You have had this sample already"))
        return _card(request, assignment.annotator, notice, status=409)
    if not receipt.counted:
        said = _(
            "Your time for this sample was over and its places were taken. It is kept and credited, but not counted."
        )
        return _card(request, assignment.annotator, cards.notice(said, title=_("Kept, too late to count")))
    return _card(request, assignment.annotator, _next_card(assignment.annotator))


@login_required
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one's own answer to be corrected, or take the correction."""
    assignment = assignment_for(request, pk)
    if refusal := submission.why_not_correctable(assignment, timezone.now()):
        return _card(request, assignment.annotator, cards.notice(refusal), status=409)
    current = assignment.annotations.get(is_current=True)
    if request.method != "POST":
        return _card(request, assignment.annotator, cards.work(assignment, correcting=current))
    try:
        submission.correct(assignment_id=pk, answer=_answer(request, assignment), at=timezone.now())
    except RatingsRefused as refused:
        return _again(request, assignment, refused, correcting=current)
    except NotCorrectable as refused:
        return _card(request, assignment.annotator, cards.notice(str(refused)), status=409)
    return _card(request, assignment.annotator, _next_card(assignment.annotator))


@login_required
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Decline a sample with a reason and answer with the next one."""
    assignment = assignment_for(request, pk)
    if request.method != "POST":  # after logging in again
        return redirect("annotation:annotate", slug=assignment.annotator.project.slug)
    try:
        leases.skip(assignment=assignment, reason=request.POST.get("reason", ""), at=timezone.now())
    except (LeaseGone, ValueError) as refusal:
        return _card(request, assignment.annotator, cards.notice(str(refusal)), status=409)
    return _card(request, assignment.annotator, _next_card(assignment.annotator))


@login_required
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the sample in hand while its page is open."""
    try:
        leases.renew(assignment=assignment_for(request, pk), at=timezone.now())
    except LeaseGone as gone:
        return HttpResponse(str(gone), status=409, content_type="text/plain")
    return HttpResponse(status=204)


def _next_card(annotator: Annotator) -> Card:
    try:
        assignment = claiming.claim_next(annotator=annotator, at=timezone.now())
    except NotClaimable as refusal:
        return cards.notice(str(refusal))
    return cards.work(assignment) if assignment else cards.nothing()


def _shown(request: HttpRequest, assignment: Assignment) -> Rubric:
    """The version of the rubric that the posted form shows: its fields are places, and mean nothing without it."""
    version = forms.number(request, "rubric")
    if isinstance(version, int) and (shown := assignment.sample.project.rubrics.filter(version=version).first()):
        return shown
    return governing.rubric_for(assignment)


def _answer(request: HttpRequest, assignment: Assignment) -> Answer:
    """The posted form as an answer. A value that is no number is passed on, for the service to refuse by name."""
    rubric = _shown(request, assignment)
    places = ratings.layout(rubric.attributes, assignment.sample.response_count)
    ids = showing.blind_ids(assignment.sample)
    neither = "neither_valid" in request.POST
    given = [
        {"attribute": place.name, "response": None if place.response is None else ids[place.response], "value": value}
        for at, place in enumerate(places)
        if not neither and (value := forms.number(request, questions.field_name(at))) is not None
    ]
    seconds = forms.number(request, "active_seconds")
    return Answer(
        given=given,
        client_key=forms.text(request, "client_key", longest=64) or f"plain-{assignment.pk}",
        neither_valid=neither,
        comment=forms.text(request, "comment", longest=20_000),
        active_seconds=seconds if isinstance(seconds, int) and 0 <= seconds < 86_400 else None,
        rubric=rubric.version,
    )


def _again(request: HttpRequest, assignment: Assignment, refusal: RatingsRefused, **more: Any) -> HttpResponse:
    """The same card with what was said and, beside each question, what is missing."""
    shown = _shown(request, assignment)
    card = cards.work(assignment, given=request.POST.dict(), problems=refusal.problems, rubric=shown, **more)
    return _card(request, assignment.annotator, card, status=422)


def _card(request: HttpRequest, annotator: Annotator, card: Card, status: int = 200) -> HttpResponse:
    """The card alone for the page's script; the whole page for a browser without one."""
    if "HX-Request" in request.headers:
        return render(request, "_sample_card.html", _page(annotator, card), status=status)
    if request.method == "POST" and status == 200 and card["kind"] != "notice":
        return redirect("annotation:annotate", slug=annotator.project.slug)
    return render(request, "annotate.html", _page(annotator, card), status=status)


def _page(annotator: Annotator, card: Card) -> dict[str, Any]:
    project: Project = annotator.project
    now = timezone.now()
    return {
        "project": project,
        "card": card,
        "guideline": cards.guideline(project),
        "last_submission": cards.last_submission(annotator, now),
        "progress": cards.progress(annotator, now),
        "has_unread": partial(standing.has_unread, annotator),  # asked by the whole page alone, not by the next card
    }
