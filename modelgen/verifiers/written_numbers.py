"""Numbers as people and models write them: 1,234.5; 3/4; 1 1/2; 12 %; 1.2e3; 6.02 x 10^23; $5; 12 km."""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

MOST_DIGITS = 400

_PLAIN_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2044": "/", "\u00a0": " ", "\u202f": " ", "\u2019": "'"})
_MONEY = "$\u20ac\u00a3\u00a5"
_SIGN = rf"(?<![\w.^])(?P<currency>[{_MONEY}]?) ?(?P<sign>(?<!\w)(?<!\))[-+])? ?(?P<before>[{_MONEY}]?) ?(?<![\w.^])"
_FRACTION = r"(?P<whole>\d{1,9} {1,3})?(?P<top>\d{1,18}) ?/ ?(?P<bottom>\d{1,18})(?![\d.,]*/)"
_POWER = (
    r"(?:[eE](?P<exponent>[-+]?\d{1,3})\b"
    r"| ?(?:x|\*|\u00d7|\u22c5|\\times|\\cdot) ?10 ?\^ ?\{?(?P<power>[-+]?\d{1,3})\}?)?"
)
_UNIT = (
    r"(?P<unit>\s*\\?%|\s*\u00b0|(?![eE][-+]?\d)\s*[A-Za-z\u00b0\u00b5\u03bc\u03a9]"
    r"[\w\u00b0\u00b5\u03bc\u03a9/^*\u00b2\u00b3-]{0,23}(?:\s[A-Za-z]{1,12})?)?"
)


def _pattern(marks: str) -> str:
    """A number whose groups of three digits may be apart by one of these marks."""
    grouped = rf"\d{{1,3}}(?P<mark>[{marks}])\d{{3}}(?:(?P=mark)\d{{3}})*(?![\d,])(?:\.\d+)?"
    return rf"{_SIGN}(?:{_FRACTION}|(?P<digits>{grouped}|\d+,\d+(?![\d,])|\d+(?:\.\d+)?|\.\d+){_POWER})"


_IN_PROSE = re.compile(_pattern(",'"))
_WHOLE_TEXT = re.compile(rf"\s*(?:{_pattern(chr(32) + chr(44) + chr(39))}){_UNIT}\s*\.?\s*")
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}")
_LATEX_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\s*\{([^{}]*)\}")
_LATEX_NOTHING = re.compile(r"\\[,;:! ()\[\]]|~|\\left|\\right|\*\*")
_ESCAPED_DOLLAR = "\ue000"


@dataclass(frozen=True)
class Number:
    """A value, exact. unit: as written, lower case, "" for none. A percentage keeps its written value; `is_percent` says so."""

    value: Fraction
    unit: str = ""
    is_percent: bool = False

    @property
    def readings(self) -> tuple[Fraction, ...]:
        """Of 12 %: 0.12, and 12 (who is asked "how many per cent" may leave the sign out)."""
        return (self.value / 100, self.value) if self.is_percent else (self.value,)


def read_number(text: str) -> Number | None:
    """The number that a text is, as a whole; None when it is anything else, or has more than some 400 digits."""
    plain = _plain(text)
    found = _WHOLE_TEXT.fullmatch(plain) if len(plain) <= MOST_DIGITS else None
    return _number(found, unit=found["unit"] or "") if found else None


def numbers_in(text: str) -> list[str]:
    """Every number in a text, as it stands there, with its per cent sign but without units."""
    plain = _plain(text)
    return [
        found.group().strip() + ("%" if re.match(r"\s*\\?%", plain[found.end() : found.end() + 4]) else "")
        for found in _IN_PROSE.finditer(plain)
    ]


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN_SIGNS)).translate(_PLAIN_SIGNS)
    plain = plain.replace("\\$", _ESCAPED_DOLLAR)
    if plain.count("$") % 2 == 0:  # they stand around mathematics; a single one is money
        plain = plain.replace("$", " ")
    plain = _LATEX_FRACTION.sub(r" \1/\2", plain.replace(_ESCAPED_DOLLAR, "$"))
    return _LATEX_NOTHING.sub("", _LATEX_TEXT.sub(r" \1", plain)).replace("{,}", ",").strip()


def _number(found: re.Match[str], unit: str) -> Number | None:
    size = _fraction(found) if found["top"] else _decimal(found)
    if size is None:
        return None
    unit = " ".join(unit.replace("\\", "").split()).lower()
    value = -size if found["sign"] == "-" else size
    if unit in ("%", "percent", "per cent"):
        return Number(value, is_percent=True)
    return Number(value, unit=unit or found["currency"] or found["before"])


def _fraction(found: re.Match[str]) -> Fraction | None:
    bottom = int(found["bottom"])
    return Fraction(int(found["top"]), bottom) + int(found["whole"] or 0) if bottom else None


def _decimal(found: re.Match[str]) -> Fraction:
    digits = found["digits"]
    if re.fullmatch(r"\d+,\d+", digits) and not found["mark"]:
        digits = digits.replace(",", ".")  # a decimal comma: no group of three follows it
    exponent = int(found["exponent"] or found["power"] or 0)
    return Fraction(re.sub(r"[,' ]", "", digits)) * Fraction(10) ** exponent
