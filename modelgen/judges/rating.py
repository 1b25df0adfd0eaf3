"""`llm-rating`: a language model rates each attribute by itself, as a distribution over its levels.

The rubric's own words stand behind every level. A level is answered as one letter or digit, so that its probability can be
read from the first token alone; the expectation of the distribution, rounded, is the rating: it agrees better with people
than the likeliest level does (2503.03064).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Annotated, Any

import numpy as np

from consensus.saying import said
from modelgen.asking import Asking, NothingToSay
from modelgen.engines.protocol import Call, Reply
from modelgen.judges.answers import AnswerForm, Heard, Thinking
from modelgen.judges.levels import expected, stands_for
from modelgen.judges.prompts import Shown, rating_prompt, shown
from modelgen.judges.question import Attribute, Place, Question, Said
from modelgen.options import plain

MOST_LEVELS = len(ascii_uppercase)
FIRST, SECOND = "the first response", "the second response"


@dataclass(frozen=True)
class RatingOptions:
    compares: Annotated[bool, said("also rate comparison attributes, in both orders")] = False
    thinking: Annotated[Thinking | None, said("sample texts that think before the rating")] = None


@dataclass(frozen=True)
class _Asked:
    """One place, and the prompts about it: one, or two in either order of the responses."""

    attribute: Attribute
    response: int | None
    shown: tuple[Mapping[int, str], ...]  # for each prompt the places of the responses in it, and their names
    form: AnswerForm
    seed: int

    @property
    def place(self) -> Place:
        return self.attribute.name, self.response


class RatingJudge:
    """See above. Judges attributes of responses and of samples; with `compares` comparisons too, of exactly two responses.

    A comparison is asked in both orders, each answer turned back to the sample's order (level v becomes -v), and the mean
    of both is what it says; it is unsure when the two expectations have different signs.

    Details: `ratings`, a list of `attribute`, `response`, `expectation` and, for each prompt, `on_labels` or `counts` as in
    `answers`; `left_out`, by attribute, why nothing was said of it.
    """

    kind = "llm-rating"
    version = 1

    def __init__(self, options: RatingOptions, role: str = "judge") -> None:
        self._options = options
        self._role = role
        self.models = frozenset({role})
        self.configuration: Mapping[str, Any] = {"version": self.version, "options": plain(options)}

    def asking(self, question: Question, rng: np.random.Generator) -> Asking[Said]:
        """One call a place (two for a comparison), all at the same time. Raises CannotParse, NothingToSay."""
        left_out = {a.name: why for a in question.attributes if (why := self._why_not(a, question))}
        rated = [attribute for attribute in question.attributes if attribute.name not in left_out]
        if not rated:
            raise NothingToSay("There is nothing to rate. " + " ".join(left_out.values()))
        texts = shown(question, rng)
        asked = [about for attribute in rated for about in self._asked(attribute, question, rng)]
        replies = iter((yield [call for about in asked for call in self._calls(texts, about)]))
        heard = [(about, _heard(about, [next(replies) for _ in about.shown])) for about in asked]
        return _said(heard, left_out)

    def _why_not(self, attribute: Attribute, question: Question) -> str:
        """Why this attribute is left out; empty when it is not."""
        if len(attribute.levels) > MOST_LEVELS:
            return f"{attribute.title} has {len(attribute.levels)} levels; {MOST_LEVELS} letters are all there are."
        if attribute.scope == "response":
            return "" if question.responses else "The sample has no response."
        return self._why_not_compared(attribute, question) if attribute.scope == "comparison" else ""

    def _why_not_compared(self, attribute: Attribute, question: Question) -> str:
        if not self._options.compares:
            return f"{attribute.title} is a comparison: a comparing judge asks for it, or the option compares."
        if len(question.responses) != 2:
            return f"{attribute.title} compares two responses; this sample has {len(question.responses)}."
        if any(-level not in attribute.levels for level in attribute.levels):
            return f"{attribute.title} has levels that are not symmetric about 0, so the orders cannot be joined."
        return ""

    def _asked(self, attribute: Attribute, question: Question, rng: np.random.Generator) -> list[_Asked]:
        form = AnswerForm("Rating", level_labels(attribute.levels), self._options.thinking)
        seed = int(rng.integers(2**31))
        return [
            _Asked(attribute, response, prompts, form, seed)
            for response, prompts in _prompts_of(attribute, len(question.responses))
        ]

    def _calls(self, texts: Shown, about: _Asked) -> list[Call]:
        prompts = [rating_prompt(texts, named, about.attribute, about.form) for named in about.shown]
        return [about.form.call(self._role, prompt, about.seed) for prompt in prompts]


def _prompts_of(attribute: Attribute, count: int) -> list[tuple[int | None, tuple[Mapping[int, str], ...]]]:
    """For each place of an attribute the prompts about it: the places of the responses in each, and their names."""
    if attribute.scope == "response":
        return [(place, ({place: "the response"},)) for place in range(count)]
    if attribute.scope == "comparison":
        return [(None, ({0: FIRST, 1: SECOND}, {1: FIRST, 0: SECOND}))]
    return [(None, ({place: f"response {place + 1}" for place in range(count)},))]


def level_labels(levels: Sequence[int]) -> tuple[str, ...]:
    """What stands for each level, one token in every vocabulary: its digit, or letters when a level has none.

    >>> level_labels([0, 1, 2]), level_labels([-1, 0, 1])
    (('0', '1', '2'), ('A', 'B', 'C'))
    """
    if all(0 <= level <= 9 for level in levels):
        return tuple(map(str, levels))
    return tuple(ascii_uppercase[: len(levels)])


@dataclass(frozen=True)
class _Rated:
    """A place's distribution over its levels."""

    probabilities: tuple[float, ...]
    notes: list[dict[str, Any]]
    is_unsure: bool


def _heard(about: _Asked, replies: Sequence[Reply]) -> _Rated:
    where = "" if about.response is None else f" of response {about.response + 1}"
    heard = [about.form.read(reply, asked=about.attribute.title + where) for reply in replies]
    rows = [_row(each, about.form.labels) for each in heard]
    notes = [dict(each.notes) for each in heard]
    if len(rows) == 1:
        return _Rated(rows[0], notes, is_unsure=False)
    given, swapped = rows[0], rows[1][::-1]
    signs = {np.sign(round(expected(row, about.attribute.levels), 9)) for row in (given, swapped)}
    mean = tuple((one + other) / 2 for one, other in zip(given, swapped, strict=True))
    return _Rated(mean, notes, is_unsure=len(signs) > 1)


def _row(heard: Heard, labels: Sequence[str]) -> tuple[float, ...]:
    return tuple(heard.shares[label] for label in labels)


def _said(heard: Sequence[tuple[_Asked, _Rated]], left_out: Mapping[str, str]) -> Said:
    return Said(
        probabilities={about.place: rated.probabilities for about, rated in heard},
        values={about.place: stands_for(rated.probabilities, about.attribute) for about, rated in heard},
        details={"ratings": [_details(about, rated) for about, rated in heard], "left_out": dict(left_out)},
        is_unsure=any(rated.is_unsure for _, rated in heard),
    )


def _details(about: _Asked, rated: _Rated) -> dict[str, Any]:
    return {
        "attribute": about.attribute.name,
        "response": about.response,
        "expectation": round(expected(rated.probabilities, about.attribute.levels), 6),
        "prompts": rated.notes,
    }
