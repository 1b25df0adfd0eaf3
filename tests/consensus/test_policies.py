"""What holds for every policy: names, pairs with label rules, and crowds decided at once as sample by sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.aggregate import closest_three
from consensus.closest_threes import closest_threes
from consensus.policy import (
    Belief,
    ConfidencePolicy,
    Crowd,
    FixedOverlap,
    PolicyNotValid,
    SequentialPolicy,
    SpreadPolicy,
    UnanimousPolicy,
    decide,
    name_of,
    policy_named,
    refuse_unworkable,
)
from consensus.scales import Scale, Slot

THREE = Scale((-1, 0, 1), "ordinal")
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
NAMES = Scale((1, 2, 3), "nominal")
SLOTS = (Slot.trigger("a", FIVE), Slot.trigger("b", NAMES), Slot.trigger("c", THREE), Slot("style", FIVE))
LAYOUTS = {"one": SLOTS[2:3], "all": SLOTS, "no trigger": SLOTS[3:]}
POLICIES = [
    SpreadPolicy(),
    SpreadPolicy(on_unsettled="excluded"),
    UnanimousPolicy(),
    FixedOverlap(4),
    FixedOverlap(2, needed=1),
    SequentialPolicy("majority", 5),
    SequentialPolicy("median", 4),
    ConfidencePolicy(target=0.7),
    ConfidencePolicy(target=0.8, minimum=3, on_unsettled="excluded", hopeless_below=0.3),
    ConfidencePolicy(target=0.6, minimum=1, on_unsettled="resolved", hopeless_below=0),
]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("came", range(7))
def test_a_crowd_is_decided_as_its_samples_are_one_by_one(policy, layout, came):
    slots, rng = LAYOUTS[layout], np.random.default_rng(came)
    ratings = np.stack(
        [rng.choice([*slot.scale.levels, np.nan], (60, came), p=chances(slot)) for slot in slots], axis=2
    )
    left = rng.integers(0, 4, 60)
    beliefs = [belief(slot, 60, rng) if slot.is_trigger else None for slot in slots]
    steps = policy.next_steps(Crowd(slots, ratings, left, lambda: beliefs))
    for row in range(60):
        own = [one and Belief(one.probabilities[row], one.answers) for one in beliefs]
        first, later = ratings[row, : policy.first_round], ratings[row, policy.first_round :]
        alone = decide(policy, slots, first, later, int(left[row]), 0, beliefs=lambda own=own: own)
        assert (steps.outcome[row], steps.slots_wanted[row]) == (alone.outcome, alone.slots_wanted), alone


def chances(slot):
    """Mostly the first level, so that many agree; now and then nothing."""
    others = (1 - 0.6 - 0.1) / (len(slot.scale.levels) - 1)
    return [0.6, *[others] * (len(slot.scale.levels) - 1), 0.1]


def belief(slot, count, rng):
    size = len(slot.scale.levels)
    return Belief(rng.dirichlet(np.full(size, 0.4), size=count), rng.dirichlet(np.full(size, 0.5), size=size))


# --- unanimous ----------------------------------------------------------------------------------------------------
def test_a_first_round_must_be_unanimous():
    slots = [Slot.trigger("a", FIVE)]
    assert decide(UnanimousPolicy(), slots, [[2], [2], [2]], [], 9, 0).reason == "agreed"
    found = decide(UnanimousPolicy(), slots, [[2], [2], [3]], [], 9, 0)
    assert (found.outcome, found.slots_wanted) == ("escalate", 2)
    assert found.text == "a: first three said 2, 2, 3; 1 apart, where 0 is allowed"
    assert decide(UnanimousPolicy(), slots, [[2], [2], [4]], [[0], [3]], 9, 0).reason == "settled_by_three"


@given(st.lists(st.sampled_from(NAMES.levels), min_size=3, max_size=3), st.integers(0, 3))
def test_on_names_unanimous_is_what_spread_is(first, left):
    rows = [[value] for value in first]
    one, other = (decide(kind(), SLOTS[1:2], rows, [], left, 0) for kind in (UnanimousPolicy, SpreadPolicy))
    assert one == other


# --- names --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_policy_is_made_again_from_its_name(policy):
    assert policy_named(name_of(policy)) == policy


def test_settings_stand_behind_the_name():
    assert policy_named("confidence:target=.97, maximum=7") == ConfidencePolicy(target=0.97, maximum=7)
    assert name_of(ConfidencePolicy(target=0.97)) == "confidence:target=0.97"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("confident", "no policy 'confident'"),
        ("spread:target=.9", "has no parameter 'target'. It has: first_round, extra, on_unsettled"),
        ("confidence:minimum=two", "minimum of the policy confidence is 'two'"),
        ("confidence:minimum=9", "9 to 5 people cannot work"),
        ("confidence:target=nan", "target of the policy confidence is 'nan'. Give a number"),
        ("confidence:worthless_below=-inf", "worthless_below of the policy confidence is '-inf'"),
        ("fixed", "fixed needs overlap. Write it as in fixed:overlap=5"),
        ("fixed:needed=1", "fixed needs overlap"),
    ],
)
def test_a_name_that_cannot_be_read_is_refused(text, says):
    with pytest.raises(PolicyNotValid, match=says):
        policy_named(text)


@pytest.mark.parametrize(
    ("policy", "rule", "says"),
    [
        (ConfidencePolicy(), "closest-three", "needs 3 people and confidence may stop at 2"),
        (FixedOverlap(1, needed=1), "closest-three", "may stop at 1"),
        (SequentialPolicy(), "posterior", "Use the rule majority"),
        (SequentialPolicy(), "median", "sequential:rule=median"),
    ],
)
def test_a_policy_and_a_rule_that_cannot_work_together_are_refused(policy, rule, says):
    with pytest.raises(PolicyNotValid, match=says):
        refuse_unworkable(policy, rule)


def test_pairs_that_work_are_let_through():
    refuse_unworkable(SpreadPolicy(), "closest-three")
    refuse_unworkable(ConfidencePolicy(minimum=3), "closest-three")
    refuse_unworkable(SequentialPolicy("median"), "median")


# --- the closest three of many ------------------------------------------------------------------------------------
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("came", [0, 2, 3, 5, 6])
def test_the_closest_three_of_many_are_those_of_each(layout, came):
    slots, rng = LAYOUTS[layout], np.random.default_rng(came)
    ratings = np.stack([rng.choice([*slot.scale.levels, np.nan], (80, came)) for slot in slots], axis=2)
    chosen = closest_threes(ratings, slots)
    triggers = [slot.is_trigger for slot in slots]
    for row in range(80):
        missing = np.isnan(ratings[row])
        usable = ~(missing[:, triggers].any(axis=1) if any(triggers) else missing.all(axis=1))
        expected = closest_three(ratings[row], slots) if usable.sum() >= 3 else ()
        assert tuple(np.flatnonzero(chosen[row]).tolist()) == tuple(expected)
