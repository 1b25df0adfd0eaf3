"""The written guideline: its versions, what changed from one to the next, and who has read which.

docs/changes/guideline.md says what a change means for samples that have begun.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from annotation.models import Annotator, Guideline, Project, ProjectEvent, Rubric, User
from annotation.services.people import require_admin, written

GUIDELINE_WRITTEN = "guideline_written"


class GuidelineRefused(ValueError):
    """The next version cannot be written so; the message says why."""


@dataclass(frozen=True)
class RubricChange:
    """What one version of the rubric asks otherwise than the one before it, by titles."""

    version: int
    at: datetime
    added: list[str]
    taken_out: list[str]
    changed: list[str]


def write_first(*, project: Project, text: str) -> Guideline | None:
    """Version 1, written with the project itself; nothing where nothing is written."""
    if not text.strip():
        return None
    project.__dict__.pop("guideline", None)  # what this object read is no longer the newest
    return Guideline.objects.create(project=project, version=1, text=text, created_at=project.created_at)


@transaction.atomic
def write(
    *, project: Project, text: str, what_changed: str, by: User, at: datetime, after: int | None = None
) -> Guideline:
    """Write the next version. People read it the next time that they open the guideline; no answer is asked anew.

    `after`: the version that the writer had before them; somebody else's newer one is never passed over unread.
    Raises NotAnAdmin, GuidelineRefused, ReasonMissing.
    """
    require_admin(project=project, user=by)
    newest = _locked(project).guideline
    _refuse_unseen(newest, after)
    said = written(_with_plain_lines(text), _("Write the guideline: an empty one would tell people nothing."))
    if newest and newest.text == said:
        raise GuidelineRefused(_("Version %(version)d says the same already.") % {"version": newest.version})
    why = written(what_changed, _("Write what changed: people read it before the text.")) if newest else ""
    project.__dict__.pop("guideline", None)
    version = newest.version + 1 if newest else 1
    content: dict[str, Any] = {"version": version, "text": said, "what_changed": why}
    made = Guideline.objects.create(project=project, written_by=by, created_at=at, **content)
    about = f"Guideline {version}. {why}".strip()
    ProjectEvent.objects.create(project=project, kind=GUIDELINE_WRITTEN, text=about, actor=by, at=at)
    return made


def versions(project: Project) -> QuerySet[Guideline]:
    """All versions, the newest first."""
    return project.guidelines.select_related("written_by").order_by("-version")


def newest_of(projects: Iterable[int]) -> dict[int, Guideline]:
    """The newest version of each of these projects that has one, in one query."""
    newest = Guideline.objects.filter(project__in=projects).order_by("project_id", "-version").distinct("project_id")
    return {guideline.project_id: guideline for guideline in newest}


def since(project: Project, version: int) -> list[Guideline]:
    """The versions after this one with what changed in each, the newest first."""
    return list(versions(project).filter(version__gt=version))


def rubric_changes(project: Project, version: int) -> list[RubricChange]:
    """What is asked otherwise since this version of the rubric, the newest change first."""
    if project.rubric.version <= version:
        return []
    rubrics = list(project.rubrics.filter(version__gte=version).order_by("version"))
    return [_rubric_change(before, after) for before, after in pairwise(rubrics)][::-1]


def is_new_for(annotator: Annotator) -> bool:
    """Whether something was written or asked that this person has not opened. The first rubric is no news to anybody."""
    newest = annotator.project.guideline
    is_written = newest is not None and newest.version > annotator.guideline_read
    return is_written or annotator.project.rubric.version > max(annotator.rubric_read, 1)


def mark_read(*, annotator: Annotator, guideline: int, rubric: int) -> None:
    """This person has opened these versions. What they read before stays read; what is not written yet cannot be."""
    newest = annotator.project.guideline
    read = {
        "guideline_read": min(guideline, newest.version if newest else 0),
        "rubric_read": min(rubric, annotator.project.rubric.version),
    }
    Annotator.objects.filter(pk=annotator.pk).update(
        **{name: Greatest(name, Value(max(version, 0))) for name, version in read.items()}
    )


def _locked(project: Project) -> Project:
    """Versions are numbered one after the other. Raises GuidelineRefused for an archived project."""
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if locked.state == Project.State.ARCHIVED:
        raise GuidelineRefused(
            _("Project %(slug)s is archived; nothing in it changes any more.") % {"slug": locked.slug}
        )
    return locked


def _refuse_unseen(newest: Guideline | None, after: int | None) -> None:
    version = newest.version if newest else 0
    if after is not None and newest and version != after:
        raise GuidelineRefused(
            _(
                "%(name)s wrote version %(version)d meanwhile. Look at it below, and write yours again where it is needed."
            )
            % {"name": newest.written_by or _("Somebody"), "version": version}
        )


def _with_plain_lines(text: str) -> str:
    """Forms send lines as the web does; kept are lines as files have them, so that a difference is one that is seen."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rubric_change(before: Rubric, after: Rubric) -> RubricChange:
    old, new = dict(_asked(before)), dict(_asked(after))
    return RubricChange(
        version=after.version,
        at=after.created_at,
        added=[_title(asked) for name, asked in new.items() if name not in old],
        taken_out=[_title(asked) for name, asked in old.items() if name not in new],
        changed=[_title(asked) for name, asked in new.items() if name in old and old[name] != asked],
    )


def _asked(rubric: Rubric) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Everything that a rubric asks: attributes that are rated, and remarks."""
    yield from (((kind, asked["name"]), asked) for kind in ("attributes", "remarks") for asked in getattr(rubric, kind))


def _title(asked: Mapping[str, Any]) -> str:
    return str(asked.get("title") or asked["name"])
