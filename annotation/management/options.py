"""What several commands ask on the command line, and how they read it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.models import Project, User


def add_change_options(parser: CommandParser) -> None:
    """What a change to a whole project asks: which, why, by whom, and whether only to try."""
    parser.add_argument("project", help="the project's short name")
    parser.add_argument("--reason", required=True, help="why; it stands in the project's history")
    parser.add_argument("--by", help="the account that decided it")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")


def named_project(slug: str) -> Project:
    """The project of this short name. Raises CommandError."""
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        known = ", ".join(Project.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"No project {slug!r}. There are: {known}.")
    return project


def named_account(name: str | None) -> User | None:
    """The account of this name; None where none was named. Raises CommandError."""
    if name is None:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"No account {name!r}. Make it under /admin/, or with createsuperuser.")
    return user


def read_json(path: str) -> dict[str, Any]:
    """A file with one JSON object. Raises CommandError."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise CommandError(f"{path} cannot be read: {problem}") from problem
    if not isinstance(data, dict):
        raise CommandError(f"{path} holds no JSON object. Write {{...}}.")
    return data
