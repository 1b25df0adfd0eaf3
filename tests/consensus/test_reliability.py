"""Alpha, kappa and their intervals."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.reliability import (
    BootstrapNotValid,
    agreement_with,
    alpha_of,
    bootstrap_alpha,
    coincidences,
    krippendorff_alpha,
    people_agreement,
    quadratic_weighted_kappa,
)
from consensus.scales import Scale, WrongShape

NA = np.nan
# The three-coder example of Wikipedia's page on Krippendorff's alpha: 15 units, 4 levels; nominal .691, interval .811.
PUBLISHED = np.array(
    [
        [NA, NA, NA, NA, NA, 3, 4, 1, 2, 1, 1, 3, 3, NA, 3],
        [1, NA, 2, 1, 3, 3, 4, 3, NA, NA, NA, NA, NA, NA, NA],
        [NA, NA, 2, 1, 3, 4, 4, NA, 2, 1, 1, 3, 3, NA, 4],
    ]
).T
FIVE = (0, 1, 2, 3, 4)
ORDINAL = Scale(FIVE, "ordinal")
MEASUREMENTS = ["nominal", "ordinal", "interval"]
ratings = arrays(float, st.tuples(st.integers(1, 8), st.integers(2, 4)), elements=st.sampled_from([*FIVE, NA]))


def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize(("measurement", "expected"), [("nominal", 0.691), ("interval", 0.811)])
def test_alpha_of_the_published_example(measurement, expected):
    found = krippendorff_alpha(PUBLISHED, Scale((1, 2, 3, 4), measurement))
    assert found.value == pytest.approx(expected, abs=5e-4)
    assert found.count == 12


def test_alpha_of_the_published_four_coder_example():
    # Krippendorff (2011), example with missing data: ordinal .815, nominal .743, interval .849.
    four = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
        [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
    ]
    for measurement, expected in (("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)):
        found = krippendorff_alpha(np.transpose(four), Scale((1, 2, 3, 4, 5), measurement))
        assert found.value == pytest.approx(expected, abs=5e-4)


def test_alpha_by_hand():
    # Two samples, two people: 0 0 and 0 1. Observed .5; by chance 2 * 3 * 1 / (4 * 3) = .5.
    assert krippendorff_alpha([[0, 0], [0, 1]], Scale((0, 1), "nominal")).value == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[3, 3], [3, 3]], "is 3"),
        ([[1, NA], [NA, 2]], "No sample has two ratings"),
        ([[NA, NA]], "No sample has two ratings"),
        (np.empty((0, 3)), "No sample has two ratings"),
        ([[1], [2]], "No sample has two ratings"),
    ],
)
def test_an_undefined_alpha_is_said_in_words(matrix, words):
    for found in (krippendorff_alpha(matrix, ORDINAL), bootstrap_alpha(matrix, ORDINAL, np.arange(len(matrix)), rng())):
        assert found.value is None
        assert found.low is None
        assert words in found.undefined


@pytest.mark.parametrize("measurement", MEASUREMENTS)
@given(ratings)
def test_alpha_from_summed_tables_equals_the_package(measurement, matrix):
    scale = Scale(FIVE, measurement)
    point = krippendorff_alpha(matrix, scale)
    counts = scale.tally(matrix)
    summed = coincidences(counts[counts.sum(axis=1) >= 2]).sum(axis=0)
    own = float(alpha_of(summed, scale))
    assert own == pytest.approx(point.value, abs=1e-12) if point.value is not None else np.isnan(own)


@given(ratings, st.randoms(use_true_random=False))
def test_alpha_does_not_depend_on_who_said_what_or_on_the_order_of_samples(matrix, random):
    shuffled = [random.sample(row, len(row)) for row in matrix.tolist()]
    random.shuffle(shuffled)
    first, second = krippendorff_alpha(matrix, ORDINAL), krippendorff_alpha(shuffled, ORDINAL)
    assert first.value == (second.value if second.value is None else pytest.approx(second.value, abs=1e-12))


@given(ratings)
def test_interval_alpha_does_not_change_when_the_scale_is_moved_and_stretched(matrix):
    before = krippendorff_alpha(matrix, Scale(FIVE, "interval")).value
    after = krippendorff_alpha(3 * matrix - 5, Scale((-5, -2, 1, 4, 7), "interval")).value
    assert before == (after if after is None else pytest.approx(after, abs=1e-9))


def simulated(sample_count, noise=0.8):
    generator = rng()
    truth = generator.integers(0, 5, sample_count)[:, None]
    return np.clip(np.rint(truth + generator.normal(0, noise, (sample_count, 3))), 0, 4)


def test_the_interval_is_that_of_a_bootstrap_that_asks_the_package_every_time():
    matrix, prompts = simulated(60), np.arange(60) // 2
    found = bootstrap_alpha(matrix, ORDINAL, prompts, rng(), draws=2000)
    generator = np.random.default_rng(1)
    slow = []
    for _ in range(600):
        rows = np.concatenate([[2 * prompt, 2 * prompt + 1] for prompt in generator.integers(0, 30, 30)])
        slow.append(krippendorff.alpha(matrix[rows].T, value_domain=FIVE, level_of_measurement="ordinal"))
    assert [found.low, found.high] == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.03)
    assert found.low < found.value < found.high
    assert (found.count, found.clusters) == (60, 30)


def test_copies_within_a_prompt_do_not_make_the_interval_narrower():
    matrix = simulated(40)
    once = bootstrap_alpha(matrix, ORDINAL, np.arange(40), rng())
    copied = bootstrap_alpha(np.repeat(matrix, 5, axis=0), ORDINAL, np.repeat(np.arange(40), 5), rng())
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.1)


def test_the_same_generator_gives_the_same_interval_whatever_the_order_of_samples():
    matrix, prompts = simulated(30), np.array([f"prompt {n // 3}" for n in range(30)])
    first = bootstrap_alpha(matrix, ORDINAL, prompts, rng())
    second = bootstrap_alpha(matrix[::-1], ORDINAL, prompts[::-1], rng())
    assert (first.low, first.high) == pytest.approx((second.low, second.high), abs=0.02)


def test_one_prompt_has_a_value_and_no_interval():
    found = bootstrap_alpha(simulated(6), ORDINAL, ["only"] * 6, rng())
    assert found.value is not None
    assert found.low is None
    assert "No interval" in found.undefined


def test_kappa_by_hand():
    # Squared differences 0, 0, 1, 4: mean 1.25. Margins 0 1 2 2 and 0 1 1 4: mean over all pairs 2.875.
    found = quadratic_weighted_kappa([[0, 0], [1, 1], [2, 1], [2, 4]], Scale(FIVE, "ordinal"))
    first, second = np.array([0, 1, 2, 2]), np.array([0, 1, 1, 4])
    by_chance = np.mean((first[:, None] - second[None, :]) ** 2)
    assert found.value == pytest.approx(1 - 1.25 / by_chance)


def test_kappa_is_the_mean_over_pairs_of_people():
    matrix = simulated(50)
    pairs = [quadratic_weighted_kappa(matrix[:, pair], ORDINAL).value for pair in ([0, 1], [0, 2], [1, 2])]
    assert quadratic_weighted_kappa(matrix, ORDINAL).value == pytest.approx(np.mean(pairs))


def test_kappa_on_one_level_only_is_undefined_in_words():
    assert "one level" in quadratic_weighted_kappa([[2, 2], [2, 2]], ORDINAL).undefined
    assert "No sample" in quadratic_weighted_kappa([[2], [2]], ORDINAL).undefined


def test_a_judge_is_compared_with_every_single_rating():
    found = agreement_with([1, 3, NA], [[1, 2, NA], [3, 3, 3], [0, 0, 0]], ORDINAL, ["a", "b", "c"], rng())
    assert found.equal_share.value == pytest.approx(4 / 5)
    assert (found.equal_share.count, found.equal_share.clusters) == (2, 2)
    flat = [[1, 1], [1, 2], [3, 3], [3, 3], [3, 3]]
    assert found.weighted_kappa.value == pytest.approx(quadratic_weighted_kappa(flat, ORDINAL).value)


def test_people_are_compared_pair_by_pair():
    found = people_agreement([[1, 2, NA], [3, 3, 3]], ORDINAL, ["a", "b"], rng())
    assert found.equal_share.value == pytest.approx(3 / 4)
    both_ways = [[1, 2], [2, 1]] + [[3, 3]] * 6
    assert found.weighted_kappa.value == pytest.approx(quadratic_weighted_kappa(both_ways, ORDINAL).value)


def test_a_judge_without_judgments_is_undefined_in_words():
    found = agreement_with([NA, NA], [[1, 2], [3, 3]], ORDINAL, ["a", "b"], rng())
    assert found.equal_share.value is None
    assert "wait for judgments" in found.weighted_kappa.undefined


@settings(max_examples=30)
@given(ratings)
def test_an_interval_has_its_ends_in_order(matrix):
    found = bootstrap_alpha(matrix, ORDINAL, np.arange(len(matrix)), rng(), draws=50)
    assert found.low is None or found.low <= found.high <= 1


def test_shapes_and_numbers_that_cannot_work_are_refused():
    with pytest.raises(WrongShape):
        bootstrap_alpha([[1, 2]], ORDINAL, ["a", "b"], rng())
    with pytest.raises(WrongShape):
        agreement_with([1, 2], [[1, 2]], ORDINAL, ["a"], rng())
    with pytest.raises(BootstrapNotValid):
        bootstrap_alpha([[1, 2], [3, 3]], ORDINAL, ["a", "b"], rng(), draws=0)
