"""People invited by a link: made by an admin, opened by whoever was given it, until a day or until its places are taken."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from annotation.models import Invitation, Membership, Project, ProjectEvent, User
from annotation.services import people

MADE, WITHDRAWN, ACCEPTED = "invitation_made", "invitation_withdrawn", "invitation_accepted"
LONGEST_DAYS, MOST_PLACES = 90, 1000


class InvitationRefused(ValueError):
    """The invitation cannot be made or opened; the message says why and what to do."""

    may_try_again = False


class NameOrPasswordRefused(InvitationRefused):
    """The link is open, and the account that somebody wants to join with cannot be made so."""

    may_try_again = True


@dataclass(frozen=True)
class Made:
    """A new invitation, and the secret of its link, which is shown once and not kept."""

    invitation: Invitation
    secret: str


@transaction.atomic
def invite(
    *, project: Project, by: User, at: datetime, role: str, places: int = 1, days: int = 14, note: str = ""
) -> Made:
    """Make a link by which so many people may join with a role until a day. Raises InvitationRefused, NotAnAdmin."""
    people.require_admin(project=project, user=by)
    _check(project, role, places, days)
    secret = secrets.token_urlsafe(24)
    made = Invitation.objects.create(
        project=project,
        role=role,
        digest=_digest(secret),
        note=note.strip()[:200],
        places=places,
        made_by=by,
        made_at=at,
        ends_at=at + timedelta(days=days),
    )
    _record(made, MADE, f"{places} places as {role} for {days} days. {made.note}".strip(), by, at)
    return Made(made, secret)


def _check(project: Project, role: str, places: int, days: int) -> None:
    if project.state == Project.State.ARCHIVED:
        raise InvitationRefused(_("The project is archived; nobody can join it."))
    if role not in Membership.Role.values:
        raise InvitationRefused(_("%(role)r is not a role. Choose annotator, reviewer or admin.") % {"role": role})
    if not 1 <= places <= MOST_PLACES:
        said = _("%(places)s is not a number of people. Write 1 to %(most)s.")
        raise InvitationRefused(said % {"places": places, "most": MOST_PLACES})
    if not 1 <= days <= LONGEST_DAYS:
        said = _("%(days)s is not a number of days. Write 1 to %(most)s.")
        raise InvitationRefused(said % {"days": days, "most": LONGEST_DAYS})


@transaction.atomic
def withdraw(*, invitation: Invitation, by: User, at: datetime) -> None:
    """Nobody joins by this link any more; who has joined stays. Twice is once. Raises NotAnAdmin."""
    people.require_admin(project=invitation.project, user=by)
    if Invitation.objects.filter(pk=invitation.pk, withdrawn_at=None).update(withdrawn_at=at):
        _record(invitation, WITHDRAWN, f"{invitation.role}, {invitation.taken} of {invitation.places} taken.", by, at)


@transaction.atomic
def withdraw_behind(*, project: Project, user: User, role: str, by: User, at: datetime) -> None:
    """Withdraw every link by which somebody could come back whose role was taken: those that they made, and those of the role.

    Links for annotators that others made stay: whoever was withdrawn gets nothing by joining again. Raises NotAnAdmin.
    """
    known = Q(made_by=user) | (Q(role=role) & ~Q(role=Membership.Role.ANNOTATOR))
    for invitation in Invitation.objects.filter(known, project=project, withdrawn_at=None, ends_at__gt=at):
        withdraw(invitation=invitation, by=by, at=at)


def opened(*, secret: str, at: datetime, user: User | None = None) -> Invitation:
    """The invitation of a link that still has a place, or by which this account has its part. Raises InvitationRefused."""
    found = Invitation.objects.select_related("project", "made_by").filter(digest=_digest(secret)).first()
    if found is None:
        raise InvitationRefused(_("There is no such invitation. Is the link whole? Ask whoever sent it for another."))
    if user is None or not _has_joined(found, user):
        _still_open(found, at)
    return found


def _still_open(found: Invitation, at: datetime) -> None:
    again = _("Ask whoever sent it for another.")
    if found.withdrawn_at:
        raise InvitationRefused(_("This invitation was withdrawn.") + " " + again)
    if at >= found.ends_at:
        raise InvitationRefused(_("This invitation has ended.") + " " + again)
    if found.made_by is None or Membership.Role.ADMIN not in people.roles_of(project=found.project, user=found.made_by):
        raise InvitationRefused(_("Whoever made this invitation is no admin of the project any more.") + " " + again)
    if found.taken >= found.places:
        raise InvitationRefused(_("Everybody whom this link was for has joined.") + " " + again)
    if found.project.state == Project.State.ARCHIVED:
        raise InvitationRefused(_("The project of this invitation is archived; nobody can join it."))


def accept(*, secret: str, user: User, at: datetime) -> Project:
    """Join the project by a link, once; who has the role already takes no place. Raises InvitationRefused."""
    with transaction.atomic():
        found = opened(secret=secret, at=at, user=user)
        if not _has_joined(found, user):
            _take_a_place(found, user, at)
    people.join(project=found.project, user=user, role=found.role, at=at)
    return found.project


def accept_as_newcomer(*, secret: str, name: str, password: str, at: datetime) -> User:
    """Make an account and join by a link: both or neither. Raises InvitationRefused."""
    with transaction.atomic():
        found = opened(secret=secret, at=at)
        newcomer = _account(name, password)
        _take_a_place(found, newcomer, at)
    people.join(project=found.project, user=newcomer, role=found.role, at=at)
    return newcomer


def _account(name: str, password: str) -> User:
    newcomer = User(username=name.strip())
    try:
        validate_password(password, newcomer)
        newcomer.set_password(password)
        newcomer.full_clean()
        with transaction.atomic():
            newcomer.save()
    except ValidationError as error:
        raise NameOrPasswordRefused(" ".join(error.messages)) from error
    except IntegrityError as taken:  # in this very moment, perhaps by the same person's second press
        raise NameOrPasswordRefused(_("Somebody has this name already. Choose another, or log in.")) from taken
    return newcomer


def _take_a_place(found: Invitation, user: User, at: datetime) -> None:
    """Of two who come for the last place one gets it; of one who presses twice at once neither press is refused."""
    locked = Invitation.objects.select_for_update(of=("self",)).select_related("project", "made_by").get(pk=found.pk)
    if _has_joined(locked, user):
        return
    _still_open(locked, at)
    locked.taken += 1
    locked.save(update_fields=["taken"])
    Membership.objects.get_or_create(project=found.project, user=user, role=found.role)
    _record(found, ACCEPTED, f"{user.get_username()} joined as {found.role}.", user, at)


def _has_joined(found: Invitation, user: User) -> bool:
    return Membership.objects.filter(project=found.project, user=user, role=found.role).exists()


def _record(invitation: Invitation, kind: str, text: str, by: User, at: datetime) -> None:
    ProjectEvent.objects.create(project=invitation.project, kind=kind, text=text, actor=by, at=at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="ignore")).hexdigest()
