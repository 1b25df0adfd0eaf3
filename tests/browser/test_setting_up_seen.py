"""A project from nothing to its first answer, as an admin and an invited stranger make it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hands import press
from playwright.sync_api import Browser, Page, expect
from test_pages import WCAG

from annotation.models import Annotation, Project, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Enter = Callable[[str], Page]
RESPONSES = [{"id": "a", "text": "It **scatters** light."}, {"id": "b", "text": "It reflects the sea."}]
FILE = "".join(
    json.dumps(
        {"sample_id": name, "messages": [{"role": "user", "content": "Why is the sky blue?"}], "responses": RESPONSES}
    )
    + "\n"
    for name in ("one", "two")
)


def looked_at(page: Page, name: str) -> None:
    """Nothing that axe finds; with SHOTS set to a folder, pictures at three widths, light and dark."""
    page.wait_for_load_state()
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in found] == []
    if not (folder := os.environ.get("SHOTS")):
        return
    for width in (1440, 768, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")


def test_from_nothing_to_the_first_answer(enter: Enter, browser: Browser, live_server):
    User.objects.create(username="olga", is_staff=True)
    page = enter("olga")

    page.get_by_role("link", name="New project").click()
    looked_at(page, "new-project")
    page.get_by_role("radio", name="Which is better, or are they equal?").check()
    page.get_by_label("Title").fill("Blue skies")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Not started")).to_be_visible()
    looked_at(page, "setup")

    page.get_by_role("link", name="What is asked").click()
    page.get_by_role("button", name="One more question").click()
    page.get_by_label("Question").nth(1).fill("Is it true?")
    page.get_by_label("Levels, one a line").nth(1).fill("0 = Wrong\n1 = Partly\n2 = Right")
    expect(page.locator("#preview")).to_contain_text("Partly")
    looked_at(page, "rubric")
    page.get_by_label("Why is it changed?").fill("We need to know.")
    press(page, "Enter")  # shows, and neither writes nor takes out
    expect(page.get_by_label("Question")).to_have_count(2)
    page.get_by_role("button", name="Write the next version").click()
    expect(page.get_by_text("Rubric 2 is written.")).to_be_visible()

    page.get_by_role("link", name="Samples", exact=False).filter(has_text="Go on").click()
    page.get_by_label("A file of samples").set_input_files(
        {"name": "sky.jsonl", "mimeType": "application/jsonl", "buffer": FILE.encode()}
    )
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_role("button", name="Import 2 samples")).to_be_visible()
    looked_at(page, "import")
    page.get_by_role("button", name="Import 2 samples").click()
    expect(page.get_by_text("2 samples are here.")).to_be_visible()

    page.get_by_role("link", name="People").filter(has_text="Go on").click()
    page.get_by_label("How many may join").fill("3")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator(".setup-address").input_value()
    looked_at(page, "invitations")

    stranger = browser.new_context().new_page()
    stranger.goto(link)
    looked_at(stranger, "join")
    stranger.get_by_label("Choose a name").fill("nora")
    stranger.get_by_label("Choose a password").fill("seven green kettles")
    press(stranger, "Enter")
    expect(stranger.get_by_text("You have joined Blue skies.")).to_be_visible()

    page.goto("/projects/blue-skies/setup/settings/")
    page.get_by_label("Active: people are given samples").check()
    page.get_by_label("Price of an annotation").fill("0.40")
    page.get_by_label("Why is it changed?").fill("Off we go.")
    looked_at(page, "settings")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2 settings are changed.")).to_be_visible()
    expect(page.get_by_text("to pay")).to_be_visible()
    looked_at(page, "setup-filled")

    stranger.goto(f"{live_server.url}/projects/blue-skies/annotate/")
    for answered, key in enumerate("123", start=1):
        press(stranger, key)
        expect(stranger.locator(".answer input:checked")).to_have_count(answered)
    page.goto("/projects/blue-skies/leases/")
    expect(page.get_by_role("link", name="nora").first).to_be_visible()
    looked_at(page, "leases")
    press(stranger, "Enter")
    expect(stranger.locator("[data-correct]")).to_be_visible()
    expect(stranger.locator("[data-page]")).to_have_attribute("data-unsent", "0")
    assert Annotation.objects.count() == 1
    stranger.context.close()

    page.goto("/projects/blue-skies/trail/")
    expect(page.locator(".trail-event").first).to_contain_text("State: Paused → Active")
    looked_at(page, "trail")
    assert Project.objects.get().events.count() == 6
