"""When two more people are asked, and what becomes of the sample then."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from story import (
    NOW,
    OVERALL,
    PREFERENCE,
    State,
    claim,
    counters,
    crowd,
    join,
    label_of,
    last_event,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    scale,
    state_of,
)

from annotation.models import Annotator, ConsensusLabel, Requirement, Sample
from annotation.services import leases, projects, reconsideration


def rated(project, values, **about):
    """A sample of a project of its own size, judged by as many people as there are values, out of `people`."""
    people = crowd(project, about.get("people", 5))
    sample = make_sample(project, about.get("name", "s1"))
    rate_overall(sample, dict(zip(people, values, strict=False)))
    sample.refresh_from_db()
    return sample


# --- the first limit ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("values", [(1, 4, 4), (6, 3, 4), (1, 6, 1)])
def test_a_range_above_two_escalates(project, values):
    sample = rated(project, values)
    assert (sample.state, counters(sample)) == (State.ESCALATED, (5, 0, 3))
    assert last_event(sample) == ("open", "escalated", "first_round_disagreed")
    assert not ConsensusLabel.objects.filter(is_current=True).exists()


@pytest.mark.parametrize("values", [(2, 4, 4), (4, 4, 4), (6, 5, 4)])
def test_a_range_of_two_does_not_escalate(project, values):
    assert rated(project, values).state == State.RESOLVED


def test_the_event_says_what_the_people_said(project):
    text = rated(project, (1, 6, 6)).events.get().text
    assert text == "overall of response 1: first three said 1, 6, 6; 5 apart, where 2 is allowed"


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ((-1, 1, 1), State.ESCALATED),
        ((-1, 0, 0), State.RESOLVED),
        ((-1, -1, -1), State.RESOLVED),
        ((0, 1, 1), State.RESOLVED),
    ],
)
def test_a_comparison_escalates_when_people_prefer_different_responses(db, values, state):
    project = make_project("pairs", attributes=[PREFERENCE])
    sample = make_pair(project)
    for person, value in zip(crowd(project, 5), values, strict=False):
        rate(sample, by=person, preference=value)
    assert state_of(sample) == state


def test_only_the_attribute_that_triggers_escalates(db):
    project = make_project(attributes=[OVERALL, scale("style", 0, 1, 2, 3, 4)])
    sample = make_sample(project)
    for person, style in zip(crowd(project, 5), (0, 4, 2), strict=False):
        rate(sample, by=person, overall=4, style=style)
    assert state_of(sample) == State.RESOLVED


def test_either_response_may_escalate(db):
    project = make_project()
    sample = make_pair(project)
    for person, second in zip(crowd(project, 5), (1, 6, 6), strict=False):
        rate(sample, by=person, overall=(4, second))
    assert state_of(sample) == State.ESCALATED


def test_names_escalate_unless_all_say_the_same(db):
    project = make_project(attributes=[scale("topic", 1, 2, 3, level="nominal", trigger=True)])
    one, two = make_samples(project, 2)
    for person, topic in zip(crowd(project, 5), (1, 1, 2), strict=False):
        rate(one, by=person, topic=topic)
        rate(two, by=person, topic=1)
    assert (state_of(one), state_of(two)) == (State.ESCALATED, State.RESOLVED)


def test_a_limit_of_the_rubric_goes_before_the_default(db):
    project = make_project(attributes=[{**OVERALL, "escalate_above": 4}])
    assert rated(project, (1, 5, 5)).state == State.RESOLVED


def test_one_who_finds_nothing_valid_is_missing_from_the_range(db):
    project = make_project("pairs", attributes=[PREFERENCE])
    sample = make_pair(project)
    ana, ben, cleo, *_ = crowd(project, 5)
    rate(sample, by=ana, preference=1)
    rate(sample, by=ben, preference=1)
    rate(sample, by=cleo, neither_valid=True)
    assert state_of(sample) == State.CONTESTED
    assert last_event(sample)[2] == "too_few_usable"


# --- how many are asked -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("people", "slots"), [(9, 2), (5, 2), (4, 1)])
def test_two_more_are_asked_at_once_or_as_many_as_there_are(project, people, slots):
    sample = rated(project, (1, 6, 6), people=people)
    assert (sample.state, sample.open_slots) == (State.ESCALATED, slots)


def test_with_nobody_left_a_reviewer_must_decide_and_the_sample_waits_for_people(project):
    sample = rated(project, (1, 6, 6), people=3)
    assert (sample.state, sample.waits_for_people) == (State.CONTESTED, True)
    assert last_event(sample) == ("open", "contested", "nobody_left")


@pytest.mark.parametrize("columns", [{"state": "paused"}, {"state": "withdrawn"}, {"is_qualified": False}, {"cap": 0}])
def test_people_who_may_not_work_are_not_counted_as_left(project, columns):
    people = crowd(project, 5)
    Annotator.objects.filter(pk__in=[person.pk for person in people[3:]]).update(**columns)
    assert rated(project, (1, 6, 6)).state == State.CONTESTED


def needs(sample, *skills):
    requirement = Requirement.objects.create(project=sample.project, skills=sorted(skills))
    Sample.objects.filter(pk=sample.pk).update(requirement=requirement)


@pytest.mark.parametrize(
    ("skills", "slots"), [(["german", "law"], 2), (["german", "law", "music"], 2), (["german"], 0), ([], 0)]
)
def test_only_people_with_the_skills_that_the_sample_asks_for_are_left_to_ask(project, skills, slots):
    people, sample = crowd(project, 5), make_sample(project)
    needs(sample, "german", "law")
    Annotator.objects.update(skills=["german", "law"])
    Annotator.objects.filter(pk__in=[person.pk for person in people[3:]]).update(skills=skills)
    rate_overall(sample, dict(zip(project.annotators.order_by("external_id"), (1, 6, 6), strict=False)))
    assert (state_of(sample), sample.open_slots) == (State.ESCALATED if slots else State.CONTESTED, slots)
    assert sample.waits_for_people == (not slots)


def test_somebody_who_learns_what_the_sample_asks_for_is_asked(project):
    people, sample = crowd(project, 4), make_sample(project)
    needs(sample, "german")
    Annotator.objects.filter(pk__in=[person.pk for person in people[:3]]).update(skills=["german"])
    rate_overall(sample, dict(zip(project.annotators.order_by("external_id"), (1, 6, 6), strict=False)))
    assert state_of(sample) == State.CONTESTED
    Annotator.objects.update(skills=["german"])
    reconsideration.reconsider(project=project, at=NOW)
    assert (state_of(sample), sample.open_slots) == (State.ESCALATED, 1)


def test_somebody_who_is_held_back_for_a_while_still_counts_as_left(project):
    """A rule holds people back for a day at most: they come back, so the sample waits for them."""
    people = crowd(project, 5)
    Annotator.objects.filter(pk__in=[person.pk for person in people[3:]]).update(held_until=NOW + timedelta(hours=24))
    sample = rated(project, (1, 6, 6))
    assert (sample.state, sample.open_slots) == (State.ESCALATED, 2)


def test_people_of_another_project_are_not_asked(project):
    crowd(make_project("elsewhere"), 9)
    assert rated(project, (1, 6, 6), people=3).state == State.CONTESTED


def test_somebody_who_joins_is_asked(project):
    sample = rated(project, (1, 6, 6), people=3)
    join(project, "frank")
    assert (state_of(sample), sample.waits_for_people, sample.open_slots) == (State.ESCALATED, False, 1)


def test_whoever_comes_from_outside_is_asked_too(project):
    sample = rated(project, (1, 6, 6), people=3)
    crowd(project, 5)
    assert (state_of(sample), sample.open_slots) == (State.ESCALATED, 2)


def test_a_reviewer_who_joins_changes_nothing(project):
    sample = rated(project, (1, 6, 6), people=3)
    join(project, "rita", role="reviewer")
    assert state_of(sample) == State.CONTESTED


def test_every_hour_it_is_looked_at_again(project):
    people = crowd(project, 5)
    Annotator.objects.filter(pk__in=[person.pk for person in people[3:]]).update(state="paused")
    sample = rated(project, (1, 6, 6))
    Annotator.objects.update(state="active")
    assert reconsideration.reconsider(at=NOW) == 1
    assert (state_of(sample), sample.open_slots) == (State.ESCALATED, 2)
    reconsideration.reconsider(at=NOW)
    assert (state_of(sample), sample.open_slots, sample.events.count()) == (State.ESCALATED, 2, 2)


def test_looking_again_with_nobody_new_changes_nothing(project):
    sample = rated(project, (1, 6, 6), people=3)
    reconsideration.reconsider(at=NOW)
    assert (state_of(sample), sample.events.count()) == (State.CONTESTED, 1)


def test_a_slot_that_nobody_can_fill_any_more_does_not_wait_for_ever(project):
    """Asked for two more, but they are paused before they came: the hourly look must find it."""
    people = crowd(project, 5)
    sample = rated(project, (1, 6, 6))
    Annotator.objects.filter(pk__in=[person.pk for person in people[3:]]).update(state="paused")
    reconsideration.reconsider(at=NOW)
    assert state_of(sample) == State.CONTESTED
    assert sample.waits_for_people


def test_when_the_last_person_skips_those_who_came_decide(project):
    sample = rated(project, (4, 1, 4), people=4)
    *_, dan = crowd(project, 4)
    leases.skip(assignment=claim(sample, by=dan), reason="broken", at=NOW)
    assert (state_of(sample), sample.waits_for_people) == (State.CONTESTED, True)


# --- the second limit -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "state", "reason"),
    [
        ((1, 6, 6, 6, 1), State.RESOLVED, "settled_by_three"),
        ((1, 6, 5, 6, 1), State.RESOLVED, "settled_by_three"),
        ((1, 6, 1, 6, 3), State.CONTESTED, "unsettled"),
        ((1, 3, 5, 6, 3), State.CONTESTED, "unsettled"),
    ],
)
def test_after_five_a_sample_is_settled_by_three_within_one_or_not(project, values, state, reason):
    sample = rated(project, values)
    assert (sample.state, last_event(sample)[2]) == (state, reason)
    assert not sample.waits_for_people
    assert sample.labels.filter(is_current=True).exists() == (state == State.RESOLVED)


def test_the_fourth_alone_does_not_decide_while_a_fifth_is_wanted(project):
    sample = rated(project, (1, 6, 6, 6))
    assert (sample.state, counters(sample)) == (State.ESCALATED, (5, 0, 4))
    assert sample.events.count() == 1


def test_four_decide_when_there_is_no_fifth(project):
    sample = rated(project, (1, 6, 6, 6), people=4)
    assert (sample.state, label_of(sample).human_value) == (State.RESOLVED, 6)


@pytest.mark.parametrize(("unsettled", "state"), [("contested", State.CONTESTED), ("excluded", State.EXCLUDED)])
def test_the_policy_says_what_becomes_of_the_unsettled(project, unsettled, state):
    triggers = project.policy.triggers
    projects.write_policy(project=project, triggers=triggers, unsettled=unsettled)
    assert rated(project, (1, 6, 1, 6, 3)).state == state


def test_one_same_three_must_agree_on_every_trigger(db):
    project = make_project(attributes=[OVERALL, scale("depth", 1, 2, 3, 4, 5, 6, trigger=True)])
    one, other = make_samples(project, 2)
    same, crossed = [(1, 1), (6, 6), (6, 6), (6, 6), (1, 1)], [(1, 6), (1, 1), (1, 3), (6, 6), (3, 6)]
    for person, same_values, crossed_values in zip(crowd(project, 5), same, crossed, strict=True):
        for sample, (overall, depth) in ((one, same_values), (other, crossed_values)):
            rate(sample, by=person, overall=overall, depth=depth)
    assert (state_of(one), state_of(other)) == (State.RESOLVED, State.CONTESTED)


# --- the label, worked by hand ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "label", "expected"),
    [
        ((4, 5, 4), 4, 13 / 3),
        ((4, 5, 5), 5, 14 / 3),
        ((2, 4, 3), 3, 3.0),
        # The closest three of 1, 6, 6, 5, 2 are 6, 6, 5: distances 0 + 1 + 1, mean 17 / 3.
        ((1, 6, 6, 5, 2), 6, 17 / 3),
        # Of 1, 2, 5, 2, 4 they are 1, 2, 2: distances 1 + 1 + 0, mean 5 / 3.
        ((1, 2, 5, 2, 4), 2, 5 / 3),
    ],
)
def test_the_label_is_the_mean_of_the_closest_three(project, values, label, expected):
    found = label_of(rated(project, values))
    assert (found.human_value, found.annotation_count, found.method) == (label, 3, "closest-three/1")
    assert found.human_expected == pytest.approx(expected)
    assert len(found.annotations) == 3
    assert found.policy == project.policy


def test_of_equally_close_threes_the_one_nearest_the_mean_of_all_is_taken(db):
    """Of 6, 1, 2, 2, 3 the threes 1, 2, 2 and 2, 2, 3 are both 2 apart; the mean of all is 2.8, and 7 / 3 is nearer."""
    project = make_project()
    assert label_of(rated(project, (6, 1, 2, 2, 3))).human_expected == pytest.approx(7 / 3)


def test_a_comparison_that_comes_out_even_is_kept_as_no_preference(db):
    attribute = scale("preference", -3, -2, -1, 1, 2, 3, scope="comparison", trigger=True)
    project = make_project("pairs", attributes=[attribute])
    sample = make_pair(project)
    for person, value in zip(crowd(project, 3), (-1, 1, 1), strict=True):
        rate(sample, by=person, preference=value)
    label = label_of(sample, "preference", None)
    assert (label.human_value, label.no_preference) == (0, True)
    assert label.human_expected == pytest.approx(1 / 3)


def test_a_decision_is_made_by_the_policy_of_its_day_and_names_it(project, sample, ana, ben, cleo):
    rate_overall(sample, {ana: 1, ben: 4})
    newer = projects.write_policy(project=project, triggers={"overall": {"escalate_above": 3, "settle_within": 1}})
    rate_overall(sample, {cleo: 4})
    assert (state_of(sample), sample.events.get().policy) == (State.RESOLVED, newer)


def test_a_decided_sample_stays_when_the_policy_changes(project, sample, ana, ben, cleo):
    rate_overall(sample, {ana: 4, ben: 5, cleo: 4})
    projects.write_policy(project=project, triggers={"overall": {"escalate_above": 0, "settle_within": 0}})
    reconsideration.reconsider(at=NOW)
    assert state_of(sample) == State.RESOLVED


def test_an_undecided_sample_takes_more_people_when_the_policy_asks_more(project, sample, ana, ben, cleo, dan):
    rate_overall(sample, {ana: 4, ben: 4})
    projects.write_policy(project=project, triggers=project.policy.triggers, first_round=4)
    rate_overall(sample, {cleo: 4})
    assert (state_of(sample), counters(sample)) == (State.OPEN, (4, 0, 3))
    rate_overall(sample, {dan: 4})
    assert state_of(sample) == State.RESOLVED


def test_the_target_is_never_below_those_who_have_it(project):
    for sample in (rated(project, (1, 6, 1, 6, 3)), rated(project, (4, 4, 4), name="s2")):
        assert Sample.objects.get(pk=sample.pk).open_slots == 0


# --- the majority of five -----------------------------------------------------------------------------------------
MAJORITIES = [scale("taste", -1, 0, 1, trigger=True), scale("topic", 1, 2, 3, level="nominal", trigger=True)]


def majority_project(slug, attribute, **policy):
    project = make_project(slug, attributes=[attribute])
    projects.change_policy(project=project, by=None, at=NOW, reason="Majorities.", label_rule="majority", **policy)
    return project, crowd(project, 6)


def majority(project, people, name, values):
    """The label when so many of these people come as are asked; and how many that were."""
    sample = make_sample(project, f"s{project.samples.count()}")
    for person, value in zip(people, values, strict=False):
        sample.refresh_from_db()
        if sample.is_claimable:
            rate(sample, by=person, **{name: value})
    assert state_of(sample) == State.RESOLVED
    return label_of(sample, name).human_value, sample.counted_count


@pytest.mark.slow
@pytest.mark.parametrize("attribute", MAJORITIES, ids=lambda attribute: attribute["name"])
def test_to_ask_two_more_unless_three_are_unanimous_gives_the_majority_of_five(db, attribute):
    """The same five people, once asked in turn and once all of them: the label is the same."""
    name, levels = attribute["name"], [level["value"] for level in attribute["values"]]
    unanimous = {name: {"escalate_above": 0, "settle_within": max(levels) - min(levels)}}
    in_turn = majority_project("in-turn", attribute, triggers=unanimous)
    at_once = majority_project("at-once", attribute, slice_share=1, slice_overlap=5)

    @settings(max_examples=20, deadline=None, database=None)
    @given(st.lists(st.sampled_from(levels), min_size=5, max_size=5))
    def the_same(values):
        label, asked = majority(*in_turn, name, values)
        assert asked == (3 if len(set(values[:3])) == 1 else 5)
        assert (label, 5) == majority(*at_once, name, values)

    the_same()


def test_somebody_whose_account_is_switched_off_is_not_asked(project, sample, ana, ben, cleo, dan, eve):
    type(dan.user).objects.filter(pk__in=[dan.user_id, eve.user_id]).update(is_active=False)
    rate_overall(sample, {ana: 1, ben: 6, cleo: 3})
    assert last_event(sample) == ("open", "contested", "nobody_left")
