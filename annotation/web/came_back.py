"""What came back to a person from a second look, for the record of their work."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from annotation.models import Annotator, SecondLook
from annotation.services import returned
from annotation.services.submission import why_not_correctable
from annotation.web import training
from annotation.web.asking import beginning


def section(annotator: Annotator, *, at: datetime) -> list[dict[str, Any]]:
    """What components/_record_came_back.html shows; the texts of a sensitive sample are not in it."""
    return [_row(annotator, look, at) for look in returned.to(annotator)]


def _row(annotator: Annotator, look: SecondLook, at: datetime) -> dict[str, Any]:
    assignment = look.annotation.assignment
    covered = training.sensitive(assignment)
    why_not = why_not_correctable(assignment, at)
    return {
        "pk": look.pk,
        "word": look.word,
        "by": look.reviewer_name,
        "at": look.decided_at,
        "is_new": look.read_at is None,
        "url": reverse("annotation:own-work-one", args=[annotator.project.slug, assignment.pk]),
        "beginning": "" if covered["is_sensitive"] else beginning(assignment.sample.content),
        "revise_url": "" if why_not else reverse("annotation:correct", args=[assignment.pk]),
        "why_not": why_not,
    }
