"""Letters as HTML. Characters that a reader cannot see, and that could deceive, are named instead of obeyed."""

import re
import unicodedata
from html import escape

LINE_ENDS = re.compile(r"\r\n?")
_SURROGATES = re.compile(r"[\ud800-\udfff]")

# Controls, marks of direction, characters without a width or a shape, tags, and variation selectors.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_NAMES = {
    "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM", "\u061c": "ALM",
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
    "\u2060": "WJ", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
    "\u00ad": "SHY", "\ufeff": "BOM",
}  # fmt: skip

_MARKS = "\u200e\u200f\u061c"
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile(r"[\ufe00-\ufe0f]")
_FAR_SELECTORS = re.compile(r"[\U000e0100-\U000e01ef]")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
# Scripts that are joined, or written without spaces, and need such characters to be spelled right.
_JOINED = re.compile(r"[\u0600-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


def as_written(text: str) -> str:
    """The text itself, harmless, with every character that hides made visible."""
    escaped = escape(text)  # touches none of the characters looked for
    return _UNSEEN.sub(_shown, escaped) if _UNSEEN.search(escaped) else escaped


def tidy(text: str) -> str:
    """One kind of line end, and nothing that could not be sent."""
    return _SURROGATES.sub("\ufffd", LINE_ENDS.sub("\n", text))


def _shown(found: re.Match[str]) -> str:
    character, around = found[0], found.string
    if _is_at_home(character, around, found.start()):
        return character
    return f'<span class="unseen">{_name(character)}</span>'


def _name(character: str) -> str:
    return _NAMES.get(character) or f"U+{ord(character):04X}"


def _is_at_home(character: str, text: str, at: int) -> bool:
    """Whether the writing needs it here: joined scripts, emoji, letters from right to left."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if character in _MARKS:
        return bool(_RIGHT_TO_LEFT.search(text[max(0, at - 40) : at + 40]))
    if character in _JOINERS:
        return bool(_JOINED.match(before)) or (_is_picture(before) and _is_picture(after))
    if character == "\u200b":
        return bool(_UNSPACED.match(before) and _UNSPACED.match(after))
    if _SELECTORS.match(character):
        return _is_picture(before) or before in "#*0123456789" or bool(_IDEOGRAPH.match(before))
    if _FAR_SELECTORS.match(character):
        return bool(_IDEOGRAPH.match(before))
    return False


def _is_picture(character: str) -> bool:
    """A symbol, the tone of a skin, or the selector that makes a symbol a picture."""
    return bool(character) and (character == "\ufe0f" or unicodedata.category(character) in ("So", "Sk", "Sm", "Po"))
