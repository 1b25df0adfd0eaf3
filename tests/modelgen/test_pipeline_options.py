"""Options read into dataclasses: what fits is taken, what does not is refused with the way to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelgen.options import Between, FileOption, OptionRefused, described, digest, plain, read_options

UNHURRIED = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Inner:
    size: int = 1


@dataclass(frozen=True)
class Everything:
    name: Annotated[str, Between(1, 5), "what it is called"]
    count: Annotated[int, Between(1), "how many"] = 3
    share: Annotated[float, Between(0, 1)] = 0.5
    most: Annotated[int | None, Between(1, 9)] = None
    is_on: bool = False
    end: Literal["left", "right"] = "left"
    words: Annotated[tuple[Annotated[str, Between(2, 9)], ...], Between(0, 2)] = ()
    weights: Mapping[str, float] | None = None
    inner: Inner = Inner()
    file: FileOption | None = None


def test_everything_is_read_as_its_annotation_says():
    read = read_options(
        Everything,
        {
            "name": "a",
            "share": 1,
            "most": 9,
            "words": ["ab"],
            "weights": {"x": 2},
            "inner": {"size": 4},
            "file": "f.txt",
        },
        read_file={"f.txt": b"\xef\xbb\xbftea"}.__getitem__,
    )
    assert read == Everything(
        name="a",
        share=1.0,
        most=9,
        words=("ab",),
        weights={"x": 2.0},
        inner=Inner(4),
        file=FileOption("f.txt", b"\xef\xbb\xbftea"),
    )
    assert isinstance(read.share, float)
    assert read.file.text == "tea"


@pytest.mark.parametrize(
    ("given_options", "path", "says"),
    [
        ({}, (), "'name' is missing: what it is called"),
        ({"name": ""}, ("name",), "1 to 5 characters, not 0"),
        ({"name": 5}, ("name",), "text"),
        ({"name": "a", "count": 0}, ("count",), "at least 1, not 0"),
        ({"name": "a", "count": True}, ("count",), "whole number"),
        ({"name": "a", "count": 1.0}, ("count",), "whole number"),
        ({"name": "a", "share": "1"}, ("share",), "must be a number"),
        ({"name": "a", "share": float("nan")}, ("share",), "must be a number"),
        ({"name": "a", "share": -0.1}, ("share",), "0 to 1"),
        ({"name": "a", "most": 10}, ("most",), "1 to 9"),
        ({"name": "a", "is_on": 1}, ("is_on",), "true or false"),
        ({"name": "a", "end": "top"}, ("end",), "left, right"),
        ({"name": "a", "words": "ab"}, ("words",), "a list"),
        ({"name": "a", "words": ["ab", "a"]}, ("words", 1), "2 to 9 characters"),
        ({"name": "a", "words": ["ab"] * 3}, ("words",), "0 to 2 of them"),
        ({"name": "a", "weights": {"x": "y"}}, ("weights", "x"), "number"),
        ({"name": "a", "weights": {1: 2}}, ("weights",), "texts as keys"),
        ({"name": "a", "inner": {"siz": 1}}, ("inner", "siz"), "there are: size"),
        ({"name": "a", "inner": None}, ("inner",), "mapping of options"),
        ({"name": "a", "file": "f.txt"}, ("file",), "files cannot be named here"),
        ([], (), "mapping of options"),
    ],
)
def test_what_does_not_fit_is_refused(given_options, path, says):
    with pytest.raises(OptionRefused, match=says) as refused:
        read_options(Everything, given_options)
    assert refused.value.path == path


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
)


@UNHURRIED
@given(st.dictionaries(st.sampled_from([*Everything.__dataclass_fields__, "other"]), VALUES))
def test_anything_is_read_or_refused_and_what_is_read_reads_the_same_again(given_options):
    try:
        read = read_options(Everything, given_options)
    except OptionRefused:
        return
    assert read_options(Everything, plain(read)) == read
    assert digest(read) == digest(read_options(Everything, dict(reversed(plain(read).items()))))


def test_options_say_what_they_are():
    words = {option.name: option for option in described(Everything)}
    assert (words["name"].type, words["name"].default, words["name"].meaning) == (
        "text, 1 to 5",
        "",
        "what it is called",
    )
    assert (words["count"].type, words["count"].default) == ("whole number, at least 1", "3")
    assert words["end"].type == "`left` or `right`"
    assert words["most"].default == "null"


def test_a_digest_knows_equal_files_by_their_content():
    assert digest(FileOption("a", b"x")) == digest(FileOption("b", b"x")) != digest(FileOption("a", b"y"))
