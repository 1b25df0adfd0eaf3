"""Alpha, kappa and their intervals."""

from dataclasses import asdict

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.agreement import UnknownWeights
from consensus.disagreement import CountsNotValid
from consensus.estimates import BootstrapNotValid
from consensus.reliability import (
    agreement_with,
    bootstrap_alpha,
    gwet_coefficient,
    krippendorff_alpha,
    measure,
    people_agreement,
    percent_agreement,
    weighted_kappa,
)
from consensus.scales import Scale, WrongShape
from consensus.tallies import PairTallies
from consensus.votes import Votes

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
def test_alpha_from_tallies_and_with_an_interval_equal_the_package(measurement, matrix):
    scale = Scale(FIVE, measurement)
    point = krippendorff_alpha(matrix, scale)
    tallied = PairTallies.of_counts(scale.tally(matrix)).alpha(scale)
    drawn = bootstrap_alpha(matrix, scale, np.arange(len(matrix)), rng(), draws=2)
    for own in (tallied, drawn):
        assert own.value == (point.value if point.value is None else pytest.approx(point.value, abs=1e-12))
        assert own.count == point.count
    assert tallied.undefined == point.undefined


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


def kappa_both_ways(pairs, weigh=lambda apart: apart**2):
    """Weighted kappa of pairs by the definition, every pair in both directions."""
    pairs = np.array([*pairs, *(pair[::-1] for pair in pairs)], dtype=float)
    return kappa_one_way(pairs, weigh)


def kappa_one_way(pairs, weigh=lambda apart: apart**2):
    first, second = np.array(pairs, dtype=float).T
    return 1 - weigh(abs(first - second)).mean() / weigh(abs(first[:, None] - second[None, :])).mean()


@pytest.mark.parametrize(
    ("weights", "weigh"),
    [("identity", lambda apart: apart > 0), ("linear", lambda apart: apart), ("quadratic", lambda apart: apart**2)],
)
def test_kappa_is_over_all_pairs_of_people_in_both_directions(weights, weigh):
    matrix = [[1, 2, NA], [3, 3, 4], [0, NA, NA], [4, 1, NA]]
    pairs = [(1, 2), (3, 3), (3, 4), (3, 4), (4, 1)]
    assert weighted_kappa(matrix, ORDINAL, weights).value == pytest.approx(kappa_both_ways(pairs, weigh))


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic"])
def test_on_a_nominal_scale_all_kappas_are_the_plain_one(weights):
    matrix = simulated(40)
    plain = weighted_kappa(matrix, ORDINAL, "identity").value
    assert weighted_kappa(matrix, Scale(FIVE, "nominal"), weights).value == plain


def test_kappa_on_one_level_only_is_undefined_in_words():
    assert "is 2, so agreement cannot" in weighted_kappa([[2, 2], [2, 2]], ORDINAL).undefined
    assert "No sample" in weighted_kappa([[2], [2]], ORDINAL).undefined


def test_a_judge_is_compared_with_every_single_rating():
    found = agreement_with([1, 3, NA], [[1, 2, NA], [3, 3, 3], [0, 0, 0]], ORDINAL, ["a", "b", "c"], rng())
    assert found.equal_share.value == pytest.approx(4 / 5)
    assert (found.equal_share.count, found.equal_share.clusters) == (2, 2)
    flat = [[1, 1], [1, 2], [3, 3], [3, 3], [3, 3]]
    assert found.weighted_kappa.value == pytest.approx(kappa_one_way(flat))


def test_people_are_compared_pair_by_pair():
    found = people_agreement([[1, 2, NA], [3, 3, 3]], ORDINAL, ["a", "b"], rng())
    assert found.equal_share.value == pytest.approx(3 / 4)
    assert found.weighted_kappa.value == pytest.approx(kappa_both_ways([(1, 2), (3, 3), (3, 3), (3, 3)]))


def test_a_judge_without_judgments_is_undefined_in_words():
    found = agreement_with([NA, NA], [[1, 2], [3, 3]], ORDINAL, ["a", "b"], rng())
    assert found.equal_share.value is None
    assert "wait for judgments" in found.weighted_kappa.undefined


@settings(max_examples=30)
@given(ratings)
def test_an_interval_has_its_ends_in_order(matrix):
    found = bootstrap_alpha(matrix, ORDINAL, np.arange(len(matrix)), rng(), draws=50)
    assert found.low is None or found.low <= found.high <= 1


# --- every figure at once -----------------------------------------------------------------------------------------
def figures(found):
    return {name: value for name, value in asdict(found).items() if name != "measured_on"}


def test_every_figure_stands_with_its_interval_and_with_what_it_was_measured_on():
    found = measure(ORDINAL.tally(simulated(60)), ORDINAL, np.arange(60) // 2, rng(), draws=200)
    assert found.measured_on == "first_rounds"
    for figure in figures(found).values():
        assert figure["low"] < figure["value"] < figure["high"]
        assert (figure["count"], figure["clusters"], figure["undefined"]) == (60, 30, "")


def test_each_figure_is_what_its_own_function_says():
    matrix = np.array([[1, 2, NA], [3, 3, 4], [0, NA, NA], [4, 1, NA], [2, 2, 2], [NA, NA, NA]])
    found = measure(ORDINAL.tally(matrix), ORDINAL, list("aabbcc"), rng(), draws=50)
    apart = {
        "alpha": krippendorff_alpha(matrix, ORDINAL),
        "quadratic_kappa": weighted_kappa(matrix, ORDINAL),
        "linear_kappa": weighted_kappa(matrix, ORDINAL, "linear"),
        "ac1": gwet_coefficient(matrix, ORDINAL),
        "ac2": gwet_coefficient(matrix, ORDINAL, "quadratic"),
        "percent_agreement": percent_agreement(matrix, ORDINAL),
        "weighted_agreement": percent_agreement(matrix, ORDINAL, "quadratic"),
    }
    assert figures(found).keys() == apart.keys()
    for name, figure in figures(found).items():
        assert figure["value"] == pytest.approx(apart[name].value, abs=1e-12), name
        assert (figure["count"], figure["clusters"]) == (4, 3)
    alone = bootstrap_alpha(matrix, ORDINAL, list("aabbcc"), rng(), draws=50)
    assert figures(found)["alpha"] == asdict(alone)


def test_where_everybody_says_the_same_only_figures_without_habit_are_defined():
    found = measure([[0, 0, 3, 0, 0]] * 4, ORDINAL, list("abcd"), rng(), draws=50)
    for figure in (found.alpha, found.quadratic_kappa, found.linear_kappa):
        assert figure.value is None
        assert "Every rating that can be compared is 2" in figure.undefined
    for figure in (found.ac1, found.ac2, found.percent_agreement, found.weighted_agreement):
        assert (figure.value, figure.low, figure.high) == (1, 1, 1)


@pytest.mark.parametrize("counts", [np.zeros((0, 5), int), np.zeros((3, 5), int), np.eye(5, dtype=int)])
def test_where_no_sample_has_two_ratings_every_figure_says_so(counts):
    for figure in figures(measure(counts, ORDINAL, np.arange(len(counts)), rng())).values():
        assert (figure["value"], figure["low"], figure["count"], figure["clusters"]) == (None, None, 0, 0)
        assert "No sample has two ratings" in figure["undefined"]


def test_every_interval_is_that_of_a_bootstrap_that_computes_all_anew():
    counts, prompts = ORDINAL.tally(simulated(45)), np.arange(45) // 3
    counts[::4] = np.eye(5, dtype=int)[counts[::4].argmax(axis=1)]  # some with a single rating
    found = figures(measure(counts, ORDINAL, prompts, rng(), draws=2000))
    generator = np.random.default_rng(1)
    slow = {name: [] for name in found}
    for _ in range(800):
        rows = np.concatenate([np.arange(3) + 3 * prompt for prompt in generator.integers(0, 15, 15)])
        for name, estimate in PairTallies.of_counts(counts[rows]).estimates(ORDINAL).items():
            slow[name].append(estimate.value)
    for name, figure in found.items():
        expected = np.quantile(slow[name], [0.025, 0.975])
        assert [figure["low"], figure["high"]] == pytest.approx(expected, abs=0.04), name


def test_prompts_of_the_same_samples_in_another_order_are_the_same_to_the_interval():
    counts = ORDINAL.tally(simulated(40))
    prompts = np.arange(40) // 2
    turned = counts.reshape(20, 2, 5)[:, ::-1].reshape(40, 5)
    assert measure(counts, ORDINAL, prompts, rng()) == measure(turned, ORDINAL, prompts, rng())


@pytest.mark.parametrize("name", ["ac1", "quadratic_kappa", "alpha", "percent_agreement"])
@given(ratings)
def test_duplicating_a_data_set_leaves_all_but_the_small_correction_of_alpha(name, matrix):
    counts = ORDINAL.tally(matrix)
    once, twice = (PairTallies.of_counts(c).estimates(ORDINAL)[name] for c in (counts, np.vstack([counts, counts])))
    if name != "alpha" or once.value is None:
        assert twice.value == (once.value if once.value is None else pytest.approx(once.value, abs=1e-12))
    else:  # disagreement by chance is that of drawing without replacement: n / (n - 1) of n ratings, 2 n / (2 n - 1) of two copies
        ratings_count = counts[counts.sum(axis=1) >= 2].sum()
        smaller = (1 - once.value) * (2 * ratings_count - 1) / (2 * (ratings_count - 1))
        assert 1 - twice.value == pytest.approx(smaller, abs=1e-12)


@given(ratings, st.permutations(FIVE))
def test_names_of_levels_do_not_matter_on_a_nominal_scale(matrix, renamed):
    scale = Scale(FIVE, "nominal")
    counts = scale.tally(matrix)
    before, after = (PairTallies.of_counts(c).estimates(scale) for c in (counts, counts[:, renamed]))
    for name, figure in before.items():
        value = after[name].value
        assert value == (figure.value if figure.value is None else pytest.approx(figure.value, abs=1e-12)), name


def test_ten_thousand_people_with_one_rating_each():
    generator = rng()
    truth = np.repeat(generator.integers(0, 5, 2000), 5)
    given_levels = np.clip(truth + generator.integers(-1, 2, 10_000), 0, 4)
    votes = Votes.of(np.repeat(np.arange(2000), 5), np.arange(10_000), given_levels, level_count=5)
    found = measure(votes.tally(), ORDINAL, np.arange(2000), rng(), draws=100)
    expected = krippendorff.alpha(value_counts=votes.tally(), level_of_measurement="ordinal")
    assert found.alpha.value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("levels", [(0, 1), tuple(range(101))])
def test_short_and_long_scales(levels):
    scale = Scale(levels, "interval")
    matrix = rng().integers(0, len(levels), (50, 3)).astype(float)
    found = measure(scale.tally(matrix), scale, np.arange(50), rng(), draws=20)
    assert found.alpha.value == pytest.approx(krippendorff_alpha(matrix, scale).value, abs=1e-12)
    assert found.ac2.low <= found.ac2.value <= found.ac2.high


def test_shapes_and_numbers_that_cannot_work_are_refused():
    with pytest.raises(WrongShape):
        bootstrap_alpha([[1, 2]], ORDINAL, ["a", "b"], rng())
    with pytest.raises(WrongShape):
        agreement_with([1, 2], [[1, 2]], ORDINAL, ["a"], rng())
    with pytest.raises(WrongShape):
        measure([[1, 2]], ORDINAL, ["a"], rng())
    with pytest.raises(CountsNotValid):
        measure([[1, 2, -1, 0, 0]], ORDINAL, ["a"], rng())
    with pytest.raises(UnknownWeights):
        weighted_kappa([[1, 2]], ORDINAL, "cubic")
    with pytest.raises(BootstrapNotValid):
        bootstrap_alpha([[1, 2], [3, 3]], ORDINAL, ["a", "b"], rng(), draws=0)
