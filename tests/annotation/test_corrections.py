"""For ten minutes a person may correct their own annotation; the decision is then made anew."""

from datetime import timedelta

import pytest
from story import (
    MINUTE,
    NOW,
    State,
    answer,
    claim,
    correct,
    counters,
    crowd,
    label_of,
    last_event,
    make_pair,
    make_project,
    make_sample,
    rate,
    rate_overall,
    skip,
    state_of,
)

from annotation.models import Annotation, DatasetVersion
from annotation.ratings import RatingsRefused
from annotation.services import adjudication, leases, submission, versions
from annotation.services.submission import NotCorrectable


@pytest.fixture
def agreed(project, sample):
    """Three who agree; their receipts."""
    return [rate(sample, by=person, overall=4) for person in crowd(project, 5)[:3]]


def refusal(receipt, **about):
    with pytest.raises(NotCorrectable) as refused:
        correct(receipt, overall=1, **about)
    return str(refused.value)


def test_a_correction_is_a_revision_and_the_first_answer_stays(sample, ana):
    first = rate(sample, by=ana, overall=4)
    second = correct(first, at=NOW + MINUTE, overall=5)
    assert (second.annotation.revision, second.counted) == (2, True)
    rows = Annotation.objects.order_by("revision").values_list("revision", "ratings", "is_current")
    assert list(rows) == [(1, [4], False), (2, [5], True)]
    assert counters(sample) == (3, 0, 1)


def test_a_correction_may_be_corrected(sample, ana):
    receipt = rate(sample, by=ana, overall=4)
    for value in (5, 6, 2):
        receipt = correct(receipt, overall=value)
    assert (receipt.annotation.revision, receipt.annotation.ratings) == (4, [2])


def test_after_exactly_ten_minutes_it_is_still_possible(sample, ana):
    assert correct(rate(sample, by=ana, overall=4), at=NOW + 10 * MINUTE, overall=5)


def test_a_moment_after_ten_minutes_it_is_not(sample, ana):
    receipt = rate(sample, by=ana, overall=4)
    assert "10 minutes" in refusal(receipt, at=NOW + 10 * MINUTE + timedelta(microseconds=1))
    assert Annotation.objects.get().ratings == [4]


def test_the_ten_minutes_run_from_the_first_answer(sample, ana):
    receipt = correct(rate(sample, by=ana, overall=4), at=NOW + 9 * MINUTE, overall=5)
    assert refusal(receipt, at=NOW + 11 * MINUTE)


def test_the_same_correction_twice_is_one(sample, ana):
    receipt = rate(sample, by=ana, overall=4)
    first = correct(receipt, key="again", overall=5)
    second = correct(receipt, key="again", overall=6, at=NOW + 20 * MINUTE)
    assert (second.annotation, second.repeated) == (first.annotation, True)
    assert Annotation.objects.count() == 2


def test_a_correction_that_does_not_fit_leaves_the_answer_as_it_was(sample, ana):
    receipt = rate(sample, by=ana, overall=4)
    with pytest.raises(RatingsRefused):
        correct(receipt, overall=9)
    assert Annotation.objects.get().is_current


@pytest.mark.parametrize("state", ["leased", "released", "skipped"])
def test_without_an_answer_there_is_nothing_to_correct(sample, ana, state):
    if state == "skipped":
        skip(sample, by=ana)
    else:
        lease = claim(sample, by=ana)
        if state == "released":
            leases.release(assignment=lease, at=NOW)
    pk = ana.assignments.get().pk
    with pytest.raises(NotCorrectable, match=f"this sample is {state} for you"):
        submission.correct(assignment_id=pk, answer=answer(overall=4), at=NOW)


# --- the decision is made anew ----------------------------------------------------------------------------------
def test_a_correction_may_escalate_what_was_resolved(sample, agreed):
    correct(agreed[0], overall=1)
    assert (state_of(sample), counters(sample)) == (State.ESCALATED, (5, 0, 3))
    assert last_event(sample) == ("resolved", "escalated", "first_round_disagreed")
    assert not sample.labels.filter(is_current=True).exists()


def test_a_second_correction_resolves_it_again(sample, agreed):
    correct(agreed[0], overall=1)
    correct(agreed[0], overall=5)
    assert (state_of(sample), counters(sample)) == (State.RESOLVED, (3, 0, 3))
    assert label_of(sample).human_value == 4


def test_a_correction_may_resolve_what_was_escalated(project, sample):
    ana, ben, cleo, *_ = crowd(project, 5)
    first = rate(sample, by=ana, overall=1)
    rate_overall(sample, {ben: 5, cleo: 5})
    correct(first, overall=5)
    assert (state_of(sample), counters(sample)) == (State.RESOLVED, (3, 0, 3))


def test_a_slot_that_was_leased_meanwhile_stays_and_its_answer_counts(project, sample, agreed):
    *_, dan, _eve = crowd(project, 5)
    correct(agreed[0], overall=1)
    lease = claim(sample, by=dan)
    correct(agreed[0], overall=4)
    assert counters(sample)[1] == 1
    assert submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW).counted
    assert state_of(sample) == State.RESOLVED


def test_a_correction_may_make_a_contested_sample_resolved(project, sample):
    people = crowd(project, 5)
    receipts = [rate(sample, by=person, overall=value) for person, value in zip(people, (1, 6, 1, 6, 3), strict=True)]
    assert state_of(sample) == State.CONTESTED
    correct(receipts[4], overall=6)
    assert (state_of(sample), label_of(sample).human_value) == (State.RESOLVED, 6)


def test_the_revisions_of_a_label_are_all_kept(sample, agreed):
    correct(agreed[0], overall=6)
    rows = sample.labels.order_by("revision").values_list("revision", "human_value", "is_current")
    assert list(rows) == [(1, 4, False), (2, 5, True)]


def test_a_correction_that_changes_nothing_about_the_votes_used_keeps_the_value(sample, agreed):
    correct(agreed[0], overall=4)
    assert label_of(sample).human_value == 4


def test_a_correction_keeps_its_round_and_its_place_in_the_order(project, sample):
    ana, ben, cleo, dan, _ = crowd(project, 5)
    rate_overall(sample, {ana: 1, ben: 6, cleo: 6})
    late = rate(sample, by=dan, overall=1)
    assert correct(late, overall=6).annotation.round == 2
    first = Annotation.objects.get(assignment__annotator=ana)
    assert submission.correct(assignment_id=first.assignment_id, answer=answer(overall=2), at=NOW).annotation.round == 1


def test_somebody_who_finds_neither_valid_by_mistake_gets_the_sample_back(db):
    """Two of the first three said "neither valid", so it was excluded; one of them takes it back."""
    project = make_project("pairs", attributes=[{**PREFERENCE}])
    sample = make_pair(project)
    ana, ben, *_ = crowd(project, 3)
    rate(sample, by=ana, neither_valid=True)
    mistaken = rate(sample, by=ben, neither_valid=True)
    assert state_of(sample) == State.EXCLUDED
    correct(mistaken, preference=1)
    assert state_of(sample) == State.OPEN


def test_a_late_answer_may_be_corrected_and_still_counts_nowhere(sample, ana, ben, cleo, dan):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=NOW)
    rate_overall(sample, {ben: 4, cleo: 4, dan: 4})
    late = submission.submit(assignment_id=lease.pk, answer=answer(overall=1), at=NOW)
    assert not correct(late, overall=2).counted
    assert (state_of(sample), label_of(sample).human_value) == (State.RESOLVED, 4)


# --- when answers stand -----------------------------------------------------------------------------------------
def test_after_a_reviewer_settled_it_answers_stand(sample, agreed, rita):
    given = [{"attribute": "overall", "value": 2}]
    adjudication.set_label(sample_id=sample.pk, given=given, by=rita, note="", cause="", at=NOW)
    assert "is closed" in refusal(agreed[0])
    assert label_of(sample).human_value == 2


def taken_in(project, at, **columns):
    """A version whose files hold what was there at this moment."""
    version = versions.request(project=project, by=None, at=at)
    DatasetVersion.objects.filter(pk=version.pk).update(snapshot_at=at, **columns)


@pytest.mark.parametrize("state", ["building", "ready"])
def test_in_a_published_version_answers_stand(project, sample, agreed, state):
    taken_in(project, NOW + MINUTE, state=state)
    assert "closed" in refusal(agreed[0], at=NOW + 2 * MINUTE)


def test_a_version_from_before_does_not_stop_a_correction(project, sample, ana):
    taken_in(project, NOW)
    assert correct(rate(sample, by=ana, at=NOW + MINUTE, overall=4), at=NOW + 2 * MINUTE, overall=5)


def test_a_sample_that_is_not_in_the_version_may_be_corrected(project, sample, ana):
    receipt = rate(sample, by=ana, overall=4)
    taken_in(project, NOW + MINUTE)
    assert correct(receipt, at=NOW + 2 * MINUTE, overall=5)


def test_a_version_that_failed_published_nothing(project, sample, agreed):
    taken_in(project, NOW + MINUTE, state="failed")
    assert correct(agreed[0], at=NOW + 2 * MINUTE, overall=5)


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_came_between_the_request_and_the_build_is_published_too():
    """The build takes its snapshot when it runs: what is in its files stands."""
    project = make_project()
    people, sample = crowd(project, 3), make_sample(project)
    version = versions.request(project=project, by=None, at=NOW)
    [first, *_] = [rate(sample, by=person, overall=4, at=NOW + MINUTE) for person in people]
    versions.build(version=version, at=NOW + 2 * MINUTE)
    version.refresh_from_db()
    assert version.files[0]["rows"] == 1
    assert "closed" in refusal(first, at=NOW + 3 * MINUTE)


PREFERENCE = {
    "name": "preference",
    "title": "Preference",
    "scope": "comparison",
    "level": "ordinal",
    "values": [{"value": value} for value in (-1, 0, 1)],
}
