"""People and judges together."""

import numpy as np
import pytest

from consensus.calibration import calibrate, frequencies_elsewhere
from consensus.estimates import BootstrapNotValid
from consensus.merge import (
    PromptBootstrap,
    WeightNotValid,
    ZeroProbability,
    fit_weight,
    fit_weight_on_votes,
    judge_weights,
    merged_values,
    panel_of,
    pool,
    weighed_panel,
)
from consensus.scales import Scale, WrongShape
from consensus.smoothing import leave_one_out_posterior, level_frequencies, vote_posterior
from consensus.votes import Votes

NA = np.nan
TWO = Scale((0, 1), "ordinal")
NAMES = Scale((0, 1, 2), "nominal")
EVEN = [0.5, 0.5]


def people_and_judge(sample_count, judge_right, person_right=0.75, scale=TWO):
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 2, sample_count)
    people = np.where(generator.random((sample_count, 3)) < person_right, truth[:, None], 1 - truth[:, None])
    judged = np.where(generator.random(sample_count) < judge_right, truth, 1 - truth)
    return truth, people.astype(float), calibrate(judged, people, scale, np.arange(sample_count))


def test_the_pool_by_hand():
    # .6 * (.8 / .5) against .4 * (.2 / .5): .96 to .16.
    np.testing.assert_allclose(pool([[0.6, 0.4]], [[0.8, 0.2]], 1.0, TWO, frequencies=EVEN), [[6 / 7, 1 / 7]])


def test_a_weight_of_zero_and_a_silent_panel_leave_the_people_as_they_are():
    human = [[0.6, 0.4], [0.1, 0.9]]
    np.testing.assert_allclose(pool(human, [[0.8, 0.2], [0.9, 0.1]], 0.0, TWO, frequencies=EVEN), human)
    np.testing.assert_allclose(pool(human, [[NA, NA], [NA, NA]], 1.0, TWO, frequencies=EVEN), human)


def test_a_panel_that_repeats_the_frequencies_adds_nothing():
    human = [[0.6, 0.4]]
    np.testing.assert_allclose(pool(human, [[0.9, 0.1]], 1.0, TWO, frequencies=[0.9, 0.1]), human)


def test_a_panel_has_one_vote_however_many_judges_sit_on_it():
    judge = np.array([[0.8, 0.2], [0.3, 0.7]])
    np.testing.assert_allclose(panel_of([judge, judge, judge], TWO), judge)


def test_judges_who_are_silent_are_left_out_of_the_panel():
    found = panel_of([[[0.8, 0.2], [NA, NA]], [[NA, NA], [NA, NA]]], TWO)
    np.testing.assert_allclose(found, [[0.8, 0.2], [NA, NA]])


def test_a_good_judge_earns_a_weight_and_makes_better_labels():
    truth, people, panel = people_and_judge(2000, judge_right=0.85)
    fit = fit_weight(people, panel, TWO)
    assert fit.reason == "fitted"
    assert fit.weight > 0.5
    assert fit.log_likelihood_merged > fit.log_likelihood_people
    human = vote_posterior(people, TWO)
    merged = pool(human, panel, fit.weight, TWO, frequencies=level_frequencies(people, TWO))
    assert np.mean(merged.argmax(axis=1) == truth) > np.mean(human.argmax(axis=1) == truth)


def test_a_judge_that_guesses_earns_next_to_nothing():
    _, people, panel = people_and_judge(2000, judge_right=0.5)
    fit = fit_weight(people, panel, TWO)
    assert fit.log_likelihood_merged - fit.log_likelihood_people < 0.002


def test_timid_judges_that_know_nothing_almost_never_earn_a_weight():
    """A panel that hardly says anything harms little at any weight; it must not get one all the same."""
    generator = np.random.default_rng(8)
    weights = []
    for _ in range(100):
        people = generator.integers(0, 2, (60, 3)).astype(float)
        said = 0.5 + 0.02 * generator.standard_normal(60)
        weights.append(fit_weight(people, np.stack([said, 1 - said], axis=1), TWO).weight)
    assert np.mean(np.array(weights) > 0) <= 0.06


def test_a_judge_that_misleads_has_no_weight():
    _, people, _ = people_and_judge(200, judge_right=0.9)
    against = np.where(people.mean(axis=1, keepdims=True) > 0.5, [0.9, 0.1], [0.1, 0.9])
    fit = fit_weight(people, against, TWO)
    assert (fit.weight, fit.reason) == (0.0, "panel_does_not_help")
    assert fit.log_likelihood_merged == fit.log_likelihood_people


def test_fewer_than_fifty_samples_give_no_weight():
    _, people, panel = people_and_judge(60, judge_right=0.95)
    assert fit_weight(people[:49], panel[:49], TWO).reason == "too_few_samples"
    assert fit_weight(people[:50], panel[:50], TWO).weight > 0
    people[:11, 1:] = NA
    assert fit_weight(people, panel, TWO).sample_count == 49
    assert fit_weight(people, panel, TWO).weight == 0
    assert fit_weight(np.full((2, 3), NA), np.full((2, 2), NA), TWO).log_likelihood_people is None


def test_levels_that_nobody_used_do_no_harm():
    wider = Scale((0, 1, 2), "ordinal")
    _, people, panel = people_and_judge(200, judge_right=0.9, scale=wider)
    fit = fit_weight(people, panel, wider)
    assert fit.reason == "fitted"
    merged = pool(vote_posterior(people, wider), panel, fit.weight, wider, frequencies=level_frequencies(people, wider))
    assert merged[:, 2].max() < 0.5


def test_the_weight_is_where_the_held_out_likelihood_is_highest():
    _, people, panel = people_and_judge(300, judge_right=0.7)
    fit = fit_weight(people, panel, TWO)
    assert _held_out(people, panel, fit.weight) == pytest.approx(fit.log_likelihood_merged)
    for weight in np.linspace(0, 1, 21):
        assert _held_out(people, panel, weight) <= fit.log_likelihood_merged + 1e-9


def _held_out(people, panel, weight):
    """The mean log probability of each left-out rating, one rating at a time."""
    held_out = leave_one_out_posterior(people, TWO)
    logs = []
    for row, person in np.argwhere(~np.isnan(people)):
        level = int(people[row, person])
        frequencies = level_frequencies(people, TWO)
        merged = pool(held_out[row, level][None], panel[row][None], weight, TWO, frequencies=frequencies)
        logs.append(np.log(merged[0, level]))
    return np.mean(logs)


def test_names_take_the_likeliest_level_and_numbers_the_median():
    row = [[0.4, 0.25, 0.35], [NA, NA, NA]]
    np.testing.assert_array_equal(merged_values(row, NAMES), [0, NA])
    np.testing.assert_array_equal(merged_values(row, Scale((0, 1, 2), "ordinal")), [1, NA])


def test_an_exact_split_favours_neither_response():
    comparison = Scale((-2, -1, 1, 2), "ordinal")
    assert merged_values([[0.1, 0.4, 0.4, 0.1], [0.3, 0.2, 0.2, 0.3]], comparison).tolist() == [0, 0]
    assert merged_values([[0.5, 0.0, 0.5]], Scale((-1, 0, 1), "ordinal")).tolist() == [0]


def test_bad_input_is_refused():
    with pytest.raises(WeightNotValid):
        pool([EVEN], [EVEN], 1.1, TWO, frequencies=EVEN)
    with pytest.raises(ZeroProbability):
        pool([[1.0, 0.0]], [EVEN], 0.5, TWO, frequencies=EVEN)
    with pytest.raises(WrongShape):
        pool([EVEN], [EVEN, EVEN], 0.5, TWO, frequencies=EVEN)
    with pytest.raises(WrongShape):
        panel_of([], TWO)
    with pytest.raises(WrongShape):
        fit_weight([[1, 1]], [EVEN, EVEN], TWO)


# --- a panel of judges that tell unlike amounts -----------------------------------------------------------------------
def judged_by(rights, sample_count=400, rated=None):
    """People, and judges who are right this often, calibrated; `rated` judgments of the last one at most."""
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 2, sample_count)
    people = np.where(rng.random((sample_count, 3)) < 0.75, truth[:, None], 1 - truth[:, None]).astype(float)
    said = [np.where(rng.random(sample_count) < right, truth, 1 - truth).astype(float) for right in rights]
    if rated is not None:
        said[-1][rated:] = NA
    prompts = np.arange(sample_count)
    judges = [calibrate(word, people, TWO, prompts) for word in said]
    return people, judges, frequencies_elsewhere(people, TWO, prompts)


def test_a_judge_weighs_what_it_tells_and_one_that_was_not_measured_nothing():
    people, judges, common = judged_by([0.9, 0.7, 0.5, 0.95], rated=49)
    weights = judge_weights(judges, people, TWO, frequencies=common)
    assert weights[0] > 3 * weights[1] > 0
    assert weights[2] < 0.01
    assert weights[3] == 0
    silent = judge_weights([np.full((400, 2), NA)], people, TWO, frequencies=common)
    assert silent.tolist() == [0]


def test_judges_that_know_nothing_do_not_drown_one_that_does():
    people, judges, common = judged_by([0.9, 0.5, 0.5, 0.5, 0.5])
    weights = judge_weights(judges, people, TWO, frequencies=common)
    alone, equal, weighed = (
        fit_weight(people, panel, TWO, frequencies=common).log_likelihood_merged
        for panel in (judges[0], panel_of(judges, TWO), panel_of(judges, TWO, weights=weights))
    )
    np.testing.assert_array_equal(
        weighed_panel(judges, people, TWO, frequencies=common), panel_of(judges, TWO, weights=weights)
    )
    assert equal < alone - 0.01
    assert weighed == pytest.approx(alone, abs=0.002)


def test_a_judge_of_weight_zero_is_not_heard():
    opinions = [[[0.8, 0.2], [NA, NA]], [[0.1, 0.9], [0.1, 0.9]]]
    np.testing.assert_allclose(panel_of(opinions, TWO, weights=[2, 0]), [[0.8, 0.2], [NA, NA]])
    # Logs .8, .2 and .1, .9 at two to one: .8 ** 2 * .1 to .2 ** 2 * .9, each to the third root.
    odds = (0.8**2 * 0.1 / (0.2**2 * 0.9)) ** (1 / 3)
    np.testing.assert_allclose(panel_of(opinions, TWO, weights=[2, 1])[0], [odds / (1 + odds), 1 / (1 + odds)])
    with pytest.raises(WrongShape):
        panel_of(opinions, TWO, weights=[1, -1])
    with pytest.raises(WrongShape):
        panel_of(opinions, TWO, weights=[1])


def test_a_panel_that_was_not_measured_keeps_its_samples_and_earns_no_weight():
    people, judges, common = judged_by([0.9, 0.8], sample_count=49)
    panel = weighed_panel(judges, people, TWO, frequencies=common)
    np.testing.assert_array_equal(panel, panel_of(judges, TWO))
    fit = fit_weight(people, panel, TWO, frequencies=common)
    assert (fit.weight, fit.sample_count, fit.reason) == (0.0, 49, "too_few_samples")


def test_the_weight_has_an_interval_that_narrows_with_more_prompts():
    _, people, panel = people_and_judge(1200, judge_right=0.8)
    widths = []
    for count in (200, 1200):
        drawn = PromptBootstrap(np.arange(count), np.random.default_rng(1))
        fit = fit_weight(people[:count], panel[:count], TWO, bootstrap=drawn)
        assert fit.low <= fit.weight <= fit.high
        widths.append(fit.high - fit.low)
    assert widths[1] < widths[0]
    one = fit_weight(people, panel, TWO, bootstrap=PromptBootstrap(np.zeros(1200), np.random.default_rng(1)))
    assert (one.low, one.high) == (None, None)
    assert fit_weight(people, panel, TWO).low is None


def test_prompts_are_what_is_drawn():
    """Every sample four times over: as many prompts as there were, so the interval stays as wide."""
    _, people, panel = people_and_judge(150, judge_right=0.8)
    prompts = np.tile(np.arange(150), 4)
    four = np.tile(people, (4, 1)), np.tile(panel, (4, 1))
    spans = [
        fit_weight(*four, TWO, bootstrap=PromptBootstrap(of, np.random.default_rng(2)))
        for of in (prompts, np.arange(600))
    ]
    together, alone = (fit.high - fit.low for fit in spans)
    assert together > 1.3 * alone


def test_votes_one_by_one_give_the_same_weight_as_counts():
    _, people, panel = people_and_judge(300, judge_right=0.85)
    people[::7, 2] = NA
    votes = Votes.of_matrix(people, TWO)
    others = leave_one_out_posterior(people, TWO)[votes.sample, votes.level]
    common = level_frequencies(people, TWO)
    by_counts = fit_weight(people, panel, TWO)
    by_votes = fit_weight_on_votes(votes, others, panel, TWO, frequencies=common)
    assert by_votes.weight == by_counts.weight
    assert by_votes.sample_count == by_counts.sample_count
    assert by_votes.log_likelihood_merged == pytest.approx(by_counts.log_likelihood_merged)
    with pytest.raises(WrongShape):
        fit_weight_on_votes(votes, others[1:], panel, TWO, frequencies=common)
    with pytest.raises(BootstrapNotValid):
        PromptBootstrap(np.zeros(3), np.random.default_rng(0), draws=0)
