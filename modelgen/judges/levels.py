"""From what a judge says to probabilities of the rubric's levels, and to one level that stands for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consensus.scales import Scale
from modelgen.judges.question import Attribute


@dataclass(frozen=True)
class Preference:
    """How probable it is that the first of two responses is better, that the second is, and that neither is; sums to 1."""

    first: float
    second: float
    neither: float = 0.0

    @property
    def winner(self) -> str:
        """`first`, `second` or `neither`: the likeliest. Where it is torn between the first two, neither wins."""
        best = max(self.first, self.second, self.neither)
        if best == self.neither or self.first == self.second:
            return "neither"
        return "first" if best == self.first else "second"


def compared(given: Preference, swapped: Preference, levels: Sequence[int]) -> tuple[float, ...]:
    """Probabilities of a comparison's levels from the judgments in both orders.

    A two-way judgment knows which response is better, and how sure it is, but not by how much. So the probability of a
    side is spread evenly over the levels of that side, and no level is favoured for being stronger.

    - With 0 among the levels each side keeps what *both* orders grant it, the smaller of its two probabilities; what is
      left, on which the orders contradict each other or which they gave to "equally good", goes to 0. With p and q the
      probability in either order that the second is better: min(p, q) to the second, 1 - max(p, q) to the first, |p - q| to 0.
    - Without 0 each side gets the mean of both orders, made to sum to 1.

    So it is monotone: more for the second in either order never takes from the upper levels (in the sense of cumulative
    probabilities). Swapping the responses, which swaps `first` and `second` in both and then both orders, gives exactly the
    mirror image on levels that are symmetric about 0.

    Parameters: given, swapped: in both the first is the sample's first response, whichever was shown first.
    levels: ascending, with negative (the first is better) and positive ones.
    Returns: one probability a level, summing to 1.
    """
    below, above = sum(level < 0 for level in levels), sum(level > 0 for level in levels)
    if 0 in levels:
        first, second = min(given.first, swapped.first), min(given.second, swapped.second)
        rest = max(0.0, 1.0 - (first + second))
    else:
        first, second = (given.first + swapped.first) / 2, (given.second + swapped.second) / 2
        first, second, rest = *_two_of_one(first, second), 0.0
    side = {-1: first / below, 0: rest, 1: second / above}
    return tuple(side[(level > 0) - (level < 0)] for level in levels)


def _two_of_one(first: float, second: float) -> tuple[float, float]:
    total = first + second
    return (first / total, second / total) if total else (0.5, 0.5)


def compared_value(given: Preference, swapped: Preference, levels: Sequence[int]) -> int | None:
    """The one level that stands for a comparison; None when the judge is torn and the scale has no 0.

    The side is the winner's when both orders name the same one; otherwise 0 where the scale has it, else the side of the
    mean of both orders. On that side it is the level nearest to the expectation of `compared`: a surer judge may say
    more, but never the most where a side has three levels.
    """
    winner = given.winner if given.winner == swapped.winner else "neither"
    if winner == "neither" and 0 in levels:
        return 0
    mean = (given.second + swapped.second) - (given.first + swapped.first)
    sign = {"first": -1, "second": 1}.get(winner, int(np.sign(mean)))
    side = [level for level in levels if level * sign > 0]
    if not side:
        return None
    expectation = expected(compared(given, swapped, levels), levels)
    # Of two that are equally near the one further from zero, as ratings are rounded; sums of shares miss a half by a hair.
    return min(side, key=lambda level: (round(abs(level - expectation), 9), -abs(level)))


def expected(probabilities: Sequence[float], levels: Sequence[int]) -> float:
    """The mean level."""
    return float(sum(p * level for p, level in zip(probabilities, levels, strict=True)))


def stands_for(probabilities: Sequence[float], attribute: Attribute) -> int | None:
    """The one level that stands for a distribution: the likeliest of names; of ranks the expectation, rounded.

    Halves are rounded away from zero. None: it rounds to 0 on a comparison without 0.
    """
    if attribute.is_nominal:
        return attribute.levels[int(np.argmax(probabilities))]
    exact = round(expected(probabilities, attribute.levels), 9)  # sums of shares miss a half by a hair
    level = int(Scale(levels=attribute.levels, measurement="ordinal").nearest(exact))
    return level if level in attribute.levels else None


def between_neighbours(score: float, levels: Sequence[int]) -> tuple[float, ...]:
    """A score on the scale as a distribution whose mean it is: shared by the two levels around it, by nearness.

    A score beyond the scale counts as its end.

    >>> between_neighbours(2.25, (0, 1, 2, 3, 4))
    (0.0, 0.0, 0.75, 0.25, 0.0)
    """
    clipped = min(max(score, levels[0]), levels[-1])
    upper = next(place for place, level in enumerate(levels) if level >= clipped)
    shares = [0.0] * len(levels)
    if levels[upper] == clipped:
        shares[upper] = 1.0
        return tuple(shares)
    share = (clipped - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
    shares[upper - 1], shares[upper] = 1.0 - share, share
    return tuple(shares)
