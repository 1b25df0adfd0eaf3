"""Weigh what came into the review queue: what its decision is worth, on what people differ, and what the cause may be.

Triggers put an entry into the queue with a guess from its kind; beat weighs it from the rows, a batch at a time, so that
no submission pays for it and no page computes it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from django.db import transaction

from annotation import ratings
from annotation.models import (
    Annotation,
    Assignment,
    ConsensusLabel,
    Decision,
    GoldAnswer,
    Policy,
    Project,
    Question,
    QueueEntry,
    ReviewItem,
    Sample,
)
from annotation.services import proposing
from consensus import worth

Kind = QueueEntry.Kind
Cause = Decision.Cause
BATCH = 200
ANSWERED = (Assignment.State.SUBMITTED, Assignment.State.LATE)
BAD = (Assignment.SkipReason.BROKEN, Assignment.SkipReason.PERSONAL_DATA, Assignment.SkipReason.ASKS_IDENTITY)


@dataclass
class _Rows:
    """What the rows say of the samples of a batch, by sample."""

    said: Mapping[int, list[Annotation]] = field(default_factory=dict)
    skipped_as_bad: set[int] = field(default_factory=set)
    asked_about: set[int] = field(default_factory=set)
    labels: Mapping[int, list[ConsensusLabel]] = field(default_factory=dict)
    known: Mapping[int, GoldAnswer] = field(default_factory=dict)


@transaction.atomic
def weigh(*, at_most: int = BATCH) -> int:
    """Weigh what nobody has weighed yet, the oldest first; returns how many. Run twice it does nothing twice."""
    fresh = QueueEntry.objects.filter(is_weighed=False).order_by("pk")
    entries = list(fresh.select_for_update(skip_locked=True, of=("self",)).select_related("sample__project")[:at_most])
    rows = _rows([entry.sample_id for entry in entries])
    projects: dict[int, Project] = {}
    for entry in entries:
        # One object a project, so that its rubric and policy are read once.
        entry.sample.project = projects.setdefault(entry.project_id, entry.sample.project)
        _weigh(entry, rows)
    QueueEntry.objects.bulk_update(entries, ["worth", "is_weighed", "attributes", "likely_cause"])
    return len(entries)


def weigh_everything() -> int:
    """Weigh batch after batch until nothing is left."""
    return sum(iter(weigh, 0))


def _rows(sample_ids: Sequence[int]) -> _Rows:
    of_samples = Assignment.objects.filter(sample__in=sample_ids)
    said: dict[int, list[Annotation]] = defaultdict(list)
    annotations = Annotation.objects.filter(is_current=True, assignment__sample__in=sample_ids)
    annotations = annotations.filter(assignment__state__in=ANSWERED).select_related("assignment", "rubric")
    for annotation in annotations.order_by("assignment__finished_at", "assignment_id"):
        said[annotation.assignment.sample_id].append(annotation)
    held: dict[int, list[ConsensusLabel]] = defaultdict(list)
    for label in ConsensusLabel.objects.filter(sample__in=sample_ids, is_current=True):
        held[label.sample_id].append(label)
    return _Rows(
        said=said,
        skipped_as_bad=set(of_samples.filter(skip_reason__in=BAD).values_list("sample_id", flat=True)),
        asked_about=set(
            Question.objects.filter(assignment__sample__in=sample_ids).values_list("assignment__sample_id", flat=True)
        ),
        labels=held,
        known={
            answer.sample_id: answer for answer in GoldAnswer.objects.filter(sample__in=sample_ids, is_current=True)
        },
    )


def _weigh(entry: QueueEntry, rows: _Rows) -> None:
    said = rows.said.get(entry.sample_id, [])
    counted = [annotation for annotation in said if _counts(annotation)]
    match entry.kind:
        case Kind.CONTESTED:
            entry.worth = _of_proposal(entry.sample, counted)
        case Kind.LATE_ANNOTATION:
            late = [one for one in said if not one.assignment.is_gold]
            entry.worth = _of_standing(entry.sample, late, rows.labels.get(entry.sample_id, []))
        case Kind.JUDGE_DISAGREES:
            entry.worth = _of_doubted(entry)
        case Kind.GOLD_DISPUTE:
            entry.worth = _of_gold(entry.sample, said, rows.known.get(entry.sample_id))
        case Kind.QUESTION:
            entry.worth = _of_question(entry)
    entry.attributes = differing(entry.sample, counted)
    entry.likely_cause = _likely_cause(entry.sample, counted, rows)
    entry.is_weighed = True


def _counts(annotation: Annotation) -> bool:
    return annotation.assignment.state == Assignment.State.SUBMITTED and not annotation.assignment.is_gold


# --- the worth of each kind -------------------------------------------------------------------------------------
def _of_proposal(sample: Sample, counted: Sequence[Annotation]) -> float:
    """No label stands: what is proposed may be wrong, and where nothing is, everything is missing."""
    proposed = proposing.proposal(sample, counted)
    triggers = sample.project.policy.triggers
    doubts = [
        1.0 if sure is None else 1 - sure
        for place, sure in zip(proposed.places, proposed.confidences, strict=True)
        if place.name in triggers
    ]
    return worth.of_label(doubts, priority=sample.priority)


def _of_standing(sample: Sample, said: Sequence[Annotation], held: Sequence[ConsensusLabel]) -> float:
    """A label stands, and somebody who came late may say otherwise. Where none stands, nothing changes."""
    if not held:
        return 0.0
    project = sample.project
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    values = {(label.attribute, label.response): label.human_value for label in held}
    stands = [values.get((place.name, place.response)) for place in places]
    doubts = proposing.doubts_of(stands, said, places, project.policy, sample.response_count)
    of_triggers = [doubt for place, doubt in zip(places, doubts, strict=True) if place.name in project.policy.triggers]
    return worth.of_label(of_triggers, priority=sample.priority)


def _of_doubted(entry: QueueEntry) -> float:
    """The chance that the label is wrong, as the merged value has it."""
    details = ReviewItem.objects.filter(pk=entry.source_id).values_list("details", flat=True).first() or {}
    doubt = 1 - float(details.get("probability", 0.5))
    return worth.of_label([doubt], priority=entry.sample.priority)


def _of_gold(sample: Sample, said: Sequence[Annotation], known: GoldAnswer | None) -> float:
    """The known answer may be wrong, and it is held against everybody who had the sample."""
    asked = [annotation for annotation in said if annotation.assignment.is_gold]
    if known is None:
        return worth.of_gold(0.0, len(asked), priority=sample.priority)
    places = ratings.layout(known.rubric.attributes, sample.response_count)
    doubts = proposing.doubts_of(known.ratings, asked, places, sample.project.policy, sample.response_count)
    judged = [doubt for value, doubt in zip(known.ratings, doubts, strict=True) if value is not None]
    return worth.of_gold(max(judged, default=0.0), len(asked), priority=sample.priority)


def _of_question(entry: QueueEntry) -> float:
    asked = Question.objects.select_related("assignment").filter(pk=entry.source_id).first()
    is_in_hand = bool(asked and asked.assignment.state == Assignment.State.LEASED)
    return worth.of_question(is_in_hand=is_in_hand, priority=entry.sample.priority)


# --- on what, and why -------------------------------------------------------------------------------------------
def differing(sample: Sample, counted: Sequence[Annotation]) -> list[str]:
    """The trigger attributes on which people lie further apart than settles, in the rubric's order."""
    project = sample.project
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    apart = _apart(ratings.matrix(counted, places, sample.response_count), places, project.policy)
    return list(dict.fromkeys(place.name for place, differs in zip(places, apart, strict=True) if differs))


def _apart(given: np.ndarray, places: Sequence[ratings.Place], policy: Policy) -> list[bool]:
    """For each place whether it triggers and its ratings do not settle."""
    return [
        place.name in policy.triggers and _range(given[:, at], place) > proposing.within(policy, place)
        for at, place in enumerate(places)
    ]


def _range(column: np.ndarray, place: ratings.Place) -> float:
    said = column[~np.isnan(column)]
    if said.size < 2:
        return 0.0
    return float(np.unique(said).size > 1) if place.scale.is_nominal else float(np.ptp(said))


def _likely_cause(sample: Sample, counted: Sequence[Annotation], rows: _Rows) -> str:
    """What the rows point to: somebody called it bad, somebody asked, one stands alone, or they differ all over."""
    if sample.pk in rows.skipped_as_bad or any(annotation.neither_valid for annotation in counted):
        return Cause.BAD_SAMPLE
    if sample.pk in rows.asked_about:
        return Cause.PROMPT_UNCLEAR
    if not differing(sample, counted):
        return ""
    return Cause.ERROR if _one_stands_alone(sample, counted) else Cause.TASTE


def _one_stands_alone(sample: Sample, counted: Sequence[Annotation]) -> bool:
    """Whether all but exactly one person agree; of three people nobody can say who stands alone."""
    if len(counted) < 4:
        return False
    without = ([*counted[:at], *counted[at + 1 :]] for at in range(len(counted)))
    agreeing = (rest for rest in without if not differing(sample, rest))
    return len(list(islice(agreeing, 2))) == 1
