"""How a text of a model or a person reads: what Markdown becomes, and that no word of it is lost on the way."""

import re
import sys
from html import unescape

import pytest

from annotation.rendering import colours, languages, limits
from annotation.rendering.pages import render
from annotation.rendering.visible import as_written


def test_markdown_reads_as_it_was_meant():
    html = render("# Sky\n\nIt is **blue**, *mostly*, ~~green~~.\n\n- [x] seen\n- [ ] measured\n\n> quoted")
    assert '<h3 class="heading-1" dir="auto">Sky</h3>' in html
    assert "<strong>blue</strong>, <em>mostly</em>, <s>green</s>" in html
    assert '<span class="tick">☑</span> seen' in html
    assert '<span class="tick">☐</span> measured' in html
    assert "<blockquote" in html


def test_lines_end_where_they_were_ended():
    assert "Roses are red,<br>" in render("Roses are red,\nviolets are blue.")


def test_headings_stand_below_those_of_the_page_without_a_gap():
    html = render("### Late\n\n# First\n\n#### Deep\n\n## Second")
    tags = [line[1:3] for line in html.splitlines() if line.startswith("<h")]
    assert tags == ["h3", "h3", "h4", "h4"]
    assert 'class="heading-4"' in html  # how large it was meant to be


def test_a_table_is_one_with_its_columns_set_as_written():
    html = render("| a | b |\n|:--|--:|\n| 1 | `2` |")
    assert '<th class="is-end">b</th>' in html
    assert '<td class="is-end"><code>2</code></td>' in html


def test_a_row_longer_than_its_table_loses_no_cell():
    assert "hidden" in render("| a | b |\n|---|---|\n| 1 | 2 | hidden |")


def test_code_has_colours_and_keeps_every_letter():
    html = render('```python\ndef f(x):\n    return "<b>"  # why\n\n\n```')
    assert '<span class="c-keyword">def</span>' in html
    assert "&lt;b&gt;" in html
    assert '<div class="code-language">python</div>' in html
    assert html.count("\n") >= 4


@pytest.mark.parametrize("language", ["no-such-language", "../../etc", '"><script>'])
def test_code_in_an_unknown_language_is_code_without_colours(language):
    html = render(f"```{language}\nx = 1\n```")
    assert "<code>x = 1</code>" in html
    assert "<script" not in html


def test_a_fence_that_is_never_closed_ends_with_the_text():
    assert "<code>x = 1\ny = 2</code>" in render("```\nx = 1\ny = 2")


@pytest.mark.parametrize(
    ("written", "is_display"),
    [
        ("$x_1 + 2$", False),
        ("$2x+1$", False),
        (r"\(a*b*c\)", False),
        ("$$e = mc^2$$", True),
        (r"\[ \frac{a}{b} \]", True),
        ("\\[\na\n\n= b\n\\]", True),
        ("$$\n- y\n$$", True),
        ("\\begin{align}\na &= b \\\\\n&= c\n\\end{align}", True),
    ],
)
def test_a_formula_keeps_its_latex_and_is_marked(written, is_display):
    html = render(f"So:\n\n{written}\n\nis it.")
    name = "math math--display" if is_display else "math"
    assert f'class="{name}" dir="ltr">{as_written(written)}</' in html


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "Between $5-$10, or $3,000.50 to $4,000.",
        "US$5 against C$7",
        "$5/month and 10$ a year",
        "`$x$` is how one writes it",
        "```\n$x$\n```",
        r"\$x\$",
        "$ x $",
        "$",
        "$$",
        r"\(",
    ],
)
def test_prices_and_code_are_no_formulas(text):
    assert 'class="math' not in render(text)


def test_a_link_says_where_it_leads():
    html = render("[here](https://example.org/a)")
    assert '<a href="https://example.org/a" target="_blank" rel="noopener nofollow noreferrer">here</a>' in html
    assert '<span class="address" dir="ltr">https://example.org/a</span>' in html


def test_an_address_that_stands_by_itself_is_a_link_and_ends_where_the_sentence_does():
    html = render("See https://example.org/wiki/A_(b), then go.")
    assert '<a href="https://example.org/wiki/A_(b)"' in html
    assert 'class="address"' not in html


def test_a_name_that_looks_like_another_is_spelled_out():
    assert "https://xn--pple-43d.com" in render("[apple](https://\u0430pple.com)")  # the first letter is Cyrillic


def test_an_image_is_its_words_and_its_address():
    html = render("![a cat](https://example.org/cat.png 'asleep')", image_word="그림")
    for word in ("그림", "a cat", "https://example.org/cat.png", "asleep"):
        assert word in html
    assert "<img" not in html


@pytest.mark.parametrize(
    ("text", "strong"),
    [
        ("**요약(Summary)**은 짧다", "요약(Summary)"),
        ("그는**“네”**라고 했다", "“네”"),
        ("これは**「引用」**です", "「引用」"),
        ("**굵게**는", "굵게"),
    ],
)
def test_emphasis_closes_before_letters_that_follow_without_a_space(text, strong):
    assert f"<strong>{strong}</strong>" in render(text)


def test_stars_that_are_no_emphasis_stay():
    assert render("2 * 3 * 4 가 * 나 * 다").count("*") == 4


def test_each_block_finds_its_own_direction():
    html = render("שלום עולם\n\nHello\n\n- مرحبا")
    assert html.count('dir="auto"') == 3
    assert 'dir="ltr"' in render("```\nx\n```")


# --- what cannot be seen ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ab\u202edc", "RLO"),
        ("a\u2066b", "LRI"),
        ("pay\u200bpal", "ZWSP"),
        ("a\u200db", "ZWJ"),
        ("soft\u00adhyphen", "SHY"),
        ("x\U000e0041\U000e0042", "U+E0041"),
        ("a\u200fb", "RLM"),
        ("bell\x07", "U+0007"),
        ("a\u3164b", "U+3164"),
        ("x\ufe01", "U+FE01"),
    ],
)
def test_a_character_that_hides_is_named(text, shown):
    for html in (render(text), as_written(text), render(f"`{text}`"), render(f"```\n{text}\n```"), render(f"${text}$")):
        assert f'<span class="unseen">{shown}</span>' in html
        assert text not in html


def test_a_character_that_hides_behind_an_entity_is_named_too():
    assert "RLO" in render("a&#x202e;b")


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧",
        "❤\ufe0f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "क्\u200dष",
        "שלום\u200f!",
        "葛\U000e0100",
        "ไทย\u200bไทย",
        "1\ufe0f\u20e3",
    ],
)
def test_what_a_script_or_an_emoji_needs_stays(text):
    assert as_written(text) == text


# --- nothing waits ----------------------------------------------------------------------------------------------
def test_a_very_long_text_is_shown_as_written():
    text = "**bold** " * (limits.LONGEST // 9 + 1)
    html = render(text)
    assert html.startswith('<p class="plain" dir="auto">**bold** **bold**')
    assert len(html) < len(text) + 100


def test_quotes_in_quotes_without_end_are_shown_as_written():
    text = "".join(f"{'>' * depth} level\n" for depth in range(1, 200))
    html = render(text)
    assert html.startswith('<p class="plain"')
    assert html.count("level") == 199


def test_a_paragraph_of_brackets_does_not_take_its_neighbours_with_it():
    html = render("**before**\n\n" + "[" * 20_000 + "\n\n**after**")
    assert "<strong>before</strong>" in html
    assert "<strong>after</strong>" in html
    assert html.count("[") == 20_000


HARD = ["[", "![", "*", "**a ", "*a **a ", "_a ", "`", "` `` ``` ", "<", "<a", "$", "$a ", "\\(", "\\[", "> ", ">", "- ", "- - ", "1. ",
        "|", "|a", "~~a ", "[a](", "![a](b) ", "&#", "\\", "#", "\n", "  - a\n", "$$\n", "\\[\n", "\\begin{align}\n", "```\n",
        "http://", "[[a]]", "a *b_", "****a", "\u202e", "\u200d", "| a |\n|--|\n"]  # fmt: skip


@pytest.mark.parametrize("piece", HARD)
def test_no_repetition_makes_the_parser_work_more_than_its_length_allows(piece):
    """Calls are counted, not seconds: a parser that looks back again and again would make thousands for each letter."""
    text = piece * (9_000 // len(piece))
    assert calls_of(lambda: render(text)) < 150 * len(text)


def calls_of(work):
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1

    render("$a$ `b` [c](d)")  # what is made once is made before
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


# --- code in colours --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", sorted(languages.LANGUAGES))
def test_what_a_language_begins_it_takes_to_the_end(language):
    """An expression that fails late starts again at every letter: what is never closed must be taken all the same."""
    known = languages.LANGUAGES[language]
    begun = [(known.strings, mark, mark) for mark in ('"', "'", "`", '"""', "'''")]
    begun += [
        (known.comments, *ends) for ends in (("/*", "*/"), ("<!--", "-->"), ("{-", "-}"), ("#=", "=#"), ("<#", "#>"))
    ]
    for part, opening, closing in begun:
        pattern = re.compile(part, re.DOTALL)
        if part and (whole := pattern.match(f"{opening}xyz{closing}")) and whole.end() > len(opening) + 3:
            for ending in ("", "x", "\\"):
                found = pattern.match(opening + "\\\\" * 300 + ending)
                assert found, (opening, ending)
                assert found.end() >= 600, (opening, ending)


@pytest.mark.parametrize("language", [*sorted(languages.LANGUAGES), *sorted(languages.NAMES), "diff"])
def test_colours_change_no_letter(language):
    code = "def f(x): return \"a\" // b /* c */ # d\n+ <a href='x'>1.5e3</a> -- e\n- $y = `z` @w \\begin{x} % f\n\n'"
    assert unescape(re.sub("<[^>]*>", "", colours.coloured(code, language))) == code


def test_names_of_languages_lead_somewhere():
    assert set(languages.NAMES.values()) <= set(languages.LANGUAGES)
