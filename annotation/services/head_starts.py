"""The head start of people who have earned trust: for some hours an escalated sample is for them only.

Those of at least the median weight of the project's active people are favoured; who has no weight yet counts as the
median. There is no head start where they are too few, nor where nobody would have to stand back.
"""

from datetime import datetime, timedelta

from annotation.models import Sample
from annotation.services import asking


def until(sample: Sample, *, wanted: int, at: datetime) -> datetime | None:
    """When the head start of a sample that asks so many more people ends; None when it has none."""
    hours = sample.project.head_start_hours
    favoured, others = asking.favoured_people(sample) if hours else (0, 0)
    return at + timedelta(hours=hours) if others and favoured >= wanted else None


def is_in_vain(sample: Sample, *, wanted: int) -> bool:
    """Whether the sample still keeps slots for favoured people who are no longer there."""
    return sample.head_start_until is not None and wanted > 0 and asking.favoured_people(sample)[0] < wanted
