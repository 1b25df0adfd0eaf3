"""Many people claim at the same moment. Over-assigned means: counted + leased is more than the target."""

from functools import partial

import pytest
from django.db import transaction
from races import start, together, wait_until_somebody_waits
from story import NOW, answer, claim, counters, crowd, join, make_project, make_sample, make_samples

from annotation.models import Annotation, Assignment, Sample
from annotation.services import claiming, leases, submission

pytestmark = pytest.mark.django_db(transaction=True)


def claim_next(person):
    return claiming.claim_next(annotator=person, at=NOW)


def work_until_nothing_is_left(person):
    """Claim and submit until told that nothing is left; returns the samples that were judged."""
    judged = []
    while lease := claim_next(person):
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
        judged.append(lease.sample_id)
    return judged


def test_a_burst_on_one_sample_leases_exactly_its_slots():
    project = make_project()
    sample = make_sample(project)
    leased = together([partial(claim_next, person) for person in crowd(project, 16)])
    assert sum(lease is not None for lease in leased) == 3
    assert counters(sample) == (3, 3, 0)


def test_nobody_in_a_burst_is_told_wrongly_that_nothing_is_left():
    for burst in range(6):
        project = make_project(f"burst-{burst}")
        make_samples(project, 3)
        leased = together([partial(claim_next, person) for person in crowd(project, 9)])
        assert all(leased), f"{leased.count(None)} of 9 people were told that nothing is left of 9 slots"
        assert [counters(sample)[1] for sample in project.samples.all()] == [3, 3, 3]


def test_sixteen_people_empty_a_project_without_a_sample_too_many_or_too_few():
    project = make_project()
    make_samples(project, 10)
    judged = together([partial(work_until_nothing_is_left, person) for person in crowd(project, 16)])
    assert sum(len(samples) for samples in judged) == 30
    assert all(len(set(samples)) == len(samples) for samples in judged)
    assert {(*counters(sample), sample.state) for sample in project.samples.all()} == {(3, 0, 3, "resolved")}
    assert Annotation.objects.count() == Assignment.objects.filter(state="submitted").count() == 30


def test_two_tabs_of_one_person_get_one_sample():
    project = make_project()
    make_samples(project, 4)
    [ana] = crowd(project, 1)
    leases_of_both = together([partial(claim_next, ana)] * 2)
    assert leases_of_both[0] == leases_of_both[1]
    assert Assignment.objects.count() == 1
    assert sum(Sample.objects.values_list("leased_count", flat=True)) == 1


def test_a_sample_that_is_locked_for_a_moment_is_passed_over_while_others_are_free():
    project = make_project()
    first, second = sorted(make_samples(project, 2), key=lambda sample: sample.rank)
    [ana] = crowd(project, 1)
    with transaction.atomic():
        Sample.objects.select_for_update().get(pk=first.pk)
        assert start(partial(claim_next, ana)).result(timeout=20).sample == second


def test_a_sample_that_is_locked_for_a_moment_is_waited_for_when_it_is_the_last():
    project = make_project()
    sample = make_sample(project)
    [ana] = crowd(project, 1)
    with transaction.atomic():
        Sample.objects.select_for_update().get(pk=sample.pk)
        pending = start(partial(claim_next, ana))
        wait_until_somebody_waits()
        assert not pending.done()
    assert pending.result(timeout=20).sample == sample


def test_a_sample_that_is_being_given_back_is_not_nothing_left():
    """It has a slot before and after; on its way it changes from the fresh lane to the returned one."""
    project = make_project()
    sample = make_sample(project)
    ana, ben = crowd(project, 2)
    lease = claim(sample, by=ana)
    with transaction.atomic():
        leases.release(assignment=lease, at=NOW)
        pending = start(partial(claim_next, ben))
        wait_until_somebody_waits()
    claimed = pending.result(timeout=20)
    assert claimed is not None, "Ben was told that nothing is left, while two slots were free all the time."


def test_the_last_slot_goes_to_one_of_two():
    project = make_project()
    sample = make_sample(project)
    ana, ben, cleo, dan = crowd(project, 4)
    claim(sample, by=ana), claim(sample, by=ben)
    leased = together([partial(claim_next, person) for person in (cleo, dan)])
    assert sorted(lease is None for lease in leased) == [False, True]


def test_directed_claims_of_one_sample_never_exceed_its_slots():
    project = make_project()
    sample = make_sample(project)

    def try_to_claim(person):
        try:
            return claiming.claim_sample(annotator=person, sample=sample, at=NOW)
        except claiming.NotClaimable as refusal:
            return refusal.code

    outcomes = together([partial(try_to_claim, person) for person in crowd(project, 12)])
    assert outcomes.count("no_slot") == 9
    assert counters(sample) == (3, 3, 0)


def test_directed_claims_by_one_person_never_exceed_two_nor_their_cap():
    project = make_project()
    samples = make_samples(project, 6)
    ana, ben = crowd(project, 2)
    project.annotators.filter(pk=ben.pk).update(cap=1)
    ben.refresh_from_db()

    def try_to_claim(person, sample):
        try:
            return bool(claiming.claim_sample(annotator=person, sample=sample, at=NOW))
        except claiming.NotClaimable:
            return False

    for person, most in ((ana, 2), (ben, 1)):
        together([partial(try_to_claim, person, sample) for sample in samples])
        assert 1 <= person.assignments.filter(state="leased").count() <= most


def test_two_reapers_give_a_lease_back_once():
    project = make_project(lease_minutes=1)
    samples = make_samples(project, 4)
    for person, sample in zip(crowd(project, 4), samples, strict=True):
        claim(sample, by=person)
    later = NOW.replace(hour=NOW.hour + 1)
    given_back = together([partial(leases.expire, at=later)] * 3)
    assert sum(given_back) == 4
    assert {counters(sample) for sample in samples} == {(3, 0, 0)}


def test_leases_expire_while_people_claim_and_no_counter_is_lost():
    project = make_project()
    samples = make_samples(project, 4)
    people = crowd(project, 8)
    for person in people:
        claim_next(person)
    later = NOW.replace(hour=NOW.hour + 2)
    newcomers = [join(project, f"new-{number}") for number in range(4)]
    together([*[partial(leases.expire, at=later)] * 2, *[partial(claim_next, person) for person in newcomers]])
    for sample in samples:
        held = sample.assignments.filter(state="leased").count()
        assert counters(sample) == (3, held, 0)
