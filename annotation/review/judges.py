"""What the pages about a project's judges show, from the kept figures, as plain dictionaries."""

import json
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from annotation.models import Judge, Project, ProjectFigures
from annotation.ratings import Place
from annotation.review.estimates import FEW, few_text, shown, why_none
from annotation.review.overview import estimate_text, weight_text
from annotation.services import judging
from annotation.services.figures import FIRST_ROUNDS, RANDOM_SLICE

Row = dict[str, Any]


def list_page(project: Project) -> Row:
    """Every enabled judge with what it is worth, and the panel that they make together."""
    kept = ProjectFigures.objects.filter(project=project).first()
    judges = list(judging.enabled_judges(project))
    figures = _Figures(project, kept.figures if kept else {})
    return {
        "project": project,
        "as_of": kept.computed_at if kept else None,
        "judges": [_summary(figures, judge) for judge in judges],
        "panels": figures.panels() if judges else [],
        "on_slice": figures.on_slice,
    }


def judge_page(project: Project, judge: Judge) -> Row:
    """One judge: what it is, how it stands beside people, what it leans to."""
    kept = ProjectFigures.objects.filter(project=project).first()
    figures = _Figures(project, kept.figures if kept else {})
    return {
        "project": project,
        "as_of": kept.computed_at if kept else None,
        "judge": {**_about(project, judge), "licence": _("unknown") if judge.licence == "unknown" else judge.licence, "configuration": _told(judge.configuration)},
        "total": figures.total(judge),
        "attributes": [
            {
                "title": title,
                "verdict": figures.verdict(judge, name),
                "measures": [*figures.beside_people(judge, name), *figures.leanings(judge, name)],
                "slope": figures.slope_text(judge, name),
            }
            for name, title in figures.titles.items()
            if figures.of(judge, name)
        ],
        "lets_relatives_vote": project.lets_relatives_vote,
        "on_slice": figures.on_slice,
    }  # fmt: skip


def _about(project: Project, judge: Judge) -> Row:
    url = reverse("annotation:judge", args=[project.slug, judge.pk])
    return {"name": judge.name, "kind": judge.kind, "family": judge.family, "url": url}


def _told(configuration: Row) -> list[tuple[str, str]]:
    """What the judge was made from, as names and texts."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in sorted(configuration.items())
    ]


def _summary(figures: "_Figures", judge: Judge) -> Row:
    total = figures.total(judge)
    return {
        **_about(figures.project, judge),
        "total": total,
        "is_silent": total is not None and not total["judgments"],
        "rows": [
            {
                "title": title,
                "agreement": measured["equal_share"],
                "agreement_text": _share_text(measured["equal_share"]),
                "people": figures.people_share(name),
                "people_text": _percent(figures.people_share(name)),
                "stands_in": _outcome_text(measured["stands_in"]["outcome"]),
                "longer": _leaning_text(figures.leaning(judge, name, "longer")),
                "slope": figures.slope_text(judge, name, short=True),
                "relatives": _leaning_text(figures.leaning(judge, name, "relatives")),
                "consistent": _short_text(figures.position(judge, name)["consistent"]),
            }
            for name, title in figures.titles.items()
            for measured in [figures.of(judge, name)]
            if measured
        ],
    }


class _Figures:
    """The kept figures of a project's judges, by judge and attribute. Those of an older version lack some."""

    def __init__(self, project: Project, figures: Row) -> None:
        self.project = project
        self.titles = {a["name"]: Place(a, None).title for a in project.rubric.attributes}
        self.on_slice = figures.get("measured_on", FIRST_ROUNDS) == RANDOM_SLICE
        figures = shown(figures)
        self._people = {row["attribute"]: row for row in figures.get("people", ())}
        self._weights = {row["attribute"]: row for row in figures.get("weights", ())}
        self._panels: Sequence[Row] = figures.get("panels", ())
        self._judges = {(row.get("digest"), row["attribute"]): row for row in figures.get("judges", ())}
        self._leanings = {(row["digest"], row["attribute"]): row for row in figures.get("leanings", ())}
        self._totals = {row["digest"]: row for row in figures.get("judge_totals", ())}

    def of(self, judge: Judge, attribute: str) -> Row | None:
        """Agreement and the alternative annotator test; None before they were computed."""
        return self._judges.get((judge.digest, attribute))

    def total(self, judge: Judge) -> Row | None:
        total = self._totals.get(judge.digest)
        if total is None:
            return None
        return {
            **total,
            "unsure_text": _part_text(total["unsure"], total["judgments"]),
            "relatives_text": _part_text(total["of_relatives"], total["judgments"]),
        }

    def people_share(self, attribute: str) -> float | None:
        row = self._people.get(attribute)
        return row["equal_share"]["value"] if row else None

    def leaning(self, judge: Judge, attribute: str, to: str) -> Row:
        row = self._leanings.get((judge.digest, attribute))
        return row[to] if row else dict.fromkeys(("judge", "people", "difference"), _UNKNOWN)

    def position(self, judge: Judge, attribute: str) -> Row:
        row = self._leanings.get((judge.digest, attribute))
        return row["position"] if row else {"consistent": _UNKNOWN, "first_wins": _UNKNOWN}

    def verdict(self, judge: Judge, attribute: str) -> Row:
        """The alternative annotator test: in a word and in a sentence."""
        test = (self.of(judge, attribute) or {})["stands_in"]
        return {"outcome": test["outcome"], "word": _outcome_text(test["outcome"]), "sentence": test["verdict"]}

    def beside_people(self, judge: Judge, attribute: str) -> list[Row]:
        measured, people = self.of(judge, attribute) or {}, self._people.get(attribute)
        return [
            {
                "title": title,
                "estimate": _drawn(measured[name]),
                "mark": people[name]["value"] if people else None,
                "text": text(measured[name]),
                "words": _("two people: %s") % text(people[name], with_interval=False) if people else "",
            }
            for name, title, text in (
                ("equal_share", _("Same rating as a person"), _share_text),
                ("weighted_kappa", _("Weighted kappa"), _number_text),
            )
        ]

    def leanings(self, judge: Judge, attribute: str) -> list[Row]:
        """Each with people's share as the mark; those that cannot be told say why."""
        position = self.position(judge, attribute)
        longer, relatives = (self.leaning(judge, attribute, to) for to in ("longer", "relatives"))
        is_rated_alone = self._slope(judge, attribute) is not None
        to_family = _leaning_row(_("Prefers its own family"), relatives)
        if is_rated_alone and longer["judge"]["value"] is None:
            return [to_family]
        to_longer = _leaning_row(_("Prefers the longer response"), longer)
        if is_rated_alone:
            return [to_longer, to_family]
        return [
            to_longer,
            to_family,
            _order_row(_("Same verdict in both orders"), position["consistent"], ""),
            _order_row(_("The one shown first wins"), position["first_wins"], _("50 % where the order does nothing")),
        ]

    def _slope(self, judge: Judge, attribute: str) -> Row | None:
        return self._leanings.get((judge.digest, attribute), {}).get("length_slope")

    def slope_text(self, judge: Judge, attribute: str, *, short: bool = False) -> str:
        """What twice the length is worth to it beyond what it is worth to people; empty where nothing is rated alone."""
        slope = self._slope(judge, attribute)
        if slope is None:
            return ""
        worth = slope["per_doubling"]
        if worth["value"] is None:
            return few_text(worth) if short else why_none(worth)
        points = _signed(worth["value"], "+.2f")
        if short:
            return _("%s points a doubling") % points
        interval = "" if worth["low"] is None else _between(*(_signed(worth[end], "+.2f") for end in ("low", "high")))
        return _("Beside people, twice the length moves its rating by %(points)s points%(interval)s.") % {
            "points": points, "interval": interval,
        }  # fmt: skip

    def panels(self) -> list[Row]:
        """By attribute how many independent judges the panel is worth, and what it weighs in the merged value."""
        return [
            {
                "title": self.titles.get(row["attribute"], row["attribute"]),
                "count": row["judge_count"],
                "sentence": _panel_text(row, self._measured_count(row["attribute"])),
                "worth_text": estimate_text(row["corrected"]),
                "weight_text": weight_text(self._weights.get(row["attribute"])),
            }
            for row in self._panels
        ]

    def _measured_count(self, attribute: str) -> int:
        """How many judges were compared with people often enough on an attribute."""
        rows = [row["equal_share"] for (_digest, name), row in self._judges.items() if name == attribute]
        return sum(estimate["value"] is not None for estimate in rows)


_UNKNOWN: Row = {
    "value": None,
    "low": None,
    "high": None,
    "count": 0,
    "clusters": 0,
    "undefined": gettext_noop("Not computed yet."),
}


def _drawn(estimate: Row) -> Row:
    """As far as the picture goes, which is from -0.2."""
    sides = {side: estimate[side] for side in ("value", "low", "high")}
    return {side: None if at is None else max(at, -0.2) for side, at in sides.items()}


def _leaning_row(title: str, of: Row) -> Row:
    return {
        "title": title,
        "estimate": of["judge"],
        "mark": of["people"]["value"],
        "text": _share_text(of["judge"]),
        "words": _beside_text(of),
    }


def _order_row(title: str, estimate: Row, words: str) -> Row:
    said = words if estimate["value"] is not None else ""
    return {"title": title, "estimate": estimate, "mark": None, "text": _share_text(estimate), "words": said}


def _beside_text(of: Row) -> str:
    """People on the same samples, and by how much the judge differs."""
    if of["difference"]["value"] is None:
        return ""
    difference = of["difference"]
    told = {"people": _percent(of["people"]["value"]), "difference": _difference_text(of), "word": _clear(difference)}
    return _("people: %(people)s; difference %(difference)s%(word)s") % told


def _clear(difference: Row) -> str:
    """Whether chance alone would explain a difference."""
    low, high = difference["low"], difference["high"]
    if low is None or low <= 0 <= high:
        return _(", which may be chance")
    return _(", more than people") if low > 0 else _(", less than people")


def _difference_text(of: Row) -> str:
    """In points of a hundred, with its interval; empty when it cannot be told."""
    difference = of["difference"]
    if difference["value"] is None:
        return ""
    low, high = difference["low"], difference["high"]
    interval = "" if low is None else _between(_points(low), _points(high))
    return f"{_points(difference['value'])}{interval}"


def _leaning_text(of: Row) -> str:
    return few_text(of["difference"]) or _difference_text(of)


def _short_text(estimate: Row) -> str:
    return few_text(estimate) or _percent(estimate["value"])


def _share_text(estimate: Row, *, with_interval: bool = True) -> str:
    if estimate["value"] is None:
        return why_none(estimate)
    if estimate["low"] is None or not with_interval:
        return _percent(estimate["value"])
    low, high = f"{100 * estimate['low']:.0f}", f"{100 * estimate['high']:.0f}"
    return _("%(value)s (%(low)s to %(high)s)") % {"value": _percent(estimate["value"]), "low": low, "high": high}


def _number_text(estimate: Row, *, with_interval: bool = True) -> str:
    if estimate["value"] is None or with_interval:
        return estimate_text(estimate)
    return f"{estimate['value']:.2f}"


def _percent(share: float | None) -> str:
    return "" if share is None else _("%(value)s %%") % {"value": f"{100 * share:.0f}"}


def _between(low: str, high: str) -> str:
    """The interval behind a figure."""
    return _(" (%(low)s to %(high)s)") % {"low": low, "high": high}


def _points(share: float) -> str:
    return _signed(100 * share, "+.0f")


def _signed(value: float, form: str) -> str:
    """With its sign; what rounds to nothing has none."""
    text = format(value, form)
    return text if text.strip("+-0.") else text[1:]


def _part_text(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if part else "0"


def _outcome_text(outcome: str) -> str:
    return {"passes": _("yes"), "fails": _("no")}.get(outcome, _("not tested"))


def _panel_text(row: Row, measured: int) -> str:
    """How many independent judges they are worth, in words. measured: how many were compared often enough."""
    worth = row["corrected"]
    if row["judge_count"] < 2:
        return _("A panel has two judges or more.")
    if measured < 2:
        return _("A panel has two judges or more that were compared on %d units at least.") % FEW
    if worth["value"] is None:
        return why_none(worth)
    judges = ngettext("%d judge is", "%d judges are", measured) % measured
    said = {"judges": judges, "worth": f"{worth['value']:.1f}"}
    if worth["low"] is None:
        return _("%(judges)s worth %(worth)s independent ones.") % said
    interval = {"low": f"{worth['low']:.1f}", "high": f"{worth['high']:.1f}"}
    return _("%(judges)s worth %(worth)s independent ones (%(low)s to %(high)s).") % {**said, **interval}
