"""An admin's whole way: a project set up, real people at work and three planted among them, the three found, the contested
settled, the policy changed, a version published. What the pages said is then computed anew from the version's votes alone."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hands import press
from planted_crowd import COPIED, COPIES, GUESSES, HONEST, PLANTED, PREFERS_FIRST, SEED, Recomputed, Replay, file_of
from playwright.sync_api import Page, expect
from test_pages import faults

from annotation.models import Decision, Project, Sample, User
from annotation.review.overview import page as overview
from annotation.services import figures, importing, person_figures
from annotation.tasks import answer_what_ifs, build_versions, fold_statistics

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

Enter = Callable[[str], Page]
SAMPLES, IN_PARTS = 240, 60
FRONT = "/projects/better-answers/"


def test_an_admins_day(enter: Enter, monkeypatch: pytest.MonkeyPatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(importing.secrets, "randbelow", random.Random(SEED).randrange)  # noqa: S311
    monkeypatch.setattr(overview, "EVERY_SECONDS", 0.3)
    User.objects.create(username="olga", is_staff=True)
    page = enter("olga")
    project = set_up(page)
    watch_the_replay(page, project)
    find_the_planted(page, project)
    settle_the_contested(page, project)
    change_the_policy(page, project)
    assert what_the_pages_say(page, project) == computed_anew(publish(page))


# --- set up -----------------------------------------------------------------------------------------------------
def set_up(page: Page) -> Project:
    """From a preset, with samples from a file; started."""
    page.get_by_role("link", name="New project").click()
    page.get_by_role("radio", name="Which is better, or are they equal?").check()
    page.get_by_label("Title").fill("Better answers")
    press(page, "Enter")
    page.get_by_role("link", name="Samples", exact=False).filter(has_text="Go on").click()
    file = {"name": "samples.jsonl", "mimeType": "application/jsonl", "buffer": file_of(SAMPLES)}
    page.get_by_label("A file of samples").set_input_files(file)
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name=f"Import {SAMPLES} samples").click()
    expect(page.get_by_text(f"{SAMPLES} samples are here.")).to_be_visible()

    page.goto(f"{FRONT}setup/settings/")
    page.get_by_label("Active: people are given samples").check()
    page.get_by_label("Let programs claim a named sample").check()
    page.get_by_label("Price of an annotation").fill("0.40")
    page.get_by_label("Why is it changed?").fill("Recorded people work here.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("settings are changed.")).to_be_visible()
    return Project.objects.get(slug="better-answers")


# --- watch ------------------------------------------------------------------------------------------------------
def watch_the_replay(page: Page, project: Project) -> None:
    """The front page stays open, and moves each time that beat has folded what happened."""
    replay = Replay(project, begin=timezone.now() - timedelta(hours=4))
    fold_statistics()
    page.goto(FRONT)
    page.evaluate("window.isTheSame = true")
    expect(count_of(page, "open")).to_have_text(str(SAMPLES))
    for first in range(0, SAMPLES, IN_PARTS):
        replay.play(slice(first, first + IN_PARTS))
        fold_statistics()
        still_open = project.samples.filter(state="open").count()
        assert still_open == SAMPLES - first - IN_PARTS
        expect(count_of(page, "open")).to_have_text(str(still_open))
    for state in ("escalated", "contested", "resolved"):
        expect(count_of(page, state)).to_have_text(str(project.samples.filter(state=state).count()))
    assert page.evaluate("window.isTheSame")
    page.goto(f"{FRONT}samples/")
    expect(page.get_by_role("button", name="Offer to people")).to_be_visible()
    figures.refresh(project=project, at=timezone.now(), at_once=True)
    person_figures.refresh(project=project, at=timezone.now())


def count_of(page: Page, state: str):
    return page.locator(f".state--{state} .funnel-count")


# --- people -----------------------------------------------------------------------------------------------------
def find_the_planted(page: Page, project: Project) -> None:
    """Named with reasons, and nobody honest; one of them is paused, by keyboard."""
    page.goto(f"{FRONT}people/")
    look = page.get_by_role("region", name="Worth a look")
    named = look.get_by_role("heading", level=3).all_inner_texts()
    assert set(named) == PLANTED, f"{named} stand out; {', '.join(HONEST)} are honest."
    for person, why in (
        (GUESSES, "no better than the same levels given at random would"),
        (PREFERS_FIRST, "favours the response shown first"),
        (COPIES, f"Gives the same value as {COPIED}"),
    ):
        about = look.locator(".people-look > li").filter(has=page.get_by_role("heading", name=person))
        expect(about).to_contain_text(why)

    look.get_by_role("link", name=GUESSES).focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1, name=GUESSES)).to_be_visible()
    page.get_by_label("Reason (the person reads it)").focus()
    page.keyboard.type("Your answers agree with nobody's. Please write to me.")
    page.get_by_role("button", name="Pause").focus()
    press(page, "Enter")
    expect(page.get_by_role("region", name="Trail")).to_contain_text("by olga")
    expect(page.get_by_role("heading", level=1)).to_contain_text("paused")


# --- settle -----------------------------------------------------------------------------------------------------
def settle_the_contested(page: Page, project: Project) -> None:
    """One after another, by keyboard, each with a cause; every second one otherwise than the first."""
    contested = project.samples.filter(state="contested").count()
    assert contested >= 2
    page.goto(f"{FRONT}review/?kind=contested")
    press(page, "j", "Enter")
    for number in range(contested):
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_be_visible()
        before = heading.inner_text()
        press(page, "2" if number % 2 else "4")
        press(page, "a")
        expect(heading).not_to_have_text(before)
    expect(page.get_by_role("heading", name="Nothing")).to_be_visible()
    assert Decision.objects.filter(action="accept", saw_judges=False).count() == contested
    fold_statistics()
    page.goto(FRONT)
    shares = page.locator(".causes-row .funnel-count").all_inner_texts()
    errors, tastes = (contested + 1) // 2, contested // 2
    assert shares == [f"{100 * of / contested:.1f} % ({of})" for of in (errors, tastes)]


# --- what if ----------------------------------------------------------------------------------------------------
def change_the_policy(page: Page, project: Project) -> None:
    """Tried on what is there, applied with a reason; the trail has it with before and after."""
    page.goto(f"{FRONT}what-if/")
    page.get_by_label("When are more people asked?").select_option("sequential")
    page.get_by_label("The label is").select_option("majority")
    page.get_by_role("button", name="Replay").first.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Waiting for a process that is free.")
    answer_what_ifs()
    expect(page.locator(".what-if-headline")).to_contain_text("points better")
    page.get_by_label("Why").fill("Labels are better.")
    page.get_by_role("button", name="Apply").press("Enter")
    expect(page.get_by_text("Applied as policy 2.")).to_be_visible()
    page.goto(f"{FRONT}trail/")
    event = page.locator(".trail-event").filter(has_text="Labels are better.").first
    expect(event).to_contain_text("The label is: the mean of the three who differ least → the commonest value")
    expect(event).to_contain_text("olga")


# --- publish, and compare ---------------------------------------------------------------------------------------
def publish(page: Page) -> list[dict[str, Any]]:
    """A version asked for on the overview, built as beat builds it; its votes, from its page."""
    page.goto(FRONT)
    page.get_by_role("button", name="Publish what is resolved").press("Enter")
    expect(page.get_by_text("Version 1 is being built.")).to_be_visible()
    build_versions()
    page.goto(FRONT)
    page.get_by_role("link", name="v1", exact=True).press("Enter")
    with page.expect_download() as saved:
        page.get_by_role("link", name="votes.jsonl").press("Enter")
    return [json.loads(line) for line in saved.value.path().read_text().splitlines()]


def what_the_pages_say(page: Page, project: Project) -> dict[str, Any]:
    """Figures as an admin reads them: on the front page, and in the tables of the attribute's pictures."""
    fold_statistics()
    page.goto(FRONT)
    facts = page.locator(".facts > div")
    said = dict(
        zip(facts.locator("dt").all_inner_texts(), facts.locator("dd:nth-of-type(1)").all_inner_texts(), strict=True)
    )
    said |= {state: count_of(page, state).inner_text() for state in Sample.State.values}
    alpha = page.locator("#reliability .estimate-value").inner_text().split(" ")[0]
    assert faults(page) == []
    page.goto(f"{FRONT}attributes/preference/")
    return {
        "samples": {name: said[name] for name in (*Sample.State.values, "Samples", "Annotations")},
        "Annotations a sample": said["Annotations a sample"],
        "escalated": said["Went to more people"],
        "alpha": alpha,
        "levels": [int(row[-1]) for row in table_of(page, "How the levels are used")],
        "spread": [int(row[-1]) for row in table_of(page, "How far first rounds lie apart")],
        "confusion": table_of(page, "Which levels are confused"),
    }


def table_of(page: Page, title: str) -> list[list[str]]:
    """The numbers behind a picture."""
    rows = page.locator("figure.chart").filter(has_text=title).locator("tbody tr")
    return [rows.nth(at).locator("td").all_text_contents() for at in range(rows.count())]


def computed_anew(votes: list[dict[str, Any]]) -> dict[str, Any]:
    found = Recomputed(votes)
    resolved = len(found.votes)
    return {
        "samples": {
            **dict.fromkeys(Sample.State.values, "0"),
            "resolved": str(resolved),
            "Samples": str(resolved),
            "Annotations": str(found.annotations),
        },
        "Annotations a sample": found.a_sample,
        "escalated": found.escalated,
        "alpha": f"{found.alpha:.2f}",
        "levels": found.levels,
        "spread": found.spread,
        "confusion": found.confusion,
    }
