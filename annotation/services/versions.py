"""Data set versions: requested in a row, built by whoever takes the row, published once and never changed."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Max

from annotation import querysets, ratings
from annotation.datasets import helpsteer2, rows, trl
from annotation.models import Annotation, ConsensusLabel, DatasetVersion, Project, Sample, User
from annotation.services import figures

LEASE = timedelta(minutes=10)
CHUNK = 500


class VersionFailed(Exception):
    """The version could not be built; the message says why."""


@transaction.atomic
def request(*, project: Project, by: User | None, at: datetime) -> DatasetVersion:
    """Ask for a version of the project's resolved samples as they are. The row is the work: a worker takes it."""
    Project.objects.select_for_update().get(pk=project.pk)
    last = project.versions.aggregate(last=Max("number"))["last"] or 0
    return DatasetVersion.objects.create(
        project=project,
        number=last + 1,
        filters={"state": Sample.State.RESOLVED},
        policy=project.policy,
        rubric=project.rubric,
        requested_by=by,
        requested_at=at,
    )


def take_waiting(*, at: datetime) -> DatasetVersion | None:
    """Lease one version that is to be built and that nobody is building, or None."""
    with transaction.atomic():
        waiting = DatasetVersion.objects.filter(state=DatasetVersion.State.BUILDING).exclude(leased_until__gt=at)
        version = waiting.select_for_update(skip_locked=True).order_by("pk").first()
        if version:
            version.leased_until = at + LEASE
            version.save(update_fields=["leased_until"])
        return version


def build(*, version: DatasetVersion, at: datetime) -> None:
    """Write a version's files from one snapshot of the database, then publish it. A repeated build replaces its files.

    An unwritable folder or a rubric that no format can carry fails the version, with the reason on its row.
    """
    try:
        files, counts = _write_files(version)
        _publish(version, files=files, counts=counts, at=at)
    except (OSError, helpsteer2.AttributeNameTaken) as error:
        DatasetVersion.objects.filter(pk=version.pk, state=DatasetVersion.State.BUILDING).update(
            state=DatasetVersion.State.FAILED, problem=str(error), finished_at=at, leased_until=None
        )
        raise VersionFailed(
            f"Version {version.number} of {version.project.slug} could not be built: {error}"
        ) from error


def _publish(version: DatasetVersion, *, files: list[dict[str, Any]], counts: dict[str, Any], at: datetime) -> None:
    reliability = figures.compute(version.project)["reliability"]
    DatasetVersion.objects.filter(pk=version.pk, state=DatasetVersion.State.BUILDING).update(
        state=DatasetVersion.State.READY,
        files=files,
        counts=counts,
        reliability=reliability,
        finished_at=at,
        leased_until=None,
    )


def _write_files(version: DatasetVersion) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All files of one version, from one snapshot. Returns their descriptions and the counts."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        left_out: Counter[str] = Counter()
        shape = trl.shape_of(labelled_samples(version.project))
        files = [_write(version, name, made) for name, made in _contents(version.project, shape, left_out)]
        total = Sample.objects.filter(project=version.project, state=Sample.State.RESOLVED).count()
    kept = [described for described in files if described["rows"]]
    return kept, {"samples": total, "left_out_of_preference": dict(left_out)}


def _contents(
    project: Project, shape: trl.Shape, left_out: Counter[str]
) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """Every file's name with its rows. A file that has no rows for this rubric is not published."""
    yield "helpsteer2/ratings.jsonl", _each(project, helpsteer2.rating_rows)
    yield "helpsteer2/disagreements.jsonl", _each(project, helpsteer2.disagreement_rows)
    yield "helpsteer2/preference.jsonl", _each(project, helpsteer2.preference_rows)
    if any(attribute["scope"] == "comparison" for attribute in project.rubric.attributes):
        yield "trl/preference.jsonl", preference_rows(project, shape, left_out)
        yield "trl/preference-full.jsonl", preference_rows(project, shape, Counter(), full=True)


def _each(project: Project, rows_of: Any) -> Iterator[dict[str, Any]]:
    return (row for sample in labelled_samples(project) for row in rows_of(sample))


def preference_rows(
    project: Project, shape: trl.Shape, left_out: Counter[Any], *, full: bool = False
) -> Iterator[dict[str, Any]]:
    """TRL preference rows of the project's resolved samples."""
    return trl.preference_rows(labelled_samples(project), shape=shape, left_out=left_out, full=full)


def labelled_samples(project: Project) -> Iterator[rows.LabelledSample]:
    """The resolved samples with their labels and the votes behind them, in id order, a chunk at a time."""
    attributes = project.rubric.attributes
    last = 0
    while chunk := list(
        Sample.objects.filter(project=project, state=Sample.State.RESOLVED, purpose=Sample.Purpose.WORK, pk__gt=last)
        .select_related("content")
        .order_by("pk")[:CHUNK]
    ):
        last = chunk[-1].pk
        votes, labels = _votes(chunk), _labels(chunk)
        for sample in chunk:
            yield _labelled(sample, attributes, votes.get(sample.pk, []), labels.get(sample.pk, []))


def _votes(chunk: list[Sample]) -> dict[int, list[Annotation]]:
    found: dict[int, list[Annotation]] = {}
    for annotation in querysets.counted_annotations().filter(assignment__sample__in=chunk).select_related("assignment"):
        found.setdefault(annotation.assignment.sample_id, []).append(annotation)
    return found


def _labels(chunk: list[Sample]) -> dict[int, list[ConsensusLabel]]:
    found: dict[int, list[ConsensusLabel]] = {}
    for label in ConsensusLabel.objects.filter(sample__in=chunk, is_current=True):
        found.setdefault(label.sample_id, []).append(label)
    return found


def _labelled(
    sample: Sample, attributes: list[dict[str, Any]], votes: list[Annotation], labels: list[ConsensusLabel]
) -> rows.LabelledSample:
    places = ratings.layout(attributes, sample.response_count)
    content = sample.content
    used = {annotation for label in labels for annotation in label.annotations}
    return rows.LabelledSample(
        sample_id=sample.external_id,
        messages=content.messages,
        responses=content.responses,
        tools=content.tools,
        metadata=content.metadata,
        split=rows.split_of(content.messages),
        labels={(label.response, label.attribute): label.human_value for label in labels},
        votes=[
            rows.Vote(
                {(place.response, place.name): value for place, value in zip(places, vote.ratings, strict=True)},
                vote.comment,
            )
            for vote in votes
        ],
        chosen=[index for index, vote in enumerate(votes) if vote.pk in used],
        attributes=attributes,
    )


def _write(version: DatasetVersion, name: str, made: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One JSONL file into the storage, under its final name only when it is whole."""
    with TemporaryFile() as whole:
        count, digest = _dump(made, whole)
        path = str(PurePosixPath(version.folder) / name)
        if count:
            size = whole.tell()
            whole.seek(0)
            if default_storage.exists(path):
                default_storage.delete(path)
            default_storage.save(path, File(whole))
            return {"path": name, "sha256": digest, "bytes": size, "rows": count}
    return {"path": name, "sha256": digest, "bytes": 0, "rows": 0}


def _dump(made: Iterable[dict[str, Any]], into: IO[bytes]) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    for row in made:
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        into.write(line)
        digest.update(line)
        count += 1
    return count, digest.hexdigest()
