"""Whatever a text holds, what comes out has only harmless elements, and every word of it is still there."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.rendering.pages import render
from annotation.rendering.visible import as_written
from annotation.rendering.walls import cleaned

ELEMENTS = {
    "p", "br", "hr", "strong", "em", "s", "ul", "ol", "li", "blockquote", "pre", "code", "a", "span", "div",
    "table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6",
}  # fmt: skip
ATTRIBUTES = {"class", "dir", "href", "rel", "target", "start"}

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt >alert(1)</sCrIpT\n>",
    "<img src=x onerror=alert(1)>",
    "<img src='http://evil.example/p.png'>",
    "<svg/onload=alert(1)><animate onbegin=alert(1)>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example>",
    '<p style="position:fixed;inset:0">over all</p>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x></object><embed src=x>",
    "<form action=/logout><button>Win</button></form>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<!-- hidden --> <![CDATA[ hidden ]]> <?php hidden ?>",
    "<!--><script>alert(1)</script>-->",
    "</div></main></body><h1>Mine</h1>",
    "</textarea><b>bold</b>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](javascript&colon;alert(1))",
    "[a](\x01javascript:alert(1))",
    "[a](%6aavascript:alert(1))",
    "[a](vbscript:x) [b](file:///etc/passwd) [c](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](//evil.example) [b](/logout) [c](?x) [d](#main)",
    "<javascript:alert(1)> <data:text/html,x>",
    "[a]: javascript:alert(1)\n\n[a]",
    "![x](javascript:alert(1)) ![y](data:image/svg+xml,<svg/onload=alert(1)>)",
    '[a](https://ok.example "\\" onclick=alert(1) x=\\"")',
    '[a](https://ok.example/"onclick=alert(1))',
    '!["onerror=alert(1)](https://ok.example \'x" onload="alert(1)\')',
    '```"><script>alert(1)</script>\nx\n```',
    "```html\n<script>alert(1)</script>\n```",
    "```html\n</code></pre><script>alert(1)</script>",
    "`<script>alert(1)</script>`",
    r"$\href{javascript:alert(1)}{x}$ $\includegraphics{//evil.example}$ $\url{javascript:alert(1)}$",
    r"$\htmlStyle{position:fixed}{x}$ \(</span><script>alert(1)</script>\)",
    "$$<img src=x onerror=alert(1)>$$",
    "| <script> | b |\n|---|---|\n| <img src=x onerror=alert(1)> | 2 |",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "# <b>x</b>\n\n- <b>y</b>\n\n> <b>z</b>",
    "{{ 7|add:7 }} {% debug %}",
    '<a href="x" id="answer" name="csrfmiddlewaretoken">clobber</a>',
]


class Elements(HTMLParser):
    """What a browser would see: elements, attributes, and the letters between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.other: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def is_harmless(html: str) -> bool:
    seen = Elements(html)
    assert seen.tags <= ELEMENTS
    assert {name for name, _ in seen.attributes} <= ATTRIBUTES
    assert seen.other == []
    for name, value in seen.attributes:
        if name == "href":
            assert re.match(r"(https?://|mailto:)", value or "", re.IGNORECASE), value
        if name == "rel":
            assert set((value or "").split()) == {"noopener", "nofollow", "noreferrer"}
    return True


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_read_and_not_obeyed(text):
    html = render(text)
    assert is_harmless(html)
    assert is_harmless(as_written(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_the_second_wall_holds_alone(text):
    """Were the first wall ever to let everything through, nothing would act all the same."""
    assert is_harmless(cleaned(text))


def test_an_element_that_is_closed_in_a_text_closes_nothing_of_the_page():
    assert "</main>" not in render("</div></main>")
    assert "&lt;/main&gt;" in render("</div></main>")


# --- whatever the text ------------------------------------------------------------------------------------------
WORDS = st.sampled_from(["alpha", "beta", "gamma", "하늘", "שלום", "مرحبا", "sky", "blue", "word"])
PIECES = st.sampled_from(
    ["# ", "## ", "- ", "* ", "1. ", "> ", "    ", "\n", "\n\n", " ", "**", "*", "_", "~~", "`", "```\n", "```python\n", "~~~\n", "$", "$$", "\\(",
     "\\)", "\\[", "\\]", "[", "](", ")", "![", "<", ">", "<b>", "</b>", "<script>", "<!-- ", " -->", "| ", " |\n", "|---|---|\n", "|--|\n",
     "\\", "---\n", "===\n", "[ ] ", "[x] ", "https://a.example/", "javascript:", "\"", "'", "<http://b.example>", "\t", ": ", "\\begin{align}",
     "\\end{align}", "[x]: ", "{", "}", "\u202e", "\u200b", "&", ";"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(WORDS, PIECES), max_size=60).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_no_text_becomes_more_than_harmless_elements_and_no_word_is_lost(text):
    html = render(text)
    assert is_harmless(html)
    shown = re.sub(r"\s+", "", Elements(html).text)
    for word in re.findall(r"alpha|beta|gamma|하늘|שלום|مرحبا|sky|blue|word", text):
        assert word in shown
    for word in {"alpha", "하늘", "word", "gamma"}:
        assert shown.count(word) >= text.count(word)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_letters_at_all_can_be_shown(text):
    assert is_harmless(render(text))
    assert is_harmless(as_written(text))


def test_the_classes_that_colours_use_are_all_styled():
    from annotation.rendering.colours import CLASSES

    styles = (Path(__file__).parents[2] / "static/css/prose.css").read_text(encoding="utf-8")
    assert [name for name in sorted(CLASSES) if f".{name} " not in styles] == []
