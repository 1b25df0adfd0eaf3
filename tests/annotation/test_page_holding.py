"""What the script of the annotator's page asks for: the sample ahead, more time, drafts, and a word in place of a card."""

import pytest
from django.utils import timezone
from forms import ANNOTATE, form_of, submit_url, text_of
from story import make_samples

from annotation.models import Annotation, Assignment, Draft, Sample
from annotation.services import claiming, leases

WORD = {"Accept": "application/json"}


@pytest.fixture
def browser(client, ana, settings):
    settings.ANSWER_STEP_MS = 0
    client.force_login(ana.user)
    return client


@pytest.fixture
def opened(browser, project):
    """Ana's form, with two more samples behind it."""
    make_samples(project, 3)
    return form_of(browser.get(ANNOTATE))


def place(assignment, what):
    return f"/assignments/{assignment.pk}/{what}/"


def in_hand():
    return Assignment.objects.get(state="leased", lease_place=0)


# --- the sample ahead -------------------------------------------------------------------------------------------
def test_the_sample_ahead_is_another_card_and_the_same_when_asked_again(browser, opened):
    first = browser.post("/projects/recipes/ahead/")
    assert text_of(first).count('id="sample-card"') == 1
    ahead = Assignment.objects.get(lease_place=1)
    assert f'data-assignment="{ahead.pk}"' in text_of(first)
    assert f'data-assignment="{ahead.pk}"' in text_of(browser.post("/projects/recipes/ahead/"))
    assert Assignment.objects.count() == 2


def test_with_nothing_more_the_sample_ahead_is_no_content(browser, sample):
    browser.get(ANNOTATE)
    assert browser.post("/projects/recipes/ahead/").status_code == 204


def test_the_sample_ahead_is_given_back_once_and_twice(browser, opened):
    browser.post("/projects/recipes/ahead/")
    ahead = Assignment.objects.get(lease_place=1)
    for _ in range(2):
        assert browser.post(place(ahead, "release")).status_code == 204
    ahead.refresh_from_db()
    assert ahead.state == "released"


# --- a word in place of a card ----------------------------------------------------------------------------------
def test_an_answer_is_kept_in_a_word(browser, opened):
    response = browser.post(submit_url(in_hand()), {**opened.hidden, "rating-0": "4"}, headers=WORD)
    assert (response.status_code, response.json()) == (200, {"kept": True})
    assert Annotation.objects.get().ratings == [4]


def test_the_word_is_the_same_for_the_same_answer_sent_twice(browser, opened):
    lease = in_hand()
    said = [browser.post(submit_url(lease), {**opened.hidden, "rating-0": "4"}, headers=WORD) for _ in range(2)]
    assert [each.json() for each in said] == [{"kept": True}] * 2
    assert Annotation.objects.count() == 1


def test_an_unfinished_answer_says_what_is_missing(browser, opened):
    response = browser.post(submit_url(in_hand()), opened.hidden, headers=WORD)
    assert response.status_code == 422
    assert "overall" in response.json()["problems"]


def test_another_answer_to_an_answered_sample_is_refused_in_a_sentence(browser, opened):
    lease = in_hand()
    browser.post(submit_url(lease), {**opened.hidden, "rating-0": "4"}, headers=WORD)
    response = browser.post(submit_url(lease), {"rating-0": "5", "client_key": "other"}, headers=WORD)
    assert (response.status_code, list(response.json())) == (409, ["detail"])


def test_an_answer_that_came_too_late_says_so(browser, opened):
    lease = in_hand()
    leases.release(assignment=lease, at=timezone.now())
    Sample.objects.update(state="resolved")
    response = browser.post(submit_url(lease), {**opened.hidden, "rating-0": "4"}, headers=WORD)
    assert response.json()["kept"] is True
    assert "kept and credited" in response.json()["late"]


def test_a_skip_and_the_same_skip_again_are_kept(browser, opened):
    lease = in_hand()
    for _ in range(2):
        assert browser.post(place(lease, "skip"), {"reason": "broken"}, headers=WORD).json() == {"kept": True}


# --- drafts and leases ------------------------------------------------------------------------------------------
def test_a_draft_comes_back_with_the_card(browser, opened):
    fields = {"rating-0": "3", "comment": "Half a thought", "rubric": opened.hidden["rubric"]}
    response = browser.post(place(in_hand(), "draft"), {**fields, "saves": "2", "of_revision": "1"})
    assert response.json() == {"saves": 2}
    page = browser.get(ANNOTATE)
    assert form_of(page).chosen == {"rating-0": "3"}
    assert "Half a thought" in text_of(page)
    assert 'data-saves="2"' in text_of(page)


def test_a_draft_that_was_overtaken_changes_nothing(browser, opened):
    url = place(in_hand(), "draft")
    browser.post(url, {"comment": "newer", "saves": "5", "of_revision": "1"})
    assert browser.post(url, {"comment": "older", "saves": "4", "of_revision": "1"}).json() == {"saves": 5}
    assert Draft.objects.get().fields == {"comment": "newer"}


@pytest.mark.parametrize("nonsense", [{}, {"saves": "0", "of_revision": "1"}, {"saves": "x", "of_revision": "1"}])
def test_a_draft_without_its_number_is_refused(browser, opened, nonsense):
    assert browser.post(place(in_hand(), "draft"), {"comment": "a", **nonsense}).status_code == 400


def test_a_lease_that_ran_out_is_taken_again_while_there_is_a_place(browser, opened):
    lease = in_hand()
    leases.release(assignment=lease, at=timezone.now())
    assert browser.post(place(lease, "renew")).json()["seconds"] > 0
    lease.refresh_from_db()
    assert lease.state == "leased"


@pytest.mark.parametrize("what", ["release", "draft", "renew", "skip", "submit"])
def test_nobody_touches_the_sample_of_somebody_else(browser, opened, ben, what):
    theirs = claiming.claim_next(annotator=ben, at=timezone.now())
    posted = {"saves": "1", "of_revision": "1", "reason": "broken", "rating-0": "4"}
    assert browser.post(place(theirs, what), posted, headers=WORD).status_code == 404


def test_who_annotates_elsewhere_is_handed_nothing_ahead(client, project, rita):
    client.force_login(rita)
    assert client.post("/projects/recipes/ahead/").status_code == 403
