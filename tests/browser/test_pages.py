"""What people do on the pages, with nothing but the keyboard, and what the pages never do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, expect

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Assignment, Membership, Project, Sample, User
from annotation.services import claiming, figures, importing, judging, people, projects, submission
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.services.submission import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),  # static files come from where they lie
]

Enter = Callable[[str], Page]
Role = Membership.Role
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVIL = '<img src=x onerror="window.struck=1"><script>window.struck=1</script>\'"{{ 7|add:7 }}'


def pairs(title: str = "Pairs", **words: str) -> Project:
    """Two arguments beside each other; three people, then two more."""
    labels = {-1: "The first", 0: "About the same", 1: "The second"}
    values = [{"value": value, "label": words.get("label", label)} for value, label in labels.items()]
    preference = {
        "name": "preference",
        "title": words.get("question", "Which is better?"),
        "description": words.get("description", "All in all."),
        "scope": "comparison",
        "level": "ordinal",
        "values": values,
        "trigger": True,
    }
    return projects.create(
        slug="pairs", title=title, instructions=words.get("instructions", "Read both."), attributes=[preference],
        allows_directed_claims=True,
    )  # fmt: skip


def add_pair(project: Project, name: str, **keys: Any) -> Sample:
    row = {
        "sample_id": name,
        "messages": [{"role": "user", "content": "Tea or coffee?"}],
        "responses": ["Tea is calm.", "Coffee is quick."],
    }
    importing.add_samples(project=project, samples=[parse_sample({**row, **keys}, Place("samples.jsonl"))])
    return project.samples.get(external_id=name)


def join(project: Project, name: str, role: str = Role.ANNOTATOR) -> User:
    user, _ = User.objects.get_or_create(username=name)
    people.join(project=project, user=user, role=role, at=NOW)
    return user


def rate(sample: Sample, name: str, value: int, comment: str = "") -> None:
    annotator = sample.project.annotators.get(external_id=name)
    assignment = claiming.claim_sample(annotator=annotator, sample=sample, at=NOW)
    answer = Answer(given=[{"attribute": "preference", "value": value}], client_key="k", comment=comment)
    submission.submit(assignment_id=assignment.pk, answer=answer, at=NOW)


def contest(project: Project, sample: Sample, comment: str = "") -> None:
    """Three people disagree, and there is nobody else."""
    for name, value in (("ana", -1), ("ben", 1), ("cleo", 1)):
        join(project, name)
        rate(sample, name, value, comment)


def in_hand(name: str) -> Assignment:
    """What the page shows; another may already be held behind it."""
    return Assignment.objects.get(annotator__user__username=name, state=Assignment.State.LEASED, lease_place=0)


def said_by(name: str) -> Annotation:
    return Annotation.objects.filter(assignment__annotator__user__username=name, is_current=True).latest("submitted_at")


def wait_until_sent(page: Page) -> None:
    """The page shows the next sample before the answer has arrived."""
    expect(page.locator("[data-page]")).to_have_attribute("data-unsent", "0")


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_pair_is_judged_and_corrected_by_keyboard(enter: Enter, order: list[int]):
    project = pairs()
    for name in ("s1", "s2"):
        add_pair(project, name)
    join(project, "ana")
    claiming.claim_next(annotator=project.annotators.get(), at=timezone.now())
    Assignment.objects.update(shown_order=order)  # drawn by chance; the page resumes it
    page = enter("ana")

    page.goto("/projects/pairs/annotate/")
    first = in_hand("ana")
    shown_first = ["Tea is calm.", "Coffee is quick."][order[0]]
    expect(page.locator("[data-response=A] .response-text")).to_contain_text(shown_first)
    expect(page.locator(".level").first).to_contain_text("A")
    press(page, "1", "c")
    page.keyboard.type("Since 2 is unclear, 이유는 이렇다")
    press(page, "Control+Enter")
    expect(page.locator("[data-correct]")).to_be_visible()
    wait_until_sent(page)

    favours_a = -1 if order == [0, 1] else 1
    assert said_by("ana").assignment_id == first.pk
    assert said_by("ana").ratings == [favours_a]
    assert said_by("ana").comment == "Since 2 is unclear, 이유는 이렇다"

    press(page, "u")
    expect(page.locator(".work-correcting")).to_be_visible()
    expect(page.locator(".level input:checked")).to_have_attribute("value", "-1")
    press(page, "3", "Enter")
    expect(page.locator(".work-correcting")).to_be_hidden()
    wait_until_sent(page)
    assert said_by("ana").ratings == [-favours_a]
    assert said_by("ana").revision == 2
    assert said_by("ana").assignment_id == first.pk


def test_nothing_unfinished_is_sent_and_a_skip_has_a_reason(enter: Enter):
    project = pairs()
    add_pair(project, "s1")
    join(project, "ana")
    page = enter("ana")

    page.goto("/projects/pairs/annotate/")
    press(page, "Enter")
    expect(page.locator("[data-word]")).to_contain_text("still open: Which is better?")
    assert not Annotation.objects.exists()

    press(page, "s", "b")
    expect(page.get_by_role("heading", name="Nothing for you just now")).to_be_visible()
    assert Assignment.objects.get().skip_reason == "broken"


def test_a_reviewer_accepts_with_one_key(enter: Enter):
    project = pairs()
    sample = add_pair(project, "s1")
    contest(project, sample)
    join(project, "rita", Role.REVIEWER)
    page = enter("rita")

    page.goto("/projects/pairs/review/")
    page.get_by_role("link", name="s1").press("Enter")
    page.wait_for_url(f"**/review/{sample.pk}/")
    expect(page.locator("[data-proposed]")).to_have_count(1)
    press(page, "a")
    expect(page.get_by_role("heading", name="Nothing needs a reviewer")).to_be_visible()
    sample.refresh_from_db()
    assert sample.state == Sample.State.RESOLVED
    assert sample.labels.get(is_current=True).method == "adjudication"


def test_an_annotator_sees_neither_models_nor_others(enter: Enter):
    project = pairs()
    responses = [{"id": "llama-7b", "text": "Tea.", "model": "llama-7b"}, {"id": "gpt-x", "text": "Coffee."}]
    sample = add_pair(project, "s1", responses=responses, metadata={"source": "llama-7b"})
    for name in ("ben", "cleo", "dan", "ana", "eve"):
        join(project, name)
    for name, value in (("ben", -1), ("cleo", 0), ("dan", 1)):
        rate(sample, name, value, comment=f"{name} was here")
    sample.refresh_from_db()
    assert sample.state == Sample.State.ESCALATED
    page = enter("ana")

    page.goto("/projects/pairs/annotate/")
    expect(page.locator("[data-response=A]")).to_be_visible()
    source = page.inner_html("main").lower()
    for secret in ("llama", "gpt-x", "was here", "escalat", "round", "ben", "contested"):
        assert secret not in source, secret


def test_no_page_has_a_fault_that_axe_finds(enter: Enter):
    project = pairs()
    sample = add_pair(project, "s1")
    add_pair(project, "s2")
    contest(project, sample, comment="Because.")
    for name, role in (("dan", Role.ANNOTATOR), ("rita", Role.REVIEWER)):
        join(project, name, role)
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "robo"))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [1], is_unsure=True)])
    figures.refresh(project=project, at=NOW)
    annotator, reviewer = enter("dan"), enter("rita")

    assert faults(annotator, "/") == []
    assert faults(annotator, "/projects/pairs/annotate/") == []
    press(annotator, "g")
    assert faults(annotator) == []
    press(annotator, "?")
    assert faults(annotator) == []
    assert faults(annotator, "/projects/pairs/review/") == []  # the page that says no
    assert faults(annotator, "/projects/pairs/record/") == []
    for place in (
        "/projects/pairs/",
        "/projects/pairs/review/",
        f"/projects/pairs/review/{sample.pk}/",
        "/projects/pairs/judges/",
        f"/projects/pairs/judges/{judge.pk}/",
        "/projects/pairs/people/",
        f"/projects/pairs/people/{project.annotators.get(external_id='dan').pk}/?consider=set_aside",
        "/styleguide/",
    ):
        assert faults(reviewer, place) == []


def faults(page: Page, place: str = "") -> list[tuple[str, str]]:
    """What axe finds on a page, or on the one that is open, as rule and element."""
    if place:
        page.goto(place)
    page.wait_for_load_state()
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    return [(violation["id"], violation["nodes"][0]["html"]) for violation in found]
