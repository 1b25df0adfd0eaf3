"""The label rules over what a replay collected: value and expected value of every unit of every attribute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from consensus import middles
from consensus.closest_threes import closest_threes
from consensus.posterior import fit_posterior
from consensus.rating_set import RatedSample, RatingSet
from consensus.replays.collecting import Collected
from consensus.scales import Scale
from consensus.set_rules import label_set
from consensus.votes import Votes

_MIDDLES = {
    "mean": middles.mean,
    "median": middles.median,
    "majority": middles.majority,
    "closest-three": middles.mean,
}


@dataclass(frozen=True, eq=False)
class Labels:
    """value, expected: (U,) floats in scale points, NaN where the rule can say nothing."""

    value: np.ndarray
    expected: np.ndarray


def labels_of(collected: Collected, rule: str) -> dict[str, Labels]:
    """What a rule makes of the collected ratings: attribute -> labels of its units, as `set_rules.label_set`.

    Rules that look at one sample at a time are counted from arrays; the others label the set as it would have been.
    Raises: aggregate.UnknownRule.
    """
    if rule in _MIDDLES:
        return _by_counting(collected, rule)
    if rule == "posterior":
        return _by_posterior(collected)
    labelled = label_set(rule, as_set(collected))
    return {attribute: Labels(made.value, made.expected) for attribute, made in labelled.items()}


def as_set(collected: Collected) -> RatingSet:
    """The set as it would have been, had only these annotations been made, people in the order in which they came."""
    recorded = collected.drawn.recorded
    samples: list[RatedSample] = list(recorded.ratings.samples)
    for kind, taken in zip(collected.drawn.kinds, collected.taken, strict=True):
        for row, (at, count) in enumerate(zip(kind.samples.tolist(), taken.tolist(), strict=True)):
            one = samples[at]
            samples[at] = RatedSample(
                one.name, one.prompt, one.places, one.slots, kind.people[row, :count], kind.ratings[row, :count]
            )
    return recorded.ratings.with_samples(samples)


def _by_counting(collected: Collected, rule: str) -> dict[str, Labels]:
    drawn, given = collected.drawn, collected.given()
    if rule == "closest-three":
        given = [
            closest_threes(np.where(mask[:, :, None], kind.ratings, np.nan), kind.slots)
            for kind, mask in zip(drawn.kinds, given, strict=True)
        ]
    recorded = drawn.recorded
    return {
        attribute: _counted(recorded.votes(attribute, drawn.kinds, given), recorded.ratings, attribute, rule)
        for attribute in recorded.attributes
    }


def _by_posterior(collected: Collected) -> dict[str, Labels]:
    return {
        attribute: _believed(collected.votes(attribute), scale)
        for attribute, scale in collected.drawn.recorded.ratings.scales.items()
    }


def _believed(votes: Votes, scale: Scale) -> Labels:
    posterior = fit_posterior(votes, scale)
    probabilities = posterior.probabilities(votes)
    unrated = np.diff(votes.starts) == 0
    value, expected = posterior.values_of(probabilities), posterior.expected(votes)
    return Labels(np.where(unrated, np.nan, value), np.where(unrated, np.nan, expected))


def _counted(votes: Votes, ratings: RatingSet, attribute: str, rule: str) -> Labels:
    scale = ratings.scales[attribute]
    expected = _MIDDLES[rule](votes.tally(), scale)
    return Labels(scale.nearest(expected), expected)
