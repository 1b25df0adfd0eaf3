"""The picture of cost and quality: an SVG whose words do not overlap."""

import re
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from consensus.cost_quality_picture import LINE_HEIGHT, NAMES_AT, Point, picture

SVG = "{http://www.w3.org/2000/svg}"


def drawn(points, **how):
    return ElementTree.fromstring(picture(points, title="A <set>", quality_name="agreement", **how))  # noqa: S314 (our own)


def names(svg):
    """(text, height) of the names in the column to the right."""
    return [("".join(t.itertext()), float(t.get("y"))) for t in svg.iter(f"{SVG}text") if t.get("x") == str(NAMES_AT)]


def marks(svg):
    titled = [path for path in svg.iter(f"{SVG}path") if path.find(f"{SVG}title") is not None]
    return {
        path.find(f"{SVG}title").text: float(re.match(r"M[-\d.]+ ([-\d.]+)", path.get("d")).group(1)) for path in titled
    }


def test_every_setting_is_named_and_baselines_once_for_their_line():
    points = [Point(f"always {n}", "majority", n, 0.5 + n / 20, is_baseline=True) for n in (1, 2, 3)]
    svg = drawn([*points, Point("spread", "majority", 3.4, 0.7, 0.6, 0.8), Point("spread", "mean", 3.4, 0.6)])
    assert sorted(text for text, _ in names(svg)) == [
        "always 1 ... always 3 majority",
        "spread majority",
        "spread mean",
    ]
    assert len(marks(svg)) == 5


def test_up_is_always_better():
    points = [Point("low", "mean", 1, 0.2), Point("high", "mean", 2, 0.8)]
    of_agreement, of_error = marks(drawn(points)), marks(drawn(points, smaller_is_better=True))
    low, high = of_agreement
    assert of_agreement[high] < of_agreement[low]  # down the page is larger
    assert of_error[low] < of_error[high]


@given(st.lists(st.tuples(st.floats(1, 5), st.floats(0, 1)), min_size=1, max_size=60))
def test_names_never_overlap_and_stay_on_the_page(places):
    svg = drawn([Point(f"policy {at}", "majority", cost, quality) for at, (cost, quality) in enumerate(places)])
    heights = sorted(height for _, height in names(svg))
    assert len(heights) == len(places)
    assert all(below - above >= LINE_HEIGHT - 1e-6 for above, below in pairwise(heights))
    assert heights[0] > 26  # under the title
    assert heights[-1] < float(svg.get("height"))


def test_words_of_people_are_escaped_and_nothing_to_draw_is_no_failure():
    assert drawn([]).find(f"{SVG}title").text == "A <set>"
    assert names(drawn([Point("<b>", "&", 1, 1)]))[0][0] == "<b> &"


def test_it_follows_light_and_dark():
    assert "light-dark(" in picture([], title="", quality_name="")
