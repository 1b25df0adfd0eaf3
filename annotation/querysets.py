"""Queries with names. They chain on; none of them writes."""

from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from annotation.models import Annotation, Annotator, Assignment, Project, ReviewItem, Sample

# An assignment in one of these states may be leased again, in place.
GIVEN_BACK = (Assignment.State.EXPIRED, Assignment.State.RELEASED)


def people_who_may_work(project: Project) -> QuerySet[Annotator]:
    """Active, qualified, under their cap, and not somebody who can no longer log in."""
    given_back = Count("assignments", filter=Q(assignments__state__in=GIVEN_BACK))
    capped = Annotator.objects.filter(project=project, cap__isnull=False).alias(given_back=given_back)
    capped_out = capped.filter(given_count__gte=F("cap") + F("given_back"))
    workers = Annotator.objects.filter(project=project, state=Annotator.State.ACTIVE, is_qualified=True)
    return workers.exclude(pk__in=capped_out.values("pk")).exclude(user__is_active=False)


def overdue_leases(at: datetime) -> QuerySet[Assignment]:
    """Leases whose time is up, longest first (index assignment_leases)."""
    return Assignment.objects.filter(state=Assignment.State.LEASED, lease_expires_at__lt=at).order_by(
        "lease_expires_at"
    )


def counted_annotations() -> QuerySet[Annotation]:
    """The annotations that decide, in order of arrival: current revisions of submitted assignments.

    An answer to gold measures the person and never counts for the sample. Arrival is the first submission; a
    correction keeps its place.
    """
    counted = Annotation.objects.filter(
        is_current=True, assignment__state=Assignment.State.SUBMITTED, assignment__is_gold=False
    )
    return counted.order_by("assignment__finished_at", "assignment_id")


def samples_under_review(project: Project) -> QuerySet[Sample]:
    """Contested, or with something that somebody should look at again."""
    open_items = ReviewItem.objects.filter(sample=OuterRef("pk"), closed_at=None)
    return Sample.objects.filter(project=project).filter(Q(state=Sample.State.CONTESTED) | Exists(open_items))
