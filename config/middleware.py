"""What a visitor reads when a request cannot be read, or a server behind the pages is down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.languages import ENGLISH

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

TITLE = _("The database does not answer")
MESSAGE = _("Nothing that was confirmed is lost. What you are writing stays in your browser; try again in a minute.")
NOT_UNDERSTOOD = _("Not understood")


class ReadableRequestsMiddleware:
    """Refuses, before anybody reads it, what is too large or written so that it cannot be stored."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = request.content_params.get("charset", "utf-8").lower() if request.content_params else "utf-8"
        length, most = request.META.get("CONTENT_LENGTH") or "0", settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if "\x00" in request.path:
            return refusal(request, 400, NOT_UNDERSTOOD, _("The address holds the character U+0000. Take it out."))
        if charset not in ("utf-8", "utf8"):
            detail = _("The request is written in %(charset)s; send UTF-8.")
            return refusal(request, 415, _("Unknown characters"), detail, charset=repr(charset))
        if length.isdecimal() and int(length) > most:
            detail = _("The request has %(length)s bytes; at most %(most)s are taken. Send it in several parts.")
            return refusal(request, 413, _("Too large"), detail, length=length, most=most)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DataError):
            return None
        detail = _("The request holds a value that cannot be stored. Nothing was stored.")
        return refusal(request, 400, NOT_UNDERSTOOD, detail)


class ServersDownMiddleware:
    """Answers 503 with a sentence when PostgreSQL cannot be reached, instead of a trace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        answer = refusal(request, 503, TITLE, MESSAGE)
        answer["Retry-After"] = "30"
        return answer


def refusal(request: HttpRequest, status: int, title: StrPromise, detail: StrPromise, **values: object) -> HttpResponse:
    """One sentence in the caller's language: a page, or problem+json. values: what is filled into the detail."""
    with translation.override(_language(request)):
        if request.path.startswith("/api/"):
            problem = {"type": "about:blank", "title": str(title), "status": status, "detail": detail % values}
            return JsonResponse(problem, status=status, content_type="application/problem+json")
        # Without the request: its context processors would ask the database who this is.
        said = {"title": title, "message": detail % values}
        return HttpResponse(render_to_string("notice.html", said), status=status)


def _language(request: HttpRequest) -> str:
    """What config.preferences found; before it was asked, the language of the browser. Programs read English."""
    if request.path.startswith("/api/"):
        return ENGLISH
    return getattr(request, "LANGUAGE_CODE", "") or translation.get_language_from_request(request)
