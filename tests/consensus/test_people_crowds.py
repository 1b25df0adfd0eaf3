"""Crowds whose truth is known: what was put in comes back, who stands out is found, and honest people are left in peace."""

import numpy as np
import pytest
from simulated_crowd import Crowd, figures

from consensus.annotators import PeopleFigures, bias, who_to_look_at
from consensus.scales import Scale
from consensus.votes import Votes


def found(crowd, seed=1):
    return {(look.person, of.kind) for look in who_to_look_at(figures(crowd, seed)) for of in look.concerns}


def test_biases_come_back():
    """On a scale so long that nobody meets its ends; a bias is against that of everybody."""
    rng = np.random.default_rng(4)
    scale, people, samples = Scale(tuple(range(21)), "interval"), 12, 2000
    true = np.array([2.0, -1.5, 0.5, *np.zeros(9)])
    person = np.array([rng.permutation(people)[:3] for _ in range(samples)])
    given = np.round(rng.uniform(7, 13, (samples, 1)) + true[person] + rng.normal(0, 0.8, person.shape))
    sample = np.repeat(np.arange(samples), 3)
    measured = bias(Votes.of(sample, person.ravel(), given.astype(int).ravel(), level_count=21), scale).measured
    np.testing.assert_allclose(measured.value, true - true.mean(), atol=0.12)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of people without any bias, over many crowds."""
    held = []
    for seed in range(20):
        measured = figures(Crowd(people=20, samples=150, honest_spread=0.0), seed).bias["correctness"].measured
        held.append((measured.low <= 0) & (measured.high >= 0))
    assert 0.92 <= np.mean(held) <= 0.99


def test_a_liking_for_the_first_comes_back():
    """Unread half of the time and the first chosen: of the half in which the second is better, half again."""
    leaning = figures(Crowd(people=20, samples=4000, first={0: 0.5}, honest_spread=0.0), 2).position["preference"]
    assert leaning.extra.value[0] == pytest.approx(0.25, abs=0.05)
    assert np.abs(leaning.extra.value[1:]).max() < 0.06


def test_speeds_come_back():
    measured = figures(Crowd(people=20, samples=1500, speed={0: np.log(0.2), 1: np.log(2)}, honest_spread=0.0), 3).pace
    usual = np.median(measured.ratio)
    assert measured.ratio[0] / usual == pytest.approx(0.2, rel=0.15)
    assert measured.ratio[1] / usual == pytest.approx(2, rel=0.15)


def test_each_kind_of_standing_out_is_found_and_named():
    crowd = Crowd(
        people=30, samples=900, random={0: 1.0}, speed={1: np.log(0.12)}, flat={2: 0.8}, first={3: 0.8}, bias={4: 1.5}
    )
    expected = {(0, "agreement"), (1, "pace"), (2, "sameness"), (3, "position"), (4, "bias")}
    for seed in (1, 2, 3):
        got = found(crowd, seed)
        assert expected <= got
        assert {person for person, _ in got} <= {0, 1, 2, 3, 4}


def test_the_most_urgent_come_first():
    crowd = Crowd(people=30, samples=900, bias={0: 1.5}, speed={1: np.log(0.12)}, random={2: 1.0})
    assert [look.person for look in who_to_look_at(figures(crowd, 1))] == [2, 1, 0]


def test_a_third_of_the_crowd_may_guess_and_is_still_found():
    guessing = dict.fromkeys(range(8), 1.0)
    people = {
        person for person, kind in found(Crowd(people=24, samples=1600, random=guessing), 5) if kind == "agreement"
    }
    assert people <= set(guessing)
    assert len(people) >= 6


def test_equal_values_on_samples_that_deserve_them_are_no_straight_line():
    assert not {kind for _, kind in found(Crowd(people=20, samples=600, easy=0.7), 6)} & {"sameness"}


@pytest.mark.parametrize(
    "crowd",
    [
        Crowd(people=3, samples=60),
        Crowd(people=12, samples=200),
        Crowd(people=60, samples=600, overlap=5),
        Crowd(people=40, samples=1200, easy=0.5),
        Crowd(people=25, samples=250, noise=1.4),
    ],
    ids=lambda crowd: f"{crowd.people}-people",
)
def test_honest_crowds_are_left_in_peace(crowd):
    """In fewer than five of a hundred crowds anybody at all is named."""
    assert sum(bool(found(crowd, seed)) for seed in range(30)) <= 1


def test_with_little_evidence_nobody_is_named():
    """Five samples each on average, however badly they guess."""
    assert not found(Crowd(people=60, samples=100, random=dict.fromkeys(range(10), 1.0)))


def test_bad_answers_to_gold_are_a_reason_with_its_numbers():
    sums, counts = np.array([4.0, 28, 27, 29, 9]), np.array([30.0, 30, 30, 30, 9])
    [look] = who_to_look_at(PeopleFigures(gold_sums=sums, gold_counts=counts))
    assert look.person == 0
    assert look.concerns[0].text == "Right on 13 % of 30 samples with a known answer; people here are right on 75 %."
