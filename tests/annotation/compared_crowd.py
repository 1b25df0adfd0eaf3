"""Many answers written at once, as submissions would have left them: a crowd in which somebody stands out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

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
    first: Collection[int] = (),
    copies: Mapping[int, int] | None = None,
    asked_later: Collection[int] = (),
    at: datetime = NOW,
    lasting: timedelta = timedelta(),
    words: Mapping[int, str] | None = None,
    seed: int = 1,
) -> tuple[Project, list[Annotator]]:
    """Pairs of responses, three people each, everybody timed; the people named by number are as they are called.

    first: who prefers what was shown first. copies: whose answers somebody gives, a minute later, where both have the sample.
    lasting: until `at`, evenly; else all at once. words: what somebody writes, with the number of the sample behind it.
    """
    project = make_project(slug, attributes=ATTRIBUTES)
    crowd = [join(project, f"{slug}-{number:02}") for number in range(people)]
    pairs = _pairs(project, samples)
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 4, (samples, 4))
    chosen = [rng.permutation(people)[:3] for _ in pairs]
    assignments, ratings, seconds, rounds, comments = [], [], [], [], []
    for place, (sample, who, deserved) in enumerate(zip(pairs, chosen, truth, strict=True)):
        when = at - lasting * (1 - (place + 1) / samples)
        said: dict[int, list[int]] = {}
        for number in sorted(who.tolist(), key=lambda one: one in (copies or {})):
            given = np.clip(np.round(deserved + rng.normal(0, 0.5, 4) + (1.4 if number in generous else 0)), 0, 4)
            given = rng.integers(0, 5, 4) if number in guessing else given
            seconds.append(int((8 if number in hasty else 60) * rng.lognormal(0, 0.3)))
            order = [0, 1] if rng.random() < 0.5 else [1, 0]
            better = (order[0] if number in first else int(given[2] > given[0])) * 2 - 1
            source = (copies or {}).get(number)
            said[number] = said.get(source) or [*given.astype(int).tolist(), better]
            ratings.append(said[number])
            comments.append(f"{words[number]} {place}" if words and number in words else "")
            rounds.append(2 if number in asked_later else 1)
            late = timedelta(minutes=1) if copies and number in copies else timedelta()
            assignments.append(_finished(sample, crowd[number], when + late, order))
    _write(project, assignments, ratings, seconds, rounds, comments, at)
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
    comments: Sequence[str],
    at: datetime,
) -> None:
    stored = Assignment.objects.bulk_create(assignments)
    about = {"rubric": project.rubric, "client_key": "old", "submitted_at": at}
    Annotation.objects.bulk_create(
        Annotation(assignment=assignment, ratings=given, active_seconds=took, round=number, comment=said, **about)
        for assignment, given, took, number, said in zip(stored, ratings, seconds, rounds, comments, strict=True)
    )
