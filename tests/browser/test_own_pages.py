"""A person's own pages in a real browser: settings, record, what is kept about them; and the menu on a small screen."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, expect
from test_pages import add_pair, faults, join, pairs

from annotation.models import User
from annotation.services import claiming, submission
from annotation.services.submission import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),  # static files come from where they lie
]

Enter = Callable[[str], Page]


def two_days_of_work(name: str) -> None:
    """Something today and something the day before yesterday."""
    project = pairs()
    join(project, name)
    for number, back in enumerate((timedelta(days=2), timedelta(minutes=5))):
        at = timezone.now() - back
        add_pair(project, f"s{number}")
        held = claiming.claim_next(annotator=project.annotators.get(), at=at)
        assert held is not None
        given = [{"attribute": "preference", "value": 1}]
        said = Answer(given=given, client_key="k", comment="Because.", active_seconds=30)
        submission.submit(assignment_id=held.pk, answer=said, at=at + timedelta(minutes=1))


OWN_PAGES = ("/", "/settings/", "/settings/password/", "/projects/pairs/record/", "/projects/pairs/data/")


def test_axe_finds_nothing_on_a_persons_own_pages(enter: Enter):
    two_days_of_work("ana")
    page = enter("ana")
    for place in OWN_PAGES:
        page.emulate_media(color_scheme="light")
        assert faults(page, place) == [], place
        page.emulate_media(color_scheme="dark")
        assert faults(page) == [], f"{place} in the dark"


def test_axe_finds_nothing_in_menus_folds_and_what_is_refused(enter: Enter):
    two_days_of_work("ana")
    page = enter("ana")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/projects/pairs/record/")
    for fold in page.locator("summary:visible").all():
        fold.click()
    assert faults(page) == []
    page.goto("/settings/")
    page.locator("#time_zone").fill("Nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#zone-problem")).to_be_visible()
    assert faults(page) == []


def test_times_stand_in_the_zone_of_the_browser_and_then_in_the_chosen_one(enter: Enter):
    two_days_of_work("ana")
    page = enter("ana")
    page.evaluate("document.cookie = 'concord_zone=Asia/Tokyo; path=/'")
    page.route("**/zone.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/settings/")
    expect(page.locator("#zone-hint")).to_contain_text("JST")
    page.locator("#time_zone").fill("Asia/Seoul")
    press(page, "Enter")
    expect(page.locator("#zone-hint")).to_contain_text("KST")
    assert User.objects.get(username="ana").time_zone == "Asia/Seoul"


def test_a_page_tells_where_its_browser_is(enter: Enter):
    page = enter("ana")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}["concord_zone"] == zone


def test_colours_and_single_keys_are_chosen_in_the_settings_and_hold_elsewhere(enter: Enter):
    project = pairs()
    add_pair(project, "s1")
    join(project, "ana")
    page = enter("ana")
    page.goto("/settings/")
    page.get_by_label("Dark").check()
    page.get_by_label("Single keys off").check()
    page.goto("/projects/pairs/annotate/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    press(page, "1")
    expect(page.locator(".level input:checked")).to_have_count(0)
    page.goto("/settings/")
    expect(page.get_by_label("Dark")).to_be_checked()
    expect(page.get_by_label("Single keys off")).to_be_checked()


def test_the_file_comes_as_a_file(enter: Enter, tmp_path: Path):
    two_days_of_work("ana")
    page = enter("ana")
    page.goto("/projects/pairs/data/")
    with page.expect_download() as awaited:
        page.get_by_role("link", name="Download all of it").press("Enter")
    awaited.value.save_as(tmp_path / "mine.json")
    mine = json.loads((tmp_path / "mine.json").read_text())
    assert [sample["annotations"][0]["comment"] for sample in mine["samples"]] == ["Because.", "Because."]
    assert awaited.value.suggested_filename.startswith("pairs-my-data-")


def test_a_small_screen_says_where_one_is_and_leads_elsewhere_by_keyboard(enter: Enter):
    two_days_of_work("ana")
    page = enter("ana")
    page.set_viewport_size({"width": 390, "height": 800})
    here = page.locator(".site-pages summary")
    for place, name in {
        "annotate": "Annotate",
        "work": "My work",
        "guideline": "Guideline",
        "record": "My record",
        "data": "My record",
    }.items():
        page.goto(f"/projects/pairs/{place}/")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        expect(here).to_have_text(name)
        expect(here).to_be_in_viewport(ratio=1)
    here.focus()
    press(page, "Enter")
    expect(page.locator(".site-pages a[aria-current=page]")).to_be_in_viewport(ratio=1)
    page.locator(".site-pages a").first.focus()
    press(page, "Enter")
    page.wait_for_url("**/annotate/")
