"""People of at least median weight have an escalated sample to themselves for some hours; nobody waits for nobody."""

from datetime import timedelta

import pytest
from django.db import transaction
from races import start
from story import (
    NOW,
    State,
    claim,
    correct,
    counters,
    crowd,
    join,
    make_project,
    make_sample,
    rate,
    rate_overall,
    skip,
    state_of,
)

from annotation.models import Annotator, Project, Sample
from annotation.services import adjudication, claiming, leases, reconsideration
from annotation.tasks import end_head_starts

HOUR = timedelta(hours=1)
FIRST_THREE = (0.5, 0.5, 0.5)


def weighted(project, weights):
    """So many people with these weights, the first three of whom are going to disagree."""
    people = crowd(project, len(weights))
    for person, weight in zip(people, weights, strict=True):
        Annotator.objects.filter(pk=person.pk).update(weight=weight)
    return list(project.annotators.select_related("project").order_by("external_id"))


def escalated(project, weights, name="s1", at=NOW):
    """A sample on which the first three disagree; and everybody."""
    people, sample = weighted(project, weights), make_sample(project, name)
    rate_overall(sample, dict(zip(people, (1, 6, 6), strict=False)), at=at)
    sample.refresh_from_db()
    assert sample.state == State.ESCALATED
    return sample, people


def head_start(sample):
    sample.refresh_from_db()
    return sample.head_start_until


def gets(person, sample, at):
    """Whether the next claim of this person is this sample; given back at once."""
    lease = claiming.claim_next(annotator=person, at=at)
    if lease is None:
        return False
    leases.release(assignment=lease, at=at)
    return lease.sample_id == sample.pk


# --- when there is one -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("later", "has_one"),
    [
        ((0.9, 0.8, 0.1), True),
        ((0.9, 0.5, 0.1), True),  # exactly the median is enough
        ((0.9, None, 0.1), True),  # nobody knows better of them yet: they count as the median
        ((0.9, 0.1, 0.1), False),  # one favoured person, and two are wanted
        ((0.1, 0.1, 0.1), False),
        ((0.9, 0.9, 0.9), False),  # nobody would have to stand back
        ((None, None, None), False),
    ],
)
def test_there_is_one_when_enough_favoured_people_may_be_asked_and_somebody_stands_back(project, later, has_one):
    sample, _ = escalated(project, (*FIRST_THREE, *later))
    assert head_start(sample) == (NOW + 4 * HOUR if has_one else None)


def test_where_nobody_has_a_weight_there_is_none(project):
    assert head_start(escalated(project, [None] * 6)[0]) is None


def test_it_lasts_as_long_as_the_project_says(project):
    Project.objects.update(head_start_hours=12)
    assert head_start(escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))[0]) == NOW + 12 * HOUR


def test_zero_hours_are_none(project):
    Project.objects.update(head_start_hours=0)
    assert head_start(escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))[0]) is None


def test_the_median_is_that_of_active_people(project):
    """Those who are gone do not count: without the four of weight 1 the median is .5, and .6 is favoured."""
    people = weighted(project, (*FIRST_THREE, 0.6, 0.6, 0.1, 1, 1, 1, 1))
    Annotator.objects.filter(pk__in=[person.pk for person in people[6:]]).update(state="withdrawn")
    sample = make_sample(project)
    rate_overall(sample, dict(zip(people, (1, 6, 6), strict=False)))
    assert head_start(sample) == NOW + 4 * HOUR


@pytest.mark.parametrize("columns", [{"state": "paused"}, {"is_qualified": False}, {"cap": 0}])
def test_favoured_people_who_may_not_be_asked_do_not_count(project, columns):
    people = weighted(project, (*FIRST_THREE, 0.9, 0.9, 0.1, 0.1))
    Annotator.objects.filter(pk=people[3].pk).update(**columns)
    sample = make_sample(project)
    rate_overall(sample, dict(zip(people, (1, 6, 6), strict=False)))
    assert (state_of(sample), head_start(sample)) == (State.ESCALATED, None)


def test_what_a_reviewer_sends_back_has_one_too(project, rita):
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1, 0.9, 0.9))
    rate_overall(sample, {people[3]: 1, people[4]: 4})
    assert state_of(sample) == State.CONTESTED
    adjudication.ask_more(sample_id=sample.pk, by=rita, note="", cause="", at=NOW + HOUR)
    assert head_start(sample) == NOW + 5 * HOUR


# --- who gets the sample ---------------------------------------------------------------------------------------
def test_only_the_favoured_get_it_before_it_ends_and_then_everybody(project):
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    favoured, other = people[3], people[5]
    assert claiming.claim_next(annotator=other, at=NOW + 4 * HOUR - timedelta(seconds=1)) is None
    assert claiming.claim_next(annotator=favoured, at=NOW + 4 * HOUR - timedelta(seconds=1)).sample == sample
    assert reconsideration.end_head_starts(at=NOW + 4 * HOUR) == 1
    assert gets(other, sample, NOW + 4 * HOUR)


def test_somebody_who_looked_in_vain_before_finds_it_afterwards(project):
    """What a cursor passed, and what was ruled out as "nothing left", comes back with a place of its own."""
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    for minutes in (1, 2, 3):
        assert claiming.claim_next(annotator=people[5], at=NOW + timedelta(minutes=minutes)) is None
    end_at = NOW + 4 * HOUR
    reconsideration.end_head_starts(at=end_at)
    assert gets(people[5], sample, end_at)


# --- how it ends -------------------------------------------------------------------------------------------------
def test_the_task_ends_what_is_over_and_nothing_else(project):
    over, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    running = make_sample(project, "s2")
    rate_overall(running, dict(zip(people, (1, 6, 6), strict=False)), at=NOW + HOUR)
    assert reconsideration.end_head_starts(at=NOW + 4 * HOUR) == 1
    assert (head_start(over), head_start(running)) == (None, NOW + 5 * HOUR)
    assert reconsideration.end_head_starts(at=NOW + 4 * HOUR) == 0


def test_the_clock_of_beat_ends_them(project):
    sample, _ = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))  # years ago
    end_head_starts()
    assert head_start(sample) is None


def test_it_ends_with_the_escalation(project):
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    rate_overall(sample, {people[3]: 6, people[4]: 6})
    assert (state_of(sample), head_start(sample)) == (State.RESOLVED, None)


def test_it_ends_when_a_correction_takes_the_escalation_back(project):
    people, sample = weighted(project, (*FIRST_THREE, 0.9, 0.9, 0.1)), make_sample(project)
    first = rate(sample, by=people[0], overall=1)
    rate_overall(sample, {people[1]: 6, people[2]: 6})
    assert head_start(sample)
    correct(first, overall=6)
    assert (state_of(sample), head_start(sample)) == (State.RESOLVED, None)


def test_it_ends_at_once_when_a_favoured_person_skips_and_too_few_are_left(project):
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    skip(sample, by=people[3])
    assert (state_of(sample), head_start(sample)) == (State.ESCALATED, None)
    assert gets(people[5], sample, NOW)


def test_it_goes_on_while_enough_favoured_people_are_left(project):
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.9, 0.1))
    skip(sample, by=people[3])
    assert head_start(sample) == NOW + 4 * HOUR
    rate(sample, by=people[4], overall=6)
    assert (counters(sample), head_start(sample)) == ((5, 0, 4), NOW + 4 * HOUR)


def test_it_ends_when_the_favoured_people_go(project):
    """Nobody would come: without an early end everybody else would wait for hours."""
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    Annotator.objects.filter(pk__in=[person.pk for person in people[3:5]]).update(state="withdrawn")
    reconsideration.reconsider(project=project, at=NOW + HOUR)
    assert (state_of(sample), head_start(sample)) == (State.ESCALATED, None)
    assert gets(people[5], sample, NOW + HOUR)


def test_it_ends_when_one_is_at_it_and_the_other_favoured_person_goes(project):
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    claim(sample, by=people[3])
    Annotator.objects.filter(pk=people[4].pk).update(state="paused")
    reconsideration.reconsider(at=NOW + HOUR)
    assert (counters(sample), head_start(sample)) == ((5, 1, 3), None)


def test_when_everybody_goes_the_sample_waits_for_people(project):
    sample, people = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    Annotator.objects.filter(pk__in=[person.pk for person in people[3:]]).update(state="paused")
    reconsideration.reconsider(at=NOW + HOUR)
    assert (state_of(sample), sample.waits_for_people, head_start(sample)) == (State.CONTESTED, True, None)
    join(project, "frank")
    assert (state_of(sample), head_start(sample)) == (State.ESCALATED, None)


@pytest.mark.django_db(transaction=True)
def test_the_task_passes_a_sample_that_somebody_has_in_hand_just_now():

    project = make_project()
    sample, _ = escalated(project, (*FIRST_THREE, 0.9, 0.9, 0.1))
    with transaction.atomic():
        Sample.objects.select_for_update().get(pk=sample.pk)
        task = start(lambda: reconsideration.end_head_starts(at=NOW + 5 * HOUR))
        assert task.result(timeout=20) == 0
    assert reconsideration.end_head_starts(at=NOW + 5 * HOUR) == 1
