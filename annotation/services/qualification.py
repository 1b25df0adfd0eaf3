"""The test of gold samples that a newcomer takes before real work.

Not qualified and not tested: in the test. Not qualified and tested: did not pass. The answers of an attempt are those
since the last notice of a result, so that a further attempt starts from nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from annotation.models import Annotator, Assignment, GoldAnswer, Notice, Project, ProjectEvent, Sample, User
from annotation.services import gold_accuracy, people, reconsideration, speaking, training
from annotation.services.gold_accuracy import Score

ROUNDING = 1e-9  # seven of ten is .7, however the scores were added up
SHOWN_AT_MOST = 100


class NotAllowedAgain(Exception):
    """There is no failed test to be taken again; the message says what is."""


def is_in_test(annotator: Annotator) -> bool:
    """Whether this person gets gold samples and no work yet."""
    return not annotator.is_qualified and annotator.tested_at is None and annotator.project.test_size is not None


def remaining(annotator: Annotator) -> int:
    """How many gold samples this person still has to answer before they are judged; 0 for everybody not in the test."""
    if not is_in_test(annotator):
        return 0
    return max(0, (annotator.project.test_size or 0) - len(_attempt(annotator)))


def may_begin(annotator: Annotator) -> bool:
    """Whether the test stands before this person and nothing of this attempt was handed out yet."""
    if not is_in_test(annotator) or training.is_in_training(annotator):
        return False
    handed = _measuring(annotator)
    last = _last_result_at(annotator)
    return not (handed.filter(claimed_at__gt=last) if last else handed).exists()


def at_sample(annotator: Annotator) -> int:
    """Which sample of the test this person is at: one more than they have answered."""
    return len(_attempt(annotator)) + 1


@dataclass(frozen=True)
class Result:
    """How the last test went, as the known answers are now. Shares of 1; `count` samples were answered."""

    is_passed: bool
    right: float
    needed: float
    count: int


def last_result(annotator: Annotator) -> Result | None:
    """None for whoever took no test."""
    if annotator.tested_at is None:
        return None
    answered = _last_attempt(annotator)
    right = gold_accuracy.accuracy_on(answered).value or 0.0
    return Result(annotator.is_qualified, right, annotator.project.pass_mark or 0.0, len(answered))


def mark_told(annotator: Annotator, *, at: datetime) -> None:
    """The result stands before the person's eyes: its notice is no news any more."""
    annotator.notices.filter(kind=Notice.Kind.TEST_RESULT, read_at=None, by=None).update(read_at=at)


def mark_if_finished(*, annotator: Annotator, at: datetime) -> None:
    """Judge the test when its last gold sample is answered, and tell the person. Called after each of their gold answers.

    A gold sample whose answer was overturned meanwhile measures nobody: another takes its place.
    """
    if not is_in_test(annotator):
        return
    answered = _attempt(annotator)
    if len(answered) < (annotator.project.test_size or 0):
        return
    is_passed = _suffices(answered, annotator.project)
    at = max(at, _last_answer_at(annotator))
    in_test = Annotator.objects.filter(pk=annotator.pk, is_qualified=False, tested_at=None)
    if in_test.update(tested_at=at, is_qualified=is_passed):
        with speaking.to(annotator):
            text = _result_text(answered, annotator.project, is_passed)
        _tell(annotator, text, at)
        if is_passed:
            _ask_them(annotator.project, at)


@transaction.atomic
def allow_again(*, annotator: Annotator, by: User, reason: str, at: datetime) -> None:
    """Let somebody who did not pass take the test again, with gold samples that they have not had.

    Raises NotAllowedAgain when they did not fail a test, ReasonMissing without a reason, NotAnAdmin.
    """
    people.require_admin(project=annotator.project, user=by)
    reason = people.written(reason)
    failed = Annotator.objects.filter(pk=annotator.pk, is_qualified=False, tested_at__isnull=False)
    if annotator.project.test_size is None or not failed.update(tested_at=None):
        raise NotAllowedAgain(
            _("%(annotator)s has no failed test in %(project)s, so there is none to repeat.")
            % {"annotator": annotator, "project": annotator.project.slug}
        )
    with speaking.to(annotator):
        said = _("You may take the test again, with other samples. The reason that %(name)s gives: %(reason)s")
        text = said % {"name": by, "reason": reason}
    _tell(annotator, text, at, by=by)
    event = {"kind": "test_allowed_again", "text": f"{annotator}: {reason}", "actor": by, "at": at}
    ProjectEvent.objects.create(project=annotator.project, annotator=annotator, **event)


def why_no_test(annotator: Annotator) -> str:
    """Why somebody cannot be asked to take the test again, in words; empty where they can."""
    project, about = annotator.project, {"annotator": annotator}
    if project.test_size is None:
        return _("The project has no test. Set one up under Gold before asking %(annotator)s to take it.") % about
    if annotator.state == Annotator.State.WITHDRAWN:
        return _("%(annotator)s is withdrawn. Resume them first.") % about
    if is_in_test(annotator):
        return _("%(annotator)s is in the test already.") % about
    if (left := _left_for(annotator)) < project.test_size:
        said = _(
            "%(annotator)s has had all but %(left)d gold samples, and the test asks %(asked)d. Add some gold first."
        )
        return said % {**about, "left": left, "asked": project.test_size}
    return ""


def ask_again(*, annotator: Annotator, by: User, reason: str, at: datetime) -> Notice:
    """Put the test before somebody, with gold samples that they have not had; called where `why_no_test` says nothing."""
    Annotator.objects.filter(pk=annotator.pk).update(is_qualified=False, tested_at=None)
    annotator.is_qualified, annotator.tested_at = False, None
    with speaking.to(annotator):
        said = _(
            "You are asked to take the test again, with other samples. Until you have passed it you get nothing else to "
            "judge. The reason that %(name)s gives: %(reason)s"
        )
        text = said % {"name": by, "reason": reason}
    return _tell(annotator, text, at, by=by)


def failed(project: Project) -> QuerySet[Annotator]:
    """People who took the test and did not pass it."""
    return Annotator.objects.filter(project=project, is_qualified=False, tested_at__isnull=False).order_by(
        "external_id"
    )


def problem(project: Project) -> str:
    """A sentence for admins when newcomers cannot finish the test, or cannot start one; empty when all is well."""
    waiting = Annotator.objects.filter(
        project=project, is_qualified=False, tested_at=None, state=Annotator.State.ACTIVE
    )
    waiting = waiting.select_related("project").order_by("pk")[:SHOWN_AT_MOST]
    if project.test_size is None:
        names = _names(waiting)
        said = _("The project has no test, and these people are not qualified: %(names)s. Qualify them.")
        return said % {"names": names} if names else ""
    served = _served(project).count()
    if served < project.test_size:
        return _(
            "The test asks %(asked)d gold samples and the project hands out %(served)d: no newcomer can finish it. Add "
            "%(missing)d."
        ) % {"asked": project.test_size, "served": served, "missing": project.test_size - served}
    stuck = _names(person for person in waiting if _left_for(person) < remaining(person))
    said = _("There are too few gold samples left for %(names)s to finish the test. Add some.")
    return said % {"names": stuck} if stuck else ""


def failed_on(sample_id: int, project: Project) -> list[Annotator]:
    """Those who did not pass, as the known answers are now, a test that had this gold sample."""
    had = Assignment.objects.filter(sample=sample_id, is_gold=True, state__in=gold_accuracy.ANSWERED)
    people = failed(project).filter(pk__in=had.values("annotator_id"))
    return [person for person in people if _failed_with(person, sample_id, project)]


def pass_who_now_would(people: Iterable[Annotator], *, project: Project, at: datetime) -> None:
    """Of people who had failed, let those pass who do so now that a known answer was overturned; nobody ever loses a pass."""
    for person in people:
        answered = _last_attempt(person)
        if not _suffices(answered, project):
            continue
        Annotator.objects.filter(pk=person.pk).update(is_qualified=True)
        with speaking.to(person):
            overturned = _("A known answer of your test was overturned.")
            text = f"{overturned} {_result_text(answered, project, True)}"
        _tell(person, text, at)
        _ask_them(project, at)


def _failed_with(person: Annotator, sample_id: int, project: Project) -> bool:
    answered = _last_attempt(person)
    return any(score.sample_id == sample_id for score in answered) and not _suffices(answered, project)


def _attempt(annotator: Annotator) -> list[Score]:
    """The scores since the last result."""
    return _scores(annotator, after=_last_result_at(annotator))


def _last_result_at(annotator: Annotator) -> datetime | None:
    """When the last attempt ended, or another was allowed; None before the first."""
    last: datetime | None = annotator.notices.filter(kind=Notice.Kind.TEST_RESULT).aggregate(at=Max("created_at"))["at"]
    return last


def _measuring(annotator: Annotator) -> QuerySet[Assignment]:
    """What this person was given to be measured on."""
    return annotator.assignments.filter(is_gold=True).exclude(sample__purpose=Sample.Purpose.TRAINING)


def _last_attempt(annotator: Annotator) -> list[Score]:
    """The scores that the last result rests on."""
    results = annotator.notices.filter(kind=Notice.Kind.TEST_RESULT, created_at__lt=annotator.tested_at)
    return _scores(annotator, after=results.aggregate(at=Max("created_at"))["at"], until=annotator.tested_at)


def _scores(annotator: Annotator, *, after: datetime | None, until: datetime | None = None) -> list[Score]:
    answers = gold_accuracy.answers_to_gold(annotator.project).filter(assignment__annotator=annotator)
    if after:
        answers = answers.filter(assignment__finished_at__gt=after)
    if until:
        answers = answers.filter(assignment__finished_at__lte=until)
    return list(gold_accuracy.scored(annotator.project, answers))


def _last_answer_at(annotator: Annotator) -> datetime:
    """An answer may bear a later time than the clock shows: the order of arrival is kept when the clock is put back."""
    answered = _measuring(annotator).filter(state__in=gold_accuracy.ANSWERED)
    last: datetime = answered.aggregate(at=Max("finished_at"))["at"]
    return last


def _suffices(answered: list[Score], project: Project) -> bool:
    value = gold_accuracy.accuracy_on(answered).value
    return value is not None and value >= (project.pass_mark or 0.0) - ROUNDING


def _result_text(answered: list[Score], project: Project, is_passed: bool) -> str:
    value = gold_accuracy.accuracy_on(answered).value or 0.0
    figures = {"right": round(100 * value), "count": len(answered), "needed": round(100 * (project.pass_mark or 0))}
    if is_passed:
        return (
            _(
                "You passed the test: %(right)d %% of %(count)d test samples were right; %(needed)d %% are needed. From now on "
                "you get samples to judge."
            )
            % figures
        )
    return (
        _(
            "You did not pass the test: %(right)d %% of %(count)d test samples were right; %(needed)d %% are needed. A project "
            "admin can let you try again with other samples."
        )
        % figures
    )


def _tell(annotator: Annotator, text: str, at: datetime, *, by: User | None = None) -> Notice:
    return Notice.objects.create(
        annotator=annotator,
        kind=Notice.Kind.TEST_RESULT,
        text=text,
        by=by,
        by_name=by.get_username() if by else "",
        created_at=at,
    )


def _ask_them(project: Project, at: datetime) -> None:
    """Somebody new may be asked: samples that waited for people are looked at, after the commit, a transaction each."""
    transaction.on_commit(partial(reconsideration.reconsider, project=project, at=at), robust=True)


def _served(project: Project) -> QuerySet[GoldAnswer]:
    """The gold samples that are handed out; those that teach are not among them."""
    return GoldAnswer.objects.filter(project=project, is_current=True, is_served=True, teaches=False)


def _left_for(annotator: Annotator) -> int:
    """Gold samples that this person may still be given."""
    served = _served(annotator.project)
    fitting = served.filter(sample__requirement=None) | served.filter(
        sample__requirement__skills__contained_by=annotator.skills
    )
    return fitting.exclude(sample__assignments__annotator=annotator).count()


def _names(people: Iterable[Annotator]) -> str:
    return ", ".join(str(person) for person in people)
