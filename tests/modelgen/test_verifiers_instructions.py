"""Verifiable instructions: what meets them passes, what spoils them fails, and no text makes a check fall over."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelgen.verifiers.instructions import (
    KINDS,
    ConstraintNotValid,
    Material,
    as_json,
    check,
    conflicts_of,
    constraint_from,
    draw_constraints,
    with_constraints,
)
from modelgen.verifiers.instructions.languages import LANGUAGES, language_of

MATERIAL = Material(prompt="Tell me, please, about tides.", keywords=("moon", "sea level", "gravity"))
SEEDS = st.integers(0, 2**32 - 1)

# For each kind: parameters, texts that meet them, and texts that spoil them.
TABLE = {
    "word-count": (
        {"relation": "around", "count": 20},
        ["word " * 20, "word " * 22, "\u6c34" * 20],
        ["word " * 23, "word " * 17],
    ),
    "sentence-count": (
        {"relation": "at least", "count": 3},
        ["One. Two! Three", "Dr. Who came. He saw. He won 3.5 points.", "\u4e00\u3002\u4e8c\u3002\u4e09\u3002"],
        ["Dr. Who came at 3.5. He won.", "no end at all"],
    ),
    "paragraph-count": ({"count": 2}, ["a\n***\nb", "***\na\n\n***\nb\n***"], ["a\n\nb", "a\n***\nb\n***\nc", "a\n***\n\n***\nb"]),
    "paragraph-first-word": (
        {"count": 2, "place": 2, "word": "water"},
        ["one\n\nWater flows", "one\n \n**Water** flows"],
        ["Water\n\none", "one\n\ntwo\n\nwater", "one\n\nWatery"],
    ),
    "two-responses": ({}, ["one\n******\ntwo"], ["one", "one\n******\none", "one\n******\ntwo\n******\nthree"]),
    "bullet-count": ({"count": 2}, ["* a\n* b", "text\n- a\n  \u2022 b"], ["* a", "* a\n* b\n* c", "*a\n*b"]),
    "highlight-count": ({"count": 2}, ["*a* and *b c*", "**a** *b*"], ["*a*", "* a\n* b", "2 * 3 * 4"]),
    "section-count": (
        {"header": "Part", "count": 2},
        ["Part 1\na\nPart 2\nb", "## PART 1: x\na\n**Part 2**\nb"],
        ["Part 1\na", "Part 2\na\nPart 1\nb", "in Part 1 and Part 2"],
    ),
    "placeholder-count": ({"count": 2}, ["[name] of [street]"], ["[name]", "[a link](x) and [name]", "[] []"]),
    "title": ({}, ["<<A day>>\ntext", "text\n<< A day >>"], ["<A day>", "<<>>", "<<  >>"]),
    "json-only": ({}, ['{"a": 1}', "[1]", '```json\n{"a": [1]}\n```'], ["{'a': 1}", 'So: {"a": 1}', "3", "[" * 100_000]),
    "keywords-included": (
        {"words": ["moon", "sea level"]},
        ["The Moon and the sea level.", "MOON, Sea Level"],
        ["The moons and the sea level", "The moon"],
    ),
    "keywords-forbidden": ({"words": ["moon"]}, ["Honeymoon and moons"], ["The MOON!"]),
    "keyword-frequency": ({"word": "sea", "relation": "at most", "count": 1}, ["the sea", "seas of seaweed"], ["sea, Sea"]),
    "letter-frequency": ({"letter": "e", "relation": "at least", "count": 3}, ["Eel tree", "e e e"], ["eel"]),
    "no-commas": ({}, ["one and two"], ["one, two", "\u4e00\uff0c\u4e8c"]),
    "lower-case": ({}, ["all small, \u00fc too"], ["One", "\u00dcber", "123"]),
    "upper-case": ({}, ["ALL BIG 1"], ["ALL BiG", "123"]),
    "capital-words": ({"relation": "at least", "count": 2}, ["A NASA and EU thing"], ["A I NASA", "Nasa Eu"]),
    "start-phrase": ({"phrase": "In short:"}, ["In short: yes", '"in short: yes"'], ["Well. In short: yes"]),
    "end-phrase": ({"phrase": "That is all."}, ["Yes. That is all.", "yes. that is all.\n"], ["That is all. Yes."]),
    "postscript": ({"marker": "P.S."}, ["text\nP.S. more", "text\n**P.S.** more"], ["text P.S. more", "text\nP.S.", "P.S. more"]),
    "quotation": ({}, ['"text"', "\u201ctext\u201d", "\u00abtext\u00bb"], ["text", '"text', '""']),
    "repeat-prompt": ({"prompt": "Why is\nit?"}, ["Why is it? Because."], ["Because. Why is it?", "Why is it?"]),
    "options": ({"options": ["Yes.", "No."]}, ["Yes.", "no", '"Yes"'], ["Yes. Or no.", "Maybe"]),
    "language": (
        {"language": "German"},
        ["Das Wasser steigt und fällt, weil der Mond es mit seiner Kraft anzieht."],
        ["The water rises and falls with the moon as it is pulled.", "Ja."],
    ),
}  # fmt: skip


def test_there_are_at_least_twenty_one_kinds_and_each_stands_in_the_table():
    assert set(TABLE) == set(KINDS)
    assert len(KINDS) >= 21


@pytest.mark.parametrize("kind", TABLE)
def test_what_meets_a_constraint_passes_and_what_spoils_it_fails(kind):
    parameters, good, bad = TABLE[kind]
    constraint = constraint_from(kind, parameters)
    for text in good:
        assert check(text, constraint).is_met is True, (text, check(text, constraint).reason)
    for text in [*bad, "", "  \n "]:
        verdict = check(text, constraint)
        assert verdict.is_met is False, text
        assert verdict.reason.startswith(("It", "One of", "The", "Paragraph", "No")), verdict.reason


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(text=st.text() | st.text('*#[]<>".,!?\n -1aA\u6c34\u3042\u0e01\u05d0\u0130\u00df\ud800'), seed=SEEDS)
def test_no_text_makes_a_check_fall_over(kind, text, seed):
    constraint = KINDS[kind].drawn(np.random.default_rng(seed), MATERIAL)
    strict, loose = check(text, constraint), check(text, constraint, is_loose=True)
    assert loose.is_met or not strict.is_met, "what is met strictly is met loosely"
    assert bool(strict.reason) is not strict.is_met


@pytest.mark.parametrize("kind", KINDS)
def test_a_constraint_travels_as_json_and_is_said_with_its_parameters(kind):
    constraint = KINDS[kind].drawn(np.random.default_rng(5), MATERIAL)
    written = json.loads(json.dumps(as_json(constraint)))
    assert constraint_from(**written) == constraint
    for parameter in written["parameters"].values():
        for each in parameter if isinstance(parameter, list) else [parameter]:
            assert str(each) in constraint.text()


def test_a_greeting_and_stars_are_forgiven_loosely_only():
    constraint = constraint_from("start-phrase", {"phrase": "In short:"})
    for text in ("Sure, here it is!\nIn short: yes", "**In short:** yes"):
        assert check(text, constraint).is_met is False
        assert check(text, constraint, is_loose=True).is_met is True
    assert check("Well\nwell\nIn short: yes", constraint, is_loose=True).is_met is False


@given(SEEDS, st.integers(1, 3))
def test_constraints_that_are_drawn_together_do_not_conflict_and_are_the_same_for_a_seed(seed, count):
    drawn = draw_constraints(np.random.default_rng(seed), count, MATERIAL)
    assert drawn == draw_constraints(np.random.default_rng(seed), count, MATERIAL)
    assert 1 <= len(drawn) <= count
    kinds = [constraint.kind for constraint in drawn]
    assert all(one not in conflicts_of(other) for one in kinds for other in kinds if one != other)
    assert len(set(kinds)) == len(kinds)


def test_conflicts_go_both_ways():
    assert all(one in conflicts_of(other) for one in KINDS for other in conflicts_of(one))
    assert "upper-case" in conflicts_of("lower-case")
    assert "no-commas" not in conflicts_of("lower-case")
    assert conflicts_of("json-only") == set(KINDS)


def test_without_material_the_kinds_that_need_it_are_left_out():
    kinds = {c.kind for seed in range(40) for c in draw_constraints(np.random.default_rng(seed), 3, Material())}
    assert not kinds & {"repeat-prompt", "keywords-included", "keywords-forbidden", "keyword-frequency"}


def test_the_prompt_stands_before_what_is_asked_for_and_is_not_said_twice():
    repeated = constraint_from("repeat-prompt", {"prompt": MATERIAL.prompt})
    title = constraint_from("title", {})
    assert with_constraints("Tell me.", [title]) == f"Tell me.\n\n{title.text()}"
    assert with_constraints(MATERIAL.prompt, [repeated]).count(MATERIAL.prompt) == 1
    assert with_constraints(MATERIAL.prompt, [repeated]).endswith(MATERIAL.prompt)


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        ("sonnet", {}, "no kind of constraint 'sonnet'"),
        ("word-count", {"relation": "at least"}, "'count' is missing"),
        ("word-count", {"relation": "at least", "count": -1}, "1 to 100000"),
        ("word-count", {"relation": "exactly", "count": 3}, "at least"),
        ("title", {"size": 3}, "no option 'size'"),
    ],
)
def test_constraints_that_cannot_be_used_are_refused_in_words(kind, parameters, words):
    with pytest.raises(ConstraintNotValid, match=words):
        constraint_from(kind, parameters)


SAMPLES = {
    "English": "The tide is the rise and fall of the sea. It is caused by the pull of the moon on the water, and it comes twice a day.",
    "German": "Die Gezeiten sind das Steigen und Fallen des Meeres. Sie werden durch den Mond verursacht und kommen zweimal am Tag.",
    "French": "Les marées sont le mouvement de la mer. Elles sont causées par la lune qui attire l'eau, et elles viennent deux fois par jour.",
    "Spanish": "Las mareas son el movimiento del mar. Son causadas por la luna que atrae el agua, y vienen dos veces al día.",
    "Italian": "Le maree sono il movimento del mare. Sono causate dalla luna che attira l'acqua, e vengono due volte al giorno con la luna.",
    "Greek": "Η παλίρροια είναι η κίνηση της θάλασσας που προκαλεί το φεγγάρι.",  # noqa: RUF001
    "Korean": "조수는 달이 바닷물을 끌어당겨서 생기는 바다의 움직임입니다.",
    "Japanese": "潮の満ち引きは、月が海の水を引っ張ることによって起こります。",
    "Chinese": "潮汐是海水的涨落。它是由月亮的引力引起的，每天发生两次。",  # noqa: RUF001
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_are_told_apart(language):
    assert language_of(SAMPLES[language]) == language
    assert language_of(f"```\nthe of and to in is\n```\n{SAMPLES[language]}") == language


@pytest.mark.parametrize("text", ["", "Ja.", "12345", "Вода поднимается и опускается.", "aaa bbb ccc"])
def test_a_language_that_cannot_be_told_is_not_guessed(text):
    assert language_of(text) == ""


def test_long_hostile_texts_are_checked_at_all():
    pieces = [".", "*", "* ", "[", "<<", "<< ", "\n", " ", "```\n", ".*", "'", "a'", "1 ", "#", "***\n", "\u3042"]
    constraints = [KINDS[kind].drawn(np.random.default_rng(3), MATERIAL) for kind in KINDS]
    for piece in pieces:
        for constraint in constraints:
            check(piece * (20_000 // len(piece)), constraint)  # a pattern that backtracks would never come back
