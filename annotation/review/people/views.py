"""The pages about a project's people: reviewers read them, admins decide. Translate in, one service call, translate out."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.models import Annotator, Assignment, Membership, Notice, Project, QualityRule
from annotation.review.people import listed as pages
from annotation.review.people.person import person_page
from annotation.services import leases, people, quality_rules, standing
from annotation.services.leases import LeaseGone
from annotation.services.people import PersonChangeRefused, ReasonMissing
from annotation.services.quality_rules import RuleRefused
from annotation.services.standing import NotPossible
from annotation.web import forms
from annotation.web.access import STAFF, project_for

ADMINS: set[str] = {Membership.Role.ADMIN}
LONGEST = 5000
ASKED = {"wanted": "q", "sort": "sort", "page": "page"}  # of the list: what it is told by, and its name in the address


@login_required
@require_GET
def people_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody with their figures, what waits for an admin, and the rules."""
    project = project_for(request, slug, STAFF)
    return render(request, "review/people.html", _list_context(request, project))


@login_required
@require_GET
def person(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One person; with `?consider=set_aside` a dry run of setting their work aside."""
    project = project_for(request, slug, STAFF)
    return _person_page(request, _person(project, pk), considers="consider" in request.GET)


@login_required
@require_POST
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Write to a person, pause, resume, ask for the test again, withdraw, or set work aside; they read the reason."""
    found = _person(project_for(request, slug, ADMINS), pk)
    try:
        said = _take(request, found)
    except (ReasonMissing, NotPossible) as refusal:
        considers = request.POST.get("action") in TO_CONFIRM
        return _person_page(request, found, error=str(refusal), considers=considers)
    messages.success(request, said)
    return redirect("annotation:person", slug, pk)


@login_required
@require_POST
def change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What a person may be given: skills, cap, qualified or not."""
    found = _person(project_for(request, slug, ADMINS), pk)
    cap = forms.text(request, "cap", longest=20).strip()
    try:
        if cap and not cap.isdecimal():
            raise PersonChangeRefused(
                _("%(cap)r is no cap. Write a whole number from 0, or nothing for no cap.") % {"cap": cap}
            )
        people.change(
            annotator=found,
            by=request.user,  # type: ignore[arg-type]  # login_required has run
            at=timezone.now(),
            skills=forms.text(request, "skills", longest=LONGEST).split(","),
            cap=int(cap) if cap else None,
            is_qualified="is_qualified" in request.POST,
        )
    except PersonChangeRefused as refusal:
        return _person_page(request, found, error=str(refusal))
    messages.success(request, _("Saved. It holds from the next sample on."))
    return redirect("annotation:person", slug, pk)


@login_required
@require_POST
def give_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a sample back that somebody holds."""
    project = project_for(request, slug, ADMINS)
    lease = get_object_or_404(Assignment.objects.select_related("annotator", "sample"), pk=pk, sample__project=project)
    try:
        leases.release(assignment=lease, at=timezone.now())
    except LeaseGone:
        messages.info(request, _("They do not hold it any more."))
    else:
        messages.success(request, _("%(sample)s was given back.") % {"sample": lease.sample})
    return redirect("annotation:person", slug, lease.annotator_id)


@login_required
@require_POST
def reply(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Reply to a person's answer; or accept a rule's proposal, with what follows, or decline it."""
    project = project_for(request, slug, ADMINS)
    notice = get_object_or_404(Notice.objects.select_related("annotator__project"), pk=pk, annotator__project=project)
    text = forms.text(request, "reply", longest=LONGEST)
    said: dict[str, Any] = {"by": request.user, "at": timezone.now()}
    try:
        if notice.kind == Notice.Kind.PROPOSAL and request.POST.get("action") == "accept":
            standing.accept(proposal=notice, decision=request.POST.get("decision", ""), reason=text, **said)
        elif notice.kind == Notice.Kind.PROPOSAL:
            standing.decline(proposal=notice, reason=text, **said)
        else:
            standing.reply(notice=notice, text=text, **said)
    except (ReasonMissing, NotPossible) as refusal:
        return _person_page(request, notice.annotator, error=str(refusal), at_notice=pk)
    messages.success(request, _("Written down."))
    return redirect("annotation:person", slug, notice.annotator_id)


@login_required
@require_POST
def add_rule(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a rule, in force at once."""
    project = project_for(request, slug, ADMINS)
    try:
        quality_rules.add(project=project, by=request.user, at=timezone.now(), **_rule_fields(request))  # type: ignore[arg-type]
    except RuleRefused as refusal:
        context = _list_context(request, project) | {"rule_error": str(refusal), "posted": request.POST.dict()}
        return render(request, "review/people.html", context, status=422)
    messages.success(request, _("The rule is in force."))
    return redirect("annotation:people", slug)


@login_required
@require_POST
def switch_rule(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Switch a rule on or off."""
    project = project_for(request, slug, ADMINS)
    rule = get_object_or_404(QualityRule.objects.select_related("project"), pk=pk, project=project)
    is_enabled = request.POST.get("action") == "on"
    quality_rules.switch(rule=rule, by=request.user, at=timezone.now(), is_enabled=is_enabled)  # type: ignore[arg-type]
    return redirect("annotation:people", slug)


TO_CONFIRM = ("set_aside", "withdraw_and_set_aside")


def _take(request: HttpRequest, found: Annotator) -> str:
    """The decision that was pressed. Raises ReasonMissing, NotPossible."""
    action = request.POST.get("action", "")
    reason = forms.text(request, "reason", longest=LONGEST)
    said: dict[str, Any] = {"annotator": found, "by": request.user, "reason": reason, "at": timezone.now()}
    if action in TO_CONFIRM and "confirmed" not in request.POST:
        raise NotPossible(_("Setting work aside cannot be undone. Tick that you know it, and decide again."))
    match action:
        case "pause":
            standing.pause(**said)
        case "resume":
            standing.resume(**said)
        case "requalify":
            standing.requalify(**said)
        case "message":
            standing.message(text=said.pop("reason"), **said)
            return _("Sent. %(name)s reads it on their own page and can answer.") % {"name": found}
        case "withdraw":
            standing.withdraw(keep_work=True, **said)
        case "withdraw_and_set_aside":
            standing.withdraw(keep_work=False, **said)
        case "set_aside":
            standing.set_work_aside(**said)
        case other:
            raise NotPossible(
                _("%(action)r is not a decision; write to them, pause, resume, test again, withdraw or set work aside.")
                % {"action": other}
            )
    return _("Decided. %(name)s reads your reason on their own page.") % {"name": found}


def _rule_fields(request: HttpRequest) -> dict[str, Any]:
    """The posted rule. A share is written in per cent. Raises RuleRefused for what is no number."""
    measure = request.POST.get("measure", "")
    limit, minimum, minutes = (forms.text(request, name, longest=20) for name in ("limit", "minimum", "hold_minutes"))
    try:
        number = float(limit.replace(",", "."))
        counts = {"minimum": int(minimum), "hold_minutes": int(minutes) if minutes.strip() else None}
    except ValueError as error:
        raise RuleRefused(_("Write the limit, the least number of answers and the minutes as numbers.")) from error
    is_share = measure != QualityRule.Measure.MEDIAN_SECONDS
    action = request.POST.get("action", "")
    return {"measure": measure, "limit": number / 100 if is_share else number, "action": action, **counts}


def _person(project: Project, pk: int) -> Annotator:
    return get_object_or_404(Annotator.objects.select_related("project", "user", "figures"), project=project, pk=pk)


def _is_admin(request: HttpRequest, project: Project) -> bool:
    held = people.roles_of(project=project, user=request.user)  # type: ignore[arg-type]  # login_required has run
    return Membership.Role.ADMIN in held


def _list_context(request: HttpRequest, project: Project) -> dict[str, Any]:
    asked = {name: request.GET.get(key, "").replace("\x00", "")[:200].strip() for name, key in ASKED.items()}
    return pages.list_page(project, is_admin=_is_admin(request, project), at=timezone.now(), **asked)


def _person_page(
    request: HttpRequest, found: Annotator, *, error: str = "", considers: bool = False, at_notice: int | None = None
) -> HttpResponse:
    context = person_page(found, is_admin=_is_admin(request, found.project), at=timezone.now(), considers=considers)
    posted = {"action": request.POST.get("action", ""), "reason": request.POST.get("reason", "")} if error else {}
    kept = {"reply": request.POST.get("reply", ""), "replying": at_notice} if error else {}
    context |= {"errors": [error] if error else [], "posted": posted, **kept}
    return render(request, "review/person.html", context, status=422 if error else 200)
