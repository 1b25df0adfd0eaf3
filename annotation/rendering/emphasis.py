"""Emphasis beside letters that are written without spaces.

Markdown's rule looks for a space or a sign outside the stars: `**요약(Summary)**은` would keep them. Beside Hangul, kana and
ideographs the stars open and close as they would beside a sign.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.emphasis import tokenize

_UNSPACED = re.compile(
    r"[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


def emphasis(md: MarkdownIt) -> None:
    """Teach a parser where stars belong."""
    md.inline.ruler.at("emphasis", _stars)


def _stars(state: StateInline, silent: bool) -> bool:
    start, known = state.pos, len(state.delimiters)
    if not tokenize(state, silent):
        return False
    if state.src[start] == "*":
        before, after = state.src[max(0, start - 1) : start], state.src[state.pos : state.pos + 1]
        for mark in state.delimiters[known:]:
            mark.open |= bool(_UNSPACED.match(before)) and not after.isspace() and bool(after)
            mark.close |= bool(_UNSPACED.match(after)) and not before.isspace() and bool(before)
    return True
