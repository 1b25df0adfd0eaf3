"""The explorer in a real browser: by keyboard, and with an address that says what is asked."""

import pytest
from hands import press
from playwright.sync_api import expect
from story import NOW, join, make_project, make_samples

from annotation.explorer import covering
from annotation.models import Sample


@pytest.mark.django_db(transaction=True)
def test_a_reviewer_finds_marks_and_excludes_samples_without_a_mouse(enter):
    project = make_project()
    make_samples(project, 3)
    join(project, "rita", role="reviewer")
    covering.cover(project=project, through=2**60, at=NOW)
    page = enter("rita")
    page.goto("/projects/recipes/samples/")
    press(page, "/")
    page.keyboard.type("prompt s1")
    press(page, "Enter")
    page.wait_for_url("**/samples/?text=prompt+s1")  # what was left empty is not asked
    expect(page.locator("[data-row]")).to_have_count(1)
    page.goto("/projects/recipes/samples/")
    for key in "jjkjx":
        press(page, key)
    expect(page.locator("tr[data-lit] input")).to_be_checked()
    page.get_by_role("button", name="Exclude…").press("Enter")
    page.get_by_label("Reason").fill("A test.")
    page.get_by_role("button", name="Exclude 1 sample").press("Enter")
    expect(page.get_by_text("1 sample was changed.")).to_be_visible()
    assert Sample.objects.get(external_id="s1").state == "excluded"
    press(page, "j", "Enter")
    page.wait_for_url("**/review/*/")
