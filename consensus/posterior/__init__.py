"""How probable each level is, given who said what: the rule that learns how far each person can be relied on.

Two models behind one interface: `classes` for names, comparisons and scales under five levels, `grades` for ordered
scales of five levels or more, unless the votes show that people choose classes there too (`choice`).
"""

from __future__ import annotations

from typing import Any

from consensus.posterior.choice import are_classes
from consensus.posterior.classes import ClassPosterior, fit_classes
from consensus.posterior.grades import GradePosterior, fit_grades
from consensus.scales import Scale
from consensus.votes import Votes, VotesNotValid

__all__ = ["ClassPosterior", "GradePosterior", "Posterior", "fit_posterior", "is_line", "posterior_from_json"]

Posterior = ClassPosterior | GradePosterior

GRADES_FROM = 5  # levels from which an ordered scale is a line of grades


def fit_posterior(votes: Votes, scale: Scale) -> Posterior:
    """Learn from the votes of a set how far each person can be relied on. Deterministic.

    Parameters: votes, of one attribute, on as many levels as the scale has; scale.
    Returns: a posterior with `probabilities(votes)`, `next_rating(votes)` (both (N, L)), `expected(votes)` (N,),
        `of_sample(people, levels)` (L,) for one sample, people's `reliability()` and `bias()` (P,), `with_sample_changed` to
        follow one sample without a new fit, and `to_json()`.
    Raises: VotesNotValid when the votes have another number of levels.
    """
    if votes.level_count != len(scale.levels):
        raise VotesNotValid(
            f"The votes have {votes.level_count} levels, the scale {len(scale.levels)}. Use its levels."
        )
    graded = is_line(scale) and not are_classes(votes, scale)
    return fit_grades(votes, scale) if graded else fit_classes(votes, scale)


def is_line(scale: Scale) -> bool:
    """Whether a scale is meant to be graded on: ordered, five levels or more."""
    return not scale.is_nominal and len(scale.levels) >= GRADES_FROM


def posterior_from_json(data: dict[str, Any], scale: Scale) -> Posterior:
    """What `to_json` wrote, read again for the same scale."""
    model = GradePosterior if data["model"] == "grades" else ClassPosterior
    return model.from_json(data, scale)
