"""Label rules, the closest three above all."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.aggregate import RULES, TooFewUsable, UnknownRule, closest_three, label, usable_people
from consensus.scales import Scale, Slot
from tests.consensus import brute_force

FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
SEVEN = Scale((-3, -2, -1, 1, 2, 3), "ordinal")
THREE = Scale((-1, 0, 1), "ordinal")
NAMES = Scale((1, 2, 3), "nominal")
NA = np.nan
ONE = [Slot.trigger("overall", FIVE)]
MANY = [Slot.trigger("first", FIVE), Slot("style", FIVE), Slot.trigger("better", SEVEN), Slot.trigger("kind", NAMES)]


def column(*values):
    return [[value] for value in values]


@st.composite
def packed(draw, slots=MANY, missing=True):
    blank = [NA] if missing else []
    row = st.tuples(*(st.sampled_from([*slot.scale.levels, *blank]) for slot in slots))
    return np.array([draw(row) for _ in range(draw(st.integers(3, 7)))], dtype=float)


def test_the_three_who_differ_least_make_the_label():
    found = label("closest-three", column(0, 4, 3, 4, 1), ONE)
    assert found.chosen == (1, 2, 3)
    assert found.expected[0] == pytest.approx(11 / 3)
    assert (found.values[0], found.counts[0], found.rule) == (4, 3, "closest-three")


def test_three_people_are_the_closest_three():
    assert closest_three(column(0, 4, 2), ONE) == (0, 1, 2)


def test_among_equally_close_triples_the_one_nearest_the_mean_of_all_wins():
    # 0 1 1 and 1 1 2 have the same spread; the mean of all is 1.6, nearer to 4/3 than to 2/3.
    assert closest_three(column(0, 1, 1, 2, 4), ONE) == (1, 2, 3)


def test_then_the_earliest_triple_wins():
    # 0 1 1 and 3 3 4 mirror each other around the mean of all, 2.
    assert closest_three(column(3, 0, 1, 3, 4, 1), ONE) == (0, 3, 4)
    assert closest_three(column(1, 0, 3, 3, 4, 1), ONE) == (0, 1, 5)
    # The same value from a later person changes nothing: the first two of three equals are taken.
    assert closest_three(column(2, 2, 2, 2, 2), ONE) == (0, 1, 2)


def test_a_tie_is_decided_by_whole_numbers_and_not_by_rounding():
    # Both triples differ by 2.2; added as binary fractions the other one comes out a hair smaller.
    slots = [
        Slot.trigger("thirds", Scale((0, 1, 2, 3), "ordinal")),
        Slot.trigger("fifths", Scale((1, 2, 3, 4, 5, 6), "ordinal")),
        Slot.trigger("sixths", Scale((-3, -2, -1, 0, 1, 2, 3), "ordinal")),
    ]
    ratings = [[3, 2, 2], [2, 3, 1], [2, 2, -2], [1, 4, -2], [2, 5, -1]]
    assert closest_three(ratings, slots) == (1, 2, 4)


def test_every_trigger_value_weighs_the_same_whatever_its_scale():
    slots = [Slot.trigger("hundred", Scale((0, 50, 100), "interval")), Slot.trigger("two", Scale((0, 1), "ordinal"))]
    # Over the span, 50 of 100 is less than 1 of 1.
    assert closest_three([[0, 0], [0, 0], [50, 0], [0, 1]], slots) == (0, 1, 2)


def test_slots_that_are_no_trigger_have_no_say_in_who_is_chosen():
    slots = [Slot.trigger("overall", FIVE), Slot("style", FIVE)]
    found = label("closest-three", [[4, 0], [4, 4], [0, 4], [4, NA], [0, 4]], slots)
    assert found.chosen == (0, 1, 3)
    assert found.expected.tolist() == [4, 2]
    assert found.counts.tolist() == [3, 2]


def test_who_leaves_a_trigger_value_out_cannot_be_one_of_the_three():
    slots = [Slot.trigger("a", FIVE), Slot.trigger("b", FIVE)]
    ratings = [[2, NA], [2, 2], [2, 2], [0, 4], [4, 0]]
    assert usable_people(ratings, slots).tolist() == [1, 2, 3, 4]
    assert 0 not in closest_three(ratings, slots)


def test_fewer_than_three_usable_people_make_no_label():
    with pytest.raises(TooFewUsable, match="2 of 3"):
        label("closest-three", column(1, NA, 1), ONE)
    with pytest.raises(TooFewUsable):
        label("closest-three", [], ONE)


def test_a_rubric_without_trigger_values_takes_the_first_three():
    assert closest_three([[NA], [0], [4], [4], [4]], [Slot("style", FIVE)]) == (1, 2, 3)


def test_a_comparison_that_rounds_to_zero_is_no_preference():
    slots = [Slot.trigger("better", SEVEN), Slot.trigger("with zero", THREE)]
    found = label("closest-three", [[-1, 0], [1, 0], [1, 0]], slots)
    assert found.values.tolist() == [0, 0]
    assert found.no_preference.tolist() == [True, False]


def test_means_round_half_away_from_zero():
    slots = [Slot("better", SEVEN)]
    assert label("mean", column(-3, -2), slots).values[0] == -3
    assert label("mean", column(1, 2), slots).values[0] == 2


def test_names_take_the_commonest_and_then_the_lowest_whoever_came_first():
    slots = [Slot.trigger("kind", NAMES)]
    for three in permutations((3, 1, 2)):
        assert label("closest-three", column(*three), slots).values[0] == 1
    assert label("majority", column(3, 3, 2, 2, 1), slots).values[0] == 2
    assert label("closest-three", column(3, 1, 2, 1, 1), slots).values[0] == 1
    assert all(label(rule, column(3, 1, 1), slots).values[0] == 1 for rule in RULES)


def test_the_other_rules_use_everybody():
    ratings = column(0, 0, 1, 4, NA, 3)
    assert label("mean", ratings, ONE).expected[0] == pytest.approx(1.6)
    assert label("median", ratings, ONE).values[0] == 1
    assert label("majority", ratings, ONE).values[0] == 0
    assert label("majority", ratings, ONE).chosen == (0, 1, 2, 3, 5)


@pytest.mark.parametrize(
    ("given_values", "value"),
    [((0, 0, 4, 4, 3), 4), ((0, 0, 4, 4, 1), 0), ((0, 0, 4, 4, 2), 0), ((4, 0, 3), 3), ((1, 3), 1)],
)
def test_a_tied_majority_goes_to_the_value_nearest_the_mean_whoever_came_first(given_values, value):
    for order in permutations(given_values):
        assert label("majority", column(*order), ONE).values[0] == value


def test_a_slot_that_nobody_rated_has_no_value():
    found = label("mean", [[4, NA], [4, NA]], [Slot("a", FIVE), Slot("b", FIVE)])
    assert np.isnan(found.values[1])
    assert found.counts.tolist() == [2, 0]
    assert not found.no_preference.any()


def test_a_rule_that_is_not_there_is_named():
    with pytest.raises(UnknownRule, match="closest-three"):
        label("best", [], ONE)


@given(packed())
def test_the_closest_three_are_those_of_a_second_implementation(ratings):
    expected = brute_force.closest_three(ratings.tolist(), MANY)
    if expected is None:
        with pytest.raises(TooFewUsable):
            closest_three(ratings, MANY)
    else:
        assert closest_three(ratings, MANY) == expected


def test_spans_with_a_huge_common_multiple_stay_exact():
    slots = [Slot.trigger(str(top), Scale((0, 1, top - 1, top), "interval")) for top in (997, 991, 983, 977)]
    ratings = np.array(
        [[0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0], [996, 990, 982, 976], [997, 991, 983, 977], [997, 990, 983, 976]],
        dtype=float,
    )
    assert closest_three(ratings, slots) == brute_force.closest_three(ratings.tolist(), slots)


@given(packed(slots=ONE, missing=False), st.randoms(use_true_random=False))
def test_the_spread_of_the_three_does_not_depend_on_the_order_of_arrival(ratings, random):
    shuffled = ratings.tolist()
    random.shuffle(shuffled)
    first, second = (label("closest-three", rows, ONE) for rows in (ratings, shuffled))
    widths = [np.ptp(np.array(rows)[list(found.chosen), 0]) for rows, found in ((ratings, first), (shuffled, second))]
    assert widths[0] == widths[1]


@given(packed(slots=ONE, missing=False))
def test_turning_the_scale_around_turns_the_expectation_around(ratings):
    turned = label("mean", 4 - ratings, ONE)
    np.testing.assert_allclose(turned.expected, 4 - label("mean", ratings, ONE).expected)


@given(packed())
def test_every_value_is_a_level_or_no_preference_or_missing(ratings):
    for rule in ("mean", "median", "majority"):
        found = label(rule, ratings, MANY)
        for slot, value, undecided, count in zip(MANY, found.values, found.no_preference, found.counts, strict=True):
            assert value in slot.scale.levels or undecided or (np.isnan(value) and count == 0)
