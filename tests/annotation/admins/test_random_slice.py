"""The random slice: a fixed number of people, whatever they say; its samples never escalate and are never stuck."""

import pytest
from story import (
    NOW,
    OVERALL,
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

from annotation.models import Annotation, Annotator, Sample
from annotation.services import leases, projects, reconsideration, submission
from annotation.services.projects import is_drawn


@pytest.fixture
def project(db):
    """Every sample is in the slice, and gets four people."""
    return with_slice(make_project(), slice_share=1)


def with_slice(project, **slice_of):
    projects.write_policy(project=project, triggers=project.policy.triggers, **slice_of)
    return project


def rated(project, values, *, people=5, name="s1"):
    sample = make_sample(project, name)
    rate_overall(sample, dict(zip(crowd(project, people), values, strict=False)))
    sample.refresh_from_db()
    return sample


# --- the draw ----------------------------------------------------------------------------------------------------
def test_an_import_draws_the_share_that_the_policy_says_and_spreads_it_over_the_order_of_work(db):
    project = with_slice(make_project(), slice_share=0.25, slice_overlap=5)
    make_samples(project, 400)
    drawn = project.samples.filter(is_fixed_overlap=True)
    assert 60 <= drawn.count() <= 140  # 100 expected, 8.7 a standard deviation
    assert set(drawn.values_list("target", flat=True)) == {5}
    assert set(project.samples.filter(is_fixed_overlap=False).values_list("target", flat=True)) == {3}
    ranks = list(project.samples.order_by("rank").values_list("is_fixed_overlap", flat=True))
    assert 20 <= sum(ranks[:200]) <= 80


def test_without_a_share_nothing_is_drawn(db):
    make_samples(project := make_project(), 50)
    assert not project.samples.filter(is_fixed_overlap=True).exists()


def test_the_same_rank_is_drawn_every_time_and_a_larger_share_draws_what_a_smaller_one_did():
    ranks = range(0, 2**62, 2**62 // 5000)
    small, large = ({rank for rank in ranks if is_drawn(rank, share)} for share in (0.1, 0.3))
    assert small < large
    assert small == {rank for rank in ranks if is_drawn(rank, 0.1)}
    assert (len(small) / 5001, len(large) / 5001) == (pytest.approx(0.1, abs=0.02), pytest.approx(0.3, abs=0.02))
    assert all(is_drawn(rank, 1) for rank in ranks)
    assert not any(is_drawn(rank, 0) for rank in ranks)
    assert is_drawn(2**63 - 1, 1)


# --- the decision ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("values", [(1, 6, 1, 6), (4, 4, 4, 4), (1, 3, 5, 6)])
def test_four_people_are_asked_whatever_they_say_and_then_it_is_resolved(project, values):
    sample = make_sample(project)
    people = crowd(project, 6)
    assert counters(sample) == (4, 0, 0)
    for came, (person, value) in enumerate(zip(people, values, strict=False), start=1):
        rate(sample, by=person, overall=value)
        assert state_of(sample) == (State.RESOLVED if came == 4 else State.OPEN)
    assert last_event(sample) == ("open", "resolved", "fixed_overlap_reached")
    assert counters(sample) == (4, 0, 4)


def test_all_of_its_annotations_are_of_the_first_round(project):
    rated(project, (1, 6, 1, 6))
    assert set(Annotation.objects.values_list("round", flat=True)) == {1}


def test_its_label_is_made_by_the_rule_from_all_four(project):
    projects.write_policy(project=project, triggers=project.policy.triggers, slice_share=1, label_rule="mean")
    label = label_of(rated(project, (1, 6, 4, 3)))
    assert (label.human_expected, label.annotation_count, len(label.annotations)) == (3.5, 4, 4)


def test_four_who_find_nothing_to_rate_make_no_label(db):
    project = with_slice(make_project(attributes=[{**OVERALL, "optional": True}]), slice_share=1)
    sample = make_sample(project)
    for person, value in zip(crowd(project, 6), (4, None, None, 4), strict=False):
        rate(sample, by=person, overall=value)
    assert (state_of(sample), last_event(sample)[2]) == (State.CONTESTED, "too_few_usable")
    assert not sample.waits_for_people


def test_a_correction_never_escalates_it(project):
    sample = make_sample(project)
    receipts = [rate(sample, by=person, overall=4) for person in crowd(project, 6)[:4]]
    correct(receipts[0], overall=1)
    assert state_of(sample) == State.RESOLVED
    assert not sample.events.filter(target=State.ESCALATED).exists()


def test_a_skip_is_made_up_for_by_somebody_else(project):
    sample = make_sample(project)
    ana, *others = crowd(project, 5)
    skip(sample, by=ana)
    rate_overall(sample, dict.fromkeys(others, 4))
    assert state_of(sample) == State.RESOLVED


# --- never stuck -------------------------------------------------------------------------------------------------
def test_with_nobody_left_for_the_fourth_a_reviewer_decides_and_it_waits_for_people(project):
    sample = rated(project, (1, 6, 4), people=3)
    assert (sample.state, sample.waits_for_people) == (State.CONTESTED, True)
    assert last_event(sample) == ("open", "contested", "nobody_left")
    assert counters(sample) == (3, 0, 3)


def test_too_few_for_any_label_it_waits_open_like_every_other_first_round(project):
    sample = rated(project, (1, 6), people=2)
    assert (sample.state, sample.waits_for_people, counters(sample)) == (State.OPEN, False, (4, 0, 2))


def test_whoever_joins_is_asked_and_it_is_open_again(project):
    sample = rated(project, (1, 6, 4), people=3)
    frank = join(project, "frank")
    assert (state_of(sample), sample.waits_for_people, counters(sample)) == (State.OPEN, False, (4, 0, 3))
    assert last_event(sample) == ("escalated", "open", "asked_again")  # the table of moves has no shorter way
    rate(sample, by=frank, overall=2)
    assert state_of(sample) == State.RESOLVED


def test_looking_again_with_nobody_new_changes_nothing(project):
    sample = rated(project, (1, 6, 4), people=3)
    for _ in range(3):
        reconsideration.reconsider(at=NOW)
    assert (state_of(sample), sample.events.count()) == (State.CONTESTED, 1)


@pytest.mark.parametrize("columns", [{"state": "paused"}, {"state": "withdrawn"}, {"is_qualified": False}, {"cap": 0}])
def test_when_those_who_are_left_go_the_hourly_look_finds_it(project, columns):
    sample = rated(project, (1, 6, 4), people=5)
    assert state_of(sample) == State.OPEN
    left = [person.pk for person in crowd(project, 5)[3:]]
    Annotator.objects.filter(pk__in=left).update(**columns)
    assert reconsideration.reconsider(at=NOW) == 1
    assert (state_of(sample), sample.waits_for_people) == (State.CONTESTED, True)


def test_while_the_fourth_has_it_in_hand_it_waits(project):
    sample = rated(project, (1, 6, 4), people=4)
    dan = crowd(project, 4)[3]
    lease = claim(sample, by=dan)
    reconsideration.reconsider(at=NOW)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (4, 1, 3))
    leases.skip(assignment=lease, reason="broken", at=NOW)
    assert (state_of(sample), sample.waits_for_people) == (State.CONTESTED, True)


def test_two_who_find_nothing_valid_exclude_it(db):
    project = with_slice(make_project(), slice_share=1)
    sample = make_sample(project)
    ana, ben, *_ = crowd(project, 5)
    rate(sample, by=ana, neither_valid=True)
    rate(sample, by=ben, neither_valid=True)
    assert state_of(sample) == State.EXCLUDED


def test_a_late_answer_changes_nothing(project):
    sample = make_sample(project)
    slow, *others = crowd(project, 6)
    lease = claim(sample, by=slow)
    leases.release(assignment=lease, at=NOW)
    rate_overall(sample, dict.fromkeys(others[:4], 4))
    assert not submission.submit(assignment_id=lease.pk, answer=answer(overall=1), at=NOW).counted
    assert Sample.objects.get().counted_count == 4
