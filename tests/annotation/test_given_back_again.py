"""What somebody gave back, or let run out, comes to them again: gold as work does, and never over an answer on its way."""

import pytest
from django.db import transaction
from gold_story import hand_gold, make_gold, project_with_test
from races import start, wait_until_somebody_waits
from story import MINUTE, NOW, answer, counters, join, make_project, make_sample
from training_story import make_training

from annotation.models import Annotator, Assignment
from annotation.services import claiming, leases, submission

LATER = NOW + 61 * MINUTE


def as_a_request_sees(person):
    return Annotator.objects.select_related("project").get(pk=person.pk)


def next_for(person, at=NOW):
    return claiming.claim_next(annotator=as_a_request_sees(person), at=at)


def ahead_for(person, at=NOW):
    return claiming.claim_ahead(annotator=as_a_request_sees(person), at=at)


def submit(lease, at=LATER):
    return submission.submit(assignment_id=lease.pk, answer=answer(overall=3), at=at)


def ends(lease, end):
    leases.release(assignment=lease, at=NOW) if end == "released" else leases.expire(at=LATER)


# --- gold and work alike ----------------------------------------------------------------------------------------
@pytest.fixture
def mixed(db):
    """Work, and a gold sample that chance hardly ever draws: whoever has it was handed it before."""
    project = make_project("mixed", gold_rate=1e-9)
    for number in range(3):
        make_sample(project, f"w{number}")
    return project


def held(project, person, *, gold, place=0):
    """A sample in this person's hands, of gold or of work."""
    if gold:
        return hand_gold(make_gold(project, overall=3), by=person, place=place)
    return ahead_for(person) if place else next_for(person)


@pytest.mark.parametrize("gold", [True, False])
@pytest.mark.parametrize("end", ["released", "expired"])
def test_what_was_given_back_comes_again_whether_it_is_gold_or_work(mixed, gold, end):
    ana = join(mixed, "ana")
    first = held(mixed, ana, gold=gold)
    ends(first, end)
    again = next_for(ana, at=LATER)
    assert (again.pk, again.is_gold, again.shown_order) == (first.pk, gold, first.shown_order)
    assert Annotator.objects.get(pk=ana.pk).given_count == 1


@pytest.mark.parametrize("gold", [True, False])
def test_a_page_that_is_loaded_again_finds_the_same_sample_ahead(mixed, gold):
    ana = join(mixed, "ana")
    next_for(ana)
    ahead = held(mixed, ana, gold=gold, place=1)
    leases.release(assignment=ahead, at=NOW)
    assert ahead_for(ana) == ahead


def test_what_waits_in_the_returned_lane_comes_before_it_as_before_work(mixed):
    ana, ben = join(mixed, "ana"), join(mixed, "ben")
    escalated = next_for(ben)
    gold = held(mixed, ana, gold=True)
    leases.release(assignment=escalated, at=NOW)
    leases.release(assignment=gold, at=NOW)
    assert next_for(ana).sample == escalated.sample
    assert ahead_for(ana) == gold


def test_a_sample_of_the_test_that_ran_out_comes_again(db):
    project = project_with_test(size=2)
    for number in range(3):
        make_gold(project, f"g{number}", overall=3)
    ana = join(project, "ana")
    first = next_for(ana)
    leases.expire(at=LATER)
    assert next_for(ana, at=LATER) == first


def test_gold_that_is_served_no_more_does_not_come_again(mixed):
    ana = join(mixed, "ana")
    first = held(mixed, ana, gold=True)
    leases.release(assignment=first, at=NOW)
    first.sample.gold_answers.update(is_served=False)
    assert not next_for(ana).is_gold


# --- an answer on its way ---------------------------------------------------------------------------------------
def given(kind):
    """A sample of this kind in the hands of somebody, whose lease has run out. There is nothing else but one to teach."""
    project = make_project(gold_rate=1e-9)
    if kind == "training":
        make_training(project, "t1", overall=3), make_training(project, "t2", overall=3)
    elif kind == "work":
        make_sample(project)
    ana = join(project, "ana")
    lease = hand_gold(make_gold(project, overall=3), by=ana) if kind == "gold" else next_for(ana)
    leases.expire(at=LATER)
    return ana, lease


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["work", "gold", "training"])
def test_a_claim_beside_the_answer_to_a_lease_that_ran_out_leaves_the_answer_alone(kind):
    ana, lease = given(kind)
    with transaction.atomic():
        submit(lease)
        meanwhile = start(lambda: next_for(ana, at=LATER))
        meanwhile.result(timeout=20) if kind == "gold" else wait_until_somebody_waits()
    assert meanwhile.result(timeout=20) != lease
    kept = Assignment.objects.get(pk=lease.pk)
    assert (kept.state, kept.lease_place, kept.annotations.count()) == ("submitted", None, 1)
    assert counters(kept.sample)[1] == 0


@pytest.mark.django_db(transaction=True)
def test_a_sample_that_comes_again_and_one_ahead_at_the_same_moment_stay_within_the_cap():
    project = make_project()
    make_sample(project, "s1"), make_sample(project, "s2")
    ana = join(project, "ana")
    Annotator.objects.update(cap=1)
    leases.release(assignment=next_for(ana), at=NOW)
    with transaction.atomic():
        again = next_for(ana)
        ahead = start(lambda: ahead_for(ana))
        wait_until_somebody_waits()
    with pytest.raises(claiming.NotClaimable):
        ahead.result(timeout=20)
    assert [lease.pk for lease in ana.assignments.filter(state="leased")] == [again.pk]
