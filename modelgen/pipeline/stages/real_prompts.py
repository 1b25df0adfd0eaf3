"""Real prompts from a file: a share of them for supervised training, the rest for preferences, never the same in both."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from modelgen.options import Between, FileOption
from modelgen.pipeline.basis import StageBasis
from modelgen.pipeline.json_lines import read_json_lines
from modelgen.pipeline.rows import LONGEST_TEXT, WrongRows, first_row, joined, same_form, user
from modelgen.pipeline.stage import Row

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, kw_only=True)
class RealPromptsOptions:
    file: Annotated[FileOption, "JSON lines, each with `prompt` (a text) or `messages`"]
    split: Annotated[Literal["all", "sft", "preference"], "which part of the file; the last two share no prompt"] = (
        "all"
    )
    sft_share: Annotated[float, Between(0, 1), "about how much of the file belongs to the split `sft`"] = 0.5
    balance: Annotated[
        str, "a key of the lines: each of its values gets as many prompts as the rarest has, or its part of count"
    ] = ""
    count: Annotated[int | None, Between(1), "draw at most so many; without it all are taken"] = None
    keep: Annotated[tuple[str, ...], "keys of the lines that go into the metadata, such as `answer`"] = ()
    longest: Annotated[int, Between(1, LONGEST_TEXT), "characters; prompts with a longer message are left out"] = 8000


class RealPrompts(StageBasis[RealPromptsOptions]):
    """Prompts that people wrote. Asks nobody."""

    kind = "real-prompts"
    options_type = RealPromptsOptions
    takes_rows = False

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        rows = [self._row(line, values) for line, values in read_json_lines(self.options.file)]
        rows = [row for row in joined([rows]) if self._is_short(row) and self._is_in_split(row)]
        return self._drawn(rows, rng)

    def _row(self, line: int, values: dict[str, Any]) -> Row:
        where = f"{self.options.file.name}, line {line}"
        messages = _messages(values, where)
        metadata = {key: values[key] for key in self.options.keep if key in values}
        group = {"group": str(values.get(self.options.balance, ""))} if self.options.balance else {}
        return first_row(self.kind, messages=messages, kind="real", metadata=metadata, **group)

    def _is_short(self, row: Row) -> bool:
        return all(len(message["content"]) <= self.options.longest for message in row["messages"])

    def _is_in_split(self, row: Row) -> bool:
        if self.options.split == "all":
            return True
        return (place_of(row["messages"]) < self.options.sft_share) == (self.options.split == "sft")

    def _drawn(self, rows: list[Row], rng: np.random.Generator) -> list[Row]:
        """As many of each group as `balance` and `count` allow, in the order of the file."""
        groups: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            groups.setdefault(row.get("group", ""), []).append(place)
        most = shares([len(group) for group in groups.values()], self.options.count)
        chosen = [rng.permutation(group)[:size] for group, size in zip(groups.values(), most, strict=True)]
        return [rows[place] for place in sorted(int(place) for group in chosen for place in group)]


def shares(sizes: Sequence[int], count: int | None) -> list[int]:
    """How many each group gives: equally many, as near to `count` in all as there are; without it as many as the smallest has.

    One group alone gives all that it has.

    >>> shares([5, 2, 9], 12), shares([5, 2, 9], None), shares([4], None)
    ([5, 2, 5], [2, 2, 2], [4])
    """
    if not sizes:
        return []
    if count is None:
        return [min(sizes)] * len(sizes)
    given, left = [0] * len(sizes), count
    for turn, place in enumerate(sorted(range(len(sizes)), key=lambda place: sizes[place])):
        given[place] = min(sizes[place], left // (len(sizes) - turn))
        left -= given[place]
    return given


def place_of(messages: Sequence[dict[str, str]]) -> float:
    """Where a prompt stands between 0 and 1, by its text alone: the same prompt stands in the same place in every file."""
    text = "\n".join(f"{message['role']}: {same_form(message['content'])}" for message in messages)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) / 2**56


def _messages(values: dict[str, Any], where: str) -> list[dict[str, str]]:
    if isinstance(values.get("prompt"), str):
        messages = [user(values["prompt"])]
    else:
        messages = _conversation(values.get("messages"), where)
    if not all(message["content"].strip() for message in messages):
        raise WrongRows(f"{where}: a message is empty.")
    if messages[-1]["role"] != "user":
        raise WrongRows(f"{where}: a prompt must end with a message of the user.")
    return messages


def _conversation(given: Any, where: str) -> list[dict[str, str]]:
    if not isinstance(given, list) or not given:
        raise WrongRows(f"{where}: there is neither `prompt` (a text) nor `messages` (a list).")
    for message in given:
        if (
            not isinstance(message, dict)
            or message.get("role") not in ROLES
            or not isinstance(message.get("content"), str)
        ):
            raise WrongRows(f"{where}: each message has a `role` ({', '.join(ROLES)}) and a text as `content`.")
    return [{"role": message["role"], "content": message["content"]} for message in given]
