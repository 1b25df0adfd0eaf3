"""Many answers written at once, as submissions would have left them: a crowd in which somebody stands out."""

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
from story import NOW, join, make_project, scale

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Annotator, Assignment, Project, Sample
from annotation.services import importing

ATTRIBUTES = [
    scale("helpfulness", 0, 1, 2, 3, 4, trigger=True),
    scale("correctness", 0, 1, 2, 3, 4),
    scale("preference", -3, -2, -1, 1, 2, 3, scope="comparison"),
]


def rated_pairs(
    *,
    slug: str = "compared",
    people: int = 8,
    samples: int = 120,
    hasty: Collection[int] = (),
    generous: Collection[int] = (),
    guessing: Collection[int] = (),
    asked_later: Collection[int] = (),
    at: datetime = NOW,
    seed: int = 1,
) -> tuple[Project, list[Annotator]]:
    """Pairs of responses, three people each, everybody timed; the people named by number are as they are called."""
    project = make_project(slug, attributes=ATTRIBUTES)
    crowd = [join(project, f"{slug}-{number:02}") for number in range(people)]
    pairs = _pairs(project, samples)
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 4, (samples, 4))
    chosen = [rng.permutation(people)[:3] for _ in pairs]
    assignments, ratings, seconds, rounds = [], [], [], []
    for sample, who, deserved in zip(pairs, chosen, truth, strict=True):
        for number in who.tolist():
            given = np.clip(np.round(deserved + rng.normal(0, 0.5, 4) + (1.4 if number in generous else 0)), 0, 4)
            given = rng.integers(0, 5, 4) if number in guessing else given
            ratings.append([*given.astype(int).tolist(), 1 if given[2] > given[0] else -1])
            seconds.append(int((8 if number in hasty else 60) * rng.lognormal(0, 0.3)))
            rounds.append(2 if number in asked_later else 1)
            assignments.append(_finished(sample, crowd[number], at, [0, 1] if rng.random() < 0.5 else [1, 0]))
    _write(project, assignments, ratings, seconds, rounds, at)
    return project, crowd


def _pairs(project: Project, count: int) -> list[Sample]:
    rows = [
        {"sample_id": f"pair-{n}", "messages": [{"role": "user", "content": "x" * 400}], "responses": ["y" * 300] * 2}
        for n in range(count)
    ]
    importing.add_samples(project=project, samples=[parse_sample(row, Place("samples.jsonl")) for row in rows])
    return list(project.samples.order_by("pk"))


def _finished(sample: Sample, person: Annotator, at: datetime, shown_order: list[int]) -> Assignment:
    about = {"state": "submitted", "claimed_at": at, "lease_expires_at": at, "finished_at": at}
    return Assignment(sample=sample, annotator=person, shown_order=shown_order, **about)


def _write(
    project: Project,
    assignments: Sequence[Assignment],
    ratings: Sequence[list[int]],
    seconds: Sequence[int],
    rounds: Sequence[int],
    at: datetime,
) -> None:
    stored = Assignment.objects.bulk_create(assignments)
    about = {"rubric": project.rubric, "client_key": "old", "submitted_at": at}
    Annotation.objects.bulk_create(
        Annotation(assignment=assignment, ratings=given, active_seconds=took, round=number, **about)
        for assignment, given, took, number in zip(stored, ratings, seconds, rounds, strict=True)
    )
