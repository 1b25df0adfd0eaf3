"""The active seconds of a card: what is work and what is not. The browser's clock is driven by the test."""

import re
from collections.abc import Callable

import pytest
from hands import press
from playwright.sync_api import Page, expect
from test_pages import add_pair, join, pairs, said_by, wait_until_sent

from annotation.models import Annotation

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
Enter = Callable[[str], Page]
PLACE = "/projects/pairs/annotate/"
MINUTE = 60_000
HIDE = """(state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def page(enter: Enter) -> Page:
    """Ana's card, with a clock that only the test moves."""
    project = pairs()
    for name in ("s1", "s2"):
        add_pair(project, name)
    join(project, "ana")
    page = enter("ana")
    page.clock.install()
    opened(page)
    return page


def opened(page: Page) -> None:
    page.goto(PLACE)
    page.clock.run_for(100)
    expect(page.locator("form[data-live]")).to_be_attached()


def seconds(page: Page) -> int:
    return int(page.input_value("[name=active_seconds]"))


def pass_time(page: Page, milliseconds: int) -> int:
    """How many active seconds that makes."""
    before = seconds(page)
    page.clock.run_for(milliseconds)
    return seconds(page) - before


def about(expected: int) -> object:
    """The card is real: a second or two pass while the test looks."""
    return pytest.approx(expected, abs=3)


def move(page: Page) -> None:
    page.mouse.move(200, 200)
    page.mouse.move(210, 210)


def test_reading_counts_and_a_hand_that_rests_for_a_minute_stops_it(page: Page):
    move(page)
    assert pass_time(page, 30_000) == about(30)
    assert pass_time(page, 10 * MINUTE) == about(30)
    assert pass_time(page, 10 * MINUTE) == 0
    press(page, "Shift")
    assert pass_time(page, 20_000) == about(20)


def test_a_hidden_page_does_not_count_and_goes_on_where_it_was(page: Page):
    move(page)
    assert pass_time(page, 10_000) == about(10)
    page.evaluate(HIDE, "hidden")
    assert pass_time(page, 10 * MINUTE) == 0
    page.evaluate(HIDE, "visible")
    assert pass_time(page, 10_000) == 0  # nobody has moved since
    move(page)
    assert pass_time(page, 10_000) == about(10)


def test_a_clock_that_is_put_forward_or_back_changes_nothing(page: Page):
    move(page)
    for hours in (5, -12):
        page.clock.set_system_time(page.evaluate("Date.now()") / 1000 + hours * 3600)
        move(page)
        assert pass_time(page, 20_000) == about(20)


def test_sleep_is_no_work(page: Page):
    """The device sleeps for eight hours, and timers come late: fast_forward fires each once, as waking does."""
    move(page)
    page.clock.fast_forward(8 * 60 * MINUTE)
    assert seconds(page) == about(0)
    move(page)
    assert pass_time(page, 5_000) == about(5)


def test_of_two_tabs_beside_each_other_one_counts(page: Page):
    other = page.context.new_page()
    other.clock.install()
    opened(other)
    move(page)
    other.wait_for_timeout(0)
    move(other)
    page.clock.run_for(100)
    assert pass_time(other, 20_000) == about(20)
    assert pass_time(page, 20_000) == 0
    other.close()


def test_a_reload_keeps_the_seconds_also_before_anything_is_chosen(page: Page):
    move(page)
    pass_time(page, 40_000)
    opened(page)
    assert seconds(page) == about(40)


def test_the_seconds_are_sent_and_the_next_card_starts_from_nought(page: Page):
    move(page)
    pass_time(page, 25_000)
    press(page, "1")
    pass_time(page, 5_000)
    press(page, "Enter")
    page.clock.run_for(2_000)
    expect(page.locator("[data-correct]")).to_be_visible()
    wait_until_sent(page)
    assert said_by("ana").active_seconds == about(30)
    assert seconds(page) == about(0)


def test_a_correction_counts_only_itself(page: Page):
    move(page)
    press(page, "1")
    pass_time(page, 30_000)
    press(page, "Enter")
    page.clock.run_for(2_000)
    expect(page.locator("[data-correct]")).to_be_visible()
    wait_until_sent(page)
    press(page, "u")
    page.clock.run_for(2_000)
    expect(page.locator(".work-correcting")).to_be_visible()
    press(page, "3")
    pass_time(page, 10_000)
    press(page, "Enter")
    page.clock.run_for(2_000)
    expect(page.locator(".work-correcting")).to_be_hidden()
    wait_until_sent(page)
    given = Annotation.objects.order_by("revision").values_list("active_seconds", flat=True)
    assert list(given) == [about(30), about(12)]


@pytest.mark.parametrize("nonsense", ["-5", "1e9", "NaN", "99999999", "<b>", ""])
def test_a_field_that_was_tampered_with_counts_as_not_measured(page: Page, nonsense: str):
    press(page, "1")
    page.evaluate("(text) => { document.querySelector('[name=active_seconds]').value = text }", nonsense)
    page.evaluate("() => document.getElementById('answer').requestSubmit()")
    page.clock.run_for(50)
    expect(page.locator("[data-correct]")).to_be_visible()
    wait_until_sent(page)
    assert said_by("ana").active_seconds is None


def test_a_draft_with_nonsense_in_it_is_harmless(page: Page):
    press(page, "1")
    page.evaluate(
        """() => { for (const key of Object.keys(localStorage)) if (key.startsWith("concord.draft.")) localStorage.setItem(key,
            JSON.stringify({ ...JSON.parse(localStorage.getItem(key)), activeSeconds: "many", seconds: "many" })) }"""
    )
    opened(page)
    assert re.fullmatch("[0-9]+", page.input_value("[name=active_seconds]"))
