"""The figures of each person of a project: how much, how right, how fast, and how beside the others of the same samples.

Computed by a task and kept, never on a click. A person's own counts are made anew when they did something. What sets people
beside each other needs everybody's answers: it is made anew when anybody did something, and then rests for ten times as long
as it took, as all that looks through a whole project.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Aggregate, Count, F, FilteredRelation, FloatField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from annotation.models import AnnotatorFigures, Assignment, GoldAnswer, Project, Sample
from annotation.services import among_others, changes, gold_accuracy
from annotation.services.submission import CORRECTABLE_FOR
from consensus.annotators import gold_accuracy as accuracy_from
from consensus.reliability import Estimate

State = Assignment.State
ANSWERED = (State.SUBMITTED, State.LATE, State.WITHDRAWN)
BY_THE_PERSON = (*ANSWERED, State.SKIPPED)  # the other ends may be beat's doing
COMPARED = "among_others"
_MARK = ("basis", "as_of", "seconds")
# One statement, and only this part of the figures: whoever counts somebody anew meanwhile loses nothing.
WRITE_COMPARED = """
UPDATE annotation_annotatorfigures figures SET figures = jsonb_set(figures.figures, '{among_others}', new.said::jsonb),
    urgency = (new.said::jsonb ->> 'urgency')::integer,
    agreement = (new.said::jsonb #>> '{agreement,kappa,value}')::float8,
    weight = (new.said::jsonb #>> '{weight,value}')::float8
FROM unnest(%(people)s::bigint[], %(said)s::text[]) AS new(person, said)
WHERE figures.annotator_id = new.person
"""
LISTED = (
    "answered",
    "gold_accuracy",
    "median_seconds",
    "skip_share",
    "last_seen",
)  # what lists are ordered by, of its own


def refresh(*, project: Project, at: datetime) -> int:
    """Compute anew the figures of whoever did something since; returns how many people that are.

    And, where it is due, how everybody is beside the others.

    Gold answers that can still be corrected are left out: a figure that moved at once would tell which sample was gold.
    """
    until = at - CORRECTABLE_FOR
    bases = _bases(project, until)
    kept = {row["annotator_id"]: row for row in _kept(project)}
    changed = [pk for pk, basis in bases.items() if pk not in kept or kept[pk]["basis"] != basis]
    if changed:
        _recount(project, changed, bases, until=until, at=at)
    if _may_compare(kept, changed, bases, at):
        _compare(project, bases, until=until, at=at)
    return len(changed)


def _kept(project: Project) -> QuerySet[Any]:
    """What the figures rest on, and when people were last set beside each other."""
    rows = AnnotatorFigures.objects.filter(annotator__project=project)
    return rows.values("annotator_id", "basis", *(f"figures__{COMPARED}__{name}" for name in _MARK))


def _recount(project: Project, changed: list[int], bases: Mapping[int, str], *, until: datetime, at: datetime) -> None:
    accuracies = gold_accuracy.accuracies(project, until=until)
    counts = {row["annotator_id"]: row for row in _counts(changed)}
    before = AnnotatorFigures.objects.filter(annotator__in=changed).values_list("annotator_id", f"figures__{COMPARED}")
    beside = {pk: {**of, "basis": ""} for pk, of in before if of}  # stands, and is known to be older
    AnnotatorFigures.objects.bulk_create(
        [_row(pk, counts.get(pk, {}), accuracies.get(pk), beside.get(pk), bases[pk], at) for pk in changed],
        update_conflicts=True,
        unique_fields=["annotator"],
        update_fields=["figures", "basis", "computed_at", *LISTED],
    )


def _row(
    pk: int,
    counts: Mapping[str, Any],
    accuracy: Estimate | None,
    beside: Mapping[str, Any] | None,
    basis: str,
    at: datetime,
) -> AnnotatorFigures:
    """One person's figures, with a column for each that a list is ordered by."""
    figures = _figures(counts, accuracy or accuracy_from([]))
    columns = {name: figures[name] for name in ("answered", "median_seconds", "skip_share")}
    return AnnotatorFigures(
        annotator_id=pk,
        figures={**figures, COMPARED: beside},
        basis=basis,
        computed_at=at,
        gold_accuracy=figures["gold_accuracy"]["value"],
        last_seen=counts.get("last_seen"),
        **columns,
    )


def _may_compare(
    kept: Mapping[int, Mapping[str, Any]], changed: list[int], bases: Mapping[int, str], at: datetime
) -> bool:
    """Whether anybody did something since people were last set beside each other, and that was long enough ago."""
    marks = [[row[f"figures__{COMPARED}__{name}"] for name in _MARK] for row in kept.values()]
    if not changed and all(basis == _digest(bases) for basis, _, _ in marks):
        return False
    seconds = max((took or 0.0 for _, _, took in marks), default=0.0)
    last = max((as_of for _, as_of, _ in marks if as_of), default=None)
    since = (at - datetime.fromisoformat(last)).total_seconds() if last else None
    return since is None or seconds < changes.SHORT_SECONDS or not 0 <= since < changes.REST * seconds


def _compare(project: Project, bases: Mapping[int, str], *, until: datetime, at: datetime) -> None:
    begun = time.perf_counter()
    found = among_others.compare(project, until=until)
    mark = {"basis": _digest(bases), "as_of": at.isoformat(), "seconds": time.perf_counter() - begun}
    said = [json.dumps({**found.get(pk, {}), **mark}) for pk in bases]
    with connection.cursor() as cursor:
        cursor.execute(WRITE_COMPARED, {"people": list(bases), "said": said})


def _digest(bases: Mapping[int, str]) -> str:
    return hashlib.blake2b(repr(sorted(bases.items())).encode(), digest_size=8).hexdigest()


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
    taught = Q(is_gold=True, sample__purpose=Sample.Purpose.TRAINING)  # measures nobody
    unwilling = Q(skip_reason=Assignment.SkipReason.DISTRESSING)  # costs nobody anything
    return (
        Assignment.objects.filter(annotator__in=people)
        .annotate(said=said)
        .order_by()
        .values("annotator_id")
        .annotate(
            answered=Count("pk", filter=Q(state__in=ANSWERED) & ~taught),
            counted=Count("pk", filter=Q(state=State.SUBMITTED, is_gold=False)),
            late=Count("pk", filter=Q(state=State.LATE) & ~taught),
            gold=Count("pk", filter=Q(state__in=ANSWERED, is_gold=True) & ~taught),
            set_aside=Count("pk", filter=Q(state=State.WITHDRAWN) & ~taught),
            skipped=Count("pk", filter=Q(state=State.SKIPPED) & ~taught & ~unwilling),
            timed=Count("said__active_seconds", filter=~taught),
            median_seconds=_Median(F("said__active_seconds"), filter=~taught),
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
