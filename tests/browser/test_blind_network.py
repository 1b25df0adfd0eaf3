"""What the browser of an annotator receives, byte for byte: the same for a plain sample, one that others disagreed about and one whose
answer is known; and nowhere a model, another person, a judge or a vote."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, Route, expect
from test_pages import Enter, Role, join, wait_until_sent

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.models import Annotator, Assignment, Project, Sample
from annotation.services import claiming, figures, gold, importing, judging, people, projects, submission
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.services.submission import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

OTHERS = ("benjamin", "cleopatra", "danton")
NOBODYS_BUSINESS = (*OTHERS, "llama", "gpt-x", "made-by", "robo", "was here", "secret")
# On the way through a sample; the record and "my data" speak of known answers in general.
NOT_WHILE_JUDGING = ("gold", "escalat", "contested", "disagree", "purpose", "training", "priority", "consensus")
# Numbers of rows begin so high that no count is like them.
NUMBERED = {
    "annotation_user": 7_000_001,
    "annotation_annotator": 7_000_051,
    "annotation_assignment": 8_000_001,
    "annotation_question": 9_000_001,
}
ROW_NUMBER = re.compile(r"\b[789]0000\d\d\b")
# What differs from one request to the next of the same page.
FLEETING = (
    re.compile(r"\btext-[12]\b"),  # which of the two came first, by chance
    re.compile(r"\b[A-Za-z0-9]{64}\b|\b[A-Za-z0-9]{32}\b"),  # tokens and keys
    re.compile(r"\d{4}-\d\d-\d\dT[\d:.+Z-]+|\b\d\d?:\d\d(:\d\d)?( [ap]\.?m\.?)?|\b(noon|midnight)\b"),
    re.compile(r'\b\d+ seconds?\b|(?<="active_seconds": )\d+|(?<=data-minutes=")\d+|(?<=data-progress-minutes>)\d+|(?<=data-seconds-left=")\d+'),
    re.compile(r'(?<=name="active_seconds" value=")\d+|(?<="median_seconds": )[\d.]+|(?<=_seconds": )\d+'),
)  # fmt: skip
WITHOUT_PICTURES = re.compile(r"<symbol.*?</symbol>", re.DOTALL)  # every page has those of all states
PASSING_HEADERS = {"date", "content-length", "set-cookie", "connection", "content-disposition"}


@dataclass(frozen=True)
class Heard:
    """One answer of the server."""

    what: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


class Wire:
    """Everything that a page receives but the files of the page itself, which are the same for everybody."""

    def __init__(self, page: Page) -> None:
        self.heard: list[Heard] = []
        page.context.route(re.compile(r"^(?!.*/static/)"), self._hear)

    def _hear(self, route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        path = re.sub(r"https?://[^/]+", "", route.request.url)
        headers = tuple(sorted(answer.headers.items()))
        self.heard.append(Heard(f"{route.request.method} {path}", answer.status, headers, answer.text()))
        route.fulfill(response=answer)

    def of(self, kind: "Kind") -> dict[str, tuple[Any, ...]]:
        """By what was asked for, without what is fleeting and without the names of this project and person."""
        return {kind.plain(one.what): self._compared(one, kind) for one in self.heard}

    def _compared(self, one: Heard, kind: "Kind") -> tuple[Any, ...]:
        headers = [(name, kind.plain(value)) for name, value in one.headers if name not in PASSING_HEADERS]
        return one.status, headers, kind.plain(one.body).splitlines()


# --- three projects that are the same but for what nobody is to know ------------------------------------------------
@dataclass(frozen=True)
class Kind:
    """One way in which a sample comes to Ana: in a project of its own, under a name of her own."""

    slug: str
    name: str
    prepared: Callable[[Annotator, list[Sample]], None]

    def plain(self, text: str) -> str:
        for pattern in FLEETING:
            text = pattern.sub("…", text)
        return ROW_NUMBER.sub("N", text).replace(self.slug, "SLUG").replace(self.name, "ANA")


def nothing_special(person: Annotator, samples: list[Sample]) -> None:
    """Nobody has had them."""


def torn(person: Annotator, samples: list[Sample]) -> None:
    """Three people disagreed, and two more are asked."""
    people.add_outside_people(project=person.project, external_ids=OTHERS, at=timezone.now())
    for sample in samples:
        for name, value in zip(OTHERS, (-1, 1, 1), strict=True):
            other = person.project.annotators.get(external_id=name)
            held = claiming.claim_sample(annotator=other, sample=sample, at=timezone.now())
            given = [{"attribute": "preference", "value": value}]
            said = Answer(given=given, client_key="k", comment=f"{name} was here")
            submission.submit(assignment_id=held.pk, answer=said, at=timezone.now())
        sample.refresh_from_db()
        assert sample.state == Sample.State.ESCALATED


def known(person: Annotator, samples: list[Sample]) -> None:
    """Gold, put into her hands as a claim does by chance."""
    rita = join(person.project, "rita", Role.REVIEWER)
    given = [{"attribute": "preference", "value": 1}]
    for place, sample in enumerate(samples):
        gold.write(sample_id=sample.pk, given=given, by=rita, note="secret note", at=timezone.now())
        Annotator.objects.filter(pk=person.pk).update(given_count=F("given_count") + 1)
        until = timezone.now() + timezone.timedelta(hours=1)
        about = {"claimed_at": timezone.now(), "lease_expires_at": until, "shown_order": [0, 1]}
        Assignment.objects.create(sample=sample, annotator=person, is_gold=True, lease_place=place, **about)


KINDS = [
    Kind("project-1", "ana-1", nothing_special),
    Kind("project-2", "ana-2", torn),
    Kind("project-3", "ana-3", known),
]


def number_rows_from_far_up() -> None:
    with connection.cursor() as cursor:
        for table, start in NUMBERED.items():
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {start}")


def preference() -> dict[str, Any]:
    values = [{"value": value, "label": f"level {value}"} for value in (-1, 0, 1)]
    about = {"name": "preference", "title": "Which?", "scope": "comparison", "level": "ordinal", "trigger": True}
    return {**about, "values": values}


def project_of(kind: Kind, **settings: Any) -> Project:
    about = {"attributes": [preference()], "instructions": "Read both.", "allows_directed_claims": True}
    return projects.create(
        slug=kind.slug, title="Blind", price_per_annotation="0.5", gold_rate=0.0, **about, **settings
    )


def add(project: Project, name: str) -> Sample:
    responses = [
        {"id": "llama-7b", "text": "Tea.", "model": "made-by-llama"},
        {"id": "gpt-x", "text": "Coffee.", "model": "made-by-gpt-x"},
    ]
    row = {
        "sample_id": name,
        "messages": [{"role": "user", "content": "Tea or coffee?"}],
        "responses": responses,
        "metadata": {"source": "secret source"},
    }
    importing.add_samples(project=project, samples=[parse_sample(row, Place("samples.jsonl"))])
    return project.samples.get(external_id=name)


def prepared(kind: Kind) -> Project:
    """Two samples of the same texts, so that one is in hand and one behind it; a judge has spoken of both."""
    project = project_of(kind, shuffles_responses=False)
    samples = [add(project, name) for name in ("text-1", "text-2")]
    user, _ = join(project, kind.name), join(project, "eve")  # with her there are enough people for a second round
    kind.prepared(project.annotators.select_related("project").get(user=user), samples)
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "robo-judge"))
    verdicts = [Verdict(sample.pk, [1]) for sample in samples if sample.purpose == Sample.Purpose.WORK]
    judging.post(project=project, judge=judge, verdicts=verdicts)
    return project


# --- what she does --------------------------------------------------------------------------------------------------
def judges_one(page: Page, kind: Kind) -> None:
    """Through everything that the card exchanges with the server: page, ahead, renewal, draft, question, answer, correction."""
    with page.expect_response("**/ahead/"):
        page.goto(f"/projects/{kind.slug}/annotate/")
    expect(page.locator("#answer[data-live]")).to_be_visible()
    says_of_the_sample(page, in_hand(kind), "renew")
    press(page, "q")
    page.keyboard.type("Is it?")
    press(page, "Control+Enter")
    expect(page.locator("[data-ask-said]")).to_contain_text("Asked.")
    press(page, "c")
    with page.expect_response("**/draft/"):
        page.keyboard.type("So it is")
    press(page, "Escape", "1")
    with page.expect_response("**/submit/"):
        press(page, "Enter")
    wait_until_sent(page)
    press(page, "u")
    expect(page.locator(".work-correcting")).to_be_visible()
    press(page, "3")
    with page.expect_response("**/correct/"):
        press(page, "Enter")
    wait_until_sent(page)


def in_hand(kind: Kind) -> Assignment:
    return Assignment.objects.get(annotator__external_id=kind.name, lease_place=0)


def says_of_the_sample(page: Page, held: Assignment, what: str) -> None:
    """What the page does every minute, and when it is left."""
    page.evaluate(
        """async (url) => {
            const token = document.cookie.match(/csrftoken=(\\w+)/)[1];
            await fetch(url, { method: "POST", headers: { "X-CSRFToken": token } });
        }""",
        f"/assignments/{held.pk}/{what}/",
    )


def looks_at_her_own_pages(page: Page, kind: Kind) -> None:
    """Not at the list of projects: it counts samples whose first round is not complete, and so many differ here from the start."""
    mine = Assignment.objects.get(annotator__external_id=kind.name, state="submitted")
    for place in ("work/", f"work/{mine.pk}/", "record/", "data/", "guideline/"):
        page.goto(f"/projects/{kind.slug}/{place}")
    says_of_the_sample(page, in_hand(kind), "release")
    page.evaluate("async (url) => (await fetch(url)).text()", f"/projects/{kind.slug}/data/download/")


def test_nothing_tells_a_plain_sample_from_one_that_is_torn_or_known(enter: Enter) -> None:
    number_rows_from_far_up()
    heard = {}
    for kind in KINDS:
        project = prepared(kind)
        page = enter(kind.name)
        wire = Wire(page)
        judges_one(page, kind)
        is_silent(wire, NOBODYS_BUSINESS + NOT_WHILE_JUDGING)
        figures.refresh(project=project, at=timezone.now())
        looks_at_her_own_pages(page, kind)
        is_silent(wire, NOBODYS_BUSINESS)
        page.goto("about:blank")
        page.context.unroute_all()
        heard[kind.prepared] = wire.of(kind)
    plain = heard[nothing_special]
    assert len(plain) >= 15
    for other in (torn, known):
        assert sorted(heard[other]) == sorted(plain)
        for what, answer in plain.items():
            assert heard[other][what] == answer, f"{other.__name__}: {what}"


def is_silent(wire: Wire, words: tuple[str, ...]) -> None:
    for one in wire.heard:
        said = f"{one.what} {json.dumps(one.headers)} {WITHOUT_PICTURES.sub('', one.body)}".lower()
        assert [word for word in words if word in said] == [], one.what


def test_everybody_reads_the_responses_in_an_order_of_their_own(enter: Enter) -> None:
    project = projects.create(slug="many", title="Many", attributes=[preference() | {"scope": "sample"}])
    row = {"sample_id": "s1", "messages": [{"role": "user", "content": "Which?"}], "responses": list("abcdef")}
    importing.add_samples(project=project, samples=[parse_sample(row, Place("samples.jsonl"))])
    orders = []
    for name in ("ana", "ben", "cleo"):
        join(project, name)
        page = enter(name)
        page.goto("/projects/many/annotate/")
        shown = page.locator(".response-text .prose").all_inner_texts()
        stored = Assignment.objects.get(annotator__external_id=name).shown_order
        assert [text.strip() for text in shown] == ["abcdef"[place] for place in stored]
        page.reload()
        assert page.locator(".response-text .prose").all_inner_texts() == shown
        orders.append(stored)
    assert orders != [orders[0]] * 3
