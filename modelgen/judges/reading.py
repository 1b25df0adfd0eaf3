"""Samples read for judges: from the plain objects that the platform stores, and into the text that a prompt shows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelgen.engines.protocol import Message
from modelgen.judges.question import Attribute, Question, Response

ROLES = ("system", "developer", "user", "assistant", "tool")
_TEMPLATE_KEYS = ("role", "content", "tool_calls", "tool_call_id", "name")


def question_from(
    *,
    key: str,
    messages: Sequence[Message],
    responses: Sequence[Mapping[str, Any]],
    attributes: Sequence[Mapping[str, Any]],
    metadata: Mapping[str, Any] | None = None,
    families: Mapping[str, str] | None = None,
) -> Question:
    """A question from stored objects.

    responses: each with `text` or `messages`, and `model` where it is known. attributes: as in a rubric, `values` as
    `{"value", "label"}` in any order. families: of each model that has one.
    """
    return Question(
        key=key,
        messages=tuple(messages),
        responses=tuple(response_from(response, families or {}) for response in responses),
        attributes=tuple(attribute_from(attribute) for attribute in attributes),
        metadata=dict(metadata or {}),
    )


def attribute_from(attribute: Mapping[str, Any]) -> Attribute:
    """A rubric's attribute with its levels ascending, as probabilities are stored. A level without words of its own has none."""
    values = sorted(attribute["values"], key=lambda value: int(value["value"]))
    return Attribute(
        name=str(attribute["name"]),
        title=str(attribute.get("title") or attribute["name"]),
        description=str(attribute.get("description") or ""),
        levels=tuple(int(value["value"]) for value in values),
        meanings=tuple(str(value.get("label") or "") for value in values),
        scope=str(attribute["scope"]),
        is_nominal=attribute.get("level") == "nominal",
    )


def response_from(response: Mapping[str, Any], families: Mapping[str, str]) -> Response:
    """A stored response. Its text, when it is made of turns, is what the turns say."""
    turns = tuple(response.get("messages") or ())
    model = str(response.get("model") or "")
    text = str(response.get("text") or "") if not turns else "\n".join(map(spoken, turns))
    return Response(text=text, messages=turns, model=model, family=families.get(model, ""))


def turns_of(response: Response) -> tuple[Message, ...]:
    """A response as messages: its own, or one by the assistant."""
    return response.messages or ({"role": "assistant", "content": response.text},)


def role_of(message: Message) -> str:
    """Who speaks. A role that chat formats do not know is not repeated: it may be anything."""
    role = str(message.get("role", ""))
    return role if role in ROLES else "unknown speaker"


def spoken(message: Message) -> str:
    """What a message says to its reader: its text and its tool calls. Thinking is left out, as people may fold it away."""
    calls = [f"tool call: {json.dumps(call, ensure_ascii=False, sort_keys=True)}" for call in _calls(message)]
    return "\n".join(filter(None, [content_text(message.get("content")), *calls]))


def content_text(content: object) -> str:
    """The text of a content: itself, or that of its parts. A part that is not text is named."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return str(content["text"]) if "text" in content else f"(a part of type {content.get('type', 'unknown')})"
    return "\n".join(map(content_text, content)) if isinstance(content, Iterable) else ""


def for_template(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Messages with no other keys than chat templates know."""
    return tuple({key: message[key] for key in _TEMPLATE_KEYS if key in message} for message in messages)


def _calls(message: Message) -> Sequence[Any]:
    calls = message.get("tool_calls") or ()
    return calls if isinstance(calls, list | tuple) else (calls,)
