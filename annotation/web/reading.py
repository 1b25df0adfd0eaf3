"""What is read on a card and on the pages of reviewers: messages and responses as turns, for components/_turns.html."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from annotation.rendering.pages import render
from annotation.rendering.visible import as_written, tidy

Turn = dict[str, Any]
LONG = 2_400
LONG_LINES = 40
FIRST_LINE = 120


def turns(response: Mapping[str, Any]) -> list[Turn]:
    """A response as turns, whether it is one text or several messages."""
    if "messages" in response:
        return [turn(message) for message in response["messages"]]
    said = {"role": "assistant", "content": response.get("text", ""), "thinking": response.get("thinking", "")}
    return [turn(said)]


def turn(message: Mapping[str, Any]) -> Turn:
    """One message. What a model thought is not in it unless the caller says so, and then not in the page's source."""
    content = _text_of(message.get("content"))
    thinking = _text_of(message.get("thinking"))
    is_result = message.get("role") == "tool"
    return {
        "role": message.get("role", ""),
        "name": message.get("name", ""),
        "content": content,
        "html": written(content) if is_result else html(content),
        "written": written(content),
        "is_long": is_long(content),
        "first_line": first_line(content) if is_result else "",
        "thinking": thinking,
        "thinking_html": html(thinking),
        "tool_calls": tool_calls(message.get("tool_calls")),
    }


def html(text: str) -> SafeString:
    """A text as it is read; `annotation.rendering` has made sure that nothing in it acts."""
    return mark_safe(render(text, image_word=_("Image"))) if text else SafeString()  # noqa: S308


def written(text: str) -> SafeString:
    """A text letter by letter."""
    return mark_safe(as_written(tidy(text)))  # noqa: S308 - as_written escapes


def is_long(text: str) -> bool:
    return len(text) > LONG or text.count("\n") >= LONG_LINES


def first_line(text: str) -> str:
    """The beginning of a text that is folded; empty where the text is no more than that."""
    line = text.strip().partition("\n")[0]
    if line == text.strip() and len(line) <= FIRST_LINE:
        return ""
    return f"{line[:FIRST_LINE]}…"


def tool_calls(given: Any) -> list[dict[str, Any]]:
    """What a model called, one line each; whatever has another shape is there as it was written."""
    return [_call(call) for call in given] if isinstance(given, list) else [_call(given)] if given else []


def tools(given: Any) -> list[dict[str, Any]]:
    """The tools that a model could call: name, what each is for, and the whole of it."""
    described = given if isinstance(given, list) else [given] if given else []
    return [{**_named(tool), "json": written(_dumped(tool))} for tool in described]


def as_text(given: Any) -> str:
    return _dumped(given) if given else ""


def _dumped(given: Any) -> str:
    return json.dumps(given, indent=2, ensure_ascii=False)


def _text_of(content: Any) -> str:
    return content if isinstance(content, str) else as_text(content)


def _call(call: Any) -> dict[str, Any]:
    named = _named(call)
    arguments = _parsed(named["arguments"])
    shown = arguments if arguments is not None and named["name"] else call
    return {
        "name": named["name"],
        "arguments": list(arguments) if isinstance(arguments, dict) else [],
        "json": written(_dumped(shown)),
    }


def _named(given: Any) -> dict[str, Any]:
    """Name, description and arguments, whether they stand under `function` or by themselves."""
    inner = given.get("function", given) if isinstance(given, dict) else {}
    known = inner if isinstance(inner, dict) else {}
    return {
        "name": str(known.get("name") or ""),
        "description": str(known.get("description") or ""),
        "arguments": known.get("arguments"),
    }


def _parsed(arguments: Any) -> Any:
    """Arguments come as an object, or as a text that should be one and need not be."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
