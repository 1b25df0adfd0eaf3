"""Who should be looked at, and why: what cannot be put down to chance, to the samples, or to how people differ anyhow.

Many people are looked at in many ways, and somebody always stands out by chance. So a figure is compared with a limit that
an ordinary person keeps (a distance that matters, and three and a half times what people here truly differ by), and over all people and
figures together the expected share of false alarms is held at FALSE_ALARMS. A finding is a reason to look, never a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from consensus.annotators.agreement import PeopleAgreement
from consensus.annotators.estimates import PeopleEstimates, false_discovery_rates
from consensus.annotators.leanings import Bias, PositionPreference
from consensus.annotators.manner import Pace, Sameness
from consensus.saying import said

FALSE_ALARMS = 0.05
LEAST_SAMPLES = 20
LEAST_GOLD = 10
ORDINARY = 3.5  # times the true spread of people
BELOW_GOLD = 0.15
SLOWEST_FAST = 1 / 3  # of the time that the others take
EXTRA_SAME = 0.25
EXTRA_FIRST = 0.1

# What it may mean, the most urgent first: answers that say nothing, a way of working, a leaning.
URGENCY = {"agreement": 0, "gold": 0, "pace": 1, "sameness": 1, "position": 2, "bias": 2}


@dataclass(frozen=True, eq=False)
class PeopleFigures:
    """What is known of P people. Whatever is None or missing is not looked at.

    names of bias and position: attributes. steps: attribute -> the smallest difference on its scale, in scale points.
    gold_sums, gold_counts: (P,) floats, as in `earned_weights`.
    """

    gold_sums: np.ndarray | None = None
    gold_counts: np.ndarray | None = None
    agreement: PeopleAgreement | None = None
    bias: Mapping[str, Bias] = field(default_factory=dict)
    steps: Mapping[str, float] = field(default_factory=dict)
    position: Mapping[str, PositionPreference] = field(default_factory=dict)
    pace: Pace | None = None
    sameness: Sameness | None = None


@dataclass(frozen=True)
class Concern:
    """One reason to look at a person.

    person: a place. kind: a key of URGENCY. attribute: which one, or empty. template, values: the reason, and the numbers
    in it, so that it can be said in another language too; it says nobody's name.
    false_alarm: the share of false alarms among everything as striking as this. excess: how many times the limit the figure is.
    """

    person: int
    kind: str
    attribute: str
    template: str
    values: Mapping[str, float | str]
    false_alarm: float
    excess: float

    @property
    def text(self) -> str:
        """The reason in English."""
        return self.template.format(**self.values)


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
    tests = list(_tests(figures))
    chances = [test.chance for test in tests]
    rates = false_discovery_rates(np.concatenate(chances)) if tests else np.zeros(0)
    ends = np.cumsum([len(chance) for chance in chances])[:-1]
    raised = [
        test.concern(int(person), float(rate[person]))
        for test, rate in zip(tests, np.split(rates, ends), strict=True)
        for person in np.flatnonzero(rate <= false_alarms)
    ]
    raised.sort(key=lambda concern: (concern.person, *_order(concern)))
    looks = [Look(person, tuple(of)) for person, of in groupby(raised, key=lambda concern: concern.person)]
    return sorted(looks, key=lambda look: (*_order(look.concerns[0]), -len(look.concerns)))


def _order(concern: Concern) -> tuple[float, float, str]:
    return URGENCY[concern.kind], -concern.excess, concern.attribute


class _Words:
    """Reasons that are written only for those who need one."""

    def __init__(self, template: str, **columns: np.ndarray | float | str) -> None:
        self.template, self._columns = template, columns

    def values_of(self, person: int) -> dict[str, float | str]:
        return {
            name: column[person].item() if isinstance(column, np.ndarray) else column
            for name, column in self._columns.items()
        }


@dataclass(frozen=True, eq=False)
class _Test:
    """One kind of figure of everybody against its limit: how easily chance explains it, how many times the limit it is, in words."""

    kind: str
    attribute: str
    chance: np.ndarray
    excess: np.ndarray
    words: _Words

    def concern(self, person: int, rate: float) -> Concern:
        values = self.words.values_of(person)
        return Concern(person, self.kind, self.attribute, self.words.template, values, rate, float(self.excess[person]))


def _tests(figures: PeopleFigures) -> Iterator[_Test]:
    if figures.gold_sums is not None and figures.gold_counts is not None and figures.gold_counts.any():
        yield _gold(figures.gold_sums, figures.gold_counts)
    if figures.agreement is not None:
        yield _agreement(figures.agreement)
    if figures.pace is not None:
        yield _pace(figures.pace)
    if figures.sameness is not None:
        yield _sameness(figures.sameness)
    for attribute, leaning in figures.position.items():
        yield from _position(attribute, leaning)
    for attribute, bias in figures.bias.items():
        yield from _bias(attribute, bias, figures.steps.get(attribute, 1.0))


def _gold(sums: np.ndarray, counts: np.ndarray) -> _Test:
    """Hoeffding's bound for a mean of shares; right for fractions of a sample too."""
    usual = sums.sum() / counts.sum()
    limit = max(usual - BELOW_GOLD, 0.01)
    own = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts >= LEAST_GOLD)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.where(own > 0, own * np.log(own / limit), 0) + np.where(
            own < 1, (1 - own) * np.log((1 - own) / (1 - limit)), 0
        )
    chance = np.where(np.isnan(own), np.nan, np.where(own < limit, np.exp(-counts * lost), 1.0))
    words = _Words(
        "Right on {own:.0f} % of {count:.0f} samples with a known answer; people here are right on {usual:.0f} %.",
        own=100 * own, count=counts, usual=100 * float(usual),
    )  # fmt: skip
    return _Test("gold", "", chance, (usual - own) / BELOW_GOLD, words)


def _agreement(agreement: PeopleAgreement) -> _Test:
    shortfall = agreement.shortfall
    worth = (agreement.among_others > 0) & _enough(shortfall)
    words = _Words(
        "Agreement nearer to chance than to that of the others of the same samples: kappa {own:.2f} ({low:.2f} to {high:.2f}, "
        "{count} samples); the others have {others:.2f} among themselves.",
        own=agreement.kappa.value, low=agreement.kappa.low, high=agreement.kappa.high,
        count=agreement.kappa.count, others=agreement.among_others,
    )  # fmt: skip
    half = np.where(worth, agreement.among_others, 1.0) / 2
    return _Test("agreement", "", _where(worth, shortfall.chance_of_more(0.0)), 1 + shortfall.value / half, words)


def _pace(pace: Pace) -> _Test:
    faster = pace.log_ratio.negated()
    limit = max(-math.log(SLOWEST_FAST), faster.centre() + ORDINARY * faster.spread())
    words = _Words(
        "Takes {ratio:.0f} % of the time that the others take for the same samples ({low:.0f} % to {high:.0f} %, {count} samples).",
        ratio=100 * pace.ratio, low=100 * np.exp(pace.log_ratio.low), high=100 * np.exp(pace.log_ratio.high),
        count=faster.count,
    )  # fmt: skip
    return _above("pace", "", faster, limit, words)


def _sameness(sameness: Sameness) -> _Test:
    limit = max(EXTRA_SAME, sameness.extra.centre() + ORDINARY * sameness.extra.spread())
    words = _Words(
        "Gives one value everywhere in {own:.0f} % of {count} samples; the others of the same samples in {others:.0f} %.",
        own=100 * sameness.own, others=100 * sameness.others, count=sameness.extra.count,
    )  # fmt: skip
    return _above("sameness", "", sameness.extra, limit, words)


def _position(attribute: str, leaning: PositionPreference) -> Iterator[_Test]:
    limit = max(EXTRA_FIRST, ORDINARY * leaning.extra.spread())
    first, second = leaning.extra, leaning.extra.negated()
    to_first = _Words(
        "{attribute}: favours the response shown first in {own:.0f} % of {count} samples; the others favour the same "
        "responses in {others:.0f} %.",
        attribute=attribute, own=100 * leaning.first, others=100 * leaning.others, count=first.count,
    )  # fmt: skip
    to_second = _Words(
        "{attribute}: favours the response shown second in {own:.0f} % of {count} samples; the others favour the same "
        "responses in {others:.0f} %.",
        attribute=attribute, own=100 * (1 - leaning.first), others=100 * (1 - leaning.others), count=second.count,
    )  # fmt: skip
    yield _above("position", attribute, first, limit, to_first)
    yield _above("position", attribute, second, limit, to_second)


def _bias(attribute: str, bias: Bias, step: float) -> Iterator[_Test]:
    limit = max(step / 2, bias.usual_distance / 2, ORDINARY * bias.measured.spread())
    above = said(
        "{attribute}: {value:.1f} points above the others of the same samples on average ({low:.1f} to {high:.1f}, "
        "{count} samples)."
    )
    below = said(
        "{attribute}: {value:.1f} points below the others of the same samples on average ({low:.1f} to {high:.1f}, "
        "{count} samples)."
    )
    for template, apart in ((above, bias.measured), (below, bias.measured.negated())):
        figures = {"value": apart.value, "low": apart.low, "high": apart.high, "count": apart.count}
        yield _above("bias", attribute, apart, limit, _Words(template, attribute=attribute, **figures))


def _above(kind: str, attribute: str, figure: PeopleEstimates, limit: float, words: _Words) -> _Test:
    return _Test(kind, attribute, _where(_enough(figure), figure.chance_of_more(limit)), figure.value / limit, words)


def _enough(figure: PeopleEstimates) -> np.ndarray:
    return figure.count >= LEAST_SAMPLES


def _where(tested: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return np.where(tested, chance, np.nan)
