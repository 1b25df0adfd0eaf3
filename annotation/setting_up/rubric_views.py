"""The rubric editor: a form, and beside it what an annotator will see."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from annotation.datasets import rubrics
from annotation.datasets.bad_row import BadRow, Place
from annotation.models import Project
from annotation.services import projects
from annotation.services.people import ReasonMissing
from annotation.services.projects import ChangeRefused
from annotation.setting_up import preview, rubric_form
from annotation.setting_up.access import administered
from annotation.web import forms
from annotation.web.access import account

SCOPES = {
    "response": gettext_lazy("each response"),
    "comparison": gettext_lazy("the two responses"),
    "sample": gettext_lazy("the whole sample"),
}
LEVELS = {
    "ordinal": gettext_lazy("in order"),
    "interval": gettext_lazy("in equal steps"),
    "nominal": gettext_lazy("without order"),
}
KINDS = {
    "words": gettext_lazy("words"),
    "sources": gettext_lazy("links"),
    "reasons": gettext_lazy("reasons to tick"),
    "confidence": gettext_lazy("how sure"),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rubric(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rubric as a form; take a press of one of its buttons; or write the next version."""
    project = administered(request, slug)
    base = _base(project)
    if request.method != "POST":
        return _page(request, project, base)
    action = request.POST.get("do", "")
    fields = {name: forms.storable(value) for name, value in request.POST.items() if isinstance(value, str)}
    posted = rubric_form.changed(rubric_form.read(fields, base), action)
    rubric = {"attributes": posted.attributes, "remarks": posted.remarks}
    if action != "save":
        return _page(request, project, rubric)
    try:
        written = projects.change_rubric(
            project=project,
            by=account(request),
            at=timezone.now(),
            reason=forms.text(request, "reason", longest=2000),
            **rubric,
        )
    except (ChangeRefused, ReasonMissing) as refusal:
        return _page(request, project, rubric, error=str(refusal))
    messages.success(request, _("Rubric %d is written. Samples that nobody has answered ask it.") % written.version)
    return redirect("annotation:setup", slug)


def _base(project: Project) -> dict[str, Any]:
    """The rubric in force, with what the policy says of its triggers."""
    triggers = project.policy.triggers
    return {
        "attributes": [
            {**attribute, "trigger": attribute["name"] in triggers, **triggers.get(attribute["name"], {})}
            for attribute in project.rubric.attributes
        ],
        "remarks": project.rubric.remarks,
    }


def _page(request: HttpRequest, project: Project, rubric: Mapping[str, Any], *, error: str = "") -> HttpResponse:
    """The editor; or, for the script that asks for it, no more than the preview."""
    seen, problem = _seen(project, rubric)
    context = {
        "project": project,
        "attributes": rubric_form.as_rows(rubric, "attributes"),
        "remarks": rubric_form.as_rows(rubric, "remarks"),
        "names": [attribute["name"] for attribute in rubric["attributes"]],
        "version": project.rubric.version,
        "scopes": SCOPES,
        "levels": LEVELS,
        "kinds": KINDS,
        "preview": seen,
        "problem": problem,
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "setting_up/rubric.html", context, status=422 if error else 200)


def _seen(project: Project, rubric: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The preview, or why there is none: the first thing that is wrong with the rubric."""
    try:
        parsed = rubrics.parse_rubric({"name": project.slug, **rubric}, Place("rubric"))
    except BadRow as bad:
        return None, str(bad)
    return preview.of_rubric(parsed, project), ""
