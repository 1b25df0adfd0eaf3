"""Judges of a project: put one to work, switch one off or on."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from annotation.models import Judge, Project
from annotation.services import judging as judgments
from annotation.services.judging import JudgmentRefused
from annotation.web.access import project_for
from modelgen.judges.kinds import JUDGE_KINDS, JudgeOptionsRefused
from modelgen.models import Run
from modelgen.options import OptionRefused
from modelgen.running import judging
from modelgen.web import judge_forms, served
from modelgen.web.run_views import ADMINS

LONGEST_NAME = 200


@login_required
@require_http_methods(["GET", "POST"])
def new_judge(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose a kind, then its model and options; POST puts it to work."""
    project = project_for(request, slug, ADMINS)
    given: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    kind = given.get("kind", "")
    if kind not in JUDGE_KINDS:
        context = {"project": project, "kinds": judge_forms.kinds(), "is_admin": True}
        return render(request, "modelgen/judge_kinds.html", context)
    if request.method == "POST":
        try:
            run = _put_to_work(request, project, kind)
        except (OptionRefused, JudgeOptionsRefused, judging.JudgeRefused, JudgmentRefused, NotANumber) as refusal:
            return _form(request, project, kind, given, error=str(refusal))
        messages.success(request, _("At work. It judges every sample that lacks its word, now and whenever some come."))
        return redirect("modelgen:run", slug, run.pk)
    return _form(request, project, kind, given)


class NotANumber(ValueError):
    """A number was asked for and something else was written."""


def _put_to_work(request: HttpRequest, project: Project, kind: str) -> Run:
    """Raises what keeps a judge from being put to work, as a sentence."""
    wanted = judging.JudgeWanted(
        kind=kind,
        model=_text(request.POST, "model"),
        revision=_text(request.POST, "revision"),
        seed=_seed(request.POST),
        options=judge_forms.options_given(kind, request.POST),
    )
    run = judging.put_to_work(project=project, wanted=wanted, by=request.user, at=timezone.now())  # type: ignore[arg-type]
    assert run.judge is not None  # noqa: S101  the database says so of every judging run
    judgments.switch(project=project, judge=run.judge, is_enabled=True)  # it may have been switched off before
    return run


def _text(given: Mapping[str, str], name: str) -> str:
    return given.get(name, "").replace("\x00", "").strip()[:LONGEST_NAME]


def _seed(given: Mapping[str, str]) -> int:
    text = _text(given, "seed") or "1"
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise NotANumber(_("The seed is %(given)r; write a whole number from 0 to 999999999.") % {"given": text[:40]})
    return int(text)


def _form(
    request: HttpRequest, project: Project, kind: str, given: Mapping[str, str], *, error: str = ""
) -> HttpResponse:
    model = _text(given, "model")
    context: dict[str, Any] = {
        "project": project,
        "kind": next(each for each in judge_forms.kinds() if each["name"] == kind),
        "fields": judge_forms.fields(kind, given),
        "model": model,
        "revision": _text(given, "revision"),
        "seed": _text(given, "seed") or "1",
        "served": served.suggestions(),
        "about_model": served.words([model]) if model else [],
        "error": error,
        "is_admin": True,
    }
    return render(request, "modelgen/judge_form.html", context, status=422 if error else 200)


@login_required
@require_POST
def switch(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Switch a judge of the project off or on."""
    project = project_for(request, slug, ADMINS)
    judge = get_object_or_404(Judge, pk=pk, project_judges__project=project)
    is_enabled = request.POST.get("action") == "on"
    judgments.switch(project=project, judge=judge, is_enabled=is_enabled)
    messages.success(request, _("%s is at work again.") % judge if is_enabled else _("%s judges nothing new.") % judge)
    return redirect("modelgen:runs", slug)
