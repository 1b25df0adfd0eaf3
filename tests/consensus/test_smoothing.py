"""The human posterior."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.scales import Scale
from consensus.smoothing import (
    Smoothing,
    SmoothingNotValid,
    fit_smoothing,
    leave_one_out_posterior,
    level_frequencies,
    log_vote_posterior,
    vote_posterior,
)

NA = np.nan
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
NAMES = Scale((0, 1), "nominal")
ratings = arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.sampled_from([0, 1, 2, 3, 4, NA]))


def test_votes_and_frequencies_are_added_by_hand():
    # Votes 1 1 0 and 0: pooled (2 + .5, 2 + .5) / 5 = one half each. First sample: (1 + .5, 2 + .5) / 4.
    found = vote_posterior([[1, 1, 0], [0, NA, NA]], NAMES)
    np.testing.assert_allclose(found, [[1.5 / 4, 2.5 / 4], [1.5 / 2, 0.5 / 2]])


def test_a_vote_speaks_for_its_neighbours_on_a_scale_with_order_only():
    near, far = vote_posterior([[2]], FIVE)[0, [1, 0]]
    assert near > far
    other = vote_posterior([[2]], Scale((0, 1, 2, 3, 4), "nominal"))[0]
    assert other[1] == other[0]


def test_interval_neighbours_are_counted_in_steps_of_the_scale():
    ordinal, interval = (Smoothing(neighbour=0.5).kernel(Scale((-2, -1, 1, 2), m)) for m in ("ordinal", "interval"))
    assert interval[1, 2] / interval[1, 1] == pytest.approx(0.25)
    assert ordinal[1, 2] / ordinal[1, 1] == pytest.approx(0.5)


def test_a_sample_without_votes_has_the_pooled_frequencies():
    matrix = [[4, 4], [NA, NA]]
    np.testing.assert_allclose(vote_posterior(matrix, FIVE)[1], level_frequencies(matrix, FIVE))


@given(ratings)
def test_every_row_is_a_distribution_without_zeros(matrix):
    found = vote_posterior(matrix, FIVE)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.isfinite(log_vote_posterior(matrix, FIVE)).all()


@given(ratings)
def test_a_left_out_vote_leaves_no_trace(matrix):
    held_out = leave_one_out_posterior(matrix, FIVE)
    for row, person in np.argwhere(~np.isnan(matrix)):
        without = matrix.copy()
        without[row, person] = NA
        np.testing.assert_allclose(held_out[row, int(matrix[row, person])], vote_posterior(without, FIVE)[row])


def test_reliable_votes_are_believed_and_random_ones_are_not():
    generator = np.random.default_rng(3)
    sure = np.repeat(generator.integers(0, 5, (200, 1)), 3, axis=1)
    random = generator.integers(0, 5, (200, 3))
    assert fit_smoothing(sure, FIVE).prior_votes < 0.1 < 4 <= fit_smoothing(random, FIVE).prior_votes


def test_people_who_miss_by_one_make_neighbours_count():
    generator = np.random.default_rng(3)
    near = np.clip(generator.integers(0, 5, (300, 1)) + generator.integers(-1, 2, (300, 4)), 0, 4)
    assert fit_smoothing(near, FIVE).neighbour >= 0.3
    assert fit_smoothing([[1], [2]], FIVE) == Smoothing()


@pytest.mark.parametrize("numbers", [{"prior_votes": 0}, {"neighbour": 1}, {"neighbour": -0.1}, {"prior_votes": NA}])
def test_smoothing_that_cannot_work_is_refused(numbers):
    with pytest.raises(SmoothingNotValid):
        Smoothing(**numbers)
