"""What reviewers decided, why people had differed, and whether the reviewer knew what judges say."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, QuerySet

from annotation.models import (
    Annotation,
    ConsensusLabel,
    Decision,
    JudgesOpened,
    Judgment,
    Project,
    ReviewItem,
    Sample,
    User,
)
from annotation.services import judging, routing


def of_project(project: Project) -> QuerySet[Decision]:
    return Decision.objects.filter(sample__project=project)


def causes(project: Project) -> dict[str, int]:
    """How often each cause was named, the commonest first; decisions without one are not in it."""
    named = of_project(project).exclude(cause="").values_list("cause").annotate(times=Count("pk"))
    return dict(named.order_by("-times", "cause"))


def that_may_measure_judges(project: Project) -> QuerySet[Decision]:
    """Decisions of reviewers who did not know what judges say: no other may measure a judge."""
    return of_project(project).filter(saw_judges=False)


def last_of(sample: Sample) -> Decision | None:
    return Decision.objects.filter(sample=sample).order_by("pk").last()


# --- judges -----------------------------------------------------------------------------------------------------
def open_judges(*, samples: Iterable[Sample], by: User, at: datetime) -> None:
    """Say that this reviewer is about to be told what judges say of these samples. Call it before they are told."""
    opened = [JudgesOpened(sample=sample, by=by, at=at) for sample in samples]
    JudgesOpened.objects.bulk_create(opened, ignore_conflicts=True)


def has_opened_judges(sample: Sample, by: User) -> bool:
    return JudgesOpened.objects.filter(sample=sample, by=by).exists()


def knows_judges(sample: Sample, by: User) -> bool:
    """Whether this reviewer knows what judges say: they asked, or the queue or the label has told them."""
    return has_opened_judges(sample, by) or is_told_of_judges(sample)


def is_told_of_judges(sample: Sample) -> bool:
    """Whether whoever looks at the sample learns of judges: one is said to disagree, or judges settled it."""
    said = ReviewItem.objects.filter(sample=sample, kind=ReviewItem.Kind.JUDGE_DISAGREES, closed_at=None)
    return said.exists() or routing.is_settled_by_judges(sample)


def judgments(sample: Sample) -> QuerySet[Judgment]:
    """What the judges at work said of a sample. Only for those of whom `open_judges` was written."""
    at_work = judging.enabled_judges(sample.project)
    return Judgment.objects.filter(sample=sample, judge__in=at_work).select_related("judge", "rubric")


# --- how a sample stands ----------------------------------------------------------------------------------------
def version_of(sample: Sample) -> str:
    """Another text whenever something was decided, said or moved: what a form carries to show what it was made of."""
    said = Annotation.objects.filter(assignment__sample=sample)
    newest = [of.aggregate(newest=Max("pk"))["newest"] or 0 for of in (sample.events, said, sample.decisions)]
    return ".".join(str(pk) for pk in newest)


def seen_now(sample: Sample) -> str:
    """How a sample stands, with its row read after it: what is shown is never older than what a form says was seen."""
    version = version_of(sample)
    sample.refresh_from_db(fields=["state", "target", "leased_count", "counted_count"])
    return version


def snapshot(sample: Sample) -> dict[str, Any]:
    """State and label as they stand, as a decision keeps them."""
    state = Sample.objects.values_list("state", flat=True).get(pk=sample.pk)
    current = ConsensusLabel.objects.filter(sample=sample, is_current=True).order_by("response", "attribute")
    rows = current.values_list("attribute", "response", "human_value")
    return {
        "state": state,
        "label": [{"attribute": name, "response": place, "value": value} for name, place, value in rows],
    }
