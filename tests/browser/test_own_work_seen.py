"""My work in a real browser: read by keyboard, at every width, in both themes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, expect
from test_pages import add_pair, faults, join, pairs

from annotation.services import claiming, leases, submission
from annotation.services.submission import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),  # static files come from where they lie
]

Enter = Callable[[str], Page]
LONG = "https://example.org/" + "a" * 300


def some_work(name: str) -> None:
    """Yesterday, an hour ago, just now; one skipped, one with a comment that has no space in it."""
    project = pairs()
    join(project, name)
    me = project.annotators.select_related("project").get()
    for number, back in enumerate((timedelta(days=1), timedelta(hours=1), timedelta(minutes=20), timedelta(minutes=2))):
        at = timezone.now() - back
        add_pair(project, f"s{number}")
        held = claiming.claim_next(annotator=me, at=at)
        assert held is not None
        if number == 1:
            leases.skip(assignment=held, reason="broken", at=at)
            continue
        said = Answer(
            given=[{"attribute": "preference", "value": 1}],
            client_key="k",
            comment=LONG * (number == 2),
            active_seconds=30,
        )
        submission.submit(assignment_id=held.pk, answer=said, at=at)


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(enter: Enter):
    some_work("ana")
    page = enter("ana")
    page.goto("/projects/pairs/work/")
    whole = page.locator(".own-work-prompt a").first.get_attribute("href")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for place in ("/projects/pairs/work/", "/projects/pairs/work/?show=late", str(whole)):
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert faults(page, place) == [], f"{place} at {width}, {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{place} at {width}"


def test_by_keyboard_from_the_list_to_one_and_to_the_correction(enter: Enter):
    some_work("ana")
    page = enter("ana")
    page.goto("/projects/pairs/work/")
    page.get_by_role("link", name="Correct", exact=True).focus()
    press(page, "Enter")
    expect(page.locator("#sample-card")).to_be_visible()
    page.go_back()
    page.locator(".own-work-prompt a").last.focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="What you saw and said")).to_be_visible()
    expect(page.locator("form[action*=submit], form[action*=correct]")).to_have_count(0)
