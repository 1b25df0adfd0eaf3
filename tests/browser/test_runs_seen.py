"""The pages of runs in a real browser: they keep themselves up to date and leave what the reader does alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect
from test_pages import faults, join, pairs

from annotation.models import Membership, Project
from modelgen.models import Run
from modelgen.pipeline.recipe import parse_recipe
from modelgen.running import carrying_out, control, recipes
from tests.modelgen.scripted import ScriptedEngine, at_hand, saying

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
Enter = Callable[[str], Page]
MODELS = "/projects/pairs/models/"
RECIPE = """
name: questions
models: {writer: small-model}
chunk: 1
most_failures: 1
stages:
  - {kind: listed-topics, topics: [Bread, Rivers]}
  - {kind: questions, count: 2}
"""


def begun(project: Project) -> Run:
    run = recipes.start(recipe=parse_recipe(RECIPE), project=project, by=None, at=timezone.now())
    carrying_out.plan(run, at=timezone.now())
    return run


def do_one(text: str) -> None:
    """One chunk, done as a worker does it: in a thread of its own, since the browser's loop runs in this one."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        assert worker.submit(_do_one, text).result()


def _do_one(text: str) -> bool:
    hand = at_hand(ScriptedEngine(lambda call: saying(text)), "small-model")
    try:
        return carrying_out.do_next(hand, now=timezone.now)
    finally:
        hand.close()
        connection.close()


def look_now(page: Page) -> None:
    """What coming back to the tab does."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.fixture
def run(settings, tmp_path) -> Run:
    settings.MEDIA_ROOT = tmp_path
    project = pairs()
    join(project, "ada", Membership.Role.ADMIN)
    return begun(project)


def test_a_run_is_seen_to_go_on_while_the_reader_reads(enter: Enter, run: Run):
    do_one("<script>window.struck=1</script><img src=x onerror='window.struck=1'>")
    page = enter("ada")
    page.goto(f"{MODELS}runs/{run.pk}/")
    expect(page.locator("#stage-questions")).to_contain_text("1 of 2")
    page.locator(".failure summary").press("Enter")
    page.get_by_role("button", name="Pause").focus()
    do_one("1. How do rivers find the sea?\n2. Who made the first clock of all?")
    look_now(page)
    expect(page.locator(".run-state")).to_have_text("Finished")
    expect(page.locator("#stage-questions")).to_contain_text("made 2 rows")
    expect(page.locator(".failure pre")).to_be_visible()  # the fold is still open
    assert page.evaluate("window.struck") is None


def test_focus_stays_where_it_is_and_a_hidden_page_asks_nothing(enter: Enter, run: Run):
    page = enter("ada")
    page.clock.install()
    page.goto(f"{MODELS}runs/{run.pk}/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Pause").focus()
    with page.expect_response("**/now/"):
        page.clock.run_for(5_000)
    assert page.evaluate("document.activeElement.value") == "pause"
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    look_now(page)
    asked.clear()
    page.clock.run_for(120_000)
    assert asked == []


def test_a_run_is_cancelled_by_keyboard_in_two_steps(enter: Enter, run: Run):
    page = enter("ada")
    page.goto(f"{MODELS}runs/{run.pk}/")
    page.locator("#cancel summary").press("Enter")
    page.get_by_role("button", name="Cancel this run").press("Enter")
    expect(page.locator(".run-state")).to_have_text("Cancelled")
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED


def test_no_page_of_runs_has_a_fault_that_axe_finds(enter: Enter, run: Run):
    do_one("No list at all.")
    control.stop(run, "Because.")
    page = enter("ada")
    for place in (
        MODELS,
        f"{MODELS}runs/{run.pk}/",
        f"{MODELS}runs/{run.pk}/failures/",
        f"{MODELS}runs/{run.pk}/stages/listed-topics/",
        f"{MODELS}recipes/",
        f"{MODELS}recipes/ready/preference-pairs/",
        f"{MODELS}recipes/own/?like=open-questions",
        f"{MODELS}judges/",
        f"{MODELS}judges/?kind=reward-model",
    ):
        assert faults(page, place) == [], place
