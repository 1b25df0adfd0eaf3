"""Take a lease again that ran out or was given back, for somebody who has its sample open on their screen."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from annotation import querysets
from annotation.models import Annotator, Assignment, Sample
from annotation.services import entitled
from annotation.services.entitled import NotClaimable
from annotation.statements import claiming as statements
from annotation.statements.running import row


class LeaseGone(Exception):
    """The lease is no longer held; the message says what became of it."""


def take_again(*, assignment: Assignment, at: datetime, until: datetime) -> None:
    """Lease it once more, in the caller's transaction. Locks the person, as a claim does, then the sample, then the
    assignment. Raises LeaseGone when it cannot be had.
    """
    person = _looked_at(assignment.annotator)
    Sample.objects.select_for_update(no_key=True).get(pk=assignment.sample_id)
    mine = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
    if mine.state == Assignment.State.LEASED:  # by another window, while this one waited
        Assignment.objects.filter(pk=mine.pk).update(lease_expires_at=until)
        return
    if mine.state not in querysets.GIVEN_BACK:
        raise gone(mine)
    try:
        _refuse(person, mine, at)
        place = _place_for(mine)
    except NotClaimable as refusal:
        raise LeaseGone(str(refusal)) from refusal
    lease = {
        "assignment": mine.pk,
        "sample": mine.sample_id,
        "annotator": mine.annotator_id,
        "is_gold": mine.is_gold,
        "project": person.project_id,
        "requirements": person.requirements or [0],
        "weight": person.weight,
        "at": at,
        "until": until,
        "place": place,
    }
    if not row(statements.TAKE_AGAIN, **lease):
        raise LeaseGone(
            _(
                "The lease of this sample ran out and its places were taken meanwhile. What you submit is kept, and "
                "counts only if a place is free by then."
            )
        )


def _looked_at(annotator: Annotator) -> Any:
    """The person's row under its lock. Locked before it is looked at: what is counted must not be older than the lock."""
    Annotator.objects.select_for_update(no_key=True).values_list("pk").get(pk=annotator.pk)
    return row(statements.LOOK, annotator=annotator.pk)


def _refuse(person: Any, mine: Assignment, at: datetime) -> None:
    """What keeps a person from claiming keeps them from taking a sample again. Raises NotClaimable."""
    entitled.refuse_if_paused(person, mine.annotator)
    is_newcomer = mine.is_gold and person.tested_at is None  # in training or in the test, of which it is a part
    if not is_newcomer:
        entitled.refuse_if_unqualified(person, mine.annotator)
    entitled.refuse_if_held_back(person, mine.annotator, at)
    entitled.refuse_if_at_cap(person, mine.annotator)


def _place_for(mine: Assignment) -> int:
    """The first place, unless a sample stands there that was given earlier. Raises NotClaimable when both are taken."""
    others = list(Assignment.objects.filter(annotator=mine.annotator_id, state=Assignment.State.LEASED))
    if len(others) == 2:
        raise NotClaimable(
            "holds_two", _("You hold two other samples by now. Submit, skip or release one of them first.")
        )
    if not others or others[0].lease_place == 1:
        return 0
    [other] = others
    if other.claimed_at <= mine.claimed_at:
        return 1
    Assignment.objects.filter(pk=other.pk).update(lease_place=1)
    return 0


def gone(assignment: Assignment) -> LeaseGone:
    """What became of a lease that is not held."""
    now = Assignment.objects.get(pk=assignment.pk)
    said = {
        Assignment.State.EXPIRED: _(
            "The lease of this sample ran out and was given back. What you submit still counts while the sample has a "
            "slot. Claim the next one."
        ),
        Assignment.State.RELEASED: _("The lease of this sample was given back. Claim the next one."),
        Assignment.State.SUBMITTED: _("The lease of this sample ended with your submission. Claim the next one."),
        Assignment.State.SKIPPED: _("The lease of this sample ended when you skipped the sample. Claim the next one."),
        Assignment.State.LATE: _(
            "The lease of this sample ended; your submission came late and was kept. Claim the next one."
        ),
        Assignment.State.WITHDRAWN: _("The lease of this sample was withdrawn. Claim the next one."),
    }
    not_held = _("The lease of this sample is not held. Claim the next one.")
    return LeaseGone(said.get(Assignment.State(now.state), not_held))
