"""Who may still be asked about a sample."""

from typing import Any

from annotation.models import Sample
from annotation.statements import asking as statements
from annotation.statements.running import row


def people_left(sample: Sample, *, at_most: int) -> int:
    """How many people may still be asked, counted no further than `at_most`."""
    return int(row(statements.PEOPLE_LEFT, at_most=at_most, **_about(sample)).people)


def favoured_people(sample: Sample) -> tuple[int, int]:
    """How many of them are of at least median weight, and how many would have to stand back for those."""
    counts = row(statements.FAVOURED, **_about(sample))
    return counts.favoured, counts.others


def _about(sample: Sample) -> dict[str, Any]:
    return {"sample": sample.pk, "project": sample.project_id, "requirement": sample.requirement_id}
