"""How right people are on gold samples, always computed from their answers and the known answer as it is now.

Nothing is kept: when a known answer is overturned, everybody's accuracy is another one at the next question.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
from django.db.models import QuerySet

from annotation import ratings
from annotation.models import Annotation, Annotator, Assignment, Policy, Project, Sample
from consensus.annotators import earned_weights, gold_accuracy, gold_scores
from consensus.reliability import Estimate

ANSWERED = (Assignment.State.SUBMITTED, Assignment.State.LATE)
LEAST_CHANGE = 0.001


@dataclass(frozen=True)
class Score:
    """The share of the judged places of one gold sample that one person got right."""

    annotator_id: int
    assignment_id: int
    sample_id: int
    value: float


def accuracy_of(annotator: Annotator, *, until: datetime | None = None) -> Estimate:
    """One person's gold accuracy; `until`: on answers given up to then, which is all that they may be told of."""
    own = answers_to_gold(annotator.project).filter(assignment__annotator=annotator)
    return accuracy_on(scored(annotator.project, _given(own, until)))


def accuracy_on(scores: Iterable[Score]) -> Estimate:
    """The accuracy on these answers alone."""
    return gold_accuracy([score.value for score in scores])


def accuracies(project: Project, *, until: datetime | None = None) -> dict[int, Estimate]:
    """Gold accuracy by annotator id, in one query; people who answered no gold sample are not in it."""
    return {person: gold_accuracy(scores) for person, scores in _by_person(project, until).items()}


def accuracies_on(project: Project, sample_ids: Sequence[int]) -> dict[int, Estimate]:
    """How right people were on each of these samples, by sample id: one that many get wrong is hard, or wrong. Of training too."""
    scores: dict[int, list[float]] = defaultdict(list)
    for score in scored(project, _answers_to_known(project).filter(assignment__sample__in=sample_ids)):
        scores[score.sample_id].append(score.value)
    return {sample_id: gold_accuracy(given) for sample_id, given in scores.items()}


def refresh_weights(*, project: Project) -> int:
    """Write what each person's gold answers have earned them; returns how many weights changed.

    Empty without a gold answer, which counts as the median. A row is written only when its weight moves by more than
    LEAST_CHANGE: a person whose weight changes looks through the project anew.
    """
    scores = _by_person(project, None)
    earned = earned_weights([sum(given) for given in scores.values()], [len(given) for given in scores.values()])
    wanted = dict(zip(scores, earned.tolist(), strict=True))
    people = Annotator.objects.filter(project=project).order_by("pk").values_list("pk", "weight")
    changed = [(pk, wanted.get(pk)) for pk, kept in people if _differs(kept, wanted.get(pk))]
    for pk, weight in changed:
        Annotator.objects.filter(pk=pk).update(weight=weight)
    return len(changed)


def answers_to_gold(project: Project) -> QuerySet[Annotation]:
    """What people said of gold samples whose answer stands: one row an answer, with the known answer joined to it.

    What they said in training is not among it: that measures nobody.
    """
    return _answers_to_known(project).exclude(assignment__sample__purpose=Sample.Purpose.TRAINING)


def _answers_to_known(project: Project) -> QuerySet[Annotation]:
    return Annotation.objects.filter(
        is_current=True,
        assignment__is_gold=True,
        assignment__state__in=ANSWERED,
        assignment__sample__project=project,
        assignment__sample__gold_answers__is_current=True,
    )


def scored(project: Project, answers: QuerySet[Annotation]) -> Iterator[Score]:
    """The score of each of these answers; one without a judged place that the person was asked has none."""
    rubrics = {rubric.pk: rubric.attributes for rubric in project.rubrics.all()}
    for known, given in _by_gold_answer(answers):
        yield from _scores(known, given, rubrics, project.policy)


@dataclass(frozen=True)
class _Known:
    sample_id: int
    response_count: int
    rubric_id: int
    packed: Sequence[int | None]


@dataclass(frozen=True)
class _Given:
    annotator_id: int
    assignment_id: int
    rubric_id: int
    packed: Sequence[int | None]
    neither_valid: bool


_SAMPLE, _GOLD = "assignment__sample", "assignment__sample__gold_answers"
_KNOWN = (f"{_SAMPLE}_id", f"{_SAMPLE}__response_count", f"{_GOLD}__rubric_id", f"{_GOLD}__ratings")
_OWN = ("assignment__annotator_id", "assignment_id", "rubric_id", "ratings", "neither_valid")


def _by_gold_answer(answers: QuerySet[Annotation]) -> Iterator[tuple[_Known, list[_Given]]]:
    rows = answers.order_by(f"{_GOLD}__pk", "assignment__finished_at").values_list(f"{_GOLD}__pk", *_KNOWN, *_OWN)
    for _, group in groupby(rows.iterator(chunk_size=5000), key=lambda row: row[0]):
        of_one = list(group)
        yield _Known(*of_one[0][1:5]), [_Given(*row[5:]) for row in of_one]


def _scores(
    known: _Known, given: Sequence[_Given], rubrics: Mapping[int, Sequence[Mapping[str, Any]]], policy: Policy
) -> Iterator[Score]:
    """Everybody who answered one gold sample, in the places of the rubric under which its answer was written."""
    places = ratings.layout(rubrics[known.rubric_id], known.response_count)
    limits = [within(place, policy) for place in places]
    placed = [comparable(of.packed, rubrics[of.rubric_id], places, known.response_count) for of in given]
    packed, asked = zip(*placed, strict=True)
    said = np.array(packed, dtype=float)
    said[[of.neither_valid for of in given]] = np.nan  # nothing they said of it can be right
    values = gold_scores(said, np.array(known.packed, dtype=float), limits, np.array(asked, dtype=bool))
    for of, value in zip(given, values.tolist(), strict=True):
        if not np.isnan(value):
            yield Score(of.annotator_id, of.assignment_id, known.sample_id, value)


def comparable(
    packed: Sequence[int | None],
    attributes: Sequence[Mapping[str, Any]],
    places: Sequence[ratings.Place],
    response_count: int,
) -> tuple[ratings.Packed, list[bool]]:
    """A person's ratings in the gold's places, and where they were asked the same: an older rubric may lack an attribute
    or have it on another scale."""
    own = ratings.layout(attributes, response_count)
    moved = ratings.translated(packed, attributes, places, response_count)
    gave = {(place.name, place.response): value for place, value in zip(own, packed, strict=True)}
    keys = [(place.name, place.response) for place in places]
    asked = [key in gave and (gave[key] is None or value is not None) for key, value in zip(keys, moved, strict=True)]
    return moved, asked


def within(place: ratings.Place, policy: Policy) -> float:
    """How far from the known answer is still right: what settles people with each other."""
    if place.scale.is_nominal:
        return 0.0
    own = policy.triggers.get(place.name, {}).get("settle_within")
    return float(place.scale.default_settle_within if own is None else own)


def _by_person(project: Project, until: datetime | None) -> dict[int, list[float]]:
    scores: dict[int, list[float]] = defaultdict(list)
    for score in scored(project, _given(answers_to_gold(project), until)):
        scores[score.annotator_id].append(score.value)
    return scores


def _given(answers: QuerySet[Annotation], until: datetime | None) -> QuerySet[Annotation]:
    return answers.filter(assignment__finished_at__lte=until) if until else answers


def _differs(kept: float | None, wanted: float | None) -> bool:
    if kept is None or wanted is None:
        return kept is not wanted
    return abs(kept - wanted) > LEAST_CHANGE
