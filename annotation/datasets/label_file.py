"""The labels of a pilot folder as the rows of a CSV file, one for each value that a sample has."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from consensus.rating_set import RatingSet
from consensus.scales import Scale
from consensus.set_rules import SetLabels

COLUMNS = ("sample_id", "response", "attribute", "value", "expected", "confidence")
DIGITS = 10  # significant ones


def header(ratings: RatingSet, *, with_probabilities: bool) -> list[str]:
    """The columns; with probabilities one more for every level of any attribute, lowest first: p_-1, p_0, p_1."""
    return [*COLUMNS, *(f"p_{level}" for level in _levels(ratings) if with_probabilities)]


def rows(
    ratings: RatingSet, labels: Mapping[str, SetLabels], *, with_probabilities: bool
) -> Iterator[Sequence[object]]:
    """In the order of samples, responses and rubric. A cell is empty where nothing is known, and under a level that the
    attribute has not."""
    levels = _levels(ratings) if with_probabilities else []
    cells = {name: _cells(of, levels) for name, of in labels.items()}
    for sample in ratings.samples:
        for place in sample.places:
            response = "" if place.response is None else place.response
            yield [sample.name, response, place.attribute, *next(cells[place.attribute])]


def _levels(ratings: RatingSet) -> list[int]:
    return sorted({level for scale in ratings.scales.values() for level in scale.levels})


def _cells(labels: SetLabels, levels: Sequence[int]) -> Iterator[list[str]]:
    figures = np.column_stack(
        [
            labels.value,
            labels.expected,
            labels.confidence,
            _spread_out(labels.probabilities, labels.units.scale, levels),
        ]
    )
    return ([_text(number) for number in row] for row in figures.tolist())


def _spread_out(probabilities: np.ndarray, scale: Scale, levels: Sequence[int]) -> np.ndarray:
    """(U, L) probabilities under the levels of all attributes, NaN under those that are not of this scale."""
    own = {level: column for column, level in enumerate(scale.levels)}
    missing = np.full(len(probabilities), np.nan)
    columns = [probabilities[:, own[level]] if level in own else missing for level in levels]
    return np.array(columns).reshape(len(levels), len(probabilities)).T


def _text(number: float) -> str:
    return "" if np.isnan(number) else f"{number + 0.0:.{DIGITS}g}"
