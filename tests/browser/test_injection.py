"""Whatever a model or a person writes, in whatever field: on every page it is there to be read, and nothing of it runs.

That nothing is fetched from elsewhere, no dialog opens and no policy is broken is watched by the fixture `enter`.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hands import press
from playwright.sync_api import Page, expect
from test_pages import EVIL, Enter, Role, join

from annotation.datasets.bad_row import Place
from annotation.datasets.rubrics import parse_rubric
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Annotator, Assignment, Project, Sample, User
from annotation.services import (
    claiming,
    disputes,
    figures,
    gold,
    guidelines,
    importing,
    judging,
    projects,
    questions,
    standing,
    submission,
)
from annotation.services import sensitive as opting_in
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.services.submission import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

HOME = "/projects/hostile/"
# What would act if it were taken for more than text: in Markdown, in code, in formulas.
TRICKS = r"""Tricks of Markdown.

[one](javascript:window.struck=1) [two](JaVa&#115;cript:window.struck=1) [three](data:text/html,<script>window.struck=1</script>)
[four](/logout/) [five](//elsewhere.invalid/ "x\" onmouseover=\"window.struck=1") <javascript:window.struck=1> [six][ref]

[ref]: javascript:window.struck=1

![one](https://elsewhere.invalid/p.png) ![two](x) ![three](data:image/svg+xml,<svg/onload=window.struck=1>)

<iframe src="https://elsewhere.invalid/"></iframe><svg onload=window.struck=1><style>*{display:none}</style>
<form action="/logout/" method="post" id="answer"><button name="client_key">Win</button></form></div></main></body>
<a href="javascript:window.struck=1" id="sample-card" data-correct>clobber</a><base href="https://elsewhere.invalid/">
<meta http-equiv="refresh" content="0;url=https://elsewhere.invalid/">

| <img src=x onerror=window.struck=1> | [b](javascript:window.struck=1) |
|---|---|
| <script>window.struck=1</script> | `</code><img src=x onerror=window.struck=1>` |

```"><img src=x onerror=window.struck=1>
code with a hostile word
```

```html
</code></pre><script>window.struck=1</script>
```

$\href{javascript:window.struck=1}{a}$ $\url{javascript:window.struck=1}$ $\includegraphics{https://elsewhere.invalid/x.png}$
$\htmlClass{dock}{b}$ $\htmlId{sample-card}{c}$ $\htmlStyle{position:fixed;inset:0}{d}$ $\htmlData{correct=1}{e}$
$</span><img src=x onerror=window.struck=1>$ $\text{<script>window.struck=1</script>}$

A formula after all: $x^2$
"""
# What the page must not have grown, and everything that stands on it to be read: folded, typed into a field, or read aloud. Tools are
# shown as JSON, which has backslashes of its own.
LOOK = r"""() => ({
  struck: window.struck ?? null,
  grown: [...document.querySelectorAll("script:not([src]), iframe, object, embed, base, img, style, meta[http-equiv], main link, form[action*='/logout/'] [name=client_key]")]
    .map((part) => part.outerHTML.slice(0, 200)),
  acting: [...document.querySelectorAll("*")].flatMap((part) => [...part.attributes].map((each) => `${part.tagName} ${each.name}=${each.value.slice(0, 80)}`)
    .filter((each) => /^\S+ (on|srcdoc|style=.*(fixed|url))/i.test(each))),
  leading: [...document.links].filter((link) => !(/^https?:$/.test(link.protocol) && link.origin !== location.origin && /noopener.*noreferrer/.test(link.rel)) && !/^(\/(?!\/|logout)|#|\?|$)/.test(link.getAttribute("href")))
    .map((link) => link.outerHTML.slice(0, 200)),
  doubled: ["answer", "sample-card", "main"].filter((id) => document.querySelectorAll(`#${id}`).length > 1),
  text: [
    document.body.textContent,
    ...[...document.querySelectorAll("textarea, input")].map((each) => each.value),
    ...[...document.querySelectorAll("[aria-label]")].map((each) => each.getAttribute("aria-label")),
  ].join("\n").replaceAll("\\", ""),
})"""


def evil(where: str) -> str:
    """A text that says which field it was written into."""
    return f"{where}{EVIL}"


@dataclass
class Visitor:
    """A page, and which paths it asked the server for."""

    page: Page
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.asked.append(request.url))

    def reads(self, place: str, *fields: str) -> None:
        """Open a page and find there what was written into these fields, as text."""
        self.page.goto(place)
        self.finds(*fields, at=place)

    def finds(self, *fields: str, at: str = "") -> None:
        seen = self.page.evaluate(LOOK)
        assert {name: seen[name] for name in ("struck", "grown", "acting", "leading", "doubled")} == {
            "struck": None, "grown": [], "acting": [], "leading": [], "doubled": [],
        }, at  # fmt: skip
        missing = [name for name in fields if f'{name}<img src=x onerror="window.struck=1"' not in seen["text"]]
        assert missing == [], at
        assert [url for url in self.asked if url.endswith(("/x", "/logout/"))] == []


# --- what is written --------------------------------------------------------------------------------------------
def level(value: int, name: str, **more: Any) -> dict[str, Any]:
    return {"value": value, "label": evil(name), **more}


def hostile_rubric() -> dict[str, Any]:
    kinds = [{"name": evil(f"kind-name-{at}"), "label": evil(f"kind-{at}")} for at in (1, 2)]
    return {
        "name": "hostile",
        "attributes": [
            {
                "name": evil("attribute-name"), "title": evil("attribute"), "description": evil("described"), "scope": "response",
                "level": "ordinal", "values": [level(at, f"level-{at}") for at in (0, 1, 2)],
            },
            {
                "name": "preference", "title": evil("comparison"), "scope": "comparison", "level": "ordinal", "trigger": True,
                "values": [level(-1, "first"), level(0, "tie", kinds=kinds), level(1, "second")],
            },
        ],
        "remarks": [
            {
                "name": evil("reasons-name"), "title": evil("beside"), "kind": "reasons", "attribute": evil("attribute-name"),
                "options": [{"name": evil("reason-name"), "label": evil("reason")}],
            },
            {"name": "why", "title": evil("words"), "description": evil("words-described"), "kind": "words"},
            {"name": "sources", "title": evil("links"), "kind": "sources"},
            {"name": "decided", "title": evil("check-boxes"), "kind": "reasons", "options": [{"name": "o", "label": evil("option")}]},
            {"name": "sure", "title": evil("confidence"), "kind": "confidence", "values": [level(1, "unsure"), level(2, "sure")]},
        ],
    }  # fmt: skip


ON_THE_CARD = (
    *("attribute", "described", "level-0", "level-2", "comparison", "first", "second", "kind-1", "kind-2", "beside", "reason"),
    *("words", "words-described", "links", "check-boxes", "option", "confidence", "unsure", "sure"),
)  # fmt: skip
IN_THE_TEXTS = (
    *("of-system", "of-developer", "of-user", "name-of-user", "of-assistant", "call-name", "call-argument", "of-tool"),
    *(
        "name-of-tool",
        "thought",
        "tool-name",
        "tool-described",
        "as-text",
        "as-text-thought",
        "as-message",
        "response-call",
    ),
)
SHOWN_TEXTS = tuple(name for name in IN_THE_TEXTS if name != "name-of-user")


def hostile_call(name: str) -> list[dict[str, Any]]:
    arguments = json.dumps({evil("call-key"): evil("call-argument")})
    return [{"id": evil("call-id"), "type": "function", "function": {"name": evil(name), "arguments": arguments}}]


def add(project: Project, name: str, **keys: Any) -> Sample:
    """A sample with a hostile text in every field that has room for one."""
    row = {
        "sample_id": evil(name),
        "messages": [
            {"role": "system", "content": evil("of-system")},
            {"role": "developer", "content": evil("of-developer")},
            {"role": "user", "content": evil("of-user"), "name": evil("name-of-user"), evil("key"): evil("unknown")},
            {"role": "assistant", "content": evil("of-assistant"), "thinking": evil("thought"), "tool_calls": hostile_call("call-name")},
            {"role": "tool", "content": evil("of-tool"), "tool_call_id": evil("call-id"), "name": evil("name-of-tool")},
            {"role": "user", "content": TRICKS},
        ],
        "responses": [
            {"id": evil("id-1"), "text": f"{evil('as-text')}\n\n{TRICKS}", "thinking": evil("as-text-thought"), "model": evil("model")},
            {
                "id": evil("id-2"),
                "messages": [
                    {"role": "assistant", "content": "", "tool_calls": hostile_call("response-call")},
                    {"role": "tool", "content": TRICKS},
                    {"role": "assistant", "content": evil("as-message")},
                ],
            },
        ],
        "tools": [{"type": "function", "function": {"name": evil("tool-name"), "description": evil("tool-described")}}],
        "metadata": {evil("metadata"): evil("metadata")},
    }  # fmt: skip
    importing.add_samples(project=project, samples=[parse_sample({**row, **keys}, Place("samples.jsonl"))])
    return project.samples.get(external_id=evil(name))


def hostile_project() -> Project:
    rubric = parse_rubric(hostile_rubric(), Place("rubric.json"))
    asked = {"attributes": rubric["attributes"], "remarks": rubric["remarks"]}
    instructions = f"{evil('guideline')}\n\n{TRICKS}"
    project = projects.create(
        slug="hostile", title=evil("project"), instructions=instructions, allows_directed_claims=True, **asked
    )
    ada = join(project, evil("ada"), Role.ADMIN)
    User.objects.filter(pk=ada.pk).update(first_name=evil("first-name"))
    text = f"{evil('guideline')}\n\n{evil('added')}\n\n{TRICKS}"
    changed = evil("what-changed")
    guidelines.write(project=project, text=text, what_changed=changed, by=ada, at=timezone.now(), after=1)
    return project


def said(preference: int, who: str) -> Answer:
    return Answer(
        given=[
            *({"attribute": evil("attribute-name"), "response": at, "value": 1} for at in ("0", "1")),
            {"attribute": "preference", "value": preference},
        ],
        client_key=EVIL[:64],
        comment=evil(f"comment-of-{who}"),
        remarks={
            evil("reasons-name"): [[evil("reason-name")], None],
            "why": evil(f"words-of-{who}"),
            "sources": [f'https://ok.example/{who}"><img/src=x/onerror="window.struck=1"'],
            "decided": ["o"],
            "sure": 1,
        },
    )  # fmt: skip


def annotator(project: Project, name: str) -> Annotator:
    user = join(project, evil(name))
    return project.annotators.select_related("project").get(user=user)


def give(person: Annotator, sample: Sample) -> Assignment:
    return claiming.claim_sample(annotator=person, sample=sample, at=timezone.now())


def rated(sample: Sample, person: Annotator, preference: int, who: str) -> Assignment:
    held = give(person, sample)
    submission.submit(assignment_id=held.pk, answer=said(preference, who), at=timezone.now())
    return held


def known(project: Project, name: str, *, teaches: bool) -> Sample:
    rita = join(project, evil("rita"), Role.REVIEWER)
    given = [{"attribute": "preference", "value": 1}]
    sample = add(project, name)
    gold.write(sample_id=sample.pk, given=given, by=rita, note=evil("note"), at=timezone.now(), teaches=teaches)
    sample.refresh_from_db()
    return sample


# --- the annotator's pages ----------------------------------------------------------------------------------------
def test_nothing_runs_on_the_card(enter: Enter) -> None:
    project = hostile_project()
    dan = annotator(project, "dan")
    opting_in.choose(annotator=dan, at=timezone.now())
    add(project, "sample", sensitive=EVIL[:50])
    visitor = Visitor(enter(evil("dan")))
    page = visitor.page

    visitor.reads("/", "project", "dan")
    visitor.reads(f"{HOME}annotate/", "project", "guideline", "added", "what-changed", *ON_THE_CARD, *SHOWN_TEXTS)
    press(page, "o")  # it is a sensitive one
    expect(page.locator(".katex").first).to_be_attached()
    page.evaluate("for (const fold of document.querySelectorAll('#answer details')) fold.open = true")
    press(page, "g")
    expect(page.locator("#guideline")).to_be_visible()
    visitor.finds(*ON_THE_CARD, *SHOWN_TEXTS, at="all unfolded")
    press(page, "r")  # as it was written
    visitor.finds(*SHOWN_TEXTS, at="as written")

    press(page, "q")
    page.keyboard.type(evil("question"))
    press(page, "Control+Enter")
    expect(page.locator("[data-ask-said]")).to_contain_text("Asked.")
    types_something_hostile(page)
    with page.expect_response("**/draft/"):
        press(page, "Escape")
    page.reload()
    expect(page.locator("#answer[data-live]")).to_be_attached()
    visitor.finds("typed-words", "typed-comment", at="restored")
    asked = f"/assignments/{Assignment.objects.get().pk}/ask/"
    visitor.reads(asked)
    expect(page.locator("main")).to_contain_text("Tricks of Markdown")


def types_something_hostile(page: Page) -> None:
    page.locator("[data-question=why] textarea").focus()
    page.keyboard.type(evil("typed-words"))
    page.locator("[data-question=sources] textarea").focus()
    page.keyboard.type("javascript:window.struck=1")
    page.locator("#comment").focus()
    page.keyboard.type(evil("typed-comment"))


def test_a_source_is_no_program(enter: Enter) -> None:
    """Neither in the browser nor on the server, which hears what no page would send."""
    project = hostile_project()
    sample = add(project, "sample")
    held = give(annotator(project, "dan"), sample)
    visitor = Visitor(enter(evil("dan")))
    page = visitor.page
    page.goto(f"{HOME}annotate/")
    fields = {"rating-0": "1", "rating-1": "1", "rating-2": "1", "client_key": "k", "comment": evil("comment")}
    sources = page.locator("[data-question=sources] textarea").get_attribute("name") or ""
    form = page.evaluate_handle(
        """(fields) => {
            const form = document.createElement("form");
            Object.assign(form, { method: "post", action: document.getElementById("answer").action });
            for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
            form.append(document.querySelector("[name=csrfmiddlewaretoken]").cloneNode());
            document.body.append(form);
            return form;
        }""",
        fields | {sources: "javascript:window.struck=1"},
    )
    with page.expect_navigation():
        form.evaluate("(form) => form.submit()")
    expect(page.locator("[data-question=sources] [data-error]")).to_be_visible()
    visitor.finds("comment", *ON_THE_CARD, at="refused")
    assert not Annotation.objects.filter(assignment=held).exists()


def test_nothing_runs_in_training(enter: Enter) -> None:
    project = hostile_project()
    dan = annotator(project, "dan")
    lesson = known(project, "lesson", teaches=True)
    visitor = Visitor(enter(evil("dan")))
    page = visitor.page
    visitor.reads(f"{HOME}annotate/", *ON_THE_CARD, *SHOWN_TEXTS)
    for key in ("1", "1", "1", "Enter"):
        press(page, key)
    expect(page.locator(".feedback-told")).to_be_visible()
    visitor.finds("note", "comparison", "first", "of-user", "as-text", at="feedback")
    press(page, "d")
    page.keyboard.type(evil("dispute"))
    press(page, "Control+Enter")
    expect(page.locator(".feedback-told")).to_contain_text("A reviewer answers you")
    opened = Assignment.objects.get(annotator=dan, sample=lesson).dispute
    rita = User.objects.get(username=evil("rita"))
    reviewer = Visitor(enter(evil("rita")))
    reviewer.reads(f"{HOME}gold/", "lesson", "dispute", "dan")
    reviewer.reads(f"{HOME}gold/samples/{lesson.pk}/", "lesson", "note", "of-user", "as-text", "comparison")
    disputes.uphold(dispute_id=opened.pk, by=rita, reply=evil("upheld"), at=timezone.now())
    visitor.reads(f"{HOME}record/", "note", "dispute", "upheld", "of-user", "comparison")


def test_nothing_runs_on_a_persons_own_pages(enter: Enter) -> None:
    project = hostile_project()
    dan = annotator(project, "dan")
    ada, rita = User.objects.get(username=evil("ada")), join(project, evil("rita"), Role.REVIEWER)
    done = rated(add(project, "sample"), dan, 1, "dan")
    asked = questions.ask(assignment=done, text=evil("question"), at=timezone.now())
    questions.reply(question=asked, by=rita, text=evil("reply"), at=timezone.now())
    exam = known(project, "exam", teaches=False)
    measured_long_ago(dan, exam)
    give(dan, add(project, "next"))
    visitor = Visitor(enter(evil("dan")))
    page = visitor.page

    visitor.reads(f"{HOME}annotate/", "rita", "question")
    visitor.reads(f"{HOME}guideline/", "guideline", "added", "what-changed", "ada", "attribute", "described", "level-1")
    visitor.reads(
        f"{HOME}work/", "comment-of-dan", "words-of-dan", "attribute", "level-1", "comparison", "second", "reason"
    )
    page.locator("#words").fill(evil("nothing"))
    press(page, "Enter")
    expect(page.get_by_role("heading", name="None of your comments has these words")).to_be_visible()
    visitor.finds("nothing", at="found nothing")
    visitor.reads(
        f"{HOME}work/{done.pk}/", "of-user", "as-text", "as-message", "words-of-dan", "comment-of-dan", "option"
    )
    visitor.reads(f"/assignments/{done.pk}/correct/", "comment-of-dan", "words-of-dan", *ON_THE_CARD)
    visitor.reads(f"{HOME}data/", "project", "dan")
    notice = standing.pause(annotator=dan, by=ada, reason=evil("notice"), at=timezone.now())
    standing.answer(notice=notice, text=evil("answered"), at=timezone.now())
    standing.reply(notice=notice, by=ada, text=evil("replied"), at=timezone.now())
    visitor.reads(f"{HOME}annotate/", "project")
    notice_and_question = ("notice", "answered", "replied", "ada", "question", "reply", "rita")
    visitor.reads(f"{HOME}record/", *notice_and_question, "note", "comparison", "of-user")
    visitor.reads("/settings/", "dan")


def measured_long_ago(person: Annotator, sample: Sample) -> None:
    """An answer to gold that is told of already."""
    at = timezone.now() - timedelta(hours=1)
    place = {"claimed_at": at, "lease_expires_at": at + timedelta(hours=1), "lease_place": 0, "shown_order": [0, 1]}
    held = Assignment.objects.create(sample=sample, annotator=person, is_gold=True, **place)
    submission.submit(assignment_id=held.pk, answer=said(1, "dan"), at=at)


# --- the pages of reviewers and admins ----------------------------------------------------------------------------
def test_nothing_runs_on_the_pages_of_a_review(enter: Enter) -> None:
    project = hostile_project()
    sample = add(project, "sample")
    people_of = [annotator(project, name) for name in ("ana", "ben", "cleo")]
    first, *_ = [rated(sample, person, value, "somebody") for person, value in zip(people_of, (-1, 1, 1), strict=True)]
    asked = questions.ask(assignment=first, text=evil("question"), at=timezone.now())
    judge = judging.enable(project=project, identity=JudgeIdentity("external", evil("judge"), family=evil("family")))
    verdict = Verdict(sample.pk, [1, 1, 1], raw_text=evil("raw"), details={"why": evil("detail")}, is_unsure=True)
    judging.post(project=project, judge=judge, verdicts=[verdict])
    ada = User.objects.get(username=evil("ada"))
    notice = standing.pause(annotator=people_of[1], by=ada, reason=evil("notice"), at=timezone.now())
    standing.answer(notice=notice, text=evil("answered"), at=timezone.now())
    known(project, "exam", teaches=False)
    figures.refresh(project=project, at=timezone.now())
    visitor = Visitor(enter(evil("ada")))
    page = visitor.page

    visitor.reads(HOME, "project", "first-name")
    visitor.reads(f"{HOME}review/", "sample", "question")
    texts = ("of-system", "of-user", "of-assistant", "thought", "call-name", "of-tool", "as-text", "as-message")
    answers = (
        "words-of-somebody",
        "comment-of-somebody",
        "reason",
        "option",
        "unsure",
        "comparison",
        "first",
        "second",
    )
    visitor.reads(f"{HOME}review/{sample.pk}/", "sample", *texts, *answers, "ana", "ben", "question")
    expect(page.locator(".katex").first).to_be_attached()
    press(page, "j")
    expect(page.locator("[data-judges-said]")).to_be_visible()
    visitor.finds("judge")
    visitor.reads(f"{HOME}review/questions/{asked.pk}/", "question", "ana", "sample", "of-user", "as-text")
    visitor.reads(f"{HOME}people/", "ana", "ben", "answered")
    visitor.reads(f"{HOME}people/{people_of[1].pk}/", "ben", "notice", "answered")
    visitor.reads(f"{HOME}gold/", "exam")
    visitor.reads(f"{HOME}judges/", "judge")
    visitor.reads(f"{HOME}judges/{judge.pk}/", "judge", "comparison")
    visitor.reads(f"{HOME}routing/", "project")
    visitor.reads(f"{HOME}guideline/", "guideline", "what-changed", "ada")
    page.locator(".guideline-write > summary").press("Enter")
    page.locator("#guideline-text").fill(f"{evil('previewed')}\n\n{TRICKS}")
    page.locator("#what-changed").fill(evil("changed-again"))
    page.get_by_role("button", name="Preview").press("Enter")
    expect(page.locator("#preview .katex").first).to_be_attached()
    visitor.finds("previewed", "changed-again", at="preview")
