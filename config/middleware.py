"""What a visitor reads when a server behind the pages is down."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

TITLE = "The database does not answer"
MESSAGE = "Nothing that was confirmed is lost. What you are writing stays in your browser; try again in a minute."


class ServersDownMiddleware:
    """Answers 503 with a sentence when PostgreSQL cannot be reached, instead of a trace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        if request.path.startswith("/api/"):
            problem = {"type": "about:blank", "title": TITLE, "status": 503, "detail": MESSAGE}
            answer: HttpResponse = JsonResponse(problem, status=503, content_type="application/problem+json")
        else:
            # Without the request: its context processors would ask the database who this is.
            page = render_to_string("notice.html", {"title": TITLE, "message": MESSAGE})
            answer = HttpResponse(page, status=503)
        answer["Retry-After"] = "30"
        return answer
