"""Set a person's work aside: their answers stop counting, one transaction a sample, and each sample is decided anew.

The notice `set_aside` that is not closed is the order, and the answers that are not withdrawn yet are what is left of it.
Whoever is killed in the middle is followed by beat, which finds both in the rows. Nothing is deleted, and the work stays
credited.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from annotation import transitions
from annotation.models import (
    Annotator,
    AnnotatorFigures,
    Assignment,
    ConsensusLabel,
    DatasetVersion,
    Notice,
    ReviewItem,
    Sample,
    SampleEvent,
)
from annotation.services import labels, settlement
from annotation.services.retrying import in_one_transaction
from consensus.policy import NEEDED

State = Assignment.State
ANSWERED = (State.SUBMITTED, State.LATE)
TRIED_AT_MOST = 100  # samples that a dry run decides for real, and takes back


def under_way() -> QuerySet[Notice]:
    """The orders that are not carried out yet, oldest first (index notice_open)."""
    begun = Notice.objects.filter(kind=Notice.Kind.SET_ASIDE, closed_at=None)
    return begun.select_related("annotator__project", "by").order_by("pk")


def go_on(*, notice: Notice, at: datetime, limit: int | None = None) -> int:
    """Take out what is left of a person's work, in id order of samples; returns how many answers.

    Run twice, or by two at once, it takes each answer out once. The notice is closed when nothing is left.
    """
    waiting = list(work_of(notice).order_by("sample_id").values_list("pk", flat=True)[:limit])
    taken = sum(_take_out(pk, notice, at) for pk in waiting)
    if taken:
        AnnotatorFigures.objects.filter(annotator=notice.annotator_id).update(basis="")  # to be computed anew
    if not work_of(notice).exists():
        Notice.objects.filter(pk=notice.pk, closed_at=None).update(closed_at=at)
    return taken


def work_of(notice: Notice) -> QuerySet[Assignment]:
    """The answers that the order is about and that still stand: of somebody who goes on working, those before it."""
    answers = answers_of(notice.annotator)
    if notice.annotator.state == Annotator.State.WITHDRAWN:
        return answers
    return answers.filter(finished_at__lte=notice.created_at)


def answers_of(annotator: Annotator) -> QuerySet[Assignment]:
    """What the person answered and nobody has set aside: counted, late, and to gold samples."""
    return Assignment.objects.filter(annotator=annotator, state__in=ANSWERED)


@in_one_transaction
def _take_out(assignment_id: int, notice: Notice, at: datetime) -> bool:
    """One answer stops counting, and its sample is decided anew; False when it was out already."""
    of_assignment = Assignment.objects.filter(pk=assignment_id).values("sample_id")
    samples = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project")
    sample = samples.get(pk__in=of_assignment)
    assignment = Assignment.objects.select_for_update(no_key=True).get(pk=assignment_id)
    if assignment.state not in ANSWERED:
        return False
    Assignment.objects.filter(pk=assignment_id).update(state=State.WITHDRAWN)
    if assignment.state == State.LATE:
        _nothing_late_to_look_at(sample, notice, at)
    elif not assignment.is_gold:
        sample.counted_count -= 1
        sample.save(update_fields=["counted_count"])
        text = f"The answer of {notice.annotator} was set aside."
        policy = sample.project.policy
        transitions.record(sample=sample, reason="set_aside", text=text, actor=notice.by, policy=policy, at=at)
        settlement.settle(sample=sample, at=at)
    return True


def _nothing_late_to_look_at(sample: Sample, notice: Notice, at: datetime) -> None:
    """Close the reviewer's item about late answers when the last one is out."""
    if not sample.assignments.filter(state=State.LATE).exists():
        items = ReviewItem.objects.filter(sample=sample, kind=ReviewItem.Kind.LATE_ANNOTATION, closed_at=None)
        items.update(closed_at=at, closed_by=notice.by)


# --- the dry run ------------------------------------------------------------------------------------------------
@dataclass
class Outlook:
    """What setting a person's work aside would do, counted in samples (`answers`: in answers, late and gold ones too)."""

    answers: int = 0
    reopened: int = 0  # too little is left for a label: people are asked again
    kept: int = 0  # the label stands without them, revised where it comes out otherwise
    adjudicated: int = 0  # a reviewer gave the label, and it stands
    undecided: int = 0  # still open, escalated or contested: an annotation fewer
    excluded: int = 0  # stay out
    untried: int = 0  # kept or reopened: too many to try
    versions: list[tuple[DatasetVersion, int]] = field(default_factory=list)


def what_would_happen(*, annotator: Annotator, at: datetime) -> Outlook:
    """A dry run: what would become of the samples if all that this person answered were set aside now.

    Where fewer annotations are left than a label needs, that is clear from the counters. Other samples are decided for
    real, each in a transaction that is taken back.
    """
    fates: Counter[str] = Counter()
    order = Notice(annotator=annotator, kind=Notice.Kind.SET_ASIDE, created_at=at)
    for assignment_id, fate in _fates(annotator):
        tried = fate == "untried" and fates["tried"] < TRIED_AT_MOST
        fates["tried"] += tried
        fates[_tried(assignment_id, order, at) if tried else fate] += 1
    del fates["tried"]
    return Outlook(answers=answers_of(annotator).count(), versions=versions_with(annotator), **fates)


def _fates(annotator: Annotator) -> Iterator[tuple[int, str]]:
    """Every answer that counts, with what is clear of its sample beforehand."""
    settled = ConsensusLabel.objects.filter(sample=OuterRef("sample"), is_current=True, method=labels.ADJUDICATION)
    rows = (
        answers_of(annotator)
        .filter(state=State.SUBMITTED, is_gold=False)
        .annotate(is_adjudicated=Exists(settled))
        .values_list("pk", "sample__state", "is_adjudicated", "sample__counted_count")
    )
    for pk, state, is_adjudicated, counted in rows.order_by("sample_id"):
        yield pk, _fate(state, is_adjudicated, left=counted - 1)


def _fate(state: str, is_adjudicated: bool, *, left: int) -> str:
    if state == Sample.State.EXCLUDED:
        return "untried"
    if state != Sample.State.RESOLVED:
        return "undecided"
    if is_adjudicated:
        return "adjudicated"
    return "untried" if left >= NEEDED else "reopened"


def _tried(assignment_id: int, order: Notice, at: datetime) -> str:
    """What becomes of the sample, by doing it and taking it back."""
    with transaction.atomic():
        _take_out(assignment_id, order, at)
        state = Sample.objects.get(assignments=assignment_id).state
        transaction.set_rollback(True)
    return {Sample.State.RESOLVED.value: "kept", Sample.State.EXCLUDED.value: "excluded"}.get(state, "reopened")


def versions_with(annotator: Annotator) -> list[tuple[DatasetVersion, int]]:
    """The finished data set versions that hold answers of this person, newest first, with how many. Files never change."""
    of_people = annotator.project.versions.filter(origin=DatasetVersion.Origin.PEOPLE)
    ready = of_people.filter(state=DatasetVersion.State.READY).order_by("-number")
    counted = [(version, _answers_in(version, annotator)) for version in ready]
    return [(version, count) for version, count in counted if count]


def _answers_in(version: DatasetVersion, annotator: Annotator) -> int:
    """Those on samples that were resolved when the version looked, and that nobody had set aside by then."""
    then = Q(at__lte=version.snapshot_at)
    state_then = SampleEvent.objects.filter(then, sample=OuterRef("sample")).order_by("-pk").values("target")[:1]
    set_aside = Notice.objects.filter(
        annotator=annotator,
        kind=Notice.Kind.SET_ASIDE,
        created_at__gte=OuterRef("finished_at"),
        created_at__lte=version.snapshot_at,
    )
    given = Assignment.objects.filter(
        Q(state=State.SUBMITTED) | (Q(state=State.WITHDRAWN) & ~Exists(set_aside)),
        annotator=annotator,
        is_gold=False,
        finished_at__lte=version.snapshot_at,
    )
    return given.alias(state_then=Subquery(state_then)).filter(state_then=Sample.State.RESOLVED).count()
