"""Take in what models say of samples: from outside, from recorded files, or from our own judges. All the same way."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from annotation import ratings
from annotation.models import Judge, Judgment, Project, ProjectJudge, Sample, Silence
from annotation.services import judgment_details
from annotation.services.judgment_details import RELATIVES
from annotation.statements import judging as statements
from annotation.statements.running import changed

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class JudgmentRefused(ValueError):
    """A judgment that does not fit its sample; the message says which and why."""


@dataclass(frozen=True)
class JudgeIdentity:
    """Everything that makes a judge the judge it is. Anything else in it is another judge.

    Characters of a name that hide, or turn round what is shown beside it, become the replacement character.
    """

    kind: str
    name: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    family: str = ""
    licence: str = "unknown"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", self.name))

    @property
    def digest(self) -> str:
        """SHA-256 of the identity as canonical JSON."""
        text = json.dumps([self.kind, self.name, self.configuration, self.family, self.licence], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """One judge on one sample. ratings: packed; probabilities: for each place a probability per level, or None.

    is_unsure: it contradicted itself when the order was swapped. is_relative: a response is by a model of its own family.
    """

    sample_id: int
    ratings: ratings.Packed
    probabilities: Sequence[Sequence[float] | None] | None = None
    raw_text: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    is_unsure: bool = False
    is_relative: bool = False


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


def switch(*, project: Project, judge: Judge, is_enabled: bool) -> None:
    """Let a judge of the project rest, or work again. What it said stays; while it rests it has no part in any label."""
    ProjectJudge.objects.filter(project=project, judge=judge).update(is_enabled=is_enabled)


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

    A judgment of a sample with a response whose own `family` is the judge's is by a relative, whoever posts it.
    Raises JudgmentRefused when the judge is not at work in the project or a probability row does not fit its scale.
    """
    if not enabled_judges(project).filter(pk=judge.pk).exists():
        raise JudgmentRefused(f"Judge {judge.name} is not enabled in project {project.slug}. Enable it first.")
    verdicts = list(verdicts)
    sample_ids = [verdict.sample_id for verdict in verdicts]
    samples = Sample.objects.filter(project=project, pk__in=sample_ids).values_list("pk", "response_count")
    response_counts, rubric = dict(samples), project.rubric
    places = {count: ratings.layout(rubric.attributes, count) for count in set(response_counts.values())}
    attributes = [attribute["name"] for attribute in rubric.attributes]
    for verdict in verdicts:
        if verdict.sample_id not in response_counts:
            raise JudgmentRefused(f"Sample {verdict.sample_id} is not in project {project.slug}.")
        response_count = response_counts[verdict.sample_id]
        _check(verdict, places[response_count], response_count, attributes)
    relatives = judgment_details.places_by_relatives(judge, sample_ids)
    said = [
        {
            "sample_id": verdict.sample_id,
            "ratings": verdict.ratings,
            "probabilities": _normalised(verdict.probabilities),
            "raw_text": verdict.raw_text,
            **_standing(verdict, relatives.get(verdict.sample_id, [])),
        }
        for verdict in verdicts
    ]
    return changed(statements.POST, judge=judge.pk, rubric=rubric.pk, judgments=json.dumps(said))


def keep_silences(*, project: Project, judge: Judge, sample_ids: Iterable[int]) -> None:
    """Note of which samples a judge has nothing to say, so that nobody waits for its word. Twice is once."""
    known = Sample.objects.filter(project=project, pk__in=list(sample_ids)).values_list("pk", flat=True)
    Silence.objects.bulk_create(
        [Silence(sample_id=pk, judge=judge, rubric=project.rubric) for pk in known], ignore_conflicts=True
    )


def unheard(project: Project, samples: QuerySet[Sample], judge: Judge) -> QuerySet[Sample]:
    """Those of the project's samples of which a judge has neither spoken, under the rubric as it is, nor kept silent."""
    about = {"judge": judge, "sample": OuterRef("pk"), "rubric": project.rubric}
    return samples.filter(~Exists(Judgment.objects.filter(**about)), ~Exists(Silence.objects.filter(**about)))


def _standing(verdict: Verdict, relatives: Sequence[int]) -> dict[str, Any]:
    """How a judgment stands: what was kept with it, whether it is sure, and whether it is of a relative."""
    known = sorted({*(verdict.details.get(RELATIVES) or ()), *relatives})
    return {
        "details": {**verdict.details, **({RELATIVES: known} if known else {})},
        "is_unsure": verdict.is_unsure,
        "is_relative": verdict.is_relative or bool(known),
    }


def _check(verdict: Verdict, places: Sequence[ratings.Place], response_count: int, attributes: Collection[str]) -> None:
    if len(verdict.ratings) != len(places):
        raise JudgmentRefused(f"Sample {verdict.sample_id}: {len(verdict.ratings)} values for {len(places)} places.")
    for place, value in zip(places, verdict.ratings, strict=True):
        if value is not None and value not in place.levels:
            raise JudgmentRefused(
                f"Sample {verdict.sample_id}: {place.name} is {value}, which is off its scale {place.levels}."
            )
    # A judge that is torn has probabilities and no value.
    if all(value is None for value in verdict.ratings) and not any(verdict.probabilities or []):
        raise JudgmentRefused(f"Sample {verdict.sample_id}: the judgment says nothing. Give at least one value.")
    if problem := judgment_details.problem_of(verdict.details, response_count, attributes):
        raise JudgmentRefused(f"Sample {verdict.sample_id}: {problem}")
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
