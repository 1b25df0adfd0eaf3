"""The figures of a project, computed from rows by a task and kept, so that no page counts while somebody waits."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, Max

from annotation import querysets
from annotation.models import Annotation, Judgment, MergeFit, Project, ProjectEvent, ProjectFigures, Sample, SampleEvent
from annotation.services import (
    changes,
    evidence,
    hourly_pay,
    judge_calibration,
    judge_costs,
    judge_disagreements,
    judge_figures,
    judge_leanings,
    judge_weights,
    judging,
    routing,
    shortage,
    spending,
)
from annotation.services.changes import Mark
from annotation.services.evidence import Evidence
from annotation.statistics import reading
from annotation.statistics.facts import NOT_ENOUGH
from annotation.statistics.reading import Statistics
from consensus import reliability
from consensus.reliability import AFTER_SELECTION, FIRST_ROUNDS, RANDOM_SLICE, MeasuredOn

MEASURED = 20_000  # samples by random rank on which is measured what cannot be kept as sums; with more, the rest is read as counted
SEED = 20260101  # intervals are the same every time they are computed from the same rows


def refresh(*, project: Project, at: datetime, at_once: bool = False) -> bool:
    """Compute the figures anew when something was added since, and not too soon after the last time.

    Returns whether they were. In a project that is large and busy they come at intervals of ten times what they take,
    unless somebody wants them `at_once`.
    """
    kept = ProjectFigures.objects.filter(project=project).only("basis").first()
    before = Mark.parse(kept.basis) if kept else None
    if before and before.rests(at) and not at_once:
        return False
    is_new, mark = changes.look(project, WATCHED, before)
    if not is_new:
        ProjectFigures.objects.filter(project=project).update(basis=str(mark))
        return False
    begun = time.perf_counter()
    figures = {**compute(project), **_money(project, at)}
    mark = mark.after_computing(at=at, seconds=time.perf_counter() - begun)
    ProjectFigures.objects.update_or_create(
        project=project, defaults={"figures": figures, "basis": str(mark), "computed_at": at}
    )
    return True


def _money(project: Project, at: datetime) -> dict[str, Any]:
    """The hourly pay of late, and what was spent by month."""
    lately = hourly_pay.lately(project, at=at)
    kept = ProjectFigures.objects.filter(project=project).values_list("figures__spent", flat=True).first()
    return {"pay": lately.as_json if lately else None, "spent": spending.by_month(project, kept=kept or {}, at=at)}


def is_up_to_date(project: Project) -> bool:
    """True when nothing was added since the figures were computed."""
    kept = ProjectFigures.objects.filter(project=project).only("basis").first()
    before = Mark.parse(kept.basis) if kept else None
    return before is not None and not changes.look(project, WATCHED, before)[0]


def _small(project: Project) -> Iterable[object]:
    """The rules, the judges, the fits, and who may work."""
    yield project.rubric.pk, project.policy.pk, project.lets_relatives_vote
    yield project.price_per_annotation, project.hourly_floor
    yield ProjectEvent.objects.filter(project=project).aggregate(last=Max("pk"))
    yield list(judging.enabled_judges(project).values_list("pk", flat=True))
    yield list(MergeFit.objects.filter(project=project, is_current=True).order_by("pk").values_list("pk", flat=True))
    yield list(querysets.people_who_may_work(project).order_by("pk").values_list("pk", "skills"))


WATCHED = changes.Watch(
    growing=(
        (Annotation.objects.all(), "assignment__sample__project"),
        (SampleEvent.objects.all(), "sample__project"),
        (Judgment.objects.all(), "sample__project"),
    ),
    small=_small,
    slots=True,
)


def compute(project: Project) -> dict[str, Any]:
    """Every figure of a project, as JSON. Estimates carry value, low, high, count (samples), clusters (prompts).

    Where the project has a random slice, agreement is measured on it, and on first rounds beside it. What the labels rest
    on has a place of its own, so that nobody takes its reliability for that of the people.
    """
    measured = _evidence(project, at_most=MEASURED)
    (headline, first), *beside = measured.items()
    counted = _counted_already(project)
    return {
        "samples": _samples(project, counted),
        "measured_samples": len({sample for of in measured[FIRST_ROUNDS] for sample, _ in of.keys}),
        "people_wanted": asdict(shortage.people_wanted(project)),
        "measured_on": headline,
        **_agreement(project, first, headline, counted),
        "beside": [_agreement(project, of, name, counted) for name, of in beside],
        "judge_totals": judge_leanings.totals(project),
        "leanings": judge_leanings.of_project(project, measured[FIRST_ROUNDS]),
        **_of_judges(project, measured[FIRST_ROUNDS]),
        "after_selection": _after_selection(project, counted),
        "weights": [
            {"attribute": f.attribute, "weight": f.weight, "samples": f.sample_count, **f.details}
            for f in MergeFit.objects.filter(project=project, is_current=True).order_by("pk")
        ],
    }


def _of_judges(project: Project, first_rounds: Sequence[Evidence]) -> dict[str, Any]:
    """What else the pages about judges show; all but the weights rests on the samples of `first_rounds`."""
    return {
        "judges_measured_on": len({sample for of in first_rounds for sample, _ in of.keys}),
        "calibration": judge_calibration.of_project(project, first_rounds),
        "farthest": judge_disagreements.of_project(project, first_rounds),
        "judge_costs": judge_costs.of_project(project, first_rounds),
        "weights_over_time": judge_weights.over_time(project),
    }


def compute_reliability(project: Project) -> list[dict[str, Any]]:
    """The reliability of every attribute, each row with what it is measured on; the unbiased ones first."""
    return [_reliability(row, name) for name, rows in _evidence(project).items() for row in rows]


def _counted_already(project: Project) -> Statistics | None:
    """The statistics of a project that is too large to be counted here; None where it is small, or not counted yet."""
    statistics = reading.of(project)
    return statistics if statistics.total > MEASURED else None


def _evidence(project: Project, *, at_most: int | None = None) -> dict[MeasuredOn, list[Evidence]]:
    """What agreement is measured on, the best first. A slice whose people have not come yet is measured all the same."""
    first: dict[MeasuredOn, list[Evidence]] = {FIRST_ROUNDS: evidence.first_rounds(project, at_most=at_most)}
    if not Sample.objects.filter(project=project, is_fixed_overlap=True).exists():
        return first
    return {RANDOM_SLICE: evidence.random_slice(project, at_most=at_most), **first}


def _after_selection(project: Project, counted: Statistics | None) -> list[dict[str, Any]]:
    if counted:
        return [_kept_reliability(counted, name, AFTER_SELECTION) for name in counted.attributes]
    return [_reliability(row, AFTER_SELECTION) for row in evidence.after_selection(project)]


def _kept_reliability(counted: Statistics, attribute: str, measured_on: MeasuredOn) -> dict[str, Any]:
    return {"attribute": attribute, **asdict(counted.reliability_figures(attribute, measured_on))}


def _agreement(
    project: Project, of: Sequence[Evidence], measured_on: MeasuredOn, counted: Statistics | None
) -> dict[str, Any]:
    names = counted.attributes if counted else []
    return {
        "reliability": [
            _kept_reliability(counted, row.attribute, measured_on)
            if counted and row.attribute in names
            else _reliability(row, measured_on)
            for row in of
        ],
        "people": [_people(row, measured_on) for row in of],
        **judge_figures.of_project(project, of, measured_on),
    }


KEPT = (
    *("total", "decided", "settled_by_judges", "could_escalate", "escalated_ever", "disagreed", "annotations"),
    "annotations_of_decided",
)


def _samples(project: Project, counted_already: Statistics | None = None) -> dict[str, Any]:
    """Counts of work samples by state, and what they cost: gold and training samples are no progress.

    A first round is complete when the sample was ever decided. One `disagreed` when it was not enough to go by, whatever the
    policy calls that and whether or not anybody more was asked. Shares of what disagreed or escalated leave the random slice
    out, which cannot; what judges settled alone is in none of them.
    """
    if counted_already:
        return {"states": counted_already.samples} | {name: getattr(counted_already, name) for name in KEPT}
    work = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK)
    states = dict(work.order_by().values_list("state").annotate(Count("pk")))
    by_judges = routing.settled(project).order_by()
    decided = work.exclude(state=Sample.State.OPEN).exclude(pk__in=by_judges.values("pk"))
    could = decided.filter(is_fixed_overlap=False)
    escalated = could.filter(events__target=Sample.State.ESCALATED).distinct().count()
    disagreed = could.filter(events__reason__in=NOT_ENOUGH).distinct().count()
    counted = querysets.counted_annotations().order_by()
    return {
        "total": sum(states.values()),
        "states": {state: states.get(state, 0) for state in Sample.State.values},
        "decided": decided.count(),
        "settled_by_judges": by_judges.count(),
        "could_escalate": could.count(),
        "escalated_ever": escalated,
        "disagreed": disagreed,
        "annotations": counted.filter(assignment__sample__in=work).count(),
        "annotations_of_decided": counted.filter(assignment__sample__in=decided).count(),
    }


def _reliability(of: Evidence, measured_on: MeasuredOn) -> dict[str, Any]:
    rng, counts = np.random.default_rng(SEED), of.scale.tally(of.ratings)
    measured = reliability.measure(counts, of.scale, of.prompts, rng, measured_on=measured_on)
    return {"attribute": of.attribute, **asdict(measured)}


def _people(of: Evidence, measured_on: MeasuredOn) -> dict[str, Any]:
    agreement = reliability.people_agreement(of.ratings, of.scale, of.prompts, np.random.default_rng(SEED))
    return {"attribute": of.attribute, "measured_on": measured_on, **asdict(agreement)}
