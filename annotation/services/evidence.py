"""What people and judges said of a project's samples, as arrays: the bridge from rows to the numbers package.

A unit is what one value belongs to: a response of a sample, or (for a comparison) the sample itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from django.db.models import BigIntegerField, Func, QuerySet

from annotation import querysets, ratings
from annotation.models import Annotation, ConsensusLabel, Judge, Judgment, Project, Rubric, Sample
from consensus.scales import Scale
from consensus.votes import Votes


class Unnest(Func):
    """The elements of an array of ids, one a row."""

    function, output_field = "unnest", BigIntegerField()


UnitKey = tuple[int, int | None]  # sample id, canonical place of the response (None: the sample itself)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Ratings of one attribute.

    keys: the N units. positions: where each stands in its sample's packed vector.
    ratings: (N, M) floats in order of arrival, NaN = none. people: (N, M) annotator ids, 0 = nobody. prompts: (N,) digests.
    """

    attribute: str
    scale: Scale
    keys: list[UnitKey]
    positions: list[int]
    ratings: np.ndarray
    people: np.ndarray
    prompts: np.ndarray


@dataclass(frozen=True)
class _Row:
    sample_id: int
    annotator_id: int
    response_count: int
    prompt: str
    packed: Sequence[int | None]


def first_rounds(project: Project, *, at_most: int | None = None) -> list[Evidence]:
    """First-round ratings of every attribute: what reliability, calibration and weights are measured on.

    `at_most`: of so many samples, the first by their random rank; for what would take too long on all of them.
    """
    return _by_attribute(project.rubric, _counted(project, round=1, **_first_by_rank(project, at_most)))


def first_rounds_of(project: Project, sample_ids: Sequence[int]) -> list[Evidence]:
    """The same of some samples alone."""
    return _by_attribute(project.rubric, _counted(project, round=1, assignment__sample__in=sample_ids))


def first_round_sample_count(project: Project) -> int:
    """How many samples have a rating of the first round: counted, not read."""
    return _first_rounds_of(project).count()


def first_round_sample_ids(project: Project) -> list[int]:
    """Samples that have a rating of the first round."""
    return list(_first_rounds_of(project).values_list("assignment__sample_id", flat=True))


def _first_rounds_of(project: Project) -> QuerySet[Annotation, Any]:
    """One row a sample."""
    return _counted_of(project).filter(round=1).order_by().values("assignment__sample_id").distinct()


def random_slice(project: Project, *, at_most: int | None = None) -> list[Evidence]:
    """All ratings of the samples that were drawn at random to get a fixed number of people and never escalate: unbiased."""
    some = _first_by_rank(project, at_most, is_fixed_overlap=True)
    return _by_attribute(project.rubric, _counted(project, assignment__sample__is_fixed_overlap=True, **some))


def _first_by_rank(project: Project, at_most: int | None, **of: Any) -> dict[str, int]:
    """A condition that so many samples with annotations meet, the first by random rank; none where there are no more."""
    work = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, counted_count__gt=0, **of)
    ranks = work.order_by("rank").values_list("rank", flat=True)
    after = [] if at_most is None else list(ranks[at_most : at_most + 1])
    return {"assignment__sample__rank__lt": after[0]} if after else {}


def counted(project: Project) -> list[Evidence]:
    """All ratings that count, both rounds: what a label may rest on. Biased by escalation; measure nothing on it."""
    return _by_attribute(project.rubric, _counted(project))


def after_selection(project: Project) -> list[Evidence]:
    """The ratings that the labels of now rest on, chosen by the label rule. They agree because they were chosen to."""
    labels = ConsensusLabel.objects.filter(sample__project=project, is_current=True)
    return _by_attribute(project.rubric, _counted(project, pk__in=labels.values_list(Unnest("annotations"))))


def _counted_of(project: Project) -> QuerySet[Annotation]:
    work = {"assignment__sample__project": project, "assignment__sample__purpose": Sample.Purpose.WORK}
    return querysets.counted_annotations().filter(**work)


def _counted(project: Project, **filters: Any) -> Iterator[_Row]:
    columns = (
        "assignment__sample_id",
        "assignment__annotator_id",
        "assignment__sample__response_count",
        "assignment__sample__content__prompt_digest",
    )
    rows = (
        _counted_of(project)
        .filter(**filters)
        .order_by("assignment__sample_id", "assignment__finished_at", "assignment_id")
        .values_list(*columns, "rubric_id", "ratings")
    )
    now = Translation(project)
    for sample_id, annotator_id, response_count, prompt, rubric_id, packed in rows.iterator(chunk_size=5000):
        yield _Row(sample_id, annotator_id, response_count, prompt, now.of(packed, rubric_id, response_count))


class Translation:
    """Ratings and judgments under any version of a project's rubric, put where the latest version has them."""

    def __init__(self, project: Project) -> None:
        self._versions = {rubric.pk: rubric for rubric in project.rubrics.all()}
        self._latest = max(self._versions.values(), key=lambda rubric: rubric.version)

    def of(self, packed: Sequence[int | None], rubric_id: int, response_count: int) -> Sequence[int | None]:
        """One packed vector, in the latest version's places."""
        if rubric_id == self._latest.pk:
            return packed
        places = ratings.layout(self._latest.attributes, response_count)
        return ratings.translated(packed, self._versions[rubric_id].attributes, places, response_count)


def _by_attribute(rubric: Rubric, rows: Iterable[_Row]) -> list[Evidence]:
    """Rows, those of a sample together, as one table an attribute."""
    samples = [list(group) for _, group in groupby(rows, key=lambda row: row.sample_id)]
    width = max((len(group) for group in samples), default=0)
    units: dict[str, list[_Unit]] = {attribute["name"]: [] for attribute in rubric.attributes}
    for group in samples:
        people = [row.annotator_id for row in group] + [0] * (width - len(group))
        for position, place in enumerate(ratings.layout(rubric.attributes, group[0].response_count)):
            given = [row.packed[position] for row in group] + [None] * (width - len(group))
            units[place.name].append(
                _Unit((group[0].sample_id, place.response), position, group[0].prompt, given, people)
            )
    return [_evidence(attribute, units[attribute["name"]], width) for attribute in rubric.attributes]


@dataclass(frozen=True)
class _Unit:
    key: UnitKey
    position: int
    prompt: str
    given: list[int | None]
    people: list[int]


def _evidence(attribute: dict[str, Any], units: list[_Unit], width: int) -> Evidence:
    return Evidence(
        attribute=attribute["name"],
        scale=ratings.Place(attribute, None).scale,
        keys=[unit.key for unit in units],
        positions=[unit.position for unit in units],
        ratings=np.array([unit.given for unit in units], dtype=float).reshape(len(units), width),
        people=np.array([unit.people for unit in units], dtype=int).reshape(len(units), width),
        prompts=np.array([unit.prompt for unit in units], dtype=str),
    )


def votes(of: Evidence) -> tuple[Votes, list[int]]:
    """The ratings in long form, and who gave them: annotator ids in ascending order; a person of the votes is a place there."""
    codes = of.scale.codes(of.ratings)
    units, columns = np.nonzero(codes >= 0)
    people, places = np.unique(of.people[units, columns], return_inverse=True)
    long = Votes.of(
        units,
        places,
        codes[units, columns],
        level_count=len(of.scale.levels),
        sample_count=len(of.keys),
        person_count=len(people),
    )
    return long, people.tolist()


def judged(project: Project, judge: Judge, evidence: Sequence[Evidence]) -> list[np.ndarray]:
    """One judge's values that count, on the units of each Evidence: (N,) floats, NaN = none.

    A judge has no vote on a sample with a response by a model of its own family, unless the project lets relatives vote.

    Values and not distributions: calibration says how far a value can be believed. What a head that was fitted without
    a prompt makes of the other levels also tells, by what is missing, what people said of that prompt; measured here, values
    predicted people as well or better on three sets, and ignorant heads no longer seemed to help.
    """
    return _on_units(judgments_that_count(project, judge), evidence)


def everything_judged(project: Project, judge: Judge, evidence: Sequence[Evidence]) -> list[np.ndarray]:
    """As `judged`, with what the judge said where it has no vote: to measure it, never to merge or settle anything."""
    return _on_units(judgments(project, judge), evidence)


def judgments_that_count(project: Project, judge: Judge) -> QuerySet[Judgment]:
    said = judgments(project, judge)
    return said if project.lets_relatives_vote else said.filter(is_relative=False)


def judgments(project: Project, judge: Judge) -> QuerySet[Judgment]:
    """What one judge said, under the rubric that it was asked."""
    return Judgment.objects.filter(judge=judge, sample__project=project, rubric=project.rubric)


def _on_units(rows: QuerySet[Judgment], evidence: Sequence[Evidence]) -> list[np.ndarray]:
    said = dict(rows.values_list("sample_id", "ratings"))
    return [_judged(of, said) for of in evidence]


def _judged(evidence: Evidence, said: dict[int, list[int | None]]) -> np.ndarray:
    units = zip(evidence.keys, evidence.positions, strict=True)
    values = [said[sample_id][position] if sample_id in said else None for (sample_id, _), position in units]
    return np.array(values, dtype=float)
