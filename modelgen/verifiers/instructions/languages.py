"""The language of a response: five by their commonest words, four by their script.

Only languages that this can tell apart are offered. A text of few words is in no language as far as this can say.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from modelgen.verifiers.instructions import texts
from modelgen.verifiers.instructions.constraint import Constraint, Material, Part

Language = Literal["English", "German", "French", "Spanish", "Italian", "Greek", "Korean", "Japanese", "Chinese"]
LANGUAGES: tuple[Language, ...] = (
    "English", "German", "French", "Spanish", "Italian", "Greek", "Korean", "Japanese", "Chinese",
)  # fmt: skip

COMMON_WORDS = {
    "English": "the of and to in is that it was for on are with as be at this have from or by not but what you they which can",
    "German": "der die das und ist nicht mit von zu den dem ein eine auf für im sich auch als es an werden aus er hat dass sie bei oder",
    "French": "le la les de des et est un une dans que qui pour pas sur au du ce il elle avec par plus ne nous vous sont mais en",
    "Spanish": "el la los las de y es un una en que por para con no se del al lo como más pero su son este está muy sus",
    "Italian": "il la lo gli le di e è un una in che per con non si del della al come più ma sono questo anche nel i da",
}
_COMMON = {language: frozenset(words.split()) for language, words in COMMON_WORDS.items()}
_SCRIPTS = (
    ("Korean", "HANGUL"),
    ("Greek", "GREEK"),
    ("Japanese", "HIRAGANA"),
    ("Japanese", "KATAKANA"),
    ("Chinese", "CJK"),
)
FEWEST_COMMON = 3
LEAST_SHARE = 0.5
LONGEST_TEXT = 20_000


def language_of(text: str) -> str:
    """One of LANGUAGES, or "" when it cannot be said."""
    plain = re.sub(r"```.*?(?:```|$)", " ", text[:LONGEST_TEXT], flags=re.DOTALL)
    return _by_script(plain) or _by_words(plain)


def _by_script(text: str) -> str:
    scripts = Counter(
        next((language for language, script in _SCRIPTS if name.startswith(script)), "")
        for name in (unicodedata.name(character, "") for character in text if character.isalpha())
    )
    of_script = sum(count for language, count in scripts.items() if language)
    if of_script < LEAST_SHARE * max(1, scripts.total()):
        return ""
    if scripts["Japanese"] >= 0.1 * (scripts["Japanese"] + scripts["Chinese"]) > 0:
        return "Japanese"  # kana stand between the Han characters
    return max((language for language in scripts if language), key=lambda language: scripts[language])


def _by_words(text: str) -> str:
    found = Counter[str]()
    for word in texts.words(text.lower()):
        found.update(language for language, common in _COMMON.items() if word in common)
    ranked = found.most_common(2)
    if not ranked or ranked[0][1] < FEWEST_COMMON or (len(ranked) > 1 and ranked[0][1] < 1.3 * ranked[1][1]):
        return ""
    return ranked[0][0]


@dataclass(frozen=True)
class ResponseLanguage(Constraint):
    language: Language

    kind = "language"
    fixes = Part.LANGUAGE | Part.CASE | Part.COMMAS | Part.LENGTH

    @classmethod
    def drawn(cls, rng: np.random.Generator, material: Material) -> Self:
        return cls(language=LANGUAGES[int(rng.integers(len(LANGUAGES)))])

    def text(self) -> str:
        return f"Write the whole response in {self.language}, in at least three sentences."

    def problem(self, response: str) -> str:
        found = language_of(response)
        if found == self.language:
            return ""
        return f"It is in {found}, not in {self.language}." if found else f"It cannot be told to be in {self.language}."
