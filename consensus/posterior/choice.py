"""Whether people on an ordered scale grade, or choose a class: asked of the votes.

Five levels may be points on a line, or five boxes of which one is right and the others are mistakes. Each model is learned on
one half of the samples and foretells the votes of the other half, each vote from the others of its sample. Neither model can
drift, and neither has seen what it foretells, so here likelihood may choose.
"""

from __future__ import annotations

import numpy as np

from consensus.posterior.classes import ClassPosterior, fit_classes
from consensus.posterior.grades import GradePosterior, fit_grades
from consensus.posterior.probing import PROBE_SEED, probe_of
from consensus.scales import Scale
from consensus.votes import Votes

STANDARD_ERRORS = 2.0  # by which classes must be better: graded scales are the rule
SAMPLES_NEEDED = 50
MOST_SAMPLES = 5_000  # enough to see a difference that matters
_LEAST_PROBABILITY = 1e-6  # so that no single vote decides


def are_classes(votes: Votes, scale: Scale) -> bool:
    """True where classes foretell left-out votes better than grades do, by two standard errors, a sample being the unit."""
    shared = np.diff(votes.starts) >= 2
    if np.count_nonzero(shared) < SAMPLES_NEEDED:
        return False
    probe = probe_of(votes.kept(shared[votes.sample]), shared, MOST_SAMPLES)
    gain = np.zeros(probe.sample_count)
    for learned_on, asked in _halves(probe):
        logs = [_foretold(fit(learned_on, scale), asked) for fit in (fit_classes, fit_grades)]
        gain += np.bincount(asked.sample, weights=logs[0] - logs[1], minlength=probe.sample_count)
    return float(gain.sum()) > STANDARD_ERRORS * float(np.sqrt((gain**2).sum()))


def _halves(votes: Votes) -> list[tuple[Votes, Votes]]:
    """Twice: the votes of one half of the samples to learn on, those of the other to ask about. The same every time."""
    first = np.random.default_rng(PROBE_SEED).permutation(votes.sample_count) % 2 == 0
    halves = votes.kept(first[votes.sample]), votes.kept(~first[votes.sample])
    return [halves, halves[::-1]]


def _foretold(fitted: ClassPosterior | GradePosterior, asked: Votes) -> np.ndarray:
    """(R,) the logarithm of what was foretold of each vote."""
    foretold = fitted.next_rating_left_out(asked)
    return np.asarray(np.log(np.maximum(foretold[np.arange(len(asked)), asked.level], _LEAST_PROBABILITY)))
