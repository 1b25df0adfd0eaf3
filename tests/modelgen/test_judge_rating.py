"""`llm-rating`: a distribution over the rubric's levels, in the rubric's words, for every attribute."""

import pytest
from judged import (
    HELPFULNESS,
    PREFERENCE,
    SIX,
    attribute,
    calls_of,
    in_order,
    judged,
    labels,
    prompt_of,
    question,
    texts,
)

from modelgen.asking import CannotParse, NothingToSay
from modelgen.engines.protocol import Generate, ScoreLabels
from modelgen.judges.kinds import judge_from

JUDGE = judge_from("llm-rating", {})
COMPARES = judge_from("llm-rating", {"compares": True})
THINKING = judge_from("llm-rating", {"thinking": {"count": 4}})
TONE = attribute("tone", (0, 1, 2), scope="response", is_nominal=True, words=("warm", "cool", "neutral"))
FIT = attribute("fit", (-2, 0, 2), scope="sample", words=("poor", "fair", "good"))


def test_every_response_is_asked_about_each_attribute_at_once():
    _, calls = calls_of(JUDGE, question("One.", "Two.", attributes=[HELPFULNESS, TONE]))
    assert all(isinstance(call, ScoreLabels) for call in calls)
    assert [call.labels for call in calls] == [tuple("01234")] * 2 + [tuple("012")] * 2
    assert ["One." in prompt_of(call) for call in calls] == [True, False, True, False]
    assert ["Two." in prompt_of(call) for call in calls] == [False, True, False, True]


def test_the_rubrics_own_words_stand_behind_every_level():
    prompt = prompt_of(calls_of(JUDGE, question("One.", attributes=[HELPFULNESS]))[1][0])
    for level, words in zip(HELPFULNESS.levels, HELPFULNESS.meanings, strict=True):
        assert f"\n{level} = {words}\n" in prompt
    assert prompt.endswith("Answer with 0, 1, 2, 3 or 4 alone: no other word before or after it.")


def test_levels_that_are_no_digits_are_answered_as_letters():
    _, (call,) = calls_of(JUDGE, question("One.", "Two.", attributes=[FIT]))
    assert call.labels == ("A", "B", "C")
    prompt = prompt_of(call)
    assert "A = level -2: poor\nB = level 0: fair\nC = level 2: good\n" in prompt
    assert "[" in prompt
    assert "response 1 begins\nOne." in prompt
    assert "response 2 begins\nTwo." in prompt
    plain = prompt_of(calls_of(JUDGE, question("One.", attributes=[attribute("n", (0, 1), scope="response")]))[1][0])
    assert "0 = level 0\n1 = level 1\n" in plain


def test_the_expectation_is_the_rating():
    reply = labels(_0=0.0, _1=0.05, _2=0.05, _3=0.25, _4=0.15)
    word = judged(JUDGE, question("One.", attributes=[HELPFULNESS]), in_order(reply))
    assert word.probabilities["helpfulness", 0] == pytest.approx((0, 0.1, 0.1, 0.5, 0.3))
    assert word.values == {("helpfulness", 0): 3}
    (kept,) = word.details["ratings"]
    assert kept == {"attribute": "helpfulness", "response": 0, "expectation": 3.0, "prompts": [{"on_labels": 0.5}]}


def test_the_expectation_may_differ_from_the_likeliest_level():
    reply = labels(_0=0.3, _1=0.0, _2=0.0, _3=0.0, _4=0.4)
    word = judged(JUDGE, question("One.", attributes=[HELPFULNESS]), in_order(reply))
    assert word.values == {("helpfulness", 0): 2}  # 16 / 7 = 2.29


def test_of_names_the_likeliest_is_the_rating():
    word = judged(JUDGE, question("One.", attributes=[TONE]), in_order(labels(_0=0.4, _1=0.1, _2=0.5)))
    assert word.values == {("tone", 0): 2}


def test_each_answer_goes_to_its_place():
    about = question("One.", "Two.", attributes=[HELPFULNESS, FIT])
    certain = [labels(_1=1.0), labels(_4=1.0), labels(B=1.0)]
    word = judged(JUDGE, about, in_order(*certain))
    assert word.values == {("helpfulness", 0): 1, ("helpfulness", 1): 4, ("fit", None): 0}
    assert all(sum(odds) == pytest.approx(1) for odds in word.probabilities.values())


def test_thinking_takes_the_mean_of_the_ratings():
    reply = texts("Good.\nRating: 4", "Fair.\n**Rating:** 3", "Hm.\nRating: 3", "Rating: 9")
    word = judged(THINKING, question("One.", attributes=[HELPFULNESS]), in_order(reply))
    assert word.probabilities["helpfulness", 0] == pytest.approx((0, 0, 0, 2 / 3, 1 / 3))
    assert word.values == {("helpfulness", 0): 3}
    (kept,) = word.details["ratings"]
    assert kept["expectation"] == pytest.approx(10 / 3, abs=1e-6)
    assert kept["prompts"] == [{"counts": {"0": 0, "1": 0, "2": 0, "3": 2, "4": 1, "unreadable": 1}}]
    _, (call,) = calls_of(THINKING, question("One.", attributes=[HELPFULNESS]))
    assert isinstance(call, Generate)
    assert call.sampling.count == 4


def test_nothing_readable_says_of_which_response():
    about = question("One.", "Two.", attributes=[HELPFULNESS])
    with pytest.raises(CannotParse, match="Helpfulness of response 2: the model begins its answer with none of 0, 1"):
        judged(JUDGE, about, in_order(labels(_1=1.0), labels(A=1.0)))


def test_comparisons_are_left_to_the_comparing_judge():
    word = judged(JUDGE, question("One.", "Two.", attributes=[HELPFULNESS, PREFERENCE]), lambda call: labels(_1=1.0))
    assert set(word.probabilities) == {("helpfulness", 0), ("helpfulness", 1)}
    assert "a comparing judge asks for it" in word.details["left_out"]["preference"]
    with pytest.raises(NothingToSay, match=r"nothing to rate.*Preference is a comparison"):
        judged(JUDGE, question(), lambda call: labels(_1=1.0))


def test_a_comparison_is_rated_in_both_orders_and_turned_back():
    six = attribute("six", SIX, words=("far worse second", "", "", "", "", "far better second"))
    about = question("One.", "Two.", attributes=[six])
    _, calls = calls_of(COMPARES, about)
    given, swapped = map(prompt_of, calls)
    assert "the first response begins\nOne." in given
    assert "the first response begins\nTwo." in swapped
    word = judged(COMPARES, about, in_order(labels(F=0.8, D=0.2), labels(A=0.6, C=0.4)))
    assert word.probabilities["six", None] == pytest.approx((0, 0, 0, 0.3, 0, 0.7))
    assert word.values == {("six", None): 2}  # 2.4
    assert not word.is_unsure
    biased = judged(COMPARES, about, in_order(labels(F=1.0), labels(F=1.0)))
    assert biased.is_unsure
    assert biased.values == {("six", None): None}


def test_swapping_the_responses_mirrors_a_rated_comparison():
    six = attribute("six", SIX)
    one, other = labels(A=0.1, B=0.2, C=0.3, D=0.2, E=0.15, F=0.05), labels(A=0.05, B=0.0, C=0.1, D=0.2, E=0.6, F=0.05)

    def answer(call):
        prompt = prompt_of(call)
        return one if prompt.index("One.") < prompt.index("Two.") else other

    word = judged(COMPARES, question("One.", "Two.", attributes=[six]), answer)
    turned = judged(COMPARES, question("Two.", "One.", attributes=[six]), answer)
    assert turned.probabilities["six", None] == word.probabilities["six", None][::-1]
    assert turned.values["six", None] == -word.values["six", None]


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (question("One.", attributes=[PREFERENCE]), "compares two responses; this sample has 1"),
        (question(attributes=[attribute("odd", (-1, 2))]), "not symmetric about 0"),
        (question("One.", attributes=[attribute("fine", tuple(range(27)), scope="response")]), "27 levels; 26 letters"),
    ],
)
def test_what_cannot_be_rated_is_left_out_with_its_reason(about, why):
    with pytest.raises(NothingToSay, match=why):
        judged(COMPARES, about, lambda call: labels(A=1.0))
