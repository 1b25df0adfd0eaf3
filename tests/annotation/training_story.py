"""What tests of training are told with: samples that teach, and newcomers who are given them."""

from datetime import datetime
from typing import Any

from story import NOW, answer, make_sample, make_user

from annotation.models import Annotator, Assignment, Project, Sample
from annotation.services import claiming, gold, submission
from annotation.services.submission import Receipt


def make_training(project: Project, name: str = "t1", *, note: str = "", sensitive: str = "", **values: Any) -> Sample:
    """A sample that a reviewer teaches with."""
    sample = make_sample(project, name, sensitive=sensitive or None)
    given = answer(**values).given
    gold.write(sample_id=sample.pk, given=given, by=make_user("rita"), note=note, at=NOW, teaches=True)
    sample.refresh_from_db()
    return sample


def next_for(person: Annotator, at: datetime = NOW) -> Assignment | None:
    return claiming.claim_next(annotator=Annotator.objects.select_related("project").get(pk=person.pk), at=at)


def learn(person: Annotator, value: int, at: datetime = NOW) -> Receipt:
    """Answer the next sample, which is one of training."""
    lease = next_for(person, at)
    assert lease is not None
    return submission.submit(assignment_id=lease.pk, answer=answer(overall=value), at=at)
