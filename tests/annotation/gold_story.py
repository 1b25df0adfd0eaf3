"""What tests of gold are told with: samples whose answer is known, and people who are given them unawares."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from story import NOW, OVERALL, answer, make_project, make_sample, make_user, rate

from annotation.models import Annotator, Assignment, GoldAnswer, Project, Sample
from annotation.services import gold, submission
from annotation.services.submission import Receipt

LATER = NOW + timedelta(minutes=11)  # when an answer of NOW can be corrected no more, and may be told of


def make_gold(
    project: Project, name: str = "g1", *, note: str = "", sample: Sample | None = None, **values: Any
) -> Sample:
    """A sample whose answer a reviewer wrote down."""
    sample = sample or make_sample(project, name)
    know(sample, note=note, **values)
    sample.refresh_from_db()
    return sample


def know(sample: Sample, *, note: str = "", **values: Any) -> GoldAnswer:
    return gold.write(sample_id=sample.pk, given=answer(**values).given, by=make_user("rita"), note=note, at=NOW)


def hand_gold(sample: Sample, *, by: Annotator, at: datetime = NOW, place: int = 0) -> Assignment:
    """Put a gold sample into this person's hands, as a claim does by chance."""
    Annotator.objects.filter(pk=by.pk).update(given_count=F("given_count") + 1)
    return Assignment.objects.create(
        sample=sample,
        annotator=by,
        is_gold=True,
        lease_place=place,
        claimed_at=at,
        lease_expires_at=at + timedelta(hours=1),
        shown_order=list(range(sample.response_count)),
    )


def answer_gold(sample: Sample, *, by: Annotator, at: datetime = NOW, **values: Any) -> Receipt:
    assignment = Assignment.objects.filter(sample=sample, annotator=by).first() or hand_gold(sample, by=by, at=at)
    return submission.submit(assignment_id=assignment.pk, answer=answer(**values), at=at)


def make_slice(project: Project, values: Sequence[int], people: Sequence[Annotator], name: str = "s1") -> Sample:
    """A sample of the random slice that these people have judged."""
    sample = make_sample(project, name)
    Sample.objects.filter(pk=sample.pk).update(is_fixed_overlap=True, target=len(values))
    for value, person in zip(values, people, strict=True):
        rate(sample, by=person, overall=value)
    sample.refresh_from_db()
    return sample


def project_with_test(size: int = 2, pass_mark: float = 0.5, **settings: Any) -> Project:
    return make_project(attributes=[OVERALL], test_size=size, pass_mark=pass_mark, **settings)
