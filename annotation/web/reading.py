"""What is read on a card and on the pages of reviewers: messages and responses as turns, for components/_turns.html."""

import json
from collections.abc import Mapping
from typing import Any


def turns(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A response as turns, whether it is one text or several messages."""
    if "messages" in response:
        return [turn(message) for message in response["messages"]]
    return [{"role": "assistant", "content": response.get("text", ""), "thinking": response.get("thinking", "")}]


def turn(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role": message.get("role", ""),
        "name": message.get("name", ""),
        "content": message.get("content") or "",
        "thinking": message.get("thinking", ""),
        "tool_calls_text": as_text(message.get("tool_calls")),
    }


def as_text(given: Any) -> str:
    return json.dumps(given, indent=2, ensure_ascii=False) if given else ""
