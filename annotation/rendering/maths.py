r"""Formulas in a text: `$..$`, `$$..$$`, `\(..\)`, `\[..\]` and bare environments such as `\begin{align}..\end{align}`.

They become elements with the LaTeX as their text, as written; static/js/annotate/maths.js draws them. Code is never looked
into, and a price is not a formula: the opening dollar touches what follows it, the closing one what stands before it, no
digit comes after that, and what would be a price with words stays one.
"""

import re
from bisect import bisect_right

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from annotation.rendering.visible import as_written

_INLINE = (
    (re.compile(r"\$\$(?!\$)(.+?)\$\$", re.DOTALL), True),
    (re.compile(r"\$(?![\s$])((?:[^$\\]|\\.)*?)(?<![\s\\])\$(?![\d$])", re.DOTALL), False),
    (re.compile(r"\\\((.+?)\\\)", re.DOTALL), False),
    (re.compile(r"\\\[(.+?)\\\]", re.DOTALL), True),
)
_LONGEST = 4_000
_MOST_LINES = 200
_BEGIN = re.compile(r"\\begin\{((?:align|alignat|equation|gather|multline|eqnarray|cases|[pbvV]?matrix|array)\*?)\}")
_PRICE = re.compile(r"\d[\d.,]*[^\\^_={}]*\s[^\\^_={}]*[^\W\d_]{2}[^\\^_={}]*", re.DOTALL)
_ENDS = {"$$": "$$", r"\[": r"\]"}


def formulas(md: MarkdownIt) -> None:
    """Teach a parser to read formulas."""
    md.inline.ruler.before("escape", "formula", _in_line)
    md.block.ruler.before("code", "formula", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    md.add_render_rule("formula", lambda self, tokens, at, options, env: _html(tokens[at], "span"))
    md.add_render_rule("formula_block", lambda self, tokens, at, options, env: f"{_html(tokens[at], 'div')}\n")


def _html(token: Token, tag: str) -> str:
    name = "math math--display" if token.meta["is_display"] else "math"
    return f'<{tag} class="{name}" dir="ltr">{as_written(token.content)}</{tag}>'


def _in_line(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    for pattern, is_display in _INLINE:
        found = pattern.match(state.src, state.pos, min(state.posMax, state.pos + _LONGEST))
        if found and found[1].strip() and not (found[0][0] == "$" and _PRICE.fullmatch(found[1])):
            _add(state, found[0], is_display, silent)
            return True
    return False


def _add(state: StateInline, written: str, is_display: bool, silent: bool) -> None:
    if not silent:
        token = state.push("formula", "", 0)
        token.content, token.meta = written, {"is_display": is_display}
    state.pos += len(written)


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula that begins a line and ends one, over as many lines as it needs."""
    if state.is_code_block(start):
        return False
    last = _last_line(state, start, end)
    if last is None:
        return False
    if not silent:
        token = state.push("formula_block", "", 0)
        token.content = state.getLines(start, last + 1, state.blkIndent, False).strip()
        token.meta, token.map = {"is_display": True}, [start, last + 1]
        state.line = last + 1
    return True


def _last_line(state: StateBlock, start: int, end: int) -> int | None:
    """The line that ends the formula; None where none does, or where text follows on the same line."""
    begin = state.bMarks[start] + state.tShift[start]
    closing = _closing(state.src, begin)
    found = state.src.find(closing, begin + 2, begin + _LONGEST) if closing else -1
    if found < 0:
        return None
    last = bisect_right(state.bMarks, found) - 1
    ends_its_line = not state.src[found + len(closing) : state.eMarks[last]].strip()
    if last >= end or last - start > _MOST_LINES or not ends_its_line:
        return None
    is_whole = all(state.isEmpty(at) or state.sCount[at] >= state.blkIndent for at in range(start, last + 1))
    return last if is_whole else None


def _closing(text: str, at: int) -> str:
    """What would end the formula that begins here; empty where none does."""
    begun = _BEGIN.match(text, at)
    return rf"\end{{{begun[1]}}}" if begun else _ENDS.get(text[at : at + 2], "")
