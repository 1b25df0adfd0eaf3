"""What the benchmarks of labels conclude from: draws that leak nothing, paired differences, ranks and calibration."""

import numpy as np
import pytest

from bench import consensus, scores
from bench.draws import Draws
from bench.results import Group, Results
from consensus.rating_set import Place, RatedSample, RatingSet
from consensus.scales import Scale, Slot

GRADES = Scale((0, 1, 2, 3, 4), "ordinal")
CHOICE = Scale((-1, 0, 1), "ordinal")


def a_set(ratings: list[np.ndarray]) -> RatingSet:
    places = (Place("grade"), Place("choice"))
    slots = (Slot("grade", GRADES), Slot("choice", CHOICE))
    samples = [
        RatedSample(f"s{at}", f"p{at}", places, slots, np.arange(len(rows)), np.array(rows, dtype=float).reshape(-1, 2))
        for at, rows in enumerate(ratings)
    ]
    return RatingSet({"grade": GRADES, "choice": CHOICE}, tuple("abcdef"), tuple(samples))


RATINGS = [
    np.array([[0, -1], [1, 0], [2, 1], [3, 1]]),
    np.array([[4, np.nan], [4, 1], [4, 1]]),
    np.array([[2, 0]]),
    np.zeros((0, 2)),
]


@pytest.mark.parametrize("labels", [1, 2, 3])
def test_what_is_drawn_is_not_what_it_is_tested_on(labels):
    everything = a_set(RATINGS)
    draws = Draws(everything, {}, seed=3)
    for number in range(5):
        drawn = draws.drawn(number, labels)
        for attribute, trial in draws.trials(drawn).items():
            full, own = everything.units(attribute).votes.tally(), trial.units.votes.tally()
            np.testing.assert_array_equal(own + trial.others, full)
            given = own.sum(axis=1)
            np.testing.assert_array_equal(given, np.where(full.sum(axis=1) > labels, labels, 0))
            np.testing.assert_array_equal(trial.tested, given > 0)


def test_with_gold_nobody_is_held_back():
    gold = {"grade": np.array([1.0, np.nan, 2.0, 0.0])}
    draws = Draws(a_set(RATINGS), gold, seed=3)
    trial = draws.trials(draws.drawn(0, 1))["grade"]
    np.testing.assert_array_equal(trial.units.votes.tally().sum(axis=1), [1, 1, 1, 0])
    np.testing.assert_array_equal(trial.tested, [True, False, True, False])
    np.testing.assert_array_equal(trial.points(gold["grade"], np.array([2.0, 0, 2.5, 0])), [-25, np.nan, -12.5, np.nan])


def test_fewer_labels_are_the_first_of_more():
    draws = Draws(a_set(RATINGS), {}, seed=3)
    one, two = (draws.drawn(0, labels).samples[0] for labels in (1, 2))
    np.testing.assert_array_equal(one.people, two.people[:1])


def test_points_against_the_people_who_were_left_out():
    draws = Draws(a_set([RATINGS[0]]), {}, seed=0)
    trials = draws.trials(draws.drawn(0, 2))
    choice, grade = trials["choice"], trials["grade"]
    others = choice.others[0]  # two people
    assert choice.points(np.array([1.0]), np.array([0.0]))[0] == pytest.approx(100 * others[2] / 2)
    mean = grade.others[0] @ np.arange(5) / 2
    assert grade.points(np.array([9.0]), np.array([1.0]))[0] == pytest.approx(-100 * abs(1 - mean) / 4)


def test_a_method_is_compared_on_the_draws_that_both_had():
    draws = Draws(a_set(RATINGS[:2]), {"grade": np.array([2.0, 4.0])}, seed=0)
    results, group = Results(seed=0), Group("set", False, 1, False)
    results.sample_counts["set"] = 2
    trial = draws.trials(draws.drawn(0, 1))["grade"]
    ours, theirs = results.cell(group, "posterior", is_peer=False), results.cell(group, "other", is_peer=True)
    for draw, expected in enumerate(([2.0, 4.0], [0.0, 0.0])):
        ours.add(draw, "grade", trial, np.array(expected), np.array(expected))
    theirs.add(0, "grade", trial, np.array([1.0, 4.0]), np.array([1.0, 4.0]))
    assert results.advantage(group, "other") == pytest.approx(12.5)  # a quarter of the scale on one of two samples
    assert results.best_peer(group) == "other"
    assert theirs.figure(is_accuracy=False) == pytest.approx(0.5)


def test_a_method_that_says_nothing_is_left_out():
    draws = Draws(a_set(RATINGS), {}, seed=0)
    results, group = Results(seed=0), Group("set", True, 1, False)
    trial = draws.trials(draws.drawn(0, 1))["choice"]
    nothing = np.full(4, np.nan)
    results.cell(group, "closest-three", is_peer=False).add(0, "choice", trial, nothing, nothing)
    assert results.groups() == []


def test_ranks_by_hand():
    ranks = scores.mean_ranks([{"a": 3.0, "b": 1.0, "c": 1.0}, {"a": 0.0, "b": 2.0}])
    assert ranks == {"a": (1.5, 2), "b": (1.75, 2), "c": (2.5, 1)}


def test_calibration_error_by_hand():
    confidence = np.repeat([0.5, 0.9], 10)
    right = np.concatenate([np.repeat([1.0, 0.0], 5), np.repeat([1.0, 0.0], [7, 3])])
    assert scores.calibration_error(confidence, right) == pytest.approx((0.0 + 0.2) / 2)
    assert scores.calibration_error(confidence[::-1], right[::-1]) == pytest.approx(0.1)


def test_calibrated_confidences_have_no_error_to_speak_of():
    rng = np.random.default_rng(0)
    confidence = rng.random(200_000)
    assert scores.calibration_error(confidence, rng.random(200_000) < confidence) < 0.005
    assert scores.calibration_error(confidence, rng.random(200_000) < confidence / 2) == pytest.approx(0.25, abs=0.01)


def test_the_interval_holds_what_theory_says():
    points = np.random.default_rng(1).normal(3, 2, 400)
    sums = scores.by_sample(points, np.arange(400), 400)
    told = scores.difference(float(points.mean()), scores.resampled_means(sums, seed=5))
    error = points.std() / 20
    assert (told.low, told.high) == pytest.approx(
        (points.mean() - 1.96 * error, points.mean() + 1.96 * error), abs=0.05
    )


def test_the_crowd_is_as_described():
    crowd = consensus.crowd(20_000, seed=1)
    people = crowd["person"].reshape(-1, consensus.LABELS)
    assert all(len(set(row)) == consensus.LABELS for row in people[:500])
    assert (np.bincount(crowd["person"], minlength=consensus.PEOPLE) > 0).all()
    apart = np.abs(crowd["level"].reshape(-1, 5) - crowd["truth"][:, None])
    shares = np.bincount(apart.ravel(), minlength=5) / apart.size
    assert shares[0] == pytest.approx(0.95 * 8 / 11 + 0.05 / 5, abs=0.03)
    assert (np.diff(shares) < 0).all()
    np.testing.assert_array_equal(crowd["level"], consensus.crowd(20_000, seed=1)["level"])
