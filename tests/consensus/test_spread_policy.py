"""What happens to a sample next under the spread policy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.aggregate import closest_three
from consensus.policy import CountNotValid, FixedOverlap, PolicyNotValid, SpreadPolicy, decide, settling_three
from consensus.scales import Scale, Slot
from tests.consensus import brute_force

FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
NAMES = Scale((1, 2, 3), "nominal")
NA = np.nan
POLICY = SpreadPolicy()
ONE = [Slot.trigger("overall", FIVE)]
TWO = [Slot.trigger("first", FIVE), Slot.trigger("second", FIVE)]


def ask(first, later=(), *, slots=ONE, policy=POLICY, people_left=9, leased=0):
    first, later = ([np.atleast_1d(row) for row in rows] for rows in (first, later))
    return decide(policy, slots, first, later, people_left, leased)


def outcome(*args, **kwargs):
    found = ask(*args, **kwargs)
    return found.outcome, found.reason, found.slots_wanted


def test_a_sample_waits_for_its_first_round():
    assert outcome([0, 4]) == ("wait", "first_round_open", 1)
    assert outcome([0, 4], leased=1) == ("wait", "first_round_open", 0)
    assert outcome([0], leased=1) == ("wait", "first_round_open", 1)


def test_three_people_within_the_limit_resolve_it():
    assert outcome([1, 3, 3]) == ("resolve", "agreed", 0)


def test_an_agreed_sample_waits_for_what_is_still_under_way():
    assert outcome([1, 3, 3], leased=2) == ("wait", "annotations_under_way", 0)


def test_three_people_beyond_the_limit_have_two_more_asked():
    found = ask([1, 4, 4])
    assert (found.outcome, found.reason, found.slots_wanted) == ("escalate", "first_round_disagreed", 2)
    assert found.text == "overall: first three said 1, 4, 4; 3 apart, where 2 is allowed"
    assert found.disagreement == {"overall": 3.0}


def test_one_trigger_value_is_enough():
    found = ask([[2, 0], [2, 2], [2, 4]], slots=TWO)
    assert found.outcome == "escalate"
    assert found.text.startswith("second: ")
    assert found.disagreement == {"first": 0.0, "second": 4.0}


def test_a_slot_that_is_no_trigger_never_escalates():
    slots = [ONE[0], Slot("style", FIVE)]
    assert ask([[2, 0], [2, 4], [2, NA]], slots=slots).disagreement == {"overall": 0.0, "style": 4.0}
    assert outcome([[2, 0], [2, 4], [2, NA]], slots=slots)[0] == "resolve"


def test_names_escalate_unless_unanimous():
    slots = [Slot.trigger("kind", NAMES)]
    assert outcome([1, 1, 1], slots=slots)[0] == "resolve"
    assert ask([1, 3, 1], slots=slots).text == "kind: first three said 1, 3, 1; they differ"


def test_a_missing_value_does_not_hide_that_the_others_disagree():
    found = ask([0, NA, 4])
    assert found.outcome == "escalate"
    assert "0, nothing, 4" in found.text


def test_agreement_of_fewer_than_three_people_goes_to_a_reviewer():
    assert outcome([2, NA, 2]) == ("contest", "too_few_usable", 0)


@pytest.mark.parametrize(
    ("later", "people_left", "leased", "expected"),
    [
        ([], 9, 0, ("escalate", "first_round_disagreed", 2)),
        ([], 1, 0, ("escalate", "first_round_disagreed", 1)),
        ([], 9, 1, ("escalate", "first_round_disagreed", 1)),
        ([], 9, 2, ("wait", "annotations_under_way", 0)),
        ([], 0, 1, ("wait", "annotations_under_way", 0)),
        ([], 0, 0, ("contest", "nobody_left", 0)),
        ([4], 9, 0, ("escalate", "first_round_disagreed", 1)),
        ([4], 9, 1, ("wait", "annotations_under_way", 0)),
        ([4], 0, 0, ("resolve", "settled_by_three", 0)),
        ([2], 0, 0, ("contest", "nobody_left", 0)),
    ],
)
def test_as_many_are_asked_as_are_missing_and_can_be(later, people_left, leased, expected):
    assert outcome([0, 4, 4], later, people_left=people_left, leased=leased) == expected


def test_three_of_five_within_the_limit_settle_it():
    found = ask([0, 4, 4], [0, 1])
    assert (found.outcome, found.reason, found.settled_by) == ("resolve", "settled_by_three", (0, 3, 4))
    assert "annotations 1, 4, 5" in found.text


def test_five_people_without_three_within_the_limit_are_contested_or_excluded():
    assert outcome([0, 4, 4], [0, 2]) == ("contest", "unsettled", 0)
    excluding = SpreadPolicy(on_unsettled="excluded")
    assert outcome([0, 4, 4], [0, 2], policy=excluding) == ("exclude", "unsettled", 0)


def test_the_same_three_people_must_agree_on_every_trigger_value():
    first, later = [[0, 0], [0, 4], [0, 4]], [[4, 4], [4, 0]]
    assert outcome(first, later, slots=TWO)[:2] == ("contest", "unsettled")
    for slot in range(2):
        assert settling_three(np.array(first + later)[:, [slot]], [TWO[slot]])


def test_fewer_than_three_usable_of_five_go_to_a_reviewer():
    assert outcome([0, NA, 4], [NA, NA]) == ("contest", "too_few_usable", 0)


def test_the_closest_three_need_not_be_the_three_who_settle():
    slots = [Slot.trigger(name, FIVE) for name in "abc"]
    ratings = np.array([[1, 3, 1], [2, 3, 3], [2, 1, 4], [2, 1, 3], [1, 0, 4]], dtype=float)
    three, closest = settling_three(ratings, slots), closest_three(ratings, slots)
    assert np.ptp(ratings[list(three)], axis=0).max() <= 1 < np.ptp(ratings[list(closest)], axis=0).max()
    assert decide(POLICY, slots, ratings[:3], ratings[3:], 0, 0).settled_by == three


one_rating = st.sampled_from([0, 1, 2, 3, 4])


@given(st.lists(one_rating, min_size=3, max_size=7))
def test_with_one_trigger_value_the_closest_three_do_settle(given_values):
    ratings = np.array(given_values, dtype=float)[:, None]
    closest = ratings[list(closest_three(ratings, ONE))]
    assert bool(settling_three(ratings, ONE)) == (np.ptp(closest) <= 1)


@given(st.lists(st.tuples(*[st.sampled_from([0, 1, 2, 3, 4, NA])] * 2, st.sampled_from([1, 2, 3, NA])), max_size=7))
def test_settling_equals_a_second_implementation(rows):
    slots = [*TWO, Slot.trigger("kind", NAMES)]
    assert bool(settling_three(rows, slots)) == brute_force.can_settle(rows, slots)


@given(
    st.lists(one_rating, min_size=3, max_size=3), st.lists(one_rating, max_size=2), st.integers(0, 4), st.integers(0, 2)
)
def test_asking_never_goes_beyond_five_or_the_people_there_are(first, later, people_left, leased):
    found = ask(first, later, people_left=people_left, leased=leased)
    if found.outcome == "escalate":
        assert 1 <= found.slots_wanted <= people_left
        assert 3 + len(later) + leased + found.slots_wanted <= 5
    else:
        assert found.slots_wanted == 0


@given(st.permutations([0, 1, 4]))
def test_the_order_of_the_first_round_does_not_matter(first):
    assert outcome(first) == outcome(sorted(first))


@pytest.mark.parametrize("numbers", [{"first_round": 2}, {"extra": 0}, {"on_unsettled": "dropped"}])
def test_a_policy_that_cannot_work_is_refused(numbers):
    with pytest.raises(PolicyNotValid):
        SpreadPolicy(**numbers)


def test_counts_below_zero_are_refused():
    with pytest.raises(CountNotValid):
        ask([1, 1, 1], people_left=-1)


# --- slots -------------------------------------------------------------------------------------------------------
def slots_of(*args, **kwargs):
    found = ask(*args, **kwargs)
    return found.slots_wanted, found.slots_allowed


def test_slots_that_people_who_had_it_may_still_fill_are_allowed_but_not_wanted():
    assert slots_of([0, 4, 4], people_left=1) == (1, 2)
    assert slots_of([0, 4, 4], people_left=0, leased=1) == (0, 1)
    assert slots_of([0, 4, 4], people_left=9, leased=2) == (0, 0)


def test_when_the_first_agree_no_further_slot_is_kept_open():
    assert slots_of([1, 3, 3], leased=2) == (0, 0)


# --- a fixed overlap ----------------------------------------------------------------------------------------------
FOUR = FixedOverlap(overlap=4)


@pytest.mark.parametrize(
    ("first", "people_left", "leased", "expected"),
    [
        ([], 0, 0, ("wait", "first_round_open", 4)),
        ([0, 4], 0, 0, ("wait", "first_round_open", 2)),  # no label can be made: it waits like any other first round
        ([0, 4, 4], 1, 0, ("wait", "first_round_open", 1)),
        ([0, 4, 4], 0, 1, ("wait", "first_round_open", 0)),
        ([0, 4, 4], 0, 0, ("contest", "nobody_left", 0)),
        ([0, 4, 4, 0], 9, 0, ("resolve", "fixed_overlap_reached", 0)),
        ([0, 4, 4, 0], 9, 1, ("wait", "annotations_under_way", 0)),
        ([0, NA, 4, NA], 9, 0, ("contest", "too_few_usable", 0)),
        ([0, NA, 4, 2], 9, 0, ("resolve", "fixed_overlap_reached", 0)),
        ([0, 4, 0, 4, 2], 9, 0, ("resolve", "fixed_overlap_reached", 0)),
    ],
)
def test_a_fixed_overlap_waits_for_its_people_and_never_asks_more(first, people_left, leased, expected):
    assert outcome(first, policy=FOUR, people_left=people_left, leased=leased) == expected


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, NA]), max_size=8), st.integers(0, 5), st.integers(0, 3))
def test_a_fixed_overlap_never_escalates_nor_excludes(first, people_left, leased):
    found = ask(first, policy=FOUR, people_left=people_left, leased=leased)
    assert found.outcome in ("wait", "resolve", "contest")
    assert len(first) + leased + found.slots_wanted <= max(4, len(first) + leased)


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, NA]), min_size=4, max_size=4))
def test_what_people_say_changes_nothing_about_how_many_are_asked(first):
    assert ask(first[:3], policy=FOUR).slots_wanted == 1
    assert ask(first, policy=FOUR).slots_wanted == 0


def test_a_fixed_overlap_that_makes_no_label_is_refused():
    with pytest.raises(PolicyNotValid, match="at least 3"):
        FixedOverlap(overlap=2)


def test_arrival_in_another_round_counts_towards_the_overlap():
    assert outcome([0, 4, 4], [1], policy=FOUR) == ("resolve", "fixed_overlap_reached", 0)
