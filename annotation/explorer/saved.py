"""Filters under a name, for all reviewers and admins of a project."""

from datetime import datetime

from django.utils.translation import gettext as _

from annotation.explorer.filters import Filters
from annotation.models import Project, ProjectEvent, SavedFilter, User

LONGEST_QUERY = 2000
SAVED, FORGOTTEN = "filter_saved", "filter_forgotten"


class NotSaved(ValueError):
    """The filter cannot be kept so; the message says why."""


def keep(*, project: Project, name: str, filters: Filters, by: User, at: datetime) -> SavedFilter:
    """Keep a filter under a name of the project; the name of another one is refused. Raises NotSaved."""
    name = " ".join(name.split())[:80]
    if not name:
        raise NotSaved(_("Give the filter a name."))
    if filters.is_empty:
        raise NotSaved(_("Nothing is filtered. Choose what to look for, then keep it."))
    if len(filters.query) > LONGEST_QUERY:
        raise NotSaved(_("The filter is too long to be kept. Look for less at once."))
    about = {"query": filters.query, "by": by, "created_at": at}
    kept, is_new = SavedFilter.objects.get_or_create(project=project, name=name, defaults=about)
    if not is_new and kept.query != filters.query:
        raise NotSaved(
            _("There is a filter %(name)r already. Choose another name, or forget that one.") % {"name": name}
        )
    if is_new:
        _write_down(project, SAVED, f"{name}: {filters.query}", by, at)
    return kept


def forget(*, project: Project, pk: int, by: User, at: datetime) -> None:
    """Drop a filter; one that is gone already is gone."""
    if kept := SavedFilter.objects.filter(project=project, pk=pk).first():
        kept.delete()
        _write_down(project, FORGOTTEN, f"{kept.name}: {kept.query}", by, at)


def _write_down(project: Project, kind: str, text: str, by: User, at: datetime) -> None:
    ProjectEvent.objects.create(project=project, kind=kind, text=text, actor=by, at=at)
