"""What an annotator may see of a sample: its texts, and nothing that tells who wrote them or what others said."""

from collections.abc import Mapping
from typing import Any

from annotation.models import Assignment, Sample

MESSAGE_KEYS = ("role", "content", "tool_calls", "tool_call_id", "name")
THINKING = "thinking"


def conversation(sample: Sample) -> list[dict[str, Any]]:
    """The prompt's messages with the keys that Concord knows; anything else might name a model."""
    return [_message(message, sample.project.shows_thinking) for message in sample.content.messages]


def responses_as_shown(assignment: Assignment) -> list[dict[str, Any]]:
    """The responses in this person's order, blind."""
    sample = assignment.sample
    ids, responses = blind_ids(sample), sample.content.responses
    return [
        {"id": ids[place], **blind(responses[place], shows_thinking=sample.project.shows_thinking)}
        for place in assignment.shown_order
    ]


def blind_ids(sample: Sample) -> list[str]:
    """What annotators call the responses, in canonical order: their places, because an id may name a model."""
    return [str(place) for place in range(sample.response_count)]


def blind(response: Mapping[str, Any], *, shows_thinking: bool) -> dict[str, Any]:
    """A response without what could tell its source, and without its thinking where the project keeps that back."""
    shown = _known(response, ("text", THINKING) if shows_thinking else ("text",))
    if response.get("messages") is not None:
        shown["messages"] = [_message(message, shows_thinking) for message in response["messages"]]
    return shown


def _message(message: Mapping[str, Any], shows_thinking: bool) -> dict[str, Any]:
    return _known(message, (*MESSAGE_KEYS, THINKING) if shows_thinking else MESSAGE_KEYS)


def _known(given: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: given[key] for key in keys if given.get(key) is not None}
