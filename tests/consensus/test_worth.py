"""What a reviewer's decision is worth."""

import math

import pytest

from consensus import worth
from consensus.scales import Scale
from consensus.worth import WorthNotValid

SIX = Scale(levels=(1, 2, 3, 4, 5, 6), measurement="interval")
NAMES = Scale(levels=(0, 1), measurement="nominal")


def test_the_doubt_of_three_who_agree_by_hand():
    """A vote for 4 gives .2 to the power of the distance to each level, shared out; one more vote is spread as all are."""
    kernel_beyond = (0.2**3 + 0.2**2 + 0.2**2) / (0.2**3 + 2 * 0.2**2 + 2 * 0.2 + 1)
    pooled_beyond = 3 * (1 / 6) / 4
    assert worth.doubt([4, 4, 4], SIX, 4, within=1) == pytest.approx((3 * kernel_beyond + pooled_beyond) / 4)


def test_who_did_not_rate_says_nothing():
    assert worth.doubt([4, math.nan, 4], SIX, 4, within=1) == worth.doubt([4, 4], SIX, 4, within=1)


def test_doubt_grows_with_what_is_said_against_a_value():
    doubts = [worth.doubt(said, SIX, 4, within=1) for said in ([4, 4, 4], [4, 4, 1], [4, 1, 1], [1, 1, 1])]
    assert doubts == sorted(doubts)
    assert 0 < doubts[0] < doubts[-1] < 1


def test_names_have_no_neighbours():
    assert worth.doubt([1, 1], NAMES, 1, within=1) == pytest.approx(1 - worth.doubt([1, 1], NAMES, 0))


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_is_not_proposed_is_missing_for_sure(value):
    assert worth.doubt([1, 6], SIX, value) == 1


def test_trigger_values_add_up_and_priority_multiplies():
    assert worth.of_label([0.5, 0.25, 0.25]) == 1
    assert worth.of_label([0.5], priority=2) == 1.5
    assert worth.of_label([0.5], priority=-3) == 0.5
    assert worth.of_label([]) == 0


def test_a_known_answer_is_held_against_everybody_who_had_it():
    assert worth.of_gold(0.2, 10) == 2
    assert worth.of_gold(0.2, 0) == 0.2


def test_who_waits_comes_before_any_single_value():
    assert worth.of_question(is_in_hand=True) > worth.of_question(is_in_hand=False) >= worth.of_label([1.0])


@pytest.mark.parametrize("refused", [lambda: worth.of_label([1.2]), lambda: worth.of_gold(-0.1, 3)])
def test_a_doubt_is_a_probability(refused):
    with pytest.raises(WorthNotValid, match="no probability"):
        refused()


def test_nobody_is_measured_less_than_not_at_all():
    with pytest.raises(WorthNotValid, match="-1 people"):
        worth.of_gold(0.5, -1)
