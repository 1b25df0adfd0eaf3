"""From a preference or a score to the rubric's levels: monotone, mirrored exactly, sums to 1, worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import HELPFULNESS, SEVEN, SIX, THREE, TWO, attribute

from modelgen.judges.levels import (
    Preference,
    between_neighbours,
    compared,
    compared_value,
    expected,
    stands_for,
)

SCALES = st.sampled_from([SEVEN, SIX, THREE, TWO, (-2, -1, 0, 1, 2), (-5, -1, 1, 5)])


@st.composite
def preferences(draw, with_tie=True):
    weights = draw(st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(lambda w: w[0] + w[1] > 0))
    first, second, tie = weights if with_tie else (*weights[:2], 0)
    total = first + second + tie
    return Preference(first / total, second / total, tie / total)


def turned(preference):
    return Preference(preference.second, preference.first, preference.neither)


def test_with_a_zero_a_side_keeps_what_both_orders_grant_it():
    given, swapped = Preference(0.2, 0.8), Preference(0.4, 0.6)
    assert compared(given, swapped, THREE) == pytest.approx((0.2, 0.2, 0.6))
    assert compared(given, swapped, SEVEN) == pytest.approx((0.2 / 3,) * 3 + (0.2,) + (0.2,) * 3)


def test_without_a_zero_a_side_gets_the_mean_of_both_orders():
    given, swapped = Preference(0.2, 0.8), Preference(0.4, 0.6)
    assert compared(given, swapped, TWO) == pytest.approx((0.3, 0.7))
    assert compared(given, swapped, SIX) == pytest.approx((0.1,) * 3 + (0.7 / 3,) * 3)


def test_a_judge_that_always_takes_the_place_called_a_says_only_no_preference():
    always_a = (Preference(1.0, 0.0), Preference(0.0, 1.0))
    assert compared(*always_a, THREE) == (0, 1, 0)
    assert compared_value(*always_a, THREE) == 0
    assert compared(*always_a, TWO) == (0.5, 0.5)
    assert compared_value(*always_a, TWO) is None


def test_what_was_called_equally_good_goes_to_zero():
    assert compared(Preference(0.1, 0.3, 0.6), Preference(0.2, 0.5, 0.3), THREE) == pytest.approx((0.1, 0.6, 0.3))


@pytest.mark.parametrize(
    ("second", "levels", "value"),
    [
        (0.6, THREE, 1),  # the expectation is .2, but both orders name the second
        (0.6, TWO, 1),
        (0.6, SIX, 1),
        (0.87, SIX, 1),  # an expectation of 1.48
        (0.875, SIX, 2),  # 1.5, away from zero
        (0.125, SIX, -2),
        (1.0, SIX, 2),
        (1.0, SEVEN, 2),  # sure of the side, silent on the strength: never the strongest of three
        (0.1, SIX, -2),
    ],
)
def test_the_value_is_the_level_of_the_winners_side_nearest_to_the_expectation(second, levels, value):
    preference = Preference(1 - second, second)
    assert compared_value(preference, preference, levels) == value


def test_orders_that_contradict_each_other_follow_their_mean_where_there_is_no_zero():
    assert compared_value(Preference(0.1, 0.9), Preference(0.6, 0.4), SIX) == 1
    assert compared_value(Preference(0.1, 0.9), Preference(0.6, 0.4), SEVEN) == 0


@given(preferences(), preferences(), SCALES)
def test_probabilities_sum_to_one_and_none_is_negative(given_order, swapped, levels):
    found = compared(given_order, swapped, levels)
    assert sum(found) == pytest.approx(1)
    assert min(found) >= 0
    assert compared_value(given_order, swapped, levels) in (*levels, None)


@given(preferences(), preferences(), SCALES)
def test_swapping_the_responses_mirrors_exactly(given_order, swapped, levels):
    found = compared(given_order, swapped, levels)
    assert compared(turned(swapped), turned(given_order), levels) == found[::-1]
    value = compared_value(given_order, swapped, levels)
    mirrored = compared_value(turned(swapped), turned(given_order), levels)
    assert mirrored == (None if value is None else -value)


@given(preferences(with_tie=False), preferences(with_tie=False), st.floats(0, 1), SCALES)
def test_more_for_the_second_never_takes_from_the_upper_levels(given_order, swapped, share, levels):
    moved = given_order.first * share
    more = Preference(given_order.first - moved, given_order.second + moved)
    before, after = compared(given_order, swapped, levels), compared(more, swapped, levels)
    for place in range(len(levels)):
        assert sum(after[place:]) >= sum(before[place:]) - 1e-12


def test_a_preference_has_a_winner_or_none():
    assert Preference(0.4, 0.6).winner == "second"
    assert Preference(0.4, 0.3, 0.3).winner == "first"
    assert Preference(0.5, 0.5).winner == "neither"
    assert Preference(0.3, 0.3, 0.4).winner == "neither"


def test_an_expectation_is_rounded_half_away_from_zero():
    assert stands_for((0, 0, 0.5, 0.5, 0), HELPFULNESS) == 3
    assert stands_for((0.1, 0.1, 0.1, 0.1, 0.6), HELPFULNESS) == 3  # the likeliest is 4
    assert stands_for((0.5, 0.5, 0), attribute("tone", (-1, 0, 1), scope="response")) == -1
    assert stands_for((0.5, 0.5), attribute("better", TWO)) is None


def test_of_names_the_likeliest_is_taken():
    assert stands_for((0.4, 0.0, 0.6), attribute("kind", (0, 1, 2), scope="response", is_nominal=True)) == 2
    assert stands_for((0.6, 0.0, 0.4), attribute("kind", (0, 1, 2), scope="response", is_nominal=True)) == 0


def test_a_score_is_shared_by_its_two_neighbours():
    assert between_neighbours(3.0, (0, 1, 2, 3, 4)) == (0, 0, 0, 1, 0)
    assert between_neighbours(0.0, (0, 1, 2)) == (1, 0, 0)
    assert between_neighbours(-7.5, (0, 1, 2)) == (1, 0, 0)
    assert between_neighbours(9.0, (0, 1, 2)) == (0, 0, 1)
    assert between_neighbours(4.0, (0, 10)) == pytest.approx((0.6, 0.4))


@given(st.floats(-10, 10), st.sampled_from([(0, 1, 2, 3, 4), SIX, (1, 2, 4, 9)]))
def test_a_shared_score_has_itself_as_its_mean_within_the_scale(score, levels):
    shares = between_neighbours(score, levels)
    assert sum(shares) == pytest.approx(1)
    assert min(shares) >= 0
    assert expected(shares, levels) == pytest.approx(min(max(score, levels[0]), levels[-1]), abs=1e-9)
