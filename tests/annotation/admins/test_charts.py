"""What a chart says: the same numbers in the picture, in the table and in the file; what is undefined stays a word."""

import csv
import io
import json
import re
from datetime import date
from urllib.parse import unquote

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from annotation.review.charts import kinds as charts
from annotation.review.charts import shown as charts_shown
from annotation.review.charts.kinds import Dot, Mark, Row
from consensus.estimates import Estimate

ALPHA = Estimate(0.712345, 0.66, 0.75, 412, 130)
NOBODY = Estimate(None, None, None, 3, 2, "too few (3)")


def drawn(chart):
    return render_to_string("components/_chart.html", {"chart": chart})


def file_of(chart):
    return list(csv.reader(io.StringIO(chart.csv)))


@pytest.mark.parametrize("chart", charts_shown.examples(), ids=lambda chart: chart.title)
def test_every_kind_has_a_title_a_table_and_what_its_script_needs(chart):
    page = drawn(chart)
    assert f'id="{chart.id}-title">{translation.gettext(chart.title)}'.replace("'", "&#x27;") in page
    assert page.count("<tr>") == (len(chart.rows) + 1 if chart.rows else 0)
    assert page.count("data-chart-picture") == (0 if chart.empty else 1)
    assert ("chart-empty" in page) == bool(chart.empty)
    json.dumps(chart.drawing, allow_nan=False)


def test_charts_of_one_page_are_told_apart():
    shown = charts_shown.examples()
    assert len({chart.id for chart in shown}) == len(shown)
    one, other = (charts.histogram("Range", {0: 1}, heading="Range", of="Samples", key=key) for key in ("a", "b"))
    assert one.id != other.id


def test_an_undefined_value_is_a_word_and_never_zero():
    chart = charts.intervals(
        "Agreement", [Row("Ana", ALPHA, "people"), Row("Ben", NOBODY), Row("Cleo", None)], heading="Who", of="Alpha"
    )
    assert [row["value"] for row in chart.drawing["rows"]] == [0.712345, None, None]
    assert [row["text"] for row in chart.drawing["rows"]] == ["0.71 (0.66 to 0.75)", "too few (3)", "undefined"]
    assert [cell["text"] for cell in chart.table[1]] == ["Ben", "too few (3)", "", "", "3"]
    assert file_of(chart)[1:] == [
        ["Ana", "0.712345", "0.66", "0.75", "412"], ["Ben", "too few (3)", "", "", "3"], ["Cleo", "", "", "", ""],
    ]  # fmt: skip


def test_a_course_keeps_its_gaps_and_names_what_its_columns_are():
    weeks = [date(2026, 3, 2), date(2026, 3, 9)]
    chart = charts.lines(
        "Reliability", weeks, {"alpha": [ALPHA, None]}, heading="Week", reference=Mark(0.667, "tentative"), marks=[Mark(weeks[1], "v2")]
    )  # fmt: skip
    assert [row["x"] for row in chart.drawing["rows"]] == ["2026-03-02", "2026-03-09"]
    assert chart.drawing["rows"][1]["value"] is None
    assert chart.drawing["marks"] == [{"at": "2026-03-09", "words": "v2"}]
    assert file_of(chart) == [
        ["Week", "alpha", "alpha, from", "alpha, to", "alpha, samples"],
        ["2026-03-02", "0.712345", "0.66", "0.75", "412"],
        ["2026-03-09", "", "", "", ""],
    ]


def test_heat_is_shaded_by_the_share_of_the_row():
    chart = charts.heat("Confusion", ["a", "b"], ["a", "b"], [[3, 1], [0, 0]], heading="One", across="Another")
    assert [row["share"] for row in chart.drawing["rows"]] == [0.75, 0.25, 0.0, 0.0]
    assert file_of(chart) == [["One / Another", "a", "b"], ["a", "3", "1"], ["b", "0", "0"]]


def test_dots_have_columns_for_the_names_and_groups_that_they_have():
    plain = charts.dots("Sure", [Dot(0.5, 0.4)], x="Said", y="Right", form="share")
    named = charts.dots("Sure", [Dot(0.5, 0.4, words="Ana", group="people")], x="Said", y="Right", form="share")
    assert file_of(plain) == [["Said", "Right"], ["0.5", "0.4"]]
    assert file_of(named)[1] == ["Ana", "people", "0.5", "0.4"]
    assert [cell["text"] for cell in plain.table[0]] == ["50.0 %", "40.0 %"]


def test_where_there_is_nothing_to_draw_it_says_why():
    assert charts.bars("Levels", ["a"], {"n": [0]}, heading="Level").empty == "Nothing was counted yet."
    assert charts.lines("Course", [], {"n": []}, heading="Week", empty="Nobody worked.").empty == "Nobody worked."
    assert charts.bars("Levels", ["a"], {"n": [2]}, heading="Level", empty="Nobody worked.").empty == ""


def test_words_of_people_are_neither_markup_nor_formulas():
    evil = '=HYPERLINK("x")</script><img src=x onerror=alert(1)>'
    chart = charts.bars(evil, [evil], {"-n": [1]}, heading="@who")
    page = drawn(chart)
    assert "<img" not in page
    assert page.count("</script>") == 1
    assert file_of(chart) == [["'@who", "'-n"], [f"'{evil}", "1"]]
    link = re.search(r'href="data:text/csv;charset=utf-8,([^"]*)"', page)
    assert unquote(link[1]).lstrip("\ufeff") == chart.csv
    assert re.fullmatch(r"[\w-]+", chart.file_name)


def test_numbers_are_written_as_the_language_writes_them():
    with translation.override("ko"):
        chart = charts.bars("수준", ["하나"], {"평가": [12345]}, heading="수준")
        assert chart.table[0][1]["text"] == "12,345"
        assert chart.file_name == "수준"
