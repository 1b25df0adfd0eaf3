"""What waits for a reviewer, worth most first: contested samples, review items, disputed gold, questions. Keyset reads."""

from dataclasses import dataclass
from typing import Self

from django.db.models import Q, QuerySet

from annotation.models import Decision, Project, QueueEntry

Kind = QueueEntry.Kind
OF_SAMPLES = (Kind.CONTESTED, Kind.JUDGE_DISAGREES, Kind.LATE_ANNOTATION)  # settled by a decision on the sample
COUNTED_UP_TO = 2_000  # beyond that a page says "more than"
PAGE = 50


@dataclass(frozen=True)
class Wanted:
    """Which part of the queue; empty texts want everything."""

    kind: str = ""
    attribute: str = ""
    cause: str = ""

    @classmethod
    def from_fields(cls, fields: dict[str, str]) -> Self:
        """What is none of the kinds or causes wants everything."""
        kind, cause = fields.get("kind", ""), fields.get("cause", "")
        return cls(
            kind=kind if kind in Kind.values else "",
            attribute=fields.get("attribute", "")[:100],
            cause=cause if cause in Decision.Cause.values else "",
        )

    @property
    def as_fields(self) -> dict[str, str]:
        fields = {"kind": self.kind, "attribute": self.attribute, "cause": self.cause}
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True)
class Place:
    """Where an entry stands in the queue, also when it is gone."""

    worth: float
    pk: int

    @classmethod
    def of(cls, entry: QueueEntry) -> Self:
        return cls(entry.worth, entry.pk)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        worth, _, pk = text.partition("_")
        try:
            return cls(float(worth), int(pk))
        except (ValueError, OverflowError):
            return None

    def __str__(self) -> str:
        return f"{self.worth!r}_{self.pk}"


def waiting(project: Project, wanted: Wanted | None = None) -> QuerySet[QueueEntry]:
    """The queue or a part of it, worth most first (indexes queue_entry_by_worth, queue_entry_by_kind)."""
    wanted = wanted or Wanted()
    entries = QueueEntry.objects.filter(project=project)
    if wanted.kind:
        entries = entries.filter(kind=wanted.kind)
    if wanted.attribute:
        entries = entries.filter(attributes__contains=[wanted.attribute])
    if wanted.cause:
        entries = entries.filter(likely_cause=wanted.cause)
    return entries.order_by("-worth", "pk")


def after(entries: QuerySet[QueueEntry], place: Place | None) -> QuerySet[QueueEntry]:
    """The part of the queue behind this place."""
    if place is None:
        return entries
    return entries.filter(Q(worth__lt=place.worth) | Q(pk__gt=place.pk), worth__lte=place.worth)


def place_of(sample_id: int) -> Place | None:
    """Where a sample stands for the most that waits of it."""
    entry = QueueEntry.objects.filter(sample=sample_id).order_by("-worth", "pk").first()
    return Place.of(entry) if entry else None


def next_after(project: Project, sample_id: int, place: Place | None, wanted: Wanted) -> QueueEntry | None:
    """What waits behind this place and is not of this sample, going round once."""
    others = waiting(project, wanted).exclude(sample=sample_id)
    return after(others, place).first() or others.first()


def counts(project: Project) -> dict[str, int]:
    """How much of each kind waits, counted no further than COUNTED_UP_TO + 1."""
    of_project = QueueEntry.objects.filter(project=project).order_by()
    return {kind: of_project.filter(kind=kind)[: COUNTED_UP_TO + 1].count() for kind in Kind.values}
