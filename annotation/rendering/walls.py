"""The second wall. What the first wrote should be harmless; this lets nothing through that is not on a short list."""

import nh3

from annotation.rendering.colours import CLASSES as COLOURS

HEADINGS = ("h3", "h4", "h5", "h6")
CELLS = ("th", "td")
TAGS = {
    "p", "br", "hr", "strong", "em", "s", "ul", "ol", "li", "blockquote", "pre", "code", "a", "span", "div",
    "table", "thead", "tbody", "tr", *CELLS, *HEADINGS,
}  # fmt: skip
BLOCKS = ("p", "ul", "ol", "blockquote", *HEADINGS)
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
VALUES = {"a": {"target": {"_blank"}}, **{tag: {"dir": {"auto", "ltr"}} for tag in (*BLOCKS, "div", "span", "pre")}}
CLASSES = {
    "span": {"unseen", "address", "no-link", "image", "image-word", "math", "math--display", "tick", *COLOURS},
    "div": {"code", "code-language", "math", "math--display", "table-frame"},
    "p": {"plain"},
    **{heading: {f"heading-{level}" for level in range(1, 7)} for heading in HEADINGS},
    **{cell: {"is-centre", "is-end"} for cell in CELLS},
}
SCHEMES = {"http", "https", "mailto"}

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    allowed_classes=CLASSES,
    tag_attribute_values=VALUES,
    url_schemes=SCHEMES,
    link_rel="noopener nofollow noreferrer",
    url_relative="deny",
    strip_comments=True,
)


def cleaned(html: str) -> str:
    return _CLEANER.clean(html)
