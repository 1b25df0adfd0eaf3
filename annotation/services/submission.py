"""Take in annotations: counted, late, corrected; each exactly once, and none ever lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from annotation import ratings
from annotation.models import Annotation, Assignment, ConsensusLabel, DatasetVersion, ReviewItem, Sample
from annotation.services import labels, settlement, showing
from annotation.services.retrying import in_one_transaction

CORRECTABLE_FOR = timedelta(minutes=10)


class AlreadySubmitted(Exception):
    """This sample has already had an answer from this person, under another key."""


class NotCorrectable(Exception):
    """The annotation can no longer be corrected; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What a person says of a sample. `given`: rows of attribute, value and (where needed) response, by its place: "0", "1"."""

    given: Iterable[Mapping[str, Any]]
    client_key: str
    neither_valid: bool = False
    comment: str = ""
    reasons: Mapping[str, Any] | None = None
    active_seconds: int | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of a submission. `counted` is False for one that came when its slot was gone: kept, credited."""

    annotation: Annotation
    counted: bool
    repeated: bool = False


@in_one_transaction
def submit(*, assignment_id: int, answer: Answer, at: datetime) -> Receipt:
    """Take one person's judgement of one sample, and decide the sample if this was the last one wanted.

    It counts if the lease is still held, or the sample still has a slot free; otherwise it is kept as late.
    The same client key again answers as the first time did.
    Raises RatingsRefused, AlreadySubmitted, Assignment.DoesNotExist.
    """
    sample, assignment = _lock(assignment_id)
    held = assignment.state == Assignment.State.LEASED  # then nothing was submitted yet
    if not held and (earlier := assignment.annotations.filter(client_key=answer.client_key).first()):
        return Receipt(earlier, counted=assignment.state == Assignment.State.SUBMITTED, repeated=True)
    if not held and assignment.state not in (Assignment.State.EXPIRED, Assignment.State.RELEASED):
        raise AlreadySubmitted(
            f"This sample is {assignment.state} for {assignment.annotator} already; claim the next one."
        )
    counted = held or sample.is_claimable
    is_first = sample.counted_count < sample.project.policy.first_round
    annotation = _add(assignment, sample, answer, revision=1, round=1 if is_first else 2, at=at)
    _finish(assignment, Assignment.State.SUBMITTED if counted else Assignment.State.LATE, at)
    sample.leased_count -= int(held)
    sample.counted_count += int(counted)
    sample.save(update_fields=["leased_count", "counted_count"])  # the row is locked: nobody else counts meanwhile
    if counted:
        settlement.settle(sample=sample, at=at)
    else:
        ReviewItem.objects.get_or_create(
            sample=sample, kind=ReviewItem.Kind.LATE_ANNOTATION, closed_at=None, defaults={"opened_at": at}
        )
    return Receipt(annotation, counted=counted)


@in_one_transaction
def correct(*, assignment_id: int, answer: Answer, at: datetime) -> Receipt:
    """Replace one's own annotation by a revision, for ten minutes, whatever became of the sample meanwhile.

    The decision is taken anew. Raises NotCorrectable, RatingsRefused, Assignment.DoesNotExist.
    """
    sample, assignment = _lock(assignment_id)
    counted = assignment.state == Assignment.State.SUBMITTED
    if earlier := assignment.annotations.filter(client_key=answer.client_key).first():
        return Receipt(earlier, counted=counted, repeated=True)
    current = assignment.annotations.filter(is_current=True).first()
    if refusal := why_not_correctable(assignment, at):
        raise NotCorrectable(refusal)
    assert current is not None  # noqa: S101  a submitted assignment has a current annotation; for the type checker
    Annotation.objects.filter(pk=current.pk).update(is_current=False)
    revision = _add(assignment, sample, answer, revision=current.revision + 1, round=current.round, at=at)
    if counted:
        settlement.settle(sample=sample, at=at)
    return Receipt(revision, counted=counted)


def why_not_correctable(assignment: Assignment, at: datetime) -> str:
    """A sentence saying why this person's annotation can no longer be corrected; empty when it can."""
    if assignment.state not in (Assignment.State.SUBMITTED, Assignment.State.LATE) or assignment.finished_at is None:
        return f"There is nothing to correct: this sample is {assignment.state} for you."
    if at - assignment.finished_at > CORRECTABLE_FOR:
        return f"An answer can be corrected for {CORRECTABLE_FOR.seconds // 60} minutes; this one is older."
    if ConsensusLabel.objects.filter(sample=assignment.sample, is_current=True, method=labels.ADJUDICATION).exists():
        return "A reviewer has settled this sample, so its answers stand."
    if _is_published(assignment):
        return "This sample is part of a published data set version, so its answers stand."
    return ""


def _is_published(assignment: Assignment) -> bool:
    """In the files of a version, finished or being built."""
    versions = DatasetVersion.objects.filter(
        project_id=assignment.sample.project_id, snapshot_at__gte=assignment.finished_at
    ).exclude(state=DatasetVersion.State.FAILED)
    return assignment.sample.state == Sample.State.RESOLVED and versions.exists()


def _lock(assignment_id: int) -> tuple[Sample, Assignment]:
    """The sample first, then the assignment: the order in which everything here locks."""
    of_assignment = Assignment.objects.filter(pk=assignment_id).values("sample_id")
    samples = Sample.objects.select_for_update(of=("self",)).select_related("project")
    sample = samples.filter(pk__in=of_assignment).first()
    if sample is None:
        raise Assignment.DoesNotExist(f"There is no assignment {assignment_id}.")
    assignment = Assignment.objects.select_for_update(of=("self",)).select_related("annotator").get(pk=assignment_id)
    return sample, assignment


def _add(
    assignment: Assignment, sample: Sample, answer: Answer, *, revision: int, round: int, at: datetime
) -> Annotation:
    rubric = sample.project.rubric
    packed = ratings.pack(
        answer.given,
        places=ratings.layout(rubric.attributes, sample.response_count),
        response_ids=showing.blind_ids(sample),
        neither_valid=answer.neither_valid,
    )
    return Annotation.objects.create(
        assignment=assignment,
        revision=revision,
        rubric=rubric,
        ratings=packed,
        neither_valid=answer.neither_valid,
        round=round,
        reasons=dict(answer.reasons or {}),
        comment=answer.comment,
        active_seconds=answer.active_seconds,
        client_key=answer.client_key,
        submitted_at=at,
    )


def _finish(assignment: Assignment, state: str, at: datetime) -> None:
    assignment.state, assignment.lease_place, assignment.finished_at = state, None, at
    assignment.save(update_fields=["state", "lease_place", "finished_at"])
