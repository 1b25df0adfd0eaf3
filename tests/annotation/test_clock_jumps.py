"""Clocks that jump, and machines whose clocks are hours apart: nothing is lost, and nobody waits for ever (docs/invariants.md).

A lease is as long as the clock says that gave it, and every renewal measures it anew. The order of arrival is the order in
which submissions got the sample, whatever their clocks say.
"""

from datetime import timedelta
from functools import partial

import pytest
from crowd import (
    broken_laws,
    examples,
    rows,
    what_is_stuck,
    work_until_nothing_is_left,
    wrong_answers_about_what_is_left,
)
from django.utils import timezone
from forms import ANNOTATE
from hypothesis import given
from hypothesis import strategies as st
from races import together
from story import (
    MINUTE,
    NOW,
    State,
    answer,
    claim,
    correct,
    counters,
    crowd,
    join,
    last_event,
    make_project,
    make_sample,
    make_samples,
    rate,
    state_of,
)

from annotation import querysets
from annotation.models import Annotation, Annotator, Assignment, Project
from annotation.services import claiming, leases, submission

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = 60 * MINUTE


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def sample(project):
    return make_sample(project)


def next_for(person, at):
    return claiming.claim_next(annotator=Annotator.objects.select_related("project").get(pk=person.pk), at=at)


def submit(lease, at, value=4, key="k"):
    return submission.submit(assignment_id=lease.pk, answer=answer(key, overall=value), at=at)


def who_arrived(sample):
    """The counted people in the order in which decisions and labels take them."""
    said = querysets.counted_annotations().filter(assignment__sample=sample)
    return list(said.values_list("assignment__annotator__external_id", flat=True))


# --- leases -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("jump", [-30 * HOUR, -3 * HOUR, 3 * HOUR, 30 * HOUR], ids=str)
def test_a_renewed_lease_ends_an_hour_after_the_clock_as_it_is_now(project, sample, jump):
    [ana] = crowd(project, 1)
    lease = claim(sample, by=ana)
    now = NOW + jump
    assert leases.renew(assignment=lease, at=now) == now + HOUR
    assert leases.expire(at=now + 59 * MINUTE) == 0
    assert leases.expire(at=now + 61 * MINUTE) == 1
    assert counters(sample) == (3, 0, 0)


@pytest.mark.parametrize("jump", [-3 * HOUR, 3 * HOUR], ids=str)
def test_a_reload_measures_the_lease_anew(project, sample, jump):
    [ana] = crowd(project, 1)
    lease = claim(sample, by=ana)
    again = next_for(ana, NOW + jump)
    assert (again.pk, again.lease_expires_at) == (lease.pk, NOW + jump + HOUR)
    assert leases.expire(at=NOW + jump + 61 * MINUTE) == 1


def test_a_lease_of_a_clock_that_ran_ahead_ends_when_that_hour_comes(project, sample):
    """Left alone, it lasts as much longer as the clock was ahead, and no longer: never for ever."""
    [ana] = crowd(project, 1)
    claim(sample, by=ana, at=NOW + 5 * HOUR)
    assert leases.expire(at=NOW + 2 * HOUR) == 0
    assert leases.expire(at=NOW + 6 * HOUR + MINUTE) == 1
    assert next_for(crowd(project, 2)[1], NOW + 7 * HOUR)


def test_a_reaper_whose_clock_runs_ahead_takes_leases_early_and_loses_no_work(project, sample):
    [ana] = crowd(project, 1)
    lease = claim(sample, by=ana)
    assert leases.expire(at=NOW + 2 * HOUR) == 1
    assert submit(lease, NOW + 10 * MINUTE).counted
    assert counters(sample) == (3, 0, 1)


def test_a_slot_that_was_taken_by_a_clock_ahead_is_not_given_twice(project, sample):
    """The early reaper gave it to somebody else: the answer comes late, is kept, and nobody is one too many."""
    ana, *others = crowd(project, 4)
    lease = claim(sample, by=ana)
    leases.expire(at=NOW + 2 * HOUR)
    for person in others:
        claim(sample, by=person, at=NOW + 5 * MINUTE)
    receipt = submit(lease, NOW + 10 * MINUTE)
    assert (receipt.counted, receipt.annotation.client_key) == (False, "k")
    assert Annotation.objects.filter(assignment=lease).count() == 1
    assert counters(sample) == (3, 3, 0)
    assert broken_laws(project) == []


def test_a_claim_by_a_clock_ahead_gives_nothing_away_while_other_work_is_left(project):
    make_samples(project, 2)
    ana, ben = crowd(project, 2)
    lease = next_for(ana, NOW)
    assert next_for(ben, NOW + 2 * HOUR)
    assert Assignment.objects.get(pk=lease.pk).state == "leased"


# --- the order of arrival ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "clocks",
    [
        [0, -60, -120, 300, -300],
        [300, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [5, 4, 3, 2, 1],
        [-300, 300, -300, 300, 0],
    ],
    ids=str,
)
@pytest.mark.parametrize("claimed", ["in order", "the other way round"])
def test_arrival_is_the_order_of_submission_whatever_the_clocks_say(project, sample, clocks, claimed):
    """Also when they claimed in another order, and when two submissions stand at one and the same instant."""
    *people, fourth, fifth = crowd(project, 5)
    hands = {person: claim(sample, by=person) for person in (people if claimed == "in order" else people[::-1])}
    for person, minutes, value in zip(people, clocks, (1, 6, 6), strict=False):
        submit(hands[person], NOW + minutes * MINUTE, value)
    later = [fourth, fifth] if claimed == "in order" else [fifth, fourth]
    hands |= {person: claim(sample, by=person) for person in later}
    for person, minutes in zip((fourth, fifth), clocks[3:], strict=True):
        submit(hands[person], NOW + minutes * MINUTE, 6)
    assert who_arrived(sample) == [person.external_id for person in (*people, fourth, fifth)]
    assert (state_of(sample), last_event(sample)[2]) == (State.RESOLVED, "settled_by_three")


@pytest.mark.parametrize("ahead", [-60, 0, 60])
def test_the_earliest_three_win_a_tie_also_when_the_clock_went_back(ahead):
    """3 6 4 3 4: three threes and fours tie on closeness, in two ways; the earliest of them are labelled."""
    project = make_project(slug=f"ties{ahead}")
    sample = make_sample(project)
    values = [3, 6, 4, 3, 4]
    people = crowd(project, 5)
    for number, (person, value) in enumerate(zip(people, values, strict=True)):
        rate(sample, by=person, overall=value, at=NOW + (ahead * number) * MINUTE)
    assert who_arrived(sample) == [person.external_id for person in people]
    assert broken_laws(project) == []


def test_a_correction_keeps_its_place_whatever_the_clock_says(project, sample):
    people = crowd(project, 3)
    receipts = [rate(sample, by=person, overall=4) for person in people]
    correct(receipts[0], overall=5, at=NOW - 5 * HOUR)
    correct(receipts[1], overall=5, at=NOW + 9 * MINUTE)
    assert who_arrived(sample) == [person.external_id for person in people]


def test_people_who_submit_at_once_with_clocks_apart_arrive_in_the_order_of_their_rows(project):
    samples = make_samples(project, 6)
    people = crowd(project, 3)
    for sample in samples:
        hands = [claim(sample, by=person) for person in people]
        clocks = [NOW + 2 * HOUR, NOW, NOW - 2 * HOUR]
        together([partial(submit, hand, at) for hand, at in zip(hands, clocks, strict=True)])
        stored = Annotation.objects.filter(assignment__sample=sample).order_by("pk")
        arrived = querysets.counted_annotations().filter(assignment__sample=sample)
        assert list(arrived) == list(stored)


# --- corrections ------------------------------------------------------------------------------------------------
def test_a_clock_that_was_put_back_takes_nobodys_ten_minutes(project, sample):
    [ana] = crowd(project, 1)
    receipt = rate(sample, by=ana, overall=4)
    assert correct(receipt, overall=5, at=NOW - 3 * HOUR).counted
    assert correct(receipt, overall=6, at=NOW + 9 * MINUTE).annotation.revision == 3


def test_a_clock_that_was_put_forward_ends_them_and_what_was_said_stands(project, sample):
    [ana] = crowd(project, 1)
    receipt = rate(sample, by=ana, overall=4)
    with pytest.raises(submission.NotCorrectable, match="10 minutes"):
        correct(receipt, overall=5, at=NOW + 3 * HOUR)
    assert Annotation.objects.get().ratings == [4]
    assert correct(receipt, overall=5, at=NOW + MINUTE).counted


# --- what people see --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("jump", [-26 * HOUR, -3 * HOUR, 3 * HOUR, 26 * HOUR], ids=str)
def test_the_page_stands_when_the_last_submission_lies_in_the_future_or_long_ago(client, project, jump):
    make_samples(project, 2)
    ana = join(project, "ana")
    submit(next_for(ana, timezone.now() + jump), timezone.now() + jump)
    client.force_login(ana.user)
    page = client.get(ANNOTATE)
    assert page.status_code == 200
    assert "Prompt of" in page.content.decode()


def test_a_hold_ends_by_the_clock_as_it_is(project, sample):
    [ana] = crowd(project, 1)
    Annotator.objects.update(held_until=NOW + HOUR)
    with pytest.raises(claiming.NotClaimable, match="hands out nothing new"):
        next_for(ana, NOW - 3 * HOUR)
    assert next_for(ana, NOW + HOUR)


# --- two machines -----------------------------------------------------------------------------------------------
def test_two_machines_an_hour_apart_empty_a_project_without_a_sample_too_many_or_lost(project):
    """Every other request is answered by the machine that is ahead, and its reaper goes round all the time."""
    make_samples(project, 6)
    people = crowd(project, 8)
    clocks = [NOW, NOW + HOUR + MINUTE]
    told = []

    def work(person):
        for turn in range(30):
            if (lease := next_for(person, clocks[turn % 2])) is None:
                return
            receipt = submit(lease, clocks[(turn + 1) % 2], key=f"{person.pk}-{turn}")
            told.append((receipt.annotation.pk, receipt.counted))

    def reap():
        for _ in range(10):
            leases.expire(at=clocks[1])

    together([*(partial(work, person) for person in people), reap])
    assert broken_laws(project) == []
    stored = dict(
        rows(
            "SELECT said.id, hand.state FROM annotation_annotation said JOIN annotation_assignment hand ON hand.id = assignment_id"
        )
    )
    assert {pk: stored[pk] for pk, _ in told} == {pk: "submitted" if counted else "late" for pk, counted in told}
    assert len(stored) == len(told)
    assert wrong_answers_about_what_is_left(project, clocks[1]) == []
    work_until_nothing_is_left(project, clocks[0])
    assert {sample.state for sample in project.samples.all()} == {State.RESOLVED}


jumps = st.lists(st.sampled_from([-300, -61, -1, 0, 1, 61, 300]), min_size=4, max_size=10)


@examples(15)
@given(minutes=jumps, values=st.lists(st.sampled_from([1, 4, 6]), min_size=10, max_size=10))
def test_under_any_clock_the_laws_hold_and_arrival_is_the_order_of_submission(minutes, values):
    """Claim, perhaps renewed and perhaps reaped, then submit: each by a clock that has jumped since."""
    project = make_project(f"clock-{Project.objects.count()}")
    samples = make_samples(project, 2)
    people, at = crowd(project, 5), NOW
    for turn, jump in enumerate(minutes):
        person = people[turn % 5]
        at += timedelta(minutes=jump)
        lease = next_for(person, at)
        if lease is None:
            continue
        at += timedelta(minutes=minutes[-turn - 1])
        if turn % 3 == 1:
            leases.expire(at=at)
        if turn % 3 == 2:
            leases.renew(assignment=lease, at=at)
        at += timedelta(minutes=minutes[turn // 2])
        submit(lease, at, values[turn], key=f"t{turn}")
    wrong = broken_laws(project)
    for sample in samples:
        arrived = [said.pk for said in querysets.counted_annotations().filter(assignment__sample=sample)]
        wrong += [] if arrived == sorted(arrived) else [f"{sample}: arrived as {arrived}"]
    later = at + timedelta(days=2)
    leases.expire(at=later)
    work_until_nothing_is_left(project, later)
    assert wrong + what_is_stuck(project, later) == []
