"""A recorded set as dense arrays, and its people in one random order (or the recorded one) with some kept back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from consensus.rating_set import RatedSample, RatingSet, Units
from consensus.scales import Slot
from consensus.votes import Votes

_NOBODY = -1
Limits = Mapping[
    str, tuple[float, float]
]  # attribute -> escalate_above, settle_within; what is not in it triggers nothing


@dataclass(frozen=True, eq=False)
class Kind:
    """The n samples of a set that have the same slots, as dense arrays.

    samples: (n,) places in the set. ratings: (n, M, K) floats, people: (n, M) places of people; behind a sample's last
    person NaN and -1. sizes: (n,) people of each sample.
    """

    samples: np.ndarray
    slots: tuple[Slot, ...]
    attributes: tuple[str, ...]
    ratings: np.ndarray
    people: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, places: Sequence[int], samples: Sequence[RatedSample]) -> Kind:
        sizes = np.array([len(sample.people) for sample in samples])
        most = int(sizes.max(initial=0))
        ratings = np.full((len(samples), most, len(samples[0].slots)), np.nan)
        people = np.full((len(samples), most), _NOBODY, dtype=np.int32)
        for row, sample in enumerate(samples):
            ratings[row, : sizes[row]] = sample.ratings
            people[row, : sizes[row]] = sample.people
        attributes = tuple(place.attribute for place in samples[0].places)
        return cls(np.array(places, dtype=int), samples[0].slots, attributes, ratings, people, sizes)

    def in_order(self, order: np.ndarray) -> Kind:
        """The people of each sample in another order: (n, M) places."""
        ratings = np.take_along_axis(self.ratings, order[:, :, None], axis=1)
        people = np.take_along_axis(self.people, order, axis=1)
        return Kind(self.samples, self.slots, self.attributes, ratings, people, self.sizes)

    def under(self, limits: Limits) -> Kind:
        """The same samples, where these attributes trigger and no others."""
        slots = tuple(
            Slot(slot.name, slot.scale, *limits.get(name, (None, None)))
            for slot, name in zip(self.slots, self.attributes, strict=True)
        )
        return replace(self, slots=slots)


class Recorded:
    """A set of ratings, prepared once for many replays; samples that nobody rated are passed over."""

    def __init__(self, ratings: RatingSet) -> None:
        self.ratings = ratings
        by_kind: dict[object, list[int]] = {}
        for at, sample in enumerate(ratings.samples):
            if len(sample.people):
                by_kind.setdefault((sample.places, sample.slots), []).append(at)
        self.kinds = [Kind.of(places, [ratings.samples[at] for at in places]) for places in by_kind.values()]
        self.attributes = tuple(ratings.scales)

    @property
    def people_counts(self) -> np.ndarray:
        """(n,) people of every sample that has any."""
        return np.concatenate([np.zeros(0, dtype=int), *(kind.sizes for kind in self.kinds)])

    def units(self, attribute: str) -> Units:
        return self.ratings.units(attribute)

    @cached_property
    def unit_places(self) -> dict[tuple[int, int], np.ndarray]:
        """(kind, column) -> (n,) places of its values among the units of their attribute."""
        places: dict[tuple[int, int], np.ndarray] = {}
        for attribute in self.attributes:
            units = self.units(attribute)
            keys = zip(units.sample.tolist(), units.response, strict=True)
            unit_of = {key: place for place, key in enumerate(keys)}
            for number, kind in enumerate(self.kinds):
                for column in self.columns(kind, attribute):
                    responses = [self.ratings.samples[at].places[column].response for at in kind.samples]
                    found = [unit_of[key] for key in zip(kind.samples.tolist(), responses, strict=True)]
                    places[number, column] = np.array(found, dtype=int)
        return places

    @staticmethod
    def columns(kind: Kind, attribute: str) -> list[int]:
        return [column for column, name in enumerate(kind.attributes) if name == attribute]

    def votes(self, attribute: str, kinds: Sequence[Kind], given: Sequence[np.ndarray]) -> Votes:
        """What those of `given`, (n, M) booleans for each kind, said of the units of an attribute."""
        scale, units = self.ratings.scales[attribute], self.units(attribute)
        columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for number, (kind, mask) in enumerate(zip(kinds, given, strict=True)):
            for column in self.columns(kind, attribute):
                said = kind.ratings[:, :, column]
                rows, people = np.nonzero(mask & ~np.isnan(said))
                levels = np.searchsorted(scale.values, said[rows, people])
                columns.append((self.unit_places[number, column][rows], kind.people[rows, people], levels))
        sample, person, level = (
            np.concatenate([np.zeros(0, dtype=int), *(block[part] for block in columns)]) for part in range(3)
        )
        return Votes.of(
            sample,
            person,
            level,
            level_count=len(scale.levels),
            sample_count=len(units.sample),
            person_count=len(self.ratings.people),
        )


@dataclass(frozen=True, eq=False)
class Drawn:
    """One order of arrival: for each kind, its people as they come, and how many of them a policy may ask.

    Those behind the pool are kept back: nobody looks at them until the labels are compared. order: the samples of the
    set as they come, places.
    """

    recorded: Recorded
    kinds: tuple[Kind, ...]
    pools: tuple[np.ndarray, ...]
    order: np.ndarray

    def under(self, limits: Limits) -> Drawn:
        """The same people in the same order, where these attributes trigger and no others."""
        return replace(self, kinds=tuple(kind.under(limits) for kind in self.kinds))

    def left_out(self) -> list[np.ndarray]:
        """(n, M) booleans for each kind: who was kept back."""
        arrivals = [np.arange(kind.people.shape[1]) for kind in self.kinds]
        return [
            (arrival >= pool[:, None]) & (arrival < kind.sizes[:, None])
            for arrival, kind, pool in zip(arrivals, self.kinds, self.pools, strict=True)
        ]


def drawn(recorded: Recorded, rng: np.random.Generator, *, most: int, keep_back: bool, ordered: bool) -> Drawn:
    """Draw an order of arrival.

    Parameters: most, people that a policy may ask of a sample; keep_back, keep whoever is beyond them, and at least one,
        for comparison; ordered, replay in the recorded order (who is kept back is drawn all the same).
    """
    kinds, pools = [], []
    for kind in recorded.kinds:
        kept = np.maximum(kind.sizes - most, 1) if keep_back else np.zeros(len(kind.sizes), dtype=int)
        kinds.append(kind.in_order(_arrivals(kind, kept, rng, ordered)))
        pools.append(kind.sizes - kept)
    samples = np.sort(np.concatenate([np.zeros(0, dtype=int), *(kind.samples for kind in kinds)]))
    return Drawn(recorded, tuple(kinds), tuple(pools), samples if ordered else rng.permutation(samples))


def _arrivals(kind: Kind, kept: np.ndarray, rng: np.random.Generator, ordered: bool) -> np.ndarray:
    """(n, M) places of people: those who may be asked, as they come; those kept back; nobody."""
    most = kind.people.shape[1]
    lots = np.where(kind.people == _NOBODY, np.inf, rng.random(kind.people.shape))
    rank = lots.argsort(axis=1).argsort(axis=1)  # 0 for the first drawn
    comes = np.broadcast_to(np.arange(most), rank.shape) if ordered else rank
    group = np.where(kind.people == _NOBODY, 2, np.where(rank < kept[:, None], 1, 0))
    return np.asarray((group * most + comes).argsort(axis=1, kind="stable"))
