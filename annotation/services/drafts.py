"""Drafts: what somebody has chosen and typed of an answer, kept on the server while they are at it.

A draft is nobody's opinion yet: nothing reads it but the page of its author, and it is gone with the submission, the
correction or the skip. One that nobody came back to is forgotten after a while.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from annotation.models import Assignment, Draft
from annotation.statements import drafting as statements
from annotation.statements.running import row

MOST_BYTES = 65_536  # as draft_is_small says
MOST_SAVES = 2_147_483_647  # what the column holds
KEPT_FOR = timedelta(days=30)
# As services.submission has it, which stands above this module.
CORRECTABLE_FOR = timedelta(minutes=10)


class DraftRefused(Exception):
    """The draft was not kept; the message says why."""


def keep(*, assignment: Assignment, fields: Mapping[str, str], of_revision: int, saves: int, at: datetime) -> int:
    """Save the fields of a form; returns the number of saves that is stored now.

    `saves` counts up with every save of one page: one that was overtaken on its way never replaces a newer one, and is
    told the newer number. Raises DraftRefused when the answer is given already, or the draft is too large.
    """
    if not 1 <= saves <= MOST_SAVES:
        raise DraftRefused(_("A draft counts its saves from 1; this one says %(saves)s.") % {"saves": saves})
    stored = row(
        statements.KEEP,
        assignment=assignment.pk,
        of_revision=of_revision,
        fields=_as_stored(fields),
        saves=saves,
        correctable_since=at - CORRECTABLE_FOR,
        at=at,
    )
    if stored is not None:
        return int(stored.saves)
    if (newer := of(assignment, of_revision)) and newer.saves >= saves:
        return newer.saves
    raise DraftRefused(_("This answer is given already, so there is nothing to keep a draft of."))


def of(assignment: Assignment, of_revision: int = 1) -> Draft | None:
    """What was kept of the answer that is still to be given, or None."""
    return Draft.objects.filter(assignment=assignment, of_revision=of_revision).first()


def forget(assignment: Assignment | int) -> None:
    """Drop every draft of an assignment."""
    Draft.objects.filter(assignment=assignment).delete()


def forget_old(*, at: datetime) -> int:
    """Drop the drafts that nobody has touched for a month; returns how many (index draft_age)."""
    return Draft.objects.filter(saved_at__lt=at - KEPT_FOR).delete()[0]


def _as_stored(fields: Mapping[str, str]) -> str:
    """Raises DraftRefused when the fields are no flat texts, or too many. What PostgreSQL cannot store is left out."""
    if not all(isinstance(text, str) for pair in fields.items() for text in pair):
        raise DraftRefused(_("A draft is a flat list of fields, each with its name and its text."))
    text = json.dumps({_storable(name): _storable(value) for name, value in fields.items()}, ensure_ascii=False)
    if (size := len(text.encode())) > MOST_BYTES:
        raise DraftRefused(
            _("This draft has %(size)s bytes; %(most)s can be kept. Shorten what you wrote.")
            % {"size": size, "most": MOST_BYTES}
        )
    return text


def _storable(text: str) -> str:
    """Without NUL and halves of characters."""
    return text.replace("\x00", "").encode(errors="ignore").decode()
