"""One more person at a time, until nobody who may still come could change the label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from consensus import middles
from consensus.policies.crowd import Crowd, Steps
from consensus.policies.decision import (
    Decision,
    PolicyNotValid,
    Seen,
    first_round_open,
    in_words,
    one_more,
    said_by,
    too_few_usable,
    trigger_places,
    under_way,
)
from consensus.scales import Scale, Slot

RULES = {"majority": middles.majority, "median": middles.median}
_NEEDED = 1  # a majority or a median can be made of one rating


@dataclass(frozen=True)
class SequentialPolicy:
    """Ask one more at a time, at most `maximum`, and stop as soon as no further label can change any trigger value.

    The first half of the maximum, rounded up, is asked at once: fewer can always be outvoted by those to come, so waiting
    for them one by one would save nothing.

    Parameters: rule, of the labels: "majority" or "median"; of no other rule is the outcome certain before the last
        person. maximum, 2 or more.
    Raises: PolicyNotValid.
    """

    rule: str = "majority"
    maximum: int = 5

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise PolicyNotValid(
                f"A sequential policy cannot tell when the label rule {self.rule!r} is certain of its outcome: every "
                f"further rating moves it. Use one of: {', '.join(RULES)}; or another policy."
            )
        if self.maximum < 2:
            raise PolicyNotValid(
                f"A sequential policy of at most {self.maximum} people has nothing to stop. Ask 2 or more."
            )

    goes_by_beliefs: ClassVar[bool] = False

    @property
    def first_round(self) -> int:
        return (self.maximum + 1) // 2

    @property
    def full_count(self) -> int:
        return self.maximum

    @property
    def needed(self) -> int:
        return _NEEDED

    def next_step(self, seen: Seen) -> Decision:
        """Settled when on every trigger value the label is the same whatever those to come say, or leave out."""
        if seen.came < self.first_round:
            return first_round_open(seen, self.first_round)
        to_come = max(self.maximum - seen.came, 0)
        open_slot = self._first_open(seen, to_come) if to_come else None
        if open_slot is not None:
            return one_more(seen, "outcome_open", self._how_open(seen, open_slot, to_come))
        if seen.leased:
            return under_way(seen, "No further label is wanted")
        if too_few := too_few_usable(seen, _NEEDED):
            return too_few
        if to_come:
            text = f"Whatever {in_words(to_come)} more would say, no trigger value could change."
            return seen.decision("resolve", "outcome_certain", text)
        return seen.decision("resolve", "maximum_reached", f"All {in_words(seen.came)} people of the maximum are in.")

    def next_steps(self, crowd: Crowd) -> Steps:
        """As `next_step`, for many samples."""
        if crowd.came < self.first_round:
            return Steps.all_waiting(crowd, self.first_round - crowd.came)
        to_come = max(self.maximum - crowd.came, 0)
        certain = np.ones(len(crowd), dtype=bool)
        for place in trigger_places(crowd.slots) if to_come else []:
            certain &= is_certain(crowd.tallies(place), crowd.slots[place].scale, rule=self.rule, to_come=to_come)
        usable = crowd.usable_counts() >= _NEEDED
        return Steps.where(
            crowd,
            asks=~certain,
            wanted=1,
            then=np.where(usable, "resolve", "contest"),
            nobody_left="contest",
        )

    def _first_open(self, seen: Seen, to_come: int) -> int | None:
        """The first trigger value that can still change."""
        for scale, places in _by_scale(seen.slots).items():
            counts = _counts(seen.everybody[:, places], scale)
            certain = is_certain(counts, scale, rule=self.rule, to_come=to_come)
            if not certain.all():
                return places[int(certain.argmin())]
        return None

    def _how_open(self, seen: Seen, place: int, to_come: int) -> str:
        slot = seen.slots[place]
        counts = _counts(seen.everybody[:, [place]], slot.scale)
        now = values_of(counts, slot.scale, rule=self.rule)[0]
        after = _if_all_said_one(counts, np.arange(to_come, 0, -1)).reshape(-1, counts.shape[1])
        others = values_of(after, slot.scale, rule=self.rule)
        other = others[(others != now) & ~np.isnan(others)][0]
        verdict = "no value yet" if np.isnan(now) else f"{self.rule} {now:g}"
        said = said_by(seen.everybody[:, place])
        return f"{slot.name}: people said {said}; {verdict}, and {in_words(to_come)} more could make it {other:g}"


def is_certain(counts: np.ndarray, scale: Scale, *, rule: str, to_come: int) -> np.ndarray:
    """Whether the value of a rule is the same whatever up to `to_come` more people say.

    Parameters: counts, (N, L) whole numbers, votes a level; rule, "majority" or "median" with the ties of
        `aggregate`; to_come, 1 or more. Returns: (N,) booleans.

    It is enough to look at the completions in which all who come say the same. For the majority: a rival level overtakes
    only if it gets as many more votes as the leader is ahead, and then giving it every vote to come is the strongest
    case, the only one where it just draws level. For the median: it rises and falls with every rating, so all completions
    of one size lie between all at the lowest and all at the highest level. People who leave the value out make a
    completion smaller, so every size is looked at.
    """
    now = values_of(counts, scale, rule=rule)
    sizes = np.arange(1, to_come + 1)
    then = values_of(_if_all_said_one(counts, sizes).reshape(-1, len(scale.levels)), scale, rule=rule)
    return np.asarray((then.reshape(len(counts), -1) == now[:, None]).all(axis=1))


def values_of(counts: np.ndarray, scale: Scale, *, rule: str) -> np.ndarray:
    """The label of each row of votes: (N, L) counts -> (N,) levels, 0 for "no preference", NaN without votes."""
    return scale.nearest(RULES[rule](counts, scale))


def _if_all_said_one(counts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(N, L) counts -> (N, sizes, L, L): the counts if so many more people all chose the level of the third axis."""
    more = sizes[:, None, None] * np.eye(counts.shape[1], dtype=int)
    return counts[:, None, None, :] + more


def _counts(ratings: np.ndarray, scale: Scale) -> np.ndarray:
    """(M, S) ratings of slots of one scale -> (S, L) votes a level."""
    return np.count_nonzero(ratings.T[:, :, None] == scale.values, axis=1)


def _by_scale(slots: Sequence[Slot]) -> dict[Scale, list[int]]:
    """The trigger values that share a scale."""
    places: dict[Scale, list[int]] = {}
    for place in trigger_places(slots):
        places.setdefault(slots[place].scale, []).append(place)
    return places
