"""The pages of runs: who sees what, what is shown while models are asked, what is said before anything is started."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.models import Judge, ProjectJudge
from modelgen.engines.protocol import EngineDown, Generate
from modelgen.judges import principles
from modelgen.judges.reward_model import WEIGHTS
from modelgen.models import Chunk, Run, Stage, Unanswered
from modelgen.pipeline.recipe import parse_recipe
from modelgen.running import carrying_out, control, judging, ready_recipes, recipes
from modelgen.web import flow
from tests.annotation.story import PREFERENCE, join, make_project, make_sample
from tests.modelgen.scripted import ScriptedEngine, at_hand, longer_is_better, nobody, saying

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MODELS = "/projects/open/models/"
READY, OWN, JUDGES = f"{MODELS}recipes/ready/open-questions/", f"{MODELS}recipes/own/", f"{MODELS}judges/"
EVIL = '<script>window.struck=1</script><img src=x onerror="window.struck=1">{{ 7|add:7 }}'

RECIPE = """
name: questions
title: Questions about three things
seed: 7
models: {writer: small-model}
chunk: 2
stages:
  - {kind: listed-topics, topics: [Bread, Rivers, Clocks]}
  - {kind: questions, count: 2}
  - {kind: responses, models: [writer], samples: 2}
result: {to: samples, prefix: q-}
"""


@pytest.fixture(autouse=True)
def files_of_the_test(settings, tmp_path):
    settings.MEDIA_ROOT, settings.STATIC_ROOT = tmp_path / "files", tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": static}
    settings.MODEL_SERVERS = "small-model=http://127.0.0.1:9?key=NAME_OF_A_KEY judge-model=http://127.0.0.1:9"


@pytest.fixture
def project():
    return make_project("open", attributes=[PREFERENCE])


@pytest.fixture
def admin(client, project):
    client.force_login(join(project, "ada", role="admin"))
    return client


@pytest.fixture
def reviewer(client, project):
    client.force_login(join(project, "rita", role="reviewer"))
    return client


def text_of(response):
    return response.content.decode()


def page_of(run, *more):
    return "/".join([f"{MODELS}runs/{run.pk}", *map(str, more), ""])


def start(project, text=RECIPE) -> Run:
    return recipes.start(recipe=parse_recipe(text), project=project, by=None, at=NOW)


def answering(call):
    assert isinstance(call, Generate)
    if "list" in str(call.prompt).lower():
        return saying("1. How do rivers find the sea?\n2. Who made the first clock of all?")
    return saying(*(f"An answer, number {n}." for n in range(call.sampling.count)))


def talking(call):
    return saying(f"I would rather talk. {EVIL}")


def do(script, chunks=99):
    """So many chunks, each as beat and a worker do them."""
    hand = at_hand(ScriptedEngine(script), "small-model", "judge-model")
    carrying_out.look(at=timezone.now())
    for _ in range(chunks):
        if not carrying_out.do_next(hand, now=timezone.now):
            return
    carrying_out.look(at=timezone.now())


def judge_at_work(project) -> Run:
    for name in ("s1", "s2"):
        make_sample(project, name, responses=["short", "looong"])
    wanted = judging.JudgeWanted(kind="llm-comparison", model="judge-model")
    return judging.put_to_work(project=project, wanted=wanted, by=None, at=NOW)


def state_of(run):
    run.refresh_from_db()
    return run.state


# --- who may see what, and who may do what --------------------------------------------------------------------------
def looks(run):
    yield from (MODELS, f"{MODELS}now/", f"{MODELS}recipes/", READY)
    yield from (page_of(run), page_of(run, "now"), page_of(run, "failures"), page_of(run, "stages", "questions"))
    yield page_of(run) + "recipe.yaml"


def test_a_stranger_finds_nothing_and_an_annotator_is_refused(client, project):
    run = start(project)
    ana, zoe = join(project, "ana").user, join(make_project("elsewhere"), "zoe", role="admin")
    for user, status in ((ana, 403), (zoe, 404)):
        client.force_login(user)
        assert {client.get(page).status_code for page in looks(run)} == {status}
        assert client.post(page_of(run, "change"), {"action": "cancel"}).status_code == status
    assert state_of(run) == Run.State.RUNNING


def test_without_an_account_one_is_sent_to_log_in(client, project):
    assert client.get(MODELS)["Location"].startswith("/login/")


def test_a_reviewer_looks_and_decides_nothing(reviewer, project):
    run = start(project)
    assert {reviewer.get(page).status_code for page in looks(run)} == {200}
    judge = judge_at_work(project).judge
    posts = (
        (page_of(run, "change"), {"action": "pause"}),
        (READY, {}),
        (OWN, {"recipe": RECIPE, "action": "start"}),
        (JUDGES, {"kind": "verifier"}),
        (f"{JUDGES}{judge.pk}/switch/", {"action": "off"}),
    )
    assert {reviewer.post(page, given).status_code for page, given in posts} == {403}
    assert state_of(run) == Run.State.RUNNING
    assert ProjectJudge.objects.get().is_enabled
    page = text_of(reviewer.get(page_of(run)))
    assert "<button" in page  # of the header
    assert 'name="action"' not in page


def test_a_run_is_not_seen_under_the_name_of_another_project(client, project):
    run = start(project)
    client.force_login(join(make_project("elsewhere"), "zoe", role="admin"))
    assert client.get(f"/projects/elsewhere/models/runs/{run.pk}/").status_code == 404
    assert client.post(f"/projects/elsewhere/models/runs/{run.pk}/change/", {"action": "cancel"}).status_code == 404
    judge = judge_at_work(project).judge
    assert client.post(f"/projects/elsewhere/models/judges/{judge.pk}/switch/", {"action": "off"}).status_code == 404


def test_models_are_in_the_menu_of_those_who_may_see_them(admin, client, project):
    assert f'href="{MODELS}" aria-current="page"' in text_of(admin.get(MODELS))
    client.force_login(join(project, "ana").user)
    assert MODELS not in text_of(client.get("/projects/open/annotate/"))


# --- the list -------------------------------------------------------------------------------------------------------
def test_an_empty_list_says_what_fills_it(admin):
    page = text_of(admin.get(MODELS))
    assert "No model has been asked anything yet" in page
    assert "Put a judge to work" in page


def test_the_list_says_how_far_each_run_is(admin, project):
    start(project)
    do(answering, chunks=1)
    page = text_of(admin.get(MODELS))
    assert "stage 2 of 3, questions: 2 of 3" in page
    assert "Running" in page


def test_the_list_is_turned_over_by_number_and_not_by_place(admin, project, monkeypatch):
    monkeypatch.setattr("modelgen.web.runs.RUNS_A_PAGE", 2)
    runs = [start(project, RECIPE.replace("seed: 7", f"seed: {seed}")) for seed in range(3)]
    first = text_of(admin.get(MODELS))
    assert page_of(runs[2]) in first
    assert page_of(runs[0]) not in first
    assert f"?before={runs[1].pk}" in first
    start(project, RECIPE.replace("seed: 7", "seed: 99"))  # a newer one moves nothing
    later = text_of(admin.get(f"{MODELS}?before={runs[1].pk}"))
    assert page_of(runs[0]) in later
    assert page_of(runs[1]) not in later


def test_more_runs_and_stages_do_not_ask_the_database_more_often(admin, project):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            admin.get(f"{MODELS}now/")
        return len(asked)

    start(project)
    do(answering)
    admin.get(MODELS)
    of_one = queries()
    for seed in range(4):
        start(project, RECIPE.replace("seed: 7", f"seed: {seed}"))
    do(answering, chunks=3)
    assert queries() == of_one


@pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 40, "%00", "²"])
def test_an_address_with_nonsense_in_it_is_no_crash(admin, project, nonsense):
    run = start(project)
    for page in (
        f"{MODELS}?before=",
        page_of(run, "failures") + "?before=",
        page_of(run, "stages", "questions") + "?after=",
    ):
        assert admin.get(page + nonsense).status_code == 200


# --- live -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("at", [lambda run: MODELS, page_of])
def test_what_is_refreshed_is_the_same_part_that_the_page_has(admin, project, at):
    page = at(start(project))
    do(answering, chunks=1)
    whole, part = admin.get(page), admin.get(f"{page}now/")
    assert part["Cache-Control"].startswith("max-age=0")
    assert "<html" not in text_of(part)
    name = re.search(r'id="(runs?-now)" [^>]*data-live-from="([^"]+)"', text_of(whole))
    assert name is not None
    assert name[2] == f"{page}now/"
    assert without_times(text_of(part)) in without_times(text_of(whole))


def without_times(page):
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
    page = re.sub(r'<dd class="number">[^<]*</dd>', "", page)  # tokens a second go down from moment to moment
    return re.sub(r"\d\d:\d\d:\d\d", "", page).strip()


def test_a_page_where_nothing_happens_is_looked_at_less_often(admin, project):
    run = start(project)
    assert 'data-every="4"' in text_of(admin.get(page_of(run)))
    control.pause(run)
    assert 'data-every="30"' in text_of(admin.get(page_of(run)))


# --- one run --------------------------------------------------------------------------------------------------------
def test_a_finished_run_shows_what_came_of_it(admin, project):
    run = start(project)
    do(answering)
    assert state_of(run) == Run.State.FINISHED
    page = text_of(admin.get(page_of(run)))
    for words in (
        "Finished",
        "made 3 rows",
        "made 6 rows",
        "3 of 3",
        "new samples for people",
        "small-model",
        "seed: 7",
    ):
        assert words in page, words
    assert 'name="action"' not in page  # nothing is left to decide
    assert text_of(admin.get(page_of(run) + "recipe.yaml")) == run.recipe


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("running", "pause", "paused"),
        ("running", "cancel", "cancelled"),
        ("paused", "resume", "running"),
        ("stopped", "resume", "running"),
        ("stopped", "cancel", "cancelled"),
    ],
)
def test_a_button_does_what_it_says_and_only_where_it_is_shown(admin, project, before, action, after):
    run = start(project)
    Run.objects.filter(pk=run.pk).update(state=before, problem="Because." if before == "stopped" else "")
    assert f'name="action" value="{action}"' in text_of(admin.get(page_of(run)))
    response = admin.post(page_of(run, "change"), {"action": action})
    assert (response.status_code, response["Location"]) == (302, page_of(run))
    assert state_of(run) == after
    assert f'name="action" value="{action}"' not in text_of(admin.get(page_of(run)))


@pytest.mark.parametrize("action", ["resume", "burn", "", EVIL])
def test_what_cannot_be_done_is_refused_in_words(admin, project, action):
    run = start(project)
    response = admin.post(page_of(run, "change"), {"action": action})
    assert response.status_code == 422
    assert 'class="errors" role="alert"' in text_of(response)
    assert "<script>window" not in text_of(response)
    assert state_of(run) == Run.State.RUNNING


def test_a_run_that_stopped_says_why_and_shows_what_the_model_said(admin, project):
    run = start(project)
    do(talking)
    assert state_of(run) == Run.State.STOPPED
    page = text_of(admin.get(page_of(run)))
    assert "3 of 3 rows of stage questions" in page
    assert "I would rather talk." in page
    assert "<script>window" not in page
    assert "<img src=x" not in page
    response = admin.post(page_of(run, "change"), {"action": "ask_failed_again"}, follow=True)
    assert "3 rows are asked again." in text_of(response)
    assert not Unanswered.objects.exists()


def test_a_run_that_waits_for_a_server_says_so(admin, project):
    run = start(project)
    with pytest.raises(EngineDown):
        do(nobody)
    page = text_of(admin.get(page_of(run)))
    assert "Waiting" in page
    assert "refuses the connection" in page


def test_what_a_server_says_is_for_admins(reviewer, project):
    run = start(project)
    with pytest.raises(EngineDown):
        do(nobody)
    for page in (text_of(reviewer.get(page_of(run))), text_of(reviewer.get(MODELS))):
        assert "Waiting: no server of small-model answers." in page
        assert "refuses the connection" not in page


def test_a_run_that_nobody_serves_waits_until_somebody_begins(admin, project):
    run = start(project, RECIPE.replace("small-model", "far-away-model"))
    carrying_out.look(at=NOW)
    for page in (page_of(run), MODELS):
        assert "No worker serves far-away-model yet." in text_of(admin.get(page))
        assert "run-state--waiting" in text_of(admin.get(page))
    Chunk.objects.update(attempts=1)  # a worker has servers of its own
    assert "No worker serves" not in text_of(admin.get(page_of(run)))
    assert "run-state--running" in text_of(admin.get(page_of(run)))


def test_a_run_with_nothing_left_to_ask_does_not_press_to_resume(admin, project):
    run = start(project)
    do(answering)
    for is_finished, look in ((True, "button--quiet"), (False, "button--primary")):
        Run.objects.filter(pk=run.pk).update(state="stopped", problem="It cannot land.", ended_at=None)
        if not is_finished:
            Stage.objects.filter(places__run=run, kind="responses").update(state="asking", finished_at=None)
        assert f'class="button {look}" name="action" value="resume"' in text_of(admin.get(page_of(run)))


def test_a_version_of_machine_generated_rows_leads_to_its_run(reviewer, project):
    run = start(project, RECIPE.replace("to: samples, prefix: q-", "to: version"))
    do(answering)
    assert state_of(run) == Run.State.FINISHED
    page = text_of(reviewer.get("/projects/open/versions/1/"))
    assert f'<a href="{page_of(run)}">Made by run {run.pk}</a>' in page
    assert re.search(r"<h1>[^<]* v1 <span class=\"tag\">machine-generated</span></h1>", page)


def test_a_judge_with_nothing_to_say_is_not_taken_for_one_that_judged(admin, project):
    make_sample(project, "s1", responses=["short", "looong"])
    judging.put_to_work(project=project, wanted=judging.JudgeWanted(kind="verifier", model=""), by=None, at=NOW)
    do(nobody)
    page = text_of(admin.get(MODELS))
    assert "1 with nothing to say" in page


def test_a_judges_failures_name_the_sample_and_say_what_they_have_in_common(admin, project):
    run = judge_at_work(project)
    do(talking)
    page = text_of(admin.get(page_of(run, "failures")))
    for sample in project.samples.all():
        assert f'<a href="/projects/open/review/{sample.pk}/">{sample.external_id}</a>' in page
    assert "2 \N{MULTIPLICATION SIGN}</dt>" in page


def test_a_long_raw_text_is_cut_and_can_be_read_whole(admin, project):
    run = start(project)
    do(lambda call: saying("Well, " + "so to speak, " * 3000 + "the end."))
    page = text_of(admin.get(page_of(run)))
    assert "the end." not in page
    failure = Unanswered.objects.first()
    assert page_of(run, "failures", failure.pk) in page
    assert "the end." in text_of(admin.get(page_of(run, "failures", failure.pk)))


def test_a_failure_of_another_run_is_not_shown(admin, project):
    run, other = start(project), start(project, RECIPE.replace("seed: 7", "seed: 8"))
    control.pause(other)
    do(talking)
    failure = Unanswered.objects.filter(stage__places__run=run).first()
    assert failure is not None
    assert admin.get(page_of(other, "failures", failure.pk)).status_code == 404


def test_rounds_lead_to_each_other(admin, project):
    first = start(project)
    second = start(project, RECIPE.replace("seed: 7", "seed: 8") + f"previous: {{run: '{first.pk}', model: tuned-1}}\n")
    assert page_of(second) in text_of(admin.get(page_of(first)))
    page = text_of(admin.get(page_of(second)))
    assert page_of(first) in page
    assert "tuned-1" in page


# --- what was made --------------------------------------------------------------------------------------------------
def test_outputs_are_turned_over_by_key_and_each_is_seen_once(admin, project, monkeypatch):
    monkeypatch.setattr("modelgen.web.browsing_views.ROWS_A_PAGE", 4)
    run = start(project)
    do(answering)
    address, seen = page_of(run, "stages", "responses"), []
    while address:
        page = text_of(admin.get(address))
        seen += re.findall(r"<code>(listed-topics/[^<]+)</code>", page)
        further = re.search(r'href="(\?after=\d+)"', page)
        address = page_of(run, "stages", "responses") + further[1] if further else ""
    made = run.places.last().stage.outputs.order_by("place").values_list("key", flat=True)
    assert len(seen) == 6
    assert seen == list(made)


def test_prompts_and_responses_are_shown_as_text(admin, project):
    run = start(project, RECIPE.replace("Bread", f"'{EVIL}'"))
    do(lambda call: saying(f"1. {EVIL}?\n2. How are you, {EVIL}?" if "list" in str(call.prompt).lower() else EVIL))
    assert run.places.last().stage.outputs.exists()
    for page in (page_of(run), *(page_of(run, "stages", place.name) for place in run.places.all())):
        text = text_of(admin.get(page))
        assert "&lt;script&gt;window.struck" in text
        assert "<script>window" not in text
        assert "<img src=x" not in text


@pytest.mark.parametrize(
    "row", [{}, {"messages": "no list"}, {"messages": [1, None, {}]}, {"responses": [None, {}, 3]}, [1]]
)
def test_a_row_of_any_shape_can_be_looked_at(admin, project, row):
    run = start(project)
    do(answering)
    run.places.last().stage.outputs.update(content=row)
    assert admin.get(page_of(run, "stages", "responses")).status_code == 200


def test_a_stage_that_is_not_there(admin, project):
    assert admin.get(page_of(start(project), "stages", "burning")).status_code == 404


# --- starting a recipe ----------------------------------------------------------------------------------------------
def test_every_ready_recipe_can_be_looked_at(admin):
    listed = text_of(admin.get(f"{MODELS}recipes/"))
    for name in ready_recipes.names():
        page = f"{MODELS}recipes/ready/{name}/"
        assert page in listed
        assert "What it would ask" in text_of(admin.get(page))
    assert admin.get(f"{MODELS}recipes/ready/no-such/").status_code == 404


def test_a_ready_recipe_says_what_it_would_ask_and_starts_just_that(admin, project):
    chosen = {"model.writer": "google/gemma-3-27b-it", "settings": "stages.topics.count=3\nseed=5"}
    page = text_of(admin.get(READY, chosen))
    assert "licence gemma" in page
    assert "under conditions" in page
    assert "names no address for google/gemma-3-27b-it" in page
    assert 'type="hidden" name="model.writer" value="google/gemma-3-27b-it"' in page
    assert not Run.objects.exists()
    response = admin.post(READY, chosen)
    run = Run.objects.get()
    assert response["Location"] == page_of(run)
    assert run.started_by.username == "ada"
    recipe = recipes.recipe_of(run)
    assert recipe.models["writer"].name == "google/gemma-3-27b-it"
    assert recipe.stage("topics").stage.options.count == 3
    assert recipe.header.seed == 5


def test_a_model_that_is_not_served_or_only_stands_for_one_is_said_loudly(admin):
    page = text_of(admin.get(READY, {"model.writer": "your-model"}))
    assert "your-model only stands for a model" in page
    assert 'class="models-missing"' in page
    assert 'class="models-missing"' not in text_of(admin.get(READY, {"model.writer": "small-model"}))


def test_a_model_that_nobody_knows_is_said_to_be_unknown(admin):
    page = text_of(admin.get(READY, {"model.writer": "my-own-thing"}))
    assert "licence unknown" in page
    assert "Whether its outputs may train other models is unknown here" in page


@pytest.mark.parametrize(
    "wrong",
    [{"settings": "stages.burning.count=3"}, {"settings": "nonsense"}, {"model.writer": ""}, {"settings": EVIL}],
)
def test_values_that_do_not_fit_are_refused_and_stay_in_the_form(admin, wrong):
    for response in (admin.get(READY, wrong), admin.post(READY, wrong)):
        page = text_of(response)
        assert response.status_code == 422
        assert 'role="alert"' in page
        assert "Start it" not in page
        assert "<script>window" not in page
    assert not Run.objects.exists()


@pytest.mark.parametrize("name", ["a: b", "*x", '"; rm', "{}", "writer.other"])
def test_a_model_may_be_called_anything_and_is_only_a_name(admin, name):
    assert admin.post(READY, {"model.writer": name}).status_code == 302
    assert recipes.recipe_of(Run.objects.get()).models["writer"].name == name


def test_a_recipe_of_ones_own_is_looked_at_then_started(admin):
    page = text_of(admin.post(OWN, {"recipe": RECIPE, "action": "look"}))
    assert "What it would ask" in page
    assert "become samples of this project" in page
    assert not Run.objects.exists()
    admin.post(OWN, {"recipe": RECIPE, "action": "start"})
    assert Run.objects.get().title == "Questions about three things"


def test_a_recipe_comes_as_a_file_too(admin, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(RECIPE)
    with path.open("rb") as file:
        page = text_of(admin.post(OWN, {"file": file, "recipe": "", "action": "look"}))
    assert "Questions about three things" in page
    assert "What it would ask" in page


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (RECIPE.replace("count: 2", "count: many"), 9, "&#x27;count&#x27; must be a whole number"),
        (RECIPE.replace("kind: questions", "kind: burning"), 9, "There is no stage kind"),
        (RECIPE.replace("[writer]", "[nobody]"), 10, "nobody"),
        (RECIPE + "colour: red\n", 12, "no option &#x27;colour&#x27;"),
        (RECIPE + "a: [1\n", 12, "This is not YAML"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(admin, text, line, words):
    for action in ("look", "start"):
        response = admin.post(OWN, {"recipe": text, "action": action})
        page = text_of(response)
        assert response.status_code == 422
        wrong = re.search(r'<li class="is-wrong"><span class="code-number">(\d+)</span>(.*?)</li>', page, re.S)
        assert wrong is not None
        assert (int(wrong[1]), words in wrong[2]) == (line, True)
        assert "title: Questions about three things" in page  # what was written is not lost
    assert not Run.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "- 1", "&a [*a]", "\x00", EVIL, "name: x\nstages: []", "x" * 300_000])
def test_what_is_no_recipe_is_refused(admin, text):
    response = admin.post(OWN, {"recipe": text, "action": "start"})
    assert response.status_code == 422
    assert "<script>window" not in text_of(response)


def test_a_pasted_recipe_names_no_files(admin):
    stage = "  - {kind: real-prompts, file: /etc/passwd}\n"
    response = admin.post(OWN, {"recipe": f"name: x\nstages:\n{stage}", "action": "start"})
    assert response.status_code == 422
    assert "cannot name files" in text_of(response)
    assert "root:" not in text_of(response)


def test_a_recipe_for_another_project_says_where_its_result_comes(admin):
    text = RECIPE.replace("prefix: q-", "prefix: q-, project: elsewhere")
    assert "Started here, its result comes into open." in text_of(admin.post(OWN, {"recipe": text, "action": "look"}))


def test_starting_a_finished_recipe_again_asks_nothing(admin, project):
    run = start(project)
    do(answering)
    response = admin.post(OWN, {"recipe": RECIPE, "action": "start"}, follow=True)
    assert response.redirect_chain[-1][0] == page_of(run)
    assert "Nothing is asked again." in text_of(response)


# --- judges ---------------------------------------------------------------------------------------------------------
def test_a_judge_is_put_to_work(admin, project):
    make_sample(project, "s1", responses=["short", "looong"])
    assert "in both orders" in text_of(admin.get(JUDGES))
    form = text_of(admin.get(JUDGES, {"kind": "llm-comparison"}))
    for option in ("principles", "offers_tie", "thinking"):
        assert f'name="option.{option}"' in form
    given = {"kind": "llm-comparison", "model": "judge-model", "seed": "3", "revision": "abc"}
    response = admin.post(JUDGES, {**given, "option.offers_tie": "true", "option.thinking": "{count: 3}"})
    run = Run.objects.get()
    assert response["Location"] == page_of(run)
    configuration = run.judge.configuration
    assert (configuration["model"], configuration["revision"], configuration["seed"]) == ("judge-model", "abc", 3)
    assert configuration["options"]["offers_tie"] is True
    assert configuration["options"]["thinking"]["count"] == 3


def test_a_verifier_needs_no_model(admin):
    assert 'name="model"' not in text_of(admin.get(JUDGES, {"kind": "verifier"}))
    assert admin.post(JUDGES, {"kind": "verifier"}).status_code == 302
    assert Judge.objects.get().kind == "verifier"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": ""}, "Name one"),
        ({"seed": "soon"}, "The seed is"),
        ({"option.offers_tie": "perhaps"}, "offers_tie"),
        ({"option.principles": "no-such-list"}, "no-such-list"),
        ({"option.thinking": "{count: [}"}, "cannot be read"),
        ({"option.own_principles": EVIL}, "own_principles"),
        ({"option.colour": "red"}, "There is no option"),
    ],
)
def test_options_that_do_not_fit_are_refused_and_stay_in_the_form(admin, wrong, words):
    given = {"kind": "llm-comparison", "model": "judge-model", "revision": "abc-1"}
    response = admin.post(JUDGES, {**given, **wrong})
    page = text_of(response)
    assert response.status_code == 422
    assert words in page
    assert "abc-1" in page
    assert "<script>window" not in page
    assert not Judge.objects.exists()


def test_names_that_come_with_concord_are_offered(admin):
    for kind, names in (("llm-comparison", principles.shipped()), ("reward-model", WEIGHTS)):
        form = text_of(admin.get(JUDGES, {"kind": kind}))
        assert all(f'<option value="{name}">' in form for name in names)


def test_a_judge_is_switched_off_and_on_again(admin, project):
    run = judge_at_work(project)
    switch = f"{JUDGES}{run.judge_id}/switch/"
    admin.post(switch, {"action": "off"})
    assert not ProjectJudge.objects.get().is_enabled
    page = text_of(admin.get(MODELS))
    assert "Switched off" in page
    do(longer_is_better)
    assert run.judge.judgments.count() == 0
    admin.post(switch, {"action": "on"})
    do(longer_is_better)
    assert run.judge.judgments.count() == 2
    assert "Up to date" in text_of(admin.get(page_of(run)))


def test_putting_a_judge_to_work_that_was_switched_off_switches_it_on(admin, project):
    run = judge_at_work(project)
    ProjectJudge.objects.update(is_enabled=False)
    admin.post(JUDGES, {"kind": "llm-comparison", "model": "judge-model"})
    assert Run.objects.get() == run
    assert ProjectJudge.objects.get().is_enabled


def test_what_a_judge_said_can_be_read(admin, project):
    run = judge_at_work(project)
    do(longer_is_better)
    page = text_of(admin.get(page_of(run, "stages", "judging")))
    assert page.count("made-row") == 2
    assert "Preference" in page
    assert admin.get(page_of(run, "stages", "judging") + f"?only={project.samples.first().pk}").status_code == 200


def test_a_judge_is_not_cancelled(admin, project):
    run = judge_at_work(project)
    assert 'value="cancel"' not in text_of(admin.get(page_of(run)))
    assert admin.post(page_of(run, "change"), {"action": "cancel"}).status_code == 422
    assert state_of(run) == Run.State.RUNNING


# --- secrets --------------------------------------------------------------------------------------------------------
def test_no_page_shows_an_address_or_a_key(admin, project, monkeypatch):
    monkeypatch.setenv("NAME_OF_A_KEY", "sk-very-secret")
    run = start(project)
    for page in (*looks(run), OWN, JUDGES, f"{JUDGES}?kind=llm-comparison"):
        text = text_of(admin.get(page))
        for secret in ("sk-very-secret", "NAME_OF_A_KEY", "127.0.0.1:9"):
            assert secret not in text, page


def test_a_setting_that_cannot_be_read_is_not_shown_either(admin, settings):
    settings.MODEL_SERVERS = "sk-very-secret"
    page = text_of(admin.get(READY))
    assert "sk-very-secret" not in page
    assert "No model is served here" in page


# --- the drawing ----------------------------------------------------------------------------------------------------
def test_stages_are_drawn_with_lines_from_what_they_build_on():
    drawn = flow.draw({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]})
    assert {row.width for row in drawn.values()} == {2 * flow.FIRST_LANE + flow.LANE_WIDTH}
    assert drawn["b"].x != drawn["a"].x  # a's lane goes on to c
    into_d = {line.x1 for line in drawn["d"].lines if line.y2 == flow.MIDDLE}
    assert into_d == {drawn["b"].x, drawn["c"].x}
    assert not [line for line in drawn["d"].lines if line.y2 == flow.BOTTOM]


def test_every_line_of_a_drawing_goes_on_in_the_next_row():
    sources = {"a": [], "b": [], "c": ["a", "b"], "d": ["a"], "e": ["c", "d"], "f": ["b", "e"]}
    rows = list(flow.draw(sources).values())
    for above, below in pairwise(rows):
        leaving = {line.x2 for line in above.lines if line.y2 == flow.BOTTOM}
        assert {line.x1 for line in below.lines if line.y1 == flow.TOP} == leaving


def test_time_left_is_of_what_is_asked_now(admin, project):
    run = start(project)
    do(answering, chunks=1)
    run.places.get(name="questions").stage.chunks.filter(is_done=True).update(
        done_at=timezone.now() - timedelta(seconds=10), seconds=10.0
    )
    page = text_of(admin.get(page_of(run)))
    assert re.search(r"<dt>Time left</dt><dd class=\"number\">\d+ s</dd>", page)
