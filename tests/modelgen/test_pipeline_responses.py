"""The stages that make responses, score and judge them, make pairs of them, and put rows together or leave them out."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_talk import CHANCE, Talk, prepared, stage

from modelgen.asking import CannotParse
from modelgen.engines.protocol import Reply, ScoreClasses, ScoreLabels
from modelgen.options import OptionRefused
from modelgen.pipeline.basis import ModelUse
from modelgen.pipeline.kinds import STAGE_KINDS
from modelgen.pipeline.rows import WrongRows
from modelgen.pipeline.stages.gathering import mixed
from modelgen.pipeline.stages.judged import Duel, by_duels
from modelgen.pipeline.stages.material import check_table
from modelgen.pipeline.stages.near_duplicates import bands_for, first_of_each, likeness, shingles
from modelgen.pipeline.stages.pairs import PairsOptions
from modelgen.pipeline.tools import checked_tools

SEA = {"id": "t/1", "topic": "the sea"}
TOOL = {
    "name": "tide",
    "description": "When it is high tide.",
    "parameters": {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]},
}


def prompt(text="How old is the sea?", ident="p/1", **more):
    return {"id": ident, "messages": [{"role": "user", "content": text}], "kind": "q", "metadata": {}, **more}


def answered(*texts, ident="p/1", **more):
    responses = [{"id": f"r{place}", "text": text, "model": f"m{place}"} for place, text in enumerate(texts)]
    return prompt(ident=ident, responses=responses, **more)


def drive(a_stage, row, *turns):
    """One asking; each turn is the replies to the calls of that turn. Returns its calls and its rows."""
    asking, calls = a_stage.asking(row, np.random.default_rng(CHANCE)), []
    try:
        wanted = next(asking)
        for replies in turns:
            calls.extend(wanted)
            wanted = asking.send(replies)
    except StopIteration as end:
        return calls, end.value
    raise AssertionError(f"asked further: {wanted}")


def said(text, *, was_cut=False):
    return Reply(texts=(text,), was_cut=(was_cut,))


def reward(*numbers):
    return Reply(numbers=numbers)


def prefers(first, second):
    return Reply(labels={"A": np.log(first), "B": np.log(second)})


# --- responses --------------------------------------------------------------------------------------------------
def test_several_models_answer_and_are_named():
    calls, (row,) = drive(stage("responses", models=["a", "b"]), prompt(), [said("Old."), said("Very old.")])
    assert [call.model for call in calls] == ["a", "b"]
    assert len({call.sampling.seed for call in calls}) == 2
    assert [(each["text"], each["model"]) for each in row["responses"]] == [("Old.", "a"), ("Very old.", "b")]
    assert row["id"].startswith("p/1/")


def test_other_models_are_drawn_for_other_prompts():
    responses = stage("responses", models=["a", "b", "c", "d"], each=2)
    drawn = {tuple(responses.drawn_roles(np.random.default_rng(seed))) for seed in range(60)}
    assert len(drawn) == 6
    assert all(len(set(roles)) == 2 for roles in drawn)


def test_more_models_than_there_are_cannot_be_drawn():
    with pytest.raises(OptionRefused, match="Only 2 roles"):
        stage("responses", models=["a", "b", "a"], each=3)


def test_several_samples_of_one_model_have_seeds_of_their_own():
    samples = stage("responses", models=["a"], samples=4, temperature=1.0)
    calls, (row,) = drive(samples, prompt(), [said(f"Answer {place}.") for place in range(4)])
    assert len({call.sampling.seed for call in calls}) == len(row["responses"]) == 4
    assert {call.sampling.temperature for call in calls} == {1.0}


def test_what_cannot_be_used_is_left_out_and_counted():
    replies = [said("Good."), said("  "), said("Half of", was_cut=True), said("Good."), said("<think>hm")]
    _, (row,) = drive(stage("responses", samples=5), prompt(), replies)
    assert [each["text"] for each in row["responses"]] == ["Good."]
    assert row["left_out"] == {"empty": 1, "cut": 1, "repeated": 1, "still thinking": 1}


def test_too_few_responses_are_a_failure_that_says_why():
    with pytest.raises(CannotParse, match=r"1 responses where 2 were wanted \(1 cut\)"):
        drive(stage("responses", samples=2, least=2), prompt(), [said("Good."), said("Half", was_cut=True)])


def test_a_cut_response_can_be_kept():
    _, (row,) = drive(stage("responses", keep_cut=True), prompt(), [said("Half of", was_cut=True)])
    assert row["responses"][0]["text"] == "Half of"


def test_functions_that_a_row_offers_are_told_to_the_model_and_stay_out_of_the_messages():
    row = prompt(tools=[TOOL])
    calls, (made,) = drive(stage("responses"), row, [said("{}")])
    assert json.dumps(TOOL, sort_keys=True) in calls[0].prompt[0]["content"]
    assert calls[0].prompt[0]["role"] == "system"
    assert made["messages"] == row["messages"]


# --- scores -----------------------------------------------------------------------------------------------------
def test_rewards_are_kept_raw_and_with_every_score():
    rewards = stage("rewards", scores=["helpfulness", "correctness", "coherence"], weights="goodness")
    calls, (row,) = drive(rewards, answered("Old.", "Very old."), [reward(7.5, 1, -1), reward(-2.0, 0, 0)])
    assert all(isinstance(call, ScoreClasses) for call in calls)
    assert calls[1].prompt[-1]["content"] == "Very old."
    assert row["responses"][0]["scores"] == {"helpfulness": 7.5, "correctness": 1, "coherence": -1}
    assert row["responses"][0]["reward"] == pytest.approx(0.65 * 7.5 + 0.80 - 0.45)
    assert row["reward"] == row["responses"][0]["reward"]


def test_a_language_model_can_rate_instead():
    labels = Reply(labels={"0": -9.0, "1": -9.0, "2": -9.0, "3": np.log(0.5), "4": np.log(0.5)})
    calls, (row,) = drive(stage("rewards", judge_kind="llm-rating"), answered("Old."), [labels])
    assert isinstance(calls[0], ScoreLabels)
    assert row["reward"] == pytest.approx(3.5, abs=0.01)


def test_the_difficulty_is_the_mean_helpfulness_of_a_fixed_models_answers():
    hard = stage("difficulty", samples=2, scores=["correctness", "coherence", "helpfulness"], weights="goodness")
    _, (row,) = drive(hard, prompt(), [said("Old."), said("Very.")], [reward(9, 9, 1), reward(9, 9, 2)])
    assert row["helpfulness"] == 1.5
    assert "responses" not in row


@given(
    values=st.lists(st.floats(-5, 5), min_size=1, max_size=20),
    share=st.floats(0, 1),
    end=st.sampled_from(["highest", "lowest"]),
)
def test_a_share_keeps_the_best_of_either_end(values, share, end):
    rows = [prompt(ident=f"p/{place}", reward=value) for place, value in enumerate(values)]
    kept = [row["reward"] for row in prepared(stage("keep", share=share, end=end), rows)]
    in_order = sorted(values, reverse=end == "highest")
    assert sorted(kept, reverse=end == "highest") == in_order[: round(share * len(values))]


def test_single_responses_can_be_left_out_and_a_row_without_any_goes():
    rows = [answered("a", "b", ident="p/1"), answered("c", ident="p/2")]
    for row, rewards in zip(rows, ([1.0, 3.0], [0.0]), strict=True):
        for each, value in zip(row["responses"], rewards, strict=True):
            each["reward"] = value
    (row,) = prepared(stage("keep", of="responses", at_least=2), rows)
    assert [each["text"] for each in row["responses"]] == ["b"]
    assert row["figures"]["reward"] == {"count": 3, "mean": pytest.approx(4 / 3, abs=1e-4), "kept": 1}


def test_a_filter_by_what_is_not_there_is_refused():
    with pytest.raises(WrongRows, match="has no number 'reward'"):
        prepared(stage("keep", at_least=1), [prompt()])


# --- judging ----------------------------------------------------------------------------------------------------
SUM = {"answer": "4", "answer_kind": "numeric"}


def test_the_verifier_decides_without_asking_a_model():
    judged = stage("judged")
    assert judged.models == frozenset()
    (row,) = prepared(judged, [answered("It is 5.", "It is 4.", metadata=SUM)])
    assert row["judged"] == {
        "by": "verifier",
        "why": "The chosen response passes and the rejected one does not.",
        "scores": [0.0, 1.0],
        "is_unsure": False,
    }
    (pair,) = prepared(stage("pairs"), [row])
    assert (pair["chosen"]["text"], pair["rejected"]["text"]) == ("It is 4.", "It is 5.")


def test_where_no_response_is_right_there_is_no_pair_whatever_a_model_says():
    judged = stage("judged", judge="judge")
    _, (row,) = drive(judged, answered("It is 5.", "It is 6.", metadata=SUM), [reward(1.0), reward(9.0)])
    assert row["judged"]["is_unsure"]
    assert prepared(stage("pairs"), [row]) == []


def test_where_all_are_right_the_reward_decides():
    judged = stage("judged", judge="judge")
    _, (row,) = drive(judged, answered("It is 4.", "So: 4", metadata=SUM), [reward(1.0), reward(9.0)])
    (pair,) = prepared(stage("pairs"), [row])
    assert pair["decided_by"] == "reward-model"
    assert pair["chosen"]["text"] == "So: 4"


def test_of_several_right_ones_the_best_reward_is_chosen_and_of_wrong_ones_the_worst_rejected():
    texts = ("It is 4.", "It is 5.", "So: 4", "So: 6")
    rewards = [reward(value) for value in (1.0, 9.0, 2.0, 8.0)]
    _, (row,) = drive(stage("judged", judge="judge"), answered(*texts, metadata=SUM), rewards)
    (pair,) = prepared(stage("pairs"), [row])
    assert (pair["chosen"]["text"], pair["rejected"]["text"]) == ("So: 4", "So: 6")
    assert (pair["chosen_reward"], pair["rejected_reward"]) == (2.0, 8.0)
    assert pair["decided_by"] == "verifier"


def test_a_consistent_verdict_makes_a_pair_and_keeps_rewards_from_before():
    row = answered("Old.", "Very old.")
    row["responses"] = [{**each, "reward": value} for each, value in zip(row["responses"], (1.0, 2.0), strict=True)]
    judged = stage("judged", judge="judge", judge_kind="llm-comparison")
    _, (row,) = drive(judged, row, [prefers(0.1, 0.9), prefers(0.8, 0.2)])
    assert row["judged"]["scores"] == pytest.approx([0.15, 0.85])
    (pair,) = prepared(stage("pairs"), [row])
    assert (pair["chosen"]["text"], pair["chosen_reward"], pair["rejected_reward"]) == ("Very old.", 2.0, 1.0)
    assert "principle" in pair["why"]


@pytest.mark.parametrize(("only_consistent", "pairs"), [(True, 0), (False, 1)])
def test_a_verdict_that_changes_with_the_order_is_left_out_unless_it_is_wanted(only_consistent, pairs):
    judged = stage("judged", judge="judge", judge_kind="llm-comparison", only_consistent=only_consistent)
    _, (row,) = drive(judged, answered("Old.", "Very old."), [prefers(0.9, 0.1), prefers(0.8, 0.2)])
    assert len(prepared(stage("pairs"), [row])) == pairs


@given(st.permutations([0, 1, 2, 3]))
def test_of_several_compared_responses_the_one_that_wins_most_is_best(order):
    """order: the true rank of each response."""
    duels = {
        (one, other): Duel(0.9 if order[other] > order[one] else 0.1, "p", is_unsure=False)
        for one in range(4)
        for other in range(one + 1, 4)
    }
    word = by_duels(duels, 4, only_consistent=True)
    assert np.argsort(word.scores).tolist() == np.argsort(order).tolist()
    assert not word.is_unsure


def test_a_circle_of_equals_is_unsure():
    duels = {pair: Duel(0.5, "p", is_unsure=False) for pair in [(0, 1), (0, 2), (1, 2)]}
    assert by_duels(duels, 3, only_consistent=True).is_unsure


def test_other_words_of_a_judge_make_another_stage():
    overall, other = (
        stage("judged", judge="judge", judge_kind="llm-comparison", principles=name).also_decides
        for name in ("overall", "helpfulness")
    )
    assert overall != other


# --- pairs ------------------------------------------------------------------------------------------------------
def scored(*rewards, ident="p/1"):
    row = answered(*(f"text {place}" for place in range(len(rewards))), ident=ident)
    row["responses"] = [{**each, "reward": value} for each, value in zip(row["responses"], rewards, strict=True)]
    return row


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=8))
def test_the_best_is_chosen_and_the_worst_rejected_and_ties_are_never_drawn(rewards):
    pairs = prepared(stage("pairs"), [scored(*rewards)])
    if max(rewards) == min(rewards):
        assert pairs == []
        return
    (pair,) = pairs
    assert (pair["chosen_reward"], pair["rejected_reward"]) == (max(rewards), min(rewards))
    assert {each["id"] for each in pair["responses"]} == {pair["chosen"]["id"], pair["rejected"]["id"]}
    places = [each["id"] for each in scored(*rewards)["responses"]]
    assert [each["id"] for each in pair["responses"]] == sorted((e["id"] for e in pair["responses"]), key=places.index)


def test_ties_can_go_on_flagged_with_nothing_chosen():
    pair, tie = prepared(stage("pairs", ties="flag", least_gap=0.5), [scored(1, 2), scored(1, 1.5, ident="p/2")])
    assert not pair["is_tie"]
    assert tie["is_tie"]
    assert tie["chosen"] is tie["rejected"] is tie["chosen_reward"] is None
    assert pair.keys() == tie.keys()


def test_responses_that_nobody_scored_make_no_pair():
    assert prepared(stage("pairs"), [answered("a", "b")]) == []
    assert PairsOptions().ties == "leave-out"


def test_a_delta_pair_knows_who_is_who():
    kind = STAGE_KINDS["delta-pairs"]
    delta = kind(kind.options_type(), {"stronger": ModelUse(name="big-model"), "weaker": ModelUse(name="small-model")})
    _, (pair,) = drive(delta, prompt(), [said("Deep."), said("Wet.")])
    assert (pair["chosen"]["model"], pair["rejected"]["model"]) == ("big-model", "small-model")
    assert pair["is_assumed"]
    assert pair["why"] == "big-model is taken to be stronger than small-model."
    assert pair["chosen_reward"] is None


def test_the_place_of_the_better_one_betrays_nothing():
    delta = stage("delta-pairs")
    firsts = set()
    for seed in range(12):
        asking = delta.asking(prompt(), np.random.default_rng(seed))
        next(asking)
        with pytest.raises(StopIteration) as end:
            asking.send([said("Deep."), said("Wet.")])
        firsts.add(end.value.value[0]["responses"][0]["text"])
    assert firsts == {"Deep.", "Wet."}


def test_two_equal_responses_make_no_pair():
    with pytest.raises(CannotParse, match="the same"):
        drive(stage("delta-pairs"), prompt(), [said("Deep."), said("Deep.")])


# --- prompts of other kinds -------------------------------------------------------------------------------------
def test_a_topic_following_prompt_ends_with_a_turn_that_leads_away():
    following = stage("topic-following", turns=1)
    (row,) = prepared(following, [SEA])
    talk = Talk(following, row, "You help sailors.", "How high is the tide?", "High.", "User: Tell me a joke.")
    (made,) = talk.rows
    assert [message["role"] for message in made["messages"]] == ["system", "user", "assistant", "user"]
    assert made["messages"][-1]["content"] == "Tell me a joke."
    assert made["metadata"]["distraction"] == row["way"]
    assert row["way"] in talk.calls[-1].prompt[-1]["content"]


def test_prompts_that_cannot_be_done_say_what_they_lack():
    incapable = stage("incapable", lacking=["sight"], kinds=1, count=2)
    (row,) = prepared(incapable, [SEA])
    made = Talk(incapable, row, "1. What is on my photo of the sea?\n2. Is this wave big?").rows
    assert [each["metadata"] for each in made] == [{"lacking": "sight"}] * 2


def test_an_honest_response_goes_over_one_that_pretends():
    pairs = stage("honest-pairs")
    row = prompt("What is on my photo?", metadata={"lacking": "sight"})
    assert prepared(pairs, [row, prompt(ident="p/2")]) == [row]
    calls, (pair,) = drive(pairs, row, [said("I cannot see it."), said("A ship.")])
    assert pair["chosen"]["text"] == "I cannot see it."
    assert pair["is_assumed"]
    assert pair["messages"] == row["messages"], "what the model was told to do is no part of the prompt"
    assert all(call.prompt[0]["role"] == "system" for call in calls)


def test_functions_are_read_checked_and_travel_with_the_prompt():
    calling = stage("function-calling")
    (row,) = prepared(calling, [SEA])
    reply = "Sure:\n" + json.dumps({"functions": [{**TOOL, "secret": 1}], "question": "High tide in Cork?"})
    (made,) = Talk(calling, row, reply).rows
    assert [tool["name"] for tool in made["tools"]] == ["tide"]
    assert "secret" not in made["tools"][0]
    assert made["messages"][-1]["content"] == "High tide in Cork?"


@pytest.mark.parametrize(
    ("tools", "says"),
    [
        ([], "Between 1 and"),
        ([{**TOOL, "name": "a b"}], "needs a name"),
        ([TOOL, TOOL], "same name"),
        ([{**TOOL, "description": " "}], "no description"),
        ([{**TOOL, "parameters": {"properties": {"port": {"type": "boat"}}}}], "has no type"),
        ([{**TOOL, "parameters": {"properties": {}, "required": ["port"]}}], "requires parameters"),
        ([{**TOOL, "parameters": []}], "no schema"),
    ],
)
def test_functions_that_cannot_be_called_are_refused(tools, says):
    with pytest.raises(CannotParse, match=says):
        checked_tools(tools)


TABLE = "| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("No table.", "has none"),
        (TABLE, "nothing that is asked"),
        (f"Which?\n{TABLE}\n| 5 |", "same number of columns"),
        ("Which?\n| a | b |\n|---|---|\n| 1 | 2 |", "has 1 rows"),
    ],
)
def test_a_broken_table_is_refused(text, says):
    check_table(f"Which is largest?\n\n{TABLE}")
    with pytest.raises(CannotParse, match=says):
        check_table(text)


GIVEN = {
    "responses": (prompt(), 1),
    "delta-pairs": (prompt(), 2),
    "honest-pairs": (prompt(metadata={"lacking": "sight"}), 2),
    "function-calling": (SEA, 1),
    "tables": (SEA, 1),
    "incapable": (SEA, 1),
}


@pytest.mark.parametrize("kind", GIVEN)
@settings(max_examples=30)
@given(text=st.text(max_size=300) | st.sampled_from(["{" * 5000, '{"a": 1e999}', '{"functions": [{}]}', "|-|" * 999]))
def test_no_reply_breaks_a_stage(kind, text):
    a_stage, (row, count) = stage(kind), GIVEN[kind]
    (first, *_) = prepared(a_stage, [row])
    try:
        _, rows = drive(a_stage, first, [said(text if place == 0 else "other") for place in range(count)])
    except CannotParse:
        return
    assert json.dumps(rows, ensure_ascii=False).encode()


# --- near-duplicates --------------------------------------------------------------------------------------------
def test_the_first_by_id_stays():
    rows = [
        prompt("How old is the sea", ident="p/2"),
        prompt("how old is  the sea?", ident="p/1"),
        prompt("Why?", "p/3"),
    ]
    assert [row["id"] for row in prepared(stage("near-duplicates"), rows)] == ["p/1", "p/3"]


def test_the_order_of_the_rows_does_not_matter():
    rows = [prompt(f"How old is the sea near {name}?", ident=f"p/{name}") for name in ("Cork", "Corks", "Rome", "Oslo")]
    kept = [{row["id"] for row in prepared(stage("near-duplicates"), order)} for order in (rows, rows[::-1])]
    assert kept[0] == kept[1]


# ruff: noqa: RUF001  (wide characters are what is tested)
@pytest.mark.parametrize(
    ("one", "other", "third"),
    [
        ("如何在冬天照顾阳台上的番茄植物？", "如何在冬天照顾阳台上的番茄植物", "请写一首关于秋天的短诗。"),
        (
            "겨울에 발코니 토마토를 어떻게 돌보나요?",
            "겨울에 발코니 토마토를 어떻게 돌보나요",
            "가을에 대한 짧은 시를 써 주세요.",
        ),
        ("Ｈｏｗ old is the sea near here?", "How old is the sea near here?", "Write a short poem on autumn."),
    ],
)
def test_texts_without_spaces_and_of_any_script_are_compared(one, other, third):
    assert first_of_each([one, other, third], 0.7) == [0, 2]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.5, 0.7, 0.9]))
def test_it_agrees_with_exact_comparison(seed, threshold):
    """Never is one removed that is not alike; and of all pairs that are, next to none are missed."""
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("abcdefgh "), size=80))]
    for _ in range(30):
        letters = list(texts[rng.integers(len(texts))])
        for place in rng.integers(len(letters), size=rng.integers(1, 12)):
            letters[place] = str(rng.choice(list("abcdefgh ")))
        texts.append("".join(letters))
    found, exact = first_of_each(texts, threshold), exactly(texts, threshold)
    sets = [set(shingles(text, 4)) for text in texts]
    for place in set(range(len(texts))) - set(found):
        assert any(likeness(sets[place], sets[kept]) >= threshold for kept in found if kept < place)
    assert len(set(found) ^ set(exact)) <= 3


def exactly(texts, threshold):
    sets, kept = [set(shingles(text, 4)) for text in texts], []
    for place, mine in enumerate(sets):
        if not any(likeness(mine, sets[other]) >= threshold for other in kept):
            kept.append(place)
    return kept


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.99, 1.0])
def test_the_bands_miss_at_most_one_pair_in_a_hundred_at_the_threshold(threshold):
    hashes, bands = bands_for(threshold)
    assert hashes % bands == 0
    assert hashes <= 256
    assert (1 - threshold ** (hashes // bands)) ** bands <= 0.01


def test_another_process_finds_the_same():
    rng = np.random.default_rng(3)
    texts = ["".join(rng.choice(list("abcd "), size=30)) for _ in range(300)]
    code = (
        "import json, sys; from modelgen.pipeline.stages.near_duplicates import first_of_each;"
        "print(json.dumps(first_of_each(json.load(sys.stdin), 0.3)))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    assert json.loads(other.stdout) == first_of_each(texts, 0.3)


def test_another_key_can_be_compared():
    rows = [
        prompt("one document, long", ident=f"p/{place}", request=text) for place, text in enumerate(["Why?", "How?"])
    ]
    assert len(prepared(stage("near-duplicates"), rows)) == 1
    assert len(prepared(stage("near-duplicates", key="request"), rows)) == 2


def test_half_characters_and_empty_texts_are_compared_too():
    assert first_of_each(["\ud800abc", "", " ", "\ud800abc"], 0.7) == [0, 1]


# --- mixes and splits -------------------------------------------------------------------------------------------
def test_a_prompt_stands_in_one_split_however_it_is_written():
    rows = [prompt(f"Question {place}?", ident=f"p/{place}") for place in range(400)]
    again = [prompt(f"  QUESTION {place}", ident=f"q/{place}") for place in range(400)]
    splits = stage("splits", shares={"sft": 3, "preference": 1})
    of_first, of_second = ([row["metadata"]["split"] for row in prepared(splits, each)] for each in (rows, again))
    assert of_first == of_second
    assert 250 < of_first.count("sft") < 350
    only = prepared(stage("splits", shares={"sft": 3, "preference": 1}, keep="preference"), rows)
    assert len(only) == of_first.count("preference")


def test_splits_that_cannot_be_are_refused():
    for options in ({"shares": {}}, {"shares": {"a": 0}}, {"shares": {"a": -1, "b": 2}}, {"keep": "test"}):
        with pytest.raises(OptionRefused):
            stage("splits", **options)


def test_a_mix_takes_its_shares_of_each_source_and_each_row_once():
    ours, theirs = ([prompt(ident=f"{name}/{place}") for place in range(10)] for name in "ab")
    rows = prepared(stage("mix", shares=[3, 1], count=8), ours, theirs)
    assert sorted(row["id"][0] for row in rows) == ["a"] * 6 + ["b"] * 2
    assert len(prepared(stage("mix"), ours, ours)) == 10
    assert prepared(stage("mix", shuffle=False), ours) == ours
    assert prepared(stage("mix"), ours) != ours
    with pytest.raises(WrongRows, match="2 numbers for 1 sources"):
        prepared(stage("mix", shares=[1, 1]), ours)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0, 5)), min_size=1, max_size=5),
    st.none() | st.integers(1, 100),
)
def test_a_mix_never_takes_more_than_there_is_or_is_wanted(sources, count):
    sizes, shares = [size for size, _ in sources], [share for _, share in sources]
    taken = mixed(sizes, shares, count)
    assert all(0 <= each <= size for each, size in zip(taken, sizes, strict=True))
    assert count is None or sum(taken) <= count
