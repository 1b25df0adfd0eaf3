"""What a person reads on the card: formulas, code, tables, other scripts, long texts, and texts that mean harm."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from test_pages import EVIL, Enter, add_pair, faults, join, pairs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

RICH = r"""# Areas

A circle has $A = \pi r^2$, and it costs $5, not $10. In full:

\[
\sqrt{\frac{a}{b}} + \vec{v} + \boxed{x} = \int_0^1 f(x)\,dx
\]

| shape | area |
|:------|-----:|
| circle | \(\pi r^2\) |

```python
def area(radius: float) -> float:
    return 3.14 * radius**2  # close enough
```
"""
HEBREW = "שלום עולם\n\n- ראשון\n- שני"
KOREAN = "**요약(Summary)**: 하늘은 산란 때문에 파랗게 보입니다. 빛이 공기를 지날 때 짧은 파장이 더 많이 흩어집니다."
LONG = "\n\n".join(f"Paragraph {number} of a long prompt that goes on and on." for number in range(120))
HARM = [
    EVIL,
    r"$\href{javascript:window.struck=1}{x}$ $\includegraphics{https://evil.example/p.png}$ $\htmlStyle{color:red}{x}$",
    r"$\def\x{\x\x}\x$ $\frac{$ \(\rule{9999em}{9999em}\) $" + "{" * 3000 + "$",
    "![p](https://evil.example/p.png) [x](javascript:window.struck=1) <https://evil.example/>",
    "<svg onload=window.struck=1><style>*{display:none}</style><iframe src=https://evil.example/>",
    "```html\n<script>window.struck=1</script>\n",
]


def card(enter: Enter, **keys: Any) -> Page:
    """Ana's page with one sample of these texts on it."""
    project = pairs()
    add_pair(project, "s1", **keys)
    join(project, "ana")
    page = enter("ana")
    page.goto("/projects/pairs/annotate/")
    expect(page.locator("[data-response=A]")).to_be_visible()
    return page


def test_formulas_are_drawn_and_code_has_colours(enter: Enter):
    page = card(enter, responses=[RICH, "Short."])
    rich = page.locator(".response-text", has_text="Areas")
    expect(rich.locator(".math[data-drawn] .katex")).to_have_count(3)
    assert "$A" not in rich.inner_text()
    expect(rich).to_contain_text("it costs $5, not $10")
    expect(rich.locator("td.is-end .katex")).to_have_count(1)
    expect(rich.locator(".c-keyword", has_text="def")).to_be_visible()
    plain, keyword = (
        rich.locator(where).first.evaluate("element => getComputedStyle(element).color")
        for where in ("pre code", ".c-keyword")
    )
    assert plain != keyword
    root = rich.locator(".sqrt svg").first.bounding_box()
    assert root
    assert root["height"] > 10  # styles that KaTeX writes as attributes have arrived
    assert faults(page) == []


def test_a_page_without_formulas_fetches_nothing_for_them(enter: Enter):
    project = pairs()
    add_pair(project, "s1", responses=["It costs $5.", "Or $10."])
    join(project, "ana")
    page = enter("ana")
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto("/projects/pairs/annotate/")
    page.wait_for_load_state("networkidle")
    assert [url for url in fetched if "katex" in url] == []


def test_other_scripts_stand_as_they_are_read(enter: Enter):
    page = card(enter, responses=[HEBREW, KOREAN])
    hebrew = page.locator(".prose p", has_text="שלום")
    assert hebrew.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert (
        page.locator(".prose ul", has_text="ראשון").evaluate("element => getComputedStyle(element).direction") == "rtl"
    )
    assert (
        page.locator(".prose", has_text="요약").evaluate("element => getComputedStyle(element).wordBreak") == "keep-all"
    )
    expect(page.locator(".prose strong")).to_have_text("요약(Summary)")


def test_a_long_text_is_folded_opened_and_found(enter: Enter):
    page = card(enter, messages=[{"role": "user", "content": LONG}, {"role": "user", "content": "And?"}])
    reading = page.locator(".reading--long")
    folded = height_of(reading)
    assert folded < 500
    page.get_by_role("button", name="Show all").press("Enter")
    assert height_of(reading) > 2_000
    page.get_by_role("button", name="Show less").press("Enter")
    assert height_of(reading) == folded

    assert page.evaluate("window.find('Paragraph 117 of')")  # the browser's own search
    expect(reading).to_have_attribute("data-open", "")
    page.get_by_role("button", name="Show less").press("Enter")
    reading.locator(".prose").evaluate(
        "text => { text.scrollTop = 900; }"
    )  # what searching or the Tab key does to a fold
    expect(reading).to_have_attribute("data-open", "")


def height_of(element: Any) -> float:
    return float(element.evaluate("element => element.getBoundingClientRect().height"))


def test_the_text_as_written_and_back(enter: Enter):
    page = card(enter, responses=["Some **bold** words.", "Short."])
    toggle = "import(document.querySelector('script[src*=\"annotate/reading\"]').src.replace('reading', 'written')).then(m => m.toggleAsWritten())"
    page.evaluate(toggle)
    expect(page.get_by_text("Some **bold** words.")).to_be_visible()
    expect(page.locator(".prose strong")).to_be_hidden()
    page.reload()
    expect(page.get_by_text("Some **bold** words.")).to_be_visible()
    page.evaluate(toggle)
    expect(page.locator(".prose strong")).to_be_visible()
    expect(page.get_by_text("Some **bold** words.")).to_be_hidden()


def test_what_is_copied_reads_as_it_was_written(enter: Enter):
    page = card(enter, responses=["First, $x^2$ is a square.\n\n```\nx = 2\n```\n\nThen the end.", "Short."])
    expect(page.locator(".math[data-drawn]")).to_have_count(1)
    copied = page.evaluate("""() => {
        getSelection().selectAllChildren(document.querySelector(".prose:has(.math)"));
        const data = new DataTransfer();
        document.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
        return data.getData("text/plain");
    }""")
    assert copied.split("\n") == ["First, $x^2$ is a square.", "", "x = 2", "", "Then the end."]


def test_responses_scroll_together_when_asked(enter: Enter):
    page = card(enter, responses=[LONG, LONG + LONG])
    link = "import(document.querySelector('script[src*=\"annotate/reading\"]').src.replace('reading', 'linked')).then(m => m.toggleLinked())"
    share = """() => [...document.querySelectorAll(".response-text")].map((pane) =>
        Math.round(100 * pane.scrollTop / (pane.scrollHeight - pane.clientHeight)))"""
    scroll = """() => { const pane = document.querySelector(".response-text");
        pane.scrollTop = (pane.scrollHeight - pane.clientHeight) / 2;
        return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); }"""
    page.evaluate(scroll)
    assert page.evaluate(share) == [50, 0]
    page.evaluate(link)
    page.evaluate("document.querySelector('.response-text').scrollTop = 0")
    page.evaluate(scroll)
    assert page.evaluate(share) == [50, 50]


def test_harm_in_a_text_does_nothing(enter: Enter):
    """That nothing is fetched, logged or refused by the policy is asserted for every page of these tests."""
    page = card(
        enter, messages=[{"role": "user", "content": text} for text in HARM], responses=["\n\n".join(HARM), "Short."]
    )
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.struck") is None
    assert page.locator("main :is(script, iframe, img, svg[onload], object, embed)").count() == 0
    assert page.locator(".prose a:not([rel='noopener nofollow noreferrer'])").count() == 0
    expect(page.locator(".math[data-unread]", has_text="javascript").first).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide


def test_tools_are_a_line_each_until_they_are_opened(enter: Enter):
    call = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Seoul", "days": 3}'}}
    result = "\n".join(f"line {number}" for number in range(30))
    messages = [
        {"role": "user", "content": "Rain?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": result, "tool_call_id": "1", "name": "weather"},
    ]
    tools = [{"type": "function", "function": {"name": "weather", "description": "Says how it will be."}}]
    page = card(enter, messages=messages, tools=tools)
    expect(page.get_by_text("weather(city, days)")).to_be_visible()
    expect(page.get_by_text('"city": "Seoul"')).to_be_hidden()
    page.get_by_text("weather(city, days)").click()
    expect(page.get_by_text('"city": "Seoul"')).to_be_visible()
    expect(page.get_by_text("line 29")).to_be_hidden()
    expect(page.get_by_text("Tools that the model could call")).to_be_visible()
    assert faults(page) == []
