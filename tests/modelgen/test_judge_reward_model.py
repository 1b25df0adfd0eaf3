"""`reward-model`: raw scores are kept raw; rewards compare by Bradley-Terry, attributes by their neighbouring levels."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import HELPFULNESS, THREE, attribute, calls_of, in_order, judged, question

from modelgen.asking import CannotParse, NothingToSay
from modelgen.engines.protocol import Reply, ScoreClasses
from modelgen.judges.kinds import JudgeOptionsRefused, judge_from
from modelgen.judges.question import Question, Response
from modelgen.judges.reward_model import HELPSTEER, bradley_terry

SCALAR = judge_from("reward-model", {})
FIVE = judge_from("reward-model", {"scores": list(HELPSTEER), "weights": "nemotron-340b"})
BETTER = attribute("better", THREE)


def scored(*rows):
    return in_order(*(Reply(numbers=tuple(row)) for row in rows))


def test_the_model_reads_the_conversation_and_one_response():
    turns = ({"role": "assistant", "content": "It is 4.", "thinking": "hm"},)
    _, calls = calls_of(SCALAR, question("Four.", Response(text="It is 4.", messages=turns), asked="Weather?"))
    assert all(isinstance(call, ScoreClasses) for call in calls)
    asked = {"role": "user", "content": "Weather?"}
    assert calls[0].prompt == (asked, {"role": "assistant", "content": "Four."})
    assert calls[1].prompt == (asked, {"role": "assistant", "content": "It is 4."})


def test_a_scalar_reward_compares():
    word = judged(SCALAR, question(attributes=[BETTER, HELPFULNESS]), scored([-7.25], [-7.25 + math.log(3)]))
    assert word.probabilities == {("better", None): pytest.approx((0.25, 0, 0.75))}
    assert word.values == {("better", None): 1}
    assert word.details["scores"] == [[-7.25], [-7.25 + math.log(3)]]  # raw, outside of 0 to 1
    assert not word.is_unsure


def test_raw_scores_beyond_any_sigmoid_are_kept_and_compared():
    word = judged(SCALAR, question(), scored([1200.0], [-1200.0]))
    assert word.details["rewards"] == [1200.0, -1200.0]
    assert word.probabilities["preference", None] == pytest.approx((1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0))
    assert word.values["preference", None] == -2


@pytest.mark.parametrize(
    ("weights", "reward"),
    [
        # 3 helpful, 4 correct, 2 coherent, 1 complex, 2 verbose
        ("nemotron-340b", 0.30 * 3 + 0.74 * 4 + 0.46 * 2 + 0.47 * 1 - 0.33 * 2),
        ("llama3-70b", 0.65 * 3 + 0.80 * 4 + 0.45 * 2 + 0.55 * 1 - 0.40 * 2),
        ("goodness", 0.65 * 3 + 0.80 * 4 + 0.45 * 2),
    ],
)
def test_five_attributes_make_one_reward_by_published_weights(weights, reward):
    judge = judge_from("reward-model", {"scores": list(HELPSTEER), "weights": weights})
    word = judged(judge, question("One."), scored([3, 4, 2, 1, 2]))
    assert word.details["rewards"] == [pytest.approx(reward)]
    assert word.probabilities == {}


def test_weights_of_ones_own():
    options = {"scores": ["safety", "wit"], "own_weights": {"wit": 2}}
    word = judged(judge_from("reward-model", options), question("One."), scored([5, 1.5]))
    assert word.details["rewards"] == [3.0]


def test_a_score_speaks_of_the_attribute_of_its_name():
    about = question("One.", "Two.", attributes=[HELPFULNESS, BETTER, attribute("charm", (0, 1), scope="response")])
    word = judged(FIVE, about, scored([2.75, 3, 3, 1, 1], [4.9, 3, 3, 1, 1]))
    assert set(word.probabilities) == {("helpfulness", 0), ("helpfulness", 1), ("better", None)}
    assert word.probabilities["helpfulness", 0] == pytest.approx((0, 0, 0.25, 0.75, 0))
    assert word.probabilities["helpfulness", 1] == (0, 0, 0, 0, 1)
    assert (word.values["helpfulness", 0], word.values["helpfulness", 1]) == (3, 4)
    gap = 0.30 * (4.9 - 2.75)
    assert word.probabilities["better", None][2] == pytest.approx(1 / (1 + math.exp(-gap)))


def test_scores_are_moved_to_another_scale():
    one_to_five = attribute("helpfulness", (1, 2, 3, 4, 5), scope="response")
    word = judged(FIVE, question("One.", attributes=[one_to_five]), scored([2.0, 0, 0, 0, 0]))
    assert word.values["helpfulness", 0] == 3
    options = {"scores": ["helpfulness"], "own_weights": {"helpfulness": 1}, "lowest": -1, "highest": 1}
    centred = judged(judge_from("reward-model", options), question("One.", attributes=[HELPFULNESS]), scored([0.5]))
    assert centred.probabilities["helpfulness", 0] == (0, 0, 0, 1, 0)


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_swapping_the_responses_mirrors_the_word_exactly(first, second):
    word = judged(SCALAR, question("One.", "Two."), scored([first], [second]))
    turned = judged(SCALAR, question("Two.", "One."), scored([second], [first]))
    place = ("preference", None)
    assert turned.probabilities[place] == word.probabilities[place][::-1]
    assert sum(word.probabilities[place]) == pytest.approx(1)
    assert turned.values[place] == -word.values[place]


@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(-100, 100))
def test_only_the_difference_of_rewards_matters(first, second, shift):
    moved = bradley_terry(first + shift, second + shift)
    assert moved.second == pytest.approx(bradley_terry(first, second).second, abs=1e-9)
    assert moved.first + moved.second == pytest.approx(1)


def test_equal_rewards_are_torn():
    word = judged(SCALAR, question(attributes=[BETTER, attribute("two", (-1, 1))]), scored([2.0], [2.0]))
    assert word.probabilities["better", None] == (0.5, 0, 0.5)
    assert word.values == {("better", None): 0, ("two", None): None}


def test_one_response_or_several_have_rewards_and_no_comparison():
    word = judged(SCALAR, question("One.", "Two.", "Three."), scored([1], [2], [3]))
    assert word.probabilities == {}
    assert word.details["rewards"] == [1, 2, 3]


def test_a_sample_without_responses_has_no_reward():
    with pytest.raises(NothingToSay):
        calls_of(SCALAR, Question(key="q", messages=(), responses=(), attributes=()))


@pytest.mark.parametrize(
    ("numbers", "why"),
    [((1.0, 2.0), "gave 2 scores where 1 are expected"), ((), "gave 0 scores"), ((math.nan,), "no number")],
)
def test_other_scores_than_expected_cannot_be_read(numbers, why):
    with pytest.raises(CannotParse, match=why):
        judged(SCALAR, question("One."), scored(numbers))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"scores": ["a"]}, "Give either weights, one of nemotron-340b, llama3-70b, goodness, or own_weights"),
        ({"scores": ["a"], "weights": "goodness", "own_weights": {"a": 1}}, "Give either weights"),
        ({"scores": ["a"], "weights": "best"}, "no weights 'best'"),
        ({"scores": ["helpfulness"], "weights": "goodness"}, "weights for coherence, correctness"),
        ({"weights": "goodness"}, "one score has no weights"),
        ({"scores": ["a", "a"], "own_weights": {"a": 1}}, "named twice"),
        ({"lowest": 4, "highest": 4}, "must be below highest"),
    ],
)
def test_weights_and_scores_must_belong_together(options, why):
    with pytest.raises(JudgeOptionsRefused, match=why):
        judge_from("reward-model", options)
