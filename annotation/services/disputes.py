"""What a person is told of their answers to gold samples, what they say against it, and what a reviewer answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from annotation.models import Annotation, Annotator, Assignment, GoldAnswer, GoldDispute, Project, Sample, User
from annotation.services import gold, gold_accuracy, qualification, training
from annotation.services.people import written
from annotation.services.retrying import in_one_transaction
from annotation.services.submission import CORRECTABLE_FOR
from consensus.reliability import Estimate

Outcome = GoldDispute.Outcome
IN_TRAINING = {"assignment__sample__purpose": Sample.Purpose.TRAINING}
NO_REPLY = gettext_noop("Write a reply: the person reads it.")


class DisputeRefused(Exception):
    """The dispute cannot be opened or closed now; the message says why."""


@dataclass(frozen=True)
class GoldResult:
    """One of a person's answers to gold, beside the known answer. `known` is empty when that was set aside."""

    assignment: Assignment
    annotation: Annotation
    known: GoldAnswer | None
    score: float | None
    dispute: GoldDispute | None


def results_of(annotator: Annotator, *, at: datetime, limit: int | None = 20) -> list[GoldResult]:
    """This person's latest answers to gold that they may be told of: those that can no longer be corrected.

    None where the project does not show them. What they were told in training is services.training.answered_by.
    """
    answers = list(_told_later(annotator, at).order_by("-assignment__finished_at")[:limit])
    samples = [annotation.assignment.sample_id for annotation in answers]
    known = {answer.sample_id: answer for answer in _known(samples)}
    own = gold_accuracy.answers_to_gold(annotator.project).filter(assignment__annotator=annotator)
    own = own.filter(assignment__sample__in=samples)
    scores = {score.assignment_id: score.value for score in gold_accuracy.scored(annotator.project, own)}
    return [
        GoldResult(
            assignment=annotation.assignment,
            annotation=annotation,
            known=known.get(annotation.assignment.sample_id),
            score=scores.get(annotation.assignment_id),
            dispute=getattr(annotation.assignment, "dispute", None),
        )
        for annotation in answers
    ]


def told_in_training(annotator: Annotator, *, limit: int = 50) -> list[GoldResult]:
    """What this person was told in training, the latest first; without a score, because it measures nothing."""
    return [
        GoldResult(of.assignment, of.annotation, of.known, None, getattr(of.assignment, "dispute", None))
        for of in training.answered_by(annotator, limit=limit)
    ]


def told_accuracy(annotator: Annotator, *, at: datetime) -> Estimate:
    """The accuracy that a person reads: of the answers that they are told of, so that no figure betrays a gold sample
    while its answer can still be corrected. Undefined where the project does not show it."""
    if not annotator.project.shows_gold_accuracy:
        return gold_accuracy.accuracy_on([])
    return gold_accuracy.accuracy_of(annotator, until=at - CORRECTABLE_FOR)


@in_one_transaction
def dispute(*, assignment: Assignment, text: str, at: datetime) -> GoldDispute:
    """A person says that a known answer, of a sample that they answered, is wrong. Once a sample.

    The refusal is the same for a gold sample that is not revealed yet and for one that is no gold.
    Raises DisputeRefused, ReasonMissing without a text.
    """
    text = written(text, _("Say why the known answer is wrong: a reviewer reads it."))
    Sample.objects.select_for_update(no_key=True).get(pk=assignment.sample_id)
    if not _revealed(assignment.annotator, at).filter(assignment=assignment).exists():
        raise DisputeRefused(nothing_to_dispute(assignment.annotator.project))
    if GoldDispute.objects.filter(assignment=assignment).exists():
        raise DisputeRefused(_("You have disputed this answer already. What a reviewer says stands in your record."))
    if not _known([assignment.sample_id]).exists():
        raise DisputeRefused(_("The known answer of this sample was set aside: it measures nobody any more."))
    return GoldDispute.objects.create(assignment=assignment, text=text, opened_at=at)


def open_disputes(project: Project) -> QuerySet[GoldDispute]:
    """Disputes that wait for a reviewer, the oldest first."""
    waiting = GoldDispute.objects.filter(assignment__sample__project=project, outcome="")
    return waiting.select_related("assignment__annotator", "assignment__sample").order_by("pk")


@in_one_transaction
def uphold(*, dispute_id: int, by: User, reply: str, at: datetime) -> None:
    """The known answer stands; the person reads why. Raises DisputeRefused, ReasonMissing without a reply."""
    reply = written(reply, _(NO_REPLY))
    waiting = _locked(dispute_id)
    _close([waiting.pk], Outcome.UPHELD, by=by, reply=reply, at=at)


@in_one_transaction
def overturn(
    *, dispute_id: int, by: User, reply: str, at: datetime, given: Iterable[Mapping[str, Any]] | None = None
) -> None:
    """The person is right. `given`: the answer that is known now; without it the sample measures nobody any more.

    Everybody who had the sample is measured anew, whoever now passes a test passes it, and all open disputes of this
    answer are closed with the reply. Raises DisputeRefused, ReasonMissing without a reply, GoldRefused, RatingsRefused.
    """
    reply = written(reply, _(NO_REPLY))
    sample = _locked(dispute_id).assignment.sample
    had_failed = qualification.failed_on(sample.pk, sample.project)
    if given is None:
        gold.set_aside(sample=sample, by=by, at=at)
    else:
        packed = gold.packed_answer(sample, given)
        gold.revise(sample=sample, packed=packed, source=GoldAnswer.Source.WRITTEN, note=reply, by=by, at=at)
    of_sample = GoldDispute.objects.filter(assignment__sample=sample, outcome="").order_by("pk")
    _close([waiting.pk for waiting in of_sample], Outcome.OVERTURNED, by=by, reply=reply, at=at)
    qualification.pass_who_now_would(had_failed, project=sample.project, at=at)


def nothing_to_dispute(project: Project) -> str:
    """The same words for every sample of the project, whether it is gold or not."""
    if not project.shows_gold_accuracy:
        return _(
            "There is no known answer that you could dispute here. This project shows those of the training alone."
        )
    return _(
        "There is no known answer that you could dispute here. Known answers are shown in the record of your work, "
        "%(minutes)d minutes after you submitted yours."
    ) % {"minutes": CORRECTABLE_FOR.seconds // 60}


def _revealed(annotator: Annotator, at: datetime) -> QuerySet[Annotation]:
    """Answers whose known answer this person was shown: in training at once."""
    return _told_later(annotator, at) | _to_gold(annotator).filter(**IN_TRAINING)


def _told_later(annotator: Annotator, at: datetime) -> QuerySet[Annotation]:
    """Answers to gold that can no longer be corrected; none where the project shows nobody how right they are."""
    if not annotator.project.shows_gold_accuracy:
        return _to_gold(annotator).none()
    measured = _to_gold(annotator).exclude(**IN_TRAINING)
    return measured.filter(assignment__finished_at__lte=at - CORRECTABLE_FOR)


def _to_gold(annotator: Annotator) -> QuerySet[Annotation]:
    answered = Annotation.objects.filter(
        is_current=True,
        assignment__annotator=annotator,
        assignment__is_gold=True,
        assignment__state__in=gold_accuracy.ANSWERED,
    )
    return answered.select_related("assignment__sample__content", "assignment__dispute", "rubric")


def _known(sample_ids: Iterable[int]) -> QuerySet[GoldAnswer]:
    return GoldAnswer.objects.filter(sample__in=list(sample_ids), is_current=True).select_related("rubric")


def _locked(dispute_id: int) -> GoldDispute:
    """An open dispute, under the lock of its sample: the order in which everything locks."""
    of_dispute = GoldDispute.objects.filter(pk=dispute_id).values("assignment__sample_id")
    sample = (
        Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk__in=of_dispute)
    )
    found = GoldDispute.objects.select_related("assignment__annotator").get(pk=dispute_id)
    if found.outcome:
        said = _("This dispute was %(outcome)s already, and the person has read why.")
        raise DisputeRefused(said % {"outcome": found.get_outcome_display().lower()})
    found.assignment.sample = sample
    return found


def _close(dispute_ids: list[int], outcome: str, *, by: User, reply: str, at: datetime) -> None:
    waiting = GoldDispute.objects.filter(pk__in=dispute_ids, outcome="")
    waiting.update(outcome=outcome, reply=reply, closed_by=by, closed_at=at)
