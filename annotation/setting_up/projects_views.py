"""A new project from a preset, and the page that says what it still needs."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from annotation.datasets.presets import all_presets
from annotation.services import founding
from annotation.services.projects import ProjectRefused
from annotation.setting_up import start
from annotation.setting_up.access import administered, require_maker
from annotation.web import forms
from annotation.web.access import account


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_project(request: HttpRequest) -> HttpResponse:
    """Choose what is asked, give it a name."""
    require_maker(request)
    if request.method != "POST":
        return _form(request)
    given = {name: forms.text(request, name, longest=200) for name in ("title", "slug")}
    rubric = all_presets().get(request.POST.get("preset", ""))
    if rubric is None:
        return _form(request, given, _("Choose what people are asked; it can be changed on the next page."))
    try:
        project = founding.found(rubric=rubric, by=account(request), at=timezone.now(), **given)
    except ProjectRefused as refusal:
        return _form(request, given, str(refusal))
    messages.success(request, _("%(title)s is made. It is paused until you start it.") % {"title": project.title})
    return redirect("annotation:setup", project.slug)


def _form(request: HttpRequest, given: dict[str, Any] | None = None, error: str = "") -> HttpResponse:
    presets = [
        {"name": name, "title": of["title"], "summary": of["summary"], "asks": [a["title"] for a in of["attributes"]]}
        for name, of in all_presets().items()
    ]
    chosen = request.POST.get("preset", "")
    context = {"presets": presets, "given": given or {}, "chosen": chosen, "error": error}
    return render(request, "setting_up/new_project.html", context, status=422 if error else 200)


@login_required
@require_GET
def setup(request: HttpRequest, slug: str) -> HttpResponse:
    """What the project has, what it still needs, and what it will cost."""
    project = administered(request, slug)
    return render(request, "setting_up/setup.html", start.page(project))
