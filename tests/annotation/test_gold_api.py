"""Gold through the REST interface: for reviewers and their programs, and for each annotator their own results."""

import pytest
from django.utils import timezone
from gold_story import LATER, NOW, answer_gold, hand_gold, make_gold, make_slice
from story import OVERALL, PREFERENCE, crowd, join, make_pair, make_project, make_sample, rate
from test_api_work import Program, problem

from annotation.models import Assignment, GoldAnswer, GoldDispute, Membership, Sample
from annotation.services import disputes

GOLD = "/projects/recipes/gold/"
DISPUTES = "/projects/recipes/disputes/"
LONG_AGO = LATER - NOW


@pytest.fixture
def as_rita(client, rita):
    return Program(client, rita)


@pytest.fixture
def as_ana(client, ana):
    return Program(client, ana.user, scopes=["work"])


@pytest.fixture
def wrong_gold(project, ana):
    """Gold of 1 that ana rated 5, long enough ago to be told of."""
    sample = make_gold(project, overall=1, note="It is rude.")
    answer_gold(sample, by=ana, overall=5, at=timezone.now() - LONG_AGO)
    return sample


# --- known answers -------------------------------------------------------------------------------------------------
def test_a_reviewers_program_writes_and_lists_gold(as_rita, project, sample, rita):
    said = [{"attribute": "overall", "value": 4}]
    made = as_rita.post(GOLD, {"sample": "s1", "ratings": said, "note": "It answers."})
    assert made.status_code == 201
    answer_gold(Sample.objects.get(), by=join(project, "ana"), overall=4)
    [row] = as_rita.get(GOLD).json()["results"]
    assert row["ratings"] == [{"attribute": "overall", "response": "0", "value": 4}]
    about = {name: row[name] for name in ("sample", "revision", "source", "note", "is_served")}
    assert about == {"sample": "s1", "revision": 1, "source": "written", "note": "It answers.", "is_served": True}
    assert (row["accuracy"]["value"], row["accuracy"]["count"]) == (1.0, 1)
    assert GoldAnswer.objects.get().written_by == rita


def test_responses_are_named_as_the_import_names_them(client, db):
    project = make_project(attributes=[OVERALL, PREFERENCE])
    make_pair(project)
    pair = make_sample(project, "named", responses=[{"id": "m-7b", "text": "A"}, {"id": "m-70b", "text": "B"}])
    as_rita = Program(client, join(project, "rita", role=Membership.Role.REVIEWER))
    said = [{"attribute": "overall", "response": "m-70b", "value": 2}, {"attribute": "preference", "value": -1}]
    assert as_rita.post(GOLD, {"sample": "named", "ratings": said}).json()["ratings"] == [
        said[0],
        said[1] | {"response": None},
    ]
    assert pair.gold_answers.get().ratings == [None, 2, -1]


def test_refusals_are_sentences(as_rita, project, sample, ana):
    rating = {"attribute": "overall", "value": 4}
    assert problem(as_rita.post(GOLD, {"sample": "none", "ratings": [rating]}), 404)
    assert (
        "off its scale"
        in problem(as_rita.post(GOLD, {"sample": "s1", "ratings": [rating | {"value": 9}]}), 422)["detail"]
    )
    assert "judges nothing" in problem(as_rita.post(GOLD, {"sample": "s1", "ratings": []}), 409)["detail"]
    rate(sample, by=ana, overall=3)
    refused = problem(as_rita.post(GOLD, {"sample": "s1", "ratings": [rating]}), 409)
    assert (refused["title"], "has begun" in refused["detail"]) == ("Gold refused", True)


def test_the_list_comes_in_pages(as_rita, project):
    for number in range(3):
        make_gold(project, f"g{number}", overall=3)
    first = as_rita.get(f"{GOLD}?limit=2").json()
    assert [row["sample"] for row in first["results"]] == ["g0", "g1"]
    second = as_rita.get(f"{GOLD}?limit=2&after={first['next']}").json()
    assert ([row["sample"] for row in second["results"]], second["next"]) == (["g2"], None)


def test_promotion(as_rita, project):
    make_slice(project, [4, 4, 4, 4], crowd(project, 4))
    Assignment.objects.update(finished_at=timezone.now() - LONG_AGO)
    assert as_rita.post(f"{GOLD}promotion/").json() == {"promoted": 1}
    assert as_rita.post(f"{GOLD}promotion/").json() == {"promoted": 0}


# --- disputes ------------------------------------------------------------------------------------------------------
def test_a_person_reads_their_results_and_disputes_one(as_ana, as_rita, wrong_gold, project):
    told = as_ana.get(f"{GOLD}results/").json()
    assert (told["accuracy"]["value"], told["accuracy"]["count"]) == (0.0, 1)
    [result] = told["results"]
    assert result["said"] == [{"attribute": "overall", "response": "0", "value": 5}]
    assert result["known"] == [{"attribute": "overall", "response": "0", "value": 1}]
    assert (result["score"], result["note"], result["dispute"]) == (0.0, "It is rude.", None)
    assert as_ana.post(f"/assignments/{result['assignment']}/dispute/", {"text": "It is fine."}).status_code == 201
    [opened] = as_rita.get(f"{DISPUTES}?open=true").json()["results"]
    assert (opened["sample"], opened["annotator"], opened["text"]) == ("g1", "ana", "It is fine.")
    decided = as_rita.post(
        f"{DISPUTES}{opened['id']}/decision/",
        {"outcome": "overturned", "reply": "True.", "ratings": [{"attribute": "overall", "value": 5}]},
    )
    assert decided.json()["outcome"] == "overturned"
    assert as_rita.get(f"{DISPUTES}?open=true").json()["results"] == []
    told = as_ana.get(f"{GOLD}results/").json()
    assert told["accuracy"]["value"] == 1.0
    assert told["results"][0]["dispute"]["reply"] == "True."


def test_without_ratings_an_overturned_answer_is_set_aside(as_ana, as_rita, wrong_gold):
    as_ana.post(f"/assignments/{Assignment.objects.get().pk}/dispute/", {"text": "No."})
    url = f"{DISPUTES}{GoldDispute.objects.get().pk}/decision/"
    assert as_rita.post(url, {"outcome": "overturned", "reply": "Nobody knows."}).status_code == 200
    [result] = as_ana.get(f"{GOLD}results/").json()["results"]
    assert (result["known"], result["score"]) == (None, None)
    assert "was overturned already" in problem(as_rita.post(url, {"outcome": "upheld", "reply": "x"}), 409)["detail"]


def test_a_decision_needs_an_outcome_and_a_reply(as_ana, as_rita, wrong_gold):
    as_ana.post(f"/assignments/{Assignment.objects.get().pk}/dispute/", {"text": "No."})
    url = f"{DISPUTES}{GoldDispute.objects.get().pk}/decision/"
    for body in ({}, {"outcome": "upheld"}, {"outcome": "maybe", "reply": "x"}, {"outcome": "upheld", "reply": ""}):
        assert problem(as_rita.post(url, body), 400)
    assert problem(as_rita.post(f"{DISPUTES}999999/decision/", {"outcome": "upheld", "reply": "x"}), 404)


def test_what_can_still_be_corrected_is_neither_told_nor_disputed(as_ana, project, ana):
    """The answer about gold is that about work, letter by letter."""
    receipt = answer_gold(make_gold(project, overall=1), by=ana, overall=5, at=timezone.now())
    work = rate(make_sample(project, "work"), by=ana, overall=5, at=timezone.now() - LONG_AGO)
    told = as_ana.get(f"{GOLD}results/").json()
    assert (told["accuracy"]["value"], told["results"]) == (None, [])
    answers = {
        as_ana.post(f"/assignments/{of.annotation.assignment_id}/dispute/", {"text": "No."}).content
        for of in (receipt, work)
    }
    assert len(answers) == 1
    assert disputes.nothing_to_dispute(project) in answers.pop().decode()


def test_nobody_disputes_or_reads_for_somebody_else(client, as_ana, wrong_gold, project, ben):
    as_ben = Program(client, ben.user, scopes=["work"])
    assert problem(as_ben.post(f"/assignments/{Assignment.objects.get().pk}/dispute/", {"text": "No."}), 404)
    assert as_ben.get(f"{GOLD}results/").json()["results"] == []
    assert problem(as_ben.get(f"{GOLD}results/?annotator=ana"), 403)


def test_an_admins_program_reads_for_people_without_an_account(client, project, ada):
    [person] = crowd(project, 1)
    answer_gold(make_gold(project, overall=1), by=person, overall=5, at=timezone.now() - LONG_AGO)
    as_ada = Program(client, ada)
    assert len(as_ada.get(f"{GOLD}results/?annotator={person}").json()["results"]) == 1
    assert as_ada.post(f"/assignments/{Assignment.objects.get().pk}/dispute/", {"text": "No."}).status_code == 201


# --- the door ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", GOLD),
        ("post", GOLD),
        ("post", f"{GOLD}promotion/"),
        ("get", DISPUTES),
        ("post", f"{DISPUTES}1/decision/"),
    ],
)
def test_annotators_and_keys_without_the_scope_are_refused(client, project, ana, rita, method, path):
    problem(Program(client, ana.user).send(method, path), 403)
    problem(Program(client, rita, scopes=["work"]).send(method, path), 403)
    problem(Program(client, join(make_project("other"), "stranger").user).send(method, path), 404)


def test_what_an_annotators_program_is_shown_of_gold_is_what_it_is_shown_of_work(client, project, ana):
    """Claim, look again, submit: no key and no value tells, apart from texts and numbers."""
    as_ana = Program(client, ana.user, scopes=["read", "work"])
    shapes = []
    for sample, is_gold in [(make_sample(project, "a"), False), (make_gold(project, "b", overall=3), True)]:
        assignment = hand_gold(sample, by=ana, at=timezone.now())
        Assignment.objects.filter(pk=assignment.pk).update(is_gold=is_gold)
        if not is_gold:
            Sample.objects.filter(pk=sample.pk).update(leased_count=1)
        seen = [as_ana.post("/projects/recipes/claims/").json(), as_ana.get(f"/assignments/{assignment.pk}/").json()]
        said = {"client_key": "k", "ratings": [{"attribute": "overall", "value": 4}]}
        seen.append(as_ana.post(f"/assignments/{assignment.pk}/submission/", said).json())
        varying = {"assignment", "sample", "messages", "lease_expires_at", "annotation"}
        shapes.append([{key: None if key in varying else value for key, value in one.items()} for one in seen])
    assert shapes[0] == shapes[1]
    assert "gold" not in str(shapes).lower()
