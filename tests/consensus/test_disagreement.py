"""Disagreement within one sample."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.disagreement import mean_pairwise_distance, slot_ranges, value_range
from consensus.scales import Scale, Slot

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


@pytest.mark.parametrize("scale", [FIVE, NAMES])
@given(ratings)
def test_both_measures_equal_the_plain_definition(scale, matrix):
    apart = (lambda a, b: float(a != b)) if scale.is_nominal else (lambda a, b: abs(a - b))
    for row, width, mean in zip(matrix, value_range(matrix, scale), mean_pairwise_distance(matrix, scale), strict=True):
        distances = [apart(a, b) for a, b in combinations(row[~np.isnan(row)], 2)]
        rated = np.count_nonzero(~np.isnan(row))
        np.testing.assert_equal(width, max(distances, default=0.0) if rated else np.nan)
        np.testing.assert_allclose(mean, np.mean(distances) if distances else np.nan)
