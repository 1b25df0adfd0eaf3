"""Small pilot folders, written by a test."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RUBRIC: dict[str, Any] = {
    "name": "helpful",
    "title": "Helpful answers",
    "instructions": "Judge what helps.",
    "attributes": [
        {"name": "helpfulness", "scope": "response", "level": "ordinal", "values": [0, 1, 2, 3, 4], "trigger": True},
        {"name": "preference", "scope": "comparison", "level": "ordinal", "values": [-1, 0, 1]},
    ],
}
CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": "sky"}'}}
RICH: dict[str, Any] = {
    "sample_id": "rich",
    "messages": [
        {"role": "system", "content": "Be brief.", "mood": "calm"},
        {"role": "user", "content": "Why is the sky blue?"},
        {"role": "assistant", "content": "", "thinking": "I look it up.", "tool_calls": [CALL]},
        {"role": "tool", "content": "Rayleigh", "tool_call_id": "c1", "name": "look_up"},
    ],
    "responses": [
        {
            "id": "secret-model-7b",
            "model": "secret-model-7b",
            "messages": [{"role": "assistant", "content": "Scattering.", "thinking": "Short."}],
        },
        {"id": "secret-model-70b", "model": "secret-model-70b", "text": "It is not.", "tokens": 4},
    ],
    "tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"q": {"type": "string"}}}}],
    "metadata": {"source": "secret-source", "nested": {"deep": [1, 2]}},
    "collected_by": "secret-collector",
}


def plain(sample_id: str, **more: Any) -> dict[str, Any]:
    row = {
        "sample_id": sample_id,
        "messages": [{"role": "user", "content": f"Prompt of {sample_id}"}],
        "responses": [{"text": f"First of {sample_id}."}, {"text": f"Second of {sample_id}."}],
    }
    return row | more


def write_pilot(folder: Path, samples: Iterable[Any], *, rubric: Any = RUBRIC, **tables: str) -> Path:
    """A folder in the pilot format; a sample given as text is written as it is."""
    folder.mkdir(exist_ok=True)
    (folder / "rubric.json").write_text(json.dumps(rubric))
    lines = [row if isinstance(row, str) else json.dumps(row) for row in samples]
    (folder / "samples.jsonl").write_text("\n".join(lines) + "\n")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder
