"""Judges beside a posterior: the right levels behind what people say, and the weight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.judges_on_sets import SPREAD_EVENLY, in_order_of_arrival, panel_behind, right_levels
from consensus.posterior import fit_posterior
from consensus.rating_set import Units
from consensus.scales import Scale
from consensus.votes import Votes

SCALE = Scale((0, 1, 2), "nominal")
ANSWERS = np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])


@given(st.lists(st.floats(0.05, 1), min_size=3, max_size=3))
def test_right_levels_are_found_again_behind_what_people_say(parts):
    right = np.array([parts]) / sum(parts)
    found = right_levels(right @ ANSWERS, ANSWERS)
    np.testing.assert_allclose(found, (1 - SPREAD_EVENLY) * right + SPREAD_EVENLY / 3, atol=0.03)


def test_right_levels_of_people_who_do_not_err_are_what_they_say():
    said = np.array([[0.2, 0.5, 0.3], [np.nan] * 3])
    found = right_levels(said, np.eye(3))
    np.testing.assert_allclose(found[0], (1 - SPREAD_EVENLY) * said[0] + SPREAD_EVENLY / 3)
    assert np.isnan(found[1]).all()


def judged_units(is_right: float, count: int = 400) -> tuple[Units, np.ndarray]:
    rng = np.random.default_rng(4)
    truth = rng.integers(3, size=count)
    said = np.where(rng.random((count, 3)) < 0.7, truth[:, None], rng.integers(3, size=(count, 3)))
    votes = Votes.of(np.repeat(np.arange(count), 3), np.tile(np.arange(3), count), said.ravel(), level_count=3)
    word = np.where(rng.random(count) < is_right, truth, rng.integers(3, size=count))
    prompts = np.arange(count).astype(str)
    units = Units("quality", SCALE, np.arange(count), (None,) * count, prompts, votes, {"judge": np.eye(3)[word]})
    return units, truth


def test_a_judge_is_believed_as_often_as_it_is_right():
    units, truth = judged_units(0.85)
    panel = panel_behind(units, fit_posterior(units.votes, SCALE))
    assert panel.fit.reason == "fitted"
    word = units.judged["judge"].argmax(axis=1)
    believed = panel.probabilities[np.arange(len(word)), word].mean()
    assert believed == pytest.approx((word == truth).mean(), abs=0.06)


def test_a_judge_that_knows_nothing_weighs_nothing():
    units, _ = judged_units(0.0)
    panel = panel_behind(units, fit_posterior(units.votes, SCALE))
    assert (panel.fit.weight, panel.fit.reason) == (0.0, "panel_does_not_help")


def test_on_forty_nine_samples_a_judge_is_not_measured():
    units, _ = judged_units(1.0, count=49)
    panel = panel_behind(units, fit_posterior(units.votes, SCALE))
    assert (panel.fit.weight, panel.fit.reason) == (0.0, "too_few_samples")


def test_ratings_stand_in_order_of_arrival():
    votes = Votes.of([1, 0, 1, 1], [0, 1, 2, 3], [2, 0, 1, 0], level_count=3, sample_count=3)
    ratings = in_order_of_arrival(votes, SCALE)
    np.testing.assert_array_equal(ratings, [[0, np.nan, np.nan], [2, 1, 0], [np.nan] * 3])
