"""The parts of a small pilot folder: a rubric with a rating and a comparison, and samples of two responses."""

import json
from typing import Any

RUBRIC: dict[str, Any] = {
    "name": "helpful",
    "attributes": [
        {"name": "helpfulness", "scope": "response", "level": "ordinal", "values": [0, 1, 2, 3, 4], "trigger": True},
        {"name": "preference", "scope": "comparison", "level": "ordinal", "values": [-1, 0, 1]},
    ],
}


def sample_row(sample_id: str = "s1", **changes: Any) -> dict[str, Any]:
    row = {
        "sample_id": sample_id,
        "messages": [{"role": "user", "content": "Why is the sky blue?"}],
        "responses": [{"text": "Air scatters blue light."}, {"text": "It is not."}],
    }
    return {**row, **changes}


def lines(samples: Any) -> str | bytes:
    return "".join(json.dumps(row) + "\n" for row in samples) if isinstance(samples, list) else samples
