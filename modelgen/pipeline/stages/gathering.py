"""Rows put together and told apart: a mix of several sources, and splits that share no prompt. They ask nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from modelgen.options import Between, OptionRefused
from modelgen.pipeline.basis import ModelUse, StageBasis
from modelgen.pipeline.rows import WrongRows, child, joined
from modelgen.pipeline.stage import Row
from modelgen.pipeline.stages.real_prompts import place_of

NO_SHARE = 1e-9


@dataclass(frozen=True, kw_only=True)
class MixOptions:
    count: Annotated[int | None, Between(1), "at most so many rows in all; without it as many as the shares allow"] = (
        None
    )
    shares: Annotated[tuple[Annotated[float, Between(0)], ...], "of each source, in the order of `from:`"] = ()
    shuffle: Annotated[bool, "whether the rows come in a drawn order"] = True


class Mix(StageBasis[MixOptions]):
    """Rows of several stages in one, as many of each as the shares say; also a shuffle, and a limit."""

    kind = "mix"
    options_type = MixOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        if self.options.shares and len(self.options.shares) != len(inputs):
            raise WrongRows(f"`shares` has {len(self.options.shares)} numbers for {len(inputs)} sources.")
        sources = _each_once(inputs)
        sizes = mixed([len(rows) for rows in sources], self.options.shares, self.options.count)
        drawn = [
            [rows[place] for place in sorted(rng.choice(len(rows), size=size, replace=False))]
            for rows, size in zip(sources, sizes, strict=True)
        ]
        rows = [row for rows in drawn for row in rows]
        return [rows[place] for place in rng.permutation(len(rows))] if self.options.shuffle else rows


def _each_once(inputs: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """A row that two sources have counts for the first."""
    seen: set[str] = set()
    sources: list[list[Row]] = []
    for rows in inputs:
        sources.append([row for row in {row["id"]: row for row in rows}.values() if row["id"] not in seen])
        seen.update(row["id"] for row in rows)
    return sources


def mixed(sizes: Sequence[int], shares: Sequence[float], count: int | None) -> list[int]:
    """How many rows of each source. Without shares: of all rows together, by their sizes.

    >>> mixed([10, 10], [3, 1], None), mixed([10, 10], [3, 1], 4), mixed([30, 10], [], 20)
    ([10, 3], [3, 1], [15, 5])
    """
    weights = np.array(shares or sizes, dtype=float)
    if not weights.sum():
        return [0] * len(sizes)
    weights = weights / weights.sum()
    has_weight = weights > NO_SHARE
    most = float(np.min(np.array(sizes)[has_weight] / weights[has_weight]))
    total = most if count is None else min(most, count)
    return [min(size, int(total * weight + 1e-9)) for size, weight in zip(sizes, weights, strict=True)]


@dataclass(frozen=True, kw_only=True)
class SplitsOptions:
    shares: Annotated[Mapping[str, float], "the splits and their shares, for example {sft: 3, preference: 1}"] = field(
        default_factory=lambda: {"train": 0.9, "validation": 0.1}
    )
    keep: Annotated[str, "only this split's rows go on; empty: all, each with `split` in its metadata"] = ""


class Splits(StageBasis[SplitsOptions]):
    """Splits that share no prompt: a prompt's split follows from its text, in this recipe and in every other one."""

    kind = "splits"
    options_type = SplitsOptions

    def __init__(self, options: SplitsOptions, roles: Mapping[str, ModelUse] | None = None) -> None:
        super().__init__(options, roles)
        if not options.shares or min(options.shares.values()) < 0 or not sum(options.shares.values()):
            raise OptionRefused(("shares",), "Each split needs a share, 0 or more, and not all of them 0.")
        if options.keep and options.keep not in options.shares:
            raise OptionRefused(
                ("keep",), f"There is no split {options.keep!r}; there are: {', '.join(options.shares)}."
            )

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        rows = [
            child(row, metadata={**row.get("metadata", {}), "split": self.split_of(row)})
            for row in joined(inputs, "messages")
        ]
        return [row for row in rows if self.options.keep in ("", row["metadata"]["split"])]

    def split_of(self, row: Row) -> str:
        names, shares = list(self.options.shares), np.cumsum(list(self.options.shares.values()))
        return names[int(np.searchsorted(shares, place_of(row["messages"]) * shares[-1], side="right"))]
