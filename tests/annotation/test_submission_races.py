"""The same answer twice at once, and the last people of a sample at once."""

from functools import partial

import pytest
from django.db import transaction
from races import start, together
from story import (
    NOW,
    State,
    answer,
    claim,
    counters,
    crowd,
    join,
    make_project,
    make_sample,
    make_samples,
    rate_overall,
    state_of,
)

from annotation.models import Annotation, Sample, SampleEvent
from annotation.services import leases, reconsideration, submission

pytestmark = pytest.mark.django_db(transaction=True)


def submit(lease, key, value=4):
    return submission.submit(assignment_id=lease.pk, answer=answer(key, overall=value), at=NOW)


def test_the_same_answer_twice_at_once_is_stored_once():
    project = make_project()
    sample = make_sample(project)
    [ana] = crowd(project, 1)
    receipts = together([partial(submit, claim(sample, by=ana), "mine")] * 4)
    assert len({receipt.annotation.pk for receipt in receipts}) == 1
    assert sorted(receipt.repeated for receipt in receipts) == [False, True, True, True]
    assert counters(sample) == (3, 0, 1)


def test_two_different_answers_at_once_leave_one():
    project = make_project()
    sample = make_sample(project)
    [ana] = crowd(project, 1)
    lease = claim(sample, by=ana)

    def try_to_submit(key):
        try:
            return submit(lease, key).counted
        except submission.AlreadySubmitted:
            return "refused"

    assert sorted(together([partial(try_to_submit, key) for key in ("a", "b")]), key=str) == [True, "refused"]
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize(("values", "state"), [((4, 4, 5), State.RESOLVED), ((1, 6, 6), State.ESCALATED)])
def test_the_last_three_at_once_decide_once(values, state):
    project = make_project()
    people = crowd(project, 5)
    samples = [make_sample(project, f"s{number}") for number in range(4)]
    for sample in samples:
        held = [claim(sample, by=person) for person in people[:3]]
        together([partial(submit, lease, "k", value) for lease, value in zip(held, values, strict=True)])
        assert counters(sample)[2] == 3
        assert sample.state == state
    assert SampleEvent.objects.count() == len(samples)


def test_an_answer_and_the_reaper_at_once_lose_nothing():
    project = make_project(lease_minutes=1)
    [ana] = crowd(project, 1)
    later = NOW.replace(hour=NOW.hour + 1)
    for number in range(5):
        sample = make_sample(project, f"s{number}")
        lease = claim(sample, by=ana)
        [receipt, _] = together([partial(submit, lease, "k"), partial(leases.expire, at=later)])
        assert receipt.counted
        assert counters(sample) == (3, 0, 1)


def test_whoever_joins_holds_up_one_sample_at_a_time(monkeypatch):
    """All that wait for people are looked at again, a transaction a sample: the first is free while the next is decided."""
    project = make_project()
    samples, people = make_samples(project, 2), crowd(project, 3)
    for sample in samples:
        rate_overall(sample, dict(zip(people, (1, 6, 6), strict=True)))
    look_again = reconsideration._settle

    def look_again_and_see(sample_id, at):
        look_again(sample_id, at)
        assert start(partial(lock_at_once, sample_id)).result(timeout=20)

    monkeypatch.setattr(reconsideration, "_settle", look_again_and_see)
    join(project, "frank")
    assert {state_of(sample) for sample in samples} == {State.ESCALATED}


@transaction.atomic
def lock_at_once(sample_id):
    return Sample.objects.select_for_update(nowait=True).get(pk=sample_id)
