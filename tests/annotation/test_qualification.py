"""The test of gold samples before real work: passed, failed, taken again, and what happens to it mid-way."""

import pytest
from django.db import transaction
from gold_story import LATER, answer_gold, make_gold, project_with_test
from story import MINUTE, NOW, State, answer, crowd, join, make_project, make_sample, rate_overall, state_of

from annotation.models import Annotator, GoldAnswer, Membership, Notice, Project
from annotation.services import claiming, disputes, leases, people, qualification, submission
from annotation.services.claiming import NotClaimable
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.services.qualification import NotAllowedAgain


@pytest.fixture
def project(db):
    """A test of two gold samples, of which one must be right."""
    return project_with_test()


@pytest.fixture
def golds(project):
    return [make_gold(project, f"g{number}", overall=4) for number in range(5)]


def take(person, *values, at=NOW):
    """Go on with the test: the next gold samples are answered so."""
    for value in values:
        lease = claiming.claim_next(annotator=person, at=at)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=value), at=at)


def standing(person):
    person.refresh_from_db()
    return person.is_qualified, person.tested_at


def notices(person):
    return list(person.notices.order_by("pk").values_list("text", flat=True))


# --- the way through -----------------------------------------------------------------------------------------------
def test_a_newcomer_gets_gold_before_work(project, golds, ana):
    make_sample(project, "work")
    assert standing(ana) == (False, None)
    lease = claiming.claim_next(annotator=ana, at=NOW)
    assert (lease.is_gold, qualification.remaining(ana)) == (True, 2)


def test_who_passes_gets_work(project, golds, ana):
    work = make_sample(project, "work")
    take(ana, 4)
    assert qualification.remaining(ana) == 1
    take(ana, 1)
    assert standing(ana) == (True, NOW)
    assert qualification.remaining(ana) == 0
    assert notices(ana) == [
        "You passed the test: 50 % of 2 test samples were right; 50 % are needed. From now on you get samples to judge."
    ]
    assert claiming.claim_next(annotator=Annotator.objects.get(pk=ana.pk), at=NOW).sample_id == work.pk


def test_who_does_not_pass_is_told_the_figures_and_gets_nothing(project, golds, ana):
    take(ana, 1, 1)
    assert standing(ana) == (False, NOW)
    assert notices(ana) == [
        "You did not pass the test: 0 % of 2 test samples were right; 50 % are needed. A project admin can let you try "
        "again with other samples."
    ]
    assert list(qualification.failed(project)) == [ana]
    with pytest.raises(NotClaimable) as refusal:
        claiming.claim_next(annotator=ana, at=NOW)
    assert refusal.value.code == "unqualified"


def test_seven_of_ten_is_seventy_percent_however_it_was_added_up(db):
    project = project_with_test(size=10, pass_mark=0.7)
    for number in range(10):
        make_gold(project, f"g{number}", overall=4)
    ana = join(project, "ana")
    take(ana, *[4] * 7, *[1] * 3)
    assert standing(ana) == (True, NOW)


def test_without_a_test_newcomers_are_qualified_and_no_gold_answer_says_otherwise(db):
    project = make_project()
    ana = join(project, "ana")
    answer_gold(make_gold(project, overall=4), by=ana, overall=1)
    assert standing(ana) == (True, None)
    assert not Notice.objects.exists()


def test_people_from_outside_take_the_test_too(project):
    assert [person.is_qualified for person in crowd(project, 2)] == [False, False]


def test_joining_twice_does_not_take_a_pass_away(project, golds, ana):
    take(ana, 4, 4)
    join(project, "ana")
    assert standing(ana) == (True, NOW)


def test_samples_that_waited_for_people_go_to_who_passed(project, golds, django_capture_on_commit_callbacks):
    work = make_sample(project, "work")
    veterans = crowd(project, 3)
    Annotator.objects.update(is_qualified=True)
    rate_overall(work, dict(zip(project.annotators.select_related("project"), (1, 6, 6), strict=True)))
    assert state_of(work) == State.CONTESTED
    ana = join(project, "ana")
    take(ana, 4)
    with django_capture_on_commit_callbacks(execute=True):
        take(ana, 4)
    assert (len(veterans), state_of(work)) == (3, State.ESCALATED)


# --- odd ways ------------------------------------------------------------------------------------------------------
def test_a_skipped_gold_sample_is_not_an_answer(project, golds, ana):
    lease = claiming.claim_next(annotator=ana, at=NOW)
    leases.skip(assignment=lease, reason="broken", at=NOW)
    assert qualification.remaining(ana) == 2


def test_an_answer_sent_twice_counts_once(project, golds, ana):
    lease = claiming.claim_next(annotator=ana, at=NOW)
    for _ in range(3):
        submission.submit(assignment_id=lease.pk, answer=answer("same", overall=4), at=NOW)
    assert (qualification.remaining(ana), standing(ana)) == (1, (False, None))


def test_a_correction_before_the_end_counts_and_one_after_it_changes_no_result(project, golds, ana):
    take(ana, 1)
    first = ana.assignments.get()
    submission.correct(assignment_id=first.pk, answer=answer(overall=4), at=NOW + MINUTE)
    take(ana, 1, at=NOW + MINUTE)
    assert standing(ana) == (True, NOW + MINUTE)
    submission.correct(assignment_id=first.pk, answer=answer(overall=1), at=NOW + 2 * MINUTE)
    assert standing(ana) == (True, NOW + MINUTE)


def test_who_failed_does_not_pass_by_correcting(project, golds, ana):
    take(ana, 1, 1)
    for assignment in ana.assignments.all():
        submission.correct(assignment_id=assignment.pk, answer=answer(overall=4), at=NOW + MINUTE)
    assert standing(ana) == (False, NOW)


def test_a_longer_test_asks_more_of_those_in_it_and_nothing_of_those_who_passed(project, golds, ana, ben):
    take(ana, 4, 4)
    take(ben, 4)
    Project.objects.update(test_size=3)
    ben = Annotator.objects.select_related("project").get(pk=ben.pk)
    assert qualification.remaining(ben) == 2
    assert standing(ana) == (True, NOW)


def test_a_shorter_test_ends_with_the_next_answer(project, golds, ana):
    take(ana, 1)
    Project.objects.update(test_size=1, pass_mark=0.5)
    ana = Annotator.objects.select_related("project").get(pk=ana.pk)
    assert (qualification.remaining(ana), standing(ana)) == (0, (False, None))
    take(ana, 4)
    assert standing(ana) == (True, NOW)


def test_a_project_that_lifts_its_test_names_those_who_were_in_it(project, golds, ana):
    Project.objects.update(test_size=None, pass_mark=None)
    lifted = Project.objects.get()
    assert qualification.problem(lifted) == (
        "The project has no test, and these people are not qualified: ana. Qualify them."
    )
    assert qualification.remaining(Annotator.objects.select_related("project").get()) == 0


def test_a_clock_that_was_put_back_does_not_leave_an_answer_for_the_next_attempt(project, golds, ana, ben, ada):
    """The others answered in what is now the future, so that ana's answer arrives after theirs."""
    for sample in golds:
        answer_gold(sample, by=ben, overall=4, at=LATER)
    take(ana, 1, 1)
    qualification.allow_again(annotator=ana, by=ada, reason="A bad day.", at=NOW)
    assert qualification.remaining(Annotator.objects.select_related("project").get(pk=ana.pk)) == 2


# --- too little gold -------------------------------------------------------------------------------------------------
def test_too_little_gold_is_a_sentence_for_the_admin_and_one_for_the_person(project, ana):
    make_gold(project, overall=4)
    assert qualification.problem(project) == (
        "The test asks 2 gold samples and the project hands out 1: no newcomer can finish it. Add 1."
    )
    take(ana, 4)
    with pytest.raises(NotClaimable, match="has no further sample for ana") as refusal:
        claiming.claim_next(annotator=ana, at=NOW)
    assert refusal.value.code == "unqualified"


def test_somebody_who_used_gold_up_is_named(project, ana, ben):
    for number in range(2):
        make_gold(project, f"g{number}", overall=4)
    assert qualification.problem(project) == ""
    leases.skip(assignment=claiming.claim_next(annotator=ana, at=NOW), reason="broken", at=NOW)
    assert qualification.problem(project) == "There are too few gold samples left for ana to finish the test. Add some."


def test_retired_gold_does_not_count_for_the_test(project, golds):
    GoldAnswer.objects.update(is_served=False)
    assert "hands out 0" in qualification.problem(project)


# --- again -----------------------------------------------------------------------------------------------------------
def test_who_failed_may_try_again_with_other_samples(project, golds, ana, ada):
    take(ana, 1, 1)
    had = set(ana.assignments.values_list("sample_id", flat=True))
    qualification.allow_again(annotator=ana, by=ada, reason="The first day.", at=NOW + MINUTE)
    ana = Annotator.objects.select_related("project").get(pk=ana.pk)
    assert (qualification.remaining(ana), standing(ana)) == (2, (False, None))
    assert "with other samples. The reason that ada gives: The first day." in notices(ana)[-1]
    assert ana.notices.latest("pk").by_name == "ada"
    take(ana, 4, 4, at=NOW + 2 * MINUTE)
    assert standing(ana) == (True, NOW + 2 * MINUTE)
    assert not had & set(ana.assignments.filter(claimed_at=NOW + 2 * MINUTE).values_list("sample_id", flat=True))
    assert "100 % of 2 test samples" in notices(ana)[-1]


def test_only_a_failed_test_is_taken_again_by_an_admins_word_and_with_a_reason(project, golds, ana, ben, ada):
    with pytest.raises(NotAllowedAgain, match="no failed test"):
        qualification.allow_again(annotator=ana, by=ada, reason="x", at=NOW)
    take(ana, 4, 4)
    with pytest.raises(NotAllowedAgain, match="no failed test"):
        qualification.allow_again(annotator=ana, by=ada, reason="x", at=NOW)
    take(ben, 1, 1)
    with pytest.raises(ReasonMissing):
        qualification.allow_again(annotator=ben, by=ada, reason="  ", at=NOW)
    rita = join(project, "rita", role=Membership.Role.REVIEWER)
    with pytest.raises(NotAnAdmin):
        qualification.allow_again(annotator=ben, by=rita, reason="x", at=NOW)
    assert standing(ben) == (False, NOW)


# --- an answer that was wrong ----------------------------------------------------------------------------------------
def overturn(sample, *, of, by, value=None):
    assignment = sample.assignments.get(annotator=of)
    opened = disputes.dispute(assignment=assignment, text="No.", at=LATER)
    given = None if value is None else [{"attribute": "overall", "value": value}]
    disputes.overturn(dispute_id=opened.pk, by=by, reply="True.", at=LATER, given=given)


@pytest.fixture
def rita(project):
    return join(project, "rita", role=Membership.Role.REVIEWER)


def test_who_failed_by_a_wrong_answer_passes_when_it_is_overturned(project, golds, ana, rita):
    take(ana, 1, 1)
    overturn(ana.assignments.first().sample, of=ana, by=rita, value=1)
    assert standing(ana) == (True, NOW)
    assert notices(ana)[-1].startswith("A known answer of your test was overturned. You passed the test: 50 % of 2")


def test_who_failed_all_the_same_stays_out_and_hears_nothing(project, golds, ana, rita):
    Project.objects.update(pass_mark=0.9)
    ana = Annotator.objects.select_related("project").get(pk=ana.pk)
    take(ana, 1, 1)
    overturn(ana.assignments.first().sample, of=ana, by=rita, value=1)
    assert (standing(ana), len(notices(ana))) == ((False, NOW), 1)


def test_who_passed_keeps_it_when_an_answer_turns_out_wrong(project, golds, ana, rita):
    take(ana, 4, 1)
    right = next(a.sample for a in ana.assignments.all() if a.annotations.get().ratings == [4])
    overturn(right, of=ana, by=rita, value=1)
    assert (standing(ana), len(notices(ana))) == ((True, NOW), 1)


def test_an_admin_who_shut_somebody_out_is_not_overruled_by_an_overturned_answer(project, golds, ana, ada, rita):
    take(ana, 4, 4)
    people.change(annotator=ana, by=ada, at=NOW, is_qualified=False)
    overturn(ana.assignments.first().sample, of=ana, by=rita, value=1)
    assert standing(ana)[0] is False


def test_an_answer_set_aside_mid_way_leaves_one_more_to_do(project, golds, ana, rita):
    take(ana, 4)
    assert qualification.remaining(ana) == 1
    overturn(ana.assignments.get().sample, of=ana, by=rita)
    assert qualification.remaining(ana) == 2


def test_a_result_that_is_rolled_back_was_never_told(project, golds, ana):
    take(ana, 4)
    with transaction.atomic():
        take(ana, 4)
        transaction.set_rollback(True)
    assert (standing(ana), notices(ana)) == ((False, None), [])
