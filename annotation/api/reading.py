"""Samples, labels, judgments, figures: what reviewers, admins and their programs read, a keyset page at a time."""

import re
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import ratings
from annotation.api import access
from annotation.api.access import STAFF, Role, Scope
from annotation.api.serializers import (
    JudgmentOutput,
    JudgmentsInput,
    JudgmentsReceipt,
    LabelOutput,
    ProjectOutput,
    SampleChangeInput,
    SampleDetailOutput,
    SampleOutput,
)
from annotation.models import ConsensusLabel, Judge, Judgment, Project, ProjectFigures, Sample
from annotation.services import judging, priorities

LIMIT, MOST = 100, 1000
PAGE = [
    OpenApiParameter("after", OpenApiTypes.INT, description="the `next` of the page before"),
    OpenApiParameter("limit", OpenApiTypes.INT, description=f"rows on a page, {MOST} at most"),
]


def page_of(name: str, of: type[serializers.Serializer]) -> Any:
    """The schema of a keyset page."""
    return inline_serializer(name, {"results": of(many=True), "next": serializers.IntegerField(allow_null=True)})


@extend_schema(responses=ProjectOutput(many=True))
@api_view(["GET"])
def projects(request: Request) -> Response:
    """The projects that one has a part in."""
    access.require_scope(request, Scope.READ)
    mine = Project.objects.filter(memberships__user=request.user.pk).distinct().order_by("slug")
    return Response(ProjectOutput(mine, many=True).data)


@extend_schema(
    operation_id="list_samples",
    parameters=[*PAGE, OpenApiParameter("state", OpenApiTypes.STR, enum=Sample.State.values)],
    responses=page_of("SamplePage", SampleOutput),
)
@api_view(["GET"])
def samples(request: Request, slug: str) -> Response:
    """Samples with their states and counts."""
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    rows = Sample.objects.filter(project=project)
    if state := request.query_params.get("state"):
        if state not in Sample.State.values:
            raise ValidationError({"state": f"{state!r} is not a state; use one of {', '.join(Sample.State.values)}."})
        rows = rows.filter(state=state)
    return _page(request, rows, SampleOutput)


@extend_schema(methods=["GET"], operation_id="read_sample", responses=SampleDetailOutput)
@extend_schema(methods=["PATCH"], operation_id="change_sample", request=SampleChangeInput, responses=SampleDetailOutput)
@api_view(["GET", "PATCH"])
def sample(request: Request, slug: str, external_id: str) -> Response:
    """One sample whole, as it was imported. PATCH changes how urgent it is."""
    scope = Scope.READ if request.method == "GET" else Scope.ACT_FOR
    project = access.project_for(request, slug, *STAFF, scope=scope)
    found = Sample.objects.select_related("content").filter(project=project, external_id=external_id).first()
    if found is None:
        raise NotFound(f"No sample {external_id!r} in {slug}.")
    if request.method == "PATCH":
        form = SampleChangeInput(data=request.data)
        form.is_valid(raise_exception=True)
        change = form.validated_data
        priorities.set_priority(sample=found, by=access.account(request), at=timezone.now(), **change)
        found.refresh_from_db()
    return Response(SampleDetailOutput(found).data)


@extend_schema(parameters=PAGE, responses=page_of("LabelPage", LabelOutput))
@api_view(["GET"])
def labels(request: Request, slug: str) -> Response:
    """The current consensus labels, human and merged."""
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    rows = ConsensusLabel.objects.filter(sample__project=project, is_current=True)
    return _page(request, rows.select_related("sample", "policy"), LabelOutput)


@extend_schema(methods=["GET"], parameters=PAGE, responses=page_of("JudgmentPage", JudgmentOutput))
@extend_schema(methods=["POST"], request=JudgmentsInput, responses={201: JudgmentsReceipt})
@api_view(["GET", "POST"])
def judgments(request: Request, slug: str) -> Response:
    """What judges said. Posting puts the judge to work in the project if it is new there; a second word is passed over."""
    if request.method == "POST":
        return _post_judgments(request, slug)
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    rows = Judgment.objects.filter(sample__project=project).select_related("sample", "judge")
    return _page(request, rows, JudgmentOutput)


def _post_judgments(request: Request, slug: str) -> Response:
    project = access.project_for(request, slug, Role.ADMIN, scope=Scope.ACT_FOR)
    form = JudgmentsInput(data=request.data)
    form.is_valid(raise_exception=True)
    verdicts = [_verdict(project, given) for given in form.validated_data["judgments"]]
    identity = judging.JudgeIdentity(kind=Judge.Kind.EXTERNAL, **form.validated_data["judge"])
    new = judging.post_as(project=project, identity=identity, verdicts=verdicts)
    return Response({"judge": identity.digest, "new": new}, status=201)


def _verdict(project: Project, given: dict[str, Any]) -> judging.Verdict:
    found = Sample.objects.select_related("content").filter(project=project, external_id=given["sample"]).first()
    if found is None:
        raise judging.JudgmentRefused(f"No sample {given['sample']!r} in {project.slug}.")
    packed = ratings.pack(
        given["ratings"],
        places=ratings.layout(project.rubric.attributes, found.response_count),
        response_ids=[response["id"] for response in found.content.responses],
        partial=True,
    )
    kept = {name: given[name] for name in ("probabilities", "raw_text", "details", "is_unsure", "is_relative")}
    return judging.Verdict(found.pk, packed, **kept)


@extend_schema(responses=OpenApiTypes.OBJECT)
@api_view(["GET"])
def figures(request: Request, slug: str) -> Response:
    """The project's figures, and when they were computed."""
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    kept = ProjectFigures.objects.filter(project=project).first()
    if kept is None:
        raise NotFound(
            f"The figures of {slug} are not computed yet. They are a few seconds after the first annotation."
        )
    return Response({"as_of": kept.computed_at, **kept.figures})


def _page(request: Request, rows: QuerySet[Any], serializer: type[serializers.BaseSerializer]) -> Response:
    shown, beyond = rows_of_page(request, rows)
    return Response({"results": serializer(shown, many=True).data, "next": beyond})


def rows_of_page(request: Request, rows: QuerySet[Any]) -> tuple[list[Any], int | None]:
    """Rows beyond `after`, in id order, and what to ask for next, or None at the end."""
    after, limit = _number(request, "after", 0, 2**62), _number(request, "limit", LIMIT, MOST)
    found = list(rows.filter(pk__gt=after).order_by("pk")[: limit + 1])
    shown = found[:limit]
    return shown, shown[-1].pk if len(found) > limit and shown else None


def _number(request: Request, name: str, default: int, most: int) -> int:
    raw = request.query_params.get(name, str(default))
    least = 1 if name == "limit" else 0
    if not re.fullmatch("[0-9]{1,19}", raw) or not least <= int(raw) <= most:
        raise ValidationError({name: f"{raw[:40]!r} is not a whole number from {least} to {most}."})
    return int(raw)
