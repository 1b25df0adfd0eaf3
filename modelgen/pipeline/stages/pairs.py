"""Preference pairs: of a set of responses the best is chosen and the worst rejected. Ties are left out, never drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from modelgen.asking import Asking, CannotParse
from modelgen.engines.protocol import Sampling
from modelgen.options import Between
from modelgen.pipeline.basis import ROLE, SamplingChoice, StageBasis
from modelgen.pipeline.rows import child, joined
from modelgen.pipeline.stage import Row
from modelgen.pipeline.stages.responses import answer_call, whole_response


@dataclass(frozen=True, kw_only=True)
class PairsOptions:
    least_gap: Annotated[float, Between(0), "scores that are no further apart than this are a tie"] = 0.0
    ties: Annotated[Literal["leave-out", "flag"], "flag: ties go on as rows with `is_tie` and nothing chosen"] = (
        "leave-out"
    )


class Pairs(StageBasis[PairsOptions]):
    """Of each set of responses one pair: the two responses in their order, and which of them is chosen. Asks nobody.

    Builds on `judged`, or on `rewards` alone. `chosen` and `rejected` are the responses themselves. The row says who decided (`decided_by`) and why, and carries both rewards, null
    where no judge gave any. Among equally good ones the highest reward is chosen, among equally bad ones the lowest rejected.
    """

    kind = "pairs"
    makes_responses = True
    options_type = PairsOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        made = [self._pair(row) for row in joined(inputs, "messages", "responses")]
        return made if self.options.ties == "flag" else [row for row in made if not row["is_tie"]]

    def _pair(self, row: Row) -> Row:
        judged = row.get("judged") or _judged_by_reward(row["responses"])
        known = [
            (score, each) for score, each in zip(judged["scores"], row["responses"], strict=True) if score is not None
        ]
        if len(known) < 2 or judged["is_unsure"]:
            return _tie(row, judged["by"], judged["why"] or "Fewer than two responses were judged.")
        best = max(known, key=lambda pair: (pair[0], _reward(pair[1])))
        worst = min(known, key=lambda pair: (pair[0], _reward(pair[1])))
        if best[0] - worst[0] <= self.options.least_gap:
            return _tie(row, judged["by"], f"The best is {best[0]:g} and the worst {worst[0]:g}: no better one.")
        return pair_of(row, best[1], worst[1], decided_by=judged["by"], why=judged["why"])


def _judged_by_reward(responses: Sequence[Row]) -> dict[str, Any]:
    scores = [each.get("reward") for each in responses]
    return {"by": "rewards", "why": "The highest reward and the lowest.", "scores": scores, "is_unsure": False}


def _reward(response: Row) -> float:
    return response.get("reward") or 0.0


def _tie(row: Row, decided_by: str, why: str) -> Row:
    return _decided(row, row["responses"], is_tie=True, decided_by=decided_by, why=why)


def pair_of(row: Row, chosen: Row, rejected: Row, *, decided_by: str, why: str, is_assumed: bool = False) -> Row:
    """A pair, its responses in the order in which the row has them, so that their place betrays nothing."""
    both = [each for each in row["responses"] if each["id"] in (chosen["id"], rejected["id"])]
    return _decided(
        row,
        both,
        chosen=chosen,
        rejected=rejected,
        chosen_reward=chosen.get("reward"),
        rejected_reward=rejected.get("reward"),
        decided_by=decided_by,
        why=why,
        is_assumed=is_assumed,
    )


def _decided(row: Row, responses: Sequence[Row], **values: Any) -> Row:
    nothing = dict.fromkeys(("chosen", "rejected", "chosen_reward", "rejected_reward"))
    return child(row, responses=list(responses), **{**nothing, "is_tie": False, "is_assumed": False, **values})


@dataclass(frozen=True, kw_only=True)
class DeltaPairsOptions(SamplingChoice):
    stronger: Annotated[str, ROLE, "the role whose response is taken to be better"] = "stronger"
    weaker: Annotated[str, ROLE, "the role whose response is taken to be worse"] = "weaker"


class DeltaPairs(StageBasis[DeltaPairsOptions]):
    """A stronger model's response over a weaker one's. Nobody judges them: the row says `is_assumed`, and who is who."""

    kind = "delta-pairs"
    makes_responses = True
    options_type = DeltaPairsOptions
    sampling = Sampling(temperature=0.8, most_tokens=2048)

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return joined(inputs, "messages")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        roles = (self.options.stronger, self.options.weaker)
        replies = yield [answer_call(self, row, role, rng) for role in roles]
        strong, weak = (
            whole_response(reply, self.model_name(role)) for role, reply in zip(roles, replies, strict=True)
        )
        return [
            assumed_pair(row, strong, weak, f"{strong['model']} is taken to be stronger than {weak['model']}.", rng)
        ]


def assumed_pair(row: Row, better: Row, worse: Row, why: str, rng: np.random.Generator) -> Row:
    """A pair that nobody judged, its responses in an order that is drawn. Raises CannotParse when they are the same."""
    if better["text"] == worse["text"]:
        raise CannotParse("Both responses are the same, so that neither is better.")
    responses = [better, worse] if rng.integers(2) else [worse, better]
    return pair_of({**row, "responses": responses}, better, worse, decided_by="assumed", why=why, is_assumed=True)
