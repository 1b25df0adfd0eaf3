"""Data set versions: requested in a row, built by whoever takes the row, published once and never changed."""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any, Literal

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Max, QuerySet

from annotation import querysets, ratings, remarks
from annotation.datasets import helpsteer2, rows, trl, votes
from annotation.models import Annotation, ConsensusLabel, DatasetVersion, Project, Rubric, Sample, User
from annotation.services import figures, routing

LEASE = timedelta(minutes=10)
CHUNK = 500
State = DatasetVersion.State
LabelKind = Literal["human", "merged"]


class VersionFailed(Exception):
    """The version could not be built; the message says why."""


@transaction.atomic
def request(*, project: Project, by: User | None, at: datetime) -> DatasetVersion:
    """Ask for a version of the project's resolved samples as they are. The row is the work: a worker takes it."""
    return _numbered(project, by, at, filters={"state": Sample.State.RESOLVED})


@transaction.atomic
def publish_machine_made(
    *,
    project: Project,
    contents: Iterable[tuple[str, Iterable[dict[str, Any]]]],
    about: dict[str, Any],
    by: User | None,
    at: datetime,
) -> DatasetVersion:
    """Publish rows that models made and nobody judged, as a version that says so. Raises VersionFailed, and leaves nothing.

    contents: each file's name with its rows; one without rows is left out. about: recipe, models, licences, lineage.
    """
    version = _numbered(project, by, at, origin=DatasetVersion.Origin.MODELS, about=about)
    folder = f"versions/{project.slug}/v{version.number}-{secrets.token_hex(4)}"
    try:
        files = [file for name, made in contents if (file := _write(f"{folder}/{name}", name, made))["rows"]]
    except OSError as error:
        raise VersionFailed(f"Version {version.number} of {project.slug} could not be written: {error}") from error
    version.state, version.folder, version.files, version.finished_at = State.READY, folder, files, at
    version.counts = {file["path"]: file["rows"] for file in files}
    version.save(update_fields=["state", "folder", "files", "finished_at", "counts"])
    return version


def _numbered(project: Project, by: User | None, at: datetime, **about: Any) -> DatasetVersion:
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # numbers are given one after the other
    last = project.versions.aggregate(last=Max("number"))["last"] or 0
    return DatasetVersion.objects.create(
        project=project,
        number=last + 1,
        policy=project.policy,
        rubric=project.rubric,
        requested_by=by,
        requested_at=at,
        **about,
    )


def take_waiting(*, at: datetime) -> DatasetVersion | None:
    """Lease one version that is to be built and that nobody is building, or None."""
    with transaction.atomic():
        waiting = DatasetVersion.objects.filter(state=State.BUILDING).exclude(leased_until__gt=at)
        version = waiting.select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()
        if version:
            version.leased_until = at + LEASE
            version.save(update_fields=["leased_until"])
        return version


def build(*, version: DatasetVersion, at: datetime) -> bool:
    """Write a version's files from one snapshot of the database, then publish it.

    Every attempt writes to a folder of its own, and only the first to finish is published: a worker that was thought dead
    changes nothing. Returns whether this attempt was the one. Raises VersionFailed, with the reason on the row, when the
    files cannot be written or no format can carry the rubric.
    """
    if not _unfinished(version).update(snapshot_at=at):
        return False
    folder = f"versions/{version.project.slug}/v{version.number}-{secrets.token_hex(4)}"
    try:
        files, counts, reliability = _write_files(version, folder)
    except (OSError, helpsteer2.AttributeNameTaken) as error:
        _unfinished(version).update(state=State.FAILED, problem=str(error), finished_at=at, leased_until=None)
        raise VersionFailed(
            f"Version {version.number} of {version.project.slug} could not be built: {error}"
        ) from error
    published = _unfinished(version).update(
        state=State.READY,
        folder=folder,
        files=files,
        counts=counts,
        reliability=reliability,
        finished_at=at,
        leased_until=None,
    )
    if not published:
        _remove(folder, files)
    return bool(published)


def _unfinished(version: DatasetVersion) -> QuerySet[DatasetVersion]:
    return DatasetVersion.objects.filter(pk=version.pk, state=State.BUILDING)


def _remove(folder: str, files: Iterable[dict[str, Any]]) -> None:
    for file in files:
        default_storage.delete(f"{folder}/{file['path']}")


def _write_files(
    version: DatasetVersion, folder: str
) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    """All files of one version, from one snapshot. Returns their descriptions, the counts and the reliability."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        left_out: Counter[trl.LeftOut] = Counter()
        samples = partial(labelled_samples, version.project, version.rubric)
        contents = _contents(samples, version.rubric, left_out)
        files = [_write(f"{folder}/{name}", name, made) for name, made in contents]
        resolved = Sample.objects.filter(project=version.project, state=Sample.State.RESOLVED)
        total = resolved.exclude(pk__in=routing.settled(version.project).order_by().values("pk")).count()
        reliability = figures.compute_reliability(version.project)
    kept = [described for described in files if described["rows"]]
    return kept, {"samples": total, "left_out_of_preference": dict(left_out)}, reliability


Samples = Callable[[], Iterator[rows.LabelledSample]]


def _contents(
    samples: Samples, rubric: Rubric, left_out: Counter[trl.LeftOut]
) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """Every file's name with its rows. A file that has no rows for this rubric is not published."""
    yield "helpsteer2/ratings.jsonl", each_row(samples, helpsteer2.rating_rows)
    yield "helpsteer2/disagreements.jsonl", each_row(samples, helpsteer2.disagreement_rows)
    yield "helpsteer2/preference.jsonl", each_row(samples, helpsteer2.preference_rows)
    if remarks.whole({}, rubric):
        yield "votes.jsonl", each_row(samples, votes.vote_rows)
    if any(attribute["scope"] == "comparison" for attribute in rubric.attributes):
        shape = trl.shape_of(samples())
        yield "trl/preference.jsonl", trl.preference_rows(samples(), shape=shape, left_out=left_out)
        yield "trl/preference-full.jsonl", trl.preference_rows(samples(), shape=shape, left_out=Counter(), full=True)


def each_row(
    samples: Samples, rows_of: Callable[[rows.LabelledSample], list[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """The rows that a format makes of every sample."""
    return (row for sample in samples() for row in rows_of(sample))


def labelled_samples(project: Project, rubric: Rubric, *, label: LabelKind = "human") -> Iterator[rows.LabelledSample]:
    """The resolved samples with their labels and the votes behind them, in id order, a chunk at a time.

    `label`: what people say, without the samples that judges settled alone; or "merged", with these, marked by their source.
    """
    last = 0
    while chunk := list(
        Sample.objects.filter(project=project, state=Sample.State.RESOLVED, purpose=Sample.Purpose.WORK, pk__gt=last)
        .select_related("content")
        .order_by("pk")[:CHUNK]
    ):
        last = chunk[-1].pk
        votes, labels = _votes(chunk), _labels(chunk)
        for sample in chunk:
            own = labels.get(sample.pk, [])
            if label == "merged" or not _is_of_judges(own):
                yield _labelled(sample, rubric, votes.get(sample.pk, []), own, label)


def _votes(chunk: list[Sample]) -> dict[int, list[Annotation]]:
    found: dict[int, list[Annotation]] = {}
    counted = querysets.counted_annotations().filter(assignment__sample__in=chunk)
    for annotation in counted.select_related("assignment", "rubric"):
        found.setdefault(annotation.assignment.sample_id, []).append(annotation)
    return found


def _labels(chunk: list[Sample]) -> dict[int, list[ConsensusLabel]]:
    found: dict[int, list[ConsensusLabel]] = {}
    for label in ConsensusLabel.objects.filter(sample__in=chunk, is_current=True):
        found.setdefault(label.sample_id, []).append(label)
    return found


def _is_of_judges(labels: Iterable[ConsensusLabel]) -> bool:
    return any(label.routing_fit_id is not None for label in labels)


def _value(label: ConsensusLabel, kind: LabelKind) -> int | None:
    """What is not merged yet is what people say."""
    is_merged = kind == "merged" and label.merged_value is not None
    return label.merged_value if is_merged else label.human_value


def _labelled(
    sample: Sample, rubric: Rubric, votes: list[Annotation], labels: list[ConsensusLabel], kind: LabelKind
) -> rows.LabelledSample:
    content = sample.content
    used = {annotation for label in labels for annotation in label.annotations}
    return rows.LabelledSample(
        sample_id=sample.external_id,
        messages=content.messages,
        responses=content.responses,
        tools=content.tools,
        metadata=content.metadata,
        split=rows.split_of(content.messages),
        labels={(label.response, label.attribute): _value(label, kind) for label in labels},
        votes=[_vote(vote, rubric, sample.response_count) for vote in votes],
        chosen=[index for index, vote in enumerate(votes) if vote.pk in used],
        attributes=rubric.attributes,
        source="judges" if _is_of_judges(labels) else "people",
    )


def _vote(annotation: Annotation, rubric: Rubric, response_count: int) -> rows.Vote:
    places = ratings.layout(rubric.attributes, response_count)
    given = ratings.translated(annotation.ratings, annotation.rubric.attributes, places, response_count)
    values = {(place.response, place.name): value for place, value in zip(places, given, strict=True)}
    return rows.Vote(values, annotation.comment, remarks.whole(annotation.remarks, rubric))


def _write(path: str, name: str, made: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One JSONL file into the storage, under its name only when it is whole; nothing when it would be empty."""
    with TemporaryFile() as whole:
        count, digest = _dump(made, whole)
        size = whole.tell()
        if count:
            whole.seek(0)
            default_storage.save(path, File(whole))
    return {"path": name, "sha256": digest, "bytes": size, "rows": count}


def _dump(made: Iterable[dict[str, Any]], into: IO[bytes]) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    for row in made:
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        into.write(line)
        digest.update(line)
        count += 1
    return count, digest.hexdigest()
