"""Calibration of a judge against people."""

import numpy as np
import pytest

from consensus.association import associated, places
from consensus.calibration import PriorVotesNotValid, calibrate, frequencies_elsewhere, judged_probabilities
from consensus.scales import ProbabilitiesNotValid, RatingOffScale, Scale, WrongShape
from consensus.smoothing import level_frequencies

NA = np.nan
TWO = Scale((0, 1), "ordinal")
THREE = Scale((-1, 0, 1), "ordinal")
SIX = Scale((1, 2, 3, 4, 5, 6), "ordinal")
NAMES = Scale((0, 1), "nominal")


def test_a_judgment_becomes_what_people_said_of_the_other_prompts_by_hand():
    # For prompt c the judge's 1 met the ratings 1, 1 (a) and 0 (b); pooled (1 + .5, 2 + .5) / 4.
    found = calibrate([1, 1, 1], [[1, 1], [0, NA], [0, 0]], NAMES, ["a", "b", "c"], prior_votes=2)
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


# --- scales with an order --------------------------------------------------------------------------------------------
def rated_on_six(sample_count, seed, *, lean=0.0, noise=0.8):
    """A judge and three people on 1 to 6."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(3.7, 1.3, sample_count)
    judged = np.clip(np.rint(truth + lean + noise * rng.normal(size=sample_count)), 1, 6)
    people = np.clip(np.rint(truth[:, None] + 0.9 * rng.normal(size=(sample_count, 3))), 1, 6)
    return judged, people


def held_out(judged, people, scale):
    """The mean log probability of people's ratings under what other prompts make of the judge."""
    counts = scale.tally(people)
    return (counts * np.log(calibrate(judged, people, scale, np.arange(len(judged)) // 2))).sum() / counts.sum()


@pytest.mark.parametrize(("sample_count", "gain"), [(20, 0.05), (60, 0.01), (1000, -0.002)])
@pytest.mark.parametrize("lean", [0.0, 1.2])
def test_neighbouring_levels_share_strength_so_that_few_judgments_suffice(sample_count, gain, lean):
    """Beside the same judge and people with the order of the levels unknown."""
    draws = [rated_on_six(sample_count, seed, lean=lean) for seed in range(max(2, 600 // sample_count))]
    names = Scale(SIX.levels, "nominal")
    gains = [held_out(*drawn, SIX) - held_out(*drawn, names) for drawn in draws]
    assert np.mean(gains) > gain


def test_a_level_that_the_judge_never_used_is_told_by_its_neighbours():
    judged, people = rated_on_six(120, 0)
    judged[judged == 5] = 4
    asked = np.append(judged, 5.0)
    found = calibrate(asked, np.vstack([people, np.full(3, NA)]), SIX, np.arange(121))[-1] @ SIX.values
    below, above = (people[judged == level].mean() for level in (4, 6))
    assert below < found < above


@pytest.mark.parametrize("judge", ["turned around", "squeezed", "constant", "knows nothing"])
def test_however_a_judge_uses_the_scale_it_never_hurts_beyond_noise(judge):
    rng = np.random.default_rng(3)
    truth, people = rated_on_six(300, 3)
    words = {
        "turned around": 7 - truth,
        "squeezed": np.rint(2 + truth / 3),
        "constant": np.full(300, 3.0),
        "knows nothing": rng.integers(1, 7, 300).astype(float),
    }
    counts, prompts = SIX.tally(people), np.arange(300) // 2
    pooled = (counts * np.log(frequencies_elsewhere(people, SIX, prompts))).sum() / counts.sum()
    assert held_out(words[judge], people, SIX) > pooled - 0.02
    if judge in ("turned around", "squeezed"):
        assert held_out(words[judge], people, SIX) > pooled + 0.2


def test_the_association_of_a_simulated_judge_comes_back():
    """Ratings drawn from the model itself."""
    rng = np.random.default_rng(4)
    at = places(SIX)
    truly = np.exp(np.array([0.2, 0.5, 1.0, 1.0, 0.4, 0.0]) + 2.5 * np.outer(at, at))
    truly /= truly.sum(axis=1, keepdims=True)
    table = np.stack([rng.multinomial(4000, row) for row in truly])
    np.testing.assert_allclose(associated(table, SIX), truly, atol=0.015)


def test_without_counts_every_row_is_even_and_one_word_alone_is_learned_too():
    np.testing.assert_allclose(associated(np.zeros((6, 6)), SIX), 1 / 6)
    one_word = np.zeros((6, 6))
    one_word[2] = [0, 10, 300, 10, 0, 0]
    found = associated(one_word, SIX)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found > 0).all()
    assert found[2].argmax() == 2


def test_places_follow_the_level_of_measurement():
    levels = (0, 1, 10)
    np.testing.assert_allclose(places(Scale(levels, "ordinal")), [-1, 0, 1])
    np.testing.assert_allclose(places(Scale(levels, "interval")), [-1, -0.8, 1])


def test_a_set_that_is_looked_at_in_pieces_is_calibrated_the_same(monkeypatch):
    judged, people = rated_on_six(90, 5)
    prompts = np.random.default_rng(6).integers(0, 40, 90)
    whole = calibrate(judged, people, SIX, prompts)
    monkeypatch.setattr("consensus.calibration._CELLS_AT_ONCE", 36 * 7)
    np.testing.assert_allclose(calibrate(judged, people, SIX, prompts), whole)
