"""The pages about a project's judges: read by reviewers and admins."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from annotation.models import Judge
from annotation.review.judges import page as pages
from annotation.web.access import STAFF, project_for


@login_required
@require_GET
def judge_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every enabled judge with its figures, and the panel."""
    return render(request, "review/judges.html", pages.list_page(project_for(request, slug, STAFF)))


@login_required
@require_GET
def judge(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One judge that is, or was, at work in the project."""
    project = project_for(request, slug, STAFF)
    found = get_object_or_404(Judge, pk=pk, project_judges__project=project)
    return render(request, "review/judge.html", pages.judge_page(project, found))
