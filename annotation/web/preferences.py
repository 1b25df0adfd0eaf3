"""A person's settings: language, zone, colours, keys, password. For every account, whatever it has a part in."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annotation import saying_times
from annotation.services import preferences
from annotation.services.preferences import PreferencesRefused
from annotation.web import forms
from annotation.web.access import account

LONGEST = 64


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_settings(request: HttpRequest) -> HttpResponse:
    """Show one's settings, or keep them."""
    person = account(request)
    if request.method != "POST":
        return _page(request, {"language": person.language, "time_zone": person.time_zone})
    chosen = {name: forms.text(request, name, longest=LONGEST).strip() for name in ("language", "time_zone")}
    try:
        preferences.choose(user=person, **chosen)
    except PreferencesRefused as refusal:
        return _page(request, chosen, refusal.problems)
    with override(chosen["language"] or get_language_from_request(request)):  # of the page that says it
        messages.success(request, _("Your settings are saved."))
    return redirect("settings")


class PasswordChange(PasswordChangeView):
    """Django's change of a password, in the look of these pages; other log-ins of the account end with it."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("settings")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(
            self.request, _("Your password is changed. Wherever else you were logged in, you are not any more.")
        )
        return super().form_valid(form)


def _page(request: HttpRequest, chosen: dict[str, str], problems: dict[str, str] | None = None) -> HttpResponse:
    context = {
        "chosen": chosen,
        "problems": problems or {},
        "languages": settings.LANGUAGES,
        "zones": _places(),
        "now": timezone.now(),
    }
    return render(request, "settings.html", context, status=422 if problems else 200)


def _places() -> list[str]:
    """Zones that are named after places, which is how people look for theirs, and UTC."""
    names = saying_times.zone_names()
    return ["UTC", *sorted(name for name in names if "/" in name and not name.startswith("Etc/"))]
