"""Final answers: where they are found, when they are the same, and what hostile ones can do (nothing)."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelgen.verifiers import algebra_program
from modelgen.verifiers.answers import (
    ALGEBRA,
    ANSWER_KINDS,
    RightAnswer,
    UnknownAnswerKind,
    check_answer,
    final_answer,
    last_boxed,
)
from modelgen.verifiers.apart import ProgramEnded, Programs, TookTooLong
from modelgen.verifiers.written_numbers import numbers_in, read_number

PROGRAM = Path(algebra_program.__file__)


def is_right(response: str, *texts: str, kind: str = "exact", **options: float) -> bool | None:
    return check_answer(response, RightAnswer(texts=texts, kind=kind, **options)).is_met


@pytest.fixture(scope="module")
def quick():
    """One program that is given two seconds."""
    programs = Programs(PROGRAM, most=1, seconds=2.0)
    yield programs
    programs.stop()


@pytest.fixture(scope="module", autouse=True)
def _end_the_programs():
    yield
    ALGEBRA.stop()


# --- finding the answer -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("response", "kind", "answer"),
    [
        (r"First \boxed{1}, no: \boxed{\frac{1}{2}}. The answer is 3.", "algebraic", r"\frac{1}{2}"),
        ("The answer is Paris.\nSome more words.", "exact", "Paris"),
        ("**Final answer:** **Paris**", "exact", "Paris"),
        ("6 * 7\n#### 1,200", "numeric", "1,200"),
        ("The answer is 5 apples because 7 were eaten", "numeric", "5"),
        ("The answer is 3 + 4 = 7", "numeric", "7"),
        ("There are 3 cats and 4 dogs.\nSo 12 legs and some.", "numeric", "12"),
        ("We get $x^2$ and so $\\frac12$.", "algebraic", r"\frac12"),
        ("It is 4.", "algebraic", "4"),
        ("<think>the answer is 3</think>\nThe answer is 4", "numeric", "4"),
        ("some words\n\n  Paris  \n\n", "exact", "Paris"),
        (r"never closed \boxed{1", "numeric", "1"),
        ("", "exact", ""),
        ("no number here", "numeric", ""),
    ],
)
def test_the_answer_is_found_where_the_order_says(response, kind, answer):
    assert final_answer(response, kind) == answer


def test_a_response_without_an_answer_is_wrong():
    assert is_right("I do not know", "4", kind="numeric") is False


def test_brackets_inside_a_box_belong_to_it():
    assert last_boxed(r"\boxed{\{1, 2\}}") == r"\{1, 2\}"


@given(st.text())
def test_no_text_raises(text):
    for kind in ("exact", "numeric"):
        check_answer(text, RightAnswer(texts=(text, "1"), kind=kind))
        final_answer(text, "algebraic")
    numbers_in(text)


def test_long_hostile_responses_are_read_at_all():
    pieces = [
        "\\boxed{",
        "</think>",
        "answer is ",
        "9",
        " ",
        "$",
        "1,",
        "1 ",
        "\\(",
        "1/",
        "-",
        "\\text{",
        "answer is \n",
    ]
    for piece in pieces:
        for kind in ANSWER_KINDS:
            final_answer(piece * (50_000 // len(piece)), kind)  # a pattern that backtracks would never come back


# --- exact and numeric --------------------------------------------------------------------------------------------
def test_exact_answers_are_compared_without_case_punctuation_and_articles():
    assert is_right("The answer is the  “United-Kingdom”!", "united kingdom") is True
    assert is_right("The answer is France", "united kingdom") is False
    assert is_right("The answer is +", "-") is False, "where nothing would be left the text itself counts"
    assert is_right("The answer is NYC", "New York City", "NYC") is True


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234.5", 1234.5), ("1 234", 1234), ("3,5", 3.5), ("3/4", 0.75), ("1 1/2", 1.5), ("-3/4", -0.75), ("1.2e3", 1200),
        ("6 x 10^2", 600), ("6 \\times 10^{2}", 600), ("$5", 5), ("\\$1,000", 1000), ("12 km/h", 12), ("\\frac{3}{4}", 0.75),
        ("\u22127", -7), (".5", 0.5), ("7.", 7),
    ],
)  # fmt: skip
def test_numbers_are_read_however_they_are_written(written, value):
    number = read_number(written)
    assert number is not None
    assert float(number.value) == value


@pytest.mark.parametrize("written", ["", "abc", "1/0", "1e999999", "9" * 500, "12.5.3", "1/2/3", "1,23,456"])
def test_what_is_no_number_is_not_read_as_one(written):
    assert read_number(written) is None


@given(
    st.integers(-(10**12), 10**12),
    st.sampled_from(["{}", "{:,}", "The answer is {:,}.", "\\boxed{{{}}}", "x\n#### {}"]),
)
def test_a_whole_number_is_right_in_every_dress(number, dress):
    assert is_right(dress.format(number), str(number), kind="numeric") is True
    assert is_right(dress.format(number + 1), str(number), kind="numeric") is False


def test_numeric_answers_have_tolerances_percents_and_units():
    assert is_right("answer: 3.14", "3.14159", kind="numeric") is False
    assert is_right("answer: 3.14", "3.14159", kind="numeric", tolerance=0.01) is True
    assert is_right("answer: 1010", "1000", kind="numeric", relative_tolerance=0.02) is True
    assert is_right("answer: 50%", "0.5", kind="numeric") is True
    assert is_right("answer: 50", "50 %", kind="numeric") is True
    assert is_right("answer: 5", "50 %", kind="numeric") is False
    assert is_right("answer: 12", "12 km", kind="numeric") is True
    assert is_right("answer: 12000 m", "12 km", kind="numeric") is None, "units are not converted: not wrong, not right"


def test_there_are_three_kinds_of_answers():
    with pytest.raises(UnknownAnswerKind, match="exact, numeric, algebraic"):
        RightAnswer(texts=("1",), kind="guess")


# --- algebra ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("right", "given_answer", "same"),
    [
        ("1/2", "0.5", True),
        ("x^2+2x+1", "(x+1)**2", True),
        (r"\frac{\sqrt{2}}{2}", "1/sqrt(2)", True),
        (r"\sin^2 x + \cos^2 x", "1", True),
        (r"\{1,2\}", "2, 1", True),
        ("(1,2)", "[1,2]", False),
        ("x=5", "5", True),
        ("5", "6", False),
        ("x+1", "x+2", False),
    ],
)
def test_expressions_are_compared_by_what_they_mean(right, given_answer, same):
    assert is_right(f"\\boxed{{{given_answer}}}", right, kind="algebraic") is same


@pytest.mark.parametrize("hostile", ["9^{9^{9^{9}}}", "(x+1)^{100000}"])
def test_what_takes_too_long_could_not_be_verified_and_the_next_one_is(quick, hostile):
    verdict = check_answer(f"\\boxed{{{hostile}}}", RightAnswer(texts=("2",), kind="algebraic"), quick)
    assert (verdict.is_met, verdict.reason) == (None, f"Comparing {hostile!r} took too long.")
    assert check_answer("answer: 0.5", RightAnswer(texts=("1/2",), kind="algebraic"), quick).is_met is True


@pytest.mark.parametrize(
    "hostile", ["\\" * 1900, "\\frac{" * 300, "{" * 70 + "1" + "}" * 70, "x" * 4000, "\x00", "\ud800", "$$$", "}{"]
)
def test_what_cannot_be_read_could_not_be_verified(quick, hostile):
    said = quick.answer({"right": "1", "given": hostile})
    assert "problem" in said
    assert "same" not in said


CODE = "__import__('os').mkdir('{}')"


@pytest.mark.parametrize(
    "form", ["{}", r"\text{{{}}}", r"\operatorname{{{}}}(1)", "f({})", "x_{{{}}}", "a = {}", r"\{{{}\}}"]
)
def test_no_text_of_a_model_is_ever_run(tmp_path, form):
    made = tmp_path / "made"
    text = form.format(CODE.format(made))
    for right, given_answer in (("1", text), (text, "1")):
        with suppress(TookTooLong, ProgramEnded):
            ALGEBRA.answer({"right": right, "given": given_answer})
    assert not made.exists()


def test_even_sympys_own_way_of_evaluating_text_is_closed(tmp_path):
    made = tmp_path / "made"
    run = f"""
import sympy
from modelgen.verifiers import algebra_program
algebra_program.warm_up(); algebra_program.take_out_evaluation()
print(sympy.sympify("7"))
try: sympy.sympify({CODE.format(made)!r})
except Exception as error: print(type(error).__name__)
"""
    said = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["7", "Unverifiable"]
    assert not made.exists()


def test_the_kernel_holds_the_program_to_little_memory_and_no_files(quick):
    quick.answer({"right": "1", "given": "1"})
    (limits,) = [Path(f"/proc/{program.pid}/limits") for program in quick.idle()]
    if not limits.exists():
        pytest.skip("no /proc here")
    rows = {line[:25].strip(): line[25:].split()[0] for line in limits.read_text().splitlines()[1:]}
    assert rows["Max file size"] == "0"
    assert rows["Max address space"] == str(algebra_program.MEMORY_BYTES)
