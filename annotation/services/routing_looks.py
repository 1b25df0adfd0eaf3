"""A look at a project's random slice: how sure must judges be of a sample, that they may settle it alone?

What is compared is what the platform would write: the judges' value of every trigger against the label that people's
annotations give by the policy's rule. Labels that a reviewer set are no measure, because a reviewer has the judges in sight: the
people's label is computed anew from what annotators said. A sample agrees when every trigger value is within the policy's
`settle_within`. One that people find invalid, skip or cannot label is one that judges got wrong: they would have given it a
label.
"""

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from django.db.models import QuerySet

from annotation import querysets, ratings
from annotation.models import Annotation, Judge, Project, Sample
from annotation.services import evidence, judging, labels
from annotation.services.evidence import Evidence
from consensus import merge, routing
from consensus.aggregate import TooFewUsable
from consensus.frozen_panel import FrozenPanel, learn_panel, near, sureness
from consensus.routing import Routing
from consensus.scales import Scale

# With so many samples that people rated outside the slice, judges are calibrated on these and the whole slice is for the test;
# with fewer, half of the slice's prompts are for calibration too.
ENOUGH_OUTSIDE = 100
LEAST_PEOPLE = 3  # of a sample of the slice: with fewer there is no label to compare with

Place = tuple[int | None, str]  # the response and the attribute


@dataclass(frozen=True)
class Terms:
    """What a look is about. Under other judges, another rubric or another policy it says nothing."""

    judges: tuple[int, ...]
    rubric: int
    within: Mapping[str, float]
    label_rule: str
    relatives_vote: bool

    @classmethod
    def of(cls, project: Project) -> "Terms":
        asked = {attribute["name"] for attribute in project.rubric.attributes}
        limits = {
            name: float(limit["settle_within"]) for name, limit in project.policy.triggers.items() if name in asked
        }
        judges = judging.enabled_judges(project).values_list("pk", flat=True)
        return cls(tuple(judges), project.rubric.pk, limits, project.policy.label_rule, project.lets_relatives_vote)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "judges": list(self.judges)}


@dataclass(frozen=True)
class Said:
    """The panel's value of one place, and how probable it finds each level."""

    place: Place
    value: int
    probabilities: list[float]


@dataclass(frozen=True, eq=False)
class Heard:
    """What the panel makes of samples. sample_ids, prompts, sureness: (S,), of the least sure trigger value. said: by sample."""

    sample_ids: np.ndarray
    prompts: np.ndarray
    sureness: np.ndarray
    said: dict[int, list[Said]]

    def only(self, chosen: np.ndarray) -> "Heard":
        kept = self.sample_ids[chosen]
        said = {int(pk): self.said[int(pk)] for pk in kept}
        return Heard(kept, self.prompts[chosen], self.sureness[chosen], said)


@dataclass(frozen=True)
class Beside:
    """The same agreement seen otherwise, on the tested samples: with one person drawn at random, and of two people."""

    judges_with_a_person: float | None
    person_with_person: float | None


@dataclass(frozen=True, eq=False)
class Look:
    """Everything that was found, and nothing written.

    slice_count: prompts of the slice with a decided sample. unheard: judges that hold samples up, with how many each.
    """

    terms: Terms
    routing: Routing
    panels: dict[str, FrozenPanel]
    beside: Beside
    slice_count: int
    learned_from: int
    judged_count: int
    unheard: tuple[tuple[str, int], ...]


def take(project: Project, *, target: float, risk: float) -> Look:
    """Learn what judges' words are worth, hear them on the slice, and walk. `risk`: of this look. Raises PromiseNotValid."""
    terms = Terms.of(project)
    judges = list(judging.enabled_judges(project))
    in_slice = judged_of(project, decided_in_slice(project), judges)
    prompts, learning = _divided(project, terms, in_slice)
    panels = _learned(project, judges, learning)
    tested = hear(project, judges, panels, terms, [row for row in in_slice if row.prompt in prompts])
    tested = tested.only(_first_of_each_prompt(tested))
    compared = list(_compared(project, terms, tested))
    rest = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, is_fixed_overlap=False)
    outside = hear(project, judges, panels, terms, judged_of(project, rest, judges))
    found = routing.route(
        routing.Audited(tested.sureness, np.array([one.agrees for one in compared], dtype=bool)),
        outside.sureness,
        outside.prompts,
        target=target,
        risk=risk,
    )
    return Look(
        terms=terms,
        routing=found,
        panels=panels,
        beside=Beside(_mean([one.with_a_person for one in compared]), _mean([one.among_people for one in compared])),
        slice_count=len({row.prompt for row in in_slice}),
        learned_from=max((_rated_count(of) for of in learning), default=0),
        judged_count=len(outside.sample_ids),
        unheard=tuple(_unheard(project, judges)),
    )


# --- who is heard of what ---------------------------------------------------------------------------------------
class Row(NamedTuple):
    """What is to be known of a sample before it is heard of."""

    pk: int
    rank: int
    response_count: int
    prompt: str


def judged_of(project: Project, samples: QuerySet[Sample], judges: Sequence[Judge]) -> list[Row]:
    """Those of which every judge at work has been heard, in the order of their random ranks.

    What a further judge says might change what is made of the others, so a sample waits for all. A judge that said it has
    nothing to say has been heard: no more will come of it. Whether it is silent is settled by the sample and the judge alone, in
    the slice as elsewhere, so that tested samples and others stay alike and the promise holds.
    """
    if not judges:
        return []
    found = samples.order_by("rank").values_list("pk", "rank", "response_count", "content__prompt_digest")
    waiting = {pk for judge in judges for pk in judging.unheard(project, samples, judge).values_list("pk", flat=True)}
    return [Row(*row) for row in found if row[0] not in waiting]


def _unheard(project: Project, judges: Sequence[Judge]) -> Iterator[tuple[str, int]]:
    """Each judge of which samples wait, with how many."""
    work = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK).exclude(state=Sample.State.EXCLUDED)
    for judge in judges:
        if count := judging.unheard(project, work, judge).count():
            yield judge.name, count


def decided_in_slice(project: Project) -> QuerySet[Sample]:
    """The samples of the random slice that have all their people, or that people took out."""
    drawn = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, is_fixed_overlap=True)
    return drawn.filter(waits_for_people=False).exclude(state=Sample.State.OPEN)


def slice_count(project: Project) -> int:
    """How many prompts of the slice there are to learn from or to test on: what a further look waits for."""
    rows = judged_of(project, decided_in_slice(project), list(judging.enabled_judges(project)))
    return len({row.prompt for row in rows})


def hear(
    project: Project,
    judges: Sequence[Judge],
    panels: Mapping[str, FrozenPanel],
    terms: Terms,
    rows: Sequence[Row],
) -> Heard:
    """What the panel makes of these samples, in their order; those of which it can say nothing are left out."""
    units = [_unrated(project, name, rows) for name in panels]
    words = [evidence.judged(project, judge, units) for judge in judges]
    seats = {row.pk: seat for seat, row in enumerate(rows)}
    least = np.full(len(rows), np.inf)
    said: dict[int, list[Said]] = {pk: [] for pk in seats}
    for at, (of, panel) in enumerate(zip(units, panels.values(), strict=True)):
        probabilities = panel.probabilities([word[at] for word in words])
        values = merge.merged_values(probabilities, of.scale)
        sure = sureness(probabilities, values, terms.within[of.attribute], of.scale)
        np.minimum.at(least, [seats[pk] for pk, _ in of.keys], np.nan_to_num(sure, nan=-np.inf))
        for (pk, response), value, odds in zip(of.keys, values.tolist(), probabilities.tolist(), strict=True):
            if not math.isnan(value):
                said[pk].append(Said((response, of.attribute), int(value), [round(p, 4) for p in odds]))
    heard = Heard(
        np.array([row.pk for row in rows], dtype=int),
        np.array([row.prompt for row in rows], dtype=str),
        least,
        said,
    )
    return heard.only(np.isfinite(least))


def scale_of(attribute: Mapping[str, Any]) -> Scale:
    return ratings.Place(attribute, None).scale


def _unrated(project: Project, name: str, rows: Sequence[Row]) -> Evidence:
    """The units of one attribute on these samples, without anything that people said."""
    places = {
        count: [(at, place) for at, place in enumerate(ratings.layout(project.rubric.attributes, count))]
        for count in {row.response_count for row in rows}
    }
    units = [
        (row.pk, place.response, at, row.prompt)
        for row in rows
        for at, place in places[row.response_count]
        if place.name == name
    ]
    attribute = next(a for a in project.rubric.attributes if a["name"] == name)
    nothing = np.empty((len(units), 0))
    return Evidence(
        attribute=name,
        scale=scale_of(attribute),
        keys=[(pk, response) for pk, response, _, _ in units],
        positions=[at for _, _, at, _ in units],
        ratings=nothing,
        people=nothing.astype(int),
        prompts=np.array([prompt for _, _, _, prompt in units], dtype=str),
    )


# --- what is for learning and what for the test -----------------------------------------------------------------
def _divided(project: Project, terms: Terms, in_slice: Sequence[Row]) -> tuple[set[str], list[Evidence]]:
    """The prompts to test on, and the first rounds of all other prompts to learn from. By counts alone, not by what was said."""
    first = [of for of in evidence.first_rounds(project) if of.attribute in terms.within]
    prompts = {row.prompt for row in in_slice}
    outside = [_without(of, prompts) for of in first]
    if max((_rated_count(of) for of in outside), default=0) >= ENOUGH_OUTSIDE:
        return prompts, outside
    tested = {prompt for prompt in prompts if int(prompt[-1], 16) % 2}
    return tested, [_without(of, tested) for of in first]


def _without(of: Evidence, prompts: Set[str]) -> Evidence:
    kept = np.flatnonzero(~np.isin(of.prompts, sorted(prompts)))
    return replace(
        of,
        keys=[of.keys[row] for row in kept],
        positions=[of.positions[row] for row in kept],
        ratings=of.ratings[kept],
        people=of.people[kept],
        prompts=of.prompts[kept],
    )


def _rated_count(of: Evidence) -> int:
    return len({sample for sample, _ in of.keys})


def _learned(project: Project, judges: Sequence[Judge], learning: Sequence[Evidence]) -> dict[str, FrozenPanel]:
    if not judges:
        return {}
    words = [evidence.judged(project, judge, learning) for judge in judges]
    return {
        of.attribute: learn_panel([word[at] for word in words], of.ratings, of.scale, of.prompts)
        for at, of in enumerate(learning)
    }


def _first_of_each_prompt(heard: Heard) -> np.ndarray:
    """One sample a prompt, by rank, which is random: samples of one prompt say much the same."""
    return np.sort(np.unique(heard.prompts, return_index=True)[1])


# --- judges beside people ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Compared:
    """One sample. agrees: the judges' values with the people's label; the others, shares of 1 over single people."""

    agrees: bool
    with_a_person: float | None
    among_people: float | None


def _compared(project: Project, terms: Terms, tested: Heard) -> Iterator[_Compared]:
    samples = Sample.objects.in_bulk(tested.sample_ids.tolist())
    said_by_people = _annotations(tested.sample_ids.tolist())
    for pk in tested.sample_ids.tolist():
        samples[pk].project = project
        yield _compare(samples[pk], terms, tested.said[pk], said_by_people.get(pk, []))


def _annotations(sample_ids: Sequence[int]) -> dict[int, list[Annotation]]:
    counted = querysets.counted_annotations().filter(assignment__sample__in=sample_ids)
    ordered = counted.select_related("assignment", "rubric").order_by(
        "assignment__sample_id", "assignment__finished_at", "assignment_id"
    )
    return {pk: list(group) for pk, group in groupby(ordered, key=lambda a: a.assignment.sample_id)}


def _compare(sample: Sample, terms: Terms, said: Sequence[Said], annotations: Sequence[Annotation]) -> _Compared:
    places = ratings.layout(sample.project.rubric.attributes, sample.response_count)
    triggers = [at for at, place in enumerate(places) if place.name in terms.within]
    by_place = {one.place: one.value for one in said}
    judged = np.array([by_place.get((place.response, place.name), np.nan) for place in places], dtype=float)

    def same(one: np.ndarray, other: np.ndarray) -> bool:
        return all(near(one[at], other[at], terms.within[places[at].name], places[at].scale) for at in triggers)

    people = ratings.matrix(annotations, places, sample.response_count)
    pairs = [(one, other) for one in range(len(people)) for other in range(one)]
    return _Compared(
        agrees=same(judged, _label(sample, annotations, places)),
        with_a_person=_mean([same(judged, person) for person in people]),
        among_people=_mean([same(people[one], people[other]) for one, other in pairs]),
    )


def _label(sample: Sample, annotations: Sequence[Annotation], places: Sequence[ratings.Place]) -> np.ndarray:
    """What people say, by the rule of the policy; NaN where they give no label."""
    nothing = np.full(len(places), np.nan)
    if len(annotations) < LEAST_PEOPLE or sum(annotation.neither_valid for annotation in annotations) >= 2:
        return nothing
    try:
        return np.asarray(labels.by_rule(sample, annotations, places, sample.project.policy).values, dtype=float)
    except TooFewUsable:
        return nothing


def _mean(values: Sequence[float | bool | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None
