"""What waits for somebody in a project, in a line for the list of projects: from the kept figures, never by counting."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Membership, ProjectFigures

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
