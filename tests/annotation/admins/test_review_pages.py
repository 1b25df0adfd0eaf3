"""The reviewer's and the admin's pages."""

import re

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone
from story import (
    NOW,
    OVERALL,
    State,
    crowd,
    join,
    label_of,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    scale,
    state_of,
)
from test_api_work import Program

from annotation.models import ReviewItem, Sample
from annotation.services import figures, judging, merging, versions
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.statistics import fold

QUEUE = "/projects/recipes/review/"
FRONT = "/projects/recipes/"


def text_of(response):
    return response.content.decode()


def page_of(sample):
    return reverse("annotation:review", args=[sample.project.slug, sample.pk])


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


@pytest.fixture
def people(project):
    return crowd(project, 7)


def contest(sample, people):
    rate_overall(sample, dict(zip(people, (1, 6, 1, 6, 3), strict=False)))
    assert state_of(sample) == State.CONTESTED
    return sample


@pytest.fixture
def contested(sample, people):
    return contest(sample, people)


def decide(browser, sample, action, **fields):
    return browser.post(
        reverse("annotation:decide", args=[sample.project.slug, sample.pk]), {"action": action, **fields}
    )


# --- who may see what -------------------------------------------------------------------------------------------
def test_an_annotator_sees_no_page_of_the_reviewers(client, contested, ana):
    client.force_login(ana.user)
    for page in (FRONT, QUEUE, page_of(contested), "/projects/recipes/versions/1/"):
        assert client.get(page).status_code == 403
    assert decide(client, contested, "exclude").status_code == 403
    assert state_of(contested) == State.CONTESTED


def test_a_reviewer_of_another_project_finds_nothing(client, contested):
    client.force_login(join(make_project("elsewhere"), "zoe", role="reviewer"))
    for page in (FRONT, QUEUE, page_of(contested)):
        assert client.get(page).status_code == 404
    assert decide(client, contested, "exclude").status_code == 404


def test_a_sample_is_not_reviewed_under_the_name_of_another_project(client, contested):
    zoe = join(make_project("elsewhere"), "zoe", role="reviewer")
    client.force_login(zoe)
    assert client.get(f"/projects/elsewhere/review/{contested.pk}/").status_code == 404
    assert client.post(f"/projects/elsewhere/review/{contested.pk}/decide/", {"action": "exclude"}).status_code == 404
    assert state_of(contested) == State.CONTESTED


# --- queue and sample -------------------------------------------------------------------------------------------
def test_an_empty_queue_says_so(browser, sample):
    assert "Nothing needs a reviewer" in text_of(browser.get(QUEUE))


def test_the_queue_says_which_and_why(browser, contested):
    page = text_of(browser.get(QUEUE))
    assert "1 thing waits for a reviewer" in page
    assert "s1" in page
    assert "first three said 1, 6, 1" in page


def test_a_resolved_sample_with_something_to_look_at_is_in_the_queue(browser, sample, people):
    rate_overall(sample, dict.fromkeys(people[:3], 4))
    ReviewItem.objects.create(sample=sample, kind="late_annotation", opened_at=NOW)
    assert "An annotation came after the sample was closed" in text_of(browser.get(QUEUE))


def test_the_page_of_a_sample_shows_people_and_history(browser, contested):
    page = text_of(browser.get(page_of(contested)))
    for word in ("Prompt of s1", "person-00", "no three of 5 people agree"):
        assert word in page


def test_a_sample_that_nobody_has_judged_can_be_looked_at(browser, sample):
    assert browser.get(page_of(sample)).status_code == 200


def test_a_page_leads_to_the_next_in_the_queue(browser, project, people):
    first, second = (contest(sample, people) for sample in make_samples(project, 2))
    assert page_of(second) in text_of(browser.get(page_of(first)))


# --- decisions --------------------------------------------------------------------------------------------------
def test_the_proposed_label_is_accepted(browser, contested):
    response = decide(browser, contested, "accept", cause="taste", note="As proposed.")
    assert (response.status_code, response["Location"]) == (302, QUEUE)
    assert (state_of(contested), label_of(contested).human_value) == (State.RESOLVED, 2)
    assert contested.events.latest("pk").text == "Cause: taste. As proposed."


def test_another_label_is_set(browser, contested, rita):
    decide(browser, contested, "set", **{"rating-0": "5"})
    assert (label_of(contested).human_value, label_of(contested).decided_by) == (5, rita)


def test_two_more_are_asked(browser, contested):
    decide(browser, contested, "escalate")
    assert (state_of(contested), contested.open_slots) == (State.ESCALATED, 2)


def test_a_sample_is_taken_out(browser, contested):
    decide(browser, contested, "exclude")
    assert state_of(contested) == State.EXCLUDED


def test_after_a_decision_the_next_one_is_shown(browser, project, people):
    first, second = (contest(sample, people) for sample in make_samples(project, 2))
    assert decide(browser, first, "exclude")["Location"] == page_of(second)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("set", {}),
        ("set", {"rating-0": "9"}),
        ("set", {"rating-0": "--5"}),
        ("set", {"rating-0": "9" * 30}),
        ("", {}),
        ("burn", {}),
    ],
)
def test_a_decision_that_is_none_is_said_and_the_note_stays(browser, contested, action, fields):
    response = decide(browser, contested, action, note="My note stays.", **fields)
    assert response.status_code == 422
    assert "My note stays." in text_of(response)
    assert state_of(contested) == State.CONTESTED


def test_a_note_with_a_character_that_cannot_be_stored_is_no_crash(browser, contested):
    assert decide(browser, contested, "exclude", note="a\x00b", cause="x\x00y").status_code in (302, 422)


def test_with_nobody_left_asking_again_is_refused_in_words(browser, sample, project):
    rate_overall(sample, dict(zip(crowd(project, 3), (1, 6, 6), strict=True)))
    response = decide(browser, sample, "escalate")
    assert response.status_code == 422
    assert "Nobody is left to ask" in text_of(response)


def test_without_three_people_there_is_nothing_to_accept(browser, sample):
    response = decide(browser, sample, "accept")
    assert response.status_code == 422
    assert "Choose the values yourself" in text_of(response)


def test_a_proposal_of_no_preference_can_be_accepted(client, db):
    """On a scale without 0 the five come out even: that is a label, kept and flagged."""
    attribute = scale("preference", -3, -2, -1, 1, 2, 3, scope="comparison", trigger=True)
    project = make_project(attributes=[attribute])
    sample = make_pair(project)
    for person, value in zip(crowd(project, 5), (-1, 1, 3, -1, -3), strict=True):
        rate(sample, by=person, preference=value)
    assert state_of(sample) == State.CONTESTED
    client.force_login(join(project, "rita", role="reviewer"))
    response = decide(client, sample, "accept")
    assert response.status_code == 302, text_of(response)
    label = sample.labels.get(is_current=True)
    assert (label.human_value, label.no_preference) == (0, True)


def test_a_second_reviewer_who_comes_too_late_is_told(browser, contested):
    decide(browser, contested, "exclude")
    response = decide(browser, contested, "accept")
    assert response.status_code == 422
    assert "is excluded" in text_of(response)


def test_a_settled_sample_says_who_settled_it(browser, contested):
    decide(browser, contested, "set", **{"rating-0": "5"})
    page = text_of(browser.get(page_of(contested)))
    assert "Settled" in page
    assert "rita" in page


# --- overview, versions -----------------------------------------------------------------------------------------
def test_the_overview_before_any_figure(browser, sample):
    assert "No figures yet" in text_of(browser.get(FRONT))


def test_the_overview_with_figures(browser, project, contested, people):
    rate_overall(make_sample(project, "s2"), dict.fromkeys(people[:3], 4))
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "robo-judge"))
    judging.post(project=project, judge=judge, verdicts=[Verdict(contested.pk, [4])])
    merging.merge_project(project=project, at=NOW)
    figures.refresh(project=project, at=NOW)
    fold.fold(project=project, at=NOW)
    page = text_of(browser.get(FRONT))
    for word in ("Settle 1 contested sample", "robo-judge", "fewer than fifty samples", "50.0 %"):
        assert word in page


@pytest.mark.django_db(transaction=True)
def test_a_version_and_its_files_can_be_opened(browser, project, sample, people):
    rate_overall(sample, dict.fromkeys(people[:3], 4))
    version = versions.request(project=project, by=None, at=timezone.now())
    versions.build(version=version, at=timezone.now())
    version.refresh_from_db()
    assert "v1" in text_of(browser.get(FRONT))
    assert browser.get("/projects/recipes/versions/1/").status_code == 200
    for file in version.files:
        response = browser.get(f"/projects/recipes/versions/1/files/{file['path']}")
        assert len(b"".join(response.streaming_content)) == file["bytes"]
    assert browser.get("/projects/recipes/versions/1/files/other").status_code == 404
    assert browser.get("/projects/recipes/versions/2/").status_code == 404


# --- hostile text, and a database that is away ------------------------------------------------------------------
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_hostile_text_is_shown_and_not_obeyed(client, db, text):
    attribute = {**OVERALL, "title": text, "description": text}
    project = make_project(attributes=[attribute], instructions=text)
    sample = make_sample(project, text, responses=[text], messages=[{"role": "user", "content": text}])
    people = crowd(project, 4)
    project.annotators.filter(pk=people[0].pk).update(external_id=text)
    people[0].refresh_from_db()
    for person, value in zip(people, (1, 6, 1, 6), strict=True):
        rate(sample, by=person, overall=value, comment=text)
    judge = judging.enable(project=project, identity=JudgeIdentity("external", text))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4])])
    figures.refresh(project=project, at=NOW)
    client.force_login(join(project, "rita", role="reviewer"))
    pages = [client.get(page) for page in (FRONT, QUEUE, page_of(sample))]
    pages.append(decide(client, sample, "set", note=text, cause=text))
    for response in pages:
        assert not re.search(r"<script>alert|<img src=x", text_of(response))


@pytest.mark.parametrize("page", [FRONT, QUEUE, "/"])
def test_when_the_database_does_not_answer_a_page_says_so(browser, sample, page):
    def away(execute, sql, params, many, context):
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(away):
        response = browser.get(page)
    assert response.status_code == 503
    assert "does not answer" in text_of(response)
    assert response["Retry-After"] == "30"


def test_when_the_database_does_not_answer_a_program_is_told_too(client, rita):
    program = Program(client, rita)

    def away(execute, sql, params, many, context):
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(away):
        response = program.get("/projects/")
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")


def test_health_answers_and_says_when_it_is_not_well(client, db):
    assert client.get("/health/").content == b"ok"


def test_nobody_reviews_a_sample_that_does_not_exist(browser, project):
    assert browser.get("/projects/recipes/review/999999/").status_code == 404
    assert Sample.objects.count() == 0
