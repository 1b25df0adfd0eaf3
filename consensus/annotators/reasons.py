"""The reasons to look at somebody, each a figure of everybody against a limit that an ordinary person keeps, and in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from consensus.annotators.agreement import PeopleAgreement
from consensus.annotators.copying import LUCK, Copying, SameWords
from consensus.annotators.estimates import PeopleEstimates
from consensus.annotators.leanings import Bias, PositionPreference
from consensus.annotators.manner import Pace, Sameness, Unread
from consensus.annotators.shifts import Shifts
from consensus.saying import said

LEAST_SAMPLES = 20
LEAST_GOLD = 10
ORDINARY = 3.5  # times the true spread of people
BELOW_GOLD = 0.15
SLOWEST_FAST = 1 / 3  # of the time that the others take
EXTRA_SAME = 0.25
EXTRA_FIRST = 0.1
FAR_FIRST = 0.25  # beyond it a leaning need not be told from how people lean: of few people that is badly known
EXTRA_ALIKE = 0.2
FAR_ALIKE = 0.25  # beyond it pairs need not be told from how pairs differ: of few people that is badly known
ORDINARY_PAIR = 2.5  # the same for pairs of people: what two share with everybody is taken off before
FEWEST_TEXTS = 3
CHANGING = 2.0  # times the change that is usual here: the largest of all weeks is never nothing
MOSTLY_UNREAD = 0.25
SHIFTS = {"pace": math.log(1.5), "agreement": 0.15, "bias": 0.5}  # what changed -> a change that matters
_CLEARLY = 0.8  # share of samples on which the later of two is the later


class Words:
    """Reasons that are written only for those who need one. otherwise, where: another sentence, and whose it is.

    columns: the numbers by name, (P,) arrays or one for all.
    """

    def __init__(self, template: str, otherwise: str = "", where: np.ndarray | None = None, **columns: Any) -> None:
        self._template, self._otherwise, self._where, self._columns = template, otherwise, where, columns

    def of(self, person: int) -> tuple[str, dict[str, float | str]]:
        """The template, and the numbers in it."""
        template = self._otherwise if self._where is not None and self._where[person] else self._template
        return template, {
            name: column[person].item() if isinstance(column, np.ndarray) else column
            for name, column in self._columns.items()
        }


@dataclass(frozen=True, eq=False)
class Reason:
    """One kind of figure of everybody against its limit: how easily chance explains it, how many times the limit it is, in words.

    other: (P,) places of whom it is about beside the person; None for a kind that is about nobody else.
    """

    kind: str
    attribute: str
    chance: np.ndarray
    excess: np.ndarray
    words: Words
    other: np.ndarray | None = None


def of_gold(sums: np.ndarray, counts: np.ndarray) -> Reason:
    """Hoeffding's bound for a mean of shares; right for fractions of a sample too."""
    usual = sums.sum() / counts.sum()
    limit = max(usual - BELOW_GOLD, 0.01)
    own = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts >= LEAST_GOLD)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.where(own > 0, own * np.log(own / limit), 0) + np.where(
            own < 1, (1 - own) * np.log((1 - own) / (1 - limit)), 0
        )
    chance = np.where(np.isnan(own), np.nan, np.where(own < limit, np.exp(-counts * lost), 1.0))
    words = Words(
        "Right on {own:.0f} % of {count:.0f} samples with a known answer; people here are right on {usual:.0f} %.",
        own=100 * own, count=counts, usual=100 * float(usual),
    )  # fmt: skip
    return Reason("gold", "", chance, (usual - own) / BELOW_GOLD, words)


def of_agreement(agreement: PeopleAgreement) -> Reason:
    shortfall = agreement.shortfall
    worth = (agreement.among_others > 0) & _enough(shortfall)
    nearer = said(
        "Agreement nearer to chance than to that of the others of the same samples: kappa {own:.2f} ({low:.2f} to {high:.2f}, "
        "{count} samples); the others have {others:.2f} among themselves."
    )
    at_random = said(
        "Agrees with the others no better than the same levels given at random would: kappa {own:.2f} ({low:.2f} to "
        "{high:.2f}, {count} samples); the others have {others:.2f} among themselves."
    )
    kappa = agreement.kappa
    numbers: dict[str, Any] = {"own": kappa.value, "low": kappa.low, "high": kappa.high, "count": kappa.count}
    words = Words(nearer, at_random, kappa.low <= 0, **numbers, others=agreement.among_others)
    half = np.where(worth, agreement.among_others, 1.0) / 2
    return Reason("agreement", "", _where(worth, shortfall.chance_of_more(0.0)), 1 + shortfall.value / half, words)


def of_pace(pace: Pace) -> Reason:
    faster = pace.log_ratio.negated()
    limit = max(-math.log(SLOWEST_FAST), faster.centre() + ORDINARY * faster.spread())
    words = Words(
        "Takes {ratio:.0f} % of the time that the others take for the same samples ({low:.0f} % to {high:.0f} %, {count} samples).",
        ratio=100 * pace.ratio, low=100 * np.exp(pace.log_ratio.low), high=100 * np.exp(pace.log_ratio.high),
        count=faster.count,
    )  # fmt: skip
    return _above("pace", "", faster, limit, words)


def of_unread(unread: Unread) -> Reason:
    """Hoeffding's bound: how easily somebody who leaves a quarter unread leaves so many."""
    share, count = np.nan_to_num(unread.share), unread.count
    beyond = np.maximum(share - MOSTLY_UNREAD, 0)
    chance = _where(count >= LEAST_SAMPLES, np.exp(-2 * count * beyond**2))
    template = said("Quicker than the text can be read in {own:.0f} % of the latest {count} answers.")
    return Reason("unread", "", chance, share / MOSTLY_UNREAD, Words(template, own=100 * share, count=count))


def of_sameness(sameness: Sameness) -> Reason:
    limit = max(EXTRA_SAME, sameness.extra.centre() + ORDINARY * sameness.extra.spread())
    words = Words(
        "Gives one value everywhere in {own:.0f} % of {count} samples; the others of the same samples in {others:.0f} %.",
        own=100 * sameness.own, others=100 * sameness.others, count=sameness.extra.count,
    )  # fmt: skip
    return _above("sameness", "", sameness.extra, limit, words)


def of_position(attribute: str, leaning: PositionPreference) -> Iterator[Reason]:
    limit = min(max(EXTRA_FIRST, ORDINARY * leaning.extra.spread()), FAR_FIRST)
    first, second = leaning.extra, leaning.extra.negated()
    to_first = Words(
        "{attribute}: favours the response shown first in {own:.0f} % of {count} samples; the others favour the same "
        "responses in {others:.0f} %.",
        attribute=attribute, own=100 * leaning.first, others=100 * leaning.others, count=first.count,
    )  # fmt: skip
    to_second = Words(
        "{attribute}: favours the response shown second in {own:.0f} % of {count} samples; the others favour the same "
        "responses in {others:.0f} %.",
        attribute=attribute, own=100 * (1 - leaning.first), others=100 * (1 - leaning.others), count=second.count,
    )  # fmt: skip
    yield _above("position", attribute, first, limit, to_first)
    yield _above("position", attribute, second, limit, to_second)


def of_bias(attribute: str, bias: Bias, step: float) -> Iterator[Reason]:
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
        figures: dict[str, Any] = {"value": apart.value, "low": apart.low, "high": apart.high, "count": apart.count}
        yield _above("bias", attribute, apart, limit, Words(template, attribute=attribute, **figures))


def of_copying(copying: Copying) -> Reason:
    """Of everybody the partner whom chance explains least, paid for by the number of partners.

    Not of whom the order shows to be first: the other one copies. Where it tells nothing, either may be the one.
    """
    limit = min(max(EXTRA_ALIKE, ORDINARY_PAIR * _spread_of_the_rest(copying)), FAR_ALIKE)
    person = np.concatenate([copying.one, copying.other])
    chance = np.tile(copying.excess.chance_of_more(limit), 2)
    after = np.concatenate([copying.after, 1 - copying.after])
    person, chance = person[~(after <= 1 - _CLEARLY)], chance[~(after <= 1 - _CLEARLY)]
    row = np.flatnonzero(~(after <= 1 - _CLEARLY))
    order = np.lexsort((chance, person))
    first = order[np.flatnonzero(np.diff(person[order], prepend=-1))]
    people, pair = person[first], row[first] % max(len(copying.one), 1)
    paid = _of_people(people, np.minimum(chance[first] * copying.partners[people], 1.0), copying)
    both = copying.one[pair] + copying.other[pair]
    unclear = said(
        "Gives the same value as {other} in {own:.0f} % of all places on {count} samples; each of the two gives the same as "
        "third people of these samples in {others:.0f} %. The order of their answers does not tell who copies."
    )
    later = said(
        "Gives the same value as {other} in {own:.0f} % of all places on {count} samples; each of the two gives the same as "
        "third people of these samples in {others:.0f} %. Answers after {other} on {after:.0f} % of them."
    )
    follows = _of_people(people, after[row[first]], copying)
    words = Words(
        unclear,
        later,
        follows >= _CLEARLY,
        own=100 * _of_people(people, copying.alike[pair], copying),
        others=100 * _of_people(people, copying.beside[pair], copying),
        count=np.nan_to_num(_of_people(people, copying.excess.count[pair], copying)).astype(int),
        after=100 * np.nan_to_num(follows),
    )
    excess = _of_people(people, copying.excess.value[pair] / limit, copying)
    other = np.nan_to_num(_of_people(people, both - people, copying), nan=-1).astype(int)
    return Reason("copying", "", paid, excess, words, other)


def _spread_of_the_rest(copying: Copying) -> float:
    """How far pairs truly differ, without those of the two who are most alike: a copy makes its people look unlike all others."""
    if not len(copying.one):
        return 0.0
    top = int(np.argmax(np.nan_to_num(copying.excess.value / copying.excess.error, nan=-np.inf)))
    of_top = (copying.one[top], copying.other[top])
    rest = ~(np.isin(copying.one, of_top) | np.isin(copying.other, of_top))
    every = copying.excess
    return PeopleEstimates(every.value[rest], every.error[rest], every.count[rest], every.freedom[rest]).spread()


def of_same_words(words: SameWords, person_count: int) -> Reason:
    """A text of some length is by luck the same as another's of the sample in LUCK of all cases, and not again and again."""
    count, other = np.zeros(person_count, dtype=int), np.full(person_count, -1)
    for one, with_one, many in zip(words.one, words.other, words.count, strict=True):
        for person, partner in ((one, with_one), (with_one, one)):
            if many > count[person]:
                count[person], other[person] = many, partner
    chance = np.where(count >= FEWEST_TEXTS, LUCK ** count.astype(float), np.nan)
    told = Words(said("Wrote word for word what {other} wrote, on {count} samples."), count=count)
    return Reason("words", "", chance, count / FEWEST_TEXTS, told, other)


CHANGED = {  # of what changed, the sentence for more and for less of it
    "pace": (
        "",
        said(
            "Quicker since the week of {week}: from {before:.0f} % to {after:.0f} % of the time that the others take for the "
            "same samples ({count} samples in all)."
        ),
    ),
    "agreement": (
        "",
        said(
            "Agrees less with the others since the week of {week}: values equal to another's, less those of the others among "
            "themselves, went from {before:+.0f} to {after:+.0f} points of a hundred ({count} samples in all)."
        ),
    ),
    "bias": (
        said(
            "Rates higher since the week of {week}: from {before:+.1f} to {after:+.1f} levels beside the others of the same "
            "samples ({count} samples in all)."
        ),
        said(
            "Rates lower since the week of {week}: from {before:+.1f} to {after:+.1f} levels beside the others of the same "
            "samples ({count} samples in all)."
        ),
    ),
}


def of_shift(what: str, shifts: Shifts) -> Iterator[Reason]:
    """What changed more than matters, one sentence for each way that is worth a look."""
    changes = np.abs(shifts.change.value[~np.isnan(shifts.change.value)])
    limit = max(SHIFTS[what], CHANGING * float(np.median(changes)) if len(changes) else 0.0)
    before, after = (100 * np.exp(v) if what == "pace" else v * (100 if what == "agreement" else 1)
                     for v in (shifts.before, shifts.after))  # fmt: skip
    for template, change in zip(CHANGED[what], (shifts.change, shifts.change.negated()), strict=True):
        if template:
            told = Shifts(change, shifts.before, shifts.after, shifts.week, shifts.splits)
            words = Words(template, before=before, after=after, week=shifts.week, count=change.count)
            yield Reason("shift", what, told.chance_of_more(limit), change.value / limit, words)


def _of_people(people: np.ndarray, values: np.ndarray, copying: Copying) -> np.ndarray:
    """(P,) the values of these people, NaN for all others."""
    column = np.full(len(copying.partners), np.nan)
    column[people] = values
    return column


def _above(kind: str, attribute: str, figure: PeopleEstimates, limit: float, words: Words) -> Reason:
    return Reason(kind, attribute, _where(_enough(figure), figure.chance_of_more(limit)), figure.value / limit, words)


def _enough(figure: PeopleEstimates) -> np.ndarray:
    return figure.count >= LEAST_SAMPLES


def _where(tested: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return np.where(tested, chance, np.nan)
