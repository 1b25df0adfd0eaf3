"""The trail of a project: every change of it, who made it, when, what it was before and after."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from annotation.models import Project, ProjectEvent
from annotation.setting_up.changes_told import changes
from annotation.web.access import STAFF, project_for

SHOWN = 50
LARGEST_ID = 2**63 - 1


@login_required
@require_GET
def trail(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest first; `?before=` goes back, `?kind=` and `?by=` narrow."""
    project = project_for(request, slug, STAFF)
    wanted = {name: request.GET.get(name, "").replace("\x00", "")[:150] for name in ("kind", "by")}
    events = (
        ProjectEvent.objects.filter(project=project).select_related("actor", "annotator", "project").order_by("-pk")
    )
    if wanted["kind"]:
        events = events.filter(kind=wanted["kind"])
    if wanted["by"]:
        events = events.filter(actor__username=wanted["by"])
    before = request.GET.get("before", "")
    if before.isdecimal() and int(before) <= LARGEST_ID:
        events = events.filter(pk__lt=int(before))
    found = list(events[: SHOWN + 1])
    context = {
        "project": project,
        "events": [_event(event) for event in found[:SHOWN]],
        "older": found[SHOWN - 1].pk if len(found) > SHOWN else None,
        "kinds": [(kind, words(kind)) for kind in _kinds(project)],
        **wanted,
    }
    return render(request, "setting_up/trail.html", context)


def _kinds(project: Project) -> list[str]:
    return list(ProjectEvent.objects.filter(project=project).order_by("kind").values_list("kind", flat=True).distinct())


def words(kind: str) -> str:
    """A kind of event for people: its short name is made of words."""
    return kind.replace("_", " ").capitalize()


def _event(event: ProjectEvent) -> dict[str, Any]:
    return {
        "kind": words(event.kind),
        "text": event.text,
        "by": event.actor.get_username() if event.actor else _("the platform"),
        "about": event.annotator,
        "at": event.at,
        "changes": changes(event),
    }
