"""Scores: responses scored by a reward model, prompts by how well a fixed model answers them, and filters by either."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from modelgen.asking import Asking
from modelgen.engines.protocol import Sampling
from modelgen.options import Between
from modelgen.pipeline.basis import ROLE, ModelUse, SamplingChoice, StageBasis
from modelgen.pipeline.rows import WrongRows, child, joined
from modelgen.pipeline.stage import Row
from modelgen.pipeline.stages.judging import Scored, ScoringOptions, scoring, scoring_judge
from modelgen.pipeline.stages.responses import answer_call, whole_response


class Rewards(StageBasis[ScoringOptions]):
    """Each response gets `reward` and `scores`; the row gets `reward`, its best response's."""

    kind = "rewards"
    options_type = ScoringOptions

    def __init__(self, options: ScoringOptions, roles: Mapping[str, ModelUse] | None = None) -> None:
        super().__init__(options, roles)
        self._judge = scoring_judge(options)
        self.also_decides = self._judge.configuration

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return joined(inputs, "messages", "responses")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        scored = yield from scoring(self._judge, row, row["responses"], self.options.scores, rng)
        return [child(row, responses=with_rewards(row["responses"], scored), reward=max(s.reward for s in scored))]


def with_rewards(responses: Sequence[Row], scored: Sequence[Scored]) -> list[Row]:
    return [
        {**response, "reward": each.reward, "scores": dict(each.scores)}
        for response, each in zip(responses, scored, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class DifficultyOptions(ScoringOptions, SamplingChoice):
    model: Annotated[str, ROLE, "the role whose answers are scored: one fixed model, for all sets"] = "writer"
    samples: Annotated[int, Between(1, 16), "how many answers are scored for each prompt"] = 1


class Difficulty(StageBasis[DifficultyOptions]):
    """How hard a prompt is: `helpfulness`, the mean score of a fixed model's answers. The lower, the harder."""

    kind = "difficulty"
    options_type = DifficultyOptions
    sampling = Sampling(temperature=0.0, most_tokens=1024)

    def __init__(self, options: DifficultyOptions, roles: Mapping[str, ModelUse] | None = None) -> None:
        super().__init__(options, roles)
        self._judge = scoring_judge(options)
        self.also_decides = self._judge.configuration

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return joined(inputs, "messages")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        role = self.options.model
        replies = yield [answer_call(self, row, role, rng) for _ in range(self.options.samples)]
        answers = [whole_response(reply, self.model_name(role)) for reply in replies]
        scored = yield from scoring(self._judge, row, answers, self.options.scores, rng)
        return [child(row, helpfulness=float(np.mean([each.helpfulness for each in scored])))]


@dataclass(frozen=True, kw_only=True)
class KeepOptions:
    by: Annotated[str, "the number that decides: `reward`, or `helpfulness` as the stage `difficulty` gives it"] = (
        "reward"
    )
    of: Annotated[Literal["rows", "responses"], "whether whole rows are kept or left out, or single responses"] = "rows"
    at_least: Annotated[float | None, "what is lower is left out"] = None
    at_most: Annotated[float | None, "what is higher is left out"] = None
    share: Annotated[float | None, Between(0, 1), "keep only this share of what those limits leave"] = None
    end: Annotated[Literal["highest", "lowest"], "which end that share is taken from"] = "highest"


class Keep(StageBasis[KeepOptions]):
    """A filter by a number. Every row that stays carries `figures`: of how many, their mean, and how many stay. Asks nobody."""

    kind = "keep"
    options_type = KeepOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        rows = joined(inputs, "id")
        places = [(r, s) for r, row in enumerate(rows) for s in range(len(self._parts(row)))]
        values = [self._value(rows[r], self._parts(rows[r])[s]) for r, s in places]
        stays = chosen(values, self.options)
        figures = figures_of(values, len(stays))
        kept = {places[place] for place in stays}
        return [
            child(self._kept_parts(row, r, kept), figures={**row.get("figures", {}), self.options.by: figures})
            for r, row in enumerate(rows)
            if any((r, s) in kept for s in range(len(self._parts(row))))
        ]

    def _parts(self, row: Row) -> list[Row]:
        return row["responses"] if self.options.of == "responses" else [row]

    def _value(self, row: Row, part: Row) -> float:
        value = part.get(self.options.by)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongRows(
                f"The row {row['id']} has no number {self.options.by!r} for its {self.options.of}. Put a stage that "
                "gives it before this one (`rewards` gives `reward`, `difficulty` gives `helpfulness`)."
            )
        return float(value)

    def _kept_parts(self, row: Row, place: int, kept: set[tuple[int, int]]) -> Row:
        if self.options.of == "rows":
            return row
        return {**row, "responses": [each for s, each in enumerate(row["responses"]) if (place, s) in kept]}


def chosen(values: Sequence[float], options: KeepOptions) -> list[int]:
    """The places of the values that stay, best first; of equal ones the earlier comes first."""
    lowest = -np.inf if options.at_least is None else options.at_least
    highest = np.inf if options.at_most is None else options.at_most
    within = [place for place, value in enumerate(values) if lowest <= value <= highest]
    sign = -1 if options.end == "highest" else 1
    within.sort(key=lambda place: (sign * values[place], place))
    return within if options.share is None else within[: round(options.share * len(within))]


def figures_of(values: Sequence[float], kept: int) -> dict[str, Any]:
    """What a filter saw, in numbers."""
    return {"count": len(values), "mean": round(float(np.mean(values)), 4) if values else None, "kept": kept}
