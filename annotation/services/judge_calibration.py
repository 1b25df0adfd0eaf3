"""Whether judges say how sure they are: by their own probabilities, and by what Concord makes of their values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from annotation.models import Judge, Project
from annotation.services import evidence, judging
from annotation.services.evidence import Evidence
from consensus import calibration, calibration_picture

SEED = 20260101  # intervals are the same every time they are computed from the same rows
Said = Mapping[int, Any]  # by sample, for each place a probability per level


def of_project(project: Project, first_rounds: Sequence[Evidence]) -> list[dict[str, Any]]:
    """A row for each enabled judge and attribute of which it said anything.

    own: of the probabilities that the judge gave; None where it gives none. translated: of what people say where the judge says
    what it does, counted on all other prompts, which is what its word is worth in the merged value.
    """
    return [row for judge in judging.enabled_judges(project) for row in _of_judge(project, judge, first_rounds)]


def _of_judge(project: Project, judge: Judge, measured: Sequence[Evidence]) -> list[dict[str, Any]]:
    words = evidence.everything_judged(project, judge, measured)
    said = _probabilities(project, judge, measured)
    return [
        {
            "judge": judge.name,
            "digest": judge.digest,
            "attribute": of.attribute,
            "own": _picture(_own(of, said), of),
            "translated": _picture(calibration.calibrate(word, of.ratings, of.scale, of.prompts), of),
        }
        for of, word in zip(measured, words, strict=True)
        if not np.isnan(word).all()
    ]


def _picture(predicted: np.ndarray, of: Evidence) -> dict[str, Any] | None:
    if np.isnan(predicted).all():
        return None
    rng = np.random.default_rng(SEED)
    return asdict(calibration_picture.picture(predicted, of.ratings, of.scale, of.prompts, rng))


def _probabilities(project: Project, judge: Judge, measured: Sequence[Evidence]) -> Said:
    """Of the samples that are measured, and no others."""
    samples = list({sample for of in measured for sample, _ in of.keys})
    rows = evidence.judgments(project, judge).filter(sample__in=samples, probabilities__isnull=False)
    return dict(rows.values_list("sample_id", "probabilities"))


def _own(of: Evidence, said: Said) -> np.ndarray:
    """(U, L), rows of NaN where the judge gave none."""
    found = np.full((len(of.keys), len(of.scale.levels)), np.nan)
    for row, ((sample, _), position) in enumerate(zip(of.keys, of.positions, strict=True)):
        odds = said[sample][position] if sample in said else None
        if odds is not None:
            found[row] = odds
    return found
