"""Code in colours: comments, strings, numbers, keywords and names, each a class. static/css/prose.css has the colours.

A scanner of our own: it goes through the code once, whatever it holds. The lexers of a large library are sets of regular
expressions that the text chooses among; some take seconds over a few thousand line ends.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from annotation.rendering.languages import LANGUAGES, NAMES, Language
from annotation.rendering.visible import as_written

CLASSES = frozenset({"c-comment", "c-string", "c-number", "c-keyword", "c-name", "c-inserted", "c-deleted"})

LONGEST = 20_000

_NUMBER = r"\d[\w.]*"
_WORD = r"[^\W\d][\w]*"
_DIFF_LINES = {"+": "c-inserted", "-": "c-deleted", "@": "c-comment"}


def coloured(code: str, language: str) -> str:
    """The code as HTML; without colours where its language is unknown, or where it is longer than anybody reads."""
    name = language.lower()
    if len(code) > LONGEST:
        return as_written(code)
    if name == "diff":
        return "\n".join(_span(_DIFF_LINES.get(line[:1], ""), line) for line in code.split("\n"))
    known = LANGUAGES.get(NAMES.get(name, name))
    return "".join(_words(code, known)) if known else as_written(code)


def _words(code: str, language: Language) -> Iterator[str]:
    end = 0
    for found in _scanner(language).finditer(code):
        yield as_written(code[end : found.start()])
        end = found.end()
        yield _span(_class_of(found, code[end : end + 1], language), found[0])
    yield as_written(code[end:])


def _span(name: str, text: str) -> str:
    return f'<span class="{name}">{as_written(text)}</span>' if name and text else as_written(text)


def _class_of(found: re.Match[str], following: str, language: Language) -> str:
    if found.lastgroup != "word":
        is_key = found.lastgroup == "string" and following and following in language.keys
        return "c-name" if is_key else f"c-{found.lastgroup}"
    word = found[0].lower() if language.ignores_case else found[0]
    if word in language.keywords or word[0] in language.sigils:
        return "c-keyword"
    return "c-name" if following and following in language.keys else ""


@lru_cache(maxsize=64)
def _scanner(language: Language) -> re.Pattern[str]:
    """One expression for a language. Each part knows by its first letters whether it fits, and then takes all of it."""
    sigils = f"[{re.escape(language.sigils)}]?" if language.sigils else ""
    parts = {
        "comment": language.comments,
        "string": language.strings,
        "number": _NUMBER,
        "word": f"{sigils}{language.word or _WORD}",
    }
    return re.compile("|".join(f"(?P<{name}>{part})" for name, part in parts.items() if part), re.DOTALL)
