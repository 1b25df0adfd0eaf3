"""A newcomer's first hour by keyboard: training, a dispute in one key, the test, work; and a sensitive sample under its cover."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from hands import press
from playwright.sync_api import Page, expect

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Annotator, Assignment, GoldDispute, Membership, Project, Sample, User
from annotation.services import gold, importing, people, projects, sensitive

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

Enter = Callable[[str], Page]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ANNOTATE, RECORD = "/projects/answers/annotate/", "/projects/answers/record/"


def scale(name: str, *words: str) -> dict[str, Any]:
    values = [{"value": value, "label": word} for value, word in enumerate(words)]
    return {"name": name, "title": name.title(), "scope": "response", "level": "ordinal", "values": values}


def answers(**settings: Any) -> Project:
    attributes = [scale("helpfulness", "useless", "poor", "fair", "good", "perfect"), scale("length", "short", "long")]
    return projects.create(slug="answers", title="Answers", attributes=attributes, instructions="Read it.", **settings)


def add(project: Project, name: str, **keys: Any) -> Sample:
    row = {"sample_id": name, "messages": [{"role": "user", "content": f"Why is {name} so?"}], "responses": ["So."]}
    importing.add_samples(project=project, samples=[parse_sample({**row, **keys}, Place("samples.jsonl"))])
    return project.samples.get(external_id=name)


def know(sample: Sample, *, teaches: bool) -> None:
    rita = User.objects.get_or_create(username="rita")[0]
    given = [{"attribute": "helpfulness", "value": 3}, {"attribute": "length", "value": 0}]
    about: dict[str, Any] = {"given": given, "by": rita, "note": "It says so.", "at": NOW}
    gold.write(sample_id=sample.pk, teaches=teaches, **about)


def join(project: Project, name: str) -> Annotator:
    user = User.objects.get_or_create(username=name)[0]
    people.join(project=project, user=user, role=Membership.Role.ANNOTATOR, at=NOW)
    return project.annotators.get(user=user)


def is_accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.violations_count == 0, found.generate_report()


def test_a_newcomer_learns_disputes_passes_and_works(enter: Enter) -> None:
    project = answers(test_size=1, pass_mark=0.5)
    for name in ("t1", "t2"):
        know(add(project, name), teaches=True)
    know(add(project, "g1"), teaches=False)
    add(project, "work")
    join(project, "ana")
    page = enter("ana")

    page.goto(ANNOTATE)
    expect(page.locator(".work-way")).to_contain_text("Training 1 of 2")
    press(page, "1", "0", "Enter")
    told = page.locator(".feedback-told")
    expect(told.locator(".told").first).to_contain_text("two off")
    expect(told.locator(".told").last).to_contain_text("as known")
    expect(page.locator(".response-text")).to_contain_text("So.")
    is_accessible(page)

    press(page, "d")
    expect(told.locator("textarea")).to_be_focused()
    page.keyboard.type("A decent one, despite it: 1 at most.")  # letters and digits are typed, and do nothing
    press(page, "Control+Enter")
    expect(told).to_contain_text("A reviewer answers you in your record")
    assert GoldDispute.objects.get().text == "A decent one, despite it: 1 at most."

    press(page, "Enter")
    expect(page.locator(".work-way")).to_contain_text("Training 2 of 2")
    press(page, "3", "0", "Enter")
    expect(page.locator("[data-primary]")).to_contain_text("On to the test")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="A short test comes first")).to_be_visible()
    is_accessible(page)

    press(page, "Enter")
    expect(page.locator(".work-way")).to_contain_text("Qualification test 1 of 1")
    press(page, "3", "0", "Enter")
    expect(page.get_by_role("heading", name="You passed the test")).to_be_visible()
    press(page, "Enter")
    expect(page.locator(".conversation-body")).to_contain_text("Why is work so?")
    expect(page.locator(".work-way")).to_have_count(0)
    press(page, "2", "1", "Enter")
    expect(page.locator("#sample-card")).to_contain_text("Nothing for you just now")
    assert Annotation.objects.filter(assignment__is_gold=False).count() == 1


def test_the_record_is_gone_through_and_disputed_by_keyboard(enter: Enter) -> None:
    project = answers()
    for name in ("t1", "t2"):
        know(add(project, name), teaches=True)
    join(project, "ana")
    page = enter("ana")
    page.goto(ANNOTATE)
    for _ in range(2):
        expect(page.locator(".work-way")).to_contain_text("Training")
        press(page, "3", "1", "Enter")
        expect(page.locator(".feedback-told")).to_be_visible()
        press(page, "Enter")

    page.goto(RECORD)
    press(page, "j", "j", "k", "j", "d")
    results = page.locator("[data-result]")
    expect(results.nth(1)).to_have_attribute("data-lit", "")
    expect(results.nth(1).locator("textarea")).to_be_focused()
    page.keyboard.type("jk: not so")
    press(page, "Escape")
    expect(results.nth(1).locator("textarea")).to_be_hidden()
    press(page, "d")
    expect(results.nth(1).locator("textarea")).to_have_value("jk: not so")
    press(page, "Control+Enter")
    expect(results.nth(1)).to_contain_text("A reviewer answers you")
    assert GoldDispute.objects.get().assignment.sample.external_id == "t1"  # the latest stands first


def test_a_sensitive_sample_is_covered_until_it_is_opened(enter: Enter) -> None:
    project = answers()
    add(project, "s1", sensitive="violence")
    add(project, "s2", sensitive=True)
    sensitive.choose(annotator=join(project, "ana"), at=NOW)
    page = enter("ana")

    page.goto(ANNOTATE)
    texts = page.locator(".response-text")
    expect(texts).to_be_hidden()
    expect(page.locator("#sample-card")).to_contain_text("A sensitive sample" if is_second() else "Sensitive: violence")
    assert "So." not in page.locator(".reading-room").aria_snapshot()
    press(page, "3", "0", "Enter")  # rates nothing, sends nothing: Enter opens
    expect(texts).to_be_visible()
    assert page.locator("[data-question] input:checked").count() == 0
    press(page, "3", "0", "Enter")

    expect(page.locator("[data-cover]:not([open])")).to_be_visible()  # the next one anew
    is_accessible(page)
    press(page, "s", "r")
    expect(page.locator("#sample-card")).to_contain_text("Nothing for you just now")
    expect(page.locator("[data-page]")).to_have_attribute("data-unsent", "0")
    assert Assignment.objects.get(state="skipped").skip_reason == "distressing"


def is_second() -> bool:
    return Assignment.objects.get(lease_place=0).sample.external_id == "s2"
