"""Data set versions and their files, and the live state as a stream."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api import access
from annotation.api.access import STAFF, Role, Scope
from annotation.api.serializers import VersionOutput
from annotation.datasets import helpsteer2, trl, votes
from annotation.datasets.rows import LabelledSample
from annotation.models import DatasetVersion, Project
from annotation.services import versions
from annotation.services.versions import LabelKind

ROWS = {
    "helpsteer2": helpsteer2.rating_rows,
    "helpsteer2-disagreements": helpsteer2.disagreement_rows,
    "helpsteer2-preference": helpsteer2.preference_rows,
    "votes": votes.vote_rows,
}
PROFILES = (*ROWS, "trl-preference")
LABELS: tuple[LabelKind, ...] = ("human", "merged")
RowsOf = Callable[[LabelledSample], list[dict[str, Any]]]


@extend_schema(methods=["GET"], operation_id="list_versions", responses=VersionOutput(many=True))
@extend_schema(methods=["POST"], operation_id="request_version", request=None, responses={202: VersionOutput})
@api_view(["GET", "POST"])
def version_list(request: Request, slug: str) -> Response:
    """All versions, newest first; or ask for a new one, which a worker builds."""
    if request.method == "POST":
        project = access.project_for(request, slug, Role.ADMIN, scope=Scope.ACT_FOR)
        made = versions.request(project=project, by=access.account(request), at=timezone.now())
        return Response(VersionOutput(made).data, status=202)
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    return Response(VersionOutput(project.versions.order_by("-number"), many=True).data)


@extend_schema(operation_id="read_version", responses=VersionOutput)
@api_view(["GET"])
def version(request: Request, slug: str, number: int) -> Response:
    """One version with its counts, reliability and files."""
    return Response(VersionOutput(_version(request, slug, number)).data)


@extend_schema(responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY})
@api_view(["GET"])
def version_file(request: Request, slug: str, number: int, path: str) -> FileResponse:
    """One file of a version."""
    found = _version(request, slug, number)
    if path not in [file["path"] for file in found.files]:
        raise NotFound(f"Version {number} of {slug} has no file {path!r}.")
    opened = default_storage.open(f"{found.folder}/{path}")
    return FileResponse(
        opened, as_attachment=True, filename=path.rsplit("/", 1)[-1], content_type="application/x-ndjson"
    )


@extend_schema(
    parameters=[
        OpenApiParameter("profile", OpenApiTypes.STR, required=True, enum=PROFILES),
        OpenApiParameter("label", OpenApiTypes.STR, enum=LABELS, default="human"),
    ],
    responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY},
)
@api_view(["GET"])
def export(request: Request, slug: str) -> StreamingHttpResponse:
    """The resolved samples as they are now, a JSON line a row, streamed.

    `label=merged`: merged values, and with them the samples that judges settled alone; every row then says its `source`.
    """
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    profile = request.query_params.get("profile", "")
    if profile not in PROFILES:
        raise ValidationError({"profile": f"{profile!r} is not a profile; use one of {', '.join(PROFILES)}."})
    label = request.query_params.get("label", "human")
    if label not in LABELS:
        raise ValidationError({"label": f"{label!r} is no kind of label; use one of {', '.join(LABELS)}."})
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(project, profile, label))
    return StreamingHttpResponse(lines, content_type="application/x-ndjson")


def _rows(project: Project, profile: str, label: LabelKind) -> Iterable[dict[str, Any]]:
    rubric = project.rubric
    samples = partial(versions.labelled_samples, project, rubric, label=label)
    sourced = _with_source if label == "merged" else _as_it_is
    try:  # what the rubric rules out is said before the first byte
        if profile != "trl-preference":
            if profile != "votes":
                helpsteer2.require_free_names([a["name"] for a in rubric.attributes if a["scope"] == "response"])
            return versions.each_row(samples, sourced(ROWS[profile]))
        trl.preference_attribute(rubric.attributes)
    except (trl.NoPreferenceAttribute, helpsteer2.AttributeNameTaken) as error:
        raise ValidationError({"profile": str(error)}) from error
    shape = trl.shape_of(samples())

    def preference(sample: LabelledSample) -> list[dict[str, Any]]:
        return list(trl.preference_rows([sample], shape=shape, left_out=Counter()))

    return versions.each_row(samples, sourced(preference))


def _as_it_is(rows_of: RowsOf) -> RowsOf:
    return rows_of


def _with_source(rows_of: RowsOf) -> RowsOf:
    """The same rows, each saying whether people or judges alone said it."""
    return lambda sample: [{**row, "source": sample.source} for row in rows_of(sample)]


def _version(request: Request, slug: str, number: int) -> DatasetVersion:
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    found = DatasetVersion.objects.filter(project=project, number=number).first()
    if found is None:
        raise NotFound(f"No version {number} of {slug}.")
    return found
