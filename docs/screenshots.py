"""Take the pictures of docs/images from a running demonstration.

    python manage.py demo            # in another terminal; it prints the log-ins
    make screenshots ARGS="--annotator annotator:... --reviewer reviewer:... --admin admin:..."

The log-ins may come from the environment as ANNOTATOR, REVIEWER and ADMIN, each written name:password. The browser is
Chromium: the one that CHROMIUM names, or the one on the PATH. Nothing is started and nothing is submitted.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

IMAGES = Path(__file__).parent / "images"
DESK, PHONE = (1440, 900), (390, 844)
Scheme = Literal["light", "dark"]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def main() -> None:
    options = arguments()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        for name, login, size, scheme, show in (
            ("annotate", options.annotator, DESK, "light", annotate),
            ("annotate-dark", options.annotator, DESK, "dark", annotate),
            ("annotate-guideline", options.annotator, DESK, "light", guideline),
            ("annotate-phone", options.annotator, PHONE, "light", annotate),
            ("review", options.reviewer, DESK, "light", review),
            ("overview", options.admin, DESK, "light", overview),
        ):
            with visitor(browser, options.address, login, size, scheme) as page:
                show(page, options.address)
                picture = options.folder / f"{name}.png"
                page.screenshot(path=picture, animations="disabled", caret="hide")
                print(f"{picture} {picture.stat().st_size / 1000:.0f} kB")
        browser.close()


def annotate(page: Page, address: str) -> None:
    """A pair of arguments with a level chosen, not sent."""
    page.goto(f"{address}/projects/convincing/annotate/")
    page.wait_for_selector("[data-live]")
    page.keyboard.press("1")
    page.wait_for_selector("[data-complete]")
    saved = page.locator("[data-page]").get_attribute("data-saved")
    expect(page.locator("[data-word]")).to_have_text(saved or "", timeout=15_000)


def guideline(page: Page, address: str) -> None:
    """The same with the guideline beside it."""
    annotate(page, address)
    page.keyboard.press("g")
    page.wait_for_selector(".guideline-body")


def review(page: Page, address: str) -> None:
    """The first contested pair of which most people wrote why."""
    page.goto(f"{address}/projects/convincing/review/")
    links = page.locator(".queue-link")
    for path in [links.nth(at).get_attribute("href") for at in range(links.count())]:
        page.goto(f"{address}{path}")
        if page.locator(".person .text").count() > 2:
            return


def overview(page: Page, address: str) -> None:
    page.goto(f"{address}/projects/recipes/")


@contextmanager
def visitor(browser: Browser, address: str, login: str, size: tuple[int, int], scheme: Scheme) -> Iterator[Page]:
    """A page of somebody who is logged in, in English and in one time zone wherever this runs."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.goto(f"{address}/login/")
    name, _, password = login.partition(":")
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.click("main button")
    page.wait_for_url(f"{address}/")
    yield page
    context.close()


def chromium() -> str:
    """The browser's path. Ends the program when there is none."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return found or sys.exit("No Chromium was found. Install it (Debian: apt install chromium) or set CHROMIUM.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default=os.environ.get("ADDRESS", "http://127.0.0.1:8000"))
    parser.add_argument("--folder", type=Path, default=IMAGES)
    for who in ("annotator", "reviewer", "admin"):
        given = os.environ.get(who.upper())
        parser.add_argument(
            f"--{who}", type=login_of(who), default=given, required=given is None, metavar="NAME:PASSWORD"
        )
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    return options


def login_of(who: str) -> Callable[[str], str]:
    """Checks what was given for somebody, before the browser finds out."""

    def checked(given: str) -> str:
        if ":" not in given:
            raise argparse.ArgumentTypeError(f"{given!r} is not name:password, as `manage.py demo` prints for {who}")
        return given

    return checked


if __name__ == "__main__":
    main()
