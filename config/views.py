"""What belongs to no part: whether the platform is well, and what is said when something unforeseen broke."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.defaults import page_not_found, server_error

from config.middleware import NOT_UNDERSTOOD, refusal


def health(request: HttpRequest) -> HttpResponse:
    """Answers "ok" when the web process runs and its database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A 404 in the caller's language: a page, or problem+json."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    detail = _("Nothing is at %(path)s. The addresses are listed at /api/docs/.")
    return refusal(request, 404, _("Not found"), detail, path=request.path)


def broken(request: HttpRequest) -> HttpResponse:
    """A 500 in the caller's language. The trace is in the log."""
    if not request.path.startswith("/api/"):
        return server_error(request)
    detail = _("Something broke here that nobody foresaw. Nothing was stored; it is in the server's log.")
    return refusal(request, 500, _("Internal error"), detail)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A 400 that Django found before any view: too many fields, a boundary that is none."""
    return refusal(request, 400, NOT_UNDERSTOOD, _("The request cannot be read as what it says it is."))
