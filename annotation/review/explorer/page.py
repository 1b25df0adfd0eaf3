"""What the explorer's page shows, as plain dictionaries."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from annotation.explorer import covering, finding, listing, orders
from annotation.explorer.filters import Filters, asked
from annotation.models import Project, SavedFilter
from annotation.review.explorer import words
from annotation.statistics import reading

Row = dict[str, Any]
FIELDS_SHOWN = 3


def page(project: Project, given: QueryDict) -> Row:
    """The filters as a form, what they find, and what may be done with it."""
    filters, order = Filters.read(given), _order(given)
    query = filters.query
    return {
        "project": project,
        "filters": filters,
        "form": words.form(project, filters),
        "chips": [_chip(project, filters, name, value, order) for name, value in filters.pairs()],
        "orders": [{"value": name, "label": label, "chosen": name == order} for name, label in words.page_orders()],
        "query": query,
        "hidden": list(filters.pairs()),
        "coverage": _coverage(project),
        "saved": list(SavedFilter.objects.filter(project=project).order_by("name")),
        "running": orders.under_way().filter(project=project).count(),
        "fields": _fields(project),
        **_found(project, filters, order, given),
    }


def _order(given: Mapping[str, Any]) -> str:
    return given.get("sort", "") if given.get("sort") in finding.ORDERS else "newest"


def _fields(project: Project) -> list[str]:
    """The metadata fields that tell samples apart, as the statistics know them."""
    return list(project.slice_fields or reading.slices(project))[:FIELDS_SHOWN]


def _found(project: Project, filters: Filters, order: str, given: Mapping[str, Any]) -> Row:
    """The rows with the ways to the pages beside them; or which filter is too wide."""
    what = asked(project, filters)
    try:
        of = finding.page(project, what, order=order, after=given.get("after", ""), before=given.get("before", ""))
    except finding.TooWide as stopped:
        return {"too_wide": words.too_wide(stopped.name), "rows": [], "next": None, "previous": None}
    return {
        "rows": [_row(project, listed) for listed in listing.listed(project, of.ids, _fields(project))],
        "count": words.count(of.count),
        "next": of.after and _address(filters, order, after=of.after),
        "previous": of.before and _address(filters, order, before=of.before),
    }


def _address(filters: Filters, order: str, **cursor: str) -> str:
    """The same search, from a cursor on."""
    query = QueryDict(filters.query, mutable=True)
    if order != "newest":
        query["sort"] = order
    for name, value in cursor.items():
        query[name] = value
    return f"?{query.urlencode()}"


def _chip(project: Project, filters: Filters, name: str, value: str, order: str) -> Row:
    return {
        "text": words.chip(project, name, value),
        "is_partner": name in ("did", "said"),
        "without": _address(filters.without(name, value), order),
    }


def _coverage(project: Project) -> Row:
    of = covering.coverage(project)
    counts = {"covered": words.number(of.covered), "total": words.number(of.total)}
    return {"is_whole": of.is_whole, "has_begun": of.as_of is not None, **counts}


def _row(project: Project, listed: listing.Listed) -> Row:
    sample = listed.sample
    return {
        "pk": sample.pk,
        "id": sample.external_id,
        "url": reverse("annotation:review", args=[project.slug, sample.pk]),
        "state": sample.state,
        "purpose": sample.get_purpose_display() if sample.purpose != "work" else "",
        "excerpt": listed.excerpt,
        "sensitive": listed.sensitive,
        "labels": list(_labels(project, listed)),
        "disagreement": listed.disagreement,
        "disagreement_text": words.share(listed.disagreement),
        "people": sample.counted_count,
        "wanted": sample.target if sample.state in orders.UNDECIDED else sample.counted_count,
        "priority": sample.priority,
        "at": listed.decided_at or sample.created_at,
        "is_decided": listed.decided_at is not None,
        "fields": [listed.fields.get(name) or "" for name in _fields(project)],
    }


def _labels(project: Project, listed: listing.Listed) -> Iterator[Row]:
    for attribute in project.rubric.attributes:
        if values := listed.labels.get(attribute["name"]):
            said = " ".join(words.value(attribute, value) for value in values)
            yield {"title": str(attribute.get("title") or attribute["name"]), "values": said}


# --- what is to be done to many ---------------------------------------------------------------------------------
def act_page(project: Project, wish: orders.Wish, *, given: QueryDict, is_admin: bool) -> Row:
    """What an order would do, told before it is given. Nothing is counted before what it needs is written."""
    is_ready = wish.kind != "send" or bool(wish.details.get("people"))
    would = orders.outlook(project, wish) if is_ready and wish.samples else None
    return {
        "project": project,
        "kind": wish.kind,
        "title": words.order_title(wish.kind, len(wish.samples)),
        "explains": words.order_explains(wish.kind),
        "total": len(wish.samples),
        "outlook": would
        and {"can": would.can, "total": words.number(would.total), "cannot": words.refusals(would.cannot)},
        "is_large": len(wish.samples) > orders.AT_ONCE,
        "chosen": given.getlist("sample") if given.get("scope") != "all" else [],
        "hidden": list(Filters.read(given).pairs()),
        "takes_all": given.get("scope") == "all",
        "people": words.people(project, set(wish.details.get("people", []))) if wish.kind == "send" else [],
        "priority": wish.details.get("priority", ""),
        "causes": words.causes() if wish.kind == "exclude" else [],
        "cause": wish.details.get("cause", ""),
        "reason": wish.reason,
        "is_admin": is_admin,
        "back": f"{reverse('annotation:samples', args=[project.slug])}?{Filters.read(given).query}",
    }


def orders_page(project: Project) -> Row:
    """What was ordered last, and how far it has come."""
    latest = project.sample_orders.defer("samples").select_related("by").order_by("-pk")[:30]
    return {"project": project, "orders": [_given(order) for order in latest]}


def _given(order: Any) -> Row:
    return {
        "pk": order.pk,
        "title": words.order_title(order.kind, order.total),
        "reason": order.reason,
        "by": str(order.by) if order.by else "",
        "asked_at": order.asked_at,
        "finished_at": order.finished_at,
        "done": order.done,
        "total": order.total,
        "share": order.done / order.total if order.total else 1,
        "changed": order.changed,
        "left": words.refusals(order.refusals),
    }
