"""An admin finds, by keyboard, the three who do not judge: the one who guesses, the one who prefers what is shown first, and
the one who copies another. They pause one with a reason and write to another, who answers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from compared_crowd import rated_pairs
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, expect
from story import join
from test_pages import faults

from annotation.models import Annotator, Membership, Project
from annotation.services import person_figures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),  # static files come from where they lie
]

Enter = Callable[[str], Page]
AT_RANDOM, FIRST, COPIER, SOURCE = 0, 1, 2, 3


def a_project_with_three_planted() -> tuple[Project, list[Annotator]]:
    at = timezone.now()
    planted = {"guessing": [AT_RANDOM], "first": [FIRST], "copies": {COPIER: SOURCE}}
    project, people = rated_pairs(
        people=8, samples=300, at=at - timedelta(hours=1), lasting=timedelta(weeks=10), **planted
    )
    person_figures.refresh(project=project, at=at)
    join(project, "ada", role=Membership.Role.ADMIN)
    return project, people


def open_by_keyboard(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_an_admin_finds_the_three_and_deals_with_them(enter: Enter):
    project, people = a_project_with_three_planted()
    names = [person.external_id for person in people]
    page = enter("ada")
    page.goto(f"/projects/{project.slug}/people/")
    look = page.get_by_role("region", name="Worth a look")
    expect(look.get_by_role("heading", level=3)).to_have_count(3)
    for person, why in (
        (AT_RANDOM, "no better than the same levels given at random would"),
        (FIRST, "favours the response shown first"),
        (COPIER, f"Gives the same value as {names[SOURCE]}"),
    ):
        expect(look.get_by_role("listitem").filter(has_text=names[person]).first).to_contain_text(why)

    page.get_by_role("link", name="Agreement").focus()
    press(page, "Enter")
    expect(page.get_by_role("columnheader", name="Agreement")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".people-table tbody th").first).to_contain_text(names[AT_RANDOM])

    open_by_keyboard(page, names[AT_RANDOM])
    expect(page.locator("[data-chart-picture] svg").first).to_be_visible()
    page.get_by_label("Reason (the person reads it)").focus()
    page.keyboard.type("Your answers agree with nobody's. Please write to me.")
    page.get_by_role("button", name="Pause").focus()
    press(page, "Enter")
    expect(page.get_by_role("region", name="Trail")).to_contain_text("by ada")
    expect(page.get_by_role("heading", level=1)).to_contain_text("paused")

    page.goto(f"/projects/{project.slug}/people/")
    open_by_keyboard(page, names[COPIER])
    page.get_by_label("Message").focus()
    page.keyboard.type("Who do you work with?")
    press(page, "Tab", "Enter")
    expect(page.get_by_role("region", name="What was said")).to_contain_text("Who do you work with?")

    other = enter(names[COPIER])
    other.goto(f"/projects/{project.slug}/record/")
    told = other.get_by_role("region", name="What you were told")
    expect(told).to_contain_text("Who do you work with?")
    told.get_by_text("Answer", exact=True).focus()
    press(other, "Enter")
    told.get_by_label("Your answer").focus()
    other.keyboard.type("We sit side by side.")
    press(other, "Tab", "Enter")
    expect(told).to_contain_text("We sit side by side.")

    page.goto(f"/projects/{project.slug}/people/")
    expect(page.get_by_role("region", name="1 thing waits for an admin")).to_contain_text("We sit side by side.")
    of_one = f"/projects/{project.slug}/people/{people[COPIER].pk}/"
    for width, scheme in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        for place in (f"/projects/{project.slug}/people/", of_one):
            assert faults(page, place) == [], f"{place} at {width}, {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{place} at {width}"
