"""Judging a set of responses: by verifier first, then by a reward model or a language model.

Where something can be verified it is: a response that passes is better than one that does not, and no model is asked which.
Only where all pass, or nothing can be verified, the model's word decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Literal

import numpy as np

from modelgen.asking import Asking, CannotParse, NothingToSay
from modelgen.judges.kinds import judge_from
from modelgen.judges.question import Judge
from modelgen.options import Between
from modelgen.pipeline.basis import ROLE, ModelUse, StageBasis
from modelgen.pipeline.rows import child, joined
from modelgen.pipeline.stage import Row
from modelgen.pipeline.stages.judging import BETTER, comparing_judge, question_of, scoring, scoring_judge
from modelgen.pipeline.stages.rewards import with_rewards

LLM_COMPARISON = "llm-comparison"


@dataclass(frozen=True, kw_only=True)
class JudgedOptions:
    verify: Annotated[bool, "whether answers and constraints are checked first, where a row has them"] = True
    judge: Annotated[str | None, ROLE, "the role that judges what cannot be verified; without it nobody does"] = None
    judge_kind: Annotated[
        Literal["reward-model", "llm-rating", "llm-comparison"],
        "scores for each response, or comparisons in both orders of every two",
    ] = "reward-model"
    scores: Annotated[tuple[str, ...], "what the reward model scores, in its order; empty: one score"] = ()
    weights: Annotated[str, "named weights that make one reward of several scores"] = ""
    principles: Annotated[str, "the list that a comparison's principle is sampled from"] = "overall"
    only_consistent: Annotated[
        bool, "whether a comparison that changes when the responses are swapped leaves a pair undecided"
    ] = True
    most_compared: Annotated[int, Between(2, 10), "rows with more responses than this are not compared"] = 6


@dataclass(frozen=True)
class Word:
    """What was decided of a set: a score for each response (None: nothing), by whom, why; is_unsure: do not build on it."""

    by: str
    why: str
    scores: Sequence[float | None]
    is_unsure: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"by": self.by, "why": self.why, "scores": list(self.scores), "is_unsure": self.is_unsure}


class Judged(StageBasis[JudgedOptions]):
    """Each row gets `judged`: a score for each response, who decided, why, and whether it is unsure; `pairs` builds on it.

    Rows with one response are left out. A reward model scores also what the verifier decided, so that pairs carry both rewards.
    """

    kind = "judged"
    options_type = JudgedOptions

    def __init__(self, options: JudgedOptions, roles: Mapping[str, ModelUse] | None = None) -> None:
        super().__init__(options, roles)
        self._verifier = judge_from("verifier", {})
        self._judge: Judge | None = None
        if options.judge:
            made = comparing_judge if options.judge_kind == LLM_COMPARISON else scoring_judge
            self._judge = made(options)
        judges = [self._verifier, *([self._judge] if self._judge else [])]
        self.also_decides = {judge.kind: judge.configuration for judge in judges}

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        rows = [row for row in joined(inputs, "messages", "responses") if len(row["responses"]) > 1]
        return rows if self.models else [made for row in rows for made in without_models(self.asking(row, rng))]

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        passes = yield from self._verdicts(row, rng)
        responses = [{**each, "passes": met} for each, met in zip(row["responses"], passes, strict=True)]
        if self._judge is not None and self.options.judge_kind != LLM_COMPARISON:
            scored = yield from scoring(self._judge, row, responses, self.options.scores, rng)
            responses = with_rewards(responses, scored)
        word = verified(passes) or (yield from self._by_model(row, responses, rng))
        return [child(row, responses=responses, judged=word.as_json())]

    def _verdicts(self, row: Row, rng: np.random.Generator) -> Asking[list[bool | None]]:
        if not self.options.verify:
            return [None] * len(row["responses"])
        try:
            said = yield from self._verifier.asking(question_of(row, row["responses"]), rng)
        except NothingToSay:
            return [None] * len(row["responses"])
        return [each["passes"] for each in said.details["responses"]]

    def _by_model(self, row: Row, responses: Sequence[Row], rng: np.random.Generator) -> Asking[Word]:
        if self._judge is None:
            nothing = [None] * len(responses)
            return Word("nobody", "Nothing told the responses apart, and no model was to judge.", nothing, True)
        if self.options.judge_kind == LLM_COMPARISON:
            return (yield from self._by_comparison(self._judge, row, responses, rng))
        scores = [each["reward"] for each in responses]
        return Word(self.options.judge_kind, f"Scores by {self.model_name(str(self.options.judge))}.", scores)

    def _by_comparison(
        self, judge: Judge, row: Row, responses: Sequence[Row], rng: np.random.Generator
    ) -> Asking[Word]:
        if len(responses) > self.options.most_compared:
            raise CannotParse(f"{len(responses)} responses are more than the {self.options.most_compared} compared.")
        duels: dict[tuple[int, int], Duel] = {}
        for one, other in combinations(range(len(responses)), 2):
            said = yield from judge.asking(question_of(row, [responses[one], responses[other]], [BETTER]), rng)
            words = said.details["comparisons"][BETTER.name]
            duels[one, other] = Duel(words["second_is_better"], words["principle"], said.is_unsure)
        return by_duels(duels, len(responses), only_consistent=self.options.only_consistent)


def without_models(asking: Asking[list[Row]]) -> list[Row]:
    """What comes of an asking that asks nobody."""
    try:
        next(asking)
    except StopIteration as end:
        return list(end.value)
    raise AssertionError("a stage without models asked one")


def verified(passes: Sequence[bool | None]) -> Word | None:
    """The verifier's word: right over wrong, or that none is right; None when it does not tell responses apart."""
    scores = [None if met is None else float(met) for met in passes]
    if False not in passes:
        return None
    if True in passes:
        return Word("verifier", "The chosen response passes and the rejected one does not.", scores)
    return Word("verifier", "No response is known to pass.", scores, is_unsure=True)


@dataclass(frozen=True)
class Duel:
    """Two responses compared in both orders."""

    second_is_better: float
    principle: str
    is_unsure: bool


def by_duels(duels: Mapping[tuple[int, int], Duel], count: int, *, only_consistent: bool) -> Word:
    """Every response's score is its mean probability of being better than another one.

    Unsure when the comparison of the best with the worst was inconsistent (if that matters) or says the opposite.
    """
    won = np.zeros(count)
    for (one, other), duel in duels.items():
        won[one] += 1 - duel.second_is_better
        won[other] += duel.second_is_better
    scores = [round(float(each), 9) for each in won / (count - 1)]
    best, worst = int(np.argmax(scores)), int(np.argmin(scores))
    if best == worst:
        return Word(LLM_COMPARISON, "All responses are equally good.", scores, is_unsure=True)
    final = duels[min(best, worst), max(best, worst)]
    favours_best = final.second_is_better > 0.5 if best > worst else final.second_is_better < 0.5
    is_unsure = not favours_best or (only_consistent and final.is_unsure)
    why = "The best and the worst compared in both orders contradict each other." if is_unsure else ""
    return Word(
        LLM_COMPARISON, why or f"Compared in both orders by the principle {final.principle}.", scores, is_unsure
    )
