"""What a panel of judges makes of a sample, learned once and then kept: a table a judge, and how much each counts.

`calibration.calibrate` and `merge.weighed_panel` say it of samples among others that people rated, each sample out of fold.
A promise needs more: how sure judges are must be settled *before* one looks at the people on whom the promise is tested,
and must stay what it was for every sample that the promise is used on. So the same tables and weights are learned on
samples apart from these, and written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from consensus import calibration, merge
from consensus.association import associated
from consensus.scales import Scale, WrongShape
from consensus.smoothing import smoothed_frequencies


@dataclass(frozen=True, eq=False)
class FrozenPanel:
    """The judges' words on one attribute, translated. tables: (J, L, L), what people say where a judge says a level, rows
    sum to 1. weights: (J,) of at least 0, how much each judge counts; all 0 = all the same."""

    scale: Scale
    tables: np.ndarray
    weights: np.ndarray

    def probabilities(self, words: Sequence[npt.ArrayLike]) -> np.ndarray:
        """What people say of these samples: (N, L) floats, rows sum to 1; NaN where no judge spoke that counts.

        Parameters: words, one (N,) array of levels a judge, in the order in which the panel was learned, NaN = no judgment.
        Raises: WrongShape, RatingOffScale.
        """
        if len(words) != len(self.tables):
            raise WrongShape(f"{len(words)} judges for a panel of {len(self.tables)}. Give the words of each of them.")
        heard = [
            calibration.judged_probabilities(word, self.scale) @ table
            for word, table in zip(words, self.tables, strict=True)
        ]
        return merge.panel_of(heard, self.scale, weights=self.weights if self.weights.any() else None)

    def to_json(self) -> dict[str, Any]:
        return {"tables": self.tables.tolist(), "weights": self.weights.tolist()}

    @classmethod
    def from_json(cls, written: dict[str, Any], scale: Scale) -> FrozenPanel:
        return cls(scale, np.array(written["tables"], dtype=float), np.array(written["weights"], dtype=float))


def learn_panel(
    words: Sequence[npt.ArrayLike], ratings: npt.ArrayLike, scale: Scale, prompts: npt.ArrayLike
) -> FrozenPanel:
    """Tables from all samples given, weights by what each judge tells of samples left out of its table.

    Parameters: words, one (N,) array of levels a judge, NaN = no judgment; ratings, (N, M) floats, first rounds, NaN = not
        rated; prompts, (N,) the prompt of each sample.
    Raises: WrongShape (no judge, or unlike lengths), RatingOffScale.
    """
    if not words:
        raise WrongShape("No judge: a panel needs one. Put a judge to work first.")
    counts = scale.tally(ratings)
    calibrated = [calibration.calibrate(word, ratings, scale, prompts) for word in words]
    frequencies = calibration.frequencies_elsewhere(ratings, scale, prompts)
    tables = np.stack([_table(calibration.judged_probabilities(word, scale), counts, scale) for word in words])
    return FrozenPanel(scale, tables, merge.judge_weights(calibrated, ratings, scale, frequencies=frequencies))


def _table(spoken: np.ndarray, counts: np.ndarray, scale: Scale) -> np.ndarray:
    """As `calibration` shrinks it, with no prompt left out."""
    table = np.nan_to_num(spoken).T @ counts
    if scale.is_nominal:
        votes, prior = calibration.PRIOR_VOTES_OF_NAMES, smoothed_frequencies(counts.sum(axis=0))[None, :]
    else:
        votes, prior = calibration.PRIOR_VOTES_OF_ORDERED, associated(table, scale)
    return np.asarray((table + votes * prior) / (table.sum(axis=1, keepdims=True) + votes))


def sureness(probabilities: npt.ArrayLike, values: npt.ArrayLike, within: float, scale: Scale) -> np.ndarray:
    """How probable it is that the value lies no further than `within` from these values: (N,) floats, NaN = unknown.

    Parameters: probabilities, (N, L); values, (N,) in scale points; within, in scale points (nominal: below 1 = the same).
    """
    levels, given = np.asarray(probabilities, dtype=float), np.asarray(values, dtype=float)
    return np.where(
        np.isnan(given), np.nan, np.where(near(scale.values, given[:, None], within, scale), levels, 0).sum(axis=1)
    )


def near(one: npt.ArrayLike, other: npt.ArrayLike, within: float, scale: Scale) -> np.ndarray:
    """Whether two values count as the same: no further apart than `within` (nominal: differing counts 1). NaN never does."""
    apart = np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float))
    return np.asarray((np.where(apart > 0, 1.0, apart) if scale.is_nominal else apart) <= within + 1e-9)
