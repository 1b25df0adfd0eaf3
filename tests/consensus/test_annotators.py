"""Gold accuracy, its interval, and the weight that it earns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.annotators import PRIOR_ANSWERS, ScoresNotValid, earned_weights, gold_accuracy, gold_scores

nan = np.nan
shares = st.lists(st.floats(0, 1), max_size=40)


# --- scores ------------------------------------------------------------------------------------------------------
def test_a_score_is_the_share_of_judged_places_within_their_limits():
    said = [[4, 2, 1], [3, 0, 1], [5, 2, nan]]
    np.testing.assert_array_equal(gold_scores(said, gold=[4, 2, nan], within=[1, 0, 0]), [1, 0.5, 1])


def test_a_difference_equal_to_the_limit_is_right():
    np.testing.assert_array_equal(gold_scores([[3], [5], [2]], gold=[4], within=[1]), [1, 1, 0])


def test_what_was_not_given_is_wrong_and_what_was_not_asked_is_left_out():
    said, known = [[nan, 2]], [1, 2]
    np.testing.assert_array_equal(gold_scores(said, known, [0, 0]), [0.5])
    np.testing.assert_array_equal(gold_scores(said, known, [0, 0], asked=[[False, True]]), [1])


def test_where_nothing_is_judged_there_is_no_score():
    assert np.isnan(gold_scores([[1], [2]], gold=[nan], within=[1])).all()
    assert np.isnan(gold_scores([[1]], gold=[1], within=[1], asked=[[False]])).all()
    assert gold_scores(np.empty((0, 1)), gold=[1], within=[1]).shape == (0,)


@pytest.mark.parametrize(
    ("said", "known", "within"), [([1, 2], [1, 2], [0, 0]), ([[1]], [1, 2], [0, 0]), ([[1]], [1], [0, 0])]
)
def test_arrays_that_do_not_fit_are_refused(said, known, within):
    with pytest.raises(ScoresNotValid, match="shape"):
        gold_scores(said, known, within)


# --- accuracy ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (15, 148, 0.0624, 0.1605),  # Newcombe (1998), table I: 15 of 148
        (81, 263, 0.2553, 0.3662),  # the same: 81 of 263
        (0, 20, 0.0, 0.1611),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_the_interval_is_wilsons(right, n, low, high):
    found = gold_accuracy([1.0] * right + [0.0] * (n - right))
    assert found.value == pytest.approx(right / n)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))
    assert (found.count, found.clusters, found.undefined) == (n, n, "")


def test_without_an_answer_it_is_undefined_in_words():
    for nothing in ([], [nan, nan]):
        found = gold_accuracy(nothing)
        assert (found.value, found.low, found.high, found.count) == (None, None, None, 0)
        assert found.undefined == "No gold sample was answered yet."


@given(shares)
def test_the_interval_holds_the_value_and_stays_among_shares(scores):
    found = gold_accuracy(scores)
    if scores:
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1


def test_more_answers_make_it_narrower():
    few, many = gold_accuracy([1, 0, 1]), gold_accuracy([1, 0, 1] * 10)
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize("scores", [[1.1], [-0.1], [[1.0]]])
def test_what_is_no_share_is_refused(scores):
    with pytest.raises(ScoresNotValid):
        gold_accuracy(scores)


# --- weights -----------------------------------------------------------------------------------------------------
def test_a_weight_by_hand():
    """Ten right of ten, none of five: the mean of all is 10 of 15."""
    mean = 10 / 15
    expected = [(10 + 5 * mean) / 15, (0 + 5 * mean) / 10, nan]
    np.testing.assert_allclose(earned_weights([10, 0, 0], [10, 5, 0], prior_answers=5), expected)
    assert PRIOR_ANSWERS == 5


def test_nobody_has_a_weight_where_nobody_answered():
    assert np.isnan(earned_weights([0, 0], [0, 0])).all()
    assert earned_weights([], []).shape == (0,)


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), min_size=1, max_size=8))
def test_a_weight_lies_between_ones_own_accuracy_and_everybodys(people):
    counts = np.array([count for count, _ in people], dtype=float)
    sums = counts * [share for _, share in people]
    weights = earned_weights(sums, counts)
    assert np.isnan(weights[counts == 0]).all()
    if counts.sum():
        own, mean = sums[counts > 0] / counts[counts > 0], sums.sum() / counts.sum()
        assert (weights[counts > 0] >= np.minimum(own, mean) - 1e-9).all()
        assert (weights[counts > 0] <= np.maximum(own, mean) + 1e-9).all()


@pytest.mark.parametrize(("sums", "counts"), [([2], [1]), ([-1], [1]), ([1], [-1]), ([1, 1], [1])])
def test_sums_that_no_scores_make_are_refused(sums, counts):
    with pytest.raises(ScoresNotValid):
        earned_weights(sums, counts)
