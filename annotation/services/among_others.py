"""People beside the others of the same samples: from a project's rows to the figures that consensus.annotators makes.

On first-round answers that can no longer be corrected: later ones exist only where people disagreed, and a figure that moved
at once would tell a person that somebody saw their last sample otherwise, in time to look again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import exp, isnan
from typing import Any

import numpy as np
from django.db import connection

from annotation import querysets, ratings
from annotation.models import Project, Sample
from annotation.services import gold_accuracy
from annotation.services.evidence import Translation
from consensus import annotators
from consensus.annotators import Bias, PeopleEstimates, PeopleFigures, PositionPreference
from consensus.annotators.agreement import NOBODY
from consensus.annotators.leanings import NO_ORDER
from consensus.annotators.manner import NOT_TIMED, TOO_FEW_PLACES
from consensus.reliability import Estimate
from consensus.scales import Scale
from consensus.votes import Votes

TIMED_AT_MOST = 50  # the latest answers of each person that are set against the length of their texts
SECONDS_PER_THOUSAND = """
SELECT person.id, percentile_cont(0.5) WITHIN GROUP (ORDER BY answer.active_seconds * 1000.0 / NULLIF(texts.characters, 0))
FROM annotation_annotator person
CROSS JOIN LATERAL (
    SELECT id, sample_id FROM annotation_assignment
    WHERE annotator_id = person.id AND finished_at <= %(until)s AND state IN ('submitted', 'late', 'withdrawn')
    ORDER BY finished_at DESC LIMIT %(most)s
) latest
JOIN annotation_annotation answer ON answer.assignment_id = latest.id AND answer.is_current
JOIN annotation_samplecontent content ON content.sample_id = latest.sample_id
CROSS JOIN LATERAL (
    SELECT (SELECT coalesce(sum(length(said ->> 'content')), 0) FROM jsonb_array_elements(content.messages) said)
        + (SELECT coalesce(sum(length(coalesce(said ->> 'text', said ->> 'messages'))), 0)
           FROM jsonb_array_elements(content.responses) said) AS characters
) texts
WHERE person.project_id = %(project)s AND answer.active_seconds IS NOT NULL
GROUP BY person.id
"""


def compare(project: Project, *, until: datetime) -> dict[int, dict[str, Any]]:
    """Everybody's figures beside the others, as JSON by annotator id, on what was answered up to then."""
    gold = gold_accuracy.accuracies(project, until=until)
    rows = _Rows.read(project, until, also=gold)
    if not rows.people:
        return {}
    measured = _measure(project, rows)
    sums, counts = _gold(rows.people, gold)
    reliability = measured.together.kappa.shrunk()
    weights = annotators.people_weights(sums, counts, reliability.value, reliability.error)
    urgency = annotators.who_to_look_at(measured.figures(sums, counts))
    looks = {look.person: (place, look) for place, look in enumerate(urgency, start=1)}
    speeds = _seconds_per_thousand(project, until)
    return {
        pk: {
            "weight": asdict(weights.estimate(at)),
            **measured.of(at),
            "seconds_per_thousand": speeds.get(pk),
            **_concerns(looks.get(at)),
        }
        for at, pk in enumerate(rows.people)
    }


@dataclass(frozen=True, eq=False)
class _Group:
    """The answers to samples with one number of responses. packed: (A, K) floats, NaN = not given."""

    places: Sequence[ratings.Place]
    sample: np.ndarray
    person: np.ndarray
    shown_first: np.ndarray
    packed: np.ndarray


@dataclass(frozen=True, eq=False)
class _Rows:
    """All answers as columns. people: annotator ids by place; stride: the most responses of a sample."""

    people: list[int]
    sample_count: int
    stride: int
    groups: list[_Group]
    sample: np.ndarray
    person: np.ndarray
    seconds: np.ndarray

    @classmethod
    def read(cls, project: Project, until: datetime, *, also: Iterable[int]) -> "_Rows":
        """`also`: people who have a place although they may have rated nothing."""
        people = {pk: place for place, pk in enumerate(also)}
        samples: dict[int, int] = {}
        by_size: dict[int, list[tuple[int, int, int, Any]]] = defaultdict(list)
        timed: list[tuple[int, int, float]] = []
        now = Translation(project)
        for sample_id, size, annotator_id, rubric_id, packed, order, seconds in _answers(project, until):
            sample, person = samples.setdefault(sample_id, len(samples)), people.setdefault(annotator_id, len(people))
            by_size[size].append((sample, person, order[0] if order else 0, now.of(packed, rubric_id, size)))
            timed.append((sample, person, np.nan if seconds is None else seconds))
        attributes = project.rubric.attributes
        columns = np.array(timed, dtype=float).reshape(-1, 3)
        return cls(
            people=list(people),
            sample_count=len(samples),
            stride=max(by_size, default=1),
            groups=[_group(ratings.layout(attributes, size), of) for size, of in (by_size or {1: []}).items()],
            sample=columns[:, 0].astype(int),
            person=columns[:, 1].astype(int),
            seconds=columns[:, 2],
        )

    def votes(self, attribute: str, scale: Scale) -> tuple[Votes, np.ndarray]:
        """What was said of one attribute, a response being a unit; and (R,) which stored response was shown first."""
        parts = [
            (
                group.sample * self.stride + (place.response or 0),
                group.person,
                group.packed[:, column],
                group.shown_first,
            )
            for group in self.groups
            for column, place in enumerate(group.places)
            if place.name == attribute
        ]
        units, people, values, first = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(units, kind="stable")
        order = order[np.isin(values[order], scale.values)]
        votes = Votes.of(
            units[order],
            people[order],
            scale.codes(values[order]),
            level_count=len(scale.levels),
            sample_count=self.sample_count * self.stride,
            person_count=len(self.people),
        )
        return votes, first[order]

    def one_value(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sample, person, and whether the answer has one value in all places of the commonest scale."""
        parts = [(g.sample, g.person, annotators.one_value(g.packed[:, _alike(g.places)])) for g in self.groups]
        samples, people, same = (np.concatenate(column) for column in zip(*parts, strict=True))
        return samples, people, same

    @property
    def clusters(self) -> np.ndarray:
        return np.repeat(np.arange(self.sample_count), self.stride)


@dataclass(frozen=True, eq=False)
class _Attribute:
    name: str
    title: str
    step: float
    parts: annotators.AgreementParts
    bias: Bias | None
    position: PositionPreference | None


@dataclass(frozen=True, eq=False)
class _Measured:
    attributes: list[_Attribute]
    each: list[annotators.PeopleAgreement]
    together: annotators.PeopleAgreement
    pace: annotators.Pace
    sameness: annotators.Sameness

    def figures(self, sums: np.ndarray, counts: np.ndarray) -> PeopleFigures:
        """For who should be looked at; attributes by the titles that people read."""
        return PeopleFigures(
            gold_sums=sums,
            gold_counts=counts,
            agreement=self.together,
            bias={of.title: of.bias for of in self.attributes if of.bias},
            steps={of.title: of.step for of in self.attributes},
            position={of.title: of.position for of in self.attributes if of.position},
            pace=self.pace,
            sameness=self.sameness,
        )

    def of(self, person: int) -> dict[str, Any]:
        """One person's figures as JSON."""
        rows = [self._attribute(person, *of) for of in zip(self.attributes, self.each, strict=True)]
        return {
            "agreement": _agreement(self.together, person),
            "attributes": rows,
            "time": _time(self.pace, person),
            "one_value": {
                "own": _number(self.sameness.own[person]),
                "others": _number(self.sameness.others[person]),
                "extra": asdict(self.sameness.extra.estimate(person, TOO_FEW_PLACES)),
            },
        }

    def _attribute(self, person: int, attribute: _Attribute, agreement: annotators.PeopleAgreement) -> dict[str, Any]:
        about = {"attribute": attribute.name, "title": attribute.title, **_agreement(agreement, person)}
        about["bias"] = _bias(attribute.bias, person)
        if attribute.position:
            about["shown_first"] = {
                "own": _number(attribute.position.first[person]),
                "others": _number(attribute.position.others[person]),
                "extra": asdict(attribute.position.extra.estimate(person, NOBODY)),
            }
        return about


def _answers(project: Project, until: datetime) -> Iterator[tuple[Any, ...]]:
    counted = querysets.counted_annotations().filter(
        assignment__sample__project=project,
        assignment__sample__purpose=Sample.Purpose.WORK,
        assignment__finished_at__lte=until,
        round=1,
    )
    columns = ("sample_id", "sample__response_count", "annotator_id")
    return (
        counted.order_by("assignment__sample_id", "assignment__finished_at", "assignment_id")
        .values_list(
            *(f"assignment__{name}" for name in columns),
            "rubric_id",
            "ratings",
            "assignment__shown_order",
            "active_seconds",
        )
        .iterator(chunk_size=5000)
    )


def _group(places: Sequence[ratings.Place], rows: Sequence[tuple[int, int, int, Any]]) -> _Group:
    samples, people, first, packed = zip(*rows, strict=True) if rows else ((), (), (), ())
    matrix = np.array(packed, dtype=float).reshape(len(rows), len(places))
    return _Group(places, np.array(samples, int), np.array(people, int), np.array(first, int), matrix)


def _alike(places: Sequence[ratings.Place]) -> list[int]:
    """The columns on the scale that most places of responses have."""
    scales = [tuple(place.levels) if place.response is not None else () for place in places]
    commonest = Counter(scale for scale in scales if scale).most_common(1)
    return [column for column, scale in enumerate(scales) if commonest and scale == commonest[0][0]]


def _measure(project: Project, rows: _Rows) -> _Measured:
    attributes = [_attribute(of, rows) for of in project.rubric.attributes]
    counts = {"sample_count": rows.sample_count, "person_count": len(rows.people)}
    return _Measured(
        attributes=attributes,
        each=[annotators.mean_agreement([of.parts]) for of in attributes],
        together=annotators.mean_agreement([of.parts for of in attributes]),
        pace=annotators.pace(rows.sample, rows.person, rows.seconds, **counts),
        sameness=annotators.sameness(*rows.one_value(), **counts),
    )


def _attribute(attribute: Mapping[str, Any], rows: _Rows) -> _Attribute:
    place = ratings.Place(attribute, None)
    scale, (votes, first) = place.scale, rows.votes(place.name, place.scale)
    compares = place.is_comparison and not scale.is_nominal
    return _Attribute(
        name=place.name,
        title=place.title,
        step=scale.step,
        parts=annotators.agreement_parts(votes, scale, rows.clusters),
        bias=None if scale.is_nominal or place.is_comparison else annotators.bias(votes, scale, rows.clusters),
        position=annotators.position_preference(votes, scale, first, rows.clusters) if compares else None,
    )


def _gold(people: Sequence[int], accuracies: Mapping[int, Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """The sum of each person's scores, and how many there are."""
    known = [accuracies.get(pk) for pk in people]
    counts = np.array([of.count if of else 0 for of in known], dtype=float)
    return counts * [of.value or 0.0 if of else 0.0 for of in known], counts


def _seconds_per_thousand(project: Project, until: datetime) -> dict[int, float]:
    with connection.cursor() as cursor:
        cursor.execute(SECONDS_PER_THOUSAND, {"project": project.pk, "until": until, "most": TIMED_AT_MOST})
        return {pk: seconds for pk, seconds in cursor.fetchall() if seconds is not None}


def _agreement(agreement: annotators.PeopleAgreement, person: int) -> dict[str, Any]:
    return {
        "equal_share": asdict(agreement.equal.estimate(person, NOBODY)),
        "kappa": asdict(agreement.kappa.estimate(person, _why_no_kappa(agreement.equal, person))),
        "others_kappa": _number(agreement.among_others[person]),
    }


def _why_no_kappa(equal: PeopleEstimates, person: int) -> str:
    return NOBODY if isnan(equal.value[person]) else annotators.ONE_LEVEL


def _bias(bias: Bias | None, person: int) -> dict[str, Any]:
    if bias is None:
        return asdict(Estimate(None, None, None, 0, 0, NO_ORDER))
    return {**asdict(bias.measured.estimate(person, NOBODY)), "likely": _number(bias.likely.value[person])}


def _time(pace: annotators.Pace, person: int) -> dict[str, Any]:
    """Times what the others take: the middle and the interval of the logarithm, as ratios."""
    of = asdict(pace.log_ratio.estimate(person, NOT_TIMED))
    return {
        name: exp(value) if name in ("value", "low", "high") and value is not None else value
        for name, value in of.items()
    }


def _concerns(found: tuple[int, annotators.Look] | None) -> dict[str, Any]:
    """Why somebody should look, and as the how many-th of all."""
    if found is None:
        return {"urgency": None, "concerns": []}
    urgency, look = found
    told = [
        {
            "kind": of.kind,
            "attribute": of.attribute,
            "text": of.text,
            "template": of.template,
            "values": of.values,
            "false_alarm": of.false_alarm,
        }
        for of in look.concerns
    ]
    return {"urgency": urgency, "concerns": told}


def _number(value: float) -> float | None:
    return None if isnan(value) else float(value)
