"""Running tallies: equal to counting anew after whatever came and went."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.disagreement import CountsNotValid
from consensus.reliability import krippendorff_alpha
from consensus.scales import Scale, WrongShape
from consensus.tallies import PairTallies, TallyNotThere, TallyNotValid
from consensus.votes import Votes

LEVELS = (0, 1, 3)
SCALES = [Scale(LEVELS, measurement) for measurement in ("nominal", "ordinal", "interval")]
counts_of_a_sample = st.lists(st.integers(0, 3), min_size=3, max_size=3)
# Each step adds a sample, or takes away or changes one that is there (the number says which).
steps = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "replace"]), st.integers(0, 1000), counts_of_a_sample), max_size=30
)


def walked(journey):
    """The tally after these steps, and the counts of the samples that are there at the end."""
    tallies, there = PairTallies(3), []
    for what, which, counts in journey:
        if what == "add" or not there:
            tallies.add(counts)
            there.append(counts)
        elif what == "remove":
            tallies.remove(there.pop(which % len(there)))
        else:
            tallies.replace(there[which % len(there)], counts)
            there[which % len(there)] = counts
    return tallies, np.array(there, dtype=int).reshape(-1, 3)


def as_ratings(counts):
    """(N, M) ratings with these counts."""
    width = max((row.sum() for row in counts), default=0)
    return np.array([np.append(np.repeat(LEVELS, row), [np.nan] * (width - row.sum())) for row in counts]).reshape(
        len(counts), width
    )


@settings(max_examples=150)
@given(steps)
def test_after_any_additions_removals_and_changes_it_is_the_tally_of_what_is_there(journey):
    tallies, there = walked(journey)
    anew = PairTallies.of_counts(there, level_count=3)
    assert tallies == anew
    for scale in SCALES:
        assert tallies.estimates(scale) == anew.estimates(scale)  # to the last digit
        whole = krippendorff_alpha(as_ratings(there), scale)
        found = tallies.alpha(scale)
        assert found.value == (whole.value if whole.value is None else pytest.approx(whole.value, abs=1e-12))
        assert (found.count, found.undefined) == (whole.count, whole.undefined)


@given(steps)
def test_what_is_kept_in_a_row_is_the_same_tally(journey):
    tallies, _ = walked(journey)
    kept = PairTallies.from_json(json.loads(json.dumps(tallies.to_json())))
    assert kept == tallies
    kept.add([1, 2, 0])
    tallies.add([1, 2, 0])
    assert kept == tallies


@given(st.lists(counts_of_a_sample, max_size=12), st.integers(0, 12))
def test_tallies_of_parts_add_up_in_any_order(rows, cut):
    rows = np.array(rows, dtype=int).reshape(-1, 3)
    first, second = (PairTallies.of_counts(part, level_count=3) for part in (rows[:cut], rows[cut:]))
    second += first
    assert second == PairTallies.of_counts(rows, level_count=3)


def test_a_tally_by_hand():
    tallies = PairTallies.of_counts([[2, 1, 0], [0, 0, 2], [0, 1, 0], [0, 0, 0]])
    assert tallies.to_json() == {
        "level_count": 3,
        "sizes": {
            "1": {"levels": [0, 1, 0], "pairs": [[0, 0, 0], [0, 0, 0], [0, 0, 0]]},
            "2": {"levels": [0, 0, 2], "pairs": [[0, 0, 0], [0, 0, 0], [0, 0, 2]]},
            "3": {"levels": [2, 1, 0], "pairs": [[2, 2, 0], [2, 0, 0], [0, 0, 0]]},
        },
    }
    assert (tallies.sizes, tallies.sample_count, tallies.pairable_count) == ((1, 2, 3), 3, 2)


def test_votes_in_parts_make_the_tally_of_all():
    rng = np.random.default_rng(3)
    sample = rng.integers(0, 40_000, 90_000)  # more than are counted at once, some without a rating
    votes = Votes.of(sample, rng.integers(0, 50, 90_000), rng.integers(0, 5, 90_000), level_count=5)
    found = PairTallies.of_votes(votes)
    assert found == PairTallies.of_counts(votes.tally())
    assert found.sample_count == len(np.unique(sample))


def test_nobody_and_nothing():
    empty = PairTallies.of_votes(Votes.of([], [], [], level_count=5))
    assert empty == PairTallies(5) == PairTallies.of_counts(np.zeros((0, 5), int)) == PairTallies.of_counts([[0] * 5])
    assert "No sample has two ratings" in empty.alpha(Scale((0, 1, 2, 3, 4), "ordinal")).undefined


def test_whole_numbers_stay_exact_beyond_what_floats_hold():
    many = 2**27 + 1
    tallies = PairTallies(2)
    tallies.add([many, 2])
    assert tallies.to_json()["sizes"][str(many + 2)]["pairs"] == [[many * (many - 1), 2 * many], [2 * many, 2]]


def test_more_than_was_added_cannot_be_removed():
    tallies = PairTallies.of_counts([[2, 1, 0], [1, 1, 1]])
    before = tallies.to_json()
    for wrong in ([3, 0, 0], [1, 0, 0], [[2, 1, 0], [2, 1, 0]]):
        with pytest.raises(TallyNotThere):
            tallies.remove(wrong)
    with pytest.raises(TallyNotThere):
        tallies.replace([0, 0, 2], [1, 1, 0])
    assert tallies.to_json() == before


def test_what_is_no_tally_is_refused():
    with pytest.raises(WrongShape):
        PairTallies(3).add([1, 2])
    with pytest.raises(CountsNotValid):
        PairTallies(3).add([1, 2, -1])
    with pytest.raises(CountsNotValid):
        PairTallies(3).add([1, 0.5, 1])
    with pytest.raises(WrongShape):
        PairTallies(3).alpha(Scale((0, 1), "nominal"))
    tallies = PairTallies(3)
    with pytest.raises(WrongShape):
        tallies += PairTallies(2)


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"level_count": 2, "sizes": {"2": {"levels": [2, 0]}}},
        {"level_count": 2, "sizes": {"2": {"levels": [2, 0], "pairs": [[1, 0], [0, 0]]}}},
        {"level_count": 2, "sizes": {"2": {"levels": [2, 0, 0], "pairs": [[2, 0], [0, 0]]}}},
        {"level_count": 2, "sizes": {"two": {"levels": [2, 0], "pairs": [[2, 0], [0, 0]]}}},
        {"level_count": 2, "sizes": [1]},
    ],
)
def test_a_row_that_keeps_no_tally_is_refused(kept):
    with pytest.raises(TallyNotValid):
        PairTallies.from_json(kept)
