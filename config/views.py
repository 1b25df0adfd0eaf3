"""What belongs to no part: whether the platform is well, and what is said when something unforeseen broke."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import server_error


def health(request: HttpRequest) -> HttpResponse:
    """Answers "ok" when the web process runs and its database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def broken(request: HttpRequest) -> HttpResponse:
    """A 500 in the caller's language: a page, or problem+json. The trace is in the log."""
    if not request.path.startswith("/api/"):
        return server_error(request)
    detail = "Something broke here that nobody foresaw. Nothing was stored; it is in the server's log."
    problem = {"type": "about:blank", "title": "Internal error", "status": 500, "detail": detail}
    return JsonResponse(problem, status=500, content_type="application/problem+json")
