"""Talks to a stage as an engine would, with texts that the test gives."""

from typing import Any

import numpy as np

from modelgen.engines.protocol import Generate, Reply
from modelgen.options import read_options
from modelgen.pipeline.kinds import STAGE_KINDS

CHANCE = 7


def stage(kind: str, *, files: dict[str, str] | None = None, **options: Any) -> Any:
    """A stage with options as a recipe would give them."""
    known = {name: text.encode() for name, text in (files or {}).items()}
    of_kind = STAGE_KINDS[kind]
    return of_kind(read_options(of_kind.options_type, options, read_file=known.__getitem__))


def prepared(a_stage: Any, *inputs: list[dict]) -> list[dict]:
    return a_stage.prepare(list(inputs), np.random.default_rng(CHANCE))


class Talk:
    """One asking answered with texts, one after another. `calls`: what was asked; `rows`: what came of it."""

    def __init__(self, a_stage: Any, row: dict, *texts: str, was_cut: bool = False) -> None:
        self.calls: list[Generate] = []
        self.rows: list[dict] = []
        asking = a_stage.asking(row, np.random.default_rng(CHANCE))
        left = list(texts)
        try:
            calls = next(asking)
            while True:
                self.calls.extend(calls)
                calls = asking.send([Reply(texts=(left.pop(0),), was_cut=(was_cut,)) for _ in calls])
        except StopIteration as end:
            self.rows = end.value
        assert not left, f"never asked for: {left}"
