"""Preference rows that TRL's DPOTrainer and RewardTrainer load as they are: explicit prompt, conversational.

Tried by others with TRL 1.16: prompt, chosen and rejected are lists of messages, the prompt is not repeated, extra columns
are ignored except reserved names, and a message may carry more than role and content. Every message of a file has the
same keys and every key one type, because `datasets` reads a file in blocks and fails on a block that differs.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .rows import JsonObject, LabelledSample, Vote

RESERVED_COLUMNS = frozenset(
    {
        "tools",
        "chat_template_kwargs",
        "image",
        "images",
        "ref_chosen_logps",
        "ref_rejected_logps",
        "chosen_ids",
        "rejected_ids",
        "prompt_ids",
        "margin",
    }
)
OPTIONAL_MESSAGE_KEYS = ("thinking", "tool_calls", "tool_call_id", "name")


class LeftOut(StrEnum):
    """Why a sample gives no row."""

    EMPTY_PROMPT = "the prompt is empty"
    PROMPT_ENDS_IN_ASSISTANT = "the prompt ends in an assistant turn"
    PROMPT_ENDS_IN_SYSTEM = "the prompt ends in a system turn"
    ONE_RESPONSE = "it has fewer than two responses"
    RESPONSE_STARTS_OTHERWISE = "a response does not start with an assistant turn"
    NO_LABEL = "it has no label"
    TIE = "its label is a tie"


class NoPreferenceAttribute(ValueError):
    """The rubric has no attribute of this name that can order two responses."""


@dataclass(frozen=True)
class Shape:
    """What every row of one file has, so that all rows have the same keys: a column tools, and these message keys."""

    tools: bool = False
    message_keys: tuple[str, ...] = ()

    def widened_by(self, sample: LabelledSample) -> "Shape":
        """The shape that also fits this sample."""
        if len(self.message_keys) == len(OPTIONAL_MESSAGE_KEYS) and self.tools:
            return self
        used = set(self.message_keys)
        for message in _all_messages(sample):
            used.update(key for key in OPTIONAL_MESSAGE_KEYS if message.get(key) is not None)
        keys = tuple(key for key in OPTIONAL_MESSAGE_KEYS if key in used)
        return Shape(self.tools or bool(sample.tools), keys)


def shape_of(samples: Iterable[LabelledSample]) -> Shape:
    """The shape that fits all samples; one pass over them, before the rows are written."""
    shape = Shape()
    for sample in samples:
        shape = shape.widened_by(sample)
    return shape


def preference_attribute(attributes: Sequence[JsonObject], name: str | None = None) -> JsonObject:
    """The attribute that orders the responses: the one named, or else the first comparison.

    A response-scoped ordinal or interval attribute serves too, when it is named: the higher value is chosen.
    Raises NoPreferenceAttribute.
    """
    usable = [a for a in attributes if a["scope"] == "comparison"]
    usable += [a for a in attributes if a["scope"] == "response" and a["level"] != "nominal"]
    for attribute in usable:
        if attribute["name"] == name or (name is None and attribute["scope"] == "comparison"):
            return attribute
    wanted = "no comparison" if name is None else f'no comparison or ordered rating called "{name}"'
    known = ", ".join(a["name"] for a in usable) or "none"
    raise NoPreferenceAttribute(f"The rubric has {wanted}. Name one that orders responses; it has: {known}.")


def preference_rows(
    samples: Iterable[LabelledSample],
    *,
    shape: Shape,
    left_out: Counter[LeftOut],
    attribute: str | None = None,
    full: bool = False,
) -> Iterator[JsonObject]:
    """The rows of all samples that have one, streaming; the others are counted in left_out by their reason."""
    for sample in samples:
        row = preference_row(sample, shape=shape, attribute=attribute, full=full)
        if isinstance(row, LeftOut):
            left_out[row] += 1
        else:
            yield row


def preference_row(
    sample: LabelledSample, *, shape: Shape, attribute: str | None = None, full: bool = False
) -> JsonObject | LeftOut:
    """{"prompt", "chosen", "rejected"} with "tools" (JSON text or None) where the shape says so. A key
    of a message that is neither role, content nor in the shape is left out.

    From a comparison: the sign of its label. From a response-scoped attribute: the best against the worst response, the
    earlier of equals. full adds sample_id, split, attribute, strength (at least 1, in points of the scale), chosen_response,
    rejected_response (ids), votes_chosen, votes_rejected and votes_tied (numbers of people). Raises NoPreferenceAttribute.
    """
    ordered_by = preference_attribute(sample.attributes, attribute)
    pair = _unusable_prompt(sample) or _pair(sample, ordered_by)
    if isinstance(pair, LeftOut):
        return pair
    chosen, rejected, strength = pair
    turns = [_turns(sample.responses[i]) for i in (chosen, rejected)]
    if any(not messages or messages[0]["role"] != "assistant" for messages in turns):
        return LeftOut.RESPONSE_STARTS_OTHERWISE
    row: JsonObject = {
        "prompt": [_message(message, shape) for message in sample.messages],
        "chosen": [_message(message, shape) for message in turns[0]],
        "rejected": [_message(message, shape) for message in turns[1]],
    }
    if shape.tools:
        row["tools"] = json.dumps(list(sample.tools), ensure_ascii=False) if sample.tools else None
    return row | _full_columns(sample, ordered_by, chosen, rejected, strength) if full else row


def _unusable_prompt(sample: LabelledSample) -> LeftOut | None:
    if not sample.messages:
        return LeftOut.EMPTY_PROMPT
    # TRL asks for a generation prompt after a user's or a tool's turn and refuses, or continues, any other.
    match sample.messages[-1]["role"]:
        case "assistant":
            return LeftOut.PROMPT_ENDS_IN_ASSISTANT
        case "system" | "developer":
            return LeftOut.PROMPT_ENDS_IN_SYSTEM
    return None


def _pair(sample: LabelledSample, attribute: JsonObject) -> tuple[int, int, int] | LeftOut:
    """Index of the chosen response, index of the rejected one, and the distance between them in points of the scale."""
    if len(sample.responses) < 2:
        return LeftOut.ONE_RESPONSE
    if attribute["scope"] == "comparison":
        label = sample.labels.get((None, attribute["name"]))
        if label is None:
            return LeftOut.NO_LABEL
        return (1, 0, label) if label > 0 else (0, 1, -label) if label < 0 else LeftOut.TIE
    return _best_and_worst(sample, attribute["name"])


def _best_and_worst(sample: LabelledSample, name: str) -> tuple[int, int, int] | LeftOut:
    values = {i: value for i in range(len(sample.responses)) if (value := sample.labels.get((i, name))) is not None}
    if len(values) < 2:
        return LeftOut.NO_LABEL
    best = max(values, key=lambda i: values[i])
    worst = min(values, key=lambda i: values[i])
    return (best, worst, values[best] - values[worst]) if values[best] > values[worst] else LeftOut.TIE


def _full_columns(
    sample: LabelledSample, attribute: JsonObject, chosen: int, rejected: int, strength: int
) -> JsonObject:
    leanings = [_leaning(vote, attribute, chosen, rejected) for vote in sample.votes]
    return {
        "sample_id": sample.sample_id,
        "split": sample.split,
        "attribute": attribute["name"],
        "strength": strength,
        "chosen_response": sample.responses[chosen]["id"],
        "rejected_response": sample.responses[rejected]["id"],
        "votes_chosen": sum(leaning is not None and leaning > 0 for leaning in leanings),
        "votes_rejected": sum(leaning is not None and leaning < 0 for leaning in leanings),
        "votes_tied": sum(leaning == 0 for leaning in leanings),
    }


def _leaning(vote: Vote, attribute: JsonObject, chosen: int, rejected: int) -> int | None:
    """Above 0 when this person prefers the chosen response, 0 for a tie, None when they gave no value."""
    name = attribute["name"]
    if attribute["scope"] == "comparison":
        value = vote.values.get((None, name))
        return None if value is None else value * (1 if chosen == 1 else -1)
    for_chosen, for_rejected = vote.values.get((chosen, name)), vote.values.get((rejected, name))
    return None if for_chosen is None or for_rejected is None else for_chosen - for_rejected


def _turns(response: JsonObject) -> list[JsonObject]:
    if "text" in response:
        return [{"role": "assistant", "content": response["text"]}]
    return list(response["messages"])


def _all_messages(sample: LabelledSample) -> Iterator[JsonObject]:
    yield from sample.messages
    for response in sample.responses:
        yield from response.get("messages", ())


def _message(message: JsonObject, shape: Shape) -> JsonObject:
    row: JsonObject = {"role": message["role"], "content": message.get("content") or ""}
    for key in shape.message_keys:
        row[key] = message.get(key)
    if row.get("tool_calls"):
        row["tool_calls"] = [_tool_call(call) for call in row["tool_calls"]]
    return row


def _tool_call(call: JsonObject) -> JsonObject:
    """The call with its arguments as JSON text, as OpenAI writes them: an object's keys would differ from row to row."""
    function: Any = call.get("function")
    if isinstance(function, dict):
        return {**call, "function": _with_text_arguments(function)}
    return _with_text_arguments(call)


def _with_text_arguments(function: JsonObject) -> JsonObject:
    arguments = function.get("arguments")
    if arguments is None or isinstance(arguments, str):
        return function
    return {**function, "arguments": json.dumps(arguments, ensure_ascii=False)}
