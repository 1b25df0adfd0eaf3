"""Every refusal as problem+json (RFC 9457): what happened, and what to do."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from annotation.ratings import RatingsRefused
from annotation.services.claiming import NotClaimable
from annotation.services.disputes import DisputeRefused
from annotation.services.gold import GoldRefused
from annotation.services.judging import JudgmentRefused
from annotation.services.leases import LeaseGone
from annotation.services.people import NotAMember, NotAnAdmin, PersonChangeRefused, ReasonMissing
from annotation.services.projects import ChangeRefused
from annotation.services.standing import NotPossible
from annotation.services.submission import AlreadySubmitted, NotCorrectable

REFUSALS: dict[type[Exception], tuple[int, str]] = {
    NotClaimable: (status.HTTP_409_CONFLICT, "Not claimable"),
    AlreadySubmitted: (status.HTTP_409_CONFLICT, "Already submitted"),
    NotCorrectable: (status.HTTP_409_CONFLICT, "Not correctable"),
    LeaseGone: (status.HTTP_409_CONFLICT, "Lease not held"),
    GoldRefused: (status.HTTP_409_CONFLICT, "Gold refused"),
    DisputeRefused: (status.HTTP_409_CONFLICT, "Dispute refused"),
    NotPossible: (status.HTTP_409_CONFLICT, "Not possible"),
    NotAMember: (status.HTTP_403_FORBIDDEN, "Not a member"),
    NotAnAdmin: (status.HTTP_403_FORBIDDEN, "Not an admin"),
    RatingsRefused: (status.HTTP_422_UNPROCESSABLE_ENTITY, "Ratings refused"),
    ReasonMissing: (status.HTTP_422_UNPROCESSABLE_ENTITY, "Reason missing"),
    PersonChangeRefused: (status.HTTP_422_UNPROCESSABLE_ENTITY, "Change refused"),
    ChangeRefused: (status.HTTP_422_UNPROCESSABLE_ENTITY, "Change refused"),
    JudgmentRefused: (status.HTTP_422_UNPROCESSABLE_ENTITY, "Judgment refused"),
}


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception in an API view; None (a 500, logged) for one that nobody foresaw."""
    for kind, (code, title) in REFUSALS.items():
        if isinstance(error, kind):
            set_rollback()
            return _problem(code, title, str(error), **_details(error))
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        return _problem(response.status_code, "Not understood", _sentence(error.detail), errors=error.detail)
    detail = getattr(error, "detail", None) or str(error)
    titles: dict[type, str] = {Http404: "Not found", PermissionDenied: "Not allowed"}
    title = titles.get(type(error)) or getattr(error, "default_code", "problem").replace("_", " ").capitalize()
    problem = _problem(response.status_code, title, str(detail))
    for name, value in response.headers.items():
        if name != "Content-Type":  # Retry-After, WWW-Authenticate
            problem.headers[name] = value
    return problem


def _details(error: Exception) -> dict[str, Any]:
    """What a program can act on, beside the sentence."""
    if isinstance(error, RatingsRefused):
        return {"errors": error.problems}
    return {"code": error.code} if isinstance(error, NotClaimable) else {}


def _problem(status_code: int, title: str, detail: str, **extra: Any) -> Response:
    body = {"type": "about:blank", "title": title, "status": status_code, "detail": detail, **extra}
    return Response(body, status=status_code, content_type="application/problem+json")


def _sentence(detail: Any) -> str:
    """The first complaint, with the field it is about."""
    if isinstance(detail, dict):
        field, inner = next(iter(detail.items()))
        return _sentence(inner) if field == "non_field_errors" else f"{field}: {_sentence(inner)}"
    if isinstance(detail, list):
        return _sentence(next(item for item in detail if item))
    return str(detail)
