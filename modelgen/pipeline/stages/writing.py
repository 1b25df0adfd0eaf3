"""Writing prompts: a topic and a kind of document make a request to write something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from modelgen.asking import Asking
from modelgen.options import Between, FileOption
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.data import chosen_lines
from modelgen.pipeline.reading import read_list
from modelgen.pipeline.rows import child, distinct, joined, prompt_child, user
from modelgen.pipeline.stage import Row

LONGEST_REQUEST = 2000


@dataclass(frozen=True, kw_only=True)
class WritingOptions(AskingOptions):
    types: Annotated[int, Between(1, 100), "how many kinds of documents are drawn for each topic"] = 3
    count: Annotated[int, Between(1, 20), "how many prompts for each topic and kind of document"] = 1
    document_types: Annotated[FileOption | None, "kinds of documents, one a line, in place of the shipped list"] = None


class Writing(StageBasis[WritingOptions]):
    """Requests to write an essay, a letter, a poem, ... about each topic."""

    kind = "writing"
    options_type = WritingOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        known = chosen_lines(self.options.document_types, "document_types.txt")
        rows: list[Row] = []
        for row in distinct(joined(inputs, "topic"), "topic"):
            drawn = rng.choice(known, size=min(self.options.types, len(known)), replace=False)
            rows.extend(child(row, document_type=str(document_type)) for document_type in drawn)
        return rows

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        request = _WRITING.format(count=self.options.count, topic=row["topic"], document_type=row["document_type"])
        (reply,) = yield [self.generate([user(request)], rng)]
        prompts = read_list(reply, most=self.options.count, longest=LONGEST_REQUEST)
        return [prompt_child(row, [user(prompt)], "writing") for prompt in prompts]


_WRITING = """\
Somebody wants an assistant to write this for them: {document_type}. It is to do with this topic: {topic}.
Write {count} such requests, as the person would put them to the assistant. Each says what it is for or who will read it,
and one or two wishes (length, tone, what must be in it). Do not write the text that is asked for.
Answer with a numbered list of the requests and nothing else; a request stands on one line."""
