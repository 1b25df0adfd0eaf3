"""A file of samples (JSON Lines) that comes through a page: tried out first, then taken whole or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from annotation.datasets.bad_row import BadRow
from annotation.datasets.reading import json_lines
from annotation.datasets.samples import Sample as FileSample
from annotation.datasets.samples import parse_sample
from annotation.models import Project, ProjectEvent, Sample, User
from annotation.services import importing
from annotation.services.retrying import in_one_transaction

IMPORTED = "samples_imported"
MOST_NAMED = 20
BATCH = 1000


@dataclass
class Outlook:
    """What a file would bring: rows in all, those that are new, those that the project has, and what is wrong."""

    rows: int = 0
    known: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    first: FileSample | None = None

    @property
    def new(self) -> int:
        return self.rows - self.bad - self.known

    @property
    def is_good(self) -> bool:
        return self.rows > 0 and self.bad == 0


def try_out(*, project: Project, path: Path) -> Outlook:
    """Read the whole file and write nothing. Bad rows are counted, and the first of them named."""
    outlook, rows = Outlook(), _rows(path)
    while batch := list(islice(rows, BATCH)):
        bad = [row for row in batch if isinstance(row, BadRow)]
        good = [row for row in batch if not isinstance(row, BadRow)]
        outlook.rows += len(batch)
        outlook.bad += len(bad)
        outlook.known += _known(project, [row.sample_id for row in good])
        outlook.problems += [str(row) for row in bad][: MOST_NAMED - len(outlook.problems)]
        outlook.notes += [note for row in good for note in row.notes][: MOST_NAMED - len(outlook.notes)]
        outlook.first = outlook.first or (good[0] if good else None)
    return outlook


def _known(project: Project, ids: list[str]) -> int:
    return Sample.objects.filter(project=project, external_id__in=ids).count()


@in_one_transaction
def take(*, project: Project, path: Path, by: User, at: datetime) -> int:
    """Import every row that the project does not have; returns how many. Nothing when one is bad. Raises BadRow.

    Of two who take the same file at once the second finds everything there.
    """
    added = importing.add_samples(project=project, samples=_good(path))
    what = {"file": path.name, "samples": added}
    text = f"{added} samples of {path.name}."
    ProjectEvent.objects.create(project=project, kind=IMPORTED, text=text, after=what, actor=by, at=at)
    return added


def _good(path: Path) -> Iterator[FileSample]:
    for row in _rows(path):
        if isinstance(row, BadRow):
            raise row
        yield row


def _rows(path: Path) -> Iterator[FileSample | BadRow]:
    """Each row as a sample, or as what is wrong with it."""
    seen: set[str] = set()
    for line in json_lines(path):
        if isinstance(line, BadRow):
            yield line
            continue
        at, data = line
        try:
            sample = parse_sample(data, at)
            if sample.sample_id in seen:
                problem = "the id {value} stands in the file twice"
                raise at.bad("sample_id", sample.sample_id, problem, "Give every sample an id of its own.")
        except BadRow as bad:
            yield bad
            continue
        seen.add(sample.sample_id)
        yield sample
