"""Who may be given work just now: asked of the person's row by whoever hands out (services.claiming, services.leases)."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from annotation import saying_times
from annotation.models import Annotator, Project


class NotClaimable(Exception):
    """This person may not have this work now; the message says why, `code` says it to programs.

    Codes: not_allowed, elsewhere, paused, held, unqualified, had_it, no_slot, not_for_you, at_cap, holds_two.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def refuse_if_paused(person: Any, annotator: Annotator) -> None:
    if person.project_state != Project.State.ACTIVE:
        state = Project.State(person.project_state).label.lower()
        said = _("Project %(project)s is %(state)s; it hands out no samples now.")
        raise NotClaimable("paused", said % {"project": person.slug, "state": state})
    if person.state != Annotator.State.ACTIVE:
        state = Annotator.State(person.state).label.lower()
        said = _("%(annotator)s is %(state)s in this project. A project admin can change that.")
        raise NotClaimable("paused", said % {"annotator": annotator, "state": state})


def refuse_if_held_back(person: Any, annotator: Annotator, at: datetime) -> None:
    if person.held_until and at < person.held_until:
        said = _(
            "A rule of project %(project)s hands out nothing new to %(annotator)s until %(until)s. The reason stands in the "
            "record of their work."
        )
        until = saying_times.moment(person.held_until)
        raise NotClaimable("held", said % {"project": person.slug, "annotator": annotator, "until": until})


def refuse_if_at_cap(person: Any, annotator: Annotator) -> None:
    if person.cap is not None and person.given >= person.cap:
        said = _("%(annotator)s has had all %(cap)d samples that one person may be given here.")
        raise NotClaimable("at_cap", said % {"annotator": annotator, "cap": person.cap})


def refuse_if_unqualified(person: Any, annotator: Annotator) -> None:
    if not person.is_qualified:
        raise not_qualified(annotator)


def not_qualified(annotator: Annotator) -> NotClaimable:
    said = _("%(annotator)s is not qualified for this project yet.")
    return NotClaimable("unqualified", said % {"annotator": annotator})
