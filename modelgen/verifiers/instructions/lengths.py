"""How long a response is, and of what parts."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from modelgen.options import Between
from modelgen.verifiers.instructions import texts
from modelgen.verifiers.instructions.constraint import (
    Constraint,
    Material,
    Part,
    Relation,
    counted,
    drawn_from,
    drawn_relation,
    is_within,
)

AROUND = 0.1
"""A response of "around" n words has within a tenth of n."""


@dataclass(frozen=True)
class WordCount(Constraint):
    relation: Literal["at least", "at most", "around"]
    count: Annotated[int, Between(1, 100_000)]

    kind = "word-count"
    fixes = Part.LENGTH

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        relation: Literal["at least", "at most", "around"] = ("at least", "at most", "around")[int(rng.integers(3))]
        return cls(relation=relation, count=int(rng.integers(4, 31)) * 10)

    def text(self) -> str:
        margin = f" (no more than {AROUND:.0%} away from that)" if self.relation == "around" else ""
        return f"Write {self.relation} {counted(self.count, 'word')}{margin}."

    def problem(self, response: str) -> str:
        count = len(texts.words(response))
        if self.relation == "around":
            is_met = abs(count - self.count) <= self.count * AROUND
        else:
            is_met = is_within(count, self.relation, self.count)
        return "" if is_met else f"It has {counted(count, 'word')}, not {self.relation} {self.count}."


@dataclass(frozen=True)
class SentenceCount(Constraint):
    relation: Relation
    count: Annotated[int, Between(1, 10_000)]

    kind = "sentence-count"
    fixes = Part.LENGTH

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(relation=drawn_relation(rng), count=int(rng.integers(3, 16)))

    def text(self) -> str:
        return f"Use {self.relation} {counted(self.count, 'sentence')}."

    def problem(self, response: str) -> str:
        count = texts.sentence_count(response)
        if is_within(count, self.relation, self.count):
            return ""
        return f"It has {counted(count, 'sentence')}, not {self.relation} {self.count}."


@dataclass(frozen=True)
class ParagraphCount(Constraint):
    count: Annotated[int, Between(1, 1000)]

    kind = "paragraph-count"
    fixes = Part.LENGTH | Part.PARAGRAPHS | Part.MARKS
    separator = "***"

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(count=int(rng.integers(2, 7)))

    def text(self) -> str:
        return (
            f"Divide the response into exactly {counted(self.count, 'paragraph')}, with a line that holds only "
            f"{self.separator} between one paragraph and the next."
        )

    def problem(self, response: str) -> str:
        found = texts.parts(response, self.separator)
        if not all(found):
            return "One of its paragraphs is empty."
        if len(found) == self.count:
            return ""
        return f"It has {counted(len(found), 'paragraph')} between lines of {self.separator}, not {self.count}."


FIRST_WORDS = ("however", "today", "people", "sometimes", "nobody", "look", "first", "water", "imagine", "yesterday")


@dataclass(frozen=True)
class ParagraphFirstWord(Constraint):
    count: Annotated[int, Between(1, 1000)]
    place: Annotated[int, Between(1, 1000)]
    word: Annotated[str, Between(1, 60)]

    kind = "paragraph-first-word"
    fixes = Part.LENGTH | Part.PARAGRAPHS | Part.START | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        count = int(rng.integers(2, 7))
        return cls(count=count, place=int(rng.integers(1, count + 1)), word=drawn_from(rng, FIRST_WORDS))

    def text(self) -> str:
        return (
            f"Write exactly {counted(self.count, 'paragraph')} with a blank line between them. Paragraph {self.place} "
            f'must begin with the word "{self.word}".'
        )

    def problem(self, response: str) -> str:
        found = texts.paragraphs(response)
        if len(found) != self.count:
            return f"It has {counted(len(found), 'paragraph')}, not {self.count}."
        first = next(iter(texts.words(found[self.place - 1])), "") if self.place <= len(found) else ""
        if first.casefold() == self.word.casefold():
            return ""
        return f"Paragraph {self.place} begins with {first[:60]!r}, not with {self.word!r}."


@dataclass(frozen=True)
class TwoResponses(Constraint):
    kind = "two-responses"
    fixes = Part.PARAGRAPHS | Part.START | Part.END | Part.LENGTH | Part.MARKS
    separator = "******"

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls()

    def text(self) -> str:
        return f"Give two different responses, and nothing else, with a line between them that holds only {self.separator}."

    def problem(self, response: str) -> str:
        found = texts.parts(response, self.separator)
        if len(found) != 2 or not all(found):
            return f"It has {counted(len([each for each in found if each]), 'response')}, not 2."
        return "" if found[0] != found[1] else "Its two responses are the same."
