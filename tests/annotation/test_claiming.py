"""Handing out work: who is given which sample, and what a refusal says."""

from datetime import timedelta

import pytest
from story import (
    MINUTE,
    NOW,
    answer,
    claim,
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
)

from annotation.models import Annotator, Assignment, Project, Sample
from annotation.services import claiming, leases, projects, submission
from annotation.services.claiming import NotClaimable


def claim_next(person, at=NOW):
    person.refresh_from_db()
    return claiming.claim_next(annotator=person, at=at)


def refusal(person, sample=None):
    with pytest.raises(NotClaimable) as refused:
        claim(sample, by=person) if sample else claim_next(person)
    assert str(refused.value).endswith(".")
    return refused.value.code


def test_a_claim_takes_a_slot_of_an_open_sample(sample, ana):
    lease = claim_next(ana)
    assert (lease.sample, lease.state, lease.lease_place) == (sample, "leased", 0)
    assert counters(sample) == (3, 1, 0)
    assert lease.lease_expires_at == NOW + 60 * MINUTE


def test_a_reload_resumes_and_renews(project, ana):
    make_samples(project, 5)
    first = claim_next(ana)
    again = claim_next(ana, at=NOW + 30 * MINUTE)
    assert again == first
    assert again.lease_expires_at == NOW + 90 * MINUTE
    assert ana.assignments.count() == 1


def test_nothing_is_left_in_an_empty_project(ana):
    assert claim_next(ana) is None


def test_a_person_judges_a_sample_once(sample, ana):
    rate(sample, by=ana, overall=3)
    assert claim_next(ana) is None


def test_a_full_sample_is_given_to_nobody_else(sample, ana, ben, cleo, dan):
    for person in (ana, ben, cleo):
        claim_next(person)
    assert claim_next(dan) is None
    assert counters(sample) == (3, 3, 0)


def test_fresh_samples_come_in_the_order_of_their_random_rank(project, ana):
    make_samples(project, 12)
    given = []
    while lease := claim_next(ana):
        given.append(lease.sample)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=3), at=NOW)
    assert given == list(project.samples.order_by("rank"))


def test_ranks_are_random_and_not_the_order_of_the_import(project):
    samples = make_samples(project, 40)
    ranks = [sample.rank for sample in samples]
    assert len(set(ranks)) == 40
    assert ranks != sorted(ranks)


def test_a_sample_that_was_given_back_is_served_before_fresh_ones(project, ana, ben):
    make_samples(project, 6)
    lease = claim_next(ana)
    leases.release(assignment=lease, at=NOW)
    assert claim_next(ben).sample == lease.sample


def test_what_came_back_first_is_served_first(project, ana, ben, cleo, dan):
    make_samples(project, 6)
    first, second = (claim_next(person) for person in (ana, ben))
    if first.sample == second.sample:
        second = claim(project.samples.exclude(pk=first.sample_id).first(), by=dan)
    for lease in (second, first):
        leases.release(assignment=lease, at=NOW)
    assert claim_next(cleo).sample == second.sample


def test_an_escalated_sample_is_served_before_fresh_ones(project, ana, ben, cleo, dan):
    disputed, *_ = make_samples(project, 4)
    rate_overall(disputed, {ana: 1, ben: 6, cleo: 6})
    assert claim_next(dan).sample == disputed


@pytest.mark.parametrize("end", ["released", "expired"])
def test_a_sample_given_back_is_leased_again_in_place(sample, ana, end):
    first = claim_next(ana)
    if end == "released":
        leases.release(assignment=first, at=NOW)
    else:
        leases.expire(at=NOW + 61 * MINUTE)
    first.refresh_from_db()
    assert (first.state, first.lease_place, counters(sample)) == (end, None, (3, 0, 0))
    second = claim_next(ana, at=NOW + 62 * MINUTE)
    assert (second.pk, second.state, second.finished_at) == (first.pk, "leased", None)
    assert counters(sample) == (3, 1, 0)


def test_a_sample_behind_the_cursor_is_still_found(project, ana):
    passed, ahead = sorted(make_samples(project, 2), key=lambda sample: sample.rank)
    Annotator.objects.filter(pk=ana.pk).update(fresh_cursor=ahead.rank)
    rate(ahead, by=ana, overall=4)
    assert claim_next(ana).sample == passed


def test_a_sample_imported_late_is_found_whatever_its_rank(project, ana):
    Annotator.objects.filter(pk=ana.pk).update(fresh_cursor=2**62)
    late = make_sample(project, "late")
    assert claim_next(ana).sample == late


def test_gold_and_training_samples_are_not_handed_out(project, ana):
    about = {"project": project, "target": 0, "response_count": 1}
    Sample.objects.create(external_id="g", purpose="gold", rank=1, **about)
    Sample.objects.create(external_id="t", purpose="training", rank=2, **about)
    assert claim_next(ana) is None


def test_a_project_gives_no_samples_of_another(project, ana):
    make_sample(make_project("elsewhere"))
    assert claim_next(ana) is None


def test_the_sample_with_the_higher_priority_is_served_first(project, ana):
    """The pilot format promises of `priority`: higher is served earlier."""
    make_samples(project, 15)
    urgent = make_sample(project, "urgent", priority=5)
    assert claim_next(ana).sample == urgent


# --- who may not ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", ["paused", "archived"])
def test_a_project_that_is_not_active_hands_out_nothing(project, sample, ana, state):
    Project.objects.update(state=state)
    ana = project.annotators.get(pk=ana.pk)
    assert refusal(ana) == "paused"
    assert refusal(ana, sample) == "paused"


@pytest.mark.parametrize("state", ["paused", "withdrawn"])
def test_a_person_who_is_not_active_is_given_nothing(sample, ana, state):
    Annotator.objects.update(state=state)
    assert refusal(ana) == "paused"


def test_a_person_who_is_not_qualified_is_given_nothing(sample, ana):
    Annotator.objects.update(is_qualified=False)
    assert refusal(ana) == "unqualified"


def test_a_person_at_their_cap_is_given_nothing_more(project, ana):
    one, two, three = make_samples(project, 3)
    Annotator.objects.update(cap=2)
    ana.refresh_from_db()
    rate(one, by=ana, overall=3)
    skip(two, by=ana)
    assert refusal(ana) == "at_cap"
    assert refusal(ana, three) == "at_cap"


def test_a_sample_given_back_does_not_count_towards_the_cap(project, ana):
    make_samples(project, 2)
    Annotator.objects.update(cap=1)
    leases.release(assignment=claim_next(ana), at=NOW)
    assert claim_next(ana)


def test_the_last_sample_under_the_cap_is_resumed(project, ana):
    make_samples(project, 2)
    Annotator.objects.update(cap=1)
    assert claim_next(ana) == claim_next(ana)


# --- directed claims --------------------------------------------------------------------------------------------
def test_a_directed_claim_is_refused_unless_the_project_allows_it(project, sample, ana):
    Project.objects.update(allows_directed_claims=False)
    ana.project.refresh_from_db()
    assert refusal(ana, sample) == "not_allowed"


def test_a_directed_claim_gives_the_named_sample(project, ana):
    samples = make_samples(project, 5)
    assert claim(samples[3], by=ana).sample == samples[3]


def test_asking_again_for_the_same_sample_returns_the_lease(sample, ana):
    first = claim(sample, by=ana)
    again = claim(sample, by=ana, at=NOW + MINUTE)
    assert again == first
    assert again.lease_expires_at > first.lease_expires_at
    assert counters(sample) == (3, 1, 0)


def test_a_named_sample_of_another_project_is_refused(ana):
    assert refusal(ana, make_sample(make_project("elsewhere"))) == "elsewhere"


def test_a_sample_that_one_has_had_is_refused_by_name(sample, ana, ben):
    rate(sample, by=ana, overall=3)
    skip(sample, by=ben)
    assert refusal(ana, sample) == "had_it"
    assert refusal(ben, sample) == "had_it"


def test_a_sample_without_a_slot_is_refused_by_name(sample, ana, ben, cleo, dan):
    for person in (ana, ben, cleo):
        claim(sample, by=person)
    assert refusal(dan, sample) == "no_slot"


@pytest.mark.parametrize("state", ["resolved", "contested", "excluded"])
def test_a_closed_sample_is_refused_by_name(sample, ana, state):
    Sample.objects.update(state=state)
    assert refusal(ana, sample) == "no_slot"


def test_a_third_sample_in_hand_is_refused(project, ana):
    one, two, three = make_samples(project, 3)
    claim(one, by=ana)
    assert claim(two, by=ana).lease_place == 1
    assert refusal(ana, three) == "holds_two"
    assert counters(three) == (3, 0, 0)


def test_the_next_sample_is_the_current_one_before_the_one_ahead(project, ana):
    one, two = make_samples(project, 2)
    current, _ahead = claim(one, by=ana), claim(two, by=ana)
    assert claim_next(ana) == current


# --- the order shown, and how a lease ends ----------------------------------------------------------------------
def test_the_order_shown_is_stored_and_varies(db):
    project = make_project("pairs", attributes=[{**PAIRWISE}])
    orders = {
        tuple(claim(make_pair(project, person.external_id), by=person).shown_order) for person in crowd(project, 40)
    }
    assert orders == {(0, 1), (1, 0)}


def test_a_project_may_keep_the_canonical_order(db):
    project = make_project("pairs", attributes=[{**PAIRWISE}], shuffles_responses=False)
    orders = {
        tuple(claim(make_pair(project, person.external_id), by=person).shown_order) for person in crowd(project, 15)
    }
    assert orders == {(0, 1)}


def test_a_lease_is_renewed_while_the_page_is_open(sample, ana):
    lease = claim(sample, by=ana)
    assert leases.renew(assignment=lease, at=NOW + 50 * MINUTE) == NOW + 110 * MINUTE
    assert leases.expire(at=NOW + 61 * MINUTE) == 0


def test_a_lease_expires_when_its_time_is_up_and_not_before(sample, ana):
    claim(sample, by=ana)
    assert leases.expire(at=NOW + 60 * MINUTE) == 0
    assert leases.expire(at=NOW + 60 * MINUTE + timedelta(seconds=1)) == 1
    assert leases.expire(at=NOW + 62 * MINUTE) == 0
    assert counters(sample) == (3, 0, 0)


def test_a_lease_that_ended_is_neither_renewed_nor_given_back_again(sample, ana):
    lease = claim(sample, by=ana)
    leases.release(assignment=lease, at=NOW)
    for end in (leases.renew, leases.release):
        with pytest.raises(leases.LeaseGone, match="was given back"):
            end(assignment=lease, at=NOW)
    with pytest.raises(leases.LeaseGone):
        leases.skip(assignment=lease, reason="broken", at=NOW)
    assert counters(sample) == (3, 0, 0)


def test_a_project_with_another_policy_wants_as_many_people_as_it_says(db):
    project = make_project("five")
    projects.write_policy(project=project, triggers={}, first_round=5)
    assert make_sample(project).target == 5


def test_somebody_who_joins_finds_what_is_open(project, sample):
    assert claim_next(join(project, "frank")).sample == sample
    assert Assignment.objects.count() == 1


PAIRWISE = {
    "name": "preference",
    "title": "Preference",
    "scope": "comparison",
    "level": "ordinal",
    "values": [{"value": value} for value in (-1, 0, 1)],
}
