"""What a judge's word is worth in this project: from its levels to what people say when it says so.

Calibration is out of fold by prompt: the table that translates a judgment was counted on every *other* prompt, so a
sample's own ratings, and those of its siblings, never enter its calibrated probabilities.

On a scale with an order the levels share strength: rows of the table are shrunk towards what one number tells of all of them
(`consensus.association`), so that a dozen judgments say something of a level that the judge has not used yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.association import associated
from consensus.scales import Scale, WrongShape, level_probabilities
from consensus.smoothing import smoothed_frequencies

PRIOR_VOTES_OF_NAMES = 5.0
PRIOR_VOTES_OF_ORDERED = 20.0
_FOLDS = 10
_CELLS_AT_ONCE = 4_000_000


class PriorVotesNotValid(ValueError):
    """The prior votes of a calibration are not above zero."""


def calibrate(
    judged: npt.ArrayLike,
    ratings: npt.ArrayLike,
    scale: Scale,
    groups: npt.ArrayLike,
    *,
    prior_votes: float | None = None,
) -> np.ndarray:
    """What people say of samples on which a judge speaks as it does here.

    The judge's probabilities are multiplied by a table of what people rated where it chose each level, counted on all
    other prompts. Each row is shrunk by `prior_votes` ratings: on a nominal scale to the pooled frequencies of the levels, on
    one with an order to the association of the whole table, fitted on the other nine of ten folds of the prompts. A judge that
    tells nothing thus becomes the pooled frequencies, whatever it claims to know.

    Parameters: judged, (N,) levels with NaN = no judgment, or (N, L) probabilities with rows of NaN; ratings, (N, M)
        floats, first rounds only, NaN = not rated; groups, (N,) the prompt of each sample; prior_votes, by default 5 on nominal
        scales, 20 on others.
    Returns: (N, L) floats, rows sum to 1 and are above 0; NaN where the judge said nothing.
    Raises: WrongShape, RatingOffScale, ProbabilitiesNotValid, PriorVotesNotValid.
    """
    if prior_votes is None:
        prior_votes = PRIOR_VOTES_OF_NAMES if scale.is_nominal else PRIOR_VOTES_OF_ORDERED
    if not 0 < prior_votes < np.inf:
        raise PriorVotesNotValid(f"prior_votes is {prior_votes}. Give a number above 0, such as 5.")
    counts = scale.tally(ratings)
    spoken = judged_probabilities(judged, scale)
    names = np.asarray(groups)
    if len(spoken) != len(counts) or names.shape != (len(counts),):
        raise WrongShape(
            f"{len(spoken)} judgments and prompts of shape {names.shape} for {len(counts)} samples. Give one of each a sample."
        )
    return _Heard(spoken, counts, np.unique(names, return_inverse=True)[1], scale).translated(prior_votes)


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


@dataclass(frozen=True, eq=False)
class _Heard:
    """spoken: (N, L) what the judge said, NaN = nothing. counts: (N, L) what people said. prompts: (N,) whole numbers from 0."""

    spoken: np.ndarray
    counts: np.ndarray
    prompts: np.ndarray
    scale: Scale

    def translated(self, prior_votes: float) -> np.ndarray:
        """(N, L) what people say at the judge's word, told by all other prompts."""
        found = np.full(self.spoken.shape, np.nan)
        fold = self.prompts % _FOLDS
        by_fold = [self._table(fold == number) for number in range(_FOLDS)]
        everything, totals = np.sum(by_fold, axis=0), self.counts.sum(axis=0)
        priors = None if self.scale.is_nominal else self._associations(everything, by_fold)
        for rows in self._batches():
            of_prompt, prompt = np.unique(self.prompts[rows], return_inverse=True)
            own_tables, own_totals = self._own(rows, prompt, len(of_prompt))
            # A difference of sums of probabilities may end a hair below zero where the rest is empty.
            tables = np.maximum(everything - own_tables, 0)
            if priors is None:
                prior = smoothed_frequencies(totals - own_totals)[:, None, :]
            else:
                prior = priors[of_prompt % _FOLDS]
            tables = (tables + prior_votes * prior) / (tables.sum(axis=2, keepdims=True) + prior_votes)
            found[rows] = np.einsum("nj,njl->nl", self.spoken[rows], tables[prompt])
        return found

    def _table(self, of: np.ndarray) -> np.ndarray:
        """(L, L) counts of (judge said, people rated)."""
        return np.asarray(np.nan_to_num(self.spoken[of]).T @ self.counts[of])

    def _associations(self, everything: np.ndarray, by_fold: list[np.ndarray]) -> np.ndarray:
        """(10, L, L): for each fold what the others tell."""
        return np.stack([associated(np.maximum(everything - table, 0), self.scale) for table in by_fold])

    def _own(self, rows: np.ndarray, prompt: np.ndarray, prompt_count: int) -> tuple[np.ndarray, np.ndarray]:
        """The tables (G, L, L) and totals (G, L) of single prompts, to be taken out of everything."""
        size = self.counts.shape[1]
        tables, totals = np.zeros((prompt_count, size, size)), np.zeros((prompt_count, size))
        np.add.at(tables, prompt, np.nan_to_num(self.spoken[rows])[:, :, None] * self.counts[rows][:, None, :])
        np.add.at(totals, prompt, self.counts[rows])
        return tables, totals

    def _batches(self) -> Iterator[np.ndarray]:
        """Rows in batches that hold whole prompts, so many that their tables fit into memory."""
        order = np.argsort(self.prompts, kind="stable")
        at_once = max(1, _CELLS_AT_ONCE // self.counts.shape[1] ** 2)
        batch = self.prompts[order] // at_once
        edges = np.flatnonzero(np.diff(batch)) + 1
        yield from np.split(order, edges)
