"""One replay: a policy asks the people of a drawn order, sample by sample, as if they came one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from consensus.policies.crowd import Crowd
from consensus.policies.deciding import Policy
from consensus.policies.decision import Belief
from consensus.replays.recorded import Drawn, Kind
from consensus.scales import Scale
from consensus.votes import Votes

BATCH_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # of the samples, where another batch begins


class Knowledge(Protocol):
    """What has been learnt of the people who rate one attribute."""

    def probabilities(self, votes: Votes) -> np.ndarray:
        """(N, L) floats, of each level being right, given these votes."""
        ...

    def next_rating_of(self, probabilities: np.ndarray) -> np.ndarray:
        """(N, L) probabilities of the right level -> (N, L) of what somebody of whom nothing is known would say."""
        ...


Learn = Callable[[Votes, Scale], Knowledge]


@dataclass(frozen=True, eq=False)
class Collected:
    """What a policy collected, for each kind of samples.

    taken: (n,) people asked. outcome: (n,) the last answer of the policy ("wait": people ran out in the first round).
    lacking: (n,) people whom it would have asked further and who were not there; 0 everywhere where it was told how many are.
    """

    drawn: Drawn
    taken: tuple[np.ndarray, ...]
    outcome: tuple[np.ndarray, ...]
    lacking: tuple[np.ndarray, ...]

    def given(self) -> list[np.ndarray]:
        """(n, M) booleans for each kind: whose annotation was collected."""
        arrivals = [np.arange(kind.people.shape[1]) for kind in self.drawn.kinds]
        return [arrival < taken[:, None] for arrival, taken in zip(arrivals, self.taken, strict=True)]

    def votes(self, attribute: str) -> Votes:
        return self.drawn.recorded.votes(attribute, self.drawn.kinds, self.given())


def collect(drawn: Drawn, policy: Policy, learn: Learn, *, knows_the_end: bool = True) -> Collected:
    """Replay one order of arrival under a policy.

    knows_the_end: the policy is told how many people are left, and ends with those. Otherwise it asks as if there were
    always more, and whoever it asks in vain is counted as lacking: what came after that, nobody knows.

    A policy that goes by probabilities learns on the way: samples come in batches, each as large as all before it, and
    what is known of people is fitted anew when a batch has its first round, on all that was collected by then. Ratings
    that nobody asked for are never looked at.
    """
    taken = tuple(np.zeros(len(kind.samples), dtype=int) for kind in drawn.kinds)
    outcome = tuple(np.full(len(kind.samples), "wait", dtype="U8") for kind in drawn.kinds)
    lacking = tuple(np.zeros(len(kind.samples), dtype=int) for kind in drawn.kinds)
    collected = Collected(drawn, taken, outcome, lacking)
    for batch in _batches(drawn.order) if policy.goes_by_beliefs else [drawn.order]:
        rows = [np.flatnonzero(np.isin(kind.samples, batch)) for kind in drawn.kinds]
        for number, chosen in enumerate(rows):
            taken[number][chosen] = np.minimum(policy.first_round, drawn.pools[number][chosen])
        knowledge = _Learning(collected, learn)
        for number, chosen in enumerate(rows):
            _ask_on(collected, number, chosen, policy, knowledge, knows_the_end=knows_the_end)
    return collected


class _Learning:
    """Knowledge of the people, attribute by attribute, fitted when it is first asked for."""

    def __init__(self, collected: Collected, learn: Learn) -> None:
        self._collected, self._learn = collected, learn
        self._known: dict[str, Knowledge] = {}

    def of(self, attribute: str) -> Knowledge:
        if attribute not in self._known:
            scale = self._collected.drawn.recorded.ratings.scales[attribute]
            self._known[attribute] = self._learn(self._collected.votes(attribute), scale)
        return self._known[attribute]


def _batches(order: np.ndarray) -> list[np.ndarray]:
    borders = sorted({int(share * len(order)) for share in BATCH_SHARES} - {0})
    return np.split(order, borders)


def _ask_on(
    collected: Collected, number: int, rows: np.ndarray, policy: Policy, knowledge: _Learning, *, knows_the_end: bool
) -> None:
    """Ask until the policy wants nobody more of any of these samples of a kind."""
    kind, pool = collected.drawn.kinds[number], collected.drawn.pools[number]
    taken, outcome, lacking = collected.taken[number], collected.outcome[number], collected.lacking[number]
    while len(rows):
        asked = []
        for came in np.unique(taken[rows]).tolist():
            here = rows[taken[rows] == came]
            believing = partial(_beliefs, kind, here, came, knowledge)
            there = pool[here] - came
            left = there if knows_the_end else np.full(len(here), policy.full_count)
            steps = policy.next_steps(Crowd(kind.slots, kind.ratings[here, :came], left, believing))
            outcome[here] = steps.outcome
            if not knows_the_end:
                lacking[here] = np.maximum(steps.slots_wanted - there, 0)
            more = steps.outcome == "escalate"
            taken[here[more]] += np.minimum(steps.slots_wanted, there)[more]
            asked.append(here[more & (lacking[here] == 0)])
        rows = np.concatenate(asked)


def _beliefs(kind: Kind, rows: np.ndarray, came: int, knowledge: _Learning) -> list[Belief | None]:
    return [
        _belief(kind, rows, came, column, knowledge.of(kind.attributes[column])) if slot.is_trigger else None
        for column, slot in enumerate(kind.slots)
    ]


def _belief(kind: Kind, rows: np.ndarray, came: int, column: int, known: Knowledge) -> Belief:
    scale, said = kind.slots[column].scale, kind.ratings[rows, :came, column]
    sample, person = np.nonzero(~np.isnan(said))
    votes = Votes.of(
        sample,
        kind.people[rows, :came][sample, person],
        np.searchsorted(scale.values, said[sample, person]),
        level_count=len(scale.levels),
        sample_count=len(rows),
    )
    return Belief(known.probabilities(votes), known.next_rating_of(np.eye(len(scale.levels))))
