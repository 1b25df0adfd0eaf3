"""A person's own work: what they submitted and skipped, newest first. Nothing of labels, of others, or of what is gold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from annotation.models import Annotation, Annotator, Assignment

State = Assignment.State
PAGE = 25
# What a person may ask to see; what was given back unjudged is nobody's work.
KINDS: dict[str, Sequence[str]] = {
    "": (State.SUBMITTED, State.LATE, State.SKIPPED, State.WITHDRAWN),
    "submitted": (State.SUBMITTED,),
    "skipped": (State.SKIPPED,),
    "late": (State.LATE,),
    "set_aside": (State.WITHDRAWN,),
}


@dataclass(frozen=True)
class Place:
    """Where a page of the history ends: what comes after it is older."""

    at: datetime
    pk: int


@dataclass(frozen=True)
class Page:
    """Some of a person's work with its samples and what was said, and where it goes on; None: this was the last of it."""

    assignments: list[Assignment]
    older: Place | None


def page(*, annotator: Annotator, kind: str = "", words: str = "", after: Place | None = None) -> Page:
    """One page of the history, from the newest or from where another ended. `words`: that stand in one's own comments."""
    found = _work_of(annotator).filter(state__in=KINDS[kind])
    if words:
        found = found.filter(annotations__is_current=True, annotations__comment__icontains=words)
    if after:
        found = found.filter(Q(finished_at__lt=after.at) | Q(finished_at=after.at, pk__lt=after.pk))
        found = found.filter(finished_at__lte=after.at)  # the same once more, for the index assignment_history
    rows = list(found.order_by("-finished_at", "-pk")[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], Place(last.finished_at, last.pk) if last and last.finished_at else None)


def one(*, annotator: Annotator, pk: int) -> Assignment | None:
    """One piece of one's own work; None for what is still in hand, was given back, or is somebody else's."""
    return _work_of(annotator).filter(state__in=KINDS[""], pk=pk).first()


def _work_of(annotator: Annotator) -> QuerySet[Assignment]:
    """With the person, so that nothing about them is asked again, and with what they said last as `said`."""
    said = Annotation.objects.filter(is_current=True).select_related("rubric", "second_look")
    return (
        Assignment.objects.filter(annotator=annotator)
        .select_related("annotator__project", "sample__content", "sample__project")
        .prefetch_related(Prefetch("annotations", queryset=said, to_attr="said"))
    )
