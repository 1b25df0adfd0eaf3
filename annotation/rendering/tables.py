"""Tables. One whose rows have more cells than its head is no table: a parser would leave those cells out."""

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_block.table import table as read_table
from markdown_it.token import Token

from annotation.rendering.limits import WIDEST_TABLE

_FRAME = '<div class="table-frame" dir="auto"><table>'
_SIDES = {"text-align:center": "is-centre", "text-align:right": "is-end"}


def tables(md: MarkdownIt) -> None:
    """Teach a parser to read tables whole."""
    md.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    md.add_render_rule("table_open", lambda self, tokens, at, options, env: _FRAME)
    md.add_render_rule("table_close", lambda self, tokens, at, options, env: "</table></div>\n")
    for cell in ("th_open", "td_open"):
        md.add_render_rule(cell, _cell)


def _cell(self: RendererHTML, tokens: list[Token], at: int, options: object, env: object) -> str:
    side = _SIDES.get(str(tokens[at].attrs.get("style", "")))
    return f'<{tokens[at].tag} class="{side}">' if side else f"<{tokens[at].tag}>"


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if start + 1 >= end or "|" not in state.src[state.bMarks[start] : state.eMarks[start]]:
        return False
    before, line, parent = len(state.tokens), state.line, state.parentType
    columns = len(_cells(state, start))
    if columns > WIDEST_TABLE or not read_table(state, start, end, silent):
        return False
    if silent or all(len(_cells(state, at)) <= columns for at in range(start + 2, state.line)):
        return True
    del state.tokens[before:]
    state.line, state.parentType = line, parent
    return False


def _cells(state: StateBlock, at: int) -> list[str]:
    cells = escapedSplit(state.src[state.bMarks[at] + state.tShift[at] : state.eMarks[at]].strip())
    return cells[bool(cells and not cells[0]) : len(cells) - bool(len(cells) > 1 and not cells[-1])]
