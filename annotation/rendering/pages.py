"""A text as it is read: Markdown with tables, struck words, ticks, code in colours and formulas, and nothing that acts."""

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from annotation.rendering.colours import coloured
from annotation.rendering.emphasis import emphasis
from annotation.rendering.limits import TooDeep, is_too_long, limits
from annotation.rendering.links import links
from annotation.rendering.maths import formulas
from annotation.rendering.tables import tables
from annotation.rendering.visible import as_written, tidy
from annotation.rendering.walls import BLOCKS, cleaned

_FIRST_HEADING = 3  # the page and the response have their own
_TICK = re.compile(r"\[([ xX])\](?=\s)")
_LANGUAGE = re.compile(r"[\w+#-]*")


def render(text: str, *, image_word: str = "Image") -> str:
    """The text as HTML that has passed both walls. What cannot be read in bounded time is shown as written."""
    text = tidy(text)
    if is_too_long(text):
        return cleaned(_plain(text))
    try:
        html = _parser().render(text, {"image_word": image_word})
    except (TooDeep, RecursionError):
        html = _plain(text)
    return cleaned(html)


def _plain(text: str) -> str:
    return f'<p class="plain" dir="auto">{as_written(text)}</p>'


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Rules that would take words out of sight are left off: what a reader does not see cannot be judged.
    md = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 1_000})
    md.enable(["table", "strikethrough"]).disable(["reference", "html_block", "html_inline"])
    for teach in (limits, tables, emphasis, formulas, links):
        teach(md)
    md.core.ruler.push("outline", _outline)
    md.core.ruler.push("ticks", _ticks)
    md.core.ruler.push("directions", _directions)
    md.add_render_rule("text", lambda self, tokens, at, options, env: as_written(tokens[at].content))
    md.add_render_rule("written", lambda self, tokens, at, options, env: _lines(tokens[at].content))
    md.add_render_rule("code_inline", lambda self, tokens, at, options, env: _code(tokens[at].content))
    md.add_render_rule(
        "tick", lambda self, tokens, at, options, env: f'<span class="tick">{tokens[at].content}</span> '
    )
    for block in ("fence", "code_block"):
        md.add_render_rule(block, _code_block)
    return md


def _lines(content: str) -> str:
    return as_written(content).replace("\n", "<br>")


def _code(content: str) -> str:
    return f"<code>{as_written(content)}</code>"


def _code_block(self: RendererHTML, tokens: list[Token], at: int, options: object, env: object) -> str:
    info = tokens[at].info.strip()
    found = _LANGUAGE.match(info)
    label = f'<div class="code-language">{as_written(info)}</div>' if info else ""
    code = coloured(tokens[at].content.removesuffix("\n"), found[0] if found else "")
    return f'<div class="code">{label}<pre dir="ltr"><code>{code}</code></pre></div>\n'


def _outline(state: StateCore) -> None:
    """Headings below those of the page, without a gap; how large each was meant to be stays in its class."""
    above: list[int] = []
    for token in state.tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
            above = [*(one for one in above if one < level), level]
            token.attrs = {"class": f"heading-{level}"}
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(_FIRST_HEADING - 1 + len(above), 6)}"


def _ticks(state: StateCore) -> None:
    """What is ticked in a list, as a sign: it is read, not pressed."""
    for at in range(2, len(state.tokens)):
        token = state.tokens[at]
        is_item = token.type == "inline" and state.tokens[at - 2].type == "list_item_open"
        first = token.children[0] if is_item and token.children else None
        if first is not None and first.type == "text" and (found := _TICK.match(first.content)):
            sign = Token("tick", "", 0, content="☐" if found[1] == " " else "☑")
            first.content = first.content[found.end() :].lstrip()
            token.children = [sign, *(token.children or [])]


def _directions(state: StateCore) -> None:
    """Each block of the first level finds its own direction; what is within follows it."""
    for token in state.tokens:
        if token.level == 0 and token.nesting == 1 and token.tag in BLOCKS:
            token.attrs = {**token.attrs, "dir": "auto"}
