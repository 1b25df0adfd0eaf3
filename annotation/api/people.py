"""People of a project: how they stand and their figures, decisions about them, and one's own record."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api import access
from annotation.api.access import STAFF, Role, Scope
from annotation.api.people_shapes import (
    AnswerInput,
    DecisionInput,
    NoticeOutput,
    OutlookOutput,
    PersonInput,
    PersonOutput,
    RecordOutput,
)
from annotation.api.reading import PAGE, page_of, rows_of_page
from annotation.models import Annotator, Notice, Project
from annotation.services import people, set_aside, standing


@extend_schema(operation_id="list_people", parameters=PAGE, responses=page_of("PersonPage", PersonOutput))
@api_view(["GET"])
def people_list(request: Request, slug: str) -> Response:
    """The people of a project with their figures."""
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    shown, beyond = rows_of_page(request, Annotator.objects.filter(project=project).select_related("figures"))
    return Response({"results": PersonOutput(shown, many=True).data, "next": beyond})


@extend_schema(methods=["GET"], operation_id="read_person", responses=PersonOutput)
@extend_schema(methods=["PATCH"], operation_id="change_person", request=PersonInput, responses=PersonOutput)
@api_view(["GET", "PATCH"])
def person(request: Request, slug: str, pk: int) -> Response:
    """One person; or change what they may be given, as an admin. A lower cap takes nothing back."""
    if request.method == "GET":
        return Response(PersonOutput(_person(access.project_for(request, slug, *STAFF, scope=Scope.READ), pk)).data)
    found = _person(access.project_for(request, slug, Role.ADMIN, scope=Scope.ACT_FOR), pk)
    form = PersonInput(data=request.data)
    form.is_valid(raise_exception=True)
    people.change(annotator=found, by=access.account(request), at=timezone.now(), **form.validated_data)
    return Response(PersonOutput(found).data)


@extend_schema(responses=OutlookOutput)
@api_view(["GET"])
def outlook(request: Request, slug: str, pk: int) -> Response:
    """A dry run: what setting this person's work aside would do. Nothing is changed."""
    found = _person(access.project_for(request, slug, *STAFF, scope=Scope.READ), pk)
    return Response(OutlookOutput(set_aside.what_would_happen(annotator=found, at=timezone.now())).data)


@extend_schema(request=DecisionInput, responses={201: NoticeOutput})
@api_view(["POST"])
def decisions(request: Request, slug: str, pk: int) -> Response:
    """Pause, resume or withdraw a person, write to them, ask for the test again, or set their work aside; they read the reason."""
    found = _person(access.project_for(request, slug, Role.ADMIN, scope=Scope.ACT_FOR), pk)
    form = DecisionInput(data=request.data)
    form.is_valid(raise_exception=True)
    said = form.validated_data
    about: dict[str, Any] = {"annotator": found, "by": access.account(request), "at": timezone.now()}
    match said["action"]:
        case "pause":
            notice = standing.pause(reason=said["reason"], **about)
        case "resume":
            notice = standing.resume(reason=said["reason"], **about)
        case "requalify":
            notice = standing.requalify(reason=said["reason"], **about)
        case "message":
            notice = standing.message(text=said["reason"], **about)
        case "withdraw":
            notice = standing.withdraw(reason=said["reason"], keep_work=said["keep_work"], **about)
        case _:
            notice = standing.set_work_aside(reason=said["reason"], **about)
    return Response(NoticeOutput(notice).data, status=201)


@extend_schema(operation_id="own_record", responses=RecordOutput)
@api_view(["GET"])
def record(request: Request, slug: str) -> Response:
    """One's own record: how one stands, figures, and what one was told."""
    access.require_scope(request, Scope.READ)
    me = _oneself(request, slug)
    return Response(RecordOutput(me, context={"notices": standing.notices_for(me)}).data)


@extend_schema(request=AnswerInput, responses=NoticeOutput)
@api_view(["POST"])
def answer(request: Request, slug: str, pk: int) -> Response:
    """Answer a notice of one's own; again, until an admin has replied."""
    access.require_scope(request, Scope.WORK)
    form = AnswerInput(data=request.data)
    form.is_valid(raise_exception=True)
    own = Notice.objects.filter(annotator=_oneself(request, slug)).exclude(kind=Notice.Kind.PROPOSAL)
    notice = own.filter(pk=pk).first()
    if notice is None:
        raise NotFound(f"No notice {pk} of yours in {slug}.")
    standing.answer(notice=notice, text=form.validated_data["text"], at=timezone.now())
    notice.refresh_from_db()
    return Response(NoticeOutput(notice).data)


def _person(project: Project, pk: int) -> Annotator:
    found = Annotator.objects.select_related("project", "figures").filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound(f"No person {pk} in {project.slug}.")
    return found


def _oneself(request: Request, slug: str) -> Annotator:
    """Whom this account is in the project, also when it has no role there any more."""
    mine = Annotator.objects.select_related("project", "figures").filter(user=access.account(request))
    me = mine.filter(project__slug=slug).first()
    if me is None:
        raise NotFound(f"You do not annotate in {slug}.")
    return me
