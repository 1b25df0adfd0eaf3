"""A person's work is set aside: what counts no more, what becomes of each sample, what stands, and who may interrupt it."""

import random
from functools import partial

import pytest
from django.db import transaction
from past_the_services import change
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
    label_of,
    last_event,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    skip,
    state_of,
)

from annotation import querysets
from annotation.models import (
    Annotation,
    Annotator,
    Assignment,
    ConsensusLabel,
    GoldAnswer,
    Membership,
    Notice,
    ReviewItem,
    Sample,
    SampleEvent,
)
from annotation.services import adjudication, claiming, figures, leases, set_aside, standing, submission, versions
from annotation.services.standing import NotPossible

LATER = NOW + 20 * MINUTE
WHY = "Random answers."


def put_aside(person, by, at=LATER):
    return standing.set_work_aside(annotator=person, by=by, reason=WHY, at=at)


def withdraw(person, by, at=LATER, keep_work=False):
    return standing.withdraw(annotator=person, by=by, reason=WHY, at=at, keep_work=keep_work)


def outlook(person, at=LATER):
    return set_aside.what_would_happen(annotator=person, at=at)


@pytest.fixture
def people(project):
    return crowd(project, 7)


@pytest.fixture
def committed(transactional_db):
    project = make_project()
    return project, crowd(project, 6), join(project, "ada", role=Membership.Role.ADMIN)


def rated(sample, people, *values):
    rate_overall(sample, dict(zip(people, values, strict=False)))
    sample.refresh_from_db()
    return sample


# --- what becomes of a sample -------------------------------------------------------------------------------------
def test_a_resolved_sample_with_too_little_left_opens_again(sample, people, ada):
    rated(sample, people, 4, 4, 5)
    assert sample.state == State.RESOLVED
    put_aside(people[0], ada)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (3, 0, 2))
    assert last_event(sample) == ("resolved", "open", "annotation_lost")
    assert not sample.labels.filter(is_current=True).exists()
    assert sample.labels.count() == 1  # its revision stays readable
    rate(sample, by=people[3], overall=4)
    assert state_of(sample) == State.RESOLVED


def test_the_same_person_is_not_asked_again_for_it(sample, people, ada):
    rated(sample, people, 4, 4, 5)
    put_aside(people[0], ada)
    assert claiming.claim_next(annotator=people[0], at=LATER) is None
    assert claiming.claim_next(annotator=people[3], at=LATER).sample == sample


@pytest.mark.parametrize("who", [0, 1, 2, 3, 4])
def test_a_label_that_stands_without_them_is_kept_and_revised(sample, people, ada, who):
    """Five people, of whom any four hold three that agree; the label then rests on three others where it must."""
    rated(sample, people, 1, 4, 4, 4, 5)
    assert (sample.state, counters(sample)) == (State.RESOLVED, (5, 0, 5))
    nobody_else = Annotator.objects.filter(pk__in=[person.pk for person in people[5:]])
    nobody_else.update(state="paused")
    before = label_of(sample)
    put_aside(people[who], ada)
    assert (state_of(sample), counters(sample)) == (State.RESOLVED, (4, 0, 4))
    after = label_of(sample)
    gone = Annotation.objects.get(assignment__annotator=people[who]).pk
    assert gone not in after.annotations
    assert (after.revision > before.revision) == (gone in before.annotations)
    assert sample.events.filter(reason="set_aside").count() == 1


@pytest.mark.parametrize("who", range(5))
def test_with_people_left_to_ask_somebody_else_is_asked_instead(sample, people, ada, who):
    rated(sample, people, 1, 4, 4, 4, 5)
    put_aside(people[who], ada)
    sample.refresh_from_db()
    if sample.state == State.RESOLVED:  # the first three of those that are left agree
        assert sample.target == sample.counted_count == 4
    else:
        assert (sample.state, counters(sample)) == (State.ESCALATED, (5, 0, 4))
        rate(sample, by=people[5], overall=4)
        assert (state_of(sample), counters(sample)) == (State.RESOLVED, (5, 0, 5))


def test_an_open_sample_has_its_slot_back(sample, people, ada):
    rated(sample, people, 4)
    put_aside(people[0], ada)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (3, 0, 0))


@pytest.mark.parametrize("who", [0, 3])
def test_an_escalated_sample_never_waits_for_ever(sample, people, ada, who):
    """Whichever round lost an annotation, the sample is decided by those who come after."""
    rated(sample, people, 1, 6, 6, 1)
    assert (sample.state, counters(sample)) == (State.ESCALATED, (5, 0, 4))
    put_aside(people[who], ada)
    for person in people[4:]:
        if state_of(sample) in (State.OPEN, State.ESCALATED) and sample.open_slots:
            rate(sample, by=person, overall=6)
    assert state_of(sample) == State.RESOLVED
    assert label_of(sample).human_value == 6


def test_a_contested_sample_is_asked_about_again(sample, people, ada):
    rated(sample, people, 1, 6, 1, 6, 3)
    assert (sample.state, last_event(sample)[2]) == (State.CONTESTED, "unsettled")
    put_aside(people[4], ada)
    sample.refresh_from_db()
    assert (sample.state, counters(sample)) == (State.ESCALATED, (5, 0, 4))


def test_an_excluded_sample_opens_when_one_of_two_was_theirs(sample, people, ada):
    for person in people[:2]:
        rate(sample, by=person, neither_valid=True)
    assert state_of(sample) == State.EXCLUDED
    put_aside(people[0], ada)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (3, 0, 1))
    assert last_event(sample)[2] == "valid_again"


def test_an_excluded_sample_that_stays_out_can_still_open_later(sample, people, ada):
    """The event of the setting aside does not hide why the sample was excluded."""
    others = people[:3]
    leases_of = [claim(sample, by=person) for person in others]
    receipts = [
        submission.submit(assignment_id=lease.pk, answer=answer(neither_valid=True), at=NOW) for lease in leases_of
    ]
    assert state_of(sample) == State.EXCLUDED
    put_aside(people[2], ada, at=NOW + MINUTE)
    assert state_of(sample) == State.EXCLUDED
    correct(receipts[0], at=NOW + 2 * MINUTE, overall=3)
    assert state_of(sample) == State.OPEN


def test_what_a_reviewer_settled_stands(sample, people, ada, rita):
    rated(sample, people, 4, 4, 5)
    given = [{"attribute": "overall", "value": 6}]
    adjudication.set_label(sample_id=sample.pk, given=given, by=rita, note="", cause="", at=NOW)
    put_aside(people[0], ada)
    assert (state_of(sample), label_of(sample).human_value) == (State.RESOLVED, 6)
    assert sample.counted_count == 2


def test_skips_are_not_work_and_stay(sample, people, ada):
    rated(sample, people[2:], 4)
    for person in people[:2]:
        skip(sample, by=person)
    put_aside(people[2], ada)
    assert state_of(sample) == State.EXCLUDED
    with pytest.raises(NotPossible, match="no answers that could be set aside"):
        put_aside(people[0], ada)


def test_late_and_gold_answers_are_set_aside_too_and_touch_no_counter(project, people, ada):
    decided, known = make_samples(project, 2)
    lease = claim(decided, by=people[0])
    leases.release(assignment=lease, at=NOW)
    rated(decided, people[1:], 4, 4, 4)
    submission.submit(assignment_id=lease.pk, answer=answer(overall=1), at=NOW)
    assert ReviewItem.objects.get().closed_at is None
    Sample.objects.filter(pk=known.pk).update(purpose="gold", target=0)
    GoldAnswer.objects.create(
        sample=known, project=project, rubric=project.rubric, ratings=[4], source="imported", rank=1, created_at=NOW
    )
    on_gold = Assignment.objects.create(
        sample=known, annotator=people[0], state="leased", lease_place=0, claimed_at=NOW, lease_expires_at=LATER,
        shown_order=[0], is_gold=True,
    )  # fmt: skip
    submission.submit(assignment_id=on_gold.pk, answer=answer(overall=1), at=NOW)
    put_aside(people[0], ada)
    states = Assignment.objects.filter(annotator=people[0]).values_list("state", flat=True)
    assert sorted(states) == ["withdrawn", "withdrawn"]
    assert (state_of(decided), counters(decided), counters(known)) == (State.RESOLVED, (3, 0, 3), (0, 0, 0))
    assert ReviewItem.objects.get().closed_by == ada


def test_a_late_answer_of_somebody_else_stays_before_the_reviewers(sample, people, ada):
    held = [claim(sample, by=person) for person in people[:2]]
    for lease in held:
        leases.release(assignment=lease, at=NOW)
    rated(sample, people[2:], 4, 4, 4)
    for lease in held:
        submission.submit(assignment_id=lease.pk, answer=answer(overall=1), at=NOW)
    put_aside(people[0], ada)
    assert ReviewItem.objects.get().closed_at is None


def test_nothing_is_deleted_and_the_time_of_the_work_stays(sample, people, ada):
    rated(sample, people, 4, 4, 5)
    put_aside(people[0], ada)
    assignment = Assignment.objects.get(annotator=people[0])
    assert (assignment.state, assignment.finished_at) == ("withdrawn", NOW)
    assert assignment.annotations.get().ratings == [4]


def test_figures_of_the_project_follow_also_where_the_label_is_kept(project, sample, people, ada):
    Annotator.objects.filter(pk__in=[person.pk for person in people[5:]]).update(state="paused")
    rated(sample, people, 1, 4, 4, 4, 5)
    figures.refresh(project=project, at=NOW)
    put_aside(people[4], ada)
    assert state_of(sample) == State.RESOLVED
    assert figures.refresh(project=project, at=LATER)
    assert figures.compute(project)["samples"]["annotations"] == 4


# --- whoever was withdrawn ----------------------------------------------------------------------------------------
def test_a_withdrawn_person_reads_both_decisions(sample, people, ada):
    rated(sample, people, 4, 4, 5)
    withdraw(people[0], ada)
    kinds = [(notice.kind, notice.text, notice.by_name) for notice in standing.notices_for(people[0])]
    assert kinds == [("set_aside", WHY, "ada"), ("withdrawn", WHY, "ada")]
    assert Annotator.objects.get(pk=people[0].pk).state == "withdrawn"


def test_their_work_can_go_on_counting(sample, people, ada):
    rated(sample, people, 4, 4, 5)
    withdraw(people[0], ada, keep_work=True)
    assert (state_of(sample), counters(sample)) == (State.RESOLVED, (3, 0, 3))


@pytest.mark.parametrize("keep_work", [True, False])
def test_what_they_still_had_on_the_screen_is_kept_and_counts_nowhere(sample, people, ada, keep_work):
    lease = claim(sample, by=people[0])
    withdraw(people[0], ada, keep_work=keep_work)
    receipt = submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER)
    assert not receipt.counted
    assert counters(sample) == (3, 0, 0)
    assert Annotation.objects.get().ratings == [4]


def test_what_was_set_aside_cannot_be_corrected_or_answered_again(sample, people, ada):
    receipt = rate(sample, by=people[0], overall=4, key="mine")
    put_aside(people[0], ada, at=NOW + MINUTE)
    with pytest.raises(submission.NotCorrectable, match="withdrawn"):
        correct(receipt, at=NOW + 2 * MINUTE, overall=5)
    again = submission.submit(
        assignment_id=receipt.annotation.assignment_id, answer=answer("mine", overall=4), at=NOW + 2 * MINUTE
    )
    assert (again.repeated, again.counted) == (True, True)
    with pytest.raises(submission.AlreadySubmitted):
        rate(sample, by=people[0], overall=4)


def test_somebody_who_goes_on_working_counts_from_then_on(project, people, ada):
    before, after = make_samples(project, 2)
    rate(before, by=people[0], overall=4)
    put_aside(people[0], ada)
    rate(after, by=people[0], overall=4, at=LATER + MINUTE)
    standing.finish_begun(at=LATER + 2 * MINUTE)
    assert (counters(before), counters(after)) == ((3, 0, 0), (3, 0, 1))


def test_work_can_be_set_aside_a_second_time(project, people, ada):
    first, second = make_samples(project, 2)
    rate(first, by=people[0], overall=4)
    put_aside(people[0], ada)
    rate(second, by=people[0], overall=4, at=LATER + MINUTE)
    put_aside(people[0], ada, at=LATER + 2 * MINUTE)
    assert (counters(first), counters(second)) == ((3, 0, 0), (3, 0, 0))


def test_at_their_own_wish_their_answers_stop_counting(sample, people):
    rated(sample, people, 4, 4, 5)
    standing.leave(annotator=people[0], at=LATER, keep_work=False)
    assert state_of(sample) == State.OPEN
    assert all(notice.read_at for notice in standing.notices_for(people[0]))


# --- the dry run --------------------------------------------------------------------------------------------------
def test_a_dry_run_says_what_would_happen_and_changes_nothing(project, people, ada, rita):
    reopened, settled, undecided, excluded, kept = make_samples(project, 5)
    rated(reopened, people, 4, 4, 5)
    rated(settled, people, 4, 4, 5)
    given = [{"attribute": "overall", "value": 6}]
    adjudication.set_label(sample_id=settled.pk, given=given, by=rita, note="", cause="", at=NOW)
    rated(undecided, people, 4)
    held = [claim(excluded, by=person) for person in people[:3]]
    for lease in held:
        submission.submit(assignment_id=lease.pk, answer=answer(neither_valid=True), at=NOW)
    rated(kept, [people[3], people[1], people[2], people[4], people[0]], 1, 4, 4, 4, 5)
    Annotator.objects.filter(pk__in=[person.pk for person in people[5:]]).update(state="paused")
    rows = [SampleEvent.objects.count(), ConsensusLabel.objects.count(), Notice.objects.count()]

    seen = outlook(people[0])
    assert (seen.answers, seen.reopened, seen.kept) == (5, 1, 1)
    assert (seen.adjudicated, seen.undecided, seen.excluded, seen.untried) == (1, 1, 1, 0)
    assert [SampleEvent.objects.count(), ConsensusLabel.objects.count(), Notice.objects.count()] == rows
    assert counters(kept) == (5, 0, 5)


@pytest.mark.parametrize("seed", range(6))
def test_the_dry_run_is_what_then_happens(project, people, ada, seed):
    rng = random.Random(seed)  # noqa: S311  chance for a test
    samples = make_samples(project, 12)
    for sample in samples:
        for person in rng.sample(people, rng.randint(1, 6)):
            if state_of(sample) in (State.OPEN, State.ESCALATED) and sample.open_slots:
                said = {"neither_valid": True} if rng.random() < 0.2 else {"overall": rng.randint(1, 6)}
                rate(sample, by=person, **said)
    person = max(people, key=lambda one: one.assignments.count())
    was = {sample.pk: state_of(sample) for sample in samples}
    theirs = set(person.assignments.values_list("sample_id", flat=True))
    seen = outlook(person)
    put_aside(person, ada)
    now = {sample.pk: state_of(sample) for sample in samples}
    closed = [pk for pk in theirs if was[pk] in (State.RESOLVED, State.EXCLUDED)]
    assert seen.kept == sum(now[pk] == State.RESOLVED for pk in closed if was[pk] == State.RESOLVED)
    assert seen.excluded == sum(now[pk] == State.EXCLUDED for pk in closed)
    assert seen.reopened == len(closed) - seen.kept - seen.excluded
    assert seen.undecided == len(theirs) - len(closed)
    for sample in samples:
        target, leased, counted = counters(sample)
        assert counted == querysets.counted_annotations().filter(assignment__sample=sample).count()
        assert target >= leased + counted
        is_stuck = sample.state == State.ESCALATED and not sample.open_slots and not leased
        assert not is_stuck


def test_more_than_can_be_tried_is_said_to_be_open(project, people, ada, monkeypatch):
    monkeypatch.setattr(set_aside, "TRIED_AT_MOST", 1)
    for sample in make_samples(project, 3):
        rated(sample, people, 1, 4, 4, 4, 5)
    seen = outlook(people[0])
    assert (seen.untried, seen.kept + seen.reopened) == (2, 1)


# --- published versions -------------------------------------------------------------------------------------------
def publish(project, at):
    version = versions.request(project=project, by=None, at=at)
    versions.build(version=version, at=at)
    version.refresh_from_db()
    return version


def test_published_versions_stand_and_are_named(committed):
    project, people, ada = committed
    in_it, too_late, undecided = make_samples(project, 3)
    rated(in_it, people, 4, 4, 5)
    rated(undecided, people, 4)
    first = publish(project, NOW + MINUTE)
    for person in people[:3]:
        rate(too_late, by=person, overall=4, at=NOW + 2 * MINUTE)
    second = publish(project, NOW + 3 * MINUTE)
    assert set_aside.versions_with(people[0]) == [(second, 2), (first, 1)]
    assert set_aside.versions_with(people[4]) == []

    files = [(version.files, version.counts) for version in (first, second)]
    withdraw(people[0], ada, at=NOW + 4 * MINUTE)
    third = publish(project, NOW + 5 * MINUTE)
    assert third.counts["samples"] == 0
    assert set_aside.versions_with(people[0]) == [(second, 2), (first, 1)]  # what left holds them still
    for version, before in zip((first, second), files, strict=True):
        version.refresh_from_db()
        assert (version.files, version.counts) == before


# --- whoever is killed in the middle ------------------------------------------------------------------------------
class Killed(BaseException):
    """The process is gone."""


def test_what_was_begun_is_finished_by_beat(project, people, ada, monkeypatch):
    samples = make_samples(project, 5)
    for sample in samples:
        rated(sample, people, 4, 4, 5)
    settle = set_aside.settlement.settle
    calls = []

    def settle_and_be_killed(*, sample, at):
        calls.append(sample.pk)
        if len(calls) == 3:
            raise Killed
        settle(sample=sample, at=at)

    monkeypatch.setattr(set_aside.settlement, "settle", settle_and_be_killed)
    with pytest.raises(Killed):
        put_aside(people[0], ada)
    monkeypatch.undo()
    assert [state_of(sample) for sample in samples] == ["open", "open", "resolved", "resolved", "resolved"]
    assert counters(samples[2]) == (3, 0, 3)  # nothing half done
    order = Notice.objects.get()
    assert order.closed_at is None

    standing.finish_begun(at=LATER + MINUTE)
    assert {state_of(sample) for sample in samples} == {"open"}
    order.refresh_from_db()
    assert order.closed_at == LATER + MINUTE
    events = SampleEvent.objects.count()
    standing.finish_begun(at=LATER + 2 * MINUTE)
    assert SampleEvent.objects.count() == events


def test_a_reply_does_not_end_what_is_under_way(project, people, ada, monkeypatch):
    monkeypatch.setattr(standing, "AT_ONCE", 1)
    samples = make_samples(project, 3)
    for sample in samples:
        rated(sample, people, 4, 4, 5)
    order = put_aside(people[0], ada)
    assert [state_of(sample) for sample in samples] == ["open", "resolved", "resolved"]
    standing.answer(notice=order, text="Why?", at=LATER)
    standing.reply(notice=order, by=ada, text="See above.", at=LATER)
    standing.finish_begun(at=LATER)
    assert {state_of(sample) for sample in samples} == {"open"}


def test_a_withdrawal_that_was_killed_before_anything_else_is_finished(project, people, ada, monkeypatch):
    done, held = make_samples(project, 2)
    rated(done, people, 4, 4, 5)
    lease = claim(held, by=people[0])

    def be_killed(*_given):
        raise Killed

    monkeypatch.setattr(standing, "_free", be_killed)
    with pytest.raises(Killed):
        withdraw(people[0], ada)
    monkeypatch.undo()
    assert submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER + MINUTE).counted
    standing.finish_begun(at=LATER + 2 * MINUTE)
    assert (state_of(done), counters(done), counters(held)) == (State.OPEN, (3, 0, 2), (3, 0, 0))


# --- at the same moment -------------------------------------------------------------------------------------------
def test_a_submission_at_the_moment_of_a_withdrawal_counts_nowhere_in_the_end(committed):
    project, people, ada = committed
    for number in range(6):
        person = people[number]
        sample = make_sample(project, f"race-{number}")
        lease = claim(sample, by=person)
        submit = partial(submission.submit, assignment_id=lease.pk, answer=answer(overall=4), at=LATER)
        together([submit, partial(withdraw, person, ada)])
        standing.finish_begun(at=LATER)
        assert counters(sample) == (3, 0, 0)
        assert Assignment.objects.get(pk=lease.pk).state in ("late", "withdrawn")
        assert Annotation.objects.filter(assignment=lease).count() == 1


def test_a_submission_that_waits_for_the_sample_comes_too_late(committed):
    """It holds its lease when it begins, and does not when its turn comes."""
    project, people, _ada = committed
    sample = make_sample(project)
    lease = claim(sample, by=people[0])
    with transaction.atomic():
        Sample.objects.select_for_update().get(pk=sample.pk)
        waiting = start(partial(submission.submit, assignment_id=lease.pk, answer=answer(overall=4), at=LATER))
        wait_until_somebody_waits()
        change(people[0], state="withdrawn")
        Assignment.objects.filter(pk=lease.pk).update(state="released", lease_place=None)
        Sample.objects.filter(pk=sample.pk).update(leased_count=0)
    assert not waiting.result(timeout=20).counted
    assert counters(sample) == (3, 0, 0)


def test_two_who_carry_it_out_at_once_take_each_answer_out_once(committed):
    project, people, ada = committed
    samples = make_samples(project, 6)
    for sample in samples:
        rated(sample, people, 4, 4, 5)
    order = standing._decide(people[0], Notice.Kind.SET_ASIDE, by=ada, reason=WHY, at=LATER)
    taken = together([partial(set_aside.go_on, notice=order, at=LATER)] * 3)
    assert sum(taken) == len(samples)
    assert {counters(sample) for sample in samples} == {(3, 0, 2)}
    assert SampleEvent.objects.filter(reason="set_aside").count() == len(samples)


def test_the_others_go_on_submitting_meanwhile(committed):
    project, people, ada = committed
    samples = make_samples(project, 6)
    for sample in samples:
        rated(sample, people, 4, 4)
    held = [claim(sample, by=people[2 + number % 4]) for number, sample in enumerate(samples[:2])]
    submits = [partial(submission.submit, assignment_id=lease.pk, answer=answer(overall=4), at=LATER) for lease in held]
    together([*submits, partial(withdraw, people[0], ada)])
    for sample in samples:
        counted = querysets.counted_annotations().filter(assignment__sample=sample).count()
        assert counters(sample) == (3, 0, counted)
        assert state_of(sample) == State.OPEN


def test_two_admins_at_once_withdraw_once(committed):
    _project, people, ada = committed

    def try_it():
        try:
            return withdraw(people[0], ada, keep_work=True).kind
        except NotPossible:
            return "refused"

    assert sorted(together([try_it] * 2)) == ["refused", "withdrawn"]
    assert Notice.objects.count() == 1


def test_a_claim_at_the_moment_of_a_pause_leaves_nothing_in_their_hands(committed):
    project, people, ada = committed
    make_samples(project, 8)

    def claim_one(person):
        try:
            return claiming.claim_next(annotator=person, at=LATER)
        except claiming.NotClaimable:
            return None

    for person in people:
        pause = partial(standing.pause, annotator=person, by=ada, reason=WHY, at=LATER)
        together([partial(claim_one, person), pause])
        assert not person.assignments.filter(state="leased").exists()
    assert set(project.samples.values_list("leased_count", flat=True)) == {0}


def test_the_same_key_again_is_answered_as_the_first_time_after_the_work_was_set_aside(project, sample, ana, ada):
    first = rate(sample, by=ana, overall=4, key="k")
    standing.set_work_aside(annotator=ana, by=ada, reason="It was copied.", at=NOW)
    again = rate(sample, by=ana, overall=4, key="k")
    assert (again.counted, again.repeated, again.annotation.pk) == (first.counted, True, first.annotation.pk)
