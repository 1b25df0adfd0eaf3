"""People through the interface: who reads, who decides, and one's own record."""

import pytest
from django.test import Client
from story import NOW, State, claim, counters, crowd, join, make_project, make_sample, rate, rate_overall, state_of
from test_api_work import Program as ClientWithAKey

from annotation.models import Annotator, Membership, Notice
from annotation.services import person_figures, standing

PEOPLE = "/projects/recipes/people/"
RECORD = "/projects/recipes/record/"


def of(person):
    return f"{PEOPLE}{person.pk}/"


class Program(ClientWithAKey):
    def __init__(self, user, *scopes):
        super().__init__(Client(), user, scopes or ("read", "work", "act_for"))

    def patch(self, path, body):
        return self.send("patch", path, body)


@pytest.fixture
def admin(ada):
    return Program(ada)


@pytest.fixture
def own(ana):
    return Program(ana.user)


def test_people_come_with_their_figures(admin, project, ana, ben):
    rate(make_sample(project), by=ana, overall=3, active_seconds=12)
    person_figures.refresh(project=project, at=NOW)
    page = admin.get(PEOPLE).json()
    assert [row["annotator"] for row in page["results"]] == ["ana", "ben"]
    assert (page["results"][0]["figures"]["counted"], page["results"][0]["figures"]["median_seconds"]) == (1, 12.0)
    assert admin.get(of(ana)).json() == page["results"][0]
    first = admin.get(f"{PEOPLE}?limit=1").json()
    assert admin.get(f"{PEOPLE}?after={first['next']}").json()["results"][0]["annotator"] == "ben"


def test_who_may_read_and_who_may_decide(project, ana, rita, ada):
    decision = {"action": "pause", "reason": "Because."}
    stranger = join(make_project("elsewhere"), "otto", role=Membership.Role.ADMIN)
    for user, reads, decides in ((rita, 200, 403), (ana.user, 403, 403), (stranger, 404, 404)):
        program = Program(user)
        for address in (PEOPLE, of(ana), f"{of(ana)}outlook/"):
            assert program.get(address).status_code == reads, (user, address)
        assert program.post(f"{of(ana)}decisions/", decision).status_code == decides
        assert program.patch(of(ana), {"cap": 1}).status_code == decides
    assert Annotator.objects.get(pk=ana.pk).state == "active"


def test_a_key_needs_the_scope(project, ana, ada):
    reader = Program(ada, "read")
    assert reader.get(PEOPLE).status_code == 200
    assert reader.post(f"{of(ana)}decisions/", {"action": "pause", "reason": "Because."}).status_code == 403
    assert Program(ada, "work").get(PEOPLE).status_code == 403


def test_an_admin_decides_with_a_reason(admin, project, sample, ana):
    lease = claim(sample, by=ana)
    answer = admin.post(f"{of(ana)}decisions/", {"action": "pause", "reason": "Too quick."})
    assert answer.status_code == 201
    assert (answer.json()["kind"], answer.json()["text"], answer.json()["by"]) == ("paused", "Too quick.", "ada")
    lease.refresh_from_db()
    assert lease.state == "released"
    again = admin.post(f"{of(ana)}decisions/", {"action": "pause", "reason": "Too quick."})
    assert (again.status_code, again.json()["title"]) == (409, "Not possible")
    assert admin.post(f"{of(ana)}decisions/", {"action": "resume", "reason": "Fine."}).status_code == 201


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ({"action": "pause", "reason": "  "}, 422),
        ({"action": "pause"}, 400),
        ({"action": "promote", "reason": "Why not."}, 400),
        ({"action": "withdraw", "reason": "Gone."}, 400),
        ({"action": "pause", "reason": "x" * 5001}, 400),
    ],
)
def test_what_is_no_decision_is_refused(admin, project, ana, decision, code):
    assert admin.post(f"{of(ana)}decisions/", decision).status_code == code
    assert not Notice.objects.exists()


def test_work_is_set_aside_after_a_dry_run(admin, project, sample):
    people = crowd(project, 3)
    rate_overall(sample, dict.fromkeys(people, 4))
    seen = admin.get(f"{of(people[0])}outlook/").json()
    assert seen == {
        "answers": 1, "reopened": 1, "kept": 0, "adjudicated": 0, "undecided": 0, "excluded": 0, "untried": 0,
        "versions": [],
    }  # fmt: skip
    assert state_of(sample) == State.RESOLVED
    decision = {"action": "withdraw", "reason": "Random answers.", "keep_work": False}
    assert admin.post(f"{of(people[0])}decisions/", decision).json()["kind"] == "withdrawn"
    assert (state_of(sample), counters(sample)) == (State.OPEN, (3, 0, 2))


def test_an_admin_changes_what_a_person_may_be_given(admin, project, ana):
    answer = admin.patch(of(ana), {"skills": ["KO"], "cap": 3})
    assert (answer.status_code, answer.json()["skills"], answer.json()["cap"]) == (200, ["ko"], 3)
    assert admin.patch(of(ana), {"is_qualified": False}).json()["cap"] == 3
    refused = admin.patch(of(ana), {"cap": -1})
    assert (refused.status_code, refused.json()["title"]) == (422, "Change refused")


def test_ones_own_record(own, project, ana, ada):
    rate(make_sample(project), by=ana, overall=3, active_seconds=12)
    person_figures.refresh(project=project, at=NOW)
    Notice.objects.create(annotator=ana, kind="proposal", text="A secret proposal.", created_at=NOW)
    notice = standing.pause(annotator=ana, by=ada, reason="Too quick.", at=NOW)
    record = own.get(RECORD).json()
    assert set(record["figures"]) == {
        "answered",
        "late",
        "set_aside",
        "skipped",
        "median_seconds",
        "skip_share",
        "among_others",
    }
    assert [(told["kind"], told["text"], told["by"]) for told in record["notices"]] == [("paused", "Too quick.", "ada")]
    answer = own.post(f"{RECORD}notices/{notice.pk}/answer/", {"text": "I read fast."})
    assert (answer.status_code, answer.json()["answer"]) == (200, "I read fast.")
    assert own.post(f"{RECORD}notices/{notice.pk}/answer/", {"text": " "}).status_code == 422


def test_nobody_reads_or_answers_for_somebody_else(project, ana, ben, ada):
    notice = standing.pause(annotator=ana, by=ada, reason="Too quick.", at=NOW)
    proposal = Notice.objects.create(annotator=ben, kind="proposal", text="Look.", created_at=NOW)
    for user in (ben.user, ada):
        for pk in (notice.pk, proposal.pk):
            answered = Program(user).post(f"{RECORD}notices/{pk}/answer/", {"text": "Mine."})
            assert answered.status_code == 404
    assert Program(ben.user).get(RECORD).json()["notices"] == []
    assert Program(ada).get(RECORD).status_code == 404
