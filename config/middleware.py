"""What a visitor reads when a request cannot be read, or a server behind the pages is down."""

from collections.abc import Callable

from django.conf import settings
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

TITLE = "The database does not answer"
MESSAGE = "Nothing that was confirmed is lost. What you are writing stays in your browser; try again in a minute."


class ReadableRequestsMiddleware:
    """Refuses, before anybody reads it, what is too large or written so that it cannot be stored."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = request.content_params.get("charset", "utf-8").lower() if request.content_params else "utf-8"
        length, most = request.META.get("CONTENT_LENGTH") or "0", settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if "\x00" in request.path:
            return refusal(request, 400, "Not understood", "The address holds the character U+0000. Take it out.")
        if charset not in ("utf-8", "utf8"):
            return refusal(request, 415, "Unknown characters", f"The request is written in {charset!r}; send UTF-8.")
        if length.isdecimal() and int(length) > most:
            detail = f"The request has {length} bytes; at most {most} are taken. Send it in several parts."
            return refusal(request, 413, "Too large", detail)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DataError):
            return None
        return refusal(
            request, 400, "Not understood", "The request holds a value that cannot be stored. Nothing was stored."
        )


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


def refusal(request: HttpRequest, status: int, title: str, detail: str) -> HttpResponse:
    """One sentence in the caller's language: a page, or problem+json."""
    if request.path.startswith("/api/"):
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    # Without the request: its context processors would ask the database who this is.
    return HttpResponse(render_to_string("notice.html", {"title": title, "message": detail}), status=status)
