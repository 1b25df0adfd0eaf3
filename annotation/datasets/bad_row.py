"""One thing that is wrong in a file, said in words that help to put it right."""

import json
from dataclasses import dataclass
from typing import Any

SHOWN_CHARACTERS = 80


class BadRow(ValueError):
    """A file, or one line of it, cannot be taken as it is.

    `problem` may hold the mark {value}, which becomes the value as JSON, shortened. `line` counts from 1 and is
    None when the whole file is meant; `field` is empty when the whole line is meant.
    """

    def __init__(self, file: str, line: int | None, field: str, value: Any, problem: str, remedy: str) -> None:
        super().__init__(file, line, field, value, problem, remedy)
        self.file = file
        self.line = line
        self.field = field
        self.value = value
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file} line {self.line}"
        if self.field:
            where += f", field {self.field}"
        return f"{where}: {self.problem.replace('{value}', shown(self.value))}. {self.remedy}"


@dataclass(frozen=True)
class Place:
    """A line of a file that is being read: makes the BadRow of whatever is wrong there."""

    file: str
    line: int | None = None

    def bad(self, field: str, value: Any, problem: str, remedy: str) -> BadRow:
        return BadRow(self.file, self.line, field, value, problem, remedy)


def shown(value: Any) -> str:
    """The value as JSON on one line, cut to 80 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    # A lone surrogate cannot be printed or logged, and it is just what some of these messages are about.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
