"""Pausing, resuming, withdrawing and leaving: by whom, with what reason, and what becomes of what they hold."""

from datetime import timedelta

import pytest
from past_the_services import add, change, refused
from story import (
    MINUTE,
    NOW,
    State,
    answer,
    claim,
    counters,
    crowd,
    join,
    last_event,
    make_project,
    make_sample,
    rate,
    rate_overall,
    state_of,
)

from annotation.models import Annotator, Assignment, Membership, Notice, ProjectEvent
from annotation.services import claiming, leases, people, reconsideration, standing, submission
from annotation.services.claiming import NotClaimable
from annotation.services.people import NotAnAdmin, PersonChangeRefused, ReasonMissing
from annotation.services.standing import NotPossible

Kind = Notice.Kind
LATER = NOW + 5 * MINUTE


def decide(how, annotator, by, reason="Too quick by far.", **more):
    return how(annotator=annotator, by=by, reason=reason, at=LATER, **more)


def withdraw(**about):
    return standing.withdraw(keep_work=True, **about)


def propose(annotator, text="ana: gold accuracy is 40 %."):
    return Notice.objects.create(annotator=annotator, kind=Kind.PROPOSAL, text=text, created_at=NOW)


DECISIONS = [standing.pause, withdraw, standing.set_work_aside]


# --- who may, and what it takes -----------------------------------------------------------------------------------
@pytest.mark.parametrize("how", DECISIONS)
def test_reviewers_annotators_and_strangers_decide_nothing(project, sample, ana, ben, rita, how):
    rate(sample, by=ana, overall=3)
    stranger = join(make_project("elsewhere"), "otto", role=Membership.Role.ADMIN)
    for by in (rita, ben.user, ana.user, stranger):
        with pytest.raises(NotAnAdmin, match="is not an admin of recipes"):
            decide(how, ana, by)
    ana.refresh_from_db()
    assert (ana.state, Notice.objects.count(), ProjectEvent.objects.count()) == ("active", 0, 0)
    assert counters(sample) == (3, 0, 1)


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
@pytest.mark.parametrize("how", DECISIONS)
def test_nothing_is_decided_without_a_reason(project, sample, ana, ada, how, reason):
    rate(sample, by=ana, overall=3)
    with pytest.raises(ReasonMissing, match="Write the reason"):
        decide(how, ana, ada, reason)
    ana.refresh_from_db()
    assert (ana.state, Notice.objects.count(), counters(sample)) == ("active", 0, (3, 0, 1))


def test_resuming_takes_an_admin_and_a_reason_too(project, ana, ada, rita):
    decide(standing.pause, ana, ada)
    for by, reason, error in ((rita, "Fine again.", NotAnAdmin), (ada, " ", ReasonMissing)):
        with pytest.raises(error):
            decide(standing.resume, ana, by, reason)
    assert Annotator.objects.get(pk=ana.pk).state == "paused"


def test_a_superuser_decides_as_an_admin_may(project, ana, ben):
    ben.user.is_superuser = True
    ben.user.save()
    decide(standing.pause, ana, ben.user)
    assert Annotator.objects.get(pk=ana.pk).state == "paused"


def test_the_database_refuses_a_decision_without_a_name_or_a_reason(ana):
    for kind in (Kind.PAUSED, Kind.RESUMED, Kind.WITHDRAWN, Kind.SET_ASIDE):
        with refused("notice_of_a_decision_names_a_human"):
            add(Notice, annotator=ana, kind=kind, text="Because.", created_at=NOW)
        with refused("notice_says_why"):
            add(Notice, annotator=ana, kind=kind, text="", by_name="ada", created_at=NOW)
    with refused("notice_hold_has_an_end"):
        add(Notice, annotator=ana, kind=Kind.HOLD, text="Held.", created_at=NOW)


def test_what_was_said_cannot_be_changed(ana, ada):
    notice = decide(standing.pause, ana, ada)
    for column, value in (("text", "Other."), ("by_name", "rita"), ("kind", "resumed"), ("created_at", NOW)):
        with refused("frozen|never change|refuse|cannot"):
            change(notice, **{column: value})


# --- pausing ------------------------------------------------------------------------------------------------------
def test_a_paused_person_is_told_by_whom_and_why_and_gets_nothing(project, sample, ana, ada):
    notice = decide(standing.pause, ana, ada, "  Ten answers in a minute.  ")
    assert (notice.kind, notice.text, notice.by_name, notice.by) == ("paused", "Ten answers in a minute.", "ada", ada)
    event = ProjectEvent.objects.get()
    assert (event.kind, event.text, event.actor) == ("annotator_paused", "ana: Ten answers in a minute.", ada)
    with pytest.raises(NotClaimable) as refusal:
        claiming.claim_next(annotator=ana, at=LATER)
    assert refusal.value.code == "paused"


def test_the_name_stands_when_the_account_is_gone(project, ana, ada):
    notice = decide(standing.pause, ana, ada)
    ada.delete()
    notice.refresh_from_db()
    assert (notice.by, notice.by_name) == (None, "ada")


def test_what_a_paused_person_holds_goes_to_others(project, sample, ana, ben, ada):
    lease = claim(sample, by=ana)
    assert counters(sample) == (3, 1, 0)
    decide(standing.pause, ana, ada)
    lease.refresh_from_db()
    assert (lease.state, counters(sample)) == ("released", (3, 0, 0))
    assert claiming.claim_next(annotator=ben, at=LATER).sample == sample


def test_what_they_had_on_the_screen_still_counts_where_a_slot_is_free(project, sample, ana, ada):
    lease = claim(sample, by=ana)
    decide(standing.pause, ana, ada)
    receipt = submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER)
    assert receipt.counted
    assert counters(sample) == (3, 0, 1)


def test_pausing_twice_says_how_they_stand(project, ana, ada):
    decide(standing.pause, ana, ada)
    with pytest.raises(NotPossible, match="ana is paused already"):
        decide(standing.pause, ana, ada)
    assert Notice.objects.count() == 1


def test_a_resumed_person_works_again(project, sample, ana, ada):
    decide(standing.pause, ana, ada)
    notice = decide(standing.resume, ana, ada, "It was a misunderstanding.")
    assert (notice.kind, notice.by_name) == ("resumed", "ada")
    assert claiming.claim_next(annotator=ana, at=LATER).sample == sample


def test_resuming_lifts_a_hold(project, sample, ana, ada):
    change(ana, held_until=LATER + timedelta(hours=1))
    with pytest.raises(NotClaimable) as refusal:
        claiming.claim_next(annotator=ana, at=LATER)
    assert refusal.value.code == "held"
    decide(standing.resume, ana, ada, "The gold was wrong.")
    assert claiming.claim_next(annotator=ana, at=LATER).sample == sample


def test_there_is_nothing_to_resume_of_somebody_who_works(project, ana, ada):
    change(ana, held_until=NOW)  # over
    with pytest.raises(NotPossible, match="nothing to resume"):
        decide(standing.resume, ana, ada)


def test_samples_that_counted_on_a_paused_person_do_not_wait_for_them(project, sample, ada):
    people_of = crowd(project, 4)
    rate_overall(sample, dict(zip(people_of, (1, 6, 6), strict=False)))
    assert (state_of(sample), counters(sample)) == (State.ESCALATED, (4, 0, 3))
    decide(standing.pause, people_of[3], ada)
    assert state_of(sample) == State.CONTESTED
    assert last_event(sample) == ("escalated", "contested", "nobody_left")
    decide(standing.resume, people_of[3], ada)
    assert (state_of(sample), counters(sample)) == (State.ESCALATED, (4, 0, 3))


def test_beat_frees_what_a_killed_pause_left_in_their_hands(project, sample, ana):
    lease = claim(sample, by=ana)
    change(ana, state="paused")  # and then the process was killed
    standing.finish_begun(at=LATER)
    lease.refresh_from_db()
    assert (lease.state, counters(sample)) == ("released", (3, 0, 0))
    standing.finish_begun(at=LATER)
    assert counters(sample) == (3, 0, 0)


def test_beat_leaves_the_leases_of_active_people_alone(project, sample, ana):
    claim(sample, by=ana)
    standing.finish_begun(at=LATER)
    assert counters(sample) == (3, 1, 0)


# --- withdrawing and leaving --------------------------------------------------------------------------------------
def test_whoever_leaves_keeps_their_work_and_frees_their_hands(project, ana):
    done, held = make_sample(project, "s1"), make_sample(project, "s2")
    rate(done, by=ana, overall=3)
    claim(held, by=ana)
    notice = standing.leave(annotator=ana, at=LATER)
    ana.refresh_from_db()
    assert (ana.state, counters(done), counters(held)) == ("withdrawn", (3, 0, 1), (3, 0, 0))
    assert (notice.text, notice.by_name, notice.read_at) == ("You left this project at your own wish.", "ana", LATER)
    assert ProjectEvent.objects.get().kind == "annotator_left"


def test_somebody_without_an_account_can_leave_too(project):
    [person] = crowd(project, 1)
    assert standing.leave(annotator=person, at=LATER).by_name == "person-00"


def test_a_message_on_leaving_waits_for_an_admin(project, ana, ada):
    notice = standing.leave(annotator=ana, at=LATER, message=" Please take my answers out. ")
    assert (notice.answer, notice.answered_at) == ("Please take my answers out.", LATER)
    standing.reply(notice=notice, by=ada, text="Done.", at=LATER)


def test_nobody_leaves_twice(project, ana):
    standing.leave(annotator=ana, at=LATER)
    with pytest.raises(NotPossible, match="withdrawn already"):
        standing.leave(annotator=ana, at=LATER)


def test_a_withdrawn_person_can_be_let_in_again(project, sample, ana, ada):
    decide(standing.withdraw, ana, ada, keep_work=True)
    decide(standing.resume, ana, ada, "Back from leave.")
    assert claiming.claim_next(annotator=ana, at=LATER).sample == sample


def test_a_lost_role_withdraws_and_the_reason_can_still_be_read(project, sample, ana, ada):
    claim(sample, by=ana)
    standing.take_role(project=project, user=ana.user, role="annotator", by=ada, reason="The contract ended.", at=LATER)
    ana.refresh_from_db()
    assert (ana.state, counters(sample)) == ("withdrawn", (3, 0, 0))
    assert not Membership.objects.filter(user=ana.user).exists()
    assert [notice.text for notice in standing.notices_for(ana)] == ["The contract ended."]
    assert people.annotator_of(project=project, user=ana.user) == ana


def test_the_last_admin_stays(project, rita, ada):
    def take(role, user):
        standing.take_role(project=project, user=user, role=role, by=ada, reason="Moved on.", at=LATER)

    with pytest.raises(NotPossible, match="last admin"):
        take("admin", ada)
    take("reviewer", rita)
    with pytest.raises(NotPossible, match="rita is no reviewer"):
        take("reviewer", rita)
    assert set(ProjectEvent.objects.values_list("kind", flat=True)) == {"role_taken"}


# --- notices and answers ------------------------------------------------------------------------------------------
def test_a_person_answers_and_an_admin_replies(project, ana, ada, rita):
    notice = decide(standing.pause, ana, ada)
    assert standing.has_unread(ana)
    standing.answer(notice=notice, text=" I read fast. ", at=LATER)
    assert not standing.has_unread(ana)  # who answers has read
    with pytest.raises(NotAnAdmin):
        standing.reply(notice=notice, by=rita, text="No.", at=LATER)
    standing.reply(notice=notice, by=ada, text="Fair enough.", at=LATER)
    notice.refresh_from_db()
    assert (notice.answer, notice.reply, notice.closed_by, notice.closed_at) == (
        "I read fast.",
        "Fair enough.",
        ada,
        LATER,
    )


def test_an_answer_can_be_changed_until_there_is_a_reply(project, ana, ada):
    notice = decide(standing.pause, ana, ada)
    for text in ("First.", "Second."):
        standing.answer(notice=notice, text=text, at=LATER)
    standing.reply(notice=notice, by=ada, text="Noted.", at=LATER)
    with pytest.raises(NotPossible, match="replied to this already"):
        standing.answer(notice=notice, text="Third.", at=LATER)
    notice.refresh_from_db()
    assert notice.answer == "Second."


def test_an_empty_answer_or_reply_is_none(project, ana, ada):
    notice = decide(standing.pause, ana, ada)
    with pytest.raises(ReasonMissing):
        standing.answer(notice=notice, text=" ", at=LATER)
    with pytest.raises(NotPossible, match="no answer here"):
        standing.reply(notice=notice, by=ada, text="Hello?", at=LATER)


def test_proposals_are_for_admins_only(project, ana, ada):
    proposal = propose(ana)
    assert standing.notices_for(ana) == []
    assert not standing.has_unread(ana)
    with pytest.raises(NotPossible):
        standing.answer(notice=proposal, text="What?", at=LATER)
    standing.mark_read(annotator=ana, at=LATER)
    proposal.refresh_from_db()
    assert proposal.read_at is None


def test_a_decision_closes_the_proposals_that_led_to_it(project, ana, ben, ada):
    mine, other = propose(ana), propose(ben)
    decide(standing.pause, ana, ada, "I looked: random answers.")
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.closed_by, mine.reply) == (ada, "I looked: random answers.")
    assert other.closed_at is None


def test_a_proposal_is_declined_with_a_reason_and_once(project, ana, ada, rita):
    proposal = propose(ana)
    for by, reason, error in ((rita, "Fine.", NotAnAdmin), (ada, "", ReasonMissing)):
        with pytest.raises(error):
            standing.decline(proposal=proposal, by=by, reason=reason, at=LATER)
    standing.decline(proposal=proposal, by=ada, reason="Hard samples.", at=LATER)
    with pytest.raises(NotPossible, match="dealt with already"):
        standing.decline(proposal=proposal, by=ada, reason="Again.", at=LATER)
    ana.refresh_from_db()
    assert ana.state == "active"
    assert ProjectEvent.objects.get().kind == "proposal_declined"


# --- what a person may be given -----------------------------------------------------------------------------------
def test_changes_are_written_down_with_both_values(project, ana, ada):
    people.change(annotator=ana, by=ada, at=LATER, skills=[" KO ", "chemistry", "ko", ""], cap=5)
    ana.refresh_from_db()
    assert (ana.skills, ana.cap) == (["chemistry", "ko"], 5)
    event = ProjectEvent.objects.get()
    assert (event.kind, event.actor) == ("annotator_changed", ada)
    assert event.text == "ana: skills none -> chemistry, ko; cap None -> 5"


def test_a_change_that_changes_nothing_leaves_no_event(project, ana, ada):
    people.change(annotator=ana, by=ada, at=LATER, skills=[], cap=None, is_qualified=True)
    assert not ProjectEvent.objects.exists()


@pytest.mark.parametrize("what", [{"cap": -1}, {"cap": 2**31}, {"skills": ["x" * 51]}])
def test_a_change_that_cannot_be_is_refused(project, ana, ada, what):
    with pytest.raises(PersonChangeRefused):
        people.change(annotator=ana, by=ada, at=LATER, **what)


def test_only_an_admin_changes_what_a_person_may_be_given(project, ana, rita):
    for by in (rita, ana.user):
        with pytest.raises(NotAnAdmin):
            people.change(annotator=ana, by=by, at=LATER, cap=1)


def test_a_lower_cap_takes_nothing_back(project, ana, ada):
    done, held = make_sample(project, "s1"), make_sample(project, "s2")
    rate(done, by=ana, overall=3)
    lease = claim(held, by=ana)
    people.change(annotator=ana, by=ada, at=LATER, cap=1)
    lease.refresh_from_db()
    assert (lease.state, counters(done), counters(held)) == ("leased", (3, 0, 1), (3, 1, 0))
    rate(held, by=ana, overall=3)
    with pytest.raises(NotClaimable) as refusal:
        claiming.claim_next(annotator=ana, at=LATER)
    assert refusal.value.code == "at_cap"


@pytest.mark.parametrize("what", [{"cap": 3}, {"is_qualified": False}])
def test_a_change_is_looked_at_by_samples_that_wait_for_people(project, sample, ada, what):
    *three, fourth = crowd(project, 4)
    change(fourth, cap=0)
    rate_overall(sample, dict(zip(three, (1, 6, 6), strict=True)))
    assert (state_of(sample), last_event(sample)[2]) == (State.CONTESTED, "nobody_left")
    people.change(annotator=fourth, by=ada, at=LATER, **{**what, "cap": 1})
    expected = State.CONTESTED if what == {"is_qualified": False} else State.ESCALATED
    assert state_of(sample) == expected


def test_an_unqualified_person_keeps_what_they_hold(project, sample, ana, ada):
    lease = claim(sample, by=ana)
    people.change(annotator=ana, by=ada, at=LATER, is_qualified=False)
    assert submission.submit(assignment_id=lease.pk, answer=answer(overall=2), at=LATER).counted
    assert counters(sample) == (3, 0, 1)


def test_an_admin_gives_a_lease_back(project, sample, ana):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=LATER)
    assert Assignment.objects.get().state == "released"
    reconsideration.reconsider(at=LATER, project=project)
    assert counters(sample) == (3, 0, 0)
