"""Data set versions: asked for, one with what was measured when it was built, and its files."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.models import DatasetVersion, Membership
from annotation.review.overview import versions
from annotation.services import versions as building
from annotation.web.access import STAFF, account, project_for


@login_required
@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a version of what is resolved now; a worker builds it."""
    project = project_for(request, slug, {Membership.Role.ADMIN})
    asked = building.request(project=project, by=account(request), at=timezone.now())
    messages.success(request, _("Version %d is being built. It is listed here when it is ready.") % asked.number)
    return redirect(f"{reverse('annotation:overview', args=[slug])}#versions")


@login_required
@require_GET
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One data set version with its files."""
    project = project_for(request, slug, STAFF)
    found = get_object_or_404(DatasetVersion, project=project, number=number)
    context = {"project": project, "version": found, "reliability": versions.reliability_of(found)}
    return render(request, "review/version.html", context)


@login_required
@require_GET
def version_file(request: HttpRequest, slug: str, number: int, path: str) -> FileResponse:
    """One file of a version, to be kept."""
    project = project_for(request, slug, STAFF)
    found = get_object_or_404(DatasetVersion, project=project, number=number)
    if path not in [file["path"] for file in found.files]:
        raise Http404(f"Version {number} has no file {path!r}.")
    return FileResponse(
        default_storage.open(f"{found.folder}/{path}"), as_attachment=True, filename=path.split("/")[-1]
    )
