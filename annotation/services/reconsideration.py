"""Look again at samples whose people have come or gone: nobody was left to ask, or a head start is over."""

from datetime import datetime

from django.db.models import Q

from annotation.models import Project, Sample
from annotation.services import settlement
from annotation.services.retrying import in_one_transaction
from consensus.policy import NEEDED


def reconsider(*, at: datetime, project: Project | None = None) -> int:
    """Decide again wherever somebody is missing, in id order, a transaction a sample; returns how many were looked at.

    Called when somebody joins or may be asked something else, and every hour. Also looks at slots that were opened, or
    are kept by a head start, for people who have gone since; and at the random slice, which has no other round to end in.
    """
    unfilled = Q(state=Sample.State.ESCALATED, open_slots__gt=0, leased_count=0)
    kept = Q(head_start_until__isnull=False, open_slots__gt=0)
    short = Q(
        state=Sample.State.OPEN, is_fixed_overlap=True, open_slots__gt=0, leased_count=0, counted_count__gte=NEEDED
    )
    waiting = Sample.objects.filter(Q(waits_for_people=True) | unfilled | kept | short).order_by("pk")
    waiting = waiting.exclude(project__state=Project.State.ARCHIVED)
    if project:
        waiting = waiting.filter(project=project)
    sample_ids = list(waiting.values_list("pk", flat=True))
    for sample_id in sample_ids:
        _settle(sample_id, at)
    return len(sample_ids)


@in_one_transaction
def _settle(sample_id: int, at: datetime) -> None:
    sample = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=sample_id)
    settlement.settle(sample=sample, at=at)


def end_head_starts(*, at: datetime) -> int:
    """Let everybody have the samples whose head start is over; returns how many. The trigger gives each a new place."""
    over = Sample.objects.filter(head_start_until__lte=at).order_by("pk")
    return sum(_end_head_start(sample_id, at) for sample_id in over.values_list("pk", flat=True))


@in_one_transaction
def _end_head_start(sample_id: int, at: datetime) -> bool:
    """False when somebody else has the sample in hand just now (the next look finds it) or was first."""
    over = Sample.objects.filter(pk=sample_id, head_start_until__lte=at)
    if not over.select_for_update(no_key=True, skip_locked=True).first():
        return False
    return bool(over.update(head_start_until=None))
