"""What the next person would say of a sample, from the few votes that there are.

A vote speaks for its own level and, less so, for the levels next to it; all votes are shrunk towards how often
each level is used at all. It needs no model of single people, so it is never far from the majority with few votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale

NEIGHBOUR_CHOICES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
PRIOR_VOTE_CHOICES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


class SmoothingNotValid(ValueError):
    """The smoothing would leave a probability of zero, or has no meaning."""


@dataclass(frozen=True)
class Smoothing:
    """How far a few votes are believed.

    prior_votes: how many votes the pooled frequencies of the levels count for; above 0.
    neighbour: a vote's share for a level one step away, relative to its own level; each further step multiplies it again.
        At least 0 and below 1; without effect on a nominal scale. A step is one level (ordinal) or the scale's
        smallest difference (interval).
    Raises: SmoothingNotValid.
    """

    prior_votes: float = 1.0
    neighbour: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.prior_votes < np.inf or not 0 <= self.neighbour < 1:
            raise SmoothingNotValid(
                f"prior_votes is {self.prior_votes} and neighbour {self.neighbour}. "
                "Give a number above 0, and one from 0 to below 1."
            )

    def kernel(self, scale: Scale) -> np.ndarray:
        """(L, L) floats, rows sum to 1: what one vote for the level of the row says of each level."""
        if scale.is_nominal:
            return np.eye(len(scale.levels))
        places = np.arange(len(scale.levels)) if scale.measurement == "ordinal" else scale.values / scale.step
        shares = self.neighbour ** np.abs(places[:, None] - places[None, :])
        return shares / shares.sum(axis=1, keepdims=True)


def vote_posterior(ratings: npt.ArrayLike, scale: Scale, *, smoothing: Smoothing | None = None) -> np.ndarray:
    """Probability of each level being what another person would choose.

    Parameters: ratings, (N, M) floats, N samples by M people, NaN = not rated; smoothing, by default `Smoothing()`.
    Returns: (N, L) floats, rows sum to 1, every one above 0; a sample without ratings has the pooled frequencies.
    Raises: WrongShape, RatingOffScale.
    """
    counts = scale.tally(ratings)
    return _predicted(counts, counts.sum(axis=0), scale, smoothing or Smoothing())


def log_vote_posterior(ratings: npt.ArrayLike, scale: Scale, *, smoothing: Smoothing | None = None) -> np.ndarray:
    """Natural logarithms of `vote_posterior`, all finite."""
    return np.log(vote_posterior(ratings, scale, smoothing=smoothing))


def level_frequencies(ratings: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """How often each level is used over all samples, with one vote spread evenly so that none is impossible.

    Parameters: ratings, (N, M) floats, NaN = not rated. Returns: (L,) floats, sum 1, every one above 0.
    Raises: WrongShape, RatingOffScale.
    """
    return smoothed_frequencies(scale.tally(ratings).sum(axis=0))


def smoothed_frequencies(totals: np.ndarray) -> np.ndarray:
    """Votes a level (..., L) as frequencies (..., L), one vote spread evenly added."""
    return (totals + 1 / totals.shape[-1]) / (totals.sum(axis=-1, keepdims=True) + 1)


def leave_one_out_posterior(ratings: npt.ArrayLike, scale: Scale, *, smoothing: Smoothing | None = None) -> np.ndarray:
    """The posterior that each vote would have met, had it not been given.

    Parameters: as in `vote_posterior`.
    Returns: (N, L, L) floats; [n, v] is the posterior of sample n without one vote for level v, neither among its own
        votes nor in the pooled frequencies; NaN where the sample has no vote for v. People who chose the same level are
        interchangeable, so this holds every held-out prediction.
    """
    counts = scale.tally(ratings)
    return _leave_one_out(counts, counts.sum(axis=0), scale, smoothing or Smoothing())


def _leave_one_out(counts: np.ndarray, total: np.ndarray, scale: Scale, smoothing: Smoothing) -> np.ndarray:
    held_out = np.full((len(counts), len(scale.levels), len(scale.levels)), np.nan)
    for level, one_vote in enumerate(np.eye(len(scale.levels), dtype=int)):
        voted = counts[:, level] > 0
        if not voted.any():
            continue
        held_out[voted, level] = _predicted(counts[voted] - one_vote, total - one_vote, scale, smoothing)
    return held_out


def fit_smoothing(ratings: npt.ArrayLike, scale: Scale) -> Smoothing:
    """The smoothing, among a fixed few, under which left-out votes are most probable; the default without votes.

    Only two numbers are fitted to all votes together, so this cannot drift into a style of labelling as a model
    with a matrix a person does.
    """
    return fit_smoothing_of_counts(scale.tally(ratings), scale)


def fit_smoothing_of_counts(counts: np.ndarray, scale: Scale) -> Smoothing:
    """`fit_smoothing` from how often each level was chosen: (N, L) whole numbers."""
    if not (counts.sum(axis=1) >= 2).any():
        return Smoothing()
    neighbours = (0.0,) if scale.is_nominal else NEIGHBOUR_CHOICES
    choices = [Smoothing(*choice) for choice in product(PRIOR_VOTE_CHOICES, neighbours)]
    kinds, how_many = np.unique(counts, axis=0, return_counts=True)  # samples with the same counts foretell the same
    return max(choices, key=lambda choice: _held_out_log_likelihood(kinds, how_many, scale, choice))


def _predicted(counts: np.ndarray, total: np.ndarray, scale: Scale, smoothing: Smoothing) -> np.ndarray:
    return predicted_from_counts(counts, smoothed_frequencies(total), scale, smoothing)


def predicted_from_counts(counts: np.ndarray, pooled: np.ndarray, scale: Scale, smoothing: Smoothing) -> np.ndarray:
    """`vote_posterior` from how often each level was chosen, (N, L), and how common each is, (L,)."""
    spoken = counts @ smoothing.kernel(scale)
    return (spoken + smoothing.prior_votes * pooled) / (counts.sum(axis=1, keepdims=True) + smoothing.prior_votes)


def _held_out_log_likelihood(kinds: np.ndarray, how_many: np.ndarray, scale: Scale, smoothing: Smoothing) -> float:
    votes = kinds * how_many[:, None]
    own = np.diagonal(_leave_one_out(kinds, votes.sum(axis=0), scale, smoothing), axis1=1, axis2=2)
    return float(np.sum(votes * np.log(np.where(kinds > 0, own, 1.0))))
