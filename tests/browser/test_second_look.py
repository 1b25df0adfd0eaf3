"""A second look in a real browser: a reviewer reads, accepts and returns by keyboard; the person reads the word and revises."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, expect
from test_pages import add_pair, faults, join, pairs, wait_until_sent

from annotation.models import SecondLook
from annotation.services import claiming, second_look_drawing, submission
from annotation.services.submission import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),  # static files come from where they lie
]

Enter = Callable[[str], Page]
NEXT = "/projects/pairs/review/second-look/"


def two_drawn() -> None:
    """Two answers of Ana's, an hour old and drawn."""
    project = pairs()
    project.second_look_share = 1
    project.save()
    join(project, "ana")
    join(project, "rita", "reviewer")
    me, at = project.annotators.select_related("project").get(), timezone.now() - timedelta(minutes=40)
    for number in range(2):
        add_pair(project, f"s{number}")
        held = claiming.claim_next(annotator=me, at=at)
        assert held is not None
        given = [{"attribute": "preference", "value": 1}]
        submission.submit(assignment_id=held.pk, answer=Answer(given=given, client_key="k"), at=at)
    second_look_drawing.draw(at=timezone.now())


def test_a_reviewer_by_keyboard_and_the_person_who_revises(enter: Enter):
    two_drawn()
    rita, ana = enter("rita"), enter("ana")
    rita.goto(NEXT)
    for width in (1440, 390):
        rita.set_viewport_size({"width": width, "height": 900})
        assert faults(rita, NEXT) == []
        assert rita.evaluate("document.documentElement.scrollWidth <= innerWidth")
    press(rita, "a")
    expect(rita.get_by_text("You accepted it.")).to_be_visible()
    press(rita, "r")
    rita.keyboard.type("a word: read it again")  # an a that is typed accepts nothing
    press(rita, "Control+Enter")
    expect(rita.get_by_role("heading", name="Nothing waits for a second look")).to_be_visible()
    states = sorted(SecondLook.objects.values_list("state", "word"))
    assert states == [("accepted", ""), ("returned", "a word: read it again")]

    rita.get_by_role("link", name="What was found").first.click()
    expect(rita.locator("[data-chart] svg").first).to_be_visible()
    assert faults(rita, f"{NEXT}found/") == []

    ana.goto("/projects/pairs/record/")
    expect(ana.get_by_text("a word: read it again")).to_be_visible()
    assert faults(ana, "/projects/pairs/record/") == []
    ana.get_by_role("link", name="Revise").focus()
    press(ana, "Enter")
    expect(ana.locator(".work-came-back")).to_contain_text("a word: read it again")
    ana.wait_for_load_state("load")
    expect(ana.locator(".level input:checked")).to_have_count(1)
    press(ana, "1", "Enter")
    expect(ana.locator(".work-came-back")).to_be_hidden()
    wait_until_sent(ana)
    rita.goto(NEXT)
    expect(rita.get_by_role("button", name="Accept")).to_be_visible()
    assert SecondLook.objects.get(state="waiting").why == "again"
