"""What changed from one text to the next: paragraph by paragraph, and word by word inside a paragraph."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "taken_out", "changed"]
ALIKE_FROM = 0.5  # of two paragraphs: less in common, and one was taken out and another added
# Chinese and Japanese are written without spaces: there each character counts as a word.
_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
PIECE = re.compile(rf"\s+|[{_CJK}]|[^\s{_CJK}]+")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class Part:
    """One paragraph: `old` is empty where it was added, `new` where it was taken out."""

    kind: Kind
    old: str
    new: str


def difference(old: str, new: str) -> list[Part]:
    """The paragraphs of the new text in their order, and those of the old one where they stood.

    >>> [part.kind for part in difference("One.\\n\\nTwo is here.", "One.\\n\\nTwo was here.\\n\\nThree.")]
    ['same', 'changed', 'added']
    """
    before, after = paragraphs(old), paragraphs(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return [
        part
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        for part in (
            [Part("same", text, text) for text in after[j1:j2]]
            if tag == "equal"
            else _replaced(before[i1:i2], after[j1:j2])
        )
    ]


def paragraphs(text: str) -> list[str]:
    """What empty lines part; code between fences stays one paragraph."""
    found: list[list[str]] = [[]]
    fence = ""
    for line in text.splitlines():
        if mark := FENCE.match(line):
            fence = _fence_after(fence, mark[1], line)
        if line.strip() or fence:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return ["\n".join(lines) for lines in found if lines]


def words(old: str, new: str) -> list[tuple[Kind, str]]:
    """A changed paragraph as pieces that are the same, taken out or added.

    >>> words("Two is here.", "Two was here.")
    [('same', 'Two '), ('taken_out', 'is'), ('added', 'was'), ('same', ' here.')]
    """
    before, after = PIECE.findall(old), PIECE.findall(new)
    pieces: list[tuple[Kind, str]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(after[j1:j2])))
            continue
        sides: tuple[tuple[Kind, str], ...] = (
            ("taken_out", "".join(before[i1:i2])),
            ("added", "".join(after[j1:j2])),
        )
        pieces += [side for side in sides if side[1]]
    return pieces


def _fence_after(fence: str, mark: str, line: str) -> str:
    """The fence that is open after this line: a longer or equal one of the same kind closes what was open."""
    if not fence:
        return mark
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not line.strip().strip(mark[0])
    return "" if closes else fence


def _replaced(before: Sequence[str], after: Sequence[str]) -> Iterator[Part]:
    """Paragraphs that took the place of others, each beside the one that it was made from, where there is one."""
    at = 0
    for text in after:
        source = next((n for n in range(at, len(before)) if _alike(before[n], text)), None)
        if source is None:
            yield Part("added", "", text)
            continue
        yield from (Part("taken_out", gone, "") for gone in before[at:source])
        yield Part("changed", before[source], text)
        at = source + 1
    yield from (Part("taken_out", gone, "") for gone in before[at:])


def _alike(old: str, new: str) -> bool:
    matcher = SequenceMatcher(None, WORD.findall(old), WORD.findall(new))
    return matcher.quick_ratio() >= ALIKE_FROM and matcher.ratio() >= ALIKE_FROM
