"""Maths and coding problems: a keyword, a level and a form of problem make one prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from modelgen.asking import Asking
from modelgen.options import Between
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.reading import read_text
from modelgen.pipeline.rows import child, distinct, joined, prompt_child, user
from modelgen.pipeline.stage import Row

LONGEST_PROBLEM = 8000
SHORTEST_PROBLEM = 12

Level = Literal["beginner", "intermediate", "advanced", "expert"]


@dataclass(frozen=True, kw_only=True)
class ProblemOptions(AskingOptions):
    levels: Annotated[tuple[Level, ...], Between(1, 4), "the levels, each of which every keyword gets"] = (
        "beginner",
        "intermediate",
        "advanced",
    )
    count: Annotated[int, Between(1, 20), "how many problems for each keyword and level"] = 1


class Problems(StageBasis[ProblemOptions]):
    """What the two kinds below share: a row for each keyword, level and turn, its form drawn; one problem a request."""

    options_type = ProblemOptions
    request: str
    level_words: dict[str, str]
    forms: tuple[str, ...]

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return [
            child(row, level=level, turn=turn, form=self.forms[rng.integers(len(self.forms))])
            for row in distinct(joined(inputs, "keyword"), "keyword")
            for level in dict.fromkeys(self.options.levels)
            for turn in range(self.options.count)
        ]

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        request = self.request.format(keyword=row["keyword"], level=self.level_words[row["level"]], form=row["form"])
        (reply,) = yield [self.generate([user(request)], rng)]
        problem = read_text(reply, shortest=SHORTEST_PROBLEM, longest=LONGEST_PROBLEM)
        return [prompt_child(row, [user(problem)], self.kind)]


class Maths(Problems):
    """Maths problems."""

    kind = "maths"
    level_words = {
        "beginner": "a pupil of about twelve",
        "intermediate": "a pupil in the last years of school",
        "advanced": "a student at a university",
        "expert": "somebody who trains for competitions",
    }
    forms = (
        "a problem with one answer that can be checked, a number or an expression",
        "a story from daily life or from a trade that must be turned into mathematics, with one answer that can be checked",
        "a problem in two steps, where the second needs what comes of the first",
        "a statement to be proved or refuted",
        "a question about an idea: why it holds, when it fails, how it differs from a similar one",
    )
    request = """\
Write one mathematics problem about this subject: {keyword}.
It is for {level}. It is to be {form}.
Give everything that is needed to solve it, and make sure that it can be solved. Do not solve it and give no hints.
Answer with the problem alone."""


class Coding(Problems):
    """Programming problems, in Python unless the keyword names another language."""

    kind = "coding"
    level_words = {
        "beginner": "somebody in their first weeks of programming",
        "intermediate": "somebody who has programmed for a year",
        "advanced": "somebody who programs for a living",
        "expert": "a specialist in this very matter",
    }
    forms = (
        "the request to write a function or class; say what goes in, what comes out and what happens at the edges",
        "the request to write a short program for a situation at work or at home",
        "a piece of code with a mistake in it (do not say which) and the request to find and mend it",
        "a piece of code and the request to explain it, to make it faster or to make it clearer",
        "a piece of code and the request to write tests for it",
        "a question about how something works and when to use it, to be answered with a small example",
    )
    request = """\
Write one programming request about this subject: {keyword}. Python is meant unless the subject names another language.
It comes from {level}. It is to be {form}.
It must be understood without anything else, and it must not contain its own answer.
Answer with the request alone, as the person would put it to an assistant."""
