"""People beside the others of the same samples: from a project's rows to the figures that consensus.annotators makes.

On first-round answers that can no longer be corrected: later ones exist only where people disagreed, and a figure that moved
at once would tell a person that somebody saw their last sample otherwise, in time to look again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import exp, isnan
from typing import Any

import numpy as np
from django.db import connection

from annotation import ratings
from annotation.models import Project
from annotation.services import among_others_in_time, compared_rows, gold_accuracy
from annotation.services.among_others_in_time import InTime
from annotation.services.compared_rows import Rows
from consensus import annotators
from consensus.annotators import Bias, PeopleEstimates, PeopleFigures, PositionPreference
from consensus.annotators.agreement import NOBODY
from consensus.annotators.leanings import NO_ORDER
from consensus.annotators.manner import NOT_TIMED, TOO_FEW_PLACES
from consensus.reliability import Estimate
from consensus.saying import said
from consensus.votes import Votes

RATINGS = said(
    "Ratings"
)  # of two responses, where nobody is asked to compare them; stands where a comparison has its title
OF_THE_ADMINS = (
    "gold",
    "copying",
    "words",
)  # tells which sample was gold, or what somebody else said: not for the person
TIMED_AT_MOST = 50  # the latest answers of each person that are set against the length of their texts
AGAINST_LENGTH = """
SELECT person.id, percentile_cont(0.5) WITHIN GROUP (ORDER BY answer.active_seconds * 1000.0 / NULLIF(texts.characters, 0)),
    count(*) FILTER (WHERE answer.active_seconds * %(readable)s < texts.characters), count(*)
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
    rows = Rows.read(project, until, also=gold)
    if not rows.people:
        return {}
    lengths = _against_length(project, until)
    measured = _measure(project, rows, lengths)
    sums, counts = _gold(rows.people, gold)
    reliability = measured.together.kappa.shrunk()
    weights = annotators.people_weights(sums, counts, reliability.value, reliability.error)
    urgency = annotators.who_to_look_at(measured.figures(sums, counts))
    looks = {look.person: (place, look) for place, look in enumerate(urgency, start=1)}
    everybody = {"agreement": _number(measured.together.kappa.centre()), "weight": _middle(weights.value)}
    return {
        pk: {
            "weight": asdict(weights.estimate(at)),
            **measured.of(at),
            "seconds_per_thousand": lengths.get(pk, _UNTIMED)[0],
            "everybody": everybody,
            **_concerns(looks.get(at), rows.people),
        }
        for at, pk in enumerate(rows.people)
    }


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
    by_ratings: PositionPreference | None
    pace: annotators.Pace
    unread: annotators.Unread
    sameness: annotators.Sameness
    in_time: InTime

    def figures(self, sums: np.ndarray, counts: np.ndarray) -> PeopleFigures:
        """For who should be looked at; attributes by the titles that people read."""
        position = {of.title: of.position for of in self.attributes if of.position}
        return PeopleFigures(
            gold_sums=sums,
            gold_counts=counts,
            agreement=self.together,
            bias={of.title: of.bias for of in self.attributes if of.bias},
            steps={of.title: of.step for of in self.attributes},
            position={**position, RATINGS: self.by_ratings} if self.by_ratings else position,
            pace=self.pace,
            unread=self.unread,
            sameness=self.sameness,
            copying=self.in_time.copying,
            words=self.in_time.words,
            shifts=self.in_time.shifts,
        )

    def of(self, person: int) -> dict[str, Any]:
        """One person's figures as JSON."""
        rows = [self._attribute(person, *of) for of in zip(self.attributes, self.each, strict=True)]
        return {
            "agreement": _agreement(self.together, person),
            "attributes": rows,
            **({"shown_first": _position(self.by_ratings, person)} if self.by_ratings else {}),
            "time": _time(self.pace, person),
            "unread": asdict(self.unread.estimate(person)),
            "one_value": {
                "own": _number(self.sameness.own[person]),
                "others": _number(self.sameness.others[person]),
                "extra": asdict(self.sameness.extra.estimate(person, TOO_FEW_PLACES)),
            },
            "weeks": self.in_time.weeks.get(person, []),
            "examples": self.in_time.examples.get(person, []),
        }

    def _attribute(self, person: int, attribute: _Attribute, agreement: annotators.PeopleAgreement) -> dict[str, Any]:
        about = {"attribute": attribute.name, "title": attribute.title, **_agreement(agreement, person)}
        about["bias"] = _bias(attribute.bias, person)
        if attribute.position:
            about["shown_first"] = _position(attribute.position, person)
        return about


def _measure(project: Project, rows: Rows, lengths: Mapping[int, "_Length"]) -> _Measured:
    attributes = [_attribute(of, rows) for of in project.rubric.attributes]
    hasty, timed = np.array([lengths.get(pk, _UNTIMED)[1:] for pk in rows.people], dtype=int).T
    return _Measured(
        attributes=attributes,
        each=[annotators.mean_agreement([of.parts]) for of in attributes],
        together=annotators.mean_agreement([of.parts for of in attributes]),
        by_ratings=_position_by_ratings(rows),
        pace=annotators.pace(rows.sample, rows.person, rows.seconds, **rows.counts),
        unread=annotators.unread(hasty, timed),
        sameness=annotators.sameness(*_one_value(rows), **rows.counts),
        in_time=among_others_in_time.measure(rows),
    )


def _attribute(attribute: Mapping[str, Any], rows: Rows) -> _Attribute:
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


def _position_by_ratings(rows: Rows) -> PositionPreference | None:
    """Whether people rate the response shown first higher, on samples of two; None where no response has ratings with an order."""
    parts = [(group, *pair) for group in rows.groups if (pair := _two_responses(group))]
    if not parts:
        return None
    [(group, one, other)] = parts
    preferred = annotators.preferred_by_ratings(group.packed[:, one], group.packed[:, other])
    known = ~np.isnan(preferred)
    votes = Votes.of(
        group.sample[known],
        group.person[known],
        annotators.SIDES.codes(preferred[known]),
        level_count=len(annotators.SIDES.levels),
        sample_count=len(rows.sample_ids),
        person_count=len(rows.people),
    )
    return annotators.position_preference(votes, annotators.SIDES, group.shown_first[known])


def _two_responses(group: compared_rows.Group) -> tuple[list[int], list[int]] | None:
    """The columns of the first and of the second response on the same scales with an order."""
    ordered = [
        (at, place)
        for at, place in enumerate(group.places)
        if place.response is not None and not place.scale.is_nominal
    ]
    if {place.response for _, place in ordered} != {0, 1}:
        return None
    return [at for at, place in ordered if place.response == 0], [at for at, place in ordered if place.response == 1]


def _one_value(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sample, person, and whether the answer has one value in all places of the commonest scale."""
    parts = [
        (group.sample, group.person, annotators.one_value(group.packed[:, compared_rows.alike(group.places)]))
        for group in rows.groups
    ]
    samples, people, same = (np.concatenate(column) for column in zip(*parts, strict=True))
    return samples, people, same


def _gold(people: Sequence[int], accuracies: Mapping[int, Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """The sum of each person's scores, and how many there are."""
    known = [accuracies.get(pk) for pk in people]
    counts = np.array([of.count if of else 0 for of in known], dtype=float)
    return counts * [of.value or 0.0 if of else 0.0 for of in known], counts


_Length = tuple[float | None, int, int]  # seconds for 1,000 characters, answers quicker than reading, answers timed
_UNTIMED: _Length = (None, 0, 0)


def _against_length(project: Project, until: datetime) -> dict[int, _Length]:
    about: dict[str, Any] = {
        "project": project.pk,
        "until": until,
        "most": TIMED_AT_MOST,
        "readable": annotators.READABLE,
    }
    with connection.cursor() as cursor:
        cursor.execute(AGAINST_LENGTH, about)
        return {pk: (seconds, hasty, timed) for pk, seconds, hasty, timed in cursor.fetchall()}


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


def _position(position: PositionPreference, person: int) -> dict[str, Any]:
    return {
        "own": _number(position.first[person]),
        "others": _number(position.others[person]),
        "extra": asdict(position.extra.estimate(person, NOBODY)),
    }


def _concerns(found: tuple[int, annotators.Look] | None, people: Sequence[int]) -> dict[str, Any]:
    """Why somebody should look, and as the how many-th of all. `other`: the annotator whom a reason is about too."""
    if found is None:
        return {"urgency": None, "concerns": []}
    urgency, look = found
    told = [
        {
            "kind": of.kind,
            "attribute": of.attribute,
            "text": of.text,
            "template": of.template,
            "values": _values(of),
            "false_alarm": of.false_alarm,
            **({} if of.other is None else {"other": people[of.other]}),
        }
        for of in look.concerns
    ]
    return {"urgency": urgency, "concerns": told}


def _values(concern: annotators.Concern) -> dict[str, float | str]:
    """The numbers; a week by its Monday."""
    if concern.kind != "shift":
        return dict(concern.values)
    return {**concern.values, "week": among_others_in_time.monday(int(concern.values["week"]))}


def _middle(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _number(value: float) -> float | None:
    return None if isnan(value) else float(value)
