"""What waits for somebody in a project, for the list of projects: of samples from the kept figures, never by counting."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Annotator, Assignment, Membership, ProjectFigures, User
from annotation.services import questions, returned, standing
from annotation.web.person import standing_of
from annotation.web.progress import progress

Role = Membership.Role


def text_for(membership: Membership, kept: ProjectFigures | None) -> str:
    """How much there is to do, for this role.

    An annotator is told of samples whose first round is not complete: that number falls when a first round is, whether its
    people agreed or not. One that counted escalated samples too would stay where it was when they disagreed.
    """
    if kept is None:
        return _("Nothing is counted yet.")
    samples = kept.figures["samples"]
    states = samples["states"]
    if membership.role == Role.ANNOTATOR:
        return _open(states["open"])
    if membership.role == Role.REVIEWER:
        return _contested(states["contested"])
    return _("%(decided)d of %(total)d samples decided") % {"decided": samples["decided"], "total": samples["total"]}


def _open(count: int) -> str:
    if not count:
        return _("No new sample is open. Look in again: now and then one comes back.")
    return ngettext("%(count)d sample open", "%(count)d samples open", count) % {"count": count}


def _contested(count: int) -> str:
    if not count:
        return _("No sample is contested.")
    said = ngettext("%(count)d contested sample", "%(count)d contested samples", count)
    return said % {"count": count}


def own(user: User, at: datetime) -> dict[int, dict[str, Any]]:
    """By project, what an annotator finds there of their own: how they stand, what they hold, and what they did today."""
    mine = Annotator.objects.filter(user=user).select_related("project")
    held = Assignment.objects.filter(annotator__in=mine, lease_place=0, lease_expires_at__gt=at)
    holding = set(held.values_list("annotator_id", flat=True))
    return {me.project_id: _own(me, me.pk in holding, at) for me in mine}


def _own(me: Annotator, has_in_hand: bool, at: datetime) -> dict[str, Any]:
    standing_now = standing_of(me, at)
    return {
        **standing_now,
        "has_in_hand": has_in_hand,
        "may_work": me.state == Annotator.State.ACTIVE and not standing_now["held_until"],
        "begins_with_a_test": not me.is_qualified and me.tested_at is None and me.project.test_size is not None,
        "today": progress(me, at)["today"],
        "has_unread": standing.has_unread(me) or returned.has_unread(me) or questions.unread_reply(me) is not None,
    }
