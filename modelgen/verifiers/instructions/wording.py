"""Which words, letters and marks stand in a response, and in which case."""

from dataclasses import dataclass
from typing import Annotated, Self

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
    drawn_keywords,
    drawn_relation,
    is_within,
)

Word = Annotated[str, Between(1, 100)]
FREQUENT_LETTERS = "etaoinshrdl"
COMMAS = ",\uff0c\u060c\u3001\ufe50"


@dataclass(frozen=True)
class KeywordsIncluded(Constraint):
    words: Annotated[tuple[Word, ...], Between(1, 20)]

    kind = "keywords-included"
    fixes = Part.WORDS | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(words=drawn_keywords(rng, material, most=3))

    def text(self) -> str:
        return f"Use the {'words' if len(self.words) > 1 else 'word'} {texts.listed(self.words)}."

    def problem(self, response: str) -> str:
        missing = tuple(word for word in self.words if not texts.occurrences(word, response))
        return f"It does not use {texts.listed(missing)}." if missing else ""


@dataclass(frozen=True)
class KeywordsForbidden(Constraint):
    words: Annotated[tuple[Word, ...], Between(1, 20)]

    kind = "keywords-forbidden"
    fixes = Part.WORDS | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(words=drawn_keywords(rng, material, most=3))

    def text(self) -> str:
        return f"Do not use the {'words' if len(self.words) > 1 else 'word'} {texts.listed(self.words)}."

    def problem(self, response: str) -> str:
        used = tuple(word for word in self.words if texts.occurrences(word, response))
        return f"It uses {texts.listed(used)}." if used else ""


@dataclass(frozen=True)
class KeywordFrequency(Constraint):
    word: Word
    relation: Relation
    count: Annotated[int, Between(1, 1000)]

    kind = "keyword-frequency"
    fixes = Part.WORDS | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        (word,) = drawn_keywords(rng, material, most=1)
        return cls(word=word, relation=drawn_relation(rng), count=int(rng.integers(2, 6)))

    def text(self) -> str:
        return f'Use the word "{self.word}" {self.relation} {counted(self.count, "time")}.'

    def problem(self, response: str) -> str:
        count = texts.occurrences(self.word, response)
        if is_within(count, self.relation, self.count):
            return ""
        return f"It uses {self.word!r} {counted(count, 'time')}, not {self.relation} {self.count}."


@dataclass(frozen=True)
class LetterFrequency(Constraint):
    letter: Annotated[str, Between(1, 1)]
    relation: Relation
    count: Annotated[int, Between(1, 10_000)]

    kind = "letter-frequency"
    fixes = Part.WORDS | Part.LENGTH | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(
            letter=drawn_from(rng, FREQUENT_LETTERS), relation=drawn_relation(rng), count=int(rng.integers(10, 61))
        )

    def text(self) -> str:
        return f'Let the letter "{self.letter}" occur {self.relation} {counted(self.count, "time")}, in either case.'

    def problem(self, response: str) -> str:
        count = response.casefold().count(self.letter.casefold())
        if is_within(count, self.relation, self.count):
            return ""
        return f"The letter {self.letter!r} occurs {counted(count, 'time')}, not {self.relation} {self.count}."


@dataclass(frozen=True)
class NoCommas(Constraint):
    kind = "no-commas"
    fixes = Part.COMMAS

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls()

    def text(self) -> str:
        return "Use no commas anywhere in the response."

    def problem(self, response: str) -> str:
        count = sum(response.count(comma) for comma in COMMAS)
        return f"It has {counted(count, 'comma')}." if count else ""


@dataclass(frozen=True)
class LowerCase(Constraint):
    kind = "lower-case"
    fixes = Part.CASE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls()

    def text(self) -> str:
        return "Write everything in lower case, without a single capital letter."

    def problem(self, response: str) -> str:
        capital = next((character for character in response if character.isupper()), "")
        if capital:
            return f"It has the capital letter {capital!r}."
        return "" if any(map(str.islower, response)) else "It has no letters that are in lower case."


@dataclass(frozen=True)
class UpperCase(Constraint):
    kind = "upper-case"
    fixes = Part.CASE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls()

    def text(self) -> str:
        return "Write everything in capital letters."

    def problem(self, response: str) -> str:
        small = next((character for character in response if character.islower()), "")
        if small:
            return f"It has the small letter {small!r}."
        return "" if any(map(str.isupper, response)) else "It has no capital letters."


@dataclass(frozen=True)
class CapitalWords(Constraint):
    relation: Relation
    count: Annotated[int, Between(1, 1000)]

    kind = "capital-words"
    fixes = Part.CASE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(relation=drawn_relation(rng), count=int(rng.integers(2, 9)))

    def text(self) -> str:
        return f"Write {self.relation} {counted(self.count, 'word')} in all capital letters."

    def problem(self, response: str) -> str:
        count = len(texts.capital_words(response))
        if is_within(count, self.relation, self.count):
            return ""
        return f"It has {counted(count, 'word')} in all capitals, not {self.relation} {self.count}."
