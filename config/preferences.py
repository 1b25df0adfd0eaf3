"""In which language and zone a page speaks: as the person set it, else as their browser says."""

from collections.abc import Callable
from datetime import tzinfo

import django.db
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from annotation import saying_times
from annotation.models import User
from config.languages import ENGLISH

ZONE_COOKIE = "concord_zone"  # set by static/js/page.js: no header tells where a browser is


class PreferencesMiddleware:
    """Speaks to each visitor in their language and of their hours, for as long as the request lasts.

    The interface is left out: programs read English and UTC, and nothing about an account but what they asked for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = None if request.path.startswith("/api/") else _person(request)
        language = language_for(request, person)
        with translation.override(language), timezone.override(zone_for(request, person)):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response


def language_for(request: HttpRequest, person: User | None) -> str:
    """The language of a person's settings, if the pages still have it; else what the browser asks for."""
    if request.path.startswith("/api/"):
        return ENGLISH
    if person and person.language in dict(settings.LANGUAGES):
        return person.language
    return translation.get_language_from_request(request)


def zone_for(request: HttpRequest, person: User | None) -> tzinfo | None:
    """The zone of a person's settings, else the one that their browser told; None, which is UTC, without either."""
    if request.path.startswith("/api/"):
        return None
    chosen = saying_times.zone_called(person.time_zone) if person else None
    return chosen or saying_times.zone_called(request.COOKIES.get(ZONE_COOKIE, ""))


def _person(request: HttpRequest) -> User | None:
    """Who is logged in. Where the database cannot say it, the view says so, in the way of config.middleware."""
    try:
        return request.user if isinstance(request.user, User) else None
    except django.db.Error:
        return None
