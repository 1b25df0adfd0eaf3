"""Declining a sample, with a reason; and what two people's reasons do to it."""

import pytest
from story import (
    NOW,
    PREFERENCE,
    State,
    claim,
    counters,
    crowd,
    last_event,
    make_pair,
    make_project,
    rate,
    rate_overall,
    skip,
    state_of,
)

from annotation.models import Assignment
from annotation.services import adjudication, claiming, leases

PERSONAL = "distressing"  # says something of the person and nothing of the sample
REASONS = [reason for reason in Assignment.SkipReason.values if reason != PERSONAL]


def test_a_skip_frees_its_slot_for_somebody_else(sample, ana, ben):
    skip(sample, by=ana)
    assert counters(sample) == (3, 0, 0)
    assert claiming.claim_next(annotator=ben, at=NOW).sample == sample


def test_a_skip_is_for_good(sample, ana):
    skip(sample, by=ana)
    assert claiming.claim_next(annotator=ana, at=NOW) is None


def test_a_skip_keeps_its_reason(sample, ana):
    skip(sample, by=ana, reason="personal_data")
    assignment = Assignment.objects.get()
    assert (assignment.state, assignment.skip_reason, assignment.finished_at) == ("skipped", "personal_data", NOW)


def test_a_reason_that_nobody_knows_is_refused_with_those_there_are(sample, ana):
    with pytest.raises(
        ValueError, match="'bored' is not a reason to skip; choose one of personal_data, wrong_language"
    ):
        skip(sample, by=ana, reason="bored")
    assert counters(sample) == (3, 1, 0)


@pytest.mark.parametrize("reason", REASONS)
def test_two_skips_of_one_kind_exclude_the_sample(sample, ana, ben, reason):
    skip(sample, by=ana, reason=reason)
    assert state_of(sample) == State.OPEN
    skip(sample, by=ben, reason=reason)
    assert (state_of(sample), last_event(sample)) == (State.EXCLUDED, ("open", "excluded", "skipped_by_two"))
    assert counters(sample) == (0, 0, 0)


def test_skips_of_different_kinds_do_not(project, sample):
    for person, reason in zip(crowd(project, 5), REASONS, strict=True):
        skip(sample, by=person, reason=reason)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (3, 0, 0))


def test_whoever_would_rather_not_read_it_says_nothing_against_the_sample(project, sample, ana, ben, cleo):
    for person in (ana, ben, cleo):
        skip(sample, by=person, reason=PERSONAL)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (3, 0, 0))


def test_two_skips_exclude_an_escalated_sample_too(project, sample):
    ana, ben, cleo, dan, eve, *_ = crowd(project, 7)
    rate_overall(sample, {ana: 1, ben: 6, cleo: 6})
    skip(sample, by=dan)
    skip(sample, by=eve)
    assert (state_of(sample), sample.events.latest("pk").reason) == (State.EXCLUDED, "skipped_by_two")


def test_the_last_two_who_skip_for_one_reason_exclude_it(project, sample):
    ana, ben, cleo, dan, eve = crowd(project, 5)
    rate_overall(sample, {ana: 1, ben: 6, cleo: 6})
    skip(sample, by=dan)
    skip(sample, by=eve)
    assert state_of(sample) == State.EXCLUDED


def test_a_lease_held_while_it_is_excluded_ends_quietly(project, sample):
    ana, ben, cleo = crowd(project, 3)
    lease = claim(sample, by=cleo)
    skip(sample, by=ana)
    skip(sample, by=ben)
    assert counters(sample) == (1, 1, 0)
    leases.release(assignment=lease, at=NOW)
    assert (state_of(sample), counters(sample)[1]) == (State.EXCLUDED, 0)


def test_skips_do_not_undo_what_a_reviewer_has_settled(project, sample, rita):
    ana, ben, *_ = crowd(project, 3)
    held = [claim(sample, by=person) for person in (ana, ben)]
    given = [{"attribute": "overall", "value": 5}]
    adjudication.set_label(sample_id=sample.pk, given=given, by=rita, note="", cause="", at=NOW)
    for lease in held:
        leases.skip(assignment=lease, reason="broken", at=NOW)
    assert (state_of(sample), sample.labels.get(is_current=True).human_value) == (State.RESOLVED, 5)


# --- neither valid ----------------------------------------------------------------------------------------------
@pytest.fixture
def pair(db):
    return make_pair(make_project("pairs", attributes=[PREFERENCE]))


def test_neither_valid_by_two_of_the_first_three_excludes(pair):
    ana, ben, *_ = crowd(pair.project, 5)
    rate(pair, by=ana, neither_valid=True)
    rate(pair, by=ben, neither_valid=True)
    assert (state_of(pair), last_event(pair)[2]) == (State.EXCLUDED, "neither_valid")


def test_neither_valid_by_one_does_not_exclude(pair):
    ana, ben, cleo, dan, _ = crowd(pair.project, 5)
    rate(pair, by=ana, neither_valid=True)
    for person in (ben, cleo, dan):
        if state_of(pair) in (State.OPEN, State.ESCALATED):
            rate(pair, by=person, preference=1)
    assert state_of(pair) != State.EXCLUDED


def test_neither_valid_by_one_of_the_first_and_one_later_does_not_exclude(pair):
    ana, ben, cleo, dan, eve = crowd(pair.project, 5)
    rate(pair, by=ana, preference=-1)
    rate(pair, by=ben, preference=1)
    rate(pair, by=cleo, neither_valid=True)
    assert state_of(pair) == State.ESCALATED
    rate(pair, by=dan, neither_valid=True)
    rate(pair, by=eve, preference=1)
    assert state_of(pair) == State.CONTESTED
