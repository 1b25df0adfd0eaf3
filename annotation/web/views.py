"""The annotator's pages: translate in, one service call, translate out."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from annotation.models import Assignment, Membership, ProjectFigures
from annotation.ratings import RatingsRefused
from annotation.services import leases, submission
from annotation.services.leases import LeaseGone
from annotation.services.submission import AlreadySubmitted, NotCorrectable
from annotation.web import answers, cards, guideline_panel, pages, replies, waiting
from annotation.web.access import account, annotator_for, assignment_for, may_make_projects
from annotation.web.even_time import in_even_time


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The projects that this account has a part in."""
    mine = Membership.objects.filter(user=request.user.pk).select_related("project").order_by("project__title", "role")
    figures = ProjectFigures.objects.filter(project__memberships__in=mine).distinct().in_bulk()
    begins = guideline_panel.beginnings(membership.project_id for membership in mine)
    own = waiting.own(account(request), timezone.now())
    rows = [
        (
            membership,
            waiting.text_for(membership, figures.get(membership.project_id)),
            begins.get(membership.project_id),
            own.get(membership.project_id),
        )
        for membership in mine
    ]
    return render(request, "home.html", {"memberships": rows, "may_make_projects": may_make_projects(request)})


@login_required
@require_GET
def annotate(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim the next sample (or resume the one in hand) and show it."""
    annotator = annotator_for(request, slug)
    return pages.card(request, annotator, pages.next_card(annotator))


@in_even_time
@login_required
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an annotation and answer with the next sample."""
    assignment = assignment_for(request, pk)
    if request.method != "POST":  # after logging in again
        return redirect("annotation:annotate", slug=assignment.annotator.project.slug)
    try:
        receipt = submission.submit(assignment_id=pk, answer=answers.answer(request, assignment), at=timezone.now())
    except RatingsRefused as refusal:
        return replies.unfinished(request, assignment, refusal)
    except AlreadySubmitted:
        said = _(
            "You answered or skipped it, perhaps in another tab. What was stored then stands; this was not stored."
        )
        return replies.refused(request, assignment, said, title=_("You have had this sample already"))
    return replies.kept(request, assignment, counted=receipt.counted)


@in_even_time
@login_required
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one's own answer to be corrected, or take the correction."""
    assignment = assignment_for(request, pk)
    if request.method == "POST":
        return _corrected(request, assignment)
    if refusal := submission.why_not_correctable(assignment, timezone.now()):
        return replies.refused(request, assignment, refusal)
    current = assignment.annotations.get(is_current=True)
    return pages.card(request, assignment.annotator, cards.work(assignment, correcting=current))


def _corrected(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    try:
        submission.correct(assignment_id=assignment.pk, answer=answers.answer(request, assignment), at=timezone.now())
    except RatingsRefused as refusal:
        current = assignment.annotations.get(is_current=True)
        return replies.unfinished(request, assignment, refusal, correcting=current)
    except NotCorrectable as refusal:
        return replies.refused(request, assignment, str(refusal))
    return replies.kept(request, assignment)


@in_even_time
@login_required
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Decline a sample with a reason and answer with the next one."""
    assignment = assignment_for(request, pk)
    if request.method != "POST":  # after logging in again
        return redirect("annotation:annotate", slug=assignment.annotator.project.slug)
    try:
        leases.skip(assignment=assignment, reason=request.POST.get("reason", ""), at=timezone.now())
    except (LeaseGone, ValueError) as refusal:
        if assignment.state != Assignment.State.SKIPPED:  # sent twice, because the first answer was lost: kept
            return replies.refused(request, assignment, str(refusal))
    return replies.kept(request, assignment)
