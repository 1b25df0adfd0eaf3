"""The annotator's pages, as a browser without JavaScript uses them."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from forms import ANNOTATE, form_of, submit_url, text_of
from story import OVERALL, PREFERENCE, join, make_pair, make_project, make_samples

from annotation.models import Annotation, Assignment, Membership, Project, Sample
from annotation.services import claiming, leases, submission


@pytest.fixture
def browser(client, ana):
    client.force_login(ana.user)
    return client


@pytest.fixture
def opened(browser, sample):
    """Ana has opened the page; the form as she sees it."""
    return form_of(browser.get(ANNOTATE))


def send(browser, form, **values):
    """Fill in the form and press its button."""
    assert submit_url() in form.actions
    return browser.post(submit_url(), {**form.hidden, **values})


# --- who may open what ------------------------------------------------------------------------------------------
PAGES = ["/", ANNOTATE, "/projects/recipes/", "/projects/recipes/review/", "/projects/recipes/review/1/",
         "/projects/recipes/versions/1/", "/projects/recipes/versions/1/files/a", "/assignments/1/correct/"]  # fmt: skip
POSTS = [
    "/assignments/1/submit/",
    "/assignments/1/skip/",
    "/assignments/1/renew/",
    "/projects/recipes/review/1/decide/",
]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_asks_who_you_are(client, project, page):
    response = client.get(page)
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={page}")


@pytest.mark.parametrize("page", POSTS)
def test_nobody_posts_without_logging_in(client, project, page):
    assert client.post(page)["Location"].startswith("/login/")


@pytest.mark.parametrize("what", ["submit", "skip"])
def test_who_comes_back_from_logging_in_again_finds_the_sample_and_changes_nothing(browser, opened, what):
    """Without a script the log-in leads to the address that was posted to."""
    lease = Assignment.objects.get()
    response = browser.get(f"/assignments/{lease.pk}/{what}/")
    assert (response.status_code, response["Location"]) == (302, ANNOTATE)
    assert Assignment.objects.get().state == "leased"


def test_one_logs_in_with_name_and_password(client, ana):
    ana.user.set_password("a long password")
    ana.user.save()
    assert client.get("/login/").status_code == 200
    response = client.post("/login/?next=" + ANNOTATE, {"username": "ana", "password": "a long password"})
    assert response["Location"] == ANNOTATE


def test_a_stranger_finds_no_project_and_a_reviewer_no_card(client, project, rita):
    client.force_login(join(make_project("elsewhere"), "zoe").user)
    assert client.get(ANNOTATE).status_code == 404
    client.force_login(rita)
    assert client.get(ANNOTATE).status_code == 403


def test_the_assignment_of_somebody_else_is_not_there(browser, sample, ben):
    pk = claiming.claim_next(annotator=ben, at=timezone.now()).pk
    for what in ("submit", "skip", "renew", "correct"):
        assert browser.post(f"/assignments/{pk}/{what}/", {"rating-0": "4"}).status_code == 404


def test_a_post_from_another_site_is_refused(ana, sample):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana.user)
    claiming.claim_next(annotator=ana, at=timezone.now())
    assert strict.post(submit_url(), {"rating-0": "4"}).status_code == 403


def test_the_front_page_names_ones_projects(browser):
    make_project("elsewhere")
    page = text_of(browser.get("/"))
    assert "Recipes" in page
    assert "Elsewhere" not in page


# --- the card ---------------------------------------------------------------------------------------------------
def test_the_card_shows_prompt_response_and_levels(browser, sample):
    response = browser.get(ANNOTATE)
    page = text_of(response)
    assert "Prompt of s1" in page
    assert "A text." in page
    assert form_of(response).offered == {"rating-0": ["1", "2", "3", "4", "5", "6"]}


def test_a_reload_shows_the_same_sample(browser, project):
    make_samples(project, 5)
    first, second = text_of(browser.get(ANNOTATE)), text_of(browser.get(ANNOTATE))
    prompt = re.compile(r"Prompt of s\d")
    assert prompt.search(first).group() == prompt.search(second).group()
    assert Assignment.objects.count() == 1


def test_with_nothing_left_it_says_so(browser):
    assert "Nothing for you just now" in text_of(browser.get(ANNOTATE))


def test_a_paused_project_says_so(browser, sample):
    Project.objects.update(state="paused")
    assert "hands out no samples now" in text_of(browser.get(ANNOTATE))


def test_a_plain_post_stores_the_answer_and_goes_on(browser, opened):
    response = send(browser, opened, **{"rating-0": "4", "comment": "Fine.", "active_seconds": "31"})
    assert (response.status_code, response["Location"]) == (302, ANNOTATE)
    annotation = Annotation.objects.get()
    assert (annotation.ratings, annotation.comment, annotation.active_seconds) == ([4], "Fine.", 31)


def test_the_same_form_twice_is_stored_once(browser, opened):
    for _ in range(2):
        assert send(browser, opened, **{"rating-0": "4"}).status_code == 302
    assert Annotation.objects.count() == 1


def test_a_script_gets_the_next_card_alone(browser, opened):
    response = browser.post(submit_url(), {**opened.hidden, "rating-0": "4"}, headers={"X-Card": "alone"})
    page = text_of(response)
    assert response.status_code == 200
    assert "<html" not in page
    assert page.count('id="sample-card"') == 1


def test_another_answer_to_an_answered_sample_is_a_conflict(browser, opened):
    send(browser, opened, **{"rating-0": "4"})
    response = browser.post(submit_url(), {"rating-0": "5", "client_key": "other"})
    assert response.status_code == 409
    assert Annotation.objects.get().ratings == [4]


def test_an_answer_that_came_too_late_is_thanked_for(browser, opened, ana):
    leases.release(assignment=Assignment.objects.get(), at=timezone.now())
    Sample.objects.update(state="resolved")
    response = send(browser, opened, **{"rating-0": "4"})
    assert "kept and credited" in text_of(response)
    assert Assignment.objects.get().state == "late"


# --- 422 --------------------------------------------------------------------------------------------------------
def test_what_is_missing_is_said_and_what_was_chosen_stays(two_questions):
    response = two_questions.post(submit_url(), {"rating-1": "2", "comment": "Half done", "client_key": "mine"})
    form, page = form_of(response), text_of(response)
    assert response.status_code == 422
    assert "Overall: choose a value." in page
    assert form.chosen == {"rating-1": "2"}
    assert "Half done" in page
    assert form.hidden["client_key"] == "mine"
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    "value", ["9", "-1", "abc", "4.5", "--5", "-", "1e3", "\uff19", "9" * 40, "<b>", "4 4", "\x00"]
)
def test_a_value_that_is_none_is_refused_and_not_a_crash(two_questions, value):
    response = two_questions.post(submit_url(), {"rating-0": value, "rating-1": "2", "client_key": "k"})
    assert response.status_code == 422
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    "field", [{"client_key": "a\x00b"}, {"comment": "a\x00b"}, {"active_seconds": "--5"}, {"active_seconds": "x"}]
)
def test_other_odd_fields_do_not_break_a_good_answer(two_questions, field):
    response = two_questions.post(submit_url(), {"rating-0": "4", "rating-1": "2", "client_key": "k", **field})
    assert response.status_code in (302, 422)


def test_neither_valid_needs_nothing_else(client, db):
    project = make_project(attributes=[OVERALL, PREFERENCE])
    make_pair(project)
    client.force_login(join(project, "ana").user)
    client.get(ANNOTATE)
    assert client.post(submit_url(), {"neither_valid": "1", "client_key": "k"}).status_code == 302
    assert Annotation.objects.get().neither_valid


# --- correct, skip, renew ---------------------------------------------------------------------------------------
def test_the_last_answer_is_corrected(browser, opened):
    send(browser, opened, **{"rating-0": "4", "comment": "Hm."})
    link = reverse("annotation:correct", args=[Assignment.objects.get().pk])
    assert link in text_of(browser.get(ANNOTATE))
    card = browser.get(link)
    assert form_of(card).chosen == {"rating-0": "4"}
    assert "Hm." in text_of(card)
    response = browser.post(link, {**form_of(card).hidden, "rating-0": "5"})
    assert response["Location"] == ANNOTATE
    assert list(Annotation.objects.order_by("pk").values_list("revision", "ratings")) == [(1, [4]), (2, [5])]


def test_a_correction_that_does_not_fit_keeps_the_card(browser, opened):
    send(browser, opened, **{"rating-0": "4"})
    link = reverse("annotation:correct", args=[Assignment.objects.get().pk])
    response = browser.post(link, {"rating-0": "9", "client_key": "k2"})
    assert response.status_code == 422
    assert link in form_of(response).actions


def test_after_ten_minutes_nothing_is_offered_and_nothing_taken(browser, opened):
    send(browser, opened, **{"rating-0": "4"})
    Assignment.objects.update(finished_at=timezone.now() - submission.CORRECTABLE_FOR * 2)
    link = reverse("annotation:correct", args=[Assignment.objects.get().pk])
    assert link not in text_of(browser.get(ANNOTATE))
    assert browser.get(link).status_code == 409
    assert browser.post(link, {"rating-0": "5"}).status_code == 409


def test_a_sample_is_skipped_with_a_reason(browser, opened):
    response = browser.post(reverse("annotation:skip", args=[Assignment.objects.get().pk]), {"reason": "broken"})
    assert response["Location"] == ANNOTATE
    assert Assignment.objects.get().skip_reason == "broken"


@pytest.mark.parametrize("reason", ["", "bored", "a\x00b"])
def test_a_skip_without_a_reason_that_is_one_is_refused(browser, opened, reason):
    response = browser.post(reverse("annotation:skip", args=[Assignment.objects.get().pk]), {"reason": reason})
    assert response.status_code == 409
    assert Assignment.objects.get().state == "leased"


def test_every_reason_to_skip_is_offered(browser, sample):
    page = text_of(browser.get(ANNOTATE))
    assert all(f'name="reason" value="{reason}"' in page for reason in Assignment.SkipReason.values)


def test_a_lease_is_renewed_and_its_end_is_told(browser, opened):
    url = reverse("annotation:renew", args=[Assignment.objects.get().pk])
    assert 0 < browser.post(url).json()["seconds"] <= 60 * Assignment.objects.get().annotator.project.lease_minutes
    Assignment.objects.update(state="skipped", skip_reason="broken", lease_place=None)
    assert browser.post(url).status_code == 409


def test_a_member_without_an_annotator_is_told_and_not_crashed_into(client, project, rita):
    Membership.objects.create(project=project, user=rita, role="annotator")
    client.force_login(rita)
    assert client.get(ANNOTATE).status_code in (200, 403, 404)
