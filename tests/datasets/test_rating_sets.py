"""A pilot folder read into arrays: places, people, judges and gold."""

import numpy as np
import pytest
from pilot_files import sample_row

from annotation.datasets.bad_row import BadRow
from annotation.datasets.pilot import PilotFolder
from annotation.datasets.rating_sets import read_gold, read_ratings
from consensus.rating_set import Place

LABELS = """sample_id,annotator_id,response,attribute,value
s2,ben,0,helpfulness,4
s1,ana,1,helpfulness,1
s1,ana,0,helpfulness,3
s1,ana,,preference,-1
s1,ben,0,helpfulness,2
s2,ana,,preference,0
"""
JUDGMENTS = """sample_id,judge,response,attribute,value,probability
s1,small,,preference,1,0.6
s1,large,,preference,-1,0.7
s1,large,,preference,0,0.2
s2,small,,preference,-1,
s2,large,1,helpfulness,4,1
"""
GOLD = "sample_id,response,attribute,value\ns2,,preference,1\ns1,1,helpfulness,0\n"


@pytest.fixture
def folder(write_folder):
    rows = [sample_row("s1"), sample_row("s2"), sample_row("s3", messages=[{"role": "user", "content": "Other?"}])]
    return PilotFolder.open(write_folder(samples=rows, labels=LABELS, judgments=JUDGMENTS, gold=GOLD))


def test_samples_come_in_their_order_with_their_places(folder):
    ratings = read_ratings(folder)
    assert [sample.name for sample in ratings.samples] == ["s1", "s2", "s3"]
    assert list(ratings.scales) == ["helpfulness", "preference"]
    places = (Place("helpfulness", 0), Place("helpfulness", 1), Place("preference"))
    assert all(sample.places == places for sample in ratings.samples)
    assert [slot.is_trigger for slot in ratings.samples[0].slots] == [True, True, False]
    assert [slot.escalate_above for slot in ratings.samples[0].slots] == [2, 2, None]


def test_people_come_in_the_order_of_the_file(folder):
    ratings = read_ratings(folder)
    assert ratings.people == ("ben", "ana")
    first, second, third = ratings.samples
    np.testing.assert_array_equal(first.people, [1, 0])  # ana came first to s1
    np.testing.assert_array_equal(first.ratings, [[3, 1, -1], [2, np.nan, np.nan]])
    np.testing.assert_array_equal(second.ratings, [[4, np.nan, np.nan], [np.nan, np.nan, 0]])
    assert third.ratings.shape == (0, 3)


def test_samples_of_one_prompt_share_it(folder):
    first, second, third = read_ratings(folder).samples
    assert first.prompt == second.prompt != third.prompt


def test_what_a_judge_leaves_open_is_spread_over_what_it_did_not_name(folder):
    preference = read_ratings(folder).units("preference")
    np.testing.assert_allclose(preference.judged["small"], [[0.2, 0.2, 0.6], [1, 0, 0], [np.nan] * 3])
    np.testing.assert_allclose(preference.judged["large"], [[0.7, 0.2, 0.1], [np.nan] * 3, [np.nan] * 3])
    helpfulness = read_ratings(folder).units("helpfulness")
    np.testing.assert_array_equal(helpfulness.judged["large"][3], [0, 0, 0, 0, 1])
    assert np.isnan(helpfulness.judged["large"][[0, 1, 2, 4, 5]]).all()


def test_judges_can_be_left_out(folder):
    assert read_ratings(folder, with_judges=False).judged == {}


def test_gold_stands_beside_the_units(folder):
    gold = read_gold(folder, read_ratings(folder))
    np.testing.assert_array_equal(gold["preference"], [np.nan, 1, np.nan])
    np.testing.assert_array_equal(gold["helpfulness"], [np.nan, 0, np.nan, np.nan, np.nan, np.nan])


def test_a_folder_without_gold_has_none(write_folder):
    folder = PilotFolder.open(write_folder(labels=LABELS))
    assert read_gold(folder, read_ratings(folder)) == {}


def test_units_are_the_votes_of_an_attribute(folder):
    units = read_ratings(folder).units("helpfulness")
    np.testing.assert_array_equal(units.sample, [0, 0, 1, 1, 2, 2])
    assert units.response == (0, 1, 0, 1, 0, 1)
    np.testing.assert_array_equal(units.votes.tally()[0], [0, 0, 1, 1, 0])
    np.testing.assert_array_equal(units.votes.person[:2], [1, 0])


def test_progress_counts_every_row(folder):
    told = []
    read_ratings(folder, progress=told.append)
    assert told == list(range(1, 3 + 6 + 5 + 1))


def test_a_bad_row_is_named(write_folder):
    folder = PilotFolder.open(write_folder(labels=LABELS + "s9,ana,0,helpfulness,3\n"))
    with pytest.raises(BadRow, match=r"line 8.*s9"):
        read_ratings(folder)
