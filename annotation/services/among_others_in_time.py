"""What needs whole answers and their times: who copies whom, who changed since when, a person's weeks, and the samples on
which they are farthest from the others."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from annotation.services.compared_rows import Group, Rows
from consensus import annotators

WEEKS = 26  # of a person's latest that their page draws
EXAMPLES = 8
LEAST_OTHERS = 2  # people whom somebody must be apart from to be an example
_MONDAY = date(1969, 12, 29)


@dataclass(frozen=True, eq=False)
class InTime:
    """weeks, examples: by place of the person, as JSON."""

    copying: annotators.Copying
    words: annotators.SameWords
    shifts: dict[str, annotators.Shifts]
    weeks: dict[int, list[dict[str, Any]]]
    examples: dict[int, list[dict[str, Any]]]


def measure(rows: Rows) -> InTime:
    """From everybody's answers."""
    people = {"person_count": len(rows.people)}
    together = annotators.together(rows.sample, rows.packed(), rows.finished)
    changing = {"pace": _pace(rows), "agreement": together.beyond, "bias": _level(rows)}
    return InTime(
        copying=annotators.copying(together, rows.sample, rows.person, rows.finished, **people),
        words=annotators.same_words(rows.sample, rows.person, rows.text, **people),
        shifts={name: annotators.shifts(rows.person, rows.weeks, of, **people) for name, of in changing.items()},
        weeks=_weeks(rows, changing),
        examples=_examples(rows),
    )


def monday(week: int) -> str:
    """The day on which a week of `Rows.weeks` begins."""
    return (_MONDAY + timedelta(weeks=week)).isoformat()


def _pace(rows: Rows) -> np.ndarray:
    """(A,) logarithms of times what the others take; NaN where nobody was timed."""
    timed = ~np.isnan(rows.seconds)
    apart = np.full(len(rows.seconds), np.nan)
    apart[timed] = annotators.apart_from_others(
        rows.sample[timed],
        rows.person[timed],
        np.log(np.maximum(rows.seconds[timed], 1.0)),
        **rows.counts,
        middle=annotators.median_of,
    )
    return apart


def _level(rows: Rows) -> np.ndarray:
    """(A,) how many levels above the others of the sample, the mean over what has an order."""
    levels = np.full(len(rows.sample), np.nan)
    for group in rows.groups:
        columns = [
            _apart(group, column, len(rows.sample_ids)) / place.scale.step
            for column, place in enumerate(group.places)
            if not place.scale.is_nominal and not place.is_comparison
        ]
        levels[group.rows] = _mean(columns, len(group.rows))
    return levels


def _examples(rows: Rows) -> dict[int, list[dict[str, Any]]]:
    """Of every person the samples on which they are farthest from the others, as a share of the scales."""
    apart = np.full(len(rows.sample), np.nan)
    for group in rows.groups:
        columns = [_distance(group, column, len(rows.sample_ids)) for column in range(len(group.places))]
        apart[group.rows] = _mean(columns, len(group.rows))
    beside = np.bincount(rows.sample, minlength=len(rows.sample_ids))[rows.sample] - 1
    told = np.flatnonzero((beside >= LEAST_OTHERS) & (apart > 0))
    told = told[np.lexsort((-apart[told], rows.person[told]))]
    starts = np.flatnonzero(np.diff(rows.person[told], prepend=-1))
    place = np.arange(len(told)) - np.repeat(starts, np.diff(np.append(starts, len(told))))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in told[place < EXAMPLES].tolist():
        example = {"sample": rows.sample_ids[rows.sample[row]], "apart": float(apart[row]), "others": int(beside[row])}
        found[int(rows.person[row])].append(example)
    return found


def _apart(group: Group, column: int, sample_count: int) -> np.ndarray:
    """(A,) signed differences to the mean of the others; NaN where nothing was given, or by nobody else."""
    values = group.packed[:, column]
    given = ~np.isnan(values)
    apart = np.full(len(values), np.nan)
    apart[given] = values[given] - annotators.others_mean(group.sample[given], values[given], sample_count)
    return apart


def _distance(group: Group, column: int, sample_count: int) -> np.ndarray:
    """(A,) from 0, as the others, to 1, at the other end of the scale; of names, the share of others who gave another."""
    scale, values = group.places[column].scale, group.packed[:, column]
    if not scale.is_nominal:
        return np.abs(_apart(group, column, sample_count)) / (scale.values[-1] - scale.values[0])
    given = ~np.isnan(values)
    distance = np.full(len(values), np.nan)
    for level in scale.values:
        has_it = (values == level).astype(float)
        others = annotators.others_mean(group.sample[given], has_it[given], sample_count)
        distance[given] = np.where(has_it[given] == 1, 1 - others, distance[given])
    return distance


def _mean(columns: list[np.ndarray], count: int) -> np.ndarray:
    """The mean of what is there, (A,) floats; NaN where nothing is."""
    if not columns:
        return np.full(count, np.nan)
    values = np.stack(columns)
    known = ~np.isnan(values)
    return np.where(
        known.any(axis=0), np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan
    )


def _weeks(rows: Rows, changing: dict[str, np.ndarray]) -> dict[int, list[dict[str, Any]]]:
    """Of every person a row a week: answers, median seconds, and the mean of what may change."""
    if not len(rows.sample):
        return {}
    weeks = rows.weeks
    first = int(weeks.min())
    width = int(weeks.max()) - first + 1
    cells, cell = np.unique(rows.person * np.int64(width) + weeks - first, return_inverse=True)
    columns = {"answers": np.bincount(cell), **dict(_middles(cell, len(cells), rows.seconds, changing))}
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for at, (person, week) in enumerate(zip(*np.divmod(cells, width), strict=True)):
        row = {name: _plain(column[at]) for name, column in columns.items()}
        found[int(person)].append({"week": monday(first + int(week)), **row})
    return {person: of[-WEEKS:] for person, of in found.items()}


def _middles(
    cell: np.ndarray, count: int, seconds: np.ndarray, changing: dict[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray]]:
    timed = ~np.isnan(seconds)
    yield "seconds", annotators.median_of(cell[timed], seconds[timed], count)
    for name, values in changing.items():
        known = ~np.isnan(values)
        mean = annotators.mean_of(cell[known], values[known], count)
        yield name, np.exp(mean) if name == "pace" else mean


def _plain(value: Any) -> float | int | None:
    """A number as JSON has it."""
    number = value.item()
    return None if number != number else number
