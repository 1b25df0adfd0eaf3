"""Bring samples, people and recorded judgments in from a pilot folder: all of it or nothing, and twice is once."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Max

from annotation import ratings
from annotation.datasets import rows
from annotation.datasets.pilot import TRAINING, PilotFolder, RecordedJudgment
from annotation.datasets.samples import Sample as PilotSample
from annotation.models import Judge, Project, Requirement, Sample, SampleContent
from annotation.services import gold, judging, people, projects, reconsideration

BATCH = 1000
DRAWS = 2**18


@dataclass(frozen=True)
class Imported:
    """How many of each were new."""

    samples: int
    people: int
    judgments: int
    gold: int = 0
    training: int = 0


def import_pilot(
    *,
    folder: PilotFolder,
    slug: str,
    at: datetime,
    with_gold: bool = False,
    with_training: bool = False,
    **settings: Any,
) -> Imported:
    """Make the project if it is new, and add what it does not have yet. Raises BadRow, ProjectRefused, GoldRefused.

    `with_gold`: the samples in gold.csv become gold samples, which are no work; otherwise gold.csv is left alone.
    `with_training`: those in training.csv become training samples likewise.

    `settings`: columns of the project, used when it is made. The ratings of labels.csv are not imported: people's
    ratings come in as submissions, also recorded ones. Their people are, where the project allows directed claims.
    """
    with transaction.atomic():
        project = _project_with_this_rubric(folder, slug) or _make_project(folder, slug, settings)
        new = Imported(
            samples=add_samples(project=project, samples=folder.samples()),
            people=people.enter_outside_people(project=project, external_ids=_recorded_people(project, folder)),
            judgments=_add_recorded_judgments(project, folder.judgments()) if folder.has("judgments.csv") else 0,
            gold=gold.add_from_pilot(project=project, folder=folder, at=at) if with_gold else 0,
            training=gold.add_from_pilot(project=project, folder=folder, at=at, file=TRAINING) if with_training else 0,
        )
    if new.people:
        reconsideration.reconsider(project=project, at=at)
    return new


def _recorded_people(project: Project, folder: PilotFolder) -> Iterable[str]:
    """Those who can have their turn again. Where nobody may claim a named sample they never come: nobody waits for them.

    The ratings are read all the same: a bad row is found now and not at the replay.
    """
    names = {label.annotator_id: None for label in folder.labels()} if folder.has("labels.csv") else {}
    return names if project.allows_directed_claims else ()


def _project_with_this_rubric(folder: PilotFolder, slug: str) -> Project | None:
    """The project of this name, if there is one. Raises ProjectRefused when it asks something else."""
    project = Project.objects.filter(slug=slug).first()
    asked = (projects.asked_of(folder.attributes), folder.remarks)
    if project and (project.rubric.attributes, project.rubric.remarks) != asked:
        raise projects.ProjectRefused(
            f"Project {slug} asks something else than {folder.path / 'rubric.json'}. Import into another project (--slug)."
        )
    return project


def _make_project(folder: PilotFolder, slug: str, settings: dict[str, Any]) -> Project:
    return projects.create(
        slug=slug,
        title=str(folder.rubric.get("title") or folder.name),
        instructions=str(folder.rubric.get("instructions") or ""),
        attributes=folder.attributes,
        remarks=folder.remarks,
        **settings,
    )


@transaction.atomic
def add_samples(*, project: Project, samples: Iterable[PilotSample]) -> int:
    """Add the samples whose ids the project does not have; returns how many. Fresh ones go to a random place."""
    return sum(_add_batch(project, batch) for batch in _batches(samples))


def _add_batch(project: Project, batch: Sequence[PilotSample]) -> int:
    ids = [sample.sample_id for sample in batch]
    known = set(Sample.objects.filter(project=project, external_id__in=ids).values_list("external_id", flat=True))
    new = [sample for sample in batch if sample.sample_id not in known]
    by_id = {sample.sample_id: sample for sample in new}
    first_rank, requirements = _first_rank(project), _requirements(project, new)
    made = [
        Sample(
            project=project,
            external_id=sample.sample_id,
            response_count=len(sample.responses),
            priority=sample.priority,
            requirement=requirements.get(sample.skills),
            **_placed(project, first_rank + secrets.randbelow(Sample.RANKS_OF_A_DRAW)),
        )
        for sample in new
    ]
    # Written in the order in which they will be handed out, so that those who work side by side read the same pages: the
    # highest priority first (those are in the returned lane from the start), then by rank.
    created = Sample.objects.bulk_create(sorted(made, key=lambda row: (-row.priority, row.rank)))
    SampleContent.objects.bulk_create(
        SampleContent(
            sample=row,
            messages=list(sample.messages),
            responses=list(sample.responses),
            tools=None if sample.tools is None else list(sample.tools),
            metadata=sample.metadata,
            extra=sample.extra,
            sensitive=sample.sensitive,
            prompt_digest=rows.prompt_digest(sample.messages),
        )
        for row in created
        for sample in [by_id[row.external_id]]
    )
    return len(new)


def _first_rank(project: Project) -> int:
    """Where random ranks begin: anywhere before work has begun, beyond everybody's cursor afterwards.

    So a cursor that only moves forward misses nothing that is imported late, and samples that were imported in several
    files before work began are mixed.
    """
    furthest = project.annotators.aggregate(furthest=Max("fresh_cursor"))["furthest"]
    draw = 0 if furthest is None or furthest < 0 else furthest // Sample.RANKS_OF_A_DRAW + 1
    return min(draw, DRAWS - 1) * Sample.RANKS_OF_A_DRAW


def _requirements(project: Project, samples: Iterable[PilotSample]) -> dict[tuple[str, ...], Requirement]:
    """The sets of skills that these samples ask for, as rows."""
    wanted = {sample.skills for sample in samples if sample.skills}
    return {
        skills: Requirement.objects.get_or_create(project=project, skills=list(skills))[0] for skills in sorted(wanted)
    }


def _placed(project: Project, rank: int) -> dict[str, Any]:
    """Where a new sample stands, and how many people it gets: those of the first round, or of the random slice."""
    policy = project.policy
    if projects.is_drawn(rank, policy.slice_share):
        return {"rank": rank, "is_fixed_overlap": True, "target": policy.slice_overlap}
    return {"rank": rank, "target": policy.first_round}


def _add_recorded_judgments(project: Project, judgments: Iterable[RecordedJudgment]) -> int:
    by_judge: dict[str, dict[str, list[RecordedJudgment]]] = defaultdict(lambda: defaultdict(list))
    for judgment in judgments:
        by_judge[judgment.judge][judgment.sample_id].append(judgment)
    samples = {sample.external_id: sample for sample in project.samples.all()}
    attributes = project.rubric.attributes
    added = 0
    for name, of_sample in by_judge.items():
        identity = judging.JudgeIdentity(
            Judge.Kind.RECORDED, name, {"source": project.slug, "model": name}, family=name
        )
        judge = judging.enable(project=project, identity=identity)
        verdicts = [_verdict(samples[sample_id], said, attributes) for sample_id, said in of_sample.items()]
        added += judging.post(project=project, judge=judge, verdicts=verdicts)
    return added


def _verdict(sample: Sample, said: list[RecordedJudgment], attributes: list[dict[str, Any]]) -> judging.Verdict:
    """A judge's recorded values of one sample; several values with probabilities become a distribution."""
    places = ratings.layout(attributes, sample.response_count)
    packed: ratings.Packed = [None] * len(places)
    odds: list[list[float] | None] = [None] * len(places)
    for position, place in enumerate(places):
        own = [j for j in said if j.attribute == place.name and place.response in (None, j.response or 0)]
        if not own:
            continue
        packed[position] = max(own, key=lambda j: j.probability or 0).value
        given = {j.value: j.probability or 0.0 for j in own}
        if len(own) > 1 and sum(given.values()) > 0:
            odds[position] = [round(given.get(level, 0.0) / sum(given.values()), 9) for level in place.levels]
    return judging.Verdict(sample.pk, packed, odds if any(odds) else None)


def _batches(samples: Iterable[PilotSample]) -> Iterator[list[PilotSample]]:
    rest = iter(samples)
    while batch := list(islice(rest, BATCH)):
        yield batch
