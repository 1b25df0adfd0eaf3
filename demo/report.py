"""The report: what came out, read through the REST interface like anybody else would."""

from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from annotation.models import DatasetVersion
from annotation.review.overview import estimate_text, labels_per_sample, share_text, weight_text
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
    console.print(_samples(report["projects"]))
    console.print(_reliability(report["projects"]))
    console.print(_judges(report["projects"]))
    console.print(
        "Reliability is Krippendorff's alpha of the first rounds, agreement is the share of equal pairs of a judge and one "
        "person's first-round rating; brackets are 95 % intervals that draw whole prompts, and are rough under ten prompts. "
        "The reward head is a linear head on plain text features: expect little of it."
    )
    console.print(f"{report['annotations_submitted']} annotations submitted; {report['seconds']} s in all.\n")


def _samples(projects: dict[str, Figures]) -> Table:
    table = _table("", *projects)
    samples = {slug: of["samples"] for slug, of in projects.items()}
    table.add_row("samples", *(str(of["total"]) for of in samples.values()))
    table.add_row("decided", *(str(of["decided"]) for of in samples.values()))
    table.add_row("annotations that count", *(str(of["annotations"]) for of in samples.values()))
    table.add_row("labels per decided sample", *(labels_per_sample(of) for of in samples.values()))
    table.add_row("first round disagreed", *(share_text(of["disagreed"], of["decided"]) for of in samples.values()))
    table.add_row("escalated", *(share_text(of["escalated_ever"], of["decided"]) for of in samples.values()))
    for state in ("resolved", "contested", "excluded", "open"):
        table.add_row(state, *(str(of["states"][state]) for of in samples.values()))
    return table


def _reliability(projects: dict[str, Figures]) -> Table:
    table = _table("reliability, first rounds", "attribute", "alpha", "samples", "prompts")
    for slug, figures in projects.items():
        for row in figures["reliability"]:
            alpha = row["alpha"]
            table.add_row(slug, row["attribute"], estimate_text(alpha), str(alpha["count"]), str(alpha["clusters"]))
    return table


def _judges(projects: dict[str, Figures]) -> Table:
    table = _table("agreement with people", "judge", "attribute", "judge", "people", "weight of the panel")
    for slug, figures in projects.items():
        people = {row["attribute"]: row for row in figures["people"]}
        weights = {row["attribute"]: row for row in figures["weights"]}
        for row in figures["judges"]:
            attribute = row["attribute"]
            table.add_row(
                slug,
                row["judge"],
                attribute,
                estimate_text(row["equal_share"]),
                estimate_text(people[attribute]["equal_share"]),
                weight_text(weights.get(attribute)),
            )
    return table


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
