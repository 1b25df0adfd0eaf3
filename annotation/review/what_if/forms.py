"""The form of a what-if: what was posted of each candidate as the content of a policy, and what is wrong with it, in words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import Project
from annotation.review.what_if.refusals import refusals
from annotation.services import what_if
from annotation.web import forms

Fields = dict[str, str]  # of one candidate, by name, as texts
Content = dict[str, Any]
COUNTS, CODES = ("first_round", "extra"), ("name", "label_rule", "unsettled")
LONGEST = 40


def fields_of(content: Mapping[str, Any], project: Project) -> Fields:
    """The fields that say what a policy says."""
    fields = {name: str(content[name]) for name in (*COUNTS, *CODES)}
    fields["target"] = f"{100 * content['target']:g}"
    fields["judges_weight_at_most"] = f"{content['judges_weight_at_most']:g}"
    for attribute in project.rubric.attributes:
        limits = content["triggers"].get(attribute["name"])
        fields[f"trigger-{attribute['name']}"] = "on" if limits else ""
        for key in ("escalate_above", "settle_within"):
            fields[f"{key}-{attribute['name']}"] = f"{limits[key]:g}" if limits else ""
    return fields


def posted_fields(posted: Mapping[str, str]) -> list[Fields]:
    """The candidates of a posted form, in order; no more than may be asked about."""
    places = range(what_if.MOST)
    return [
        {name.partition(".")[2]: forms.storable(posted[name])[:LONGEST] for name in posted if name.startswith(f"{at}.")}
        for at in places
        if f"{at}.name" in posted
    ]


def content_of(fields: Fields, project: Project) -> tuple[Content, list[str]]:
    """What a candidate says, and every reason why it cannot: one sentence each, with the value."""
    problems: list[str] = []
    content: Content = {name: fields.get(name, "") for name in CODES}
    content |= {name: _count(fields.get(name, ""), LABELS[name](), problems) for name in COUNTS}
    content["target"] = _number(fields.get("target", ""), _("How sure"), problems) / 100
    content["judges_weight_at_most"] = _number(
        fields.get("judges_weight_at_most", ""), _("Judges weigh at most"), problems
    )
    content["triggers"] = _triggers(fields, project, problems)
    return content, problems or list(refusals(content))


LABELS = {"first_round": lambda: _("People at first"), "extra": lambda: _("People after that")}


def _count(text: str, label: str, problems: list[str]) -> int:
    read = forms.as_number(text)
    if isinstance(read, int) and read >= 0:
        return read
    problems.append(_("%(label)s: %(given)r is no whole number of people.") % {"label": label, "given": text})
    return 0


def _number(text: str, label: str, problems: list[str]) -> float:
    written = text.strip().removesuffix("%").strip().replace(",", ".")
    if re.fullmatch(r"[0-9]{0,3}(\.[0-9]{1,6})?", written) and written:
        return round(float(written), 8)
    problems.append(_("%(label)s: %(given)r is no number.") % {"label": label, "given": text})
    return 0.0


def _triggers(fields: Fields, project: Project, problems: list[str]) -> dict[str, dict[str, float]]:
    """The attributes that are ticked, each with its limits; an empty limit is the default of its scale."""
    triggers: dict[str, dict[str, float]] = {}
    for attribute in project.rubric.attributes:
        name, title = attribute["name"], str(attribute.get("title") or attribute["name"])
        if fields.get(f"trigger-{name}"):
            limits = {key: fields.get(f"{key}-{name}", "") for key in ("escalate_above", "settle_within")}
            triggers[name] = {
                key: _plain(_number(text, title, problems)) for key, text in limits.items() if text.strip()
            }
    return triggers


def _plain(number: float) -> float:
    """2 and not 2.0: that is how it stands in the project's history."""
    return int(number) if number.is_integer() else number


def numbered(problems: Sequence[Sequence[str]]) -> list[str]:
    """The problems of several candidates, each with the letter of its own."""
    return [
        _("%(letter)s: %(problem)s") % {"letter": letter_of(at), "problem": problem}
        for at, of_one in enumerate(problems)
        for problem in of_one
    ]


def letter_of(place: int) -> str:
    """A is the policy in force; the candidates come after it."""
    return "BCDEFG"[place]
