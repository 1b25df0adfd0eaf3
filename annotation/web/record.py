"""A person's own page: what they were told and may answer, their figures, their gold and pay, and the way out."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Annotator, Notice
from annotation.services import questions, returned, standing
from annotation.services.people import ReasonMissing
from annotation.services.standing import NotPossible
from annotation.web import asking, beside, came_back, forms, gold, pay, progress, sensitive
from annotation.web.access import oneself_in
from annotation.web.person import figures_of, notice_of, standing_of

LONGEST = 5000


@login_required
@require_GET
def record(request: HttpRequest, slug: str) -> HttpResponse:
    """My record. What is shown is read from then on."""
    me = oneself_in(request, slug)
    page = _page(request, me)
    standing.mark_read(annotator=me, at=timezone.now())
    questions.mark_read(annotator=me, at=timezone.now())
    returned.mark_read(annotator=me, at=timezone.now())
    return page


@login_required
@require_POST
def answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say something to a notice of one's own."""
    me = oneself_in(request, slug)
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
    me = oneself_in(request, slug)
    if "confirmed" not in request.POST:
        return _page(request, me, error=_("Tick that you want to leave, and press the button again."))
    try:
        standing.leave(annotator=me, at=timezone.now(), message=forms.text(request, "message", longest=LONGEST))
    except NotPossible as refusal:
        return _page(request, me, error=str(refusal))
    messages.success(request, _("You have left the project. What you did is credited."))
    return redirect("annotation:record", slug)


def _page(request: HttpRequest, me: Annotator, *, error: str = "") -> HttpResponse:
    at = timezone.now()
    context: dict[str, Any] = {
        "project": me.project,
        "me": {
            "name": me.external_id,
            **standing_of(me, at),
            "skills_text": ", ".join(sensitive.other_skills(me)),
            "cap": me.cap,
        },
        "progress": progress.section(me, at),
        "figures": figures_of(me),
        "enough": beside.ENOUGH,
        "notices": [notice_of(notice) for notice in standing.notices_for(me)],
        "asked": asking.section(me),
        "came_back": came_back.section(me, at=at),
        "gold": gold.section(me, at=at),
        "sensitive": sensitive.section(me),
        "pay": pay.section(me, at=at),
        "errors": [error] if error else [],
        "posted": request.POST.dict() if error else {},
    }
    return render(request, "record.html", context, status=422 if error else 200)
