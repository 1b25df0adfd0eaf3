"""Who takes part in a project: accounts, recorded and outside people, and keys for programs."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from itertools import count

from django.db import transaction

from annotation.models import Annotator, ApiToken, Membership, Project, User
from annotation.services import reconsideration

Role = Membership.Role


class NotAMember(Exception):
    """This account has no part in this project."""


def join(*, project: Project, user: User, role: str, at: datetime) -> None:
    """Give an account a role in a project; an annotator also becomes somebody who may be asked. Twice is once."""
    with transaction.atomic():
        Membership.objects.get_or_create(project=project, user=user, role=role)
        is_new = role == Role.ANNOTATOR and _become_annotator(project, user)
    if is_new:  # after the commit, because it takes a transaction a sample
        reconsideration.reconsider(project=project, at=at)


def _become_annotator(project: Project, user: User) -> bool:
    name = _free_name(project, user.get_username())
    return Annotator.objects.get_or_create(project=project, user=user, defaults={"external_id": name})[1]


def _free_name(project: Project, name: str) -> str:
    """The account's name, or with a number where a person from outside has it already: they need not be the same."""
    taken = set(project.annotators.filter(external_id__startswith=name).values_list("external_id", flat=True))
    return next(free for number in count(1) if (free := name if number == 1 else f"{name}-{number}") not in taken)


def add_outside_people(*, project: Project, external_ids: Iterable[str], at: datetime) -> None:
    """Make annotators of people without accounts, by the ids that they have elsewhere. Twice is once."""
    if enter_outside_people(project=project, external_ids=external_ids):
        reconsideration.reconsider(project=project, at=at)


def enter_outside_people(*, project: Project, external_ids: Iterable[str]) -> int:
    """Their rows alone, for a caller whose transaction is still open; returns how many are new."""
    names = list(dict.fromkeys(external_ids))
    known = set(project.annotators.filter(external_id__in=names).values_list("external_id", flat=True))
    new = [Annotator(project=project, external_id=name) for name in names if name not in known]
    Annotator.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def annotator_of(*, project: Project, user: User) -> Annotator:
    """The annotator whom this account is in this project. Raises NotAMember."""
    annotator = Annotator.objects.select_related("project").filter(project=project, user=user).first()
    if annotator is None:
        raise NotAMember(f"{user} does not annotate in {project.slug}. A project admin can add them.")
    return annotator


def roles_of(*, project: Project, user: User) -> set[str]:
    """What this account may do in this project; an installation's superuser may do everything an admin may."""
    roles = set(Membership.objects.filter(project=project, user=user).values_list("role", flat=True))
    return roles | {Role.ADMIN} if user.is_superuser else roles


def part_in(*, slug: str, user: User) -> tuple[Project | None, set[str]]:
    """The project of this short name and what this account may do in it, in one query for a member."""
    memberships = list(Membership.objects.filter(project__slug=slug, user=user).select_related("project"))
    project = memberships[0].project if memberships else None
    if user.is_superuser:
        project = project or Project.objects.filter(slug=slug).first()
        return project, {str(membership.role) for membership in memberships} | {Role.ADMIN}
    return project, {str(membership.role) for membership in memberships}


def issue_token(*, user: User, name: str, scopes: list[str]) -> str:
    """Make a key for the REST interface and return it: the only time that it can be read."""
    key = secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, scopes=scopes, digest=digest_of(key))
    return key


def digest_of(key: str) -> str:
    """What is kept of a key. A key is 256 random bits, so that a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
