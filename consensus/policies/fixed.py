"""A fixed number of people, whatever they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from consensus.policies.crowd import Crowd, Steps
from consensus.policies.decision import (
    NEEDED,
    Decision,
    PolicyNotValid,
    Seen,
    first_round_open,
    in_words,
    too_few_usable,
    under_way,
)


@dataclass(frozen=True)
class FixedOverlap:
    """Ask `overlap` people, whatever they say: no sample is chosen by what people said of it, so figures are unbiased.

    Parameters: overlap, at least `needed`; needed, the people whom a label rests on (1 for a rule that makes one of a
        single rating). Raises: PolicyNotValid.
    """

    overlap: int
    needed: int = NEEDED

    def __post_init__(self) -> None:
        if self.overlap < self.needed or self.needed < 1:
            raise PolicyNotValid(
                f"A fixed overlap of {self.overlap} people makes no label. Ask at least {max(self.needed, 1)} people."
            )

    goes_by_beliefs: ClassVar[bool] = False

    @property
    def first_round(self) -> int:
        return self.overlap

    @property
    def full_count(self) -> int:
        return self.overlap

    def next_step(self, seen: Seen) -> Decision:
        """Wait for the overlap, then resolve. With nobody left to ask, a reviewer decides what a label could be made of."""
        if seen.came >= self.overlap:
            return self._after_overlap(seen)
        if seen.came < self.needed or seen.leased or seen.people_left:
            return first_round_open(seen, self.overlap)
        text = f"Only {seen.came} of the {self.overlap} people of the fixed overlap are in; nobody is left to ask."
        return seen.decision("contest", "nobody_left", text)

    def next_steps(self, crowd: Crowd) -> Steps:
        """As `next_step`, for many samples."""
        missing = self.overlap - crowd.came
        if missing <= 0:
            usable = crowd.usable_counts() >= self.needed
            return Steps(np.where(usable, "resolve", "contest"), np.zeros(len(crowd), dtype=int))
        stuck = (crowd.came >= self.needed) & (crowd.people_left == 0)
        return Steps(np.where(stuck, "contest", "wait"), np.where(stuck, 0, missing))

    def _after_overlap(self, seen: Seen) -> Decision:
        if seen.leased:
            return under_way(seen, "The overlap is in")
        if too_few := too_few_usable(seen, self.needed):
            return too_few
        text = f"All {in_words(seen.came)} people of the fixed overlap are in."
        return seen.decision("resolve", "fixed_overlap_reached", text)
