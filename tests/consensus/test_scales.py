"""Scales, their default limits, and what is refused before any arithmetic."""

import numpy as np
import pytest

from consensus.scales import (
    ProbabilitiesNotValid,
    RatingOffScale,
    Scale,
    ScaleNotValid,
    Slot,
    SlotNotValid,
    WrongShape,
    level_probabilities,
    people_by_slots,
)


@pytest.mark.parametrize(
    ("levels", "measurement", "escalate_above", "settle_within"),
    [
        ((0, 1, 2, 3, 4), "ordinal", 2, 1),
        ((1, 2, 3, 4, 5), "interval", 2, 1),
        ((1, 2, 3, 4, 5, 6), "ordinal", 2, 1),
        ((-3, -2, -1, 1, 2, 3), "ordinal", 2, 1),
        ((-3, -2, -1, 0, 1, 2, 3), "ordinal", 2, 1),
        ((-1, 0, 1), "ordinal", 1, 0),
        ((1, 2, 3, 4), "ordinal", 1, 0),
        ((0, 1), "ordinal", 0, 0),
        ((0, 1, 2, 3, 4), "nominal", 0, 0),
        ((0, 25, 50, 75, 100), "interval", 50, 25),
    ],
)
def test_each_scale_has_its_default_limits(levels, measurement, escalate_above, settle_within):
    slot = Slot.trigger("overall", Scale(levels, measurement))
    assert (slot.escalate_above, slot.settle_within) == (escalate_above, settle_within)


def test_a_limit_that_is_given_stands():
    slot = Slot.trigger("overall", Scale((0, 1, 2, 3, 4), "ordinal"), escalate_above=3, settle_within=0)
    assert (slot.escalate_above, slot.settle_within) == (3, 0)


def test_a_slot_without_limits_is_no_trigger():
    assert not Slot("style", Scale((0, 1), "nominal")).is_trigger


@pytest.mark.parametrize(
    ("levels", "measurement"),
    [((1,), "ordinal"), ((2, 1), "ordinal"), ((1, 1), "nominal"), ((0, 1.5), "interval"), ((0, 1), "ratio")],
)
def test_what_makes_no_scale_is_refused(levels, measurement):
    with pytest.raises(ScaleNotValid):
        Scale(levels, measurement)


@pytest.mark.parametrize("limits", [(2, None), (None, 1), (-1, 1), (np.inf, 1), (2, np.nan)])
def test_limits_that_cannot_work_are_refused(limits):
    with pytest.raises(SlotNotValid, match="overall"):
        Slot("overall", Scale((0, 1), "ordinal"), *limits)


def test_averages_round_half_away_from_zero():
    scale = Scale((-3, -2, -1, 0, 1, 2, 3), "interval")
    assert scale.nearest([0.5, -0.5, 1.5, -2.5, 0.49, np.nan]).tolist()[:5] == [1, -1, 2, -3, 0]
    assert np.isnan(scale.nearest(np.nan))


def test_averages_between_distant_levels_go_to_the_nearest_level():
    assert Scale((1, 3, 7), "interval").nearest([1.9, 2.0, 4.9, 5.0, 7.0]).tolist() == [1, 3, 3, 7, 7]


def test_the_middle_of_a_comparison_without_zero_is_kept():
    scale = Scale((-3, -2, -1, 1, 2, 3), "ordinal")
    assert scale.nearest([0.0, 1 / 3, -0.5, 0.5]).tolist() == [0, 0, -1, 1]


def test_ratings_are_counted_by_level():
    scale = Scale((1, 2, 4), "ordinal")
    assert scale.tally([[1, 4, np.nan], [2, 2, 2]]).tolist() == [[1, 0, 1], [0, 3, 0]]
    assert scale.codes([4, np.nan, 1]).tolist() == [2, -1, 0]


@pytest.mark.parametrize("value", [0, 2.5, 9, np.inf])
def test_a_rating_off_the_scale_is_named(value):
    with pytest.raises(RatingOffScale, match=f"{value:g}"):
        Scale((1, 2, 3, 4, 5), "ordinal").tally([[1, value]])


def test_a_packed_vector_of_the_wrong_shape_or_scale_is_refused():
    slots = [Slot.trigger("a", Scale((0, 1), "ordinal")), Slot("b", Scale((1, 2), "ordinal"))]
    with pytest.raises(WrongShape):
        people_by_slots([[0, 1, 1]], slots)
    with pytest.raises(RatingOffScale, match="b: "):
        people_by_slots([[0, 0]], slots)
    with pytest.raises(SlotNotValid):
        people_by_slots([[0, 0]], [slots[0], slots[0]])
    assert people_by_slots([], slots).shape == (0, 2)


@pytest.mark.parametrize("row", [[0.5, 0.4], [-0.1, 1.1], [np.nan, 1.0]])
def test_what_is_no_distribution_is_refused(row):
    with pytest.raises(ProbabilitiesNotValid):
        level_probabilities([row], Scale((0, 1), "ordinal"))
