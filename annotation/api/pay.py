"""Statements of what people did and what is due to them, as CSV."""

from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request

from annotation.api import access
from annotation.api.access import Role, Scope
from annotation.datasets import safe_csv
from annotation.models import Annotator, Project
from annotation.services import pay, people

YES, NO = ("1", "true"), ("", "0", "false")


@extend_schema(
    parameters=[
        OpenApiParameter("from", OpenApiTypes.DATE, required=True, description="the first day, in UTC"),
        OpenApiParameter("until", OpenApiTypes.DATE, required=True, description="the day after the last"),
        OpenApiParameter("person", OpenApiTypes.STR, description="only this person; admins only, unless it is oneself"),
        OpenApiParameter("items", OpenApiTypes.BOOL, description="a line an annotation instead of a line a person"),
    ],
    responses={(200, "text/csv"): OpenApiTypes.STR},
)
@api_view(["GET"])
def statement(request: Request, slug: str) -> StreamingHttpResponse:
    """Who did what in a period and what is due: everybody's for an admin, an annotator's own for themselves."""
    project = access.project_for(request, slug, Role.ADMIN, Role.ANNOTATOR, scope=Scope.READ)
    is_admin = Role.ADMIN in people.roles_of(project=project, user=access.account(request))
    period = _period(request)
    asked: dict[str, Any] = {
        "project": project,
        "period": period,
        "person": _anybody(request, project) if is_admin else _oneself(request, project),
        "at": timezone.now(),
    }
    table = pay.table(by_item=_flag(request, "items"), **asked)
    name = f"{slug}-{period.since:%Y-%m-%d}-{period.until:%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        safe_csv.lines(*table),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _period(request: Request) -> pay.Period:
    given = request.query_params
    try:
        return pay.Period.parse(given.get("from", ""), given.get("until", ""))
    except pay.PeriodRefused as refusal:
        raise ValidationError({"period": str(refusal)}) from refusal


def _anybody(request: Request, project: Project) -> Annotator | None:
    """Whom an admin asked for; None is everybody."""
    external_id = request.query_params.get("person")
    try:
        return pay.person_in(project, external_id) if external_id else None
    except pay.UnknownPerson as unknown:
        raise ValidationError({"person": str(unknown)}) from unknown


def _oneself(request: Request, project: Project) -> Annotator:
    me = people.annotator_of(project=project, user=access.account(request))
    if request.query_params.get("person", me.external_id) != me.external_id:
        raise PermissionDenied(f"You may read your own statement of {project.slug}; other people's are for its admins.")
    return me


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "").lower()
    if given not in YES + NO:
        raise ValidationError({name: f"{given[:40]!r} is neither true nor false."})
    return given in YES
