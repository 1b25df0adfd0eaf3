"""What a change of a project made of what was there before: names and values in the words of the pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import Project, ProjectEvent
from annotation.services import policy_words
from annotation.setting_up.settings_fields import GROUPS, KINDS

TITLES: dict[str, Promise | str] = {
    **{name: title for _group, fields in GROUPS for name, _kind, title, _hint in fields},
    "title": gettext_lazy("Title"),
    "state": gettext_lazy("State"),
    "name": gettext_lazy("When more people are asked"),
    "first_round": gettext_lazy("People at first"),
    "extra": gettext_lazy("People after that"),
    "target": gettext_lazy("How sure a label must be"),
    "hopeless_below": gettext_lazy("Given up below a chance of"),
    "triggers": gettext_lazy("Difference that is allowed"),
    "label_rule": gettext_lazy("The label is"),
    "unsettled": gettext_lazy("Samples that stay unsettled"),
    "judges_weight_at_most": gettext_lazy("Judges weigh at most"),
    "slice_share": gettext_lazy("Random slice"),
    "slice_overlap": gettext_lazy("People for a sample of the random slice"),
    "skills": gettext_lazy("Skills"),
    "cap": gettext_lazy("Most annotations"),
    "is_qualified": gettext_lazy("Has passed the test"),
}
CODES: dict[str, Mapping[str, Any]] = {
    "name": policy_words.NAMES,
    "label_rule": policy_words.RULES,
    "unsettled": policy_words.UNSETTLED,
    "state": dict(Project.State.choices),
}
SHARES = {"target", "hopeless_below", "slice_share"} | {name for name, kind in KINDS.items() if kind == "share"}


def changes(event: ProjectEvent) -> list[dict[str, str]]:
    """What was and what became, name by name; nothing for what was only said."""
    before, after = event.before or {}, event.after or {}
    return [
        {
            "name": str(TITLES.get(name, name)),
            "before": _word(name, before.get(name), event.project),
            "after": _word(name, after.get(name), event.project),
        }
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _word(name: str, value: Any, project: Project) -> str:
    if value is None or value in ([], {}, ""):
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return str(CODES.get(name, {}).get(value, value))
    if name in SHARES:
        return f"{100 * value:g} %"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _limits(value, project) if name == "triggers" else str(value)


def _limits(triggers: Mapping[str, Mapping[str, float]], project: Project) -> str:
    known = policy_words.titles(project)
    return "; ".join(
        _("%(name)s above %(limit)s, settled within %(settled)s")
        % {"name": known.get(name, name), "limit": f"{of['escalate_above']:g}", "settled": f"{of['settle_within']:g}"}
        for name, of in triggers.items()
    )
