"""Invitations: made and withdrawn by admins, opened by whoever was given the link, with or without an account."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotation.models import Invitation, Membership, Project, User
from annotation.services import invitations
from annotation.services.invitations import InvitationRefused
from annotation.setting_up.access import administered
from annotation.web import forms
from annotation.web.access import account

SHOWN = 50


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """The links that were made; or a new one, whose address is on this one answer and nowhere else."""
    project = administered(request, slug)
    if request.method != "POST":
        return _page(request, project)
    try:
        made = invitations.invite(
            project=project,
            by=account(request),
            at=timezone.now(),
            role=request.POST.get("role", ""),
            places=_whole(request, "places"),
            days=_whole(request, "days"),
            note=forms.text(request, "note", longest=200),
        )
    except InvitationRefused as refusal:
        return _page(request, project, error=str(refusal))
    link = request.build_absolute_uri(reverse("annotation:join", args=[made.secret]))
    return _page(request, project, link=link, made=made.invitation)


def _whole(request: HttpRequest, name: str) -> int:
    given = forms.number(request, name)
    if not isinstance(given, int):
        raise InvitationRefused(_("%(given)r is not a whole number.") % {"given": request.POST.get(name, "")})
    return given


def _page(request: HttpRequest, project: Project, *, error: str = "", **shown: Any) -> HttpResponse:
    now = timezone.now()
    made = project.invitations.select_related("made_by").order_by("-pk")[:SHOWN]
    context = {
        "project": project,
        "invitations": [{"row": one, "state": _state(one, now)} for one in made],
        "roles": Membership.Role.choices,
        "error": error,
        "posted": request.POST if error else {"places": "1", "days": "14", "role": Membership.Role.ANNOTATOR},
        **shown,
    }
    return render(request, "setting_up/invitations.html", context, status=422 if error else 200)


def _state(one: Invitation, now: Any) -> str:
    if one.withdrawn_at:
        return _("withdrawn")
    if one.taken >= one.places:
        return _("all joined")
    return _("ended") if one.ends_at <= now else ""


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Nobody joins by this link any more."""
    project = administered(request, slug)
    found = get_object_or_404(Invitation.objects.select_related("project"), project=project, pk=pk)
    invitations.withdraw(invitation=found, by=account(request), at=timezone.now())
    messages.success(request, _("Nobody joins by that link any more. Who has joined stays."))
    return redirect("annotation:invitations", slug)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """What a link leads to: with an account one press, without one a name and a password first."""
    found = None
    try:
        user = request.user if isinstance(request.user, User) else None
        found = invitations.opened(secret=secret, at=timezone.now(), user=user)
        if request.method == "POST":
            return _joined(request, secret, found)
    except InvitationRefused as refusal:
        return _invited(request, secret, found if refusal.may_try_again else None, str(refusal))
    return _invited(request, secret, found)


def _joined(request: HttpRequest, secret: str, found: Invitation) -> HttpResponse:
    person = request.user
    if isinstance(person, User):
        invitations.accept(secret=secret, user=person, at=timezone.now())
    else:
        name = forms.text(request, "username", longest=150)
        said = {"name": name, "password": request.POST.get("password", "")}
        newcomer = invitations.accept_as_newcomer(secret=secret, at=timezone.now(), **said)
        login(request, newcomer)
    messages.success(request, _("You have joined %(project)s.") % {"project": found.project})
    return redirect("home")


def _invited(request: HttpRequest, secret: str, found: Invitation | None, error: str = "") -> HttpResponse:
    context = {
        "invitation": found,
        "error": error,
        "username": request.POST.get("username", ""),
        "login_url": f"{reverse('login')}?next={reverse('annotation:join', args=[secret])}",
    }
    return render(request, "setting_up/join.html", context, status=422 if error else 200)
