"""May a judge stand in for a person?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.alternative_test import EpsilonNotValid, alternative_test, beaten_after_correction
from consensus.scales import Scale, WrongShape
from consensus.student_t import student_t_below
from consensus.votes import Votes

NA = np.nan
NAMES = Scale((0, 1, 2, 3, 4), "nominal")
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")


def crowd(seed=0, samples=200, people=8, share=0.5, scale=FIVE):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, samples).astype(float)
    said = np.clip(truth[:, None] + rng.integers(-1, 2, (samples, people)), 0, 4)
    said[rng.random(said.shape) > share] = NA
    return truth, said, Votes.of_matrix(said, scale)


def by_loops(said, judged, score, epsilon, needed=30):
    """The published procedure, one person and sample at a time."""
    p_values, advantages = [], []
    for person in range(said.shape[1]):
        leads, wins = [], []
        for row, word in zip(said, judged, strict=True):
            others = [v for p, v in enumerate(row) if p != person and not np.isnan(v)]
            if np.isnan(row[person]) or np.isnan(word) or not others:
                continue
            of_person, of_judge = score(row[person], others), score(word, others)
            wins.append(of_judge >= of_person)
            leads.append(float(of_person >= of_judge) - float(of_judge >= of_person))
        if len(leads) >= needed:
            t = (np.mean(leads) - epsilon) / (np.std(leads, ddof=1) / np.sqrt(len(leads)))
            p_values.append(float(student_t_below(t, len(leads) - 1)))
            advantages.append(np.mean(wins))
    ranked = np.sort(p_values)
    harmonic = sum(1 / rank for rank in range(1, len(ranked) + 1))
    beaten = max(
        (r for r in range(1, len(ranked) + 1) if ranked[r - 1] <= r / len(ranked) * 0.05 / harmonic), default=0
    )
    return beaten / len(ranked), np.mean(advantages), len(ranked)


def share_equal(value, others):
    return np.mean([value == other for other in others])


def minus_rmse(value, others):
    return -np.sqrt(np.mean([(value - other) ** 2 for other in others]))


@pytest.mark.parametrize(
    ("t", "degrees", "below"),
    [
        (6.314, 1, 0.95), (-12.706, 1, 0.025), (2.920, 2, 0.95), (2.228, 10, 0.975), (2.764, 10, 0.99), (-2.042, 30, 0.025),
        (1.310, 30, 0.90), (1.984, 100, 0.975), (1.9600, 1_000_000, 0.975), (0.0, 7, 0.5), (-np.inf, 5, 0.0), (np.inf, 5, 1.0),
    ],
)  # fmt: skip
def test_student_s_t_is_that_of_the_printed_tables(t, degrees, below):
    """Critical values as in any table of the distribution, such as NIST's Engineering Statistics Handbook, 1.3.6.7.2."""
    assert student_t_below(t, degrees) == pytest.approx(below, abs=1e-4)


def test_student_s_t_far_out_keeps_its_digits():
    """From scipy.stats.t.cdf."""
    found = student_t_below([-40, -2.5, -0.3, 1.2], [2000, 3, 29, 100])
    expected = [7.139309266781419e-258, 0.04385332350403278, 0.3831585466644839, 0.8835127163908791]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_correction_by_hand():
    # Five tests at .05: harmonic sum 137/60, so the limits are .00438, .00876, .0131, .0175, .0219.
    assert beaten_after_correction([0.018, 0.004, 0.5, 0.012, 0.009], 0.05).tolist() == [False, True, False, True, True]
    assert not beaten_after_correction([0.006, 0.2, 0.3, 0.4, 0.5], 0.05).any()
    assert beaten_after_correction([], 0.05).tolist() == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.2])
@pytest.mark.parametrize(("scale", "score"), [(NAMES, share_equal), (FIVE, minus_rmse)])
def test_it_is_the_published_procedure(seed, epsilon, scale, score):
    truth, said, votes = crowd(seed, scale=scale)
    rng = np.random.default_rng(seed)
    judged = np.clip(truth + rng.integers(-1, 2, len(truth)) * (seed < 2), 0, 4)
    judged[::9] = NA
    found = alternative_test(votes, judged, scale, epsilon=epsilon)
    rate, advantage, people = by_loops(said, judged, score, epsilon)
    assert found.winning_rate == rate
    assert found.advantage == pytest.approx(advantage)
    assert found.people_count == people


def test_a_judge_that_knows_the_truth_passes_with_no_allowance():
    truth, _, votes = crowd()
    found = alternative_test(votes, truth, FIVE)
    assert (found.outcome, found.winning_rate, found.smallest_epsilon) == ("passes", 1.0, 0.0)
    assert found.verdict == "May stand in for a person: it holds its own against 8 of 8 people at an allowance of 0.15."


def test_a_judge_that_guesses_fails_and_is_told_what_it_would_need():
    _, _, votes = crowd()
    guesses = np.random.default_rng(3).integers(0, 5, 200).astype(float)
    found = alternative_test(votes, guesses, FIVE)
    assert (found.outcome, found.winning_rate) == ("fails", 0.0)
    assert found.smallest_epsilon > 0.3
    assert f"it would need an allowance of {found.smallest_epsilon:g}" in found.verdict


def test_the_smallest_allowance_is_the_border():
    _, _, votes = crowd()
    one_more = np.clip(crowd(1, people=1, share=1.0)[1][:, 0], 0, 4)
    smallest = alternative_test(votes, one_more, FIVE).smallest_epsilon
    assert alternative_test(votes, one_more, FIVE, epsilon=smallest).outcome == "passes"
    assert alternative_test(votes, one_more, FIVE, epsilon=smallest - 0.001).outcome == "fails"


def test_a_judge_that_is_always_the_further_one_has_no_allowance_that_is_enough():
    votes = Votes.of_matrix(np.zeros((40, 3)), FIVE)
    found = alternative_test(votes, np.full(40, 4.0), FIVE)
    assert (found.outcome, found.smallest_epsilon, found.advantage) == ("fails", None, 0.0)
    assert "no allowance is enough" in found.verdict


def test_samples_of_one_prompt_are_one_observation():
    """Four copies of everything under one prompt make nobody surer."""
    truth, said, votes = crowd(2, samples=60, share=0.9)
    judged = np.clip(truth + np.random.default_rng(5).integers(-1, 2, 60), 0, 4)
    once = alternative_test(votes, judged, FIVE)
    copied = Votes.of_matrix(np.tile(said, (4, 1)), FIVE)
    prompts = np.tile(np.arange(60), 4)
    grouped = alternative_test(copied, np.tile(judged, 4), FIVE, groups=prompts)
    alone = alternative_test(copied, np.tile(judged, 4), FIVE)
    assert grouped.smallest_epsilon == once.smallest_epsilon
    assert alone.smallest_epsilon < once.smallest_epsilon


def test_too_few_ratings_are_said_in_words():
    _, _, votes = crowd(samples=40, share=0.5)
    found = alternative_test(votes, np.zeros(40), FIVE)
    assert (found.outcome, found.winning_rate) == ("undefined", None)
    assert "0 people rated 30 samples" in found.verdict
    for nobody in (
        Votes.of([], [], [], level_count=5, sample_count=4),
        Votes.of([0, 1], [0, 1], [1, 1], level_count=5),
    ):
        assert alternative_test(nobody, np.zeros(nobody.sample_count), FIVE).outcome == "undefined"
    one_prompt = alternative_test(crowd()[2], np.zeros(200), FIVE, groups=["debate"] * 200)
    assert one_prompt.outcome == "undefined"
    one_sample_each = Votes.of(np.arange(10_000) // 3, np.arange(10_000), np.arange(10_000) % 5, level_count=5)
    assert alternative_test(one_sample_each, np.zeros(one_sample_each.sample_count), FIVE).outcome == "undefined"


def test_what_cannot_be_is_refused():
    _, _, votes = crowd()
    with pytest.raises(EpsilonNotValid):
        alternative_test(votes, np.zeros(200), FIVE, epsilon=1.5)
    with pytest.raises(WrongShape):
        alternative_test(votes, np.zeros(3), FIVE)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_names_and_order_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    _, _, votes = crowd(seed, samples=80, people=4, share=0.9, scale=NAMES)
    judged = rng.integers(0, 5, 80).astype(float)
    people, levels, order = rng.permutation(4), rng.permutation(5), rng.permutation(len(votes))
    renamed = Votes.of(
        votes.sample[order], people[votes.person[order]], levels[votes.level[order]], level_count=5, sample_count=80
    )  # fmt: skip
    plain = alternative_test(votes, judged, NAMES)
    found = alternative_test(renamed, levels[judged.astype(int)].astype(float), NAMES)
    assert (found.winning_rate, found.smallest_epsilon) == (plain.winning_rate, plain.smallest_epsilon)
    assert found.advantage == pytest.approx(plain.advantage)
