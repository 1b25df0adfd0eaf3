"""Where a judge is farthest from people: on which samples somebody should read why."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, WrongShape

PEOPLE_NEEDED = 2


def excess_distance(judged: npt.ArrayLike, ratings: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """How much farther the judge is from the people of a sample than these are from each other.

    Where people differ among themselves a judge that differs too says little; where they are of one mind it may have seen what
    they did not, or missed what they saw.

    Parameters: judged, (N,) levels, NaN = no judgment; ratings, (N, M) floats, NaN = not rated.
    Returns: (N,) floats from -1 to 1, as shares of the scale (nominal: of differing people); NaN where the judge is silent or fewer
        than two people rated.
    Raises: WrongShape, RatingOffScale.

    >>> excess_distance([4, 4], [[0, 0, 0], [0, 4, 0]], Scale((0, 1, 2, 3, 4), "ordinal")).round(2).tolist()
    [1.0, 0.0]
    """
    words, tally = np.asarray(judged, dtype=float), scale.tally(ratings).astype(float)
    if words.shape != (len(tally),):
        raise WrongShape(f"Judgments of shape {words.shape} for {len(tally)} samples. Give one a sample.")
    counts = tally.sum(axis=1)
    usable = ~np.isnan(words) & (counts >= PEOPLE_NEEDED)
    apart = scale.distances / scale.distances.max()
    found = np.full(len(tally), np.nan)
    here, number = tally[usable], counts[usable]
    of_judge = (here * apart[scale.codes(words[usable])]).sum(axis=1) / number
    of_people = (here * (here @ apart)).sum(axis=1) / (number * (number - 1))
    found[usable] = of_judge - of_people
    return found
