"""What the pages of a what-if show, as plain dictionaries: the form, how far an answer has come, and what it says."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Policy, Project, WhatIf
from annotation.ratings import Place
from annotation.review.charts import kinds as charts
from annotation.review.what_if import limits as what_if_limits
from annotation.review.what_if.cells import Cell, cost_rows, money, quality_rows
from annotation.review.what_if.forms import Fields, fields_of, letter_of
from annotation.services import applying, policy_words, projects, what_if, what_if_words

LISTED = 12
State = WhatIf.State


def form_page(project: Project, candidates: Sequence[Fields], *, is_admin: bool) -> dict[str, Any]:
    """The context of the form: candidates, the policy in force in words, and what was asked before."""
    return {
        "project": project,
        "is_admin": is_admin,
        "now": policy_words.sentence(project.policy, project),
        "version": project.policy.version,
        "candidates": [_candidate(project, at, fields) for at, fields in enumerate(candidates)],
        "may_add": len(candidates) < what_if.MOST,
        "choices": {
            "name": policy_words.NAMES.items(),
            "label_rule": policy_words.RULES.items(),
            "unsettled": policy_words.UNSETTLED.items(),
        },
        "asked": [_listed(row) for row in project.what_ifs.select_related("applied_as").order_by("-pk")[:LISTED]],
    }


def in_force(project: Project) -> Fields:
    return fields_of(projects.policy_content(project.policy), project)


def like(row: WhatIf, project: Project) -> list[Fields]:
    """The candidates of an earlier question, to ask again."""
    return [fields_of(content, project) for content in row.candidates]


def result_page(row: WhatIf, project: Project, *, is_admin: bool) -> dict[str, Any]:
    """The context of one question: how far it has come, or its answer."""
    context = {
        "project": project,
        "is_admin": is_admin,
        "row": row,
        "progress": _progress(row),
        "settings": [_setting(row, project, at, content) for at, content in enumerate(row.candidates)],
        "version": row.policy.version,
        "now": policy_words.sentence(row.policy, project),
    }
    if row.state == State.READY:
        context |= _answer(row, project)
    return context


def _progress(row: WhatIf) -> dict[str, Any]:
    return {
        "is_under_way": row.state in (State.WAITING, State.RUNNING),
        "share": round(100 * row.done / row.of) if row.of else 0,
        "words": _("Waiting for a process that is free.")
        if row.state == State.WAITING
        else _("%(done)d of %(of)d steps") % {"done": row.done, "of": row.of},
    }


def _candidate(project: Project, at: int, fields: Fields) -> dict[str, Any]:
    return {
        "at": at,
        "letter": letter_of(at),
        **{
            name: fields.get(name, "") for name in ("name", "first_round", "extra", "target", "label_rule", "unsettled")
        },
        "judges_weight_at_most": fields.get("judges_weight_at_most", ""),
        "attributes": [
            {
                "name": attribute["name"],
                "title": Place(attribute, None).title,
                "is_trigger": bool(fields.get(f"trigger-{attribute['name']}")),
                "above": fields.get(f"escalate_above-{attribute['name']}", ""),
                "within": fields.get(f"settle_within-{attribute['name']}", ""),
                "levels": _levels(Place(attribute, None)),
            }
            for attribute in project.rubric.attributes
        ],
    }


def _levels(place: Place) -> str:
    if place.scale.is_nominal:
        return _("names")
    return _("%(low)d to %(high)d") % {"low": place.levels[0], "high": place.levels[-1]}


def _listed(row: WhatIf) -> dict[str, Any]:
    found = row.result
    said = [
        f"{letter_of(at)}: {what_if_words.cost(found, at + 1)} {what_if_words.quality(found, at + 1)}"
        for at in range(len(row.candidates))
        if found
    ]
    return {
        "url": reverse("annotation:what-if-one", args=[row.project.slug, row.pk]),
        "state": row.get_state_display(),
        "at": row.requested_at,
        "said": said,
        "applied_as": row.applied_as.version if row.applied_as else None,
    }


def _setting(row: WhatIf, project: Project, at: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """One candidate in words, and in what it differs."""
    policy = Policy(**content)
    return {
        "at": at,
        "letter": letter_of(at),
        "words": policy_words.sentence(policy, project),
        "differs": _differs(row, content, project),
    }


def _differs(row: WhatIf, content: Mapping[str, Any], project: Project) -> list[str]:
    said = [_change(name, getattr(row.policy, name), content[name], project) for name in what_if.DIFFERS_IN]
    return [words for words in said if words]


def _change(name: str, before: Any, after: Any, project: Project) -> str:
    if before == after:
        return ""
    words = {
        "name": (_("When more are asked"), policy_words.NAMES),
        "label_rule": (_("Label"), policy_words.RULES),
        "unsettled": (_("Unsettled samples"), policy_words.UNSETTLED),
        "first_round": (_("People at first"), {}),
        "extra": (_("People after that"), {}),
        "target": (_("How sure"), {}),
        "hopeless_below": (_("Given up below a chance of"), {}),
        "judges_weight_at_most": (_("Judges weigh at most"), {}),
        "triggers": (_("Limits"), {}),
    }
    label, codes = words[name]
    if name in ("target", "hopeless_below"):
        before, after = (_("%(share)s %%") % {"share": f"{100 * value:g}"} for value in (before, after))
    old, new = (_shown(value, codes, project) for value in (before, after))
    return _("%(label)s: %(new)s (now %(old)s)") % {"label": label, "old": old, "new": new}


def _shown(value: Any, codes: Mapping[str, Any], project: Project) -> str:
    if isinstance(value, dict):
        titles = policy_words.titles(project)
        said = _("%(title)s above %(above)s, settled within %(within)s")
        return "; ".join(
            said
            % {
                "title": titles.get(name, name),
                "above": f"{of['escalate_above']:g}",
                "within": f"{of['settle_within']:g}",
            }
            for name, of in value.items()
        )
    return f"{value:g}" if isinstance(value, float) else str(codes.get(value, value))


def _answer(row: WhatIf, project: Project) -> dict[str, Any]:
    found: dict[str, Any] = row.result or {}
    count = len(row.candidates)
    return {
        "is_out_of_date": what_if.is_out_of_date(row) and not row.applied_as,
        "is_of_now": row.policy_id == project.policy.pk,
        "headlines": [
            {
                "letter": letter_of(at),
                "cost": what_if_words.cost(found, at + 1),
                "quality": what_if_words.quality(found, at + 1),
                "money": money(found, at + 1),
                "drawbacks": what_if_words.drawbacks(found, at + 1),
            }
            for at in range(count)
        ],
        "letters": ["A", *(letter_of(at) for at in range(count))],
        "tables": [
            {"title": _("What it costs"), "rows": cost_rows(found)},
            *(
                [{"title": _("How right the labels are"), "rows": quality_rows(found)}]
                if found["quality"]["basis"]
                else []
            ),
        ],
        "chart": _picture(found),
        "limits": what_if_limits.sentences(found),
        "judges": [_judges(of, project) for of in found["judges"]],
        "moves_judges": any(one["judges_weight_at_most"] != row.policy.judges_weight_at_most for one in row.candidates),
        "rehearsals": [
            {"letter": letter_of(at), "lines": _rehearsed(told)} for at, told in enumerate(found["rehearsals"])
        ],
        "follow_up": _follow_up(row, project) if row.applied_as else None,
    }


class _Measured:
    """An estimate of the kept answer, as a chart takes it."""

    def __init__(self, estimate: Mapping[str, Any], factor: float = 1.0) -> None:
        self.value, self.low, self.high = (
            None if estimate[name] is None else factor * estimate[name] for name in ("value", "low", "high")
        )


def _picture(found: Mapping[str, Any]) -> charts.Chart | None:
    """Annotations a sample against quality, one point a setting; None where nothing is known of quality."""
    quality = found["quality"]
    if not quality["basis"]:
        return None
    measure = "agreement" if "agreement" in quality["results"][0]["measured"] else "absolute_error"
    points = [
        charts.Dot(
            round(cost["labels"]["value"], 3),
            _Measured(own["measured"][measure]),
            group=_("A, now") if at == 0 else letter_of(at - 1),
        )
        for at, (cost, own) in enumerate(zip(found["cost"]["results"], quality["results"], strict=True))
    ]
    upwards = _("Agreement") if measure == "agreement" else _("Mean absolute error (less is better)")
    return charts.dots(
        _("What each costs, and how right it is"),
        points,
        x=_("Annotations a sample"),
        y=upwards,
        caption=_("The bars are 95 % intervals of each by itself; what the differences are worth stands above."),
    )


def _judges(of: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """The judges' weight on one attribute: what merged labels would be worth at other weights."""
    return {
        "title": policy_words.titles(project).get(of["attribute"], of["attribute"]),
        "samples": of["samples"],
        "is_agreement": of["tried"][0]["measure"] == "agreement",
        "rows": [
            {
                "weight": f"{one['weight']:.2f}",
                "is_now": one["weight"] == of["weight"],
                "measured": Cell.of(one["measured"], "share" if one["measure"] == "agreement" else "error"),
                "better": Cell.of(one["better"], "points"),
            }
            for one in of["tried"]
        ],
    }


def _rehearsed(told: Mapping[str, Any]) -> list[str]:
    """What applying would do to the samples under way, a sentence each."""
    changes, scale = told["changes"], ""
    if told["rehearsed"] < told["begun"]:
        scale = (
            _("Of %(begun)d samples that somebody has begun, %(rehearsed)d drawn at random were tried; of these:")
            % told
        )
    became = [
        ngettext("%(count)d would be resolved at once.", "%(count)d would be resolved at once.", changes["resolved"]),
        ngettext("%(count)d would be escalated.", "%(count)d would be escalated.", changes["escalated"]),
        ngettext("%(count)d would go to a reviewer.", "%(count)d would go to a reviewer.", changes["contested"]),
        ngettext("%(count)d would be excluded.", "%(count)d would be excluded.", changes["excluded"]),
        ngettext(
            "%(count)d would want another number of people.",
            "%(count)d would want another number of people.",
            changes["target"],
        ),
    ]
    counts = [changes[name] for name in ("resolved", "escalated", "contested", "excluded", "target")]
    lines = [said % {"count": count} for said, count in zip(became, counts, strict=True) if count]
    if told["begun"] and not lines:
        lines = [_("Nothing changes for the %(begun)d samples that somebody has begun.") % told]
    if told["fresh_changed"]:
        said = _("%(fresh_changed)d of %(fresh)d that nobody was given yet would want another number of people.")
        lines.append(said % told)
    staying = sum(told["staying"].values())
    lines.append(_("%(count)d decided samples stay as they are.") % {"count": staying})
    return [scale, *lines] if scale else lines


def _follow_up(row: WhatIf, project: Project) -> dict[str, Any]:
    """What became of it since it was applied."""
    assert row.applied_as is not None  # noqa: S101  the caller has looked
    asked, done = applying.followed(project=project, policy=row.applied_as)
    words = _("Undecided samples follow it at their next submission.")
    if asked:
        words = done.text if done else _("Undecided samples, where there are any, are being looked at now.")
    return {"version": row.applied_as.version, "words": words}
