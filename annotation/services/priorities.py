"""How urgent a sample is: above 0 it is handed out before the others, below 0 after them."""

from datetime import datetime

from annotation import transitions
from annotation.models import Sample, User
from annotation.services.retrying import in_one_transaction

HIGHEST = 2**15 - 1


class PriorityRefused(ValueError):
    """Not a priority; the message says what is."""


@in_one_transaction
def set_priority(*, sample: Sample, priority: int, by: User, at: datetime) -> None:
    """Give a sample another priority; the database gives it its new place. The same again changes nothing.

    Raises PriorityRefused.
    """
    if not -HIGHEST <= priority <= HIGHEST:
        raise PriorityRefused(f"Priority {priority} is not from -{HIGHEST} to {HIGHEST}.")
    locked = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=sample.pk)
    if locked.priority == priority:
        return
    text = f"Priority {locked.priority} became {priority}."
    Sample.objects.filter(pk=locked.pk).update(priority=priority)
    transitions.record(sample=locked, reason="reprioritised", at=at, text=text, actor=by, policy=locked.project.policy)
