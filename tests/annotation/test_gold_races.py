"""A claim and a reviewer after the same sample, two reviewers at once, and the last answers of a test at once."""

from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone
from gold_story import LATER, answer_gold, hand_gold, know, make_gold, make_slice, project_with_test
from pilots import plain, write_pilot
from races import start, together, wait_until_somebody_waits
from story import NOW, answer, crowd, join, make_project, make_sample, make_user

from annotation.datasets.pilot import PilotFolder
from annotation.models import Annotator, Assignment, GoldAnswer, GoldDispute, Notice, Project, Sample
from annotation.services import claiming, disputes, gold, importing, qualification, submission
from annotation.services.disputes import DisputeRefused
from annotation.services.gold import GoldRefused

pytestmark = pytest.mark.django_db(transaction=True)


def try_to_know(sample):
    try:
        return know(sample, overall=4)
    except GoldRefused as refusal:
        return refusal


@pytest.mark.parametrize("attempt", range(8))
def test_a_sample_is_either_claimed_or_gold(attempt):
    project = make_project()
    sample = make_sample(project)
    make_user("rita")
    people = crowd(project, 3)
    *claimed, known = together(
        [*(partial(claiming.claim_next, annotator=person, at=NOW) for person in people), partial(try_to_know, sample)]
    )
    sample.refresh_from_db()
    if isinstance(known, GoldRefused):
        assert sample.purpose == "work"
        assert not GoldAnswer.objects.exists()
        assert sample.leased_count == len([lease for lease in claimed if lease]) >= 1
    else:
        assert claimed == [None] * 3
        assert (sample.purpose, sample.leased_count) == ("gold", 0)


def test_a_claim_that_waits_for_a_reviewer_gets_no_gold_as_work():
    project = make_project()
    sample = make_sample(project)
    make_user("rita")
    [ana] = crowd(project, 1)
    with transaction.atomic():
        know(sample, overall=4)
        waiting = start(partial(claiming.claim_next, annotator=ana, at=NOW))
        wait_until_somebody_waits()
    assert waiting.result(timeout=20) is None
    assert Sample.objects.get().leased_count == 0


def test_two_reviewers_who_write_at_once_leave_two_revisions():
    project = make_project()
    sample = make_sample(project)
    make_user("rita")
    together([partial(know, sample, overall=value) for value in (2, 5)])
    assert sorted(GoldAnswer.objects.values_list("revision", "is_current")) == [(1, False), (2, True)]


def test_promoting_at_once_is_once():
    project = make_project()
    people = crowd(project, 4)
    for number in range(3):
        make_slice(project, [4, 4, 4, 4], people, f"s{number}")
    promoted = together([partial(gold.promote_unanimous, project=project, at=LATER)] * 3)
    assert sorted(promoted) == [0, 0, 3]
    assert GoldAnswer.objects.count() == 3


def test_an_import_that_waits_for_a_reviewer_leaves_the_answer_alone(tmp_path):
    rows = "sample_id,attribute,value\nb,preference,-1\n"
    folder = PilotFolder.open(write_pilot(tmp_path / "pilot", [plain("a"), plain("b")], gold=rows))
    importing.import_pilot(folder=folder, slug="helpful", at=NOW)
    project = Project.objects.get()
    make_user("rita")
    with transaction.atomic():
        know(project.samples.get(external_id="b"), preference=1)
        waiting = start(partial(gold.add_from_pilot, project=project, folder=folder, at=NOW))
        wait_until_somebody_waits()
    assert waiting.result(timeout=20) == 0
    assert GoldAnswer.objects.get().source == "written"


def test_two_reviewers_who_close_a_dispute_at_once_close_it_once():
    project = make_project()
    ana = join(project, "ana")
    sample = make_gold(project, overall=1)
    assignment_id = answer_gold(sample, by=ana, overall=5).annotation.assignment_id
    assignment = Assignment.objects.select_related("annotator__project").get(pk=assignment_id)
    opened = disputes.dispute(assignment=assignment, text="No.", at=LATER)
    rita = make_user("rita")

    def close(how):
        try:
            how(dispute_id=opened.pk, by=rita, reply=how.__name__, at=LATER)
        except DisputeRefused:
            return "refused"
        return how.__name__

    said = together([partial(close, disputes.uphold), partial(close, disputes.overturn)])
    assert said.count("refused") == 1
    [done] = [word for word in said if word != "refused"]
    assert GoldDispute.objects.get().reply == done
    assert GoldAnswer.objects.get().is_current == (done == "uphold")


def test_the_last_two_answers_of_a_test_at_once_give_one_result():
    project = project_with_test(size=2)
    ana = join(project, "ana")
    leases = [hand_gold(make_gold(project, f"g{at}", overall=4), by=ana, place=at) for at in range(2)]
    together(
        [
            partial(submission.submit, assignment_id=lease.pk, answer=answer(overall=4), at=timezone.now())
            for lease in leases
        ]
    )
    person = Annotator.objects.select_related("project").get()
    qualification.mark_if_finished(annotator=person, at=timezone.now())  # what the next answer would bring
    person.refresh_from_db()
    assert person.is_qualified
    assert Notice.objects.count() == 1
