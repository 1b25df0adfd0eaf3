"""The menu: where an account may go, put together here because only this package knows every page."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.models import Membership, User

Role = Membership.Role
STAFF = frozenset({Role.REVIEWER, Role.ADMIN})
STARTS_ON = {
    Role.ANNOTATOR: "annotation:annotate",
    Role.REVIEWER: "annotation:queue",
    Role.ADMIN: "annotation:overview",
}
GUIDELINE = ("annotation:guideline", _("Guideline"))  # everybody reads it
OF_ANNOTATORS = (
    ("annotation:annotate", _("Annotate")),
    ("annotation:own-work", _("My work")),
    GUIDELINE,
    ("annotation:record", _("My record")),
)
# What is looked at every day stands in the row, the rest behind "More".
OF_STAFF = (
    ("annotation:overview", _("Overview")),
    ("annotation:queue", _("Review")),
    ("annotation:people", _("People")),
    ("annotation:judges", _("Judges")),
)
OF_STAFF_SELDOM = (
    ("annotation:samples", _("Samples")),
    ("annotation:attributes", _("Attributes")),
    ("annotation:second-look", _("Second look")),
    ("annotation:what-if", _("What if")),
    ("annotation:routing", _("Routing")),
    ("annotation:gold", _("Gold")),
    GUIDELINE,
    ("modelgen:runs", _("Models")),
    ("annotation:trail", _("Trail")),
)
OF_ADMINS_SELDOM = (
    ("annotation:setup", _("Set up")),
    ("annotation:leases", _("Leases")),
)
# Pages of figures: the part of the project that is looked at is kept on the way from one to another.
BY_SLICE = ("annotation:overview", "annotation:attributes")
# Pages that are reached from another one, under which they stand in the menu.
PART_OF = {"annotation:own-data": "annotation:record"}
# So many entries fit into a row; with more, those of the second kind are behind "More".
ROOM = 6


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`navigation`: the pages of the project at hand, `page_here` the one that is open; `project_choices`: where else this
    account has a part."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    slug = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
    memberships = list(Membership.objects.filter(user=user).select_related("project").order_by("project__title"))
    held = {m.role for m in memberships if m.project.slug == slug}
    pages = _pages(request, slug, held, user)
    return {
        "navigation": pages,
        "page_here": next((page for page in pages if page["active"]), None),
        "has_further_pages": any(page["is_further"] for page in pages),
        "project_choices": _choices(memberships, slug),
    }


def _choices(memberships: list[Membership], slug: str | None) -> list[dict[str, Any]]:
    """One entry a project, leading to the page that the account's first role there works on."""
    first = {m.project.slug: m for m in reversed(memberships)}
    return [
        {"title": m.project.title, "url": reverse(STARTS_ON[Role(m.role)], args=[project]), "active": project == slug}
        for project, m in sorted(first.items(), key=lambda item: item[1].project.title)
    ]


def _pages(request: HttpRequest, slug: str | None, roles: set[str], user: User) -> list[dict[str, Any]]:
    often, seldom = _of_the_project(slug, roles, user) if slug else ([], [])
    if user.is_staff:
        seldom.append((reverse("admin:index"), _("Administration")))
    path = _path_in_the_menu(request)
    here = max((url for url, _label in often + seldom if path.startswith(url)), key=len, default="")
    sliced = _sliced(request, slug)
    fits = len(often) + len(seldom) <= ROOM
    return [
        {"url": sliced.get(url, url), "label": label, "active": url == here, "is_further": is_further and not fits}
        for pages, is_further in ((often, False), (seldom, True))
        for url, label in pages
    ]


def _sliced(request: HttpRequest, slug: str | None) -> dict[str, str]:
    """The addresses of pages of figures with the slice that is looked at; empty where all samples are."""
    if not slug or not (chosen := request.GET.get("slice")):
        return {}
    return {url: f"{url}?{urlencode({'slice': chosen})}" for name in BY_SLICE for url in [reverse(name, args=[slug])]}


def _of_the_project(slug: str, roles: set[str], user: User) -> tuple[list[Any], list[Any]]:
    """Address and label of what stands in the row and of what may stand behind it. Whoever has two roles has each page once."""
    is_staff = bool(roles & STAFF) or user.is_superuser
    own = OF_ANNOTATORS if Role.ANNOTATOR in roles else ()
    often = (*own[:1], *OF_STAFF) if is_staff else own
    of_admins = OF_ADMINS_SELDOM if Role.ADMIN in roles or user.is_superuser else ()
    seldom = (*own[1:], *OF_STAFF_SELDOM, *of_admins) if is_staff else ()
    return _addressed(often, slug), _addressed(dict.fromkeys(seldom), slug)


def _addressed(pages: Iterable[tuple[str, Any]], slug: str) -> list[tuple[str, Any]]:
    return [(reverse(name, args=[slug]), label) for name, label in pages]


def _path_in_the_menu(request: HttpRequest) -> str:
    """Where this page stands in the menu: its own address, or that of the page it is reached from."""
    match = request.resolver_match
    above = PART_OF.get(match.view_name) if match else None
    return reverse(above, kwargs=match.kwargs) if match and above else request.path
