"""The explorer: translate in, one call, translate out."""

from itertools import chain, islice
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from annotation.explorer import exporting, finding, orders, saved
from annotation.explorer.filters import Filters, asked
from annotation.explorer.orders import OrderRefused, Wish
from annotation.models import Project, SampleOrder
from annotation.review.explorer import page as pages
from annotation.review.explorer import words
from annotation.services import decisions_made
from annotation.services.people import NotAnAdmin
from annotation.web import forms
from annotation.web.access import STAFF, account, is_admin, project_for

LONGEST = 2000


@login_required
@require_GET
def samples(request: HttpRequest, slug: str) -> HttpResponse:
    """The samples that the filters in the address find."""
    project = project_for(request, slug, STAFF)
    context = pages.page(project, request.GET) | {"is_admin": is_admin(request, project)}
    if context["filters"].tells_what_a_judge_says:
        shown = project.samples.filter(pk__in=[row["pk"] for row in context["rows"]])
        decisions_made.open_judges(samples=shown, by=account(request), at=timezone.now())
    return render(request, "review/explorer.html", context)


@login_required
@require_GET
def export(request: HttpRequest, slug: str, form: str) -> Any:
    """The same samples as a file, written while it is sent."""
    project = project_for(request, slug, STAFF)
    if form not in exporting.FORMATS:
        raise Http404(f"No format {form!r}; there are: {', '.join(exporting.FORMATS)}.")
    filters = Filters.read(request.GET)
    lines = iter(exporting.lines(project, asked(project, filters), form=form))
    try:
        begun = list(
            islice(lines, 2)
        )  # a heading, and the first sample: what no index serves is refused before it is sent
    except finding.TooWide:
        messages.error(request, _("Nothing was exported: the search took too long. Narrow it."))
        return redirect(f"{reverse('annotation:samples', args=[slug])}?{filters.query}")
    exporting.record(project=project, query=filters.query, form=form, by=account(request))
    answer = StreamingHttpResponse(chain(begun, lines), content_type=exporting.FORMATS[form])
    answer["Content-Disposition"] = f'attachment; filename="{project.slug}-samples.{form}"'
    return answer


@login_required
@require_POST
def keep(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep the filters under a name, or forget a name."""
    project = project_for(request, slug, STAFF)
    filters, who = Filters.read(QueryDict(forms.text(request, "query", longest=LONGEST))), account(request)
    if forget := request.POST.get("forget", ""):
        gone = int(forget) if forget.isdecimal() and len(forget) < 19 else 0
        saved.forget(project=project, pk=gone, by=who, at=timezone.now())
    else:
        try:
            name = forms.text(request, "name", longest=80)
            saved.keep(project=project, name=name, filters=filters, by=who, at=timezone.now())
            messages.success(request, _("Kept. Everybody who reviews here finds it in the list of filters."))
        except saved.NotSaved as refusal:
            messages.error(request, str(refusal))
    return redirect(f"{reverse('annotation:samples', args=[slug])}?{filters.query}")


@login_required
def act(request: HttpRequest, slug: str) -> HttpResponse:
    """What an order would do (GET), and the order (POST)."""
    project = project_for(request, slug, STAFF)
    given = request.POST if request.method == "POST" else request.GET
    try:
        wish = _wish(project, given)
    except (OrderRefused, finding.TooWide) as refusal:
        messages.error(request, words.too_wide(refusal.name) if isinstance(refusal, finding.TooWide) else str(refusal))
        return redirect(f"{reverse('annotation:samples', args=[slug])}?{Filters.read(given).query}")
    if request.method == "POST":
        return _give(request, project, wish)
    return _act_page(request, project, wish)


@login_required
@require_GET
def order_list(request: HttpRequest, slug: str) -> HttpResponse:
    """What was ordered, and how far it has come."""
    return render(request, "review/explorer_orders.html", pages.orders_page(project_for(request, slug, STAFF)))


def _give(request: HttpRequest, project: Project, wish: Wish) -> HttpResponse:
    try:
        order = orders.give(project=project, wish=wish, by=account(request), at=timezone.now())
    except (OrderRefused, NotAnAdmin) as refusal:
        return _act_page(request, project, wish, error=str(refusal))
    if order.finished_at is None:
        messages.success(request, _("It begins within ten seconds. This page says how far it has come."))
        return redirect("annotation:sample-orders", project.slug)
    messages.success(request, _came_of(order))
    return redirect(f"{reverse('annotation:samples', args=[project.slug])}?{wish.query}")


def _came_of(order: SampleOrder) -> str:
    changed = ngettext("%(count)d sample was changed.", "%(count)d samples were changed.", order.changed)
    left = [f"{why['count']}: {why['text']}." for why in words.refusals(order.refusals)]
    return " ".join([changed % {"count": order.changed}, *left])


def _act_page(request: HttpRequest, project: Project, wish: Wish, *, error: str = "") -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    refusal = orders.why_not_by(account(request), project, wish)
    context = pages.act_page(project, wish, given=given, is_admin=is_admin(request, project))
    context |= {"error": error or refusal, "is_too_much": bool(refusal)}
    return render(request, "review/explorer_act.html", context, status=422 if error else 200)


def _wish(project: Project, given: QueryDict) -> Wish:
    """What is to be done, to the samples that were marked or to all that the filter finds. Raises OrderRefused, TooWide."""
    kind, filters = given.get("order", ""), Filters.read(given)
    if kind not in SampleOrder.Kind.values:
        raise OrderRefused(_("%(kind)r cannot be ordered.") % {"kind": kind})
    if given.get("scope") == "all":
        ids = orders.all_that_fit(project, filters)
    else:
        ids = [int(pk) for pk in given.getlist("sample") if pk.isdecimal() and len(pk) < 19]
    if not ids:
        raise OrderRefused(_("No sample was chosen. Mark some, or take all that the filter finds."))
    reason = forms.storable(given.get("reason", ""))[:LONGEST]
    return Wish(kind, ids, _details(kind, given), reason, filters.query if given.get("scope") == "all" else "")


def _details(kind: str, given: QueryDict) -> dict[str, Any]:
    match kind:
        case "prioritise":
            priority = forms.as_number(given.get("priority", ""))
            return {"priority": priority} if isinstance(priority, int) else {}
        case "send":
            return {"people": sorted({int(pk) for pk in given.getlist("people") if pk.isdecimal() and len(pk) < 19})}
        case "exclude":
            return {"cause": given.get("cause", "")}
    return {}
