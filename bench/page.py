"""`python -m bench.page`: from Enter to the next sample, ready to read, in a real browser. `make bench-page`.

One person answers samples by keyboard against the platform's own web server on an embedded PostgreSQL of its own. The time
runs from the key event to the frame in which the next sample is painted, measured in the page. Three ways take turns in
the same browser: the page as it is; the floor, the same exchange of elements with cards that were made before and nothing
else; and the page with its sample ahead switched off, which is what waiting costs.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.__main__ import platform_for_the_bench, say

ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
KEYS = "3" * 2 * len(ATTRIBUTES) + "2"  # five ratings of each response, one comparison
SLUG = "page"
PARAGRAPH = (
    "Light from the sun looks white, but it is made of **all the colours** of the rainbow. When it enters the air, it "
    "meets tiny molecules, and they send the blue part of it in every direction, sample {number}.\n\n"
    "1. Blue light travels in short waves.\n2. Short waves are scattered more.\n\n"
)
# Frames are painted after the callbacks of their animation: the next message comes when the frame is done.
WATCH = """
window.measured = []; let began = 0;
const painted = new MessageChannel();
painted.port1.onmessage = () => { if (began) window.measured.push(performance.now() - began); began = 0; };
window.isPainted = () => requestAnimationFrame(() => painted.port2.postMessage(0));
addEventListener("keydown", (event) => { if (event.key === "Enter") began = event.timeStamp; }, true);
document.addEventListener("concord:shown", ({ detail }) => { if (detail.root.dataset.assignment) window.isPainted(); });
"""
# The cards of the floor are copies of the one that is shown; nothing of the page's own hears the key.
FLOOR = """(count) => {
    const cards = Array.from({ length: count }, () => document.getElementById("sample-card").cloneNode(true));
    addEventListener("keydown", (event) => {
        event.stopImmediatePropagation();
        document.getElementById("sample-card").replaceWith(cards.pop());
        window.isPainted();
    }, true);
}"""


@dataclass(frozen=True)
class Times:
    """Milliseconds from the key to the painted sample, one for each sample."""

    way: str
    milliseconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.milliseconds, n=20)[-1]

    def row(self) -> str:
        return f"{self.way:<28} {self.median:>8.1f} {self.p95:>8.1f} {max(self.milliseconds):>8.1f}"


def main() -> None:
    wanted = arguments()
    with tempfile.TemporaryDirectory(prefix="concord-bench-", dir=os.environ.get("BENCH_FOLDER") or None) as folder:
        os.environ |= {"CONCORD_VAR": folder, "PORT": os.environ.get("PORT", "8900")}
        import django

        django.setup()
        with platform_for_the_bench(Path(folder)):
            measured = measure(wanted.samples)
    print(f"{'milliseconds':<28} {'median':>8} {'p95':>8} {'worst':>8}")
    for times in measured:
        print(times.row())
    if wanted.json:
        wanted.json.write_text(json.dumps({times.way: times.milliseconds for times in measured}, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=50, help="samples answered in each way")
    parser.add_argument("--json", type=Path, help="write every figure into this file")
    return parser.parse_args()


def measure(samples: int) -> list[Times]:
    from config import platform

    say(f"Writing {3 * samples} samples.")
    people = prepare(3 * samples + 3)
    with chromium() as browser:
        page = logged_in(browser, platform.address(), people[0])
        say("The page as it is.")
        ahead = Times("sample ahead", answered(page, samples, is_ahead=True))
        say("The floor: the same exchange of elements.")
        floor = Times("floor: the exchange alone", exchanged(page, samples))
        say("Without the sample ahead.")
        page.context.route("**/ahead/", lambda route: route.fulfill(status=204))
        return [ahead, floor, Times("without the sample ahead", answered(page, samples, is_ahead=False))]


def prepare(count: int) -> list[str]:
    """A project with a rubric of five attributes and a comparison, and so many pairs of about 1,500 characters each."""
    from django.utils import timezone

    from annotation.datasets.bad_row import Place
    from annotation.datasets.samples import parse_sample
    from annotation.models import User
    from annotation.services import importing, people, projects
    from bench import stage

    names = stage.people(1)
    project = projects.create(slug=SLUG, title="Page", attributes=rubric())
    people.join(project=project, user=User.objects.get(username=names[0]), role="annotator", at=timezone.now())
    rows = (
        {
            "sample_id": f"s{number}",
            "messages": [{"role": "user", "content": f"Explain to a ten-year-old why the sky is blue. ({number})"}],
            "responses": [PARAGRAPH.format(number=number) * 5, PARAGRAPH.format(number=-number) * 4],
        }
        for number in range(count)
    )
    samples = [parse_sample(row, Place("samples.jsonl")) for row in rows]
    importing.add_samples(project=project, samples=samples)
    stage.settle_down()
    return names


def rubric() -> list[dict[str, Any]]:
    names = {name: ("response", range(5)) for name in ATTRIBUTES} | {
        "preference": ("comparison", (-3, -2, -1, 1, 2, 3))
    }
    return [
        {"name": name, "title": name.capitalize(), "scope": scope, "level": "ordinal", "trigger": name == "preference",
         "values": [{"value": value, "label": str(value)} for value in levels]}
        for name, (scope, levels) in names.items()
    ]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if found is None:
        sys.exit("No Chromium: install it (Debian: apt install chromium) or name one in CHROMIUM.")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])


def logged_in(browser: Any, address: str, name: str) -> Any:
    from bench.claims import PASSWORD

    page = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}).new_page()
    page.goto("/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    page.add_init_script(WATCH)
    return page


def answered(page: Any, samples: int, *, is_ahead: bool) -> list[float]:
    """Answer so many samples; the next Enter waits until the one ahead is there, as reading takes longer than that."""
    asked: list[Any] = []
    page.on("requestfinished", lambda request: asked.append(request) if request.url.endswith("/ahead/") else None)
    page.goto(f"/projects/{SLUG}/annotate/")
    page.wait_for_selector("form[data-live]")
    for done in range(samples):
        if is_ahead:
            wait_for_more(page, lambda: len(asked), done)
        wait_until(page, lambda: page.get_attribute("[data-page]", "data-unsent") == "0")
        for key in KEYS:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        wait_for_more(page, lambda: page.evaluate("window.measured.length"), done)
    return list(page.evaluate("window.measured"))


def exchanged(page: Any, samples: int) -> list[float]:
    page.goto(f"/projects/{SLUG}/annotate/")
    page.wait_for_selector("form[data-live]")
    page.evaluate(FLOOR, samples)
    for done in range(samples):
        page.keyboard.press("Enter")
        wait_for_more(page, lambda: page.evaluate("window.measured.length"), done)
    return list(page.evaluate("window.measured"))


def wait_for_more(page: Any, count: Callable[[], int], than: int) -> None:
    wait_until(page, lambda: count() > than)


def wait_until(page: Any, is_so: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if is_so():
            return
        page.wait_for_timeout(5)
    sys.exit("Nothing came within ten seconds; the server's log may say why.")


if __name__ == "__main__":
    main()
