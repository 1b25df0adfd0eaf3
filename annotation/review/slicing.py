"""The part of a project that a page of figures is about: all of it, or the samples with one value of one field.

What is chosen stands in the address (`?slice=language=ko`) and is kept on the way to other pages of figures.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from annotation.models import Project
from annotation.statistics import reading

PARAMETER = "slice"
SMALL = 100  # samples; with fewer, intervals are so wide that a difference from the whole project means little
SHOWN_AT_MOST = 50  # values of a field


@dataclass(frozen=True)
class Slices:
    """What can be chosen, and what is. `key`: "" for the whole project; `unknown`: what was asked for and is not there."""

    fields: list[dict[str, Any]]
    key: str = ""
    samples: int | None = None
    unknown: str = ""

    @property
    def query(self) -> str:
        """To be put behind the address of another page of figures."""
        return f"?{urlencode({PARAMETER: self.key})}" if self.key else ""

    @property
    def is_small(self) -> bool:
        return self.samples is not None and self.samples < SMALL


def of(project: Project, wanted: str = "") -> Slices:
    """The slices of a project, with the wanted one chosen where there is one of that name."""
    known = reading.slices(project)
    sizes = {f"{field}={value}": samples for field, values in known.items() for value, samples in values}
    fields = [{"name": field, "choices": _choices(field, values, wanted)} for field, values in known.items() if values]
    if wanted and wanted not in sizes:
        return Slices(fields, unknown=wanted)
    return Slices(fields, key=wanted, samples=sizes.get(wanted))


def _choices(field: str, values: list[tuple[str, int]], wanted: str) -> list[dict[str, Any]]:
    """The values with the most samples, and the chosen one wherever it stands."""
    ordered = sorted(values, key=lambda row: (-row[1], row[0]))
    rows = [
        {"key": key, "value": value, "samples": samples, "is_chosen": key == wanted}
        for value, samples in ordered
        for key in [f"{field}={value}"]
    ]
    return [row for place, row in enumerate(rows) if place < SHOWN_AT_MOST or row["is_chosen"]]
