"""What a judge's word is worth in this project: from its levels to what people say when it says so.

Calibration is out of fold by prompt: the table that translates a judgment was counted on every *other* prompt, so a
sample's own ratings, and those of its siblings, never enter its calibrated probabilities.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consensus.posterior import smoothed_frequencies
from consensus.scales import Scale, WrongShape, level_probabilities


class PriorVotesNotValid(ValueError):
    """The prior votes of a calibration are not above zero."""


def calibrate(
    judged: npt.ArrayLike,
    ratings: npt.ArrayLike,
    scale: Scale,
    groups: npt.ArrayLike,
    *,
    prior_votes: float = 5.0,
) -> np.ndarray:
    """What people say of samples on which a judge speaks as it does here.

    The judge's probabilities are multiplied by a table of what people rated where it chose each level, counted on all
    other prompts and shrunk to the pooled frequencies of the levels by `prior_votes` ratings a row. A judge that tells
    nothing thus becomes the pooled frequencies, whatever it claims to know.

    Parameters: judged, (N,) levels with NaN = no judgment, or (N, L) probabilities with rows of NaN; ratings, (N, M)
        floats, first rounds only, NaN = not rated; groups, (N,) the prompt of each sample.
    Returns: (N, L) floats, rows sum to 1 and are above 0; NaN where the judge said nothing.
    Raises: WrongShape, RatingOffScale, ProbabilitiesNotValid, PriorVotesNotValid.
    """
    if not 0 < prior_votes < np.inf:
        raise PriorVotesNotValid(f"prior_votes is {prior_votes}. Give a number above 0, such as 5.")
    counts = scale.tally(ratings)
    spoken = judged_probabilities(judged, scale)
    names = np.asarray(groups)
    if len(spoken) != len(counts) or names.shape != (len(counts),):
        raise WrongShape(
            f"{len(spoken)} judgments and prompts of shape {names.shape} for {len(counts)} samples. Give one of each a sample."
        )
    return _translated(spoken, counts, names, prior_votes)


def frequencies_elsewhere(ratings: npt.ArrayLike, scale: Scale, groups: npt.ArrayLike) -> np.ndarray:
    """How often each level is used on all other prompts: what `calibrate` makes of a judge that knows nothing.

    Parameters: as in `calibrate`. Returns: (N, L) floats, rows sum to 1 and are above 0. Raises: WrongShape, RatingOffScale.
    """
    counts = scale.tally(ratings)
    names, places = np.unique(np.asarray(groups), return_inverse=True)
    if len(places) != len(counts):
        raise WrongShape(f"{len(places)} prompts for {len(counts)} samples. Give one a sample.")
    own = np.zeros((len(names), counts.shape[1]))
    np.add.at(own, places, counts)
    return smoothed_frequencies(own.sum(axis=0) - own)[places]


def judged_probabilities(judged: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """A judge's levels (N,) or probabilities (N, L) as (N, L) probabilities; rows of NaN = no judgment.

    Raises: WrongShape, RatingOffScale, ProbabilitiesNotValid.
    """
    given = np.asarray(judged, dtype=float)
    if given.ndim != 1:
        return level_probabilities(given, scale)
    certain = scale.tally(given[:, None]).astype(float)
    certain[np.isnan(given)] = np.nan
    return certain


def _translated(spoken: np.ndarray, counts: np.ndarray, groups: np.ndarray, prior_votes: float) -> np.ndarray:
    names, places = np.unique(groups, return_inverse=True)
    heard = np.nan_to_num(spoken)
    own_tables = np.zeros((len(names), counts.shape[1], counts.shape[1]))
    own_totals = np.zeros((len(names), counts.shape[1]))
    np.add.at(own_tables, places, heard[:, :, None] * counts[:, None, :])
    np.add.at(own_totals, places, counts)
    tables = _smoothed(own_tables.sum(axis=0) - own_tables, own_totals.sum(axis=0) - own_totals, prior_votes)
    return np.einsum("nj,njl->nl", spoken, tables[places])


def _smoothed(tables: np.ndarray, totals: np.ndarray, prior_votes: float) -> np.ndarray:
    """Rows of (G, L, L) counts as probabilities, shrunk to the pooled frequencies (G, L) of the same prompts."""
    # A difference of sums of probabilities may end a hair below zero where the rest is empty.
    tables = np.maximum(tables, 0)
    pooled = smoothed_frequencies(totals)
    return (tables + prior_votes * pooled[:, None, :]) / (tables.sum(axis=2, keepdims=True) + prior_votes)
