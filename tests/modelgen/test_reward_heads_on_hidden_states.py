"""Reward heads on the hidden states of a model: read once in chunks, kept, fitted out of fold, and never asked for again."""

from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotation.models import Judge, Judgment, Sample
from annotation.services import judging
from modelgen.engines.protocol import EngineDown, Reply, Represent
from modelgen.judges.head.fitting import FittedHead
from modelgen.models import Chunk, HiddenState, RewardHead, RewardHeadPlan, Run, Unanswered
from modelgen.running import carrying_out, control, hidden_states, leasing, progress, reward_heads
from modelgen.running.reward_heads.features import HiddenStates, matrix
from modelgen.running.reward_heads.plans import HeadRefused
from tests.modelgen.scripted import SPENT, ScriptedEngine, at_hand
from tests.modelgen.test_reward_heads import (
    NOW,
    OVERALL,
    add_samples,
    everybody_rates,
    long_text,
    longer_is_better,
    make_project,
)

pytestmark = pytest.mark.django_db
MODEL, WIDTH = "gemma3-270m", 24
PREFERENCE = {"name": "preference", "scope": "comparison", "level": "ordinal", "trigger": True}
PREFERENCE |= {"values": [{"value": value} for value in (-1, 0, 1)]}


def reading(call) -> Reply:
    """A hidden state in which one number, among much noise that the text decides, grows with the length."""
    assert isinstance(call, Represent)
    *_, response = call.prompt
    noise = np.random.default_rng(list(str(call.prompt).encode())).normal(size=WIDTH)
    noise[7] += len(response["content"]) / 100
    return Reply(numbers=tuple(noise.tolist()), usage=SPENT)


def nobody(call) -> Reply:
    raise EngineDown("No server of gemma3-270m answers.")


def do_all(engine, *, at=NOW) -> int:
    """As beat and a worker do; returns how many chunks were done."""
    carrying_out.look(at=at)
    hand, done = at_hand(engine, MODEL), 0
    while carrying_out.do_next(hand, now=lambda: at):
        done += 1
    return done


@pytest.fixture
def project():
    """A hundred samples; people rated ninety of them."""
    made = make_project()
    add_samples(made, range(100))
    everybody_rates(made, range(90))
    return made


@pytest.fixture
def plan(project):
    return reward_heads.plan_for(project, model=MODEL, revision="r1")


@pytest.fixture
def engine():
    return ScriptedEngine(reading)


def test_a_head_is_fitted_when_the_model_has_read_every_labelled_sample(project, plan, engine):
    assert not reward_heads.is_idle(project)
    assert reward_heads.judge_all_projects() == 0
    assert do_all(engine) == 2
    assert reward_heads.judge_all_projects() == 100
    judge = judging.enabled_judges(project).get()
    about = judge.configuration
    assert (about["model"], about["revision"], about["fitted_to"]) == (MODEL, "r1", 90)
    assert "gemma" in judge.family
    assert "likelier" in about["notes"]["overall"]
    assert reward_heads.is_idle(project)


def test_what_is_asked_is_the_conversation_that_ends_with_the_response(project, plan, engine):
    do_all(engine)
    asked = next(call for call in engine.heard if call.prompt[0]["content"] == "Prompt 3")
    assert [message["role"] for message in asked.prompt] == ["user", "assistant"]
    assert asked.prompt[1]["content"] == long_text(3)


def test_refitting_and_judging_again_asks_nothing(project, plan, engine):
    do_all(engine)
    reward_heads.judge_all_projects()
    asked = len(engine.heard)
    assert asked == 100
    everybody_rates(project, range(90, 100))
    RewardHeadPlan.objects.update(fitted_to=50)
    assert reward_heads.judge_all_projects() == 100
    assert Judge.objects.count() == 2
    assert do_all(engine) == 0
    assert len(engine.heard) == asked


def test_labels_that_grew_by_a_fifth_make_a_new_judge(project, plan, engine):
    do_all(engine)
    reward_heads.judge_all_projects()
    [old] = judging.enabled_judges(project)
    everybody_rates(project, range(90, 100))
    assert reward_heads.judge_all_projects() == 0  # a ninth more
    add_samples(project, range(100, 110))
    everybody_rates(project, range(100, 110))
    assert reward_heads.judge_all_projects() == 0  # the new ones are not read yet
    do_all(engine)
    assert reward_heads.judge_all_projects() == 110
    [new] = judging.enabled_judges(project)
    assert (new != old, new.configuration["fitted_to"]) == (True, 110)


def test_every_rated_sample_is_judged_by_a_head_that_did_not_see_it(project, plan, engine):
    do_all(engine)
    reward_heads.judge_all_projects()
    head = FittedHead.from_bytes(bytes(RewardHead.objects.get().content))
    judgment = Judgment.objects.select_related("sample__content").get(sample__external_id="s7")
    state = matrix(HiddenStates(plan), [(judgment.sample_id, 0)])
    out_of_fold = head.predict_out_of_fold(state, [judgment.sample.content.prompt_digest])[0]
    assert judgment.probabilities[0] == pytest.approx(out_of_fold.tolist())
    assert out_of_fold.tolist() != pytest.approx(head.predict(state)[0].tolist())


def test_a_comparison_is_of_the_second_less_the_first(engine):
    project = make_project([PREFERENCE])
    add_samples(project, range(60), lambda number: [long_text(number), long_text(number + 1 + number % 4)])
    everybody_rates(project, range(60), longer_is_better)
    plan = reward_heads.plan_for(project, model=MODEL)
    do_all(engine)
    assert reward_heads.judge_all_projects() == 60
    sample = project.samples.get(external_id="s3")
    [(_, states)] = hidden_states.stored(hidden_states.of_model(MODEL, ""), [sample.pk])
    assert states.shape == (2, WIDTH)
    [difference] = matrix(HiddenStates(plan), [(sample.pk, None)])
    assert difference.tolist() == (states[1] - states[0]).tolist()


def test_states_are_kept_as_the_model_gave_them_but_for_the_last_digits(project, plan, engine):
    do_all(engine)
    sample = project.samples.get(external_id="s3")
    [(_, states)] = hidden_states.stored(hidden_states.of_model(MODEL, "r1"), [sample.pk])
    asked = next(call for call in engine.heard if call.prompt[0]["content"] == "Prompt 3")
    assert states[0] == pytest.approx(reading(asked).numbers, rel=1e-3, abs=1e-6)


# --- cut off, refused, paused ---------------------------------------------------------------------------------------
def test_a_worker_that_is_killed_leaves_what_it_read_and_another_reads_the_rest(project, plan, engine):
    carrying_out.look(at=NOW)
    assert carrying_out.do_next(at_hand(engine, MODEL), now=lambda: NOW)
    assert leasing.take(served=[MODEL], at=NOW)  # and dies with it
    assert do_all(engine) == 0
    assert reward_heads.judge_all_projects() == 0
    assert do_all(engine, at=NOW + leasing.LEASE + timedelta(seconds=1)) == 1
    assert HiddenState.objects.count() == len(engine.heard) == 100


def test_when_nobody_answers_the_run_says_so_and_goes_on_later(project, plan, engine):
    with pytest.raises(EngineDown):
        do_all(ScriptedEngine(nobody))
    run = Run.objects.get()
    assert (run.kind, run.state, "No server" in run.problem) == ("hidden-states", "running", True)
    assert do_all(engine, at=NOW + leasing.REST * 2) == 2
    run.refresh_from_db()
    assert run.problem == ""
    far = progress.of_run(run, at=NOW)
    assert (far.answered, far.stages[0].rows, far.prompt_tokens) == (100, 100, 1000)


def test_only_where_the_model_is_served_is_it_asked(project, plan, engine):
    carrying_out.look(at=NOW)
    assert not carrying_out.do_next(at_hand(engine, "another"), now=lambda: NOW)


def test_a_paused_run_reads_nothing_and_a_cancelled_one_is_begun_anew(project, plan, engine):
    run = hidden_states.run_of(plan, by=None, at=NOW)
    control.pause(run)
    assert do_all(engine) == 0
    control.cancel(run, at=NOW)
    again = hidden_states.run_of(plan, by=None, at=NOW)
    assert again.pk != run.pk
    assert do_all(engine) == 2
    assert progress.of_run(run, at=NOW).stages[0].kind == "hidden-states"


def refusing_every_tenth(call) -> Reply:
    return Reply(numbers=(), usage=SPENT) if "Prompt 5'" in str(call.prompt) else reading(call)


def test_a_sample_that_cannot_be_read_is_counted_and_goes_without_a_judgment(project, plan):
    engine = ScriptedEngine(refusing_every_tenth)
    do_all(engine)
    assert "have as many" in Unanswered.objects.get().problem
    assert reward_heads.judge_all_projects() == 99
    assert judging.enabled_judges(project).get().configuration["fitted_to"] == 89
    assert reward_heads.is_idle(project)
    assert do_all(engine) == 0


def test_excluded_samples_are_not_read_and_late_ones_are(project, plan, engine):
    Sample.objects.filter(external_id="s95").update(state="excluded")
    do_all(engine)
    assert len(engine.heard) == 99
    add_samples(project, [200])
    do_all(engine)
    assert len(engine.heard) == 100


# --- several heads, and rest ----------------------------------------------------------------------------------------
def test_heads_on_text_and_on_several_models_stand_beside_one_another(project, plan, engine):
    reward_heads.plan_for(project)
    do_all(engine)
    assert reward_heads.judge_all_projects() == 200
    assert judging.enabled_judges(project).count() == 2


def test_another_revision_takes_the_place_of_the_first(project, plan, engine):
    do_all(engine)
    reward_heads.judge_all_projects()
    newer = reward_heads.plan_for(project, model=MODEL, revision="r2")
    plan.refresh_from_db()
    assert (plan.is_enabled, newer.is_enabled, judging.enabled_judges(project).count()) == (False, True, 0)
    do_all(engine)
    assert reward_heads.judge_all_projects() == 100
    assert judging.enabled_judges(project).get().configuration["revision"] == "r2"


def test_a_head_that_rests_reads_and_judges_nothing_until_it_is_asked_for_again(project, plan, engine):
    do_all(engine)
    reward_heads.judge_all_projects()
    reward_heads.rest(plan)
    add_samples(project, [200])
    assert do_all(engine) == 0
    assert reward_heads.judge_all_projects() == 0
    assert not judging.enabled_judges(project).exists()
    reward_heads.plan_for(project, model=MODEL, revision="r1")
    assert do_all(engine) == 1
    assert reward_heads.judge_all_projects() == 1
    assert judging.enabled_judges(project).count() == 1


def test_a_head_whose_judge_was_switched_off_rests(project, plan, engine):
    do_all(engine)
    reward_heads.judge_all_projects()
    judging.switch(project=project, judge=Judge.objects.get(), is_enabled=False)
    add_samples(project, [200])
    do_all(engine)
    assert reward_heads.judge_all_projects() == 0


def test_a_relative_of_the_model_is_marked(project, plan, engine):
    add_samples(project, [300], lambda number: [{"text": "Well.", "model": "google/gemma-3-27b-it"}])
    do_all(engine)
    reward_heads.judge_all_projects()
    assert list(Judgment.objects.filter(is_relative=True).values_list("sample__external_id", flat=True)) == ["s300"]


def test_a_sample_of_which_no_head_can_speak_is_passed_over(engine):
    project = make_project([PREFERENCE])
    add_samples(project, range(60), lambda number: [long_text(number), long_text(number + 1 + number % 4)])
    everybody_rates(project, range(60), longer_is_better)
    add_samples(project, [70], lambda number: ["One.", "Two.", "Three."])
    reward_heads.plan_for(project, model=MODEL)
    do_all(engine)
    assert reward_heads.judge_all_projects() == 60


# --- the command ----------------------------------------------------------------------------------------------------
def said_by(*words) -> str:
    out = StringIO()
    call_command("reward_head", *words, stdout=out)
    return out.getvalue()


def test_the_command_fits_a_head_on_text_and_lets_it_rest(project):
    assert "Fitted to 90 labelled samples" in said_by("recipes")
    assert Judgment.objects.count() == 100
    assert "rests" in said_by("recipes", "--off")
    assert not judging.enabled_judges(project).exists()
    with pytest.raises(CommandError, match="no reward head on embedded at work"):
        said_by("recipes", "--off")


def test_the_command_says_how_many_labels_are_missing(db):
    made = make_project([OVERALL])
    add_samples(made, range(30))
    everybody_rates(made, range(12))
    assert "12 samples have labels, and the first fit needs 40" in said_by("recipes")


def test_text_features_have_no_revision_to_choose(project):
    with pytest.raises(HeadRefused, match="a revision of their own"):
        reward_heads.plan_for(project, revision="r1")
    assert not Chunk.objects.exists()
