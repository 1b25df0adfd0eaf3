"""Reading lists and texts out of replies: well-formed ones in every style, and anything at all without a crash."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelgen.asking import CannotParse
from modelgen.engines.protocol import Reply
from modelgen.pipeline.quoting import quoted
from modelgen.pipeline.reading import LONGEST_REPLY, read_list, read_text, read_turn
from modelgen.pipeline.rows import same_form

UNHURRIED = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.lists(
    st.sampled_from(
        ["sea", "tea", "why", "how", "old", "is", "the", "winter", "in", "Łódź", "17", "what's", "日本", "co2"]
    ),
    min_size=2,
    max_size=5,
).map(" ".join)
ENTRIES = st.lists(WORDS, min_size=2, max_size=12, unique_by=same_form)
STYLES = {
    "numbered": lambda entries: "\n".join(f"{n}. {each}" for n, each in enumerate(entries, 1)),
    "numbered with brackets": lambda entries: "\n".join(f"  {n}) {each}" for n, each in enumerate(entries, 1)),
    "with air": lambda entries: "\n\n".join(f"({n}) {each}" for n, each in enumerate(entries, 1)),
    "hyphens": lambda entries: "\n".join(f"- {each}" for each in entries),
    "stars and bold": lambda entries: "\n".join(f"* **{each}**" for each in entries),
    "dots and quotes": lambda entries: "\n".join(f"\u2022 \u201c{each}\u201d" for each in entries),
    "letters": lambda entries: "\n".join(f"{chr(97 + n)}) {each}" for n, each in enumerate(entries)),
    "json": json.dumps,
    "json with air": lambda entries: json.dumps(entries, indent=2),
    "json in a fence": lambda entries: f"```json\n{json.dumps(entries)}\n```",
    "json objects": lambda entries: json.dumps([{"topic": each} for each in entries]),
}
BEFORE = st.sampled_from(
    ["", "Sure! Here are some ideas:\n\n", "<think>\n1. what do they want?\n</think>\n", "Here is a list:\n"]
)
AFTER = st.sampled_from(["", "\n\nLet me know if you need more!", "\n\nThese go from broad to narrow."])


@pytest.mark.parametrize("style", STYLES)
@UNHURRIED
@given(entries=ENTRIES, before=BEFORE, after=AFTER)
def test_a_list_comes_back_as_it_was_written_whatever_its_style_and_the_chatter_around_it(
    style, entries, before, after
):
    assert read_list(before + STYLES[style](entries) + after, most=12) == entries


@UNHURRIED
@given(entries=ENTRIES, before=BEFORE, after=st.sampled_from(["", "\n\nLet me know if you need more!"]))
def test_bare_lines_are_a_list_too(entries, before, after):
    assert read_list(before + "\n".join(entries) + after, most=12) == entries


@UNHURRIED
@given(st.text(max_size=400), st.booleans())
def test_any_text_is_read_or_refused(text, was_cut):
    reply = Reply(texts=(text,), was_cut=(was_cut,))
    for read in (
        lambda: read_list(reply, most=5, longest=100),
        lambda: [read_text(reply, longest=100)],
        lambda: [read_turn(reply, role="user", longest=100)],
        lambda: [read_turn(reply, role="assistant", longest=100)],
    ):
        try:
            found = read()
        except CannotParse:
            continue
        assert found
        assert all(0 < len(each) <= 100 for each in found)
        assert all(each.encode() and "\x00" not in each for each in found)


@UNHURRIED
@given(
    st.lists(
        st.sampled_from(["1.", "- ", "[", "]", '"', "{", "a", "\n", "**", "```", "User:", "<think>", ":", " "]),
        max_size=60,
    )
)
def test_broken_lists_are_read_or_refused(parts):
    with contextlib.suppress(CannotParse):
        assert read_list("".join(parts), most=5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n ",
        "I cannot help with that.",
        "<think>a list of topics: 1. one",
        "x" * (LONGEST_REPLY + 1),
        "[" * 100_000,
        '[{"a": "b", "c": "d"}]',
        "1. " + "x" * 3000,
    ],
)
def test_a_reply_without_a_list_is_refused(text):
    with pytest.raises(CannotParse):
        read_list(text, most=5)


def test_entries_keep_the_lines_that_belong_to_them():
    reply = "Here:\n1. Mend this code:\n   print(1\n   and say why.\n2. Another\n\nEnjoy!"
    assert read_list(reply, most=5) == ["Mend this code:\nprint(1\nand say why.", "Another"]


def test_points_inside_an_entry_are_not_entries():
    assert read_list("1. Plan a trip\n- by train\n- in May\n2. Bake", most=5) == [
        "Plan a trip\n- by train\n- in May",
        "Bake",
    ]


def test_what_is_written_twice_counts_once():
    assert read_list("1. Tea\n2. tea.\n3. Coffee", most=5) == ["Tea", "Coffee"]


def test_the_last_entry_of_a_reply_that_was_cut_is_left_out():
    assert read_list(Reply(texts=("1. Tea\n2. Coffee\n3. Hot choco",), was_cut=(True,)), most=5) == ["Tea", "Coffee"]


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("How old is the sea?", "How old is the sea?"),
        ('"How old is the sea?"', "How old is the sea?"),
        ("Sure, here is the revised prompt:\n\nHow old is the sea?", "How old is the sea?"),
        ("**Revised prompt:** How old is the sea?", "How old is the sea?"),
        ("Prompt: How old is the sea?", "How old is the sea?"),
        ("```\nHow old\nis the sea?\n```", "How old\nis the sea?"),
        ("<think>The sea.</think>\n\nHow old is the sea?", "How old is the sea?"),
        ('"A" is not "B"', '"A" is not "B"'),
        ("Here is my problem: the sea.", "Here is my problem: the sea."),
        ("Here's a revised version of the prompt:\nHow old is the sea?", "How old is the sea?"),
        ("Great!\n\nHow old is the sea?", "How old is the sea?"),
        ("Here is a function that adds:\nprint(1)\nMend it.", "Here is a function that adds:\nprint(1)\nMend it."),
        ("Great cities lie by the sea.\nWhy?", "Great cities lie by the sea.\nWhy?"),
    ],
)
def test_a_text_is_freed_of_what_stands_around_it(reply, text):
    assert read_text(reply, longest=100) == text


def test_a_text_that_was_cut_is_refused():
    with pytest.raises(CannotParse, match="allow more"):
        read_text(Reply(texts=("How old is",), was_cut=(True,)), longest=100)


@pytest.mark.parametrize(
    ("said", "turn"),
    [
        ("User: And in winter?", "And in winter?"),
        ("**Human:** And in winter?", "And in winter?"),
        ("And in winter?\n\nAssistant: In winter it is cold.\nUser: Ah.", "And in winter?"),
        ('"And in winter?"', "And in winter?"),
    ],
)
def test_a_users_turn_is_freed_of_labels_and_of_the_answer_to_it(said, turn):
    assert read_turn(said, role="user", longest=100) == turn


def test_who_speaks_for_the_other_side_is_refused():
    with pytest.raises(CannotParse, match="other side"):
        read_turn("Assistant: In winter it is cold.", role="user", longest=100)


def test_an_answer_keeps_dialogues_that_are_part_of_it():
    answer = "**A small scene:**\nUser: Hi\nAssistant: Hello,"
    assert read_turn("Assistant: " + answer, role="assistant", longest=100) == answer


@UNHURRIED
@given(st.text(alphabet="= \nab", max_size=80))
def test_a_quoted_text_cannot_end_its_quotation(text):
    fence, *inside, end = quoted(text).split("\n")
    assert fence == end
    assert fence not in "\n".join(inside)
