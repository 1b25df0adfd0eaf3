"""Every page in Korean: nothing of ours is left in English, whatever state the page is in."""

import pytest
from django.urls import reverse
from gold_story import LATER, answer_gold, make_gold
from leftover_english import left_in_english
from story import (
    NOW,
    claim,
    crowd,
    join,
    make_sample,
    rate,
    rate_overall,
    skip,
)
from test_judge_pages import biased
from test_routing import small_projects
from test_routing_pages import ready

from annotation.models import Assignment, Notice, QualityRule, User
from annotation.services import (
    disputes,
    figures,
    person_figures,
    quality_rules,
    questions,
    standing,
    versions,
)

__all__ = ["biased", "ready", "small_projects"]  # these fixtures hold here too
HERE = "/projects/recipes/"
# What people and rubrics say in these tests, and what is a name.
THEIRS = {"Overall", "Preference", "Style", "Recipes", "Prompt of s1", "A text."}


def in_korean(client, person):
    User.objects.filter(pk=person.pk).update(language="ko")
    client.force_login(person)
    return client


def korean(response):
    """The page, which has Korean in it and no English of ours."""
    page = response.content.decode()
    assert 'lang="ko"' in page, response.status_code
    assert left_in_english(page, said_by_people=THEIRS) == set()
    return page


@pytest.fixture
def as_ana(client, ana):
    return in_korean(client, ana.user)


@pytest.fixture
def as_ada(client, ada):
    return in_korean(client, ada)


# --- for everybody --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/login/", "/nowhere/", "/projects/none/annotate/"])
def test_who_is_not_logged_in_is_spoken_to_as_the_browser_asks(client, db, path):
    korean(client.get(path, headers={"accept-language": "ko"}, follow=True))


def test_the_pages_that_are_not_of_a_project(as_ana):
    for path in ("/", "/settings/", "/settings/password/"):
        korean(as_ana.get(path))
    korean(as_ana.post("/settings/", {"language": "xx", "time_zone": "Nowhere/City"}))
    korean(as_ana.get(f"{HERE}people/"))  # not for annotators
    korean(as_ana.post("/logout/", headers={"accept-language": "ko"}, follow=True))


def test_what_cannot_be_read_is_refused_in_korean(as_ana):
    form = "application/x-www-form-urlencoded; charset=latin-1"
    refused = as_ana.post("/settings/", "language=ko", content_type=form, headers={"accept-language": "ko"})
    assert refused.status_code == 415
    korean(refused)


# --- the annotator --------------------------------------------------------------------------------------------------
def test_a_sample_with_and_without_what_is_missing(as_ana, sample, ana):
    korean(as_ana.get(f"{HERE}annotate/"))
    assignment = ana.assignments.get()
    refused = as_ana.post(f"/assignments/{assignment.pk}/submit/", {"comment": ""})
    assert refused.status_code == 422
    korean(refused)


def test_the_next_page_when_nothing_is_left_or_the_project_rests(as_ana, project, ana):
    korean(as_ana.get(f"{HERE}annotate/"))
    project.state = "paused"
    project.save()
    korean(as_ana.get(f"{HERE}annotate/"))


def test_a_record_of_work_with_everything_on_it(as_ana, project, ana, ada):
    gold = make_gold(project, overall=1)
    assignment_id = answer_gold(gold, by=ana, overall=5).annotation.assignment_id
    assignment = Assignment.objects.select_related("annotator__project").get(pk=assignment_id)
    disputes.dispute(assignment=assignment, text="한 번 더 보십시오.", at=LATER)
    standing.pause(annotator=ana, by=ada, reason="쉬십시오.", at=LATER)
    person_figures.refresh(project=project, at=LATER)
    for page in ("record/", "data/", "guideline/", "annotate/"):
        korean(as_ana.get(f"{HERE}{page}"))


def test_what_a_rule_says_to_a_person_is_said_in_their_language(project, ana, ada, people_who_answer):
    User.objects.filter(pk=ana.user_id).update(language="ko", time_zone="Asia/Seoul")
    rule = {"measure": "median_seconds", "limit": 1000.0, "minimum": 1, "action": "hold", "hold_minutes": 30}
    quality_rules.add(project=project, by=ada, at=NOW, **rule)
    person_figures.refresh(project=project, at=NOW)
    quality_rules.apply(project=project, at=NOW)
    assert "활동 시간의 중앙값" in ana.notices.get().text
    assert "KST" in ana.notices.get().text
    assert "median active time" in people_who_answer[0].notices.get().text  # has chosen no language


@pytest.fixture
def people_who_answer(project, ana, ben):
    sample = make_sample(project)
    for person in (ana, ben):
        rate(sample, by=person, overall=3, active_seconds=5)
    return [ben]


def test_what_is_kept_of_a_decision_stays_in_english(as_ada, project, crowd_of_two):
    sample = make_sample(project)
    with_reason = {"by": crowd_of_two[0]}
    skip(sample, **with_reason)
    skip(sample, by=crowd_of_two[1])
    assert "Two people skipped it: " in sample.events.order_by("-pk").first().text


@pytest.fixture
def crowd_of_two(project):
    return crowd(project, 2)


# --- the reviewer and the admin -----------------------------------------------------------------------------------
def test_a_queue_and_a_contested_sample(as_ada, project):
    people = crowd(project, 5)
    sample = make_sample(project)
    korean(as_ada.get(f"{HERE}review/"))
    rate_overall(sample, dict(zip(people, (1, 6, 1, 6, 3), strict=True)))
    korean(as_ada.get(f"{HERE}review/"))
    korean(as_ada.get(reverse("annotation:review", args=["recipes", sample.pk])))
    refused = as_ada.post(reverse("annotation:decide", args=["recipes", sample.pk]), {"action": "nothing"})
    assert refused.status_code == 422
    korean(refused)


def test_the_overview_before_and_after_there_are_figures(as_ada, project):
    korean(as_ada.get(HERE))
    people = crowd(project, 3)
    for number in range(3):
        rate_overall(make_sample(project, f"s{number}"), dict.fromkeys(people, 1 + number))
    figures.refresh(project=project, at=NOW)
    korean(as_ada.get(HERE))


def test_gold_and_one_of_its_samples(as_ada, project, ana):
    korean(as_ada.get(f"{HERE}gold/"))
    gold = make_gold(project, overall=1, note="근거")
    assignment_id = answer_gold(gold, by=ana, overall=5).annotation.assignment_id
    assignment = Assignment.objects.select_related("annotator__project").get(pk=assignment_id)
    disputes.dispute(assignment=assignment, text="한 번 더 보십시오.", at=LATER)
    korean(as_ada.get(f"{HERE}gold/"))
    korean(as_ada.get(reverse("annotation:gold-sample", args=["recipes", gold.pk])))
    korean(as_ada.post(reverse("annotation:gold-sample", args=["recipes", gold.pk]), {"note": ""}))


def test_people_and_one_of_them(as_ada, project, ana, ada, people_who_answer):
    quality_rules.add(project=project, by=ada, at=NOW, measure="skip_share", limit=0.5, minimum=1, action="propose")
    Notice.objects.create(annotator=ana, kind="proposal", text="비율이 높습니다.", created_at=NOW)
    person_figures.refresh(project=project, at=NOW)
    assert QualityRule.objects.exists()
    korean(as_ada.get(f"{HERE}people/"))
    korean(as_ada.get(reverse("annotation:person", args=["recipes", ana.pk]), {"consider": ""}))
    korean(as_ada.post(reverse("annotation:decide-person", args=["recipes", ana.pk]), {"action": "pause"}))
    korean(as_ada.post(f"{HERE}people/rules/", {"measure": "gold_accuracy", "limit": "x"}))


def test_judges_and_one_of_them(client, biased):
    project, judge = biased
    ada = join(project, "ada", role="admin")
    browser = in_korean(client, ada)
    korean(browser.get(f"{HERE}judges/"))
    korean(browser.get(reverse("annotation:judge", args=["recipes", judge.pk])))


def test_routing_as_it_would_be_and_as_it_is(as_ada, project, ready):
    korean(as_ada.get(f"{HERE}routing/", {"target": "90", "risk": "10"}))
    korean(as_ada.get(f"{HERE}routing/", {"target": "x", "risk": "10"}))


@pytest.mark.django_db(transaction=True)  # a version is read from one snapshot
def test_a_version(as_ada, project, ada):
    rate_overall(make_sample(project), dict.fromkeys(crowd(project, 3), 2))
    version = versions.request(project=project, by=ada, at=NOW)
    versions.build(version=version, at=NOW)
    korean(as_ada.get(f"{HERE}versions/{version.number}/"))


def test_a_question_and_the_guideline(as_ada, project, ana, ada):
    asked = questions.ask(assignment=claim(make_sample(project), by=ana), text="철자도 봅니까?", at=NOW)
    korean(as_ada.get(reverse("annotation:question", args=["recipes", asked.pk])))
    korean(as_ada.get(f"{HERE}guideline/"))
    korean(as_ada.post(f"{HERE}guideline/", {"text": ""}))


# --- programs -------------------------------------------------------------------------------------------------------
def test_programs_are_answered_in_english_whatever_they_ask_for(as_ada, project):
    refused = as_ada.post(
        "/api/v1/projects/recipes/claims/", content_type="application/json", headers={"accept-language": "ko"}
    )
    assert refused.status_code >= 400
    assert refused["Content-Language"] == "en"
    assert refused.json()["detail"].isascii()
