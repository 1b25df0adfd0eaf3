"""Take in what models say of samples: from outside, from recorded files, or from our own judges. All the same way."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from annotation import ratings
from annotation.models import Judge, Judgment, Project, ProjectJudge, Sample


class JudgmentRefused(ValueError):
    """A judgment that does not fit its sample; the message says which and why."""


@dataclass(frozen=True)
class JudgeIdentity:
    """Everything that makes a judge the judge it is. Anything else in it is another judge."""

    kind: str
    name: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    family: str = ""
    licence: str = "unknown"

    @property
    def digest(self) -> str:
        """SHA-256 of the identity as canonical JSON."""
        text = json.dumps([self.kind, self.name, self.configuration, self.family, self.licence], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """One judge on one sample. ratings: packed; probabilities: for each place a probability per level, or None."""

    sample_id: int
    ratings: ratings.Packed
    probabilities: Sequence[Sequence[float] | None] | None = None
    raw_text: str = ""


@transaction.atomic
def enable(*, project: Project, identity: JudgeIdentity, replacing: Judge | None = None) -> Judge:
    """Put a judge to work in a project, in another's place if it is a newer fit of the same. Twice is once."""
    judge, _ = Judge.objects.get_or_create(
        digest=identity.digest,
        defaults={
            "kind": identity.kind,
            "name": identity.name,
            "configuration": dict(identity.configuration),
            "family": identity.family,
            "licence": identity.licence,
        },
    )
    ProjectJudge.objects.get_or_create(project=project, judge=judge)
    if replacing and replacing != judge:
        ProjectJudge.objects.filter(project=project, judge=replacing).update(is_enabled=False)
    return judge


@transaction.atomic
def post_as(*, project: Project, identity: JudgeIdentity, verdicts: Iterable[Verdict]) -> int:
    """Put a judge to work and store what it says, or neither. Returns how many judgments are new."""
    judge = enable(project=project, identity=identity)
    return post(project=project, judge=judge, verdicts=verdicts)


def enabled_judges(project: Project) -> QuerySet[Judge]:
    return Judge.objects.filter(project_judges__project=project, project_judges__is_enabled=True).order_by("pk")


def samples_lacking(project: Project, judge: Judge) -> QuerySet[Sample]:
    """Samples that this judge has not seen: this absence is the work, so that no message needs to be kept."""
    seen = Judgment.objects.filter(judge=judge, sample=OuterRef("pk"))
    work = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK).exclude(state=Sample.State.EXCLUDED)
    return work.filter(~Exists(seen)).order_by("pk")


def post(*, project: Project, judge: Judge, verdicts: Iterable[Verdict]) -> int:
    """Store judgments; a second word of the same judge on a sample is passed over. Returns how many are new.

    Raises JudgmentRefused when the judge is not at work in the project or a probability row does not fit its scale.
    """
    if not enabled_judges(project).filter(pk=judge.pk).exists():
        raise JudgmentRefused(f"Judge {judge.name} is not enabled in project {project.slug}. Enable it first.")
    verdicts = list(verdicts)
    samples = Sample.objects.filter(project=project).in_bulk([verdict.sample_id for verdict in verdicts])
    rubric = project.rubric
    for verdict in verdicts:
        if verdict.sample_id not in samples:
            raise JudgmentRefused(f"Sample {verdict.sample_id} is not in project {project.slug}.")
        _check(verdict, ratings.layout(rubric.attributes, samples[verdict.sample_id].response_count))
    before = Judgment.objects.filter(judge=judge, sample_id__in=samples).count()
    Judgment.objects.bulk_create(
        [
            Judgment(
                sample_id=verdict.sample_id,
                judge=judge,
                rubric=rubric,
                ratings=verdict.ratings,
                probabilities=_normalised(verdict.probabilities),
                raw_text=verdict.raw_text,
            )
            for verdict in verdicts
        ],
        ignore_conflicts=True,
    )
    return Judgment.objects.filter(judge=judge, sample_id__in=samples).count() - before


def _check(verdict: Verdict, places: Sequence[ratings.Place]) -> None:
    if len(verdict.ratings) != len(places):
        raise JudgmentRefused(f"Sample {verdict.sample_id}: {len(verdict.ratings)} values for {len(places)} places.")
    for place, value in zip(places, verdict.ratings, strict=True):
        if value is not None and value not in place.levels:
            raise JudgmentRefused(
                f"Sample {verdict.sample_id}: {place.name} is {value}, which is off its scale {place.levels}."
            )
    if all(value is None for value in verdict.ratings):
        raise JudgmentRefused(f"Sample {verdict.sample_id}: the judgment says nothing. Give at least one value.")
    if verdict.probabilities is not None and len(verdict.probabilities) != len(places):
        raise JudgmentRefused(
            f"Sample {verdict.sample_id}: {len(verdict.probabilities)} rows of probabilities for {len(places)} places. "
            "Give one row a place, or null."
        )
    for place, odds in zip(places, verdict.probabilities or [], strict=False):
        if odds is not None and (len(odds) != len(place.levels) or abs(sum(odds) - 1) > 1e-3 or min(odds) < 0):
            raise JudgmentRefused(
                f"Sample {verdict.sample_id}: {place.name} needs {len(place.levels)} probabilities that sum to 1, got {odds}."
            )


def _normalised(probabilities: Sequence[Sequence[float] | None] | None) -> list[list[float] | None] | None:
    """Rows that sum to exactly 1: what was rounded on its way here is used as it was meant."""
    if probabilities is None:
        return None
    return [None if odds is None else [p / sum(odds) for p in odds] for odds in probabilities]
