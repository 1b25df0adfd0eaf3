"""How sure trigger values are, and what more ratings would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement

import numpy as np

from consensus.policies.decision import trigger_places
from consensus.posterior import is_line
from consensus.scales import Slot

MOST_FORESEEN = 512  # sets of ratings to come that are looked through
_NUMBERS_AT_ONCE = 4_000_000
_A_HAIR = 1e-12  # summing leaves a hair of error; what is exactly at a border is over it on every machine


@dataclass(frozen=True, eq=False)
class Alike:
    """S trigger values of a sample, with L levels each. places: among its slots. by_likeliest: whether the posterior speaks
    for the likeliest level (names and short scales), else for the middle one."""

    places: tuple[int, ...]
    slots: tuple[Slot, ...]
    by_likeliest: bool

    @property
    def level_count(self) -> int:
        return len(self.slots[0].scale.levels)

    def certainty(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The level that a posterior speaks for, and how probable the levels within `settle_within` of it are together.

        Parameters: probabilities, (N, S, L) floats, rows sum to 1. Returns: (N, S) places of levels, the likeliest
            (names and short scales) or the lower median; (N, S) floats.
        """
        place, near = self._certainty(probabilities[:, :, None])
        return place[:, :, 0], near[:, :, 0]

    def foresee(
        self, target: float, probabilities: np.ndarray, answers: np.ndarray, more: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What at most `more` further ratings would bring, asked for one by one until the certainty reaches the target.

        Parameters: probabilities, (N, S, L) floats, rows sum to 1, of each level being right; answers, (S, L, L) floats, what
            the next person says where the level of the row is right.
        Returns: (N, S) floats, the chance that the target is reached; (N, S) floats, the certainty to be expected at the end.

        Exact under the model, for people of whom nothing is known: every set of ratings to come is followed, rating by
        rating, until it reaches the target; it is as likely as the posterior and the answers make it, and moves the
        posterior by Bayes' rule. Where there would be more than 512 sets (long scales), only as many ratings are
        foreseen as keep below, and what is left counts as sure: upper bounds.
        """
        steps = sets_to_come(self.level_count, more)
        size = probabilities[:1].size * (len(steps[-1].parents[0]) if steps else 1)
        at_once = max(1, _NUMBERS_AT_ONCE // max(size, 1))
        starts = range(0, max(len(probabilities), 1), at_once)
        blocks = [
            self._foreseen(target, probabilities[start : start + at_once], answers, steps, more) for start in starts
        ]
        return np.concatenate([chance for chance, _ in blocks]), np.concatenate([sure for _, sure in blocks])

    def _foreseen(
        self, target: float, probabilities: np.ndarray, answers: np.ndarray, steps: Sequence[SetsToCome], more: int
    ) -> tuple[np.ndarray, np.ndarray]:
        says = np.swapaxes(answers, 1, 2)  # (S, level said, right level)
        joint = probabilities[:, :, None]  # (N, S, sets, right level): of both together, where not yet at the target
        chance, certain = np.zeros(probabilities.shape[:2]), np.zeros(probabilities.shape[:2])
        near = np.zeros(probabilities.shape[:2])
        for step in steps:
            joint = _one_more(joint, says, step)
            near = self._certainty(joint)[1]
            arrived = near >= (target - _A_HAIR) * joint.sum(axis=-1)
            chance += np.where(arrived, joint.sum(axis=-1), 0).sum(axis=-1)
            certain += np.where(arrived, near, 0).sum(axis=-1)
            near = np.where(arrived, 0, near).sum(axis=-1)
            joint[arrived] = 0
        if len(steps) == more:
            return np.minimum(chance, 1.0), np.minimum(certain + near, 1.0)
        left = joint.sum(axis=(-1, -2))
        return np.minimum(chance + left, 1.0), np.minimum(certain + left, 1.0)

    def _certainty(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`certainty` of (N, S, A, L) floats whose rows need not sum to 1."""
        if self.by_likeliest:
            place = probabilities.argmax(axis=-1)
        else:
            below = np.cumsum(probabilities, axis=-1)
            place = (below >= below[..., -1:] * (0.5 - _A_HAIR)).argmax(axis=-1)
        near = self._near[np.arange(len(self.slots))[:, None], place]
        return place, np.einsum("nsal,nsal->nsa", probabilities, near)

    @cached_property
    def _near(self) -> np.ndarray:
        """(S, L, L) 1 where two levels are within the slot's `settle_within` of each other, else 0."""
        return np.array([slot.scale.distances <= (slot.settle_within or 0) for slot in self.slots], dtype=float)


@dataclass(frozen=True, eq=False)
class SetsToCome:
    """The A sets of so many ratings to come, who gave which apart, and how each grows out of a set of one fewer.

    parents, levels: for each way, (A,) places among the sets before and the level that was added; where a set has fewer
    ways, its parent is one behind the last.
    """

    parents: tuple[np.ndarray, ...]
    levels: tuple[np.ndarray, ...]


@lru_cache(maxsize=256)
def alike(slots: tuple[Slot, ...]) -> tuple[Alike, ...]:
    """The trigger values, in groups that can be looked at together."""
    groups: dict[tuple[int, bool], list[int]] = {}
    for place in trigger_places(slots):
        scale = slots[place].scale
        groups.setdefault((len(scale.levels), not is_line(scale)), []).append(place)
    return tuple(
        Alike(tuple(places), tuple(slots[place] for place in places), by_likeliest)
        for (_, by_likeliest), places in groups.items()
    )


@lru_cache(maxsize=256)
def sets_to_come(level_count: int, more: int) -> tuple[SetsToCome, ...]:
    """One for each number of ratings to come, from 1 to `more`, or to as many as have at most 512 sets."""
    steps: list[SetsToCome] = []
    before: dict[tuple[int, ...], int] = {(): 0}
    for size in range(1, more + 1):
        sets = list(combinations_with_replacement(range(level_count), size))
        if len(sets) > MOST_FORESEEN:
            break
        steps.append(_grown(before, sets, size))
        before = {one: place for place, one in enumerate(sets)}
    return tuple(steps)


def _one_more(joint: np.ndarray, says: np.ndarray, step: SetsToCome) -> np.ndarray:
    """(N, S, sets, L) of the sets before -> (N, S, sets, L) of those of one more."""
    before = np.concatenate([joint, np.zeros_like(joint[:, :, :1])], axis=2)  # the last is where no parent is
    after = np.zeros((*joint.shape[:2], len(step.parents[0]), joint.shape[-1]))
    for parent, level in zip(step.parents, step.levels, strict=True):
        after += before[:, :, parent] * says[:, level]
    return after


def _grown(before: dict[tuple[int, ...], int], sets: list[tuple[int, ...]], size: int) -> SetsToCome:
    parents = np.full((size, len(sets)), len(before))
    levels = np.zeros((size, len(sets)), dtype=int)
    for at, one in enumerate(sets):
        for way, level in enumerate(sorted(set(one))):
            taken = one.index(level)
            parents[way, at], levels[way, at] = before[one[:taken] + one[taken + 1 :]], level
    return SetsToCome(tuple(parents), tuple(levels))
