"""A reviewer settles what people could not, with nothing but the keyboard."""

from collections.abc import Callable

import pytest
from hands import press
from playwright.sync_api import Page, expect
from test_pages import add_pair, contest, faults, join, pairs, rate

from annotation.models import Decision, Membership, Project, Sample
from annotation.services import judging
from annotation.services.judging import JudgeIdentity, Verdict

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

Enter = Callable[[str], Page]
QUEUE = "/projects/pairs/review/"


def contested(project: Project, how_many: int) -> list[Sample]:
    samples = [add_pair(project, f"s{number}") for number in range(1, how_many + 1)]
    for sample in samples:
        contest(project, sample, comment="The first one listens.")
    return samples


def unsettled(project: Project, how_many: int) -> list[Sample]:
    """Five people could not settle them, and a sixth may still be asked."""
    for name in ("ana", "ben", "cleo", "dan", "eve", "fay"):
        join(project, name)
    samples = [add_pair(project, f"s{number}") for number in range(1, how_many + 1)]
    for sample in samples:
        for name, value in (("ana", -1), ("ben", 1), ("cleo", -1), ("dan", 1), ("eve", 0)):
            rate(sample, name, value)
    return samples


def kept() -> list[tuple[str, str, str, str]]:
    taken = Decision.objects.order_by("pk").values_list("sample__external_id", "action", "cause", "note")
    return [tuple(one) for one in taken]


def be_on(page: Page, sample: str) -> None:
    """Its page is there, and listens to keys."""
    expect(page.get_by_role("heading", name=sample)).to_be_visible()
    page.wait_for_load_state()


def test_five_are_settled_one_after_another_by_keyboard(enter: Enter):
    project = pairs()
    unsettled(project, 5)
    join(project, "rita", Membership.Role.REVIEWER)
    page = enter("rita")
    page.goto(QUEUE)
    press(page, "j", "Enter")

    be_on(page, "s1")
    press(page, "2")  # a matter of taste
    press(page, "m")
    page.keyboard.type("As I would.")
    press(page, "Escape", "a")

    be_on(page, "s2")
    page.get_by_role("radio", name="The second").focus()
    press(page, "Space")
    expect(page.locator("[data-set-changes]")).to_have_text("Which is better? none → B The second")
    press(page, "s", "Enter")

    be_on(page, "s3")
    press(page, "e")
    assert not Sample.objects.filter(external_id="s3", state="escalated").exists()  # chosen, not taken yet
    press(page, "Enter")

    be_on(page, "s4")
    press(page, "5", "d", "Enter")

    be_on(page, "s5")
    press(page, "a")
    expect(page.get_by_role("heading", name="Nothing needs a reviewer")).to_be_visible()
    assert kept() == [
        ("s1", "accept", "taste", "As I would."),
        ("s2", "set", "", ""),
        ("s3", "escalate", "", ""),
        ("s4", "exclude", "bad_sample", ""),
        ("s5", "accept", "", ""),
    ]


def test_several_at_once_and_judges_in_sight(enter: Enter):
    project = pairs()
    first, *_rest = contested(project, 3)
    join(project, "rita", Membership.Role.REVIEWER)
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "robo-judge"))
    judging.post(project=project, judge=judge, verdicts=[Verdict(first.pk, [1])])
    page = enter("rita")

    page.goto(f"{QUEUE}{first.pk}/")
    assert "robo-judge" not in page.content()
    press(page, "j")
    expect(page.get_by_role("heading", name="robo-judge")).to_be_visible()
    press(page, "h")
    assert faults(page) == []
    press(page, "a")
    expect(page.get_by_role("heading", name="s2")).to_be_visible()
    assert Decision.objects.get().saw_judges

    page.goto(QUEUE)
    for key in "jxjx":
        press(page, key)
    expect(page.get_by_text("2 chosen")).to_be_visible()
    assert faults(page) == []
    press(page, "a")
    expect(page.get_by_text("2 labels are accepted as proposed.")).to_be_visible()
    assert faults(page) == []
    press(page, "4", "y")
    expect(page.get_by_role("heading", name="2 labels were accepted.")).to_be_visible()
    assert faults(page) == []
    assert sorted(kept()) == [("s1", "accept", "", ""), ("s2", "accept", "error", ""), ("s3", "accept", "error", "")]
    assert Decision.objects.filter(saw_judges=False).count() == 2


def test_the_responses_are_looked_at_as_each_person_saw_them(enter: Enter):
    project = pairs()
    [sample] = contested(project, 1)
    sample.assignments.filter(annotator__external_id="ben").update(shown_order=[1, 0])
    sample.assignments.exclude(annotator__external_id="ben").update(shown_order=[0, 1])
    join(project, "rita", Membership.Role.REVIEWER)
    page = enter("rita")

    page.goto(f"{QUEUE}{sample.pk}/")
    letters = page.locator("[data-responses] [data-letter]")
    assert letters.evaluate_all("all => all.map(one => one.dataset.letter)") == ["A", "B"]
    expect(page.get_by_text("saw B, A")).to_be_visible()
    press(page, "o")
    assert letters.evaluate_all("all => all.map(one => one.dataset.letter)") == ["B", "A"]
