"""Who gets what: skills, priorities, late imports, cursors that pass, and "nothing left" that is true and cheap."""

from datetime import timedelta

import pytest
from django.db import connection
from story import MINUTE, NOW, answer, crowd, join, make_project, make_sample, make_samples, rate, rate_overall

from annotation.models import Annotator, Assignment, Sample
from annotation.services import claiming, leases, submission
from annotation.services.claiming import NotClaimable

HOUR = timedelta(hours=1)


def claim_next(annotator, at=NOW):
    return claiming.claim_next(annotator=annotator, at=at)


def refusal(annotator, at=NOW):
    with pytest.raises(NotClaimable) as refused:
        claim_next(annotator, at)
    return refused.value.code


def work_through(annotator, at=NOW):
    """Claim and submit until nothing is left; the samples in the order in which they came."""
    order = []
    while lease := claim_next(annotator, at):
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=at)
        order.append(lease.sample.external_id)
    return order


# --- skills ------------------------------------------------------------------------------------------------------
def test_a_sample_goes_to_people_with_every_skill_that_it_asks_for(project, ana, ben):
    make_sample(project, "korean", requires=["KO", "chemistry"])
    make_sample(project, "plain")
    Annotator.objects.filter(pk=ana.pk).update(skills=["chemistry", "de", "ko"])
    Annotator.objects.filter(pk=ben.pk).update(skills=["ko"])
    assert sorted(work_through(ana)) == ["korean", "plain"]
    assert work_through(ben) == ["plain"]


def test_somebody_who_learns_a_skill_gets_what_was_passed(project, ana):
    make_sample(project, "korean", requires=["ko"])
    assert claim_next(ana) is None
    Annotator.objects.filter(pk=ana.pk).update(skills=["ko"])
    assert claim_next(ana).sample.external_id == "korean"


def test_a_directed_claim_asks_for_the_skill_too(project, ana):
    sample = make_sample(project, "korean", requires=["ko"])
    with pytest.raises(NotClaimable, match="ko") as refused:
        claiming.claim_sample(annotator=ana, sample=sample, at=NOW)
    assert refused.value.code == "not_for_you"


def test_only_people_with_the_skill_are_asked_when_three_disagree(project):
    people = crowd(project, 5)
    Annotator.objects.filter(pk__in=[person.pk for person in people[:4]]).update(skills=["ko"])
    sample = make_sample(project, "korean", requires=["ko"])
    rate_overall(sample, {people[0]: 1, people[1]: 6, people[2]: 3})
    sample.refresh_from_db()
    assert (sample.state, sample.open_slots) == ("escalated", 1)
    assert claim_next(people[4]) is None
    assert claim_next(people[3]).sample == sample


def test_what_one_lacks_the_skills_for_is_passed_once(project, ana):
    samples = [make_sample(project, f"korean{number}", requires=["ko"]) for number in range(3)]
    assert claim_next(ana) is None
    ana.refresh_from_db()
    assert ana.fresh_cursor == max(sample.rank for sample in samples)
    late = make_sample(project, "late")
    assert claim_next(ana).sample == late


# --- priorities --------------------------------------------------------------------------------------------------
def test_priority_decides_the_order_and_below_nought_comes_last(project, ana):
    for name, priority in (("last", -3), ("third", 0), ("second", 2), ("first", 7)):
        make_sample(project, name, priority=priority)
    assert work_through(ana) == ["first", "second", "third", "last"]


def test_a_sample_that_is_made_urgent_comes_next(project, ana):
    _ordinary, urgent = sorted(make_samples(project, 2), key=lambda sample: sample.rank)
    Sample.objects.filter(pk=urgent.pk).update(priority=1)
    assert claim_next(ana).sample == urgent


def test_an_urgent_sample_is_taken_before_an_escalated_one(project, ana, ben, cleo, dan):
    escalated = make_sample(project, "escalated")
    rate_overall(escalated, {ana: 1, ben: 6, cleo: 3})
    make_sample(project, "urgent", priority=1)
    assert work_through(dan) == ["urgent", "escalated"]


# --- lanes and cursors -------------------------------------------------------------------------------------------
def test_samples_that_are_imported_late_lie_beyond_every_cursor_and_in_no_order_of_arrival(project, ana):
    early = make_samples(project, 3)
    work_through(ana)
    late = [make_sample(project, f"late{number}") for number in range(12)]
    assert min(sample.rank for sample in late) > max(sample.rank for sample in early)
    ranks = [sample.rank for sample in late]
    assert ranks != sorted(ranks)  # one chance in 479 million of being so by accident
    assert sorted(work_through(ana)) == sorted(sample.external_id for sample in late)


def test_the_returned_cursor_passes_what_one_has_had_and_stops_before_what_is_only_locked(project, ana, ben):
    returned = make_samples(project, 6)
    for sample in returned:
        leases.release(assignment=claiming.claim_sample(annotator=ben, sample=sample, at=NOW), at=NOW)
    assert len(work_through(ana)) == 6
    ana.refresh_from_db()
    assert ana.returned_cursor == max(Sample.objects.values_list("lane_seq", flat=True))
    again = make_sample(project, "again")
    leases.release(assignment=claiming.claim_sample(annotator=ben, sample=again, at=NOW), at=NOW)
    assert claim_next(ana).sample == again


# --- "nothing left" ----------------------------------------------------------------------------------------------
def test_nothing_left_is_remembered_and_what_comes_back_is_found_again(project, ana, ben):
    sample = make_sample(project)
    assert work_through(ana) == [sample.external_id]
    ana.refresh_from_db()
    assert ana.nothing_before > 0
    other = make_sample(project, "other")
    held = claiming.claim_sample(annotator=ben, sample=other, at=NOW)
    assert claim_next(ana).sample == other
    leases.release(assignment=held, at=NOW)


def test_ones_own_released_sample_comes_again(project, ana):
    make_sample(project)
    leases.release(assignment=claim_next(ana), at=NOW)
    assert claim_next(ana) is not None


def test_a_watermark_of_another_cluster_is_not_trusted(project, ana):
    """A restored database counts its transactions anew, so the remembered one may lie far in the future."""
    make_sample(project)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_annotator SET nothing_before = 2^60, nothing_at = now()")
        cursor.execute("UPDATE annotation_annotator SET fresh_cursor = 2^61")
    assert claim_next(ana) is not None


def test_an_old_watermark_is_not_trusted(project, ana):
    make_sample(project)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon = cursor.fetchone()[0]
        cursor.execute("UPDATE annotation_sample SET claimable_xid = 1")
        cursor.execute(
            "UPDATE annotation_annotator SET fresh_cursor = 2^61, nothing_before = %s, nothing_at = now()", [horizon]
        )
        assert claim_next(ana) is None
        cursor.execute("UPDATE annotation_annotator SET nothing_at = now() - interval '61 minutes'")
    assert claim_next(ana) is not None


def test_leases_whose_time_is_up_are_given_back_before_nothing_left_is_said(project, ana, ben, cleo, dan):
    make_sample(project)
    for person in (ana, ben, cleo):
        assert claim_next(person)
    assert claim_next(dan) is None
    assert claim_next(dan, NOW + HOUR + MINUTE) is not None
    assert Assignment.objects.filter(state="expired").count() == 3


def test_leases_of_another_project_are_left_alone(project, ana):
    other = make_project("other")
    sample, (ben,) = make_sample(other), crowd(other, 1)
    claiming.claim_sample(annotator=ben, sample=sample, at=NOW)
    assert claim_next(ana, NOW + 2 * HOUR) is None
    assert Assignment.objects.get().state == "leased"


# --- caps and holds ----------------------------------------------------------------------------------------------
def test_the_cap_counts_what_was_given_without_what_was_given_back(project, ana):
    make_samples(project, 4)
    Annotator.objects.filter(pk=ana.pk).update(cap=2)
    leases.release(assignment=claim_next(ana), at=NOW)
    for _ in range(2):
        submission.submit(assignment_id=claim_next(ana).pk, answer=answer(overall=4), at=NOW)
    assert refusal(ana) == "at_cap"
    ana.refresh_from_db()
    assert ana.given_count == 2


def test_somebody_held_back_keeps_what_is_in_hand_and_gets_nothing_new(project, ana):
    make_samples(project, 2)
    held = claim_next(ana)
    Annotator.objects.filter(pk=ana.pk).update(held_until=NOW + HOUR)
    assert claim_next(ana) == held
    submission.submit(assignment_id=held.pk, answer=answer(overall=4), at=NOW)
    assert refusal(ana) == "held"
    assert claim_next(ana, NOW + HOUR) is not None


# --- arrival -----------------------------------------------------------------------------------------------------
def test_a_clock_that_was_put_back_does_not_change_the_order_of_arrival(project):
    people = crowd(project, 3)
    sample = make_sample(project)
    for minutes, person in zip((30, 10, 20), people, strict=True):
        rate(sample, by=person, at=NOW + minutes * MINUTE, overall=4)
    arrived = sample.assignments.order_by("finished_at", "pk").values_list("annotator_id", flat=True)
    assert list(arrived) == [person.pk for person in people]


def test_somebody_who_joins_twice_in_two_projects_has_two_cursors(project, ana):
    other = make_project("other")
    make_samples(other, 2)
    make_samples(project, 3)
    assert len(work_through(ana)) == 3
    assert len(work_through(join(other, "ana"))) == 2
