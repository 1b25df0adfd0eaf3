"""The menu: where an account may go, put together here because only this package knows every page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.models import Membership, User

Role = Membership.Role
PAGES = {
    Role.ANNOTATOR: ("annotation:annotate", _("Annotate")),
    Role.REVIEWER: ("annotation:queue", _("Review")),
    Role.ADMIN: ("annotation:overview", _("Overview")),
}
GUIDELINE = ("annotation:guideline", _("Guideline"))  # everybody reads it; who has several roles has it once
# Further pages of a role, beside the one that it starts on.
FURTHER_PAGES = {
    Role.ANNOTATOR: (("annotation:own-work", _("My work")), GUIDELINE, ("annotation:record", _("My record"))),
    Role.REVIEWER: (
        GUIDELINE,
        ("annotation:gold", _("Gold")),
        ("annotation:judges", _("Judges")),
        ("modelgen:runs", _("Models")),
    ),
    Role.ADMIN: (("annotation:people", _("People")), ("annotation:routing", _("Routing"))),
}
# Pages that are reached from another one, under which they stand in the menu.
PART_OF = {"annotation:own-data": "annotation:record"}
# With more than so many entries the row becomes a menu earlier, before it is too narrow for them.
LONG, LONGEST = 6, 9


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`navigation`: the pages of the project at hand, `page_here` the one that is open; `project_choices`: where else this
    account has a part."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    slug = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
    memberships = list(Membership.objects.filter(user=user).select_related("project").order_by("project__title"))
    pages = _pages(request, slug, {m.role for m in memberships if m.project.slug == slug}, user)
    return {
        "navigation": pages,
        "navigation_length": "longest" if len(pages) > LONGEST else "long" if len(pages) > LONG else "short",
        "page_here": next((page for page in pages if page["active"]), None),
        "project_choices": _choices(memberships, slug),
    }


def _choices(memberships: list[Membership], slug: str | None) -> list[dict[str, Any]]:
    """One entry a project, leading to the page that the account's first role there works on."""
    first = {m.project.slug: m for m in reversed(memberships)}
    return [
        {"title": m.project.title, "url": reverse(PAGES[Role(m.role)][0], args=[project]), "active": project == slug}
        for project, m in sorted(first.items(), key=lambda item: item[1].project.title)
    ]


def _pages(request: HttpRequest, slug: str | None, roles: set[str], user: User) -> list[dict[str, Any]]:
    pages = []
    if slug:
        staff = {Role.REVIEWER, Role.ADMIN}
        held = roles | staff if roles & staff or user.is_superuser else roles
        pages = [
            (reverse(name, args=[slug]), label)
            for role, first in PAGES.items()
            if role in held
            for name, label in (first, *FURTHER_PAGES.get(role, ()))
        ]
        pages = list(dict.fromkeys(pages))
    if user.is_staff:
        pages.append((reverse("admin:index"), _("Administration")))
    path = _path_in_the_menu(request)
    here = max((url for url, label in pages if path.startswith(url)), key=len, default="")
    return [{"url": url, "label": label, "active": url == here} for url, label in pages]


def _path_in_the_menu(request: HttpRequest) -> str:
    """Where this page stands in the menu: its own address, or that of the page it is reached from."""
    match = request.resolver_match
    above = PART_OF.get(match.view_name) if match else None
    return reverse(above, kwargs=match.kwargs) if match and above else request.path
