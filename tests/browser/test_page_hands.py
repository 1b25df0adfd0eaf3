"""The annotator's page under somebody's hands: keys, the sample ahead, corrections, pauses, an empty queue, and its weight."""

import gzip
from collections.abc import Callable
from itertools import pairwise

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Response, Route, expect
from test_page_nothing_lost import answer, opened, page, question_on  # noqa: F401  `page` is a fixture
from test_pages import add_pair, join, pairs, said_by, wait_until_sent

from annotation.models import Annotation, Assignment, Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
Enter = Callable[[str], Page]
PLACE = "/projects/pairs/annotate/"
HEAVIEST = 150_000  # bytes, compressed
# What only texts with formulas make the browser fetch.
MATHS = "/katex/"


def test_the_next_sample_is_there_before_the_server_has_the_answer(page: Page):  # noqa: F811
    held: list[Route] = []
    page.context.route("**/submit/", lambda route: held.append(route))
    with page.expect_request("**/submit/"):
        answer(page)
    assert not Annotation.objects.exists()
    expect(page.locator("[data-progress-today]")).to_have_text("1")
    held[0].continue_()
    wait_until_sent(page)
    assert Annotation.objects.count() == 1


def test_never_more_than_two_samples_are_in_somebodys_hands(page: Page):  # noqa: F811
    for _ in range(3):
        answer(page)
        with page.expect_response("**/ahead/"):
            wait_until_sent(page)
        assert Assignment.objects.filter(state="leased").count() == 2


def test_no_key_acts_while_somebody_types(page: Page):  # noqa: F811
    page.keyboard.press("c")
    page.keyboard.type("skip unusual green questions, pause? 1 2 3 n[]jklr")
    assert page.input_value("#comment") == "skip unusual green questions, pause? 1 2 3 n[]jklr"
    expect(page.locator(".level input:checked")).to_have_count(0)
    expect(page.locator("dialog[open], [data-skip][open]")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator(".level input:checked")).to_have_count(1)


def test_who_sends_with_ctrl_from_a_field_does_so_everywhere(page: Page):  # noqa: F811
    asked = question_on(page)
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".conversation .turn-body")).not_to_have_text(asked)
    wait_until_sent(page)


def test_arrows_move_between_questions_and_levels(page: Page):  # noqa: F811
    for key, chosen in (("ArrowRight", "-1"), ("ArrowRight", "0"), ("ArrowRight", "1"), ("ArrowLeft", "0")):
        page.keyboard.press(key)
        assert sorted_levels(page).index(chosen_level(page)) == ["-1", "0", "1"].index(chosen)


def sorted_levels(page: Page) -> list[str]:  # noqa: F811
    return page.locator(".level input").evaluate_all("(all) => all.map((input) => input.value)")


def chosen_level(page: Page) -> str:  # noqa: F811
    return page.locator(".level input:checked").get_attribute("value") or ""


def test_a_skip_is_two_keys_and_the_next_sample_is_there(page: Page):  # noqa: F811
    asked = question_on(page)
    page.keyboard.press("s")
    page.keyboard.press("l")
    expect(page.locator(".conversation .turn-body")).not_to_have_text(asked)
    wait_until_sent(page)
    assert Assignment.objects.get(state="skipped").skip_reason == "wrong_language"


def test_the_last_answer_is_corrected_and_the_sample_in_hand_comes_back_as_it_was(page: Page):  # noqa: F811
    first = answer(page)
    wait_until_sent(page)
    second = question_on(page)
    page.keyboard.press("3")
    page.keyboard.press("c")
    page.keyboard.type("half a thought")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.locator(".work-correcting")).to_be_visible()
    assert question_on(page) == first
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator(".work-correcting")).to_be_hidden()
    assert question_on(page) == second
    assert page.input_value("#comment") == "half a thought"
    expect(page.locator(".level input:checked")).to_have_count(1)
    wait_until_sent(page)
    assert said_by("ana").revision == 2


def test_an_answer_that_was_never_sent_is_taken_back(page: Page):  # noqa: F811
    page.evaluate("Object.defineProperty(navigator, 'locks', { value: { request: () => new Promise(() => {}) } })")
    first = answer(page, "1")
    page.keyboard.press("u")
    expect(page.locator(".conversation .turn-body")).to_have_text(first)
    expect(page.locator(".level input:checked")).to_have_count(1)
    expect(page.locator("[data-page]")).to_have_attribute("data-unsent", "0")
    assert not Annotation.objects.exists()


def test_a_pause_covers_the_texts_and_keeps_the_sample(page: Page):  # noqa: F811
    asked = question_on(page)
    page.keyboard.press("c")
    page.keyboard.type("half a thought")
    page.keyboard.press("Escape")
    with page.expect_request("**/release/"):
        page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Pause")).to_be_visible()
    with page.expect_response("**/ahead/"):
        page.keyboard.press("x")
    expect(page.get_by_role("heading", name="Pause")).to_be_hidden()
    assert question_on(page) == asked
    assert page.input_value("#comment") == "half a thought"
    assert Assignment.objects.filter(state="leased").count() == 2


def test_where_nothing_is_left_the_page_looks_again_by_itself(enter: Enter):
    project = pairs()
    join(project, "ana")
    page = enter("ana")  # noqa: F811
    page.clock.install()
    page.goto(PLACE)
    page.clock.run_for(100)
    expect(page.get_by_role("heading", name="Nothing for you just now")).to_be_visible()
    add_pair(project, "late")
    page.clock.run_for(20_000)
    expect(page.locator("form[data-live]")).to_be_attached()


def test_a_paused_project_says_so_and_comes_back(enter: Enter):
    project = pairs()
    add_pair(project, "s1")
    join(project, "ana")
    Project.objects.update(state="paused")
    page = enter("ana")  # noqa: F811
    page.goto(PLACE)
    expect(page.get_by_role("heading", name="The project is paused")).to_be_visible()
    Project.objects.update(state="active")
    page.get_by_role("link", name="Look again").press("Enter")
    expect(page.locator("form[data-live]")).to_be_attached()


def test_the_end_of_the_lease_is_told_only_when_it_is_near(enter: Enter):
    project = pairs()
    add_pair(project, "s1")
    join(project, "ana")
    page = enter("ana")  # noqa: F811
    page.clock.install()
    page.goto(PLACE)
    page.clock.run_for(100)
    page.context.route("**/renew/", lambda route: route.abort())
    page.clock.run_for((project.lease_minutes - 6) * 60_000)
    expect(page.locator("[data-word]")).to_be_empty()
    page.clock.run_for(2 * 60_000)
    expect(page.locator("[data-word]")).to_contain_text("this sample is yours for another 4 min")
    assert timezone.now() < Assignment.objects.get().lease_expires_at


def test_nearly_half_of_the_height_is_text(page: Page):  # noqa: F811
    page.set_viewport_size({"width": 1440, "height": 900})
    opened(page)
    heights = [page.locator(part).first.bounding_box()["height"] for part in (".conversation-body", ".response-text")]
    assert sum(heights) >= 0.45 * 900


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (1024, 768), (920, 640)])
def test_nothing_lies_over_anything_else(page: Page, width: int, height: int):  # noqa: F811
    """The header stays one line however long the title, and what is asked stands under the texts, also with a line above."""
    Project.objects.update(title="Which of these two arguments is the more convincing one, and why is it so?")
    page.reload()
    opened(page)
    answer(page)
    wait_until_sent(page)
    page.keyboard.press("u")
    expect(page.locator(".work-correcting")).to_be_visible()
    page.set_viewport_size({"width": width, "height": height})
    box = {part: page.locator(part).first.bounding_box() for part in (".site-header", ".reading-room", ".answer")}
    assert box[".site-header"]["height"] < 60
    assert box[".reading-room"]["y"] + box[".reading-room"]["height"] <= box[".answer"]["y"]
    edges = page.locator(".site-header > *:visible").evaluate_all(
        "(all) => all.map((part) => part.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    assert all(right <= left for (_, right), (left, _) in pairwise(edges))


def test_the_first_page_is_light(enter: Enter):
    """Everything that a first visit to the card fetches, as a server sends it compressed; formulas come with texts that have some."""
    project = pairs()
    add_pair(project, "s1")
    join(project, "ana")
    page = enter("ana")  # noqa: F811
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto("about:blank")  # what the page before still fetched is not weighed
    answers: list[Response] = []
    page.on("response", lambda response: answers.append(response))
    page.goto(PLACE)
    page.wait_for_load_state("networkidle")
    fetched = [each for each in answers if each.request.method == "GET" and MATHS not in each.url and each.ok]
    weights = {each.url: len(gzip.compress(each.body())) for each in fetched}
    assert len(weights) > 20
    assert sum(weights.values()) < HEAVIEST, sorted(weights.items(), key=lambda each: -each[1])[:10]
