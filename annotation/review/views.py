"""The reviewer's and the admin's pages: translate in, one service call, translate out."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation import querysets, ratings
from annotation.models import DatasetVersion, Project, Sample
from annotation.ratings import RatingsRefused
from annotation.review import overview as front
from annotation.review import pages
from annotation.review import questions as asked
from annotation.services import adjudication
from annotation.services.adjudication import NotReviewable
from annotation.web import forms, questions
from annotation.web.access import STAFF, is_admin, project_for


@login_required
@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """How the project stands, whether its labels can be trusted, and what needs a person."""
    project = project_for(request, slug, STAFF)
    return render(
        request, "overview.html", front.page(project, for_admin=is_admin(request, project), at=timezone.now())
    )


@login_required
@require_GET
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits for a reviewer."""
    project = project_for(request, slug, STAFF)
    count = querysets.samples_under_review(project).count()
    context = {"project": project, "items": pages.queue(project), "count": count, "questions": asked.waiting(project)}
    return render(request, "review/queue.html", context)


@login_required
@require_GET
def sample(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One sample with everything that was said of it."""
    project = project_for(request, slug, STAFF)
    return _sample_page(request, project, _sample(project, pk))


@login_required
@require_POST
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take the reviewer's decision and go on to the next sample."""
    project = project_for(request, slug, STAFF)
    found = _sample(project, pk)
    try:
        _take(request, project, found)
    except (NotReviewable, RatingsRefused) as refusal:
        return _sample_page(request, project, found, errors=[str(refusal)], posted=request.POST.dict(), status=422)
    messages.success(request, _("%(sample)s is decided.") % {"sample": found.external_id})
    onward = _next_after(project, pk)
    return redirect("annotation:review", slug, onward) if onward else redirect("annotation:queue", slug)


@login_required
@require_GET
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One data set version with its files."""
    project = project_for(request, slug, STAFF)
    found = get_object_or_404(DatasetVersion, project=project, number=number)
    context = {"project": project, "version": found, "reliability": front.reliability_of(found)}
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


def _sample(project: Project, pk: int) -> Sample:
    return get_object_or_404(Sample.objects.select_related("content", "project"), project=project, pk=pk)


def _sample_page(
    request: HttpRequest,
    project: Project,
    found: Sample,
    *,
    status: int = 200,
    posted: dict[str, Any] | None = None,
    errors: Sequence[str] = (),
) -> HttpResponse:
    onward = _next_after(project, found.pk)
    next_url = reverse("annotation:review", args=[project.slug, onward]) if onward else ""
    context = pages.sample_page(project, found, posted=posted) | {"next_url": next_url, "errors": errors}
    return render(request, "review/sample.html", context, status=status)


def _take(request: HttpRequest, project: Project, found: Sample) -> None:
    said: dict[str, Any] = {
        "sample_id": found.pk,
        "by": request.user,
        "note": forms.text(request, "note", longest=5000),
        "cause": forms.text(request, "cause", longest=100),
        "at": timezone.now(),
    }
    match request.POST.get("action"):
        case "accept":
            adjudication.set_label(given=_proposed(project, found), **said)
        case "set":
            adjudication.set_label(given=_chosen(request, project, found), **said)
        case "escalate":
            adjudication.ask_more(**said)
        case "exclude":
            adjudication.exclude(**said)
        case other:
            raise NotReviewable(
                _("%(action)r is not a decision; accept, set, ask again or exclude.") % {"action": other}
            )


def _proposed(project: Project, found: Sample) -> list[dict[str, Any]]:
    counted = list(querysets.counted_annotations().filter(assignment__sample=found).select_related("rubric"))
    proposed = pages.proposal(project, found, counted)
    if all(value is None for value in proposed):
        raise NotReviewable(
            _("There is no proposed label: fewer than three people rated it. Choose the values yourself.")
        )
    return _given(project, found, proposed)


def _chosen(request: HttpRequest, project: Project, found: Sample) -> list[dict[str, Any]]:
    places = ratings.layout(project.rubric.attributes, found.response_count)
    chosen = [forms.number(request, questions.field_name(at)) for at in range(len(places))]
    return _given(project, found, [value if isinstance(value, int) else None for value in chosen])


def _given(project: Project, found: Sample, values: list[int | None]) -> list[dict[str, Any]]:
    places = ratings.layout(project.rubric.attributes, found.response_count)
    ids = [response["id"] for response in found.content.responses]
    return ratings.unpack(values, places=places, response_ids=ids)


def _next_after(project: Project, pk: int) -> int | None:
    """The next sample in the queue, going round once."""
    waiting = querysets.samples_under_review(project).exclude(pk=pk).order_by("pk").values_list("pk", flat=True)
    return waiting.filter(pk__gt=pk).first() or waiting.first()
