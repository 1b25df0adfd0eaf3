"""The verifier as judge: it asks nobody, and says only what it could verify."""

import numpy as np
import pytest

from modelgen.asking import CannotParse, NothingToSay
from modelgen.judges.kinds import judge_from
from modelgen.judges.question import Attribute, Question, Response, Said
from modelgen.judges.verifier import compared_level

CORRECTNESS = Attribute("correctness", "Correctness", "", (0, 1, 2, 3, 4), ("",) * 5, "response")
STYLE = Attribute("style", "Style", "", (0, 1, 2), ("",) * 3, "response")
PREFERENCE = Attribute("preference", "Preference", "", (-3, -2, -1, 0, 1, 2, 3), ("",) * 7, "comparison")
NO_ZERO = Attribute("better", "Better", "", (-2, -1, 1, 2), ("",) * 4, "comparison")


def said_of(metadata: dict, *texts: str, options: dict | None = None) -> Said:
    question = Question(
        key="1",
        messages=({"role": "user", "content": "How much is 6 times 7?"},),
        responses=tuple(Response(text) for text in texts),
        attributes=(CORRECTNESS, STYLE, PREFERENCE, NO_ZERO),
        metadata=metadata,
    )
    asking = judge_from("verifier", options or {}).asking(question, np.random.default_rng(0))
    with pytest.raises(StopIteration) as end:
        next(asking)  # it ends before it has asked anything
    return end.value.value


def levels(said: Said) -> dict:
    scales = {attribute.name: attribute.levels for attribute in (CORRECTNESS, STYLE, PREFERENCE, NO_ZERO)}
    assert all(sum(row) == 1.0 for row in said.probabilities.values())
    return {place: scales[place[0]][list(row).index(1.0)] for place, row in said.probabilities.items()}


def test_the_right_response_is_preferred_as_strongly_as_the_scale_allows():
    said = said_of({"answer": 42, "answer_kind": "numeric"}, "The answer is 41.", "The answer is 42.")
    assert levels(said) == {("correctness", 0): 0, ("correctness", 1): 4, ("preference", None): 3, ("better", None): 2}
    first, second = said.details["responses"]
    assert (first["passes"], second["passes"]) == (False, True)
    assert first["answer"] == {"is_right": False, "reason": "The answer is '41', not '42'."}


def test_two_that_are_both_right_are_equal_where_the_scale_has_equal():
    said = said_of({"answer": "42"}, "42", "It is so.\n42.")
    assert levels(said) == {("correctness", 0): 4, ("correctness", 1): 4, ("preference", None): 0}


def test_what_could_not_be_verified_counts_neither_way():
    said = said_of({"answer": "3 km", "answer_kind": "numeric"}, "answer: 3", "answer: 3000 m")
    assert levels(said) == {("correctness", 0): 4}


def test_constraints_must_all_be_met_and_their_share_is_kept():
    constraints = [{"kind": "no-commas", "parameters": {}}, {"kind": "lower-case", "parameters": {}}]
    said = said_of({"constraints": constraints}, "all small", "All big")
    assert levels(said)["preference", None] == -3
    assert [each["share_met"] for each in said.details["responses"]] == [1.0, 0.5]
    assert said.details["responses"][1]["constraints"][1] == {
        "kind": "lower-case",
        "parameters": {},
        "is_met": False,
        "reason": "It has the capital letter 'A'.",
    }


def test_a_right_answer_that_breaks_a_constraint_fails():
    metadata = {"answer": "42", "constraints": [{"kind": "no-commas", "parameters": {}}]}
    assert levels(said_of(metadata, "Well, yes.\n42", "42"))["preference", None] == 3


def test_options_name_another_attribute_and_forgive_greetings():
    metadata = {"constraints": [{"kind": "lower-case", "parameters": {}}]}
    said = said_of(metadata, "Sure!\nall small", options={"attribute": "style", "is_loose": True})
    assert levels(said) == {("style", 0): 2}


@pytest.mark.parametrize("metadata", [{}, {"constraints": []}, {"answer": None}])
def test_a_sample_with_nothing_to_verify_is_no_failure(metadata):
    question = Question("1", (), (Response("x"),), (CORRECTNESS,), metadata)
    with pytest.raises(NothingToSay, match="neither an answer nor constraints"):
        next(judge_from("verifier", {}).asking(question, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"answer": {"a": 1}}, "answer must be a text"),
        ({"answer": []}, "answer must be a text"),
        ({"answer": "1", "answer_kind": "guess"}, "answer_kind cannot be used"),
        ({"answer": "1", "answer_kind": ["numeric"]}, "answer_kind cannot be used"),
        ({"answer": "1", "answer_tolerance": "much"}, "answer_tolerance"),
        ({"constraints": "no-commas"}, "must be a list"),
        ({"constraints": [{"kind": "sonnet"}]}, "sonnet"),
        ({"constraints": [{"kind": "word-count", "parameters": 3}]}, "word-count"),
    ],
)
def test_metadata_that_cannot_be_used_are_a_failure_in_words(metadata, words):
    question = Question("1", (), (Response("x"),), (CORRECTNESS,), metadata)
    with pytest.raises(CannotParse, match=words):
        next(judge_from("verifier", {}).asking(question, np.random.default_rng(0)))


def test_swapping_the_responses_mirrors_the_comparison():
    for scale in (PREFERENCE.levels, NO_ZERO.levels):
        for first in (True, False, None):
            for second in (True, False, None):
                there, back = compared_level(first, second, scale), compared_level(second, first, scale)
                assert there == (None if back is None else -back)
    assert compared_level(True, False, (0, 1)) is None, "a scale without a side for the first says nothing"


def test_the_judge_asks_no_model_and_can_be_made_again():
    judge = judge_from("verifier", {"is_loose": True})
    assert judge.models == frozenset()
    assert judge_from("verifier", judge.configuration["options"]).configuration == judge.configuration
