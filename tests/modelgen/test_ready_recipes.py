"""Every recipe that ships: it can be read, and it runs from its first stage to its last."""

import asyncio
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from plausible import PlausibleEngine

from modelgen import pipeline
from modelgen.pipeline.kinds import STAGE_KINDS
from modelgen.pipeline.recipe import Recipe, parse_recipe
from modelgen.pipeline.rehearsal import Rehearsed, rehearse

FOLDER = Path(pipeline.__file__).parent / "recipes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
HELPSTEER = 5
SKILLS = {"writer": 5, "other": 6, "first": 3, "second": 5, "third": 6, "fourth": 8, "stronger": 8, "weaker": 2}


@cache
def recipe(name: str) -> Recipe:
    return parse_recipe((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), FOLDER)


def engines(of: Recipe) -> dict[str, PlausibleEngine]:
    scores = HELPSTEER if of.name == "difficulty-check" else 1
    return {role: PlausibleEngine(role, SKILLS.get(role, 5), scores) for role in of.models}


@cache
def rehearsed(name: str, seed: int = 0) -> Rehearsed:
    made = recipe(name)
    return asyncio.run(rehearse(made, engines(made), np.random.default_rng(seed)))


def result(name: str) -> list[dict]:
    return rehearsed(name)[recipe(name).last]


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_to_its_end(name):
    made = rehearsed(name)
    assert not made.failures
    for stage, rows in made.items():
        assert rows, f"nothing came of {stage}"
        assert len({row["id"] for row in rows}) == len(rows)
        assert json.loads(json.dumps(rows, allow_nan=False)) == rows


@pytest.mark.parametrize("name", NAMES)
def test_it_is_named_as_its_file_and_says_which_row_it_follows(name):
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert recipe(name).name == name
    assert recipe(name).header.title
    assert recipe(name).header.description
    assert re.match(r"# ", text)
    assert re.search(r"\brows? \d|Delta pairs", text)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_makes_can_go_where_it_goes(name):
    """People need responses to judge; a version takes any rows."""
    goes_to = recipe(name).header.result
    assert goes_to is not None
    for row in result(name):
        assert row["messages"][-1]["role"] == "user"
        assert goes_to.to == "version" or len(row["responses"]) >= 2


def test_the_same_chance_gives_the_same_rows_and_another_gives_others():
    made = recipe("preference-pairs")
    again, other = (asyncio.run(rehearse(made, engines(made), np.random.default_rng(seed)))["pairs"] for seed in (0, 1))
    assert again == result("preference-pairs")
    assert other != again


def test_together_they_use_every_kind_of_stage():
    used = {stage.kind for name in NAMES for stage in recipe(name).stages}
    assert set(STAGE_KINDS) - used == {"splits"}


def test_preference_pairs_have_both_rewards_and_ground_truth_goes_first():
    pairs = result("preference-pairs")
    deciders = {pair["decided_by"] for pair in pairs}
    assert deciders == {"verifier", "reward-model"}
    for pair in pairs:
        assert isinstance(pair["chosen_reward"], float)
        assert isinstance(pair["rejected_reward"], float)
        if pair["decided_by"] == "verifier":
            assert pair["chosen"]["passes"]
            assert pair["rejected"]["passes"] is False
            assert str(pair["metadata"]["answer"]) in pair["chosen"]["text"]
        else:
            assert pair["chosen_reward"] > pair["rejected_reward"]


def test_instruction_following_pairs_keep_to_the_constraints_or_do_not():
    pairs = result("instruction-following")
    assert {pair["decided_by"] for pair in pairs} == {"verifier"}
    assert all(pair["metadata"]["constraints"] for pair in pairs)


def test_delta_pairs_choose_the_stronger_model_and_say_that_nobody_judged():
    for pair in result("delta-pairs"):
        assert (pair["chosen"]["model"], pair["rejected"]["model"]) == ("your-model", "your-small-model")
        assert pair["is_assumed"]
        assert pair["decided_by"] == "assumed"


def test_the_half_of_the_dialogues_with_the_best_reward_is_kept_and_the_figures_say_so():
    all_rewards = sorted(row["reward"] for row in rehearsed("dialogues")["rewards"])
    kept = sorted(row["reward"] for row in result("dialogues"))
    assert kept == all_rewards[-len(kept) :]
    figures = result("dialogues")[0]["figures"]["reward"]
    assert figures["count"] == len(all_rewards)
    assert figures["kept"] == len(kept) == round(len(all_rewards) / 2)
    assert figures["mean"] == pytest.approx(np.mean(all_rewards), abs=1e-4)


def test_the_difficulty_is_the_helpfulness_and_not_the_weighted_reward():
    found = rehearsed("difficulty-check")["difficulty"]
    assert all(0 <= row["helpfulness"] <= 10 / 3 for row in found)
    harder = result("difficulty-check")
    assert max(row["helpfulness"] for row in harder) <= sorted(row["helpfulness"] for row in found)[len(harder)]


def test_a_round_names_the_round_before():
    previous = recipe("weak-to-strong").header.previous
    assert previous is not None
    assert previous.model == "your-model-of-the-last-round"


def test_failures_are_collected_and_stop_nothing():
    class Silent(PlausibleEngine):
        def _text(self, prompt, rng):
            return ""

    made = recipe("open-questions")
    found = asyncio.run(rehearse(made, {"writer": Silent()}, np.random.default_rng(0)))
    assert found["topics"] == []
    assert {failure.stage for failure in found.failures} == {"topics", "subtopics"}
    assert all(failure.problem and failure.raw_texts == ("",) for failure in found.failures)


def test_the_page_names_every_ready_recipe():
    page = (Path(__file__).parents[2] / "docs" / "pipeline.md").read_text(encoding="utf-8")
    table = page.split("## Ready recipes")[1].split("**Pairs.**")[0]
    named = set(re.findall(r"`([a-z-]+)`", table))
    assert set(NAMES) <= named
    assert named <= set(NAMES) | set(STAGE_KINDS)
    for row in range(1, 18):
        assert re.search(rf"^\| (\d+, )?{row}\b", table, flags=re.MULTILINE), f"row {row} is missing"
