"""A rubric changes while samples are under way: one sample is asked one thing, and no answer is lost or misread."""

import json

import pytest
from django.core.management import CommandError, call_command
from forms import ANNOTATE, form_of, submit_url, text_of
from story import (
    NOW,
    OVERALL,
    PREFERENCE,
    State,
    answer,
    claim,
    correct,
    counters,
    crowd,
    join,
    label_of,
    last_event,
    make_pair,
    make_project,
    make_sample,
    rate,
    rate_overall,
    scale,
    state_of,
)

from annotation.models import Annotation, Assignment, ConsensusLabel, Policy, Project, Rubric
from annotation.ratings import RatingsRefused
from annotation.services import figures, governing, merging, projects, reconsideration, submission, versions
from annotation.services.people import ReasonMissing
from annotation.services.projects import ChangeRefused

DEPTH = scale("depth", 1, 2, 3, 4, 5, 6)
STYLE = scale("style", 0, 1, 2)


def change(project, *attributes, reason="To ask more."):
    return projects.change_rubric(project=project, by=None, at=NOW, reason=reason, attributes=list(attributes))


def send(sample, *, by, rubric=None, at=NOW, **values):
    """What somebody answers to the version that they were shown."""
    said = answer(**values)
    said = submission.Answer(given=said.given, client_key=said.client_key, rubric=rubric)
    lease = Assignment.objects.filter(sample=sample, annotator=by).first() or claim(sample, by=by, at=at)
    return submission.submit(assignment_id=lease.pk, answer=said, at=at)


def versions_answered():
    return list(Annotation.objects.order_by("pk").values_list("rubric__version", flat=True))


# --- writing the next version ------------------------------------------------------------------------------------
def test_the_next_version_is_what_new_samples_are_asked(project, ada):
    rubric = projects.change_rubric(
        project=project, by=ada, at=NOW, reason="Depth matters.", attributes=[{**OVERALL}, DEPTH]
    )
    assert (rubric.version, [a["name"] for a in rubric.attributes]) == (2, ["overall", "depth"])
    event = project.events.get(kind="rubric_changed")
    assert (event.actor, event.at) == (ada, NOW)
    assert event.text.startswith("Rubric 2: added depth")
    assert event.text.endswith(". Depth matters.")
    assert "trigger" not in rubric.attributes[0]  # limits decide, they do not ask


def test_the_history_says_what_was_added_taken_out_and_changed(project):
    change(project, OVERALL, DEPTH)
    change(project, {**OVERALL, "title": "All in all"}, STYLE)
    assert project.events.latest("pk").text == "Rubric 3: added style; taken out depth; changed overall. To ask more."


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ([], "at least one attribute"),
        (None, "attributes"),
        ([{"name": "x"}], "scope"),
        ([OVERALL, OVERALL], "named"),
        ([{**OVERALL, "values": [1]}], "two values"),
        ([DEPTH], "No attribute of this rubric triggers"),
        ([{**OVERALL, "trigger": False}, DEPTH], "No attribute of this rubric triggers|no attribute is a trigger"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_written(project, attributes, said):
    with pytest.raises(ChangeRefused, match=said):
        projects.change_rubric(project=project, by=None, at=NOW, reason="x", attributes=attributes)
    assert (Rubric.objects.count(), Policy.objects.count(), project.events.count()) == (1, 1, 0)


def test_a_rubric_that_says_the_same_is_refused_so_that_twice_is_once(project):
    change(project, OVERALL, DEPTH)
    with pytest.raises(ChangeRefused, match="asks the same"):
        change(project, OVERALL, DEPTH)


def test_a_change_without_a_reason_is_refused(project):
    with pytest.raises(ReasonMissing):
        change(project, OVERALL, DEPTH, reason=" ")


def test_a_trigger_stays_one_and_a_new_attribute_is_none_unless_it_says_so(project):
    plain = {key: value for key, value in OVERALL.items() if key != "trigger"}
    change(project, plain, DEPTH)
    assert project.policy.version == 1
    change(project, plain, {**DEPTH, "title": "How deep", "trigger": True, "escalate_above": 4})
    assert project.policy.version == 2
    assert project.policy.triggers == {
        "overall": {"escalate_above": 2, "settle_within": 1},
        "depth": {"escalate_above": 4, "settle_within": 1},
    }


def test_a_trigger_that_is_no_longer_asked_leaves_the_policy(project):
    change(project, {**DEPTH, "trigger": True})
    assert list(project.policy.triggers) == ["depth"]
    assert project.events.latest("pk").kind == "policy_changed"


def test_a_trigger_keeps_its_own_limits_while_its_scale_stays(project):
    projects.change_policy(
        project=project, by=None, at=NOW, reason="x", triggers={"overall": {"escalate_above": 3, "settle_within": 0}}
    )
    change(project, {**OVERALL, "title": "All in all"})
    assert project.policy.triggers["overall"] == {"escalate_above": 3, "settle_within": 0}
    change(project, scale("overall", 0, 1, 2, trigger=True))
    assert project.policy.triggers["overall"] == {"escalate_above": 1, "settle_within": 0}


def test_an_import_into_the_project_takes_the_new_rubric_for_its_own(project):
    """An import compares what is asked: a rubric that was changed reads like one that was imported."""
    rubric = change(project, OVERALL, DEPTH)
    assert all(
        {"name", "title", "description", "scope", "level", "values", "optional"} <= set(a) for a in rubric.attributes
    )


# --- one sample is asked one thing -----------------------------------------------------------------------------
def test_a_sample_keeps_the_rubric_of_its_first_annotation(project):
    people = crowd(project, 9)
    begun, untouched = make_sample(project, "begun"), make_sample(project, "untouched")
    rate(begun, by=people[0], overall=4)
    newest = change(project, OVERALL, {**DEPTH, "trigger": True})
    assert governing.rubric_of(begun, newest).version == 1
    assert governing.rubric_of(untouched, newest).version == 2
    rate_overall(begun, {people[1]: 4, people[2]: 4})
    assert (state_of(begun), versions_answered()) == (State.RESOLVED, [1, 1, 1])
    rate(untouched, by=people[0], overall=4, depth=2)
    assert versions_answered()[-1] == 2


def test_an_attribute_that_early_people_were_not_asked_does_not_contest_a_sample(project):
    """All three answer what the first was asked: nobody lacks a trigger value."""
    sample, people = make_sample(project), crowd(project, 9)
    rate_overall(sample, {people[0]: 4, people[1]: 4})
    change(project, OVERALL, {**DEPTH, "trigger": True})
    rate(sample, by=people[2], overall=5)
    assert (state_of(sample), label_of(sample).human_value) == (State.RESOLVED, 4)
    assert not ConsensusLabel.objects.filter(attribute="depth").exists()


def test_whoever_comes_after_an_escalation_is_asked_what_the_first_were(project):
    sample, people = make_sample(project), crowd(project, 9)
    rate_overall(sample, dict(zip(people, (1, 6, 6), strict=False)))
    change(project, OVERALL, {**DEPTH, "trigger": True})
    rate_overall(sample, {people[3]: 6, people[4]: 1})
    assert (state_of(sample), last_event(sample)[2]) == (State.RESOLVED, "settled_by_three")
    assert (versions_answered(), label_of(sample).human_value) == ([1] * 5, 6)


def test_a_policy_that_triggers_on_nothing_a_sample_asks_does_not_decide_it(project):
    """Overall is no trigger any more, but it is all that this sample asks: the last policy that knows it goes on."""
    begun, escalated, people = make_sample(project, "s1"), make_sample(project, "s2"), crowd(project, 9)
    rate_overall(begun, {people[0]: 1, people[1]: 6})
    rate_overall(escalated, dict(zip(people, (1, 6, 6), strict=False)))
    change(project, {**DEPTH, "trigger": True})
    rate(begun, by=people[2], overall=6)
    assert (state_of(begun), counters(begun)) == (State.ESCALATED, (5, 0, 3))
    rate(escalated, by=people[3], overall=6)
    assert counters(escalated) == (5, 0, 4)
    rate(escalated, by=people[4], overall=3)
    assert (state_of(escalated), label_of(escalated).policy.version) == (State.RESOLVED, 1)


def test_when_its_first_answer_goes_the_next_one_says_what_is_asked(project):
    sample, people = make_sample(project), crowd(project, 9)
    rate(sample, by=people[0], overall=4)
    newest = change(project, OVERALL, DEPTH)
    Assignment.objects.update(state="withdrawn")
    assert governing.rubric_of(sample, newest) == newest


def test_a_correction_is_shown_and_stored_under_what_was_answered(project, ana):
    sample = make_sample(project)
    first = rate(sample, by=ana, overall=4)
    change(project, OVERALL, DEPTH)
    revision = correct(first, overall=5).annotation
    assert (revision.rubric.version, revision.ratings) == (1, [5])


# --- answers that cross the change -----------------------------------------------------------------------------
def test_an_answer_to_what_was_shown_before_the_change_is_stored_as_that(project):
    """On a sample of two responses the places differ: read under the newest, style would be taken for overall."""
    sample, people = make_pair(project), crowd(project, 5)
    lease = claim(sample, by=people[0])
    change(project, STYLE, OVERALL)
    said = submission.Answer(given=answer(overall=(2, 5)).given, client_key="k", rubric=1)
    receipt = submission.submit(assignment_id=lease.pk, answer=said, at=NOW)
    stored = Annotation.objects.get(pk=receipt.annotation.pk)
    assert (receipt.counted, stored.rubric.version, stored.ratings) == (True, 1, [2, 5])


def test_an_answer_that_names_no_version_is_to_what_the_sample_asks_or_else_to_the_newest(project):
    people = crowd(project, 5)
    begun = make_sample(project, "begun")
    rate(begun, by=people[0], overall=4)
    change(project, OVERALL, STYLE)
    rate(begun, by=people[1], overall=4)
    rate(begun, by=people[2], overall=4, style=1)
    assert versions_answered() == [1, 1, 2]
    assert (state_of(begun), label_of(begun).annotation_count) == (State.RESOLVED, 3)


def test_a_refusal_speaks_of_what_was_answered(project, ana):
    sample = make_sample(project)
    change(project, OVERALL, DEPTH)
    with pytest.raises(RatingsRefused, match="Depth: choose a value"):
        rate(sample, by=ana, overall=4)
    assert send(sample, by=ana, rubric=1, overall=4).counted


@pytest.mark.parametrize("version", [3, 99])
def test_a_version_that_is_not_there_is_refused(project, ana, version):
    make_project("elsewhere")
    with pytest.raises(RatingsRefused, match=f"no version {version} of its rubric"):
        send(make_sample(project), by=ana, rubric=version, overall=4)
    assert not Annotation.objects.exists()


def test_where_answers_crossed_only_triggers_that_all_were_asked_decide(project):
    """Two answered the new version before an answer to the old one arrived, and the old one is not the first."""
    change(project, {**OVERALL, "trigger": True}, {**DEPTH, "trigger": True})
    sample, people = make_sample(project), crowd(project, 5)
    send(sample, by=people[0], rubric=2, overall=4, depth=1)
    send(sample, by=people[1], rubric=2, overall=4, depth=6)
    send(sample, by=people[2], rubric=1, overall=5)
    assert (state_of(sample), last_event(sample)[2]) == (State.RESOLVED, "agreed")
    assert (label_of(sample).annotation_count, label_of(sample, "depth").annotation_count) == (3, 2)


def test_where_answers_have_nothing_in_common_a_reviewer_decides_and_nothing_waits_for_ever(project):
    people, sample = crowd(project, 9), make_sample(project)
    leases = [claim(sample, by=person) for person in people[:3]]
    change(project, {**DEPTH, "trigger": True})
    for lease, (version, values) in zip(
        leases, [(2, {"depth": 4}), (1, {"overall": 4}), (1, {"overall": 4})], strict=True
    ):
        said = submission.Answer(given=answer(**values).given, client_key="k", rubric=version)
        submission.submit(assignment_id=lease.pk, answer=said, at=NOW)
    assert (state_of(sample), last_event(sample)[2]) == (State.CONTESTED, "too_few_usable")


# --- on the page -----------------------------------------------------------------------------------------------
@pytest.fixture
def page(project, ana, client):
    Project.objects.update(shuffles_responses=False)
    make_pair(project)
    client.force_login(ana.user)
    return client


def test_the_form_says_which_version_it_shows(page, project):
    form = form_of(page.get(ANNOTATE))
    assert form.hidden["rubric"] == "1"
    change(project, STYLE, OVERALL)
    form = form_of(page.get(ANNOTATE))  # nobody has answered it: a reload shows the newest
    assert (form.hidden["rubric"], len(form.offered)) == ("2", 4)


def test_what_was_shown_before_the_change_is_not_misread(page, project):
    """Fields are places: rating-0 was overall of the first response, and is style in the new version."""
    form = form_of(page.get(ANNOTATE))
    change(project, STYLE, OVERALL)
    page.post(submit_url(), {**form.hidden, "rating-0": "2", "rating-1": "5"})
    stored = Annotation.objects.get()
    assert (stored.rubric.version, stored.ratings) == (1, [2, 5])


def test_what_is_missing_is_asked_again_in_the_version_that_was_shown(page, project):
    form = form_of(page.get(ANNOTATE))
    change(project, STYLE, OVERALL)
    again = page.post(submit_url(), {**form.hidden, "rating-0": "2"}, headers={"X-Card": "alone"})
    assert again.status_code == 422
    assert (form_of(again).hidden["rubric"], form_of(again).chosen) == ("1", {"rating-0": "2"})
    assert "Style" not in text_of(again).split('<aside class="guideline"')[0]  # the panel tells what is new


def test_a_draft_belongs_to_the_version_that_it_was_begun_under(page, project):
    before = text_of(page.get(ANNOTATE))
    change(project, STYLE, OVERALL)
    pk = Assignment.objects.get().pk
    assert f'data-draft="{pk}-1"' in before
    assert f'data-draft="{pk}-2"' in text_of(page.get(ANNOTATE))


@pytest.mark.parametrize("posted", ["", "99", "-1", "x", "1.5", "999999999999"])
def test_a_form_without_a_known_version_is_read_as_what_is_asked(page, posted):
    page.get(ANNOTATE)
    page.post(submit_url(), {"rubric": posted, "rating-0": "2", "rating-1": "5"})
    assert Annotation.objects.get().ratings == [2, 5]


def test_a_person_who_claims_a_begun_sample_is_shown_its_own_questions(project, ana, ben, client):
    rate(make_pair(project), by=ben, overall=(2, 5))
    change(project, STYLE, OVERALL)
    client.force_login(ana.user)
    form = form_of(client.get(ANNOTATE))
    assert (form.hidden["rubric"], len(form.offered)) == ("1", 2)


def test_the_correction_page_shows_what_was_answered(project, ana, client):
    Project.objects.update(shuffles_responses=False)
    rate(make_pair(project), by=ana, overall=(2, 5))
    change(project, STYLE, OVERALL)
    Assignment.objects.update(finished_at="2999-01-01T00:00Z")
    client.force_login(ana.user)
    shown = form_of(client.get(submit_url().replace("submit", "correct")))
    assert (shown.hidden["rubric"], shown.chosen) == ("1", {"rating-0": "2", "rating-1": "5"})


# --- through the interface -------------------------------------------------------------------------------------
def test_a_program_is_told_the_version_and_may_name_it(project, ana, client):
    sample = make_sample(project)
    client.force_login(ana.user)
    claimed = client.post("/api/v1/projects/recipes/claims/", {}, content_type="application/json").json()
    assert (claimed["sample"], claimed["rubric"]) == (sample.external_id, 1)
    change(project, STYLE, OVERALL)
    body = {"client_key": "k", "rubric": 1, "ratings": [{"attribute": "overall", "value": 4}]}
    url = f"/api/v1/assignments/{claimed['assignment']}/submission/"
    assert client.post(url, {**body, "rubric": 7}, content_type="application/json").status_code == 422
    assert client.post(url, body, content_type="application/json").status_code == 201
    assert versions_answered() == [1]
    assert client.get(f"/api/v1/assignments/{claimed['assignment']}/").json()["rubric"] == 1


def test_an_admin_reads_and_changes_the_rubric(project, ada, client):
    client.force_login(ada)
    body = {"reason": "Depth matters.", "attributes": [OVERALL, DEPTH]}
    made = client.post("/api/v1/projects/recipes/rubrics/", body, content_type="application/json")
    assert (made.status_code, made.json()["version"]) == (201, 2)
    listed = client.get("/api/v1/projects/recipes/rubrics/").json()
    assert [rubric["version"] for rubric in listed] == [2, 1]
    again = client.post("/api/v1/projects/recipes/rubrics/", body, content_type="application/json")
    assert (again.status_code, again.json()["title"]) == (422, "Change refused")


def test_the_command_changes_the_rubric_from_a_file(project, ada, tmp_path, capsys):
    path = tmp_path / "rubric.json"
    path.write_text(json.dumps({"name": "recipes", "attributes": [OVERALL, {**DEPTH, "trigger": True}]}))
    call_command("change_rubric", "recipes", str(path), "--reason", "Depth.", "--by", "ada", "--dry-run")
    assert "added depth" in capsys.readouterr().out
    assert Rubric.objects.count() == 1
    call_command("change_rubric", "recipes", str(path), "--reason", "Depth.", "--by", "ada")
    assert "Policy 2 goes with it" in capsys.readouterr().out
    assert (Rubric.objects.count(), Policy.objects.count()) == (2, 2)
    with pytest.raises(CommandError, match="asks the same"):
        call_command("change_rubric", "recipes", str(path), "--reason", "Depth.")


# --- what lies beside --------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_figures_merging_and_versions_go_on_with_samples_of_both_versions():
    project = make_project(attributes=[PREFERENCE, OVERALL])
    people = crowd(project, 5)
    for name in ("old", "new"):
        sample = make_pair(project, name)
        for person in people[:3]:
            more = {"style": (1, 1)} if name == "new" else {}
            rate(sample, by=person, overall=(4, 2), preference=-1, **more)
        if name == "old":
            change(project, PREFERENCE, OVERALL, STYLE)
    assert set(project.samples.values_list("state", flat=True)) == {State.RESOLVED}
    assert [row["attribute"] for row in figures.compute(project)["reliability"]] == ["preference", "overall", "style"]
    merging.merge_project(project=project, at=NOW)
    version = versions.request(project=project, by=None, at=NOW)
    versions.build(version=version, at=NOW)
    version.refresh_from_db()
    assert (version.state, version.counts["samples"]) == ("ready", 2)


def test_a_contested_sample_of_an_older_version_is_settled_by_a_reviewer_under_the_newest(project, rita, client):
    sample, people = make_sample(project), crowd(project, 5)
    rate_overall(sample, dict(zip(people, (1, 6, 1, 6, 3), strict=True)))
    change(project, OVERALL, STYLE)
    client.force_login(rita)
    page = client.get(f"/projects/recipes/review/{sample.pk}/")
    assert page.status_code == 200
    join(project, "frank")
    reconsideration.reconsider(at=NOW)
    assert (state_of(sample), counters(sample)) == (State.CONTESTED, (5, 0, 5))
