"""Small rated sets for tests: random ones, and ones made of a table."""

from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import strategies as st

from consensus.rating_set import Place, RatedSample, RatingSet
from consensus.scales import Scale, Slot

SCALES = {
    "ordinal": Scale((0, 1, 2, 3, 4), "ordinal"),
    "interval": Scale((0, 25, 50, 100), "interval"),
    "nominal": Scale((1, 2, 5), "nominal"),
    "comparison": Scale((-1, 0, 1), "ordinal"),
    "no middle": Scale((-3, -2, -1, 1, 2, 3), "ordinal"),
}


def rated_set(
    scales: Mapping[str, Scale], tables: Sequence[np.ndarray], people: Sequence[Sequence[int]] | None = None
) -> RatingSet:
    """One sample a table of (people, attributes); every attribute rated once a sample, all of them triggers."""
    places = tuple(Place(name) for name in scales)
    slots = tuple(Slot.trigger(name, scale) for name, scale in scales.items())
    who = people or [range(len(table)) for table in tables]
    samples = tuple(
        RatedSample(
            f"s{at}", f"p{at}", places, slots, np.array(list(who[at]), dtype=int), np.asarray(table, dtype=float)
        )
        for at, table in enumerate(tables)
    )
    count = max((max(of, default=-1) for of in who), default=-1) + 1
    return RatingSet(scales, tuple(f"person {place}" for place in range(count)), samples)


@st.composite
def rated_sets(draw: st.DrawFn) -> RatingSet:
    """A few samples of two attributes, some values missing, people in any order."""
    chosen = draw(st.lists(st.sampled_from(sorted(SCALES)), min_size=1, max_size=2, unique=True))
    scales = {name: SCALES[name] for name in chosen}
    cells = [st.sampled_from([*scale.levels, np.nan]) for scale in scales.values()]
    rows = st.lists(st.tuples(*cells), max_size=6)
    tables = [
        np.array(table, dtype=float).reshape(-1, len(cells)) for table in draw(st.lists(rows, min_size=1, max_size=6))
    ]
    people = [draw(st.permutations(range(6)))[: len(table)] for table in tables]
    return rated_set(scales, tables, people)
