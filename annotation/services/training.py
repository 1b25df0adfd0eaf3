"""Training: samples whose answer is known, which a newcomer judges before anything else and is told of at once.

They measure nobody and count nowhere. Everybody gets them in the same order, openly as training; then comes the test, if
the project has one, and then work. Who had begun when the first one was written is not sent back.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from annotation import querysets, ratings
from annotation.models import Annotation, Annotator, Assignment, GoldAnswer, Project, Sample
from annotation.ratings import Place
from annotation.services import gold_accuracy

# How an answer stands beside what is known.
AS_KNOWN, NEAR, OFF, LEFT_OPEN, NOT_COMPARED = "as_known", "near", "off", "left_open", "not_compared"


@dataclass(frozen=True)
class Progress:
    """The training sample in hand, or the one answered last, is number `at` of `of`."""

    at: int
    of: int


@dataclass(frozen=True)
class Told:
    """One place of the known answer beside what was said. `steps`: how many levels lie between; None where there is no order."""

    place: Place
    known: int
    said: int | None
    verdict: str
    steps: int | None


@dataclass(frozen=True)
class Feedback:
    """What a person is told right after a training sample. `known` is None when its answer was set aside since."""

    assignment: Assignment
    annotation: Annotation
    known: GoldAnswer | None
    told: list[Told]

    @property
    def note(self) -> str:
        return self.known.note if self.known else ""


def is_training(assignment: Assignment) -> bool:
    """Whether this sample teaches: it is given openly as training, and its answer is told at once."""
    return assignment.is_gold and assignment.sample.purpose == Sample.Purpose.TRAINING


def is_in_training(annotator: Annotator) -> bool:
    """Whether training samples come before anything else for this person. People without an account have had theirs elsewhere."""
    if annotator.trained_at is not None or annotator.user_id is None:
        return False
    return _in_hand(annotator).exists() or _left(annotator).exists()


def progress(annotator: Annotator) -> Progress:
    """Which training sample this person is at; the one answered last counts as long as the next was not taken."""
    done = _had(annotator).exclude(state=Assignment.State.LEASED).count()
    in_hand = _in_hand(annotator).count()
    return Progress(at=done + in_hand, of=done + in_hand + _left(annotator).count())


def mark_if_finished(*, annotator_id: int, at: datetime) -> None:
    """Note that somebody has had all training samples. Called when one was answered or skipped, and when none is left."""
    annotator = Annotator.objects.select_related("project").get(pk=annotator_id)
    if not _left(annotator).exists() and not _in_hand(annotator).exists():
        Annotator.objects.filter(pk=annotator_id, trained_at=None).update(trained_at=at)


def spare_who_has_begun(*, project: Project, at: datetime) -> None:
    """Nobody who was given anything else already is sent back to samples that teach. Called when such are added."""
    other = Assignment.objects.filter(annotator=OuterRef("pk")).exclude(sample__purpose=Sample.Purpose.TRAINING)
    Annotator.objects.filter(project=project, trained_at=None).filter(Exists(other)).update(trained_at=at)


def next_place(project: Project) -> int:
    """Where a further training sample stands in the order: after all others."""
    last: int | None = GoldAnswer.objects.filter(project=project, teaches=True).aggregate(last=Max("rank"))["last"]
    return 0 if last is None else last + 1


def feedback(assignment: Assignment) -> Feedback:
    """What this person said of a training sample beside what is known, place by place."""
    annotation = assignment.annotations.select_related("rubric").get(is_current=True)
    known = assignment.sample.gold_answers.select_related("rubric").filter(is_current=True).first()
    return Feedback(assignment, annotation, known, _told(assignment, annotation, known) if known else [])


def answered_by(annotator: Annotator, *, limit: int = 50) -> list[Feedback]:
    """What this person was told in training, the latest first."""
    had = _had(annotator).filter(state__in=gold_accuracy.ANSWERED).order_by("-finished_at")
    had = had.select_related("sample__content", "sample__project", "annotator__project", "dispute")
    return [feedback(assignment) for assignment in had[:limit]]


def _had(annotator: Annotator) -> QuerySet[Assignment]:
    """What this person was given of training and did not give back."""
    mine = annotator.assignments.filter(is_gold=True, sample__purpose=Sample.Purpose.TRAINING)
    return mine.exclude(state__in=querysets.GIVEN_BACK)


def _in_hand(annotator: Annotator) -> QuerySet[Assignment]:
    return _had(annotator).filter(state=Assignment.State.LEASED)


def _left(annotator: Annotator) -> QuerySet[GoldAnswer]:
    """Training samples that this person may still be given (statements.claiming.TAKE_TRAINING)."""
    served = GoldAnswer.objects.filter(project=annotator.project_id, teaches=True, is_current=True, is_served=True)
    fitting = Q(sample__requirement=None) | Q(sample__requirement__skills__contained_by=annotator.skills)
    return served.filter(fitting).exclude(sample__in=_had(annotator).values("sample_id"))


def _told(assignment: Assignment, annotation: Annotation, known: GoldAnswer) -> list[Told]:
    count, policy = assignment.sample.response_count, assignment.sample.project.policy
    places = ratings.layout(known.rubric.attributes, count)
    said, asked = gold_accuracy.comparable(annotation.ratings, annotation.rubric.attributes, places, count)
    if annotation.neither_valid:
        said = [None] * len(places)
    return [
        _beside(place, right, own, was_asked, gold_accuracy.within(place, policy))
        for place, right, own, was_asked in zip(places, known.ratings, said, asked, strict=True)
        if right is not None
    ]


def _beside(place: Place, known: int, said: int | None, was_asked: bool, within: float) -> Told:
    if said is None:
        return Told(place, known, None, LEFT_OPEN if was_asked else NOT_COMPARED, None)
    if said == known:
        return Told(place, known, said, AS_KNOWN, 0)
    steps = None if place.scale.is_nominal else abs(place.levels.index(said) - place.levels.index(known))
    return Told(place, known, said, NEAR if abs(said - known) <= within else OFF, steps)
