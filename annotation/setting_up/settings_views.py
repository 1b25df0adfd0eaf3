"""The settings of a project: a form, a reason, one audited change."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from annotation.models import Project
from annotation.services import project_settings
from annotation.services.people import ReasonMissing
from annotation.services.project_settings import SettingsRefused
from annotation.setting_up.access import administered
from annotation.setting_up.settings_fields import GROUPS, KINDS
from annotation.web import forms
from annotation.web.access import account


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the settings, or change them."""
    project = administered(request, slug)
    if request.method != "POST":
        return _page(request, project)
    try:
        wanted = _wanted(request)
        reason = forms.text(request, "reason", longest=2000)
        changed = project_settings.change(
            project=project, by=account(request), at=timezone.now(), reason=reason, **wanted
        )
    except SettingsRefused as refusal:
        return _page(request, project, problems=refusal.problems)
    except ReasonMissing as refusal:
        return _page(request, project, problems={"reason": str(refusal)})
    messages.success(request, _changed_text(len(changed)))
    return redirect("annotation:setup", slug)


def _changed_text(count: int) -> str:
    if not count:
        return _("Nothing was different, so nothing was changed.")
    return ngettext("%d setting is changed.", "%d settings are changed.", count) % count


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """Every setting as it was posted. Raises SettingsRefused for what is no number."""
    read = {name: (kind, forms.text(request, name, longest=500).strip()) for name, kind in KINDS.items()}
    wanted: dict[str, Any] = {
        "title": forms.text(request, "title", longest=200).strip(),
        "state": Project.State.ACTIVE if request.POST.get("state") == "active" else Project.State.PAUSED,
    }
    problems = {}
    for name, (kind, written) in read.items():
        try:
            wanted[name] = name in request.POST if kind == "flag" else _value(kind, written)
        except (ValueError, InvalidOperation):
            problems[name] = _("%(written)r is no number here.") % {"written": written}
    if problems:
        raise SettingsRefused(problems)
    return {name: value for name, value in wanted.items() if value is not None or name in MAY_BE_EMPTY}


MAY_BE_EMPTY = ("price_per_annotation", "hourly_floor", "test_size", "pass_mark")


def _value(kind: str, written: str) -> Any:
    if kind == "names":
        return [name.strip() for name in written.split(",") if name.strip()]
    if not written:
        return None
    match kind:
        case "money":
            return _finite(Decimal(written.replace(",", ".")))
        case "share":
            return float(_finite(Decimal(written.replace(",", "."))) / 100)
        case _:
            return int(written)


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError(number)
    return number


def _page(request: HttpRequest, project: Project, *, problems: dict[str, str] | None = None) -> HttpResponse:
    posted = request.POST if problems else None
    problems = problems or {}
    groups = [
        {
            "title": title,
            "fields": [
                {
                    "name": name,
                    "kind": kind,
                    "label": label,
                    "hint": hint,
                    "problem": problems.get(name, ""),
                    **_shown(kind, getattr(project, name), posted, name),
                }
                for name, kind, label, hint in fields
            ],
        }
        for title, fields in GROUPS
    ]
    context = {
        "project": project,
        "title": posted.get("title", "") if posted else project.title,
        "is_active": (posted.get("state") if posted else project.state) == Project.State.ACTIVE,
        "groups": groups,
        "problems": problems,
        "reason": posted.get("reason", "") if posted else "",
    }
    return render(request, "setting_up/settings.html", context, status=422 if problems else 200)


def _shown(kind: str, value: Any, posted: Any, name: str) -> dict[str, Any]:
    if kind == "flag":
        return {"is_on": name in posted if posted else value}
    return {"value": posted.get(name, "") if posted else _written(kind, value)}


def _written(kind: str, value: Any) -> str:
    if value is None:
        return ""
    match kind:
        case "names":
            return ", ".join(value)
        case "share":
            return f"{100 * value:g}"
        case "money":
            return f"{value.normalize():f}"
        case _:
            return str(value)
