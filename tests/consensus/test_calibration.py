"""Calibration of a judge against people."""

import numpy as np
import pytest

from consensus.calibration import PriorVotesNotValid, calibrate, judged_probabilities
from consensus.posterior import level_frequencies
from consensus.scales import ProbabilitiesNotValid, RatingOffScale, Scale, WrongShape

NA = np.nan
TWO = Scale((0, 1), "ordinal")
THREE = Scale((-1, 0, 1), "ordinal")


def test_a_judgment_becomes_what_people_said_of_the_other_prompts_by_hand():
    # For prompt c the judge's 1 met the ratings 1, 1 (a) and 0 (b); pooled (1 + .5, 2 + .5) / 4.
    found = calibrate([1, 1, 1], [[1, 1], [0, NA], [0, 0]], TWO, ["a", "b", "c"], prior_votes=2)
    np.testing.assert_allclose(found[2], [(1 + 2 * 1.5 / 4) / 5, (2 + 2 * 2.5 / 4) / 5])


def test_a_sample_s_own_ratings_and_its_siblings_change_nothing():
    generator = np.random.default_rng(0)
    judged, ratings = generator.integers(-1, 2, 30), generator.integers(-1, 2, (30, 3)).astype(float)
    prompts = np.arange(30) // 2
    before = calibrate(judged, ratings, THREE, prompts)
    ratings[4:6] = [[-1, -1, -1], [NA, 1, 1]]
    after = calibrate(judged, ratings, THREE, prompts)
    np.testing.assert_allclose(before[4:6], after[4:6], atol=1e-12)
    assert not np.allclose(before[6:], after[6:])


def test_a_judge_that_is_always_wrong_is_turned_around():
    truth = np.tile([0.0, 1.0], 50)
    found = calibrate(1 - truth, np.repeat(truth[:, None], 3, axis=1), TWO, np.arange(100))
    assert (found.argmax(axis=1) == truth).all()


def test_a_judge_that_tells_nothing_becomes_the_frequencies():
    generator = np.random.default_rng(1)
    ratings = generator.choice([-1.0, 0.0, 1.0], p=[0.6, 0.3, 0.1], size=(4000, 3))
    found = calibrate(generator.integers(-1, 2, 4000), ratings, THREE, np.arange(4000))
    np.testing.assert_allclose(found, np.tile(level_frequencies(ratings, THREE), (4000, 1)), atol=0.04)


def test_levels_are_probabilities_of_one():
    generator = np.random.default_rng(2)
    judged, ratings = generator.integers(-1, 2, 20), generator.integers(-1, 2, (20, 2))
    certain = np.eye(3)[judged + 1]
    np.testing.assert_allclose(
        calibrate(judged, ratings, THREE, np.arange(20)), calibrate(certain, ratings, THREE, np.arange(20))
    )


def test_every_row_is_a_distribution_and_silence_stays_silence():
    judged = [[0.2, 0.3, 0.5], [NA, NA, NA], [1, 0, 0]]
    found = calibrate(judged, [[1, NA], [0, 0], [NA, NA]], THREE, ["a", "a", "b"])
    np.testing.assert_allclose(found.sum(axis=1), [1, NA, 1])
    assert (found[[0, 2]] > 0).all()
    assert np.isnan(judged_probabilities([NA, 1], THREE)[0]).all()


def test_a_single_prompt_leaves_an_even_distribution():
    np.testing.assert_allclose(calibrate([1, 0], [[1], [1]], TWO, ["a", "a"]), 0.5)


def test_bad_input_is_refused():
    with pytest.raises(WrongShape):
        calibrate([1], [[1], [1]], TWO, ["a", "a"])
    with pytest.raises(RatingOffScale):
        calibrate([2], [[1]], TWO, ["a"])
    with pytest.raises(ProbabilitiesNotValid):
        calibrate([[0.5, 0.6]], [[1]], TWO, ["a"])
    with pytest.raises(PriorVotesNotValid):
        calibrate([1], [[1]], TWO, ["a"], prior_votes=0)
