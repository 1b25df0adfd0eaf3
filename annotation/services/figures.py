"""The figures of a project, computed from rows by a task and kept, so that no page counts while somebody waits."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, Max

from annotation import querysets
from annotation.models import Annotation, Judgment, MergeFit, Project, ProjectFigures, Sample, SampleEvent
from annotation.services import evidence, judging
from annotation.services.evidence import Evidence
from consensus import reliability

SEED = 20260101  # intervals are the same every time they are computed from the same rows


def refresh(*, project: Project, at: datetime) -> bool:
    """Compute the figures anew when rows were added since; returns whether they were."""
    if is_up_to_date(project):
        return False
    basis = _basis(project)
    ProjectFigures.objects.update_or_create(
        project=project, defaults={"figures": compute(project), "basis": basis, "computed_at": at}
    )
    return True


def is_up_to_date(project: Project) -> bool:
    """True when no row was added since the figures were computed."""
    return ProjectFigures.objects.filter(project=project, basis=_basis(project)).exists()


def _basis(project: Project) -> str:
    parts = (
        Annotation.objects.filter(assignment__sample__project=project),
        SampleEvent.objects.filter(sample__project=project),
        Judgment.objects.filter(sample__project=project),
        MergeFit.objects.filter(project=project),
        Sample.objects.filter(project=project),
    )
    counts = [rows.aggregate(count=Count("pk"), last=Max("pk")) for rows in parts]
    return ":".join(f"{of['count']}.{of['last'] or 0}" for of in counts)


def compute(project: Project) -> dict[str, Any]:
    """Every figure of a project, as JSON. Estimates carry value, low, high, count (samples), clusters (prompts)."""
    first = evidence.first_rounds(project)
    return {
        "samples": _samples(project),
        "reliability": [_reliability(of_attribute) for of_attribute in first],
        "people": [_people(of_attribute) for of_attribute in first],
        "judges": _judges(project, first),
        "weights": [
            {"attribute": f.attribute, "weight": f.weight, "samples": f.sample_count, **f.details}
            for f in MergeFit.objects.filter(project=project, is_current=True).order_by("pk")
        ],
    }


def _samples(project: Project) -> dict[str, Any]:
    """Counts of samples by state, and what they cost. A first round is complete when the sample was ever decided."""
    work = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK)
    states = dict(work.order_by().values_list("state").annotate(Count("pk")))
    decided = work.exclude(state=Sample.State.OPEN)
    escalated = decided.filter(events__target=Sample.State.ESCALATED).distinct().count()
    disagreed = decided.filter(events__reason__in=["first_round_disagreed", "nobody_left"]).distinct().count()
    annotations = querysets.counted_annotations().filter(assignment__sample__in=decided).order_by().count()
    return {
        "total": sum(states.values()),
        "states": {state: states.get(state, 0) for state in Sample.State.values},
        "decided": decided.count(),
        "escalated_ever": escalated,
        "disagreed": disagreed,
        "annotations": querysets.counted_annotations().filter(assignment__sample__in=work).order_by().count(),
        "annotations_of_decided": annotations,
    }


def _reliability(of: Evidence) -> dict[str, Any]:
    alpha = reliability.bootstrap_alpha(of.ratings, of.scale, of.prompts, np.random.default_rng(SEED))
    return {"attribute": of.attribute, "alpha": asdict(alpha)}


def _people(of: Evidence) -> dict[str, Any]:
    agreement = reliability.people_agreement(of.ratings, of.scale, of.prompts, np.random.default_rng(SEED))
    return {"attribute": of.attribute, **asdict(agreement)}


def _judges(project: Project, first: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Each enabled judge beside people: agreement with single first-round ratings, and how far it speaks."""
    return [
        {
            "judge": judge.name,
            "kind": judge.kind,
            "attribute": of.attribute,
            **asdict(reliability.agreement_with(word, of.ratings, of.scale, of.prompts, np.random.default_rng(SEED))),
        }
        for judge in judging.enabled_judges(project)
        for of, word in zip(first, evidence.judged(project, judge, first), strict=True)
    ]
