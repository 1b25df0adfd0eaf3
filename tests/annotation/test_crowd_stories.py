"""Single stories that a random crowd meets rarely: watermarks and cursors against transactions that commit late or never."""

import threading
from contextlib import contextmanager
from functools import partial

import pytest
from crowd import broken_laws, rows, work_until_nothing_is_left, wrong_answers_about_what_is_left
from django.db import connection, transaction
from races import start, together, wait_until_somebody_waits
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
    make_pair,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    skip,
    state_of,
)
from story import PREFERENCE as PREFERRED

from annotation.models import Annotator, Assignment, Sample
from annotation.services import claiming, leases, people, reconsideration, submission

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + 61 * MINUTE


def next_for(person, at=NOW):
    """Asked as a request asks: with the person as the database has them."""
    person = Annotator.objects.select_related("project").get(pk=person.pk)
    return claiming.claim_next(annotator=person, at=at)


def told_nothing(*people, times=2):
    for person in people:
        for _ in range(times):
            assert next_for(person) is None


@contextmanager
def uncommitted(work):
    """`work` is done in a transaction of its own that commits only when the block is left."""
    done, may_commit = threading.Event(), threading.Event()

    def slowly():
        with transaction.atomic():
            work()
            done.set()
            assert may_commit.wait(20)

    slow = start(slowly)
    assert done.wait(20)
    try:
        yield
    finally:
        may_commit.set()
        slow.result(timeout=20)


def time_passes():
    """Other transactions begin and commit, so that every transaction number moves on."""
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")


# --- "nothing left" and what becomes claimable afterwards -------------------------------------------------------
@pytest.fixture
def full():
    """One sample in the hands of three people; a fourth was told, twice, that nothing is left."""
    project = make_project()
    sample = make_sample(project)
    *holders, fourth = crowd(project, 4)
    held = [claim(sample, by=person) for person in holders]
    told_nothing(fourth)
    return project, sample, held, fourth


def test_whoever_was_told_that_nothing_is_left_is_given_what_is_released(full):
    _, sample, held, fourth = full
    leases.release(assignment=held[0], at=NOW)
    assert next_for(fourth).sample == sample


def test_whoever_was_told_that_nothing_is_left_is_given_what_is_skipped(full):
    _, sample, held, fourth = full
    leases.skip(assignment=held[0], reason="broken", at=NOW)
    assert next_for(fourth).sample == sample


def test_whoever_was_told_that_nothing_is_left_is_given_what_ran_out(full):
    _, sample, _, fourth = full
    leases.expire(at=LATER)
    assert next_for(fourth, at=LATER).sample == sample


def test_whoever_was_told_that_nothing_is_left_is_given_what_escalates(full):
    _, sample, held, fourth = full
    for lease, value in zip(held, (1, 6, 6), strict=True):
        submission.submit(assignment_id=lease.pk, answer=answer(overall=value), at=NOW)
    assert next_for(fourth).sample == sample


def test_whoever_was_told_that_nothing_is_left_is_given_what_a_correction_opens(full):
    project, sample, held, fourth = full
    [*receipts] = [submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW) for lease in held]
    assert state_of(sample) == State.RESOLVED
    told_nothing(fourth)
    correct(receipts[0], overall=1)
    assert state_of(sample) == State.ESCALATED
    assert next_for(fourth).sample == sample
    assert broken_laws(project) == []


def test_whoever_was_told_that_nothing_is_left_is_given_what_is_valid_again():
    project = make_project(attributes=[PREFERRED])
    sample = make_pair(project)
    ana, ben, cleo = crowd(project, 3)
    first = rate(sample, by=ana, neither_valid=True)
    rate(sample, by=ben, neither_valid=True)
    assert state_of(sample) == State.EXCLUDED
    told_nothing(cleo)
    correct(first, preference=1)
    assert next_for(cleo).sample == sample


def test_whoever_was_told_that_nothing_is_left_is_given_what_is_added():
    project = make_project()
    [ana] = crowd(project, 1)
    told_nothing(ana)
    added = make_sample(project, "added")
    assert next_for(ana).sample == added


def test_whoever_was_told_that_nothing_is_left_is_given_what_waited_for_somebody():
    """Contested because nobody was left; the newcomer, and who was told "nothing" meanwhile, get it when one more joins."""
    project = make_project()
    sample = make_sample(project)
    *first, fourth = crowd(project, 4)
    Annotator.objects.filter(pk=fourth.pk).update(state="paused")
    rate_overall(sample, dict(zip(first, (1, 6, 6), strict=True)))
    assert state_of(sample) == State.CONTESTED
    Annotator.objects.filter(pk=fourth.pk).update(state="active")
    told_nothing(fourth)
    people.add_outside_people(project=project, external_ids=["newcomer"], at=NOW)
    assert state_of(sample) == State.ESCALATED
    assert next_for(fourth).sample == sample
    assert next_for(project.annotators.get(external_id="newcomer")).sample == sample


def test_whoever_was_told_that_nothing_is_left_is_given_their_own_release():
    project = make_project()
    samples = make_samples(project, 2)
    [ana] = crowd(project, 1)
    one, two = (claim(sample, by=ana) for sample in samples)
    leases.skip(assignment=two, reason="broken", at=NOW)
    leases.release(assignment=one, at=NOW)
    again = next_for(ana)
    assert again.pk == one.pk
    leases.release(assignment=again, at=NOW)
    assert next_for(ana).pk == one.pk


# --- transactions that commit late ------------------------------------------------------------------------------
def test_a_sample_of_an_import_that_is_still_under_way_is_found_when_it_is_there():
    """Its transaction is older than those that passed while somebody was told that nothing is left."""
    project = make_project()
    [ana] = crowd(project, 1)
    with uncommitted(partial(make_sample, project, "slow")):
        time_passes()
        told_nothing(ana, times=3)
        time_passes()
        told_nothing(ana)
    assert next_for(ana).sample.external_id == "slow"


def test_two_imports_that_commit_in_the_other_order_are_both_found():
    project = make_project()
    [ana] = crowd(project, 1)
    with uncommitted(partial(make_sample, project, "slow")):
        make_sample(project, "quick")
        lease = next_for(ana)
        assert lease.sample.external_id == "quick"
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
        told_nothing(ana)
    assert next_for(ana).sample.external_id == "slow"


@pytest.mark.parametrize("way", ["release", "expire", "skip"])
def test_a_slot_that_is_being_given_back_is_found_when_it_is_there(full, way):
    """While the lease is being given back the sample has, as everybody else sees it, no slot."""
    _, sample, held, fourth = full
    ways = {
        "release": partial(leases.release, assignment=held[0], at=NOW),
        "expire": partial(leases._give_back, held[0], "expired", LATER),
        "skip": partial(leases.skip, assignment=held[0], reason="broken", at=NOW),
    }
    with uncommitted(ways[way]):
        time_passes()
        told_nothing(fourth)
    assert next_for(fourth).sample == sample


def test_two_that_came_back_in_the_other_order_are_both_found():
    """The first to leave is the last to commit: its place in the lane lies behind the cursor of whoever had the other."""
    project = make_project()
    one, two, *fresh = make_samples(project, 6)
    ana, ben, dan = crowd(project, 3)
    mine, yours = claim(one, by=ana), claim(two, by=ben)
    with uncommitted(partial(leases.release, assignment=mine, at=NOW)):
        leases.release(assignment=yours, at=NOW)
        lease = next_for(dan)
        assert lease.sample == two
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
        ahead = next_for(dan)
        assert ahead.sample in fresh
        submission.submit(assignment_id=ahead.pk, answer=answer(overall=4), at=NOW)
    given = []
    while lease := next_for(dan):
        given.append(lease.sample)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
    assert set(given) == {one, *fresh} - {ahead.sample}


def everything_for(person):
    """Work until nothing is left; returns the samples."""
    judged = []
    while lease := next_for(person):
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
        judged.append(lease.sample)
    return judged


def test_what_both_a_cursor_and_an_answer_have_passed_is_found_when_it_is_there():
    """It comes back in a transaction that is older than the answer "nothing left", to a place behind the cursor."""
    project = make_project()
    one, two, three = make_samples(project, 3)
    ana, ben, cleo, dan = crowd(project, 4)
    hands = [claim(one, by=person) for person in (ana, ben, cleo)]
    with uncommitted(partial(leases.release, assignment=hands[0], at=NOW)):
        leases.release(assignment=claim(two, by=ben), at=NOW)
        leases.release(assignment=claim(three, by=cleo), at=NOW)
        assert everything_for(dan) == [two, three]
        time_passes()
        told_nothing(dan, times=3)
    assert everything_for(dan) == [one]


def test_a_slow_import_to_a_place_behind_the_cursor_is_found_when_it_is_there():
    project = make_project()
    [ana] = crowd(project, 1)

    def slowly():
        make_sample(project, "slow")

    with uncommitted(slowly):
        # The quick one has the last place of all, so that whoever had it is beyond every other.
        quick = make_sample(project, "quick")
        Annotator.objects.filter(pk=ana.pk).update(fresh_cursor=2**62)
        assert everything_for(ana) == [quick]
        time_passes()
        told_nothing(ana, times=3)
    assert [sample.external_id for sample in everything_for(ana)] == ["slow"]


def test_a_claim_that_dies_takes_nothing_with_it():
    """A claim is undone after everybody else was kept from the sample: the one who waits for it gets it."""
    project = make_project()
    sample = make_sample(project)
    ana, ben, cleo, dan = crowd(project, 4)
    claim(sample, by=ana), claim(sample, by=ben)

    @transaction.atomic
    def claims_and_dies():
        assert next_for(cleo).sample == sample
        taken.set()
        wait_until_somebody_waits()
        raise InterruptedError

    taken = threading.Event()
    dying = start(claims_and_dies)
    assert taken.wait(20)
    assert next_for(dan).sample == sample
    with pytest.raises(InterruptedError):
        dying.result(timeout=20)
    assert counters(sample) == (3, 3, 0)
    told_nothing(cleo)
    assert broken_laws(project) == []


def test_while_one_sample_is_waited_for_another_is_given_back_and_the_next_question_finds_it():
    """The exact pass sees the database as it was when it began; what came back meanwhile is not ruled out by it."""
    project = make_project()
    one, two = make_samples(project, 2)
    *six, dan = crowd(project, 7)
    held = [claim(one, by=person) for person in six[:2]]
    held += [claim(two, by=person) for person in six[2:5]]
    with uncommitted(partial(claim, one, by=six[5])):
        asked = start(partial(next_for, dan))
        wait_until_somebody_waits()
        leases.release(assignment=held[-1], at=NOW)
    first = asked.result(timeout=20)
    assert (first or next_for(dan)).sample == two


# --- lanes ------------------------------------------------------------------------------------------------------
def test_an_urgent_sample_does_not_hide_what_came_back_before_it():
    """Urgent, then what came back, then fresh: the place of the urgent one is behind that of the other."""
    project = make_project()
    back, *fresh = make_samples(project, 5)
    ana, dan = crowd(project, 2)
    leases.release(assignment=claim(back, by=ana), at=NOW)
    urgent = make_sample(project, "urgent", priority=9)
    given = []
    while lease := next_for(dan):
        given.append(lease.sample)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
    assert given[:2] == [urgent, back]
    assert set(given[2:]) == set(fresh)


def test_samples_that_somebody_had_do_not_hide_those_that_come_back_after_them():
    project = make_project()
    samples = make_samples(project, 8)
    ana, ben = crowd(project, 2)
    for sample in samples[:4]:
        rate(sample, by=ana, overall=4)
        leases.release(assignment=claim(sample, by=ben), at=NOW)
    leases.release(assignment=claim(samples[4], by=ben), at=NOW)
    assert next_for(ana).sample == samples[4]


def test_a_returned_sample_that_was_locked_when_the_cursor_passed_is_given_next_time():
    project = make_project()
    one, two, *_ = make_samples(project, 4)
    ana, ben, dan = crowd(project, 3)
    for sample in (one, two):
        leases.release(assignment=claim(sample, by=ana), at=NOW)
    with transaction.atomic():
        Sample.objects.select_for_update().get(pk=one.pk)
        lease = start(partial(next_for, dan)).result(timeout=20)
        assert lease.sample == two
    submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
    assert next_for(dan).sample == one
    assert next_for(ben).sample in (one, two)


def test_low_priority_is_served_last_and_is_served():
    project = make_project()
    last = make_sample(project, "last", priority=-5)
    fresh = make_samples(project, 3)
    [ana] = crowd(project, 1)
    given = []
    while lease := next_for(ana):
        given.append(lease.sample)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
    assert set(given[:3]) == set(fresh)
    assert given[3:] == [last]


# --- caps and what was given ------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_late", [False, True])
def test_an_answer_after_the_lease_ran_out_is_a_sample_that_was_given(is_late):
    """Given back, it was taken off what the person had; answered all the same, it is theirs again."""
    project = make_project()
    sample = make_sample(project)
    ana, *others = crowd(project, 4)
    lease = claim(sample, by=ana)
    leases.expire(at=LATER)
    if is_late:
        rate_overall(sample, dict.fromkeys(others, 4), at=LATER)
    receipt = submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER)
    assert receipt.counted is not is_late
    assert Annotator.objects.get(pk=ana.pk).given_count == 1
    assert broken_laws(project) == []


def test_a_cap_holds_for_whoever_answers_after_their_leases_ran_out():
    project = make_project()
    make_samples(project, 6)
    [ana] = crowd(project, 1)
    Annotator.objects.update(cap=2)
    for _ in range(2):
        lease = next_for(ana)
        leases.expire(at=LATER)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER)
    with pytest.raises(claiming.NotClaimable, match="has had all 2 samples"):
        next_for(ana)


def test_what_was_given_is_counted_whatever_becomes_of_it():
    project = make_project()
    kept, skipped, released, ran_out, again = make_samples(project, 5)
    [ana] = crowd(project, 1)
    rate(kept, by=ana, overall=4)
    skip(skipped, by=ana)
    leases.release(assignment=claim(released, by=ana), at=NOW)
    claim(ran_out, by=ana)
    leases.expire(at=LATER)
    leases.release(assignment=claim(again, by=ana), at=NOW)
    claim(again, by=ana)
    assert Annotator.objects.get(pk=ana.pk).given_count == 5
    assert broken_laws(project) == []


# --- one person in several windows ------------------------------------------------------------------------------
def deadlocks():
    """Deadlocks so far, as the server counts them; asked on a connection of its own, which has cached nothing."""

    def ask():
        [(count,)] = rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return count

    return start(ask).result(timeout=20)


def test_a_claim_and_a_release_of_one_person_at_once_never_block_each_other():
    """Everybody locks the sample, then the assignment, then the person: two windows of one person wait, but not for each other."""
    before = deadlocks()
    project = make_project()
    make_samples(project, 1)
    [ana] = crowd(project, 1)
    for _ in range(25):
        lease = next_for(ana)
        together([partial(leases.release, assignment=lease, at=NOW), partial(next_for, ana)])
        leases.expire(at=LATER)
    assert broken_laws(project) == []
    assert deadlocks() == before


def test_a_claim_and_the_reaper_at_once_never_block_each_other():
    before = deadlocks()
    project = make_project()
    make_samples(project, 1)
    [ana] = crowd(project, 1)
    for _ in range(25):
        next_for(ana)
        together([partial(leases.expire, at=LATER), partial(next_for, ana, at=LATER)])
        leases.expire(at=LATER + 61 * MINUTE)
    assert broken_laws(project) == []
    assert deadlocks() == before


def test_a_claim_that_waits_for_a_sample_lets_its_person_answer_another():
    """In one window a claim waits; in the other the person submits what they hold: neither is stuck."""
    project = make_project()
    one, two = make_samples(project, 2)
    ana, ben = crowd(project, 2)
    lease = claim(one, by=ana)
    leases.release(assignment=lease, at=NOW)
    rate(two, by=ana, overall=4)
    with transaction.atomic():
        Sample.objects.select_for_update().get(pk=one.pk)
        waiting = start(partial(next_for, ana))
        wait_until_somebody_waits()
    assert waiting.result(timeout=20).sample == one
    assert next_for(ben).sample in (one, two)


def test_the_reaper_and_the_answer_that_it_waits_for():
    """The lease ran out and is being given back while the answer comes: it counts, once, and the slot is not free twice."""
    project = make_project()
    sample = make_sample(project)
    [ana] = crowd(project, 1)
    lease = claim(sample, by=ana)
    with transaction.atomic():
        Sample.objects.select_for_update().get(pk=sample.pk)
        reaper = start(partial(leases.expire, at=LATER))
        wait_until_somebody_waits()
        said = start(partial(submission.submit, assignment_id=lease.pk, answer=answer("k", overall=4), at=LATER))
    assert reaper.result(timeout=20) in (0, 1)
    assert said.result(timeout=20).counted
    assert counters(sample) == (3, 0, 1)
    assert broken_laws(project) == []


def test_people_come_and_go_while_the_last_decide():
    """Whoever joins finds what waited for them, and nothing is left half decided."""
    project = make_project()
    samples = make_samples(project, 3)
    first = crowd(project, 3)
    held = [[claim(sample, by=person) for sample in samples[:2]] for person in first]
    calls = [
        partial(submission.submit, assignment_id=lease.pk, answer=answer(overall=value), at=NOW)
        for mine, value in zip(held, (1, 6, 6), strict=True)
        for lease in mine
    ]
    joins = [partial(people.add_outside_people, project=project, external_ids=[f"n{n}"], at=NOW) for n in range(2)]
    together([*calls, *joins, partial(reconsideration.reconsider, project=project, at=NOW)])
    reconsideration.reconsider(project=project, at=NOW)
    assert {state_of(sample) for sample in samples[:2]} == {State.ESCALATED}
    assert wrong_answers_about_what_is_left(project, NOW) == []
    work_until_nothing_is_left(project, NOW, value=6)
    assert broken_laws(project) == []
    assert not Assignment.objects.filter(state="leased").exists()
    assert join(project, "zoe").given_count == 0
