"""Who takes part in a project: accounts, recorded and outside people, and keys for programs."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.datasets.samples import SENSITIVE
from annotation.models import Annotator, ApiToken, Membership, Project, ProjectEvent, User
from annotation.services import reconsideration

Role = Membership.Role
LONGEST_SKILL = 50


class NotAMember(Exception):
    """This account has no part in this project."""


class NotAnAdmin(Exception):
    """This account may not decide about the project's people."""


class ReasonMissing(ValueError):
    """A decision about a person came without a written reason."""


class PersonChangeRefused(ValueError):
    """What a person may be given cannot be changed so; the message says why."""


def join(*, project: Project, user: User, role: str, at: datetime) -> None:
    """Give an account a role in a project; an annotator also becomes somebody who may be asked. Twice is once."""
    with transaction.atomic():
        Membership.objects.get_or_create(project=project, user=user, role=role)
        is_new = role == Role.ANNOTATOR and _become_annotator(project, user)
    if is_new:  # after the commit, because it takes a transaction a sample
        reconsideration.reconsider(project=project, at=at)


def _become_annotator(project: Project, user: User) -> bool:
    newcomer = {"external_id": _free_name(project, user.get_username()), "is_qualified": _needs_no_test(project)}
    return Annotator.objects.get_or_create(project=project, user=user, defaults=newcomer)[1]


def _needs_no_test(project: Project) -> bool:
    """Where the project has a test of gold samples, newcomers get no work before they passed it."""
    return project.test_size is None


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
    is_qualified = _needs_no_test(project)
    new = [
        Annotator(project=project, external_id=name, is_qualified=is_qualified) for name in names if name not in known
    ]
    Annotator.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def annotator_of(*, project: Project, user: User) -> Annotator:
    """The annotator whom this account is in this project. Raises NotAMember."""
    annotator = Annotator.objects.select_related("project").filter(project=project, user=user).first()
    if annotator is None:
        said = _("%(user)s does not annotate in %(project)s. A project admin can add them.")
        raise NotAMember(said % {"user": user, "project": project.slug})
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


def require_admin(*, project: Project, user: User) -> None:
    """Raises NotAnAdmin, unless this account may decide about the people of the project."""
    if Role.ADMIN not in roles_of(project=project, user=user):
        said = _("%(user)s is not an admin of %(project)s. Ask one of its admins to decide this.")
        raise NotAnAdmin(said % {"user": user, "project": project.slug})


def written(reason: str, otherwise: str = "") -> str:
    """A text without the space around it. Raises ReasonMissing when nothing is left."""
    if not (said := reason.strip()):
        raise ReasonMissing(otherwise or _("Write the reason: the person reads it."))
    return said


def change(*, annotator: Annotator, by: User, at: datetime, **what: Any) -> None:
    """Change what a person may be given: `skills`, `cap`, `is_qualified`. What they hold stays in their hands.

    Samples that wait for people are decided again. Raises NotAnAdmin, PersonChangeRefused.
    """
    require_admin(project=annotator.project, user=by)
    wanted = {name: CHANGEABLE[name](value) for name, value in what.items()}
    with transaction.atomic():
        person = Annotator.objects.select_for_update(no_key=True).get(pk=annotator.pk)
        wanted = _with_their_own_choice(person, wanted)
        changed = {name: value for name, value in wanted.items() if getattr(person, name) != value}
        if not changed:
            return
        Annotator.objects.filter(pk=person.pk).update(**changed)
        said = "; ".join(f"{name} {_told(getattr(person, name))} -> {_told(value)}" for name, value in changed.items())
        before = {name: getattr(person, name) for name in changed}
        event = {"kind": "annotator_changed", "text": f"{person}: {said}", "actor": by, "at": at}
        ProjectEvent.objects.create(project=annotator.project, annotator=person, before=before, after=changed, **event)
    for name, value in changed.items():
        setattr(annotator, name, value)
    reconsideration.reconsider(project=annotator.project, at=at)


def _with_their_own_choice(person: Annotator, wanted: dict[str, Any]) -> dict[str, Any]:
    """Whether somebody is given sensitive samples is for them to say (services.sensitive); for who cannot, the admin does.

    Taking the word out of a list changes nothing for them. Raises PersonChangeRefused when it is put in.
    """
    if person.user_id is None or "skills" not in wanted:
        return wanted
    own = {SENSITIVE} & set(person.skills)
    if {SENSITIVE} & set(wanted["skills"]) > own:
        raise PersonChangeRefused(
            _("%(person)s chooses on their own record to be given sensitive samples, or not to.") % {"person": person}
        )
    return {**wanted, "skills": sorted({*wanted["skills"], *own})}


def _skills(given: Iterable[str]) -> list[str]:
    """As samples name them: each once, in order; surrounding spaces and capitals do not matter."""
    names = sorted({name.strip().lower() for name in given if name.strip()})
    if long := [name for name in names if len(name) > LONGEST_SKILL]:
        said = _("The skill %(skill)r is longer than %(most)d characters. Shorten it.")
        raise PersonChangeRefused(said % {"skill": long[0][:60], "most": LONGEST_SKILL})
    return names


def _cap(given: int | None) -> int | None:
    if given is not None and not 0 <= given < 2**31:
        raise PersonChangeRefused(
            _("A cap of %(cap)d samples cannot be. Write a whole number from 0, or nothing for no cap.")
            % {"cap": given}
        )
    return given


CHANGEABLE: dict[str, Callable[[Any], Any]] = {"skills": _skills, "cap": _cap, "is_qualified": bool}


def _told(value: object) -> str:
    return (", ".join(map(str, value)) if isinstance(value, list) else str(value)) or "none"


def issue_token(*, user: User, name: str, scopes: list[str]) -> str:
    """Make a key for the REST interface and return it: the only time that it can be read."""
    key = secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, scopes=scopes, digest=digest_of(key))
    return key


def digest_of(key: str) -> str:
    """What is kept of a key. A key is 256 random bits, so that a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
