"""Rows of the hot statements as the objects that pages and the interface know, without asking the database again."""

import json
from datetime import datetime
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from annotation import frozen
from annotation.models import Annotation, Annotator, Assignment, Policy, Project, Rubric, Sample, SampleContent
from annotation.statements import settling, submitting
from annotation.statements.running import row as one_row
from annotation.statements.running import rows

Row = TypeVar("Row", bound=Model)


def partly(model: type[Row], **columns: Any) -> Row:
    """An object of which these columns are known; the others are read when somebody asks for them."""
    # from_db takes values in the order of the model's columns, not in that of the names.
    names = [field.attname for field in model._meta.concrete_fields if field.attname in columns]
    return model.from_db(DEFAULT_DB_ALIAS, names, [columns[name] for name in names])


def governed(project_id: int, *, rubric: int, policy: int, **columns: Any) -> Project:
    """A project with the versions of its rubric and its policy that are the newest now."""
    project = partly(Project, id=project_id, **columns)
    project.rubric = frozen.version(Rubric, rubric)
    project.policy = frozen.version(Policy, policy)
    return project


def counted_annotations(sample: Sample) -> list[Annotation]:
    """The annotations that decide a sample, in order of arrival (querysets.counted_annotations), with their rubrics."""
    found = []
    for counted in rows(settling.COUNTED, sample=sample.pk):
        annotation = partly(Annotation, **counted._asdict())
        annotation.rubric = frozen.version(Rubric, counted.rubric_id)
        annotation.assignment = partly(Assignment, id=counted.assignment_id, annotator_id=counted.annotator_id)
        found.append(annotation)
    return found


def owner_of(assignment_id: int) -> Annotator | None:
    """The person whom an assignment belongs to; None when there is no such assignment."""
    found = one_row(submitting.OWNER, assignment=assignment_id)
    return found and partly(Annotator, **found._asdict())


def assignment_from(row: Any, annotator: Annotator, project: Project, until: datetime) -> Assignment:
    """A held lease with its sample, the sample's texts, its project and the person, all in memory."""
    sample = partly(
        Sample,
        id=row.sample_id,
        project_id=project.pk,
        external_id=row.external_id,
        purpose=row.purpose,
        response_count=row.response_count,
    )
    sample.project = project
    sample.content = SampleContent(
        sample=sample,
        messages=json.loads(row.messages),
        responses=json.loads(row.responses),
        tools=row.tools and json.loads(row.tools),
        sensitive=row.sensitive,
    )
    assignment = partly(
        Assignment,
        id=row.id,
        sample_id=row.sample_id,
        annotator_id=annotator.pk,
        state=Assignment.State.LEASED,
        lease_place=row.lease_place,
        lease_expires_at=until,
        shown_order=row.shown_order,
        is_gold=row.is_gold,
    )
    assignment.sample, assignment.annotator = sample, annotator
    return assignment
