"""Kappa, Gwet's coefficients and percent agreement, on published examples and by hand."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.agreement import UnknownWeights, agreement_share_of, kappa_of, similarities
from consensus.reliability import gwet_coefficient, percent_agreement
from consensus.scales import Scale
from consensus.tallies import PairTallies

NA = np.nan
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
# Twelve subjects, four raters, some missing: Gwet, "Handbook of Inter-Rater Reliability" (2014), after Krippendorff (2011).
TWELVE = np.transpose(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
        [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
    ]
)
# Fifteen subjects, five observers, some missing, levels 0-3; also the Handbook's.
FIFTEEN = np.array(
    [
        [1, 1, 2, NA, 2],
        [1, 1, 0, 1, NA],
        [2, 3, 3, 3, NA],
        [NA, 0, 0, NA, 0],
        [0, 0, 0, NA, 0],
        [0, 0, 0, NA, 0],
        [1, 0, 2, NA, 1],
        [1, NA, 2, 0, NA],
        [2, 2, 2, NA, 2],
        [2, 1, 1, 1, NA],
        [NA, 1, 0, 0, NA],
        [0, 0, 0, 0, NA],
        [1, 2, 2, 2, NA],
        [3, 3, 2, 2, 3],
        [1, 1, 1, NA, 1],
    ]
)


@pytest.mark.parametrize(
    ("matrix", "levels", "weights", "coefficient", "observed"),
    [
        (TWELVE, (1, 2, 3, 4, 5), "identity", 0.77544, 0.81818),
        (TWELVE, (1, 2, 3, 4, 5), "linear", 0.85874, 0.93939),
        (TWELVE, (1, 2, 3, 4, 5), "quadratic", 0.91400, 0.97538),
        (FIFTEEN, (0, 1, 2, 3), "identity", 0.49662, 0.61556),
        (FIFTEEN, (0, 1, 2, 3), "linear", 0.68964, 0.86074),
        (FIFTEEN, (0, 1, 2, 3), "quadratic", 0.83043, 0.94617),
    ],
)
def test_gwets_examples(matrix, levels, weights, coefficient, observed):
    scale = Scale(levels, "ordinal")
    assert gwet_coefficient(matrix, scale, weights).value == pytest.approx(coefficient, abs=6e-6)
    assert percent_agreement(matrix, scale, weights).value == pytest.approx(observed, abs=6e-6)


def pairs_of(table):
    """A table of two raters as (samples, 2) ratings."""
    return np.array([cell for cell, count in np.ndenumerate(table) for _ in range(count)], dtype=float)


# Two abstractors on a hundred pregnancies (ectopic, abnormal and normal intrauterine), in the Handbook; AC1, AC2 and kappa
# as the package irrCAC 0.4 computes them too.
ABSTRACTORS = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])


@pytest.mark.parametrize(
    ("weights", "ac", "kappa"),
    [("identity", 0.84933, 0.79641), ("linear", 0.90002, 0.84290), ("quadratic", 0.94024, 0.89216)],
)
def test_two_raters_on_a_hundred_pregnancies(weights, ac, kappa):
    scale = Scale((1, 2, 3), "ordinal")
    assert gwet_coefficient(pairs_of(ABSTRACTORS) + 1, scale, weights).value == pytest.approx(ac, abs=6e-6)
    assert float(kappa_of(ABSTRACTORS, scale, weights)) == pytest.approx(kappa, abs=6e-6)


def test_cohens_table_of_diagnoses():
    # Cohen (1968), table 1: 200 patients, two diagnosticians; unweighted kappa .492 there.
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert float(kappa_of(table, Scale((0, 1, 2), "nominal"))) == pytest.approx(0.492, abs=5e-4)


def test_weighted_kappa_by_hand():
    # Pairs 00, 11, 21, 24. Linear: mean .75; margins 0 1 2 2 and 0 1 1 4: all sixteen differences sum to 22.
    # Quadratic: mean 1.25; the sixteen squares sum to 18 + 10 + 10 + 10 = 48.
    table = np.zeros((5, 5))
    for first, second in ((0, 0), (1, 1), (2, 1), (2, 4)):
        table[first, second] += 1
    assert float(kappa_of(table, FIVE, "linear")) == pytest.approx(1 - 0.75 / (22 / 16))
    assert float(kappa_of(table, FIVE, "quadratic")) == pytest.approx(1 - 1.25 / (48 / 16))


def test_what_a_difference_is_worth():
    np.testing.assert_allclose(similarities(Scale((0, 1, 3), "interval"), "linear")[0], [1, 2 / 3, 0])
    np.testing.assert_allclose(similarities(Scale((0, 1, 3), "interval"), "quadratic")[0], [1, 8 / 9, 0])
    np.testing.assert_array_equal(similarities(Scale((0, 1, 3), "nominal"), "quadratic"), np.eye(3))
    with pytest.raises(UnknownWeights, match="cubic"):
        similarities(FIVE, "cubic")


def test_high_agreement_on_one_level_is_where_ac1_and_kappa_part():
    # Of 125 samples both say no to none and yes to 118. Shares of yes 123 and 120 of 125, together .972: AC1's chance is
    # 2 x .972 x .028 = .0544. This is the paradox that AC1 was made for (Gwet, 2008).
    table = np.array([[118, 5], [2, 0]])
    scale = Scale((0, 1), "nominal")
    assert float(agreement_share_of(table, scale)) == pytest.approx(0.944)
    assert float(kappa_of(table, scale)) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_coefficient(pairs_of(table), scale).value == pytest.approx(0.9408, abs=5e-5)


def slow_gwet(matrix, scale, weights):
    """By the definition, sample by sample and pair by pair."""
    similar = dict(np.ndenumerate(similarities(scale, weights)))
    rows = [[scale.levels.index(v) for v in row if not np.isnan(v)] for row in matrix]
    several, rated = [row for row in rows if len(row) > 1], [row for row in rows if row]
    if not several:
        return None
    observed = np.mean([np.mean([similar[pair] for pair in permutations(row, 2)]) for row in several])
    shares = [np.mean([row.count(level) / len(row) for row in rated]) for level in range(len(scale.levels))]
    count = len(shares)
    chance = sum(similar.values()) / count / (count - 1) * sum(share * (1 - share) for share in shares)
    return (observed - chance) / (1 - chance)


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic"])
@given(arrays(float, st.tuples(st.integers(0, 6), st.integers(1, 5)), elements=st.sampled_from([0, 1, 2, 3, 4, NA])))
def test_gwets_coefficients_by_the_definition(weights, matrix):
    slow = slow_gwet(matrix, FIVE, weights)
    found = gwet_coefficient(matrix, FIVE, weights)
    assert found.value == (slow if slow is None else pytest.approx(slow, abs=1e-12))
    assert bool(found.undefined) == (slow is None)


def test_a_table_without_pairs_has_no_figure():
    assert np.isnan(kappa_of(np.zeros((5, 5)), FIVE))
    assert np.isnan(agreement_share_of(np.zeros((5, 5)), FIVE))
    assert PairTallies(5).sample_count == 0
