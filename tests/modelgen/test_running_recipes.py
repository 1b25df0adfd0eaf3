"""A recipe carried out: stage after stage, cut off and taken up again, landed once."""

from datetime import UTC, datetime, timedelta

import pytest

from annotation.models import DatasetVersion
from modelgen.engines.protocol import CannotBeAsked, EngineDown, Generate
from modelgen.models import Chunk, Output, Run, Stage, Unanswered
from modelgen.pipeline.recipe import parse_recipe
from modelgen.running import carrying_out, control, leasing, progress, recipes, work
from tests.annotation.story import join, make_project
from tests.modelgen.scripted import ScriptedEngine, at_hand, nobody, saying

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

QUESTIONS = """
name: questions
seed: 7
models: {writer: small-model}
chunk: 2
stages:
  - {kind: listed-topics, topics: [Bread, Rivers, Clocks]}
  - {kind: questions, count: 2}
"""
WITH_RESPONSES = """
  - {kind: responses, models: [writer], samples: 2, temperature: 0.8}
"""
TO_SAMPLES = "result: {to: samples, prefix: q-}\n"
TO_VERSION = "result: {to: version}\n"


@pytest.fixture
def project():
    return make_project("open-questions")


def answering(call) -> object:
    """Asked for questions it lists two; asked a question it answers, each time otherwise."""
    assert isinstance(call, Generate)
    text = str(call.prompt)
    if "Bread" in text and "question" in text.lower() and "list" in text.lower():
        return saying("1. How is bread made at home?\n2. Why does dough rise in the warmth?")
    if "list" in text.lower():
        return saying("1. How do rivers find the sea?\n2. Who made the first clock of all?")
    return saying(*(f"An answer, number {call.sampling.seed} {n}." for n in range(call.sampling.count)))


def start(project, text) -> Run:
    return recipes.start(recipe=parse_recipe(text), project=project, by=None, at=NOW)


def do_all(engine, *, at=NOW) -> int:
    carrying_out.look(at=at)
    hand, done = at_hand(engine, "small-model"), 0
    while carrying_out.do_next(hand, now=lambda: at):
        done += 1
    carrying_out.look(at=at)
    return done


def test_a_recipe_goes_through_its_stages_and_ends(project):
    run = start(project, QUESTIONS)
    engine = ScriptedEngine(answering)
    assert do_all(engine) == 2  # three topics, two a chunk
    run.refresh_from_db()
    assert run.state == Run.State.FINISHED
    last = run.places.last().stage
    assert last.outputs.count() == 6
    assert [row["topic"] for row in recipes.rows_of(last)] == ["Bread", "Bread", "Rivers", "Rivers", "Clocks", "Clocks"]
    far = progress.of_run(run, at=NOW)
    assert [stage.outputs for stage in far.stages] == [3, 6]


def test_run_again_it_asks_nothing_and_is_the_same_run(project):
    first = start(project, QUESTIONS)
    engine = ScriptedEngine(answering)
    do_all(engine)
    asked = len(engine.heard)
    again = start(project, QUESTIONS)
    assert again == first
    do_all(engine)
    assert len(engine.heard) == asked


def test_cut_off_it_goes_on_where_it_stopped(project):
    run = start(project, QUESTIONS)
    engine = ScriptedEngine(answering)
    carrying_out.look(at=NOW)
    assert carrying_out.do_next(at_hand(engine, "small-model"), now=lambda: NOW)
    made = Output.objects.count()
    with pytest.raises(EngineDown):
        do_all(ScriptedEngine(nobody))
    assert Output.objects.count() == made
    assert start(project, QUESTIONS) == run
    do_all(engine, at=NOW + leasing.REST * 2)
    assert run.places.last().stage.outputs.count() == 6
    assert len(engine.heard) == 3


def test_a_recipe_that_begins_alike_shares_what_was_made(project):
    start(project, QUESTIONS)
    engine = ScriptedEngine(answering)
    do_all(engine)
    asked = len(engine.heard)
    longer = start(project, QUESTIONS + WITH_RESPONSES)
    do_all(engine)
    longer.refresh_from_db()
    assert longer.state == Run.State.FINISHED
    assert Stage.objects.count() == 3
    assert len(engine.heard) - asked == 12  # two responses to each of six questions, and nothing else


def test_samples_land_once_and_are_ready_for_people(project):
    text = QUESTIONS + WITH_RESPONSES + TO_SAMPLES
    run = start(project, text)
    do_all(ScriptedEngine(answering))
    run.refresh_from_db()
    assert run.landed == {"samples": 6}
    sample = project.samples.select_related("content").order_by("pk").first()
    assert sample.state == "open"
    assert sample.external_id.startswith("q-")
    assert [response["model"] for response in sample.content.responses] == ["small-model"] * 2
    made_by = sample.content.metadata["made_by"]
    assert made_by["run"] == run.pk
    assert made_by["stages"][-1]["models"]["writer"]["sampling"]["temperature"] == 0.8


def test_prompts_without_responses_cannot_become_samples(project):
    """Refused beforehand where no stage gives any; here some rows have them and some have not."""
    mixed = "  - {kind: mix, from: [questions, responses], shuffle: false}\n"
    run = start(project, QUESTIONS + WITH_RESPONSES + mixed + TO_SAMPLES)
    do_all(ScriptedEngine(answering))
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert "no responses" in run.problem
    assert project.samples.count() == 0


def test_a_machine_generated_version_says_what_it_is(project):
    run = start(project, QUESTIONS + TO_VERSION)
    do_all(ScriptedEngine(answering))
    run.refresh_from_db()
    assert run.landed == {"version": 1, "rows": 6}
    version = DatasetVersion.objects.get()
    assert version.origin == DatasetVersion.Origin.MODELS
    assert version.state == DatasetVersion.State.READY
    assert version.about["models"][0]["licence"] == "unknown"
    assert version.counts == {"rows.jsonl": 6}


def test_a_stage_whose_failures_nobody_looked_at_stops_its_run_all_the_same(project):
    """The worker that landed the last chunk died before it looked."""
    run = start(project, QUESTIONS)
    carrying_out.look(at=NOW)
    hand = at_hand(ScriptedEngine(chattering), "small-model")
    while (chunk := leasing.take(served=["small-model"], at=NOW)) is not None:
        work.answer(chunk, recipes.Making(run.places.last()), hand, now=lambda: NOW)
    carrying_out.look(at=NOW)
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED


def test_no_rows_make_no_version(project):
    run = start(project, QUESTIONS.replace("chunk: 2", "chunk: 2\nmost_failures: 1.0") + TO_VERSION)
    do_all(ScriptedEngine(chattering))
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert "no rows" in run.problem
    assert not DatasetVersion.objects.exists()


def chattering(call):
    return saying("I would rather talk about something else.")


def test_too_many_failures_stop_a_run_and_resuming_it_goes_on(project):
    run = start(project, QUESTIONS)
    do_all(ScriptedEngine(chattering))
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert "3 of 3 rows of stage questions" in run.problem
    assert "talk about" in Unanswered.objects.first().raw_text
    control.resume(run)
    do_all(ScriptedEngine(chattering))
    run.refresh_from_db()
    assert run.state == Run.State.FINISHED


def test_what_models_said_is_kept_word_for_word(project):
    run = start(project, QUESTIONS)
    do_all(ScriptedEngine(answering))
    chunk = run.places.last().stage.chunks.first()
    assert any("1. How" in text for texts in chunk.raw_texts.values() for text in texts)


def test_rounds_chain_and_their_lineage_shows(project):
    first = start(project, QUESTIONS)
    do_all(ScriptedEngine(answering))
    second = QUESTIONS.replace("seed: 7", "seed: 8") + f"previous: {{run: '{first.pk}', model: tuned-1, version: v1}}\n"
    run = start(project, second)
    assert run.previous == first
    assert run.lineage == {"run": str(first.pk), "model": "tuned-1", "version": "v1"}
    assert list(first.next_rounds.all()) == [run]


def test_a_cancelled_run_is_begun_anew_and_uses_what_was_made(project):
    run = start(project, QUESTIONS)
    engine = ScriptedEngine(answering)
    do_all(engine)
    control_run = start(project, QUESTIONS.replace("seed: 7", "seed: 9"))
    control.cancel(control_run, at=NOW)
    again = start(project, QUESTIONS.replace("seed: 7", "seed: 9"))
    assert again != control_run
    assert again.state == Run.State.RUNNING
    assert run.pk < again.pk
    with pytest.raises(control.RunRefused, match="is cancelled"):
        control.resume(control_run)


def test_tokens_a_second_and_time_left_are_told_while_it_runs(project):
    run = start(project, QUESTIONS)
    carrying_out.look(at=NOW)
    clock = iter([NOW, NOW, NOW + timedelta(seconds=2), NOW + timedelta(seconds=2)])
    carrying_out.do_next(at_hand(ScriptedEngine(answering), "small-model"), now=lambda: next(clock))
    far = progress.of_run(run, at=NOW + timedelta(seconds=2))
    asking = far.stages[1]
    assert asking.tokens_a_second == pytest.approx(12)
    assert asking.rows_a_second == pytest.approx(1)
    assert far.seconds_left == pytest.approx(1)


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 19, "\u0663"])
def test_a_last_round_of_no_possible_number_is_none(project, number):
    assert start(project, QUESTIONS + f"previous: {{run: '{number}'}}\n").previous is None


def test_a_recipe_for_another_project_is_not_started_here(project):
    elsewhere = QUESTIONS + "result: {to: version, project: elsewhere}\n"
    with pytest.raises(control.RunRefused, match=r"for project 'elsewhere'.*in 'open-questions'"):
        start(project, elsewhere)
    assert start(project, elsewhere.replace("elsewhere", project.slug)).state == Run.State.RUNNING


def test_the_page_says_that_a_recipe_is_for_another_project(project, client, settings):
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": static}
    client.force_login(join(project, "ada", role="admin"))
    own = f"/projects/{project.slug}/models/recipes/own/"
    text = QUESTIONS + "result: {to: version, project: elsewhere}\n"
    answer = client.post(own, {"recipe": text, "action": "start"})
    assert answer.status_code == 422
    assert "is for project" in answer.content.decode()
    assert not Run.objects.exists()


def has_no_such_call(call):
    raise CannotBeAsked("small-model has no Generate. Serve it with vLLM.")


def test_a_call_that_can_never_be_answered_stops_the_run_and_is_no_rows_failure(project):
    run = start(project, QUESTIONS)
    assert do_all(ScriptedEngine(has_no_such_call)) == 1
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert "Serve it with vLLM" in run.problem
    assert (Unanswered.objects.count(), set(Chunk.objects.values_list("attempts", flat=True))) == (0, {0})
    control.resume(run)
    do_all(ScriptedEngine(answering))
    run.refresh_from_db()
    assert run.state == Run.State.FINISHED
