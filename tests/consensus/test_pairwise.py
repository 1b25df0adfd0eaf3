"""Kappa of people two by two."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.pairwise import kappa_by_pairs
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes

NA = np.nan
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
WEIGH = {"identity": lambda apart: apart > 0, "linear": lambda apart: apart, "quadratic": lambda apart: apart**2}


def kappas(matrix, scale=FIVE, *, clusters=None, draws=20, least_shared=1, **more):
    votes = Votes.of_matrix(matrix, scale)
    clusters = np.arange(len(matrix)) if clusters is None else clusters
    return kappa_by_pairs(
        votes, scale, clusters, np.random.default_rng(7), draws=draws, least_shared=least_shared, **more
    )


def slow_kappa(first, second, weigh):
    both = ~np.isnan(first) & ~np.isnan(second)
    first, second = first[both], second[both]
    by_chance = weigh(abs(first[:, None] - second[None, :])).mean() if len(first) else 0
    return 1 - weigh(abs(first - second)).mean() / by_chance if by_chance else None


def simulated(sample_count, people=4, missing=0.3):
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 5, sample_count)[:, None]
    ratings = np.clip(np.rint(truth + rng.normal(0, 0.8, (sample_count, people))), 0, 4)
    ratings[rng.random(ratings.shape) < missing] = NA
    return ratings


@pytest.mark.parametrize("weights", WEIGH)
@settings(max_examples=40)
@given(arrays(float, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=st.sampled_from([0, 1, 2, 3, 4, NA])))
def test_each_pair_and_their_mean_by_the_definition(weights, matrix):
    found = kappas(matrix, weights=weights, draws=1)
    by_people = {(pair.first, pair.second): pair.kappa for pair in found.pairs}
    defined = []
    for first, second in combinations(range(matrix.shape[1]), 2):
        shared = np.count_nonzero(~np.isnan(matrix[:, [first, second]]).any(axis=1))
        assert ((first, second) in by_people) == (shared > 0)
        if not shared:
            continue
        expected = slow_kappa(matrix[:, first], matrix[:, second], WEIGH[weights])
        kappa = by_people[first, second]
        assert kappa.count == shared
        assert kappa.value == (expected if expected is None else pytest.approx(expected, abs=1e-12))
        assert bool(kappa.undefined) or expected is not None
        defined += [] if expected is None else [expected]
    assert found.mean.value == (pytest.approx(np.mean(defined), abs=1e-12) if defined else None)


def test_intervals_are_those_of_a_bootstrap_that_computes_all_anew():
    matrix, prompts = simulated(60, people=3, missing=0.1), np.arange(60) // 2
    found = kappas(matrix, clusters=prompts, draws=1500)
    rng, slow = np.random.default_rng(1), []
    for _ in range(600):
        rows = np.concatenate([[2 * prompt, 2 * prompt + 1] for prompt in rng.integers(0, 30, 30)])
        drawn = matrix[rows]
        slow.append([slow_kappa(drawn[:, a], drawn[:, b], WEIGH["quadratic"]) for a, b in combinations(range(3), 2)])
    slow = np.array(slow)
    for at, pair in enumerate(found.pairs):
        expected = np.quantile(slow[:, at], [0.025, 0.975])
        assert [pair.kappa.low, pair.kappa.high] == pytest.approx(expected, abs=0.04)
    assert [found.mean.low, found.mean.high] == pytest.approx(np.quantile(slow.mean(axis=1), [0.025, 0.975]), abs=0.03)


def test_the_order_of_votes_and_of_people_does_not_matter():
    matrix = simulated(30)
    votes = Votes.of_matrix(matrix, FIVE)
    shuffled = np.random.default_rng(2).permutation(len(votes))
    columns = (column[shuffled] for column in (votes.sample, votes.person, votes.level))
    turned = Votes.of(*columns, level_count=5, sample_count=30, person_count=4)
    first, second = (
        kappa_by_pairs(of, FIVE, np.arange(30), np.random.default_rng(7), draws=20) for of in (votes, turned)
    )
    assert first == second
    renamed = kappas(matrix[:, ::-1])
    assert sorted(pair.kappa.value for pair in renamed.pairs) == pytest.approx(
        sorted(pair.kappa.value for pair in first.pairs)
    )


def test_who_is_stricter_than_the_other_pays_for_it():
    lenient = np.array([[4.0], [3], [2], [4], [3], [1]])
    same, stricter = (kappas(np.hstack([lenient, lenient - less])).mean.value for less in (0, 1))
    assert same == 1
    # Squared differences are 1 everywhere; by chance twice the variance, and 1 for the two means.
    assert stricter == pytest.approx(1 - 1 / (2 * lenient.var() + 1))


def test_people_who_share_too_few_samples_are_not_compared():
    matrix = np.full((12, 3), NA)
    matrix[:10, 0] = matrix[:10, 1] = [0, 1, 2, 3, 4] * 2
    matrix[9:, 2] = [4, 3, 1]
    found = kappas(matrix, least_shared=10)
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 1)]
    none = kappas(matrix, least_shared=11)
    assert none.pairs == ()
    assert "share 11 samples" in none.mean.undefined


def test_without_variation_it_is_undefined_in_words():
    found = kappas([[2, 2], [2, 2]])
    assert "one level only" in found.pairs[0].kappa.undefined
    assert "one level only" in found.mean.undefined


def test_one_prompt_has_a_value_and_no_interval():
    found = kappas(simulated(12, missing=0), clusters=["only"] * 12)
    assert found.mean.value is not None
    assert found.mean.low is None
    assert "No interval" in found.mean.undefined


def test_a_person_is_not_compared_with_themselves_and_disjoint_people_not_at_all():
    votes = Votes.of([0, 0, 1, 1], [0, 0, 1, 1], [1, 2, 3, 3], level_count=5)
    assert kappa_by_pairs(votes, FIVE, ["a", "b"], np.random.default_rng(7), least_shared=1).pairs == ()


def test_nobody():
    found = kappas(np.full((2, 3), NA))
    assert (found.pairs, found.mean.value, found.mean.count) == ((), None, 0)


def test_prompts_of_another_number_of_samples_are_refused():
    with pytest.raises(WrongShape):
        kappas(simulated(5), clusters=["a"])
