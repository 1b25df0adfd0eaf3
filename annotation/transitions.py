"""The only writer of a sample's state: a table of moves and one conditional UPDATE, with an event row for each."""

from datetime import datetime

from annotation.models import Policy, Sample, SampleEvent, User
from annotation.statements import settling
from annotation.statements.running import row

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
    target: int | None = None,
    waits_for_people: bool = False,
    head_start_until: datetime | None = None,
) -> bool:
    """Move one sample and log the event; `target` is left as it is when it is not given.

    Returns False, and changes nothing, when another process moved it first.
    Raises TransitionNotAllowed when the table has no such move.
    """
    if to_state not in ALLOWED[from_state]:
        ways = ", ".join(sorted(ALLOWED[from_state]))
        raise TransitionNotAllowed(
            f"Sample {sample_id} cannot go from {from_state} to {to_state}; it can go to: {ways}."
        )
    moved = row(
        settling.MOVE,
        sample=sample_id,
        source_state=str(from_state),
        target_state=str(to_state),
        reason=reason,
        text=text,
        actor=actor and actor.pk,
        policy=policy and policy.pk,
        at=at,
        target=target,
        waits_for_people=waits_for_people,
        head_start_until=head_start_until,
    )
    return moved is not None


def record(*, sample: Sample, reason: str, at: datetime, text: str, actor: User | None, policy: Policy) -> None:
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
