"""Who holds what right now, and how long; a lease that is stuck is released with one press."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Assignment, Project
from annotation.services import leases
from annotation.services.leases import LeaseGone
from annotation.setting_up.access import administered

SHOWN = 200
STUCK_AFTER = 3  # times the length of a lease: renewed again and again, and never submitted


@login_required
@require_GET
def lease_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The leases of a project, the oldest first."""
    project, now = administered(request, slug), timezone.now()
    held = list(_held(project)[: SHOWN + 1])
    rows = [_row(lease, project, now) for lease in held[:SHOWN]]
    context = {
        "project": project,
        "leases": rows,
        "stuck_count": sum(row["is_stuck"] for row in rows),
        "shown": SHOWN if len(held) > SHOWN else None,
        "stuck_minutes": STUCK_AFTER * project.lease_minutes,
    }
    return render(request, "setting_up/leases.html", context)


def _held(project: Project) -> Any:
    held = Assignment.objects.filter(annotator__project=project, state=Assignment.State.LEASED)
    return held.select_related("sample", "annotator").order_by("claimed_at", "pk")


def _row(lease: Assignment, project: Project, now: datetime) -> dict[str, Any]:
    minutes = int((now - lease.claimed_at).total_seconds() // 60)
    return {
        "pk": lease.pk,
        "sample": lease.sample,
        "person": lease.annotator,
        "is_ahead": lease.lease_place == 1,
        "minutes": minutes,
        "claimed_at": lease.claimed_at,
        "ends_at": lease.lease_expires_at,
        "is_stuck": minutes >= STUCK_AFTER * project.lease_minutes,
    }


@login_required
@require_POST
def release(request: HttpRequest, slug: str) -> HttpResponse:
    """Give back one lease, or with `stuck` all that are stuck. What somebody wrote meanwhile is kept as their draft."""
    project, now = administered(request, slug), timezone.now()
    held = _held(project)
    if "stuck" in request.POST:
        chosen = [lease for lease in held[:SHOWN] if _row(lease, project, now)["is_stuck"]]
    else:
        pk = request.POST.get("lease", "")
        chosen = [get_object_or_404(held, pk=int(pk) if pk.isdecimal() and len(pk) < 19 else 0)]
    freed = sum(_release(lease, now) for lease in chosen)
    if freed:
        messages.success(request, ngettext("%d sample was given back.", "%d samples were given back.", freed) % freed)
    else:
        messages.info(request, _("They do not hold it any more."))
    return redirect("annotation:leases", slug)


def _release(lease: Assignment, now: datetime) -> bool:
    try:
        leases.release(assignment=lease, at=now)
    except LeaseGone:
        return False
    return True
