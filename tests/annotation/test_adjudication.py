"""A reviewer settles what people could not."""

import pytest
from story import (
    NOW,
    State,
    answer,
    claim,
    counters,
    crowd,
    label_of,
    last_event,
    make_sample,
    rate,
    rate_overall,
    state_of,
)

from annotation.models import ReviewItem, Sample
from annotation.ratings import RatingsRefused
from annotation.services import adjudication, leases, reconsideration, submission
from annotation.services.adjudication import NotReviewable


@pytest.fixture
def people(project):
    return crowd(project, 9)


@pytest.fixture
def contested(sample, people):
    rate_overall(sample, dict(zip(people, (1, 6, 1, 6, 3), strict=False)))
    assert state_of(sample) == State.CONTESTED
    return sample


@pytest.fixture
def resolved(sample, people):
    rate_overall(sample, dict.fromkeys(people[:3], 4))
    return sample


def decide(what, sample, by, **more):
    what(sample_id=sample.pk, by=by, note="I read it twice.", cause="taste", at=NOW, **more)
    return state_of(sample)


def set_to(value, sample, by):
    return decide(adjudication.set_label, sample, by, given=[{"attribute": "overall", "value": value}])


# --- a label ----------------------------------------------------------------------------------------------------
def test_a_reviewer_sets_the_label(contested, rita):
    assert set_to(3, contested, rita) == State.RESOLVED
    label = label_of(contested)
    assert (label.human_value, label.method, label.decided_by) == (3, "adjudication", rita)


def test_the_history_says_who_decided_and_why(contested, rita):
    set_to(3, contested, rita)
    event = contested.events.latest("pk")
    assert (event.reason, event.text, event.actor) == ("adjudicated", "Cause: taste. I read it twice.", rita)


def test_the_history_says_it_also_of_a_sample_that_was_resolved(resolved, rita):
    """A second look at a label that stands: whoever changes it leaves name, cause and note."""
    set_to(2, resolved, rita)
    assert label_of(resolved).human_value == 2
    event = resolved.events.latest("pk")
    assert (event.actor, event.text) == (rita, "Cause: taste. I read it twice.")


@pytest.mark.parametrize("value", [0, 7, None])
def test_a_reviewer_keeps_to_the_scale_too(contested, rita, value):
    with pytest.raises(RatingsRefused):
        set_to(value, contested, rita)
    assert state_of(contested) == State.CONTESTED


def test_an_excluded_sample_takes_no_label(sample, rita):
    Sample.objects.update(state=State.EXCLUDED)
    with pytest.raises(NotReviewable, match="is excluded"):
        set_to(3, sample, rita)


def test_a_second_decision_is_a_further_revision(contested, rita):
    set_to(3, contested, rita)
    set_to(5, contested, rita)
    assert list(contested.labels.order_by("revision").values_list("human_value", "is_current")) == [
        (3, False),
        (5, True),
    ]


def test_later_annotations_do_not_change_an_adjudicated_label(project, sample, people, rita):
    held = [claim(sample, by=person) for person in people[:3]]
    set_to(6, sample, rita)
    for lease in held:
        submission.submit(assignment_id=lease.pk, answer=answer(overall=1), at=NOW)
    assert (state_of(sample), label_of(sample).human_value) == (State.RESOLVED, 6)
    assert sample.labels.count() == 1


def test_a_lease_given_back_does_not_change_it_either(sample, people, rita):
    lease = claim(sample, by=people[0])
    set_to(6, sample, rita)
    leases.release(assignment=lease, at=NOW)
    assert (state_of(sample), label_of(sample).human_value) == (State.RESOLVED, 6)


def test_a_settled_sample_is_handed_out_to_nobody(sample, people, rita):
    set_to(6, sample, rita)
    assert not Sample.objects.get(pk=sample.pk).is_claimable


def test_people_who_join_do_not_reopen_a_settled_sample(project, sample, rita):
    rate_overall(sample, dict(zip(crowd(project, 3), (1, 6, 6), strict=True)))
    set_to(6, sample, rita)
    crowd(project, 5)
    reconsideration.reconsider(at=NOW)
    assert state_of(sample) == State.RESOLVED


# --- two more people --------------------------------------------------------------------------------------------
def test_two_more_are_asked_and_then_it_is_decided_again(contested, people, rita):
    assert decide(adjudication.ask_more, contested, rita) == State.ESCALATED
    assert counters(contested) == (7, 0, 5)
    assert last_event(contested) == ("contested", "escalated", "sent_back")
    rate(contested, by=people[5], overall=6)
    assert state_of(contested) == State.ESCALATED
    rate(contested, by=people[6], overall=6)
    assert (state_of(contested), label_of(contested).human_value) == (State.RESOLVED, 6)


def test_when_seven_do_not_agree_either_it_comes_back(contested, people, rita):
    decide(adjudication.ask_more, contested, rita)
    rate_overall(contested, {people[5]: 3, people[6]: 4})
    assert state_of(contested) == State.RESOLVED  # 3, 3, 4 are within one
    assert label_of(contested).human_value == 3


def test_a_resolved_sample_waits_for_both_who_were_asked(resolved, people, rita):
    """The reviewer wanted two more views; the first of them alone decides nothing."""
    assert decide(adjudication.ask_more, resolved, rita) == State.ESCALATED
    assert not resolved.labels.filter(is_current=True).exists()
    rate(resolved, by=people[3], overall=4)
    assert (state_of(resolved), resolved.open_slots) == (State.ESCALATED, 1)
    rate(resolved, by=people[4], overall=4)
    assert state_of(resolved) == State.RESOLVED


def test_a_lease_given_back_does_not_end_the_wait_for_those_who_were_asked(resolved, people, rita):
    decide(adjudication.ask_more, resolved, rita)
    leases.release(assignment=claim(resolved, by=people[3]), at=NOW)
    assert (state_of(resolved), resolved.open_slots) == (State.ESCALATED, 2)


def test_only_as_many_are_asked_as_there_are(project, sample, rita):
    people = crowd(project, 6)
    rate_overall(sample, dict(zip(people, (1, 6, 1, 6, 3), strict=False)))
    decide(adjudication.ask_more, sample, rita)
    assert counters(sample) == (6, 0, 5)
    rate(sample, by=people[5], overall=6)
    assert state_of(sample) == State.RESOLVED


def test_with_nobody_left_it_says_so(project, sample, rita):
    rate_overall(sample, dict(zip(crowd(project, 3), (1, 6, 6), strict=True)))
    with pytest.raises(NotReviewable, match="Nobody is left to ask"):
        decide(adjudication.ask_more, sample, rita)
    assert state_of(sample) == State.CONTESTED


@pytest.mark.parametrize("state", [State.ESCALATED, State.EXCLUDED])
def test_only_what_is_decided_or_contested_is_sent_out_again(sample, people, rita, state):
    Sample.objects.update(state=state)
    with pytest.raises(NotReviewable, match=f"is {state}"):
        decide(adjudication.ask_more, sample, rita)


def test_a_settled_sample_may_be_sent_out_again_and_is_then_decided_by_people(contested, people, rita):
    set_to(2, contested, rita)
    decide(adjudication.ask_more, contested, rita)
    rate_overall(contested, dict.fromkeys(people[5:7], 6))
    assert (label_of(contested).method, label_of(contested).human_value) == ("closest-three/1", 6)
    assert contested.labels.filter(method="adjudication").count() == 1


# --- out --------------------------------------------------------------------------------------------------------
def test_a_contested_sample_is_excluded(contested, rita):
    assert decide(adjudication.exclude, contested, rita) == State.EXCLUDED
    assert last_event(contested) == ("contested", "excluded", "excluded")


def test_a_resolved_sample_is_excluded_and_loses_its_label(resolved, rita):
    assert decide(adjudication.exclude, resolved, rita) == State.EXCLUDED
    assert not resolved.labels.filter(is_current=True).exists()
    assert resolved.labels.exists()


def test_an_excluded_sample_is_not_excluded_again(contested, rita):
    decide(adjudication.exclude, contested, rita)
    with pytest.raises(NotReviewable, match="excluded already"):
        decide(adjudication.exclude, contested, rita)


# --- the queue --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["set", "ask", "exclude"])
def test_a_decision_closes_what_was_open_for_review(resolved, rita, what):
    for kind in ReviewItem.Kind.values:
        ReviewItem.objects.create(sample=resolved, kind=kind, opened_at=NOW)
    if what == "set":
        set_to(2, resolved, rita)
    else:
        decide(adjudication.ask_more if what == "ask" else adjudication.exclude, resolved, rita)
    assert set(ReviewItem.objects.values_list("closed_at", "closed_by")) == {(NOW, rita.pk)}


def test_other_samples_keep_their_review_items(project, resolved, rita):
    other = make_sample(project, "other")
    ReviewItem.objects.create(sample=other, kind="late_annotation", opened_at=NOW)
    set_to(2, resolved, rita)
    assert ReviewItem.objects.get().closed_at is None


def test_a_gold_sample_gets_no_label_from_a_reviewer(project, rita):
    sample = make_sample(project)
    type(sample).objects.filter(pk=sample.pk).update(purpose="gold", target=0)
    with pytest.raises(NotReviewable, match="gold page"):
        adjudication.set_label(sample_id=sample.pk, given=[], by=rita, note="", cause="", at=NOW)
