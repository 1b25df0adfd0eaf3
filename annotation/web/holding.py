"""What the page's script asks for beside the work: the sample ahead, more time, keeping a draft, giving a sample back."""

from contextlib import suppress

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from annotation.services import claiming, drafts, leases
from annotation.services.claiming import NotClaimable
from annotation.services.drafts import DraftRefused
from annotation.services.leases import LeaseGone
from annotation.web import cards, forms, pages
from annotation.web.access import annotator_for, assignment_for

# Fields of the form that are no part of what somebody says.
BESIDE_THE_ANSWER = {"csrfmiddlewaretoken", "client_key", "saves", "of_revision"}


@login_required
@require_POST
def ahead(request: HttpRequest, slug: str) -> HttpResponse:
    """The card of the sample after the one in hand; 204 when there is none."""
    annotator = annotator_for(request, slug)
    try:
        assignment = claiming.claim_ahead(annotator=annotator, at=timezone.now())
    except NotClaimable:  # the page says why when the sample in hand is done
        return HttpResponse(status=204)
    if assignment is None:
        return HttpResponse(status=204)
    return pages.fragment(request, annotator, cards.work(assignment))


@login_required
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a sample while its page is open; taken again where its time had run out and its place is still free."""
    now = timezone.now()
    try:
        until = leases.hold(assignment=assignment_for(request, pk), at=now)
    except LeaseGone as gone:
        return JsonResponse({"detail": str(gone)}, status=409)
    return JsonResponse({"seconds": int((until - now).total_seconds())})


@login_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the sample ahead back unread. Once is enough: a second time changes nothing."""
    with suppress(LeaseGone):
        leases.release(assignment=assignment_for(request, pk), at=timezone.now())
    return HttpResponse(status=204)


@login_required
@require_POST
def keep_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what somebody has chosen and typed so far; answers with the number of saves that is stored now."""
    assignment = assignment_for(request, pk)
    saves, revision = forms.number(request, "saves"), forms.number(request, "of_revision")
    if not isinstance(saves, int) or not isinstance(revision, int) or min(saves, revision) < 1:
        return JsonResponse({"detail": "A draft says how often it was saved and of which revision it is."}, status=400)
    fields = {name: forms.text(request, name, longest=20_000) for name in request.POST if name not in BESIDE_THE_ANSWER}
    try:
        stored = drafts.keep(assignment=assignment, fields=fields, of_revision=revision, saves=saves, at=timezone.now())
    except DraftRefused as refusal:
        return JsonResponse({"detail": str(refusal)}, status=409)
    return JsonResponse({"saves": stored})
