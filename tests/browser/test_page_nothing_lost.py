"""Nothing is lost: the answers of the annotator's page survive a lost line, a server that fails, a log-out, a reload and the end
of a lease, and arrive once."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, Route, expect
from test_pages import add_pair, in_hand, join, pairs, wait_until_sent

from annotation.models import Annotation, Assignment, Draft
from annotation.services import leases

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
Enter = Callable[[str], Page]
PLACE = "/projects/pairs/annotate/"


@pytest.fixture
def page(enter: Enter) -> Page:
    """Ana has a sample before her, and the next one is ready behind it."""
    project = pairs()
    for at in range(5):
        add_pair(project, f"s{at}", messages=[{"role": "user", "content": f"Question {at}"}])
    join(project, "ana")
    page = enter("ana")
    opened(page)
    return page


def opened(page: Page) -> None:
    with page.expect_response("**/ahead/"):
        page.goto(PLACE)
    expect(page.locator("form[data-live]")).to_be_attached()


def question_on(page: Page) -> str:
    return page.locator(".conversation .turn-body").inner_text()


def line(page: Page) -> str:
    return page.locator("[data-line]").inner_text()


def answer(page: Page, key: str = "1") -> str:
    """Rate and press Enter; gives the question that was answered, once the next one is there."""
    asked = question_on(page)
    press(page, key)
    press(page, "Enter")
    expect(page.locator(".conversation .turn-body")).not_to_have_text(asked)
    return asked


def come_back(page: Page) -> None:
    """What switching back to the tab does: whatever waits is sent at once."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def test_without_a_line_the_next_sample_is_there_and_the_answer_follows_later(page: Page):
    page.context.set_offline(True)
    answer(page)
    expect(page.locator("[data-line]")).to_have_text("offline · 1 kept here")
    assert not Annotation.objects.exists()
    press(page, "3")
    press(page, "Enter")  # nothing is ahead of this one
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()

    page.context.set_offline(False)
    expect(page.locator("form[data-live]")).to_be_attached()
    wait_until_sent(page)
    expect(page.locator("[data-line]")).to_be_empty()
    assert Annotation.objects.count() == 2


def test_a_server_that_fails_is_asked_again_with_the_same_key(page: Page):
    keys = []

    def broken(route: Route) -> None:
        keys.append(route.request.post_data_json["client_key"])
        route.fulfill(status=503) if len(keys) < 3 else route.continue_()

    page.context.route("**/submit/", broken)
    answer(page)
    expect(page.locator("[data-line]")).to_have_text("the server does not answer · 1 kept here")
    come_back(page)
    come_back(page)
    wait_until_sent(page)
    assert len(set(keys)) == 1
    assert Annotation.objects.get().client_key == keys[0]


def test_an_answer_whose_receipt_was_lost_is_stored_once(page: Page):
    """The server has it, the page does not know."""
    lost = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch())
            route.abort()

    page.context.route("**/submit/", lose)
    answer(page)
    come_back(page)
    wait_until_sent(page)
    assert Annotation.objects.count() == 1


def test_who_was_logged_out_loses_nothing_and_logs_in_in_another_tab(page: Page):
    page.context.clear_cookies(name="sessionid")
    answer(page)
    expect(page.locator("[data-log-in-again]")).to_be_visible()
    press(page, "c")
    page.keyboard.type("half a thought")
    other = page.context.new_page()
    log_in(other)
    come_back(page)
    wait_until_sent(page)
    expect(page.locator("[data-log-in-again]")).to_be_hidden()
    assert Annotation.objects.count() == 1
    assert page.input_value("#comment") == "half a thought"
    other.close()


def test_who_logs_in_again_in_the_same_tab_comes_back_to_the_sample_with_the_draft(page: Page):
    asked = question_on(page)
    press(page, "3", "c")
    page.keyboard.type("half a thought")
    page.context.clear_cookies(name="sessionid")
    press(page, "Control+Enter")
    page.get_by_role("link", name="Log in and go on").click()
    log_in(page)
    page.wait_for_url(f"**{PLACE}")
    wait_until_sent(page)
    said = Annotation.objects.get()
    assert said.comment == "half a thought"
    assert said.assignment.sample.content.messages[0]["content"] == asked


def log_in(page: Page) -> None:
    if "/login/" not in page.url:
        page.goto(f"/login/?next={PLACE}")
    page.fill("[name=username]", "ana")
    page.fill("[name=password]", "correct horse")
    press(page, "Enter")
    page.wait_for_url(f"**{PLACE}")


def test_an_answer_that_was_not_sent_goes_out_when_the_page_is_opened_again(page: Page):
    page.context.route("**/submit/", lambda route: route.abort())
    asked = answer(page)
    page.context.unroute("**/submit/")
    page.goto(PLACE)
    wait_until_sent(page)
    expect(page.locator("form[data-live]")).to_be_attached()
    assert question_on(page) != asked
    assert Annotation.objects.get().assignment.sample.content.messages[0]["content"] == asked


def test_a_draft_is_on_the_server_and_survives_another_device(page: Page):
    press(page, "3", "c")
    with page.expect_response("**/draft/"):
        page.keyboard.type("Because of the tea")
    assert Draft.objects.get().fields["comment"] == "Because of the tea"
    page.evaluate("localStorage.clear()")
    opened(page)
    assert page.input_value("#comment") == "Because of the tea"
    expect(page.locator("[data-word]")).to_have_text("your draft is back")
    expect(page.locator(".level input:checked")).to_have_count(1)


def test_after_the_end_of_the_lease_the_sample_is_taken_again_and_the_answer_counts(page: Page):
    held = in_hand_first()
    Assignment.objects.update(lease_expires_at=timezone.now() - timezone.timedelta(minutes=1))
    assert leases.expire(at=timezone.now()) == 2
    answer(page)
    wait_until_sent(page)
    held.refresh_from_db()
    assert held.state == "submitted"


def in_hand_first() -> Assignment:
    return Assignment.objects.get(state="leased", lease_place=0)


def test_an_answer_that_is_refused_later_is_shown_again_with_what_was_said(page: Page):
    """The page thought that it was whole; the server does not."""
    page.evaluate(
        "for (const question of document.querySelectorAll('[data-required]')) delete question.dataset.required"
    )
    asked = question_on(page)
    press(page, "c")
    page.keyboard.type("No rating at all")
    press(page, "Control+Enter")
    expect(page.locator(".conversation .turn-body")).not_to_have_text(asked)
    next_one = question_on(page)
    page.get_by_role("button", name="Look at it").press("Enter")
    expect(page.locator(".conversation .turn-body")).to_have_text(asked)
    assert page.input_value("#comment") == "No rating at all"
    press(page, "Escape", "1", "Enter")
    expect(page.locator(".conversation .turn-body")).to_have_text(next_one)
    wait_until_sent(page)
    assert Annotation.objects.get().comment == "No rating at all"


def test_what_is_answered_in_one_tab_is_not_offered_in_the_other(page: Page):
    other = page.context.new_page()
    other.goto(PLACE)
    expect(other.locator("form[data-live]")).to_be_attached()
    assert question_on(other) == question_on(page)
    press(page, "c")
    page.keyboard.type("seen in both")
    expect(other.locator("#comment")).to_have_value("seen in both")
    press(page, "Escape")
    asked = answer(page)
    expect(other.locator(".conversation .turn-body")).not_to_have_text(asked)
    assert other.input_value("#comment") == ""
    wait_until_sent(page)
    assert Annotation.objects.count() == 1
    other.close()


def test_the_sample_ahead_is_given_back_when_the_page_is_left(page: Page):
    assert Assignment.objects.filter(state="leased").count() == 2
    page.goto("/")
    page.wait_for_timeout(300)
    assert in_hand("ana").lease_place == 0
