"""Who should be looked at, and why: what cannot be put down to chance, to the samples, or to how people differ anyhow.

Many people are looked at in many ways, and somebody always stands out by chance. So a figure is compared with a limit that
an ordinary person keeps (a distance that matters, and three and a half times what people here truly differ by), and over all people and
figures together the expected share of false alarms is held at FALSE_ALARMS. A finding is a reason to look, never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from consensus.annotators import reasons
from consensus.annotators.agreement import PeopleAgreement
from consensus.annotators.copying import Copying, SameWords
from consensus.annotators.estimates import false_discovery_rates
from consensus.annotators.leanings import Bias, PositionPreference
from consensus.annotators.manner import Pace, Sameness, Unread
from consensus.annotators.reasons import Reason
from consensus.annotators.shifts import Shifts

FALSE_ALARMS = 0.05

# What it may mean, the most urgent first: answers that are nobody's own or say nothing, a way of working, a leaning.
URGENCY = {
    "copying": 0,
    "words": 0,
    "agreement": 0,
    "gold": 0,
    "pace": 1,
    "unread": 1,
    "sameness": 1,
    "shift": 1,
    "position": 2,
    "bias": 2,
}


@dataclass(frozen=True, eq=False)
class PeopleFigures:
    """What is known of P people. Whatever is None or missing is not looked at.

    names of bias and position: attributes. steps: attribute -> the smallest difference on its scale, in scale points.
    gold_sums, gold_counts: (P,) floats, as in `earned_weights`.
    shifts: what changed (a key of `reasons.SHIFTS`) -> by how much.
    """

    gold_sums: np.ndarray | None = None
    gold_counts: np.ndarray | None = None
    agreement: PeopleAgreement | None = None
    bias: Mapping[str, Bias] = field(default_factory=dict)
    steps: Mapping[str, float] = field(default_factory=dict)
    position: Mapping[str, PositionPreference] = field(default_factory=dict)
    pace: Pace | None = None
    sameness: Sameness | None = None
    unread: Unread | None = None
    copying: Copying | None = None
    words: SameWords | None = None
    shifts: Mapping[str, Shifts] = field(default_factory=dict)


@dataclass(frozen=True)
class Concern:
    """One reason to look at a person.

    person: a place. kind: a key of URGENCY. attribute: which one, or empty. template, values: the reason, and the numbers
    in it, so that it can be said in another language too; it says nobody's name. other: the place of the other person that it
    is about, which `{other}` in the template stands for; None where it is about nobody else.
    false_alarm: the share of false alarms among everything as striking as this. excess: how many times the limit the figure is.
    """

    person: int
    kind: str
    attribute: str
    template: str
    values: Mapping[str, float | str]
    false_alarm: float
    excess: float
    other: int | None = None

    @property
    def text(self) -> str:
        """The reason in English."""
        named = {} if self.other is None else {"other": "another person"}
        return self.template.format(**self.values, **named)


@dataclass(frozen=True)
class Look:
    """Somebody who should be looked at, with the reasons, the most urgent first."""

    person: int
    concerns: tuple[Concern, ...]


def who_to_look_at(figures: PeopleFigures, *, false_alarms: float = FALSE_ALARMS) -> list[Look]:
    """Everybody with a reason, the most urgent first: by what it may mean (URGENCY), then by how far it goes.

    Parameters: figures; false_alarms, the expected share of false alarms among what is returned, between 0 and 1.
    Source of the control: Benjamini & Hochberg (1995).
    """
    tests = list(_reasons(figures))
    chances = [test.chance for test in tests]
    rates = false_discovery_rates(np.concatenate(chances)) if tests else np.zeros(0)
    ends = np.cumsum([len(chance) for chance in chances])[:-1]
    raised = [
        _concern(test, int(person), float(rate[person]))
        for test, rate in zip(tests, np.split(rates, ends), strict=True)
        for person in np.flatnonzero(rate <= false_alarms)
    ]
    raised.sort(key=lambda concern: (concern.person, *_order(concern)))
    looks = [Look(person, tuple(of)) for person, of in groupby(raised, key=lambda concern: concern.person)]
    return sorted(looks, key=lambda look: (*_order(look.concerns[0]), -len(look.concerns)))


def _order(concern: Concern) -> tuple[float, float, str]:
    return URGENCY[concern.kind], -concern.excess, concern.attribute


def _concern(reason: Reason, person: int, rate: float) -> Concern:
    template, values = reason.words.of(person)
    other = None if reason.other is None else int(reason.other[person])
    excess = float(reason.excess[person])
    return Concern(person, reason.kind, reason.attribute, template, values, rate, excess, other)


def _reasons(figures: PeopleFigures) -> Iterator[Reason]:
    if figures.gold_sums is not None and figures.gold_counts is not None and figures.gold_counts.any():
        yield reasons.of_gold(figures.gold_sums, figures.gold_counts)
    if figures.agreement is not None:
        yield reasons.of_agreement(figures.agreement)
    if figures.copying is not None:
        yield reasons.of_copying(figures.copying)
    if figures.words is not None and figures.copying is not None:
        yield reasons.of_same_words(figures.words, len(figures.copying.partners))
    yield from _of_manner(figures)
    for attribute, leaning in figures.position.items():
        yield from reasons.of_position(attribute, leaning)
    for attribute, bias in figures.bias.items():
        yield from reasons.of_bias(attribute, bias, figures.steps.get(attribute, 1.0))


def _of_manner(figures: PeopleFigures) -> Iterator[Reason]:
    if figures.pace is not None:
        yield reasons.of_pace(figures.pace)
    if figures.unread is not None:
        yield reasons.of_unread(figures.unread)
    if figures.sameness is not None:
        yield reasons.of_sameness(figures.sameness)
    for what, shift in figures.shifts.items():
        yield from reasons.of_shift(what, shift)
