"""Reads JSON lines and CSV line by line; what cannot be read comes out as a BadRow in its place.

Nothing here knows what a sample is. A bad line never ends the reading, so that one pass finds every bad line.
"""

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from .bad_row import BadRow, Place

MAX_LINE_BYTES = 32 * 1024 * 1024
SUSPICIOUS_ESCAPE = re.compile(r"\\u(0000|[dD][89a-fA-F])")
SURROGATE = re.compile("[\ud800-\udfff]")
NUL_REMEDY = "PostgreSQL cannot store it: remove the character."
SURROGATE_REMEDY = "It is one half of a character: repair the text where it was cut."

JsonObject = dict[str, Any]
Line = tuple[Place, JsonObject]
Cells = tuple[Place, dict[str, str]]
Record = tuple[Place, list[str]]


class _NotJson(ValueError):
    """The text is not JSON as this format takes it; the message says why."""


class _TextLines:
    """The lines of a UTF-8 file with their ends. `problem` is set while the line just given could not be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.problem: BadRow | None = None

    def __iter__(self) -> Iterator[str]:
        with self.path.open("rb") as file:
            while raw := file.readline(MAX_LINE_BYTES + 1):
                self.number += 1
                if len(raw) > MAX_LINE_BYTES:
                    while raw and not raw.endswith(b"\n"):
                        raw = file.readline(MAX_LINE_BYTES)
                    self.problem = self._too_long()
                    yield "\n"
                else:
                    yield self._decoded(raw)

    def _decoded(self, raw: bytes) -> str:
        if self.number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self.problem = Place(self.path.name, self.number).bad(
                "",
                raw[error.start : error.start + 1].hex(),
                f"byte {error.start + 1} of the line is not UTF-8 (0x{raw[error.start]:02x})",
                "Save the file as UTF-8.",
            )
            return raw.decode("utf-8", "replace")

    def _too_long(self) -> BadRow:
        return Place(self.path.name, self.number).bad(
            "",
            None,
            f"the line is longer than {MAX_LINE_BYTES // 1024 // 1024} MiB",
            "Write one object on each line.",
        )

    def take_problem(self) -> BadRow | None:
        problem, self.problem = self.problem, None
        return problem


def json_lines(path: Path) -> Iterator[Line | BadRow]:
    """Every object of a JSON lines file with its place; blank lines are passed over, a BOM is taken."""
    lines = _TextLines(path)
    for text in lines:
        problem = lines.take_problem()
        if problem:
            yield problem
        elif text.strip():
            yield _object_at(Place(path.name, lines.number), text)


def _object_at(at: Place, text: str) -> Line | BadRow:
    try:
        return at, json_object(text, at)
    except BadRow as error:
        return error


def json_object(text: str, at: Place) -> JsonObject:
    """The one JSON object in the text; raises BadRow for anything that PostgreSQL or another reader would refuse."""
    try:
        data = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        remedy = "Write one JSON object on each line."
        raise at.bad("", text.strip(), f"not JSON ({error.msg}, column {error.colno})", remedy) from None
    except (RecursionError, ValueError) as error:
        raise at.bad("", text.strip(), str(error), "Write plain JSON that any reader takes.") from None
    if not isinstance(data, dict):
        raise at.bad("", data, "expected a JSON object, got {value}", "Write one object in braces on each line.")
    if SUSPICIOUS_ESCAPE.search(text) or "\x00" in text:
        _refuse_unstorable(data, at)
    return data


def _without_duplicates(pairs: list[tuple[str, Any]]) -> JsonObject:
    data = dict(pairs)
    if len(data) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _NotJson(f'the key "{twice}" stands twice in one object')
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise _NotJson(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NotJson(f"the number {text} is too large")
    return number


def _refuse_unstorable(data: JsonObject, at: Place) -> None:
    for field, value in data.items():
        for text in _strings_in({field: value}):
            refuse_unstorable_text(text, field, at)


def _strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings_in(inner)


def refuse_unstorable_text(text: str, field: str, at: Place) -> None:
    """Raise BadRow when the text holds what PostgreSQL cannot store: U+0000 or half a surrogate pair."""
    if "\x00" in text:
        raise at.bad(field, text, "the text holds the character U+0000", NUL_REMEDY)
    if SURROGATE.search(text):
        raise at.bad(field, text, "the text holds a lone surrogate", SURROGATE_REMEDY)


def csv_rows(path: Path, *, required: tuple[str, ...]) -> Iterator[Cells | BadRow]:
    """Every row of a CSV file as {column: text} with its place; other columns than the required are kept.

    A header that lacks a required column, or that cannot be read, comes out as one BadRow and ends the reading.
    """
    lines = _TextLines(path)
    records = _records(csv.reader(lines, strict=True), lines)
    header = _header(path, next(records, None), required)
    if isinstance(header, BadRow):
        yield header
        return
    for record in records:
        yield record if isinstance(record, BadRow) else _cells(header, *record)


def _records(reader: Any, lines: _TextLines) -> Iterator[Record | BadRow]:
    while True:
        at = Place(lines.path.name, reader.line_num + 1)
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield at.bad("", None, f"not CSV ({error})", 'Quote a text that holds commas, quotes or line ends: "...".')
            continue
        if problem := lines.take_problem():
            yield problem
        elif record:
            yield at, record


def _header(path: Path, first: Record | BadRow | None, required: tuple[str, ...]) -> list[str] | BadRow:
    expected = ",".join(required)
    if first is None:
        return Place(path.name).bad("", None, "the file is empty", f"Begin it with the header {expected}.")
    if isinstance(first, BadRow):
        return first
    at, names = first[0], [name.strip() for name in first[1]]
    if missing := [name for name in required if name not in names]:
        problem = f"the header lacks {', '.join(missing)}; it is {{value}}"
        return at.bad("", ",".join(names), problem, f"Begin the file with {expected}, separated by commas.")
    if twice := [name for name in names if names.count(name) > 1]:
        return at.bad(twice[0], twice[0], "the header names this column twice", "Rename or remove one of them.")
    return names


def _cells(header: list[str], at: Place, record: list[str]) -> Cells | BadRow:
    if len(record) != len(header):
        problem = f"expected {len(header)} cells as in the header, got {len(record)}"
        return at.bad("", None, problem, "Quote a text that holds commas, and write every cell, also an empty one.")
    cells = dict(zip(header, record, strict=True))
    if "\x00" in "".join(record):
        name, text = next((name, text) for name, text in cells.items() if "\x00" in text)
        return at.bad(name, text, "the text holds the character U+0000", NUL_REMEDY)
    return at, cells
