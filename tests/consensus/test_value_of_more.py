"""What one more annotation is worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.scales import ProbabilitiesNotValid, Scale, WrongShape
from consensus.value_of_more import expected_loss, most_valuable, value_of_one_more

TWO = Scale((0, 1), "nominal")
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
SCALES = [TWO, FIVE, Scale((0, 1, 10), "interval"), Scale((1, 2, 3), "nominal")]


def test_two_names_by_hand():
    """Half and half, people right four times of five: wrong 1 in 2 now, 1 in 5 after one more."""
    answers = [[0.8, 0.2], [0.2, 0.8]]
    assert expected_loss([[0.5, 0.5]], TWO) == pytest.approx([0.5])
    assert value_of_one_more([[0.5, 0.5]], answers, TWO) == pytest.approx([0.3])
    # At 9 to 1 the answer cannot turn the label round: nothing is won.
    assert value_of_one_more([[0.9, 0.1]], answers, TWO) == pytest.approx([0.0])


def test_torn_between_the_ends_is_worth_more_than_between_neighbours():
    ends, neighbours = [0.5, 0, 0, 0, 0.5], [0, 0, 0.5, 0.5, 0]
    far, near = value_of_one_more([ends, neighbours], np.eye(5), FIVE)
    assert (far, near) == pytest.approx((2.0, 0.5))


def test_nothing_is_won_where_it_is_known_already_or_nobody_can_tell():
    sure, torn = [0, 0, 1, 0, 0], [0.5, 0, 0, 0, 0.5]
    assert value_of_one_more([sure], np.eye(5), FIVE) == pytest.approx([0])
    assert value_of_one_more([torn], np.full((5, 5), 0.2), FIVE) == pytest.approx([0])


def plainly(probabilities, answers, scale):
    def loss(posterior):
        return min(
            sum(p * apart for p, apart in zip(posterior, scale.distances[:, label], strict=True))
            for label in range(len(posterior))
        )

    after = 0.0
    for said in range(len(probabilities)):
        joint = [p * answers[right][said] for right, p in enumerate(probabilities)]
        chance = sum(joint)
        if chance:
            after += chance * loss([part / chance for part in joint])
    return loss(probabilities) - after


@given(st.sampled_from(SCALES), st.integers(0, 2**32 - 1))
def test_it_equals_a_second_implementation_and_is_never_negative(scale, seed):
    rng, size = np.random.default_rng(seed), len(scale.levels)
    probabilities, answers = rng.dirichlet(np.ones(size), size=6), rng.dirichlet(np.ones(size), size=size)
    found = value_of_one_more(probabilities, answers, scale)
    assert (found >= 0).all()
    assert found == pytest.approx([plainly(row, answers, scale) for row in probabilities], abs=1e-12)
    assert (found <= expected_loss(probabilities, scale) + 1e-12).all()


@given(st.permutations(range(3)), st.integers(0, 2**32 - 1))
def test_names_may_be_exchanged(order, seed):
    rng, names = np.random.default_rng(seed), SCALES[3]
    probabilities, answers = rng.dirichlet(np.ones(3), size=4), rng.dirichlet(np.ones(3), size=3)
    other = value_of_one_more(probabilities[:, order], answers[np.ix_(order, order)], names)
    assert other == pytest.approx(value_of_one_more(probabilities, answers, names))


def test_the_most_valuable_come_first_and_the_unknown_last():
    assert most_valuable([0.1, np.nan, 0.3, 0.1]).tolist() == [2, 0, 3, 1]
    assert np.isnan(value_of_one_more([[np.nan, np.nan]], np.eye(2), TWO)).all()
    assert value_of_one_more(np.zeros((0, 2)), np.eye(2), TWO).shape == (0,)


def test_what_is_no_probability_is_refused():
    with pytest.raises(ProbabilitiesNotValid):
        value_of_one_more([[0.5, 0.6]], np.eye(2), TWO)
    with pytest.raises(WrongShape):
        value_of_one_more([[0.5, 0.5]], [[0.5, 0.5]], TWO)
