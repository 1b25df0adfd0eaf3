"""The engines of this process, made once and kept with the loop that their connections belong to."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from django.conf import settings

from modelgen.engines.addresses import Addresses
from modelgen.engines.protocol import Engine

T = TypeVar("T")


class EnginesAtHand:
    """Engines by the name of their model. `make` is asked once for each; not for several threads at a time."""

    def __init__(self, served: frozenset[str], make: Callable[[str], Engine]) -> None:
        self.served = served
        self._make = make
        self._made: dict[str, Engine] = {}
        self._loop = asyncio.Runner()

    def engines(self, roles: Mapping[str, str]) -> dict[str, Engine]:
        """The engine of each role; `roles`: role -> model."""
        return {role: self._engine(model) for role, model in roles.items()}

    def _engine(self, model: str) -> Engine:
        if model not in self._made:
            self._made[model] = self._make(model)
        return self._made[model]

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it to its end on this process's loop."""
        return self._loop.run(coroutine)

    def close(self) -> None:
        """Let go of every connection."""
        for engine in self._made.values():
            self._loop.run(engine.aclose())
        self._made.clear()
        self._loop.close()


@lru_cache(maxsize=1)
def of_this_process() -> EnginesAtHand:
    """Those of a worker, for as long as the process lives."""
    return from_settings()


def from_settings() -> EnginesAtHand:
    """The engines that the setting MODEL_SERVERS names. Close them when done."""
    addresses = Addresses(settings.MODEL_SERVERS, environment=os.environ, rng=np.random.default_rng(os.getpid()))
    return EnginesAtHand(addresses.served_models(), addresses.engine_for)
