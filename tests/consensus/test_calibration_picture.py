"""Whether a judge says how sure it is, and where it is farthest from people."""

import numpy as np
import pytest

from consensus.calibration_picture import picture
from consensus.farthest import excess_distance
from consensus.scales import Scale, WrongShape

TWO, FIVE = Scale((0, 1), "nominal"), Scale((0, 1, 2, 3, 4), "ordinal")


def sure(probability, count, agreeing):
    """A judge that gives 1 this probability, on samples with one person each, of whom so many say 1."""
    odds = np.tile([1 - probability, probability], (count, 1))
    return odds, np.array([[1.0]] * agreeing + [[0.0]] * (count - agreeing)), [f"p{at}" for at in range(count)]


def drawn(odds, ratings, prompts, **more):
    return picture(odds, ratings, TWO, prompts, np.random.default_rng(1), **more)


def test_a_bin_has_what_was_predicted_what_people_said_and_on_how_many_samples():
    [found] = drawn(*sure(0.82, 50, 30)).bins
    assert (found.low, found.high, found.predicted) == (0.8, 0.9, pytest.approx(0.82))
    assert (found.observed.value, found.observed.count, found.observed.clusters) == (0.6, 50, 50)
    assert found.observed.low < 0.6 < found.observed.high < 0.82


def test_a_judge_that_boasts_has_an_error_of_as_much_and_its_interval_leaves_nought_out():
    error = drawn(*sure(0.9, 400, 280)).error
    assert error.value == pytest.approx(0.2, abs=0.01)
    assert 0.1 < error.low < 0.2 < error.high < 0.3


def test_where_chance_alone_makes_the_error_the_interval_begins_at_nought():
    rng = np.random.default_rng(5)
    odds = rng.uniform(0.5, 1, 300)
    ratings = (rng.random((300, 3)) < odds[:, None]).astype(float)
    error = drawn(np.stack([1 - odds, odds], axis=1), ratings, np.arange(300).astype(str)).error
    assert error.low == 0.0
    assert error.value < 0.03


def test_one_prompt_makes_no_interval_and_no_judgment_a_sentence():
    odds, ratings, _ = sure(0.9, 10, 5)
    error = drawn(odds, ratings, ["same"] * 10).error
    assert (error.value, error.low) == (pytest.approx(0.4), None)
    nothing = drawn(np.full((2, 2), np.nan), np.ones((2, 1)), ["a", "b"])
    assert (nothing.bins, nothing.error.value) == ((), None)
    assert "rated" in nothing.error.undefined
    with pytest.raises(WrongShape):
        drawn(odds[:3], ratings, ["same"] * 10)


def test_a_sure_judge_with_a_probability_of_one_is_in_the_last_bin():
    [found] = drawn(*sure(1.0, 30, 30)).bins
    assert (found.low, found.predicted, found.observed.value) == (0.9, 1.0, 1.0)


def test_the_farthest_is_where_people_are_of_one_mind_and_the_judge_of_another():
    ratings = [[0, 0, 0], [0, 4, np.nan], [4, 4, 3], [2, np.nan, np.nan], [1, 1, 1]]
    found = excess_distance([4, 4, 4, 0, np.nan], ratings, FIVE)
    assert found[:3].tolist() == pytest.approx([1.0, -0.5, (1 / 4) / 3 - (1 / 4) * 2 / 3])
    assert np.isnan(found[3:]).all()


def test_of_names_it_is_the_share_who_say_otherwise():
    assert excess_distance([1], [[0, 0, 0]], TWO).tolist() == [1.0]
