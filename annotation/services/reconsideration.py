"""Look again at samples that are contested only because nobody was left to ask."""

from datetime import datetime

from django.db.models import Q

from annotation.models import Project, Sample
from annotation.services import settlement
from annotation.services.retrying import in_one_transaction


def reconsider(*, at: datetime, project: Project | None = None) -> int:
    """Decide again wherever somebody is missing, in id order, a transaction a sample; returns how many were looked at.

    Called when somebody joins and every hour. Also looks at slots that were opened for people who have gone since.
    """
    still_open = Q(state=Sample.State.ESCALATED, open_slots__gt=0, leased_count=0)
    waiting = Sample.objects.filter(Q(waits_for_people=True) | still_open).order_by("pk")
    if project:
        waiting = waiting.filter(project=project)
    sample_ids = list(waiting.values_list("pk", flat=True))
    for sample_id in sample_ids:
        _settle(sample_id, at)
    return len(sample_ids)


@in_one_transaction
def _settle(sample_id: int, at: datetime) -> None:
    sample = Sample.objects.select_for_update(of=("self",)).select_related("project").get(pk=sample_id)
    settlement.settle(sample=sample, at=at)
