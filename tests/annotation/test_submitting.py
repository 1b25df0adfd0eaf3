"""Taking annotations in: counted, late, repeated, refused; and nothing half written."""

from datetime import timedelta

import pytest
from django.db import connection
from story import (
    MINUTE,
    NOW,
    OVERALL,
    PREFERENCE,
    State,
    answer,
    claim,
    counters,
    crowd,
    last_event,
    make_pair,
    make_project,
    make_sample,
    rate,
    rate_overall,
    scale,
    skip,
    state_of,
)

from annotation.models import Annotation, Assignment, ReviewItem, Sample
from annotation.ratings import RatingsRefused
from annotation.services import leases, projects, submission
from annotation.services.submission import AlreadySubmitted, Answer


def submit(lease, at=NOW, key=None, **values):
    return submission.submit(assignment_id=lease.pk, answer=answer(key, **values), at=at)


def test_a_submission_while_the_lease_is_held_counts(sample, ana):
    receipt = rate(sample, by=ana, overall=4, comment="Good.", active_seconds=30)
    annotation, assignment = receipt.annotation, receipt.annotation.assignment
    assert receipt.counted
    assert (annotation.ratings, annotation.round, annotation.comment, annotation.active_seconds) == (
        [4],
        1,
        "Good.",
        30,
    )
    assert (assignment.state, assignment.lease_place, assignment.finished_at) == ("submitted", None, NOW)
    assert counters(sample) == (3, 0, 1)


def test_three_who_agree_resolve_a_sample(sample, ana, ben, cleo):
    rate_overall(sample, {ana: 4, ben: 5, cleo: 4})
    assert state_of(sample) == State.RESOLVED
    assert last_event(sample) == ("open", "resolved", "agreed")


def test_a_lease_that_nobody_has_taken_back_yet_still_counts(sample, ana):
    lease = claim(sample, by=ana)
    assert submit(lease, at=NOW + 3 * 60 * MINUTE, overall=4).counted


def test_an_expired_lease_counts_while_a_slot_is_free(sample, ana):
    lease = claim(sample, by=ana)
    leases.expire(at=NOW + 61 * MINUTE)
    assert submit(lease, at=NOW + 62 * MINUTE, overall=4).counted
    assert counters(sample) == (3, 0, 1)


def test_an_expired_lease_whose_slot_is_gone_is_kept_and_does_not_count(sample, ana, ben, cleo, dan):
    lease = claim(sample, by=ana)
    leases.expire(at=NOW + 61 * MINUTE)
    for person in (ben, cleo, dan):
        claim(sample, by=person)
    receipt = submit(lease, at=NOW + 62 * MINUTE, overall=1)
    lease.refresh_from_db()
    assert (receipt.counted, lease.state, receipt.annotation.ratings) == (False, "late", [1])
    assert counters(sample) == (3, 3, 0)


def test_a_late_annotation_is_shown_to_reviewers_and_decides_nothing(sample, ana, ben, cleo, dan):
    lease = claim(sample, by=ana)
    leases.expire(at=NOW + 61 * MINUTE)
    rate_overall(sample, {ben: 4, cleo: 4, dan: 4})
    submit(lease, at=NOW + 62 * MINUTE, overall=1)
    assert ReviewItem.objects.get().kind == "late_annotation"
    assert (state_of(sample), sample.labels.get().human_value) == (State.RESOLVED, 4)


def test_two_late_annotations_open_one_review_item(project, sample):
    *early, one, two = crowd(project, 5)
    late = []
    for person in (one, two):
        lease = claim(sample, by=person)
        leases.release(assignment=lease, at=NOW)
        late.append(lease)
    rate_overall(sample, dict.fromkeys(early, 4))
    for lease in late:
        assert not submit(lease, overall=1).counted
    assert ReviewItem.objects.count() == 1


@pytest.mark.parametrize("state", [State.RESOLVED, State.CONTESTED, State.EXCLUDED])
def test_a_lease_held_counts_whatever_became_of_the_sample(sample, ana, state):
    lease = claim(sample, by=ana)
    Sample.objects.update(state=state)
    assert submit(lease, overall=4).counted
    assert counters(sample)[1:] == (0, 1)


@pytest.mark.parametrize("state", [State.RESOLVED, State.CONTESTED, State.EXCLUDED])
def test_a_free_slot_of_a_closed_sample_does_not_make_a_submission_count(sample, ana, state):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=NOW)
    Sample.objects.update(state=state)
    assert not submit(lease, overall=4).counted


# --- idempotence ------------------------------------------------------------------------------------------------
def test_the_same_key_again_answers_as_before_and_stores_nothing(sample, ana):
    first = rate(sample, by=ana, key="mine", overall=4)
    again = rate(sample, by=ana, key="mine", overall=1, at=NOW + MINUTE)
    assert (again.annotation, again.counted, again.repeated) == (first.annotation, True, True)
    assert Annotation.objects.get().ratings == [4]
    assert counters(sample) == (3, 0, 1)


def test_the_same_key_of_a_late_annotation_is_answered_as_late(sample, ana, ben, cleo, dan):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=NOW)
    rate_overall(sample, {ben: 4, cleo: 4, dan: 4})
    for repeated in (False, True):
        receipt = submit(lease, key="mine", overall=1)
        assert (receipt.counted, receipt.repeated) == (False, repeated)


def test_another_key_for_an_answered_sample_is_refused(sample, ana):
    receipt = rate(sample, by=ana, overall=4)
    with pytest.raises(AlreadySubmitted, match="ana has already submitted this sample"):
        submit(receipt.annotation.assignment, overall=5)
    assert Annotation.objects.count() == 1


def test_a_skipped_sample_takes_no_answer(sample, ana):
    skip(sample, by=ana)
    with pytest.raises(AlreadySubmitted, match="skipped"):
        submit(Assignment.objects.get(), overall=5)


def test_two_people_may_use_the_same_key(sample, ana, ben):
    rate(sample, by=ana, key="same", overall=4)
    rate(sample, by=ben, key="same", overall=4)
    assert counters(sample) == (3, 0, 2)


# --- refused by name --------------------------------------------------------------------------------------------
WRONG = [
    ([], {"overall": "Overall: choose a value."}),
    ([{"attribute": "overall", "value": 7}], {"overall": "7, which is off its scale; choose one of 1, 2, 3, 4, 5, 6"}),
    ([{"attribute": "overall", "value": "4"}], {"overall": "'4', which is off its scale"}),
    ([{"attribute": "overall", "value": True}], {"overall": "True, which is off its scale"}),
    ([{"attribute": "overall", "value": 4.5}], {"overall": "4.5, which is off its scale"}),
    ([{"attribute": "style", "value": 1}], {"style": "No attribute 'style'", "overall": "Overall: choose a value."}),
    ([{"attribute": "overall", "value": 4, "response": "9"}], {"overall": "needs one of the responses 0; got '9'"}),
    ([{"attribute": "overall", "value": 4}] * 2, {"overall": "rated twice"}),
    ([{"value": 4}], {"None": "No attribute 'None'", "overall": "Overall: choose a value."}),
]


@pytest.mark.parametrize(("given", "problems"), WRONG)
def test_ratings_are_refused_by_name_and_nothing_is_written(sample, ana, given, problems):
    lease = claim(sample, by=ana)
    with pytest.raises(RatingsRefused) as refused:
        submission.submit(assignment_id=lease.pk, answer=Answer(given=given, client_key="k"), at=NOW)
    assert refused.value.problems.keys() == problems.keys()
    assert all(text in refused.value.problems[name] for name, text in problems.items())
    assert not Annotation.objects.exists()
    assert (counters(sample), Assignment.objects.get().state) == ((3, 1, 0), "leased")


def test_every_attribute_that_is_missing_is_named_at_once(db):
    project = make_project("both", attributes=[OVERALL, PREFERENCE, scale("style", 0, 1, optional=True)])
    [dora] = crowd(project, 1)
    with pytest.raises(RatingsRefused) as refused:
        submit(claim(make_pair(project), by=dora), overall=(3, None))
    assert refused.value.problems.keys() == {"overall", "preference"}


def rate_by(names):
    """Two responses, called as these names say; returns what was stored."""
    project = make_project("ids")
    sample = make_sample(project, responses=[{"id": "x", "text": "A"}, {"id": "y", "text": "B"}])
    [dora] = crowd(project, 1)
    rows = [
        {"attribute": "overall", "response": name, "value": value} for name, value in zip(names, (2, 5), strict=True)
    ]
    lease = claim(sample, by=dora)
    submission.submit(assignment_id=lease.pk, answer=Answer(given=rows, client_key="k"), at=NOW)
    return Annotation.objects.get().ratings


def test_with_several_responses_each_is_called_by_its_place(db):
    assert rate_by(["1", "0"]) == [5, 2]


def test_an_annotator_does_not_know_the_ids_of_the_import(db):
    """An id may name a model."""
    with pytest.raises(RatingsRefused, match="needs one of the responses 0, 1; got 'y'"):
        rate_by(["y", "x"])


def test_neither_valid_needs_no_ratings(db):
    project = make_project("both", attributes=[OVERALL, PREFERENCE])
    [dora] = crowd(project, 1)
    receipt = rate(make_pair(project), by=dora, neither_valid=True)
    assert (receipt.annotation.ratings, receipt.annotation.neither_valid) == ([None, None, None], True)


# --- rounds -----------------------------------------------------------------------------------------------------
def test_the_first_three_are_round_one_and_whoever_is_asked_after_is_round_two(sample, ana, ben, cleo, dan, eve):
    rate_overall(sample, {ana: 1, ben: 6, cleo: 6, dan: 6, eve: 6})
    assert list(Annotation.objects.order_by("pk").values_list("round", flat=True)) == [1, 1, 1, 2, 2]


def test_somebody_whose_lease_is_older_than_the_first_decision_is_round_two_after_it(project, sample):
    slow, *others = crowd(project, 5)
    lease = claim(sample, by=slow)
    leases.expire(at=NOW + 61 * MINUTE)
    rate_overall(sample, dict(zip(others, (1, 6, 6), strict=False)))
    assert submit(lease, overall=6).annotation.round == 2


def test_a_late_annotation_is_not_of_the_first_round(sample, ana, ben, cleo, dan):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=NOW)
    rate_overall(sample, {ben: 4, cleo: 4, dan: 4})
    assert submit(lease, overall=1).annotation.round == 2


def test_a_new_rubric_in_the_middle_of_a_sample_loses_no_submission(project, sample, ana, ben, cleo):
    """Rubrics are versioned: the third person may answer another one than the first two did."""
    rate_overall(sample, {ana: 4, ben: 4})
    projects.write_rubric(project=project, attributes=[OVERALL, scale("style", 0, 1, 2)])
    assert rate(sample, by=cleo, overall=4, style=1).counted


def test_a_claim_and_a_submission_touch_no_row_that_two_samples_share(sample, ana):
    before = rows_written()
    rate(sample, by=ana, overall=4)
    own = {"annotation_sample", "annotation_assignment", "annotation_annotation", "annotation_annotator"}
    own.add("annotation_statisticschange")  # rows that are only added, each of one sample
    written = rows_written()
    assert {table for table in written if written[table] != before.get(table)} == own


def rows_written():
    """Rows inserted and updated in this transaction, by table, as PostgreSQL counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def test_times_are_kept_apart_the_lease_from_the_submission(sample, ana):
    receipt = submit(claim(sample, by=ana), at=NOW + timedelta(seconds=90), overall=3)
    assert receipt.annotation.submitted_at - receipt.annotation.assignment.claimed_at == timedelta(seconds=90)
