"""Where a person leans: above or below the others of the same samples, or towards the response shown first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.annotators.agreement import cluster_of
from consensus.annotators.estimates import PeopleEstimates, of_means
from consensus.annotators.others import apart_from_others, mean_of, others_mean
from consensus.saying import said
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes

NO_ORDER = said("Its levels are names without an order, so nobody can be above or below.")
NO_SIDES = said("It does not compare two responses.")
SIDES = Scale((-1, 0, 1), "ordinal")  # the first response as stored, neither, the second


class NoOrder(ValueError):
    """A bias was asked for on a scale whose levels are names, or a position where nothing is compared."""


@dataclass(frozen=True, eq=False)
class Bias:
    """By how much people rate above the others of the same samples.

    measured: in scale points, with intervals. likely: the same, shrunk to what is usual; to correct ratings with.
    usual_distance: how far two people of one sample are apart on the average, in scale points.
    """

    measured: PeopleEstimates
    likely: PeopleEstimates
    usual_distance: float


@dataclass(frozen=True, eq=False)
class PositionPreference:
    """How much oftener people choose the response shown first than the others choose the same responses.

    extra: (P,) shares, -1 to 1. first, others: (P,) floats, how often the person chose what was shown to them first, and how often the
    others chose the same; no preference counts half.
    """

    extra: PeopleEstimates
    first: np.ndarray
    others: np.ndarray


def bias(votes: Votes, scale: Scale, clusters: npt.ArrayLike | None = None) -> Bias:
    """The mean signed difference between each person's ratings and the mean of the others of the same units.

    The others are allowed for their own bias. On a scale with ends the figure is somewhat below the truth, since nobody can be above the highest level.

    Parameters: votes; scale, ordinal or interval; clusters as in `agreement`.
    Raises: NoOrder, WrongShape.
    """
    if scale.is_nominal:
        raise NoOrder(f"There is no bias among {scale.levels}: {NO_ORDER}")
    cluster, person, value = cluster_of(votes, clusters), votes.person.astype(int), scale.values[votes.level]
    apart = apart_from_others(
        votes.sample,
        person,
        value,
        sample_count=votes.sample_count,
        person_count=votes.person_count,
        middle=mean_of,
    )
    known = ~np.isnan(apart)
    measured = of_means(person[known], cluster[known], apart[known], votes.person_count)
    return Bias(measured, measured.shrunk(), _usual_distance(votes, scale))


def position_preference(
    votes: Votes, scale: Scale, shown_first: npt.ArrayLike, clusters: npt.ArrayLike | None = None
) -> PositionPreference:
    """How often each person chose the response shown first, less how often the others chose that same response.

    The others saw the responses in orders of their own, which are drawn at random: what they think of the first does not lean.

    Parameters: votes of a comparison whose levels below 0 favour the first response (as stored) and those above 0 the second;
        shown_first, (R,) 0 or 1, the stored place of the response that the person saw first; clusters as in `agreement`.
    Raises: NoOrder, WrongShape.
    """
    if scale.is_nominal or not scale.levels[0] < 0 < scale.levels[-1]:
        raise NoOrder(f"Levels {scale.levels} prefer no side. {NO_SIDES}")
    places = np.asarray(shown_first)
    if places.shape != votes.sample.shape:
        raise WrongShape(f"{places.shape} orders for {len(votes)} votes. Give one a vote.")
    chose_stored_first = (1 - np.sign(scale.values[votes.level])) / 2
    others = others_mean(votes.sample, chose_stored_first, votes.sample_count)
    own, theirs = (np.where(places == 0, share, 1 - share) for share in (chose_stored_first, others))
    known, person, count = ~np.isnan(others), votes.person.astype(int), votes.person_count
    extra = of_means(person[known], cluster_of(votes, clusters)[known], (own - theirs)[known], count).between(-1, 1)
    return PositionPreference(
        extra, mean_of(person[known], own[known], count), mean_of(person[known], theirs[known], count)
    )


def preferred_by_ratings(first: npt.ArrayLike, second: npt.ArrayLike) -> np.ndarray:
    """Which of two responses each answer rates higher: for `position_preference` where nobody is asked to compare.

    Parameters: first, second, (A, K) floats, the ratings of the first and the second response as stored on the same K
        attributes, whose higher levels are better; NaN = not given.
    Returns: (A,) floats, -1 the first, 0 neither, 1 the second; NaN where no attribute has both.

    >>> preferred_by_ratings([[4, 3], [2, 2]], [[3, 3], [3, np.nan]])
    array([-1.,  1.])
    """
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.ndim != 2 or one.shape != other.shape:
        raise WrongShape(f"Ratings have the shapes {one.shape} and {other.shape}. Give (answers, attributes) twice.")
    apart = other - one
    known = ~np.isnan(apart)
    return np.where(known.any(axis=1), np.sign(np.where(known, apart, 0).sum(axis=1)), np.nan)


def _usual_distance(votes: Votes, scale: Scale) -> float:
    counts = votes.tally().astype(float)
    given = counts.sum(axis=1)
    pairs = (given * (given - 1)).sum()
    return float(((counts @ scale.distances) * counts).sum() / pairs) if pairs else 0.0
