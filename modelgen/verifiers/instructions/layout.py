"""How a response is laid out: lists, highlights, headers, placeholders, a title, JSON."""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from modelgen.options import Between
from modelgen.verifiers.instructions import texts
from modelgen.verifiers.instructions.constraint import Constraint, Material, Part, counted, drawn_from

LONGEST_JSON = 200_000


@dataclass(frozen=True)
class BulletCount(Constraint):
    count: Annotated[int, Between(1, 1000)]

    kind = "bullet-count"
    fixes = Part.MARKS

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(count=int(rng.integers(2, 8)))

    def text(self) -> str:
        return f"Include a list of exactly {counted(self.count, 'bullet point')}, each on a line that begins with '* '."

    def problem(self, response: str) -> str:
        count = texts.bullet_count(response)
        return "" if count == self.count else f"It has {counted(count, 'bullet point')}, not {self.count}."


@dataclass(frozen=True)
class HighlightCount(Constraint):
    count: Annotated[int, Between(1, 1000)]

    kind = "highlight-count"
    fixes = Part.MARKS

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(count=int(rng.integers(1, 6)))

    def text(self) -> str:
        return f"Put at least {counted(self.count, 'stretch', 'stretches')} of the text between stars, *like this*."

    def problem(self, response: str) -> str:
        count = texts.highlight_count(response)
        return "" if count >= self.count else f"It has {counted(count, 'highlight')}, not at least {self.count}."


@dataclass(frozen=True)
class SectionCount(Constraint):
    header: Annotated[str, Between(1, 60)]
    count: Annotated[int, Between(1, 1000)]

    kind = "section-count"
    fixes = Part.LENGTH | Part.PARAGRAPHS | Part.MARKS | Part.START | Part.CASE | Part.LANGUAGE

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(header=drawn_from(rng, ("Section", "Part", "Chapter", "Step")), count=int(rng.integers(2, 6)))

    def text(self) -> str:
        return (
            f"Divide the response into {counted(self.count, 'section')}. Each begins with a line of its own that says "
            f'"{self.header}" and its number, as in "{self.header} 1".'
        )

    def problem(self, response: str) -> str:
        pattern = rf"^[#*\s]{{0,8}}{re.escape(self.header)} +(\d{{1,4}})\b"
        numbers = [int(number) for number in re.findall(pattern, response, flags=re.MULTILINE | re.IGNORECASE)]
        if numbers == list(range(1, self.count + 1)):
            return ""
        return f"Its sections are numbered {', '.join(map(str, numbers[:20])) or 'nowhere'}, not 1 to {self.count}."


@dataclass(frozen=True)
class PlaceholderCount(Constraint):
    count: Annotated[int, Between(1, 1000)]

    kind = "placeholder-count"
    fixes = Part.MARKS

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(count=int(rng.integers(1, 6)))

    def text(self) -> str:
        return f"Include at least {counted(self.count, 'placeholder')} in square brackets, such as [address]."

    def problem(self, response: str) -> str:
        count = texts.placeholder_count(response)
        return "" if count >= self.count else f"It has {counted(count, 'placeholder')}, not at least {self.count}."


@dataclass(frozen=True)
class Title(Constraint):
    kind = "title"
    fixes = Part.START

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls()

    def text(self) -> str:
        return "Give the response a title in double angular brackets, such as <<a joyful day>>."

    def problem(self, response: str) -> str:
        found = re.search(r"<<[^<>\n]{0,300}[^<>\n\s][^<>\n]{0,300}>>", response)
        return "" if found else "It has no title in double angular brackets."


@dataclass(frozen=True)
class JsonOnly(Constraint):
    kind = "json-only"
    fixes = Part.EVERYTHING

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls()

    def text(self) -> str:
        return "The whole response must be one JSON object or list; a fence of backticks around it is allowed."

    def problem(self, response: str) -> str:
        plain = _without_fence(response.strip())
        if len(plain) > LONGEST_JSON:
            return f"It has more than {LONGEST_JSON} characters."
        try:
            value = json.loads(plain)
        except (ValueError, RecursionError):
            return "It is not JSON."
        return "" if isinstance(value, dict | list) else "It is JSON, but neither an object nor a list."


def _without_fence(text: str) -> str:
    first, _, rest = text.partition("\n")
    if first.strip().lower() in ("```", "```json") and rest.endswith("```"):
        return rest.removesuffix("```")
    return text
