"""What stages have in common: options read, roles known, sampling chosen, calls put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Generic, TypeVar

import numpy as np

from modelgen.asking import Asking
from modelgen.engines.protocol import Generate, Sampling
from modelgen.options import Between, remarked
from modelgen.pipeline.stage import Row


@dataclass(frozen=True)
class _Role:
    """The remark of an option that names a role of the recipe's `models:`, or several."""


ROLE = _Role()


@dataclass(frozen=True, kw_only=True)
class SamplingChoice:
    """How texts are drawn, as far as somebody chose it."""

    temperature: Annotated[float | None, Between(0, 5), "0: always the likeliest token"] = None
    top_p: Annotated[float | None, Between(0.01, 1), "draw only from tokens that make up this share"] = None
    most_tokens: Annotated[int | None, Between(1, 100_000), "longest text"] = None

    def over(self, sampling: Sampling) -> Sampling:
        """The sampling with what was chosen here in place of its own."""
        chosen = {name: value for name, value in vars(self).items() if name in _SAMPLING and value is not None}
        return replace(sampling, **chosen)


_SAMPLING = ("temperature", "top_p", "most_tokens")


@dataclass(frozen=True, kw_only=True)
class ModelUse(SamplingChoice):
    """The model behind a role of a recipe."""

    name: Annotated[str, Between(1, 200), "the model's name, as the registry and `MODEL_SERVERS` have it"]
    revision: Annotated[str, Between(0, 100), "its commit or date: another revision is another model"] = ""


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """A stage without options."""


@dataclass(frozen=True, kw_only=True)
class AskingOptions(SamplingChoice):
    """Options of every stage that has one model write."""

    model: Annotated[str, ROLE, "the role that is asked"] = "writer"


Options = TypeVar("Options")


class StageBasis(Generic[Options]):
    """A stage with its options. A kind of stage sets the four names below and has `prepare` and, if it asks, `asking`."""

    kind: str
    version: int = 1
    options_type: type = NoOptions
    takes_rows: bool = True
    """False for a stage that recipes may begin with: it makes its rows from its options."""
    makes_responses: bool = False
    """Whether its rows have responses whatever they came with. Rows that came with some keep them at any stage."""
    sampling: Sampling = Sampling(temperature=0.7, most_tokens=1024)
    """How its models write, unless the stage's options or the recipe's role say otherwise."""
    also_decides: Mapping[str, Any] = {}
    """What else decides its outputs, as JSON: of a stage that judges, the configuration of its judge."""

    def __init__(self, options: Options, roles: Mapping[str, ModelUse] | None = None) -> None:
        """roles: the recipe's models. Raises OptionRefused when options that are right by themselves do not go together."""
        self.options = options
        self.models = frozenset(roles_named(options))
        self._roles = roles or {}

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        raise NotImplementedError

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        raise NotImplementedError

    def sampling_of(self, role: str) -> Sampling:
        """The stage's options count most, then the role's, then the kind's own."""
        of_role = self._roles[role].over(self.sampling) if role in self._roles else self.sampling
        return self.options.over(of_role) if isinstance(self.options, SamplingChoice) else of_role

    def model_name(self, role: str) -> str:
        """The name of the model behind a role; the role itself where no recipe says."""
        return self._roles[role].name if role in self._roles else role

    def generate(
        self, messages: Sequence[Mapping[str, Any]], rng: np.random.Generator, role: str = "", **changes: Any
    ) -> Generate:
        """A call with a seed of its own. role: that of the option `model` unless named; changes: of the sampling."""
        role = role or self.options.model  # type: ignore[attr-defined]
        sampling = replace(self.sampling_of(role), seed=int(rng.integers(2**31)), **changes)
        return Generate(model=role, prompt=tuple(messages), sampling=sampling)


def roles_named(options: object) -> list[str]:
    """The roles in all options that carry the remark ROLE, one each or lists of them."""
    named: list[str] = []
    for value in remarked(options, ROLE):
        named.extend([value] if isinstance(value, str) else value or [])
    return named
