"""A project's own annotations as a set that can be replayed: what `manage.py simulate` reads from a folder, read from rows.

Where there are many samples a random part of them is read; the caller says so.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import F, QuerySet
from django.db.models.functions import Mod

from annotation import querysets, ratings
from annotation.datasets.rating_sets import Layouts, scale_of
from annotation.models import Annotation, GoldAnswer, Policy, Project, Sample
from annotation.services import gold_accuracy
from annotation.services.evidence import Translation
from consensus.rating_set import RatedSample, RatingSet

AT_MOST = 5000  # samples of one replay
CHUNK = 2000
NEITHER = 2  # so many say that neither response is valid, and the sample is taken out whatever the policy
State = Sample.State
BEGUN = (State.ESCALATED, State.CONTESTED, State.RESOLVED, State.EXCLUDED)


@dataclass(frozen=True, eq=False)
class Part:
    """A set, and how many samples it was drawn from. gold: attribute -> (U,) floats beside its units, where any is known."""

    ratings: RatingSet
    of: int
    gold: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.ratings.samples)


def decided(project: Project, policy: Policy, *, at_most: int = AT_MOST) -> Part:
    """Samples whose first round is in, of the random slice too, people in order of arrival.

    Those are left out that judges settled, of which nobody was asked, and those that two people found to have no valid response.
    """
    return _part(project, policy, _with_first_round(project), querysets.counted_annotations(), at_most)


def random_slice(project: Project, policy: Policy, *, at_most: int = AT_MOST) -> Part:
    """Finished samples of the random slice, whose people nobody chose by what the others said."""
    drawn = _with_first_round(project).filter(is_fixed_overlap=True)
    return _part(project, policy, drawn, querysets.counted_annotations(), at_most)


def gold(project: Project, policy: Policy, *, at_most: int = AT_MOST) -> Part:
    """Samples with a known answer, and what everybody answered to whom they were given."""
    known = GoldAnswer.objects.filter(project=project, is_current=True, teaches=False).select_related(
        "rubric", "sample"
    )
    answers = {answer.sample_id: answer for answer in known}
    samples = Sample.objects.filter(pk__in=answers)
    said = gold_accuracy.answers_to_gold(project).order_by("assignment__finished_at", "assignment_id")
    part = _part(project, policy, samples, said, at_most)
    return Part(part.ratings, part.of, _known(project, part.ratings, answers))


def at_most(part: Part, count: int) -> Part:
    """No more than so many samples of a part that was drawn at random, the ones with the most people first."""
    if part.size <= count:
        return part
    by_people = sorted(part.ratings.samples, key=lambda sample: -len(sample.people))
    return Part(part.ratings.with_samples(by_people[:count]), part.of)


def _with_first_round(project: Project) -> QuerySet[Sample]:
    return Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, state__in=BEGUN, counted_count__gt=0)


def _part(
    project: Project, policy: Policy, samples: QuerySet[Sample], said: QuerySet[Annotation], at_most: int
) -> Part:
    """A part drawn by the random rank, whichever import a sample came with."""
    of = samples.count()
    drawn = _drawn(samples)[:at_most]
    chosen = {sample.pk: sample for sample in drawn.select_related("content").only(*_COLUMNS)}
    return Part(_as_set(project, policy, chosen, _rows(project, said, chosen)), of)


def decided_ids(project: Project, *, at_most: int = AT_MOST) -> list[int]:
    """The samples that `decided` reads."""
    return list(_drawn(_with_first_round(project)).values_list("pk", flat=True)[:at_most])


def _drawn(samples: QuerySet[Sample]) -> QuerySet[Sample]:
    """In a random order that is always the same one."""
    return samples.alias(lot=Mod(F("rank"), Sample.RANKS_OF_A_DRAW)).order_by("lot", "pk")


_COLUMNS = ("pk", "external_id", "response_count", "content__prompt_digest")


@dataclass(frozen=True)
class _Said:
    person: int
    ratings: list[float]
    is_neither: bool


def _rows(project: Project, said: QuerySet[Annotation], chosen: Mapping[int, Sample]) -> dict[int, list[_Said]]:
    """What was said of each sample; samples and people in order of arrival."""
    now, found = Translation(project), defaultdict[int, list[_Said]](list)
    columns = ("assignment__sample_id", "assignment__annotator_id", "rubric_id", "ratings", "neither_valid")
    for sample_id, person, rubric_id, packed, is_neither in _in_chunks(said, list(chosen), columns):
        given = now.of(packed, rubric_id, chosen[sample_id].response_count)
        values = [np.nan if value is None else float(value) for value in given]
        found[sample_id].append(_Said(person, values, is_neither))
    return found


def _in_chunks(said: QuerySet[Annotation], ids: list[int], columns: tuple[str, ...]) -> Iterator[Any]:
    """Rows of all chunks, in one order of arrival."""
    rows: list[Any] = []
    for start in range(0, len(ids), CHUNK):
        of_these = said.filter(assignment__sample__in=ids[start : start + CHUNK])
        rows += of_these.values_list("assignment__finished_at", "assignment_id", *columns)
    rows.sort(key=lambda row: row[:2])
    return (row[2:] for row in rows)


def _as_set(
    project: Project, policy: Policy, chosen: Mapping[int, Sample], said: Mapping[int, list[_Said]]
) -> RatingSet:
    attributes = [
        {**attribute, "trigger": attribute["name"] in policy.triggers, **policy.triggers.get(attribute["name"], {})}
        for attribute in project.rubric.attributes
    ]
    scales = {str(attribute["name"]): scale_of(attribute) for attribute in attributes}
    layouts, people = Layouts(attributes, scales), _People()
    samples = []
    for sample_id, rows in said.items():
        if sum(row.is_neither for row in rows) < NEITHER:
            places, slots = layouts.of(chosen[sample_id].response_count)
            who = np.array([people.place_of(row.person) for row in rows], dtype=np.int32)
            given = np.array([row.ratings for row in rows], dtype=float).reshape(len(rows), len(places))
            content = chosen[sample_id].content
            samples.append(RatedSample(chosen[sample_id].external_id, content.prompt_digest, places, slots, who, given))
    return RatingSet(scales, people.names, tuple(samples))


class _People:
    """A place for everybody, in the order in which they are met."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}

    def place_of(self, person: int) -> int:
        return self._places.setdefault(person, len(self._places))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self._places))


def _known(project: Project, made: RatingSet, answers: Mapping[int, GoldAnswer]) -> dict[str, np.ndarray]:
    """Known answers beside the units of a set, under the newest rubric."""
    by_name = {answer.sample.external_id: answer for answer in answers.values()}
    values: dict[tuple[str, str, int | None], float] = {}
    for name, answer in by_name.items():
        places = ratings.layout(project.rubric.attributes, answer.sample.response_count)
        given = ratings.translated(answer.ratings, answer.rubric.attributes, places, answer.sample.response_count)
        for place, value in zip(places, given, strict=True):
            if value is not None:
                values[name, place.name, place.response] = float(value)
    beside = {}
    for attribute in made.scales:
        units = made.units(attribute)
        names = [made.samples[at].name for at in units.sample.tolist()]
        keys = [(name, attribute, response) for name, response in zip(names, units.response, strict=True)]
        beside[attribute] = np.array([values.get(key, np.nan) for key in keys], dtype=float)
    return {attribute: known for attribute, known in beside.items() if not np.isnan(known).all()}
