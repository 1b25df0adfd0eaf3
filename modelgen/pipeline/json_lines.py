"""JSON lines as recipes' files have them: one object a line."""

import json
from collections.abc import Iterator
from typing import Any

from modelgen.options import FileOption
from modelgen.pipeline.rows import WrongRows


def read_json_lines(file: FileOption) -> Iterator[tuple[int, dict[str, Any]]]:
    """The line's number (from 1) and its object; empty lines are left out. Raises WrongRows."""
    for number, line in enumerate(file.text.split("\n"), start=1):
        if line.strip():
            yield number, _object(file.name, number, line)


def _object(name: str, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
        json.dumps(value, ensure_ascii=False).encode()  # half a character (a lone surrogate) cannot be stored
    except (ValueError, RecursionError) as error:
        raise WrongRows(f"{name}, line {number}: not JSON ({error}).") from error
    if "\\u0000" in line:
        raise WrongRows(f"{name}, line {number}: it holds the character 0, which cannot be stored.")
    if not isinstance(value, dict):
        raise WrongRows(f"{name}, line {number}: a line must be an object in braces.")
    return value
