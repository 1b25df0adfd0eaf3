"""The guideline and a question, with nothing but the keyboard: opened beside the sample, which stays where it is."""

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, expect
from test_pages import WCAG, Enter, Role, add_pair, in_hand, join, pairs

from annotation.models import Annotator, Question, User
from annotation.services import guidelines, questions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEXT = "## How to judge\n\nRead both.\n\nA short answer may be the best one."


def beginning_with(text: str = TEXT) -> None:
    project = pairs(instructions=text)
    add_pair(project, "s1")
    join(project, "ana")


def annotating(enter: Enter) -> Page:
    page = enter("ana")
    page.goto("/projects/pairs/annotate/")
    expect(page.locator("#sample-card")).to_be_visible()
    return page


def no_violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    return [violation["id"] for violation in found.response["violations"]]


def test_what_is_new_in_the_guideline_is_marked_until_it_was_opened(enter: Enter):
    beginning_with()
    Annotator.objects.update(guideline_read=1, rubric_read=1)
    project = in_hand_project()
    ada = join(project, "ada", Role.ADMIN)
    text = TEXT.replace("Read both.", "Read both to the end.") + "\n\nSources count."
    guidelines.write(project=project, text=text, what_changed="Sources count now.", by=ada, at=NOW)
    page = annotating(enter)
    expect(page.locator("[data-guideline-new]")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("/guideline/read/")):
        press(page, "g")
    panel = page.locator("#guideline")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("New since you last read it")
    expect(panel).to_contain_text("Sources count now.")
    expect(panel.locator(".change--added")).to_contain_text("Sources count.")
    expect(panel.locator(".change--changed")).to_contain_text("Read both to the end.")
    expect(panel.locator("[data-about=preference]")).to_contain_text("About the same")
    expect(page.locator("[data-guideline-new]")).to_have_count(0)
    assert no_violations(page) == []
    assert Annotator.objects.get(external_id="ana").guideline_read == 2
    page.reload()
    expect(page.locator("#sample-card")).to_be_visible()
    expect(page.locator("[data-guideline-new]")).to_have_count(0)


def in_hand_project():
    return Annotator.objects.select_related("project").get().project


def test_a_question_is_asked_and_the_reply_appears_while_the_sample_stays(enter: Enter):
    beginning_with()
    rita = join(in_hand_project(), "rita", Role.REVIEWER)
    page = annotating(enter)
    held = in_hand("ana").pk
    press(page, "q")
    expect(page.locator("#ask textarea")).to_be_focused()
    page.keyboard.type("Does 1 typo count, 그래도? s u n")
    assert no_violations(page) == []
    press(page, "Control+Enter")
    expect(page.locator("[data-ask-said]")).to_contain_text("Asked. The reply appears here")
    expect(page.locator("#ask")).to_be_hidden()
    asked = Question.objects.get()
    assert (asked.text, asked.assignment_id) == ("Does 1 typo count, 그래도? s u n", held)

    staff = enter("rita")
    staff.goto("/projects/pairs/review/")
    staff.locator("a[href*='/review/questions/']").first.press("Enter")
    expect(staff.locator("body")).to_contain_text("They must not learn what others")
    assert no_violations(staff) == []
    staff.get_by_label("Reply to ana").focus()
    staff.keyboard.type("Only where it changes the meaning.")
    press(staff, "Tab", "Enter")
    expect(staff.locator("body")).to_contain_text("ana reads your reply")
    assert Question.objects.get().replied_by == rita

    page.reload()
    assert in_hand("ana").pk == held
    reply = page.get_by_role("link", name="rita replied to your question")
    expect(reply).to_be_visible()
    page.goto(reply.get_attribute("href"))
    expect(page.locator("#questions")).to_contain_text("Only where it changes the meaning.")
    assert questions.unread_reply(Annotator.objects.get(external_id="ana")) is None


def test_what_was_typed_survives_a_closed_dialog_and_a_reload(enter: Enter):
    beginning_with()
    page = annotating(enter)
    press(page, "q")
    page.keyboard.type("Half a quest")
    press(page, "Escape")
    page.reload()
    expect(page.locator("#sample-card")).to_be_visible()
    press(page, "q")
    expect(page.locator("#ask textarea")).to_have_value("Half a quest")
    assert not Question.objects.exists()


def test_a_question_waits_for_the_line_and_is_asked_once(enter: Enter):
    beginning_with()
    page = annotating(enter)
    page.context.set_offline(True)
    press(page, "q")
    page.keyboard.type("Is tea a drink?")
    press(page, "Control+Enter")
    expect(page.locator("[data-ask-said]")).to_contain_text("is sent when there is one")
    assert not Question.objects.exists()
    page.context.set_offline(False)
    expect(page.locator("[data-ask-said]")).to_contain_text("Asked.")
    assert Question.objects.get().text == "Is tea a drink?"


def test_a_refused_question_comes_back_with_the_reason(enter: Enter):
    beginning_with()
    page = annotating(enter)
    for number in range(questions.OPEN_AT_MOST):
        questions.ask(assignment=in_hand("ana"), text=f"Question {number}?", at=timezone.now())
    press(page, "q")
    page.keyboard.type("One more?")
    press(page, "Control+Enter")
    expect(page.locator("[data-ask-said]")).to_contain_text("5 of your questions wait for a reply")
    press(page, "q")
    expect(page.locator("#ask textarea")).to_have_value("One more?")


def test_an_admin_writes_the_next_version_by_keyboard(enter: Enter):
    beginning_with()
    join(in_hand_project(), "ada", Role.ADMIN)
    page = enter("ada")
    page.goto("/projects/pairs/guideline/")
    page.locator(".guideline-write > summary").press("Enter")
    page.get_by_label("The whole text").focus()
    press(page, "Control+End")
    page.keyboard.type("\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    page.get_by_label("What changed").focus()
    page.keyboard.type("A table.")
    page.get_by_role("button", name="Preview").press("Enter")
    expect(page.locator("#preview table")).to_be_visible()
    assert no_violations(page) == []
    page.get_by_role("button", name="Write version 2").press("Enter")
    expect(page.locator("body")).to_contain_text("Version 2 is what people read now.")
    written = in_hand_project().guideline
    assert (written.what_changed, written.written_by) == ("A table.", User.objects.get(username="ada"))
