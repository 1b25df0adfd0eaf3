"""The kept figures of a project's judges in words and pictures, by judge and attribute."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from annotation.models import Judge, Project
from annotation.ratings import Place
from annotation.review.charts import kinds as charts
from annotation.review.estimates import estimate_text, few_text, shown, weight_text, why_none
from annotation.review.judges import pictures as judge_pictures
from annotation.review.judges import words as judge_words
from annotation.services.figures import FIRST_ROUNDS, RANDOM_SLICE

Row = dict[str, Any]


class KeptFigures:
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
        self._calibration = {(row["digest"], row["attribute"]): row for row in figures.get("calibration", ())}
        self._farthest = {(row["digest"], row["attribute"]): row["samples"] for row in figures.get("farthest", ())}
        self._costs = {row["digest"]: row for row in figures.get("judge_costs", ())}
        self._weights_over_time: Sequence[Row] = figures.get("weights_over_time", ())
        self.sample_count: int | None = figures.get("judges_measured_on")
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

    def rows(self, judge: Judge) -> list[Row]:
        """A line of the list for each attribute on which the judge was measured."""
        return [
            {
                "title": title,
                "agreement": measured["equal_share"],
                "agreement_text": _share_text(measured["equal_share"]),
                "people": self.people_share(name),
                "people_text": _percent(self.people_share(name)),
                "stands_in": judge_words.outcome_text(measured["stands_in"]["outcome"]),
                "longer": _leaning_text(self.leaning(judge, name, "longer")),
                "slope": self.slope_text(judge, name, short=True),
                "relatives": _leaning_text(self.leaning(judge, name, "relatives")),
                "consistent": _short_text(self.position(judge, name)["consistent"]),
            }
            for name, title in self.titles.items()
            for measured in [self.of(judge, name)]
            if measured
        ]

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
        return judge_words.stands_in((self.of(judge, attribute) or {})["stands_in"])

    def beside_people(self, judge: Judge, attribute: str) -> list[Row]:
        measured, people = self.of(judge, attribute) or {}, self._people.get(attribute)
        return [
            {
                "title": title,
                "estimate": measured[name],
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

    def calibration(self, judge: Judge, attribute: str) -> Row:
        """The picture, and how far on average what it expects is from what people say."""
        row = self._calibration.get((judge.digest, attribute))
        errors = [
            {"title": title, "text": _share_text(row[name]["error"])}
            for name, title in (
                ("own", _("its own probabilities")),
                ("translated", _("as Concord translates its word")),
            )
            if row and row[name]
        ]
        return {
            "chart": judge_pictures.calibration(self.titles[attribute], row),
            "errors": errors,
            "gives_none": bool(row and not row["own"]),
        }

    def farthest(self, judge: Judge, attribute: str) -> list[Row]:
        return self._farthest.get((judge.digest, attribute), [])

    def cost_text(self, judge: Judge) -> str:
        return judge_words.cost_text(self._costs.get(judge.digest))

    def weights_over_time(self) -> list[charts.Chart]:
        """A picture for each attribute that was ever fitted, in the rubric's order."""
        return [
            judge_pictures.weights(title, history)
            for name, title in self.titles.items()
            if (history := [row for row in self._weights_over_time if row["attribute"] == name])
        ]

    def panels(self, judges: Sequence[Judge]) -> list[Row]:
        """By attribute how many there are, how many independent ones they are worth, who may stand in, and what they weigh."""
        return [
            {
                "title": self.titles.get(row["attribute"], row["attribute"]),
                "count": row["judge_count"],
                "may_stand_in": self._who_stands_in(judges, row["attribute"]),
                "sentence": judge_words.panel_text(row, self._measured_count(row["attribute"])),
                "size": row["judge_count"],
                "worth": _worth_text(row["corrected"]) if self._measured_count(row["attribute"]) > 1 else "",
                "weight_text": weight_text(self._weights.get(row["attribute"])),
            }
            for row in self._panels
        ]

    def _who_stands_in(self, judges: Sequence[Judge], attribute: str) -> str:
        """The judges that may take a person's place on an attribute, by name."""
        outcomes = {
            judge: measured["stands_in"]["outcome"] for judge in judges if (measured := self.of(judge, attribute))
        }
        names = [judge.name for judge, outcome in outcomes.items() if outcome == "passes"]
        if names:
            return ", ".join(names)
        return _("none of those tested") if "fails" in outcomes.values() else _("not tested yet")

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


def _worth_text(worth: Row) -> str:
    """How many independent judges, short enough to stand beside how many there are."""
    return "" if worth["value"] is None else f"{worth['value']:.1f}"


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
