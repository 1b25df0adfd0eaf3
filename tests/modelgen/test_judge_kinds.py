"""Judges made of options, what identifies them, and the principles that they are given."""

import json

import pytest
from judged import HELPFULNESS, PREFERENCE, calls_of, prompt_of, question

from modelgen.judges.kinds import JudgeOptionsRefused, judge_from
from modelgen.judges.principles import PrinciplesNotValid, checked, named, read, shipped

OWN = {"ours": {"ours-plain": "Prefer the plainer one."}}
PURE_KINDS = ["llm-comparison", "llm-rating", "reward-model"]


@pytest.mark.parametrize("kind", PURE_KINDS)
def test_a_judge_is_made_again_from_its_configuration(kind):
    judge = judge_from(kind, {})
    written = json.loads(json.dumps(judge.configuration))
    again = judge_from(kind, written["options"])
    assert again.configuration == judge.configuration == written
    assert judge.configuration["version"] == judge.version
    assert judge.kind == kind
    assert judge.models == {"judge"}


@pytest.mark.parametrize("kind", PURE_KINDS)
def test_the_role_it_asks_is_no_part_of_its_identity(kind):
    judge = judge_from(kind, {}, role="second opinion")
    assert judge.configuration == judge_from(kind, {}).configuration
    _, calls = calls_of(judge, question(attributes=[PREFERENCE, HELPFULNESS]))
    assert judge.models == {call.model for call in calls} == {"second opinion"}


def test_the_words_of_its_principles_are_part_of_its_identity():
    one = judge_from("llm-comparison", {"principles": "ours", "own_principles": OWN})
    reworded = {"ours": {"ours-plain": "Prefer the much plainer one."}}
    other = judge_from("llm-comparison", {"principles": "ours", "own_principles": reworded})
    assert one.configuration != other.configuration
    default = judge_from("llm-comparison", {})
    assert default.configuration["options"]["own_principles"] == {"overall": dict(shipped()["overall"])}


def test_a_project_brings_its_own_principles():
    judge = judge_from("llm-comparison", {"principles": "ours", "own_principles": OWN})
    assert all("Prefer the plainer one." in prompt_of(call) for call in calls_of(judge, question())[1])


def test_a_list_of_ones_own_comes_before_the_shipped_one():
    own = checked({"general": {"mine": "Prefer mine."}})
    assert dict(named("general", own)) == {"mine": "Prefer mine."}


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("llm-oracle", {}, "no kind of judge 'llm-oracle'; there are: llm-comparison, llm-rating"),
        (
            "llm-comparison",
            {"principle": "general"},
            "no option 'principle' here; there are: principles, principles_of",
        ),
        ("llm-comparison", {"offers_tie": "yes"}, "'offers_tie' must be true or false"),
        ("llm-comparison", {"principles": "kindness"}, "no list of principles 'kindness'; there are: coherence"),
        ("llm-comparison", {"principles_of": {"a": "kindness"}}, "no list of principles 'kindness'"),
        ("llm-comparison", {"thinking": {"temperature": 0}}, "thinking.temperature: 'temperature' must be 0.05 to 2"),
        ("llm-rating", {"thinking": {"count": 0}}, "'count' must be 1 to 64"),
        ("reward-model", {"slope": 0}, "'slope' must be"),
        ("llm-comparison", {"own_principles": {"ours": {}}}, "with one at least"),
        ("llm-comparison", {"own_principles": {"ours": {"Ours 1": "x"}}}, "cannot be the id of a principle"),
        ("llm-comparison", {"own_principles": {"ours": {"a": "  "}}}, "must be a text of 1 to 2000"),
        ("llm-comparison", {"own_principles": {"Our list": {"a": "x"}}}, "cannot name a list"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_in_words(kind, options, why):
    with pytest.raises(JudgeOptionsRefused, match=why):
        judge_from(kind, options)


def test_principles_are_shipped_for_the_general_case_and_for_single_traits():
    assert {
        "general",
        "overall",
        "helpfulness",
        "correctness",
        "coherence",
        "complexity",
        "verbosity",
        "honesty",
        "safety",
    } <= set(shipped())
    for name, of_list in shipped().items():
        assert all(key.startswith(f"{name}-") for key in of_list), name
        assert len(set(of_list.values())) == len(of_list)


def test_an_id_belongs_to_one_list(tmp_path):
    twice = tmp_path / "principles.yaml"
    twice.write_text("one: {same: Prefer one.}\ntwo: {same: Prefer two.}\n", encoding="utf-8")
    with pytest.raises(PrinciplesNotValid, match=r"principles\.yaml has same twice"):
        read(twice)
