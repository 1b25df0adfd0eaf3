"""The label that a reviewer is offered: what the policy's rule makes of the annotations that count, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation import ratings
from annotation.models import Annotation, Policy, Sample
from annotation.services import labels
from consensus import worth
from consensus.aggregate import TooFewUsable


@dataclass(frozen=True)
class Proposal:
    """Place by place the proposed value, None where the rule has none, and the chance that one more person stands by it."""

    places: Sequence[ratings.Place]
    values: list[int | None]
    confidences: list[float | None]

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in self.values)


def proposal(sample: Sample, counted: Sequence[Annotation]) -> Proposal:
    """What the policy's rule would give, settled or not. `counted`: annotations that count, in order of arrival."""
    places = ratings.layout(sample.project.rubric.attributes, sample.response_count)
    values = _values(sample, counted, places)
    doubts = doubts_of(values, counted, places, sample.project.policy, sample.response_count)
    sure = [None if value is None else 1 - doubt for value, doubt in zip(values, doubts, strict=True)]
    return Proposal(places, values, sure)


def doubts_of(
    values: Sequence[int | None],
    counted: Sequence[Annotation],
    places: Sequence[ratings.Place],
    policy: Policy,
    response_count: int,
) -> list[float]:
    """For each place the chance that one more person would not stand by this value (consensus.worth)."""
    given = ratings.matrix(counted, places, response_count)
    return [
        worth.doubt(given[:, at], place.scale, value, within=within(policy, place))
        for at, (place, value) in enumerate(zip(places, values, strict=True))
    ]


def within(policy: Policy, place: ratings.Place) -> float:
    """How far two ratings of this place may lie apart and still settle it."""
    limit = policy.triggers.get(place.name, {}).get("settle_within")
    return float(place.scale.default_settle_within if limit is None else limit)


def _values(sample: Sample, counted: Sequence[Annotation], places: Sequence[ratings.Place]) -> list[int | None]:
    try:
        label = labels.by_rule(sample, counted, places, sample.project.policy)
    except TooFewUsable:
        return [None] * len(places)
    return [None if np.isnan(value) else int(value) for value in label.values]
