"""The page of a project's guideline: everybody reads it with all its versions, and admins write the next one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation import ratings
from annotation.models import Annotator, Guideline, Membership, Project
from annotation.services import guidelines
from annotation.services.guidelines import GuidelineRefused
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.web import forms, guideline_panel
from annotation.web.access import annotator_for, is_admin, project_for

LONGEST = 200_000
LONGEST_CHANGE = 2_000
SHOWN_AT_MOST = 50


@login_required
def guideline(request: HttpRequest, slug: str) -> HttpResponse:
    """Read the guideline, or as an admin look at the next version and write it. What is shown is read from then on."""
    project = project_for(request, slug, set(Membership.Role.values))
    if request.method != "POST":
        page = render(request, "guideline.html", _context(request, project))
        _mark_read(request, project)
        return page
    draft = _posted(request)
    if request.POST.get("action") == "preview":
        return render(request, "guideline.html", _context(request, project, draft=draft))
    try:
        written = guidelines.write(project=project, by=request.user, at=timezone.now(), **draft)  # type: ignore[arg-type]
    except (GuidelineRefused, NotAnAdmin, ReasonMissing) as refusal:
        context = _context(request, project, draft=draft, error=str(refusal))
        return render(request, "guideline.html", context, status=422)
    messages.success(request, _("Version %(version)d is what people read now.") % {"version": written.version})
    return redirect("annotation:guideline", slug)


@login_required
@require_POST
def read(request: HttpRequest, slug: str) -> HttpResponse:
    """The panel was opened: what it showed is known to this person."""
    me = annotator_for(request, slug)
    shown = {name: forms.number(request, name) for name in ("guideline", "rubric")}
    known = {name: value if isinstance(value, int) else 0 for name, value in shown.items()}
    guidelines.mark_read(annotator=me, **known)
    return HttpResponse(status=204)


def _posted(request: HttpRequest) -> dict[str, Any]:
    after = forms.number(request, "after")
    return {
        "text": forms.text(request, "text", longest=LONGEST),
        "what_changed": forms.text(request, "what_changed", longest=LONGEST_CHANGE),
        "after": after if isinstance(after, int) else None,
    }


def _mark_read(request: HttpRequest, project: Project) -> None:
    """Whoever annotates here has now seen the newest version."""
    me = Annotator.objects.filter(project=project, user=request.user.pk).first()
    if me:
        newest = project.guideline
        guidelines.mark_read(annotator=me, guideline=newest.version if newest else 0, rubric=project.rubric.version)


def _context(
    request: HttpRequest, project: Project, *, draft: dict[str, Any] | None = None, error: str = ""
) -> dict[str, Any]:
    newest = project.guideline
    return {
        "project": project,
        "newest": newest,
        "blocks": guideline_panel.blocks_between(None, newest) if newest else [],
        "attributes": _attributes(project),
        "versions": _versions(project),
        "rubric_changes": guidelines.rubric_changes(project, 1),
        "may_write": is_admin(request, project),
        "draft": draft or {"text": newest.text if newest else "", "what_changed": ""},
        "preview": guideline_panel.blocks_of_draft(newest, draft["text"]) if draft and draft["text"].strip() else [],
        "is_writing": draft is not None,
        "errors": [error] if error else [],
    }


def _attributes(project: Project) -> list[dict[str, Any]]:
    """What is asked now, with the words of every level."""
    return [
        {
            "title": place.title,
            "description": place.attribute.get("description", ""),
            "levels": [
                {"value": "" if place.is_comparison else value, "label": place.word_for(value)}
                for value in place.levels
            ],
        }
        for place in ratings.layout(project.rubric.attributes, 1)
    ]


def _versions(project: Project) -> list[dict[str, Any]]:
    """Every version with what it changed, the newest first."""
    found = list(guidelines.versions(project)[: SHOWN_AT_MOST + 1])
    before: list[Guideline | None] = [*found[1:], None]
    return [
        {
            "version": one.version,
            "at": one.created_at,
            "by": one.written_by.get_username() if one.written_by else "",
            "what_changed": one.what_changed,
            "changes": [
                block for block in guideline_panel.blocks_between(older, one) if older and block["kind"] != "same"
            ],
        }
        for one, older in zip(found[:SHOWN_AT_MOST], before, strict=False)
    ]
