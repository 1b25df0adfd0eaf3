"""How a lease is kept, taken again, and how it ends without a submission: renewed, held, released, skipped, expired."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from annotation import querysets
from annotation.models import Assignment, Project, Sample
from annotation.services import drafts, retaking, settlement, speaking, training
from annotation.services.retaking import LeaseGone as LeaseGone
from annotation.services.retaking import gone
from annotation.services.retrying import in_one_transaction


@in_one_transaction
def renew(*, assignment: Assignment, at: datetime) -> datetime:
    """Push the end of a held lease away from now; returns the new end. Raises LeaseGone when it is not held."""
    until = at + timedelta(minutes=assignment.annotator.project.lease_minutes)
    held = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.LEASED)
    if not held.update(lease_expires_at=until):
        raise gone(assignment)
    return until


@in_one_transaction
def hold(*, assignment: Assignment, at: datetime) -> datetime:
    """Keep a sample that is open on the person's screen: renew its lease or, where that ran out or was given back, take it
    again in place. Returns the new end.

    Taking it again obeys the rules of a claim, and keeps the order in which the responses are shown. Of two leases the one
    that was given first is the one in hand. Raises LeaseGone when the sample has no place left for this person.
    """
    until = at + timedelta(minutes=assignment.annotator.project.lease_minutes)
    held = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.LEASED)
    if not held.update(lease_expires_at=until):
        retaking.take_again(assignment=assignment, at=at, until=until)
    return until


def release(*, assignment: Assignment, at: datetime) -> None:
    """Give a sample back unjudged; the same person may be given it again. Raises LeaseGone when it is not held."""
    if not _give_back(assignment, Assignment.State.RELEASED, at):
        raise gone(assignment)


@in_one_transaction
def skip(*, assignment: Assignment, reason: str, at: datetime) -> None:
    """Decline a sample for good, with a reason. Two people with the same reason exclude it, unless it is a personal one.

    Raises LeaseGone when the lease is not held, ValueError for an unknown reason.
    """
    if reason not in Assignment.SkipReason.values:
        raise ValueError(
            _("%(reason)r is not a reason to skip; choose one of %(known)s.")
            % {"reason": reason, "known": ", ".join(Assignment.SkipReason.values)}
        )
    if not _give_back(assignment, Assignment.State.SKIPPED, at, skip_reason=reason):
        raise gone(assignment)
    if training.is_training(assignment):
        training.mark_if_finished(annotator_id=assignment.annotator_id, at=at)
    if assignment.is_gold or reason == Assignment.SkipReason.DISTRESSING:
        return  # whoever would rather not read it says nothing against the sample
    sample = _locked(assignment.sample_id)
    same = sample.assignments.filter(state=Assignment.State.SKIPPED, skip_reason=reason, is_gold=False)
    stands = sample.state == Sample.State.EXCLUDED or settlement.is_adjudicated(sample)
    if not stands and same.count() >= 2:
        with speaking.for_the_record():
            text = f"Two people skipped it: {Assignment.SkipReason(reason).label.lower()}."
        settlement.exclude(sample=sample, reason="skipped_by_two", text=text, at=at)


def expire(*, at: datetime, project: Project | None = None, limit: int = 1000) -> int:
    """Give back every lease whose time is up, of one project or of all; returns how many. Two reapers never give one
    back twice."""
    overdue = querysets.overdue_leases(at)
    if project:
        overdue = overdue.filter(sample__project=project)
    return sum(
        _give_back(assignment, Assignment.State.EXPIRED, at, overdue_at=at) for assignment in list(overdue[:limit])
    )


@in_one_transaction
def _give_back(
    assignment: Assignment, state: str, at: datetime, *, skip_reason: str = "", overdue_at: datetime | None = None
) -> bool:
    """End a lease without a submission and free its slot; False when it was not held (any more)."""
    sample = _locked(assignment.sample_id)
    held = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.LEASED)
    if overdue_at:
        held = held.filter(lease_expires_at__lt=overdue_at)  # renewed in the meantime: leave it
    if not held.update(state=state, skip_reason=skip_reason, lease_place=None, finished_at=at):
        return False
    if state == Assignment.State.SKIPPED:
        drafts.forget(assignment.pk)
    if not assignment.is_gold:
        sample.leased_count -= 1
        sample.save(update_fields=["leased_count"])
        settlement.settle(sample=sample, at=at)
    return True


def _locked(sample_id: int) -> Sample:
    return Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=sample_id)
