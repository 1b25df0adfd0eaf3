"""Judges beside people: how far they agree, whether one may stand in for a person, and what a panel of them is worth.

A judge is measured on everything it said, also where it has no vote because a response is by a relative. The panel is those
who vote.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotation.models import Judge, Project
from annotation.services import evidence, judging
from annotation.services.evidence import Evidence
from consensus import alternative_test, panel, reliability
from consensus.votes import Votes

SEED = 20260101  # intervals are the same every time they are computed from the same rows


@dataclass(frozen=True, eq=False)
class _Spoken:
    """What people said of one attribute, and the enabled judges' values on the same units: all, and those that count."""

    of: Evidence
    votes: Votes
    words: list[tuple[Judge, np.ndarray]]
    counting: list[np.ndarray]


def of_project(project: Project, measured: Sequence[Evidence], measured_on: str) -> dict[str, list[dict[str, Any]]]:
    """Rows for each judge and attribute ("judges"), and for each attribute on which a judge is enabled ("panels")."""
    spoken = _spoken(project, measured)
    return {
        "judges": [_judge(said, judge, word, measured_on) for judge, said, word in _by_judge(spoken)],
        "panels": [_panel(said, measured_on) for said in spoken if said.words],
    }


def _spoken(project: Project, measured: Sequence[Evidence]) -> list[_Spoken]:
    judges = list(judging.enabled_judges(project))
    words = [evidence.everything_judged(project, judge, measured) for judge in judges]
    counting = [evidence.judged(project, judge, measured) for judge in judges]
    return [
        _Spoken(
            of=of,
            votes=evidence.votes(of)[0],
            words=[(judge, word[place]) for judge, word in zip(judges, words, strict=True)],
            counting=[word[place] for word in counting],
        )
        for place, of in enumerate(measured)
    ]


def _by_judge(spoken: Sequence[_Spoken]) -> list[tuple[Judge, _Spoken, np.ndarray]]:
    """Judge by judge, each with the attributes in the rubric's order."""
    judge_count = len(spoken[0].words) if spoken else 0
    return [(said.words[place][0], said, said.words[place][1]) for place in range(judge_count) for said in spoken]


def _judge(said: _Spoken, judge: Judge, word: np.ndarray, measured_on: str) -> dict[str, Any]:
    """Agreement with people's single ratings, and the alternative annotator test."""
    of, rng = said.of, np.random.default_rng(SEED)
    return {
        "judge": judge.name,
        "digest": judge.digest,
        "kind": judge.kind,
        "attribute": of.attribute,
        "measured_on": measured_on,
        **asdict(reliability.agreement_with(word, of.ratings, of.scale, of.prompts, rng)),
        "stands_in": asdict(alternative_test.alternative_test(said.votes, word, of.scale, groups=of.prompts)),
    }


def _panel(said: _Spoken, measured_on: str) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    worth = panel.effective_number(said.counting, said.votes, said.of.scale, said.of.prompts, rng)
    return {"attribute": said.of.attribute, "measured_on": measured_on, **asdict(worth)}
