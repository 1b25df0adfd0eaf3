"""rubric.json may ask for remarks beside ratings: what is read, and what is refused by its place in the file."""

import json
from pathlib import Path

import pytest

from annotation.datasets.bad_row import BadRow, Place
from annotation.datasets.rubrics import parse_rubric

EVERYTHING = Path(__file__).parents[2] / "demo/rubrics/everything.json"
SCALE = {"name": "overall", "scope": "response", "level": "ordinal", "values": [1, 2, 3]}
BETTER = {"name": "better", "scope": "comparison", "level": "ordinal", "values": [-1, 0, 1]}


def parsed(*remarks, attributes=(SCALE, BETTER), **more):
    return parse_rubric(
        {"name": "r", "attributes": list(attributes), "remarks": list(remarks), **more}, Place("rubric.json")
    )


def tie(*kinds, scope="comparison", value=0):
    return {**BETTER, "scope": scope, "values": [-1, {"value": value, "kinds": list(kinds)}, 1 if value != 1 else 0]}


def test_a_rubric_without_remarks_has_none():
    assert parse_rubric({"name": "r", "attributes": [SCALE]}, Place("rubric.json"))["remarks"] == []


def test_every_default_is_filled_in_and_unknown_keys_stay():
    assert parsed({"name": "why", "kind": "words", "mood": "calm"})["remarks"] == [
        {
            "name": "why", "kind": "words", "title": "why", "description": "", "scope": "sample", "optional": True,
            "mood": "calm",
        }
    ]  # fmt: skip


def test_reasons_beside_a_rating_are_asked_of_what_the_rating_is_asked():
    of_response, of_sample = parsed(
        {"name": "a", "kind": "reasons", "options": ["x"], "attribute": "overall"},
        {"name": "b", "kind": "reasons", "options": ["x"], "attribute": "better"},
    )["remarks"]
    assert (of_response["scope"], of_sample["scope"]) == ("response", "sample")
    assert of_response["options"] == [{"name": "x", "label": "x"}]


def test_what_was_read_is_read_the_same_again():
    rubric = parse_rubric(json.loads(EVERYTHING.read_text()), Place("rubric.json"))
    assert {remark["kind"] for remark in rubric["remarks"]} == {"words", "sources", "reasons", "confidence"}
    assert parse_rubric(rubric, Place("rubric.json")) == rubric


@pytest.mark.parametrize(
    ("remark", "said"),
    [
        ("why", "remarks[0]: expected an object"),
        ({"kind": "words"}, "remarks[0].name"),
        ({"name": "why"}, "remarks[0].kind: expected one of words"),
        ({"name": "overall", "kind": "words"}, "an attribute or another remark is named"),
        ({"name": "why", "kind": "words", "scope": "comparison"}, "remarks[0].scope: expected one of sample, response"),
        ({"name": "why", "kind": "words", "optional": 1}, "remarks[0].optional: expected true or false"),
        ({"name": "why", "kind": "words", "minimum": "3"}, "remarks[0].minimum: expected a whole number"),
        ({"name": "why", "kind": "words", "minimum": -1}, "remarks[0].minimum: expected a whole number"),
        ({"name": "why", "kind": "words", "maximum": 0}, "remarks[0].maximum: expected a whole number from 1"),
        ({"name": "why", "kind": "words", "minimum": 9, "maximum": 3}, "the maximum 3 is under the minimum 9"),
        ({"name": "why", "kind": "words", "attribute": "overall"}, "only reasons stand beside an attribute"),
        ({"name": "why", "kind": "reasons"}, "remarks[0].options: expected a list of at least 1"),
        ({"name": "why", "kind": "reasons", "options": ["a", "a"]}, 'remarks[0].options[1].name: "a" stands twice'),
        ({"name": "why", "kind": "reasons", "options": ["a"], "attribute": "mood"}, 'there is no attribute "mood"'),
        (
            {"name": "why", "kind": "reasons", "options": ["a"], "attribute": "overall", "scope": "sample"},
            'which is asked of the response; got "sample"',
        ),
        ({"name": "sure", "kind": "confidence", "values": [1]}, "remarks[0].values: expected a list of at least two"),
        ({"name": "sure", "kind": "confidence", "values": [1, 1]}, "each once; got 1"),
        ({"name": "sure", "kind": "confidence", "values": [1, True]}, "each once; got true"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_place(remark, said):
    with pytest.raises(BadRow) as refusal:
        parsed(remark)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        (tie("one"), "kinds: expected a list of at least 2"),
        (tie("one", "one"), '"one" stands twice'),
        (tie("one", "two", value=1), "only the level 0 of a comparison has kinds"),
        ({**tie("one", "two"), "scope": "sample"}, "only the level 0 of a comparison has kinds"),
        ({**BETTER, "follows": "mood"}, "follows: a comparison follows an ordered attribute of each response"),
        ({**BETTER, "follows": "better"}, "Name one of overall"),
    ],
)
def test_what_a_comparison_cannot_have_is_refused(attribute, said):
    with pytest.raises(BadRow) as refusal:
        parsed(attributes=[SCALE, attribute])
    assert said in str(refusal.value)


def test_only_a_comparison_follows():
    with pytest.raises(BadRow, match="a comparison follows"):
        parsed(attributes=[SCALE, {**SCALE, "name": "style", "follows": "overall"}])


def test_remarks_are_a_list():
    with pytest.raises(BadRow, match="field remarks: expected a list"):
        parse_rubric({"name": "r", "attributes": [SCALE], "remarks": {"why": {}}}, Place("rubric.json"))
