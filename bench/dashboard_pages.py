"""The pages of a project's dashboard, asked for in turns; `PAGES` is where a further page is added."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, reverse

from annotation.models import Project, User
from bench.tables import Table, terminal

Say = Callable[[str], None]
LAW = "domain=law"
# What the table calls it, the name of its address, what the address asks for beside the project, and its query.
PAGES: Sequence[tuple[str, str, Sequence[str], str]] = (
    ("overview", "overview", (), ""),
    ("overview, one slice", "overview", (), f"slice={LAW}"),
    ("overview, live part", "overview-now", (), ""),
    ("attributes", "attributes", (), ""),
    ("one attribute", "attribute", ("attribute",), ""),
    ("people", "people", (), ""),
    ("one person", "person", ("person",), ""),
    ("judges", "judges", (), ""),
    ("one judge", "judge", ("judge",), ""),
    ("review queue", "queue", (), ""),
    ("one sample", "review", ("sample",), ""),
    ("second look", "second-look", (), ""),
    ("second looks found", "second-look-found", (), ""),
    ("gold", "gold", (), ""),
    ("routing", "routing", (), ""),
    ("what-if", "what-if", (), ""),
    ("explorer", "samples", (), ""),
    ("explorer, by state", "samples", (), "state=contested"),
    ("explorer, by text", "samples", (), "text=prompt"),
    ("explorer, by a field", "samples", (), "field=domain%3Dlaw"),
    ("explorer, by label and disagreement", "samples", (), "label=helpfulness%3D4&sort=disagreement"),
    ("explorer, by a person", "samples", (), "person=person-10&did=judged"),
    ("trail", "trail", (), ""),
    ("setting up", "setup", (), ""),
    ("settings", "project-settings", (), ""),
    ("rubric", "rubric", (), ""),
    ("invitations", "invitations", (), ""),
    ("import", "import", (), ""),
    ("leases", "leases", (), ""),
    ("guideline", "guideline", (), ""),
    ("orders", "sample-orders", (), ""),
)


@dataclass(frozen=True)
class Page:
    """How long a page took, in milliseconds; or why it was not measured."""

    name: str
    median: float
    p95: float
    slowest: float
    runs: int
    kilobytes: float
    problem: str = ""

    @property
    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(project: Project, runs: int, say: Say) -> list[Page]:
    """Every page `runs` times, taking turns, so that what else the machine does falls on all of them alike."""
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    browser = Client(raise_request_exception=False)
    browser.force_login(User.objects.get(username="admin-of-large"))
    addresses = {name: _address(project, *page) for name, page in ((of[0], of[1:]) for of in PAGES)}
    known = {name: address for name, address in addresses.items() if address}
    taken: dict[str, list[float]] = {name: [] for name in known}
    answers: dict[str, tuple[int, int]] = {}
    for run in range(-1, runs):  # the first turn warms up, as a server that runs is warm
        for name, address in known.items():
            begun = time.perf_counter()
            response = browser.get(address, secure=settings.SECURE_SSL_REDIRECT)
            seconds = time.perf_counter() - begun
            answers[name] = response.status_code, 0 if response.streaming else len(response.content)
            if run >= 0:
                taken[name].append(seconds * 1000)
        say(f"turn {run + 1} of {runs}")
    return [_page(name, taken.get(name, []), answers.get(name)) for name, *_ in PAGES]


def _page(name: str, taken: Sequence[float], answer: tuple[int, int] | None) -> Page:
    if answer is None:
        return Page(name, 0, 0, 0, 0, 0, "there is no such page")
    status, size = answer
    problem = "" if status == 200 else f"answered {status}"
    p95 = float(np.quantile(taken, 0.95))
    return Page(name, float(np.median(taken)), p95, max(taken), len(taken), size / 1024, problem)


def _address(project: Project, name: str, asks: Sequence[str], query: str) -> str | None:
    """The address of a page, with something of the project for what it asks; None where the platform has no such page."""
    something: dict[str, Callable[[], Any]] = {
        "attribute": lambda: project.rubric.attributes[0]["name"],
        "person": lambda: project.annotators.order_by("pk").values_list("pk", flat=True)[10],
        "judge": lambda: project.project_judges.values_list("judge_id", flat=True)[0],
        "sample": lambda: project.samples.filter(state="contested").values_list("pk", flat=True)[5],
    }
    try:
        address = reverse(f"annotation:{name}", args=[project.slug, *(something[ask]() for ask in asks)])
    except NoReverseMatch:
        return None
    return f"{address}?{query}" if query else address


def report(told: dict[str, Any], pages: Sequence[Page]) -> str:
    rows = [
        [
            page.name,
            f"{page.median:.0f}",
            f"{page.p95:.0f}",
            f"{page.slowest:.0f}",
            f"{page.kilobytes:.0f}",
            page.problem,
        ]
        for page in pages
    ]
    counting = [[name, f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"] for name, value in told.items()]
    tables = [
        Table("Counting", ["", "figure"], counting),
        Table("Pages (ms)", ["page", "median", "95 %", "slowest", "KiB", ""], rows),
    ]
    for table in tables:
        table.show(terminal())
    return "\n".join(table.markdown() for table in tables)
