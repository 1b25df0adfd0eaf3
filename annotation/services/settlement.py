"""Decide what a sample is, from the annotations that count: the one place that applies the project's policy.

Called in the transaction of whatever changed the sample (a submission, a correction, a slot given back, somebody new),
so that no sample ever waits for a decision that nobody is going to take.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from annotation import ratings, transitions
from annotation.models import Annotation, ConsensusLabel, Policy, Sample
from annotation.services import asking, deciding, governing, handing, head_starts, labels, posteriors
from annotation.statements import settling as statements
from annotation.statements.running import row
from consensus.policy import Decision, decide
from consensus.policy import Policy as DecidingPolicy

State = Sample.State
NEITHER_VALID = "neither_valid"
SENT_BACK = "sent_back"  # by a reviewer, to more people than the policy asks


def settle(*, sample: Sample, at: datetime) -> None:
    """Take the decision that the sample's annotations ask for, and write its labels when it is resolved.

    `sample` is locked by the caller's transaction and shows its row as it is now. Nothing happens to a sample that a
    reviewer has settled, nor to an excluded one, unless somebody takes back that neither response is valid.
    """
    if is_adjudicated(sample):
        return
    annotations = handing.counted_annotations(sample)
    policy = governing.policy_of(sample, annotations[0].rubric if annotations else None)
    asked = Asked(annotations, policy, governing.first_round_of(sample, policy))
    if sample.state == State.EXCLUDED and not _may_be_open_again(sample, asked, at):
        return
    if asked.neither_is_valid:
        text = "Two of the first people said that neither response is valid."
        exclude(sample=sample, reason=NEITHER_VALID, text=text, at=at, policy=policy)
        return
    if sample.state == State.ESCALATED and _awaits_whom_a_reviewer_asked(sample):
        return
    _apply(_decide(sample, asked), sample=sample, asked=asked, at=at)


@dataclass(frozen=True)
class Asked:
    """What was asked of a sample's people, and what they said: annotations that count, in order of arrival."""

    annotations: Sequence[Annotation]
    policy: Policy
    first_round: int

    @property
    def rounds(self) -> tuple[Sequence[Annotation], Sequence[Annotation]]:
        """The first round and what came after it. Where the first round lost an annotation, the next one stands in."""
        in_order = sorted(self.annotations, key=lambda annotation: annotation.round)
        first = max(self.first_round, sum(annotation.round == 1 for annotation in self.annotations))
        return in_order[:first], in_order[first:]

    @property
    def neither_is_valid(self) -> bool:
        first, _later = self.rounds
        return sum(annotation.neither_valid for annotation in first[: self.first_round]) >= 2


def is_adjudicated(sample: Sample) -> bool:
    """Whether a reviewer gave the sample its label: then it stands, whatever people do."""
    if sample.state != State.RESOLVED:
        return False
    return ConsensusLabel.objects.filter(sample=sample, is_current=True, method=labels.ADJUDICATION).exists()


def _may_be_open_again(sample: Sample, asked: Asked, at: datetime) -> bool:
    """Open a sample that was excluded only because two found neither response valid, when that no longer holds."""
    if _last_reason(sample, State.EXCLUDED) != NEITHER_VALID or asked.neither_is_valid:
        return False
    decision = Decision(outcome="wait", reason="valid_again", text="Fewer than two say that neither response is valid.")
    target = max(asked.first_round, _held(sample))
    _move(sample, State.OPEN, decision, target=target, policy=asked.policy, at=at)
    sample.refresh_from_db()
    return True


def _last_reason(sample: Sample, state: str) -> str | None:
    """Why the sample went into this state the last time."""
    last = row(statements.LAST_REASON, sample=sample.pk, target_state=str(state))
    return last and str(last.reason)


def _awaits_whom_a_reviewer_asked(sample: Sample) -> bool:
    """A reviewer opened further slots, and people for them are there or on their way."""
    if sample.counted_count >= sample.target or _last_reason(sample, State.ESCALATED) != SENT_BACK:
        return False
    return bool(sample.leased_count or asking.people_left(sample, at_most=1))


def _decide(sample: Sample, asked: Asked) -> Decision:
    rubric = asked.annotations[0].rubric if asked.annotations else sample.project.rubric
    places = ratings.layout(rubric.attributes, sample.response_count)
    slots = ratings.slots(places, asked.policy, asked.annotations)
    first, later = asked.rounds
    return decide(
        _policy(sample, asked),
        slots,
        ratings.matrix(first, places, sample.response_count),
        ratings.matrix(later, places, sample.response_count),
        people_left=partial(_people_left, sample, asked),
        leased=sample.leased_count,
        beliefs=partial(posteriors.beliefs, sample.project, [*first, *later], places, slots),
    )


def _policy(sample: Sample, asked: Asked) -> DecidingPolicy:
    return (
        deciding.fixed_overlap(asked.policy, asked.first_round)
        if sample.is_fixed_overlap
        else deciding.as_rules(asked.policy, asked.first_round)
    )


def _people_left(sample: Sample, asked: Asked) -> int:
    """How many may still be asked, counted no further than the policy could want."""
    wanted = asked.first_round if sample.is_fixed_overlap else asked.policy.extra
    return asking.people_left(sample, at_most=wanted)


def _apply(decision: Decision, *, sample: Sample, asked: Asked, at: datetime) -> None:
    policy = asked.policy
    match decision.outcome:
        case "wait":
            _wait(sample, decision, policy=policy, at=at)
        case "resolve":
            labels.write(sample=sample, annotations=asked.annotations, policy=policy, at=at)
            _move(sample, State.RESOLVED, decision, target=sample.counted_count, policy=policy, at=at)
        case "escalate":
            _open_slots(sample, decision, policy=policy, at=at)
        case "contest":
            labels.retire(sample=sample)
            waits = decision.reason == "nobody_left"
            _move(sample, State.CONTESTED, decision, target=_held(sample), waits_for_people=waits, policy=policy, at=at)
        case "exclude":
            exclude(sample=sample, reason=decision.reason, text=decision.text, at=at, policy=policy)


def _held(sample: Sample) -> int:
    """The least target that the database accepts: what counts and what is in somebody's hands."""
    return sample.counted_count + sample.leased_count


def _target(sample: Sample, decision: Decision) -> int:
    """With as many free slots as are wanted; those that are open already may stay, as far as the policy allows."""
    free = sample.target - _held(sample) if sample.state in governing.UNDECIDED else 0
    return _held(sample) + min(max(free, decision.slots_wanted), max(decision.slots_wanted, decision.slots_allowed))


def _wait(sample: Sample, decision: Decision, *, policy: Policy, at: datetime) -> None:
    """Too little to decide on. A sample that has no first round (any more) is open for one."""
    if decision.reason == "first_round_open" and sample.state != State.OPEN:
        _open_again(sample, decision, policy=policy, at=at)
    elif sample.state in governing.UNDECIDED:
        _set(sample, target=_target(sample, decision))


def _open_again(sample: Sample, wait: Decision, *, policy: Policy, at: datetime) -> None:
    """Ask further people: of a sample that lost an annotation, or for which somebody came who may be asked."""
    labels.retire(sample=sample)
    decision = replace(wait, reason="annotation_lost", text=f"An annotation no longer counts. {wait.text}")
    if sample.waits_for_people:
        decision = replace(wait, reason="asked_again", text=f"Somebody is there to ask. {wait.text}")
    target = _target(sample, wait)
    if sample.state == State.CONTESTED:  # the table of moves leads out of contested by way of escalated
        _move(sample, State.ESCALATED, decision, policy=policy, at=at)
        sample.state = State.ESCALATED
    _move(sample, State.OPEN, decision, target=target, policy=policy, at=at)


def _open_slots(sample: Sample, decision: Decision, *, policy: Policy, at: datetime) -> None:
    target, wanted = _target(sample, decision), decision.slots_wanted
    if sample.state == State.ESCALATED:
        over = {"head_start_until": None} if head_starts.is_in_vain(sample, wanted=wanted) else {}
        _set(sample, target=target, **over)
        return
    labels.retire(sample=sample)
    until = head_starts.until(sample, wanted=wanted, at=at)
    _move(sample, State.ESCALATED, decision, target=target, head_start_until=until, policy=policy, at=at)


def exclude(*, sample: Sample, reason: str, text: str, at: datetime, policy: Policy | None = None) -> None:
    """Take a locked sample out because people agree that it cannot be judged, or that no label can be made of it."""
    labels.retire(sample=sample)
    policy = policy or governing.policy_of(sample)
    if sample.state == State.RESOLVED:  # the table of moves leads out of resolved by way of contested
        _move(sample, State.CONTESTED, Decision(outcome="contest", reason=reason, text=text), policy=policy, at=at)
        sample.state = State.CONTESTED
    decision = Decision(outcome="exclude", reason=reason, text=text)
    _move(sample, State.EXCLUDED, decision, target=_held(sample), policy=policy, at=at)


def _move(sample: Sample, to_state: str, decision: Decision, *, policy: Policy, at: datetime, **changes: Any) -> None:
    """Move the locked sample; when it is there already, only its other columns change."""
    if sample.state == to_state:
        _set(sample, **changes)
        return
    transitions.move(
        sample_id=sample.pk,
        from_state=sample.state,
        to_state=to_state,
        reason=decision.reason,
        text=decision.text,
        policy=policy,
        at=at,
        **changes,
    )


def _set(sample: Sample, **columns: Any) -> None:
    """Change columns of the locked sample, where they say something new."""
    changed = {name: value for name, value in columns.items() if getattr(sample, name) != value}
    if changed:
        Sample.objects.filter(pk=sample.pk).update(**changed)
