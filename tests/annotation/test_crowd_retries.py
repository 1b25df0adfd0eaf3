"""Sent twice, in two windows, from an old page: one annotation, and the retry is answered as the first was, byte for byte."""

import json
import re
from functools import partial

import pytest
from crowd import broken_laws
from django.test import Client
from forms import ANNOTATE, form_of, text_of
from races import together
from story import NOW, State, claim, crowd, join, make_project, make_sample, make_samples, rate_overall

from annotation.models import Annotation, Assignment, Project, Sample, SampleEvent
from annotation.services import leases, people

pytestmark = pytest.mark.django_db(transaction=True)
CLAIMS = "/api/v1/projects/recipes/claims/"


@pytest.fixture
def ana():
    return join(make_project(), "ana")


def program(person):
    """A client of the interface with a connection and a session of its own."""
    key = people.issue_token(user=person.user, name="t", scopes=["read", "work"])

    def post(path, body=None):
        about = {"data": json.dumps(body or {}), "content_type": "application/json"}
        return Client().post(path, headers={"authorization": f"Bearer {key}"}, **about)

    return post


def browser(person):
    client = Client()
    client.force_login(person.user)
    return client


def said(value=4, key="k"):
    return {"ratings": [{"attribute": "overall", "value": value}], "client_key": key}


def lines(answers):
    return sorted((answer.status_code, answer.content) for answer in answers)


# --- the interface ----------------------------------------------------------------------------------------------
def test_a_submission_sent_four_times_at_once_is_answered_with_the_same_bytes(ana):
    make_sample(ana.project)
    post = program(ana)
    path = f"/api/v1/assignments/{post(CLAIMS).json()['assignment']}/submission/"
    answers = together([partial(post, path, said())] * 4)
    assert [answer.status_code for answer in sorted(answers, key=lambda a: a.status_code)] == [200, 200, 200, 201]
    assert len({answer.content for answer in answers}) == 1
    assert Annotation.objects.count() == 1
    assert broken_laws(ana.project) == []


@pytest.mark.parametrize("meanwhile", ["nothing", "decided", "corrected", "archived", "paused", "expired lease"])
def test_a_retry_says_what_the_first_answer_said_whatever_happened_since(ana, meanwhile):
    sample = make_sample(ana.project)
    post = program(ana)
    pk = post(CLAIMS).json()["assignment"]
    path = f"/api/v1/assignments/{pk}/submission/"
    if meanwhile == "expired lease":
        leases.release(assignment=Assignment.objects.get(pk=pk), at=NOW)
    first = post(path, said())
    if meanwhile == "decided":
        rate_overall(sample, dict.fromkeys(crowd(ana.project, 2), 4))
        assert Sample.objects.get().state == State.RESOLVED
    if meanwhile == "corrected":
        assert post(f"/api/v1/assignments/{pk}/correction/", said(5, key="k2")).status_code == 201
    if meanwhile in ("archived", "paused"):
        Project.objects.update(state=meanwhile)
    again = post(path, said(1))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert Annotation.objects.filter(client_key="k").count() == 1


def test_a_late_answer_is_told_as_late_each_time(ana):
    sample = make_sample(ana.project)
    post = program(ana)
    pk = post(CLAIMS).json()["assignment"]
    leases.release(assignment=Assignment.objects.get(pk=pk), at=NOW)
    rate_overall(sample, dict.fromkeys(crowd(ana.project, 3), 4))
    answers = [post(f"/api/v1/assignments/{pk}/submission/", said()) for _ in range(3)]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["counted"] is False


def test_a_correction_sent_four_times_at_once_is_one_revision(ana):
    make_sample(ana.project)
    post = program(ana)
    pk = post(CLAIMS).json()["assignment"]
    post(f"/api/v1/assignments/{pk}/submission/", said())
    answers = together([partial(post, f"/api/v1/assignments/{pk}/correction/", said(5, key="k2"))] * 4)
    assert len({answer.content for answer in answers}) == 1
    assert list(Annotation.objects.order_by("revision").values_list("ratings", "is_current")) == [
        ([4], False),
        ([5], True),
    ]
    assert broken_laws(ana.project) == []


def test_two_different_corrections_at_once_follow_each_other(ana):
    make_sample(ana.project)
    post = program(ana)
    pk = post(CLAIMS).json()["assignment"]
    post(f"/api/v1/assignments/{pk}/submission/", said())
    answers = together(
        [partial(post, f"/api/v1/assignments/{pk}/correction/", said(v, key=f"k{v}")) for v in (2, 3, 5)]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["revision"] for answer in answers) == [2, 3, 4]
    assert broken_laws(ana.project) == []


def test_an_answer_and_its_correction_sent_at_once_leave_one_that_is_current(ana):
    make_sample(ana.project)
    post = program(ana)
    pk = post(CLAIMS).json()["assignment"]
    [first, correction] = together(
        [
            partial(post, f"/api/v1/assignments/{pk}/submission/", said()),
            partial(post, f"/api/v1/assignments/{pk}/correction/", said(5, key="k2")),
        ]
    )
    assert (first.status_code, correction.status_code) in [(201, 201), (201, 409)]
    assert broken_laws(ana.project) == []


@pytest.mark.parametrize("tabs", [2, 5])
def test_claims_at_once_give_one_sample_with_the_same_bytes(ana, tabs):
    make_samples(ana.project, 6)
    post = program(ana)
    answers = together([partial(post, CLAIMS)] * tabs)
    assert {answer.status_code for answer in answers} == {201}
    shown = [{**answer.json(), "lease_expires_at": ""} for answer in answers]
    assert all(one == shown[0] for one in shown)
    assert Assignment.objects.count() == 1
    assert broken_laws(ana.project) == []


def test_skip_release_and_answer_at_once_leave_one_end(ana):
    """Three windows of one person end one lease in three ways: one of them did, and the counters say so."""
    samples = make_samples(ana.project, 8)
    post = program(ana)
    for _ in samples:
        pk = post(CLAIMS).json()["assignment"]
        base = f"/api/v1/assignments/{pk}"
        answers = together(
            [
                partial(post, f"{base}/skip/", {"reason": "broken"}),
                partial(post, f"{base}/release/"),
                partial(post, f"{base}/submission/", said()),
            ]
        )
        codes = tuple(answer.status_code for answer in answers)
        # A lease that was released may still be answered; else one of the three wins.
        assert codes in [(204, 409, 409), (409, 204, 409), (409, 409, 201), (409, 204, 201)], codes
        assert broken_laws(ana.project) == []
        leases.expire(at=NOW)
        if Assignment.objects.get(pk=pk).state == "released":
            post(f"{base}/submission/", said())


# --- the page ---------------------------------------------------------------------------------------------------
def page_of(client):
    page = client.get(ANNOTATE)
    form = form_of(page)
    [action] = [action for action in form.actions if action.endswith("/submit/")]
    return action, form.hidden, re.search(r"Prompt of (\w+)", text_of(page)).group(1)


def test_a_double_click_at_the_same_instant_stores_one_and_both_go_on(ana):
    make_samples(ana.project, 3)
    action, hidden, _ = page_of(browser(ana))
    clients = [browser(ana) for _ in range(3)]
    answers = together([partial(client.post, action, {**hidden, "rating-0": "4"}) for client in clients])
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, ANNOTATE)}
    assert Annotation.objects.count() == 1
    assert broken_laws(ana.project) == []


def test_a_double_click_with_the_script_shows_the_same_next_card_twice(ana):
    make_samples(ana.project, 3)
    action, hidden, judged = page_of(browser(ana))
    clients = [browser(ana) for _ in range(2)]
    sends = [
        partial(client.post, action, {**hidden, "rating-0": "4"}, headers={"X-Card": "alone"}) for client in clients
    ]
    answers = together(sends)
    assert {answer.status_code for answer in answers} == {200}
    shown = {re.search(r"Prompt of (\w+)", text_of(answer)).group(1) for answer in answers}
    assert len(shown) == 1
    assert shown != {judged}
    assert (Annotation.objects.count(), Assignment.objects.count()) == (1, 2)
    assert broken_laws(ana.project) == []


def test_two_tabs_of_the_page_show_one_sample_and_the_second_answer_is_refused_in_words(ana):
    make_samples(ana.project, 3)
    (one, first, judged), (two, second, also) = page_of(browser(ana)), page_of(browser(ana))
    assert (one, judged) == (two, also)
    assert first["client_key"] != second["client_key"]
    assert browser(ana).post(one, {**first, "rating-0": "4"}).status_code == 302
    refused = browser(ana).post(two, {**second, "rating-0": "1"})
    assert refused.status_code == 409
    assert "You have had this sample already" in text_of(refused)
    assert Annotation.objects.get().ratings == [4]


def test_the_back_button_and_the_old_form_change_nothing(ana):
    """Back to the page as it was, another value, sent: with the same key it is the retry, with a new key it is refused."""
    make_samples(ana.project, 2)
    client = browser(ana)
    action, hidden, _ = page_of(client)
    client.post(action, {**hidden, "rating-0": "4"})
    assert client.post(action, {**hidden, "rating-0": "1"}).status_code == 302
    assert client.post(action, {**hidden, "client_key": "another", "rating-0": "1"}).status_code == 409
    assert client.post(action, {"rating-0": "1"}).status_code == 409
    assert list(Annotation.objects.values_list("ratings", flat=True)) == [[4]]
    assert broken_laws(ana.project) == []


def test_a_browser_without_a_script_sends_a_form_without_a_key_and_is_stored_once(ana):
    make_samples(ana.project, 2)
    action, _, _ = page_of(browser(ana))
    clients = [browser(ana) for _ in range(3)]
    answers = together([partial(client.post, action, {"rating-0": "4"}) for client in clients])
    assert {answer.status_code for answer in answers} == {302}
    assert Annotation.objects.count() == 1


def test_the_page_and_a_program_answer_at_once_and_one_of_them_is_told(ana):
    make_sample(ana.project)
    action, hidden, _ = page_of(browser(ana))
    pk = Assignment.objects.get().pk
    post, client = program(ana), browser(ana)
    [by_program, by_page] = together(
        [
            partial(post, f"/api/v1/assignments/{pk}/submission/", said(key="program")),
            partial(client.post, action, {**hidden, "rating-0": "5"}),
        ]
    )
    assert (by_program.status_code, by_page.status_code) in [(201, 409), (409, 302)]
    assert Annotation.objects.count() == 1


def test_the_deciding_answer_twice_at_once_decides_once(ana):
    sample = make_sample(ana.project)
    others = crowd(ana.project, 2)
    rate_overall(sample, dict.fromkeys(others, 4))
    claim(sample, by=ana)
    post = program(ana)
    path = f"/api/v1/assignments/{Assignment.objects.get(annotator=ana).pk}/submission/"
    together([partial(post, path, said())] * 4)
    assert SampleEvent.objects.count() == 1
    assert sample.labels.count() == 1
    assert broken_laws(ana.project) == []
