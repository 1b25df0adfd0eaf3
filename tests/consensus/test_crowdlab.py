"""CROWDLAB, as published and with distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.crowdlab import crowdlab
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes, VotesNotValid

NA = np.nan
THREE = Scale((0, 1, 2), "nominal")
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
SMALL = [[0, 0, 1, NA], [1, 1, NA, 1], [2, 2, 1, 2], [0, NA, 0, 0], [1, 2, 1, 1], [NA, 0, 0, 2], [2, 2, 2, 1], [1, 1, 0, NA]]  # fmt: skip
ONE = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.5, 0.25, 0.25], [0.1, 0.3, 0.6], [0.45, 0.35, 0.2]]  # fmt: skip
OTHER = [[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.1, 0.5, 0.4], [0.3, 0.3, 0.4], [0.2, 0.2, 0.6], [0.3, 0.6, 0.1]]  # fmt: skip


def by_loops(said, opinion):
    """CROWDLAB with one judge, one sample and person at a time, as one reads the paper; no ties are broken here."""
    level_count = opinion.shape[1]
    given = [[(p, int(v)) for p, v in enumerate(row) if not np.isnan(v)] for row in said]
    label = [int(np.bincount([v for _, v in row], minlength=level_count).argmax()) for row in given]
    for _ in range(2):
        shared = [n for n, row in enumerate(given) if len(row) > 1]
        likely = np.mean([np.mean([v == label[n] for _, v in given[n]]) for n in shared])
        commonest = np.bincount([label[n] for n in shared]).argmax()
        mistake = np.mean([label[n] != commonest for n in shared])
        agreement = {}
        for person in range(said.shape[1]):
            pairs = [v == w for row in given for p, v in row for q, w in row if p == person and q != person]
            agreement[person] = np.mean(pairs)
        weight = {p: max(1 - (1 - agreed) / mistake, 1e-6) for p, agreed in agreement.items()}
        wrong = np.mean([opinion[n].argmax() != label[n] for n in shared])
        of_judge = max(1 - wrong / mistake, 1e-6) * np.sqrt(np.mean([len(row) for row in given]))
        found = np.array([
            (of_judge * opinion[n] + sum(
                weight[p] * np.where(np.arange(level_count) == v, likely, (1 - likely) / (level_count - 1)) for p, v in row
            )) / (of_judge + sum(weight[p] for p, _ in row))
            for n, row in enumerate(given)
        ])  # fmt: skip
        label = found.argmax(axis=1).tolist()
    return found


def test_one_judge_is_what_cleanlab_computes():
    """Recorded from get_label_quality_multiannotator of cleanlab 2.9.0 on the same votes."""
    found = crowdlab(Votes.of_matrix(SMALL, THREE), THREE, [ONE])
    assert found.label.tolist() == [0, 1, 2, 0, 1, 0, 2, 1]
    np.testing.assert_allclose(found.judge_weights, [1.469693845669907], atol=1e-12)
    weights = [0.5294117647058825, 0.24705882352941178, 0.05882352941176472, 0.2533333333333333]
    np.testing.assert_allclose(found.person_weights, weights, atol=1e-12)
    np.testing.assert_allclose(
        found.probabilities[[0, 5, 7]],
        [
            [0.712297499460476, 0.18430513687534578, 0.10339736366417819],
            [0.4936276500430076, 0.21124040789192403, 0.2951319420650684],
            [0.3437087724972604, 0.4891324095897956, 0.16715881791294404],
        ],
        atol=1e-12,
    )
    np.testing.assert_allclose(found.confidence[7], 0.4891324095897956)


def test_several_judges_are_what_cleanlab_computes():
    """Recorded from get_label_quality_multiannotator_ensemble of cleanlab 2.9.0 on the same votes."""
    found = crowdlab(Votes.of_matrix(SMALL, THREE), THREE, [ONE, OTHER])
    np.testing.assert_allclose(found.judge_weights, [1.469693845669907, 1.1022703842524302], atol=1e-12)
    np.testing.assert_allclose(
        found.probabilities[[0, 4]],
        [
            [0.6436178683802375, 0.22173318260114686, 0.13464894901861552],
            [0.18308619971837944, 0.4981463212428255, 0.318767479038795],
        ],
        atol=1e-12,
    )


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_method_written_out_in_loops(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, 60)
    said = np.where(rng.random((60, 5)) < 0.7, truth[:, None], rng.integers(0, 3, (60, 5))).astype(float)
    opinion = rng.dirichlet([1, 1, 1], 60)
    np.testing.assert_allclose(
        crowdlab(Votes.of_matrix(without_ties(said), THREE), THREE, [opinion]).probabilities,
        by_loops(without_ties(said), opinion),
        atol=1e-9,
    )


def without_ties(said):
    """The same votes, with all of a sample's people on one side where two levels tie."""
    tally = THREE.tally(said)
    tied = (tally == tally.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return np.where(tied[:, None], 1.0, said)


def test_distances_of_a_nominal_scale_change_nothing():
    votes = Votes.of_matrix(SMALL, THREE)
    plain, near = (crowdlab(votes, THREE, [ONE], by_distance=distance) for distance in (False, True))
    np.testing.assert_array_equal(plain.probabilities, near.probabilities)


def test_by_distance_a_near_miss_counts_less_than_a_far_one():
    """On every third sample Ana is one level off and Ben two or more: as published both are simply wrong there."""
    agreed = np.repeat([0, 4, 1, 3, 0, 4, 2, 2], 6).astype(float)
    wrong = np.arange(len(agreed)) % 3 == 0
    ana = np.where(wrong, np.where(agreed < 2, agreed + 1, agreed - 1), agreed)
    ben = np.where(wrong, np.where(agreed < 2, 4.0, 0.0), agreed)
    votes = Votes.of_matrix(np.stack([agreed, agreed, agreed, ana, ben], axis=1), FIVE)
    published, near = (crowdlab(votes, FIVE, by_distance=distance).person_weights for distance in (False, True))
    assert published[3] == published[4]
    assert near[0] > near[3] > near[4]


def test_by_distance_a_vote_gives_its_neighbours_more_than_the_far_end():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 5, 500)
    said = np.clip(truth[:, None] + rng.integers(-1, 2, (500, 3)), 0, 4).astype(float)
    shares = crowdlab(Votes.of_matrix(said, FIVE), FIVE).vote_shares
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (np.diff(shares[0]) <= 0).all()
    assert shares[2].argmax() == 2
    assert (shares > 0).all()


def test_by_distance_the_expected_value_is_nearer_the_truth():
    rng = np.random.default_rng(2)
    truth = np.clip(rng.normal(2, 1.2, 3000), 0, 4)
    said = np.clip(np.rint(truth[:, None] + rng.normal(0, 0.9, (3000, 3))), 0, 4)
    votes = Votes.of_matrix(said, FIVE)
    published, near = (
        np.abs(crowdlab(votes, FIVE, by_distance=distance).probabilities @ FIVE.values - truth).mean()
        for distance in (False, True)
    )
    assert near < published - 0.02


def test_a_judge_that_is_silent_somewhere_is_left_out_there():
    votes, silent = Votes.of_matrix(SMALL, THREE), np.array(ONE)
    silent[2] = NA
    found = crowdlab(votes, THREE, [silent])
    people = crowdlab(votes, THREE)
    np.testing.assert_allclose(found.probabilities[2], people.probabilities[2], atol=0.1)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    nothing = crowdlab(votes, THREE, [np.full((8, 3), NA)])
    np.testing.assert_allclose(nothing.probabilities, people.probabilities)
    assert nothing.judge_weights.tolist() == [0]


def test_without_a_judge_it_is_a_vote_weighted_by_agreement():
    found = crowdlab(Votes.of_matrix(SMALL, THREE), THREE)
    weights, shares = found.person_weights, found.vote_shares
    by_hand = (weights[0] * shares[0] + weights[1] * shares[0] + weights[2] * shares[1]) / weights[:3].sum()
    np.testing.assert_allclose(found.probabilities[0], by_hand)


def test_where_nobody_met_votes_are_believed_half_way_and_judges_not_at_all():
    found = crowdlab(Votes.of([0, 1], [0, 1], [0, 2], level_count=3, sample_count=3), THREE, [ONE[:3]])
    np.testing.assert_allclose(found.probabilities[:2], [[2 / 3, 1 / 6, 1 / 6], [1 / 6, 1 / 6, 2 / 3]])
    assert found.label.tolist() == [0, 2, -1]
    assert np.isnan(found.confidence[2])


def test_degenerate_sets_have_answers():
    nothing = crowdlab(Votes.of([], [], [], level_count=3, sample_count=2), THREE)
    assert nothing.label.tolist() == [-1, -1]
    agreed = crowdlab(Votes.of([0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1], level_count=3), THREE)
    assert agreed.label.tolist() == [1, 1]
    crowd = Votes.of(np.arange(10_000) // 3, np.arange(10_000), np.arange(10_000) % 5, level_count=5)
    np.testing.assert_allclose(crowdlab(crowd, FIVE).probabilities.sum(axis=1), 1)
    only_judged = crowdlab(Votes.of([0, 0], [0, 1], [0, 0], level_count=3, sample_count=2), THREE, [ONE[:2]])
    np.testing.assert_allclose(only_judged.probabilities[1], ONE[1])
    assert only_judged.label[1] == 1


def test_what_does_not_fit_is_refused():
    votes = Votes.of_matrix(SMALL, THREE)
    with pytest.raises(VotesNotValid):
        crowdlab(votes, FIVE)
    with pytest.raises(WrongShape):
        crowdlab(votes, THREE, [ONE[:2]])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_names_order_and_copies_do_not_matter(seed, near):
    rng = np.random.default_rng(seed)
    said = rng.integers(0, 5, (20, 6)).astype(float)
    said[rng.random(said.shape) > 0.6] = NA
    opinion = rng.dirichlet(np.ones(5), 20)
    votes = Votes.of_matrix(said, FIVE)
    plain = crowdlab(votes, FIVE, [opinion], by_distance=near)
    people, order = rng.permutation(6), rng.permutation(len(votes))
    renamed = Votes.of(
        votes.sample[order], people[votes.person[order]], votes.level[order], level_count=5, sample_count=20, person_count=6
    )  # fmt: skip
    found = crowdlab(renamed, FIVE, [opinion], by_distance=near)
    np.testing.assert_allclose(found.probabilities, plain.probabilities, atol=1e-9)
    doubled = crowdlab(Votes.of_matrix(np.tile(said, (2, 1)), FIVE), FIVE, [np.tile(opinion, (2, 1))], by_distance=near)
    np.testing.assert_allclose(doubled.probabilities[:20], plain.probabilities, atol=1e-9)
