"""What reliability is measured on: first rounds, a random slice, or what labels rest on."""

from dataclasses import asdict

import numpy as np
import pytest

from consensus.aggregate import UnknownRule
from consensus.rating_set import Place, RatedSample, RatingSet
from consensus.reliability import krippendorff_alpha
from consensus.scales import Scale, Slot
from consensus.selections import after_selection, first_rounds, random_slice, reliability_of

FIVE = Scale((0, 1, 2, 3, 4), "ordinal")
NA = np.nan


def rated(name, values):
    """A sample on which these people gave these values, in order of arrival."""
    slots = (Slot.trigger("quality", FIVE),)
    ratings = np.array(values, dtype=float).reshape(-1, 1)
    return RatedSample(name, name, (Place("quality"),), slots, np.arange(len(values)), ratings)


def rating_set(*samples):
    return RatingSet({"quality": FIVE}, tuple("abcde"), samples)


@pytest.fixture
def escalated():
    return rating_set(
        rated("agreed", [1, 2, 1]), rated("disputed", [0, 4, 3, 4, 3]), rated("slice", [2, 2, 1, 4]), rated("one", [3])
    )


def said(selection):
    return [sample.ratings[:, 0].tolist() for sample in selection.ratings.samples]


def test_the_first_people_of_every_sample(escalated):
    found = first_rounds(escalated)
    assert (found.measured_on, said(found)) == ("first_rounds", [[1, 2, 1], [0, 4, 3], [2, 2, 1], [3]])


def test_all_that_was_said_on_the_slice(escalated):
    found = random_slice(escalated, ["slice"])
    assert (found.measured_on, said(found)) == ("random_slice", [[], [], [2, 2, 1, 4], []])


def test_the_ratings_that_labels_rest_on(escalated):
    found = after_selection(escalated)
    assert (found.measured_on, said(found)) == ("after_selection", [[1, 2, 1], [4, 3, 3], [2, 2, 1], []])
    assert said(after_selection(escalated, "mean")) == [[1, 2, 1], [0, 4, 3, 4, 3], [2, 2, 1, 4], [3]]
    with pytest.raises(UnknownRule):
        after_selection(escalated, "loudest")


def test_every_figure_says_what_it_was_measured_on(escalated):
    found = reliability_of(first_rounds(escalated), "quality", np.random.default_rng(7), draws=20)
    expected = krippendorff_alpha([[1, 2, 1], [0, 4, 3], [2, 2, 1]], FIVE)
    assert found.measured_on == "first_rounds"
    assert found.alpha.value == pytest.approx(expected.value)
    assert found.alpha.count == 3


def test_selection_makes_its_own_agreement():
    """People who never improve: every figure is higher on the closest three than on the first."""
    rng = np.random.default_rng(3)
    values = np.clip(np.rint(rng.integers(0, 5, (150, 1)) + rng.normal(0, 1.2, (150, 5))), 0, 4)
    crowd = rating_set(*(rated(f"s{at}", row) for at, row in enumerate(values)))
    first, after = (
        asdict(reliability_of(of, "quality", np.random.default_rng(7), draws=2))
        for of in (first_rounds(crowd), after_selection(crowd))
    )
    assert (first.pop("measured_on"), after.pop("measured_on")) == ("first_rounds", "after_selection")
    for name, figure in first.items():
        assert after[name]["value"] > figure["value"] + 0.05, name
