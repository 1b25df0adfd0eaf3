"""Everything that people and judges said of a set of samples: what a label rule for a whole set gets to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from consensus.scales import Scale, Slot
from consensus.votes import Votes


@dataclass(frozen=True, order=True)
class Place:
    """One value position: an attribute, of one response (0-based) or of the whole sample (None)."""

    attribute: str
    response: int | None = None


@dataclass(frozen=True, eq=False)
class RatedSample:
    """What people said of one sample.

    name: its id. prompt: what is drawn as one in a bootstrap. places, slots: the K value positions and how each is rated.
    people: (M,) whole numbers, places in the set's people, in order of arrival. ratings: (M, K) floats in scale points, NaN = not rated.
    """

    name: str
    prompt: str
    places: tuple[Place, ...]
    slots: tuple[Slot, ...]
    people: np.ndarray
    ratings: np.ndarray

    def chosen(self, rows: Sequence[int] | np.ndarray) -> RatedSample:
        """The same sample as if only these people had come, in this order."""
        return RatedSample(
            self.name, self.prompt, self.places, self.slots, self.people[list(rows)], self.ratings[list(rows)]
        )


@dataclass(frozen=True, eq=False)
class Units:
    """One attribute of a set: U rated units (a sample, or one response of it), in the order of the samples.

    sample: (U,) places in the set's samples. response: a 0-based response or None for each. votes: what people said of the
    units. judged: judge -> (U, L) probabilities of the levels, rows of NaN = the judge said nothing.
    """

    attribute: str
    scale: Scale
    sample: np.ndarray
    response: tuple[int | None, ...]
    prompts: np.ndarray
    votes: Votes
    judged: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class RatingSet:
    """Samples with their ratings, and what judges said of them.

    scales: attribute -> scale, in the order of the rubric. people: the names of all people; a place in it stands for one.
    judged: (attribute, judge) -> {(place in samples, response): (L,) probabilities}.
    """

    scales: Mapping[str, Scale]
    people: tuple[str, ...]
    samples: tuple[RatedSample, ...]
    judged: Mapping[tuple[str, str], Mapping[tuple[int, int | None], np.ndarray]] = field(default_factory=dict)

    def units(self, attribute: str) -> Units:
        """All that was said of one attribute, in long form; made once.

        Raises: KeyError for an attribute that the set has not, VotesNotValid where somebody rated one twice.
        """
        if attribute not in self._made:
            self._made[attribute] = self._units(attribute)
        return self._made[attribute]

    @cached_property
    def _made(self) -> dict[str, Units]:
        return {}

    @cached_property
    def _columns(self) -> dict[str, list[tuple[int, int]]]:
        """attribute -> where it is rated: (place in samples, column of the sample's ratings)."""
        columns: dict[str, list[tuple[int, int]]] = {attribute: [] for attribute in self.scales}
        for at, sample in enumerate(self.samples):
            for column, place in enumerate(sample.places):
                columns[place.attribute].append((at, column))
        return columns

    def _units(self, attribute: str) -> Units:
        scale, where = self.scales[attribute], self._columns[attribute]
        keys = [(at, self.samples[at].places[column].response) for at, column in where]
        return Units(
            attribute=attribute,
            scale=scale,
            sample=np.array([at for at, _ in keys], dtype=int),
            response=tuple(response for _, response in keys),
            prompts=np.array([self.samples[at].prompt for at, _ in keys], dtype=object),
            votes=_votes([(self.samples[at], column) for at, column in where], scale, len(self.people)),
            judged={
                judge: _rows(said, keys, len(scale.levels))
                for (of, judge), said in self.judged.items()
                if of == attribute
            },
        )

    def with_samples(self, samples: Sequence[RatedSample]) -> RatingSet:
        """The same people and judges over other ratings of the same samples, in the same order."""
        return RatingSet(self.scales, self.people, tuple(samples), self.judged)


def _votes(columns: Sequence[tuple[RatedSample, int]], scale: Scale, person_count: int) -> Votes:
    nobody, nothing = np.zeros(0, dtype=int), np.zeros(0)
    people = np.concatenate([nobody, *(sample.people for sample, _ in columns)])
    units = np.repeat(np.arange(len(columns)), [len(sample.people) for sample, _ in columns])
    levels = scale.codes(np.concatenate([nothing, *(sample.ratings[:, column] for sample, column in columns)]))
    given = levels >= 0
    votes = Votes.of(
        units[given],
        people[given],
        levels[given],
        level_count=len(scale.levels),
        sample_count=len(columns),
        person_count=person_count,
    )
    votes.refuse_doubles()
    return votes


def _rows(
    said: Mapping[tuple[int, int | None], np.ndarray], keys: Sequence[tuple[int, int | None]], level_count: int
) -> np.ndarray:
    silent = np.full(level_count, np.nan)
    return np.array([said.get(key, silent) for key in keys]).reshape(len(keys), level_count)
