"""What somebody gave back, or let run out, comes to them again: gold as work does, and never over an answer on its way."""

import pytest
from django.db import connection, transaction
from gold_story import make_gold, project_with_test
from races import start, wait_until_somebody_waits
from story import MINUTE, NOW, answer, claim, counters, join, make_project, make_sample
from training_story import make_training

from annotation.models import Annotator, Assignment, Project
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
    """Three samples of work and as many of gold, of which half of all claims are answered."""
    project = make_project("mixed", gold_rate=0.5)
    for number in range(3):
        make_gold(project, f"g{number}", overall=3)
        make_sample(project, f"w{number}")
    return project


def draws(project, *, gold):
    """From now on chance gives gold always, or never."""
    Project.objects.filter(pk=project.pk).update(gold_rate=1.0 if gold else 1e-12)


@pytest.mark.parametrize("is_gold", [True, False])
@pytest.mark.parametrize("end", ["released", "expired"])
def test_what_was_given_back_comes_again_whether_it_is_gold_or_work(mixed, is_gold, end):
    ana = join(mixed, "ana")
    draws(mixed, gold=is_gold)
    first = next_for(ana)
    assert first.is_gold == is_gold
    ends(first, end)
    draws(mixed, gold=False)
    again = next_for(ana, at=LATER)
    assert (again.pk, again.is_gold, again.shown_order) == (first.pk, is_gold, first.shown_order)
    assert Annotator.objects.get(pk=ana.pk).given_count == 1


@pytest.mark.parametrize("is_gold", [True, False])
def test_a_page_that_is_loaded_again_finds_the_same_sample_ahead(mixed, is_gold):
    ana = join(mixed, "ana")
    next_for(ana)
    draws(mixed, gold=is_gold)
    ahead = ahead_for(ana)
    leases.release(assignment=ahead, at=NOW)
    draws(mixed, gold=False)
    assert ahead_for(ana) == ahead


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
    draws(mixed, gold=True)
    first = next_for(ana)
    leases.release(assignment=first, at=NOW)
    first.sample.gold_answers.update(is_served=False)
    draws(mixed, gold=False)
    assert next_for(ana) != first


# --- an answer on its way ---------------------------------------------------------------------------------------
def given(kind):
    """A sample of this kind in ana's hands, whose lease has run out."""
    project = make_project(gold_rate=0.5 if kind == "gold" else 0.0)
    ana = join(project, "ana")
    if kind == "training":
        Annotator.objects.update(trained_at=None)
        make_training(project, overall=3)
    elif kind == "gold":
        make_gold(project, overall=3)
        draws(project, gold=True)
    else:
        make_sample(project)
    lease = next_for(ana)
    leases.expire(at=LATER)
    draws(project, gold=False) if kind == "gold" else None
    return ana, lease


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["work", "gold", "training"])
def test_a_claim_beside_the_answer_to_a_lease_that_ran_out_leaves_the_answer_alone(kind):
    ana, lease = given(kind)
    with transaction.atomic():
        submit(lease)
        claiming_meanwhile = start(lambda: next_for(ana, at=LATER))
        if kind != "gold":
            wait_until_somebody_waits()
    assert claiming_meanwhile.result(timeout=20) is None
    kept = Assignment.objects.get(pk=lease.pk)
    assert (kept.state, kept.lease_place, kept.annotations.count()) == ("submitted", None, 1)
    assert counters(kept.sample)[1] == 0
