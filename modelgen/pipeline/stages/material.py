"""Prompts that bring material of their own: functions that may be called, and tables."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from modelgen.asking import Asking, CannotParse
from modelgen.engines.protocol import Reply
from modelgen.options import Between
from modelgen.pipeline.basis import AskingOptions, StageBasis
from modelgen.pipeline.reading import read_text, without_thinking
from modelgen.pipeline.rows import child, distinct, joined, prompt_child, user
from modelgen.pipeline.stage import Row
from modelgen.pipeline.tools import checked_tools

LONGEST_QUESTION = 2000
LONGEST_TABLE = 8000
_RULE = re.compile(r"\|?[ \t]*:?-{1,}:?[ \t]*(\|[ \t]*:?-{1,}:?[ \t]*)+\|?[ \t]*")


@dataclass(frozen=True, kw_only=True)
class MaterialOptions(AskingOptions):
    count: Annotated[int, Between(1, 20), "how many prompts for each topic"] = 1


class Material(StageBasis[MaterialOptions]):
    """What the kinds below share: a row for each topic and turn, each with one of several wishes."""

    options_type = MaterialOptions
    wishes: tuple[str, ...]

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        return [
            child(row, wish=self.wishes[rng.integers(len(self.wishes))], turn=turn)
            for row in distinct(joined(inputs, "topic"), "topic")
            for turn in range(self.options.count)
        ]


class FunctionCalling(Material):
    """A list of functions (`tools`) and a question for which one, several or none of them is needed."""

    kind = "function-calling"
    wishes = (
        "needs exactly one of the functions, with all that it requires",
        "needs one function, and the user tells its arguments in other words than the function's",
        "needs two of the functions, one after the other",
        "needs none of the functions, though it is about the same matter",
        "needs one of the functions and leaves out something that it requires",
    )

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        (reply,) = yield [self.generate([user(_FUNCTIONS.format(topic=row["topic"], wish=row["wish"]))], rng)]
        value = read_object(reply)
        tools, question = checked_tools(value.get("functions")), value.get("question")
        if not isinstance(question, str) or not 0 < len(question.strip()) <= LONGEST_QUESTION:
            raise CannotParse(f"There is no `question` of at most {LONGEST_QUESTION} characters beside the functions.")
        return [prompt_child(row, [user(question.strip())], self.kind, tools=tools, metadata={"wish": row["wish"]})]


class Tables(Material):
    """A table, and something to be done with it."""

    kind = "tables"
    wishes = (
        "a question whose answer stands in one cell",
        "a question for which several cells must be compared or added up",
        "the request to put the table in another order or form",
        "the request to say in words what is striking in it",
        "a question that the table cannot answer though it seems so",
    )

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        (reply,) = yield [self.generate([user(_TABLE.format(topic=row["topic"], wish=row["wish"]))], rng)]
        prompt = read_text(reply, longest=LONGEST_TABLE)
        check_table(prompt)
        return [prompt_child(row, [user(prompt)], self.kind, metadata={"wish": row["wish"]})]


def read_object(reply: Reply) -> dict[str, Any]:
    """The first JSON object of a reply. Raises CannotParse."""
    text = without_thinking(reply.text)
    try:
        value, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # half a character cannot be stored
    except (ValueError, RecursionError) as error:
        raise CannotParse(f"There is no JSON object in the reply ({error}).") from error
    if "\\u0000" in text:
        raise CannotParse("The JSON object holds the character 0, which cannot be stored.")
    return dict(value)


def check_table(prompt: str, least_rows: int = 2) -> None:
    """Raises CannotParse unless the text has a Markdown table with rows, and words beside it."""
    lines = [line.strip() for line in prompt.splitlines()]
    rule = next((place for place, line in enumerate(lines) if place and _RULE.fullmatch(line)), None)
    if rule is None:
        raise CannotParse("A table in Markdown was asked for; the reply has none.")
    width = lines[rule - 1].strip("|").count("|")
    body = 0
    while rule + 1 + body < len(lines) and "|" in lines[rule + 1 + body]:
        if lines[rule + 1 + body].strip("|").count("|") != width:
            raise CannotParse("The rows of the table do not have the same number of columns.")
        body += 1
    if body < least_rows:
        raise CannotParse(f"The table has {body} rows; {least_rows} or more were wanted.")
    if not any(line and "|" not in line for line in lines):
        raise CannotParse("There is a table and nothing that is asked about it.")


_FUNCTIONS = """\
Think of a service that has to do with this topic: {topic}. An assistant can call its functions.
Write two to five such functions, and what a user says to the assistant. What the user says {wish}. It sounds as people talk, and
it does not name the functions.
Answer with one JSON object and nothing else, of this form:
{{"functions": [{{"name": "find_train", "description": "...", "parameters": {{"type": "object", "properties":
{{"from": {{"type": "string", "description": "..."}}}}, "required": ["from"]}}}}], "question": "what the user says"}}"""

_TABLE = """\
Write a request to an assistant that contains a table about this topic: {topic}.
The table is in Markdown, with a heading, three to six columns and four to ten rows, filled with plausible made-up entries.
Before or after it stands {wish}.
Answer with the request alone, the table included; do not answer it."""
