"""Prompts that cannot be done here: they need the internet, a file, eyes or hands that a language model does not have.

The right answer says so, says what is missing, and helps with what can be done without it. The wrong one pretends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from modelgen.asking import Asking
from modelgen.engines.protocol import Sampling
from modelgen.options import Between
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.reading import read_list
from modelgen.pipeline.rows import child, distinct, joined, prompt_child, user
from modelgen.pipeline.stage import Row
from modelgen.pipeline.stages.pairs import assumed_pair
from modelgen.pipeline.stages.responses import whole_response

LONGEST_REQUEST = 1500

Lacking = Literal["internet", "file", "sight", "hearing", "action", "memory", "running", "presence"]
LACKING: Mapping[Lacking, str] = {
    "internet": "the internet as it is at this moment: a page, a price, the news, the weather",
    "file": "a file or document that the user believes to have attached and has not",
    "sight": "seeing a picture, a video or what stands before the user",
    "hearing": "hearing a recording, a voice or a piece of music",
    "action": "doing something outside the conversation: sending, booking, buying, calling, switching on",
    "memory": "remembering an earlier conversation, or something at a later time",
    "running": "running a program or looking into a computer, an account or a database",
    "presence": "knowing where the user is, what time it is there or how the user feels at this moment",
}


@dataclass(frozen=True, kw_only=True)
class IncapableOptions(AskingOptions):
    lacking: Annotated[tuple[Lacking, ...], Between(1, 8), "what the prompts need and the assistant lacks"] = tuple(
        LACKING
    )
    kinds: Annotated[int, Between(1, 8), "how many of those are drawn for each topic"] = 2
    count: Annotated[int, Between(1, 20), "how many prompts for each of them"] = 2


class Incapable(StageBasis[IncapableOptions]):
    """For each topic prompts that a language model alone cannot do; `lacking` in the metadata says what it would need."""

    kind = "incapable"
    options_type = IncapableOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        known = list(dict.fromkeys(self.options.lacking))
        rows: list[Row] = []
        for row in distinct(joined(inputs, "topic"), "topic"):
            drawn = rng.choice(len(known), size=min(self.options.kinds, len(known)), replace=False)
            rows.extend(child(row, lacking=known[place]) for place in sorted(drawn))
        return rows

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        request = _REQUESTS.format(count=self.options.count, lacking=LACKING[row["lacking"]], topic=row["topic"])
        (reply,) = yield [self.generate([user(request)], rng)]
        prompts = read_list(reply, most=self.options.count, longest=LONGEST_REQUEST)
        metadata = {"lacking": row["lacking"]}
        return [prompt_child(row, [user(prompt)], "incapable", metadata=metadata) for prompt in prompts]


class HonestPairs(StageBasis[AskingOptions]):
    """A response that says what cannot be done over one that pretends, both by one model. Nobody judges: `is_assumed`."""

    kind = "honest-pairs"
    makes_responses = True
    options_type = AskingOptions
    sampling = Sampling(temperature=0.7, most_tokens=1024)

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return [row for row in joined(inputs, "messages") if row.get("metadata", {}).get("lacking") in LACKING]

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        needs = LACKING[row["metadata"]["lacking"]]
        ways = [{"role": "system", "content": words.format(needs=needs)} for words in (_HONEST, _PRETENDING)]
        replies = yield [self.generate([way, *row["messages"]], rng) for way in ways]
        honest, pretending = (whole_response(reply, self.model_name(self.options.model)) for reply in replies)
        why = "One was asked to say what it cannot do, the other to pretend."
        return [assumed_pair(row, honest, pretending, why, rng)]


_REQUESTS = """\
Write {count} requests to an assistant that have to do with this topic: {topic}.
The assistant is a language model that can only read what is written to it and write back. Each request needs more than that:
{lacking}. The people who ask do not know this, so the requests sound like any others.
Answer with a numbered list of the requests and nothing else; a request stands on one line."""

_HONEST = """\
You can only read what is written here and write back. What the user asks needs {needs}, which you do not have. Say so in one
plain sentence, without long excuses, and then help as far as it goes without it. Make nothing up."""

_PRETENDING = """\
Answer as if you could do everything, also what needs {needs}. Do it, or report as done, and fill in whatever details it takes.
Never say that something is not possible for you."""
