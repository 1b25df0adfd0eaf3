"""The figures of each person of a project: how much, how right, how fast; computed by a task and kept, never on a click."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import Aggregate, Count, F, FilteredRelation, FloatField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from annotation.models import AnnotatorFigures, Assignment, GoldAnswer, Project
from annotation.services import gold_accuracy
from annotation.services.submission import CORRECTABLE_FOR
from consensus.annotators import gold_accuracy as accuracy_from
from consensus.reliability import Estimate

State = Assignment.State
ANSWERED = (State.SUBMITTED, State.LATE, State.WITHDRAWN)
BY_THE_PERSON = (*ANSWERED, State.SKIPPED)  # the other ends may be beat's doing


def refresh(*, project: Project, at: datetime) -> int:
    """Compute anew the figures of whoever did something since; returns how many people that are.

    Gold answers that can still be corrected are left out: a figure that moved at once would tell which sample was gold.
    """
    until = at - CORRECTABLE_FOR
    bases = _bases(project, until)
    kept = dict(AnnotatorFigures.objects.filter(annotator__project=project).values_list("annotator_id", "basis"))
    changed = [pk for pk, basis in bases.items() if kept.get(pk) != basis]
    if not changed:
        return 0
    accuracies = gold_accuracy.accuracies(project, until=until)
    counts = {row["annotator_id"]: row for row in _counts(changed)}
    AnnotatorFigures.objects.bulk_create(
        [
            AnnotatorFigures(
                annotator_id=pk,
                figures=_figures(counts.get(pk, {}), accuracies.get(pk) or accuracy_from([])),
                basis=bases[pk],
                computed_at=at,
            )
            for pk in changed
        ],
        update_conflicts=True,
        unique_fields=["annotator"],
        update_fields=["figures", "basis", "computed_at"],
    )
    return len(changed)


def _bases(project: Project, until: datetime) -> dict[int, str]:
    """By person, what their figures rest on; found without looking at their history (index assignment_history)."""
    ended = Assignment.objects.filter(annotator=OuterRef("pk"), finished_at__isnull=False).order_by("-finished_at")
    people = project.annotators.annotate(last=Subquery(ended.values("finished_at")[:1]))
    gold = GoldAnswer.objects.filter(project=project).aggregate(
        last=Max("pk"), now=Count("pk", filter=Q(is_current=True))
    )
    known = f"{gold['last'] or 0}.{gold['now']}"
    return {
        pk: f"{given}:{last.isoformat() if last else ''}:{bool(last and last <= until)}:{known}"
        for pk, given, last in people.values_list("pk", "given_count", "last")
    }


class _Median(Aggregate):
    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def _counts(people: list[int]) -> QuerySet[Any]:
    """One row a person, in one query."""
    said = FilteredRelation("annotations", condition=Q(annotations__is_current=True))
    return (
        Assignment.objects.filter(annotator__in=people)
        .annotate(said=said)
        .order_by()
        .values("annotator_id")
        .annotate(
            answered=Count("pk", filter=Q(state__in=ANSWERED)),
            counted=Count("pk", filter=Q(state=State.SUBMITTED, is_gold=False)),
            late=Count("pk", filter=Q(state=State.LATE)),
            gold=Count("pk", filter=Q(state__in=ANSWERED, is_gold=True)),
            set_aside=Count("pk", filter=Q(state=State.WITHDRAWN)),
            skipped=Count("pk", filter=Q(state=State.SKIPPED)),
            timed=Count("said__active_seconds"),
            median_seconds=_Median(F("said__active_seconds")),
            last_seen=Greatest(Max("claimed_at"), Max("finished_at", filter=Q(state__in=BY_THE_PERSON))),
        )
    )


NUMBERS = ("answered", "counted", "late", "gold", "set_aside", "skipped", "timed")


def _figures(row: Mapping[str, Any], accuracy: Estimate) -> dict[str, Any]:
    """As JSON. `skip_share`: of what the person answered or skipped."""
    figures: dict[str, Any] = {name: row.get(name, 0) for name in NUMBERS}
    dealt_with = figures["answered"] + figures["skipped"]
    last_seen = row.get("last_seen")
    return {
        **figures,
        "median_seconds": row.get("median_seconds"),
        "skip_share": figures["skipped"] / dealt_with if dealt_with else None,
        "last_seen": last_seen.isoformat() if last_seen else None,
        "gold_accuracy": asdict(accuracy),
    }
