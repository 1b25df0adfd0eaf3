"""What an annotator asks a reviewer about a sample, and the reply. The sample stays in the annotator's hands meanwhile.

A question decides nothing, opens nothing and moves nothing: no lease, no state, no counter is touched.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from annotation.models import Annotator, Assignment, Membership, Project, Question, Sample, User
from annotation.services.people import roles_of, written
from annotation.services.retrying import in_one_transaction

OPEN_AT_MOST = 5
ASKABLE_FOR = timedelta(days=1)
REPLIERS = {Membership.Role.REVIEWER, Membership.Role.ADMIN}


class QuestionRefused(Exception):
    """The question cannot be asked or replied to now; the message says why."""


class NotAReviewer(Exception):
    """This account may not reply to the questions of this project."""


@in_one_transaction
def ask(*, assignment: Assignment, text: str, at: datetime) -> Question:
    """Ask about a sample of one's own, while it is in hand or for a day after it was. The same text again is the same question.

    Raises QuestionRefused, ReasonMissing without a text.
    """
    said = written(text, _("Write your question: a reviewer reads it."))
    # Under the person's lock, so that nobody asks more at once than is allowed.
    Annotator.objects.select_for_update(no_key=True).get(pk=assignment.annotator_id)
    if asked := assignment.questions.filter(text=said).first():
        return asked
    if refusal := _why_not_askable(Assignment.objects.get(pk=assignment.pk), at):
        raise QuestionRefused(refusal)
    return Question.objects.create(assignment=assignment, text=said, asked_at=at)


@in_one_transaction
def reply(*, question: Question, by: User, text: str, at: datetime) -> None:
    """Reply once: the person reads it on their page and in their record.

    Raises NotAReviewer, QuestionRefused when somebody else replied first, ReasonMissing without a text.
    """
    project = question.assignment.annotator.project
    if not REPLIERS & roles_of(project=project, user=by):
        raise NotAReviewer(
            _("%(name)s is neither a reviewer nor an admin of %(slug)s. Ask one of them to reply.")
            % {"name": by, "slug": project.slug}
        )
    said = written(text, _("Write a reply: the person reads it."))
    waiting = Question.objects.filter(pk=question.pk, replied_at=None)
    if not waiting.update(reply=said, replied_by=by, replied_at=at):
        replied_by = Question.objects.get(pk=question.pk).replied_by or _("Somebody")
        raise QuestionRefused(_("%(name)s has replied already, and the person reads it.") % {"name": replied_by})


def mark_read(*, annotator: Annotator, at: datetime) -> None:
    """The person has seen all replies that there are."""
    _unread(annotator).filter(replied_at__lte=at).update(read_at=at)


def unread_reply(annotator: Annotator) -> Question | None:
    """The oldest reply that this person has not seen yet (index question_unread)."""
    return _unread(annotator).order_by("replied_at").first()


def asked_by(annotator: Annotator) -> QuerySet[Question]:
    """Everything that this person asked, the newest first."""
    asked = Question.objects.filter(assignment__annotator=annotator).order_by("-asked_at", "-pk")
    return asked.select_related("assignment__sample__content", "replied_by")


def open_questions(project: Project) -> QuerySet[Question]:
    """What waits for a reviewer, the oldest first."""
    return of_project(project).filter(replied_at=None).order_by("asked_at", "pk")


def about(sample: Sample) -> QuerySet[Question]:
    """What was asked about one sample, the oldest first."""
    return of_project(sample.project).filter(assignment__sample=sample).order_by("asked_at", "pk")


def of_project(project: Project) -> QuerySet[Question]:
    of_it = Question.objects.filter(assignment__sample__project=project)
    return of_it.select_related("assignment__annotator__project", "assignment__sample__content", "replied_by")


def _unread(annotator: Annotator) -> QuerySet[Question]:
    return Question.objects.filter(assignment__annotator=annotator, replied_at__isnull=False, read_at=None)


def _why_not_askable(assignment: Assignment, at: datetime) -> str:
    ended = assignment.finished_at or assignment.lease_expires_at
    if assignment.state != Assignment.State.LEASED and ended < at - ASKABLE_FOR:
        return _("You had this sample more than a day ago; questions are asked while it is fresh.")
    waiting = Question.objects.filter(assignment__annotator=assignment.annotator_id, replied_at=None).count()
    if waiting >= OPEN_AT_MOST:
        return _("%(count)d of your questions wait for a reply. Ask this one when one of them is answered.") % {
            "count": waiting
        }
    return ""
