"""The samples that a filter finds, with their labels, a line each: written while they are read, in id order."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from annotation import ratings
from annotation.datasets import safe_csv
from annotation.explorer import finding
from annotation.explorer.filters import Asked
from annotation.models import ConsensusLabel, Project, ProjectEvent, Sample, SampleFacets, User

CHUNK = 500
CHUNK_MS = 20_000
LOOKED_AT = 5000
EXPORTED = "samples_exported"
FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}
COLUMNS = ("sample_id", "state", "purpose", "annotations", "disagreement", "imported_at", "decided_at")


def lines(project: Project, asked: Asked, *, form: str) -> Iterator[str]:
    """The lines of the file. Raises TooWide where no index serves the filter, at the latest with the first line."""
    found = rows(project, asked)
    if form == "jsonl":
        return (json.dumps(row, ensure_ascii=False, default=datetime.isoformat) + "\n" for row in found)
    names = [
        place.name if place.response is None else f"{place.name}_{place.response + 1}" for place in _places(project)
    ]
    return safe_csv.lines((*COLUMNS, *names), (_cells(row, _places(project)) for row in found))


def rows(project: Project, asked: Asked) -> Iterator[dict[str, Any]]:
    """A row a sample: what it is, and its current labels as {attribute, response, value}."""
    last = 0
    while ids := finding.ids_after(project, asked, last, size=CHUNK, limit_ms=CHUNK_MS):
        last = ids[-1]
        yield from _rows(ids)


def record(*, project: Project, query: str, form: str, by: User) -> None:
    """Write down who took what out."""
    text = f"Samples as {form}. Filter: {query or 'none'}."
    ProjectEvent.objects.create(project=project, kind=EXPORTED, text=text, actor=by, at=now())


def _rows(ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    labels: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    columns = ("sample_id", "attribute", "response", "human_value", "merged_value")
    current = ConsensusLabel.objects.filter(sample__in=ids, is_current=True).order_by("sample_id", "response", "id")
    for sample, attribute, response, human, merged in current.values_list(*columns):
        labels[sample].append({"attribute": attribute, "response": response, "human": human, "merged": merged})
    facets = SampleFacets.objects.in_bulk(list(ids))
    for sample in Sample.objects.filter(pk__in=ids).order_by("pk"):
        known = facets.get(sample.pk)
        yield {
            "sample_id": sample.external_id,
            "state": sample.state,
            "purpose": sample.purpose,
            "annotations": sample.counted_count,
            "disagreement": known.disagreement if known else None,
            "imported_at": sample.created_at,
            "decided_at": known.decided_at if known else None,
            "labels": labels[sample.pk],
        }


def _places(project: Project) -> list[ratings.Place]:
    """A column for every place of a label: for as many responses as any of some thousand samples has."""
    some = Sample.objects.filter(project=project).order_by("state", "pk").values_list("response_count", flat=True)
    return ratings.layout(project.rubric.attributes, max(some[:LOOKED_AT], default=1))


def _cells(row: dict[str, Any], places: Sequence[ratings.Place]) -> list[object]:
    values = {(label["attribute"], label["response"]): label["human"] for label in row["labels"]}
    dates = {name: row[name] and row[name].isoformat() for name in ("imported_at", "decided_at")}
    cells = {**row, **dates}
    return [*(cells[name] for name in COLUMNS), *(values.get((place.name, place.response)) for place in places)]
