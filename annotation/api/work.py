"""Claim, submit, correct, skip, release, renew: the annotator's side of the interface."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api import access
from annotation.api.access import Scope
from annotation.api.serializers import (
    AssignmentOutput,
    ClaimInput,
    CorrectionInput,
    LeaseOutput,
    ReceiptOutput,
    SkipInput,
    SubmissionInput,
    SubmissionOutput,
)
from annotation.models import Annotator, Project, Sample
from annotation.services import claiming, leases, submission


@extend_schema(
    request=ClaimInput,
    responses={201: AssignmentOutput, 204: OpenApiResponse(description="Nothing is left for this person just now.")},
)
@api_view(["POST"])
def claim(request: Request, slug: str) -> Response:
    """Claim the next sample, or (where the project allows it) a named one. Claiming again resumes the one in hand."""
    form = ClaimInput(data=request.data)
    form.is_valid(raise_exception=True)
    acting_for = form.validated_data.get("annotator")
    scope = Scope.ACT_FOR if acting_for else Scope.WORK
    project = access.project_for(request, slug, scope=scope)
    annotator = access.annotator_for(request, project, acting_for)
    wanted = form.validated_data.get("sample")
    claimed = (
        claiming.claim_sample(annotator=annotator, sample=_sample(project, wanted), at=timezone.now())
        if wanted
        else claiming.claim_next(annotator=annotator, at=timezone.now())
    )
    if claimed is None:
        return Response(status=status.HTTP_204_NO_CONTENT)
    return Response(AssignmentOutput(claimed).data, status=status.HTTP_201_CREATED)


@extend_schema(responses=AssignmentOutput)
@api_view(["GET"])
def assignment(request: Request, pk: int) -> Response:
    """One assignment of one's own, as it is to be shown."""
    return Response(AssignmentOutput(access.assignment_for(request, pk)).data)


@extend_schema(request=SubmissionInput, responses={201: SubmissionOutput, 200: SubmissionOutput})
@api_view(["POST"])
def submit(request: Request, pk: int) -> Response:
    """Submit an annotation. The same client key again answers 200 with the same receipt and stores nothing.

    With `claim_next` the answer brings the next sample, so that a loop is one round trip.
    """
    owner = access.owner_for(request, pk)
    form = SubmissionInput(data=request.data)
    form.is_valid(raise_exception=True)
    receipt = submission.submit(assignment_id=pk, answer=form.answer(), at=timezone.now())
    told = ReceiptOutput(receipt).data | (_next(owner) if form.validated_data["claim_next"] else {})
    return Response(told, status=_code(receipt))


def _next(annotator: Annotator) -> dict[str, Any]:
    """The next sample in the answer to a submission. What was submitted is stored, so a refusal is told and not raised."""
    try:
        claimed = claiming.claim_next(annotator=annotator, at=timezone.now())
    except claiming.NotClaimable as refusal:
        return {"next": None, "next_refused": {"code": refusal.code, "detail": str(refusal)}}
    return {"next": AssignmentOutput(claimed).data if claimed else None, "next_refused": None}


@extend_schema(request=CorrectionInput, responses={201: ReceiptOutput, 200: ReceiptOutput})
@api_view(["POST"])
def correct(request: Request, pk: int) -> Response:
    """Correct one's own annotation, for ten minutes after it was submitted."""
    access.owner_for(request, pk)
    form = CorrectionInput(data=request.data)
    form.is_valid(raise_exception=True)
    receipt = submission.correct(assignment_id=pk, answer=form.answer(), at=timezone.now())
    return Response(ReceiptOutput(receipt).data, status=_code(receipt))


@extend_schema(request=SkipInput, responses={204: None})
@api_view(["POST"])
def skip(request: Request, pk: int) -> Response:
    """Decline a sample for good, with a reason."""
    mine = access.assignment_for(request, pk)
    form = SkipInput(data=request.data)
    form.is_valid(raise_exception=True)
    leases.skip(assignment=mine, reason=form.validated_data["reason"], at=timezone.now())
    return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(request=None, responses={204: None})
@api_view(["POST"])
def release(request: Request, pk: int) -> Response:
    """Give a sample back unjudged."""
    leases.release(assignment=access.assignment_for(request, pk), at=timezone.now())
    return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(request=None, responses=LeaseOutput)
@api_view(["POST"])
def renew(request: Request, pk: int) -> Response:
    """Keep a sample for longer; call it while the person is at it."""
    until = leases.renew(assignment=access.assignment_for(request, pk), at=timezone.now())
    return Response({"lease_expires_at": until})


def _sample(project: Project, external_id: str) -> Sample:
    sample = Sample.objects.filter(project=project, external_id=external_id).first()
    if sample is None:
        raise NotFound(f"No sample {external_id!r} in {project.slug}.")
    return sample


def _code(receipt: submission.Receipt) -> int:
    return status.HTTP_200_OK if receipt.repeated else status.HTTP_201_CREATED
