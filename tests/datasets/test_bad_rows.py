"""Every way in which a pilot folder can be wrong, and the sentence that says so."""

import json
import pickle

import pytest
from pilot_files import RUBRIC, sample_row

from annotation.datasets.bad_row import BadRow
from annotation.datasets.pilot import PilotFolder, validate

LABELS = "sample_id,annotator_id,response,attribute,value\n"
JUDGMENTS = "sample_id,judge,attribute,value,probability\n"


def only_problem(folder):
    (problem,) = validate(folder)
    return str(problem)


def raw_sample(**changes):
    return json.dumps({**sample_row("s1"), **changes})


def test_a_problem_says_where_it_is_what_it_is_and_what_to_do(write_folder):
    folder = write_folder(samples=[sample_row("s1"), sample_row("s2", responses=None)])

    assert only_problem(folder) == (
        "samples.jsonl line 2, field responses: expected a list of at least one response, got null. "
        'Write one object per response: {"text": ...} or {"messages": [...]}.'
    )


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ("{", "", "not JSON"),
        ("[1]", "", "expected a JSON object, got [1]"),
        ('{"sample_id": "a", "sample_id": "b"}', "", 'the key "sample_id" stands twice'),
        ('{"sample_id": "a", "score": NaN}', "", "NaN is not a JSON number"),
        ('{"sample_id": "a", "score": 1e999}', "", "1e999 is too large"),
        ('{"sample_id": "a", "score": ' + "9" * 5000 + "}", "", "Exceeds the limit"),
        ("[" * 100_000, "", ""),
        (raw_sample(sample_id=None), "sample_id", "expected a text, got null"),
        (raw_sample(sample_id="  "), "sample_id", "got an empty text"),
        (raw_sample(sample_id="x" * 201), "sample_id", "the id has 201 characters"),
        (raw_sample(sample_id="a\tb"), "sample_id", "control character"),
        (raw_sample(sample_id=True), "sample_id", "expected a text, got true"),
        (raw_sample(messages="Hi"), "messages", 'expected a list, got "Hi"'),
        (raw_sample(messages=None), "messages", "expected a list, got null"),
        (raw_sample(messages=["Hi"]), "messages[0]", "expected an object"),
        (raw_sample(messages=[{"role": "human", "content": ""}]), "messages[0].role", 'got "human"'),
        (raw_sample(messages=[{"role": "user"}]), "messages[0].content", "expected a text, got null"),
        (raw_sample(messages=[{"role": "user", "content": ["a"]}]), "messages[0].content", 'got ["a"]'),
        (raw_sample(messages=[{"role": "user", "content": "", "thinking": 1}]), "messages[0].thinking", "got 1"),
        (raw_sample(messages=[{"role": "user", "content": "", "tool_calls": "x"}]), "messages[0].tool_calls", "a list"),
        (raw_sample(responses=[]), "responses", "got []"),
        (raw_sample(responses="Hi"), "responses", 'got "Hi"'),
        (raw_sample(responses=[{"text": "a"}, 5]), "responses[1]", "expected an object, got 5"),
        (raw_sample(responses=[{"text": "a"}, {}]), "responses[1]", "expected either text or messages"),
        (raw_sample(responses=[{"text": "a"}, {"text": None}]), "responses[1].text", "expected a text, got null"),
        (raw_sample(responses=[{"text": "a"}, {"messages": []}]), "responses[1].messages", "at least one message"),
        (raw_sample(responses=[{"text": "a", "id": "1"}, "b"]), "responses[1].id", 'has the id "1" too'),
        (
            raw_sample(responses=["a", "b", "c"]),
            "responses",
            "preference compares two responses, but this sample has 3",
        ),
        (raw_sample(tools={"a": 1}), "tools", "expected a list"),
        (raw_sample(tools=["a"]), "tools[0]", "expected an object"),
        (raw_sample(metadata=["a"]), "metadata", "expected an object"),
        (raw_sample(priority="high"), "priority", 'got "high"'),
        (raw_sample(priority=40000), "priority", "got 40000"),
        (raw_sample(metadata={"a": ["x\x00y"]}), "metadata", "the character U+0000"),
        (raw_sample(metadata={"a\x00": 1}), "metadata", "the character U+0000"),
        (raw_sample(responses=["cut \ud83d", "b"]), "responses", "lone surrogate"),
    ],
)
def test_a_bad_line_of_samples_is_refused(write_folder, line, field, words):
    (problem,) = validate(write_folder(samples=line + "\n"))

    assert (problem.file, problem.line, problem.field) == ("samples.jsonl", 1, field)
    assert words in str(problem)
    assert len(str(problem)) < 400
    str(problem).encode("utf-8")


def test_characters_beyond_the_basic_plane_are_taken_also_when_escaped(write_folder):
    folder = write_folder(samples=json.dumps(sample_row("s1", metadata={"a": "😀 \\u0000"})) + "\n")

    assert validate(folder) == []


def test_one_id_for_two_samples_is_refused(write_folder):
    folder = write_folder(samples=[sample_row("s1"), sample_row("s2"), sample_row("s1")])

    assert 'samples.jsonl line 3, field sample_id: the id "s1" stands already on line 1.' in only_problem(folder)


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ("s9,ana,,preference,1", "sample_id", 'samples.jsonl has no sample "s9"'),
        (",ana,,preference,1", "sample_id", "got an empty text"),
        ("s1,,,preference,1", "annotator_id", "got an empty text"),
        ("s1," + "a" * 201 + ",,preference,1", "annotator_id", "201 characters"),
        ("s1,ana,,beauty,1", "attribute", 'no attribute "beauty". The rubric has: helpfulness, preference.'),
        ("s1,ana,,preference,2", "value", "2 is not on the scale. preference takes: -1, 0, 1."),
        ("s1,ana,,preference,0.5", "value", 'expected a whole number, got "0.5"'),
        ("s1,ana,,preference,nan", "value", 'expected a whole number, got "nan"'),
        ("s1,ana,,preference,", "value", "got an empty cell"),
        ("s1,ana,0,preference,1", "response", "preference is not rated per response"),
        ("s1,ana,,helpfulness,1", "response", "rated per response and this sample has 2"),
        ("s1,ana,2,helpfulness,1", "response", "there is no response 2: this sample has 2"),
        ("s1,ana,-1,helpfulness,1", "response", "there is no response -1"),
        ("s1,ana,first,helpfulness,1", "response", 'expected a whole number, got "first"'),
        ("s1,ana,preference,1", "", "expected 5 cells as in the header, got 4"),
        ("s1,a\x00na,,preference,1", "annotator_id", "the character U+0000"),
        ('s1,"ana,,preference,1', "", "not CSV"),
        ("s1," + "a" * 200_000 + ",,preference,1", "", "not CSV"),
    ],
)
def test_a_bad_row_of_labels_is_refused(write_folder, row, field, words):
    (problem,) = validate(write_folder(labels=LABELS + "s2,ben,,preference,0\n" + row + "\n"))

    assert (problem.file, problem.line, problem.field) == ("labels.csv", 3, field)
    assert words in str(problem)


def test_one_person_rates_one_thing_once(write_folder):
    rows = "s1,ana,0,helpfulness,1\ns1,ana,1,helpfulness,1\ns1,ben,0,helpfulness,1\ns1,ana,0,helpfulness,2\n"

    assert only_problem(write_folder(labels=LABELS + rows)) == (
        "labels.csv line 5, field annotator_id: ana already rated helpfulness of sample s1, response 0. "
        "Keep the one rating that counts."
    )


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "labels.csv: the file is empty. Begin it with the header sample_id,annotator_id,attribute,value."),
        ("sample,annotator_id,attribute,value\n", "the header lacks sample_id"),
        ("sample_id;annotator_id;attribute;value\n", "separated by commas"),
        ("sample_id,annotator_id,attribute,value,value\n", "names this column twice"),
        (b"sample_id,\xff\n", "byte 11 of the line is not UTF-8 (0xff)"),
    ],
)
def test_a_wrong_header_is_said_once(write_folder, header, words):
    rows = b"s1,ana,preference,1\n" * (0 if not header else 3)

    content = (header.encode() if isinstance(header, str) else header) + rows

    assert words in only_problem(write_folder(labels=content))


def test_bad_bytes_are_reported_with_their_line_and_reading_goes_on(write_folder):
    good = json.dumps(sample_row("s1")).encode()
    folder = write_folder(
        samples=good + b"\n" + good.replace(b"s1", b"s\xff2") + b"\n{\n",
        labels=LABELS.encode() + b"s1,ana,,preference,1\ns1,b\xe9n,,preference,1\ns1,cem,,preference,5\n",
    )

    assert [(problem.file, problem.line) for problem in validate(folder)] == [
        ("samples.jsonl", 2),
        ("samples.jsonl", 3),
        ("labels.csv", 3),
        ("labels.csv", 4),
    ]


def test_a_comment_over_several_lines_is_reported_with_its_first_line(write_folder):
    comments = 'sample_id,annotator_id,comment\ns1,ana,"one\ntwo"\ns9,ana,"three\nfour"\n'

    (problem,) = validate(write_folder(comments=comments))

    assert (problem.file, problem.line) == ("comments.csv", 4)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("s1,m,preference,1,1.5\n", 'expected a probability from 0 to 1, got "1.5"'),
        ("s1,m,preference,1,-0.1\n", "expected a probability"),
        ("s1,m,preference,1,nan\n", "expected a probability"),
        ("s1,m,preference,1,often\n", "expected a probability"),
        ("s1,m,preference,1,\ns1,m,preference,1,\n", "m already gave preference the value 1"),
        ("s1,m,preference,1,\ns1,m,preference,0,\n", "m gave preference of this sample another value already"),
        ("s1,m,preference,1,.7\ns1,m,preference,0,.7\n", "add up to 1.400"),
        ("s1,,preference,1,\n", "field judge"),
    ],
)
def test_a_bad_judgment_is_refused(write_folder, rows, words):
    assert words in only_problem(write_folder(judgments=JUDGMENTS + rows))


def test_two_gold_values_for_one_thing_are_refused(write_folder):
    gold = "sample_id,attribute,value\ns1,preference,1\ns1,preference,0\n"

    assert "has a known value already" in only_problem(write_folder(gold=gold))


def test_a_label_of_an_unreadable_sample_points_at_the_samples_first(write_folder):
    folder = write_folder(samples="{\n", labels=LABELS + "s1,ana,,preference,1\n")

    assert "Put samples.jsonl right first." in str(validate(folder)[1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": None}, "field name: expected a text"),
        ({"attributes": {}}, "field attributes: expected a list"),
        ({"attributes": []}, "at least one attribute"),
        ({"attributes": ["helpfulness"]}, "attributes[0]: expected an object"),
        ({"ordered": "yes"}, "field ordered: expected true or false"),
        ({"title": 3}, "field title: expected a text"),
    ],
)
def test_a_bad_rubric_is_refused(write_folder, changes, words):
    assert words in only_problem(write_folder(rubric={**RUBRIC, **changes}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scope": "all"}, "attributes[1].scope: expected one of response, comparison, sample"),
        ({"level": None}, "attributes[1].level: expected one of nominal, ordinal, interval"),
        ({"values": [1]}, "at least two values"),
        ({"values": [-1, 1, 1]}, "a value stands twice"),
        ({"values": [-1, 0.5]}, "expected a whole number"),
        ({"values": [-1, 10**9]}, "expected a whole number from -1000 to 1000"),
        ({"values": [{"value": -1, "label": 2}, 1]}, "values[0].label"),
        ({"values": [1, 2]}, "a comparison needs negative values"),
        ({"name": "helpfulness"}, 'another attribute is named "helpfulness" too'),
        ({"escalate_above": -1}, "attributes[1].escalate_above"),
        ({"settle_within": True}, "attributes[1].settle_within"),
        ({"trigger": "yes"}, "attributes[1].trigger"),
        ({"optional": 1}, "attributes[1].optional"),
    ],
)
def test_a_bad_attribute_is_refused(write_folder, changes, words):
    attributes = [RUBRIC["attributes"][0], {**RUBRIC["attributes"][1], **changes}]

    assert words in only_problem(write_folder(rubric={**RUBRIC, "attributes": attributes}))


def test_a_rubric_without_any_trigger_is_refused(write_folder):
    attributes = [{**attribute, "trigger": False} for attribute in RUBRIC["attributes"]]

    assert "no attribute is a trigger" in only_problem(write_folder(rubric={**RUBRIC, "attributes": attributes}))


@pytest.mark.parametrize(("rubric", "words"), [("", "the file is empty"), ("{", "not JSON"), ("[]", "a JSON object")])
def test_an_unreadable_rubric_is_refused(write_folder, rubric, words):
    assert words in only_problem(write_folder(rubric=rubric))


def test_missing_and_empty_files_are_named(write_folder, tmp_path):
    assert "there is no such folder" in only_problem(tmp_path / "nowhere")
    assert only_problem(write_folder(rubric=None)).startswith("rubric.json: there is no such file")
    assert only_problem(write_folder(samples="")).startswith("samples.jsonl: the file holds no samples")
    (tmp_path / "labels.csv").unlink()
    assert validate(write_folder(labels=None)) == []  # an import does not need it, only a replay does
    (tmp_path / "samples.jsonl").unlink()
    assert only_problem(tmp_path).startswith("samples.jsonl: there is no such file")


def test_a_line_without_end_is_not_read_into_memory(write_folder, monkeypatch):
    monkeypatch.setattr("annotation.datasets.reading.MAX_LINE_BYTES", 1000)
    good = json.dumps(sample_row("s1")) + "\n"

    (problem,) = validate(write_folder(samples=good + "x" * 5000 + "\n" + good.replace("s1", "s2")))

    assert (problem.line, "the line is longer than" in str(problem)) == (2, True)


def test_at_most_a_hundred_problems_are_told(write_folder):
    assert len(validate(write_folder(samples="{\n" * 250))) == 100


def test_the_iterators_raise_at_the_first_bad_row(write_folder):
    folder = PilotFolder.open(write_folder(labels=LABELS + "s1,ana,,preference,1\ns1,ben,,preference,9\n"))
    labels = folder.labels()

    assert next(labels).annotator_id == "ana"
    with pytest.raises(BadRow, match="9 is not on the scale"):
        next(labels)


def test_a_bad_row_survives_being_sent_to_another_process():
    problem = BadRow("labels.csv", 3, "value", 9, "{value} is not on the scale", "Choose another.")

    assert str(pickle.loads(pickle.dumps(problem))) == str(problem)  # noqa: S301 - our own bytes
