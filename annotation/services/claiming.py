"""Hand out work: one claim is one short transaction on one sample.

SKIP LOCKED first, so that a crowd spreads over the samples without waiting; then one exact pass that waits for locked
rows, because a sample that is locked for a moment is not "nothing left". The counters on the sample row, guarded by
its CHECK, make over-assignment impossible whatever this code does.
"""

import random
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from annotation import querysets
from annotation.models import Annotator, Assignment, Project, Sample
from annotation.services.retrying import in_one_transaction

_shuffler = random.SystemRandom()


class NotClaimable(Exception):
    """This person may not have this work now; the message says why, `code` says it to programs.

    Codes: not_allowed, elsewhere, paused, unqualified, had_it, no_slot, at_cap, holds_two.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@in_one_transaction
def claim_next(*, annotator: Annotator, at: datetime) -> Assignment | None:
    """Give the annotator one sample to judge, or None when nothing is left for them.

    A reload resumes: while a lease is held it is renewed and returned, and no second sample is claimed.
    Raises NotClaimable when the person or the project is paused.
    """
    _refuse_if_paused(annotator)
    _queue_up(annotator)
    if current := annotator.assignments.filter(state=Assignment.State.LEASED).order_by("lease_place").first():
        return _renewed(current, annotator.project, at)
    _refuse_if_at_cap(annotator)
    sample = _pick(annotator)
    return _lease(sample, annotator, at) if sample else None


@in_one_transaction
def claim_sample(*, annotator: Annotator, sample: Sample, at: datetime) -> Assignment:
    """A directed claim of this very sample, for replays and for systems outside.

    Asking again while the lease is held returns it. Raises NotClaimable with the reason otherwise.
    """
    if not annotator.project.allows_directed_claims:
        raise NotClaimable(
            "not_allowed",
            f"Project {annotator.project.slug} does not allow claims of a named sample; claim the next one.",
        )
    if sample.project_id != annotator.project_id:
        raise NotClaimable("elsewhere", f"Sample {sample.external_id} is not in project {annotator.project.slug}.")
    _refuse_if_paused(annotator)
    _queue_up(annotator)
    locked = Sample.objects.select_for_update().get(pk=sample.pk)
    earlier = Assignment.objects.filter(sample=locked, annotator=annotator).first()
    if earlier and earlier.state == Assignment.State.LEASED:
        return _renewed(earlier, annotator.project, at)
    if earlier and earlier.state not in querysets.GIVEN_BACK:
        raise NotClaimable("had_it", f"{annotator} has already had sample {locked.external_id} ({earlier.state}).")
    if not locked.is_claimable:
        raise NotClaimable("no_slot", f"Sample {locked.external_id} is {locked.state} and has no slot free.")
    _refuse_if_at_cap(annotator)
    return _lease(locked, annotator, at, place=_free_place(annotator))


def _queue_up(annotator: Annotator) -> None:
    """One claim of a person after the other: two tabs get one sample, and a cap holds. Nobody waits for anybody else."""
    Annotator.objects.select_for_update(no_key=True).only("pk").get(pk=annotator.pk)


def _refuse_if_paused(annotator: Annotator) -> None:
    if annotator.project.state != Project.State.ACTIVE:
        raise NotClaimable(
            "paused", f"Project {annotator.project.slug} is {annotator.project.state}; it hands out no samples now."
        )
    if annotator.state != Annotator.State.ACTIVE:
        raise NotClaimable(
            "paused", f"{annotator} is {annotator.state} in this project. A project admin can change that."
        )
    if not annotator.is_qualified:
        raise NotClaimable("unqualified", f"{annotator} is not qualified for this project yet.")


def _refuse_if_at_cap(annotator: Annotator) -> None:
    if annotator.cap is None:
        return
    given = annotator.assignments.exclude(state__in=querysets.GIVEN_BACK).count()
    if given >= annotator.cap:
        raise NotClaimable(
            "at_cap", f"{annotator} has had all {annotator.cap} samples that one person may be given here."
        )


def _pick(annotator: Annotator) -> Sample | None:
    """One locked sample with a slot for this person, or None when there is none, locked or not."""
    returned = querysets.returned_lane(annotator)
    onward = querysets.fresh_lane(annotator).filter(rank__gt=annotator.fresh_cursor)
    return _first(returned, skip_locked=True) or _first(onward, skip_locked=True) or _first(_any_lane(annotator))


def _any_lane(annotator: Annotator) -> QuerySet[Sample]:
    """Both lanes in one query: a sample that is being given back changes lanes while somebody waits for its lock."""
    return querysets.claimable_by(annotator).order_by(F("lane_seq").asc(nulls_last=True), "rank")


def _first(lane: QuerySet[Sample], *, skip_locked: bool = False) -> Sample | None:
    return lane.select_for_update(skip_locked=skip_locked, of=("self",)).first()


def _lease(sample: Sample, annotator: Annotator, at: datetime, *, place: int = 0) -> Assignment:
    """Take a slot of a locked sample and put it into this person's hands, in place where they had it before."""
    Sample.objects.filter(pk=sample.pk).update(leased_count=F("leased_count") + 1)
    if sample.lane_seq is None and sample.rank > annotator.fresh_cursor:
        Annotator.objects.filter(pk=annotator.pk, fresh_cursor__lt=sample.rank).update(fresh_cursor=sample.rank)
    lease = Assignment(
        sample=sample,
        annotator=annotator,
        state=Assignment.State.LEASED,
        lease_place=place,
        claimed_at=at,
        lease_expires_at=at + timedelta(minutes=annotator.project.lease_minutes),
        finished_at=None,
        shown_order=_shown_order(sample, annotator.project),
    )
    # One statement for both: whether there is a row to lease again is decided by the database.
    [lease] = Assignment.objects.bulk_create(
        [lease], update_conflicts=True, unique_fields=["sample", "annotator"], update_fields=LEASED_ANEW
    )
    return lease


LEASED_ANEW = ["state", "lease_place", "claimed_at", "lease_expires_at", "finished_at", "shown_order"]


def _free_place(annotator: Annotator) -> int:
    """Where a second lease goes. Raises NotClaimable when both places are taken."""
    taken = set(annotator.assignments.filter(state=Assignment.State.LEASED).values_list("lease_place", flat=True))
    if free := {0, 1} - taken:
        return min(free)
    raise NotClaimable(
        "holds_two", f"{annotator} holds two samples already. Submit, skip or release one of them first."
    )


def _shown_order(sample: Sample, project: Project) -> list[int]:
    """Canonical places in the order that this person sees; values are stored in canonical order all the same."""
    order = list(range(sample.response_count))
    if project.shuffles_responses:
        _shuffler.shuffle(order)
    return order


def _renewed(assignment: Assignment, project: Project, at: datetime) -> Assignment:
    assignment.lease_expires_at = at + timedelta(minutes=project.lease_minutes)
    assignment.save(update_fields=["lease_expires_at"])
    return assignment
