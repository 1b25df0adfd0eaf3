"""The review queue: what waits, and one decision on several samples at once."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Decision, Project, Sample
from annotation.review.queue import listed as pages
from annotation.review.queue import several as on_several
from annotation.services import deciding_several
from annotation.services.review_queue import Place, Wanted
from annotation.web import forms
from annotation.web.access import STAFF, account, project_for


@login_required
@require_GET
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits for a reviewer, worth most first."""
    project = project_for(request, slug, STAFF)
    after = Place.parse(request.GET.get("after", ""))
    context = pages.page(project, Wanted.from_fields(request.GET.dict()), after=after)
    return render(request, "review/queue.html", context)


@login_required
@require_POST
def several(request: HttpRequest, slug: str) -> HttpResponse:
    """What one decision would do to the samples that were chosen; then, confirmed, what became of each."""
    project = project_for(request, slug, STAFF)
    action, chosen = request.POST.get("action", ""), _chosen(request, project)
    if action not in deciding_several.TAKING or not chosen:
        return redirect("annotation:queue", slug)
    if request.POST.get("is_sure"):
        return render(request, "review/several_told.html", _told(request, project, action, chosen))
    outlook = deciding_several.outlook(action=action, samples=chosen)
    return render(request, "review/several.html", on_several.page(project, action, outlook))


def _told(request: HttpRequest, project: Project, action: str, chosen: list[Sample]) -> dict[str, Any]:
    cause = request.POST.get("cause", "")
    told = deciding_several.decide(
        action=action,
        versions={sample.pk: request.POST.get(f"as_of-{sample.pk}", "") for sample in chosen},
        samples=chosen,
        by=account(request),
        note=forms.text(request, "note", longest=5000),
        cause=cause if cause in Decision.Cause.values else "",
        at=timezone.now(),
    )
    return on_several.told_page(project, action, told)


def _chosen(request: HttpRequest, project: Project) -> list[Sample]:
    """The samples that were ticked, in the order of the list."""
    ticked = [int(pk) for pk in request.POST.getlist("sample") if pk.isdecimal() and len(pk) < 19]
    ticked = list(dict.fromkeys(ticked))[: deciding_several.AT_MOST]
    found = Sample.objects.filter(project=project, pk__in=ticked).select_related("content").in_bulk()
    for sample in found.values():
        sample.project = project  # one object, so that its rubric and policy are read once
    return [found[pk] for pk in ticked if pk in found]
