"""Ask more people where the first are spread out, and settle on three who agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from consensus.aggregate import triples_of
from consensus.disagreement import capped_on_nominal, range_along
from consensus.policies.crowd import Crowd, Steps
from consensus.policies.decision import (
    NEEDED,
    Decision,
    PolicyNotValid,
    Seen,
    first_round_open,
    gave_every_trigger,
    in_words,
    limits_of,
    said_by,
    too_few_usable,
    under_way,
    unsettled,
)
from consensus.scales import Slot, people_by_slots


@dataclass(frozen=True)
class SpreadPolicy:
    """Ask `first_round` people; where they are spread out, ask `extra` more; then settle or give up.

    Parameters: first_round, 3 or more, since a label rests on three people; extra, 1 or more; on_unsettled, what becomes
        of a sample on which no three people agree: "contested" (a reviewer decides) or "excluded".
    Raises: PolicyNotValid.
    Source: HelpSteer2 (arXiv 2406.08673), its adaptive overlap.
    """

    first_round: int = 3
    extra: int = 2
    on_unsettled: Literal["contested", "excluded"] = "contested"
    goes_by_beliefs: ClassVar[bool] = False
    kind: ClassVar[str] = "spread"

    def __post_init__(self) -> None:
        if self.first_round < NEEDED or self.extra < 1:
            raise PolicyNotValid(
                f"A {self.kind} policy of {self.first_round} people and {self.extra} more cannot settle a sample. "
                "Ask at least 3 people first and at least 1 more."
            )
        if self.on_unsettled not in ("contested", "excluded"):
            raise PolicyNotValid(f"on_unsettled is {self.on_unsettled!r}. Use 'contested' or 'excluded'.")

    @property
    def full_count(self) -> int:
        """The annotations after which nobody else is asked."""
        return self.first_round + self.extra

    @property
    def needed(self) -> int:
        return NEEDED

    def next_step(self, seen: Seen) -> Decision:
        """A first round disagrees when *any* trigger value's range, over those who rated it, is above `escalate_above`.

        Once asked further, a sample is settled when *one same* set of three people is within `settle_within` on *every*
        trigger value; only people who gave every trigger value can settle it (`usable_people`). With nobody left to ask,
        those who came may still settle it.
        """
        if len(seen.first) < self.first_round:
            return first_round_open(seen, self.first_round)
        return _after_disagreement(self, seen) if seen.disputed else _after_agreement(seen)

    def next_steps(self, crowd: Crowd) -> Steps:
        """As `next_step`, for many samples."""
        if crowd.came < self.first_round:
            return Steps.all_waiting(crowd, self.first_round - crowd.came)
        missing = max(self.full_count - crowd.came, 0)
        given_up = "exclude" if self.on_unsettled == "excluded" else "contest"
        disputed, enough = crowd.is_disputed(self.first_round), crowd.usable_counts() >= NEEDED
        settled = _three_settle(crowd.ratings, crowd.slots)
        at_last = np.where(settled, "resolve", np.where(enough, given_up, "contest"))
        agreed = np.where(enough, "resolve", "contest")
        return Steps.where(
            crowd,
            asks=disputed & (missing > 0),
            wanted=missing,
            then=np.where(disputed, at_last, agreed),
            nobody_left=np.where(settled, "resolve", "contest"),
        )


@dataclass(frozen=True)
class UnanimousPolicy(SpreadPolicy):
    """A spread policy whose first round must be unanimous: any difference on any trigger value asks more people.

    The limit `escalate_above` of every trigger value is taken as 0; `settle_within` stays. Parameters, raises: as
    `SpreadPolicy`.
    """

    kind: ClassVar[str] = "unanimous"

    def next_step(self, seen: Seen) -> Decision:
        return super().next_step(replace(seen, slots=_any_difference_disputes(seen.slots)))

    def next_steps(self, crowd: Crowd) -> Steps:
        return super().next_steps(replace(crowd, slots=_any_difference_disputes(crowd.slots)))


def settling_three(ratings: npt.ArrayLike, slots: Sequence[Slot]) -> tuple[int, ...]:
    """The earliest three usable people who are within `settle_within` of each other on every trigger value.

    Parameters: ratings, (M, K) floats, M people in order of arrival by K slots; NaN = not rated.
    Returns: three rows, ascending; empty when no such set exists.
    Raises: WrongShape, RatingOffScale, SlotNotValid.
    """
    return _settling_three(people_by_slots(ratings, slots), slots)


def _settling_three(matrix: np.ndarray, slots: Sequence[Slot]) -> tuple[int, ...]:
    triples = triples_of(len(matrix))
    settled = np.flatnonzero(_settles(matrix, triples, slots))
    return tuple(triples[settled[0]].tolist()) if len(settled) else ()


def _three_settle(ratings: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """Whether some three people settle it: (N, M, K) ratings -> (N,) booleans."""
    return np.any(_settles(ratings, triples_of(ratings.shape[1]), slots), axis=-1)


def _settles(ratings: np.ndarray, triples: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """Which triples are all usable and within the limits everywhere: (..., M, K) ratings -> (..., T) booleans."""
    usable = gave_every_trigger(ratings, slots)[..., triples].all(axis=-1)
    ranges = capped_on_nominal(range_along(ratings[..., triples, :], axis=-2), slots)
    # A slot without a limit is no trigger, and there a range may be NaN: not above anything.
    return np.asarray(usable & ~(ranges > limits_of([slot.settle_within for slot in slots])).any(axis=-1))


def _any_difference_disputes(slots: Sequence[Slot]) -> list[Slot]:
    return [replace(slot, escalate_above=0) if slot.is_trigger else slot for slot in slots]


def _after_agreement(seen: Seen) -> Decision:
    if seen.leased:
        return under_way(seen, "Agreed so far")
    if too_few := too_few_usable(seen, NEEDED):
        return too_few
    text = f"The first {in_words(len(seen.first))} are within the limits on every trigger value."
    return seen.decision("resolve", "agreed", text)


def _after_disagreement(policy: SpreadPolicy, seen: Seen) -> Decision:
    missing = policy.full_count - seen.came
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
    if three := _settling_three(seen.everybody, seen.slots):
        people = ", ".join(str(row + 1) for row in three)
        text = f"{_dispute(seen)}; then annotations {people} agreed on every trigger value"
        return seen.decision("resolve", "settled_by_three", text, settled_by=three)
    if nobody_left:
        return seen.decision("contest", "nobody_left", f"{_dispute(seen)}; nobody is left to ask")
    if too_few := too_few_usable(seen, NEEDED):
        return too_few
    text = f"{_dispute(seen)}; no three of {seen.came} people agree on every trigger value"
    return unsettled(seen, policy.on_unsettled, "unsettled", text)


def _dispute(seen: Seen) -> str:
    """Every disputed trigger value with what was said of it."""
    return "; ".join(_dispute_over(seen.slots[k], seen.first[:, k], seen.ranges[k]) for k in seen.disputed)


def _dispute_over(slot: Slot, given: np.ndarray, width: float) -> str:
    verdict = "they differ" if slot.scale.is_nominal else f"{width:g} apart, where {slot.escalate_above:g} is allowed"
    return f"{slot.name}: first {in_words(len(given))} said {said_by(given)}; {verdict}"
