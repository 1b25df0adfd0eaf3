"""The settings of a project beside its rubric and policy: changed together, with a reason, and written down."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from annotation.models import Project, ProjectEvent, User
from annotation.services import people

CHANGED = "settings_changed"
# In the order in which the page asks for them.
CHANGEABLE = (
    "title",
    "state",
    "price_per_annotation",
    "hourly_floor",
    "lease_minutes",
    "gold_rate",
    "test_size",
    "pass_mark",
    "head_start_hours",
    "shuffles_responses",
    "shows_thinking",
    "shows_gold_accuracy",
    "asks_about_contradictions",
    "lets_relatives_vote",
    "allows_directed_claims",
    "slice_fields",
)


class SettingsRefused(ValueError):
    """The settings cannot be so. `problems`: by the name of the setting, a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@transaction.atomic
def change(*, project: Project, by: User, at: datetime, reason: str, **wanted: Any) -> list[str]:
    """Change what differs, all or nothing; returns the names of what did. They hold from the next sample on.

    Archiving is not a setting (services/closing.py): it ends leases. Raises SettingsRefused, ReasonMissing, NotAnAdmin.
    """
    people.require_admin(project=project, user=by)
    why = people.written(reason, _("Write the reason: it stands in the project's history."))
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    _refuse_archives(locked, wanted)
    before = {name: getattr(locked, name) for name in CHANGEABLE if name in wanted}
    for name in before:
        setattr(locked, name, wanted[name])
    _check(locked)
    changed = [name for name, value in before.items() if getattr(locked, name) != value]
    if changed:
        locked.save(update_fields=changed)
        _record(locked, before, changed, why, by, at)
    return changed


def _refuse_archives(project: Project, wanted: dict[str, Any]) -> None:
    if project.state == Project.State.ARCHIVED:
        raise SettingsRefused({"state": _("The project is archived; nothing in it changes any more.")})
    if wanted.get("state") == Project.State.ARCHIVED:
        raise SettingsRefused({"state": _("Archiving is done by `manage.py archive_project`: it ends every lease.")})


def _check(project: Project) -> None:
    try:
        project.full_clean(exclude=["slug"])
    except ValidationError as error:
        by_name = {name: " ".join(said) for name, said in error.message_dict.items()}
        general = by_name.pop("__all__", None)
        raise SettingsRefused({**by_name, **({"test_size": general} if general else {})}) from error


def _record(project: Project, before: dict[str, Any], changed: list[str], why: str, by: User, at: datetime) -> None:
    was = {name: _plain(before[name]) for name in changed}
    now = {name: _plain(getattr(project, name)) for name in changed}
    ProjectEvent.objects.create(project=project, kind=CHANGED, text=why, before=was, after=now, actor=by, at=at)


def _plain(value: Any) -> Any:
    return str(value.normalize()) if isinstance(value, Decimal) else value
