"""A new project, from a preset or a rubric: with its first admin, and paused until somebody starts it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from annotation.models import Project, ProjectEvent, User
from annotation.services import people, projects
from annotation.services.projects import ProjectRefused

FOUNDED = "project_made"


@transaction.atomic
def found(*, title: str, slug: str, rubric: Mapping[str, Any], by: User, at: datetime) -> Project:
    """Make a project that asks what a parsed rubric.json says, with whoever makes it as its admin.

    It is paused: people can be invited and samples imported before anybody is given one. An empty `slug` is made from the
    title. Raises ProjectRefused.
    """
    name = slug.strip() or slugify(title)[:100]
    if not title.strip() or not name:
        raise ProjectRefused(_("Give the project a title, and a short name of Latin letters, digits and hyphens."))
    project = projects.create(
        slug=name,
        title=title.strip(),
        attributes=rubric["attributes"],
        remarks=rubric["remarks"],
        instructions=rubric["instructions"],
        state=Project.State.PAUSED,
    )
    ProjectEvent.objects.create(
        project=project, kind=FOUNDED, text=f"Made from {rubric['title']!r}.", after={"title": title}, actor=by, at=at
    )
    people.join(project=project, user=by, role=people.Role.ADMIN, at=at)
    return project
