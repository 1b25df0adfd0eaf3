"""A pilot folder comes in whole or not at all, and twice is once."""

import json

import pytest
from pilots import RICH, plain, write_pilot
from story import NOW, make_project, rate

from annotation.datasets import trl
from annotation.datasets.bad_row import BadRow, Place
from annotation.datasets.pilot import PilotFolder
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Annotator, Judge, Judgment, Project, ProjectJudge, Sample, SampleContent
from annotation.services import claiming, importing, people, projects, submission, versions
from annotation.services.submission import Answer

pytestmark = pytest.mark.django_db

LABELS = "sample_id,annotator_id,response,attribute,value\na,ana,0,helpfulness,3\na,ben,1,helpfulness,2\n"
JUDGMENTS = "sample_id,judge,attribute,value,probability\na,robo,preference,-1,0.6\na,robo,preference,1,0.2\n"


def bring_in(path, **settings):
    return importing.import_pilot(folder=PilotFolder.open(path), slug="helpful", at=NOW, **settings)


SAID_OF_RICH = [
    {"attribute": "helpfulness", "response": "0", "value": 3},
    {"attribute": "helpfulness", "response": "1", "value": 1},
    {"attribute": "preference", "value": -1},
]


def counts():
    tables = (Project, Sample, SampleContent, Annotator, Judge, ProjectJudge, Judgment)
    return {table.__name__: table.objects.count() for table in tables}


@pytest.fixture
def pilot(tmp_path):
    return write_pilot(tmp_path / "pilot", [plain("a"), plain("b"), RICH], labels=LABELS, judgments=JUDGMENTS)


def test_an_import_makes_project_samples_people_and_judgments(pilot):
    assert bring_in(pilot, allows_directed_claims=True) == importing.Imported(samples=3, people=2, judgments=1)
    project = Project.objects.get()
    assert (project.title, project.guideline.text) == ("Helpful answers", "Judge what helps.")
    assert project.policy.triggers == {"helpfulness": {"escalate_above": 2, "settle_within": 1}}
    assert set(project.samples.values_list("target", "state", "response_count")) == {(3, "open", 2)}


def test_where_nobody_may_claim_for_them_recorded_people_are_not_waited_for(pilot):
    assert bring_in(pilot).people == 0


def test_a_folder_that_asks_something_else_does_not_go_into_the_same_project(pilot, tmp_path):
    bring_in(pilot)
    rubric = json.loads((pilot / "rubric.json").read_text())
    rubric["attributes"][0]["values"].pop()
    (pilot / "rubric.json").write_text(json.dumps(rubric))
    with pytest.raises(projects.ProjectRefused, match="asks something else"):
        bring_in(pilot)


def test_the_ratings_of_people_come_in_as_submissions_and_not_with_the_import(pilot):
    bring_in(pilot)
    assert not Annotation.objects.exists()


def test_twice_is_once(pilot):
    bring_in(pilot)
    before = counts()
    assert bring_in(pilot) == importing.Imported(samples=0, people=0, judgments=0)
    assert counts() == before


def test_samples_that_were_added_to_the_file_are_added(pilot, tmp_path):
    bring_in(pilot)
    longer = write_pilot(tmp_path / "longer", [plain("a"), plain("c")])
    assert bring_in(longer).samples == 1


def test_work_that_was_done_survives_a_second_import(pilot):
    bring_in(pilot, allows_directed_claims=True)
    sample, ana = (
        Sample.objects.get(external_id="a"),
        Annotator.objects.select_related("project").get(external_id="ana"),
    )
    rate(sample, by=ana, helpfulness=(3, 2), preference=-1)
    bring_in(pilot)
    sample.refresh_from_db()
    assert sample.counted_count == 1


def test_settings_are_those_of_a_new_project_only(pilot):
    bring_in(pilot, lease_minutes=5)
    bring_in(pilot, lease_minutes=50)
    assert Project.objects.get().lease_minutes == 5


BAD = {
    "not json": "{",
    "a sample without responses": plain("z", responses=[]),
    "an id twice": plain("s3"),
    "three responses to compare": plain("z", responses=["a", "b", "c"]),
    "a role that nobody knows": plain("z", messages=[{"role": "robot", "content": "x"}]),
    "a NUL": plain("z", metadata={"x": "a\x00b"}),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_row_in_the_middle_leaves_nothing_behind(tmp_path, bad):
    rows = [plain(f"s{number}") for number in range(30)]
    path = write_pilot(tmp_path / "pilot", [*rows[:15], bad, *rows[15:]])
    with pytest.raises(BadRow, match=r"samples.jsonl line 16"):
        bring_in(path)
    assert set(counts().values()) == {0}


def test_a_bad_row_after_a_thousand_good_ones_leaves_nothing_behind(tmp_path):
    path = write_pilot(tmp_path / "pilot", [*(plain(f"s{number}") for number in range(1005)), "{"])
    with pytest.raises(BadRow, match="line 1006"):
        bring_in(path)
    assert set(counts().values()) == {0}


@pytest.mark.parametrize(
    "tables",
    [
        {"labels": LABELS + "a,ana,0,style,3\n"},
        {"labels": LABELS, "judgments": JUDGMENTS + "a,robo,preference,7,0.1\n"},
        {"judgments": JUDGMENTS + "nobody,robo,preference,1,0.1\n"},
    ],
)
def test_a_bad_row_of_a_table_leaves_nothing_behind_either(tmp_path, tables):
    path = write_pilot(tmp_path / "pilot", [plain("a"), plain("b")], **tables)
    with pytest.raises(BadRow):
        bring_in(path)
    assert set(counts().values()) == {0}


def test_a_bad_row_in_a_second_import_leaves_the_first_as_it_was(pilot, tmp_path):
    bring_in(pilot)
    before = counts()
    with pytest.raises(BadRow):
        bring_in(write_pilot(tmp_path / "more", [plain("c"), plain("d"), "{"]))
    assert counts() == before


# --- nothing is lost on the way ---------------------------------------------------------------------------------
def test_what_concord_does_not_know_is_kept(pilot):
    bring_in(pilot)
    content = SampleContent.objects.get(sample__external_id="rich")
    assert content.messages == RICH["messages"]
    assert content.responses == RICH["responses"]
    assert (content.tools, content.metadata) == (RICH["tools"], RICH["metadata"])
    assert content.extra == {"collected_by": "secret-collector"}


def test_tool_calls_and_thinking_reach_the_exported_rows(pilot):
    bring_in(pilot, allows_directed_claims=True)
    project, sample = Project.objects.get(), Sample.objects.get(external_id="rich")
    people.add_outside_people(project=project, external_ids=["cleo"], at=NOW)
    for person in project.annotators.select_related("project"):
        lease = claiming.claim_sample(annotator=person, sample=sample, at=NOW)
        submission.submit(assignment_id=lease.pk, answer=Answer(given=SAID_OF_RICH, client_key="k"), at=NOW)
    [exported] = versions.labelled_samples(project, project.rubric)
    assert list(exported.messages) == RICH["messages"]
    assert (list(exported.responses), list(exported.tools)) == (RICH["responses"], RICH["tools"])
    row = trl.preference_row(exported, shape=trl.shape_of([exported]))
    assert row["prompt"][2]["tool_calls"][0]["function"] == RICH["messages"][2]["tool_calls"][0]["function"]
    assert row["chosen"][0]["thinking"] == "Short."
    assert json.loads(row["tools"]) == RICH["tools"]


def test_samples_of_one_prompt_share_its_digest(tmp_path):
    one, other = plain("a"), plain("b", messages=plain("a")["messages"])
    bring_in(write_pilot(tmp_path / "pilot", [one, other, plain("c")]))
    assert SampleContent.objects.values("prompt_digest").distinct().count() == 2


# --- recorded judgments -----------------------------------------------------------------------------------------
def test_recorded_judgments_become_a_distribution_over_the_levels(pilot):
    bring_in(pilot)
    judgment = Judgment.objects.get()
    assert (judgment.ratings, judgment.judge.kind) == ([None, None, -1], "recorded")
    assert judgment.probabilities == [None, None, pytest.approx([0.75, 0.0, 0.25])]


def test_recorded_values_without_probabilities_stay_values(tmp_path):
    table = "sample_id,judge,response,attribute,value\na,robo,0,helpfulness,3\na,robo,1,helpfulness,1\n"
    bring_in(write_pilot(tmp_path / "pilot", [plain("a")], judgments=table))
    judgment = Judgment.objects.get()
    assert (judgment.ratings, judgment.probabilities) == ([3, 1, None], None)


def test_recorded_probabilities_of_zero_say_nothing_of_the_distribution(tmp_path):
    table = "sample_id,judge,attribute,value,probability\na,robo,preference,-1,0\na,robo,preference,1,0\n"
    bring_in(write_pilot(tmp_path / "pilot", [plain("a")], judgments=table))
    assert Judgment.objects.get().probabilities is None


# --- people -----------------------------------------------------------------------------------------------------
def test_an_account_with_the_name_of_a_recorded_person_can_join(pilot, django_user_model):
    """`ana` judged before there were accounts; now somebody called ana joins."""
    bring_in(pilot)
    user = django_user_model.objects.create(username="ana")
    people.join(project=Project.objects.get(), user=user, role="annotator", at=NOW)
    assert Annotator.objects.filter(user=user).exists()


def test_samples_are_written_in_the_order_in_which_they_are_handed_out(db):
    project = make_project()
    rows = [{"sample_id": f"s{n}", "messages": [], "responses": ["A text."], "priority": n % 2} for n in range(30)]
    rows = [{**row, "messages": [{"role": "user", "content": "Why?"}]} for row in rows]
    importing.add_samples(project=project, samples=[parse_sample(row, Place("samples.jsonl")) for row in rows])
    written = list(project.samples.order_by("pk").values_list("priority", "rank"))
    assert written == sorted(written, key=lambda of: (-of[0], of[1]))
    assert [name for (name,) in project.samples.order_by("pk").values_list("external_id")] != [
        f"s{n}" for n in range(30)
    ]
