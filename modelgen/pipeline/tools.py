"""Functions that an assistant may call: as they stand in a row, and as a model reads them in its prompt.

A row's `tools` are a list of {"name", "description", "parameters"}, where parameters is a JSON schema of an object. They are
written into the first message, so that every model that follows instructions can be asked, whatever its chat template knows.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from modelgen.asking import CannotParse

MOST_TOOLS = 16
MOST_PARAMETERS = 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TYPES = ("string", "number", "integer", "boolean", "array", "object")


def with_tools(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The conversation with what the tools are in a first message; as it is where there are none."""
    said = [dict(message) for message in messages]
    if not tools:
        return said
    words = _TOOLS.format(tools="\n".join(json.dumps(tool, ensure_ascii=False, sort_keys=True) for tool in tools))
    if said[0]["role"] == "system":
        return [{"role": "system", "content": f"{said[0]['content']}\n\n{words}"}, *said[1:]]
    return [{"role": "system", "content": words}, *said]


def checked_tools(value: Any) -> list[dict[str, Any]]:
    """Tools as a model wrote them, without what does not belong there. Raises CannotParse."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_TOOLS:
        raise CannotParse(f"Between 1 and {MOST_TOOLS} functions were asked for, as a JSON list.")
    tools = [_checked_tool(tool) for tool in value]
    if len({tool["name"] for tool in tools}) < len(tools):
        raise CannotParse("Two functions have the same name.")
    return tools


def _checked_tool(tool: Any) -> dict[str, Any]:
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str) or not _NAME.fullmatch(tool["name"]):
        raise CannotParse("A function needs a name of letters, digits and underscores.")
    if not isinstance(tool.get("description"), str) or not tool["description"].strip():
        raise CannotParse(f"The function {tool['name']} has no description.")
    return {
        "name": tool["name"],
        "description": tool["description"].strip()[:500],
        "parameters": _checked_parameters(tool["name"], tool.get("parameters")),
    }


def _checked_parameters(name: str, given: Any) -> dict[str, Any]:
    properties = given.get("properties") if isinstance(given, dict) else None
    if not isinstance(properties, dict) or len(properties) > MOST_PARAMETERS:
        raise CannotParse(
            f"The parameters of {name} are no schema of an object with up to {MOST_PARAMETERS} properties."
        )
    required = given.get("required", [])
    if not isinstance(required, list) or not all(isinstance(key, str) and key in properties for key in required):
        raise CannotParse(f"{name} requires parameters that it does not have.")
    checked = {key: _checked_property(name, key, each) for key, each in properties.items()}
    return {"type": "object", "properties": checked, "required": required}


def _checked_property(name: str, key: str, given: Any) -> dict[str, Any]:
    if not _NAME.fullmatch(key) or not isinstance(given, dict) or given.get("type") not in _TYPES:
        raise CannotParse(f"The parameter {key[:80]!r} of {name} has no type; there are: {', '.join(_TYPES)}.")
    return {"type": given["type"], "description": str(given.get("description", ""))[:300]}


_TOOLS = """\
You can call these functions, each given as one line of JSON:
{tools}
When a function is needed, answer with nothing but one JSON object {{"name": ..., "arguments": {{...}}}}; what it gives
comes with the next message. When none of them helps, answer in words. Never make up what a function would give."""
