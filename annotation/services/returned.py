"""What came back to a person from a second look: they may revise it, and it counts until they do."""

from datetime import datetime

from django.db.models import QuerySet

from annotation.models import Annotation, Annotator, Assignment, SecondLook

State = SecondLook.State


def to(annotator: Annotator) -> QuerySet[SecondLook]:
    """What waits for this person's revision, the oldest first (index second_look_returned)."""
    waiting = SecondLook.objects.filter(
        annotator=annotator,
        state=State.RETURNED,
        annotation__is_current=True,
        annotation__assignment__state=Assignment.State.SUBMITTED,
    )
    related = ("annotation__assignment__sample__content", "annotation__assignment__sample__project")
    return waiting.select_related(*related).order_by("decided_at", "pk")


def ever_to(annotator: Annotator) -> QuerySet[SecondLook]:
    """All that ever came back to this person, in the order in which it was drawn."""
    back = SecondLook.objects.filter(annotator=annotator, state__in=[State.RETURNED, State.REVISED])
    return back.select_related("annotation").order_by("pk")


def has_unread(annotator: Annotator) -> bool:
    """Whether something came back that they have not read yet."""
    return SecondLook.objects.filter(annotator=annotator, state=State.RETURNED, read_at=None).exists()


def mark_read(*, annotator: Annotator, at: datetime) -> None:
    SecondLook.objects.filter(annotator=annotator, state=State.RETURNED, read_at=None).update(read_at=at)


def look_at(assignment: Assignment) -> SecondLook | None:
    """The look that returned what this person says of a sample now; None where it stands."""
    return _looks_at(assignment).filter(state=State.RETURNED).first()


def keep_from_changing(assignment: Assignment) -> None:
    """Until the end of the transaction no reviewer decides the look at what this person says now."""
    list(_looks_at(assignment).select_for_update(no_key=True, of=("self",)).values_list("pk"))


def _looks_at(assignment: Assignment) -> QuerySet[SecondLook]:
    looks = SecondLook.objects.filter(annotator=assignment.annotator_id, annotation__assignment=assignment)
    return looks.filter(annotation__is_current=True)


def note_revision(*, before: Annotation, revision: Annotation, at: datetime) -> None:
    """If what is revised had come back, that is dealt with, and the revision is looked at too. Within the caller's transaction."""
    look = SecondLook.objects.filter(annotation=before, state=State.RETURNED).first()
    if look is None or not SecondLook.objects.filter(pk=look.pk, state=State.RETURNED).update(
        state=State.REVISED, revised_at=max(at, look.decided_at or at)
    ):
        return
    SecondLook.objects.create(
        annotation=revision,
        project_id=look.project_id,
        annotator_id=look.annotator_id,
        why=SecondLook.Why.AGAIN,
        probability=1.0,
        drawn_at=at,
    )
