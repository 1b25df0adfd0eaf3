"""Write consensus labels: revisions, never overwritten; the human value from people alone."""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from annotation import ratings
from annotation.models import Annotation, ConsensusLabel, MergeFit, Policy, RoutingFit, Sample, User
from annotation.services import posteriors
from annotation.statements import settling as statements
from annotation.statements.running import rows
from consensus import aggregate

ADJUDICATION = "adjudication"
OF_JUDGES = "judges/1"


def write(*, sample: Sample, annotations: Sequence[Annotation], policy: Policy, at: datetime) -> None:
    """Label a sample by its policy's rule from the annotations that count, in order of arrival.

    What is labelled is what the first of them was asked (governing.rubric_of). A label that comes out as it stands keeps
    its revision. Raises what the rule raises (consensus.aggregate).
    """
    places = ratings.layout(annotations[0].rubric.attributes, sample.response_count)
    label = by_rule(sample, annotations, places, policy)
    used = [annotations[row].pk for row in label.chosen]
    _revise(
        sample,
        [
            ConsensusLabel(
                response=place.response,
                attribute=place.name,
                human_value=None if math.isnan(value) else int(value),
                human_expected=None if math.isnan(expected) else float(expected),
                no_preference=bool(undecided),
                method=f"{label.rule}/{label.version}",
                annotation_count=int(count),
                annotations=used,
                policy=policy,
                created_at=at,
            )
            for place, value, expected, undecided, count in zip(
                places, label.values, label.expected, label.no_preference, label.counts, strict=True
            )
        ],
    )


def by_rule(
    sample: Sample, annotations: Sequence[Annotation], places: Sequence[ratings.Place], policy: Policy
) -> aggregate.Label:
    """What the policy's rule makes of these annotations, in order of arrival. Raises what the rule raises."""
    if policy.label_rule == Policy.LabelRule.POSTERIOR:
        return posteriors.label(sample.project, annotations, places)
    given = ratings.matrix(annotations, places, sample.response_count)
    return aggregate.label(policy.label_rule, given, ratings.slots(places, policy, annotations))


def adjudicate(
    *, sample: Sample, places: Sequence[ratings.Place], values: ratings.Packed, policy: Policy, by: User, at: datetime
) -> None:
    """Write the labels that a reviewer decided on."""
    _revise(
        sample,
        [
            ConsensusLabel(
                response=place.response,
                attribute=place.name,
                human_value=value,
                human_expected=value,
                no_preference=value == 0 and place.scale.lacks_zero,
                method=ADJUDICATION,
                annotation_count=sample.counted_count,
                annotations=[],
                policy=policy,
                decided_by=by,
                created_at=at,
            )
            for place, value in zip(places, values, strict=True)
        ],
    )


class Spoken(Protocol):
    """A judged place, its value and the probability of each level (routing_looks.Said)."""

    @property
    def place(self) -> tuple[int | None, str]: ...
    @property
    def value(self) -> int: ...
    @property
    def probabilities(self) -> list[float]: ...


def write_of_judges(*, sample: Sample, said: Sequence[Spoken], policy: Policy, fit: RoutingFit, at: datetime) -> None:
    """Label a sample that no person has said anything of: a merged value that rests on judges alone, and no human value."""
    last = {
        (label.response, label.attribute): label.revision for label in rows(statements.LAST_LABELS, sample=sample.pk)
    }
    ConsensusLabel.objects.bulk_create(
        ConsensusLabel(
            sample=sample,
            response=response,
            attribute=attribute,
            revision=last.get((response, attribute), 0) + 1,
            merged_value=one.value,
            probabilities=one.probabilities,
            method=OF_JUDGES,
            annotation_count=0,
            annotations=[],
            policy=policy,
            routing_fit=fit,
            created_at=at,
        )
        for one in said
        for response, attribute in [one.place]
    )


def retire(*, sample: Sample) -> None:
    """The sample has no label at present; its revisions stay readable."""
    rows(statements.RETIRE_LABELS, sample=sample.pk, labels=None)


@transaction.atomic
def merge(
    *, label: ConsensusLabel, merged_value: int | None, probabilities: list[float] | None, fit: MergeFit, at: datetime
) -> bool:
    """A revision of a label with its merged value; the human value is carried over. False when the label was replaced."""
    if not ConsensusLabel.objects.filter(pk=label.pk, is_current=True).update(is_current=False):
        return False
    label.pk = None
    label._state.adding = True
    label.revision += 1
    label.merged_value, label.probabilities, label.merge_fit, label.created_at = merged_value, probabilities, fit, at
    label.save(force_insert=True)
    return True


# What makes two revisions say the same; a merged value is carried over only by `merge`.
CONTENT = ("human_value", "human_expected", "no_preference", "method", "annotation_count", "annotations", "policy_id")
WRITTEN = ("response", "attribute", "revision", *CONTENT[:-1])


def _revise(sample: Sample, said: Sequence[ConsensusLabel]) -> None:
    """Add a revision of every label that says something new; one that says the same keeps its revision."""
    last = {(label.response, label.attribute): label for label in rows(statements.LAST_LABELS, sample=sample.pk)}
    new, replaced = [], []
    for label in said:
        before = last.get((label.response, label.attribute))
        if before and before.is_current and _content(before) == _content(label):
            continue
        if before and before.is_current:
            replaced.append(before.id)
        label.revision = before.revision + 1 if before else 1
        new.append(label)
    if replaced:
        rows(statements.RETIRE_LABELS, sample=sample.pk, labels=replaced)
    if new:
        _add(sample, new)


def _content(label: Any) -> tuple[object, ...]:
    return tuple(getattr(label, name) for name in CONTENT)


def _add(sample: Sample, new: Sequence[ConsensusLabel]) -> None:
    """Labels of one decision: they share policy, time and whoever took it."""
    written = [{name: getattr(label, name) for name in WRITTEN} for label in new]
    first = new[0]
    rows(
        statements.ADD_LABELS,
        sample=sample.pk,
        labels=json.dumps(written),
        policy=first.policy_id,
        decided_by=first.decided_by_id,
        at=first.created_at,
    )
