"""A fitted head's word on every sample that lacks it and whose features are at hand, from the head that did not see it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet

from annotation import ratings
from annotation.models import Judge, Sample
from annotation.services import judging
from annotation.services.judgment_details import RELATIVES
from modelgen.judges.head.fitting import FittedHead
from modelgen.models import RewardHeadPlan
from modelgen.running import hidden_states
from modelgen.running.judging import relatives_among
from modelgen.running.reward_heads.features import can_be_seen, features_of, matrix

CHUNK = 500


def lacking(plan: RewardHeadPlan, judge: Judge) -> QuerySet[Sample]:
    """Samples that have features and no word of this judge."""
    samples = judging.samples_lacking(plan.project, judge)
    if plan.reads_text_only:
        return samples
    return samples.filter(Exists(hidden_states.of_model(plan.model, plan.revision).filter(sample=OuterRef("pk"))))


def judge_missing(plan: RewardHeadPlan, judge: Judge) -> int:
    """Judge what lacks its word; returns how many judgments are new."""
    speaking = _Speaking(plan, judge)
    samples = lacking(plan, judge).select_related("content")
    judged, last = 0, 0
    while chunk := list(samples.filter(pk__gt=last)[:CHUNK]):
        judged += judging.post(project=plan.project, judge=judge, verdicts=speaking.verdicts(chunk))
        last = chunk[-1].pk
    return judged


class _Speaking:
    """One judge with its heads."""

    def __init__(self, plan: RewardHeadPlan, judge: Judge) -> None:
        self._attributes = plan.project.rubric.attributes
        self._model = "" if plan.reads_text_only else plan.model
        self._features = features_of(plan)
        self._heads = {row.attribute: FittedHead.from_bytes(bytes(row.content)) for row in judge.reward_heads.all()}

    def verdicts(self, samples: Sequence[Sample]) -> Iterator[judging.Verdict]:
        """One verdict a sample of which there is something to say; each head speaks once for all the places it can judge."""
        places = {sample.pk: ratings.layout(self._attributes, sample.response_count) for sample in samples}
        packed: dict[int, ratings.Packed] = {pk: [None] * len(of_sample) for pk, of_sample in places.items()}
        odds: dict[int, list[Any]] = {pk: [None] * len(of_sample) for pk, of_sample in places.items()}
        for (sample, position), probabilities in self._spoken(samples, places):
            odds[sample.pk][position] = [float(p) for p in probabilities]
            packed[sample.pk][position] = _value(places[sample.pk][position], probabilities)
        for sample in samples:
            if any(odds[sample.pk]):
                yield self._verdict(sample, packed[sample.pk], odds[sample.pk])

    def _verdict(self, sample: Sample, packed: ratings.Packed, odds: list[Any]) -> judging.Verdict:
        relatives = relatives_among(self._model, sample.content.responses)
        details = {RELATIVES: relatives} if relatives else {}
        return judging.Verdict(sample.pk, packed, odds, details=details, is_relative=bool(relatives))

    def _spoken(
        self, samples: Sequence[Sample], places: Mapping[int, list[ratings.Place]]
    ) -> Iterator[tuple[tuple[Sample, int], np.ndarray]]:
        units: dict[str, list[tuple[Sample, int]]] = defaultdict(list)
        for sample in samples:
            for position, place in enumerate(places[sample.pk]):
                if place.name in self._heads and can_be_seen(place.response, sample.response_count):
                    units[place.name].append((sample, position))
        for attribute, of_attribute in units.items():
            keys = [(sample.pk, places[sample.pk][position].response) for sample, position in of_attribute]
            prompts = [sample.content.prompt_digest for sample, _ in of_attribute]
            said = self._heads[attribute].predict_out_of_fold(matrix(self._features, keys), prompts)
            yield from zip(of_attribute, said, strict=True)


def _value(place: ratings.Place, probabilities: np.ndarray) -> int:
    """The likeliest level: of weak heads it agrees better with people than the expectation (11 of 13 attributes tried)."""
    return place.levels[int(np.argmax(probabilities))]
