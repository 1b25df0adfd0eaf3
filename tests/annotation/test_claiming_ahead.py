"""The sample after the one in hand, claimed while somebody still reads: a second lease, under the rules of every claim."""

from functools import partial

import pytest
from django.db import transaction
from gold_story import make_gold, project_with_test
from races import start, together, wait_until_somebody_waits
from story import (
    MINUTE,
    NOW,
    answer,
    claim,
    counters,
    crowd,
    join,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    scale,
)

from annotation.models import Annotator, Assignment, Project
from annotation.services import claiming, leases, submission
from annotation.services.claiming import NotClaimable

LATER = NOW + 61 * MINUTE


def as_a_request_sees(person):
    return Annotator.objects.select_related("project").get(pk=person.pk)


def next_for(person, at=NOW):
    return claiming.claim_next(annotator=as_a_request_sees(person), at=at)


def ahead_for(person, at=NOW):
    return claiming.claim_ahead(annotator=as_a_request_sees(person), at=at)


def submit(lease, at=NOW):
    return submission.submit(assignment_id=lease.pk, answer=answer(overall=3), at=at)


def places(person):
    held = person.assignments.filter(state="leased").order_by("lease_place")
    return [(lease.lease_place, lease.pk) for lease in held]


# --- the second lease -------------------------------------------------------------------------------------------
def test_the_next_sample_is_leased_beside_the_one_in_hand(project, ana):
    make_samples(project, 3)
    in_hand, ahead = next_for(ana), ahead_for(ana)
    assert ahead.sample != in_hand.sample
    assert ahead.sample.content.responses
    assert places(ana) == [(0, in_hand.pk), (1, ahead.pk)]
    assert counters(ahead.sample)[1] == 1


def test_asking_again_returns_the_one_ahead_and_renews_both(project, ana):
    make_samples(project, 5)
    in_hand, ahead = next_for(ana), ahead_for(ana)
    again = ahead_for(ana, at=NOW + 30 * MINUTE)
    assert again == ahead
    assert {lease.lease_expires_at for lease in ana.assignments.all()} == {NOW + 90 * MINUTE}
    assert places(ana) == [(0, in_hand.pk), (1, ahead.pk)]


def test_a_reload_resumes_the_one_in_hand_whichever_stands_ahead(project, ana):
    make_samples(project, 5)
    in_hand, _ahead = next_for(ana), ahead_for(ana)
    assert next_for(ana) == in_hand


def test_after_the_submission_the_one_ahead_is_in_hand_and_another_is_ahead(project, ana):
    make_samples(project, 5)
    first, second = next_for(ana), ahead_for(ana)
    submit(first)
    assert next_for(ana) == second
    third = ahead_for(ana)
    assert third not in (first, second)
    assert places(ana) == [(0, second.pk), (1, third.pk)]
    assert next_for(ana) == second


def test_with_nothing_in_hand_it_is_a_claim_like_any_other(project, ana):
    make_samples(project, 2)
    lease = ahead_for(ana)
    assert (lease.lease_place, next_for(ana)) == (0, lease)


def test_where_nothing_further_is_left_nothing_is_ahead_and_the_one_in_hand_stays(project, sample, ana):
    in_hand = next_for(ana)
    assert ahead_for(ana) is None
    assert ahead_for(ana) is None
    assert next_for(ana) == in_hand
    late = make_sample(project, "late")
    assert ahead_for(ana).sample == late


def test_leases_whose_time_is_up_are_given_back_before_nothing_is_said_but_not_the_one_in_hand(project, ana, ben):
    one, other = make_samples(project, 2)
    in_hand = claim(one, by=ana)
    for person in [ben, *crowd(project, 2)]:
        claim(other, by=person)
    ahead = ahead_for(ana, at=LATER)
    assert ahead.sample == other
    assert places(ana) == [(0, in_hand.pk), (1, ahead.pk)]


def test_the_one_ahead_is_given_back_like_any_other(project, ana, ben):
    make_samples(project, 4)
    in_hand, ahead = next_for(ana), ahead_for(ana)
    leases.release(assignment=ahead, at=NOW)
    assert places(ana) == [(0, in_hand.pk)]
    assert counters(ahead.sample) == (3, 0, 0)
    assert next_for(ben).sample == ahead.sample


def test_when_the_one_in_hand_is_given_back_the_one_ahead_is_in_hand(project, ana):
    make_samples(project, 4)
    in_hand, ahead = next_for(ana), ahead_for(ana)
    leases.release(assignment=in_hand, at=NOW)
    assert next_for(ana) == ahead
    assert ahead_for(ana).lease_place == 1
    assert places(ana)[0] == (0, ahead.pk)


def test_a_named_sample_beside_the_one_in_hand_counts_as_the_one_ahead(project, ana):
    one, two, _three = make_samples(project, 3)
    claim(one, by=ana)
    named = claim(two, by=ana)
    assert ahead_for(ana) == named


def test_a_sample_that_comes_back_to_somebody_is_shown_in_the_order_that_they_saw(db):
    project = make_project("pairs", attributes=[scale("preference", -1, 0, 1, scope="comparison")])
    for person in crowd(project, 12):
        pair = make_pair(project, person.external_id)
        seen = claim(pair, by=person)
        leases.release(assignment=seen, at=NOW)
        assert claim(pair, by=person).shown_order == seen.shown_order


# --- the rules of a claim ---------------------------------------------------------------------------------------
def refusal(person):
    with pytest.raises(NotClaimable) as refused:
        ahead_for(person)
    return refused.value.code


def test_the_cap_counts_the_one_ahead(project, ana):
    make_samples(project, 4)
    Annotator.objects.update(cap=2)
    next_for(ana)
    ahead = ahead_for(ana)
    assert ahead_for(ana) == ahead
    submit(next_for(ana))
    assert next_for(ana) == ahead
    assert refusal(ana) == "at_cap"


def test_who_is_held_back_keeps_the_one_ahead_and_gets_no_other(project, ana, ben):
    make_samples(project, 4)
    next_for(ana), next_for(ben)
    ahead = ahead_for(ana)
    Annotator.objects.update(held_until=NOW + 10 * MINUTE)
    assert ahead_for(ana) == ahead
    assert refusal(ben) == "held"


@pytest.mark.parametrize("paused", [Project, Annotator])
def test_nothing_is_handed_out_ahead_in_a_pause(project, ana, paused):
    make_samples(project, 4)
    next_for(ana)
    paused.objects.update(state="paused")
    assert refusal(ana) == "paused"


def test_gold_comes_ahead_by_the_same_chance(db):
    project = make_project("gold", gold_rate=0.5)
    make_gold(project, "g1", overall=3), make_gold(project, "g2", overall=3)
    make_samples(project, 20)
    ahead = []
    for person in crowd(project, 20):
        next_for(person)
        ahead.append(ahead_for(person))
    assert {lease.is_gold for lease in ahead} == {True, False}


def test_in_the_test_nothing_is_claimed_ahead(db):
    project = project_with_test(size=2)
    for number in range(3):
        make_gold(project, f"g{number}", overall=3)
    ana = join(project, "ana")
    assert not ana.is_qualified
    in_hand = next_for(ana)
    assert ahead_for(ana) is None
    assert places(ana) == [(0, in_hand.pk)]


def test_skills_are_asked_of_the_one_ahead(project, ana):
    make_sample(project, "plain")
    make_sample(project, "special", requires=["ko"])
    next_for(ana)
    assert ahead_for(ana) is None
    Annotator.objects.filter(pk=ana.pk).update(skills=["ko"])
    assert ahead_for(ana).sample.external_id == "special"


# --- at the same moment -----------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_windows_that_look_ahead_are_given_one_sample():
    project = make_project()
    make_samples(project, 6)
    [ana] = crowd(project, 1)
    in_hand = next_for(ana)
    given = together([partial(ahead_for, ana)] * 4)
    assert len({lease.pk for lease in given}) == 1
    assert places(ana) == [(0, in_hand.pk), (1, given[0].pk)]


@pytest.mark.django_db(transaction=True)
def test_with_nothing_in_hand_windows_that_claim_and_look_ahead_get_two_at_most():
    project = make_project()
    make_samples(project, 6)
    for person in crowd(project, 4):
        together([partial(next_for, person), partial(ahead_for, person)] * 3)
        held = places(person)
        assert [place for place, _ in held] in ([0], [0, 1])


@pytest.mark.django_db(transaction=True)
def test_looking_ahead_while_the_one_in_hand_is_submitted_promotes_the_one_that_was_ahead():
    """The submission has the assignment when the claim asks for it: what stood first is gone when the claim goes on."""
    project = make_project()
    make_samples(project, 6)
    [ana] = crowd(project, 1)
    first, second = next_for(ana), ahead_for(ana)
    with transaction.atomic():
        submit(first)
        looking = start(partial(ahead_for, ana))
        wait_until_somebody_waits()
    third = looking.result(timeout=20)
    assert third not in (first, second)
    assert places(ana) == [(0, second.pk), (1, third.pk)]


@pytest.mark.django_db(transaction=True)
def test_the_last_slot_goes_to_one_of_those_who_look_ahead():
    project = make_project()
    last, *others = make_samples(project, 4)
    *holders, ana, ben, cleo = crowd(project, 5)
    for person in holders:
        claim(last, by=person)
    for person, sample in zip((ana, ben, cleo), others, strict=True):
        claim(sample, by=person)
        sample.__class__.objects.filter(pk=sample.pk).update(target=1)
    given = together([partial(ahead_for, person) for person in (ana, ben, cleo)])
    assert [lease.sample for lease in given if lease] == [last]
    assert counters(last) == (3, 3, 0)


@pytest.mark.django_db(transaction=True)
def test_a_crowd_with_two_leases_each_is_never_over_assigned_and_finishes_everything():
    """Eight people, each always reading one sample with the next one ahead, until all are told that nothing is left."""
    project = make_project()
    samples = make_samples(project, 8)
    people = crowd(project, 8)

    def work(person):
        while lease := next_for(person):
            ahead = ahead_for(person)
            assert ahead is None or ahead.sample != lease.sample
            submit(lease)

    together([partial(work, person) for person in people])
    for person in people:  # whoever was told "nothing" while others had the last ones in hand asks once more
        work(person)
    assert [counters(sample) for sample in samples] == [(3, 0, 3)] * 8
    assert Assignment.objects.count() == 24
    assert not project.samples.exclude(state="resolved").exists()
