"""An admin asks what another policy would have cost, sees it being answered, and applies it in one step."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from test_pages import WCAG, Role, add_pair, join, pairs

from annotation.models import Annotation, Assignment, Policy, Project, Sample
from annotation.services import people
from annotation.tasks import answer_what_ifs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
Enter = Callable[[str], Page]
FIRST_AND_MORE = [[-1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, -1, -1, 1, -1], [1, 1, 0, 1, 1]]


def judged_by_five(how_many: int = 24) -> Project:
    """Samples that five people have judged: written at once, as submissions would have left them."""
    project = pairs()
    names = [f"p{number}" for number in range(5)]
    join(project, "ada", Role.ADMIN)
    people.enter_outside_people(project=project, external_ids=names)
    crowd = list(project.annotators.filter(external_id__in=names).order_by("pk"))
    for number in range(how_many):
        add_pair(project, f"s{number}")
    samples = list(project.samples.order_by("pk"))
    at = project.created_at
    about = {"state": "submitted", "claimed_at": at, "lease_expires_at": at, "finished_at": at, "shown_order": [0, 1]}
    given = Assignment.objects.bulk_create(
        Assignment(sample=s, annotator=who, **about) for s in samples for who in crowd
    )
    said = [value for number in range(how_many) for value in FIRST_AND_MORE[number % 4]]
    width = sum(2 if a["scope"] == "response" else 1 for a in project.rubric.attributes)
    kept = {"rubric": project.rubric, "round": 1, "client_key": "old", "submitted_at": at}
    Annotation.objects.bulk_create(
        Annotation(assignment=a, ratings=[value] * width, **kept) for a, value in zip(given, said, strict=True)
    )
    Sample.objects.filter(project=project).update(state="resolved", target=5, counted_count=5)
    return project


def test_a_policy_is_tried_on_what_is_there_and_applied(enter: Enter):
    project = judged_by_five()
    page = enter("ada")
    page.goto(f"/projects/{project.slug}/what-if/")
    expect(page.locator(".what-if-target")).to_be_hidden()
    page.get_by_label("When are more people asked?").select_option("sequential")
    page.get_by_label("The label is").select_option("majority")
    page.get_by_role("button", name="Replay").first.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Waiting for a process that is free.")
    answer_what_ifs()
    expect(page.locator(".what-if-headline")).to_contain_text("annotations")  # the page came by itself
    expect(page.locator(".chart-picture svg").first).to_be_visible()
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert [violation["id"] for violation in found.response["violations"]] == []
    page.get_by_label("Why").fill("It costs less.")
    page.get_by_role("button", name="Apply").press("Enter")
    expect(page.get_by_text("Applied as policy 2.")).to_be_visible()
    assert Policy.objects.get(project=project, version=2).name == "sequential"
