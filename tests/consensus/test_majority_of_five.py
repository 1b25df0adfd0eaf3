"""To ask two more unless the first three are unanimous gives, with majority labels, the majority of five.

Whole scales are gone through: every five people, in every order of arrival.
"""

from itertools import permutations, product

import numpy as np
import pytest

from consensus.aggregate import label
from consensus.policy import Decision, SpreadPolicy, decide
from consensus.scales import Scale, Slot

POLICY = SpreadPolicy(first_round=3, extra=2)
SCALES = [
    Scale((0, 1), "ordinal"),
    Scale((-1, 0, 1), "ordinal"),
    Scale((1, 2, 3), "nominal"),
    Scale((-2, -1, 1, 2), "interval"),
    Scale((0, 1, 2, 3, 4), "ordinal"),
    Scale((0, 25, 100), "interval"),
]
every_scale = pytest.mark.parametrize("scale", SCALES, ids=lambda scale: f"{scale.measurement} {scale.levels}")


def unless_unanimous(scale):
    """The policy that "escalate unless the first three are unanimous" is: no range is small, and any three settle."""
    return [Slot.trigger("overall", scale, escalate_above=0, settle_within=scale.span)]


def column(values):
    return np.array(values, dtype=float)[:, None]


def majority(values, slots):
    return label("majority", column(values), slots).values[0]


def asked_in_turn(values, slots):
    """Let five people come one after the other, as far as they are asked; who was asked, and what was decided."""
    for came in range(3, 6):
        found = decide(POLICY, slots, column(values[:3]), column(values[3:came]), people_left=5 - came, leased=0)
        if found.outcome != "escalate":
            return values[:came], found
    raise AssertionError("More than five were asked.")


@every_scale
def test_the_label_is_the_majority_of_five_for_every_five_people_in_every_order(scale):
    slots = unless_unanimous(scale)
    for values in product(scale.levels, repeat=5):
        asked, found = asked_in_turn(values, slots)
        assert found.outcome == "resolve", values
        assert len(asked) == (3 if len(set(values[:3])) == 1 else 5)
        assert majority(asked, slots) == majority(values, slots), values


@every_scale
def test_a_majority_does_not_depend_on_the_order_of_arrival(scale):
    slots = unless_unanimous(scale)
    for values in product(scale.levels, repeat=5):
        if list(values) == sorted(values):
            assert len({majority(order, slots) for order in set(permutations(values))}) == 1, values


@pytest.mark.parametrize("scale", [scale for scale in SCALES if scale.default_escalate_above])
def test_with_the_usual_limits_it_need_not_be(scale):
    """The equality is the policy's, not an accident of majorities: by the default limits two of three may decide."""
    slots = [Slot.trigger("overall", scale)]
    low, high = scale.levels[0], scale.levels[1]
    assert asked_in_turn((low, low, high, high, high), slots)[0] == (low, low, high)


def test_two_more_are_asked_at_once():
    found = decide(POLICY, unless_unanimous(SCALES[1]), column((0, 0, 1)), np.empty((0, 1)), people_left=9, leased=0)
    assert isinstance(found, Decision)
    assert (found.outcome, found.slots_wanted) == ("escalate", 2)
