"""The sequential policy stops exactly when nobody who may still come could change the label."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus import aggregate
from consensus.policies.sequential import is_certain
from consensus.policy import PolicyNotValid, SequentialPolicy, decide
from consensus.scales import Scale, Slot

NA = np.nan
SCALES = {
    "three": Scale((-1, 0, 1), "ordinal"),
    "five": Scale((0, 1, 2, 3, 4), "ordinal"),
    "names": Scale((1, 2, 5), "nominal"),
    "no middle": Scale((-2, -1, 1, 2), "ordinal"),
    "uneven": Scale((0, 1, 10), "interval"),
}


def slots(*scales):
    return [Slot.trigger(f"slot {place}", scale) for place, scale in enumerate(scales)]


def ask(ratings, *, policy, scales, people_left=9, leased=0):
    rows = [np.atleast_1d(row) for row in ratings]
    return decide(policy, slots(*scales), rows[: policy.first_round], rows[policy.first_round :], people_left, leased)


def changes_somewhere(ratings, scale, rule, to_come):
    """Whether any completion, with people who leave the value out among it, gives another label."""
    one = [Slot.trigger("only", scale)]
    now = aggregate.label(rule, np.array(ratings).reshape(-1, 1), one).values[0]
    for more in product([*scale.levels, NA], repeat=to_come):
        then = aggregate.label(rule, np.array([*ratings, *more]).reshape(-1, 1), one).values[0]
        if not np.array_equal(now, then, equal_nan=True):
            return True
    return False


@given(st.data())
def test_it_is_certain_exactly_when_no_completion_changes_the_label(data):
    scale = data.draw(st.sampled_from(list(SCALES.values())))
    rule = data.draw(st.sampled_from(["majority", "median"]))
    ratings = data.draw(st.lists(st.sampled_from([*scale.levels, NA]), min_size=1, max_size=5))
    to_come = data.draw(st.integers(1, 3))
    counts = scale.tally(np.array([ratings]))
    assert is_certain(counts, scale, rule=rule, to_come=to_come)[0] != changes_somewhere(ratings, scale, rule, to_come)


@pytest.mark.parametrize("rule", ["majority", "median"])
@pytest.mark.parametrize("name", SCALES)
def test_every_crowd_of_up_to_four_with_two_to_come(rule, name):
    scale = SCALES[name]
    for size in range(1, 5 if len(scale.levels) < 5 else 4):
        for ratings in product(scale.levels, repeat=size):
            certain = is_certain(scale.tally(np.array([ratings], dtype=float)), scale, rule=rule, to_come=2)[0]
            assert certain != changes_somewhere(ratings, scale, rule, 2), ratings


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([1, 1], ("wait", "first_round_open", 1)),
        ([1, 1, 1], ("resolve", "outcome_certain", 0)),
        ([1, 1, 0], ("escalate", "outcome_open", 1)),
        ([1, 1, 0, 1], ("resolve", "outcome_certain", 0)),
        ([1, 1, 0, 0], ("escalate", "outcome_open", 1)),
        ([1, 1, 0, 0, 1], ("resolve", "maximum_reached", 0)),
        ([NA, NA, NA, NA, NA], ("contest", "too_few_usable", 0)),
    ],
)
def test_the_majority_of_five_one_at_a_time(ratings, expected):
    found = ask(ratings, policy=SequentialPolicy(), scales=[SCALES["three"]])
    assert (found.outcome, found.reason, found.slots_wanted) == expected


def test_the_text_says_what_could_still_happen():
    found = ask([1, 1, 0], policy=SequentialPolicy(), scales=[SCALES["three"]])
    assert found.text == "slot 0: people said 1, 1, 0; majority 1, and two more could make it -1."


def test_every_trigger_value_must_be_settled():
    policy, scales = SequentialPolicy(), [SCALES["three"], SCALES["five"]]
    assert ask([[1, 4], [1, 4], [1, 4]], policy=policy, scales=scales).outcome == "resolve"
    assert ask([[1, 4], [1, 4], [1, 0]], policy=policy, scales=scales).reason == "outcome_open"


def test_it_waits_for_whoever_has_it_and_says_when_nobody_is_left():
    policy, scales = SequentialPolicy(), [SCALES["three"]]
    assert ask([1, 1, 0], policy=policy, scales=scales, leased=1).reason == "annotations_under_way"
    assert ask([1, 1, 1], policy=policy, scales=scales, leased=1).reason == "annotations_under_way"
    found = ask([1, 1, 0], policy=policy, scales=scales, people_left=0)
    assert (found.outcome, found.reason) == ("contest", "nobody_left")


def test_the_first_half_is_asked_at_once_because_it_can_never_be_enough():
    assert [SequentialPolicy(maximum=most).first_round for most in (2, 3, 4, 5, 6, 7)] == [1, 2, 2, 3, 3, 4]
    for scale, rule, maximum in product(SCALES.values(), ["majority", "median"], (3, 4, 5)):
        fewer = SequentialPolicy(rule, maximum).first_round - 1
        for ratings in product(scale.levels, repeat=fewer):
            counts = scale.tally(np.array([ratings], dtype=float))
            assert not is_certain(counts, scale, rule=rule, to_come=maximum - fewer)[0]


@pytest.mark.parametrize("rule", ["mean", "closest-three", "posterior"])
def test_other_rules_are_refused_with_a_sentence(rule):
    with pytest.raises(PolicyNotValid, match="Use one of: majority, median"):
        SequentialPolicy(rule)


def test_a_maximum_of_one_is_refused():
    with pytest.raises(PolicyNotValid, match="2 or more"):
        SequentialPolicy(maximum=1)
