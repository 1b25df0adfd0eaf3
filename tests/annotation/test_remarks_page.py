"""Remarks on the card, as a browser without JavaScript shows and sends them; and when a card may ask about a contradiction."""

import pytest
from everything import RATED, WHY, with_a_pair
from forms import ANNOTATE, form_of, submit_url, text_of
from story import join, rate

from annotation.models import Annotation, Assignment
from annotation.web import contradictions, fields, questions

POSTED = {"rating-0": "3", "rating-1": "4", "rating-2": "1", "rating-3": "1", "rating-4": "2", "rating-5": "1"}
TIED = {**POSTED, "rating-6": "0:both_bad"}
REMARKED = {
    "remark-1-1": "1", "remark-2": WHY, "remark-3": "https://example.org/a\r\nhttps://example.org/b\r\n",
    "remark-4-0": "1", "remark-4-2": "1", "remark-5": "3",
}  # fmt: skip
KEPT = {
    "what_is_wrong": [None, ["invented"]],
    "why": WHY,
    "sources": ["https://example.org/a", "https://example.org/b"],
    "what_decided": ["facts", "length"],
    "confidence": 3,
    "preference": "both_bad",
}


@pytest.fixture
def sample(db):
    return with_a_pair()


@pytest.fixture
def browser(client, sample):
    client.force_login(join(sample.project, "ana").user)
    client.get(ANNOTATE)
    return client


def test_what_is_posted_is_kept(browser):
    browser.post(submit_url(), {**TIED, **REMARKED, "client_key": "k"})
    said = Annotation.objects.get()
    assert (said.remarks, said.ratings) == (KEPT, [3, 4, 1, 1, 2, 1, 0, None])


def test_the_card_offers_every_kind(browser):
    page = browser.get(ANNOTATE)
    offered = form_of(page).offered
    assert offered["rating-6"] == ["-2", "-1", "0:both_good", "0:both_bad", "1", "2"]
    assert offered["remark-5"] == ["1", "2", "3"]
    assert text_of(page).count('name="remark-1-0"') == 1
    assert "0 of 3 to 50 words" in text_of(page)


def test_what_is_wrong_comes_back_with_all_that_was_said(browser):
    page = browser.post(submit_url(), {**TIED, **REMARKED, "remark-2": "Too short", "client_key": "k"})
    assert page.status_code == 422
    form, text = form_of(page), text_of(page)
    assert {
        "rating-6": "0:both_bad",
        "remark-1-1": "1",
        "remark-4-2": "1",
        "remark-5": "3",
    }.items() <= form.chosen.items()
    assert "Why?: 2 words so far; 3 to 50 are wanted." in text
    assert "Too short</textarea>" in text
    assert "https://example.org/b" in text
    assert not Annotation.objects.exists()


def test_where_neither_is_valid_only_the_sample_as_a_whole_is_remarked(browser):
    browser.post(submit_url(), {**TIED, **REMARKED, "neither_valid": "1", "client_key": "k"})
    assert Annotation.objects.get().remarks.keys() == {"why", "sources", "what_decided", "confidence"}


@pytest.mark.parametrize("value", ["0:both_ugly", "1:both_good", "0:", "0:\x00both_good", "zero:both_good"])
def test_a_kind_that_is_none_is_never_kept(browser, value):
    page = browser.post(submit_url(), {**TIED, "rating-6": value, "remark-2": WHY, "client_key": "k"})
    stored = [annotation.remarks.get("preference") for annotation in Annotation.objects.all()]
    assert page.status_code == 422 or stored in ([None], ["both_good"])
    assert "both_ugly" not in stored


def test_hostile_text_is_only_text(browser):
    evil = '<script>alert(1)</script> "two" three'
    browser.post(submit_url(), {**TIED, "remark-2": evil, "client_key": "k"})
    page = browser.get(f"/assignments/{Assignment.objects.get().pk}/correct/")
    assert "<script>alert" not in text_of(page)
    assert "&lt;script&gt;alert(1)" in text_of(page)


def test_a_correction_begins_with_what_was_said(browser):
    browser.post(submit_url(), {**TIED, **REMARKED, "client_key": "k"})
    page = browser.get(submit_url().replace("submit", "correct"))
    assert form_of(page).chosen == {
        **TIED,
        **{name: REMARKED[name] for name in REMARKED if name not in ("remark-2", "remark-3")},
    }
    assert WHY in text_of(page)


def test_an_annotation_and_its_fields_are_the_same_thing(sample):
    said = {name: value for name, value in KEPT.items() if name != "preference"}
    receipt = rate(sample, by=join(sample.project, "ben"), **RATED, remarks=said)
    annotation = Annotation.objects.get(pk=receipt.annotation.pk)
    rubric, order = sample.project.rubric, annotation.assignment.shown_order
    shown = {name: str(value) for name, value in fields.of_annotation(annotation, rubric, order).items()}
    rows = fields.remarks_in(shown, rubric, order, neither_valid=False)
    assert {row["remark"]: row["value"] for row in rows} == {**said, "what_is_wrong": ["invented"]}


# --- contradictions ----------------------------------------------------------------------------------------------
def asks(assignment):
    asked = questions.asked(assignment, assignment.sample.project.rubric, {}, {})
    return bool(asked[None][0]["contradiction"])


def assignments(project, how_many):
    """As if that many had been handed out: the draw knows nothing but the key."""
    sample = project.samples.get()
    for pk in range(1, how_many + 1):
        yield Assignment(pk=pk, sample=sample, shown_order=[0, 1], annotator=None)


def test_half_of_the_cards_may_ask_and_always_the_same_half(db):
    project = with_a_pair(asks_about_contradictions=True).project
    drawn = [asks(assignment) for assignment in assignments(project, 400)]
    assert 150 < sum(drawn) < 250
    assert drawn == [asks(assignment) for assignment in assignments(project, 400)]


def test_the_half_cannot_be_worked_out_without_the_secret(settings):
    before = [contradictions.is_drawn(pk) for pk in range(64)]
    settings.SECRET_KEY = "another"
    assert [contradictions.is_drawn(pk) for pk in range(64)] != before


def test_gold_never_asks_nor_does_a_project_that_does_not_want_it(db):
    project = with_a_pair(asks_about_contradictions=True).project
    some = list(assignments(project, 50))
    for assignment in some:
        assignment.is_gold = True
    assert not any(map(asks, some))
    project.asks_about_contradictions = False
    project.save()
    assert not any(map(asks, assignments(project, 50)))


def test_the_sentence_is_only_on_the_cards_that_may_ask(browser, monkeypatch):
    assert "data-follows" not in text_of(browser.get(ANNOTATE))
    Assignment.objects.get().annotator.project.__class__.objects.update(asks_about_contradictions=True)
    monkeypatch.setattr(contradictions, "is_drawn", lambda pk: True)
    assert "rated {other} higher on Helpfulness" in text_of(browser.get(ANNOTATE))
