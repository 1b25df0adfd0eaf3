"""vLLM's own server: the OpenAI interface and what only vLLM has: chosen tokens, class scores, hidden states, counts."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelgen.engines.http import (
    ONE_PLAIN_TOKEN,
    HttpEngine,
    Json,
    added,
    asked_of,
    finished_choices,
    first_tokens,
    usage_of,
)
from modelgen.engines.protocol import Call, CallRefused, Prompt, Reply, Represent, ScoreClasses, ScoreLabels
from modelgen.engines.servers import Servers

PROBE_PATH = "/health"
# A model's folder may name settings of its own (top_k and the like), which a server adds where a request is silent.
NOTHING_ADDED = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
RAW = {"use_activation": False}
LabelTokens = Mapping[str, frozenset[int]]


class VllmEngine(HttpEngine):
    """One model behind `vllm serve`, generating or pooling: what its server cannot do, it refuses in words."""

    prefix = "/v1"

    def __init__(self, servers: Servers, name: str) -> None:
        super().__init__(servers, name)
        self._spellings: dict[str, tuple[tuple[int, ...], ...]] = {}  # of each label, in tokens
        self._learning = asyncio.Lock()

    async def reply(self, call: Call) -> Reply:
        """Raises: EngineDown, CallRefused."""
        match call:
            case ScoreClasses():
                return await self._pool(call.prompt, {"task": "classify"})
            case Represent():
                return await self._pool(call.prompt, {})
            case _:
                return await super().reply(call)

    async def count_tokens(self, prompt: Prompt) -> int:
        """How many tokens the model would read. Raises: EngineDown, CallRefused."""
        return await self._servers.post("/tokenize", self._asked(prompt), lambda said: int(said["count"]))

    def _sampling_extras(self) -> dict[str, Any]:
        return NOTHING_ADDED

    # --- numbers ----------------------------------------------------------------------------------------------------

    async def _pool(self, prompt: Prompt, task: Json) -> Reply:
        body = {"model": self._name, **asked_of(prompt, "input"), **task, **RAW}
        if not isinstance(prompt, str):
            body["add_generation_prompt"] = False  # the conversation ends with what is to be looked at
        return await self._servers.post("/pooling", body, _numbers)

    # --- labels -----------------------------------------------------------------------------------------------------

    async def _score_labels(self, call: ScoreLabels) -> Reply:
        tokens = tokens_of_labels({label: await self._spellings_of(label) for label in call.labels})
        body = {
            **self._asked(call.prompt),
            **ONE_PLAIN_TOKEN,
            **({"logprobs": 1} if isinstance(call.prompt, str) else {"logprobs": True, "top_logprobs": 1}),
            "logprob_token_ids": sorted(frozenset().union(*tokens.values())),
            "return_tokens_as_token_ids": True,
        }
        return await self._servers.post(self._writing_path(call.prompt), body, lambda said: _labels(said, tokens))

    async def _spellings_of(self, label: str) -> tuple[tuple[int, ...], ...]:
        if label not in self._spellings:
            async with self._learning:  # many calls with the same labels begin together
                if label not in self._spellings:
                    bare = label.removeprefix(" ")
                    self._spellings[label] = tuple([await self._tokens_of(text) for text in (bare, " " + bare)])
        return self._spellings[label]

    async def _tokens_of(self, text: str) -> tuple[int, ...]:
        body = {"model": self._name, "prompt": text, "add_special_tokens": False}
        return await self._servers.post("/tokenize", body, lambda said: tuple(map(int, said["tokens"])))


def tokens_of_labels(spellings: Mapping[str, Sequence[Sequence[int]]]) -> LabelTokens:
    """The tokens that stand for each label: those that spell it whole, or else those that begin it.

    spellings: of each label, the tokens of its ways to be written (with and without a space before it).
    Raises: CallRefused when one token would stand for two labels.

    >>> tokens_of_labels({"yes": [(7,), (8,)], "maybe": [(3, 4), (8, 8)]})
    Traceback (most recent call last):
    ...
    modelgen.engines.protocol.CallRefused: The labels 'yes' and 'maybe' begin with the same token (8). Choose labels ...
    """
    chosen = {label: _standing_for(ways) for label, ways in spellings.items()}
    owners: dict[int, str] = {}
    for label, tokens in chosen.items():
        for token in tokens:
            if owners.setdefault(token, label) != label:
                raise CallRefused(
                    f"The labels {owners[token]!r} and {label!r} begin with the same token ({token}). Choose labels that "
                    "this model writes as one token each, such as letters."
                )
    if empty := [label for label, tokens in chosen.items() if not tokens]:
        raise CallRefused(f"The labels {', '.join(map(repr, empty))} have no text. Leave them out.")
    return chosen


def _standing_for(ways: Iterable[Sequence[int]]) -> frozenset[int]:
    ways = [way for way in ways if way]
    return frozenset(way[0] for way in ways if len(way) == 1) or frozenset(way[0] for way in ways)


def _labels(said: Json, tokens: LabelTokens) -> Reply:
    (choice,) = finished_choices(said)
    logs = {int(token.removeprefix("token_id:")): log for token, log in first_tokens(choice).items()}
    return Reply(
        labels={label: added([logs[token] for token in wanted]) for label, wanted in tokens.items()},
        usage=usage_of(said),
    )


def _numbers(said: Json) -> Reply:
    (only,) = said["data"]
    return Reply(numbers=tuple(map(float, only["data"])), usage=usage_of(said))
