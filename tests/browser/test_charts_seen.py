"""Charts in a real browser: drawn without a breach of the security policy, saved as files, and read without colour or script."""

import csv
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from annotation.review.charts import shown as charts_shown

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),  # static files come from where they lie
]
WITH_PICTURE = [chart for chart in charts_shown.examples() if not chart.empty]
SVG = "{http://www.w3.org/2000/svg}"


def chart_of(page: Page, title: str) -> str:
    return next(f"#{chart.id}" for chart in WITH_PICTURE if chart.title == title)


def saved(page: Page, chart: str, kind: str, folder: Path) -> Path:
    control = page.locator(chart).get_by_role("link" if kind == "CSV" else "button", name=kind)
    with page.expect_download() as waiting:
        control.press("Enter")
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    return file


def test_charts_are_drawn_read_and_saved(enter: Callable[[str], Page], tmp_path: Path):
    """One visit: the fixture says in the end that the console stayed empty and nothing was fetched from elsewhere."""
    page = enter("rita")
    page.goto("/styleguide/")
    pictures = page.locator("[data-chart-picture] svg[role=img]")
    expect(pictures).to_have_count(len(WITH_PICTURE))
    assert page.locator("[data-chart-failed]:visible").count() == 0
    assert Axe().run(page, context="#charts").response["violations"] == []

    heat = chart_of(page, "One person's level, another's level")
    expect(page.locator(f"{heat} svg[role=img]")).to_contain_text("402")
    expect(page.get_by_role("img", name="One person's level, another's level")).to_be_visible()

    table = page.locator(f"{heat} table")
    expect(table).to_be_hidden()
    page.locator(f"{heat} summary").press("Enter")
    expect(table).to_contain_text("402")

    agreement = chart_of(page, "Agreement with people")
    expect(page.locator(f"{agreement} svg[role=img]")).to_contain_text("0.71 (0.66 to 0.75)")
    expect(page.locator(f"{agreement} svg[role=img]")).to_contain_text("too few (6)")

    rows = list(csv.reader(saved(page, agreement, "CSV", tmp_path).read_text("utf-8-sig").splitlines()))
    assert rows[1] == ["People among themselves", "0.71", "0.66", "0.75", "412"]
    drawing = saved(page, agreement, "SVG", tmp_path)
    words = "".join(ElementTree.parse(drawing).getroot().itertext())  # noqa: S314  our own file
    assert "Agreement with people" in words
    assert "0.71 (0.66 to 0.75)" in words
    assert "var(" not in drawing.read_text("utf-8")
    picture = saved(page, agreement, "PNG", tmp_path).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000


def test_colours_follow_the_theme_and_the_picture_its_width(enter: Callable[[str], Page]):
    page = enter("rita")
    page.emulate_media(color_scheme="light")
    page.goto("/styleguide/")
    bars = chart_of(page, "Levels of helpfulness")
    bar = page.locator(f"{bars} svg[role=img] rect").first
    colour = "(element) => getComputedStyle(element).fill"
    light, was = bar.evaluate(colour), bar.element_handle()
    page.emulate_media(color_scheme="dark")
    assert bar.evaluate(colour) != light
    assert was.evaluate("(element) => element.isConnected")  # nothing was drawn anew

    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator(f"{bars} svg[role=img]")).to_have_attribute("width", re.compile(r"^[123]\d\d$"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_new_numbers_are_drawn_in_place_and_a_broken_picture_leaves_the_table(enter: Callable[[str], Page]):
    page = enter("rita")
    page.goto("/styleguide/")
    bars = chart_of(page, "Levels of helpfulness")
    expect(page.locator(f"{bars} svg[role=img]")).to_contain_text("412")
    page.evaluate(
        """async (chart) => {
            const data = document.querySelector(`${chart} script`);
            data.textContent = data.textContent.replaceAll("412", "587");
            (await import("/static/js/charts/charts.js")).drawAll();
        }""",
        bars,
    )
    expect(page.locator(f"{bars} svg[role=img]")).to_contain_text("587")
    page.evaluate(
        """async (chart) => {
            const data = document.querySelector(`${chart} script`);
            data.textContent = data.textContent.replace('"kind": "bars"', '"kind": "unheard of"');
            (await import("/static/js/charts/charts.js")).drawAll();
        }""",
        bars,
    )
    expect(page.locator(f"{bars} [data-chart-failed]")).to_be_visible()
    expect(page.locator(f"{bars} table")).to_be_visible()
    expect(page.locator(f"{bars} button[data-save]:visible")).to_have_count(0)


def test_without_a_script_the_table_says_it(browser, live_server):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/styleguide/")
    for chart in WITH_PICTURE:
        expect(page.locator(f"#{chart.id} table")).to_be_visible()
        assert page.locator(f"#{chart.id} button[data-save]:visible").count() == 0
        assert page.locator(f"#{chart.id} a[download]").get_attribute("href").startswith("data:text/csv")
    context.close()
