"""The annotator's side of the REST interface: what a program may do, and what it is told when it may not."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pilots import RICH
from story import OVERALL, PREFERENCE, crowd, join, make_pair, make_project, make_sample, scale

from annotation.models import Annotation, ApiToken, Assignment, Project, Sample
from annotation.services import claiming, judging, people, submission
from annotation.services.judging import JudgeIdentity, Verdict

SECRETS = ("secret-", "robo-judge", "Bens-comment")


class Program:
    """A client with a key."""

    def __init__(self, client, user, scopes=("read", "work", "act_for")):
        self.client = client
        self.key = people.issue_token(user=user, name="test", scopes=list(scopes))

    def send(self, method, path, body=None):
        about = {"headers": {"authorization": f"Bearer {self.key}"}}
        if method != "get":
            about |= {"data": json.dumps(body or {}), "content_type": "application/json"}
        return getattr(self.client, method)(f"/api/v1{path}", **about)

    def post(self, path, body=None):
        return self.send("post", path, body or {})

    def get(self, path):
        return self.send("get", path)


@pytest.fixture
def as_ana(client, ana):
    return Program(client, ana.user)


@pytest.fixture
def as_ada(client, ada):
    return Program(client, ada)


def problem(response, status):
    """A refusal is problem+json with a sentence."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["type"]) == (status, "about:blank")
    assert body["title"]
    assert len(body["detail"]) > 10
    return body


def said(value=4, key="k", **more):
    return {"ratings": [{"attribute": "overall", "value": value}], "client_key": key, **more}


def held(as_somebody, **more):
    return as_somebody.post("/projects/recipes/claims/", more).json()["assignment"]


# --- claim, submit, correct, skip, release, renew ---------------------------------------------------------------
def test_a_program_claims_and_submits(sample, as_ana):
    claimed = as_ana.post("/projects/recipes/claims/")
    assert claimed.status_code == 201
    body = claimed.json()
    assert (body["sample"], body["state"], body["comparison_order"]) == ("s1", "leased", ["0"])
    assert body["messages"] == [{"role": "user", "content": "Prompt of s1"}]
    assert body["responses"] == [{"id": "0", "text": "A text."}]
    submitted = as_ana.post(f"/assignments/{body['assignment']}/submission/", said(comment="Good.", active_seconds=12))
    assert (submitted.status_code, submitted.json()["counted"], submitted.json()["revision"]) == (201, True, 1)
    assert Annotation.objects.get().comment == "Good."


def test_nothing_left_is_no_content(as_ana):
    assert as_ana.post("/projects/recipes/claims/").status_code == 204


def test_a_claim_again_resumes(sample, as_ana):
    assert held(as_ana) == held(as_ana)


def test_an_assignment_can_be_read_again(sample, as_ana):
    pk = held(as_ana)
    assert as_ana.get(f"/assignments/{pk}/").json()["sample"] == "s1"


def test_the_same_key_again_answers_two_hundred_with_the_same_receipt(sample, as_ana):
    path = f"/assignments/{held(as_ana)}/submission/"
    first, second = as_ana.post(path, said()), as_ana.post(path, said())
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


def test_a_correction(sample, as_ana):
    pk = held(as_ana)
    as_ana.post(f"/assignments/{pk}/submission/", said())
    corrected = as_ana.post(f"/assignments/{pk}/correction/", said(5, key="k2"))
    assert (corrected.status_code, corrected.json()["revision"]) == (201, 2)
    assert as_ana.post(f"/assignments/{pk}/correction/", said(5, key="k2")).status_code == 200


def test_skip_release_and_renew(project, as_ana):
    make_sample(project, "one"), make_sample(project, "two")
    first = held(as_ana)
    assert "lease_expires_at" in as_ana.post(f"/assignments/{first}/renewal/").json()
    assert as_ana.post(f"/assignments/{first}/release/").status_code == 204
    second = held(as_ana)
    assert as_ana.post(f"/assignments/{second}/skip/", {"reason": "broken"}).status_code == 204
    assert set(Assignment.objects.values_list("state", flat=True)) <= {"released", "skipped"}


def test_a_directed_claim(project, as_ana):
    make_sample(project, "one"), make_sample(project, "with/slash")
    assert as_ana.post("/projects/recipes/claims/", {"sample": "with/slash"}).json()["sample"] == "with/slash"


# --- 401, 403, 404 ----------------------------------------------------------------------------------------------
PATHS = [
    ("get", "/projects/"),
    ("post", "/projects/recipes/claims/"),
    ("get", "/assignments/1/"),
    *(("post", f"/assignments/1/{what}/") for what in ("submission", "correction", "skip", "release", "renewal")),
    *(
        ("get", f"/projects/recipes/{what}/")
        for what in ("samples", "labels", "judgments", "figures", "export", "versions")
    ),
    ("get", "/projects/recipes/samples/s1/"),
    ("post", "/projects/recipes/judgments/"),
    ("post", "/projects/recipes/versions/"),
    ("get", "/projects/recipes/versions/1/"),
    ("get", "/projects/recipes/versions/1/files/trl/preference.jsonl"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_key_nothing_is_open(client, project, method, path):
    problem(getattr(client, method)(f"/api/v1{path}"), 401)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_wrong_key_opens_nothing(client, project, method, path):
    problem(getattr(client, method)(f"/api/v1{path}", headers={"authorization": "Bearer nonsense"}), 401)


def test_a_revoked_key_and_one_of_a_closed_account_open_nothing(as_ana, ana):
    ApiToken.objects.update(revoked_at=timezone.now())
    problem(as_ana.get("/projects/"), 401)
    ApiToken.objects.update(revoked_at=None)
    ana.user.is_active = False
    ana.user.save()
    problem(as_ana.get("/projects/"), 401)


def test_a_key_is_kept_as_a_digest_only(as_ana):
    assert as_ana.key not in json.dumps(list(ApiToken.objects.values()), default=str)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_stranger_finds_nothing(client, sample, ana, method, path):
    stranger = Program(client, join(make_project("elsewhere"), "zoe").user)
    if path == "/projects/":
        assert [project["slug"] for project in stranger.get(path).json()] == ["elsewhere"]
        return
    claiming.claim_next(annotator=ana, at=timezone.now())
    path = path.replace("/1/", f"/{Assignment.objects.get().pk}/") if path.startswith("/assignments/") else path
    problem(stranger.send(method, path, {}), 404)


STAFF_ONLY = [path for path in PATHS if path[1].startswith("/projects/recipes/") and "claims" not in path[1]]


@pytest.mark.parametrize(("method", "path"), STAFF_ONLY)
def test_an_annotator_reads_nothing_that_reviewers_read(sample, as_ana, method, path):
    assert "you are annotator" in problem(as_ana.send(method, path, {}), 403)["detail"]


@pytest.mark.parametrize("path", ["judgments", "versions"])
def test_a_reviewer_asks_for_nothing_that_admins_ask_for(client, rita, path):
    problem(Program(client, rita).post(f"/projects/recipes/{path}/"), 403)


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (["read"], "post", "/projects/recipes/claims/"),
        (["work"], "get", "/projects/"),
        (["work"], "get", "/projects/recipes/samples/"),
        (["read", "work"], "post", "/projects/recipes/judgments/"),
        (["read", "work"], "post", "/projects/recipes/versions/"),
    ],
)
def test_a_key_does_only_what_it_was_made_for(client, ada, project, scopes, method, path):
    assert "has no scope" in problem(Program(client, ada, scopes).send(method, path, {}), 403)["detail"]


def test_a_key_without_the_scope_to_work_touches_no_assignment(client, sample, ana, as_ana):
    pk = held(as_ana)
    reader = Program(client, ana.user, ["read"])
    for what in ("submission", "correction", "skip", "release", "renewal"):
        problem(reader.post(f"/assignments/{pk}/{what}/", said()), 403)


def test_the_assignment_of_another_member_is_not_there(client, sample, as_ana, ben):
    pk = held(as_ana)
    other = Program(client, ben.user)
    problem(other.get(f"/assignments/{pk}/"), 404)
    for what in ("submission", "correction", "skip", "release", "renewal"):
        problem(other.post(f"/assignments/{pk}/{what}/", said()), 404)
    assert not Annotation.objects.exists()


def test_an_admin_does_not_submit_for_somebody_with_an_account(sample, as_ana, as_ada):
    problem(as_ada.post(f"/assignments/{held(as_ana)}/submission/", said()), 404)
    assert (
        "works for themselves" in problem(as_ada.post("/projects/recipes/claims/", {"annotator": "ana"}), 403)["detail"]
    )


def test_an_admin_acts_for_people_without_accounts(project, sample, as_ada):
    crowd(project, 1)
    pk = held(as_ada, annotator="person-00", sample="s1")
    assert as_ada.post(f"/assignments/{pk}/submission/", said()).status_code == 201


def test_nobody_else_acts_for_people_without_accounts(client, project, sample, rita, as_ana):
    crowd(project, 1)
    for program in (as_ana, Program(client, rita)):
        problem(program.post("/projects/recipes/claims/", {"annotator": "person-00"}), 403)


def test_somebody_unknown_to_act_for_is_refused_by_name(sample, as_ada):
    assert (
        "No annotator 'nobody'"
        in problem(as_ada.post("/projects/recipes/claims/", {"annotator": "nobody"}), 400)["detail"]
    )


def test_an_admin_who_does_not_annotate_is_told_so(sample, as_ada):
    assert "does not annotate" in problem(as_ada.post("/projects/recipes/claims/"), 403)["detail"]


def test_a_sample_that_is_not_there(sample, as_ana):
    assert "No sample 'x'" in problem(as_ana.post("/projects/recipes/claims/", {"sample": "x"}), 404)["detail"]


def test_an_address_that_is_not_there_is_a_problem_too(as_ana):
    problem(as_ana.get("/nonsense/"), 404)


# --- 409 --------------------------------------------------------------------------------------------------------
def test_conflicts_say_what_happened(sample, as_ana):
    pk = held(as_ana)
    as_ana.post(f"/assignments/{pk}/submission/", said())
    assert problem(as_ana.post("/projects/recipes/claims/", {"sample": "s1"}), 409)["code"] == "had_it"
    for what in ("submission", "skip", "release", "renewal"):
        body = {"submission": said(key="other"), "skip": {"reason": "broken"}}.get(what, {})
        problem(as_ana.post(f"/assignments/{pk}/{what}/", body), 409)
    Assignment.objects.update(finished_at=timezone.now() - timedelta(minutes=11))
    problem(as_ana.post(f"/assignments/{pk}/correction/", said(5, key="k2")), 409)


@pytest.mark.parametrize(
    ("columns", "code"), [({"state": "paused"}, "paused"), ({"allows_directed_claims": False}, "not_allowed")]
)
def test_a_refused_claim_has_a_code(sample, as_ana, columns, code):
    Project.objects.update(**columns)
    assert problem(as_ana.post("/projects/recipes/claims/", {"sample": "s1"}), 409)["code"] == code


# --- 422 and 400 ------------------------------------------------------------------------------------------------
def test_ratings_are_refused_by_name(sample, as_ana):
    body = problem(as_ana.post(f"/assignments/{held(as_ana)}/submission/", said(9)), 422)
    assert body["errors"] == {"overall": "overall is 9, which is off its scale; choose one of 1, 2, 3, 4, 5, 6."}
    assert not Annotation.objects.exists()


def test_missing_ratings_are_named(sample, as_ana):
    body = problem(as_ana.post(f"/assignments/{held(as_ana)}/submission/", {"ratings": [], "client_key": "k"}), 422)
    assert body["errors"] == {"overall": "Overall: choose a value."}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ratings": "many", "client_key": "k"},
        {"ratings": [{"attribute": "overall"}], "client_key": "k"},
        {"ratings": [{"attribute": "overall", "value": "four"}], "client_key": "k"},
        {"ratings": [{"attribute": "overall", "value": 4}]},
        {"ratings": [{"attribute": "overall", "value": 4}], "client_key": "k" * 65},
        {"ratings": [{"attribute": "overall", "value": 4}], "client_key": ""},
        said(active_seconds=-1),
        said(comment="a\x00b"),
        said(key="a\x00b"),
        said(comment="x" * 20_001),
        said(comment="\ud800"),
        said(remarks={"a\x00b": ["x"]}),
    ],
)
def test_what_cannot_be_understood_is_a_problem_and_not_a_crash(sample, as_ana, body):
    response = as_ana.post(f"/assignments/{held(as_ana)}/submission/", body)
    assert response.status_code in (400, 422), response.content
    problem(response, response.status_code)
    assert not Annotation.objects.exists()


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "null", "\x00"])
def test_a_body_that_is_no_object_is_a_problem(client, sample, as_ana, text):
    pk = held(as_ana)
    response = client.post(
        f"/api/v1/assignments/{pk}/submission/",
        data=text,
        content_type="application/json",
        headers={"authorization": f"Bearer {as_ana.key}"},
    )
    problem(response, 400)


def test_a_reason_to_skip_that_nobody_knows_is_a_problem(sample, as_ana):
    problem(as_ana.post(f"/assignments/{held(as_ana)}/skip/", {"reason": "bored"}), 400)


# --- blindness --------------------------------------------------------------------------------------------------
@pytest.fixture
def planted(db):
    """A project in which everything that an annotator must not see has a name that can be searched for."""
    project = make_project("planted", attributes=[scale("helpfulness", 0, 1, 2, 3, 4, trigger=True), PREFERENCE])
    sample = make_sample(project, "rich", **{k: v for k, v in RICH.items() if k != "sample_id"})
    ben = join(project, "ben")
    given = [
        {"attribute": "helpfulness", "response": "0", "value": 3},
        {"attribute": "helpfulness", "response": "1", "value": 2},
        {"attribute": "preference", "value": -1},
    ]
    lease = claiming.claim_next(annotator=ben, at=timezone.now())
    words = submission.Answer(given=given, client_key="k", comment="Bens-comment")
    submission.submit(assignment_id=lease.pk, answer=words, at=timezone.now())
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "robo-judge"))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4, 1, -1])])
    return project


def test_an_annotator_sees_no_model_no_metadata_no_vote_and_no_judge(client, planted):
    ana = Program(client, join(planted, "ana").user)
    claimed = ana.post("/projects/planted/claims/")
    again = ana.get(f"/assignments/{claimed.json()['assignment']}/")
    projects = ana.get("/projects/")
    for response in (claimed, again, projects):
        assert not [word for word in SECRETS if word in response.content.decode()]
    assert {response["id"] for response in claimed.json()["responses"]} == {"0", "1"}
    assert claimed.json()["messages"][2]["tool_calls"]


def test_a_receipt_does_not_tell_whether_others_disagreed(client, project, sample, ana, ben, cleo):
    answers = []
    for person, value in ((ana, 1), (ben, 6), (cleo, 6)):
        program = Program(client, person.user)
        answers.append(program.post(f"/assignments/{held(program)}/submission/", said(value)).json())
    assert {tuple(answer) for answer in answers} == {("annotation", "revision", "counted")}


def test_the_order_shown_is_the_stored_one_and_values_are_canonical(client, db):
    project = make_project("pairs", attributes=[OVERALL, PREFERENCE])
    sample = make_pair(project)
    ana = Program(client, join(project, "ana").user)
    body = ana.post("/projects/pairs/claims/").json()
    Assignment.objects.update(shown_order=[1, 0])
    shown = ana.get(f"/assignments/{body['assignment']}/").json()
    assert [response["id"] for response in shown["responses"]] == ["1", "0"]
    assert shown["comparison_order"] == ["0", "1"]
    rows = [{"attribute": "overall", "response": at, "value": value} for at, value in (("1", 2), ("0", 5))]
    given = {"ratings": [*rows, {"attribute": "preference", "value": -1}], "client_key": "k"}
    assert ana.post(f"/assignments/{body['assignment']}/submission/", given).status_code == 201
    assert Annotation.objects.get().ratings == [5, 2, -1]
    assert sample.external_id == "s1"


def test_a_session_works_as_well_as_a_key_and_is_guarded_against_forgery(client, sample, ana):
    client.force_login(ana.user)
    assert client.post("/api/v1/projects/recipes/claims/", {}, content_type="application/json").status_code == 201
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana.user)
    problem(strict.post("/api/v1/projects/recipes/claims/", {}, content_type="application/json"), 403)


def test_a_late_answer_is_told_apart(project, sample, as_ana, ana):
    pk = held(as_ana)
    as_ana.post(f"/assignments/{pk}/release/")
    Sample.objects.update(state="resolved")
    assert as_ana.post(f"/assignments/{pk}/submission/", said()).json()["counted"] is False
