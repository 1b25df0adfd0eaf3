"""Links say where they lead, and images are not fetched: their words and their address stand where they would be."""

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdurl import decode

from annotation.rendering.visible import as_written

_MAY_BE_FOLLOWED = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
_BARE = re.compile(r"\bhttps?://[^\s<>\"'`|\\^{}\[\]]+", re.IGNORECASE)
_LONGEST_SHOWN = 300


def links(md: MarkdownIt) -> None:
    """Teach a parser to show addresses. It takes every address for a link; which may be followed is decided here."""
    md.validateLink = lambda url: True  # type: ignore[method-assign]
    md.core.ruler.push("bare_addresses", _mark_bare_addresses)
    md.core.ruler.push("addresses", _carry_addresses)
    md.add_render_rule("link_open", lambda self, tokens, at, options, env: _opened(tokens[at]))
    md.add_render_rule("link_close", lambda self, tokens, at, options, env: _closed(tokens[at]))
    md.add_render_rule("image", _image)


def _carry_addresses(state: StateCore) -> None:
    """The end of a link knows where it led and what it said, so that the address is not shown twice."""
    for token in state.tokens:
        opened: list[int] = []
        children = token.children or []
        for at, child in enumerate(children):
            if child.type == "link_open":
                opened.append(at)
            elif child.type == "link_close" and opened:
                start = opened.pop()
                child.meta = {
                    "href": str(children[start].attrs.get("href", "")),
                    "title": str(children[start].attrs.get("title", "")),
                    "said": "".join(inner.content for inner in children[start + 1 : at]),
                }


def _mark_bare_addresses(state: StateCore) -> None:
    """An address that stands in a text by itself is a link, too."""
    for token in state.tokens:
        if token.type == "inline" and "://" in token.content:
            token.children = [piece for child in _outside_links(token.children or []) for piece in child]


def _outside_links(children: list[Token]) -> list[list[Token]]:
    depth, pieces = 0, []
    for child in children:
        depth += child.nesting if child.type in ("link_open", "link_close") else 0
        pieces.append(_split(child) if child.type == "text" and not depth else [child])
    return pieces


def _split(text: Token) -> list[Token]:
    pieces, end = [], 0
    for found in _BARE.finditer(text.content):
        address = found[0].rstrip(".,;:!?*_~")
        if address.count(")") > address.count("("):
            address = address.rstrip(").,;:!?")
        pieces += [_text(text.content[end : found.start()]), *_link(address)]
        end = found.start() + len(address)
    return [piece for piece in [*pieces, _text(text.content[end:])] if piece.type != "text" or piece.content]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _link(address: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": address}), _text(address), Token("link_close", "a", -1)]


def _opened(token: Token) -> str:
    href = str(token.attrs.get("href", ""))
    if _MAY_BE_FOLLOWED.match(href):
        return f'<a href="{escapeHtml(href)}" target="_blank">'
    return '<span class="no-link">'


def _closed(token: Token) -> str:
    href, title, said = token.meta.get("href", ""), token.meta.get("title", ""), token.meta.get("said", "")
    end = "</a>" if _MAY_BE_FOLLOWED.match(href) else "</span>"
    shown = "" if _is_same(said, href) else address(href)
    return f"{end}{shown}{_titled(title)}"


def _is_same(said: str, href: str) -> bool:
    return said in (href, decode(href)) or f"mailto:{said}" == href


def address(href: str) -> str:
    """An address as it is read; the name of the host stays in plain letters, so that none looks like another."""
    whole = decode(href)
    shown = whole if len(whole) <= _LONGEST_SHOWN else f"{whole[:_LONGEST_SHOWN]}…"
    return f' <span class="address" dir="ltr">{as_written(shown)}</span>' if shown else ""


def _titled(title: str) -> str:
    return f' <span class="address">{as_written(title)}</span>' if title else ""


def _image(self: RendererHTML, tokens: list[Token], at: int, options: object, env: dict[str, str]) -> str:
    token = tokens[at]
    word = f'<span class="image-word">{as_written(env["image_word"])}</span>'
    where = address(str(token.attrs.get("src", ""))) + _titled(str(token.attrs.get("title", "")))
    return f'<span class="image">{word} {as_written(_words_of(token.children or []))}{where}</span>'


def _words_of(children: list[Token]) -> str:
    """What stands for an image, with every word of it, also of images and links within."""
    parts = []
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        parts.append(_words_of(child.children) if child.children else child.content)
        parts += [f" {decode(str(child.attrs[name]))} " for name in ("href", "src", "title") if name in child.attrs]
    return "".join(parts)
