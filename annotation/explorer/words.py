"""From what somebody types to what is looked for in the words of a sample's texts (annotation_words, migration 0028).

Words are all to be there. "Words between marks" stand side by side, a word after a minus is not there, and `begin*` is how
a word begins. A piece of a script without spaces, and of Korean, is looked for by its overlapping pairs of letters.
"""

import re
from collections.abc import Iterator
from unicodedata import normalize

# The same letters as in annotation_words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u318f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_RUNS = re.compile(rf"([{_UNSPACED}]+(?:[^\w]+[{_UNSPACED}]+)*)")
_ITEM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_SYNTAX = str.maketrans("'\\\x00", "   ")


def looked_for(typed: str) -> str:
    """The text of a tsquery; empty when there is no word in what was typed."""
    return " & ".join(
        f"!({said})" if minus else said
        for minus, quoted, word in _ITEM.findall(normalize("NFKC", typed))
        if (said := " & ".join(_pieces(quoted or word)))
    )


def _pieces(text: str) -> Iterator[str]:
    """What is looked for in a word, or in words that stand side by side."""
    for at, piece in enumerate(_RUNS.split(text)):
        if at % 2:
            yield _pairs(_RUN.findall(piece))
        elif any(letter.isalnum() for letter in piece):
            said = f"'{piece.translate(_SYNTAX).strip()}'"
            yield f"{said}:*" if piece.endswith("*") else said


def _pairs(runs: list[str]) -> str:
    """Every letter with the next one; between two runs the last letter of the first stands alone, as in the document."""
    *before, last = runs
    pairs = [run[at : at + 2] for run in before for at in range(len(run))]
    pairs += [last[at : at + 2] for at in range(len(last) - 1)]
    said = [f"'{pair}'" for pair in pairs]
    return " <-> ".join(said if len(last) > 1 else [*said, f"'{last}':*"])
