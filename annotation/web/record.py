"""A person's own page: what they were told and may answer, their figures, their gold and pay, and the way out."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Annotator, Notice
from annotation.services import standing
from annotation.services.people import ReasonMissing
from annotation.services.standing import NotPossible
from annotation.web import beside, forms, gold, pay
from annotation.web.person import figures_of, notice_of, standing_of

LONGEST = 5000


@login_required
@require_GET
def record(request: HttpRequest, slug: str) -> HttpResponse:
    """My record. What is shown is read from then on."""
    me = _me(request, slug)
    page = _page(request, me)
    standing.mark_read(annotator=me, at=timezone.now())
    return page


@login_required
@require_POST
def answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say something to a notice of one's own."""
    me = _me(request, slug)
    notice = get_object_or_404(Notice.objects.exclude(kind=Notice.Kind.PROPOSAL), pk=pk, annotator=me)
    text = forms.text(request, "answer", longest=LONGEST)
    try:
        standing.answer(notice=notice, text=text, at=timezone.now())
    except (ReasonMissing, NotPossible) as refusal:
        return _page(request, me, error=str(refusal))
    messages.success(request, _("An admin reads it. The reply will stand here."))
    return redirect("annotation:record", slug)


@login_required
@require_POST
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Leave the project. The work stays, and what one wants to say goes to the admins."""
    me = _me(request, slug)
    if "confirmed" not in request.POST:
        return _page(request, me, error=_("Tick that you want to leave, and press the button again."))
    try:
        standing.leave(annotator=me, at=timezone.now(), message=forms.text(request, "message", longest=LONGEST))
    except NotPossible as refusal:
        return _page(request, me, error=str(refusal))
    messages.success(request, _("You have left the project. What you did is credited."))
    return redirect("annotation:record", slug)


def _me(request: HttpRequest, slug: str) -> Annotator:
    """Whom this account is in the project, also when it has no role there any more: the reason can still be read."""
    mine = Annotator.objects.select_related("project", "user", "figures").filter(user=request.user.pk)
    me = mine.filter(project__slug=slug).first()
    if me is None:
        raise Http404(f"You do not annotate in {slug!r}.")
    return me


def _page(request: HttpRequest, me: Annotator, *, error: str = "") -> HttpResponse:
    at = timezone.now()
    context: dict[str, Any] = {
        "project": me.project,
        "me": {"name": me.external_id, **standing_of(me, at), "skills_text": ", ".join(me.skills), "cap": me.cap},
        "figures": figures_of(me),
        "enough": beside.ENOUGH,
        "notices": [notice_of(notice) for notice in standing.notices_for(me)],
        "gold": gold.section(me, at=at),
        "pay": pay.section(me, at=at),
        "errors": [error] if error else [],
        "posted": request.POST.dict() if error else {},
    }
    return render(request, "record.html", context, status=422 if error else 200)
