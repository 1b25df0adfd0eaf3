"""One more person at a time, until the posterior is sure of every trigger value or cannot become so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import ClassVar

import numpy as np

from consensus.policies.certainty import Alike, alike
from consensus.policies.crowd import Crowd, Steps
from consensus.policies.decision import (
    Belief,
    Decision,
    PolicyNotValid,
    Seen,
    Unsettled,
    first_round_open,
    in_words,
    one_more,
    under_way,
    unsettled,
)
from consensus.scales import Slot

_A_HAIR = 1e-12  # summing leaves a hair of error


@dataclass(frozen=True)
class ConfidencePolicy:
    """Ask one more at a time until every trigger value is as probable as `target`, from `minimum` to `maximum` people.

    The *confidence* of a trigger value is the probability that the right value lies within its `settle_within` of the
    value that the posterior speaks for; where that limit is 0 it is the probability of the value itself.

    Before the maximum it gives a sample up as *ambiguous* when two things hold: the chance of ever reaching the target is
    small, and the labels to come would make it hardly any surer. The second counts too, because a label that settles a tie
    is worth its price also where it makes nobody certain.

    Parameters: target, between 0 and 1; minimum, 1 or more; maximum, at least the minimum; hopeless_below, that chance,
        from 0 (nothing is ever given up) to below 1; worthless_below, that gain in probability, from 0 to 1; on_unsettled, what becomes of a sample that is ambiguous or unsettled at the maximum: "contested", "excluded", or
        "resolved" (it keeps its label, and the reason says that it is ambiguous).
    Raises: PolicyNotValid.
    """

    target: float = 0.95
    minimum: int = 2
    maximum: int = 5
    hopeless_below: float = 0.05
    worthless_below: float = 0.02
    on_unsettled: Unsettled = "contested"

    def __post_init__(self) -> None:
        if not 0 < self.target < 1 or not 0 <= self.hopeless_below < 1 or not 0 <= self.worthless_below <= 1:
            raise PolicyNotValid(
                f"A confidence policy has the target {self.target} and gives up below a chance of {self.hopeless_below} "
                f"and a gain of {self.worthless_below}. Give a target between 0 and 1, a chance from 0 to below 1, and a "
                "gain from 0 to 1."
            )
        if not 1 <= self.minimum <= self.maximum:
            raise PolicyNotValid(
                f"A confidence policy of {self.minimum} to {self.maximum} people cannot work. "
                "Ask at least 1, and at most as many or more."
            )
        if self.on_unsettled not in ("contested", "excluded", "resolved"):
            raise PolicyNotValid(f"on_unsettled is {self.on_unsettled!r}. Use 'contested', 'excluded' or 'resolved'.")

    goes_by_beliefs: ClassVar[bool] = True

    @property
    def first_round(self) -> int:
        return self.minimum

    @property
    def full_count(self) -> int:
        return self.maximum

    @property
    def needed(self) -> int:
        """A posterior can be made of one rating."""
        return 1

    def next_step(self, seen: Seen) -> Decision:
        """Resolve when every trigger value is sure; else ask one more, give up as ambiguous, or end at the maximum.

        The ambiguous exit looks at each trigger value by itself (`Alike.foresee`): all together are no likelier to become
        sure than the least likely of them, and whatever one of them would still gain is a reason to go on.
        """
        if seen.came < self.minimum:
            return first_round_open(seen, self.minimum)
        views = _views(seen.slots, seen.beliefs)
        if seen.usable_count >= self.needed and all(view.confidence.min() >= self._border for view in views):
            return self._sure(seen, views)
        text = _words(views, self.target)
        if seen.came >= self.maximum:
            return self._at_the_maximum(seen, text)
        chance, gain = self._foreseen(views, self.maximum - seen.came, 1)
        if self._is_given_up(chance, gain)[0] and not seen.leased:
            left = self.maximum - seen.came
            more, make = in_words(left), "makes" if left == 1 else "make"
            text += f"; the chance that {more} more {make} it sure is {chance[0]:.2f}, and they would add {gain[0]:.3f} at most."
            return unsettled(seen, self.on_unsettled, "ambiguous", text)
        return one_more(seen, "not_yet_confident", text)

    def next_steps(self, crowd: Crowd) -> Steps:
        """As `next_step`, for many samples."""
        if crowd.came < self.minimum:
            return Steps.all_waiting(crowd, self.minimum - crowd.came)
        given_up = {"contested": "contest", "excluded": "exclude", "resolved": "resolve"}[self.on_unsettled]
        views = _views(crowd.slots, crowd.beliefs)
        usable = crowd.usable_counts() >= self.needed
        sure = np.logical_and.reduce([usable, *((view.confidence >= self._border).all(axis=1) for view in views)])
        if crowd.came >= self.maximum:
            at_last = np.where(sure, "resolve", np.where(usable, given_up, "contest"))
            return Steps(at_last, np.zeros(len(crowd), dtype=int))
        unsure = np.flatnonzero(~sure)
        foreseen = self._foreseen([view.of(unsure) for view in views], self.maximum - crowd.came, len(unsure))
        asks = ~sure
        asks[unsure] = ~self._is_given_up(*foreseen)
        then = np.where(sure, "resolve", given_up)
        return Steps.where(crowd, asks=asks, wanted=1, then=then, nobody_left="contest")

    @property
    def _border(self) -> float:
        return self.target - _A_HAIR

    def _is_given_up(self, chance: np.ndarray, gain: np.ndarray) -> np.ndarray:
        return np.asarray((chance < self.hopeless_below) & (gain < self.worthless_below))

    def _foreseen(self, views: Sequence[_View], more: int, sample_count: int) -> tuple[np.ndarray, np.ndarray]:
        """(N,) the chance of the trigger value that is the least likely to become sure, and the largest gain of any."""
        if not self.hopeless_below:
            return np.ones(sample_count), np.ones(sample_count)
        each = [view.foresee(self.target, self._border, more) for view in views]
        chance = np.minimum.reduce([np.ones(sample_count), *(one.min(axis=1) for one, _ in each)])
        gain = np.maximum.reduce([np.zeros(sample_count), *(one.max(axis=1) for _, one in each)])
        return chance, gain

    def _sure(self, seen: Seen, views: Sequence[_View]) -> Decision:
        if seen.leased:
            return under_way(seen, "Sure enough")
        return seen.decision("resolve", "confident", f"{_words(views, self.target)}.")

    def _at_the_maximum(self, seen: Seen, text: str) -> Decision:
        if seen.leased:
            return under_way(seen, text)
        text += f"; all {in_words(seen.came)} people of the maximum are in."
        if seen.usable_count < self.needed:
            return seen.decision("contest", "too_few_usable", text)
        return unsettled(seen, self.on_unsettled, "unsettled", text)


@dataclass(frozen=True, eq=False)
class _View:
    """S trigger values of N samples as the policy sees them: (N, S, L) probabilities, (N, S) values and confidences.

    answers: (S, L, L); foreseeable: (S,) whether there are any.
    """

    alike: Alike
    probabilities: np.ndarray
    answers: np.ndarray
    foreseeable: np.ndarray
    level: np.ndarray
    confidence: np.ndarray

    def foresee(self, target: float, border: float, more: int) -> tuple[np.ndarray, np.ndarray]:
        """(N, S) the chance of reaching the target with so many more, and the gain in confidence.

        Where it is reached: 1 and 0. Where nobody can foresee it: 1 and 1, which never ends anything.
        """
        chance, confidence = self.alike.foresee(target, self.probabilities, self.answers, more)
        is_sure, gain = self.confidence >= border, confidence - self.confidence
        chance = np.where(is_sure | ~self.foreseeable, 1.0, chance)
        return chance, np.where(is_sure, 0.0, np.where(self.foreseeable, gain, 1.0))

    def of(self, rows: np.ndarray) -> _View:
        """The same of some of the samples."""
        return replace(
            self, probabilities=self.probabilities[rows], level=self.level[rows], confidence=self.confidence[rows]
        )


def _views(slots: Sequence[Slot], beliefs: Callable[[], list[Belief | None]]) -> list[_View]:
    groups = alike(tuple(slots))
    told = beliefs() if groups else []
    return [_view(group, [told[place] or _UNKNOWN for place in group.places]) for group in groups]


_UNKNOWN = Belief(np.zeros(0))  # never used: `told_beliefs` refuses a trigger value without a belief


def _view(group: Alike, beliefs: Sequence[Belief]) -> _View:
    nobody_knows = np.eye(group.level_count)
    probabilities = np.stack([np.atleast_2d(belief.probabilities) for belief in beliefs], axis=1)
    answers = np.array([nobody_knows if belief.answers is None else belief.answers for belief in beliefs])
    foreseeable = np.array([belief.answers is not None for belief in beliefs])
    return _View(group, probabilities, answers, foreseeable, *group.certainty(probabilities))


def _words(views: Sequence[_View], target: float) -> str:
    """The trigger value of one sample that is the least sure, with its numbers."""
    if not views:
        return "No trigger value has to be sure"
    view = min(views, key=lambda one: float(one.confidence.min()))
    at = int(view.confidence[0].argmin())
    slot, confidence = view.alike.slots[at], float(view.confidence[0, at])
    value = slot.scale.levels[int(view.level[0, at])]
    right = f"within {slot.settle_within:g} of {value}" if slot.settle_within else f"{value}"
    shown = confidence if confidence >= target - _A_HAIR else floor(100 * confidence) / 100  # never the target itself
    return f"{slot.name}: {shown:.2f} that the right value is {right}; the target is {target:g}"
