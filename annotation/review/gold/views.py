"""The pages of gold samples: translate in, one service call, translate out."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from annotation import ratings
from annotation.models import Annotator, GoldAnswer, GoldDispute, Membership, Project, Sample
from annotation.ratings import RatingsRefused
from annotation.review.gold import page as pages
from annotation.services import disputes, gold, people, qualification
from annotation.services.disputes import DisputeRefused
from annotation.services.gold import GoldRefused
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.services.qualification import NotAllowedAgain
from annotation.web import forms, questions
from annotation.web.access import STAFF, project_for

LONGEST = 5000


@login_required
@require_GET
def gold_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The gold samples of the project, their disputes, and the test."""
    project = project_for(request, slug, STAFF)
    after = request.GET.get("after", "")
    held = people.roles_of(project=project, user=request.user)  # type: ignore[arg-type]  # login_required has run
    context = pages.list_page(
        project,
        at=timezone.now(),
        after=int(after) if after.isdecimal() and len(after) < 19 else None,
        decides_tests=Membership.Role.ADMIN in held,
    )
    return render(request, "review/gold.html", context)


@login_required
@require_GET
def gold_find(request: HttpRequest, slug: str) -> HttpResponse:
    """To the sample of this id, or without one to a sample that nobody has been given yet."""
    project = project_for(request, slug, STAFF)
    wanted = request.GET.get("sample", "").replace("\x00", "").strip()
    if wanted:
        found = Sample.objects.filter(project=project, external_id=wanted).first()
        missing = _("There is no sample %(id)s in this project.") % {"id": wanted}
    else:
        found = gold.unused_sample(project)
        missing = _("Every sample of this project has been given to somebody. Import further ones.")
    if found is None:
        messages.error(request, missing)
        return redirect("annotation:gold", slug)
    return redirect("annotation:gold-sample", slug, found.pk)


@login_required
def gold_sample(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One sample with its known answer, or the answer that a reviewer writes for it."""
    project = project_for(request, slug, STAFF)
    found = _sample(project, pk)
    if request.method != "POST":
        return render(request, "review/gold_sample.html", pages.sample_page(project, found))
    note = forms.text(request, "note", longest=LONGEST)
    try:
        gold.write(
            sample_id=pk,
            given=_chosen(request, project, found),
            by=request.user,  # type: ignore[arg-type]
            note=note,
            at=timezone.now(),
            teaches={"teach": True, "measure": False}.get(request.POST.get("use", "")),
        )
    except (GoldRefused, RatingsRefused) as refusal:
        return _again(request, project, found, [str(refusal)])
    messages.success(request, _("The answer of %(id)s is known.") % {"id": found.external_id})
    return redirect("annotation:gold", slug)


@login_required
@require_POST
def gold_served(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Hand a gold sample out no more, or again."""
    project = project_for(request, slug, STAFF)
    answer = get_object_or_404(GoldAnswer, sample=pk, project=project, is_current=True)
    change = gold.serve if request.POST.get("action") == "serve" else gold.retire
    change(answer=answer, by=request.user, at=timezone.now())  # type: ignore[arg-type]
    return redirect("annotation:gold-sample", slug, pk)


@login_required
@require_POST
def gold_promote(request: HttpRequest, slug: str) -> HttpResponse:
    """Make gold of what four people of the random slice agreed on."""
    project = project_for(request, slug, STAFF)
    count = gold.promote_unanimous(project=project, at=timezone.now(), by=request.user)  # type: ignore[arg-type]
    said = ngettext("%(count)d sample was promoted.", "%(count)d samples were promoted.", count)
    messages.success(request, said % {"count": count})
    return redirect("annotation:gold", slug)


@login_required
@require_POST
def gold_dispute(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Uphold a known answer, set it aside, or put the one chosen on the page in its place."""
    project = project_for(request, slug, STAFF)
    opened = get_object_or_404(GoldDispute, pk=pk, assignment__sample__project=project)
    found = _sample(project, opened.assignment.sample_id)
    try:
        _close(request, project, found, pk)
    except (DisputeRefused, GoldRefused, RatingsRefused, ReasonMissing) as refusal:
        return _again(request, project, found, [str(refusal)])
    messages.success(request, _("The dispute is closed, and the person reads your reply."))
    return redirect("annotation:gold", slug)


@login_required
@require_POST
def test_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let somebody who failed the test take it again."""
    project = project_for(request, slug, STAFF)
    person = get_object_or_404(Annotator.objects.select_related("project"), project=project, pk=pk)
    reason = forms.text(request, "reason", longest=LONGEST)
    try:
        qualification.allow_again(annotator=person, by=request.user, reason=reason, at=timezone.now())  # type: ignore[arg-type]
    except (NotAnAdmin, NotAllowedAgain, ReasonMissing) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(name)s may take the test again.") % {"name": person})
    return redirect("annotation:gold", slug)


def _sample(project: Project, pk: int) -> Sample:
    return get_object_or_404(Sample.objects.select_related("content", "project"), project=project, pk=pk)


def _again(request: HttpRequest, project: Project, found: Sample, errors: Sequence[str]) -> HttpResponse:
    """The sample's page with what was said and why it was refused."""
    context = pages.sample_page(project, found, posted=request.POST.dict()) | {"errors": errors}
    return render(request, "review/gold_sample.html", context, status=422)


def _chosen(request: HttpRequest, project: Project, found: Sample) -> list[dict[str, Any]]:
    """The chosen values; "not judged" is an empty one. What is no number is passed on, for the service to refuse by name."""
    places = ratings.layout(project.rubric.attributes, found.response_count)
    ids = [response["id"] for response in found.content.responses]
    return [
        {"attribute": place.name, "response": None if place.response is None else ids[place.response], "value": value}
        for at, place in enumerate(places)
        if (value := forms.number(request, questions.field_name(at))) is not None
    ]


def _close(request: HttpRequest, project: Project, found: Sample, pk: int) -> None:
    reply = forms.text(request, f"reply-{pk}", longest=LONGEST)
    said: dict[str, Any] = {"dispute_id": pk, "by": request.user, "reply": reply, "at": timezone.now()}
    match request.POST.get("action"):
        case "uphold":
            disputes.uphold(**said)
        case "set_aside":
            disputes.overturn(**said)
        case "replace":
            disputes.overturn(given=_chosen(request, project, found), **said)
        case other:
            raise DisputeRefused(
                _("%(action)r is not a decision; uphold the answer, set it aside or replace it.") % {"action": other}
            )
