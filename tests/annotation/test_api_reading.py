"""What reviewers, admins and their programs read and post through the REST interface."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pilots import RICH
from story import NOW, PREFERENCE, crowd, join, make_pair, make_project, make_sample, make_samples, rate, rate_overall
from test_api_work import Program, problem

from annotation.api import urls
from annotation.models import Judge, Judgment, ProjectJudge
from annotation.services import claiming, figures, merging, versions

ROOT = Path(__file__).parents[2]
SURE = [0.0, 0.0, 0.0, 0.1, 0.8, 0.1]


@pytest.fixture
def as_rita(client, rita):
    return Program(client, rita)


@pytest.fixture
def as_ada(client, ada):
    return Program(client, ada)


@pytest.fixture
def decided(project):
    samples = make_samples(project, 5)
    for sample in samples[:2]:
        rate_overall(sample, dict(zip(crowd(project, 3), (4, 5, 4), strict=True)))
    return samples


def verdict(sample="s0", value=5, **more):
    return {"sample": sample, "ratings": [{"attribute": "overall", "value": value}], **more}


BOTH_ORDERS = {"given": {"first": 0.9, "second": 0.1}, "swapped": {"first": 0.8, "second": 0.2}}


def judgments(*verdicts, **judge):
    return {"judge": {"name": "robo", "configuration": {"model": "m"}, **judge}, "judgments": list(verdicts)}


# --- reading ----------------------------------------------------------------------------------------------------
def test_projects_that_one_has_a_part_in(as_rita):
    make_project("elsewhere")
    [found] = as_rita.get("/projects/").json()
    assert (found["slug"], found["attributes"][0]["name"]) == ("recipes", "overall")


def test_samples_come_in_pages(decided, as_rita):
    seen, after = [], 0
    while after is not None:
        page = as_rita.get(f"/projects/recipes/samples/?limit=2&after={after}").json()
        seen += [row["id"] for row in page["results"]]
        after = page["next"]
    assert seen == [sample.external_id for sample in decided]


def test_samples_of_a_state(decided, as_rita):
    rows = as_rita.get("/projects/recipes/samples/?state=resolved").json()["results"]
    assert [(row["id"], row["counted_count"]) for row in rows] == [("s0", 3), ("s1", 3)]


@pytest.mark.parametrize(
    "query",
    [
        "state=done",
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=-1",
        "after=1.5",
        "after=" + "9" * 30,
        "after=" + "9" * 5000,
    ],
)
def test_a_wrong_question_is_a_problem_and_not_a_crash(decided, as_rita, query):
    problem(as_rita.get(f"/projects/recipes/samples/?{query}"), 400)


def test_a_sample_is_read_whole_as_it_was_imported(as_rita):
    project = make_project("planted", attributes=[PREFERENCE])
    join(project, "rita", role="reviewer")
    make_sample(project, "a/b", **{key: value for key, value in RICH.items() if key != "sample_id"})
    body = as_rita.get("/projects/planted/samples/a/b/").json()
    for key in ("messages", "responses", "tools", "metadata"):
        assert body[key] == RICH[key]
    assert body["extra"] == {"collected_by": "secret-collector"}


def test_a_sample_that_is_not_there(decided, as_rita):
    problem(as_rita.get("/projects/recipes/samples/nothing/"), 404)


def test_labels_human_and_merged(project, decided, as_rita):
    merging.merge_project(project=project, at=NOW)
    rows = as_rita.get("/projects/recipes/labels/").json()["results"]
    assert [(row["sample"], row["human_value"], row["merged_value"], row["policy"]) for row in rows] == [
        ("s0", 4, 4, 1),
        ("s1", 4, 4, 1),
    ]
    assert {row["method"] for row in rows} == {"closest-three/1"}


def test_figures_say_when_they_were_computed(project, decided, as_rita):
    problem(as_rita.get("/projects/recipes/figures/"), 404)
    figures.refresh(project=project, at=NOW)
    body = as_rita.get("/projects/recipes/figures/").json()
    assert (body["as_of"], body["samples"]["decided"]) == ("2026-03-02T09:00:00Z", 2)


# --- judgments --------------------------------------------------------------------------------------------------
def test_judgments_are_posted_and_read(decided, as_ada, as_rita):
    posted = as_ada.post("/projects/recipes/judgments/", judgments(verdict(probabilities=[SURE]), verdict("s1", 3)))
    assert (posted.status_code, posted.json()["new"]) == (201, 2)
    assert posted.json()["judge"] == Judge.objects.get().digest
    rows = as_rita.get("/projects/recipes/judgments/").json()["results"]
    assert [(row["sample"], row["ratings"], row["probabilities"]) for row in rows] == [
        ("s0", [5], [SURE]),
        ("s1", [3], None),
    ]


def test_what_comes_with_a_judgment_is_kept_and_read(decided, as_ada, as_rita):
    told = {"is_unsure": True, "is_relative": True, "details": {"principle": "clarity", "relatives": [0]}}
    assert as_ada.post("/projects/recipes/judgments/", judgments({**verdict(), **told})).status_code == 201
    [row] = as_rita.get("/projects/recipes/judgments/").json()["results"]
    assert {name: row[name] for name in told} == told


@pytest.mark.parametrize("told", [{"is_relative": "maybe"}, {"details": [1]}])
def test_what_comes_with_a_judgment_has_a_form(decided, as_ada, told):
    problem(as_ada.post("/projects/recipes/judgments/", judgments({**verdict(), **told})), 400)


def test_details_that_cannot_be_read_are_refused_with_the_reason(decided, as_ada):
    wrong = {**verdict(), "details": {"comparisons": {"overall": {"given": {"first": 1}}}}}
    told = problem(as_ada.post("/projects/recipes/judgments/", judgments(wrong)), 422)
    assert "Give given and swapped" in str(told)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"details": {"note": "x" * 70_000}}, "70012 bytes as JSON, and 65536 are kept"),
        ({"details": {"note": [[[[[[[[1]]]]]]]]}}, "Nested deeper than 8"),
        ({"raw_text": "x" * 204_801}, "204800"),
    ],
)
def test_what_comes_with_a_judgment_has_limits(decided, as_ada, told, says):
    told = problem(as_ada.post("/projects/recipes/judgments/", judgments({**verdict(), **told})), 400)
    assert says in str(told)
    assert not ProjectJudge.objects.exists()


@pytest.mark.parametrize(
    ("details", "says"),
    [
        ({"relatives": [0, 0]}, "each once"),
        ({"comparisons": {"beauty": BOTH_ORDERS}}, "name 'beauty', which the rubric does not have; it has: overall"),
    ],
)
def test_details_that_do_not_fit_the_sample_are_refused(decided, as_ada, details, says):
    told = problem(as_ada.post("/projects/recipes/judgments/", judgments({**verdict(), "details": details})), 422)
    assert says in str(told)


def test_no_judge_is_put_to_work_by_saying_nothing(decided, as_ada):
    told = problem(as_ada.post("/projects/recipes/judgments/", judgments()), 400)
    assert "Give at least one judgment" in str(told)
    assert not ProjectJudge.objects.exists()


def test_posting_again_adds_nothing(decided, as_ada):
    for new in (1, 0):
        assert as_ada.post("/projects/recipes/judgments/", judgments(verdict())).json()["new"] == new


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (verdict("nothing"), 422),
        (verdict(value=9), 422),
        (verdict(probabilities=[[0.5, 0.5]]), 422),
        (verdict(probabilities=[]), 422),
        (verdict(probabilities=[SURE, SURE]), 422),
        (verdict(probabilities=[[2, -1, 0, 0, 0, 0]]), 400),
        ({"sample": "s0"}, 400),
    ],
)
def test_a_judgment_that_does_not_fit_is_refused_and_nothing_is_half_written(decided, as_ada, bad, status):
    problem(as_ada.post("/projects/recipes/judgments/", judgments(verdict("s1"), bad)), status)
    assert not Judgment.objects.exists()
    assert not ProjectJudge.objects.exists()


def test_a_configuration_that_cannot_be_stored_is_a_problem_and_not_a_crash(decided, as_ada):
    problem(as_ada.post("/projects/recipes/judgments/", judgments(verdict(), configuration={"x": "a\x00b"})), 400)


# --- versions and exports ---------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_version_is_asked_for_read_and_downloaded(project, decided, as_ada, as_rita):
    asked = as_ada.post("/projects/recipes/versions/")
    assert (asked.status_code, asked.json()["number"], asked.json()["state"]) == (202, 1, "building")
    versions.build(version=project.versions.get(), at=NOW)
    [listed] = as_rita.get("/projects/recipes/versions/").json()
    one = as_rita.get("/projects/recipes/versions/1/").json()
    assert listed == one
    for file in one["files"]:
        response = as_rita.get(f"/projects/recipes/versions/1/files/{file['path']}")
        body = b"".join(response.streaming_content)
        assert len(body) == file["bytes"]
        assert len(body.splitlines()) == file["rows"]


@pytest.mark.parametrize("path", ["versions/9/", "versions/1/files/none.jsonl", "versions/1/files/../../../secret-key"])
def test_a_version_or_file_that_is_not_there(project, decided, as_rita, path):
    versions.request(project=project, by=None, at=NOW)
    assert as_rita.get(f"/projects/recipes/{path}").status_code == 404


@pytest.mark.parametrize(
    "profile", ["helpsteer2", "helpsteer2-disagreements", "helpsteer2-preference", "trl-preference"]
)
def test_the_live_state_is_streamed(client, db, profile):
    project = make_project("pairs", attributes=[PREFERENCE, {**PREFERENCE, "name": "depth", "scope": "response"}])
    sample = make_pair(project)
    for person in crowd(project, 3):
        rate(sample, by=person, preference=-1, depth=(1, 0))
    response = Program(client, join(project, "rita", role="reviewer")).get(f"/projects/pairs/export/?profile={profile}")
    lines = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    assert len(lines) == (2 if profile in ("helpsteer2", "helpsteer2-disagreements") else 1)


@pytest.mark.parametrize("query", ["", "?profile=csv", "?profile=trl-preference"])
def test_an_export_that_cannot_be_is_refused_before_it_begins(decided, as_rita, query):
    problem(as_rita.get(f"/projects/recipes/export/{query}"), 400)


# --- the schema -------------------------------------------------------------------------------------------------
def test_the_schema_is_made_without_a_warning(tmp_path):
    command = [
        sys.executable,
        "manage.py",
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--file",
        str(tmp_path / "s"),
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "arning" not in run.stderr


@pytest.mark.django_db
def test_the_schema_names_every_address(client):
    paths = client.get("/api/schema/").json()["paths"]
    parameter = re.compile(r"<(?:[a-z]+:)?[a-z_]+>|{[a-z_]+}")
    addresses = {parameter.sub("*", f"/api/v1/{address.pattern}") for address in urls.urlpatterns}
    assert {parameter.sub("*", path) for path in paths} == addresses


# --- priority ----------------------------------------------------------------------------------------------------
def test_a_reviewer_makes_a_sample_urgent(client, project, rita, ana):
    early, late = sorted(make_samples(project, 2), key=lambda sample: sample.rank)
    client.force_login(rita)
    address = f"/api/v1/projects/recipes/samples/{late.external_id}/"
    answer = client.patch(address, {"priority": 3}, content_type="application/json")
    assert (answer.status_code, answer.json()["priority"]) == (200, 3)
    assert claiming.claim_next(annotator=ana, at=NOW).sample == late
    assert late.events.get().reason == "reprioritised"
    assert client.patch(address, {"priority": 40_000}, content_type="application/json").status_code == 400
    client.force_login(ana.user)
    assert client.patch(address, {"priority": 9}, content_type="application/json").status_code == 403
    assert early.events.count() == 0
