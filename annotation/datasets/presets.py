"""Presets: ready rubrics for the usual kinds of projects, one JSON file each in annotation/presets/.

A preset is a rubric.json with a `summary` (for whom it is), a `sample` to preview it with, and optionally a `policy`.
"""

import json
from functools import cache
from pathlib import Path

from .bad_row import Place
from .reading import JsonObject
from .rubrics import parse_rubric

FOLDER = Path(__file__).parents[1] / "presets"
KEYS = ("summary", "sample", "policy")


@cache
def all_presets() -> dict[str, JsonObject]:
    """By name, in the order in which they are offered; each checked as an import checks a rubric. Raises BadRow."""
    return {path.stem.split("-", 1)[1]: _read(path) for path in sorted(FOLDER.glob("*.json"))}


def _read(path: Path) -> JsonObject:
    return parse_rubric(json.loads(path.read_text(encoding="utf-8")), Place(path.name))
