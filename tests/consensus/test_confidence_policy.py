"""The confidence policy asks until the posterior is sure, or cannot become so."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.policies.certainty import alike
from consensus.policy import Belief, BeliefsMissing, ConfidencePolicy, PolicyNotValid, SpreadPolicy, decide
from consensus.scales import Scale, Slot

THREE = Scale((-1, 0, 1), "ordinal")
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
NAMES = Scale((1, 2, 3), "nominal")
LONG = Scale(tuple(range(101)), "interval")


def sharp(level_count, right):
    """People who name the right level with this probability and every other one equally often."""
    table = np.full((level_count, level_count), (1 - right) / (level_count - 1))
    np.fill_diagonal(table, right)
    return table


USELESS = sharp(3, 1 / 3)


def ask(ratings, beliefs, *, policy=None, slots=None, people_left=9, leased=0):
    policy, slots = policy or ConfidencePolicy(target=0.9), slots or [Slot.trigger("preference", THREE)]
    rows = [np.atleast_1d(row) for row in ratings]
    return decide(policy, slots, rows[:2], rows[2:], people_left, leased, beliefs=lambda: beliefs)


def outcome(*args, **kwargs):
    found = ask(*args, **kwargs)
    return found.outcome, found.reason, found.slots_wanted


SURE, TORN = np.array([0.03, 0.05, 0.92]), np.array([0.4, 0.2, 0.4])


@pytest.mark.parametrize(
    ("ratings", "belief", "expected"),
    [
        ([1], SURE, ("wait", "first_round_open", 1)),
        ([1, 1], SURE, ("resolve", "confident", 0)),
        ([1, -1], TORN, ("escalate", "not_yet_confident", 1)),
        ([1, -1, 0, 1], TORN, ("escalate", "not_yet_confident", 1)),
        ([1, -1, 0, 1, -1], TORN, ("contest", "unsettled", 0)),
        ([1, -1, 0, 1, 1], SURE, ("resolve", "confident", 0)),
    ],
)
def test_one_more_at_a_time_until_it_is_sure(ratings, belief, expected):
    assert outcome(ratings, [Belief(belief)]) == expected


def test_the_text_names_the_least_sure_value_and_its_numbers():
    slots = [Slot.trigger("first", FIVE), Slot.trigger("second", FIVE)]
    beliefs = [np.array([0, 0, 0.1, 0.8, 0.1]), np.array([0.3, 0, 0, 0.4, 0.3])]
    found = ask([[3, 3], [3, 0]], beliefs, slots=slots)
    assert found.text == "second: 0.70 that the right value is within 1 of 3; the target is 0.9."
    assert ask([1, 1], [SURE]).text == "preference: 0.92 that the right value is 1; the target is 0.9."


def test_within_its_limit_a_neighbouring_value_is_as_good():
    between = np.array([0, 0.3, 0.5, 0.15, 0.05])
    assert outcome([2, 1], [between], slots=[Slot.trigger("a", FIVE)])[1] == "confident"
    assert outcome([2, 1], [between], slots=[Slot.trigger("a", FIVE, settle_within=0)])[1] == "not_yet_confident"
    assert outcome([2, 1], [np.array([0.3, 0.65, 0.05])], slots=[Slot.trigger("a", NAMES)])[1] == "not_yet_confident"


def test_every_trigger_value_must_be_sure_and_no_other_is_looked_at():
    slots = [Slot.trigger("a", THREE), Slot.trigger("b", THREE), Slot("style", FIVE)]
    assert outcome([[1, 1, 0], [1, 1, 4]], [SURE, SURE, None], slots=slots)[1] == "confident"
    assert outcome([[1, 1, 0], [1, 0, 4]], [SURE, TORN, None], slots=slots)[1] == "not_yet_confident"


def test_people_under_way_and_nobody_left():
    assert outcome([1, 1], [SURE], leased=1) == ("wait", "annotations_under_way", 0)
    assert outcome([1, -1], [TORN], leased=1) == ("wait", "annotations_under_way", 0)
    assert outcome([1, -1], [TORN], people_left=0) == ("contest", "nobody_left", 0)


def test_nobody_gave_a_value_although_the_prior_is_sure():
    missing = [np.nan, np.nan]
    assert outcome(missing, [SURE]) == ("escalate", "not_yet_confident", 1)
    assert outcome([np.nan] * 5, [SURE]) == ("contest", "too_few_usable", 0)


@pytest.mark.parametrize(
    ("becomes", "then"), [("contested", "contest"), ("excluded", "exclude"), ("resolved", "resolve")]
)
def test_what_cannot_become_sure_is_given_up_before_the_maximum(becomes, then):
    policy = ConfidencePolicy(maximum=3, on_unsettled=becomes)
    found = ask([1, -1], [Belief(TORN, USELESS)], policy=policy)
    assert (found.outcome, found.reason) == (then, "ambiguous")
    assert "the chance that one more makes it sure is 0.00, and they would add 0.000 at most" in found.text
    patient = ConfidencePolicy(maximum=3, hopeless_below=0, on_unsettled=becomes)
    assert outcome([1, -1], [Belief(TORN, USELESS)], policy=patient)[1] == "not_yet_confident"


def test_a_label_that_settles_a_tie_is_worth_asking_for_though_nobody_becomes_certain():
    tied = [Belief(np.array([0.5, 0.0, 0.5]), sharp(3, 0.8))]
    assert outcome([1, -1], tied, policy=ConfidencePolicy(maximum=3))[1] == "not_yet_confident"
    at_any_price = ConfidencePolicy(maximum=3, worthless_below=1)
    assert outcome([1, -1], tied, policy=at_any_price)[1] == "ambiguous"


def test_nothing_is_given_up_while_somebody_has_it():
    assert outcome([1, -1], [Belief(TORN, USELESS)], policy=ConfidencePolicy(maximum=3), leased=1)[0] == "wait"


def followed(probabilities, answers, scale, within, target, more):
    """(chance to reach the target, certainty at the end) by following every sequence of answers, one after the other."""

    def certainty(posterior):
        if len(posterior) < 5:
            best = int(np.argmax(posterior))
        else:
            best = int(np.flatnonzero(np.cumsum(posterior) >= 0.5 - 1e-12)[0])
        return sum(p for p, apart in zip(posterior, scale.distances[best], strict=True) if apart <= within)

    def go_on(posterior, left):
        ends = np.zeros(2)
        for level in range(len(posterior)):
            joint = posterior * answers[:, level]
            then = joint / joint.sum()
            if certainty(then) >= target - 1e-12:
                ends += joint.sum() * np.array([1.0, certainty(then)])
            elif left == 1:
                ends += joint.sum() * np.array([0.0, certainty(then)])
            else:
                ends += joint.sum() * go_on(then, left - 1)
        return ends

    return go_on(probabilities, more)


weights = st.integers(1, 20)


@given(
    st.sampled_from([THREE, NAMES, FIVE]),
    st.lists(weights, min_size=5, max_size=5),
    st.lists(st.lists(weights, min_size=5, max_size=5), min_size=5, max_size=5),
    st.sampled_from([0.6, 0.8, 0.9]),
    st.integers(1, 3),
)
def test_what_is_foreseen_equals_following_every_sequence(scale, prior, table, target, more):
    size = len(scale.levels)
    probabilities = np.array(prior[:size]) / sum(prior[:size])
    answers = np.array(table, dtype=float)[:size, :size]
    answers /= answers.sum(axis=1, keepdims=True)
    slot = Slot.trigger("a", scale)
    [group] = alike((slot,))
    chance, certain = group.foresee(target, probabilities[None, None], answers[None], more)
    expected = followed(probabilities, answers, scale, slot.settle_within, target, more)
    assert chance.shape == certain.shape == (1, 1)
    assert (chance[0, 0], certain[0, 0]) == pytest.approx(tuple(expected), abs=1e-9)


def test_on_a_long_scale_what_cannot_be_foreseen_is_hoped_for():
    [group] = alike((Slot.trigger("a", LONG),))
    even = np.full((1, 1, 101), 1 / 101)
    useless = np.full((1, 101, 101), 1 / 101)
    assert group.foresee(0.9, even, useless, 1)[0][0, 0] == 0
    assert group.foresee(0.9, even, useless, 3)[0][0, 0] == pytest.approx(1)


def test_perfect_people_make_it_sure_for_certain_and_useless_ones_never():
    [group] = alike((Slot.trigger("a", THREE),))
    torn = TORN[None, None]
    assert [one[0, 0] for one in group.foresee(0.9, torn, np.eye(3)[None], 1)] == pytest.approx([1, 1])
    assert [one[0, 0] for one in group.foresee(0.9, torn, USELESS[None], 4)] == pytest.approx([0, 0.4])


def test_many_samples_at_once_are_as_one_by_one():
    rng = np.random.default_rng(5)
    slots = (Slot.trigger("a", THREE), Slot.trigger("b", NAMES), Slot.trigger("c", THREE))
    for group in alike(slots):
        probabilities = rng.dirichlet(np.ones(3), size=(40, len(group.slots)))
        answers = rng.dirichlet(np.ones(3), size=(len(group.slots), 3))
        together = np.stack(group.foresee(0.8, probabilities, answers, 3))
        for row, place in product(range(40), range(len(group.slots))):
            alone = np.stack(group.foresee(0.8, probabilities[row : row + 1], answers, 3))
            assert together[:, row, place] == pytest.approx(alone[:, 0, place])


def test_beliefs_are_asked_for_only_by_a_policy_that_goes_by_them():
    slot = [Slot.trigger("a", THREE)]

    def never():
        raise AssertionError("nobody wants them")

    assert decide(SpreadPolicy(), slot, [[1], [1], [1]], [], 0, 0, beliefs=never).outcome == "resolve"
    assert decide(ConfidencePolicy(), slot, [[1]], [], 0, 0, beliefs=never).outcome == "wait"
    with pytest.raises(BeliefsMissing, match="Pass beliefs="):
        decide(ConfidencePolicy(), slot, [[1], [1]], [], 0, 0)
    with pytest.raises(BeliefsMissing, match="none for a"):
        decide(ConfidencePolicy(), slot, [[1], [1]], [], 0, 0, beliefs=lambda: [None])


@pytest.mark.parametrize(
    "numbers",
    [
        {"target": 1},
        {"target": 0},
        {"minimum": 0},
        {"minimum": 4, "maximum": 3},
        {"hopeless_below": 1},
        {"on_unsettled": "x"},
    ],
)
def test_a_policy_that_cannot_work_is_refused(numbers):
    with pytest.raises(PolicyNotValid):
        ConfidencePolicy(**numbers)
