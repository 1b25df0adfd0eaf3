"""Remarks through the REST interface: what a claim asks, what a program may send, and the files they end up in."""

import json

import pytest
from everything import FILE, RATED, WHY, everything, with_a_pair
from pilots import plain, write_pilot
from story import NOW, join, make_pair, rate
from test_api_work import Program, problem

from annotation.datasets.pilot import PilotFolder
from annotation.models import Annotation, Membership
from annotation.services import importing, projects, versions

ROWS = [
    {"attribute": name, "response": str(at), "value": one}
    for name in ("helpfulness", "correctness", "safe")
    for at, one in enumerate(RATED[name])
]


def ratings_with(preference):
    return [*ROWS, {"attribute": "preference", "value": preference}]


@pytest.fixture
def sample(db):
    return with_a_pair()


@pytest.fixture
def as_ana(client, sample):
    return Program(client, join(sample.project, "ana").user)


@pytest.fixture
def as_ada(client, sample):
    return Program(client, join(sample.project, "ada", role=Membership.Role.ADMIN))


def submit(program, preference=-2, **more):
    claimed = program.post("/projects/recipes/claims/").json()
    body = {"ratings": ratings_with(preference), "client_key": "k", **more}
    return program.post(f"/assignments/{claimed['assignment']}/submission/", body)


def test_a_claim_a_project_and_a_rubric_tell_what_is_asked(sample, as_ana):
    asked = sample.project.rubric.remarks
    assert as_ana.post("/projects/recipes/claims/").json()["remarks"] == asked
    assert as_ana.get("/projects/").json()[0]["remarks"] == asked
    assert as_ana.get("/projects/recipes/rubrics/").json()[0]["remarks"] == asked


def test_rows_and_an_object_by_name_say_the_same(sample, as_ana, as_ada, client):
    rows = [
        {"remark": "why", "value": WHY},
        {"remark": "what_is_wrong", "response": "1", "value": ["invented"]},
        {"remark": "preference", "value": "both_good"},
    ]
    by_name = {"why": WHY, "what_is_wrong": [None, ["invented"]], "preference": "both_good"}
    assert submit(as_ana, 0, remarks=rows).status_code == 201
    ben = Program(client, join(sample.project, "ben").user)
    assert submit(ben, 0, remarks=by_name).status_code == 201
    assert [annotation.remarks for annotation in Annotation.objects.order_by("pk")] == [by_name, by_name]


def test_what_is_wrong_is_said_by_name_for_ratings_and_remarks_together(sample, as_ana):
    told = problem(
        submit(as_ana, 7, remarks=[{"remark": "why", "value": "Short"}, {"remark": "mood", "value": 1}]), 422
    )
    assert set(told["errors"]) == {"preference", "why", "mood"}
    assert told["errors"]["why"] == "Why?: 1 word so far; 3 to 50 are wanted."


@pytest.mark.parametrize(
    "remarks", ["why", 3, None, [["why"]], [{"remark": "why"}], [{"remark": "why", "value": WHY, "mood": "x"}]]
)
def test_remarks_of_another_form_are_not_understood(sample, as_ana, remarks):
    assert submit(as_ana, remarks=remarks).status_code in (400, 422)
    assert not Annotation.objects.exists()


def test_an_admin_changes_what_is_asked_beside_the_ratings(sample, as_ada):
    attributes = sample.project.rubric.attributes
    body = {"reason": "Enough.", "attributes": attributes, "remarks": []}
    assert as_ada.post("/projects/recipes/rubrics/", body).json()["remarks"] == []
    again = problem(as_ada.post("/projects/recipes/rubrics/", {"reason": "Again.", "attributes": attributes}), 422)
    assert "asks the same already" in again["detail"]


# --- files -------------------------------------------------------------------------------------------------------
SAID = {"why": WHY, "what_is_wrong": [None, ["invented"]], "confidence": 2}


def resolved(project):
    sample = make_pair(project)
    for name in ("ana", "ben", "cleo"):
        rate(sample, by=join(project, name), **RATED, remarks=SAID, comment=f"By {name}.")
    return sample


def lines(response):
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]


def test_every_vote_of_an_export_carries_its_remarks_in_one_shape(client, db):
    project = everything()
    resolved(project)
    rita = Program(client, join(project, "rita", role=Membership.Role.REVIEWER))
    whole = {**SAID, "sources": None, "what_decided": None, "preference": None}
    (pair,) = lines(rita.get("/projects/recipes/export/?profile=helpsteer2-preference"))
    assert [vote["remarks"] for vote in pair["all_preferences_unprocessed"]] == [whole] * 3
    votes = lines(rita.get("/projects/recipes/export/?profile=votes"))
    assert [(vote["remarks"], vote["comment"]) for vote in votes] == [
        (whole, f"By {name}.") for name in ("ana", "ben", "cleo")
    ]
    assert {"attribute": "correctness", "response": 1, "value": 2} in votes[0]["ratings"]


@pytest.mark.django_db(transaction=True)
def test_a_version_has_a_file_of_votes_where_remarks_are_asked():
    project = everything()
    resolved(project)
    version = versions.request(project=project, by=None, at=NOW)
    versions.build(version=version, at=NOW)
    version.refresh_from_db()
    assert {file["path"]: file["rows"] for file in version.files}["votes.jsonl"] == 3


def test_a_project_is_made_of_the_file_and_found_again(tmp_path, db):
    rubric = json.loads(FILE.read_text())
    folder = PilotFolder.open(write_pilot(tmp_path / "pilot", [plain("s1")], rubric=rubric))
    importing.import_pilot(folder=folder, slug="everything", at=NOW)
    assert importing.import_pilot(folder=folder, slug="everything", at=NOW).samples == 0
    rubric["remarks"].pop()
    other = PilotFolder.open(write_pilot(tmp_path / "other", [plain("s1")], rubric=rubric))
    with pytest.raises(projects.ProjectRefused, match="asks something else"):
        importing.import_pilot(folder=other, slug="everything", at=NOW)
