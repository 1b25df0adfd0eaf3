"""Copying, changes, hurry and a liking for the first by ratings: by hand, in crowds whose truth is known, and where little is there."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_crowd import Crowd, figures

from consensus.annotators import (
    SIDES,
    PeopleFigures,
    copying,
    position_preference,
    preferred_by_ratings,
    same_words,
    shifts,
    together,
    unread,
    who_to_look_at,
)
from consensus.scales import WrongShape
from consensus.votes import Votes

nan = np.nan


def found(crowd, seed=1):
    return {(look.person, of.kind, of.other) for look in who_to_look_at(figures(crowd, seed)) for of in look.concerns}


# --- by hand ------------------------------------------------------------------------------------------------------
def test_answers_side_by_side_by_hand():
    """One sample: a and b alike in 2 of 2, each with c in 1 of 2; another of two people, alike in nothing."""
    of = together([0, 0, 0, 1, 1], [[1, 2], [1, 2], [1, 3], [0, 0], [1, nan]], [1, 2, 3, 1, 2])
    pairs = dict(zip(zip(of.answer.tolist(), of.with_answer.tolist(), strict=True), of.alike, strict=True))
    assert pairs == {(0, 1): 1, (0, 2): 0.5, (1, 2): 0.5, (3, 4): 0}
    assert of.usual == 0.5
    beside = dict(zip(zip(of.answer.tolist(), of.with_answer.tolist(), strict=True), of.beside, strict=True))
    assert beside == {(0, 1): 0.5, (0, 2): 0.75, (1, 2): 0.75, (3, 4): 0.5}  # of two, what is usual
    np.testing.assert_allclose(of.beyond, [0.25, 0.25, -0.5, -0.5, -0.5])


rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 2), st.integers(0, 2)), max_size=30)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_likeness_is_that_of_a_second_way_of_counting(rows):
    answers = list({(sample, person): row for row in rows for sample, person in [row[:2]]}.values())
    sample, _person, *values = (np.array(column, dtype=int) for column in zip(*answers, strict=True)) if answers else [
        np.zeros(0, int)
    ] * 4  # fmt: skip
    of = together(sample, np.stack(values, axis=1), np.arange(len(answers)))
    naive = {
        (a, b): np.mean([answers[a][place] == answers[b][place] for place in (2, 3)])
        for a, b in combinations(range(len(answers)), 2)
        if answers[a][0] == answers[b][0]
    }
    assert dict(zip(zip(of.answer.tolist(), of.with_answer.tolist(), strict=True), of.alike, strict=True)) == naive


def test_the_same_words_are_counted_by_pair_and_stock_phrases_are_not():
    sample = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    person = [0, 1, 0, 1, 0, 1, 2, 3, 2, 3]
    words = same_words(sample, person, [7, 7, 8, 8, 9, 5, 6, 6, 0, 0], person_count=4)
    assert [column.tolist() for column in (words.one, words.other, words.count)] == [[0, 2], [1, 3], [2, 1]]
    habit = same_words([0, 0, 1, 1, 2, 2], [0, 1] * 3, [7] * 6, person_count=2)
    assert not len(habit.count)


def test_a_change_by_hand():
    value = np.array([0.0, 1.0] * 20 + [4.0, 5.0] * 10)
    week = np.repeat([1, 2, 5], 20)
    of = shifts(np.zeros(60, int), week, value, person_count=2)
    assert (of.week[0], of.splits[0], of.change.count[0]) == (5, 2, 60)
    assert of.after[0] == 4.5
    assert of.before[0] == 0.5
    assert np.isnan(of.change.value[1])
    assert of.chance_of_more(1.0)[0] < 1e-6 < of.chance_of_more(4.0)[0]


def test_which_response_the_ratings_prefer():
    np.testing.assert_equal(preferred_by_ratings([[4], [2], [3], [nan]], [[3], [2], [4], [1]]), [-1, 0, 1, nan])
    votes = Votes.of([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 2, 2], level_count=3)
    leaning = position_preference(votes, SIDES, [0, 1, 1, 0])
    np.testing.assert_allclose(leaning.first, [1, 0])  # both prefer the same; only one of them saw it first


def test_quicker_than_reading():
    few, many, none = 15, 40, 0
    of = unread([15, 30, 0], [few, many, none])
    assert (of.estimate(1).value, of.estimate(1).count) == (0.75, 40)
    assert of.estimate(2).undefined == "None of their answers was timed."
    [look] = who_to_look_at(PeopleFigures(unread=of))
    assert look.concerns[0].text == "Quicker than the text can be read in 75 % of the latest 40 answers."
    with pytest.raises(WrongShape):
        unread([3], [2])


def test_nothing_is_said_of_nothing():
    of = together([], np.zeros((0, 3)), [])
    nobody = copying(of, [], [], [], person_count=0)
    assert (len(nobody.one), len(nobody.partners)) == (0, 0)
    alone = together([0, 1], [[1], [2]], [0, 0])
    assert np.isnan(alone.beyond).all()
    assert not who_to_look_at(
        PeopleFigures(
            copying=copying(alone, [0, 1], [0, 1], [0, 0], person_count=2),
            words=same_words([0, 1], [0, 1], [0, 0], person_count=2),
            shifts={"pace": shifts([0], [1], [nan], person_count=2)},
        )
    )


# --- crowds -------------------------------------------------------------------------------------------------------
def test_whoever_copies_is_found_on_25_shared_samples_and_the_copied_is_not_named():
    """Twelve people, three a sample: about 27 samples with the one copied."""
    hits = [found(Crowd(people=12, samples=600, copies={0: 1}), seed) for seed in range(10)]
    assert all((0, "copying", 1) in hit for hit in hits)
    assert {person for hit in hits for person, *_ in hit} == {0}


def test_two_who_know_more_than_the_rest_do_not_copy():
    """They agree with each other more than with anybody: as people do who are right."""
    for seed in range(10):
        assert not found(Crowd(people=10, samples=400, expert={0: 0.3, 1: 0.3}), seed)


def test_two_who_guess_do_not_copy_each_other():
    kinds = {
        kind for seed in range(10) for _, kind, _ in found(Crowd(people=10, samples=400, random={0: 1, 1: 1}), seed)
    }
    assert kinds == {"agreement"}


@pytest.mark.parametrize(("planted", "kind"), [({"random": {0: 1.0}}, "agreement"), ({"first": {0: 1.0}}, "position")])
def test_a_hundred_answers_tell_a_guess_and_a_liking_for_the_first(planted, kind):
    hits = [found(Crowd(people=12, samples=400, **planted), seed) for seed in range(10)]
    assert sum((0, kind, None) in hit for hit in hits) >= 9
    assert {person for hit in hits for person, *_ in hit} == {0}


def test_among_six_of_whom_half_do_not_judge_the_one_who_prefers_the_first_is_still_found():
    """How far people lean is not known from so few: two who do would make it ordinary."""
    planted = {"random": {0: 1.0}, "first": {1: 1.0}, "copies": {2: 1}}
    hits = [found(Crowd(people=6, samples=240, **planted), seed) for seed in range(10)]
    assert sum((1, "position", None) in hit for hit in hits) >= 9
    assert {person for hit in hits for person, *_ in hit} <= {0, 1, 2}


def test_whoever_works_a_third_of_the_time_since_the_middle_is_found_on_200_answers():
    hits = [found(Crowd(people=12, samples=900, tires={0: -1.2}), seed) for seed in range(8)]
    assert sum((0, "shift", None) in hit for hit in hits) >= 7
    assert {person for hit in hits for person, *_ in hit} <= {0}


def test_honest_people_are_hardly_ever_named():
    """Of 450 people, over ten weeks, in twelve kinds of figures together: fewer than one in two hundred."""
    named = {(seed, person) for seed in range(15) for person, *_ in found(Crowd(people=30, samples=600), seed)}
    assert len(named) <= 2
