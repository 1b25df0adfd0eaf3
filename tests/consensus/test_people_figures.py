"""People against the others of the same samples: by hand, against a second way of counting, and where little is there."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.annotators import (
    NOBODY,
    NoOrder,
    PeopleFigures,
    ScoresNotValid,
    agreement,
    agreement_parts,
    bias,
    false_discovery_rates,
    mean_agreement,
    one_value,
    pace,
    people_weights,
    position_preference,
    sameness,
    who_to_look_at,
)
from consensus.annotators.estimates import PeopleEstimates, mean_influences, normal_tail, t_of, z_of
from consensus.annotators.others import median_of, others_mean
from consensus.annotators.weight import beta_intervals
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes

nan = np.nan
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
NAMES = Scale((0, 1, 2), "nominal")
PAIRS = Scale((-1, 0, 1), "ordinal")

tables = st.lists(st.lists(st.sampled_from([nan, 0.0, 1.0, 2.0]), min_size=4, max_size=4), min_size=1, max_size=12).map(
    np.array
)


def votes_of(rows, scale=FIVE):
    return Votes.of_matrix(np.array(rows, dtype=float), scale)


# --- agreement ----------------------------------------------------------------------------------------------------
def test_with_two_people_it_is_cohens_kappa():
    """The usual example: 50 applications, both yes 20, both no 15, 5 and 10 otherwise; kappa .4 on either side."""
    rows = [[1, 1]] * 20 + [[1, 0]] * 5 + [[0, 1]] * 10 + [[0, 0]] * 15
    found = agreement(votes_of(rows, Scale((0, 1), "nominal")), Scale((0, 1), "nominal"))
    np.testing.assert_allclose(found.kappa.value, [0.4, 0.4])
    np.testing.assert_allclose(found.equal.value, [0.7, 0.7])
    # Fleiss, Cohen & Everitt (1969) put the error of a kappa of .4 on such a table at .13: sqrt of the delta method
    assert found.kappa.error == pytest.approx([0.13, 0.13], abs=0.01)
    assert np.isnan(found.among_others).all()


def test_agreement_by_hand():
    """Three people, two samples: 0 0 1 and 2 2 2."""
    found = agreement(votes_of([[0, 0, 1], [2, 2, 2]], NAMES), NAMES)
    np.testing.assert_allclose(found.equal.value, [0.75, 0.75, 0.5])
    # the third: own habit (0, 1/2, 1/2), the others' (1/2, 0, 1/2): by chance 3/4 differ, and 1/2 do
    assert found.kappa.value[2] == pytest.approx(1 - 0.5 / 0.75)
    assert found.among_others[2] == pytest.approx(1)


def naive_agreement(rows, scale, person, weights):
    """Kappa and the share of equal pairs, pair by pair, a sample counting as often as its weight."""
    pairs = []
    for row, weight in zip(rows, weights, strict=True):
        others = [value for at, value in enumerate(row) if at != person and not np.isnan(value)]
        if others and not np.isnan(row[person]):
            pairs += [(row[person], other, weight / len(others)) for other in others]
    if not pairs:
        return nan, nan
    total = sum(share for *_, share in pairs)

    def apart(one, two):
        return float(one != two) if scale.is_nominal else (one - two) ** 2

    observed = sum(share * apart(one, two) for one, two, share in pairs) / total
    chance = sum(a * b * apart(one, two) for one, _, a in pairs for _, two, b in pairs) / total**2
    equal = sum(share for one, two, share in pairs if one == two) / total
    return (1 - observed / chance if chance else nan), equal


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from([NAMES, Scale((0, 1, 2), "interval")]))
def test_it_equals_counting_pair_by_pair(rows, scale):
    found = agreement(votes_of(rows, scale), scale)
    expected = [naive_agreement(rows, scale, person, np.ones(len(rows))) for person in range(4)]
    np.testing.assert_allclose(found.kappa.value, [kappa for kappa, _ in expected], atol=1e-12)
    np.testing.assert_allclose(found.equal.value, [equal for _, equal in expected], atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(tables)
def test_an_influence_is_how_the_figure_moves_when_a_sample_counts_a_little_more(rows):
    scale, step = Scale((0, 1, 2), "interval"), 1e-6
    part = agreement_parts(votes_of(rows, scale), scale).kappa
    for person in range(4):
        here = naive_agreement(rows, scale, person, np.ones(len(rows)))[0]
        if np.isnan(here):
            continue
        for sample in range(len(rows)):
            more = naive_agreement(rows, scale, person, 1 + step * (np.arange(len(rows)) == sample))[0]
            ours = part.amount[(part.person == person) & (part.cluster == sample)].sum()
            assert ours == pytest.approx((more - here) / step, abs=1e-4)


def test_the_error_is_that_of_drawing_samples_anew():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 5, 300)
    rows = np.clip(truth[:, None] + np.round(rng.normal(0, 1, (300, 4))), 0, 4)
    found = agreement(votes_of(rows), FIVE)
    drawn = [agreement(votes_of(rows[rng.integers(0, 300, 300)]), FIVE).kappa.value for _ in range(200)]
    np.testing.assert_allclose(found.kappa.error, np.std(drawn, axis=0), rtol=0.2)


def test_responses_of_one_sample_are_not_independent():
    """Every sample twice, as two responses rated alike: the figure stays, and so does its error."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 5, (60, 3)).astype(float)
    twice = agreement(votes_of(np.repeat(rows, 2, axis=0)), FIVE, np.repeat(np.arange(60), 2))
    once = agreement(votes_of(rows), FIVE)
    np.testing.assert_allclose(twice.kappa.value, once.kappa.value)
    np.testing.assert_allclose(twice.kappa.error, once.kappa.error)


@settings(max_examples=30, deadline=None)
@given(tables, st.permutations(range(4)), st.sampled_from(list(permutations(range(3)))))
def test_names_of_people_and_levels_do_not_matter(rows, people, levels):
    before = agreement(votes_of(rows, NAMES), NAMES)
    renamed = np.where(np.isnan(rows), nan, np.array(levels, dtype=float)[np.nan_to_num(rows).astype(int)])
    after = agreement(votes_of(renamed[:, people], NAMES), NAMES)
    np.testing.assert_allclose(after.kappa.value, before.kappa.value[people], atol=1e-12)
    np.testing.assert_allclose(after.shortfall.value, before.shortfall.value[people], atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(tables)
def test_the_same_again_changes_no_figure(rows):
    scale = Scale((0, 1, 2), "interval")
    once, twice = votes_of(rows, scale), votes_of(np.concatenate([rows, rows]), scale)
    np.testing.assert_allclose(agreement(twice, scale).kappa.value, agreement(once, scale).kappa.value, atol=1e-12)
    np.testing.assert_allclose(bias(twice, scale).measured.value, bias(once, scale).measured.value, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_ratings_does_not_matter(rows, shuffler):
    scale = Scale((0, 1, 2), "interval")
    votes = votes_of(rows, scale)
    order = list(range(len(votes)))
    shuffler.shuffle(order)
    about = {"level_count": 3, "sample_count": votes.sample_count, "person_count": votes.person_count}
    mixed = Votes.of(votes.sample[order], votes.person[order], votes.level[order], **about)
    np.testing.assert_allclose(agreement(mixed, scale).kappa.error, agreement(votes, scale).kappa.error, atol=1e-12)
    np.testing.assert_allclose(bias(mixed, scale).measured.value, bias(votes, scale).measured.value, atol=1e-12)


def test_the_mean_of_attributes_leaves_out_what_is_undefined():
    first, second = votes_of([[0, 1, nan], [2, 2, nan]], NAMES), votes_of([[0, 0, 0], [1, 1, 2]], NAMES)
    both = mean_agreement([agreement_parts(first, NAMES), agreement_parts(second, NAMES)])
    one, two = agreement(first, NAMES), agreement(second, NAMES)
    assert both.equal.value[0] == pytest.approx((one.equal.value[0] + two.equal.value[0]) / 2)
    assert both.equal.value[2] == pytest.approx(two.equal.value[2])
    assert both.equal.count[0] == 2  # samples, not values


@pytest.mark.parametrize(
    ("rows", "undefined"),
    [
        ([[1], [2]], "Nobody else"),
        ([[1, nan], [nan, 2]], "Nobody else"),
        ([[nan, nan]], "Nobody else"),
        (np.empty((0, 2)), "Nobody else"),
    ],
)
def test_with_nobody_to_compare_it_is_undefined_in_words(rows, undefined):
    votes = votes_of(rows)
    found = agreement(votes, FIVE)
    assert found.kappa.estimate(0, NOBODY).undefined.startswith(undefined)
    assert found.kappa.estimate(0, NOBODY).value is None
    assert bias(votes, FIVE).measured.estimate(0, NOBODY).value is None
    assert who_to_look_at(PeopleFigures(agreement=found, bias={"a": bias(votes, FIVE)})) == []


def test_where_all_say_one_level_they_are_equal_and_no_more_is_known():
    found = agreement(votes_of([[2, 2, 2]] * 30), FIVE)
    np.testing.assert_array_equal(found.equal.value, [1, 1, 1])
    assert np.isnan(found.kappa.value).all()
    assert who_to_look_at(PeopleFigures(agreement=found, bias={"a": bias(votes_of([[2, 2, 2]] * 30), FIVE)})) == []


def test_who_always_says_the_commonest_level_earns_nothing_by_it():
    rng = np.random.default_rng(5)
    truth = np.where(rng.random(400) < 0.7, 4, rng.integers(0, 4, 400))
    careful = np.where(rng.random((400, 2)) < 0.85, truth[:, None], rng.integers(0, 5, (400, 2)))
    found = agreement(votes_of(np.column_stack([careful, np.full(400, 4)])), FIVE)
    assert found.equal.value[2] > 0.5
    assert found.kappa.value[2] == pytest.approx(0, abs=1e-9)
    assert found.among_others[2] > 0.5


def test_ten_thousand_people_with_one_rating_each():
    votes = Votes.of(np.arange(10_000) // 2, np.arange(10_000), np.arange(10_000) % 3 % 2, level_count=5)
    found = agreement(votes, FIVE)
    assert found.equal.value.shape == (10_000,)
    assert not np.isnan(found.equal.value).any()
    assert who_to_look_at(PeopleFigures(agreement=found, bias={"a": bias(votes, FIVE)})) == []


def test_clusters_that_do_not_fit_are_refused():
    with pytest.raises(WrongShape, match="Name one for each"):
        agreement(votes_of([[1, 2]]), FIVE, [0, 1])


# --- leanings -----------------------------------------------------------------------------------------------------
def test_bias_by_hand_of_two_who_share_everything():
    """Nobody can tell which of two is off: each gets half of the difference."""
    found = bias(votes_of([[3, 1], [4, 2], [2, 0]]), FIVE)
    np.testing.assert_allclose(found.measured.value, [1, -1], atol=0.13)
    assert found.usual_distance == pytest.approx(2)


def test_honest_people_beside_somebody_generous_are_not_called_strict():
    rows = np.array([[2.0, 2, 4], [1, 1, 3], [0, 0, 2]] * 20)
    found = bias(votes_of(rows), FIVE).measured.value
    np.testing.assert_allclose(
        found, [-2 / 3, -2 / 3, 4 / 3], atol=0.15
    )  # against the mean of all three; plainly: -1, -1, 2


def test_names_have_no_bias_and_no_sides():
    with pytest.raises(NoOrder, match="without an order"):
        bias(votes_of([[1, 2]], NAMES), NAMES)
    for scale in (NAMES, FIVE):
        with pytest.raises(NoOrder, match="does not compare"):
            position_preference(votes_of([[1, 2]], scale), scale, [0, 0])
    with pytest.raises(WrongShape):
        position_preference(votes_of([[1, 0]], PAIRS), PAIRS, [0])


def test_position_by_hand():
    """Ana saw the second response first and chose it; the others, who saw them as stored, chose the first and neither."""
    found = position_preference(votes_of([[1, -1, 0]], PAIRS), PAIRS, [1, 0, 0])
    np.testing.assert_allclose(found.first, [1, 1, 0.5])
    np.testing.assert_allclose(found.others, [0.25, 0.25, 0.5])
    np.testing.assert_allclose(found.extra.value, [0.75, 0.75, 0])


@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1)), min_size=1, max_size=20), st.integers(0, 1))
def test_position_does_not_depend_on_which_response_is_stored_first(said, place):
    votes = votes_of(said, PAIRS)
    turned = votes_of(-np.array(said), PAIRS)
    first = np.full(len(votes), place)
    np.testing.assert_allclose(
        position_preference(turned, PAIRS, 1 - first).extra.value, position_preference(votes, PAIRS, first).extra.value
    )


# --- manner -------------------------------------------------------------------------------------------------------
def test_pace_falls_out_of_length_and_bears_an_open_page():
    sample, person = np.repeat(np.arange(30), 3), np.tile(np.arange(3), 30)
    length = np.repeat(np.geomspace(200, 20_000, 30), 3)
    seconds = length / 20 * np.array([1.0, 1.0, 0.25])[person]
    seconds[4] *= 500
    found = pace(sample, person, seconds, sample_count=30, person_count=3, characters=length)
    assert found.ratio[2] / found.ratio[0] == pytest.approx(0.25, rel=0.05)
    np.testing.assert_allclose(found.per_thousand, [50, 50, 12.5])


def test_who_was_timed_alone_or_never_has_no_pace():
    found = pace([0, 1, 1], [0, 0, 1], [10, 20, nan], sample_count=2, person_count=2)
    assert np.isnan(found.ratio).all()
    assert np.isnan(found.per_thousand).all()
    assert who_to_look_at(PeopleFigures(pace=found)) == []
    with pytest.raises(WrongShape):
        pace([0, 1], [0], [1.0], sample_count=2, person_count=1)


def test_one_value_says_nothing_with_fewer_than_three():
    np.testing.assert_array_equal(one_value([[1, 1, 1, nan], [1, 1, nan, nan], [1, 2, 1, 1]]), [1, nan, 0])
    assert one_value(np.empty((0, 0))).shape == (0,)


def test_samples_that_deserve_equal_values_make_nobody_stand_out():
    sample, person = np.repeat(np.arange(40), 3), np.tile(np.arange(3), 40)
    deserved = sameness(sample, person, np.ones(120), sample_count=40, person_count=3)
    assert who_to_look_at(PeopleFigures(sameness=deserved)) == []
    alone = sameness(sample, person, (person == 0).astype(float), sample_count=40, person_count=3)
    [look] = who_to_look_at(PeopleFigures(sameness=alone))
    assert look.person == 0
    assert look.concerns[0].text == (
        "Gives one value everywhere in 100 % of 40 samples; the others of the same samples in 0 %."
    )


# --- weights ------------------------------------------------------------------------------------------------------
def test_intervals_of_beta_distributions():
    """Exact where the distribution function is a power: beta(a, 1) and beta(1, b)."""
    a = np.array([1.0, 2, 5, 40, 300])
    low, high = beta_intervals(a, np.ones(5))
    np.testing.assert_allclose([low, high], [0.025 ** (1 / a), 0.975 ** (1 / a)], atol=2e-3)
    other_low, other_high = beta_intervals(np.ones(5), a)
    np.testing.assert_allclose([other_low, other_high], [1 - high, 1 - low], atol=2e-3)


@pytest.mark.parametrize("strength", [4.0, 20.0, 100.0])
def test_how_far_answers_are_shrunk_follows_from_the_people(strength):
    held, worth = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        accuracy = rng.beta(0.8 * strength, 0.2 * strength, 400)
        right = rng.binomial(30, accuracy).astype(float)
        found = people_weights(right, np.full(400, 30.0))
        worth.append(found.prior_answers)
        held.append(((found.low <= accuracy) & (accuracy <= found.high)).mean())
        assert ((found.value - accuracy) ** 2).mean() < ((right / 30 - accuracy) ** 2).mean()
    assert np.median(worth) == pytest.approx(strength, rel=0.3)
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


def test_agreement_says_where_gold_says_nothing():
    rng = np.random.default_rng(2)
    accuracy = rng.beta(12, 4, 300)
    agreement_with = np.clip(2 * accuracy - 1 + rng.normal(0, 0.05, 300), -1, 1)
    counts = np.where(np.arange(300) < 150, 20, 0).astype(float)
    right = rng.binomial(counts.astype(int), accuracy).astype(float)
    with_it, without = people_weights(right, counts, agreement_with), people_weights(right, counts)
    for some in (counts > 0, counts == 0):
        assert ((with_it.value - accuracy)[some] ** 2).mean() < ((without.value - accuracy)[some] ** 2).mean() / 1.5


def test_without_any_gold_the_measurement_is_the_weight():
    found = people_weights([0, 0, 0], [0, 0, 0], [0.5, -0.1, nan], [0.1, 0.1, nan])
    np.testing.assert_allclose(found.value, [0.5, 0, nan])
    assert found.estimate(0).low == pytest.approx(0.304)
    assert found.estimate(2).undefined.startswith("Nothing is known yet")
    assert np.isnan(people_weights([0], [0]).value).all()


def test_all_right_or_all_wrong_stays_possible():
    for right in (10.0, 0.0):
        found = people_weights([right, right], [10, 10])
        assert ((found.low > 0) & (found.high < 1) & (found.low <= found.value) & (found.value <= found.high)).all()
    with pytest.raises(ScoresNotValid):
        people_weights([1], [1], [0.5, 0.5])


# --- the numbers beneath ------------------------------------------------------------------------------------------
def test_shrinking_by_hand():
    """0, 1, 2 with errors of .5: the people differ by a variance of .75, so a quarter of each distance goes."""
    found = PeopleEstimates(np.array([0.0, 1, 2]), np.full(3, 0.5), np.full(3, 9), np.full(3, 8.0)).shrunk()
    np.testing.assert_allclose(found.value, [0.25, 1, 1.75])
    assert (found.error < 0.5).all()


def test_false_discovery_rates_of_benjamini_and_hochberg():
    """Their fifteen p-values (1995, section 3.2): at .05 the first four go."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    assert (false_discovery_rates(p) <= 0.05).sum() == 4
    np.testing.assert_array_equal(false_discovery_rates([nan, 0.01, nan]), [nan, 0.01, nan])
    assert false_discovery_rates([]).shape == (0,)


@pytest.mark.parametrize(("freedom", "t"), [(4, 2.776), (10, 2.228), (30, 2.042), (120, 1.980)])
def test_students_t_as_printed(freedom, t):
    assert t_of(np.array([1.959964]), np.array([freedom]))[0] == pytest.approx(t, rel=6e-3)
    assert z_of(np.array([t]), np.array([freedom]))[0] == pytest.approx(1.96, rel=6e-3)


def test_the_normal_tail_as_printed():
    np.testing.assert_allclose(normal_tail([0, 1.644854, 3.090232, nan]), [0.5, 0.05, 0.001, nan], rtol=1e-5)


def test_a_spread_from_few_samples_is_drawn_to_everybodys():
    """Ana was the same twice by luck; her error is not zero."""
    person, cluster = np.array([0, 0, *[1] * 20]), np.arange(22)
    amount = np.array([1.0, 1.0, *[0.0, 2.0] * 10])
    found = mean_influences(person, cluster, amount, 3).estimates()
    assert found.error[0] > 0.3
    assert found.error[1] == pytest.approx(np.std(amount[2:], ddof=1) / np.sqrt(20), rel=0.1)
    assert np.isnan(found.value[2])


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-5, 5)), min_size=1, max_size=20))
def test_medians_and_means_of_others_one_by_one(rows):
    group, value = np.array([at for at, _ in rows]), np.array([one for _, one in rows])
    medians = [np.median(value[group == at]) if (group == at).any() else nan for at in range(4)]
    np.testing.assert_allclose(median_of(group, value, 4), medians)
    others = [value[(group == at) & (np.arange(len(rows)) != n)] for n, (at, _) in enumerate(rows)]
    np.testing.assert_allclose(others_mean(group, value, 4), [o.mean() if len(o) else nan for o in others], atol=1e-9)
