"""Reading a pilot folder that is right."""

import json
from pathlib import Path

import pytest
from pilot_files import RUBRIC, sample_row

from annotation.datasets.pilot import Comment, GoldValue, Label, PilotFolder, recorded_annotations, validate

DEMO = Path(__file__).resolve().parents[2] / "demo"
LABELS = "sample_id,annotator_id,response,attribute,value\n"


def test_a_folder_reads_back_as_what_was_written(write_folder):
    folder = PilotFolder.open(
        write_folder(
            labels=LABELS + "s1,ana,0,helpfulness,4\ns1,ana,1,helpfulness,0\ns1,ana,,preference,-1\n",
            judgments="sample_id,judge,attribute,value,probability\ns1,m,preference,-1,0.75\ns1,m,preference,1,.25\n",
            gold="sample_id,attribute,value\ns2,preference,1\n",
            comments='sample_id,annotator_id,comment\ns1,ana,"Two lines,\nand a ""quote"""\n',
        )
    )

    assert [sample.sample_id for sample in folder.samples()] == ["s1", "s2"]
    assert list(folder.labels()) == [
        Label("s1", "ana", "helpfulness", 4, 0),
        Label("s1", "ana", "helpfulness", 0, 1),
        Label("s1", "ana", "preference", -1, None),
    ]
    assert [(j.value, j.probability) for j in folder.judgments()] == [(-1, 0.75), (1, 0.25)]
    assert list(folder.gold()) == [GoldValue("s2", "preference", 1, None)]
    assert list(folder.comments()) == [Comment("s1", "ana", 'Two lines,\nand a "quote"', None)]
    assert folder.has("gold.csv")
    assert validate(folder) == []


def test_the_rubric_comes_out_with_every_default_filled_in(write_folder):
    rubric = PilotFolder.open(write_folder()).rubric

    assert rubric["title"] == "helpful"
    assert rubric["ordered"] is False
    helpfulness, preference = rubric["attributes"]
    assert helpfulness["values"][0] == {"value": 0, "label": "0"}
    assert (helpfulness["trigger"], preference["trigger"]) == (True, False)
    assert (helpfulness["title"], helpfulness["description"], helpfulness["optional"]) == ("helpfulness", "", False)


def test_every_attribute_is_a_trigger_when_the_rubric_never_says_so(write_folder):
    silent = [{key: value for key, value in a.items() if key != "trigger"} for a in RUBRIC["attributes"]]

    folder = PilotFolder.open(write_folder(rubric={**RUBRIC, "attributes": silent}))

    assert [attribute["trigger"] for attribute in folder.attributes] == [True, True]


def test_unknown_keys_of_a_rubric_survive(write_folder):
    attribute = {**RUBRIC["attributes"][0], "color": "red", "escalate_above": 3}

    rubric = PilotFolder.open(write_folder(rubric={**RUBRIC, "author": "ana", "attributes": [attribute]})).rubric

    assert rubric["author"] == "ana"
    assert rubric["attributes"][0]["color"] == "red"
    assert rubric["attributes"][0]["escalate_above"] == 3


def test_tool_calls_thinking_tools_and_unknown_keys_survive_a_round_trip(write_folder):
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    row = sample_row(
        "s1",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?", "name": "ana", "seen": True},
            {"role": "assistant", "content": None, "thinking": "I need a tool.", "tool_calls": [call]},
            {"role": "tool", "content": "rain", "tool_call_id": "c1"},
        ],
        responses=[
            {"id": "a", "text": "Rain.", "model": "m1", "logprob": -1.5},
            {"id": "b", "messages": [{"role": "assistant", "content": "Wet.", "thinking": "Hm."}], "model": "m2"},
        ],
        tools=[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
        metadata={"topic": {"deep": [1, None, "ü"]}},
        priority=7,
        origin="pilot",
        weights=[1, 2],
    )

    (sample,) = PilotFolder.open(write_folder(samples=[row])).samples()

    assert sample.as_row() == row
    assert sample.extra == {"origin": "pilot", "weights": [1, 2]}


def test_a_response_may_be_a_plain_text_or_a_list_of_messages(write_folder):
    turns = [{"role": "assistant", "content": "Hello."}]

    (sample,) = PilotFolder.open(write_folder(samples=[sample_row("s1", responses=["Hi.", turns])])).samples()

    assert sample.responses == ({"id": "0", "text": "Hi."}, {"id": "1", "messages": turns})


def test_a_value_that_a_tool_took_for_a_boolean_is_read_as_text_and_noted(write_folder):
    folder = write_folder(samples=[sample_row("s1", responses=[{"text": True}, {"text": 42}])])

    (sample,) = PilotFolder.open(folder).samples()

    assert [response["text"] for response in sample.responses] == ["true", "42"]
    assert sample.notes[0] == (
        'samples.jsonl line 1, field responses[0].text: true is not a text; it was read as "true".'
    )


def test_whole_numbers_serve_as_ids(write_folder):
    folder = write_folder(samples=[sample_row(1)], labels=LABELS + "1,7,,preference,1\n")

    assert next(PilotFolder.open(folder).labels()).sample_id == "1"


def test_a_byte_order_mark_windows_line_ends_blank_lines_and_decimal_points_are_taken(write_folder):
    samples = b"\xef\xbb\xbf" + json.dumps(sample_row("s1")).encode() + b"\r\n\r\n"
    labels = b"\xef\xbb\xbf" + LABELS.replace("\n", "\r\n").encode() + b"s1,ana,1.0,helpfulness,3.0\r\n\r\n"

    folder = PilotFolder.open(write_folder(samples=samples, labels=labels))

    assert list(folder.labels()) == [Label("s1", "ana", "helpfulness", 3, 1)]


def test_the_response_column_may_be_missing_when_there_is_only_one_response(write_folder):
    rubric = {**RUBRIC, "attributes": RUBRIC["attributes"][:1]}
    folder = write_folder(
        rubric=rubric,
        samples=[sample_row("s1", responses=["Hi."])],
        labels="sample_id,annotator_id,attribute,value\ns1,ana,helpfulness,2\n",
    )

    assert next(PilotFolder.open(folder).labels()).response == 0


def test_other_columns_are_kept(write_folder):
    folder = write_folder(labels="sample_id,annotator_id,attribute,value,seconds\ns1,ana,preference,1,12\n")

    assert next(PilotFolder.open(folder).labels()).extra == {"seconds": "12"}


def test_annotations_are_put_together_in_the_order_of_their_first_row(write_folder):
    folder = write_folder(
        labels=LABELS + "s2,ben,,preference,1\ns1,ana,,preference,0\ns2,ana,,preference,-1\ns2,ben,0,helpfulness,4\n",
        comments="sample_id,annotator_id,comment\ns2,ben,First.\ns2,ben,Second.\ns1,cem,Too long.\n",
    )

    recorded = recorded_annotations(PilotFolder.open(folder))

    assert [(one.sample_id, one.annotator_id) for one in recorded] == [
        ("s2", "ben"),
        ("s1", "ana"),
        ("s2", "ana"),
        ("s1", "cem"),
    ]
    assert recorded[0].ratings == ((None, "preference", 1), (0, "helpfulness", 4))
    assert recorded[0].comment == "First.\nSecond."
    assert recorded[3].ratings == ()


def test_samples_stream_from_the_file(write_folder):
    folder = PilotFolder.open(write_folder(samples=json.dumps(sample_row("s1")) + "\nnot json\n"))

    assert next(folder.samples()).sample_id == "s1"


@pytest.mark.parametrize("name", ["recipes", "convincing", "pandalm"])
def test_the_demo_folders_are_right(name):
    assert validate(DEMO / name) == []
