"""A pilot folder as arrays: what people and judges said of every sample, and what gold says.

For label rules and simulations on a folder; no database. The whole folder is held in memory, some hundred bytes a rating.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from consensus.rating_set import Place, RatedSample, RatingSet
from consensus.scales import Scale, Slot

from .pilot import JUDGMENTS, PilotFolder, RecordedJudgment
from .reading import JsonObject
from .rows import prompt_digest

Key = tuple[int, int | None]  # place in samples, response
Progress = Callable[[int], None]
Row = TypeVar("Row")


def read_ratings(folder: PilotFolder, *, with_judges: bool = True, progress: Progress | None = None) -> RatingSet:
    """Samples in the order of samples.jsonl, attributes in that of the rubric, people in that of labels.csv.

    A sample's people stand in the order of their first row there. Samples that nobody rated are in it, without
    people. progress: called with the number of rows read so far. Raises: BadRow.
    """
    scales = {str(attribute["name"]): scale_of(attribute) for attribute in folder.attributes}
    layouts = Layouts(folder.attributes, scales)
    rows = _Counting(progress)
    found = [
        (sample.sample_id, prompt_digest(sample.messages), len(sample.responses)) for sample in rows(folder.samples())
    ]
    order = {sample_id: at for at, (sample_id, _, _) in enumerate(found)}
    people, said = _ratings_by_person(folder, order, rows)
    samples = [
        _rated(name, prompt, *layouts.of(response_count), said[at])
        for at, (name, prompt, response_count) in enumerate(found)
    ]
    judged = _judged(folder, order, scales, rows) if with_judges and folder.has(JUDGMENTS) else {}
    return RatingSet(scales, people, tuple(samples), judged)


def read_gold(folder: PilotFolder, ratings: RatingSet) -> dict[str, np.ndarray]:
    """gold.csv beside the units of a set: attribute -> (U,) floats in scale points, NaN = not known.

    Attributes without any gold value are left out; a folder without gold.csv gives nothing. Raises: BadRow.
    """
    order = {sample.name: at for at, sample in enumerate(ratings.samples)}
    known: dict[str, dict[Key, float]] = defaultdict(dict)
    for gold in folder.gold():
        known[gold.attribute][order[gold.sample_id], gold.response] = float(gold.value)
    beside = {}
    for attribute in ratings.scales:
        if attribute in known:
            units = ratings.units(attribute)
            keys = zip(units.sample.tolist(), units.response, strict=True)
            beside[attribute] = np.array([known[attribute].get(key, np.nan) for key in keys])
    return beside


def scale_of(attribute: JsonObject) -> Scale:
    """The scale of an attribute of a parsed rubric."""
    return Scale(tuple(sorted(int(level["value"]) for level in attribute["values"])), attribute["level"])


class Layouts:
    """Which values a sample has: for each response its attributes, then those of the whole sample; and their slots."""

    def __init__(self, attributes: Sequence[JsonObject], scales: Mapping[str, Scale]) -> None:
        self._attributes, self._scales = attributes, scales
        self._made: dict[int, tuple[tuple[Place, ...], tuple[Slot, ...]]] = {}

    def of(self, response_count: int) -> tuple[tuple[Place, ...], tuple[Slot, ...]]:
        """Places and slots of a sample with so many responses."""
        if response_count not in self._made:
            pairs = list(self._pairs(response_count))
            self._made[response_count] = tuple(place for place, _ in pairs), tuple(slot for _, slot in pairs)
        return self._made[response_count]

    def _pairs(self, response_count: int) -> Iterator[tuple[Place, Slot]]:
        for response in range(response_count):
            for attribute in self._attributes:
                if attribute["scope"] == "response":
                    yield self._pair(attribute, response)
        for attribute in self._attributes:
            if attribute["scope"] != "response":
                yield self._pair(attribute, None)

    def _pair(self, attribute: JsonObject, response: int | None) -> tuple[Place, Slot]:
        name = str(attribute["name"])
        slot_name = name if response is None else f"{name} of response {response + 1}"
        scale = self._scales[name]
        if not attribute["trigger"]:
            return Place(name, response), Slot(slot_name, scale)
        limits = {key: attribute.get(key) for key in ("escalate_above", "settle_within")}
        return Place(name, response), Slot.trigger(slot_name, scale, **limits)


Said = dict[int, dict[tuple[str, int | None], int]]  # a person's place -> (attribute, response) -> value


def _ratings_by_person(
    folder: PilotFolder, order: Mapping[str, int], rows: "_Counting"
) -> tuple[tuple[str, ...], dict[int, Said]]:
    places: dict[str, int] = {}
    said: dict[int, Said] = defaultdict(dict)
    for label in rows(folder.labels()):
        person = places.setdefault(label.annotator_id, len(places))
        ratings = said[order[label.sample_id]].setdefault(person, {})
        ratings[label.attribute, label.response] = label.value
    return tuple(places), said


def _rated(name: str, prompt: str, places: tuple[Place, ...], slots: tuple[Slot, ...], said: Said) -> RatedSample:
    rows = [[given.get((place.attribute, place.response), np.nan) for place in places] for given in said.values()]
    ratings = np.array(rows, dtype=float).reshape(len(rows), len(places))
    return RatedSample(name, prompt, places, slots, np.array(list(said), dtype=np.int32), ratings)


def _judged(
    folder: PilotFolder, order: Mapping[str, int], scales: Mapping[str, Scale], rows: "_Counting"
) -> dict[tuple[str, str], dict[Key, np.ndarray]]:
    spoken: dict[tuple[str, str], dict[Key, list[RecordedJudgment]]] = defaultdict(lambda: defaultdict(list))
    for judgment in rows(folder.judgments()):
        key = order[judgment.sample_id], judgment.response
        spoken[judgment.attribute, judgment.judge][key].append(judgment)
    return {
        (attribute, judge): {key: _distribution(said, scales[attribute]) for key, said in by_key.items()}
        for (attribute, judge), by_key in spoken.items()
    }


def _distribution(said: Sequence[RecordedJudgment], scale: Scale) -> np.ndarray:
    """(L,) probabilities: a value without one is certain; what is missing to 1 is spread over the levels not named."""
    given = np.full(len(scale.levels), np.nan)
    for judgment in said:
        given[scale.levels.index(judgment.value)] = 1.0 if judgment.probability is None else judgment.probability
    unnamed = np.isnan(given)
    rest = max(1.0 - np.nansum(given), 0.0)
    given[unnamed] = rest / max(unnamed.sum(), 1)
    total = given.sum()
    return given / total if total > 0 else np.full(len(given), 1 / len(given))


class _Counting:
    """Lets rows through and tells how many there have been."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._count = progress, 0

    def __call__(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self._count += 1
            if self._progress is not None:
                self._progress(self._count)
            yield row
