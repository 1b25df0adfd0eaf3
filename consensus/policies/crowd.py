"""Many samples at once: what a replay gives to a policy, and what it gets back.

Every policy decides for a crowd by arithmetic over the whole array; tests hold that to what `decide` says of each sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from consensus.disagreement import capped_on_nominal, range_along
from consensus.policies.decision import Belief, Beliefs, gave_every_trigger, limits_of, told_beliefs
from consensus.scales import Slot


@dataclass(frozen=True, eq=False)
class Crowd:
    """N samples with the same K slots and M annotations each; none is under way.

    ratings: (N, M, K) floats in order of arrival, on the scales of the slots (not checked again), NaN = not rated.
    people_left: (N,) whole numbers, who may still be asked. believing: what tells one `Belief` a slot, its
        probabilities (N, L), or None for what is no trigger value.
    """

    slots: Sequence[Slot]
    ratings: np.ndarray
    people_left: np.ndarray
    believing: Callable[[], Beliefs] | None = None

    def __len__(self) -> int:
        return len(self.ratings)

    @property
    def came(self) -> int:
        return self.ratings.shape[1]

    def usable_counts(self) -> np.ndarray:
        """(N,) people who gave every trigger value."""
        return np.count_nonzero(gave_every_trigger(self.ratings, self.slots), axis=1)

    def is_disputed(self, first_round: int) -> np.ndarray:
        """(N,) booleans: a trigger value's range over the first round is above its limit."""
        ranges = capped_on_nominal(range_along(self.ratings[:, :first_round], axis=1), self.slots)
        return np.any(ranges > limits_of([slot.escalate_above for slot in self.slots]), axis=1)

    def tallies(self, place: int) -> np.ndarray:
        """(N, L) how many people chose each level in one slot."""
        return np.stack(
            [np.count_nonzero(self.ratings[:, :, place] == level, axis=1) for level in self.slots[place].scale.levels],
            axis=1,
        )

    def beliefs(self) -> list[Belief | None]:
        """One for each slot. Raises: BeliefsMissing."""
        return told_beliefs(self.believing, self.slots)


@dataclass(frozen=True, eq=False)
class Steps:
    """What happens next to each of N samples: (N,) outcomes as text, and (N,) slots wanted."""

    outcome: np.ndarray
    slots_wanted: np.ndarray

    @classmethod
    def all_waiting(cls, crowd: Crowd, missing: int) -> Steps:
        return cls(np.full(len(crowd), "wait", dtype="U8"), np.full(len(crowd), missing))

    @classmethod
    def where(
        cls, crowd: Crowd, *, asks: np.ndarray, wanted: int, then: np.ndarray | str, nobody_left: np.ndarray | str
    ) -> Steps:
        """Ask `wanted` more where `asks` and anybody is left, `nobody_left` where not; else `then`."""
        open_slots = np.where(asks, np.minimum(wanted, crowd.people_left), 0)
        outcome = np.where(asks, np.where(open_slots > 0, "escalate", nobody_left), then)
        return cls(outcome.astype("U8"), open_slots)
