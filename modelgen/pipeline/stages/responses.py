"""Responses: several models answer each prompt, or one model answers it several times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from modelgen.asking import Asking, CannotParse
from modelgen.engines.protocol import Generate, Reply, Sampling
from modelgen.options import Between, OptionRefused
from modelgen.pipeline.basis import ROLE, ModelUse, SamplingChoice, StageBasis
from modelgen.pipeline.reading import without_thinking
from modelgen.pipeline.rows import child, joined, short_digest
from modelgen.pipeline.stage import Row
from modelgen.pipeline.tools import with_tools

LONGEST_RESPONSE = 100_000


@dataclass(frozen=True, kw_only=True)
class ResponsesOptions(SamplingChoice):
    models: Annotated[tuple[str, ...], ROLE, Between(1, 50), "the roles that may answer"] = ("writer",)
    each: Annotated[int | None, Between(1, 50), "how many of them are drawn for each prompt; without it all"] = None
    samples: Annotated[int, Between(1, 32), "how often each of them answers"] = 1
    least: Annotated[int, Between(1, 32), "fewer different responses than this are a failure"] = 1
    keep_cut: Annotated[bool, "whether a response that was cut at its most tokens is kept"] = False


class Responses(StageBasis[ResponsesOptions]):
    """A set of responses for each prompt.

    Responses that are empty, cut or the same as another one are left out; `left_out` in the row says how many, and why.
    """

    kind = "responses"
    makes_responses = True
    options_type = ResponsesOptions
    sampling = Sampling(temperature=0.8, most_tokens=2048)

    def __init__(self, options: ResponsesOptions, roles: Mapping[str, ModelUse] | None = None) -> None:
        super().__init__(options, roles)
        if options.each and options.each > len(set(options.models)):
            raise OptionRefused(("each",), f"Only {len(set(options.models))} roles are listed under `models`.")

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return joined(inputs, "messages")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        roles = [role for role in self.drawn_roles(rng) for _ in range(self.options.samples)]
        replies = yield [answer_call(self, row, role, rng) for role in roles]
        found, left_out = self._responses(roles, replies)
        if len(found) < self.options.least:
            reasons = ", ".join(f"{count} {why}" for why, count in left_out.items())
            raise CannotParse(f"{len(found)} responses where {self.options.least} were wanted ({reasons}).")
        return [child(row, responses=found, **({"left_out": left_out} if left_out else {}))]

    def drawn_roles(self, rng: np.random.Generator) -> list[str]:
        """The roles that answer a prompt, in the order in which they are listed."""
        roles = list(dict.fromkeys(self.options.models))
        if self.options.each is None:
            return roles
        return [roles[place] for place in sorted(rng.choice(len(roles), size=self.options.each, replace=False))]

    def _responses(self, roles: Sequence[str], replies: Sequence[Reply]) -> tuple[list[Row], dict[str, int]]:
        found: dict[str, Row] = {}
        left_out: dict[str, int] = {}
        for role, reply in zip(roles, replies, strict=True):
            text, problem = read_response(reply, keep_cut=self.options.keep_cut)
            problem = problem or ("repeated" if text in found else "")
            if problem:
                left_out[problem] = left_out.get(problem, 0) + 1
            else:
                found[text] = response(text, self.model_name(role))
        return list(found.values()), left_out


def response(text: str, model: str) -> Row:
    return {"id": short_digest([model, text]), "text": text, "model": model}


def answer_call(stage: StageBasis[Any], row: Row, role: str, rng: np.random.Generator) -> Generate:
    """The call that has a role answer a row's prompt; functions that the row offers are written into it."""
    return stage.generate(with_tools(row["messages"], row.get("tools", ())), rng, role)


def read_response(reply: Reply, *, keep_cut: bool = False) -> tuple[str, str]:
    """The text of a response, and why it cannot be used: `empty`, `cut`, `too long` or "" when it can."""
    if any(reply.was_cut) and not keep_cut:
        return "", "cut"
    try:
        text = without_thinking(reply.text)
    except CannotParse:
        return "", "still thinking" if len(reply.text) <= LONGEST_RESPONSE else "too long"
    return text, "" if text else "empty"


def whole_response(reply: Reply, model: str) -> Row:
    """A response that is needed. Raises CannotParse."""
    text, problem = read_response(reply)
    if problem:
        raise CannotParse(f"The response of {model} is {problem}.")
    return response(text, model)
