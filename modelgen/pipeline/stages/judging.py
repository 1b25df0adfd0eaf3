"""Judges inside recipes: a row becomes the question that any judge of the project answers, and its word becomes numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from modelgen.asking import Asking, CannotParse
from modelgen.judges.kinds import JudgeOptionsRefused, judge_from
from modelgen.judges.question import Attribute, Judge, Question, Response, Said
from modelgen.options import OptionRefused
from modelgen.pipeline.basis import ROLE
from modelgen.pipeline.stage import Row

HELPFULNESS = Attribute(
    name="helpfulness",
    title="Helpfulness",
    description="How far the response does what was asked, and is of use to the person who asked.",
    levels=(0, 1, 2, 3, 4),
    meanings=(
        "Of no use at all.",
        "Hardly of use: it misses most of what was asked.",
        "Partly of use: some of what was asked is missing or wrong.",
        "Mostly of use: it does what was asked and could be better.",
        "Fully of use: it does all that was asked, as it was asked.",
    ),
    scope="response",
)
BETTER = Attribute(
    name="better",
    title="Better response",
    description="Which of the two responses serves the person who asked better.",
    levels=(-1, 1),
    meanings=("The first response is better.", "The second response is better."),
    scope="comparison",
)

Scoring = Literal["reward-model", "llm-rating"]


@dataclass(frozen=True, kw_only=True)
class ScoringOptions:
    """Options of stages that have each response scored by itself."""

    judge: Annotated[str, ROLE, "the role that scores"] = "judge"
    judge_kind: Annotated[Scoring, "a reward model, or a language model that rates helpfulness"] = "reward-model"
    scores: Annotated[tuple[str, ...], "what the reward model scores, in its order; empty: one score"] = ()
    weights: Annotated[str, "named weights that make one reward of several scores"] = ""


def scoring_judge(options: Any) -> Judge:
    """Raises OptionRefused."""
    if options.judge_kind == "reward-model":
        return _judge("reward-model", {"scores": options.scores, "weights": options.weights}, options.judge)
    return _judge(options.judge_kind, {}, options.judge)


def comparing_judge(options: Any) -> Judge:
    """Raises OptionRefused."""
    return _judge("llm-comparison", {"principles": options.principles}, options.judge)


def _judge(kind: str, options: Mapping[str, Any], role: str) -> Judge:
    try:
        return judge_from(kind, options, role=role)
    except JudgeOptionsRefused as refused:
        raise OptionRefused(("judge_kind",), str(refused)) from refused


def question_of(row: Row, responses: Sequence[Row], attributes: Sequence[Attribute] = ()) -> Question:
    return Question(
        key=row["id"],
        messages=tuple(row["messages"]),
        responses=tuple(
            Response(text=each["text"], model=each.get("model", ""), family=each.get("family", ""))
            for each in responses
        ),
        attributes=tuple(attributes),
        metadata=row.get("metadata", {}),
    )


@dataclass(frozen=True)
class Scored:
    """Of one response: one number, and the numbers that it is made of, by name."""

    reward: float
    scores: Mapping[str, float]

    @property
    def helpfulness(self) -> float:
        """The score of that name, where the judge gives one; otherwise the reward."""
        return self.scores.get("helpfulness", self.reward)


def scoring(
    judge: Judge, row: Row, responses: Sequence[Row], names: Sequence[str], rng: np.random.Generator
) -> Asking[list[Scored]]:
    """Each response scored. names: of a reward model's scores. Raises CannotParse."""
    said = yield from judge.asking(question_of(row, responses, [HELPFULNESS]), rng)
    if judge.kind == "reward-model":
        return [
            Scored(reward, dict(zip(names, scores, strict=True)) if names else {})
            for reward, scores in zip(said.details["rewards"], said.details["scores"], strict=True)
        ]
    means = [_mean_level(said, place) for place in range(len(responses))]
    return [Scored(mean, {"helpfulness": mean}) for mean in means]


def _mean_level(said: Said, place: int) -> float:
    probabilities = said.probabilities.get((HELPFULNESS.name, place))
    if probabilities is None:
        raise CannotParse(f"The judge said nothing of response {place + 1}.")
    return float(np.dot(probabilities, HELPFULNESS.levels))
