"""The list of runs and the page of one: reviewers look, admins decide."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Membership, Project
from annotation.web.access import STAFF, is_admin, project_for
from modelgen.models import Run
from modelgen.running import control
from modelgen.web import runs as pages
from modelgen.web.query import whole_number

ADMINS: set[str] = {Membership.Role.ADMIN}


@login_required
@require_GET
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every run of the project, newest first, and its judges."""
    project = project_for(request, slug, STAFF)
    before, by_admin = whole_number(request, "before"), is_admin(request, project)
    context = pages.list_page(project, is_admin=by_admin, at=timezone.now(), before=before)
    return render(request, "modelgen/runs.html", context)


@never_cache
@login_required
@require_GET
def run_list_now(request: HttpRequest, slug: str) -> HttpResponse:
    """The runs alone, asked for again and again by the page."""
    project = project_for(request, slug, STAFF)
    before, by_admin = whole_number(request, "before"), is_admin(request, project)
    context = pages.list_now(project, is_admin=by_admin, at=timezone.now(), before=before)
    return render(request, "modelgen/_runs_now.html", context)


@login_required
@require_GET
def run(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One run: how far it is, what it is made of, what came of it."""
    project = project_for(request, slug, STAFF)
    return _run_page(request, run_of(project, pk))


@never_cache
@login_required
@require_GET
def run_now(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What changes of a run's page, asked for again and again by it."""
    project = project_for(request, slug, STAFF)
    context = pages.run_now(run_of(project, pk), is_admin=is_admin(request, project), at=timezone.now())
    return render(request, "modelgen/_run_now.html", context)


@login_required
@require_POST
def change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Pause, resume, cancel, or ask for failed rows again."""
    found = run_of(project_for(request, slug, ADMINS), pk)
    try:
        said = _do(found, request.POST.get("action", ""))
    except control.RunRefused as refusal:
        return _run_page(request, found, error=str(refusal))
    messages.success(request, said)
    return redirect("modelgen:run", slug, pk)


def _do(run: Run, action: str) -> str:
    """What was pressed, done, and said in a sentence. Raises RunRefused."""
    match action:
        case "pause":
            control.pause(run)
            return _("Paused. What is being asked at this moment is still kept.")
        case "resume":
            control.resume(run)
            return _("It goes on.")
        case "cancel" if not run.has_no_end:
            control.cancel(run, at=timezone.now())
            return _("Cancelled. What was made stays, and a later run of the same recipe uses it.")
        case "cancel":
            raise control.RunRefused(
                _("A judge is not cancelled, nor what reads for one. Switch it off; it can then be switched on again.")
            )
        case "ask_failed_again":
            rows = control.ask_failed_again(run)
            return ngettext("%d row is asked again.", "%d rows are asked again.", rows) % rows
        case other:
            raise control.RunRefused(_("%(action)r is nothing that can be done with a run.") % {"action": other[:40]})


def run_of(project: Project, pk: int) -> Run:
    """A run of this project; 404 for any other."""
    runs = Run.objects.select_related("project", "judge", "started_by", "previous")
    return get_object_or_404(runs, pk=pk, project=project)


def _run_page(request: HttpRequest, found: Run, *, error: str = "") -> HttpResponse:
    found.refresh_from_db(fields=["state", "problem", "ended_at"])
    context = pages.run_page(found, is_admin=is_admin(request, found.project), at=timezone.now())
    errors = [error] if error else []
    return render(request, "modelgen/run.html", {**context, "errors": errors}, status=422 if error else 200)
