"""One sample under review: looked at, its judges opened, decided, opened again."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation import ratings
from annotation.models import Project, QueueEntry, Sample
from annotation.ratings import RatingsRefused
from annotation.review import pages
from annotation.review.judges import said as judges_said
from annotation.review.queue import listed as queue_pages
from annotation.services import adjudication, decisions_made, review_queue
from annotation.services.adjudication import DecidedAlready, NotReviewable
from annotation.services.review_queue import Wanted
from annotation.web import forms, questions
from annotation.web.access import STAFF, account, project_for

LONGEST_NOTE = 5_000


@login_required
@require_GET
def sample(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One sample with everything that people said of it."""
    project = project_for(request, slug, STAFF)
    return _page(request, project, _sample(project, pk))


@login_required
@require_POST
def open_judges(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What judges say, once it is written down that this reviewer asked."""
    project = project_for(request, slug, STAFF)
    found = _sample(project, pk)
    decisions_made.open_judges(samples=[found], by=account(request), at=timezone.now())
    if request.headers.get("X-Requested-With") == "fetch":
        return render(request, "review/_judges.html", {"judges": judges_said.of_sample(found)})
    return redirect(f"{_address('review', project, pk, _wanted(request))}#judges")


@login_required
@require_POST
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take the reviewer's decision and go on to what is worth most after it."""
    project = project_for(request, slug, STAFF)
    found, wanted = _sample(project, pk), _wanted(request)
    place = review_queue.place_of(pk)
    try:
        _take(request, project, found)
    except DecidedAlready as already:
        messages.info(request, str(already))
    except (NotReviewable, RatingsRefused) as refusal:
        found = _sample(project, pk)
        return _page(request, project, found, errors=[str(refusal)], posted=request.POST.dict(), status=422)
    else:
        messages.success(request, _("%(sample)s is decided.") % {"sample": found.external_id})
    onward = review_queue.next_after(project, pk, place, wanted)
    return redirect(_onward(project, onward, wanted))


@login_required
@require_POST
def reopen(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put an excluded sample before a reviewer again."""
    project = project_for(request, slug, STAFF)
    found = _sample(project, pk)
    note, as_of = forms.text(request, "note", longest=LONGEST_NOTE), request.POST.get("as_of", "")
    try:
        adjudication.reopen(sample_id=pk, by=account(request), note=note, at=timezone.now(), as_of=as_of)
    except NotReviewable as refusal:
        return _page(request, project, _sample(project, pk), errors=[str(refusal)], status=422)
    messages.success(request, _("%(sample)s waits for a decision again.") % {"sample": found.external_id})
    return redirect("annotation:review", slug, pk)


def _sample(project: Project, pk: int) -> Sample:
    found = get_object_or_404(Sample.objects.select_related("content"), project=project, pk=pk)
    found.project = project
    return found


def _page(
    request: HttpRequest,
    project: Project,
    found: Sample,
    *,
    status: int = 200,
    posted: dict[str, Any] | None = None,
    errors: Sequence[str] = (),
) -> HttpResponse:
    wanted = _wanted(request)
    onward = review_queue.next_after(project, found.pk, review_queue.place_of(found.pk), wanted)
    context = pages.sample_page(
        project, found, reviewer=account(request), posted=posted, again="again" in request.GET or bool(posted)
    )
    context |= {
        "errors": errors,
        "query": urlencode(wanted.as_fields),
        "queue_url": queue_pages.url(project, wanted),
        "next_url": queue_pages.url_of(project, onward, wanted) if onward else "",
    }
    return render(request, "review/sample.html", context, status=status)


def _wanted(request: HttpRequest) -> Wanted:
    return Wanted.from_fields(request.GET.dict())


def _onward(project: Project, entry: QueueEntry | None, wanted: Wanted) -> str:
    return queue_pages.url_of(project, entry, wanted) if entry else queue_pages.url(project, wanted)


def _address(name: str, project: Project, pk: int, wanted: Wanted) -> str:
    address = reverse(f"annotation:{name}", args=[project.slug, pk])
    return f"{address}?{urlencode(wanted.as_fields)}" if wanted.as_fields else address


def _take(request: HttpRequest, project: Project, found: Sample) -> None:
    said: dict[str, Any] = {
        "sample_id": found.pk,
        "by": account(request),
        "note": forms.text(request, "note", longest=LONGEST_NOTE),
        "cause": forms.text(request, "cause", longest=100),
        "as_of": request.POST.get("as_of", ""),
        "at": timezone.now(),
    }
    match request.POST.get("action"):
        case "accept":
            adjudication.accept(**said)
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


def _chosen(request: HttpRequest, project: Project, found: Sample) -> list[dict[str, Any]]:
    places = ratings.layout(project.rubric.attributes, found.response_count)
    chosen = [forms.number(request, questions.field_name(at)) for at in range(len(places))]
    ids = [response["id"] for response in found.content.responses]
    values = [value if isinstance(value, int) else None for value in chosen]
    return ratings.unpack(values, places=places, response_ids=ids)
