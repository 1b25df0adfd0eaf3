"""What an annotator may see of a sample: its texts, and nothing that tells who wrote them or what others said."""

from collections.abc import Mapping
from typing import Any

from annotation.models import Assignment, Sample, SampleContent

MESSAGE_KEYS = ("role", "content", "thinking", "tool_calls", "tool_call_id", "name")
RESPONSE_KEYS = ("text", "thinking")


def conversation(content: SampleContent) -> list[dict[str, Any]]:
    """The prompt's messages with the keys that Concord knows; anything else might name a model."""
    return [_known(message, MESSAGE_KEYS) for message in content.messages]


def responses_as_shown(assignment: Assignment) -> list[dict[str, Any]]:
    """The responses in this person's order, blind."""
    ids, responses = blind_ids(assignment.sample), assignment.sample.content.responses
    return [{"id": ids[place], **blind(responses[place])} for place in assignment.shown_order]


def blind_ids(sample: Sample) -> list[str]:
    """What annotators call the responses, in canonical order: their places, because an id may name a model."""
    return [str(place) for place in range(sample.response_count)]


def blind(response: Mapping[str, Any]) -> dict[str, Any]:
    """A response without what could tell its source."""
    shown = _known(response, RESPONSE_KEYS)
    if response.get("messages") is not None:
        shown["messages"] = [_known(message, MESSAGE_KEYS) for message in response["messages"]]
    return shown


def _known(given: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: given[key] for key in keys if given.get(key) is not None}
