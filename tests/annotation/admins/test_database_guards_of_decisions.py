"""PostgreSQL itself keeps what was asked, decided and published: rubrics, policies, labels, judgments, versions, people."""

import pytest
from django.db import transaction
from past_the_services import add, change, refused
from story import NOW, make_project

from annotation.models import (
    Annotator,
    ApiToken,
    ConsensusLabel,
    DatasetVersion,
    Judgment,
    Membership,
    Policy,
    Project,
    ReviewItem,
    Rubric,
)
from annotation.services import projects


# --- frozen versions of what was asked and decided ---------------------------------------------------------------
def test_a_rubric_never_changes(project):
    with refused("frozen"):
        change(project.rubric, attributes=[])


def test_a_policy_never_changes(project):
    with refused("frozen"):
        change(project.policy, first_round=5)


def test_a_judge_never_changes(judge):
    with refused("frozen"):
        change(judge, name="another")


def test_a_version_that_is_ready_never_changes(project):
    version = add(
        DatasetVersion, project=project, number=1, policy=project.policy, rubric=project.rubric, requested_at=NOW
    )
    change(version, state="ready", files=[{"path": "a"}])
    for columns in ({"state": "building"}, {"files": []}, {"counts": {"samples": 9}}, {"number": 2}):
        with refused("frozen"):
            change(version, **columns)


def test_a_version_that_failed_stays_failed(project):
    version = add(
        DatasetVersion, project=project, number=1, policy=project.policy, rubric=project.rubric, requested_at=NOW
    )
    change(version, state="failed", problem="no room")
    with refused("frozen"):
        change(version, state="ready")


def test_rubrics_policies_and_versions_are_numbered_once(project):
    version = {"project": project, "number": 1, "policy": project.policy, "rubric": project.rubric, "requested_at": NOW}
    add(DatasetVersion, **version)
    with refused("dataset_version_number_once"):
        add(DatasetVersion, **version)
    with refused("rubric_version_once"):
        add(Rubric, project=project, version=1, attributes=[])
    with refused("policy_version_once"):
        add(Policy, project=project, version=1, triggers={})


def test_a_policy_asks_three_people_first_and_more_after(project):
    for columns in ({"first_round": 2}, {"extra": 0}):
        with refused("policy_asks_enough_people"), transaction.atomic():
            projects.write_policy(project=project, triggers={}, **columns)


# --- labels, review, judgments -----------------------------------------------------------------------------------
def label(sample, **columns):
    about = {"attribute": "overall", "response": 0, "method": "m", "annotation_count": 3, "annotations": []}
    return add(ConsensusLabel, sample=sample, policy=sample.project.policy, created_at=NOW, **{**about, **columns})


@pytest.mark.parametrize("response", [0, None])
def test_a_value_has_one_current_label(sample, response):
    label(sample, response=response)
    with refused("consensus_label_one_current"):
        label(sample, response=response, revision=2)


@pytest.mark.parametrize("response", [0, None])
def test_a_revision_of_a_label_stands_once(sample, response):
    label(sample, response=response)
    with refused("consensus_label_revision_once"):
        label(sample, response=response, is_current=False)


@pytest.mark.parametrize("columns", [{"human_value": 5}, {"merged_value": 5}, {"method": "x"}, {"annotations": [1]}])
def test_a_label_is_revised_and_never_overwritten(sample, columns):
    written = label(sample, human_value=3)
    with refused("frozen"):
        change(written, **columns)


def test_a_sample_has_one_open_review_item_of_a_kind(sample):
    about = {"sample": sample, "kind": "late_annotation", "opened_at": NOW}
    first = add(ReviewItem, **about)
    with refused("review_item_one_open"):
        add(ReviewItem, **about)
    change(first, closed_at=NOW)
    add(ReviewItem, **about)


def judge_says(sample, ratings, judge, **columns):
    return add(Judgment, sample=sample, judge=judge, ratings=ratings, **{"rubric": sample.project.rubric, **columns})


def test_a_judge_speaks_once_of_a_sample(sample, judge):
    judge_says(sample, [3], judge)
    with refused("judgment_once_per_sample"):
        judge_says(sample, [4], judge)


@pytest.mark.parametrize("ratings", [[7], [3, 3], []])
def test_a_judgment_fits_the_rubric(sample, judge, ratings):
    with refused("off its scale|the rubric has 1"):
        judge_says(sample, ratings, judge)


def test_a_judge_may_pass_over_an_attribute(sample, judge):
    judge_says(sample, [None], judge)


def test_a_judgment_never_changes(sample, judge):
    with refused("frozen"):
        change(judge_says(sample, [3], judge), ratings=[4])


def test_a_judgment_by_the_rubric_of_another_project_is_refused(sample, judge):
    with refused("not of the project"):
        judge_says(sample, [3], judge, rubric=make_project("elsewhere").rubric)


@pytest.mark.parametrize("weight", [-0.1, 1.1])
def test_a_weight_lies_between_none_and_all(project, weight):
    with refused("merge_fit_weight_in_range"):
        add(project.merge_fits.model, project=project, attribute="overall", weight=weight, sample_count=0, basis="")


# --- people ------------------------------------------------------------------------------------------------------
def test_words_that_nobody_knows_are_refused(project, ana, rita):
    wrong = [
        (project, {"state": "asleep"}, "project_state_known"),
        (project, {"lease_minutes": 0}, "project_lease_has_length"),
        (ana, {"state": "gone"}, "annotator_state_known"),
        (Membership.objects.get(user=rita), {"role": "king"}, "membership_role_known"),
    ]
    for row, columns, rule in wrong:
        with refused(rule):
            change(row, **columns)


def test_a_key_has_no_scope_that_nobody_knows(rita):
    with refused("api_token_scopes_known"):
        add(ApiToken, user=rita, name="k", digest="d", scopes=["read", "rule"])


def test_a_person_is_one_annotator_in_a_project(project, ana):
    with refused("annotator_once_per_project"):
        add(Annotator, project=project, external_id="ana")
    with refused("annotator_one_per_account"):
        add(Annotator, project=project, external_id="ana again", user=ana.user)


def test_a_project_has_a_short_name_of_its_own(project):
    with refused("slug"):
        add(Project, slug=project.slug, title="Another")
