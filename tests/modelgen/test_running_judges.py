"""A judge at work: every sample gets its word once, whatever happens in between."""

import contextlib
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from annotation.models import Judgment, ProjectJudge, Sample, Silence
from annotation.services import judging as platform_judging
from annotation.services import projects as platform_projects
from modelgen.engines.protocol import EngineDown, Reply
from modelgen.models import Chunk, Run, Stage, Unanswered
from modelgen.running import carrying_out, control, judging, leasing, progress, work
from modelgen.running.at_hand import EnginesAtHand
from modelgen.running.judging import JudgeWanted
from tests.annotation.story import PREFERENCE, make_project, make_sample
from tests.modelgen.scripted import SPENT, ScriptedEngine, at_hand, longer_is_better, nobody

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MODEL = "judge-model"


@pytest.fixture
def project():
    return make_project("pairs", attributes=[PREFERENCE])


def pair(project, name, first="short", second="looong", **keys):
    responses = [{"id": "x", "text": first, "model": "m1"}, {"id": "y", "text": second, "model": "m2"}]
    return make_sample(project, name, responses=responses, **keys)


def pairs(project, how_many):
    return [pair(project, f"s{number}") for number in range(how_many)]


def judge_at_work(project, *, chunk_rows=4, **options) -> Run:
    wanted = JudgeWanted(kind="llm-comparison", model=MODEL, options=options)
    return judging.put_to_work(project=project, wanted=wanted, by=None, at=NOW, chunk_rows=chunk_rows)


def do_all(engine, *, at=NOW) -> int:
    """As beat and a worker do; returns how many chunks were done."""
    carrying_out.look(at=at)
    hand, done = at_hand(engine, MODEL), 0
    while carrying_out.do_next(hand, now=lambda: at):
        done += 1
    return done


def test_a_judge_judges_every_sample_once_and_a_second_time_asks_nothing(project):
    pairs(project, 10)
    run = judge_at_work(project)
    engine = ScriptedEngine(longer_is_better)
    assert do_all(engine) == 3
    assert Judgment.objects.count() == 10
    assert {tuple(ratings) for ratings in Judgment.objects.values_list("ratings", flat=True)} == {(1,)}
    asked = len(engine.heard)
    assert asked == 20  # both orders
    assert do_all(engine) == 0
    assert len(engine.heard) == asked
    far = progress.of_run(run, at=NOW)
    assert (far.answered, far.failed, far.prompt_tokens) == (10, 0, 200)
    assert far.stages[0].rows == 10


def test_samples_that_come_later_are_judged_too(project):
    pairs(project, 3)
    judge_at_work(project)
    engine = ScriptedEngine(longer_is_better)
    do_all(engine)
    pair(project, "late")
    do_all(engine)
    assert Judgment.objects.filter(sample__external_id="late").exists()
    assert len(engine.heard) == 8


def test_a_sample_that_was_excluded_is_judged_when_it_comes_back(project):
    sample = pair(project, "s1")
    Sample.objects.filter(pk=sample.pk).update(state="excluded")
    judge_at_work(project)
    engine = ScriptedEngine(longer_is_better)
    do_all(engine)
    assert engine.heard == []
    Sample.objects.filter(pk=sample.pk).update(state="open")
    do_all(engine)
    assert Judgment.objects.filter(sample=sample).exists()


def test_a_judge_that_was_enabled_elsewhere_gets_its_run(project):
    pairs(project, 2)
    wanted = JudgeWanted(kind="llm-comparison", model=MODEL)
    platform_judging.enable(project=project, identity=wanted.identity)
    do_all(ScriptedEngine(longer_is_better))
    assert Judgment.objects.count() == 2


def test_a_judge_that_is_disabled_is_not_asked_any_more(project):
    pairs(project, 8)
    run = judge_at_work(project)
    engine = ScriptedEngine(longer_is_better)
    carrying_out.look(at=NOW)
    ProjectJudge.objects.filter(judge=run.judge).update(is_enabled=False)
    assert do_all(engine) == 0
    assert engine.heard == []


def test_only_models_that_are_served_here_are_asked(project):
    pairs(project, 2)
    judge_at_work(project)
    carrying_out.look(at=NOW)
    elsewhere = at_hand(ScriptedEngine(longer_is_better), "another-model")
    assert not carrying_out.do_next(elsewhere, now=lambda: NOW)


def test_a_worker_that_is_killed_loses_its_lease_and_the_chunk_is_done_by_another(project):
    pairs(project, 4)
    judge_at_work(project)
    carrying_out.look(at=NOW)
    lost = leasing.take(served=[MODEL], at=NOW)
    assert lost is not None
    engine = ScriptedEngine(longer_is_better)
    assert do_all(engine) == 0  # its lease still holds
    later = NOW + leasing.LEASE + timedelta(seconds=1)
    assert do_all(engine, at=later) == 1
    assert Judgment.objects.count() == 4
    # It was not dead after all: its word is not taken a second time.
    run = Run.objects.get()
    landed = work.land(lost, judging.Judging(run), [], begun=NOW, at=later)
    assert not landed
    assert Chunk.objects.get().answered_count == 4


def test_a_lease_is_renewed_by_its_holder_only(project):
    pairs(project, 1)
    judge_at_work(project)
    carrying_out.look(at=NOW)
    chunk = leasing.take(served=[MODEL], at=NOW)
    assert leasing.take(served=[MODEL], at=NOW) is None
    late = NOW + leasing.LEASE / 2
    assert leasing.renew(chunk, at=late)
    assert leasing.take(served=[MODEL], at=NOW + leasing.LEASE) is None
    other = leasing.take(served=[MODEL], at=late + leasing.LEASE * 2)
    assert other is not None
    assert not leasing.renew(chunk, at=late)


def test_when_nobody_answers_the_chunk_waits_and_the_run_says_so(project):
    pairs(project, 2)
    run = judge_at_work(project)
    with pytest.raises(EngineDown):
        do_all(ScriptedEngine(nobody))
    run.refresh_from_db()
    assert run.state == Run.State.RUNNING
    assert "refuses the connection" in run.problem
    assert Chunk.objects.get().attempts == 0
    assert do_all(ScriptedEngine(longer_is_better)) == 0  # others have their turn first
    assert do_all(ScriptedEngine(longer_is_better), at=NOW + leasing.REST * 2) == 1
    run.refresh_from_db()
    assert run.problem == ""
    assert Judgment.objects.count() == 2


def mumbling(call) -> Reply:
    """Neither letter is among what it might say next."""
    return Reply(labels={"A": float("-inf"), "B": float("-inf")}, usage=SPENT)


def test_a_row_without_a_usable_answer_is_counted_and_its_run_stops_above_the_share(project):
    pairs(project, 6)
    run = judge_at_work(project, chunk_rows=3)
    do_all(ScriptedEngine(mumbling))
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert "6 of 6 rows" in run.problem
    assert Unanswered.objects.filter(is_silent=False).count() == 6
    assert Judgment.objects.count() == 0
    assert progress.of_run(run, at=NOW).failed == 6


def test_failed_rows_are_asked_again_when_somebody_says_so(project):
    pairs(project, 6)
    run = judge_at_work(project, chunk_rows=3)
    do_all(ScriptedEngine(mumbling))
    run.refresh_from_db()
    control.resume(run)
    engine = ScriptedEngine(longer_is_better)
    assert do_all(engine) == 0  # they are not asked again by themselves
    assert control.ask_failed_again(run) == 6
    do_all(engine)
    assert Judgment.objects.count() == 6
    assert Unanswered.objects.count() == 0
    print(list(Chunk.objects.values_list("number", "rows", "row_count", "answered_count", "failed_count", "is_done")))
    far = progress.of_run(run, at=NOW)
    assert (far.answered, far.failed) == (6, 0)


def half_mumbling(call) -> Reply:
    return longer_is_better(call) if "Prompt of s1" in str(call) else mumbling(call)


def test_whoever_resumes_a_run_has_seen_its_failures(project):
    pairs(project, 2)
    run = judge_at_work(project, chunk_rows=1)
    do_all(ScriptedEngine(mumbling))
    run.refresh_from_db()
    control.resume(run)
    pair(project, "s12")
    do_all(ScriptedEngine(half_mumbling))
    run.refresh_from_db()
    assert run.state == Run.State.RUNNING


def test_a_paused_run_begins_no_chunk_until_it_is_resumed(project):
    pairs(project, 2)
    run = judge_at_work(project)
    engine = ScriptedEngine(longer_is_better)
    control.pause(run)
    assert do_all(engine) == 0
    control.resume(run)
    assert do_all(engine) == 1


def test_a_judge_has_no_end_but_can_be_switched_off_and_on(project):
    pairs(project, 2)
    run = judge_at_work(project)
    with pytest.raises(control.RunRefused, match="has no end"):
        control.cancel(run, at=NOW)
    platform_judging.switch(project=project, judge=run.judge, is_enabled=False)
    engine = ScriptedEngine(longer_is_better)
    assert do_all(engine) == 0
    assert judge_at_work(project) == run
    assert do_all(engine) == 1


def test_a_judge_that_contradicts_itself_is_unsure(project):
    pair(project, "s1")
    judge_at_work(project)
    first_always = Reply(labels={"A": -0.1, "B": -2.5}, usage=SPENT)
    do_all(ScriptedEngine(lambda call: first_always))
    judgment = Judgment.objects.get()
    assert judgment.is_unsure
    assert judgment.details


def test_a_judge_that_is_torn_has_probabilities_and_no_value():
    scale = [{"value": value, "label": str(value)} for value in (-1, 1)]
    forced = {"name": "preference", "scope": "comparison", "level": "ordinal", "values": scale, "trigger": True}
    project = make_project("forced", attributes=[forced])
    pair(project, "s1")
    judge_at_work(project)
    even = Reply(labels={"A": -0.7, "B": -0.7}, usage=SPENT)
    do_all(ScriptedEngine(lambda call: even))
    judgment = Judgment.objects.get()
    assert judgment.ratings == [None]
    assert judgment.probabilities == [[0.5, 0.5]]


def test_a_sample_with_a_relative_is_marked(project):
    make_sample(project, "own", responses=[{"text": "short", "model": MODEL}, {"text": "looong", "model": "other"}])
    pair(project, "others")
    judge_at_work(project)
    do_all(ScriptedEngine(longer_is_better))
    marked = dict(Judgment.objects.values_list("sample__external_id", "is_relative"))
    assert marked == {"own": True, "others": False}
    assert Judgment.objects.get(sample__external_id="own").details["relatives"] == [0]


def test_a_sample_with_nothing_to_verify_is_no_failure_and_not_asked_again(project):
    make_sample(
        project, "right", responses=["It is 4.", "It is 5."], metadata={"answer": "4", "answer_kind": "numeric"}
    )
    make_sample(project, "open", responses=["short", "looong"])
    wanted = JudgeWanted(kind="verifier")
    run = judging.put_to_work(project=project, wanted=wanted, by=None, at=NOW)
    do_all(ScriptedEngine(nobody))
    far = progress.of_run(run, at=NOW)
    assert (far.answered, far.failed, far.stages[0].silent) == (1, 0, 1)
    assert Judgment.objects.get().ratings == [-1]
    assert do_all(ScriptedEngine(nobody)) == 0
    assert [silence.sample.external_id for silence in Silence.objects.all()] == ["open"]
    assert not platform_judging.unheard(project, project.samples.all(), run.judge).exists()


def test_a_chunk_that_never_ends_stops_its_run(project):
    pairs(project, 1)
    run = judge_at_work(project)

    at = NOW
    for _ in range(leasing.MOST_ATTEMPTS):
        carrying_out.look(at=at)
        assert leasing.take(served=[MODEL], at=at) is not None  # by a worker that dies of it
        at += leasing.LEASE * 2
    carrying_out.look(at=at)
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert "begun 5 times" in run.problem


def test_a_mistake_in_the_program_costs_its_row_and_not_the_others(project):
    pairs(project, 3)
    run = judge_at_work(project)
    run.most_failures = 0.5
    run.save()

    def mistaken(call):
        return 1 / 0 if "Prompt of s1" in str(call) else longer_is_better(call)

    do_all(ScriptedEngine(mistaken))
    assert Judgment.objects.count() == 2
    assert "ZeroDivisionError" in Unanswered.objects.get().problem


def test_rows_that_were_answered_before_a_server_went_are_kept_and_paid_once(project):
    pairs(project, 4)
    run = judge_at_work(project)

    def going_away(call):
        return nobody(call) if "Prompt of s2" in str(call) else longer_is_better(call)

    with pytest.raises(EngineDown):
        do_all(ScriptedEngine(going_away))
    assert Judgment.objects.count() == 3
    engine = ScriptedEngine(longer_is_better)
    do_all(engine, at=NOW + leasing.REST * 2)
    assert Judgment.objects.count() == 4
    assert len(engine.heard) == 2
    far = progress.of_run(run, at=NOW)
    assert (far.answered, far.stages[0].rows) == (4, 4)


def test_a_model_that_is_down_keeps_no_other_model_waiting(project):
    pairs(project, 6)
    judge_at_work(project)
    judging.put_to_work(project=project, wanted=JudgeWanted(kind="llm-rating", model="dead"), by=None, at=NOW)
    other = JudgeWanted(kind="llm-comparison", model="dead", seed=5)
    judging.put_to_work(project=project, wanted=other, by=None, at=NOW, chunk_rows=2)
    carrying_out.look(at=NOW)
    alive, dead = ScriptedEngine(longer_is_better), ScriptedEngine(nobody)
    hand = EnginesAtHand(frozenset({MODEL, "dead"}), lambda name: alive if name == MODEL else dead)
    for _ in range(6):
        with contextlib.suppress(EngineDown):
            carrying_out.do_next(hand, now=lambda: NOW)
    assert Judgment.objects.count() == 6
    assert len(dead.heard) <= 4  # asked once in a while, not again and again


def test_stages_take_turns(project):
    pairs(project, 8)
    judge_at_work(project, chunk_rows=2)
    judging.put_to_work(
        project=project, wanted=JudgeWanted(kind="llm-comparison", model=MODEL, seed=2), by=None, at=NOW, chunk_rows=2
    )
    carrying_out.look(at=NOW)
    clock = (NOW + timedelta(seconds=second) for second in range(100))
    taken = [leasing.take(served=[MODEL], at=next(clock)).stage_id for _ in range(4)]
    assert taken[0] == taken[2] != taken[1] == taken[3]


def test_a_second_pass_puts_nothing_into_a_chunk_twice(project):
    samples = pairs(project, 10)
    Sample.objects.filter(pk=samples[0].pk).update(state="excluded")
    run = judge_at_work(project, chunk_rows=2)
    run.chunk_rows = 2
    carrying_out.look(at=NOW)
    Sample.objects.filter(pk=samples[0].pk).update(state="open")
    for _ in range(3):
        carrying_out.look(at=NOW)
    planned = [row for rows in Chunk.objects.values_list("rows", flat=True) for row in rows]
    assert sorted(planned) == [sample.pk for sample in samples]


def test_a_run_that_cannot_be_planned_stops_and_the_others_go_on(project):
    broken = judge_at_work(project)
    pairs(project, 2)
    Stage.objects.all().delete()
    judging.put_to_work(
        project=project, wanted=JudgeWanted(kind="llm-comparison", model=MODEL, seed=2), by=None, at=NOW
    )
    do_all(ScriptedEngine(longer_is_better))
    broken.refresh_from_db()
    assert broken.state == Run.State.STOPPED
    assert "cannot go on" in broken.problem
    assert Judgment.objects.count() == 2


def test_what_a_model_said_stays_when_a_failed_row_is_asked_again(project):
    pair(project, "s1")
    run = judge_at_work(project, thinking={"count": 1})
    do_all(ScriptedEngine(lambda call: Reply(texts=("Well, well.",), was_cut=(False,), usage=SPENT)))
    run.refresh_from_db()
    control.resume(run)
    control.ask_failed_again(run)
    assert "Well, well." in str(Chunk.objects.order_by("number").first().raw_texts)


def test_when_a_rubric_gets_other_words_the_same_judge_is_asked_in_them(project):
    pairs(project, 2)
    first = judge_at_work(project)
    engine = ScriptedEngine(longer_is_better)
    do_all(engine)
    scale = [{"value": value, "label": f"words of {value}"} for value in (-1, 0, 1)]
    platform_projects.change_rubric(
        project=project, attributes=[{**PREFERENCE, "values": scale}], by=None, at=NOW, reason="Clearer words."
    )
    do_all(engine)
    now_at_work = ProjectJudge.objects.get(is_enabled=True).judge
    assert now_at_work != first.judge
    assert Judgment.objects.filter(judge=now_at_work).count() == 2
    assert len(engine.heard) == 8


def test_a_judge_that_was_paused_does_not_begin_again_because_a_rubric_changed(project):
    pairs(project, 2)
    run = judge_at_work(project)
    control.pause(run)
    scale = [{"value": value, "label": f"words of {value}"} for value in (-1, 0, 1)]
    platform_projects.change_rubric(
        project=project, attributes=[{**PREFERENCE, "values": scale}], by=None, at=NOW, reason="Clearer words."
    )
    engine = ScriptedEngine(longer_is_better)
    assert do_all(engine) == 0
    control.resume(run)
    do_all(engine)
    assert Judgment.objects.get(sample__external_id="s0").judge != run.judge


def test_a_judge_is_another_when_anything_of_it_is(project):
    same = partial(JudgeWanted, kind="llm-comparison", model=MODEL)
    digests = {same().identity.digest, same(seed=2).identity.digest, same(revision="r2").identity.digest}
    digests |= {JudgeWanted(kind="llm-comparison", model="other").identity.digest}
    assert len(digests) == 4
    assert same().identity.digest in digests


def test_a_kind_that_asks_a_model_needs_one_and_a_verifier_none():
    with pytest.raises(judging.JudgeRefused, match="asks a model"):
        _ = JudgeWanted(kind="llm-rating").identity
    with pytest.raises(judging.JudgeRefused, match="asks no model"):
        _ = JudgeWanted(kind="verifier", model=MODEL).identity


def test_hostile_texts_of_a_model_are_kept_as_text(project):
    pair(project, "s1")
    judge_at_work(project, thinking={"count": 2})
    texts = ("\x00<script>\ud800", "nothing")
    do_all(ScriptedEngine(lambda call: Reply(texts=texts, was_cut=(False, False), usage=SPENT)))
    kept = Unanswered.objects.get()
    assert "<script>" in kept.raw_text
    assert "\x00" not in kept.raw_text
