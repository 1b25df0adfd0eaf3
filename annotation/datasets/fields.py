"""One field of a row at a time: its kind, its limits, and the sentence when it is something else."""

import math
import re
from typing import Any

from .bad_row import Place

MAX_ID_CHARACTERS = 200
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f]")
# Spreadsheets and data frames write 3.0 as soon as one cell of the column is empty.
INTEGER = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?")


def identifier(value: Any, field: str, at: Place) -> str:
    """An id as text: 1 to 200 characters without control characters; a whole number is read as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise at.bad(field, value, "expected a text, got {value}", "Give every row an id.")
    if not value.strip():
        raise at.bad(field, value, "expected an id, got an empty text", "Give every row an id.")
    if len(value) > MAX_ID_CHARACTERS:
        problem = f"the id has {len(value)} characters, got {{value}}"
        raise at.bad(field, value, problem, f"Ids have at most {MAX_ID_CHARACTERS} characters.")
    if CONTROL_CHARACTER.search(value):
        raise at.bad(field, value, "the id {value} holds a control character", "Remove tabs and line ends from ids.")
    return value


def whole_number(text: str, field: str, at: Place, remedy: str) -> int:
    """The integer that a CSV cell holds; 3.0 counts as 3."""
    text = text.strip()
    if not text:
        raise at.bad(field, text, "expected a whole number, got an empty cell", remedy)
    if not INTEGER.fullmatch(text):
        raise at.bad(field, text, "expected a whole number, got {value}", remedy)
    return int(text.partition(".")[0])


def probability(text: str, field: str, at: Place) -> float | None:
    """A number from 0 to 1, or None for an empty cell."""
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        problem = "expected a probability from 0 to 1, got {value}"
        raise at.bad(field, text, problem, "Leave the cell empty when the judge gave none.")
    return number


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def expect(value: Any, kind: type, field: str, at: Place, remedy: str) -> Any:
    """The value itself when it is of the kind (str, list, dict or bool); else a BadRow that names the kind."""
    if not isinstance(value, kind):
        name = {str: "a text", list: "a list", dict: "an object", bool: "true or false"}[kind]
        raise at.bad(field, value, f"expected {name}, got {{value}}", remedy)
    return value
