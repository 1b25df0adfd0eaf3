"""Who comes back to a sample that is still open on the screen: its lease is renewed, or taken again where that can be."""

from functools import partial

import pytest
from django.db import transaction
from races import start, together, wait_until_somebody_waits
from story import (
    MINUTE,
    NOW,
    answer,
    claim,
    counters,
    crowd,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    scale,
    skip,
)

from annotation.models import Annotator, Assignment, Project, Sample
from annotation.services import claiming, leases, submission
from annotation.services.leases import LeaseGone

LATER = NOW + 61 * MINUTE


def hold(lease, at=LATER):
    mine = Assignment.objects.select_related("annotator__project", "sample").get(pk=lease.pk)
    return leases.hold(assignment=mine, at=at)


def gone(lease, at=LATER):
    with pytest.raises(LeaseGone) as refused:
        hold(lease, at)
    assert str(refused.value).endswith(".")
    return str(refused.value)


def ran_out(lease):
    leases.expire(at=LATER)
    lease.refresh_from_db()
    assert lease.state == "expired"
    return lease


# --- renewed, or taken again ------------------------------------------------------------------------------------
def test_a_lease_that_is_held_is_renewed(sample, ana):
    lease = claim(sample, by=ana)
    assert hold(lease, at=NOW + 50 * MINUTE) == NOW + 110 * MINUTE
    assert leases.expire(at=LATER) == 0


@pytest.mark.parametrize("end", ["expired", "released"])
def test_a_lease_that_ended_unjudged_is_taken_again_in_place(sample, ana, end):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=NOW) if end == "released" else ran_out(lease)
    assert counters(sample) == (3, 0, 0)
    assert hold(lease) == LATER + 60 * MINUTE
    again = Assignment.objects.get()
    assert (again.pk, again.state, again.lease_place, again.finished_at) == (lease.pk, "leased", 0, None)
    assert counters(sample) == (3, 1, 0)
    assert Annotator.objects.get(pk=ana.pk).given_count == 1


def test_the_order_in_which_the_responses_are_shown_stays(db):
    project = make_project("pairs", attributes=[scale("preference", -1, 0, 1, scope="comparison")])
    seen = {}
    for person in crowd(project, 12):
        lease = claim(make_pair(project, person.external_id), by=person)
        seen[lease.pk] = lease.shown_order
    leases.expire(at=LATER)
    for lease in Assignment.objects.all():
        hold(lease)
    assert {lease.pk: lease.shown_order for lease in Assignment.objects.filter(state="leased")} == seen


def test_it_counts_again_what_is_submitted_from_the_screen(sample, ana):
    lease = ran_out(claim(sample, by=ana))
    hold(lease)
    assert submission.submit(assignment_id=lease.pk, answer=answer(overall=3), at=LATER).counted


def test_gold_is_taken_again_without_a_slot(project, sample, ana):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=NOW)
    Assignment.objects.update(is_gold=True)
    Sample.objects.update(target=0, purpose="gold")
    hold(lease)
    assert (Assignment.objects.get().state, counters(sample)) == ("leased", (0, 0, 0))


# --- which of two is in hand ------------------------------------------------------------------------------------
def test_what_was_given_first_is_in_hand_again_though_the_one_ahead_was_renewed_before(project, ana):
    one, two = make_samples(project, 2)
    in_hand, ahead = claim(one, by=ana), claim(two, by=ana, at=NOW + MINUTE)
    leases.expire(at=LATER + MINUTE * 2)
    hold(ahead, at=LATER + 3 * MINUTE)
    hold(in_hand, at=LATER + 3 * MINUTE)
    held = Assignment.objects.order_by("lease_place").values_list("lease_place", "pk")
    assert list(held) == [(0, in_hand.pk), (1, ahead.pk)]


def test_beside_an_older_sample_it_stands_second(project, ana):
    one, two = make_samples(project, 2)
    older, mine = claim(one, by=ana), claim(two, by=ana, at=NOW + MINUTE)
    leases.release(assignment=mine, at=NOW + MINUTE)
    hold(mine, at=NOW + 2 * MINUTE)
    held = Assignment.objects.order_by("lease_place").values_list("lease_place", "pk")
    assert list(held) == [(0, older.pk), (1, mine.pk)]


def test_beside_two_others_there_is_no_room(project, ana):
    one, two, three = make_samples(project, 3)
    mine = claim(one, by=ana)
    leases.release(assignment=mine, at=NOW)
    claim(two, by=ana), claim(three, by=ana)
    assert "two other samples" in gone(mine, at=NOW)


# --- who may not ------------------------------------------------------------------------------------------------
def test_a_sample_whose_places_were_taken_is_gone(project, sample, ana):
    lease = ran_out(claim(sample, by=ana))
    for person in crowd(project, 3):
        claim(sample, by=person, at=LATER)
    assert "places were taken" in gone(lease)
    assert counters(sample) == (3, 3, 0)


def test_a_sample_that_was_decided_meanwhile_is_gone(project, sample, ana):
    lease = ran_out(claim(sample, by=ana))
    rate_overall(sample, dict.fromkeys(crowd(project, 3), 4), at=LATER)
    assert "places were taken" in gone(lease)


@pytest.mark.parametrize("end", ["submitted", "skipped"])
def test_a_sample_that_was_answered_or_skipped_is_gone(sample, ana, end):
    rate(sample, by=ana, overall=3) if end == "submitted" else skip(sample, by=ana)
    assert "ended" in gone(Assignment.objects.get())


@pytest.mark.parametrize("paused", [Project, Annotator])
def test_nothing_is_taken_again_in_a_pause_but_what_is_held_stays(project, ana, paused):
    one, two = make_samples(project, 2)
    released, held = claim(one, by=ana), claim(two, by=ana)
    leases.release(assignment=released, at=NOW)
    paused.objects.update(state="paused")
    assert "paused" in gone(released, at=NOW)
    assert hold(held, at=NOW)


def test_who_is_held_back_or_at_the_cap_or_unqualified_takes_nothing_again(project, ana):
    one, two = make_samples(project, 2)
    lease = claim(one, by=ana)
    leases.release(assignment=lease, at=NOW)
    rate(two, by=ana, overall=3)
    for change, back, said in (
        ({"held_until": LATER + MINUTE}, {"held_until": None}, "nothing new"),
        ({"cap": 1}, {"cap": None}, "has had all"),
        ({"is_qualified": False}, {"is_qualified": True}, "not qualified"),
    ):
        Annotator.objects.update(**change)
        assert said in gone(lease)
        Annotator.objects.update(**back)
    assert hold(lease)


def test_a_sample_that_asks_for_skills_which_one_has_no_longer_is_gone(project, ana):
    Annotator.objects.update(skills=["ko"])
    ana.refresh_from_db()
    lease = claim(make_sample(project, requires=["ko"]), by=ana)
    leases.release(assignment=lease, at=NOW)
    Annotator.objects.update(skills=[])
    assert "places were taken" in gone(lease)


# --- at the same moment -----------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_last_place_goes_to_who_comes_back_or_to_who_claims_but_not_to_both():
    project = make_project()
    for number in range(6):
        sample = make_sample(project, f"s{number}")
        ana, ben, *others = crowd(project, 4)
        for person in others:
            claim(sample, by=person)
        lease = claim(sample, by=ana)
        leases.release(assignment=lease, at=NOW)

        def back(lease=lease):
            try:
                return bool(hold(lease, at=NOW))
            except LeaseGone:
                return False

        def claims(sample=sample, ben=ben):
            try:
                return bool(claim(sample, by=ben))
            except claiming.NotClaimable:
                return False

        assert sorted(together([back, claims])) == [False, True]
        assert counters(sample) == (3, 3, 0)
        for held in Assignment.objects.filter(state="leased"):
            leases.release(assignment=held, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_reaper_and_somebody_who_comes_back_leave_one_lease_or_none():
    project = make_project(lease_minutes=1)
    sample = make_sample(project)
    [ana] = crowd(project, 1)
    at = NOW
    for _ in range(10):
        lease = claim(sample, by=ana, at=at)
        at += 2 * MINUTE
        together([partial(leases.expire, at=at), partial(hold, lease, at=at), partial(leases.expire, at=at)])
        assert (Assignment.objects.get().state, counters(sample)) == ("leased", (3, 1, 0))


@pytest.mark.django_db(transaction=True)
def test_four_windows_come_back_to_one_sample_and_it_is_leased_once():
    project = make_project()
    sample = make_sample(project)
    [ana] = crowd(project, 1)
    lease = ran_out(claim(sample, by=ana))
    together([partial(hold, lease)] * 4)
    assert counters(sample) == (3, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_two_samples_that_come_back_at_once_stay_within_the_cap():
    """The one waits for the other's lock on the person, and then counts with what the other took."""
    project = make_project()
    samples = make_samples(project, 2)
    [ana] = crowd(project, 1)
    one, two = (claim(sample, by=ana) for sample in samples)
    leases.expire(at=LATER)
    Annotator.objects.update(cap=1)
    with transaction.atomic():
        hold(one)
        waiting = start(partial(gone, two))
        wait_until_somebody_waits()
    assert "has had all" in waiting.result(timeout=20)


@pytest.mark.django_db(transaction=True)
def test_coming_back_while_another_window_claims_gives_two_leases_at_most():
    project = make_project()
    make_samples(project, 6)
    for person in crowd(project, 4):
        person = Annotator.objects.select_related("project").get(pk=person.pk)
        lease = claiming.claim_next(annotator=person, at=NOW)
        leases.release(assignment=lease, at=NOW)
        together(
            [
                partial(hold, lease, at=NOW),
                partial(claiming.claim_next, annotator=person, at=NOW),
                partial(claiming.claim_ahead, annotator=person, at=NOW),
            ]
        )
        held = list(person.assignments.filter(state="leased").values_list("lease_place", flat=True))
        assert sorted(held) in ([0], [0, 1])
