"""The script that replays the rule by hand, on a case worked out on paper and on published figures."""

import importlib.util
import json
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"
SCALE = {"name": "overall", "scope": "response", "level": "ordinal", "values": [{"value": v} for v in range(1, 7)]}


@pytest.fixture(scope="module")
def recount():
    spec = importlib.util.spec_from_file_location("recount", DEMO / "recount.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def people(*values):
    return [{(0, "overall"): value} for value in values]


@pytest.mark.parametrize(
    ("values", "asked", "state", "label"),
    [
        ((1, 3, 3, 6, 6), 3, "resolved", 2),  # a range of 2 is not above the limit; 7/3 rounds to 2
        ((1, 4, 4, 4, 6), 5, "resolved", 4),  # escalated, three fours
        ((1, 6, 3, 1, 2), 5, "resolved", 1),  # 1, 1, 2 and 4/3
        ((1, 4, 6, 1, 4), 5, "contested", None),  # no three within one point
        ((1, 6, 3), 3, "contested", None),  # nobody left to ask
        ((1, 2), 2, "contested", None),
    ],
)
def test_the_rule_is_replayed_as_written(recount, values, asked, state, label):
    outcome = recount.replay(people(*values), [{**SCALE, "trigger": True}])

    assert (outcome["asked"], outcome["state"], outcome["labels"].get("0/overall")) == (asked, state, label)


def test_of_equally_close_threes_the_one_nearest_the_mean_of_all_counts(recount):
    outcome = recount.replay(people(5, 1, 1, 2, 2), [{**SCALE, "trigger": True}])

    assert outcome["labels"] == {"0/overall": 2}  # 1, 2, 2 and not 1, 1, 2: the mean of all is 2.2


@pytest.mark.parametrize(("values", "mean"), [([1, 2], 2), ([-1, -2], -2), ([0, -1, 0], 0), ([1, 1, 2], 1)])
def test_means_round_half_away_from_zero(recount, values, mean):
    assert recount.rounded_mean(values) == mean


def test_alpha_on_all_recorded_ratings_is_the_published_one(recount):
    attributes = json.loads((DEMO / "recipes" / "rubric.json").read_text())["attributes"]
    everybody = {name: list(people.values()) for name, people in recount.read_people(DEMO / "recipes").items()}

    alphas = [round(recount.alpha(everybody, attribute), 4) for attribute in attributes]

    assert alphas == [0.4151, 0.4324, 0.3991, 0.3986, 0.3627, 0.4351]


@pytest.mark.parametrize(
    ("name", "reserved", "samples", "escalated", "contested"),
    [("recipes", 2, 50, 17, 3), ("convincing", 30, 270, 67, 20), ("pandalm", 0, 300, 20, 20)],
)
def test_the_demo_folders_count_as_they_did(recount, name, reserved, samples, escalated, contested):
    result = recount.recount(DEMO / name, reserved)

    assert (result["samples"], result["escalated"], result["contested"]) == (samples, escalated, contested)
