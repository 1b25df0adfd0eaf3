"""What happens to a sample next: wait, resolve, ask more people, hand it to a reviewer, or leave it out.

`decide` is pure: it knows the ratings counted so far, how many are under way and how many people could still be asked.
A `Policy` answers it: `SpreadPolicy` asks more people where the first are spread out, `FixedOverlap` asks so many and no
more. That two of the first people say "neither valid" is decided before this module is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from consensus.aggregate import triples_of, usable_people
from consensus.disagreement import capped_on_nominal, range_along, slot_ranges
from consensus.scales import Slot, people_by_slots

Outcome = Literal["wait", "resolve", "escalate", "contest", "exclude"]


class PolicyNotValid(ValueError):
    """The numbers of the policy cannot work."""


class CountNotValid(ValueError):
    """A count of people is negative."""


NEEDED = 3  # the people whom a label rests on


class Policy(Protocol):
    """How many people are asked of a sample, and what follows from what they say."""

    def next_step(self, seen: Seen) -> Decision:
        """What happens next to a sample of which this is known."""
        ...


@dataclass(frozen=True)
class SpreadPolicy:
    """Ask `first_round` people; where they are spread out, ask `extra` more; then settle or give up.

    Parameters: first_round, 3 or more, since a label rests on three people; extra, 1 or more; on_unsettled, what becomes
        of a sample on which no three people agree: "contested" (a reviewer decides) or "excluded".
    Raises: PolicyNotValid.
    """

    first_round: int = 3
    extra: int = 2
    on_unsettled: Literal["contested", "excluded"] = "contested"

    def __post_init__(self) -> None:
        if self.first_round < NEEDED or self.extra < 1:
            raise PolicyNotValid(
                f"A spread policy of {self.first_round} people and {self.extra} more cannot settle a sample. "
                "Ask at least 3 people first and at least 1 more."
            )
        if self.on_unsettled not in ("contested", "excluded"):
            raise PolicyNotValid(f"on_unsettled is {self.on_unsettled!r}. Use 'contested' or 'excluded'.")

    @property
    def full_count(self) -> int:
        """The annotations after which nobody else is asked."""
        return self.first_round + self.extra

    def next_step(self, seen: Seen) -> Decision:
        """A first round disagrees when *any* trigger value's range, over those who rated it, is above `escalate_above`.

        Once asked further, a sample is settled when *one same* set of three people is within `settle_within` on *every*
        trigger value; only people who gave every trigger value can settle it (`usable_people`). With nobody left to ask,
        those who came may still settle it.
        """
        if len(seen.first) < self.first_round:
            return _first_round_open(seen, self.first_round, self.first_round - len(seen.first))
        return _after_disagreement(self, seen) if seen.disputed else _after_agreement(seen)


@dataclass(frozen=True)
class FixedOverlap:
    """Ask `overlap` people, whatever they say: no sample is chosen by what people said of it, so figures are unbiased.

    Parameters: overlap, 3 or more, since a label rests on three people. Raises: PolicyNotValid.
    """

    overlap: int

    def __post_init__(self) -> None:
        if self.overlap < NEEDED:
            raise PolicyNotValid(
                f"A fixed overlap of {self.overlap} people makes no label. Ask at least {NEEDED} people."
            )

    def next_step(self, seen: Seen) -> Decision:
        """Wait for the overlap, then resolve. With nobody left to ask, a reviewer decides what a label could be made of."""
        came = len(seen.everybody)
        if came >= self.overlap:
            return _after_overlap(seen)
        if came < NEEDED or seen.leased or seen.people_left:
            return _first_round_open(seen, self.overlap, self.overlap - came)
        text = f"Only {came} of the {self.overlap} people of the fixed overlap are in; nobody is left to ask."
        return seen.decision("contest", "nobody_left", text)


@dataclass(frozen=True)
class Decision:
    """What to do with a sample, and why.

    reason: a short name for machines, one of
        wait: first_round_open, annotations_under_way · resolve: agreed, settled_by_three, fixed_overlap_reached ·
        escalate: first_round_disagreed · contest: too_few_usable, nobody_left, unsettled · exclude: unsettled.
    text: one sentence for people.
    slots_wanted: slots to be open now beside the leased ones, so the sample's target is counted + leased + slots_wanted,
        however often this is asked. slots_allowed: as many may stay open, where they are open already (for people who
        had it and may still come), and no more.
    disagreement: slot name -> first-round range, in scale points, for every slot that somebody rated.
    settled_by: rows (first round, then later) of the earliest three people who settled it. The label rule chooses its
        people by itself: with several trigger values the closest three need not be these.
    """

    outcome: Outcome
    reason: str
    text: str
    slots_wanted: int = 0
    slots_allowed: int = 0
    disagreement: dict[str, float] = field(default_factory=dict)
    settled_by: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Seen:
    """Everything a policy looks at, checked and measured once."""

    slots: Sequence[Slot]
    first: np.ndarray
    everybody: np.ndarray
    counting_people: Callable[[], int]
    leased: int
    ranges: np.ndarray

    @property
    def people_left(self) -> int:
        """People who may still be asked; counted only when a policy wants to know."""
        return _checked_count("people_left", self.counting_people())

    @property
    def disagreement(self) -> dict[str, float]:
        named = zip(self.slots, self.ranges.tolist(), strict=True)
        return {slot.name: width for slot, width in named if not np.isnan(width)}

    @property
    def disputed(self) -> list[int]:
        """The trigger slots whose first-round range is above their limit."""
        limits = _limits([slot.escalate_above for slot in self.slots])
        return np.flatnonzero(self.ranges > limits).tolist()

    def decision(self, outcome: Outcome, reason: str, text: str, **more: object) -> Decision:
        return Decision(outcome, reason, text, disagreement=self.disagreement, **more)  # type: ignore[arg-type]


def decide(
    policy: Policy,
    slots: Sequence[Slot],
    first_round: npt.ArrayLike,
    later: npt.ArrayLike,
    people_left: int | Callable[[], int],
    leased: int,
) -> Decision:
    """What happens next to one sample under a policy.

    Parameters: first_round, (M1, K) floats, the frozen first annotations in order of arrival by K slots, NaN = not rated;
        later, (M2, K) floats, those counted after them; people_left, people who may still be asked (or what counts them), without those
        who hold a lease; leased, annotations under way.
    Raises: WrongShape, RatingOffScale, SlotNotValid, CountNotValid.
    """
    counting = people_left if callable(people_left) else partial(int, _checked_count("people_left", people_left))
    _checked_count("leased", leased)
    first = people_by_slots(first_round, slots)
    everybody = np.vstack([first, people_by_slots(later, slots)])
    return policy.next_step(Seen(slots, first, everybody, counting, leased, slot_ranges(first, slots)))


def settling_three(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> tuple[int, ...]:
    """The earliest three usable people who are within `settle_within` of each other on every trigger value.

    Parameters: ratings, (M, K) floats, M people in order of arrival by K slots; NaN = not rated.
    Returns: three rows, ascending; empty when no such set exists.
    Raises: WrongShape, RatingOffScale, SlotNotValid.
    """
    matrix = people_by_slots(ratings, slots)
    people = usable_people(matrix, slots)
    triples = people[triples_of(len(people))]
    limits = _limits([slot.settle_within for slot in slots])
    ranges = capped_on_nominal(range_along(matrix[triples], axis=1), slots)
    # A slot without a limit is no trigger, and there a range may be NaN: not above anything.
    settled = np.flatnonzero(~(ranges > limits).any(axis=1))
    return tuple(triples[settled[0]].tolist()) if len(settled) else ()


def _limits(limits: list[float | None]) -> np.ndarray:
    return np.array([np.inf if limit is None else limit for limit in limits])


def _checked_count(name: str, count: int) -> int:
    if count < 0:
        raise CountNotValid(f"{name} is {count}. A count of people cannot be below 0.")
    return count


def _first_round_open(seen: Seen, size: int, missing: int) -> Decision:
    slots = max(missing - seen.leased, 0)
    text = f"{size - missing} of the first {size} are in."
    return seen.decision("wait", "first_round_open", text, slots_wanted=slots, slots_allowed=slots)


def _after_agreement(seen: Seen) -> Decision:
    if seen.leased:
        return seen.decision("wait", "annotations_under_way", f"Agreed so far; {seen.leased} still under way.")
    if too_few := _too_few_usable(seen):
        return too_few
    return seen.decision(
        "resolve",
        "agreed",
        f"The first {_in_words(len(seen.first))} are within the limits on every trigger value.",
    )


def _after_overlap(seen: Seen) -> Decision:
    if seen.leased:
        return seen.decision("wait", "annotations_under_way", f"The overlap is in; {seen.leased} still under way.")
    if too_few := _too_few_usable(seen):
        return too_few
    text = f"All {_in_words(len(seen.everybody))} people of the fixed overlap are in."
    return seen.decision("resolve", "fixed_overlap_reached", text)


def _after_disagreement(policy: SpreadPolicy, seen: Seen) -> Decision:
    missing = policy.full_count - len(seen.everybody)
    allowed = max(missing - seen.leased, 0)
    askable = min(allowed, seen.people_left) if allowed else 0
    if askable:
        slots = {"slots_wanted": askable, "slots_allowed": allowed}
        return seen.decision("escalate", "first_round_disagreed", _dispute(seen), **slots)
    if missing > 0 and seen.leased:
        text = f"{_dispute(seen)}; {seen.leased} still under way"
        return seen.decision("wait", "annotations_under_way", text, slots_allowed=allowed)
    return _settle(policy, seen, nobody_left=missing > 0)


def _settle(policy: SpreadPolicy, seen: Seen, *, nobody_left: bool) -> Decision:
    if three := settling_three(seen.everybody, seen.slots):
        people = ", ".join(str(row + 1) for row in three)
        text = f"{_dispute(seen)}; then annotations {people} agreed on every trigger value"
        return seen.decision("resolve", "settled_by_three", text, settled_by=three)
    if nobody_left:
        return seen.decision("contest", "nobody_left", f"{_dispute(seen)}; nobody is left to ask")
    if too_few := _too_few_usable(seen):
        return too_few
    text = f"{_dispute(seen)}; no three of {len(seen.everybody)} people agree on every trigger value"
    return seen.decision("exclude" if policy.on_unsettled == "excluded" else "contest", "unsettled", text)


def _too_few_usable(seen: Seen) -> Decision | None:
    usable = len(usable_people(seen.everybody, seen.slots))
    if usable >= NEEDED:
        return None
    text = f"Only {usable} of {len(seen.everybody)} people gave every trigger value; a label needs three."
    return seen.decision("contest", "too_few_usable", text)


def _dispute(seen: Seen) -> str:
    """Every disputed trigger value with what was said of it."""
    return "; ".join(_dispute_over(seen.slots[k], seen.first[:, k], seen.ranges[k]) for k in seen.disputed)


def _dispute_over(slot: Slot, given: np.ndarray, width: float) -> str:
    said = ", ".join("nothing" if np.isnan(value) else f"{value:g}" for value in given)
    verdict = "they differ" if slot.scale.is_nominal else f"range {width:g} is above {slot.escalate_above:g}"
    return f"{slot.name}: first {_in_words(len(given))} said {said}; {verdict}"


def _in_words(count: int) -> str:
    return {3: "three", 4: "four", 5: "five"}.get(count, str(count))
