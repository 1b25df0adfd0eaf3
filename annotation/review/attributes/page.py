"""The pages about a project's attributes: how the levels are used, whether people agree, and what a guideline changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.models import Guideline, Project
from annotation.ratings import Place
from annotation.review import slicing
from annotation.review.attributes import disagreeing, pictures
from annotation.review.estimates import FEW, drawn
from annotation.review.slicing import Slices
from annotation.statistics import reading
from annotation.statistics.reading import AFTER_SELECTION, FIRST_ROUNDS, RANDOM_SLICE, Statistics
from annotation.web import questions
from consensus.estimates import Estimate, difference
from consensus.reliability import MeasuredOn

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff's customary limits
ENOUGH_RATINGS = 50  # before them it says nothing that a level was not chosen
NEARLY_ALL = 0.9
HARDLY_CHOSEN = 0.02


class NoSuchAttribute(LookupError):
    """The project's rubric has no attribute of that name."""

    def __init__(self, project: Project, name: str) -> None:
        known = ", ".join(attribute["name"] for attribute in project.rubric.attributes)
        super().__init__(f"The rubric of {project.slug!r} has no attribute {name!r}; it has: {known}.")


@dataclass(frozen=True)
class Attribute:
    """One attribute with what is counted of it. Nothing is counted of one that the rubric has only just got."""

    place: Place
    statistics: Statistics

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def is_counted(self) -> bool:
        return self.name in self.statistics.attributes

    @cached_property
    def levels(self) -> dict[int, int]:
        """First-round ratings of each level, in the order of the scale."""
        return self.statistics.levels(self.name) if self.is_counted else dict.fromkeys(self.place.levels, 0)

    @cached_property
    def ratings(self) -> int:
        return sum(self.levels.values())

    @cached_property
    def spread(self) -> dict[int, int]:
        """First rounds by how far they lie apart, also where none does: from 0 to the widest."""
        found = self.statistics.spread(self.name) if self.is_counted else {}
        return {apart: found.get(apart, 0) for apart in range(max(found, default=-1) + 1)}

    def reliability(self, measured_on: MeasuredOn = FIRST_ROUNDS) -> Estimate:
        if not self.is_counted:
            return Estimate(None, None, None, 0, 0, _("not counted yet"))
        if measured_on == RANDOM_SLICE and not self.statistics.fixed_overlap:
            return Estimate(None, None, None, 0, 0, _("there is no random slice"))
        return enough(self.statistics.reliability(self.name, measured_on))

    @cached_property
    def alpha(self) -> Estimate:
        """Of first rounds."""
        return self.reliability()

    def words(self, level: int) -> str:
        return level_words(self.place, level)


def enough(estimate: Estimate) -> Estimate:
    """The same, or that it rests on too few."""
    if estimate.value is None or estimate.count >= FEW:
        return estimate
    return replace(estimate, value=None, low=None, high=None, undefined=_("too few (%d)") % estimate.count)


def level_words(place: Place, level: int) -> str:
    """The number of a level and its words; of a comparison with the response that it favours."""
    favoured = questions.favoured_letter(place, level)
    word = place.word_for(level)
    return f"{level}" if word == str(level) else f"{level}: {favoured} {word}".replace(":  ", ": ")


# --- every attribute --------------------------------------------------------------------------------------------
def list_page(project: Project, wanted: str) -> dict[str, Any]:
    """The context of the page of all attributes; `wanted`: the slice that the address asks for."""
    slices = slicing.of(project, wanted)
    statistics = reading.of(project, slices.key)
    found = [Attribute(Place(of, None), statistics) for of in project.rubric.attributes]
    return {**_common(project, slices, statistics), "rows": [_row(project, attribute, slices) for attribute in found]}


def _common(project: Project, slices: Slices, statistics: Statistics) -> dict[str, Any]:
    counting = statistics.is_counting
    return {
        "project": project,
        "slices": slices,
        "as_of": statistics.as_of,
        "counting": _("Counting: %(done)s of %(of)s samples.") % {"done": counting[0], "of": counting[1]}
        if counting
        else "",
    }


def _row(project: Project, attribute: Attribute, slices: Slices) -> dict[str, Any]:
    return {
        **about(attribute),
        "url": f"{reverse('annotation:attribute', args=[project.slug, attribute.name])}{slices.query}",
        "ratings": attribute.ratings,
        "strip": [
            {"words": attribute.words(level), "share": count / attribute.ratings, "count": count}
            for level, count in attribute.levels.items()
            if attribute.ratings
        ],
        "alpha": drawn(attribute.alpha),
        "word": reliability_word(attribute.alpha),
        "apart": _apart(project, attribute),
        "warnings": warnings(attribute),
    }


def about(attribute: Attribute) -> dict[str, Any]:
    """What is asked, and of what."""
    asked = attribute.place.attribute
    scopes = {"response": _("of each response"), "comparison": _("of responses compared"), "sample": _("of the sample")}
    kinds = {"nominal": _("names"), "ordinal": _("ordered levels"), "interval": _("levels at equal distances")}
    return {
        "name": attribute.name,
        "title": attribute.place.title,
        "description": str(asked.get("description") or ""),
        "scope": scopes[asked["scope"]],
        "kind": kinds[asked["level"]],
    }


def reliability_word(estimate: Estimate) -> str:
    """What the value is customarily called; empty where there is none."""
    if estimate.value is None:
        return ""
    if estimate.value >= RELIABLE:
        return _("reliable")
    return _("tentative") if estimate.value >= TENTATIVE else _("weak")


def _apart(project: Project, attribute: Attribute) -> dict[str, Any]:
    """How many first rounds differ at all, and how many by more than the policy allows where it has a limit for them."""
    rounds = sum(attribute.spread.values())
    limit = project.policy.triggers.get(attribute.name, {}).get("escalate_above")
    if not rounds:
        return {"rounds": 0}
    beyond = None if limit is None else sum(many for apart, many in attribute.spread.items() if apart > limit)
    return {
        "rounds": rounds,
        "differ": rounds - attribute.spread.get(0, 0),
        "differ_share": (rounds - attribute.spread.get(0, 0)) / rounds,
        "limit": None if limit is None else f"{limit:g}",
        "beyond": beyond,
        "beyond_share": None if beyond is None else beyond / rounds,
    }


def warnings(attribute: Attribute) -> list[str]:
    """What to be careful about: weak for sure, or a scale that is hardly used."""
    said = []
    alpha = attribute.alpha
    if alpha.high is not None and alpha.high < TENTATIVE:
        said.append(
            _("Weak: the whole interval lies below %(limit)s, so its labels are hardly reproduced by other people.")
            % {"limit": f"{TENTATIVE:g}"}
        )
    if unused := _hardly_used(attribute):
        said.append(unused)
    return said


def _hardly_used(attribute: Attribute) -> str:
    if attribute.ratings < ENOUGH_RATINGS:
        return ""
    level, most = max(attribute.levels.items(), key=lambda item: item[1])
    if most >= NEARLY_ALL * attribute.ratings:
        said = _("%(share)d %% of ratings are “%(level)s”. Alpha is then low even where people agree, as chance would.")
        return said % {"share": 100 * most // attribute.ratings, "level": attribute.words(level)}
    hardly = [level for level, many in attribute.levels.items() if many < HARDLY_CHOSEN * attribute.ratings]
    if 2 * len(hardly) >= len(attribute.levels):
        words = ", ".join(attribute.words(level) for level in hardly)
        return _("Hardly uses its scale. Chosen in fewer than 2 %% of ratings: %(levels)s.") % {"levels": words}
    return ""


# --- one attribute ----------------------------------------------------------------------------------------------
def page(project: Project, name: str, wanted: str) -> dict[str, Any]:
    """The context of an attribute's page. Raises NoSuchAttribute."""
    slices = slicing.of(project, wanted)
    statistics = reading.of(project, slices.key)
    attribute = _attribute(project, name, statistics)
    return {
        **_common(project, slices, statistics),
        **about(attribute),
        "others": _others(project, name, slices),
        "warnings": warnings(attribute),
        "ratings": attribute.ratings,
        "alpha": drawn(attribute.alpha),
        "word": reliability_word(attribute.alpha),
        "apart": _apart(project, attribute),
        "versions": _versions(project, attribute),
        "samples": disagreeing.samples(project, attribute.name, attribute.spread, slices.key),
        **(_pictures(project, attribute) if attribute.is_counted else {}),
    }


def _attribute(project: Project, name: str, statistics: Statistics) -> Attribute:
    asked = next((of for of in project.rubric.attributes if of["name"] == name), None)
    if asked is None:
        raise NoSuchAttribute(project, name)
    return Attribute(Place(asked, None), statistics)


def _others(project: Project, name: str, slices: Slices) -> list[dict[str, Any]]:
    return [
        {
            "title": Place(of, None).title,
            "url": f"{reverse('annotation:attribute', args=[project.slug, of['name']])}{slices.query}",
            "is_here": of["name"] == name,
        }
        for of in project.rubric.attributes
    ]


def _pictures(project: Project, attribute: Attribute) -> dict[str, Any]:
    statistics, name, words = attribute.statistics, attribute.name, attribute.words
    measured = {on: attribute.reliability(on) for on in (FIRST_ROUNDS, RANDOM_SLICE, AFTER_SELECTION)}
    by_week = {week: enough(of) for week, of in statistics.reliability_by_week(name).items()}
    marks = pictures.guideline_marks(_guidelines(project).values(), since=min(by_week, default=None))
    return {
        "levels_picture": pictures.levels(attribute.levels, words),
        "weeks_picture": pictures.levels_by_week(statistics.levels_by_week(name), words),
        "measured_picture": pictures.measured(measured),
        "course_picture": pictures.course(by_week, marks),
        "confusion_picture": pictures.confusion(statistics.confusion(name), attribute.levels, words),
        "spread_picture": pictures.spread(attribute.spread, is_nominal=attribute.place.scale.is_nominal),
    }


def _guidelines(project: Project) -> dict[int, Guideline]:
    return {guideline.version: guideline for guideline in project.guidelines.order_by("version").defer("text")}


def _versions(project: Project, attribute: Attribute) -> list[dict[str, Any]]:
    """Each version of the guideline with the reliability under it and the step from the one before, the newest first."""
    under = attribute.statistics.reliability_by_guideline(attribute.name) if attribute.is_counted else {}
    found = {version: enough(estimate) for version, estimate in under.items()}
    written = _guidelines(project)
    versions = sorted(found.keys() | written.keys())
    rows = [
        _version(written.get(version), version, found.get(version), _before(found, version)) for version in versions
    ]
    return rows[::-1]


def _before(found: Mapping[int, Estimate], version: int) -> tuple[int, Estimate] | None:
    """The last version before this one under which anything was measured."""
    earlier = [(v, found[v]) for v in found if v < version and found[v].value is not None]
    return max(earlier, key=lambda item: item[0], default=None)


def _version(
    guideline: Guideline | None, version: int, now: Estimate | None, before: tuple[int, Estimate] | None
) -> dict[str, Any]:
    estimate = now or Estimate(None, None, None, 0, 0, _("no first round under it yet"))
    return {
        "version": version,
        "at": guideline.created_at if guideline else None,
        "what_changed": guideline.what_changed if guideline else "",
        "alpha": drawn(estimate),
        "step": _step(estimate, before) if before and estimate.value is not None else None,
    }


def _step(now: Estimate, before: tuple[int, Estimate]) -> dict[str, Any]:
    """How much reliability changed, and whether that is more than chance would do."""
    version, earlier = before
    more = difference(now, earlier)
    return {"since": version, "text": _signed(more), "verdict": _verdict(more), "is_clear": _is_clear(more)}


def _signed(more: Estimate) -> str:
    if more.low is None or more.high is None:
        return f"{more.value:+.2f}"
    return _("%(value)s (%(low)s to %(high)s)") % {
        "value": f"{more.value:+.2f}",
        "low": f"{more.low:+.2f}",
        "high": f"{more.high:+.2f}",
    }


def _is_clear(more: Estimate) -> bool:
    return more.low is not None and more.high is not None and (more.low > 0 or more.high < 0)


def _verdict(more: Estimate) -> str:
    if more.low is None:
        return _("no interval: nothing can be said of it yet")
    if not _is_clear(more):
        return _("within noise: the interval holds both more and less")
    return _("clearly more reliable") if (more.value or 0) > 0 else _("clearly less reliable")
