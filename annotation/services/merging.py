"""Merge people's labels with the judges' word, weighed by what the judges have earned on held-out people.

What is to be done is read from rows: labels whose evidence changed since their project's last fit. The human value is
never touched.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from annotation.models import (
    Annotation,
    ConsensusLabel,
    Judge,
    Judgment,
    MergeFit,
    Policy,
    Project,
    ReviewItem,
    SampleEvent,
)
from annotation.services import changes, evidence, judging, labels
from annotation.services.alone import MERGING, alone
from annotation.services.changes import Mark
from annotation.services.evidence import Evidence, UnitKey
from consensus import calibration, merge
from consensus.posterior import fit_posterior
from consensus.smoothing import Smoothing, fit_smoothing, vote_posterior

# A merged label gets a new revision when its value changes or a level's probability moves by this much.
NOTICEABLE = 0.02
SEED = 20260101  # an interval is the same every time it is computed from the same rows
HELD = "held_by_policy"  # the weight is less than the judges have earned
SUSPICIOUS_BELOW = 0.2
SAMPLES_FOR_SUSPICION = 200


@dataclass(frozen=True, eq=False)
class _Merged:
    """The pooled distributions of one attribute's units, and the fit that made them."""

    fit: MergeFit
    levels: tuple[int, ...]
    values: dict[UnitKey, int | None]
    probabilities: dict[UnitKey, list[float]]


def merge_project(*, project: Project, at: datetime, at_once: bool = False) -> int:
    """Refit the weights of a project and revise the labels that change; returns how many did. Nothing new: nothing done.

    After a merge that took long it rests ten times as long (unless it is wanted `at_once`), so that a large project is not
    merged all the time. One process at a time merges a project; another that comes meanwhile leaves it to that one. No transaction spans the
    computation, and each label is revised in one of its own, so that nobody who works waits for a merge.
    """
    with alone(MERGING, project.pk) as is_alone:
        if not is_alone:
            return 0
        before = _mark(project)
        if before and before.rests(at) and not at_once:
            return 0
        is_new, mark = changes.look(project, WATCHED, before)
        if not is_new:
            MergeFit.objects.filter(project=project, is_current=True).update(basis=str(mark))
            return 0
        begun = time.perf_counter()
        judges = list(judging.enabled_judges(project))
        first, everything = evidence.first_rounds(project), evidence.counted(project)
        panels = _panels(project, judges, first, everything)
        merged = [
            _merge_attribute(project, *of_attribute, judges)
            for of_attribute in zip(first, everything, panels, strict=True)
        ]
        revised = sum(_revise_labels(project, pooled, at) for pooled in merged)
        mark = mark.after_computing(at=at, seconds=time.perf_counter() - begun)
        _put_in_force(project, [pooled.fit for pooled in merged], mark)
        return revised


@transaction.atomic
def _put_in_force(project: Project, fits: Sequence[MergeFit], mark: Mark) -> None:
    """The last step: a merge that was cut off before it is not up to date, and is taken up again."""
    MergeFit.objects.filter(project=project, is_current=True).update(is_current=False)
    MergeFit.objects.filter(pk__in=[fit.pk for fit in fits]).update(is_current=True, basis=str(mark))


def is_up_to_date(project: Project) -> bool:
    """True when nothing was added since the last merge."""
    before = _mark(project)
    return before is not None and not changes.look(project, WATCHED, before)[0]


def _mark(project: Project) -> Mark | None:
    """How far the merge in force had seen; None before the first."""
    fit = MergeFit.objects.filter(project=project, is_current=True).order_by("pk").only("basis").first()
    return Mark.parse(fit.basis) if fit else None


def _small(project: Project) -> Iterator[object]:
    yield project.rubric.pk, project.lets_relatives_vote, project.policy.judges_weight_at_most
    yield list(judging.enabled_judges(project).values_list("pk", flat=True))


# Events tell of annotations that count no longer. A label without a fit was not merged yet.
WATCHED = changes.Watch(
    growing=(
        (Annotation.objects.all(), "assignment__sample__project"),
        (SampleEvent.objects.all(), "sample__project"),
        (Judgment.objects.all(), "sample__project"),
        (
            ConsensusLabel.objects.filter(is_current=True, merge_fit=None, routing_fit=None).exclude(
                method=labels.ADJUDICATION
            ),
            "sample__project",
        ),
    ),
    small=_small,
)


def _labels_of(project: Project) -> QuerySet[ConsensusLabel]:
    """The labels that are merged: current, made by people's votes, of attributes that the rubric still has."""
    names = [attribute["name"] for attribute in project.rubric.attributes]
    current = ConsensusLabel.objects.filter(sample__project=project, is_current=True, attribute__in=names)
    current = current.filter(routing_fit=None)  # judges settled the others: there are no people to merge with
    return current.exclude(method=labels.ADJUDICATION)


def _panels(
    project: Project, judges: Sequence[Judge], first: Sequence[Evidence], everything: Sequence[Evidence]
) -> list[np.ndarray | None]:
    """For each attribute the calibrated panel on the units of `everything`; None where no judge spoke."""
    spoken = [evidence.judged(project, judge, everything) for judge in judges]
    return [
        _panel(of_first, of_all, [word[which] for word in spoken])
        for which, (of_first, of_all) in enumerate(zip(first, everything, strict=True))
    ]


def _panel(first: Evidence, everything: Evidence, spoken: Sequence[np.ndarray]) -> np.ndarray | None:
    heard = [word for word in spoken if not np.isnan(word).all()]
    if not heard or not len(everything.keys):
        return None
    aligned = _aligned(first, everything)
    calibrated = [calibration.calibrate(word, aligned, everything.scale, everything.prompts) for word in heard]
    frequencies = calibration.frequencies_elsewhere(aligned, everything.scale, everything.prompts)
    return merge.weighed_panel(calibrated, aligned, everything.scale, frequencies=frequencies)


def _aligned(first: Evidence, everything: Evidence) -> np.ndarray:
    """First-round ratings in the rows of `everything`, NaN where a unit has none."""
    row = {key: index for index, key in enumerate(first.keys)}
    empty = np.full(first.ratings.shape[1], np.nan)
    return np.array([first.ratings[row[key]] if key in row else empty for key in everything.keys])


def _merge_attribute(
    project: Project,
    first: Evidence,
    everything: Evidence,
    panel: np.ndarray | None,
    judges: Sequence[Judge],
) -> _Merged:
    scale = everything.scale
    smoothing = fit_smoothing(first.ratings, scale)
    human = vote_posterior(everything.ratings, scale, smoothing=smoothing)
    if panel is None:
        fitted = merge.MergeFit(0.0, 0, None, None, "no_judge")
        pooled = human
    else:
        aligned = _aligned(first, everything)
        frequencies = calibration.frequencies_elsewhere(aligned, scale, everything.prompts)
        drawn = merge.PromptBootstrap(everything.prompts, np.random.default_rng(SEED))
        fitted = merge.fit_weight(aligned, panel, scale, frequencies=frequencies, smoothing=smoothing, bootstrap=drawn)
        fitted = _held_by_policy(fitted, project.policy)
        pooled = merge.pool(human, panel, fitted.weight, scale, frequencies=frequencies)
    if fitted.weight == 0 and project.policy.label_rule == Policy.LabelRule.POSTERIOR:
        pooled = _learned(everything)  # nothing moves the label, so its probabilities are those that made it
    fit = _store(project, first.attribute, fitted, judges, smoothing)
    values = merge.merged_values(pooled, scale)
    return _Merged(
        fit=fit,
        levels=scale.levels,
        values={key: int(value) for key, value in zip(everything.keys, values, strict=True)},
        probabilities={
            key: [round(p, 4) for p in row] for key, row in zip(everything.keys, pooled.tolist(), strict=True)
        },
    )


def _held_by_policy(fitted: merge.MergeFit, policy: Policy) -> merge.MergeFit:
    """Judges weigh no more than the policy lets them, whatever they have earned."""
    at_most = policy.judges_weight_at_most
    return replace(fitted, weight=at_most, reason=HELD) if fitted.weight > at_most else fitted


def first_round_panels(project: Project, sample_ids: Sequence[int]) -> list[tuple[Evidence, np.ndarray | None]]:
    """First rounds of these samples, by attribute, with the calibrated panel on the same units; None where no judge spoke."""
    first = evidence.first_rounds_of(project, sample_ids)
    return list(zip(first, _panels(project, list(judging.enabled_judges(project)), first, first), strict=True))


def _learned(of: Evidence) -> np.ndarray:
    """(U, L) probabilities of the right level, each person believed as far as they are relied on."""
    votes, _ = evidence.votes(of)
    return fit_posterior(votes, of.scale).probabilities(votes)


@transaction.atomic
def _store(
    project: Project,
    attribute: str,
    fitted: merge.MergeFit,
    judges: Sequence[Judge],
    smoothing: Smoothing,
) -> MergeFit:
    fit = MergeFit.objects.create(
        project=project,
        is_current=False,
        attribute=attribute,
        weight=fitted.weight,
        sample_count=fitted.sample_count,
        details={
            "reason": fitted.reason,
            "low": fitted.low,
            "high": fitted.high,
            "log_likelihood_people": fitted.log_likelihood_people,
            "log_likelihood_merged": fitted.log_likelihood_merged,
            "prior_votes": smoothing.prior_votes,
            "neighbour": smoothing.neighbour,
        },
    )
    fit.judges.set(judges)
    return fit


def _revise_labels(project: Project, merged: _Merged, at: datetime) -> int:
    current = _labels_of(project).filter(attribute=merged.fit.attribute)
    return sum(_revise(label, merged, at) for label in list(current) if _key(label) in merged.values)


def _key(label: ConsensusLabel) -> UnitKey:
    return label.sample_id, label.response


def _revise(label: ConsensusLabel, merged: _Merged, at: datetime) -> bool:
    """Give one label its merged value; False when it hardly changed."""
    # Without weight the merged value *is* the human value: the pool's own median could differ from the label rule's.
    value = label.human_value if merged.fit.weight == 0 else merged.values[_key(label)]
    probabilities = merged.probabilities[_key(label)]
    if label.human_value in merged.levels:
        _suspect(label, merged, probabilities, at)
    if value == label.merged_value and label.merge_fit_id is not None and not _moved(label, probabilities):
        return False
    return labels.merge(label=label, merged_value=value, probabilities=probabilities, fit=merged.fit, at=at)


def _moved(label: ConsensusLabel, probabilities: list[float]) -> bool:
    before = label.probabilities
    if before is None or len(before) != len(probabilities):  # the rubric may have more levels than it had
        return True
    return max(abs(a - b) for a, b in zip(before, probabilities, strict=True)) >= NOTICEABLE


def _suspect(label: ConsensusLabel, merged: _Merged, probabilities: list[float], at: datetime) -> None:
    """Put a label before a reviewer that well-measured judges find hard to believe. Once; the label stands."""
    fit, probability = merged.fit, probabilities[merged.levels.index(label.human_value)]
    if probability >= SUSPICIOUS_BELOW or fit.weight == 0 or fit.sample_count < SAMPLES_FOR_SUSPICION:
        return
    ReviewItem.objects.get_or_create(
        sample_id=label.sample_id,
        kind=ReviewItem.Kind.JUDGE_DISAGREES,
        defaults={
            "details": {"attribute": label.attribute, "human_value": label.human_value, "probability": probability},
            "opened_at": at,
        },
    )
