"""Prompts with constraints that a program can check: in one turn, for this and all following questions, or for a revision.

The drawn constraints travel in the metadata as `constraints`, [{"kind", "parameters"}]; the verifier reads them there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np

from modelgen.asking import Asking, CannotParse
from modelgen.engines.protocol import Sampling
from modelgen.options import Between, OptionRefused
from modelgen.pipeline.basis import AskingOptions, ModelUse, StageBasis
from modelgen.pipeline.reading import read_turn
from modelgen.pipeline.rows import assistant, child, joined, last_user_text, prompt_child, user
from modelgen.pipeline.stage import Row
from modelgen.verifiers.instructions import KINDS, Constraint, Material, as_json, draw_constraints, with_constraints

LONGEST_ANSWER = 20_000
DRAWS = 8
SINGLE: Final = "single"
FOLLOWING: Final = "following"
REVISION: Final = "revision"
FOR_A_PROMPT_THAT_FITS = frozenset({"options"})
"""Kinds that are drawn only when a recipe names them: an open question cannot be answered with yes or no."""
FOR_ONE_QUESTION = frozenset({"repeat-prompt", "options"})
"""Kinds that make no sense for questions that are still to come, or for an answer that is there already."""


@dataclass(frozen=True, kw_only=True)
class ConstraintsOptions(AskingOptions):
    forms: Annotated[
        tuple[Literal["single", "following", "revision"], ...],
        Between(1, 3),
        "of which each prompt gets one: with the prompt, for this and all following questions, for a revision of the answer",
    ] = (SINGLE, FOLLOWING, REVISION)
    most: Annotated[int, Between(1, 6), "each prompt gets one constraint to so many"] = 3
    count: Annotated[int, Between(1, 20), "how many prompts come of each"] = 1
    constraints: Annotated[
        tuple[str, ...], "the kinds of constraints to draw from; empty: all that fit any prompt"
    ] = ()


class Constraints(StageBasis[ConstraintsOptions]):
    """Joins prompts with verifiable constraints; the last two forms also ask for the answers in between."""

    kind = "constraints"
    options_type = ConstraintsOptions
    sampling = Sampling(temperature=0.7, most_tokens=2048)

    def __init__(self, options: ConstraintsOptions, roles: Mapping[str, ModelUse] | None = None) -> None:
        super().__init__(options, roles)
        for place, name in enumerate(options.constraints):
            if name not in KINDS:
                raise OptionRefused(
                    ("constraints", place), f"There is no constraint {name!r}; there are: {', '.join(KINDS)}."
                )
        if set(options.forms) == {SINGLE}:
            self.models = frozenset()  # nobody is asked: `prepare` gives the outputs

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        """Rows with a form, and the question that follows where the form wants one; of `single` alone the outputs."""
        rows = [row for row in joined(inputs, "messages") if row["messages"][-1]["role"] == "user"]
        by_topic = _by_topic(rows)
        made = []
        for row in rows:
            near = by_topic[str(row.get("topic", ""))]
            for turn in range(self.options.count):
                form = self.options.forms[rng.integers(len(self.options.forms))]
                next_question = _another(row, near, rows, rng) if form == FOLLOWING else ""
                made.append(child(row, form=form, turn=turn, next_question=next_question))
        return made if self.models else [prompt for row in made for prompt in self._single(row, rng)]

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        constraints = self._drawn(row, rng)
        if not constraints:
            raise CannotParse("None of the constraints to draw from fits this prompt and form.")
        if row["form"] == SINGLE:
            return [_joined(row, constraints)]
        if row["form"] == FOLLOWING:
            lasting = with_constraints(f"{last_user_text(row)}\n\n{_LASTING}", constraints)
            answered = yield from self._answered([*row["messages"][:-1], user(lasting)], rng)
            messages = [*answered, user(row["next_question"])]
        else:
            answered = yield from self._answered(row["messages"], rng)
            messages = [*answered, user(with_constraints(_REVISE, constraints))]
        return [_constrained(row, messages, constraints)]

    def _single(self, row: Row, rng: np.random.Generator) -> list[Row]:
        """The prompt with its constraints; none where none fits."""
        constraints = self._drawn(row, rng)
        return [_joined(row, constraints)] if constraints else []

    def _drawn(self, row: Row, rng: np.random.Generator) -> list[Constraint]:
        kinds = self.options.constraints or [name for name in KINDS if name not in FOR_A_PROMPT_THAT_FITS]
        if row["form"] != SINGLE:
            kinds = [name for name in kinds if name not in FOR_ONE_QUESTION]
        material = Material(prompt=last_user_text(row), keywords=keywords_of(row))
        return draw_constraints(rng, int(rng.integers(1, self.options.most + 1)), material, kinds)

    def _answered(self, messages: Sequence[dict[str, str]], rng: np.random.Generator) -> Asking[list[dict[str, str]]]:
        (reply,) = yield [self.generate(messages, rng)]
        return [*messages, assistant(read_turn(reply, role="assistant", longest=LONGEST_ANSWER))]


def keywords_of(row: Row) -> tuple[str, ...]:
    """Words that an answer may well contain: the longer ones of the topic or keyword, else of the prompt."""
    text = str(row.get("topic") or row.get("keyword") or last_user_text(row))
    words = re.findall(r"[^\W\d_]{4,20}", text[:2000])
    return tuple(dict.fromkeys(word.casefold() for word in words))[:8]


def _joined(row: Row, constraints: Sequence[Constraint]) -> Row:
    messages = [*row["messages"][:-1], user(with_constraints(last_user_text(row), constraints))]
    return _constrained(row, messages, constraints)


def _constrained(row: Row, messages: list[dict[str, str]], constraints: Sequence[Constraint]) -> Row:
    kept = {key: value for key, value in row.items() if key not in ("turn", "next_question")}
    metadata = {"constraints": [as_json(constraint) for constraint in constraints]}
    return prompt_child(kept, messages, "constrained", metadata=metadata)


def _another(row: Row, near: Sequence[Row], rows: Sequence[Row], rng: np.random.Generator) -> str:
    """What is asked next: another prompt, about the same topic where a few draws find one."""
    for pool in (near, rows):
        for place in rng.integers(len(pool), size=DRAWS):
            if (text := last_user_text(pool[place])) != last_user_text(row):
                return text
    return "Go on: what else is there to say about it?"


def _by_topic(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.get("topic", "")), []).append(row)
    return found


_LASTING = "For your answer to this, and for your answers to all questions that I ask after it:"
_REVISE = "Please write your last answer anew, so that it meets the following and keeps what it says:"
