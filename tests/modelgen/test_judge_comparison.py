"""`llm-comparison`: both orders, one sampled principle, probabilities of letters or shares of verdicts."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import (
    HELPFULNESS,
    PREFERENCE,
    SIX,
    THREE,
    attribute,
    calls_of,
    in_order,
    judged,
    labels,
    prompt_of,
    question,
)
from judged import texts as said

from modelgen.asking import CannotParse, NothingToSay
from modelgen.engines.protocol import Generate, Reply, ScoreLabels
from modelgen.judges.kinds import judge_from
from modelgen.judges.principles import shipped

JUDGE = judge_from("llm-comparison", {})
THINKING = judge_from("llm-comparison", {"thinking": {"count": 4}})
BETTER = attribute("better", THREE)


def likes_short(call):
    """A model that likes the shorter response, and the place called A a little."""
    first, second = (prompt_of(call).split(f"response {letter} begins\n")[1].split("\n[")[0] for letter in "AB")
    odds = 0.02 * (len(second) - len(first)) + 0.4
    return Reply(labels={"A": -math.log1p(math.exp(-odds)), "B": -math.log1p(math.exp(odds))})


def test_worked_by_hand():
    """As given B has .8 of .9, swapped A has .6 of .8: 8/9 and 3/4 for the second."""
    word = judged(JUDGE, question(attributes=[BETTER]), in_order(labels(A=0.1, B=0.8), labels(A=0.6, B=0.2)))
    assert word.probabilities["better", None] == pytest.approx((1 / 9, 8 / 9 - 3 / 4, 3 / 4))
    assert word.values == {("better", None): 1}
    assert not word.is_unsure
    details = word.details["comparisons"]["better"]
    assert details["second_is_better"] == pytest.approx((8 / 9 + 3 / 4) / 2, abs=1e-6)
    assert details["given"] == {"first": 0.111111, "second": 0.888889, "on_labels": 0.9}
    assert details["swapped"] == {"first": 0.25, "second": 0.75, "on_labels": 0.8}


def test_both_orders_are_asked_at_once_and_differ_only_in_order():
    _, calls = calls_of(JUDGE, question("Air scatters blue light most.", "It mirrors the sea."))
    assert [type(call) for call in calls] == [ScoreLabels, ScoreLabels]
    assert [call.labels for call in calls] == [("A", "B")] * 2
    assert [call.model for call in calls] == ["judge"] * 2
    given_order, swapped = map(prompt_of, calls)
    assert given_order.index("Air scatters") < given_order.index("It mirrors")
    back = swapped.replace("It mirrors the sea.", "*").replace("Air scatters blue light most.", "It mirrors the sea.")
    assert back.replace("*", "Air scatters blue light most.") == given_order


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.integers(0, 5),
    st.sampled_from([PREFERENCE, BETTER, attribute("six", SIX)]),
)
def test_swapping_the_responses_mirrors_the_word_exactly(one, other, seed, about):
    word = judged(JUDGE, question(one, other, attributes=[about]), likes_short, seed)
    turned = judged(JUDGE, question(other, one, attributes=[about]), likes_short, seed)
    place = (about.name, None)
    assert turned.probabilities[place] == word.probabilities[place][::-1]
    assert sum(word.probabilities[place]) == pytest.approx(1)
    assert turned.values[place] == (None if word.values[place] is None else -word.values[place])
    assert turned.is_unsure == word.is_unsure


def test_a_judge_that_always_prefers_a_place_is_unsure():
    word = judged(JUDGE, question(), in_order(labels(A=0.7, B=0.3), labels(A=0.7, B=0.3)))
    assert word.is_unsure
    assert word.values == {("preference", None): 0}
    assert word.details["comparisons"]["preference"]["second_is_better"] == 0.5


def test_two_doubts_are_no_contradiction():
    word = judged(JUDGE, question(), in_order(labels(A=0.4, B=0.4), labels(A=0.3, B=0.3)))
    assert not word.is_unsure


def test_a_label_that_the_server_does_not_name_counts_as_nothing():
    word = judged(JUDGE, question(attributes=[BETTER]), in_order(labels(A=0.0, B=0.5), labels(A=0.5, B=0.5)))
    assert word.probabilities["better", None] == pytest.approx((0, 0.5, 0.5))


@pytest.mark.parametrize("reply", [labels(A=0.0, B=0.0), Reply(), Reply(labels={"A": math.nan, "B": -1.0})])
def test_no_label_at_all_cannot_be_read(reply):
    with pytest.raises(CannotParse, match=r"Preference, responses swapped: .* none of A, B"):
        judged(JUDGE, question(), in_order(labels(A=0.5, B=0.5), reply))


def test_equally_good_is_offered_where_the_scale_has_a_zero():
    judge = judge_from("llm-comparison", {"offers_tie": True})
    about = question(attributes=[BETTER, attribute("six", SIX)])
    _, calls = calls_of(judge, about)
    assert [call.labels for call in calls] == [("A", "B", "C")] * 2 + [("A", "B")] * 2
    assert "answer is C" in prompt_of(calls[0])
    assert "answer is C" not in prompt_of(calls[2])
    tie = [labels(A=0.2, B=0.2, C=0.6), labels(A=0.1, B=0.3, C=0.6)]
    word = judged(judge, about, in_order(*tie, labels(A=0.5, B=0.5), labels(A=0.5, B=0.5)))
    assert word.probabilities["better", None] == pytest.approx((0.2, 0.7, 0.1))
    assert word.values == {("better", None): 0, ("six", None): None}
    assert word.details["comparisons"]["better"]["given"]["neither"] == 0.6
    assert not word.is_unsure


def test_each_attribute_is_asked_by_its_own_list():
    options = {"principles": "general", "principles_of": {"safe": "safety"}}
    about = question(attributes=[PREFERENCE, attribute("safe", THREE), HELPFULNESS])
    word = judged(judge_from("llm-comparison", options), about, lambda call: labels(A=0.5, B=0.5))
    chosen = {name: each["principle"] for name, each in word.details["comparisons"].items()}
    assert chosen["preference"] in shipped()["general"]
    assert chosen["safe"] in shipped()["safety"]
    assert set(chosen) == {"preference", "safe"}


def test_every_principle_is_reached_about_as_often_and_the_seed_decides():
    def principle(seed):
        word = judged(JUDGE, question(), lambda call: labels(A=0.5, B=0.5), seed)
        return word.details["comparisons"]["preference"]["principle"]

    counts = Counter(principle(seed) for seed in range(200))
    assert set(counts) == set(shipped()["overall"])
    assert min(counts.values()) > 200 / len(counts) / 2
    assert [principle(seed) for seed in range(20)] == [principle(seed) for seed in range(20)]


def test_the_sampled_principle_stands_in_both_orders():
    asking, calls = calls_of(JUDGE, question(), seed=3)
    with pytest.raises(StopIteration) as end:
        asking.send([labels(A=0.5, B=0.5)] * 2)
    chosen = end.value.value.details["comparisons"]["preference"]["principle"]
    assert all(shipped()["overall"][chosen] in prompt_of(call) for call in calls)


# --- thinking ---------------------------------------------------------------------------------------------------------


def test_thinking_takes_the_share_of_the_verdicts():
    given_order = said("Short.\nVerdict: B", "Hm.\n\n**Verdict: B**\n", "So\nverdict: a", "I cannot say.")
    swapped = said("Verdict: A", "Verdict: A", "Verdict: A.", "Verdict: A")
    word = judged(THINKING, question(attributes=[BETTER]), in_order(given_order, swapped))
    assert word.probabilities["better", None] == pytest.approx((0, 1 / 3, 2 / 3))
    details = word.details["comparisons"]["better"]
    assert details["given"]["counts"] == {"A": 1, "B": 2, "unreadable": 1}
    assert details["swapped"] == {"first": 0, "second": 1, "counts": {"A": 4, "B": 0, "unreadable": 0}}
    assert details["second_is_better"] == pytest.approx(5 / 6, abs=1e-6)


def test_thinking_texts_are_sampled_with_a_seed():
    _, calls = calls_of(THINKING, question(), seed=1)
    assert all(isinstance(call, Generate) for call in calls)
    first, second = (call.sampling for call in calls)
    assert first == second
    assert (first.count, first.temperature) == (4, 0.7)
    _, again = calls_of(THINKING, question(), seed=1)
    _, other = calls_of(THINKING, question(), seed=2)
    assert again == calls
    assert other[0].sampling.seed != first.seed
    assert "Verdict: ..." in prompt_of(calls[0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Verdict: B\nBut then again, no.",  # not the last line
        "Verdict: C",  # not offered
        "Verdict: A or B",
        "The verdict: response B is better",
        "Verdict:",
        "Verdict: AB",
    ],
)
def test_a_text_without_a_verdict_in_its_last_line_is_unreadable(text):
    with pytest.raises(CannotParse, match="none of 2 texts ends in a line such as Verdict: A"):
        judged(THINKING, question(), in_order(said("Verdict: A"), said(text, text)))


def test_a_text_that_was_cut_has_no_verdict():
    cut = Reply(texts=("It says\nVerdict: A", "Verdict: B"), was_cut=(True, False))
    word = judged(THINKING, question(attributes=[BETTER]), in_order(cut, said("Verdict: A")))
    assert word.probabilities["better", None] == (0, 0, 1)
    assert word.details["comparisons"]["better"]["given"]["counts"]["unreadable"] == 1


def test_a_long_last_line_is_read_in_no_time():
    hostile = "Verdict: A" + "*" * 200_000 + "!"
    with pytest.raises(CannotParse):
        judged(THINKING, question(), in_order(said(hostile), said(hostile)))


# --- what cannot be compared ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (question("Only one."), "1 response: there is nothing to compare"),
        (question("One.", "Two.", "Three."), "3 responses; a comparison is between exactly two"),
        (question(attributes=[HELPFULNESS]), "no attribute of scope comparison"),
    ],
)
def test_a_sample_that_cannot_be_compared_says_why(about, why):
    with pytest.raises(NothingToSay, match=why):
        next(JUDGE.asking(about, np.random.default_rng(0)))
