"""Reads one line of samples.jsonl: a conversation and the responses of models to it."""

import json
from dataclasses import dataclass, field
from typing import Any

from .bad_row import Place
from .fields import expect, identifier, is_integer
from .reading import JsonObject

ROLES = ("system", "developer", "user", "assistant", "tool")
LARGEST_PRIORITY = 32767
LONGEST_SKILL = 50
SENSITIVE = (
    "sensitive"  # the skill of whoever chose to be given such samples; also what is written of one that says no more
)
KNOWN_KEYS = frozenset({"sample_id", "messages", "responses", "tools", "metadata", "priority", "requires", SENSITIVE})
RESPONSES_REMEDY = 'Write one object per response: {"text": ...} or {"messages": [...]}.'
MESSAGE_REMEDY = 'Write {"role": "user", "content": "..."}.'


@dataclass(frozen=True)
class Sample:
    """What one annotator judges. Messages and responses are plain objects, as in the file.

    messages: each {"role", "content"} and, where the file has them, "thinking", "tool_calls", "tool_call_id", "name"
    and any unknown key. responses: each {"id", and one of "text" or "messages"} and any unknown key ("model").
    requires: languages and skills that whoever judges it must have, sorted.
    sensitive: a short word for what not everybody wants to read in it; empty when nothing is.
    extra: the unknown keys of the line itself. notes: what was read with a small change, as sentences.
    """

    sample_id: str
    messages: tuple[JsonObject, ...]
    responses: tuple[JsonObject, ...]
    tools: tuple[JsonObject, ...] | None = None
    metadata: JsonObject = field(default_factory=dict)
    priority: int = 0
    requires: tuple[str, ...] = ()
    sensitive: str = ""
    extra: JsonObject = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def skills(self) -> tuple[str, ...]:
        """What a person must have to be given it: sensitive samples go to those who chose to have them."""
        return tuple(sorted({*self.requires, SENSITIVE})) if self.sensitive else self.requires

    def as_row(self) -> JsonObject:
        """The line of samples.jsonl that reads back as this sample."""
        row: JsonObject = {"sample_id": self.sample_id, "messages": list(self.messages)}
        row["responses"] = list(self.responses)
        if self.tools is not None:
            row["tools"] = list(self.tools)
        if self.metadata:
            row["metadata"] = self.metadata
        if self.priority:
            row["priority"] = self.priority
        if self.requires:
            row["requires"] = list(self.requires)
        if self.sensitive:
            row[SENSITIVE] = self.sensitive if self.sensitive != SENSITIVE else True
        return {**row, **self.extra}


def parse_sample(data: JsonObject, at: Place) -> Sample:
    """The sample that one object of samples.jsonl describes; raises BadRow."""
    notes: list[str] = []
    return Sample(
        sample_id=identifier(data.get("sample_id"), "sample_id", at),
        messages=_messages(data.get("messages"), "messages", at, notes),
        responses=_responses(data.get("responses"), at, notes),
        tools=_tools(data.get("tools"), at),
        metadata=_metadata(data.get("metadata"), at),
        priority=_priority(data.get("priority"), at),
        requires=_requires(data.get("requires"), at),
        sensitive=_sensitive(data.get(SENSITIVE), at),
        extra={key: value for key, value in data.items() if key not in KNOWN_KEYS},
        notes=tuple(notes),
    )


def _messages(written: Any, where: str, at: Place, notes: list[str]) -> tuple[JsonObject, ...]:
    messages = expect(written, list, where, at, 'Write a list of {"role": ..., "content": ...}.')
    return tuple(_message(item, f"{where}[{i}]", at, notes) for i, item in enumerate(messages))


def _message(item: Any, where: str, at: Place, notes: list[str]) -> JsonObject:
    expect(item, dict, where, at, MESSAGE_REMEDY)
    if item.get("role") not in ROLES:
        problem = f"expected one of {', '.join(ROLES)}, got {{value}}"
        raise at.bad(f"{where}.role", item.get("role"), problem, "Name the role of whoever speaks.")
    for key in ("thinking", "tool_call_id", "name"):
        if item.get(key) is not None:
            expect(item[key], str, f"{where}.{key}", at, "Write it as text, or leave it out.")
    calls = item.get("tool_calls")
    if calls is not None:
        _check_objects(calls, f"{where}.tool_calls", at)
    if calls and item.get("content") is None:
        return dict(item)  # an assistant that only calls a tool says nothing
    return {**item, "content": _text(item.get("content"), f"{where}.content", at, notes)}


def _check_objects(written: Any, where: str, at: Place) -> None:
    for i, item in enumerate(expect(written, list, where, at, "Write a list of objects, or leave it out.")):
        expect(item, dict, f"{where}[{i}]", at, "Write each as an object.")


def _text(value: Any, where: str, at: Place, notes: list[str]) -> str:
    """The text; a bare number or true/false is read as the text it once was, and noted.

    Tools that guess types turn the response "42" into 42 and "True" into true: refusing these would lose real samples.
    """
    if isinstance(value, bool | int | float):
        text = json.dumps(value)
        notes.append(f'{at.file} line {at.line}, field {where}: {text} is not a text; it was read as "{text}".')
        return text
    return str(expect(value, str, where, at, "Write one text; join the parts when there are several."))


def _responses(written: Any, at: Place, notes: list[str]) -> tuple[JsonObject, ...]:
    if not isinstance(written, list) or not written:
        problem = "expected a list of at least one response, got {value}"
        raise at.bad("responses", written, problem, RESPONSES_REMEDY)
    responses = tuple(_response(item, i, at, notes) for i, item in enumerate(written))
    ids = [response["id"] for response in responses]
    for i, name in enumerate(ids):
        if name in ids[:i]:
            problem = "another response of this sample has the id {value} too"
            raise at.bad(f"responses[{i}].id", name, problem, "Give each response its own id, or none at all.")
    return responses


def _response(item: Any, index: int, at: Place, notes: list[str]) -> JsonObject:
    where = f"responses[{index}]"
    if isinstance(item, str):
        item = {"text": item}
    elif isinstance(item, list):
        item = {"messages": item}
    expect(item, dict, where, at, RESPONSES_REMEDY)
    name = str(index) if item.get("id") is None else identifier(item["id"], f"{where}.id", at)
    if ("text" in item) == ("messages" in item):
        raise at.bad(where, item, "expected either text or messages, got {value}", RESPONSES_REMEDY)
    if "text" in item:
        return {**item, "id": name, "text": _text(item["text"], f"{where}.text", at, notes)}
    messages = _messages(item["messages"], f"{where}.messages", at, notes)
    if not messages:
        raise at.bad(f"{where}.messages", [], "expected at least one message, got {value}", RESPONSES_REMEDY)
    return {**item, "id": name, "messages": list(messages)}


def _tools(written: Any, at: Place) -> tuple[JsonObject, ...] | None:
    if written is None:
        return None
    _check_objects(written, "tools", at)
    return tuple(written)


def _metadata(written: Any, at: Place) -> JsonObject:
    if written is None:
        return {}
    return dict(expect(written, dict, "metadata", at, "Write an object, or leave it out."))


def _priority(written: Any, at: Place) -> int:
    if written is None:
        return 0
    if not is_integer(written) or abs(written) > LARGEST_PRIORITY:
        problem = f"expected a whole number from -{LARGEST_PRIORITY} to {LARGEST_PRIORITY}, got {{value}}"
        raise at.bad("priority", written, problem, "Higher is served earlier; leave it out for 0.")
    return int(written)


def _requires(written: Any, at: Place) -> tuple[str, ...]:
    """Skills, each once, in order; surrounding spaces and capitals do not matter."""
    if written is None:
        return ()
    remedy = 'Write a list of short names, as ["ko", "chemistry"], or leave it out.'
    names = [
        expect(name, str, f"requires[{i}]", at, remedy)
        for i, name in enumerate(expect(written, list, "requires", at, remedy))
    ]
    for i, name in enumerate(names):
        if not 0 < len(name.strip()) <= LONGEST_SKILL:
            raise at.bad(f"requires[{i}]", name, f"expected 1 to {LONGEST_SKILL} characters, got {{value}}", remedy)
    return tuple(sorted({name.strip().lower() for name in names}))


def _sensitive(written: Any, at: Place) -> str:
    """True, or a word for what it is."""
    if written is None or written is False:
        return ""
    if written is True:
        return SENSITIVE
    remedy = 'Write true, or a short word for what it is, as "violence".'
    word = str(expect(written, str, SENSITIVE, at, remedy)).strip()
    if not 0 < len(word) <= LONGEST_SKILL:
        raise at.bad(SENSITIVE, written, f"expected 1 to {LONGEST_SKILL} characters, got {{value}}", remedy)
    return word
