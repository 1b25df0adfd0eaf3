"""One whole working day of an annotator, with nothing but the keyboard: from the guideline to the empty page, with everything that
goes wrong in between. In the evening every answer is in the database once, as it was given."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from hands import press
from playwright.sync_api import Locator, Page, expect
from test_pages import Enter, Role, join, wait_until_sent

from annotation.datasets.bad_row import Place
from annotation.datasets.rubrics import parse_rubric
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Annotator, Assignment, Draft, Project, Sample
from annotation.services import claiming, gold, importing, leases, people, projects, submission
from annotation.services.submission import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

RUBRIC = Path(__file__).parents[2] / "demo/rubrics/everything.json"
HOME = "/projects/day/"
PLAIN = [f"plain-{number}" for number in range(9)]
# The levels of the comparison from left to right, for whoever sees the responses in canonical order.
PREFERENCE = [(-2, None), (-1, None), (0, "both_good"), (0, "both_bad"), (1, None), (2, None)]
BETRAYING = ("escalat", "contested", "disagree", "round", "gold", "ben", "cleo", "dan", "another view")


@dataclass
class Said:
    """What Ana says of one sample, by the letters of her card. Every sample gets another answer, so that none is taken for another."""

    number: int

    @property
    def of_a(self) -> list[int]:
        return [self.number % 5, (self.number + 1) % 5, self.number % 2]

    @property
    def of_b(self) -> list[int]:
        return [(self.number + 2) % 5, (self.number + 3) % 5, (self.number + 1) % 2]

    @property
    def preference(self) -> int:
        return self.number % len(PREFERENCE)

    @property
    def topic(self) -> int:
        return self.number % 3 + 1

    @property
    def why(self) -> str:
        return f"Answer number {self.number}, s u n g p 1 그래서"

    @property
    def keys(self) -> list[str]:
        return [str(key) for key in (*self.of_a, *self.of_b, self.preference + 1, self.topic)]

    def ratings(self, shown_order: list[int]) -> list[int]:
        """In canonical order, as the database keeps them."""
        by_letter = [self.of_a, self.of_b]
        value = PREFERENCE[self.preference][0]
        ordered = [by_letter[shown_order.index(response)] for response in (0, 1)]
        return [*ordered[0], *ordered[1], value if shown_order == [0, 1] else -value, self.topic]

    @property
    def remarks(self) -> dict[str, Any]:
        kind = PREFERENCE[self.preference][1]
        return {"why": self.why, **({"preference": kind} if kind else {})}


class Desk:
    """Ana's page, and what she has said on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: dict[str, Said] = {}

    def press(self, *keys: str) -> None:
        press(self.page, *keys)

    @property
    def card(self) -> Locator:
        return self.page.locator("#sample-card")

    def opens(self, place: str = "annotate/") -> None:
        self.page.goto(f"{HOME}{place}")

    def has(self, name: str) -> None:
        expect(self.page.locator(".conversation .turn-body")).to_have_text(f"What of {name}?")

    def sample(self) -> str:
        """The one on the screen."""
        asked = self.page.locator("#answer[data-live] .conversation .turn-body").inner_text()
        return asked.removeprefix("What of ").removesuffix("?")

    def rates(self, *, up_to_the_words: bool = True) -> Said:
        said = self.said.setdefault(self.sample(), Said(number=len(self.said)))
        self.press(*said.keys)
        expect(
            self.page.locator("[data-question=why] textarea")
        ).to_be_focused()  # it has to be written, so it is begun
        self.page.keyboard.type(said.why if up_to_the_words else said.why[:9])
        return said

    def answers(self) -> str:
        """Rates the sample in hand, sends it off and has something else before her; gives its name."""
        name = self.sample()
        self.rates()
        self.press("Control+Enter")
        self.sees_no_more(name)
        return name

    def sees_no_more(self, name: str) -> None:
        expect(self.page.locator(".conversation .turn-body").get_by_text(f"What of {name}?")).to_have_count(0)

    @contextmanager
    def with_the_next_behind(self) -> Iterator[None]:
        """What is done brings a sample, and the one after it is ready before the story goes on."""
        with self.page.expect_response("**/ahead/") as awaited:
            yield
        awaited.value.finished()


# --- the project ------------------------------------------------------------------------------------------------
def add(project: Project, name: str) -> Sample:
    row = {
        "sample_id": name,
        "messages": [{"role": "user", "content": f"What of {name}?"}],
        "responses": ["Tea.", "Coffee."],
    }
    importing.add_samples(project=project, samples=[parse_sample(row, Place("samples.jsonl"))])
    return project.samples.get(external_id=name)


def rows(of_each: tuple[int, int, int], preference: int) -> list[dict[str, Any]]:
    """The same of both responses, so that it does not matter which is shown first."""
    named = zip(("helpfulness", "correctness", "safe"), of_each, strict=True)
    each = [{"attribute": name, "response": at, "value": value} for name, value in named for at in ("0", "1")]
    return [*each, {"attribute": "preference", "value": preference}]


def know(sample: Sample, *, teaches: bool) -> None:
    rita = join(sample.project, "rita", Role.REVIEWER)
    given = rows((3, 4, 1), preference=0)
    gold.write(sample_id=sample.pk, given=given, by=rita, note="It says so.", at=timezone.now(), teaches=teaches)


def everything_is_asked() -> Project:
    rubric = parse_rubric(json.loads(RUBRIC.read_text()), Place(RUBRIC.name))
    asked = {"attributes": rubric["attributes"], "remarks": rubric["remarks"], "instructions": rubric["instructions"]}
    project = projects.create(
        slug="day", title="A day", test_size=1, pass_mark=0.5, allows_directed_claims=True, **asked
    )
    know(add(project, "lesson"), teaches=True)
    know(add(project, "exam"), teaches=False)
    for name in PLAIN:
        add(project, name)
    join(project, "ana")
    return project


def others_disagree_about(sample: Sample) -> None:
    names = ["ben", "cleo", "dan"]
    people.add_outside_people(project=sample.project, external_ids=names, at=timezone.now())
    sample.project.annotators.filter(external_id__in=names).update(is_qualified=True)
    for name, preference in zip(names, (-2, 2, 2), strict=True):
        annotator = sample.project.annotators.get(external_id=name)
        held = claiming.claim_sample(annotator=annotator, sample=sample, at=timezone.now())
        said = Answer(
            given=rows((3, 3, 1), preference), client_key="k", comment=f"{name} was here", remarks={"why": "a b c"}
        )
        submission.submit(assignment_id=held.pk, answer=said, at=timezone.now())
    sample.refresh_from_db()
    assert sample.state == Sample.State.ESCALATED


# --- the day ----------------------------------------------------------------------------------------------------
def test_a_working_day(enter: Enter) -> None:
    project = everything_is_asked()
    ana = Desk(enter("ana"))
    reads_the_guideline(ana)
    trains_and_passes_the_test(ana)
    answers_all_that_can_be_asked(ana)
    skips_one_and_corrects_the_last(ana)
    loses_the_network(ana)
    loses_the_log_in(ana)
    works_in_two_tabs(ana)
    comes_after_the_end_of_the_lease(ana)
    takes_part_in_an_escalation(ana, add(project, "torn"))
    finishes_at_an_empty_page(ana)
    looks_back(ana)
    everything_is_there_once(ana)


def reads_the_guideline(ana: Desk) -> None:
    ana.opens()
    expect(ana.page.locator(".work-way")).to_contain_text("Training 1 of 1")
    with ana.page.expect_response("**/guideline/read/"):
        ana.press("g")
    expect(ana.page.locator("#guideline")).to_contain_text("Judge each by itself first")
    ana.press("Escape")
    expect(ana.page.locator("#guideline")).to_be_hidden()
    assert Annotator.objects.get(external_id="ana").guideline_read == 1


def trains_and_passes_the_test(ana: Desk) -> None:
    right = ("3", "4", "1", "3", "4", "1", "3", "1")
    ana.press(*right)
    ana.page.keyboard.type("Both say so.")
    ana.press("Control+Enter")
    expect(ana.page.locator(".feedback-told")).to_contain_text("as known")
    ana.press("Enter")
    expect(ana.page.get_by_role("heading", name="A short test comes first")).to_be_visible()
    ana.press("Enter")
    expect(ana.page.locator("#answer[data-live] .work-way")).to_contain_text("Qualification test 1 of 1")
    ana.press(*right)
    ana.page.keyboard.type("Both say so.")
    ana.press("Control+Enter")
    expect(ana.page.get_by_role("heading", name="You passed the test")).to_be_visible()
    ana.press("Enter")
    expect(ana.page.locator("#answer[data-live]")).to_be_visible()
    expect(ana.page.locator(".work-way")).to_have_count(0)


def answers_all_that_can_be_asked(ana: Desk) -> None:
    """With reasons for a rating, sources, what decided and how sure she is; what is open is pointed at first."""
    name = ana.sample()
    ana.press("Enter")
    expect(ana.page.locator("[data-word]")).to_contain_text("still open: Helpfulness")
    ana.rates()
    ana.press("Escape", "j", "w")
    ana.page.keyboard.type("https://example.org/tea")
    ana.press("Escape", "j", "1", "3", "j", "2")
    ana.press(*["k"] * 7, "e")  # up to what is wrong with B
    expect(ana.page.locator("[data-question=correctness][data-letter=B] .reason input:checked")).to_have_count(1)
    with ana.with_the_next_behind():
        ana.press("Enter")
        ana.sees_no_more(name)


def skips_one_and_corrects_the_last(ana: Desk) -> None:
    skipped = ana.sample()
    with ana.with_the_next_behind():
        ana.press("s", "l")
        ana.sees_no_more(skipped)
    in_hand = ana.sample()
    [first] = ana.said
    ana.press("u")
    expect(ana.page.locator(".work-correcting")).to_be_visible()
    ana.has(first)
    ana.said[first] = Said(number=21)
    ana.press(*ana.said[first].keys)
    ana.page.locator("[data-question=why] textarea").fill(ana.said[first].why)
    ana.press("Control+Enter")
    ana.has(in_hand)
    wait_until_sent(ana.page)


def loses_the_network(ana: Desk) -> None:
    ana.page.context.set_offline(True)
    before = Annotation.objects.count()
    ana.answers()
    expect(ana.page.locator("[data-line]")).to_have_text("offline · 1 kept here")
    ana.answers()
    expect(ana.page.get_by_role("heading", name="No connection")).to_be_visible()
    assert Annotation.objects.count() == before
    with ana.with_the_next_behind():
        ana.page.context.set_offline(False)
        expect(ana.page.locator("#answer[data-live]")).to_be_visible()
    wait_until_sent(ana.page)
    expect(ana.page.locator("[data-line]")).to_be_empty()
    assert Annotation.objects.count() == before + 2


def loses_the_log_in(ana: Desk) -> None:
    Session.objects.all().delete()
    before = Annotation.objects.count()
    ana.answers()
    expect(ana.page.locator("[data-log-in-again]")).to_be_visible()
    half = ana.rates(up_to_the_words=False)
    asked = ana.sample()
    assert Annotation.objects.count() == before

    ana.page.get_by_role("link", name="Log in and go on").press("Enter")
    ana.page.wait_for_url("**/login/**")
    ana.page.keyboard.type("ana")
    ana.press("Tab")
    ana.page.keyboard.type("correct horse")
    with ana.with_the_next_behind():
        ana.press("Enter")
        ana.has(asked)
    wait_until_sent(ana.page)
    assert Annotation.objects.count() == before + 1
    expect(ana.page.locator("[data-question=why] textarea")).to_have_value(half.why[:9])
    ana.press("w")
    ana.page.keyboard.type(half.why[9:])
    ana.press("Control+Enter")
    ana.sees_no_more(asked)
    wait_until_sent(ana.page)


def works_in_two_tabs(ana: Desk) -> None:
    before = Annotation.objects.count()
    other = Desk(ana.page.context.new_page())
    other.said = ana.said
    with other.with_the_next_behind():
        other.opens()
        other.has(ana.sample())
    ana.answers()
    other.has(ana.sample())
    other.answers()
    ana.has(other.sample())
    wait_until_sent(ana.page)
    wait_until_sent(other.page)
    other.page.close()
    assert Annotation.objects.count() == before + 2


def comes_after_the_end_of_the_lease(ana: Desk) -> None:
    ana.rates()
    wait_until_sent(ana.page)
    Assignment.objects.filter(state="leased").update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    assert leases.expire(at=timezone.now()) == 1


def takes_part_in_an_escalation(ana: Desk, torn: Sample) -> None:
    """The card that she gets is built as every other one."""
    others_disagree_about(torn)
    before, plain = ana.sample(), parts_of(ana.card)
    ana.press("Control+Enter")
    ana.sees_no_more(before)
    ana.has("torn")
    assert parts_of(ana.card) == plain
    source = ana.card.inner_html().lower()
    assert [word for word in BETRAYING if word in source] == []


def parts_of(card: Locator) -> list[str]:
    """Every element of a card with what it can be told by, without what it says and what was chosen."""
    shown = "[...card.querySelectorAll('*')].map((part) => `${part.tagName} ${part.getAttribute('class')} ${part.name ?? ''}`)"
    return card.evaluate(f"(card) => {shown}")


def finishes_at_an_empty_page(ana: Desk) -> None:
    ana.rates(up_to_the_words=False)
    ana.press("Escape", "p")
    expect(ana.page.get_by_role("heading", name="Pause")).to_be_visible()
    ana.press("x")
    expect(ana.page.get_by_role("heading", name="Pause")).to_be_hidden()
    ana.has("torn")
    ana.press("w")
    ana.page.keyboard.type(ana.said["torn"].why[9:])
    ana.press("Control+Enter")
    expect(ana.page.get_by_role("heading", name="Nothing for you just now")).to_be_visible()
    expect(ana.card).to_contain_text("11 today. Thank you.")
    wait_until_sent(ana.page)


def looks_back(ana: Desk) -> None:
    ana.opens("work/")
    for said in ana.said.values():
        expect(ana.page.locator("main")).to_contain_text(said.why)
    expect(ana.page.locator(".own-work-state--skipped")).to_have_count(1)
    ana.opens("record/")
    expect(ana.page.locator("#gold")).to_contain_text("Nothing to show yet")  # the test can still be corrected
    expect(ana.page.locator("#gold")).to_contain_text("1 training sample, which measured nothing")
    ana.opens("data/")
    with ana.page.expect_download() as awaited:
        ana.page.get_by_role("link", name="Download all of it").press("Enter")
    mine = json.loads(awaited.value.path().read_text())
    said = {sample["sample"]: len(sample["annotations"]) for sample in mine["samples"] if sample["annotations"]}
    assert said == dict.fromkeys([*ana.said, "lesson", "exam"], 1) | {next(iter(ana.said)): 2}


def everything_is_there_once(ana: Desk) -> None:
    mine = Annotation.objects.filter(assignment__annotator__external_id="ana")
    worked = mine.filter(assignment__is_gold=False)
    corrected = next(iter(ana.said))
    assert sorted(worked.values_list("assignment__sample__external_id", flat=True)) == sorted([*ana.said, corrected])
    assert len(set(worked.values_list("client_key", flat=True))) == worked.count()
    for one in worked.filter(is_current=True).select_related("assignment__sample"):
        name = one.assignment.sample.external_id
        said = ana.said[name]
        assert one.ratings == said.ratings(one.assignment.shown_order), name
        beside = {"sources", "what_decided", "confidence", "what_is_wrong"}
        assert {key: value for key, value in one.remarks.items() if key not in beside} == said.remarks, name
        assert (one.revision, one.was_counted) == (2 if name == corrected else 1, True), name
    all_that_can_be_asked = worked.get(assignment__sample__external_id=corrected, is_current=True)
    of_b = all_that_can_be_asked.assignment.shown_order[1]
    wrong = [None, None]
    wrong[of_b] = ["key_info_missing"]
    assert all_that_can_be_asked.remarks == ana.said[corrected].remarks | {
        "sources": ["https://example.org/tea"],
        "what_decided": ["facts", "length"],
        "confidence": 2,
        "what_is_wrong": wrong,
    }
    ended = dict.fromkeys([*ana.said, "lesson", "exam"], "submitted")
    [skipped] = set(PLAIN) - set(ana.said)
    held = Assignment.objects.filter(annotator__external_id="ana").values_list("sample__external_id", "state")
    assert dict(held) == ended | {skipped: "skipped"}
    assert Assignment.objects.get(state="skipped").skip_reason == "wrong_language"
    assert not Draft.objects.exists()
