"""What a policy is, and the one question that all of them answer.

`decide` is pure: it knows the ratings counted so far, how many are under way and how many people could still be asked.
That two of the first people say "neither valid" is decided before this module is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from consensus.disagreement import capped_on_nominal, range_along
from consensus.policies.crowd import Crowd, Steps
from consensus.policies.decision import Beliefs, Decision, Seen, checked_count
from consensus.scales import Slot, people_by_slots


class Policy(Protocol):
    """How many people are asked of a sample, and what follows from what they say."""

    @property
    def goes_by_beliefs(self) -> bool:
        """Whether it has to be told the probabilities of the levels."""
        ...

    @property
    def first_round(self) -> int:
        """The annotations before which nothing is decided."""
        ...

    @property
    def full_count(self) -> int:
        """The annotations after which nobody else is asked."""
        ...

    @property
    def needed(self) -> int:
        """The people who must have given every trigger value before a label is made."""
        ...

    def next_step(self, seen: Seen) -> Decision:
        """What happens next to a sample of which this is known."""
        ...

    def next_steps(self, crowd: Crowd) -> Steps:
        """The same for many samples at once, of which nothing is under way."""
        ...


def decide(
    policy: Policy,
    slots: Sequence[Slot],
    first_round: npt.ArrayLike,
    later: npt.ArrayLike,
    people_left: int | Callable[[], int],
    leased: int,
    *,
    beliefs: Callable[[], Beliefs] | None = None,
) -> Decision:
    """What happens next to one sample under a policy.

    Parameters: first_round, (M1, K) floats, the frozen first annotations in order of arrival by K slots, NaN = not rated;
        later, (M2, K) floats, those counted after them; people_left, people who may still be asked (or what counts them), without those
        who hold a lease; leased, annotations under way; beliefs, what tells the probabilities of the levels slot by slot, (L,) floats or a
        `Belief`, None for what is no trigger value. It is called only by a policy that goes by them.
    Raises: WrongShape, RatingOffScale, SlotNotValid, CountNotValid, BeliefsMissing.
    """
    counting = people_left if callable(people_left) else partial(int, checked_count("people_left", people_left))
    checked_count("leased", leased)
    first = people_by_slots(first_round, slots)
    everybody = np.concatenate([first, people_by_slots(later, slots)])
    ranges = capped_on_nominal(range_along(first, axis=0), slots)
    return policy.next_step(Seen(slots, first, everybody, counting, leased, ranges, beliefs))
