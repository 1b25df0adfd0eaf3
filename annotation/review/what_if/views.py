"""The pages of what-ifs: reviewers and admins ask, admins apply. Translate in, one service call, translate out."""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.models import Membership, Project, WhatIf
from annotation.review.what_if import forms as what_if_forms
from annotation.review.what_if import page as pages
from annotation.review.what_if.forms import Fields
from annotation.services import what_if
from annotation.services.people import ReasonMissing
from annotation.services.projects import ChangeRefused
from annotation.services.what_if import WhatIfRefused
from annotation.web import forms
from annotation.web.access import STAFF, account, is_admin, project_for

ADMINS: set[str] = {Membership.Role.ADMIN}


@login_required
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """The form, filled in with the policy in force (`?like=7`: with what was asked then); posted, the question."""
    project = project_for(request, slug, STAFF)
    if request.method == "GET":
        return _form(request, project, _to_begin_with(request, project))
    candidates = what_if_forms.posted_fields(request.POST.dict()) or [pages.in_force(project)]
    match request.POST.get("action", "").partition("-"):
        case ("another", *_rest):
            return _form(request, project, [*candidates, candidates[-1]][: what_if.MOST])
        case ("without", "-", at) if len(candidates) > 1 and at.isdecimal():
            return _form(request, project, [one for place, one in enumerate(candidates) if str(place) != at])
    return _asked(request, project, candidates)


def _asked(request: HttpRequest, project: Project, candidates: Sequence[Fields]) -> HttpResponse:
    read = [what_if_forms.content_of(fields, project) for fields in candidates]
    if problems := what_if_forms.numbered([problems for _content, problems in read]):
        return _form(request, project, candidates, errors=problems)
    contents = [content for content, _problems in read]
    try:
        row = what_if.request(project=project, candidates=contents, by=account(request), at=timezone.now())
    except (WhatIfRefused, ChangeRefused) as refusal:
        return _form(request, project, candidates, errors=[str(refusal)])
    return redirect("annotation:what-if-one", project.slug, row.pk)


@login_required
@require_GET
def one(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One question: how far it has come, or its answer."""
    project = project_for(request, slug, STAFF)
    return _result(request, project, _row(project, pk))


@login_required
@require_POST
def cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = project_for(request, slug, STAFF)
    what_if.cancel(what_if=_row(project, pk), at=timezone.now())
    return redirect("annotation:what-if-one", slug, pk)


@login_required
@require_POST
def apply(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Write a candidate as the next version of the policy."""
    project = project_for(request, slug, ADMINS)
    row = _row(project, pk)
    reason, chosen = forms.text(request, "reason", longest=1000), forms.number(request, "candidate")
    try:
        policy = what_if.apply(
            what_if=row,
            candidate=chosen if isinstance(chosen, int) else -1,
            by=account(request),
            at=timezone.now(),
            reason=reason,
            at_once="at_once" in request.POST,
        )
    except (WhatIfRefused, ChangeRefused, ReasonMissing) as refusal:
        return _result(request, project, row, errors=[str(refusal)], posted={"reason": reason, "candidate": chosen})
    messages.success(request, _("Policy %(version)d is in force.") % {"version": policy.version})
    return redirect("annotation:what-if-one", slug, pk)


def _to_begin_with(request: HttpRequest, project: Project) -> list[Fields]:
    number = forms.as_number(request.GET.get("like", ""))
    before = project.what_ifs.filter(pk=number).first() if isinstance(number, int) else None
    return pages.like(before, project) if before else [pages.in_force(project)]


def _row(project: Project, pk: int) -> WhatIf:
    rows = WhatIf.objects.select_related("policy", "applied_as", "requested_by", "project")
    return get_object_or_404(rows, project=project, pk=pk)


def _form(
    request: HttpRequest, project: Project, candidates: Sequence[Fields], *, errors: Sequence[str] = ()
) -> HttpResponse:
    context = pages.form_page(project, candidates, is_admin=is_admin(request, project)) | {"errors": errors}
    return render(request, "review/what_if.html", context, status=422 if errors else 200)


def _result(
    request: HttpRequest,
    project: Project,
    row: WhatIf,
    *,
    errors: Sequence[str] = (),
    posted: dict[str, object] | None = None,
) -> HttpResponse:
    context = pages.result_page(row, project, is_admin=is_admin(request, project))
    context |= {"errors": errors, "posted": posted or {"candidate": 0}}
    return render(request, "review/what_if_result.html", context, status=422 if errors else 200)
