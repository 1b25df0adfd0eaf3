"""Labels drawn from a recorded set without replacement, and what is left to test them on."""

from dataclasses import dataclass, replace

import numpy as np

from consensus.rating_set import RatedSample, RatingSet, Units
from consensus.scales import Scale


@dataclass(frozen=True, eq=False)
class Trial:
    """One attribute of one draw: what rules get to see, and the measure.

    units: with the drawn votes. tested: (U,) booleans. truth: (U,) floats in scale points, of gold; None: against the people
    who were not drawn, others: (U, L) how many of them chose each level.
    """

    units: Units
    tested: np.ndarray
    truth: np.ndarray | None
    others: np.ndarray

    @property
    def is_accuracy(self) -> bool:
        """Whether a label is right or wrong here; on ordered scales of five levels and more it is so far off."""
        return measured_by_accuracy(self.units.scale)

    def points(self, value: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """(U,) how good labels are, in points of 100, more is better; NaN where nothing is tested or said.

        The share of truths that equal the value, or less the distance between expected value and truth (the mean of the
        other people), as a share of the scale.
        """
        points = 100 * self.right(value) if self.is_accuracy else -100 * self._off(expected) / self.units.scale.span
        return np.where(self.tested, points, np.nan)

    def right(self, value: np.ndarray) -> np.ndarray:
        """(U,) the share of truths that equal the value; a label that is missing equals none."""
        scale = self.units.scale
        if self.truth is not None:
            return (value == self.truth).astype(float)
        chosen = value[:, None] == scale.values[None, :]
        given = np.maximum(self.others.sum(axis=1), 1)
        return np.asarray((self.others * chosen).sum(axis=1) / given)

    def _off(self, expected: np.ndarray) -> np.ndarray:
        if self.truth is not None:
            return np.abs(expected - self.truth)
        given = np.maximum(self.others.sum(axis=1), 1)
        return np.asarray(np.abs(expected - self.others @ self.units.scale.values / given))


def measured_by_accuracy(scale: Scale) -> bool:
    return scale.is_nominal or len(scale.levels) < 5


class Draws:
    """Seeded draws of one set: `labels` of every unit, the same people first however many are drawn."""

    def __init__(self, ratings: RatingSet, gold: dict[str, np.ndarray], seed: int) -> None:
        self._all, self._gold, self._seed = ratings, gold, seed
        self._full = {attribute: ratings.units(attribute).votes.tally() for attribute in ratings.scales}

    def drawn(self, number: int, labels: int) -> RatingSet:
        """The set with so many labels of every unit that has enough of them, and none of the others.

        Where there is no gold one more is needed, to test on.
        """
        rng = np.random.default_rng([self._seed, number])
        samples = [self._drawn(sample, rng.permutation(len(sample.people)), labels) for sample in self._all.samples]
        return self._all.with_samples(samples)

    def trials(self, drawn: RatingSet) -> dict[str, Trial]:
        """What is tested, attribute by attribute; without those that have nothing to test."""
        made = {attribute: self._trial(drawn.units(attribute)) for attribute in drawn.scales}
        return {attribute: trial for attribute, trial in made.items() if trial.tested.any()}

    def _drawn(self, sample: RatedSample, order: np.ndarray, labels: int) -> RatedSample:
        ratings = sample.ratings[order]
        place = (~np.isnan(ratings)).cumsum(axis=0)
        needed = np.array([labels + (at.attribute not in self._gold) for at in sample.places])
        has_enough = place[-1] >= needed if len(place) else np.zeros(len(needed), dtype=bool)
        ratings = np.where((place <= labels) & has_enough, ratings, np.nan)
        came = ~np.isnan(ratings).all(axis=1)
        return replace(sample, people=sample.people[order][came], ratings=ratings[came])

    def _trial(self, units: Units) -> Trial:
        tally = units.votes.tally()
        truth = self._gold.get(units.attribute)
        has_votes = tally.sum(axis=1) > 0
        tested = has_votes if truth is None else has_votes & ~np.isnan(truth)
        return Trial(units, tested, truth, self._full[units.attribute] - tally)
