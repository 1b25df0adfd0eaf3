"""What every export starts from: one sample with its labels and the votes behind them. Pure data, no file, no database."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]
Slot = tuple[int | None, str]
Split = Literal["train", "validation"]

# What makes two prompts the same prompt: not ids or other unknown keys that ride on a message.
PROMPT_KEYS = ("role", "content", "tool_calls")


@dataclass(frozen=True)
class Vote:
    """One person's whole annotation. values: {(response index or None, attribute): value}; a value of None means that
    the person was asked and gave none ("neither valid"), a missing slot that they were not asked. remarks: all that the
    rubric asks beside ratings by name, None where nothing was given; empty when it asks nothing."""

    values: Mapping[Slot, int | None]
    comment: str = ""
    remarks: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledSample:
    """A sample as it is exported.

    messages, responses: plain objects as in the pilot folder; every response has "id" and one of "text" or "messages".
    labels: {(response index or None, attribute): value}; None or a missing slot means that there is no label.
    votes: in the order in which they arrived; chosen: the indices of those that made the label.
    attributes: of the rubric, in its order, each at least {"name", "scope", "level", "values"}.
    source: "judges" when no person said anything of it.
    """

    sample_id: str
    messages: Sequence[JsonObject]
    responses: Sequence[JsonObject]
    labels: Mapping[Slot, int | None]
    attributes: Sequence[JsonObject]
    votes: Sequence[Vote] = ()
    chosen: Sequence[int] = ()
    tools: Sequence[JsonObject] | None = None
    metadata: JsonObject = field(default_factory=dict)
    split: Split = "train"
    source: Literal["people", "judges"] = "people"

    def names_of(self, scope: str) -> list[str]:
        """The names of the attributes of one scope, in rubric order."""
        return [attribute["name"] for attribute in self.attributes if attribute["scope"] == scope]

    @property
    def chosen_votes(self) -> list[Vote]:
        return [self.votes[i] for i in self.chosen]


def prompt_digest(messages: Iterable[JsonObject]) -> str:
    """The same for every sample of one prompt; ids and other unknown keys of a message do not matter."""
    prompt = [{key: message.get(key) for key in PROMPT_KEYS} for message in messages]
    return hashlib.sha256(json.dumps(prompt, sort_keys=True).encode()).hexdigest()[:32]


def split_of(messages: Sequence[JsonObject], *, validation_share: float = 0.05) -> Split:
    """The split of a prompt: the same today and in the next version, whatever other prompts there are.

    messages: the prompt; validation_share: from 0 to 1, of prompts (not of samples: a prompt with many samples takes
    them all along). Raises ValueError for a share outside 0 to 1.

    >>> split_of([{"role": "user", "content": "Why is the sky blue?"}])
    'train'
    """
    if not 0 <= validation_share <= 1:
        raise ValueError(f"The validation share is {validation_share}. Give a number from 0 to 1.")
    prompt = [{key: message.get(key) for key in PROMPT_KEYS} for message in messages]
    text = json.dumps(prompt, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return "validation" if place < validation_share else "train"
