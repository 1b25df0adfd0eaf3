"""What a reviewer's decision is worth: how many values of the data set it is expected to put right.

One unit is one label value that would otherwise be wrong. A queue in this order spends a reviewer's time where it
changes most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale
from consensus.smoothing import vote_posterior

# A person with the sample in their hands stands still: this counts for as much as so many values.
BLOCKED = 3.0
ASKED_EARLIER = 1.0  # they went on, and wait for the reply all the same
SURE_TO_BE_MISSING = 1.0  # nothing is proposed, so whatever a reviewer sets is new


class WorthNotValid(ValueError):
    """A doubt is no probability, or a count is below 0."""


def doubt(ratings: npt.ArrayLike, scale: Scale, value: float | None, *, within: float = 0.0) -> float:
    """Probability that one more person would not stand by a value of one sample.

    Parameters: ratings, (M,) floats, M people, NaN = not rated; value, a level of the scale, None where nothing is
    proposed; within, in scale points, how far another rating may lie from it and still stand by it (the policy's
    `settle_within`).
    Returns: from 0 to 1; what `consensus.smoothing.vote_posterior` leaves beyond `within`. 1 where nothing is proposed.
    Raises: RatingOffScale.

    >>> scale = Scale(levels=(1, 2, 3, 4, 5, 6), measurement="interval")
    >>> round(doubt([4, 4, 4], scale, 4, within=1), 2), round(doubt([1, 6, 1, 6, 3], scale, 2, within=1), 2)
    (0.08, 0.43)
    """
    if value is None or np.isnan(value):
        return SURE_TO_BE_MISSING
    likely = vote_posterior(np.atleast_2d(np.asarray(ratings, dtype=float)), scale)[0]
    beyond = (scale.values != value) if scale.is_nominal else (np.abs(scale.values - value) > within)
    return float(likely[beyond].sum())


def of_label(doubts: Sequence[float], *, priority: int = 0) -> float:
    """A label, standing or proposed: the values expected to be wrong, over all trigger values. Raises: WorthNotValid.

    >>> of_label([0.5, 0.25]), of_label([0.5, 0.25], priority=1)
    (0.75, 1.5)
    """
    return sum(_probability(one) for one in doubts) * urgency(priority)


def of_gold(chance_wrong: float, people_measured: int, *, priority: int = 0) -> float:
    """A disputed known answer: a wrong one is held against everybody who was asked. Raises: WorthNotValid.

    >>> of_gold(0.5, 8)
    4.0
    """
    if people_measured < 0:
        raise WorthNotValid(f"{people_measured} people were measured. Give 0 or more.")
    return _probability(chance_wrong) * max(people_measured, 1) * urgency(priority)


def of_question(*, is_in_hand: bool, priority: int = 0) -> float:
    """A question: whoever holds the sample meanwhile waits for the reply."""
    return (BLOCKED if is_in_hand else ASKED_EARLIER) * urgency(priority)


def urgency(priority: int) -> float:
    """What the priority of a sample multiplies: 1 for 0 or less, then 2, 3 and so on."""
    return 1.0 + max(priority, 0)


def _probability(chance: float) -> float:
    if not 0 <= chance <= 1:
        raise WorthNotValid(f"A doubt of {chance} is no probability. Give a number from 0 to 1.")
    return chance
