"""A chart: what its picture, the table under it and its files say. Nothing here asks the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Literal, Protocol
from urllib.parse import quote

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from annotation.datasets import safe_csv

Number = float | int
Form = Literal["count", "number", "share", "text"]
Cell = Number | str | date | None
Kind = Literal["bars", "histogram", "lines", "intervals", "heat", "dots"]


class Measured(Protocol):
    """A figure with its interval, such as an Estimate."""

    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


Value = Number | str | Measured | None


@dataclass(frozen=True)
class Column:
    name: str
    form: Form = "number"


@dataclass(frozen=True)
class Chart:
    """What the picture, the table and the CSV file say; the same numbers in each.

    drawing: for the script. empty: why there is no picture. key: tells charts of the same title on one page apart.
    """

    kind: Kind
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    drawing: dict[str, Any]
    caption: str = ""
    empty: str = ""
    key: str = ""

    @property
    def id(self) -> str:
        return f"chart-{sha256(f'{self.kind} {self.title} {self.key}'.encode()).hexdigest()[:10]}"

    @property
    def data_id(self) -> str:
        return f"{self.id}-data"

    @property
    def file_name(self) -> str:
        """What a saved picture or table is called, before its ending."""
        kept = "".join(c if c.isalnum() else " " for c in f"{self.title} {self.key}".lower())
        return "-".join(kept.split())[:60] or "chart"

    @property
    def table(self) -> list[list[dict[str, Any]]]:
        """The cells as a person reads them."""
        return [
            [
                {"text": said(cell, column.form), "is_number": column.form != "text"}
                for cell, column in zip(row, self.columns, strict=True)
            ]
            for row in self.rows
        ]

    @property
    def csv(self) -> str:
        """The table as CSV, unrounded, safe to open in a spreadsheet; an undefined value is an empty cell."""
        rows = ([cell.isoformat() if isinstance(cell, date) else cell for cell in row] for row in self.rows)
        return "".join(safe_csv.lines([column.name for column in self.columns], rows))

    @property
    def csv_url(self) -> str:
        """The same file inside a link, so that it can be had without a script."""
        return f"data:text/csv;charset=utf-8,%EF%BB%BF{quote(self.csv)}"


def said(cell: Cell, form: Form) -> str:
    """A cell in words: counts are whole, shares in per cent, undefined is a word."""
    match cell:
        case None:
            return _("undefined")
        case str():
            return cell
        case datetime() | date():
            return date_format(cell, "DATE_FORMAT")
    match form:
        case "count":
            return number_format(cell, 0 if float(cell).is_integer() else 1, force_grouping=True)
        case "share":
            return _("%(value)s %%") % {"value": number_format(100 * cell, 1)}
        case _:
            return number_format(cell, 2)


# --- values -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Figure:
    value: Number | None
    low: Number | None = None
    high: Number | None = None
    count: int | None = None
    word: str = field(default="")


def figure(value: Value) -> Figure:
    if value is None or isinstance(value, str):
        return Figure(None, word=value or _("undefined"))
    if isinstance(value, (int, float)):
        return Figure(value)
    why = _(str(getattr(value, "undefined", "") or "undefined"))
    count = getattr(value, "count", None)
    return Figure(value.value, value.low, value.high, count, word=why if value.value is None else "")


def drawn(value: Value, form: Form) -> dict[str, Any]:
    """What the script draws of a value: numbers for places, and the words beside them."""
    of = figure(value)
    if of.value is None:
        return {"value": None, "text": of.word}
    text = said(of.value, form)
    if of.low is None or of.high is None:
        return {"value": of.value, "text": text}
    between = {"value": text, "low": said(of.low, form), "high": said(of.high, form)}
    return {"value": of.value, "low": of.low, "high": of.high, "text": _("%(value)s (%(low)s to %(high)s)") % between}


def cell_of(value: Value) -> Cell:
    of = figure(value)
    return of.value if of.value is not None else (None if value is None else of.word)


def interval_columns(values: Sequence[Value], form: Form) -> list[Column]:
    """The columns that these values fill: the value, and its interval and count where any has one. Their names follow that
    of what is measured."""
    figures = [figure(value) for value in values]
    columns = [Column("", form)]
    if any(of.low is not None for of in figures):
        columns += [Column(_(", from"), form), Column(_(", to"), form)]
    if any(of.count is not None for of in figures):
        columns.append(Column(_(", samples"), "count"))
    return columns


def cells_of(value: Value, columns: Sequence[Column]) -> list[Cell]:
    of = figure(value)
    cells: list[Cell] = [cell_of(value)]
    if len(columns) >= 3:
        cells += [of.low, of.high] if of.value is not None else ["", ""]
    if len(columns) in (2, 4):
        cells.append(of.count)
    return cells
