"""Everything that a rubric can ask, answered without a mouse: and what is open is pointed at, and what contradicts asked once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from hands import press
from playwright.sync_api import Page, expect

from annotation.datasets.bad_row import Place
from annotation.datasets.rubrics import parse_rubric
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Assignment, Membership, Project, User
from annotation.services import importing, people, projects
from annotation.web import contradictions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

Enter = Callable[[str], Page]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RUBRIC = Path(__file__).parents[2] / "demo/rubrics/everything.json"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def project_asking_everything(**settings: Any) -> Project:
    rubric = parse_rubric(json.loads(RUBRIC.read_text()), Place(RUBRIC.name))
    asked = {"attributes": rubric["attributes"], "remarks": rubric["remarks"]}
    project = projects.create(slug="all", title="Everything", shuffles_responses=False, **asked, **settings)
    ana, _ = User.objects.get_or_create(username="ana")
    people.join(project=project, user=ana, role=Membership.Role.ANNOTATOR, at=NOW)
    return project


def add(project: Project, *names: str) -> None:
    about = {
        "messages": [{"role": "user", "content": "Tea or coffee?"}],
        "responses": ["Tea is calm.", "Coffee is quick."],
    }
    rows = [parse_sample({"sample_id": name, **about}, Place("samples.jsonl")) for name in names]
    importing.add_samples(project=project, samples=rows)


def annotating(enter: Enter) -> Page:
    page = enter("ana")
    page.goto("/projects/all/annotate/")
    expect(page.locator("#answer[data-live]")).to_be_visible()
    return page


def lit(page: Page) -> str:
    return page.locator("[data-question][data-lit]").get_attribute("data-question") or ""


def next_stored(page: Page, how_many: int) -> Annotation:
    expect(page.locator("body")).to_be_visible()
    for _ in range(100):
        if Annotation.objects.count() == how_many:
            break
        page.wait_for_timeout(50)
    return Annotation.objects.latest("pk")


def test_every_kind_by_keyboard(enter: Enter) -> None:
    add(project_asking_everything(), "s1")
    page = annotating(enter)
    press(page, "3", "4", "1")  # A: helpful, right, safe
    assert lit(page) == "helpfulness"
    press(page, "1", "e", "2", "d", "0")  # B: a reason before the level and one after it; and not safe
    assert lit(page) == "preference"
    press(page, "4")  # the second kind of tie
    expect(page.locator("[data-question=preference] input:checked")).to_have_value("0:both_bad")
    press(page, "3")  # other
    assert lit(page) == "why"
    page.keyboard.type("Both s kip 1 the question.")  # typed, and no key of the page
    expect(page.locator("[data-question=why] [data-count]")).to_have_text("6 of 3 to 50 words")
    press(page, "Escape", "j", "w")
    page.keyboard.type("https://example.org/tea")
    press(page, "Enter")
    page.keyboard.type("https://example.org/coffee")
    press(page, "Escape", "j", "1", "3", "j", "2")
    assert Axe().run(page, options={"runOnly": WCAG}).response["violations"] == []
    page.locator("[data-submit]").focus()
    press(page, "Enter")
    said = next_stored(page, 1)
    assert said.ratings == [3, 4, 1, 1, 2, 0, 0, 3]
    assert said.remarks == {
        "what_is_wrong": [None, ["key_info_missing", "invented"]],
        "why": "Both s kip 1 the question.",
        "sources": ["https://example.org/tea", "https://example.org/coffee"],
        "what_decided": ["facts", "length"],
        "confidence": 2,
        "preference": "both_bad",
    }


def test_what_is_open_is_pointed_at_and_not_listed(enter: Enter) -> None:
    add(project_asking_everything(), "s1")
    page = annotating(enter)
    press(page, "3", "4", "1", "1", "2", "0", "1", "Escape", "Enter")
    why, topic = page.locator("[data-question=why]"), page.locator("[data-question=topic]")
    assert lit(page) == "why"
    expect(why.locator("[data-error]")).to_be_visible()
    expect(why.locator("textarea")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-question][data-invalid]")).to_have_count(1)
    expect(topic.locator("[data-error]")).to_be_hidden()  # optional
    expect(page.locator(".errors-box")).to_have_count(0)
    expect(why.locator("textarea")).to_be_focused()
    assert Axe().run(page, options={"runOnly": WCAG}).response["violations"] == []
    page.keyboard.type("Two words")
    expect(why.locator("[data-error]")).to_be_visible()
    page.keyboard.type(" more")
    expect(why.locator("[data-error]")).to_be_hidden()
    press(page, "Control+Enter")
    assert next_stored(page, 1).remarks == {"why": "Two words more"}


def ask_about(monkeypatch: pytest.MonkeyPatch, drawn: bool) -> None:
    """Which half an assignment falls into is chance; here it is said."""
    monkeypatch.setattr(contradictions, "is_drawn", lambda assignment_id: drawn)


def contradict(page: Page) -> None:
    """B is rated as more helpful, and A preferred."""
    press(page, "1", "4", "1", "4", "4", "1", "1", "1")
    page.keyboard.type("Because it is.")
    press(page, "Control+Enter")


def test_a_contradiction_is_asked_about_once_and_forbids_nothing(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_about(monkeypatch, drawn=True)
    add(project_asking_everything(asks_about_contradictions=True), "s1", "s2")
    page = annotating(enter)
    contradict(page)
    asked = "You prefer A, and rated B higher on Helpfulness. Is that what you mean?"
    expect(page.get_by_text(asked)).to_be_visible()
    assert Annotation.objects.count() == 0
    assert lit(page) == "preference"
    assert Axe().run(page, options={"runOnly": WCAG}).response["violations"] == []
    press(page, "Enter")
    assert next_stored(page, 1).ratings[6] == -2


@pytest.mark.parametrize(("is_gold", "drawn", "asks"), [(True, True, True), (False, False, True), (False, True, False)])
def test_it_is_asked_neither_on_gold_nor_of_the_other_half_nor_where_the_project_does_not_ask(
    enter: Enter, monkeypatch: pytest.MonkeyPatch, is_gold: bool, drawn: bool, asks: bool
) -> None:
    ask_about(monkeypatch, drawn=drawn)
    add(project_asking_everything(asks_about_contradictions=asks), "s1")
    page = annotating(enter)
    Assignment.objects.update(is_gold=is_gold)
    page.reload()
    expect(page.locator("#answer[data-live]")).to_be_visible()
    expect(page.locator("[data-follows]")).to_have_count(0)
    contradict(page)
    assert next_stored(page, 1).ratings[6] == -2
