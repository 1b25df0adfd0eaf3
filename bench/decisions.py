"""How much processor time one decision about a sample takes, policy by policy."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from consensus.policies.decision import Belief
from consensus.policy import (
    ConfidencePolicy,
    Decision,
    Policy,
    SequentialPolicy,
    SpreadPolicy,
    UnanimousPolicy,
    decide,
)
from consensus.posterior import fit_posterior
from consensus.scales import Scale, Slot
from consensus.votes import Votes

PEOPLE, TRIGGERS = 5, 10
SAMPLES, REPEATS = 200, 5
SCALE = Scale((0, 1, 2, 3, 4), "ordinal")


@dataclass(frozen=True)
class Decided:
    """Processor milliseconds of one decision."""

    policy: str
    median_ms: float
    p95_ms: float


def measure(seed: int) -> list[Decided]:
    """Every policy over the same samples; `confidence` with the posterior of the sample's ten values in the time."""
    rng = np.random.default_rng(seed)
    slots = [Slot.trigger(f"value {place}", SCALE) for place in range(TRIGGERS)]
    centres = rng.integers(5, size=(SAMPLES, 1, TRIGGERS))
    ratings = np.clip(centres + rng.integers(-2, 3, size=(SAMPLES, PEOPLE, TRIGGERS)), 0, 4).astype(float)
    return [
        _decided("spread", [_asked(SpreadPolicy(), slots, of, None) for of in ratings]),
        _decided("unanimous", [_asked(UnanimousPolicy(), slots, of, None) for of in ratings]),
        _decided("sequential", [_asked(SequentialPolicy(), slots, of, None) for of in ratings]),
        _decided("confidence", _by_confidence(slots, ratings)),
    ]


Asked = Callable[[], Decision]


def _asked(policy: Policy, slots: list[Slot], ratings: np.ndarray, beliefs: Callable[[], list[Belief]] | None) -> Asked:
    first = policy.first_round
    return lambda: decide(policy, slots, ratings[:first], ratings[first:], 100, 0, beliefs=beliefs)


def _by_confidence(slots: list[Slot], ratings: np.ndarray) -> list[Asked]:
    people = np.arange(PEOPLE)
    sample = np.repeat(np.arange(SAMPLES * TRIGGERS), PEOPLE)
    levels = ratings.astype(int).transpose(0, 2, 1)
    votes = Votes.of(sample, np.tile(people, SAMPLES * TRIGGERS), levels.ravel(), level_count=len(SCALE.levels))
    fitted = fit_posterior(votes, SCALE)

    def beliefs_of(said: np.ndarray) -> Callable[[], list[Belief]]:
        answers = fitted.next_rating_of(np.eye(len(SCALE.levels)))
        return lambda: [Belief(fitted.of_sample(people, own), answers) for own in said]

    return [_asked(ConfidencePolicy(), slots, of, beliefs_of(said)) for of, said in zip(ratings, levels, strict=True)]


def _decided(policy: str, asked: list[Asked]) -> Decided:
    """The quickest of some repeats of every decision, so that what else the machine does is not in it."""
    took = np.array([min(_milliseconds(one) for _ in range(REPEATS)) for one in asked])
    return Decided(policy, float(np.median(took)), float(np.quantile(took, 0.95)))


def _milliseconds(asked: Asked) -> float:
    begin = time.process_time_ns()
    asked()
    return (time.process_time_ns() - begin) / 1e6
