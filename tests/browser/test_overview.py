"""The project's front page as an admin keeps it open: it moves by itself, is read by slice, and works by keyboard."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from hands import press
from playwright.sync_api import expect
from test_pages import NOW, WCAG, Enter, add_pair, contest, join, pairs, rate

from annotation.models import Membership, Project
from annotation.review.overview import page as overview
from annotation.services import figures
from annotation.statistics import fold

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
FRONT = "/projects/pairs/"


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Project:
    """Six samples of two domains; one is contested, one was decided, the others wait."""
    monkeypatch.setattr(overview, "EVERY_SECONDS", 0.3)
    project = pairs()
    join(project, "ada", Membership.Role.ADMIN)
    for number in range(6):
        add_pair(project, f"s{number}", metadata={"domain": ("law", "cooking")[number % 2]})
    contest(project, project.samples.get(external_id="s0"))
    for name in ("ana", "ben", "cleo"):
        rate(project.samples.get(external_id="s1"), name, 1)
    count(project)
    return project


def count(project: Project) -> None:
    figures.refresh(project=Project.objects.get(pk=project.pk), at=NOW, at_once=True)
    fold.fold(project=project, at=timezone.now())


def test_what_happens_appears_without_reloading(enter: Enter, project: Project) -> None:
    page = enter("ada")
    page.goto(FRONT)
    page.evaluate("window.isTheSame = true")
    expect(page.locator(".state--resolved .funnel-count")).to_have_text("1")
    table = page.locator(".chart details").first
    table.locator("summary").click()
    opened = table.evaluate("fold => fold.open")
    for name in ("ana", "ben", "cleo"):
        rate(project.samples.get(external_id="s2"), name, -1)
    count(project)
    expect(page.locator(".state--resolved .funnel-count")).to_have_text("2")
    expect(page.get_by_text("s ago")).to_be_visible()
    assert page.evaluate("window.isTheSame")
    assert table.evaluate("fold => fold.open") == opened  # what somebody opened stays open
    expect(page.locator(".chart-picture svg").first).to_be_visible()


def test_a_slice_is_chosen_by_keyboard_and_kept(enter: Enter, project: Project) -> None:
    page = enter("ada")
    page.goto(FRONT)
    page.get_by_label("Figures of").focus()
    page.keyboard.type("domain: law")
    press(page, "Tab", "Enter")
    expect(page).to_have_url(re.compile(r"/projects/pairs/\?slice=domain%3Dlaw$"))
    expect(page.get_by_text("Small: 3 samples. Intervals are wide.")).to_be_visible()
    expect(page.locator(".state--contested .funnel-count")).to_have_text("1")
    expect(page.locator(".state--resolved .funnel-count")).to_have_text("0")
    again = page.get_by_role("navigation").get_by_role("link", name="Overview").first
    expect(again).to_have_attribute("href", f"{FRONT}?slice=domain%3Dlaw")
    page.get_by_role("link", name="Whole project").press("Enter")
    expect(page.locator(".state--resolved .funnel-count")).to_have_text("1")


def test_what_needs_somebody_is_the_first_link_and_axe_finds_nothing(enter: Enter, project: Project) -> None:
    page = enter("ada")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(FRONT)
        expect(page.locator(".chart-picture svg").first).to_be_visible()
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert found.violations_count == 0, found.generate_report()
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Settle 1 contested sample").press("Enter")
    expect(page).to_have_url(re.compile(r"/projects/pairs/review/\?kind=contested$"))
