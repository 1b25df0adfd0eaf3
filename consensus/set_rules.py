"""Label rules over a whole set: every rule by its name, with one interface.

A rule gets a `RatingSet` and answers, attribute by attribute, with `SetLabels`. `closest-three` chooses its people sample by
sample; mean, median and majority are counted for all samples at once; the others see how people behave over the whole
set. With judges every rule's distribution is pooled with the calibrated panel at the weight that the panel has earned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from consensus import aggregate, merge, middles
from consensus.crowdlab import crowdlab
from consensus.dawid_skene import fit_dawid_skene
from consensus.judges_on_sets import Panel, in_order_of_arrival, panel_behind, panel_on, pooled
from consensus.posterior import Posterior, fit_posterior
from consensus.rating_set import RatingSet, Units
from consensus.scales import Scale
from consensus.smoothing import fit_smoothing, vote_posterior

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class SetLabels:
    """What a rule makes of one attribute of a set, unit by unit.

    units: what it was made of. value: (U,) floats, levels of the scale, 0 for "no preference", NaN where the rule can say
        nothing. expected: (U,) floats, real-valued, in scale points (nominal: the value). probabilities: (U, L) floats, of
        each level being the right value; rows of NaN where nothing is known. confidence: (U,) floats, the probability of the value,
        NaN where it is no level.
    rule: its name. next_rating: (U, L) floats, what the next person would say; None from rules that do not ask.
    panel: the weight of the judges and why; None where none was asked or none spoke.
    """

    units: Units
    value: np.ndarray
    expected: np.ndarray
    probabilities: np.ndarray
    confidence: np.ndarray
    rule: str
    next_rating: np.ndarray | None = None
    panel: merge.MergeFit | None = None


class SetRule(Protocol):
    """A way to label a whole set."""

    def __call__(
        self, ratings: RatingSet, *, with_judges: bool, progress: Progress | None = None
    ) -> dict[str, SetLabels]:
        """One `SetLabels` for each attribute of the set, in its order. progress: called with (done, of how many)."""
        ...


def label_set(
    rule: str, ratings: RatingSet, *, with_judges: bool = False, progress: Progress | None = None
) -> dict[str, SetLabels]:
    """Label every attribute of a set by the rule of this name.

    A unit that nobody rated has no value under any rule. Where judges are asked for and none spoke, or they help no more than
    chance would, the labels are those of the people alone. Raises: aggregate.UnknownRule.
    """
    if rule not in SET_RULES:
        raise aggregate.UnknownRule(f"There is no label rule {rule!r}. Use one of: {', '.join(SET_RULES)}.")
    return SET_RULES[rule](ratings, with_judges=with_judges, progress=progress)


def closest_three(ratings: RatingSet, *, with_judges: bool, progress: Progress | None = None) -> dict[str, SetLabels]:
    """`aggregate.by_closest_three` of every sample; NaN where fewer than three people gave every trigger value."""
    rows: dict[str, list[tuple[float, float]]] = {attribute: [] for attribute in ratings.scales}
    for at, sample in enumerate(ratings.samples):
        values, expected = _closest_three_of(sample.ratings, sample.slots)
        for column, place in enumerate(sample.places):
            rows[place.attribute].append((values[column], expected[column]))
        _tell(progress, at + 1, len(ratings.samples))
    labels = {}
    for attribute, pairs in rows.items():
        value, expected = np.array(pairs, dtype=float).reshape(-1, 2).T
        labels[attribute] = _by_votes(ratings.units(attribute), value, expected, "closest-three")
    return {attribute: _with_panel(one) for attribute, one in labels.items()} if with_judges else labels


def by_attribute(
    ratings: RatingSet,
    label: Callable[[Units, bool], SetLabels],
    *,
    with_judges: bool,
    progress: Progress | None = None,
) -> dict[str, SetLabels]:
    """A set rule out of one that labels the units of an attribute, with or without judges."""
    labels = {}
    for done, attribute in enumerate(ratings.scales, start=1):
        labels[attribute] = label(ratings.units(attribute), with_judges)
        _tell(progress, done, len(ratings.scales))
    return labels


def by_middle(units: Units, with_judges: bool, *, middle: middles.Middle, rule: str) -> SetLabels:
    """The mean, the median or the majority of everybody who rated a unit."""
    expected = middle(units.votes.tally(), units.scale)
    labels = _by_votes(units, units.scale.nearest(expected), expected, rule)
    return _with_panel(labels) if with_judges else labels


def by_posterior(units: Units, with_judges: bool) -> SetLabels:
    """What is most probable, given how far each person can be relied on (`posterior.fit_posterior`)."""
    fitted = fit_posterior(units.votes, units.scale)
    probabilities, coming = fitted.probabilities(units.votes), fitted.next_rating(units.votes)
    expected, value = fitted.expected(units.votes), fitted.values_of(probabilities)
    labels = _where_rated(labels_of(units, probabilities, "posterior", value, expected, next_rating=coming))
    if not with_judges:
        return labels
    return _with_judges(labels, panel_behind(units, fitted), partial(_of_posterior, units, fitted))


def by_dawid_skene(units: Units, with_judges: bool) -> SetLabels:
    """The levels that Dawid and Skene's model finds likeliest."""
    read = partial(_likeliest, units, rule="dawid-skene")
    labels = read(fit_dawid_skene(units.votes).probabilities)
    return _with_judges(labels, panel_on(units), read) if with_judges else labels


def by_crowdlab(units: Units, with_judges: bool) -> SetLabels:
    """CROWDLAB, in which judges have weights of their own; without them people's votes, weighted by their agreement."""
    made = crowdlab(units.votes, units.scale, list(units.judged.values()) if with_judges else [])
    value = np.where(made.label < 0, np.nan, units.scale.values[made.label])
    expected = value if units.scale.is_nominal else made.probabilities @ units.scale.values
    return _where_rated(labels_of(units, made.probabilities, "crowdlab", value, expected))


def labels_of(
    units: Units,
    probabilities: np.ndarray,
    rule: str,
    value: np.ndarray,
    expected: np.ndarray,
    *,
    next_rating: np.ndarray | None = None,
) -> SetLabels:
    """Labels with the confidence that their probabilities give them."""
    confidence = probability_of(value, probabilities, units.scale)
    return SetLabels(units, value, expected, probabilities, confidence, rule, next_rating)


def probability_of(value: np.ndarray, probabilities: np.ndarray, scale: Scale) -> np.ndarray:
    """(U,) floats, the probability of each unit's value; NaN where the value is NaN or no level ("no preference")."""
    places = np.minimum(np.searchsorted(scale.values, value), len(scale.levels) - 1)
    found = probabilities[np.arange(len(value)), places]
    return np.where(scale.values[places] == value, found, np.nan)


def _closest_three_of(ratings: np.ndarray, slots: tuple[aggregate.Slot, ...]) -> tuple[np.ndarray, np.ndarray]:
    try:
        label = aggregate.by_closest_three(ratings, slots)
    except aggregate.TooFewUsable:
        nothing = np.full(len(slots), np.nan)
        return nothing, nothing
    return label.values, label.expected


def _by_votes(units: Units, value: np.ndarray, expected: np.ndarray, rule: str) -> SetLabels:
    """A value that is no probability's: beside it stands what the votes say of the next one."""
    ratings = in_order_of_arrival(units.votes, units.scale)
    probabilities = vote_posterior(ratings, units.scale, smoothing=fit_smoothing(ratings, units.scale))
    return _where_rated(labels_of(units, probabilities, rule, value, expected, next_rating=probabilities))


def _read_off(units: Units, probabilities: np.ndarray, rule: str) -> SetLabels:
    """The value and the mean of a distribution over the levels."""
    value = merge.merged_values(probabilities, units.scale)
    expected = value if units.scale.is_nominal else probabilities @ units.scale.values
    return labels_of(units, probabilities, rule, value, expected)


def _likeliest(units: Units, probabilities: np.ndarray, rule: str) -> SetLabels:
    """The level with the highest probability, and the mean of a distribution over the levels."""
    known = ~np.isnan(probabilities).any(axis=1)
    value = np.full(len(probabilities), np.nan)
    value[known] = middles.likeliest(probabilities[known], units.scale)
    expected = value if units.scale.is_nominal else probabilities @ units.scale.values
    return labels_of(units, probabilities, rule, value, expected)


def _of_posterior(units: Units, fitted: Posterior, probabilities: np.ndarray) -> SetLabels:
    """The labels that a posterior reads off a distribution which is not its own any more."""
    value, expected = fitted.values_of(probabilities), fitted.expected_of(probabilities)
    coming = fitted.next_rating_of(probabilities)
    return labels_of(units, probabilities, "posterior", value, expected, next_rating=coming)


def _with_panel(labels: SetLabels) -> SetLabels:
    """With judges, by what the votes say of the next one."""
    return _with_judges(labels, panel_on(labels.units), partial(_read_off, labels.units, rule=labels.rule))


def _with_judges(labels: SetLabels, panel: Panel | None, read: Callable[[np.ndarray], SetLabels]) -> SetLabels:
    """The labels that `read` makes of people and panel together; people's own where judges are silent or weigh nothing."""
    if panel is None:
        return labels
    if panel.fit.weight == 0:
        return replace(labels, panel=panel.fit)
    heard = ~np.isnan(panel.probabilities).any(axis=1) & ~np.isnan(labels.value)
    merged = read(pooled(labels.probabilities, panel, labels.units.scale))
    return replace(_mixed(labels, merged, heard), panel=panel.fit)


def _where_rated(labels: SetLabels) -> SetLabels:
    """The same, and nothing of units that nobody rated: what would stand there is said of no sample in particular."""
    return _mixed(_nothing_of(labels), labels, np.diff(labels.units.votes.starts) > 0)


def _nothing_of(labels: SetLabels) -> SetLabels:
    nothing, no_levels = np.full(labels.value.shape, np.nan), np.full(labels.probabilities.shape, np.nan)
    return SetLabels(labels.units, nothing, nothing, no_levels, nothing, labels.rule, next_rating=no_levels)


def _mixed(where_not: SetLabels, where: SetLabels, chosen: np.ndarray) -> SetLabels:
    """Unit by unit one label or the other."""

    def either(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.where(chosen.reshape(-1, *[1] * (one.ndim - 1)), one, other)

    coming, otherwise = where.next_rating, where_not.next_rating
    return replace(
        where,
        value=either(where.value, where_not.value),
        expected=either(where.expected, where_not.expected),
        probabilities=either(where.probabilities, where_not.probabilities),
        confidence=either(where.confidence, where_not.confidence),
        next_rating=None if coming is None or otherwise is None else either(coming, otherwise),
    )


def _tell(progress: Progress | None, done: int, of: int) -> None:
    if progress is not None:
        progress(done, of)


def _by(label: Callable[..., SetLabels], **settings: object) -> SetRule:
    return partial(by_attribute, label=partial(label, **settings))


SET_RULES: Mapping[str, SetRule] = {
    "closest-three": closest_three,
    "mean": _by(by_middle, middle=middles.mean, rule="mean"),
    "median": _by(by_middle, middle=middles.median, rule="median"),
    "majority": _by(by_middle, middle=middles.majority, rule="majority"),
    "posterior": _by(by_posterior),
    "dawid-skene": _by(by_dawid_skene),
    "crowdlab": _by(by_crowdlab),
}
