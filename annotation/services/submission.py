"""Take in annotations: counted, late, corrected; each exactly once, and none ever lost."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation import ratings, remarks
from annotation.models import (
    Annotation,
    Annotator,
    Assignment,
    ConsensusLabel,
    DatasetVersion,
    Policy,
    ReviewItem,
    Rubric,
    Sample,
)
from annotation.ratings import RatingsRefused
from annotation.remarks import Given as GivenRemarks
from annotation.services import (
    drafts,
    governing,
    handing,
    labels,
    qualification,
    returned,
    settlement,
    showing,
    training,
)
from annotation.services.retrying import in_one_transaction
from annotation.statements import submitting as statements
from annotation.statements.running import row
from consensus.policy import NEEDED

State = Assignment.State
CORRECTABLE_FOR = timedelta(minutes=10)
ENDED = {
    State.SUBMITTED: _("%(annotator)s has already submitted this sample."),
    State.LATE: _(
        "%(annotator)s has already submitted this sample; it came too late to count, and is kept and credited."
    ),
    State.SKIPPED: _("%(annotator)s has already skipped this sample."),
    State.WITHDRAWN: _("%(annotator)s has already submitted this sample; the answer was set aside."),
}


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
    remarks: GivenRemarks | None = None  # what is asked beside the ratings (annotation/remarks.py)
    active_seconds: int | None = None
    rubric: int | None = None  # the version that the person was shown; None: what the sample's people are asked


@dataclass(frozen=True)
class Receipt:
    """What became of a submission. `counted` is False for one that came when its slot was gone: kept, credited."""

    annotation: Annotation
    counted: bool
    repeated: bool = False


@in_one_transaction
def submit(*, assignment_id: int, answer: Answer, at: datetime) -> Receipt:
    """Take one person's judgement of one sample, and decide the sample if this was the last one wanted.

    It counts if the lease is still held, or the sample still has a slot free and the person was not withdrawn; otherwise
    it is kept as late. An answer to a gold sample is told as counted, because nobody is to know, and counts nowhere.
    The same client key again answers as the first time did.
    Raises RatingsRefused, AlreadySubmitted, Assignment.DoesNotExist.
    """
    sample, assignment = _locked(assignment_id)
    held = assignment.state == State.LEASED  # then nothing was submitted yet
    if not held and (earlier := _earlier(assignment_id, answer.client_key)):
        return Receipt(earlier, counted=earlier.was_counted, repeated=True)
    if not held and assignment.state not in (State.EXPIRED, State.RELEASED):
        ended = ENDED[assignment.state] % {"annotator": assignment.external_id}
        raise AlreadySubmitted(f"{ended} {gettext('What was stored then stands; claim the next one.')}")
    newest, policy = sample.project.rubric, sample.project.policy
    rubric, packed, remarked = _understood(answer, sample, governing.rubric_of(sample, newest), newest)
    is_out = assignment.annotator_state == Annotator.State.WITHDRAWN
    counted = held or ((assignment.is_gold or sample.is_claimable) and not is_out)
    takes_a_slot = counted and not assignment.is_gold
    recorded = row(
        statements.RECORD,
        assignment=assignment_id,
        sample=sample.pk,
        rubric=rubric.pk,
        ratings=packed,
        neither_valid=answer.neither_valid,
        round=1 if governing.is_of_first_round(sample, policy) else 2,
        remarks=json.dumps(remarked),
        comment=answer.comment,
        active_seconds=answer.active_seconds,
        client_key=answer.client_key,
        was_counted=counted,
        state=State.SUBMITTED.value if counted else State.LATE.value,
        released=int(held and not assignment.is_gold),
        counted=int(takes_a_slot),
        at=at,
    )
    if recorded.has_draft:
        drafts.forget(assignment_id)
    # What was written is read again only by whoever asks for it.
    annotation = handing.partly(Annotation, id=recorded.id, assignment_id=assignment_id, revision=1)
    if takes_a_slot:
        sample.leased_count -= int(held)
        sample.counted_count += 1
        _decide(sample, policy, answer, at)
    elif assignment.is_gold:
        _go_on_with_the_newcomer(sample, assignment, at)
    else:
        ReviewItem.objects.get_or_create(
            sample=sample, kind=ReviewItem.Kind.LATE_ANNOTATION, closed_at=None, defaults={"opened_at": at}
        )
    return Receipt(annotation, counted=counted)


def _decide(sample: Sample, policy: Policy, answer: Answer, at: datetime) -> None:
    """Settle the sample, unless more of its first people are to come and nothing else could happen to it."""
    waits = sample.state == Sample.State.OPEN and sample.counted_count < sample.target
    first = policy.slice_overlap if sample.is_fixed_overlap else policy.first_round
    may_run_short = sample.is_fixed_overlap and sample.counted_count >= NEEDED  # of people to ask for the rest
    if waits and sample.target == first and not answer.neither_valid and not may_run_short:
        return
    settlement.settle(sample=sample, at=at)


def _go_on_with_the_newcomer(sample: Sample, assignment: Any, at: datetime) -> None:
    if sample.purpose == Sample.Purpose.TRAINING:
        training.mark_if_finished(annotator_id=assignment.annotator_id, at=at)
    elif not assignment.is_qualified:
        annotator = Annotator.objects.select_related("project").get(pk=assignment.annotator_id)
        qualification.mark_if_finished(annotator=annotator, at=at)


@in_one_transaction
def correct(*, assignment_id: int, answer: Answer, at: datetime) -> Receipt:
    """Replace one's own annotation by a revision, for ten minutes, whatever became of the sample meanwhile; later where a
    second look has returned it.

    The decision is taken anew. Raises NotCorrectable, RatingsRefused, Assignment.DoesNotExist.
    """
    sample, assignment = _locked_whole(assignment_id)
    counted = assignment.state == Assignment.State.SUBMITTED
    if earlier := assignment.annotations.filter(client_key=answer.client_key).first():
        return Receipt(earlier, counted=earlier.was_counted, repeated=True)
    current = assignment.annotations.filter(is_current=True).first()
    returned.keep_from_changing(assignment)
    if refusal := why_not_correctable(assignment, at):
        raise NotCorrectable(refusal)
    assert current is not None  # noqa: S101  a submitted assignment has a current annotation; for the type checker
    Annotation.objects.filter(pk=current.pk).update(is_current=False)
    revision = _revise(current, sample, answer, counted, at)
    returned.note_revision(before=current, revision=revision, at=at)
    drafts.forget(assignment_id)
    if counted and not assignment.is_gold:
        settlement.settle(sample=sample, at=at)
    return Receipt(revision, counted=counted)


def why_not_correctable(assignment: Assignment, at: datetime) -> str:
    """A sentence saying why this person's annotation can no longer be corrected; empty when it can."""
    if assignment.state not in (Assignment.State.SUBMITTED, Assignment.State.LATE) or assignment.finished_at is None:
        state = Assignment.State(assignment.state).label.lower()
        return gettext("There is nothing to correct: this sample is %(state)s for you.") % {"state": state}
    if at - assignment.finished_at > CORRECTABLE_FOR and not returned.look_at(assignment):
        minutes = CORRECTABLE_FOR.seconds // 60
        return gettext("An answer can be corrected for %(minutes)d minutes; this one is older.") % {"minutes": minutes}
    if training.is_training(assignment):
        return gettext(
            "The right answer of this sample was shown to you, so yours stays as it was. It measures nothing."
        )
    if assignment.is_gold:
        return ""  # what became of the sample is nothing to somebody who was only measured on it
    if ConsensusLabel.objects.filter(sample=assignment.sample, is_current=True, method=labels.ADJUDICATION).exists():
        return closed()
    return closed() if _is_published(assignment) else ""


def closed() -> str:
    """One sentence for every reason: that a reviewer settled it would say that others differed."""
    return gettext("This sample is closed, so its answers stand.")


def _is_published(assignment: Assignment) -> bool:
    """In the files of a version, finished or being built."""
    versions = DatasetVersion.objects.filter(
        project_id=assignment.sample.project_id, snapshot_at__gte=assignment.finished_at
    ).exclude(state=DatasetVersion.State.FAILED)
    return assignment.sample.state == Sample.State.RESOLVED and versions.exists()


def _locked(assignment_id: int) -> tuple[Sample, Any]:
    """The sample first, then the assignment: the order in which everything here locks."""
    locked = row(statements.LOCK_SAMPLE, assignment=assignment_id)
    if locked is None:
        raise Assignment.DoesNotExist(f"There is no assignment {assignment_id}.")
    assignment = row(statements.LOCK_ASSIGNMENT, assignment=assignment_id)
    sample = handing.partly(Sample, **locked._asdict())
    sample.project = handing.governed(
        sample.project_id,
        rubric=assignment.rubric,
        policy=assignment.policy,
        head_start_hours=assignment.head_start_hours,
    )
    return sample, assignment


def _earlier(assignment_id: int, client_key: str) -> Annotation | None:
    return Annotation.objects.filter(assignment=assignment_id, client_key=client_key).first()


Understood = tuple[Rubric, ratings.Packed, dict[str, Any]]


def _understood(answer: Answer, sample: Sample, asked: Rubric, newest: Rubric) -> Understood:
    """The rubric that was answered, the ratings in its places, and what was remarked beside them.

    It is the version that the answer names, so that what was shown before the rubric changed is not misread. An answer that
    names none is to what the sample's people are `asked`, or else to the newest. Raises RatingsRefused.
    """
    if answer.rubric is not None:
        asked = _named(answer.rubric, newest)
    try:
        return asked, *_packed(answer, asked, sample)
    except RatingsRefused:
        if answer.rubric is not None or asked == newest:
            raise
        return newest, *_packed(answer, newest, sample)


def _named(version: int, newest: Rubric) -> Rubric:
    if version == newest.version:
        return newest
    found = Rubric.objects.filter(project_id=newest.project_id, version=version).first()
    if found is None:
        known = f"The newest is {newest.version}; leave the version out to answer what the sample asks."
        raise RatingsRefused({"rubric": f"This project has no version {version} of its rubric. {known}"})
    return found


def _packed(answer: Answer, rubric: Rubric, sample: Sample) -> tuple[ratings.Packed, dict[str, Any]]:
    """The ratings in their places, and the remarks by name. Raises RatingsRefused, with what is wrong in either."""
    packed, problems = _ratings_packed(answer, rubric, sample)
    try:
        remarked = remarks.pack(
            answer.remarks,
            rubric=rubric,
            rated=packed,
            response_count=sample.response_count,
            neither_valid=answer.neither_valid,
        )
    except RatingsRefused as refusal:
        problems = refusal.problems | problems
    if packed is None or problems:
        raise RatingsRefused(problems)
    return packed, remarked


def _ratings_packed(answer: Answer, rubric: Rubric, sample: Sample) -> tuple[ratings.Packed | None, dict[str, str]]:
    try:
        packed = ratings.pack(
            answer.given,
            places=ratings.layout(rubric.attributes, sample.response_count),
            response_ids=showing.blind_ids(sample),
            neither_valid=answer.neither_valid,
        )
    except RatingsRefused as refusal:
        return None, refusal.problems
    return packed, {}


def _locked_whole(assignment_id: int) -> tuple[Sample, Assignment]:
    """The same with everything that a correction asks of them."""
    samples = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project")
    sample = samples.filter(pk__in=Assignment.objects.filter(pk=assignment_id).values("sample_id")).first()
    if sample is None:
        raise Assignment.DoesNotExist(f"There is no assignment {assignment_id}.")
    assignments = Assignment.objects.select_for_update(no_key=True, of=("self",)).select_related("annotator")
    return sample, assignments.get(pk=assignment_id)


def _revise(current: Annotation, sample: Sample, answer: Answer, counted: bool, at: datetime) -> Annotation:
    rubric, packed, remarked = _understood(answer, sample, current.rubric, sample.project.rubric)
    return Annotation.objects.create(
        assignment_id=current.assignment_id,
        revision=current.revision + 1,
        rubric=rubric,
        ratings=packed,
        neither_valid=answer.neither_valid,
        round=current.round,
        remarks=remarked,
        comment=answer.comment,
        active_seconds=answer.active_seconds,
        client_key=answer.client_key,
        was_counted=counted,
        submitted_at=at,
    )
