"""What is read as Markdown is bounded, so that no text makes a page wait. What is past a limit is shown as written."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore

LONGEST = 60_000
DEEPEST = 24
WIDEST_TABLE = 100
MOST_LINES = 5_000
# A parser may look from each opening mark to the end of its paragraph: letters times marks bounds its work.
_MARKS = re.compile(r"[\[\]*_~`<$\\!&]")
WORK_OF_A_PARAGRAPH = 600_000
WORK_OF_A_TEXT = 2_400_000


class TooDeep(Exception):
    """Quotes and lists within each other, deeper than anybody writes."""


def limits(md: MarkdownIt) -> None:
    """Teach a parser when to stop."""
    md.block.ruler.before("table", "depth", _not_too_deep)
    md.core.ruler.before("inline", "work", _only_so_much_work)


def is_too_long(text: str) -> bool:
    return len(text) > LONGEST or text.count("\n") > MOST_LINES


def _not_too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # Past its own limit the parser leaves text out without a word.
    if state.level > DEEPEST:
        raise TooDeep
    return False


def _only_so_much_work(state: StateCore) -> None:
    done = 0
    for token in state.tokens:
        if token.type != "inline":
            continue
        work = len(token.content) * len(_MARKS.findall(token.content))
        if work > WORK_OF_A_PARAGRAPH or done + work > WORK_OF_A_TEXT:
            token.type = "written"
        else:
            done += work
