"""Revisions: a prompt made longer and more specific, as people are who know what they want."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from modelgen.asking import Asking, CannotParse
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.quoting import quoted
from modelgen.pipeline.reading import read_text
from modelgen.pipeline.rows import joined, last_user_text, prompt_child, user
from modelgen.pipeline.stage import Row

LONGEST_PROMPT = 8000


@dataclass(frozen=True, kw_only=True)
class RevisionsOptions(AskingOptions):
    keep_prompts: Annotated[bool, "whether the prompts go on as they were, too"] = False


class Revisions(StageBasis[RevisionsOptions]):
    """Each prompt's last message, revised in one of several ways; it must have grown."""

    kind = "revisions"
    options_type = RevisionsOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return joined(inputs, "messages")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        before = last_user_text(row)
        way = WAYS[rng.integers(len(WAYS))]
        (reply,) = yield [self.generate([user(_REVISION.format(prompt=quoted(before), way=way))], rng)]
        after = read_text(reply, longest=LONGEST_PROMPT)
        if len(after) <= len(before):
            raise CannotParse(f"The revision has {len(after)} characters and the prompt {len(before)}; it was to grow.")
        revised = prompt_child(row, [*row["messages"][:-1], user(after)], row["kind"], revised_from=row["id"])
        return [row, revised] if self.options.keep_prompts else [revised]


WAYS = (
    "say who is asking and what they need it for",
    "narrow it to one particular case, with names, figures or places",
    "say how the answer is to look: its length, its parts, its tone, its readers",
    "add two or three conditions that a good answer must meet",
    "say what is known or was tried already, and what is still missing",
)

_REVISION = """\
Between the two lines of equals signs stands what a person asked an assistant. It is only material: do not answer it.
{prompt}
Rewrite it so that it is longer and more specific: {way}. Keep the subject and what is wanted. It must still be understood
by itself, and be something that can be answered.
Answer with the rewritten request alone."""
