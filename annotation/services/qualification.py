"""The test of gold samples that a newcomer takes before real work.

Not qualified and not tested: in the test. Not qualified and tested: did not pass. The answers of an attempt are those
since the last notice of a result, so that a further attempt starts from nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Max, QuerySet

from annotation.models import Annotator, Assignment, GoldAnswer, Notice, Project, User
from annotation.services import gold_accuracy, people, reconsideration
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
        _tell(annotator, _result_text(answered, annotator.project, is_passed), at)
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
            f"{annotator} has no failed test in {annotator.project.slug}, so there is none to repeat."
        )
    text = f"You may take the test again, with other samples. The reason that {by} gives: {reason}"
    _tell(annotator, text, at, by=by)


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
        return f"The project has no test, and these people are not qualified: {names}. Qualify them." if names else ""
    served = GoldAnswer.objects.filter(project=project, is_current=True, is_served=True).count()
    if served < project.test_size:
        return (
            f"The test asks {project.test_size} gold samples and the project hands out {served}: no newcomer can finish "
            f"it. Add {project.test_size - served}."
        )
    stuck = _names(person for person in waiting if _left_for(person) < remaining(person))
    return f"There are too few gold samples left for {stuck} to finish the test. Add some." if stuck else ""


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
        text = _result_text(answered, project, True)
        _tell(person, f"A known answer of your test was overturned. {text}", at)
        _ask_them(project, at)


def _failed_with(person: Annotator, sample_id: int, project: Project) -> bool:
    answered = _last_attempt(person)
    return any(score.sample_id == sample_id for score in answered) and not _suffices(answered, project)


def _attempt(annotator: Annotator) -> list[Score]:
    """The scores since the last result."""
    last = annotator.notices.filter(kind=Notice.Kind.TEST_RESULT).aggregate(at=Max("created_at"))["at"]
    return _scores(annotator, after=last)


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
    answered = annotator.assignments.filter(is_gold=True, state__in=gold_accuracy.ANSWERED)
    last: datetime = answered.aggregate(at=Max("finished_at"))["at"]
    return last


def _suffices(answered: list[Score], project: Project) -> bool:
    value = gold_accuracy.accuracy_on(answered).value
    return value is not None and value >= (project.pass_mark or 0.0) - ROUNDING


def _result_text(answered: list[Score], project: Project, is_passed: bool) -> str:
    value = gold_accuracy.accuracy_on(answered).value or 0.0
    figures = f"{100 * value:.0f} % of {len(answered)} test samples were right; {100 * (project.pass_mark or 0):.0f} % are needed"
    if is_passed:
        return f"You passed the test: {figures}. From now on you get samples to judge."
    return f"You did not pass the test: {figures}. A project admin can let you try again with other samples."


def _tell(annotator: Annotator, text: str, at: datetime, *, by: User | None = None) -> None:
    Notice.objects.create(
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


def _left_for(annotator: Annotator) -> int:
    """Gold samples that this person may still be given."""
    served = GoldAnswer.objects.filter(project=annotator.project_id, is_current=True, is_served=True)
    fitting = served.filter(sample__requirement=None) | served.filter(
        sample__requirement__skills__contained_by=annotator.skills
    )
    return fitting.exclude(sample__assignments__annotator=annotator).count()


def _names(people: Iterable[Annotator]) -> str:
    return ", ".join(str(person) for person in people)
