"""Disagreement within one sample."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.disagreement import (
    CountsNotValid,
    distance_of_counts,
    entropy,
    entropy_of_counts,
    mean_pairwise_distance,
    range_of_counts,
    slot_ranges,
    value_range,
)
from consensus.scales import RatingOffScale, Scale, Slot, WrongShape
from consensus.votes import Votes

NA = np.nan
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
NAMES = Scale((0, 1, 2, 3, 4), "nominal")
ratings = arrays(
    float, st.tuples(st.integers(1, 4), st.integers(0, 6)), elements=st.sampled_from([0, 1, 2, 3, 4, np.nan])
)


def test_the_range_leaves_missing_ratings_out():
    np.testing.assert_array_equal(value_range([[4, np.nan, 1], [2, np.nan, np.nan]], FIVE), [3, 0])


def test_a_sample_that_nobody_rated_has_no_range():
    assert np.isnan(value_range([[np.nan, np.nan]], FIVE)).all()
    assert np.isnan(value_range(np.empty((1, 0)), FIVE)).all()


def test_names_either_differ_or_not():
    np.testing.assert_array_equal(value_range([[4, 0, 0], [3, 3, 3]], NAMES), [1, 0])
    np.testing.assert_allclose(mean_pairwise_distance([[4, 0, 0]], NAMES), [2 / 3])


def test_each_slot_is_measured_on_its_own_scale():
    slots = [Slot.trigger("a", FIVE), Slot.trigger("b", NAMES), Slot("c", FIVE)]
    packed = [[0, 0, np.nan], [3, 4, np.nan]]
    np.testing.assert_array_equal(slot_ranges(packed, slots), [3, 1, np.nan])


def test_entropy_by_hand():
    # Halves: log 2. Two thirds and a third: log 3 - 2/3 log 2. Three different ones: log 3.
    found = entropy([[4, 4, 1, 1], [0, 2, 2, NA], [0, 1, 4, NA], [3, 3, 3, NA], [NA] * 4, [1, NA, NA, NA]], FIVE)
    log2, log3 = np.log([2, 3])
    np.testing.assert_allclose(found, [log2, log3 - 2 / 3 * log2, log3, 0, np.nan, 0], atol=1e-15)


def test_entropy_knows_no_distance():
    np.testing.assert_array_equal(entropy([[0, 4, 4]], FIVE), entropy([[0, 1, 1]], NAMES))


def test_levels_are_as_far_apart_as_their_points():
    wide = Scale((0, 25, 100), "ordinal")
    np.testing.assert_array_equal(value_range([[0, 25, 25], [25, 100, NA]], wide), [25, 75])
    np.testing.assert_allclose(mean_pairwise_distance([[0, 25, 100]], wide), [200 / 3])


MEASURES = [(value_range, range_of_counts), (mean_pairwise_distance, distance_of_counts), (entropy, entropy_of_counts)]
SCALES = [Scale((0, 1, 2, 3, 4), measurement) for measurement in ("nominal", "ordinal", "interval")]


@pytest.mark.parametrize("scale", SCALES)
@given(ratings)
def test_votes_say_what_ratings_say(scale, matrix):
    counts = Votes.of_matrix(matrix, scale).tally()
    for of_ratings, of_counts in MEASURES:
        np.testing.assert_array_equal(of_ratings(matrix, scale), of_counts(counts, scale))


@pytest.mark.parametrize("scale", SCALES)
@given(ratings, st.randoms(use_true_random=False))
def test_who_said_what_does_not_matter(scale, matrix, random):
    shuffled = np.array([random.sample(row, len(row)) for row in matrix.tolist()]).reshape(matrix.shape)
    for of_ratings, _ in MEASURES:
        np.testing.assert_array_equal(of_ratings(matrix, scale), of_ratings(shuffled, scale))


@given(ratings, st.permutations([0, 1, 2, 3, 4]))
def test_names_of_levels_do_not_matter_on_a_nominal_scale(matrix, renamed):
    counts = NAMES.tally(matrix)
    for _, of_counts in MEASURES:
        np.testing.assert_allclose(of_counts(counts, NAMES), of_counts(counts[:, renamed], NAMES), atol=1e-12)


@given(ratings)
def test_unanimous_is_nothing_by_every_measure_and_only_that(matrix):
    several = np.count_nonzero(~np.isnan(matrix), axis=1) > 1
    zeros = [of_ratings(matrix, FIVE)[several] < 1e-12 for of_ratings, _ in MEASURES]
    np.testing.assert_array_equal(zeros[0], zeros[1])
    np.testing.assert_array_equal(zeros[0], zeros[2])


@given(ratings)
def test_entropy_equals_the_plain_definition(matrix):
    for row, found in zip(matrix, entropy(matrix, FIVE), strict=True):
        _, counts = np.unique(row[~np.isnan(row)], return_counts=True)
        shares = counts / counts.sum() if counts.size else np.array([np.nan])
        np.testing.assert_allclose(found, -(shares * np.log(shares)).sum(), atol=1e-12)


def test_ten_thousand_people_with_one_rating_each():
    votes = Votes.of(np.arange(10_000), np.arange(10_000), np.arange(10_000) % 5, level_count=5)
    np.testing.assert_array_equal(range_of_counts(votes.tally(), FIVE), 0)
    assert np.isnan(distance_of_counts(votes.tally(), FIVE)).all()


@pytest.mark.parametrize(
    ("counts", "error"),
    [
        ([[1, 2]], WrongShape),
        ([1] * 5, WrongShape),
        ([[-1, 0, 0, 0, 2]], CountsNotValid),
        ([[0.5] * 5], CountsNotValid),
    ],
)
def test_what_are_no_counts_is_refused(counts, error):
    for _, of_counts in MEASURES:
        with pytest.raises(error):
            of_counts(counts, FIVE)


def test_a_rating_off_the_scale_is_refused():
    for of_ratings, _ in MEASURES:
        with pytest.raises(RatingOffScale, match="7"):
            of_ratings([[1, 7]], FIVE)


@pytest.mark.parametrize("scale", [FIVE, NAMES])
@given(ratings)
def test_both_measures_equal_the_plain_definition(scale, matrix):
    apart = (lambda a, b: float(a != b)) if scale.is_nominal else (lambda a, b: abs(a - b))
    for row, width, mean in zip(matrix, value_range(matrix, scale), mean_pairwise_distance(matrix, scale), strict=True):
        distances = [apart(a, b) for a, b in combinations(row[~np.isnan(row)], 2)]
        rated = np.count_nonzero(~np.isnan(row))
        np.testing.assert_equal(width, max(distances, default=0.0) if rated else np.nan)
        np.testing.assert_allclose(mean, np.mean(distances) if distances else np.nan)
