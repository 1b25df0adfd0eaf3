"""The end of a project: archived, which everything survives, or deleted, which nothing does.

Either may be killed at any moment and run again: the state of the project comes first, and what is left to do is found in
the rows. No transaction spans more than one sample (archive) or one batch of them (delete).
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import CASCADE, Model, QuerySet

from annotation.models import (
    Assignment,
    DatasetVersion,
    Judge,
    Judgment,
    MergeFit,
    Project,
    ProjectEvent,
    ProjectJudge,
    Sample,
    StatisticsChange,
    User,
)
from annotation.services import leases
from annotation.services.leases import LeaseGone
from annotation.services.retrying import in_one_transaction

BATCH = 500
ARCHIVED, UNARCHIVED = "archived", "unarchived"
DELETING, DELETING_ALL_BUT_FILES = "deletion_began", "deletion_began_keeping_files"
Progress = Callable[[int, int], None]


class NotArchived(Exception):
    """Only an archived project can be taken up again."""


class BeingDeleted(Exception):
    """A deletion has begun; what is left of the project cannot be used."""


def _silent(done: int, total: int) -> None:
    """Nobody looks on."""


# --- archive ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ArchiveOutlook:
    """What archiving would do: `leases` are given back, `undecided` samples are handed out to nobody."""

    leases: int
    undecided: int


def archive_outlook(project: Project) -> ArchiveOutlook:
    """The dry run of archive."""
    undecided = Sample.objects.filter(
        project=project, purpose=Sample.Purpose.WORK, state__in=(Sample.State.OPEN, Sample.State.ESCALATED)
    )
    return ArchiveOutlook(leases=_leases(project).count(), undecided=undecided.count())


def archive(
    *, project: Project, by: User | None, at: datetime, reason: str = "", on_progress: Progress = _silent
) -> int:
    """Hand out nothing any more and give back what is in people's hands; returns how many samples that were.

    Everything stays and can be read. Twice is once. An answer to a sample that was given back still counts while the sample has
    a slot free: work that was begun is not lost.
    """
    _enter(project, Project.State.ARCHIVED, ARCHIVED, by=by, at=at, text=reason)
    held = list(_leases(project).order_by("sample_id").select_related("annotator", "sample"))
    given_back = 0
    for done, lease in enumerate(held, start=1):
        try:
            leases.release(assignment=lease, at=at)
            given_back += 1
        except LeaseGone:  # submitted or expired meanwhile
            pass
        on_progress(done, len(held))
    return given_back


def unarchive(*, project: Project, by: User | None, at: datetime, reason: str = "") -> None:
    """Take an archived project up again. It is paused: nothing is handed out before somebody makes it active.

    Raises NotArchived, BeingDeleted.
    """
    if _deletion(project):
        raise BeingDeleted(f"The deletion of {project.slug} has begun and can only be finished.")
    if not Project.objects.filter(pk=project.pk, state=Project.State.ARCHIVED).exists():
        raise NotArchived(f"{project.slug} is not archived, so there is nothing to undo.")
    _enter(project, Project.State.PAUSED, UNARCHIVED, by=by, at=at, text=reason)


def _leases(project: Project) -> QuerySet[Assignment]:
    return Assignment.objects.filter(annotator__project=project, state=Assignment.State.LEASED)


@transaction.atomic
def _enter(project: Project, state: str, kind: str, *, by: User | None, at: datetime, text: str) -> None:
    """Move the project and write down who did; nothing when it is there already."""
    if Project.objects.filter(pk=project.pk).exclude(state=state).update(state=state):
        ProjectEvent.objects.create(project=project, kind=kind, text=text, actor=by, at=at)
    project.state = state


# --- delete -----------------------------------------------------------------------------------------------------
@dataclass
class DeleteOutlook:
    """What goes with a project: rows by table, files with their bytes, judges; and what stays."""

    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    published: list[str] = field(default_factory=list)
    judges: list[str] = field(default_factory=list)
    judges_that_stay: list[str] = field(default_factory=list)
    keeps_files: bool = False  # a deletion has begun that leaves them


def delete_outlook(project: Project) -> DeleteOutlook:
    """The dry run of delete: counts every row and file that belongs to the project."""
    counts = {
        model._meta.db_table: model._base_manager.filter(**{way: project.pk}).count()
        for model, way in _tables().items()
    }
    sizes = [default_storage.size(path) for folder in _folders(project) for path in _files_in(folder)]
    judges = list(Judge.objects.filter(project_judges__project=project).order_by("name", "pk"))
    goes = [judge for judge in judges if not _is_used(judge, besides=project)]
    ready = project.versions.filter(state=DatasetVersion.State.READY).order_by("number")
    return DeleteOutlook(
        rows={table: count for table, count in counts.items() if count},
        files=len(sizes),
        bytes=sum(sizes),
        published=[f"v{version.number}: {version.folder}" for version in ready],
        judges=[judge.name for judge in goes],
        judges_that_stay=[judge.name for judge in judges if judge not in goes],
        keeps_files=_deletion(project) == DELETING_ALL_BUT_FILES,
    )


def delete(
    *,
    project: Project,
    by: User | None,
    at: datetime,
    reason: str = "",
    keep_files: bool = False,
    on_progress: Progress = _silent,
) -> None:
    """Remove a project with everything of it, files of published versions included unless they are kept.

    Accounts stay, and judges that another project uses. Killed, it is finished by the next call; a deletion that began by
    keeping the files keeps them.
    """
    _begin_deletion(project, keep_files=keep_files, by=by, at=at, text=reason)
    if _deletion(project) != DELETING_ALL_BUT_FILES:
        for folder in _folders(project):
            _remove_folder(folder)
    project.versions.all().delete()
    total, done = Sample.objects.filter(project=project).count(), 0
    while removed := _delete_batch(project):
        done += removed
        on_progress(done, total)
    _delete_the_rest(project)


@transaction.atomic
def _begin_deletion(project: Project, *, keep_files: bool, by: User | None, at: datetime, text: str) -> None:
    Project.objects.filter(pk=project.pk).update(state=Project.State.ARCHIVED)
    if not _deletion(project):
        kind = DELETING_ALL_BUT_FILES if keep_files else DELETING
        ProjectEvent.objects.create(project=project, kind=kind, text=text, actor=by, at=at)


def _deletion(project: Project) -> str | None:
    """The mark of a deletion that has begun."""
    begun = ProjectEvent.objects.filter(project=project, kind__in=(DELETING, DELETING_ALL_BUT_FILES))
    return begun.values_list("kind", flat=True).first()


@in_one_transaction
def _delete_batch(project: Project) -> int:
    """Some samples with all that hangs on them, locked in id order as everybody locks them."""
    some = Sample.objects.filter(project=project).order_by("state", "pk")[:BATCH]  # index sample_by_state
    ids = sorted(some.values_list("pk", flat=True))
    locked = list(Sample.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk", flat=True))
    Sample.objects.filter(pk__in=locked).delete()
    return len(locked)


@transaction.atomic
def _delete_the_rest(project: Project) -> None:
    """The project itself with its people, rules and figures; then its judges that nobody else uses."""
    judges = list(Judge.objects.filter(project_judges__project=project))
    Project.objects.filter(pk=project.pk).delete()
    StatisticsChange.objects.filter(project_id=project.pk).delete()  # which has no keys, so that nothing waits for it
    for judge in judges:
        if not _is_used(judge):
            judge.delete()


def _is_used(judge: Judge, *, besides: Project | None = None) -> bool:
    """Whether a project (besides this one) has the judge at work, its word on a sample, or a part for it in a merge."""
    uses = (
        ProjectJudge.objects.filter(judge=judge).exclude(project=besides),
        Judgment.objects.filter(judge=judge).exclude(sample__project=besides),
        MergeFit.objects.filter(judges=judge).exclude(project=besides),
    )
    return any(use.exists() for use in uses)


# --- what belongs to a project ----------------------------------------------------------------------------------
def _tables() -> dict[type[Model], str]:
    """Every table whose rows go with their project, with the way there: read from the models, so that none is forgotten."""
    found: dict[type[Model], str] = {Project: "pk"}
    waiting: deque[type[Model]] = deque([Project])
    while waiting:
        parent = waiting.popleft()
        for name, child in _children(parent):
            if child not in found:
                found[child] = name if parent is Project else f"{name}__{found[parent]}"
                waiting.append(child)
    return found


def _children(parent: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """Tables that point at this one and go with what they point at."""
    for relation in parent._meta.get_fields(include_hidden=True):
        pointing: Any = getattr(relation, "field", None)
        if relation.auto_created and not relation.concrete and getattr(relation, "on_delete", None) is CASCADE:
            yield pointing.name, pointing.model


def _folders(project: Project) -> list[str]:
    """The folders of its versions, and those that attempts left which never became one. Never another project's."""
    own = {folder for folder in project.versions.values_list("folder", flat=True) if folder}
    taken = set(DatasetVersion.objects.exclude(project=project).values_list("folder", flat=True))
    below = f"versions/{project.slug}"
    left = {f"{below}/{name}" for name in _listed(below)[0]}
    return sorted((own | left) - taken)


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _files_in(folder: str) -> Iterator[str]:
    folders, files = _listed(folder)
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _files_in(f"{folder}/{name}")


def _remove_folder(folder: str) -> None:
    """Everything in a folder, and the folder itself where the storage has such things."""
    folders, files = _listed(folder)
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    for name in folders:
        _remove_folder(f"{folder}/{name}")
    default_storage.delete(folder)
