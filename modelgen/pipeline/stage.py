"""What a stage of a recipe is: rows in, rows out, and between them what is asked of models.

A row is a JSON object with an `id` that never changes: the same inputs and seed give the same ids, so that work which was
cut off goes on where it stopped. What a stage adds to a row it adds as keys; keys that it does not know it hands on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from modelgen.asking import Asking

Row = dict[str, Any]


class Stage(Protocol):
    """One stage, its options read and checked. It remembers nothing and knows neither engines nor the database."""

    kind: str
    """Its name in recipes, for example `subtopics`."""
    version: int
    """Raised whenever what it asks or how it reads replies changes; part of what identifies its outputs."""
    models: frozenset[str]
    """The roles that it asks; empty for a stage that asks nobody (it filters, joins, splits)."""

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        """The rows to be asked, from the outputs of the stages it builds on (one list each). Of a stage that asks nobody: its outputs."""
        ...

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        """What is asked for one prepared row; returns its outputs, none or several, with ids of their own. Raises CannotParse."""
        ...


StageOptions = Mapping[str, Any]
