"""Lists that stages draw from; they ship with Concord and may be replaced by a recipe's own files."""

from functools import cache
from pathlib import Path

from modelgen.options import FileOption

_FOLDER = Path(__file__).parent


@cache
def shipped(name: str) -> tuple[str, ...]:
    """The lines of one of the lists in this folder."""
    return tuple(lines_of((_FOLDER / name).read_text(encoding="utf-8")))


def lines_of(text: str) -> list[str]:
    """What stands on the lines of a text; empty ones and those that begin with # are left out."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def chosen_lines(file: FileOption | None, name: str) -> tuple[str, ...]:
    """The lines of a recipe's own file, or of the shipped list where it names none."""
    return tuple(lines_of(file.text)) if file and lines_of(file.text) else shipped(name)
