"""The accounts of the demonstration, with new passwords each time."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from annotation.models import ApiToken, Membership, Project, User
from annotation.services import people
from demo.sets import SETS

Role = Membership.Role


@dataclass(frozen=True)
class Cast:
    """Who may log in, and the key under which recorded people are replayed."""

    passwords: dict[str, str]
    replay_key: str

    def invitation(self, address: str, *, stays: bool) -> str:
        """Where to go and as whom; `stays`: whether anything is there to go to."""
        roles = {"annotator": "judge samples", "reviewer": "settle contested ones", "admin": "see everything"}
        lines = [f"  {name:<10} {password}   {roles[name]}" for name, password in self.passwords.items()]
        end = "Ctrl-C stops everything." if stays else "Without --exit it stays up for you; log-ins are new each time."
        return "\n".join(
            [
                "",
                f"Open {address}/ and log in:",
                *lines,
                f"The REST interface is described at {address}/api/docs/, administration is at {address}/admin/.",
                end,
            ]
        )


def assemble(*, at: datetime) -> Cast:
    """Make the accounts that are missing and give each a fresh password."""
    passwords = {name: secrets.token_urlsafe(9) for name in ("annotator", "reviewer", "admin")}
    accounts = {name: _account(name, password) for name, password in passwords.items()}
    _make_administrator(accounts["admin"])
    machine = _account("replay", None)
    for which in SETS:
        project = Project.objects.get(slug=which.slug)
        people.join(project=project, user=accounts["reviewer"], role=Role.REVIEWER, at=at)
        people.join(project=project, user=accounts["admin"], role=Role.ADMIN, at=at)
        people.join(project=project, user=machine, role=Role.ADMIN, at=at)
        if which.welcomes_visitor:
            people.join(project=project, user=accounts["annotator"], role=Role.ANNOTATOR, at=at)
    ApiToken.objects.filter(user=machine, revoked_at=None).update(revoked_at=at)
    return Cast(passwords, people.issue_token(user=machine, name="replay", scopes=["read", "act_for"]))


def _account(name: str, password: str | None) -> User:
    user, _ = User.objects.get_or_create(username=name)
    user.set_password(password)  # None: nobody can log in with it
    user.save(update_fields=["password"])
    return user


def _make_administrator(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
