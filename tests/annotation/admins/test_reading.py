"""What a card holds to read: turns, what a model thought, what it called, and nothing that is not to be seen."""

import pytest
from forms import ANNOTATE, text_of
from story import NOW, OVERALL, join, make_project, make_sample

from annotation.api.serializers import AssignmentOutput
from annotation.models import Project
from annotation.services import claiming
from annotation.web import reading

CALL = {"id": "1", "type": "function", "function": {"name": "search", "arguments": '{"query": "sky", "top": 3}'}}


@pytest.mark.parametrize("shows", [True, False])
def test_what_a_model_thought_is_in_the_source_only_where_the_project_shows_it(client, db, shows):
    project = make_project(attributes=[OVERALL])
    Project.objects.update(shows_thinking=shows)
    turn = {"role": "assistant", "content": "Hm.", "thinking": "secretly-thought"}
    responses = [{"text": "Blue.", "thinking": "secretly-thought"}, {"messages": [turn]}]
    make_sample(project, messages=[{"role": "user", "content": "Why?"}, turn], responses=responses)
    client.force_login(join(project, "ana").user)
    page = text_of(client.get(ANNOTATE))
    assert "Blue." in page
    assert ("secretly-thought" in page) == shows


@pytest.mark.parametrize("shows", [True, False])
def test_what_a_model_thought_is_told_to_programs_only_where_the_project_shows_it(db, shows):
    project = make_project(attributes=[OVERALL])
    Project.objects.update(shows_thinking=shows)
    turn = {"role": "assistant", "content": "Hm.", "thinking": "secretly-thought"}
    make_sample(
        project, messages=[turn], responses=[{"text": "a", "thinking": "secretly-thought"}, {"messages": [turn]}]
    )
    held = claiming.claim_next(annotator=join(project, "ana"), at=NOW)
    assert ("secretly-thought" in str(AssignmentOutput(held).data)) == shows


def test_a_call_is_its_name_its_arguments_and_the_whole_of_it():
    [call] = reading.tool_calls([CALL])
    assert call["name"] == "search"
    assert call["arguments"] == ["query", "top"]
    assert "&quot;sky&quot;" in call["json"]


@pytest.mark.parametrize(
    "given",
    [
        [{"function": "search"}],
        [{"function": {"name": 7, "arguments": "{broken"}}],
        ["text"],
        [None],
        {"name": "x"},
        "<script>",
        [[1]],
    ],
)
def test_a_call_of_any_shape_is_shown(given):
    calls = reading.tool_calls(given)
    assert len(calls) == 1
    assert calls[0]["json"]
    assert "<script" not in calls[0]["json"]


def test_the_tools_of_a_sample_are_named_and_described():
    described = {"type": "function", "function": {"name": "search", "description": "Finds <b>pages</b>."}}
    assert [(tool["name"], tool["description"]) for tool in reading.tools([described])] == [
        ("search", "Finds <b>pages</b>.")
    ]
    assert reading.tools(None) == []


def test_a_result_is_shown_as_written_and_folded_when_it_has_more_than_a_line():
    result = reading.turn({"role": "tool", "content": "**one**\ntwo"})
    assert result["html"] == "**one**\ntwo"
    assert result["first_line"] == "**one**…"
    assert reading.turn({"role": "tool", "content": "one"})["first_line"] == ""


@pytest.mark.parametrize(("text", "is_long"), [("a" * 2_400, False), ("a" * 2_401, True), ("a\n" * 40, True)])
def test_a_long_text_is_told_from_a_short_one(text, is_long):
    assert reading.turn({"role": "user", "content": text})["is_long"] == is_long
