"""Queries with names. They chain on; none of them writes."""

from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from annotation.models import Annotation, Annotator, Assignment, Project, ReviewItem, Sample

# An assignment in one of these states may be leased again, in place.
GIVEN_BACK = (Assignment.State.EXPIRED, Assignment.State.RELEASED)
CLAIMABLE = (Sample.State.OPEN, Sample.State.ESCALATED)


def people_who_may_work(project: Project) -> QuerySet[Annotator]:
    """Active, qualified, and under their cap."""
    given = Count("assignments", filter=~Q(assignments__state__in=GIVEN_BACK))
    capped_out = (
        Annotator.objects.filter(project=project, cap__isnull=False).alias(given=given).filter(given__gte=F("cap"))
    )
    return Annotator.objects.filter(project=project, state=Annotator.State.ACTIVE, is_qualified=True).exclude(
        pk__in=capped_out.values("pk")
    )


def people_who_may_be_asked(sample: Sample) -> QuerySet[Annotator]:
    """Those who may work and have never had this sample in their hands."""
    had = Assignment.objects.filter(sample=sample, annotator=OuterRef("pk"))
    return people_who_may_work(sample.project).filter(~Exists(had))


def claimable_by(annotator: Annotator) -> QuerySet[Sample]:
    """Samples with a slot that this person has not already had for good (one index probe a candidate)."""
    had = Assignment.objects.filter(sample=OuterRef("pk"), annotator=annotator).exclude(state__in=GIVEN_BACK)
    return Sample.objects.filter(~Exists(had), project_id=annotator.project_id, state__in=CLAIMABLE, open_slots__gt=0)


def returned_lane(annotator: Annotator) -> QuerySet[Sample]:
    """Escalated, given back, re-prioritised: served first, oldest return first (index sample_returned)."""
    return claimable_by(annotator).filter(lane_seq__isnull=False).order_by("lane_seq")


def fresh_lane(annotator: Annotator) -> QuerySet[Sample]:
    """Open samples that nobody gave back, in random rank (index sample_fresh)."""
    return claimable_by(annotator).filter(state=Sample.State.OPEN, lane_seq=None).order_by("rank")


def overdue_leases(at: datetime) -> QuerySet[Assignment]:
    """Leases whose time is up, longest first (index assignment_leases)."""
    return Assignment.objects.filter(state=Assignment.State.LEASED, lease_expires_at__lt=at).order_by(
        "lease_expires_at"
    )


def counted_annotations() -> QuerySet[Annotation]:
    """The annotations that decide, in order of arrival: current revisions of submitted assignments.

    Arrival is the first submission; a correction keeps its place.
    """
    return Annotation.objects.filter(is_current=True, assignment__state=Assignment.State.SUBMITTED).order_by(
        "assignment__finished_at", "assignment_id"
    )


def samples_under_review(project: Project) -> QuerySet[Sample]:
    """Contested, or with something that somebody should look at again."""
    open_items = ReviewItem.objects.filter(sample=OuterRef("pk"), closed_at=None)
    return Sample.objects.filter(project=project).filter(Q(state=Sample.State.CONTESTED) | Exists(open_items))
