"""PostgreSQL itself refuses nonsense, whatever the Python above it does: every test here goes past the services."""

from itertools import product

import pytest
from django.apps import apps
from django.db import connection
from past_the_services import add, change, refused, sql
from story import NOW, OVERALL, PREFERENCE, State, claim, crowd, make_project, make_sample, make_samples, rate, scale

from annotation import transitions
from annotation.models import (
    Annotation,
    Assignment,
    Sample,
)

MOVES = [(a, b) for a, b in product(State.values, State.values) if a != b]
LEGAL = {(source, target) for source, targets in transitions.ALLOWED.items() for target in targets}


def bring_to(sample, state):
    """By legal moves only."""
    ways = {State.OPEN: [], State.ESCALATED: [State.ESCALATED], State.RESOLVED: [State.RESOLVED]}
    ways |= {State.CONTESTED: [State.CONTESTED], State.EXCLUDED: [State.EXCLUDED]}
    for step in ways[state]:
        change(sample, state=step)


# --- samples -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "columns", [{"leased_count": 4}, {"counted_count": 4}, {"leased_count": 2, "counted_count": 2}]
)
def test_a_sample_never_has_more_people_than_its_target(sample, columns):
    with refused("sample_never_over_target"):
        change(sample, **columns)


def test_the_target_never_falls_below_the_people_it_has(sample, ana):
    claim(sample, by=ana)
    with refused("sample_never_over_target"):
        change(sample, target=0)


def test_counters_do_not_fall_below_zero(sample):
    with refused("leased_count"):
        change(sample, leased_count=-1)
    with refused("counted_count"):
        change(sample, counted_count=-1)


def test_a_sample_is_in_no_state_that_nobody_knows(project):
    with refused("sample_state_known"):
        add(Sample, project=project, external_id="x", state="done", target=3, response_count=1, rank=1)


@pytest.mark.parametrize(("source", "target"), MOVES)
def test_the_database_knows_the_same_moves_as_the_table(sample, source, target):
    bring_to(sample, source)
    if (source, target) in LEGAL:
        assert change(sample, state=target) == 1
        return
    with refused(f"cannot go from {source} to {target}"):
        change(sample, state=target)


def test_every_state_stands_in_the_table_of_moves():
    assert set(transitions.ALLOWED) == set(State.values)
    assert len(LEGAL) == 15


@pytest.mark.parametrize("purpose", ["gold", "training"])
def test_gold_and_training_samples_have_no_slots(project, purpose):
    with refused("sample_only_work_has_slots"):
        add(Sample, project=project, external_id="g", purpose=purpose, target=1, response_count=1, rank=1)
    add(Sample, project=project, external_id="g", purpose=purpose, target=0, response_count=1, rank=1)


def test_a_purpose_that_nobody_knows_is_refused(sample):
    with refused("sample_purpose_known"):
        change(sample, purpose="play", target=0)


def test_only_a_contested_sample_waits_for_people(sample):
    with refused("sample_waits_only_if_contested"):
        change(sample, waits_for_people=True)


def test_the_random_rank_of_a_sample_never_changes(sample):
    with refused("frozen"):
        change(sample, rank=sample.rank + 1)


def test_an_id_stands_for_one_sample_in_a_project(project, sample):
    with refused("sample_once_per_project"):
        add(Sample, project=project, external_id=sample.external_id, target=3, response_count=1, rank=5)


def test_open_slots_are_computed_by_the_database(sample, ana):
    claim(sample, by=ana)
    sample.refresh_from_db()
    assert sample.open_slots == 2


# --- assignments -------------------------------------------------------------------------------------------------
def give(sample, annotator, **columns):
    about = {"lease_place": 0, "claimed_at": NOW, "lease_expires_at": NOW, "shown_order": [0], **columns}
    return add(Assignment, sample=sample, annotator=annotator, **about)


def test_nobody_is_given_the_same_sample_twice(sample, ana):
    give(sample, ana)
    with refused("assignment_once_per_sample"):
        give(sample, ana, lease_place=1)


def test_nobody_holds_a_third_lease(project, ana):
    one, two, three = make_samples(project, 3)
    give(one, ana, lease_place=0)
    give(two, ana, lease_place=1)
    for place in (0, 1):
        with refused("assignment_two_leases_a_person"):
            give(three, ana, lease_place=place)
    with refused("assignment_lease_has_a_place"):
        give(three, ana, lease_place=2)


def test_a_lease_has_a_place(sample, ana):
    with refused("assignment_lease_has_a_place"):
        give(sample, ana, lease_place=None)


def test_what_is_no_lease_has_no_place(sample, ana):
    with refused("assignment_lease_has_a_place"):
        give(sample, ana, state="submitted")


def test_a_skip_has_a_reason_and_nothing_else_has_one(sample, ana):
    with refused("assignment_skip_has_a_reason"):
        give(sample, ana, state="skipped", lease_place=None)
    with refused("assignment_skip_has_a_reason"):
        give(sample, ana, skip_reason="broken")


def test_an_assignment_is_in_no_state_that_nobody_knows(sample, ana):
    with refused("assignment_state_known"):
        give(sample, ana, state="lost", lease_place=None)


def test_an_annotator_of_another_project_is_given_nothing(sample):
    [stranger] = crowd(make_project("elsewhere"), 1)
    with refused("different projects"):
        give(sample, stranger)


def test_an_assignment_does_not_move_to_another_project(sample, ana):
    [stranger] = crowd(make_project("elsewhere"), 1)
    with refused("different projects"):
        change(claim(sample, by=ana), annotator=stranger)


# --- annotations -------------------------------------------------------------------------------------------------
def annotate(assignment, ratings, **columns):
    about = {"rubric": assignment.sample.project.rubric, "round": 1, "client_key": "k", "submitted_at": NOW, **columns}
    return add(Annotation, assignment=assignment, ratings=ratings, **about)


@pytest.mark.parametrize("value", [0, 7, -1, 32767])
def test_a_rating_off_its_scale_is_refused(sample, ana, value):
    with refused("off its scale"):
        annotate(claim(sample, by=ana), [value])


def test_a_missing_rating_is_refused(sample, ana):
    with refused("overall is missing"):
        annotate(claim(sample, by=ana), [None])


def test_an_optional_rating_may_be_missing(ana):
    project = make_project("optional", attributes=[OVERALL, scale("style", 0, 1, 2, optional=True)])
    [dora] = crowd(project, 1)
    annotate(claim(make_sample(project), by=dora), [3, None])


@pytest.mark.parametrize("ratings", [[], [3, 3], [3, None]])
def test_a_vector_of_another_length_is_refused(sample, ana, ratings):
    with refused("the rubric has 1"):
        annotate(claim(sample, by=ana), ratings)


def test_ratings_may_be_missing_only_when_neither_response_is_valid(db):
    both = make_project("both", attributes=[OVERALL, PREFERENCE])
    [dora] = crowd(both, 1)
    lease = claim(make_sample(both, responses=["a", "b"]), by=dora)
    for ratings, missing in (([3, None, 1], "overall"), ([3, 4, None], "preference")):
        with refused(f"{missing} is missing"):
            annotate(lease, ratings)
    annotate(lease, [None, None, None], neither_valid=True)


def test_the_rubric_of_another_project_is_refused(sample, ana):
    with refused("not of the project"):
        annotate(claim(sample, by=ana), [3], rubric=make_project("elsewhere").rubric)


def test_an_assignment_has_one_current_annotation(sample, ana):
    lease = claim(sample, by=ana)
    annotate(lease, [3])
    with refused("annotation_one_current"):
        annotate(lease, [4], revision=2, client_key="k2")


def test_a_revision_and_a_client_key_stand_once(sample, ana):
    lease = claim(sample, by=ana)
    annotate(lease, [3])
    with refused("annotation_revision_once"):
        annotate(lease, [4], client_key="k2", is_current=False)
    with refused("annotation_once_per_client_key"):
        annotate(lease, [4], revision=2, is_current=False)
    with refused("annotation_has_a_client_key"):
        annotate(lease, [4], revision=3, client_key="", is_current=False)


def test_there_are_two_rounds(sample, ana):
    with refused("annotation_round_known"):
        annotate(claim(sample, by=ana), [3], round=3)


@pytest.mark.parametrize(
    "column", ["ratings = '{1}'", "comment = 'other'", "round = 2", "revision = 9", "client_key = 'x'"]
)
def test_an_annotation_never_changes(sample, ana, column):
    annotation = rate(sample, by=ana, overall=3).annotation
    with refused("frozen"):
        sql(f"UPDATE annotation_annotation SET {column} WHERE id = %s", annotation.pk)  # noqa: S608  a literal above


def test_an_annotation_may_only_stop_being_the_current_one(sample, ana):
    annotation = rate(sample, by=ana, overall=3).annotation
    assert change(annotation, is_current=False) == 1


def test_the_audit_trail_never_changes(sample, ana, ben, cleo):
    for person in (ana, ben, cleo):
        rate(sample, by=person, overall=3)
    event = sample.events.get()
    with refused("frozen"):
        change(event, reason="another")
    assert change(event, actor=None) == 1


def test_every_constraint_and_index_that_the_models_name_is_in_the_database(db):
    metas = [model._meta for name in ("annotation", "modelgen") for model in apps.get_app_config(name).get_models()]
    named = {rule.name for meta in metas for rule in (*meta.constraints, *meta.indexes)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes UNION SELECT conname FROM pg_constraint")
        there = {name for (name,) in cursor.fetchall()}
    assert named - there == set()
