"""Facts of some thousand samples as columns: samples, annotations, judgments, and ratings one a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from annotation.statistics import facts, names
from annotation.statistics.cells import MOST, Sums
from annotation.statistics.rules import Layouts, Rules

_HEAD = 8  # numbers of an annotation before its ratings
_JUDGE_HEAD = 2


@dataclass(frozen=True, eq=False)
class Long:
    """Ratings of one attribute, one a row: by which annotation (or judgment), of which sample and unit, and which level."""

    row: np.ndarray
    sample: np.ndarray
    unit: np.ndarray
    code: np.ndarray

    def where(self, chosen: np.ndarray) -> Long:
        return Long(self.row[chosen], self.sample[chosen], self.unit[chosen], self.code[chosen])


@dataclass(frozen=True, eq=False)
class Annotations:
    """Columns of the annotations that count or came late."""

    sample: np.ndarray
    annotator: np.ndarray
    counted: np.ndarray
    in_label: np.ndarray
    neither: np.ndarray
    round: np.ndarray
    day: np.ndarray
    seconds: np.ndarray
    guideline: np.ndarray
    shown_first: np.ndarray
    has_three: np.ndarray  # three values or more on one scale
    is_straight: np.ndarray  # and all of these the same


@dataclass(frozen=True, eq=False)
class Judgments:
    sample: np.ndarray
    judge: np.ndarray
    flags: np.ndarray


@dataclass(frozen=True, eq=False)
class Moves:
    sample: np.ndarray
    day: np.ndarray
    target: np.ndarray


@dataclass(frozen=True, eq=False)
class Sliced:
    """Things of samples, each as often as its sample has slices. index: which thing; slice: number of the slice."""

    index: np.ndarray
    slice: np.ndarray
    slice_names: Sequence[str]

    def pick(self, values: npt.ArrayLike) -> np.ndarray:
        """A value of each thing, as often as it comes."""
        return np.asarray(values)[self.index]

    def blocks(self) -> np.ndarray:
        """How many blocks of prompts there are in each one's slice."""
        return np.where(self.slice == 0, names.BLOCKS, names.BLOCKS_OF_SLICE)

    def rows(self, sums: Sums, subject: str = "") -> np.ndarray:
        numbers = np.zeros(len(self.slice_names), dtype=np.int64)
        for slice_number in np.unique(self.slice):
            numbers[slice_number] = sums.row(self.slice_names[slice_number], subject)
        return numbers[self.slice]

    def add(
        self, sums: Sums, name: str, cells: npt.ArrayLike, values: npt.ArrayLike, sign: int, subject: str = ""
    ) -> None:
        """Add a cell and a value of each thing to the rows of all its slices."""
        sums.add(name, self.rows(sums, subject), self.pick(cells), self.pick(values), sign)


@dataclass(frozen=True, eq=False)
class Batch:
    """N samples. state, flags, day, prompt, responses: (N,). given, judged: for each attribute of the newest rubric."""

    layouts: Layouts
    state: np.ndarray
    flags: np.ndarray
    day: np.ndarray
    prompt: np.ndarray
    responses: np.ndarray
    moves: Moves
    annotation: Annotations
    judgment: Judgments
    given: list[Long]
    judged: list[Long]
    causes: dict[str, list[int]]
    slices: list[list[int]]
    slice_names: list[str]

    @classmethod
    def of(cls, texts: Sequence[str], rules: Rules) -> Batch:
        rows: list[list[Any]] = json.loads(f"[{','.join(texts)}]")
        state, flags, day, prompt, responses = np.array([row[:5] for row in rows], dtype=np.int64).T
        annotation, given = _annotations([row[6] for row in rows], responses, rules.layouts)
        judgment, judged = _judgments([row[7] for row in rows], responses, rules)
        causes: dict[str, list[int]] = {}
        for sample, row in enumerate(rows):
            for cause in row[8]:
                causes.setdefault(cause, []).append(sample)
        slices, slice_names = _slices([row[9] for row in rows], rules)
        moves = _moves([row[5] for row in rows])
        return cls(
            rules.layouts,
            *(state, flags, day, prompt, responses),
            moves=moves,
            annotation=annotation,
            judgment=judgment,
            given=given,
            judged=judged,
            causes=causes,
            slices=slices,
            slice_names=slice_names,
        )

    @property
    def size(self) -> int:
        return len(self.state)

    @cached_property
    def everywhere(self) -> Sliced:
        return self.of_samples(np.arange(self.size))

    def of_samples(self, samples: np.ndarray) -> Sliced:
        """Things of these samples, in all their slices."""
        starts, lengths, flat = self._slices_of_samples
        samples = np.asarray(samples, dtype=np.int64)
        many = lengths[samples]
        index = np.repeat(np.arange(len(samples)), many)
        within = np.arange(len(index)) - np.repeat(np.cumsum(many) - many, many)
        return Sliced(index, flat[starts[samples][index] + within], self.slice_names)

    @cached_property
    def _slices_of_samples(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        lengths = np.fromiter(map(len, self.slices), dtype=np.int64, count=self.size)
        flat = np.fromiter(chain.from_iterable(self.slices), dtype=np.int64, count=int(lengths.sum()))
        return np.cumsum(lengths) - lengths, lengths, flat

    def rows_of_people(self, sums: Sums, people: np.ndarray) -> np.ndarray:
        """The rows of people: they are counted over all samples, and not by slice."""
        distinct, place = np.unique(people, return_inverse=True)
        rows = np.array([sums.row("", str(person)) for person in distinct], dtype=np.int64)
        return rows[place] if len(distinct) else np.zeros(0, dtype=np.int64)

    def by_judge(self) -> Iterator[tuple[int, np.ndarray]]:
        for judge in np.unique(self.judgment.judge):
            yield int(judge), np.flatnonzero(self.judgment.judge == judge)


@dataclass(frozen=True, eq=False)
class _Ragged:
    """Lists of numbers of several lengths, one of a sample's after the other."""

    sample: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    flat: np.ndarray

    @classmethod
    def of(cls, lists: Sequence[Sequence[Sequence[int]]]) -> _Ragged:
        many = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        rows = list(chain.from_iterable(lists))
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        flat = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(lengths.sum()))
        return cls(np.repeat(np.arange(len(lists)), many), np.cumsum(lengths) - lengths, lengths, flat)

    def head(self, size: int) -> np.ndarray:
        """(size, rows) the first numbers of each."""
        return self.flat[self.starts + np.arange(size)[:, None]]

    def tail(self, of: np.ndarray, head: int, size: int) -> np.ndarray:
        """(rows, size) what comes after the head, of some."""
        return self.flat[self.starts[of, None] + head + np.arange(size)]


def _annotations(
    lists: Sequence[Sequence[Sequence[int]]], responses: np.ndarray, layouts: Layouts
) -> tuple[Annotations, list[Long]]:
    ragged = _Ragged.of(lists)
    annotator, flags, round_, day, seconds, guideline, rubric, shown_first = ragged.head(_HEAD)
    reading = _Reading(layouts, len(annotator))
    of_sample = responses[ragged.sample]
    for version, many in {*zip(rubric.tolist(), of_sample.tolist(), strict=True)}:
        of = np.flatnonzero((rubric == version) & (of_sample == many))
        reading.read(ragged, of, _HEAD, version, many)
    columns = Annotations(
        sample=ragged.sample,
        annotator=annotator,
        counted=flags & facts.COUNTED > 0,
        in_label=flags & facts.IN_LABEL > 0,
        neither=flags & facts.NEITHER > 0,
        round=round_,
        day=day,
        seconds=seconds,
        guideline=guideline,
        shown_first=shown_first,
        has_three=reading.has_three,
        is_straight=reading.has_three & ~reading.varies,
    )
    return columns, reading.longs()


def _judgments(
    lists: Sequence[Sequence[Sequence[int]]], responses: np.ndarray, rules: Rules
) -> tuple[Judgments, list[Long]]:
    ragged = _Ragged.of(lists)
    judge, flags = ragged.head(_JUDGE_HEAD)
    reading = _Reading(rules.layouts, len(judge))
    of_sample = responses[ragged.sample]
    for many in np.unique(of_sample).tolist():
        reading.read(ragged, np.flatnonzero(of_sample == many), _JUDGE_HEAD, rules.rubric, many)
    return Judgments(ragged.sample, judge, flags), reading.longs()


class _Reading:
    """Packed ratings put into long form, attribute by attribute, under the newest rubric."""

    def __init__(self, layouts: Layouts, rows: int) -> None:
        self.layouts = layouts
        self.has_three, self.varies = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
        self._parts: list[list[Long]] = [[] for _ in layouts.names]

    def read(self, ragged: _Ragged, of: np.ndarray, head: int, rubric: int, responses: int) -> None:
        """Rows whose ratings were given under one version and of so many responses."""
        places = self.layouts.places(rubric, responses)
        values = ragged.tail(of, head, len(places))
        on_scales: dict[tuple[int, ...], list[np.ndarray]] = {}
        for position, place in enumerate(places):
            attribute = self.layouts.attribute_at(place.name, place.response)
            if attribute is None:
                continue
            levels = self.layouts.scales[attribute].levels
            codes = _codes(values[:, position], np.array(levels))
            on_scales.setdefault(levels, []).append(codes)
            self._add(attribute, place.response or 0, ragged.sample[of], of, codes)
        for codes_on_one in on_scales.values():
            self._look_along(of, np.array(codes_on_one))

    def longs(self) -> list[Long]:
        return [_joined(parts) for parts in self._parts]

    def _add(self, attribute: int, response: int, samples: np.ndarray, rows: np.ndarray, codes: np.ndarray) -> None:
        there = codes >= 0
        self._parts[attribute].append(Long(rows[there], samples[there], samples[there] * MOST + response, codes[there]))

    def _look_along(self, of: np.ndarray, codes: np.ndarray) -> None:
        """(values on one scale, rows): who gave three or more, and not all the same."""
        given = codes >= 0
        three = given.sum(axis=0) >= 3
        lowest = np.where(given, codes, MOST).min(axis=0)
        self.has_three[of] |= three
        self.varies[of] |= three & (codes.max(axis=0) != lowest)


def _codes(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The place of each value among the levels; -1: none, or not on this scale."""
    places = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
    return np.where(levels[places] == values, places, -1)


def _joined(parts: Sequence[Long]) -> Long:
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return Long(nothing, nothing, nothing, nothing)
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "sample", "unit", "code"))
    return Long(*columns)


def _moves(lists: Sequence[Sequence[int]]) -> Moves:
    many = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists)) // 2
    flat = np.fromiter(chain.from_iterable(lists), dtype=np.int64).reshape(-1, 2)
    return Moves(np.repeat(np.arange(len(lists)), many), flat[:, 0], flat[:, 1])


def _slices(values: Sequence[Sequence[str | None]], rules: Rules) -> tuple[list[list[int]], list[str]]:
    """The slices of each sample by number, and their names; 0 is all samples. Samples with the same values share a list."""
    numbers: dict[str, int] = {"": 0}
    known: dict[tuple[str | None, ...], list[int]] = {}
    found = []
    for of_sample in map(tuple, values):
        if of_sample not in known:
            known[of_sample] = [numbers.setdefault(name, len(numbers)) for name in rules.slices(of_sample)]
        found.append(known[of_sample])
    return found, list(numbers)
