"""Any server that speaks the OpenAI interface, over plain HTTP: texts, and the probabilities of labels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from modelgen.engines.connection import Fault
from modelgen.engines.protocol import Call, CallRefused, CannotBeAsked, Generate, Prompt, Reply, ScoreLabels, Usage
from modelgen.engines.servers import Servers

Json = Mapping[str, Any]
MOST_NAMED_TOKENS = 20  # as many likeliest tokens as such servers tell of
CHARACTERS_A_TOKEN = 4
FINISHED = {"stop": False, "length": True}  # whether a text was cut


class HttpEngine:
    """One model behind the OpenAI interface.

    Parameters:
        servers: where it answers.
        name: what those servers call it.
    """

    prefix = ""  # of the paths of the interface, after the address

    def __init__(self, servers: Servers, name: str) -> None:
        self._servers = servers
        self._name = name

    async def reply(self, call: Call) -> Reply:
        """Raises: EngineDown, CallRefused, CannotBeAsked."""
        match call:
            case Generate():
                return await self._generate(call)
            case ScoreLabels():
                return await self._score_labels(call)
            case _:
                raise CannotBeAsked(
                    f"{self._name} is served by an address of kind openai, which has no {type(call).__name__}. "
                    "Serve it with vLLM (kind=vllm)."
                )

    async def count_tokens(self, prompt: Prompt) -> int:
        """About how many tokens the model would read: the interface cannot tell, so four characters count as one."""
        contents = [prompt] if isinstance(prompt, str) else [str(message.get("content") or "") for message in prompt]
        return sum(-(-len(content) // CHARACTERS_A_TOKEN) for content in contents)

    async def aclose(self) -> None:
        await self._servers.aclose()

    # --- texts ------------------------------------------------------------------------------------------------------

    async def _generate(self, call: Generate) -> Reply:
        body = {**self._asked(call.prompt), **_sampling(call), **self._sampling_extras()}
        if call.with_tokens:
            body |= _naming_tokens(call.prompt, 0)
        return await self._servers.post(self._writing_path(call.prompt), body, lambda said: _texts(said, call))

    def _sampling_extras(self) -> dict[str, Any]:
        return {}

    # --- labels -----------------------------------------------------------------------------------------------------

    async def _score_labels(self, call: ScoreLabels) -> Reply:
        body = self._asked(call.prompt) | ONE_PLAIN_TOKEN | _naming_tokens(call.prompt, MOST_NAMED_TOKENS)
        return await self._servers.post(self._writing_path(call.prompt), body, lambda said: _labels(said, call.labels))

    # --- requests ---------------------------------------------------------------------------------------------------

    def _asked(self, prompt: Prompt) -> dict[str, Any]:
        return {"model": self._name, **asked_of(prompt)}

    def _writing_path(self, prompt: Prompt) -> str:
        return f"{self.prefix}/completions" if isinstance(prompt, str) else f"{self.prefix}/chat/completions"


# What the model would write next, undistorted: at temperature 1 probabilities are the same before and after it.
ONE_PLAIN_TOKEN = {"max_tokens": 1, "temperature": 1.0, "top_p": 1.0}


def asked_of(prompt: Prompt, text_key: str = "prompt") -> dict[str, Any]:
    """The part of a request that carries a text or a conversation."""
    return {text_key: prompt} if isinstance(prompt, str) else {"messages": [dict(message) for message in prompt]}


def _sampling(call: Generate) -> dict[str, Any]:
    sampling = call.sampling
    body: dict[str, Any] = {
        "max_tokens": sampling.most_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "n": sampling.count,
    }
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    return body


def _naming_tokens(prompt: Prompt, count: int) -> dict[str, Any]:
    """Ask for the log-probability of what is written, and of the likeliest `count` tokens in its place."""
    return {"logprobs": count} if isinstance(prompt, str) else {"logprobs": True, "top_logprobs": count}


# --- replies --------------------------------------------------------------------------------------------------------


def _texts(said: Json, call: Generate) -> Reply:
    choices = finished_choices(said)
    if len(choices) != call.sampling.count:
        raise CallRefused(
            f"{said.get('model')} gave {len(choices)} texts where {call.sampling.count} were asked for. "
            "Ask it for one at a time."
        )
    return Reply(
        texts=tuple(_text_of(choice) for choice in choices),
        was_cut=tuple(FINISHED[choice["finish_reason"]] for choice in choices),
        tokens=tuple(tuple(written_tokens(choice)) for choice in choices) if call.with_tokens else (),
        usage=usage_of(said),
    )


def _text_of(choice: Json) -> str:
    return str((choice["message"].get("content") if "message" in choice else choice["text"]) or "")


def finished_choices(said: Json) -> list[Json]:
    """The texts of an answer, in order. Raises: Fault when one was broken off, CallRefused when one is withheld."""
    choices = sorted(said["choices"], key=lambda choice: int(choice.get("index", 0)))
    for reason in (choice.get("finish_reason") for choice in choices):
        if reason == "content_filter":
            raise CallRefused(f"{said.get('model')} withholds its text (content_filter).")
        if reason not in FINISHED:
            raise Fault(f"broke off a text (finish_reason {reason})")
    return choices


def written_tokens(choice: Json) -> list[tuple[str, float]]:
    """(token, natural log of its probability) for each token of a text, of either form of answer."""
    named = choice["logprobs"]
    if "content" in named:
        return [(token["token"], float(token["logprob"])) for token in named["content"] or ()]
    return [(token, float(log)) for token, log in zip(named["tokens"], named["token_logprobs"], strict=True)]


def first_tokens(choice: Json) -> dict[str, float]:
    """The tokens that could have been written first, with their log-probabilities, of either form of answer."""
    named = choice["logprobs"]
    if "content" in named:
        return {token["token"]: float(token["logprob"]) for token in named["content"][0]["top_logprobs"]}
    return {token: float(log) for token, log in named["top_logprobs"][0].items()}


def _labels(said: Json, labels: Sequence[str]) -> Reply:
    (choice,) = finished_choices(said)
    named = first_tokens(choice).items()
    logs = {
        label: added([log for token, log in named if token.removeprefix(" ") == label.removeprefix(" ")])
        for label in labels
    }
    return Reply(labels=logs, usage=usage_of(said))


def added(logs: Sequence[float]) -> float:
    """The log of the sum of probabilities that are given as logs; -inf for none.

    >>> round(math.exp(added([math.log(0.25), math.log(0.5)])), 12), added([])
    (0.75, -inf)
    """
    highest = max(logs, default=-math.inf)
    return highest if math.isinf(highest) else highest + math.log(sum(math.exp(log - highest) for log in logs))


def usage_of(said: Json) -> Usage:
    usage = said.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        int(usage.get("prompt_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
        int(details.get("cached_tokens") or 0),
    )
