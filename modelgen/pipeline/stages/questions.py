"""Open questions about topics: what somebody asks who has no document at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from modelgen.asking import Asking
from modelgen.options import Between
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.reading import read_list
from modelgen.pipeline.rows import distinct, joined, prompt_child, user
from modelgen.pipeline.stage import Row

LONGEST_QUESTION = 1500


@dataclass(frozen=True, kw_only=True)
class QuestionsOptions(AskingOptions):
    count: Annotated[int, Between(1, 50), "how many questions each topic gets"] = 5


class Questions(StageBasis[QuestionsOptions]):
    """Open questions, several a topic."""

    kind = "questions"
    options_type = QuestionsOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return distinct(joined(inputs, "topic"), "topic")

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        request = _QUESTIONS.format(count=self.options.count, topic=row["topic"])
        (reply,) = yield [self.generate([user(request)], rng)]
        questions = read_list(reply, most=self.options.count, longest=LONGEST_QUESTION)
        return [prompt_child(row, [user(question)], "open-question") for question in questions]


_QUESTIONS = """\
Write {count} questions about this topic: {topic}.
Write what curious people of different ages and trades would really ask an assistant: some simple, some that need thought,
some about reasons, some about how to do a thing, some that ask for a comparison or an opinion with its grounds.
Each must be understood without the others and without any document.
Answer with a numbered list and nothing else."""
