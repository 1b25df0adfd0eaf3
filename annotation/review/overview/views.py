"""The front page of a project, and the part of it that keeps itself up to date."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from annotation.review import slicing
from annotation.review.overview import page as front
from annotation.web.access import STAFF, is_admin, project_for


@login_required
@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """How the project stands, whether its labels can be trusted, and what needs a person."""
    return _page(request, slug, "overview.html")


@login_required
@require_GET
def overview_now(request: HttpRequest, slug: str) -> HttpResponse:
    """The same, only what moves: asked for every few seconds while somebody looks."""
    return _page(request, slug, "overview/_now.html")


def _page(request: HttpRequest, slug: str, template: str) -> HttpResponse:
    project = project_for(request, slug, STAFF)
    context = front.page(
        project,
        for_admin=is_admin(request, project),
        at=timezone.now(),
        wanted=request.GET.get(slicing.PARAMETER, ""),
    )
    return render(request, template, context)
