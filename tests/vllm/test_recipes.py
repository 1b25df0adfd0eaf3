"""Recipes on a real vLLM. The model is a small base model and babbles: what counts is that every row comes to an end."""

from pathlib import Path

import numpy as np

from modelgen import pipeline
from modelgen.judges.reward_model import HELPSTEER
from modelgen.pipeline.recipe import parse_recipe
from modelgen.pipeline.rehearsal import rehearse

FOLDER = Path(pipeline.__file__).parent / "recipes"
SMALL = "models.writer={name: gemma3-270m, most_tokens: 24}"


def ready(name, *settings):
    return parse_recipe((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), FOLDER, (SMALL, *settings))


def rehearsed(recipe, engines, run):
    made = run(rehearse(recipe, engines, np.random.default_rng(0)))
    for failure in made.failures:
        assert failure.problem
        assert failure.raw_texts
    return made


def test_prompts_are_written_or_counted_as_failures(engine, run):
    recipe = ready("open-questions", "stages.topics.count=10", "stages.subtopics.count=1", "stages.questions.count=1")
    made = rehearsed(recipe, {"writer": engine}, run)
    assert made.usage.completion_tokens > 0
    asked = 1 + len(made["topics"]) + len(made["listed-topics"])
    assert len(made["subtopics"]) + len([each for each in made.failures if each.stage == "subtopics"]) >= asked - 1


def test_samples_of_one_model_differ_and_are_paired_by_a_reward_model(engine, reward_engine, run):
    scores = f"stages.judged.scores=[{', '.join(HELPSTEER)}]"
    keep_cut = "stages.responses.keep_cut=true"  # a base model seldom comes to an end
    few = ("stages.real-prompts.count=4", "stages.responses.samples=3", "stages.judged.weights=nemotron-340b")
    recipe = ready("hard-pairs", keep_cut, scores, *few)
    made = rehearsed(recipe, {"writer": engine, "judge": reward_engine}, run)
    assert made["pairs"], [each.problem for each in made.failures]
    for row in made["responses"]:
        assert len({each["text"] for each in row["responses"]}) == len(row["responses"]) >= 2
    for pair in made["pairs"]:
        assert pair["decided_by"] in ("verifier", "reward-model")
        assert set(pair["chosen"]["scores"]) == set(HELPSTEER)
        assert pair["decided_by"] == "verifier" or pair["chosen_reward"] > pair["rejected_reward"]


def test_the_same_seeds_give_the_same_responses(engine, run):
    recipe = ready(
        "delta-pairs", "models.stronger={name: a, most_tokens: 8}", "models.weaker={name: b, most_tokens: 8}"
    )
    stage = recipe.stage("delta-pairs").stage
    row = {"id": "p/1", "messages": [{"role": "user", "content": "Name three rivers in Europe."}], "metadata": {}}
    calls = next(stage.asking(row, np.random.default_rng(5)))
    texts = [[run(engine.reply(call)).texts for call in calls] for _ in range(2)]
    assert texts[0] == texts[1]
