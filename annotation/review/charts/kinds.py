"""Charts: from numbers to what a picture, the table under it and its files are made of. Nothing here asks the database.

A value is a number, something measured with an interval (`value`, `low`, `high`, perhaps `count` and `undefined`), None, or a
word that says why there is no number. Undefined values are drawn as words, never as zero.
`templates/components/_chart.html` draws a Chart; `static/js/charts/` makes its picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.utils.translation import gettext as _

from annotation.review.charts.chart import (
    Chart,
    Column,
    Form,
    Number,
    Value,
    cell_of,
    cells_of,
    drawn,
    interval_columns,
    said,
)

__all__ = [
    "Chart",
    "Dot",
    "Form",
    "Mark",
    "Row",
    "Value",
    "bars",
    "dots",
    "heat",
    "histogram",
    "intervals",
    "lines",
    "said",
]


@dataclass(frozen=True)
class Mark:
    """A line across the picture that something is compared with: where, and the words beside it."""

    at: Number | date
    words: str


@dataclass(frozen=True)
class Row:
    """One line of intervals(). who: "people", "judge" or nothing in particular; it decides the shape of the point."""

    label: str
    of: Value
    who: Literal["people", "judge", ""] = ""


@dataclass(frozen=True)
class Dot:
    """One point of dots(). of: the value upwards, with its interval if it has one; words stand beside the point."""

    x: float
    of: Value
    words: str = ""
    group: str = ""


# --- the kinds ------------------------------------------------------------------------------------------------------


def bars(
    title: str, labels: Sequence[str], series: Mapping[str, Sequence[Value]], *, heading: str, form: Form = "count",
    stacked: bool = False, horizontal: bool = True, hues: Sequence[str] = (), caption: str = "", empty: str = "", key: str = "",
) -> Chart:  # fmt: skip
    """Lengths to compare. One series, or several: beside each other, or stacked.

    labels: one a bar; series: name -> a value for each label; heading: what the labels are; hues: tokens of tokens.css for the
    series, or for the bars of a single one (state-open), else the charts' own.
    """
    rows = [
        {"at": place, "series": index, **drawn(value, form)}
        for index, values in enumerate(series.values())
        for place, value in enumerate(values)
    ]
    return Chart(
        kind="bars",
        title=title,
        columns=(Column(heading, "text"), *(Column(name, form) for name in series)),
        rows=tuple((label, *map(cell_of, values)) for label, *values in zip(labels, *series.values(), strict=True)),
        drawing={
            "kind": "bars", "labels": list(labels), "series": list(series), "rows": rows, "form": form, "stacked": stacked,
            "horizontal": horizontal, "hues": list(hues), "heading": heading,
        },
        caption=caption,
        empty=empty if empty and not _any(rows) else _why_empty(rows, needs_weight=form == "count"),
        key=key,
    )  # fmt: skip


def histogram(
    title: str, counts: Mapping[Any, int], *, heading: str, of: str, caption: str = "", empty: str = "", key: str = ""
) -> Chart:
    """How often each value occurs, in the order given. heading: what the values are; of: what is counted."""
    labels = [str(value) for value in counts]
    chart = bars(title, labels, {of: list(counts.values())}, heading=heading, horizontal=False, empty=empty, key=key)
    drawing = {**chart.drawing, "kind": "histogram", "of": of}
    return Chart("histogram", title, chart.columns, chart.rows, drawing, caption, chart.empty, key)


def lines(
    title: str, at: Sequence[date | Number], series: Mapping[str, Sequence[Value]], *, heading: str, form: Form = "number",
    span: tuple[float, float] | None = None, reference: Mark | None = None, marks: Sequence[Mark] = (), caption: str = "",
    empty: str = "", key: str = "",
) -> Chart:  # fmt: skip
    """A course over time, or over numbers; with a band where values have intervals. A gap is where there is no value.

    reference: a level to compare with; marks: moments at which something changed.
    """
    values = [value for of in series.values() for value in of]
    rows = [
        {"x": _place(when), "series": index, **drawn(value, form)}
        for index, of in enumerate(series.values())
        for when, value in zip(at, of, strict=True)
    ]
    more = interval_columns(values, form)
    return Chart(
        kind="lines",
        title=title,
        columns=(
            Column(heading, "text" if _is_time(at) else "number"),
            *(Column(f"{name}{of.name}", of.form) for name in series for of in more),
        ),
        rows=tuple(
            (when, *(cell for value in of for cell in cells_of(value, more)))
            for when, *of in zip(at, *series.values(), strict=True)
        ),
        drawing={
            "kind": "lines", "series": list(series), "rows": rows, "form": form, "is_time": _is_time(at), "span": span,
            "reference": _mark(reference), "marks": [_mark(mark) for mark in marks], "heading": heading,
        },
        caption=caption,
        empty=empty if empty and not _any(rows) else _why_empty(rows),
        key=key,
    )  # fmt: skip


def intervals(
    title: str, rows: Sequence[Row], *, heading: str, of: str, form: Form = "number", span: tuple[float, float] | None = None,
    reference: Mark | None = None, caption: str = "", empty: str = "", key: str = "",
) -> Chart:  # fmt: skip
    """Estimates under each other, each a point on its interval. of: what is estimated; reference: what they are held against."""
    points = [{"label": row.label, "who": row.who, **drawn(row.of, form)} for row in rows]
    more = interval_columns([row.of for row in rows], form)
    return Chart(
        kind="intervals",
        title=title,
        columns=(Column(heading, "text"), *(Column(f"{of}{column.name}", column.form) for column in more)),
        rows=tuple((row.label, *cells_of(row.of, more)) for row in rows),
        drawing={
            "kind": "intervals",
            "rows": points,
            "form": form,
            "span": span,
            "reference": _mark(reference),
            "of": of,
        },
        caption=caption,
        empty=empty if empty and not _any(points) else _why_empty(points),
        key=key,
    )


def heat(
    title: str, labels: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[Number | None]], *, heading: str,
    across: str, form: Form = "count", is_square: bool = True, caption: str = "", empty: str = "", key: str = "",
) -> Chart:  # fmt: skip
    """A table whose cells are shaded by their share of the row, with the number in each. heading: what the rows are; across:
    what the columns are; is_square: rows and columns are the same things, so the diagonal, where they meet, is outlined."""
    rows = [
        {"row": i, "column": j, "share": _share(value, row), **drawn(value, form)}
        for i, row in enumerate(counts)
        for j, value in enumerate(row)
    ]
    return Chart(
        kind="heat",
        title=title,
        columns=(Column(f"{heading} / {across}", "text"), *(Column(name, form) for name in columns)),
        rows=tuple((label, *row) for label, row in zip(labels, counts, strict=True)),
        drawing={
            "kind": "heat", "labels": list(labels), "columns": list(columns), "rows": rows, "heading": heading, "across": across,
            "is_square": is_square,
        },
        caption=caption,
        empty=empty if empty and not _any(rows) else _why_empty(rows, needs_weight=True),
        key=key,
    )  # fmt: skip


def dots(
    title: str, points: Sequence[Dot], *, x: str, y: str, form: Form = "number", span: tuple[float, float] | None = None,
    diagonal: str = "", caption: str = "", empty: str = "", key: str = "",
) -> Chart:  # fmt: skip
    """Two values of each thing, one along each axis. diagonal: words for the line on which both are the same; empty: none."""
    rows = [{"x": p.x, "words": p.words, "group": p.group, **drawn(p.of, form)} for p in points]
    more = interval_columns([p.of for p in points], form)
    names = any(p.words for p in points)
    groups = any(p.group for p in points)
    return Chart(
        kind="dots",
        title=title,
        columns=(
            *([Column(_("Name"), "text")] if names else []),
            *([Column(_("Group"), "text")] if groups else []),
            Column(x, form),
            *(Column(f"{y}{column.name}", column.form) for column in more),
        ),
        rows=tuple(
            (*([p.words] if names else []), *([p.group] if groups else []), p.x, *cells_of(p.of, more)) for p in points
        ),
        drawing={
            "kind": "dots", "rows": rows, "groups": list(dict.fromkeys(p.group for p in points)), "x": x, "y": y, "form": form,
            "span": span, "diagonal": diagonal,
        },
        caption=caption,
        empty=empty if empty and not _any(rows) else _why_empty(rows),
        key=key,
    )  # fmt: skip


# --- what they share ------------------------------------------------------------------------------------------------


def _share(value: Number | None, row: Sequence[Number | None]) -> float:
    whole = sum(each for each in row if each is not None)
    return value / whole if value and whole else 0.0


def _is_time(at: Sequence[date | Number]) -> bool:
    return any(isinstance(when, date) for when in at)


def _place(at: date | Number) -> str | Number:
    return at.isoformat() if isinstance(at, date) else at


def _mark(mark: Mark | None) -> dict[str, Any] | None:
    return {"at": _place(mark.at), "words": mark.words} if mark else None


def _any(rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(row["value"] is not None for row in rows)


def _why_empty(rows: Sequence[Mapping[str, Any]], *, needs_weight: bool = False) -> str:
    """Why there is nothing to draw; empty where there is."""
    if not _any(rows):
        return _("No numbers yet: there is too little to measure.")
    if needs_weight and not any(row["value"] for row in rows):
        return _("Nothing was counted yet.")
    return ""
