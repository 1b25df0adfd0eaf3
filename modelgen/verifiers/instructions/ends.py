"""How a response begins and ends, and responses that are one of a few."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from modelgen.options import Between
from modelgen.verifiers.instructions import texts
from modelgen.verifiers.instructions.constraint import CannotDraw, Constraint, Material, Part, drawn_from

Phrase = Annotated[str, Between(1, 300)]
LAST_PHRASES = (
    "That is all there is to it.",
    "Is there anything else you want to know?",
    "I hope this is of use.",
    "More on that another day.",
)
FIRST_PHRASES = ("Let me put it like this:", "Here is what I think:", "To begin with", "In short:")
CHOICES = (("Yes.", "No.", "Maybe."), ("It is true.", "It is false.", "Nobody knows."), ("Agreed.", "Not agreed."))
LONGEST_PROMPT = 20_000


@dataclass(frozen=True)
class EndPhrase(Constraint):
    phrase: Phrase

    kind = "end-phrase"
    fixes = Part.END | Part.CASE | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(phrase=drawn_from(rng, LAST_PHRASES))

    def text(self) -> str:
        return f'End the response with exactly these words, and nothing after them: "{self.phrase}"'

    def problem(self, response: str) -> str:
        end = response.strip().rstrip('"\u201d')
        return (
            "" if end.casefold().endswith(self.phrase.strip().casefold()) else f"It does not end with {self.phrase!r}."
        )


@dataclass(frozen=True)
class StartPhrase(Constraint):
    phrase: Phrase

    kind = "start-phrase"
    fixes = Part.START | Part.CASE | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(phrase=drawn_from(rng, FIRST_PHRASES))

    def text(self) -> str:
        return f'Begin the response with exactly these words: "{self.phrase}"'

    def problem(self, response: str) -> str:
        start = response.strip().lstrip('"\u201c')
        if start.casefold().startswith(self.phrase.strip().casefold()):
            return ""
        return f"It does not begin with {self.phrase!r}."


@dataclass(frozen=True)
class Postscript(Constraint):
    marker: Literal["P.S.", "P.P.S."]

    kind = "postscript"
    fixes = Part.END | Part.CASE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(marker="P.S." if rng.random() < 0.5 else "P.P.S.")

    def text(self) -> str:
        return f"Add a postscript at the end, on a line that begins with {self.marker}"

    def problem(self, response: str) -> str:
        lines = [line.strip(" \t*_") for line in response.strip().splitlines()]
        place = next((place for place, line in enumerate(lines) if line.startswith(self.marker)), None)
        if place is None:
            return f"No line of it begins with {self.marker}"
        if place == 0:
            return "It has nothing before the postscript."
        return (
            ""
            if texts.words(" ".join([lines[place][len(self.marker) :], *lines[place + 1 :]]))
            else "Its postscript is empty."
        )


@dataclass(frozen=True)
class Quotation(Constraint):
    kind = "quotation"
    fixes = Part.START | Part.END

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls()

    def text(self) -> str:
        return "Put the whole response between double quotation marks."

    def problem(self, response: str) -> str:
        plain = response.strip()
        if len(plain) > 2 and plain[0] in '"\u201c\u201e\u00ab' and plain[-1] in '"\u201d\u201c\u00bb':
            return ""
        return "It does not stand between double quotation marks."


@dataclass(frozen=True)
class RepeatPrompt(Constraint):
    prompt: Annotated[str, Between(1, LONGEST_PROMPT)]

    kind = "repeat-prompt"
    fixes = (
        Part.START | Part.CASE | Part.WORDS | Part.COMMAS | Part.LENGTH | Part.PARAGRAPHS | Part.MARKS | Part.LANGUAGE
    )

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        if not 0 < len(material.prompt.strip()) <= LONGEST_PROMPT:
            raise CannotDraw(f"There is no prompt to repeat, or one of more than {LONGEST_PROMPT} characters.")
        return cls(prompt=material.prompt.strip())

    def text(self) -> str:
        return f"First repeat the request below word for word, without a change, then respond to it.\n\n{self.prompt}"

    def problem(self, response: str) -> str:
        said, wanted = " ".join(response.split()).casefold(), " ".join(self.prompt.split()).casefold()
        if not said.startswith(wanted):
            return "It does not begin with the request."
        return "" if said != wanted else "It only repeats the request."


@dataclass(frozen=True)
class Options(Constraint):
    options: Annotated[tuple[Phrase, ...], Between(2, 20)]

    kind = "options"
    fixes = Part.EVERYTHING

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(options=CHOICES[int(rng.integers(len(CHOICES)))])

    def text(self) -> str:
        quoted = [texts.in_quotes(option) for option in self.options]
        return f"Answer with one of these, and nothing else: {', '.join(quoted[:-1])} or {quoted[-1]}"

    def problem(self, response: str) -> str:
        said = _bare(response)
        return "" if said in map(_bare, self.options) else "It is none of the answers that are allowed."


def _bare(text: str) -> str:
    return text.strip().strip('"\u201c\u201d').strip().removesuffix(".").casefold()
