"""How a person agrees with the others of the same samples: their rating against every other one, never against itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.annotators.estimates import Influences, PeopleEstimates, averaged, mean_influences
from consensus.saying import said
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes

NOBODY = said("Nobody else rated the same samples, so there is nothing to compare. It comes with the next people.")
ONE_LEVEL = said("They and the others used one level only, so agreement cannot be told from habit.")


@dataclass(frozen=True, eq=False)
class PeopleAgreement:
    """Each of P people with the others of the same samples, on one attribute or the mean of several.

    equal: how often another person of the sample gave the same, 0 to 1. kappa: agreement corrected for chance and counting
    distance (squared differences; nominal: plain), 1 perfect, 0 as by chance. among_others: (P,) floats, the kappa of the
    others among themselves on the same samples, NaN where none has two others. shortfall: by how much a person's kappa is below the middle
    between chance and `among_others`; above 0 they are nearer to chance than to the others.
    """

    equal: PeopleEstimates
    kappa: PeopleEstimates
    among_others: np.ndarray
    shortfall: PeopleEstimates


@dataclass(frozen=True, eq=False)
class AgreementParts:
    """The figures of one attribute with what every rating adds to them, to be averaged over attributes."""

    equal: Influences
    kappa: Influences
    among_others: np.ndarray
    shortfall: Influences


def agreement(votes: Votes, scale: Scale, clusters: npt.ArrayLike | None = None) -> PeopleAgreement:
    """Every person's agreement with the others, on one attribute.

    Kappa: one minus how far a person is from the others, over how far they would be if either side had given the same levels
    in any order. The chance is the person's own habit and the others', so always saying one level earns 0.

    Parameters: votes; scale; clusters, (N,) whole numbers from 0, the sample or prompt of each unit, where several units
        belong to one (None: each unit is its own).
    Returns: PeopleAgreement, (P,) each; NaN where nobody else rated, or both sides used one level only.
    Raises: WrongShape.
    Source: Cohen, "Weighted kappa" (1968); errors by the infinitesimal jackknife (Efron, 1982).
    """
    return mean_agreement([agreement_parts(votes, scale, clusters)])


def mean_agreement(parts: Sequence[AgreementParts]) -> PeopleAgreement:
    """The mean over attributes, of each person over those that are defined for them. Clusters must be the same samples."""
    others = np.array([part.among_others for part in parts])
    known = ~np.isnan(others)
    mean = np.where(known, others, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return PeopleAgreement(
        equal=averaged([part.equal for part in parts]).estimates().between(0, 1),
        kappa=averaged([part.kappa for part in parts]).estimates().between(-1, 1),
        among_others=np.where(known.any(axis=0), mean, np.nan),
        shortfall=averaged([part.shortfall for part in parts]).estimates(),
    )


def agreement_parts(votes: Votes, scale: Scale, clusters: npt.ArrayLike | None = None) -> AgreementParts:
    """`agreement` before the errors are added up. Parameters, errors: as there."""
    cluster = cluster_of(votes, clusters)
    tally = votes.tally()
    beside = tally[votes.sample].sum(axis=1) - 1  # how many others rated the unit
    paired, three = beside >= 1, beside >= 2
    own = _Compared.of(votes, scale, cluster, tally, paired)
    both = own if three.sum() == paired.sum() else _Compared.of(votes, scale, cluster, tally, three)
    return AgreementParts(own.equal(), own.kappa(), both.kappa_among_others(), both.shortfall())


@dataclass(frozen=True, eq=False)
class _Compared:
    """Ratings beside the others' of the same unit: R of them, and what is usual for each of P people.

    others: (R, L) shares of the levels among the others. apart, chance: how far a person is from the others, and would be by
    chance; among, chance_among: the same for the others with each other. The first two letters say rows, `by_` people.
    """

    person: np.ndarray
    cluster: np.ndarray
    level: np.ndarray
    others: np.ndarray
    squared: np.ndarray  # (L, L)
    among: np.ndarray  # (R,)
    person_count: int

    @classmethod
    def of(cls, votes: Votes, scale: Scale, cluster: np.ndarray, tally: np.ndarray, keep: np.ndarray) -> _Compared:
        level = votes.level[keep].astype(int)
        counts = tally[votes.sample[keep]].astype(float)
        counts[np.arange(len(level)), level] -= 1
        beside = counts.sum(axis=1)
        squared = scale.distances**2
        pairs = ((counts @ squared) * counts).sum(axis=1)
        among = np.divide(pairs, beside * (beside - 1), out=np.zeros(len(level)), where=beside > 1)
        others = counts / np.maximum(beside, 1)[:, None]
        return cls(votes.person[keep].astype(int), cluster[keep], level, others, squared, among, votes.person_count)

    def equal(self) -> Influences:
        return self._mean(self.others[np.arange(len(self.level)), self.level])

    def kappa(self) -> Influences:
        apart, chance = self._apart(), self._chance()
        ratio = _ratio(apart, chance)
        return Influences(1 - ratio.value, self.person, self.cluster, -ratio.amount)

    def kappa_among_others(self) -> np.ndarray:
        return 1 - _ratio(self._mean(self.among), self._chance_among()).value

    def shortfall(self) -> Influences:
        """(1 - among / chance among) / 2 - (1 - apart / chance)."""
        own, theirs = _ratio(self._apart(), self._chance()), _ratio(self._mean(self.among), self._chance_among())
        value = own.value - theirs.value / 2 - 0.5
        return Influences(value, self.person, self.cluster, own.amount - theirs.amount / 2)

    def _mean(self, amount: np.ndarray) -> Influences:
        return mean_influences(self.person, self.cluster, amount, self.person_count)

    def _apart(self) -> Influences:
        return self._mean((self.others * self.squared[self.level]).sum(axis=1))

    def _chance(self) -> Influences:
        """a' D b, where a and b are how often the person and the others use the levels."""
        own, others = self._own_habit(), self._others_habit()
        value = np.einsum("pl,lk,pk->p", own, self.squared, others)
        by_level, by_other = others @ self.squared, own @ self.squared
        moved = by_level[self.person, self.level] + (by_other[self.person] * self.others).sum(axis=1)
        return self._around(value, moved)

    def _chance_among(self) -> Influences:
        others = self._others_habit()
        value = np.einsum("pl,lk,pk->p", others, self.squared, others)
        moved = 2 * ((others @ self.squared)[self.person] * self.others).sum(axis=1)
        return self._around(value, moved)

    def _around(self, value: np.ndarray, moved: np.ndarray) -> Influences:
        """A form in two habits moves by the sum of what each does, less twice its value."""
        amount = (moved - 2 * value[self.person]) / np.maximum(self._count(), 1)[self.person]
        return Influences(value, self.person, self.cluster, amount)

    def _count(self) -> np.ndarray:
        return np.bincount(self.person, minlength=self.person_count)

    def _own_habit(self) -> np.ndarray:
        levels = self.squared.shape[0]
        cells = np.bincount(self.person * levels + self.level, minlength=self.person_count * levels)
        return cells.reshape(-1, levels) / np.maximum(self._count(), 1)[:, None]

    def _others_habit(self) -> np.ndarray:
        columns = [np.bincount(self.person, weights=column, minlength=self.person_count) for column in self.others.T]
        return np.stack(columns, axis=1) / np.maximum(self._count(), 1)[:, None]


def cluster_of(votes: Votes, clusters: npt.ArrayLike | None) -> np.ndarray:
    """(R,) whole numbers: what each vote's unit belongs to. Raises: WrongShape."""
    if clusters is None:
        return votes.sample.astype(int)
    given = np.asarray(clusters)
    if given.shape != (votes.sample_count,):
        raise WrongShape(f"Clusters have the shape {given.shape} for {votes.sample_count} units. Name one for each.")
    return given.astype(int)[votes.sample]


def _ratio(over: Influences, under: Influences) -> Influences:
    """over / under; undefined where there is nothing under it."""
    some = under.value > 1e-12
    value = np.divide(over.value, under.value, out=np.full(len(over.value), np.nan), where=some)
    bottom = np.where(some, under.value, 1.0)
    amount = (over.amount - np.nan_to_num(value)[over.person] * under.amount) / bottom[over.person]
    return Influences(value, over.person, over.cluster, amount)
