"""What people are set beside each other on: of each person the latest first-round answers, and what others said of the same
samples, read as columns.

As many as fit into a bounded piece of work, however large the project: whoever answered thousands is told by the latest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from annotation import ratings
from annotation.models import Project
from annotation.services.evidence import Translation
from consensus.scales import Scale
from consensus.votes import Votes

ANSWERS = 300_000  # of all people together, before what others said of the same samples
FEWEST, MOST = 50, 3000  # of one person
LONG_TEXT = 40  # characters from which two people do not write the same by chance
_AT_ONCE = 5000
LATEST = """
WITH latest AS MATERIALIZED (
    SELECT DISTINCT given.sample_id FROM annotation_annotator person
    CROSS JOIN LATERAL (
        SELECT sample_id FROM annotation_assignment
        WHERE annotator_id = person.id AND finished_at <= %(until)s AND state = 'submitted' AND NOT is_gold
        ORDER BY finished_at DESC LIMIT %(each)s
    ) given
    WHERE person.project_id = %(project)s
)
SELECT sample.id, sample.response_count, assignment.annotator_id, answer.rubric_id, answer.ratings,
    assignment.shown_order, answer.active_seconds, extract(epoch FROM assignment.finished_at)::float8,
    CASE WHEN char_length(answer.comment) >= %(long)s
        THEN hashtextextended(lower(regexp_replace(btrim(answer.comment), '\\s+', ' ', 'g')), 0) ELSE 0 END
FROM latest
JOIN annotation_sample sample ON sample.id = latest.sample_id AND sample.purpose = 'work'
JOIN annotation_assignment assignment ON assignment.sample_id = sample.id
    AND assignment.state = 'submitted' AND NOT assignment.is_gold AND assignment.finished_at <= %(until)s
JOIN annotation_annotation answer ON answer.assignment_id = assignment.id AND answer.is_current AND answer.round = 1
ORDER BY sample.id, assignment.finished_at, assignment.id
"""


@dataclass(frozen=True, eq=False)
class Group:
    """The answers to samples with one number of responses. packed: (A, K) floats, NaN = not given; rows: their places in all."""

    places: Sequence[ratings.Place]
    rows: np.ndarray
    sample: np.ndarray
    person: np.ndarray
    shown_first: np.ndarray
    packed: np.ndarray

    def columns(self, attribute: str) -> list[int]:
        return [column for column, place in enumerate(self.places) if place.name == attribute]


@dataclass(frozen=True, eq=False)
class Rows:
    """All answers as columns. people: annotator ids by place; sample_ids: ids by place; stride: the most responses of a sample.

    finished: seconds since 1970. text: the same number for the same long comment, 0 = none.
    """

    people: list[int]
    sample_ids: list[int]
    stride: int
    groups: list[Group]
    sample: np.ndarray
    person: np.ndarray
    seconds: np.ndarray
    finished: np.ndarray
    text: np.ndarray

    @classmethod
    def read(cls, project: Project, until: datetime, *, also: Iterable[int]) -> "Rows":
        """`also`: people who have a place although they may have rated nothing."""
        people = {pk: place for place, pk in enumerate(also)}
        samples: dict[int, int] = {}
        by_size: dict[int, list[tuple[int, int, int, int, Any]]] = defaultdict(list)
        about: list[tuple[int, int, float, float]] = []
        texts: list[int] = []
        now = Translation(project)
        for row, answer in enumerate(_answers(project, until)):
            sample_id, size, annotator_id, rubric_id, packed, order, seconds, finished, text = answer
            sample, person = samples.setdefault(sample_id, len(samples)), people.setdefault(annotator_id, len(people))
            by_size[size].append((row, sample, person, order[0] if order else 0, now.of(packed, rubric_id, size)))
            about.append((sample, person, np.nan if seconds is None else seconds, finished))
            texts.append(text)
        attributes = project.rubric.attributes
        columns = np.array(about, dtype=float).reshape(-1, 4)
        return cls(
            people=list(people),
            sample_ids=list(samples),
            stride=max(by_size, default=1),
            groups=[_group(ratings.layout(attributes, size), of) for size, of in (by_size or {1: []}).items()],
            sample=columns[:, 0].astype(int),
            person=columns[:, 1].astype(int),
            seconds=columns[:, 2],
            finished=columns[:, 3],
            text=np.array(texts, dtype=np.int64),
        )

    @property
    def counts(self) -> dict[str, int]:
        return {"sample_count": len(self.sample_ids), "person_count": len(self.people)}

    @property
    def clusters(self) -> np.ndarray:
        """The sample of each unit, a response being one."""
        return np.repeat(np.arange(len(self.sample_ids)), self.stride)

    @property
    def weeks(self) -> np.ndarray:
        """(A,) whole numbers: weeks of UTC from Monday to Sunday since that of 1 January 1970."""
        return ((self.finished // 86400 + 3) // 7).astype(int)

    def packed(self) -> np.ndarray:
        """(A, K) floats: every answer whole, wide enough for the one with most values."""
        whole = np.full((len(self.sample), max(len(group.places) for group in self.groups)), np.nan)
        for group in self.groups:
            whole[group.rows, : len(group.places)] = group.packed
        return whole

    def votes(self, attribute: str, scale: Scale) -> tuple[Votes, np.ndarray]:
        """What was said of one attribute, a response being a unit; and (R,) which stored response was shown first."""
        parts = [
            (
                group.sample * self.stride + (group.places[column].response or 0),
                group.person,
                group.packed[:, column],
                group.shown_first,
            )
            for group in self.groups
            for column in group.columns(attribute)
        ]
        units, people, values, first = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(units, kind="stable")
        order = order[np.isin(values[order], scale.values)]
        votes = Votes.of(
            units[order],
            people[order],
            scale.codes(values[order]),
            level_count=len(scale.levels),
            sample_count=len(self.sample_ids) * self.stride,
            person_count=len(self.people),
        )
        return votes, first[order]


def alike(places: Sequence[ratings.Place]) -> list[int]:
    """The columns on the scale that most places of responses have."""
    scales = [tuple(place.levels) if place.response is not None else () for place in places]
    commonest = Counter(scale for scale in scales if scale).most_common(1)
    return [column for column, scale in enumerate(scales) if commonest and scale == commonest[0][0]]


def each_at_most(people: int) -> int:
    """How many answers of each person are read."""
    return min(MOST, max(FEWEST, ANSWERS // max(people, 1)))


def _answers(project: Project, until: datetime) -> Iterator[tuple[Any, ...]]:
    each = each_at_most(project.annotators.count())
    with connection.chunked_cursor() as cursor:
        cursor.execute(LATEST, {"project": project.pk, "until": until, "each": each, "long": LONG_TEXT})
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows


def _group(places: Sequence[ratings.Place], rows: Sequence[tuple[int, int, int, int, Any]]) -> Group:
    *columns, packed = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    matrix = np.array(packed, dtype=float).reshape(len(rows), len(places))
    at, samples, people, first = (np.array(column, int) for column in columns)
    return Group(places, at, samples, people, first, matrix)
