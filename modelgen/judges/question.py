"""What a judge is asked about, and what it says: the model side's picture of one sample. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from modelgen.asking import Asking
from modelgen.engines.protocol import Message


@dataclass(frozen=True)
class Attribute:
    """One rated dimension in the rubric's own words.

    levels: ascending. meanings: the words of each level, "" where the rubric has none; as many as levels.
    scope: `response` (judged once for each), `comparison` (once for both; negative: the first is better) or `sample` (once).
    """

    name: str
    title: str
    description: str
    levels: tuple[int, ...]
    meanings: tuple[str, ...]
    scope: str
    is_nominal: bool = False


@dataclass(frozen=True)
class Response:
    """A model's text, or its turns, as a list of messages. family: of the model that wrote it, "" when unknown."""

    text: str
    messages: tuple[Message, ...] = ()
    model: str = ""
    family: str = ""


@dataclass(frozen=True)
class Question:
    """One sample. metadata may carry what verifiers need (`answer`, `answer_kind`, `constraints`)."""

    key: str
    messages: tuple[Message, ...]
    responses: tuple[Response, ...]
    attributes: tuple[Attribute, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


Place = tuple[str, int | None]
"""An attribute's name and the response's place (None: the comparison, or the sample as a whole)."""


@dataclass(frozen=True)
class Said:
    """What a judge said of one sample.

    probabilities: for each place a probability per level of its attribute, summing to 1. Places left out: nothing said.
    values: a value per place, where the judge gives one that is not the likeliest level (an expectation, rounded). None: the
        judge is torn between two sides of a comparison without 0, and gives probabilities but no value.
    details: what must be kept with it (principle, both orders, verdict counts, scores), JSON.
    is_unsure: the judge contradicted itself (inconsistent when the order is swapped).
    """

    probabilities: Mapping[Place, Sequence[float]]
    values: Mapping[Place, int | None] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    is_unsure: bool = False


class Judge(Protocol):
    """One way of judging, its options read. Pure, as a stage is."""

    kind: str
    version: int
    models: frozenset[str]
    configuration: Mapping[str, Any]
    """What tells it from other judges of its kind, JSON: `version`, and `options` written out, from which it can be made again."""

    def asking(self, question: Question, rng: np.random.Generator) -> Asking[Said]:
        """Raises CannotParse, NothingToSay."""
        ...
