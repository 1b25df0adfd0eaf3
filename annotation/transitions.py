"""The only writer of a sample's state: a table of moves and one conditional UPDATE, with an event row for each."""

from datetime import datetime
from typing import Any

from django.db import transaction

from annotation.models import Policy, Sample, SampleEvent, User

State = Sample.State

# The same table stands in the database, as a trigger (migration 0002).
ALLOWED: dict[str, set[str]] = {
    State.OPEN: {State.ESCALATED, State.RESOLVED, State.CONTESTED, State.EXCLUDED},
    State.ESCALATED: {State.RESOLVED, State.CONTESTED, State.EXCLUDED, State.OPEN},
    State.CONTESTED: {State.RESOLVED, State.EXCLUDED, State.ESCALATED},
    State.RESOLVED: {State.OPEN, State.ESCALATED, State.CONTESTED},
    State.EXCLUDED: {State.OPEN},
}


class TransitionNotAllowed(Exception):
    """The table of moves has no such move."""


@transaction.atomic
def move(
    *,
    sample_id: int,
    from_state: str,
    to_state: str,
    reason: str,
    at: datetime,
    text: str = "",
    actor: User | None = None,
    policy: Policy | None = None,
    **changes: Any,
) -> bool:
    """Move one sample, with `changes` to its other columns, and log the event.

    Returns False, and changes nothing, when another process moved it first.
    Raises TransitionNotAllowed when the table has no such move.
    """
    if to_state not in ALLOWED[from_state]:
        ways = ", ".join(sorted(ALLOWED[from_state]))
        raise TransitionNotAllowed(
            f"Sample {sample_id} cannot go from {from_state} to {to_state}; it can go to: {ways}."
        )
    if to_state != State.CONTESTED:
        changes.setdefault("waits_for_people", False)
    moved = Sample.objects.filter(pk=sample_id, state=from_state).update(state=to_state, **changes)
    if moved:
        SampleEvent.objects.create(
            sample_id=sample_id,
            source=from_state,
            target=to_state,
            reason=reason,
            text=text,
            actor=actor,
            policy=policy,
            at=at,
        )
    return bool(moved)


def record(*, sample: Sample, reason: str, at: datetime, text: str, actor: User, policy: Policy) -> None:
    """An event without a move: somebody changed what a sample has, and it stays where it is."""
    SampleEvent.objects.create(
        sample=sample,
        source=sample.state,
        target=sample.state,
        reason=reason,
        text=text,
        actor=actor,
        policy=policy,
        at=at,
    )
