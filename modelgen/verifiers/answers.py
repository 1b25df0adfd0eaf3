"""Final answers: found in a response, and compared with the right one.

Three kinds. `exact`: the same words, but for case, spaces, punctuation and articles. `numeric`: the same number, however it
is written, within a tolerance when there is one. `algebraic`: the same expression, set, interval or equation; LaTeX or plain.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from modelgen.verifiers.apart import ProgramEnded, Programs, TookTooLong
from modelgen.verifiers.verdict import Verdict
from modelgen.verifiers.written_numbers import Number, numbers_in, read_number

ANSWER_KINDS = ("exact", "numeric", "algebraic")
LONGEST_RESPONSE = 50_000
LONGEST_LINE = 2_000
MOST_BOXES = 20
"""Of longer ones the end is read: patterns on hostile text must not take for ever."""

ALGEBRA = Programs(Path(__file__).with_name("algebra_program.py"))

_END_OF_THOUGHTS = "</think>"
_ANNOUNCED = re.compile(
    r"(?:(?:final\s+)?answer\s*(?:is|:|=)|^\s*#{4})[ \t]*[:=]?[ \t*_]*(?P<answer>[^\n]+)", re.IGNORECASE | re.MULTILINE
)
_INLINE_MATHEMATICS = re.compile(r"\$([^$\n]+)\$|\\\(([^\n]+?)\\\)|\\\[([^\n]+?)\\\]")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


class UnknownAnswerKind(ValueError):
    """There is no such kind of answer."""


@dataclass(frozen=True)
class RightAnswer:
    """What is right: one of several texts. tolerance: how far a number may be off, absolute, or relative to the right one
    (whichever allows more). Raises UnknownAnswerKind."""

    texts: tuple[str, ...]
    kind: str = "exact"
    tolerance: float = 0.0
    relative_tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ANSWER_KINDS:
            raise UnknownAnswerKind(f"There is no kind of answer {self.kind!r}. Use one of: {', '.join(ANSWER_KINDS)}.")


def check_answer(response: str, right: RightAnswer, algebra: Programs = ALGEBRA) -> Verdict:
    """Whether the final answer of a response is right; one of several right texts is enough."""
    given = final_answer(response, right.kind)
    if not given:
        return Verdict(False, "The response gives no answer.")
    compare: Callable[[str, str], Verdict] = {
        "exact": _exact,
        "numeric": lambda a, b: _numeric(a, b, right),
        "algebraic": lambda a, b: _algebraic(a, b, algebra),
    }[right.kind]
    return _any_of([compare(text, given) for text in right.texts])


def final_answer(response: str, kind: str = "exact") -> str:
    r"""The final answer of a response; "" when there is none.

    Where it is looked for: the last \boxed{...}; else what follows the last "answer is", "answer:" or "####" on its line; else
    the last line that is not empty. In such a line stands a numeric answer as the number after the last "=", or the first
    after "answer is", or else the last of the whole response; an algebraic one as the last mathematics between dollar signs
    or \( \), or after the last "is"; an exact one as all of it. What stands before </think> is left out.
    """
    text = response[-LONGEST_RESPONSE:].rpartition(_END_OF_THOUGHTS)[2]
    if boxed := last_boxed(text):
        return boxed
    announced = list(_ANNOUNCED.finditer(text))
    found = _bare(announced[-1]["answer"]) if announced else ""
    if kind == "numeric":
        return _announced_number(found) or next(reversed(numbers_in(text)), "")
    line = (found or _bare(_last_line(text)))[-LONGEST_LINE:]
    return _mathematics_in(line) if kind == "algebraic" else line


def _announced_number(line: str) -> str:
    if read_number(line):
        return line
    return next(iter(numbers_in(line.rpartition("=")[2])), "")


def _mathematics_in(line: str) -> str:
    if inline := _INLINE_MATHEMATICS.findall(line):
        return next(part for part in inline[-1] if part).strip()
    return _bare(re.split(r"\bis\b", line)[-1])


def last_boxed(text: str) -> str:
    r"""What stands in the last \boxed{...} or \fbox{...} whose brackets are closed."""
    starts = [found.end() for found in re.finditer(r"\\f?box(?:ed)?\s{0,3}\{", text)]
    for start in reversed(starts[-MOST_BOXES:]):
        if (end := _closing(text, start)) is not None:
            return text[start:end].strip()
    return ""


def _closing(text: str, start: int) -> int | None:
    depth = 1
    for place, character in enumerate(text[start : start + 5000], start):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return place
    return None


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")


def _bare(text: str) -> str:
    return text.lstrip("*_` \t").rstrip("*_`. \t\r")


def _any_of(verdicts: Sequence[Verdict]) -> Verdict:
    by_worth = sorted(verdicts, key=lambda verdict: {True: 0, None: 1, False: 2}[verdict.is_met])
    return by_worth[0] if by_worth else Verdict(None, "No right answer is known.")


# --- exact ------------------------------------------------------------------------------------------------------
def _exact(right: str, given: str) -> Verdict:
    if normalised(right) == normalised(given):
        return Verdict(True)
    return Verdict(False, f"The answer is {_short(given)}, not {_short(right)}.")


def normalised(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces; the text itself when nothing would be left."""
    lower = unicodedata.normalize("NFKC", text).casefold().strip()
    words = "".join(" " if unicodedata.category(character)[0] in "PZC" else character for character in lower)
    return " ".join(_ARTICLES.sub(" ", words).split()) or lower


# --- numeric ----------------------------------------------------------------------------------------------------
def _numeric(right_text: str, given_text: str, right: RightAnswer) -> Verdict:
    wanted, given = read_number(right_text), read_number(given_text)
    if wanted is None:
        return Verdict(None, f"The right answer {_short(right_text)} cannot be read as a number.")
    if given is None:
        return Verdict(False, f"The answer {_short(given_text)} is not a number.")
    if wanted.unit and given.unit and wanted.unit != given.unit:
        return Verdict(None, f"The answer is in {given.unit!r}, the right one in {wanted.unit!r}.")
    if _is_near(wanted, given, right):
        return Verdict(True)
    return Verdict(False, f"The answer is {_short(given_text)}, not {_short(right_text)}.")


def _is_near(wanted: Number, given: Number, right: RightAnswer) -> bool:
    # Both with a per cent sign, or both without: as written. Only one: with the sign as hundredths, or as if it were left out.
    pairs = (
        [(wanted.value, given.value)]
        if wanted.is_percent == given.is_percent
        else [(a, b) for a in wanted.readings for b in given.readings]
    )
    return any(abs(a - b) <= _allowance(a, right) for a, b in pairs)


def _allowance(wanted: Fraction, right: RightAnswer) -> Fraction:
    return max(Fraction(right.tolerance), abs(wanted) * Fraction(right.relative_tolerance))


# --- algebraic --------------------------------------------------------------------------------------------------
def _algebraic(right: str, given: str, algebra: Programs) -> Verdict:
    if right.strip() == given.strip():
        return Verdict(True)
    try:
        said = algebra.answer({"right": right, "given": given})
    except TookTooLong:
        return Verdict(None, f"Comparing {_short(given)} took too long.")
    except ProgramEnded as ended:
        return Verdict(None, str(ended))
    if "problem" in said:
        return Verdict(None, str(said["problem"]))
    return Verdict(True) if said["same"] else Verdict(False, f"The answer is {_short(given)}, not {_short(right)}.")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
