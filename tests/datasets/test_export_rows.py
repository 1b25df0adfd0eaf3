"""The rows of HelpSteer2 and of TRL, from the same labelled samples."""

import json
from collections import Counter

import pytest

from annotation.datasets import helpsteer2, trl
from annotation.datasets.rows import LabelledSample, Vote, split_of
from annotation.datasets.trl import LeftOut, NoPreferenceAttribute, Shape, preference_row, shape_of

HELPFULNESS = {"name": "helpfulness", "scope": "response", "level": "ordinal", "values": []}
VERBOSITY = {"name": "verbosity", "scope": "response", "level": "ordinal", "values": []}
SAFE = {"name": "safe", "scope": "sample", "level": "nominal", "values": []}
PREFERENCE = {"name": "preference", "scope": "comparison", "level": "ordinal", "values": []}
PROMPT = [{"role": "user", "content": "Why is the sky blue?"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}


def sample(**changes):
    given = {
        "sample_id": "s1",
        "messages": PROMPT,
        "responses": [{"id": "a", "text": "Air scatters it."}, {"id": "b", "text": "It is not."}],
        "labels": {(0, "helpfulness"): 4, (0, "verbosity"): 1, (1, "helpfulness"): 0, (1, "verbosity"): 1},
        "attributes": [HELPFULNESS, VERBOSITY, SAFE],
    }
    return LabelledSample(**{**given, **changes})


def compared(label, **changes):
    return sample(labels={(None, "preference"): label}, attributes=[PREFERENCE], **changes)


def vote(value, comment=""):
    return Vote({(None, "preference"): value}, comment)


# HelpSteer2


def test_ratings_are_one_row_a_response_with_the_attributes_by_name():
    assert helpsteer2.rating_rows(sample()) == [
        {"prompt": "Why is the sky blue?", "response": "Air scatters it.", "helpfulness": 4, "verbosity": 1},
        {"prompt": "Why is the sky blue?", "response": "It is not.", "helpfulness": 0, "verbosity": 1},
    ]


def test_a_response_without_labels_gives_no_row_and_one_missing_label_is_empty():
    rows = helpsteer2.rating_rows(sample(labels={(0, "helpfulness"): 4, (1, "helpfulness"): None}))

    assert [(row["helpfulness"], row["verbosity"]) for row in rows] == [(4, None)]


def test_an_attribute_called_like_a_column_is_refused():
    with pytest.raises(helpsteer2.AttributeNameTaken, match='"prompt"'):
        helpsteer2.rating_rows(sample(attributes=[{**HELPFULNESS, "name": "prompt"}]))


def test_several_turns_are_joined_as_the_dataset_card_says():
    turns = [("user", "c#"), ("assistant", "A language."), ("user", "And f#?")]

    text = helpsteer2.prompt_text([{"role": role, "content": content} for role, content in turns])

    assert text == "c#\n<extra_id_1>Assistant\nA language.\n<extra_id_1>User\nAnd f#?"


def test_system_and_tool_turns_keep_their_place():
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "rain"},
    ]

    assert helpsteer2.prompt_text(turns) == (
        "<extra_id_0>System\nBe brief.\n<extra_id_1>User\nWeather?\n<extra_id_1>Assistant\n"
        + json.dumps([CALL])
        + "\n<extra_id_1>Tool\nrain"
    )


def test_an_empty_prompt_is_an_empty_text():
    assert helpsteer2.prompt_text([]) == ""


def test_a_response_of_several_turns_is_joined_too():
    messages = [{"role": "assistant", "content": "One."}, {"role": "user", "content": "Go on."}]

    assert helpsteer2.response_text({"id": "a", "messages": messages}) == "One.\n<extra_id_1>User\nGo on."


def test_disagreements_are_lists_of_the_votes_that_made_the_label():
    votes = [Vote({(0, "helpfulness"): value, (0, "verbosity"): None}) for value in (4, 0, 3, 4)]
    one = sample(votes=votes, chosen=(0, 2, 3), responses=[{"id": "a", "text": "Air."}])

    assert helpsteer2.disagreement_rows(one) == [
        {"prompt": "Why is the sky blue?", "response": "Air.", "helpfulness": [4, 3, 4], "verbosity": []}
    ]
    assert helpsteer2.disagreement_rows(one, all_votes=True)[0]["helpfulness"] == [4, 0, 3, 4]


def test_preferences_have_the_shape_of_the_released_file():
    votes = [vote(-2, "First is better. It explains."), vote(3, "No!"), vote(-1), vote(None), vote(-2, "Clearer")]
    (row,) = helpsteer2.preference_rows(compared(-2, votes=votes, chosen=(0, 2, 4), split="validation"))

    assert row == {
        "split": "val",
        "prompt": "Why is the sky blue?",
        "response_1": "Air scatters it.",
        "response_2": "It is not.",
        "preference_strength": -2,
        "preference_statement": "First is better.",
        "preference_elaboration": "It explains.",
        "three_most_similar_preferences": [
            {"statement": "First is better.", "elaboration": "It explains.", "strength": -2},
            {"statement": "", "elaboration": "", "strength": -1},
            {"statement": "Clearer", "elaboration": "", "strength": -2},
        ],
        "all_preferences_unprocessed": [
            {"strength": -2, "justification": "First is better. It explains."},
            {"strength": 3, "justification": "No!"},
            {"strength": -1, "justification": ""},
            {"strength": -100, "justification": ""},
            {"strength": -2, "justification": "Clearer"},
        ],
    }


@pytest.mark.parametrize("label", [0, None])
def test_no_preference_is_not_part_of_preference_files(label):
    assert helpsteer2.preference_rows(compared(label)) == []


def test_ratings_alone_give_no_preference_rows():
    assert helpsteer2.preference_rows(sample()) == []


# TRL


def test_a_comparison_gives_the_preferred_response_as_chosen():
    row = preference_row(compared(1), shape=Shape())

    assert row == {
        "prompt": PROMPT,
        "chosen": [{"role": "assistant", "content": "It is not."}],
        "rejected": [{"role": "assistant", "content": "Air scatters it."}],
    }


def test_the_first_response_is_chosen_for_a_negative_label():
    assert preference_row(compared(-1), shape=Shape())["chosen"][0]["content"] == "Air scatters it."


def test_a_rating_that_is_named_gives_the_best_against_the_worst_response():
    one = sample(
        responses=[{"id": str(i), "text": str(i)} for i in range(4)],
        labels={(i, "helpfulness"): value for i, value in enumerate([2, 4, 0, 4])},
    )

    row = preference_row(one, shape=Shape(), attribute="helpfulness", full=True)

    assert (row["chosen"][0]["content"], row["rejected"][0]["content"], row["strength"]) == ("1", "2", 4)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (compared(1, messages=[]), LeftOut.EMPTY_PROMPT),
        (compared(1, messages=[*PROMPT, {"role": "assistant", "content": "So"}]), LeftOut.PROMPT_ENDS_IN_ASSISTANT),
        (compared(1, messages=[{"role": "system", "content": "x"}]), LeftOut.PROMPT_ENDS_IN_SYSTEM),
        (compared(1, responses=[{"id": "a", "text": "x"}]), LeftOut.ONE_RESPONSE),
        (compared(None), LeftOut.NO_LABEL),
        (compared(0), LeftOut.TIE),
        (
            compared(1, responses=[{"id": "a", "text": "x"}, {"id": "b", "messages": PROMPT}]),
            LeftOut.RESPONSE_STARTS_OTHERWISE,
        ),
    ],
)
def test_what_has_no_row_is_left_out_and_counted(one, reason):
    left_out = Counter()

    rows = list(trl.preference_rows([one, compared(1)], shape=Shape(), left_out=left_out))

    assert len(rows) == 1
    assert left_out == {reason: 1}


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({(0, "helpfulness"): 2, (1, "helpfulness"): 2}, LeftOut.TIE),
        ({(0, "helpfulness"): 2, (1, "helpfulness"): None}, LeftOut.NO_LABEL),
    ],
)
def test_equal_and_missing_ratings_give_no_row(labels, reason):
    assert preference_row(sample(labels=labels), shape=Shape(), attribute="helpfulness") is reason


@pytest.mark.parametrize("name", [None, "safe", "beauty"])
def test_an_attribute_that_orders_nothing_is_refused(name):
    with pytest.raises(NoPreferenceAttribute, match="helpfulness, verbosity"):
        preference_row(sample(), shape=Shape(), attribute=name)


def test_tools_tool_calls_and_thinking_reach_every_row_of_the_file():
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    agent = [
        {"role": "assistant", "content": None, "thinking": "Ask.", "tool_calls": [CALL]},
        {"role": "tool", "content": "rain", "tool_call_id": "c1"},
        {"role": "assistant", "content": "Rain.", "internal": 1},
    ]
    with_tools = compared(1, responses=[{"id": "a", "text": "Sun."}, {"id": "b", "messages": agent}], tools=tools)
    plain = compared(1)

    shape = shape_of([plain, with_tools])
    first, second = (preference_row(one, shape=shape) for one in (plain, with_tools))

    assert shape == Shape(tools=True, message_keys=("thinking", "tool_calls", "tool_call_id"))
    assert json.loads(second["tools"]) == tools
    assert first["tools"] is None
    messages = [message for row in (first, second) for key in ("prompt", "chosen", "rejected") for message in row[key]]
    assert {tuple(message) for message in messages} == {("role", "content", "thinking", "tool_calls", "tool_call_id")}
    call = second["chosen"][0]
    assert (call["content"], call["thinking"]) == ("", "Ask.")
    assert call["tool_calls"][0]["function"]["arguments"] == '{"city": "Oslo"}'
    assert CALL["function"]["arguments"] == {"city": "Oslo"}


def test_the_full_profile_counts_people_and_uses_no_reserved_name():
    votes = [vote(1), vote(1), vote(-1), vote(0), vote(None)]
    strict = preference_row(compared(-1, votes=votes), shape=Shape())

    full = preference_row(compared(-1, votes=votes), shape=Shape(), full=True)

    extra = {key: value for key, value in full.items() if key not in strict}
    assert extra == {
        "sample_id": "s1",
        "split": "train",
        "attribute": "preference",
        "strength": 1,
        "chosen_response": "a",
        "rejected_response": "b",
        "votes_chosen": 1,
        "votes_rejected": 2,
        "votes_tied": 1,
    }
    assert not trl.RESERVED_COLUMNS & extra.keys()


def test_people_who_rated_both_responses_count_as_votes_too():
    votes = [Vote({(0, "helpfulness"): a, (1, "helpfulness"): b}) for a, b in [(4, 0), (2, 2), (1, None)]]

    row = preference_row(sample(votes=votes), shape=Shape(), attribute="helpfulness", full=True)

    assert (row["votes_chosen"], row["votes_rejected"], row["votes_tied"]) == (1, 0, 1)


# Splits


def test_a_prompt_stays_in_its_split_whatever_rides_on_its_messages():
    prompts = [[{"role": "user", "content": f"Question {i}"}] for i in range(2000)]
    splits = [split_of(prompt) for prompt in prompts]

    assert splits == [split_of([{**prompt[0], "id": "x"}]) for prompt in prompts]
    assert 60 <= splits.count("validation") <= 140


def test_the_split_of_a_prompt_never_changes_between_releases():
    prompts = [[{"role": "user", "content": f"Question {i}"}] for i in range(100)]

    assert [i for i, prompt in enumerate(prompts) if split_of(prompt) == "validation"] == [4, 33, 34, 36, 57, 66, 87]


def test_a_share_is_between_none_and_all():
    assert split_of(PROMPT, validation_share=0) == "train"
    assert split_of(PROMPT, validation_share=1) == "validation"
    with pytest.raises(ValueError, match=r"The validation share is 1\.5"):
        split_of(PROMPT, validation_share=1.5)
