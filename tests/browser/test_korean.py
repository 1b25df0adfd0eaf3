"""The annotator's pages in Korean, in a real browser: worked by keyboard, and nothing of ours left in English."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from hands import press
from leftover_english import left_in_english
from playwright.sync_api import Page, expect
from test_pages import WCAG, Enter, add_pair, join, pairs, said_by, wait_until_sent

from annotation.models import Assignment, Project, User

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

ANNOTATE = "/projects/pairs/annotate/"


def korean_pairs(*names: str) -> Project:
    """The rubric and the texts are the project's, and Korean too."""
    project = pairs(
        "문장 쌍", question="어느 쪽이 낫습니까?", description="전체로 보아.", instructions="둘 다 읽으십시오."
    )
    attribute = project.rubric.attributes[0]
    assert attribute["title"] == "어느 쪽이 낫습니까?"
    for name in names:
        talk = [{"role": "user", "content": "차와 커피 중에서는?"}]
        add_pair(project, name, messages=talk, responses=["차는 차분합니다.", "커피는 빠릅니다."])
    join(project, "ana")
    User.objects.filter(username="ana").update(language="ko")
    return project


def english_on(page: Page) -> set[str]:
    levels = {"The first", "About the same", "The second"}  # of the rubric
    return left_in_english(page.content(), said_by_people=levels)


def check(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    assert english_on(page) == set()
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert [violation["id"] for violation in found.response["violations"]] == []


def test_a_sample_is_judged_in_korean_by_keyboard(enter: Enter):
    korean_pairs("s1", "s2", "s3")
    page = enter("ana")
    check(page)

    page.goto(ANNOTATE)
    expect(page.locator("[data-response=A]")).to_be_visible()
    check(page)
    press(page, "Enter")
    expect(page.locator("[data-word]")).to_contain_text("남은 질문: 어느 쪽이 낫습니까?")
    press(page, "1", "c")
    page.keyboard.type("1번이 더 자연스럽습니다. s u g")
    press(page, "Control+Enter")
    expect(page.locator("[data-correct]")).to_be_visible()
    wait_until_sent(page)
    assert said_by("ana").comment == "1번이 더 자연스럽습니다. s u g"
    check(page)


def test_every_state_of_the_page_is_in_korean(enter: Enter):
    korean_pairs("s1")
    page = enter("ana")
    page.goto(ANNOTATE)
    expect(page.locator("[data-response=A]")).to_be_visible()
    for key, opened in (("?", "#keys"), ("g", "#guideline"), ("q", "#ask")):
        press(page, key)
        expect(page.locator(opened)).to_be_visible()
        assert english_on(page) == set(), opened
        press(page, "Escape")
        expect(page.locator(opened)).to_be_hidden()
    press(page, "s")
    assert english_on(page) == set()
    press(page, "b")
    expect(page.get_by_role("heading", name="지금은 받을 샘플이 없습니다")).to_be_visible()
    assert Assignment.objects.get().skip_reason == "broken"
    check(page)


@pytest.mark.parametrize("path", ["record/", "data/", "work/", "guideline/"])
def test_the_pages_about_the_person_are_in_korean(enter: Enter, path: str):
    korean_pairs("s1")
    page = enter("ana")
    page.goto(f"/projects/pairs/{path}")
    check(page)


def test_a_language_chosen_in_the_settings_holds_at_once(enter: Enter):
    page = enter("ana")
    page.goto("/settings/")
    page.locator("#language").select_option("ko")
    page.get_by_role("button", name="Keep").or_(page.get_by_role("button", name="Save")).first.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    check(page)
