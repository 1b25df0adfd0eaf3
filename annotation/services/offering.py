"""Offer samples to people: each is given theirs before other work, if they still may have them when they ask.

An offer keeps nobody else from a sample, so that none waits for somebody who does not come, and gives nobody what the claim
would not: the statements of statements/claiming.py ask the same of an offered sample as of every other.
"""

from collections.abc import Sequence
from datetime import datetime

from annotation.models import Annotator, Sample, SampleOffer
from annotation.services.retrying import in_one_transaction


@in_one_transaction
def offer(*, sample: Sample, people: Sequence[Annotator], at: datetime) -> int:
    """Offer one sample to those of these people who could be given it now; returns how many. Twice is once."""
    Sample.objects.select_for_update(no_key=True, of=("self",)).get(pk=sample.pk)
    made = [SampleOffer(sample=sample, annotator=person, offered_at=at) for person in who_could(sample, people)]
    SampleOffer.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def who_could(sample: Sample, people: Sequence[Annotator]) -> list[Annotator]:
    """Those who may work, have the skills, and never had the sample for good."""
    skills = set(sample.requirement.skills) if sample.requirement else set()
    had = set(
        sample.assignments.filter(annotator__in=people)
        .exclude(state__in=("expired", "released"))
        .values_list("annotator_id", flat=True)
    )
    return [person for person in people if may_work(person) and person.pk not in had and skills <= set(person.skills)]


def may_work(person: Annotator) -> bool:
    return person.state == Annotator.State.ACTIVE and person.is_qualified
