"""What may be asked of a model, and what comes back: the one interface that every engine has.

A call names a model by its role ("writer", "judge"); which model that is, and where it answers, is said elsewhere. An
engine answers one call at a time and is asked many at once: it is the engine's server that puts them into batches.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Message = Mapping[str, Any]
Prompt = str | tuple[Message, ...]
"""A text to continue, or a conversation to answer."""


class EngineDown(RuntimeError):
    """No server of this model answers. What was asked can be asked again later; nothing of it is kept."""


class CallRefused(ValueError):
    """This call cannot be answered and never will be (too long, an unknown model, a setting out of range)."""


class CannotBeAsked(CallRefused):
    """Whoever answers for this model has no such kind of call: no row of whoever asks it so can ever be answered."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How texts are drawn. `count` texts a call; a `seed` makes them repeatable where the server can do that."""

    temperature: float = 0.0
    top_p: float = 1.0
    most_tokens: int = 1024
    count: int = 1
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generate:
    """Continue a text or answer a conversation. `with_tokens`: also the log-probability of every token written."""

    model: str
    prompt: Prompt
    sampling: Sampling = Sampling()
    with_tokens: bool = False


@dataclass(frozen=True, slots=True)
class ScoreLabels:
    """How probable each of these labels is as what the model writes next. A conversation is answered; the label begins the answer."""

    model: str
    prompt: Prompt
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreClasses:
    """The raw scores (logits, never squashed) that a reward model gives a conversation that ends with a response."""

    model: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Represent:
    """The last hidden state of a model that has read the text or conversation, not normalised."""

    model: str
    prompt: Prompt


Call = Generate | ScoreLabels | ScoreClasses | Represent


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were read and written; `cached` of those read were remembered from before."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said to one call; only the fields that the call asked for are filled.

    texts: `sampling.count` of them. was_cut: for each text, whether it ended because `most_tokens` were written.
    tokens: for each text its tokens, (token, natural log of its probability).
    labels: natural log of the probability of each label among all tokens (-inf: not among those that the server names).
    numbers: class scores (C,), or a hidden state (F,).
    """

    texts: tuple[str, ...] = ()
    was_cut: tuple[bool, ...] = ()
    tokens: tuple[tuple[tuple[str, float], ...], ...] = ()
    labels: Mapping[str, float] = field(default_factory=dict)
    numbers: tuple[float, ...] = ()
    usage: Usage = Usage()

    @property
    def text(self) -> str:
        """The only text."""
        (only,) = self.texts
        return only


class Engine(Protocol):
    """One model, wherever it runs."""

    async def reply(self, call: Call) -> Reply:
        """Raises EngineDown (after its own retries) and CallRefused."""
        ...

    async def count_tokens(self, prompt: Prompt) -> int:
        """How many tokens the model would read."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
