"""What a policy looks at, what it answers, and the steps that all policies share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from consensus.scales import Slot

Outcome = Literal["wait", "resolve", "escalate", "contest", "exclude"]
Unsettled = Literal["contested", "excluded", "resolved"]

NEEDED = 3  # the people whom a label rests on, unless the policy says otherwise


class PolicyNotValid(ValueError):
    """The numbers of the policy cannot work."""


class CountNotValid(ValueError):
    """A count of people is negative."""


class BeliefsMissing(ValueError):
    """A policy that goes by probabilities was given none."""


@dataclass(frozen=True)
class Decision:
    """What to do with a sample, and why.

    reason: a short name for machines, one of
        wait: first_round_open, annotations_under_way
        resolve: agreed, settled_by_three, fixed_overlap_reached, outcome_certain, maximum_reached, confident, ambiguous
        escalate: first_round_disagreed, outcome_open, not_yet_confident
        contest: too_few_usable, nobody_left, unsettled, ambiguous · exclude: unsettled, ambiguous.
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
class Belief:
    """What is known of the right value of one slot.

    probabilities: (L,) floats, of each level being right (for many samples (N, L)). answers: (L, L) floats, rows sum to 1:
        where the level of the row is right, how often the next person, of whom nothing is known, says each level; None
        where nobody can tell, and then nothing is foreseen.
    """

    probabilities: np.ndarray
    answers: np.ndarray | None = None


Beliefs = Sequence[Belief | np.ndarray | None]


@dataclass(frozen=True, eq=False)
class Seen:
    """Everything a policy looks at, checked and measured once."""

    slots: Sequence[Slot]
    first: np.ndarray
    everybody: np.ndarray
    counting_people: Callable[[], int]
    leased: int
    ranges: np.ndarray
    believing: Callable[[], Beliefs] | None = None

    @property
    def came(self) -> int:
        return len(self.everybody)

    @property
    def people_left(self) -> int:
        """People who may still be asked; counted only when a policy wants to know."""
        return checked_count("people_left", self.counting_people())

    @cached_property
    def disagreement(self) -> dict[str, float]:
        named = zip(self.slots, self.ranges.tolist(), strict=True)
        return {slot.name: width for slot, width in named if width == width}  # a NaN equals nothing

    @property
    def disputed(self) -> list[int]:
        """The trigger slots whose first-round range is above their limit."""
        limits = limits_of([slot.escalate_above for slot in self.slots])
        return np.flatnonzero(self.ranges > limits).tolist()

    @cached_property
    def usable_count(self) -> int:
        """People who gave every trigger value."""
        return int(np.count_nonzero(gave_every_trigger(self.everybody, self.slots)))

    def beliefs(self) -> list[Belief | None]:
        """One for each slot; asked only by a policy that goes by them. Raises: BeliefsMissing."""
        return told_beliefs(self.believing, self.slots)

    def decision(self, outcome: Outcome, reason: str, text: str, **more: object) -> Decision:
        return Decision(outcome, reason, text, disagreement=self.disagreement, **more)  # type: ignore[arg-type]


# --- what several policies do -------------------------------------------------------------------------------------
def first_round_open(seen: Seen, size: int) -> Decision:
    """Wait for the first round: as many slots as are missing and not under way."""
    slots = max(size - seen.came - seen.leased, 0)
    text = f"{seen.came} of the first {size} are in."
    return seen.decision("wait", "first_round_open", text, slots_wanted=slots, slots_allowed=slots)


def under_way(seen: Seen, text: str, **slots: int) -> Decision:
    return seen.decision("wait", "annotations_under_way", f"{text}; {seen.leased} still under way.", **slots)


def too_few_usable(seen: Seen, needed: int) -> Decision | None:
    """Hand the sample to a reviewer where too few people gave every trigger value; None where they are enough."""
    if seen.usable_count >= needed:
        return None
    text = f"Only {seen.usable_count} of {seen.came} people gave every trigger value; a label needs {in_words(needed)}."
    return seen.decision("contest", "too_few_usable", text)


def one_more(seen: Seen, reason: str, text: str) -> Decision:
    """Ask one more person; wait while somebody has it; hand it to a reviewer where nobody is left."""
    if seen.leased:
        return under_way(seen, text)
    if seen.people_left:
        return seen.decision("escalate", reason, f"{text}.", slots_wanted=1, slots_allowed=1)
    return seen.decision("contest", "nobody_left", f"{text}; nobody is left to ask.")


def unsettled(seen: Seen, becomes: Unsettled, reason: str, text: str) -> Decision:
    outcomes: dict[Unsettled, Outcome] = {"contested": "contest", "excluded": "exclude", "resolved": "resolve"}
    return seen.decision(outcomes[becomes], reason, text)


def gave_every_trigger(ratings: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """Who is usable: (..., K) ratings -> (...) booleans; any value will do where no slot is a trigger."""
    missing = np.isnan(ratings)
    triggers = trigger_places(slots)
    return ~missing[..., triggers].any(axis=-1) if triggers else ~missing.all(axis=-1)


def trigger_places(slots: Sequence[Slot]) -> list[int]:
    return [place for place, slot in enumerate(slots) if slot.is_trigger]


def limits_of(limits: Sequence[float | None]) -> np.ndarray:
    return np.array([np.inf if limit is None else limit for limit in limits])


def told_beliefs(believing: Callable[[], Beliefs] | None, slots: Sequence[Slot]) -> list[Belief | None]:
    """Beliefs slot by slot, bare probabilities among them taken as such. Raises: BeliefsMissing."""
    told = () if believing is None else believing()
    lacking = [slot.name for slot, belief in zip(slots, told, strict=False) if slot.is_trigger and belief is None]
    if len(told) != len(slots) or lacking:
        raise BeliefsMissing(
            f"This policy goes by probabilities and was given {len(told)} for {len(slots)} slots"
            f"{', none for ' + ', '.join(lacking) if lacking else ''}. Pass beliefs=, one for each trigger value."
        )
    return [belief if belief is None or isinstance(belief, Belief) else Belief(belief) for belief in told]


def in_words(count: int) -> str:
    return {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}.get(count, str(count))


def said_by(given: np.ndarray) -> str:
    return ", ".join("nothing" if np.isnan(value) else f"{value:g}" for value in given)


def checked_count(name: str, count: int) -> int:
    if count < 0:
        raise CountNotValid(f"{name} is {count}. A count of people cannot be below 0.")
    return count
