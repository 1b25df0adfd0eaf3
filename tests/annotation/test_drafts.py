"""What somebody types survives on the server until it is submitted, and is nobody else's."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from races import start, together, wait_until_somebody_waits
from story import MINUTE, NOW, answer, claim, correct, crowd, make_project, make_sample, rate

from annotation import tasks
from annotation.models import Annotation, Draft
from annotation.services import drafts, leases, submission
from annotation.services.drafts import DraftRefused


@pytest.fixture
def lease(sample, ana):
    return claim(sample, by=ana)


def keep(assignment, saves=1, at=NOW, of_revision=1, **fields):
    return drafts.keep(assignment=assignment, fields=fields, of_revision=of_revision, saves=saves, at=at)


def kept(assignment, of_revision=1):
    draft = drafts.of(assignment, of_revision)
    return draft and (draft.fields, draft.saves)


# --- kept -------------------------------------------------------------------------------------------------------
def test_a_draft_is_kept_and_replaced_by_the_next(lease):
    assert keep(lease, comment="I th") == 1
    assert keep(lease, saves=2, comment="I think", **{"rating-0": "4"}) == 2
    assert kept(lease) == ({"comment": "I think", "rating-0": "4"}, 2)
    assert Draft.objects.count() == 1


def test_one_that_was_overtaken_on_its_way_replaces_nothing(lease):
    keep(lease, saves=5, comment="the newer")
    assert keep(lease, saves=3, comment="the older") == 5
    assert keep(lease, saves=5, comment="the same number") == 5
    assert kept(lease) == ({"comment": "the newer"}, 5)


@pytest.mark.parametrize("end", ["released", "expired"])
def test_a_draft_outlives_its_lease(lease, end):
    keep(lease, comment="half a thought")
    if end == "released":
        leases.release(assignment=lease, at=NOW)
    else:
        leases.expire(at=NOW + 61 * MINUTE)
    assert keep(lease, saves=2, comment="half a thought more") == 2
    leases.hold(assignment=lease, at=NOW + 62 * MINUTE)
    assert kept(lease) == ({"comment": "half a thought more"}, 2)


def test_what_postgresql_cannot_store_is_left_out(lease):
    keep(lease, comment="a\x00b\ud800c")
    assert kept(lease)[0] == {"comment": "abc"}


# --- gone -------------------------------------------------------------------------------------------------------
def test_a_submission_ends_the_draft(lease):
    keep(lease, comment="done")
    submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
    assert Draft.objects.count() == 0
    with pytest.raises(DraftRefused, match="given already"):
        keep(lease, saves=2, comment="too late")


def test_a_refused_submission_leaves_it(lease):
    keep(lease, comment="not finished")
    with pytest.raises(submission.RatingsRefused):
        submission.submit(assignment_id=lease.pk, answer=answer(overall=77), at=NOW)
    assert kept(lease) == ({"comment": "not finished"}, 1)


def test_a_skip_ends_it(lease):
    keep(lease, comment="hm")
    leases.skip(assignment=lease, reason="broken", at=NOW)
    assert Draft.objects.count() == 0
    with pytest.raises(DraftRefused):
        keep(lease, saves=2, comment="hm")


def test_another_persons_draft_of_the_sample_stays(sample, lease, ben):
    other = claim(sample, by=ben)
    keep(lease, comment="ana's"), keep(other, comment="ben's")
    submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
    assert kept(other) == ({"comment": "ben's"}, 1)


def test_a_draft_that_nobody_touched_for_a_month_is_forgotten(sample, lease, ben):
    keep(lease, comment="old")
    keep(claim(sample, by=ben), comment="young", at=NOW + timedelta(days=1))
    assert drafts.forget_old(at=NOW + timedelta(days=30, hours=1)) == 1
    assert Draft.objects.get().fields == {"comment": "young"}


def test_beat_forgets_old_ones(lease, settings):
    keep(lease, comment="old", at=timezone.now() - timedelta(days=31))
    tasks.forget_drafts()
    assert Draft.objects.count() == 0
    assert "annotation.forget_drafts" in settings.SECONDS_BETWEEN_LOOKS


# --- of a correction --------------------------------------------------------------------------------------------
def test_a_correction_has_a_draft_of_its_own_until_it_is_given(sample, ana):
    receipt = rate(sample, by=ana, overall=4)
    mine = ana.assignments.get()
    keep(mine, of_revision=2, comment="on reflection")
    assert kept(mine) is None
    assert kept(mine, of_revision=2) == ({"comment": "on reflection"}, 1)
    correct(receipt, overall=3)
    assert Draft.objects.count() == 0
    with pytest.raises(DraftRefused):
        keep(mine, of_revision=2, saves=9, comment="the same once more")
    assert keep(mine, of_revision=3, comment="a further one") == 1


def test_after_ten_minutes_nothing_can_be_corrected_and_nothing_is_kept(sample, ana):
    rate(sample, by=ana, overall=4)
    with pytest.raises(DraftRefused):
        keep(ana.assignments.get(), of_revision=2, at=NOW + 11 * MINUTE, comment="late")
    assert drafts.CORRECTABLE_FOR == submission.CORRECTABLE_FOR


@pytest.mark.parametrize("revision", [0, 2, 3])
def test_a_draft_is_of_the_next_revision_and_of_no_other(lease, revision):
    with pytest.raises(DraftRefused):
        keep(lease, of_revision=revision, comment="?")
    assert Draft.objects.count() == 0


# --- what a draft may be ----------------------------------------------------------------------------------------
def test_a_draft_larger_than_anybody_types_is_refused_and_the_one_before_stays(lease):
    keep(lease, comment="short")
    with pytest.raises(DraftRefused, match="Shorten"):
        keep(lease, saves=2, comment="ㄱ" * 22_000)
    assert kept(lease) == ({"comment": "short"}, 1)
    assert keep(lease, saves=3, comment="ㄱ" * 21_000) == 3


@pytest.mark.parametrize("fields", [{"comment": 3}, {"comment": None}, {"comment": ["a"]}, {1: "a"}])
def test_a_draft_is_texts_by_name(lease, fields):
    with pytest.raises(DraftRefused, match="flat list"):
        drafts.keep(assignment=lease, fields=fields, of_revision=1, saves=1, at=NOW)


@pytest.mark.parametrize("saves", [0, -1, 2**31])
def test_saves_are_counted_from_one(lease, saves):
    with pytest.raises(DraftRefused, match="from 1"):
        keep(lease, saves=saves, comment="?")


@pytest.mark.parametrize("fields", ['{"comment": "%s"}' % ("x" * 70_000), '["a"]', '{"a": 1}', '{"a": {"b": "c"}}'])
def test_the_database_refuses_what_is_no_draft(lease, fields):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_draft (assignment_id, of_revision, fields, saves, saved_at) VALUES (%s, 1, %s, 1, now())",
            [lease.pk, fields],
        )


# --- at the same moment -----------------------------------------------------------------------------------------
@pytest.fixture
def own_lease(transactional_db):
    project = make_project()
    return claim(make_sample(project), by=crowd(project, 1)[0])


def test_of_many_saves_at_once_the_newest_stays(own_lease):
    together([partial(keep, own_lease, saves=number, comment=f"save {number}") for number in range(1, 13)])
    assert kept(own_lease) == ({"comment": "save 12"}, 12)


def test_a_save_that_comes_while_the_answer_is_submitted_leaves_no_draft_behind(own_lease):
    keep(own_lease, comment="first")
    with transaction.atomic():
        submission.submit(assignment_id=own_lease.pk, answer=answer(overall=4), at=NOW)
        saving = start(partial(_refused, own_lease))
        wait_until_somebody_waits()
    assert saving.result(timeout=20)
    assert Draft.objects.count() == 0


def test_a_submission_that_comes_while_a_draft_is_saved_takes_it_along(own_lease):
    """The first draft of this answer is written, and not committed yet, when the submission begins."""
    may_commit, written = threading.Event(), threading.Event()

    def slowly():
        with transaction.atomic():
            keep(own_lease, comment="at the last moment")
            written.set()
            assert may_commit.wait(20)

    saving = start(slowly)
    assert written.wait(20)
    submitting = start(partial(submission.submit, assignment_id=own_lease.pk, answer=answer(overall=4), at=NOW))
    wait_until_somebody_waits()
    may_commit.set()
    saving.result(timeout=20), submitting.result(timeout=20)
    assert (Annotation.objects.count(), Draft.objects.count()) == (1, 0)


def _refused(assignment):
    try:
        keep(assignment, saves=2, comment="second")
    except DraftRefused:
        return True
    return False
