"""Gold samples and disputes over them: for reviewers and admins, and for each annotator their own results."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api import access
from annotation.api.access import STAFF, Scope
from annotation.api.gold_shapes import (
    DisputeDecisionInput,
    DisputeInput,
    DisputeOutput,
    GoldInput,
    GoldOutput,
    PromotionOutput,
    ResultsOutput,
)
from annotation.api.reading import PAGE, page_of, rows_of_page
from annotation.models import GoldAnswer, GoldDispute, Sample
from annotation.services import disputes, gold, gold_accuracy


@extend_schema(methods=["GET"], operation_id="list_gold", parameters=PAGE, responses=page_of("GoldPage", GoldOutput))
@extend_schema(methods=["POST"], operation_id="write_gold", request=GoldInput, responses={201: GoldOutput})
@api_view(["GET", "POST"])
def gold_list(request: Request, slug: str) -> Response:
    """The known answers, and how right people were on each; or write one."""
    if request.method == "POST":
        return _write(request, slug)
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    known = GoldAnswer.objects.filter(project=project, is_current=True)
    shown, beyond = rows_of_page(request, known.select_related("sample__content", "rubric"))
    accuracies = gold_accuracy.accuracies_on(project, [answer.sample_id for answer in shown])
    return Response({"results": GoldOutput(shown, many=True, context={"accuracies": accuracies}).data, "next": beyond})


def _write(request: Request, slug: str) -> Response:
    project = access.project_for(request, slug, *STAFF, scope=Scope.ACT_FOR)
    form = GoldInput(data=request.data)
    form.is_valid(raise_exception=True)
    said = form.validated_data
    found = Sample.objects.filter(project=project, external_id=said["sample"]).first()
    if found is None:
        raise NotFound(f"No sample {said['sample']!r} in {slug}.")
    by = access.account(request)
    answer = gold.write(sample_id=found.pk, given=said["ratings"], by=by, note=said["note"], at=timezone.now())
    return Response(GoldOutput(answer).data, status=201)


@extend_schema(request=None, responses=PromotionOutput)
@api_view(["POST"])
def promotion(request: Request, slug: str) -> Response:
    """Make gold of the samples of the random slice on which all of four or more people said the same."""
    project = access.project_for(request, slug, *STAFF, scope=Scope.ACT_FOR)
    count = gold.promote_unanimous(project=project, at=timezone.now(), by=access.account(request))
    return Response({"promoted": count})


@extend_schema(
    operation_id="list_disputes",
    parameters=[*PAGE, OpenApiParameter("open", OpenApiTypes.BOOL, description="true: only those that wait")],
    responses=page_of("DisputePage", DisputeOutput),
)
@api_view(["GET"])
def dispute_list(request: Request, slug: str) -> Response:
    """What people say against known answers, and what they were answered."""
    project = access.project_for(request, slug, *STAFF, scope=Scope.READ)
    rows = GoldDispute.objects.filter(assignment__sample__project=project)
    if request.query_params.get("open", "").lower() in ("1", "true"):
        rows = rows.filter(outcome="")
    shown, beyond = rows_of_page(request, rows.select_related("assignment__sample", "assignment__annotator"))
    return Response({"results": DisputeOutput(shown, many=True).data, "next": beyond})


@extend_schema(request=DisputeDecisionInput, responses=DisputeOutput)
@api_view(["POST"])
def decision(request: Request, slug: str, pk: int) -> Response:
    """Uphold the known answer or overturn it: with `ratings` these are known now, without them none is."""
    project = access.project_for(request, slug, *STAFF, scope=Scope.ACT_FOR)
    found = GoldDispute.objects.filter(pk=pk, assignment__sample__project=project).first()
    if found is None:
        raise NotFound(f"No dispute {pk} in {slug}.")
    form = DisputeDecisionInput(data=request.data)
    form.is_valid(raise_exception=True)
    said: dict[str, Any] = dict(form.validated_data)
    outcome, given = said.pop("outcome"), said.pop("ratings")
    about = {"dispute_id": pk, "by": access.account(request), "at": timezone.now(), **said}
    if outcome == GoldDispute.Outcome.UPHELD:
        disputes.uphold(**about)
    else:
        disputes.overturn(**about, given=given)
    found.refresh_from_db()
    return Response(DisputeOutput(found).data)


@extend_schema(
    operation_id="own_gold_results",
    parameters=[OpenApiParameter("annotator", OpenApiTypes.STR, description="act for this person, who has no account")],
    responses=ResultsOutput,
)
@api_view(["GET"])
def results(request: Request, slug: str) -> Response:
    """One's own gold accuracy and latest answers to gold: those that can no longer be corrected. And to training."""
    acting_for = request.query_params.get("annotator")
    project = access.project_for(request, slug, scope=Scope.ACT_FOR if acting_for else Scope.WORK)
    annotator = access.annotator_for(request, project, acting_for)
    now = timezone.now()
    told = {
        "accuracy": disputes.told_accuracy(annotator, at=now),
        "results": disputes.results_of(annotator, at=now, limit=100),
        "training": disputes.told_in_training(annotator, limit=100),
    }
    return Response(ResultsOutput(told).data)


@extend_schema(request=DisputeInput, responses={201: None})
@api_view(["POST"])
def dispute(request: Request, pk: int) -> Response:
    """Say why a known answer is wrong, once a sample; a reviewer replies."""
    mine = access.assignment_for(request, pk)
    form = DisputeInput(data=request.data)
    form.is_valid(raise_exception=True)
    disputes.dispute(assignment=mine, text=form.validated_data["text"], at=timezone.now())
    return Response(status=201)
