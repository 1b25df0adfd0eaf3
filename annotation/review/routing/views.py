"""The page about routing: reviewers look, admins decide. Translate in, one service call, translate out."""

import re

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Membership, Project
from annotation.review.routing import page as pages
from annotation.services import routing
from annotation.services.routing import RoutingRefused
from annotation.web import forms
from annotation.web.access import STAFF, is_admin, project_for

ADMINS: set[str] = {Membership.Role.ADMIN}


@login_required
@require_GET
def routing_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The plan and the last look; with `?target=95&risk=5` a dry run, for admins."""
    project = project_for(request, slug, STAFF)
    asked = {name: request.GET[name][:20] for name in pages.DEFAULTS if name in request.GET}
    if len(asked) < len(pages.DEFAULTS) or not is_admin(request, project):
        return _page(request, project, {})
    try:
        outlook = routing.outlook(project=project, **{name: _share(text) for name, text in asked.items()})
    except RoutingRefused as refusal:
        return _page(request, project, asked, error=str(refusal))
    return _page(request, project, asked, outlook=outlook)


@login_required
@require_POST
def routing_switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch routing on (as the dry run showed it) or off, or send everything that judges settled to people."""
    project = project_for(request, slug, ADMINS)
    asked = {name: forms.text(request, name, longest=20) for name in pages.DEFAULTS}
    try:
        messages.success(request, _take(request, project, asked))
    except RoutingRefused as refusal:
        return _page(request, project, asked, error=str(refusal))
    return redirect("annotation:routing", slug)


def _take(request: HttpRequest, project: Project, asked: dict[str, str]) -> str:
    """The decision that was pressed, in words. Raises RoutingRefused."""
    action, by, at = request.POST.get("action", ""), request.user, timezone.now()
    if action in ("on", "recall") and "confirmed" not in request.POST:
        raise RoutingRefused(_("Tick that you know what will happen, and decide again."))
    match action:
        case "on":
            wish = {name: _share(text) for name, text in asked.items()}
            routing.switch_on(project=project, by=by, at=at, **wish)  # type: ignore[arg-type]  # login_required has run
            return _("Routing is on. The first samples are settled within seconds.")
        case "off":
            routing.switch_off(project=project, by=by, at=at)  # type: ignore[arg-type]
            return _("Routing is off. Judges settle nothing more.")
        case "recall":
            count = routing.recall(project=project, by=by, at=at)  # type: ignore[arg-type]
            return ngettext("%(count)d sample goes to people.", "%(count)d samples go to people.", count) % {
                "count": count
            }
        case other:
            raise RoutingRefused(
                _("%(action)r is not a decision; switch on, switch off or send to people.") % {"action": other}
            )


def _share(text: str) -> float:
    """Per cent as somebody writes them, as a share of 1. Raises RoutingRefused."""
    written = text.strip().removesuffix("%").strip().replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", written):
        raise RoutingRefused(_("%(given)r is no number of per cent. Write one such as 95.") % {"given": text})
    return round(float(written) / 100, 8)


def _page(
    request: HttpRequest,
    project: Project,
    asked: dict[str, str],
    *,
    outlook: routing.Outlook | None = None,
    error: str = "",
) -> HttpResponse:
    context = pages.page(project, is_admin=is_admin(request, project), asked=asked, outlook=outlook)
    context["errors"] = [error] if error else []
    return render(request, "review/routing.html", context, status=422 if error else 200)
