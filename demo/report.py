"""The report: what came out, read through the REST interface like anybody else would."""

from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from annotation.models import DatasetVersion
from annotation.review.estimates import labels_per_sample, share_text
from demo.sets import SETS

Figures = dict[str, Any]


def gather(address: str, key: str, *, replayed: int, seconds: float) -> Figures:
    """The figures of every project, and how long it all took."""
    with httpx.Client(base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        projects = {which.slug: _figures(client, which.slug) for which in SETS}
    return {"projects": projects, "annotations_submitted": replayed, "seconds": round(seconds, 1)}


def _figures(client: httpx.Client, slug: str) -> Figures:
    answer = client.get(f"/projects/{slug}/figures/")
    answer.raise_for_status()
    return dict(answer.json())


def show(report: Figures, console: Console) -> None:
    """Print it."""
    console.rule("Report")
    for table in (_samples, _people, _judges):
        console.print(table(report["projects"]))
        console.print()
    console.print(EXPLANATION)
    console.print(f"\n{report['annotations_submitted']} annotations submitted; {report['seconds']} s in all.\n")


EXPLANATION = (
    "Everything about agreement is measured on first rounds. alpha is Krippendorff's; equal is the share of equal pairs "
    "(two people of a sample, or a judge and one person), kappa the same corrected for chance, quadratic weights. In "
    "brackets: 95 % intervals that draw whole prompts; under ten prompts they are rough. weight is what all judges of a "
    "project together have earned in the merged label, 0 to 1. The reward head is a linear head on plain text features: "
    "expect little of it."
)


def _samples(projects: dict[str, Figures]) -> Table:
    table = _table("", *projects)
    samples = {slug: of["samples"] for slug, of in projects.items()}
    table.add_row("samples", *(str(of["total"]) for of in samples.values()))
    table.add_row("decided", *(str(of["decided"]) for of in samples.values()))
    table.add_row("annotations that count", *(str(of["annotations"]) for of in samples.values()))
    table.add_row("labels per decided sample", *(labels_per_sample(of) for of in samples.values()))
    table.add_row("first round disagreed", *(share_text(of["disagreed"], of["decided"]) for of in samples.values()))
    table.add_row("went to two more", *(share_text(of["escalated_ever"], of["decided"]) for of in samples.values()))
    for state in ("resolved", "contested", "excluded", "escalated", "open"):
        table.add_row(f"{state} now", *(str(of["states"][state]) for of in samples.values()))
    return table


def _people(projects: dict[str, Figures]) -> Table:
    table = _table("people", "attribute", "alpha", "equal", "kappa", "prompts")
    for slug, figures in projects.items():
        for reliability, people in zip(figures["reliability"], figures["people"], strict=True):
            alpha = reliability["alpha"]
            estimates = (alpha, people["equal_share"], people["weighted_kappa"])
            table.add_row(slug, reliability["attribute"], *map(_short, estimates), str(alpha["clusters"]))
    return table


def _judges(projects: dict[str, Figures]) -> Table:
    table = _table("judges", "judge", "attribute", "equal", "kappa", "weight")
    for slug, figures in projects.items():
        weights = {row["attribute"]: f"{row['weight']:.2f}" for row in figures["weights"]}
        for row in figures["judges"]:
            estimates = (row["equal_share"], row["weighted_kappa"])
            table.add_row(
                slug,
                row["judge"].split(" (")[0],
                row["attribute"],
                *map(_short, estimates),
                weights.get(row["attribute"], "-"),
            )
    return table


def _short(estimate: Figures) -> str:
    """An estimate with its interval in thirteen characters or so, or that it is undefined."""
    if estimate["value"] is None:
        return "undefined"
    if estimate["low"] is None:
        return _bare(estimate["value"])
    return f"{_bare(estimate['value'])} [{_bare(estimate['low'])} {_bare(estimate['high'])}]"


def _bare(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def show_versions(numbers: dict[str, int], console: Console) -> None:
    """Where the exported files lie."""
    table = _table("data set version", "file", "rows", "sha-256")
    for slug, number in numbers.items():
        version = DatasetVersion.objects.get(project__slug=slug, number=number)
        for file in version.files:
            table.add_row(f"{slug} v{number}", file["path"], str(file["rows"]), file["sha256"][:16])
    console.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(first, *others, box=None, pad_edge=False, header_style="bold")
    return table
