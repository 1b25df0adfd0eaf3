"""Ratings in long form: what is no rating is refused, and the rest is kept as it came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.rating_set import Place, RatedSample, RatingSet
from consensus.scales import Scale, Slot
from consensus.votes import Votes, VotesNotValid

FIVE = Scale((0, 1, 2, 3, 4), "ordinal")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            ([0], [5_000_000_000], [1]),
            "person goes from 5000000000 to 5000000000. Give places from 0 to below 2147483647",
        ),
        (([5_000_000_000], [0], [1]), "sample goes from 5000000000"),
        (([0], [0], [5]), "level goes from 5 to 5. Give places from 0 to below 5"),
        (([0], [-1], [1]), "person goes from -1"),
        (([0, 1], [0, 0], [1, 1.5]), "level has 1.5"),
        (([0, float("nan")], [0, 0], [1, 1]), "sample has nan"),
        (([0], [float("inf")], [1]), "person has inf"),
        ((["s1"], [0], [1]), "sample begins with .*'s1'"),
        (([0], [None], [1]), "person begins with None"),
        (([0, 1], [0], [1]), r"shapes \(2,\), \(1,\) and \(1,\)"),
    ],
)
def test_what_is_no_rating_is_refused_with_a_sentence(columns, says):
    with pytest.raises(VotesNotValid, match=says):
        Votes.of(*columns, level_count=5)


def test_a_place_that_no_column_can_hold_is_refused_whatever_count_is_given():
    with pytest.raises(VotesNotValid, match="below 2147483647"):
        Votes.of([0], [5_000_000_000], [1], level_count=5, person_count=6_000_000_000)
    with pytest.raises(VotesNotValid, match="below 32767"):
        Votes.of([0], [0], [40_000], level_count=50_000)


def test_whole_numbers_may_come_as_floats():
    votes = Votes.of([1.0, 0.0], [0.0, 2.0], [4.0, 3.0], level_count=5)
    assert (votes.sample.tolist(), votes.person.tolist(), votes.level.tolist()) == ([0, 1], [2, 0], [3, 4])
    assert (votes.sample.dtype, votes.person.dtype, votes.level.dtype) == (np.int32, np.int32, np.int8)


def test_starts_are_where_each_sample_begins():
    votes = Votes.of([3, 1, 1], [0, 1, 2], [0, 1, 2], level_count=5, sample_count=5)
    assert votes.starts.tolist() == [0, 0, 2, 2, 3, 3]
    assert Votes.of([], [], [], level_count=5, sample_count=2).starts.tolist() == [0, 0, 0]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_doubles_are_refused_wherever_they_stand(sizes, chance):
    """Samples of up to 40 votes, so by neighbours and by sorting; people are the same ones from sample to sample."""
    pairs = [(sample, person) for sample, size in enumerate(sizes) for person in chance.sample(range(50), size)]
    votes_of(pairs).refuse_doubles()
    sample, person = chance.choice(pairs)
    pairs.insert(chance.randrange(len(pairs) + 1), (sample, person))
    with pytest.raises(VotesNotValid, match=f"Person {person} has two votes on sample {sample}"):
        votes_of(pairs).refuse_doubles()


def votes_of(pairs):
    samples, people = zip(*pairs, strict=True)
    return Votes.of(samples, people, [0] * len(pairs), level_count=5)


def test_a_double_among_many_is_named():
    crowded = np.append(np.arange(10_000), 17)
    with pytest.raises(VotesNotValid, match="Person 17 has two votes on sample 0"):
        Votes.of(np.zeros(10_001, dtype=int), crowded, crowded % 5, level_count=5).refuse_doubles()


def test_a_set_in_which_somebody_rated_a_sample_twice_is_refused():
    slots, said = (Slot.trigger("good", FIVE),), np.array([[1.0], [2.0], [3.0]])
    sample = RatedSample("s", "p", (Place("good"),), slots, np.array([0, 1, 0]), said)
    with pytest.raises(VotesNotValid, match="Person 0 has two votes on sample 0"):
        RatingSet({"good": FIVE}, ("x", "y"), (sample,)).units("good")
