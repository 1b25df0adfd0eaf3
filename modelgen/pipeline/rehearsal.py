"""A recipe run in memory, without a database: for tests, and for trying a recipe in a notebook before it is paid for.

made = await rehearse(parse_recipe(text), {"writer": engine}, np.random.default_rng(0))
made["questions"]       # the rows of a stage
made.failures           # what could not be used, and why
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from modelgen.asking import Outcome, ask
from modelgen.chance import chance
from modelgen.engines.protocol import Engine, Usage
from modelgen.pipeline.recipe import Recipe, RecipeStage
from modelgen.pipeline.stage import Row

AT_ONCE = 64


@dataclass(frozen=True)
class Failure:
    """A row of which nothing came. raw_texts: what models said to it."""

    stage: str
    row_id: str
    problem: str
    raw_texts: tuple[str, ...]


class Rehearsed(dict[str, list[Row]]):
    """The rows of every stage by its name; beside them `failures` and `usage`, of all stages together."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[Failure] = []
        self.usage = Usage()


async def rehearse(recipe: Recipe, engines: Mapping[str, Engine], rng: np.random.Generator) -> Rehearsed:
    """Run every stage to its end, rows of one stage at the same time. engines: by role.

    The order in which models answer changes nothing: each row has random numbers of its own. Raises EngineDown.
    """
    made = Rehearsed()
    turn = str(rng.integers(2**53))
    for stage in recipe.stages:
        inputs = [made[name] for name in stage.sources]
        prepared = stage.stage.prepare(inputs, chance(f"{turn}/{stage.name}"))
        made[stage.name] = await _asked(stage, prepared, engines, turn, made) if stage.stage.models else prepared
    return made


async def _asked(
    stage: RecipeStage, rows: list[Row], engines: Mapping[str, Engine], turn: str, made: Rehearsed
) -> list[Row]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def outcome_of(row: Row) -> Outcome[list[Row]]:
        async with gate:
            return await ask(stage.stage.asking(row, chance(f"{turn}/{stage.name}", row["id"])), engines)

    outcomes = await asyncio.gather(*map(outcome_of, rows))
    outputs: dict[str, Row] = {}
    for row, outcome in zip(rows, outcomes, strict=True):
        made.usage += outcome.usage
        outputs.update({each["id"]: each for each in outcome.value or ()})
        if outcome.problem and not outcome.is_silent:
            made.failures.append(Failure(stage.name, row["id"], outcome.problem, outcome.raw_texts))
    return list(outputs.values())
