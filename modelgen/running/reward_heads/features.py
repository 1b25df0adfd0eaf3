"""What heads see of a project's samples: features of the text, computed, or the hidden states of a model, as they are stored."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from annotation.models import Sample, SampleContent
from annotation.services.evidence import UnitKey
from modelgen.engines import embedded
from modelgen.models import RewardHeadPlan
from modelgen.running import hidden_states

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
BATCH = 500  # samples whose texts or states are in memory at once


class Features(Protocol):
    """Where features come from."""

    revision: str
    column_scale: Floats | float
    """As `fit_head` takes it."""

    def known(self, sample_ids: Collection[int]) -> Mapping[int, int]:
        """How many responses each sample has whose features are at hand."""
        ...

    def of(self, sample_ids: Iterable[int]) -> Iterator[tuple[int, Floats32]]:
        """(sample id, features (R, F) of its responses)."""
        ...


def features_of(plan: RewardHeadPlan) -> Features:
    return TextFeatures() if plan.reads_text_only else HiddenStates(plan)


class TextFeatures:
    """Computed whenever they are asked for: that takes less than a millisecond a response, as long as reading them would."""

    revision = embedded.REVISION
    column_scale: Floats | float = embedded.COLUMN_SCALE

    def known(self, sample_ids: Collection[int]) -> Mapping[int, int]:
        return dict(Sample.objects.filter(pk__in=sample_ids).values_list("pk", "response_count"))

    def of(self, sample_ids: Iterable[int]) -> Iterator[tuple[int, Floats32]]:
        for pk, content in SampleContent.objects.in_bulk(list(sample_ids)).items():
            yield pk, embedded.features(content.messages, content.responses)


class HiddenStates:
    """Every column as it is: a model's hidden states have no columns that are known beforehand to matter more."""

    column_scale: Floats | float = 1.0

    def __init__(self, plan: RewardHeadPlan) -> None:
        self.revision = plan.revision
        self._states = hidden_states.of_model(plan.model, plan.revision)

    def known(self, sample_ids: Collection[int]) -> Mapping[int, int]:
        found = self._states.filter(sample__in=sample_ids)
        return dict(found.values_list("sample_id", "sample__response_count"))

    def of(self, sample_ids: Iterable[int]) -> Iterator[tuple[int, Floats32]]:
        return hidden_states.stored(self._states, sample_ids)


def can_be_seen(response: int | None, response_count: int) -> bool:
    """A response always; of a whole sample only the difference of two responses."""
    return response is not None or response_count == 2


def unit_features(of_responses: Floats32, response: int | None) -> Floats32:
    """What a head sees, (F,): a response's features, or of a comparison the second response's minus the first's."""
    if response is not None:
        return of_responses[response]
    first, second = of_responses
    return np.asarray(second - first)


def matrix(features: Features, units: Sequence[UnitKey]) -> Floats32:
    """What a head sees of units whose features are at hand, (N, F)."""
    parts = []
    for first in range(0, len(units), BATCH):
        some = units[first : first + BATCH]
        of_samples = dict(features.of({sample_id for sample_id, _ in some}))
        parts.append(np.stack([unit_features(of_samples[sample_id], response) for sample_id, response in some]))
    return np.concatenate(parts)
