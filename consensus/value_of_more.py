"""What one more annotation of each sample is worth: how much nearer the label would come to the right value.

After ActiveLab (Goh, Mueller, "ActiveLab: Active Learning with Re-Labeling by Humans", arXiv 2301.11856), which asks next for
the sample whose label is the least trustworthy. Its score is a probability and knows no distances; here the expected *loss* of
the best label is foreseen, in scale points, and what one more rating takes off it. So a sample that is uncertain between
neighbours is worth less than one torn between the ends of the scale, and one on which people will never agree is worth
little however uncertain it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, WrongShape, level_probabilities

_NUMBERS_AT_ONCE = 4_000_000


def expected_loss(probabilities: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """How far the best label is expected to be from the right value.

    Parameters: probabilities, (N, L) floats, of each level being right; rows of NaN = unknown.
    Returns: (N,) floats in scale points (nominal: the probability of being wrong); NaN where unknown.
    Raises: WrongShape, ProbabilitiesNotValid.

    >>> expected_loss([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]], Scale((0, 1, 2), "ordinal"))
    array([1., 0.])
    """
    return _least(level_probabilities(probabilities, scale) @ scale.distances)


def value_of_one_more(probabilities: npt.ArrayLike, answers: npt.ArrayLike, scale: Scale) -> np.ndarray:
    """By how much one more rating is expected to bring the best label nearer to the right value.

    Parameters: probabilities, (N, L) floats, of each level being right; rows of NaN = unknown. answers, (L, L) floats, rows
        sum to 1, what the next person, of whom nothing is known, says where the level of the row is right.
    Returns: (N,) floats of 0 or more, in scale points; NaN where unknown. The largest is asked first.
    Raises: WrongShape, ProbabilitiesNotValid.

    With every answer l the posterior becomes p(z) answers(z, l) / sum over z, and the best label is chosen anew:
        value = min over d of sum_z p(z) |z - d|  -  sum over l of min over d of sum_z p(z) answers(z, l) |z - d|.
    """
    known = level_probabilities(probabilities, scale)
    says = level_probabilities(answers, scale)
    if len(says) != len(scale.levels):
        raise WrongShape(f"Answers have the shape {says.shape}. Give one row and one column for each level.")
    # (right level, level said and label): the loss that each contributes, the right level's probability left out
    losses = (says[:, :, None] * scale.distances[:, None, :]).reshape(len(says), -1)
    at_once = max(1, _NUMBERS_AT_ONCE // losses.shape[1])
    blocks = [known[start : start + at_once] for start in range(0, max(len(known), 1), at_once)]
    after = np.concatenate([_least((block @ losses).reshape(len(block), *says.shape)).sum(axis=1) for block in blocks])
    return np.maximum(expected_loss(known, scale) - after, 0.0)


def most_valuable(values: npt.ArrayLike) -> np.ndarray:
    """The order in which to ask: places of the samples, the most valuable first, equals as they stand; unknown ones last."""
    worth = np.asarray(values, dtype=float)
    return np.argsort(-np.where(np.isnan(worth), -np.inf, worth), kind="stable")


def _least(losses: np.ndarray) -> np.ndarray:
    return np.asarray(losses.min(axis=-1))
