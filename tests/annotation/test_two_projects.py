"""Two projects with the same people, the same names of samples and the same ranks: nothing of one is felt in the other."""

from functools import partial

import pytest
from crowd import broken_laws, claimable, rows, work_until_nothing_is_left, wrong_answers_about_what_is_left
from races import together
from story import (
    MINUTE,
    NOW,
    State,
    answer,
    claim,
    crowd,
    join,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    state_of,
)

from annotation.models import Annotator, Assignment, GoldAnswer, Project, Sample, SampleContent
from annotation.services import claiming, leases, people, projects, reconsideration, submission

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + 61 * MINUTE


@pytest.fixture
def north():
    return make_project("north")


@pytest.fixture
def south():
    return make_project("south")


@pytest.fixture
def ana(north, south):
    """One account, an annotator of both."""
    return join(north, "ana"), join(south, "ana")


def next_for(person, at=NOW):
    return claiming.claim_next(annotator=Annotator.objects.select_related("project").get(pk=person.pk), at=at)


def answered(person, value=4, at=NOW):
    """The next sample, judged; None when nothing is left."""
    if lease := next_for(person, at):
        submission.submit(assignment_id=lease.pk, answer=answer(overall=value), at=at)
    return lease and lease.sample


def twins(north, south, how_many=6):
    """Samples of the same names and the same ranks in both projects."""
    for place in range(how_many):
        for project in (north, south):
            make_one(project, f"s{place}", rank=1000 + place)


def make_one(project, name, **columns):
    sample = Sample.objects.create(
        project=project, external_id=name, target=columns.pop("target", 3), response_count=1, **columns
    )
    SampleContent.objects.create(
        sample=sample,
        messages=[{"role": "user", "content": f"Prompt of {name} in {project.slug}"}],
        responses=[{"id": "r", "text": "A text."}],
    )
    return sample


def places(person):
    """Everything that a claim remembers of a person."""
    columns = ("fresh_cursor", "returned_cursor", "gold_cursor", "nothing_before", "given_count")
    return Annotator.objects.values_list(*columns).get(pk=person.pk)


def test_somebody_far_ahead_in_one_project_begins_the_other_at_its_beginning(north, south, ana):
    twins(north, south)
    in_north, in_south = ana
    done = [answered(in_north) for _ in range(6)]
    assert next_for(in_north) is None
    assert places(in_south) == (-1, 0, -1, 0, 0)
    assert [sample.rank for sample in done] == [answered(in_south).rank for _ in range(6)]
    assert next_for(in_south) is None


def test_nothing_left_in_one_project_says_nothing_about_the_other(north, south, ana):
    in_north, in_south = ana
    for _ in range(2):
        assert next_for(in_north) is None
    added = make_sample(south, "only-south")
    assert next_for(in_north) is None
    assert next_for(in_south).sample == added
    late = make_sample(north, "only-north")
    assert next_for(in_north).sample == late


def test_what_comes_back_in_one_project_is_served_first_there_only(north, south, ana):
    twins(north, south)
    in_north, in_south = ana
    [ben] = crowd(north, 1)
    back = north.samples.get(external_id="s5")
    leases.release(assignment=claim(back, by=ben), at=NOW)
    assert next_for(in_north).sample == back
    assert next_for(in_south).sample.external_id == "s0"
    assert south.samples.filter(lane_seq__isnull=False).count() == 0


def test_a_lease_in_one_project_is_resumed_there_and_blocks_nothing_in_the_other(north, south, ana):
    twins(north, south)
    in_north, in_south = ana
    [one, two] = north.samples.order_by("rank")[:2]
    first, second = claim(one, by=in_north), claim(two, by=in_north)
    with pytest.raises(claiming.NotClaimable, match="holds two"):
        claim(north.samples.order_by("rank")[2], by=in_north)
    lease = next_for(in_south)
    assert lease.sample.project_id == south.pk
    assert next_for(in_north) == first
    assert next_for(in_south) == lease
    assert {first.pk, second.pk, lease.pk} == set(Assignment.objects.values_list("pk", flat=True))


def test_a_cap_in_one_project_is_none_in_the_other(north, south, ana):
    twins(north, south)
    in_north, in_south = ana
    Annotator.objects.filter(pk=in_north.pk).update(cap=1)
    answered(in_north)
    with pytest.raises(claiming.NotClaimable, match="has had all 1"):
        next_for(in_north)
    assert [answered(in_south) is not None for _ in range(6)] == [True] * 6


@pytest.mark.parametrize("change", [{"state": "paused"}, {"is_qualified": False}, {"held_until": LATER}])
def test_somebody_who_may_not_work_in_one_project_may_in_the_other(north, south, ana, change):
    twins(north, south)
    in_north, in_south = ana
    Annotator.objects.filter(pk=in_north.pk).update(**change)
    with pytest.raises(claiming.NotClaimable):
        next_for(in_north)
    assert next_for(in_south)


def test_pausing_one_project_leaves_the_other(north, south, ana):
    twins(north, south)
    in_north, in_south = ana
    Project.objects.filter(pk=north.pk).update(state="paused")
    with pytest.raises(claiming.NotClaimable, match="north is paused"):
        next_for(in_north)
    assert next_for(in_south)


def test_leases_have_the_length_of_their_own_project(north, south, ana):
    Project.objects.filter(pk=south.pk).update(lease_minutes=600)
    twins(north, south)
    in_north, in_south = ana
    short, long = next_for(in_north), next_for(in_south)
    assert leases.expire(at=LATER) == 1
    states = dict(Assignment.objects.values_list("pk", "state"))
    assert (states[short.pk], states[long.pk]) == ("expired", "leased")


def test_a_directed_claim_finds_the_sample_of_its_own_project(north, south, ana):
    twins(north, south)
    in_north, in_south = ana
    theirs = south.samples.get(external_id="s3")
    with pytest.raises(claiming.NotClaimable) as refused:
        claim(theirs, by=in_north)
    assert refused.value.code == "elsewhere"
    assert claim(theirs, by=in_south).sample.project_id == south.pk


def test_the_same_client_key_in_both_is_two_answers(north, south, ana):
    twins(north, south)
    in_north, in_south = ana
    receipts = [
        rate(project.samples.get(external_id="s0"), by=person, key="same", overall=value)
        for project, person, value in ((north, in_north, 2), (south, in_south, 5))
    ]
    assert [receipt.repeated for receipt in receipts] == [False, False]
    assert receipts[0].annotation.pk != receipts[1].annotation.pk


def test_whoever_joins_one_project_is_not_asked_in_the_other(north, south):
    """Contested in both, because nobody is left; somebody joins the south."""
    samples = [make_sample(project, "disputed") for project in (north, south)]
    for sample in samples:
        rate_overall(sample, dict(zip(crowd(sample.project, 3), (1, 6, 6), strict=True)))
    assert [state_of(sample) for sample in samples] == [State.CONTESTED] * 2
    people.add_outside_people(project=south, external_ids=["newcomer"], at=NOW)
    reconsideration.reconsider(at=NOW)
    assert [state_of(sample) for sample in samples] == [State.CONTESTED, State.ESCALATED]
    assert next_for(south.annotators.get(external_id="newcomer")).sample == samples[1]


def test_a_new_policy_is_the_policy_of_its_own_project(north, south):
    projects.write_policy(project=north, triggers=north.policy.triggers, first_round=4)
    samples = [make_sample(project) for project in (north, south)]
    for sample in samples:
        rate_overall(sample, dict.fromkeys(crowd(sample.project, 3), 4))
    assert [state_of(sample) for sample in samples] == [State.OPEN, State.RESOLVED]


def test_gold_of_one_project_is_given_to_nobody_in_the_other(north, south, ana):
    """Every second claim in the north is gold; the south has work of the same ranks, and gold of its own that it never serves."""
    twins(north, south, how_many=20)
    for project in (north, south):
        for number in range(10):
            gold = make_one(project, f"gold-{number}", target=0, purpose="gold", rank=1000 + number)
            GoldAnswer.objects.create(
                sample=gold,
                project=project,
                rubric=project.rubric,
                ratings=[4],
                source="imported",
                rank=gold.rank,
                created_at=NOW,
            )
    Project.objects.filter(pk=north.pk).update(gold_rate=0.5)
    in_north, in_south = ana
    for person in (in_north, in_south):
        while answered(person):
            pass
    given = rows(
        """SELECT person.project_id, sample.project_id, assignment.is_gold FROM annotation_assignment assignment
        JOIN annotation_annotator person ON person.id = annotator_id JOIN annotation_sample sample ON sample.id = sample_id"""
    )
    assert all(of_person == of_sample for of_person, of_sample, _ in given)
    assert not [row for row in given if row[0] == south.pk and row[2]]
    assert 1 <= len([row for row in given if row[0] == north.pk and row[2]]) <= 10
    assert len([row for row in given if not row[2]]) == 40
    assert places(in_south)[2] == -1
    assert broken_laws(north) == broken_laws(south) == []


def test_weights_of_one_project_decide_no_head_start_in_the_other(north, south):
    """In the north the newcomer is below the median; the same name in the south is not."""
    samples = [make_sample(project, "disputed") for project in (north, south)]
    for project in (north, south):
        people.add_outside_people(project=project, external_ids=["trusted", "trusted-2", "new"], at=NOW)
    north.annotators.filter(external_id__startswith="trusted").update(weight=0.9)
    north.annotators.filter(external_id="new").update(weight=0.1)
    for sample in samples:
        first = crowd(sample.project, 3)
        Annotator.objects.filter(pk__in=[person.pk for person in first], project=north).update(weight=0.5)
        rate_overall(sample, dict(zip(first, (1, 6, 6), strict=True)))
    assert next_for(south.annotators.get(external_id="new")).sample == samples[1]


def test_sixteen_people_empty_two_projects_at_once(north, south):
    """Every person works in both at the same time, from two windows; each project ends as if it were alone."""
    for project in (north, south):
        make_samples(project, 8)
    both = list(zip(crowd(north, 8), crowd(south, 8), strict=True))

    def work(person):
        judged = 0
        while answered(person, value=person.pk % 2 * 5 + 1):
            judged += 1
        return judged

    together([partial(work, person) for pair in both for person in pair])
    for project in (north, south):
        assert broken_laws(project) == []
        assert wrong_answers_about_what_is_left(project, NOW) == []
        work_until_nothing_is_left(project, NOW)
        assert not project.samples.filter(state="open").exists()
        assert not [name for person in project.annotators.all() for name in claimable(person, NOW)]
