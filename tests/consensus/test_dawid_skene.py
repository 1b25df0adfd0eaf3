"""Dawid and Skene's model: the published method, number for number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.dawid_skene import IterationsNotValid, fit_dawid_skene
from consensus.scales import Scale
from consensus.votes import Votes

NA = np.nan
THREE = Scale((0, 1, 2), "nominal")
SMALL = [[0, 0, 1, NA], [1, 1, NA, 1], [2, 2, 1, 2], [0, NA, 0, 0], [1, 2, 1, 1], [NA, 0, 0, 2], [2, 2, 2, 1], [1, 1, 0, NA]]  # fmt: skip


def drawn_crowd(seed=0, samples=120, people=12, levels=4, share=0.4):
    """People who are right as often as they are able to be; a person by column, NaN = did not vote."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, levels, samples)
    able = rng.uniform(0.5, 0.95, people)
    right = rng.random((samples, people)) < able
    said = np.where(right, truth[:, None], rng.integers(0, levels, (samples, people))).astype(float)
    said[rng.random(said.shape) > share] = NA
    return truth, said, Scale(tuple(range(levels)), "nominal")


def by_loops(said, level_count, iterations):
    """The method as one reads it: dictionaries and products of probabilities."""
    votes = [[(p, int(v)) for p, v in enumerate(row) if not np.isnan(v)] for row in said]
    ever = {(p, v) for row in votes for p, v in row}
    shares = [[sum(v == level for _, v in row) / len(row) for level in range(level_count)] for row in votes]
    for _ in range(iterations):
        prior = np.maximum(np.mean(shares, axis=0), 1e-10)
        table = {}
        for right in range(level_count):
            for person, value in ever:
                heard = sum(shares[n][right] for n, row in enumerate(votes) if (person, value) in row)
                table[person, value, right] = max(heard, 1e-10)
            for person in {p for p, _ in ever}:
                total = sum(table[p, v, right] for p, v in ever if p == person)
                for value in (v for p, v in ever if p == person):
                    table[person, value, right] /= total
        products = [
            prior * np.prod([[table[p, v, t] for t in range(level_count)] for p, v in row], axis=0) for row in votes
        ]
        shares = [product / product.sum() for product in products]
    return np.array(shares)


def test_it_is_what_crowd_kit_computes():
    """Recorded from DawidSkene(n_iter=5) of crowd-kit 1.4.2 on the same votes."""
    found = fit_dawid_skene(Votes.of_matrix(SMALL, THREE), iterations=5)
    expected = np.eye(3)[[0, 1, 2, 0, 1, 0, 2, 1]]
    expected[4] = [0, 0.991483644109555, 0.008516355890444936]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-9)
    np.testing.assert_allclose(found.frequencies, [0.375, 0.37393545551366864, 0.25106454448633136], atol=1e-12)
    assert found.iterations == 5


@pytest.mark.parametrize("iterations", [1, 4])
def test_it_is_the_method_written_out_in_loops(iterations):
    _, said, scale = drawn_crowd(samples=40, people=6, share=0.7)
    said = said[~np.isnan(said).all(axis=1)]
    found = fit_dawid_skene(Votes.of_matrix(said, scale), iterations=iterations, tolerance=-1)
    np.testing.assert_allclose(found.probabilities, by_loops(said, 4, iterations), atol=1e-9)


def test_the_parameters_of_a_simulated_crowd_come_back():
    truth, said, scale = drawn_crowd(samples=4000, people=10, share=1.0)
    found = fit_dawid_skene(Votes.of_matrix(said, scale))
    assert np.mean(found.probabilities.argmax(axis=1) == truth) > 0.97
    np.testing.assert_allclose(found.frequencies, 0.25, atol=0.03)
    for person in range(10):
        truly = [[np.mean(said[truth == t, person] == level) for level in range(4)] for t in range(4)]
        np.testing.assert_allclose(found.confusions[person], truly, atol=0.03)


def test_it_stops_when_nothing_is_gained_and_not_before():
    _, said, scale = drawn_crowd()
    votes = Votes.of_matrix(said, scale)
    assert fit_dawid_skene(votes).has_converged
    assert not fit_dawid_skene(votes, iterations=2).has_converged
    assert fit_dawid_skene(votes, iterations=30, tolerance=-np.inf).iterations == 30


def test_levels_and_samples_without_a_vote_change_nothing():
    _, said, scale = drawn_crowd()
    plain = fit_dawid_skene(Votes.of_matrix(said, scale))
    wider = Votes.of_matrix(np.insert(said, 3, NA, axis=0), Scale((-1, 0, 1, 2, 3, 4), "nominal"))
    found = fit_dawid_skene(wider)
    voted = ~np.isnan(np.insert(said, 3, NA, axis=0)).all(axis=1)
    np.testing.assert_allclose(
        found.probabilities[voted][:, 1:5], plain.probabilities[~np.isnan(said).all(axis=1)], atol=1e-9
    )
    assert np.isnan(found.probabilities[3]).all()
    assert found.frequencies[0] == found.frequencies[5] == 0


def test_it_does_not_matter_how_many_samples_are_looked_at_at_once(monkeypatch):
    _, said, scale = drawn_crowd()
    votes = Votes.of_matrix(said, scale)
    whole = fit_dawid_skene(votes, iterations=3)
    monkeypatch.setattr("consensus.dawid_skene._VOTES_AT_ONCE", 7)
    np.testing.assert_allclose(fit_dawid_skene(votes, iterations=3).probabilities, whole.probabilities, atol=1e-12)


def test_degenerate_sets_have_answers():
    assert fit_dawid_skene(Votes.of([], [], [], level_count=3, sample_count=2)).probabilities.shape == (2, 3)
    alone = fit_dawid_skene(Votes.of([0, 1], [0, 0], [2, 1], level_count=3))
    np.testing.assert_allclose(alone.probabilities, np.eye(3)[[2, 1]], atol=1e-9)
    agreed = fit_dawid_skene(Votes.of([0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1], level_count=3))
    np.testing.assert_allclose(agreed.probabilities, np.eye(3)[[1, 1]], atol=1e-9)
    crowd = fit_dawid_skene(Votes.of(np.arange(10_000) // 4, np.arange(10_000), np.arange(10_000) % 3, level_count=3))
    np.testing.assert_allclose(crowd.probabilities.sum(axis=1), 1)
    with pytest.raises(IterationsNotValid):
        fit_dawid_skene(Votes.of([0], [0], [0], level_count=2), iterations=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_names_and_order_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    _, said, scale = drawn_crowd(seed, samples=30, people=6, share=0.6)
    votes = Votes.of_matrix(said, scale)
    plain = fit_dawid_skene(votes, iterations=4, tolerance=-1).probabilities
    people, levels, order = rng.permutation(6), rng.permutation(4), rng.permutation(len(votes))
    renamed = Votes.of(
        votes.sample[order], people[votes.person[order]], levels[votes.level[order]], level_count=4, sample_count=30, person_count=6
    )  # fmt: skip
    found = fit_dawid_skene(renamed, iterations=4, tolerance=-1).probabilities
    np.testing.assert_allclose(found[:, levels], plain, atol=1e-9)
    twice = Votes.of_matrix(np.concatenate([said, said]), scale)
    # What is below 1e-10 counts as 1e-10 in the doubled set too, so it is the same only as far as that reaches.
    np.testing.assert_allclose(fit_dawid_skene(twice, iterations=4, tolerance=-1).probabilities[:30], plain, atol=1e-4)
