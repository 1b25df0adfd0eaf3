"""PostgreSQL itself refuses remarks that do not fit their rubric, whatever the Python above it does."""

import json

import pytest
from everything import RATED, with_a_pair
from past_the_services import refused, sql
from story import NOW, answer, claim, join, make_project, make_sample

from annotation import ratings

INSERT = """
INSERT INTO annotation_annotation (assignment_id, revision, is_current, rubric_id, ratings, neither_valid, round, remarks,
    comment, client_key, submitted_at)
VALUES (%s, 1, true, %s, %s, false, 1, %s, '', 'k', %s)
"""


@pytest.fixture
def sample(db):
    return with_a_pair()


def insert(sample, remarks, **values):
    rubric = sample.project.rubric
    places = ratings.layout(rubric.attributes, 2)
    packed = ratings.pack(answer(**{**RATED, **values}).given, places=places, response_ids=["0", "1"])
    assignment = claim(sample, by=join(sample.project, "ana"))
    sql(INSERT, assignment.pk, rubric.pk, packed, json.dumps(remarks), NOW)
    return assignment.annotations.get()


WHOLE = {
    "what_is_wrong": [None, ["invented"]],
    "why": "Because.",
    "sources": ["https://example.org/a?b=c", "HTTP://example.org"],
    "what_decided": ["facts", "length"],
    "confidence": 2,
    "preference": "both_bad",
}


def test_what_fits_is_kept(sample):
    assert insert(sample, WHOLE, preference=0).remarks == WHOLE


def test_nothing_is_fine(sample):
    assert insert(sample, {}).remarks == {}


@pytest.mark.parametrize(
    ("remarks", "because"),
    [
        ([], "not an object"),
        (None, "not an object"),
        ("why", "not an object"),
        ({"mood": "good"}, "there is no remark mood"),
        ({"helpfulness": "both_good"}, "there is no remark helpfulness"),
        ({"topic": "both_good"}, "there is no remark topic"),
        ({"preference": "both_ugly"}, "no kind of tie"),
        ({"preference": ["both_good"]}, "no kind of tie"),
        ({"preference": None}, "no kind of tie"),
        ({"what_decided": ["weather"]}, "which its rubric does not have"),
        ({"what_decided": "facts"}, "which its rubric does not have"),
        ({"what_decided": {"facts": True}}, "which its rubric does not have"),
        ({"what_is_wrong": ["invented"]}, "not one for each of 2 responses"),
        ({"what_is_wrong": [["invented"], ["invented"], ["invented"]]}, "not one for each of 2 responses"),
        ({"what_is_wrong": [["facts"], None]}, "which its rubric does not have"),
        ({"confidence": 9}, "which its rubric does not have"),
        ({"confidence": "2"}, "which its rubric does not have"),
        ({"confidence": [2]}, "which its rubric does not have"),
        ({"why": 3}, "which its rubric does not have"),
        ({"why": None}, "which its rubric does not have"),
        ({"sources": "https://example.org"}, "which its rubric does not have"),
        ({"sources": ["javascript:alert(1)"]}, "which its rubric does not have"),
        ({"sources": ["https://example.org", 3]}, "which its rubric does not have"),
        ({"sources": ["https://example.org\njavascript:alert(1)"]}, "which its rubric does not have"),
    ],
)
def test_what_the_rubric_does_not_have_is_refused(sample, remarks, because):
    with refused(because):
        insert(sample, remarks, preference=0)


@pytest.mark.parametrize("value", [-2, -1, 1, 2])
def test_a_kind_of_tie_belongs_to_a_tie(sample, value):
    with refused("preference has a kind of tie, and its value is"):
        insert(sample, {"preference": "both_good"}, preference=value)


def test_remarks_of_another_version_are_refused_too(db):
    """The rubric that was answered counts: here it asks nothing."""
    sample = make_sample(make_project())
    assignment = claim(sample, by=join(sample.project, "ana"))
    with refused("there is no remark why"):
        sql(INSERT, assignment.pk, sample.project.rubric.pk, [4], json.dumps({"why": "Because."}), NOW)
