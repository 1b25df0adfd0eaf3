"""What a verifiable instruction is, and what the kinds of them share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import ClassVar, Literal, Self

import numpy as np

Relation = Literal["at least", "at most"]


class Part(Flag):
    """What of a text a constraint fixes. Two constraints that fix the same cannot always be met together."""

    LENGTH = auto()
    PARAGRAPHS = auto()
    START = auto()
    END = auto()
    CASE = auto()
    WORDS = auto()  # which words or letters stand in it
    COMMAS = auto()
    MARKS = auto()  # lists, headers, brackets, stars
    LANGUAGE = auto()
    EVERYTHING = LENGTH | PARAGRAPHS | START | END | CASE | WORDS | COMMAS | MARKS | LANGUAGE


@dataclass(frozen=True)
class Material:
    """What the parameters of a constraint may be drawn from: the prompt that it is joined to, and words that belong to it."""

    prompt: str = ""
    keywords: tuple[str, ...] = ()


class CannotDraw(ValueError):
    """This kind has nothing to draw its parameters from."""


@dataclass(frozen=True)
class Constraint(ABC):
    """One verifiable instruction with its parameters, which are the fields of its class."""

    kind: ClassVar[str]
    fixes: ClassVar[Part]

    @classmethod
    @abstractmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        """With parameters drawn at random. Raises CannotDraw."""

    @abstractmethod
    def text(self) -> str:
        """How it is said to a model: one or two sentences."""

    @abstractmethod
    def problem(self, response: str) -> str:
        """Why a response (never an empty one) does not meet it, as a sentence; "" when it does."""


def is_within(count: int, relation: str, wanted: int) -> bool:
    return count >= wanted if relation == "at least" else count <= wanted


def counted(count: int, one: str, many: str = "") -> str:
    """1 word, 2 words."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def drawn_from(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def drawn_relation(rng: np.random.Generator) -> Relation:
    return "at least" if rng.random() < 0.5 else "at most"


def drawn_keywords(rng: np.random.Generator, material: Material, most: int) -> tuple[str, ...]:
    """One to `most` of the material's keywords. Raises CannotDraw."""
    usable = sorted({word.strip() for word in material.keywords if word.strip()})
    if not usable:
        raise CannotDraw("There are no keywords to draw from; give some with the prompt.")
    count = int(rng.integers(1, min(most, len(usable)) + 1))
    return tuple(usable[place] for place in sorted(rng.choice(len(usable), size=count, replace=False)))
