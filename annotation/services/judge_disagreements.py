"""The samples on which a judge is farthest from people: the few that somebody should read, kept with the figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from annotation.models import Judge, Project
from annotation.services import evidence, judging
from annotation.services.evidence import Evidence
from consensus.farthest import excess_distance

SHOWN = 10
LEAST = 0.2  # of the scale: what is nearer is no disagreement worth a reader's time


def of_project(project: Project, first_rounds: Sequence[Evidence]) -> list[dict[str, Any]]:
    """A row for each enabled judge and attribute, with the samples on which it is farthest from people, the farthest first."""
    return [
        {"judge": judge.name, "digest": judge.digest, "attribute": of.attribute, "samples": _farthest(of, word)}
        for judge in judging.enabled_judges(project)
        for of, word in _words(project, judge, first_rounds)
    ]


def _words(project: Project, judge: Judge, measured: Sequence[Evidence]) -> list[tuple[Evidence, np.ndarray]]:
    return list(zip(measured, evidence.everything_judged(project, judge, measured), strict=True))


def _farthest(of: Evidence, word: np.ndarray) -> list[dict[str, Any]]:
    """One place a sample; of those that are as far the ones that came first."""
    distances = np.nan_to_num(excess_distance(word, of.ratings, of.scale), nan=-1.0)
    found: dict[int, dict[str, Any]] = {}
    for row in np.argsort(-distances, kind="stable").tolist():
        if distances[row] < LEAST or len(found) == SHOWN:
            break
        sample, response = of.keys[row]
        people = of.ratings[row]
        found.setdefault(
            sample,
            {
                "sample": sample,
                "response": response,
                "judge": int(word[row]),
                "people": [int(value) for value in people[~np.isnan(people)]],
                "distance": round(float(distances[row]), 4),
            },
        )
    return list(found.values())
