"""Decide what a sample is, from the annotations that count: the one place that applies the project's policy.

Called in the transaction of whatever changed the sample (a submission, a correction, a slot given back, somebody new),
so that no sample ever waits for a decision that nobody is going to take.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from annotation import querysets, ratings, transitions
from annotation.lanes import next_lane_seq
from annotation.models import Annotation, ConsensusLabel, Policy, Sample
from annotation.services import labels
from consensus.policy import Decision, SpreadPolicy, decide

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
    annotations = list(querysets.counted_annotations().filter(assignment__sample=sample).select_related("rubric"))
    policy = sample.project.policy
    if sample.state == State.EXCLUDED and not _may_be_open_again(sample, annotations, policy, at):
        return
    if _neither_is_valid(annotations, policy):
        text = "Two of the first people said that neither response is valid."
        exclude(sample=sample, reason=NEITHER_VALID, text=text, at=at)
        return
    decision = _decide(sample, annotations, policy)
    _apply(decision, sample=sample, annotations=annotations, policy=policy, at=at)


def is_adjudicated(sample: Sample) -> bool:
    """Whether a reviewer gave the sample its label: then it stands, whatever people do."""
    if sample.state != State.RESOLVED:
        return False
    return ConsensusLabel.objects.filter(sample=sample, is_current=True, method=labels.ADJUDICATION).exists()


def _neither_is_valid(annotations: Sequence[Annotation], policy: Policy) -> bool:
    first = [annotation for annotation in annotations if annotation.round == 1][: policy.first_round]
    return sum(annotation.neither_valid for annotation in first) >= 2


def _may_be_open_again(sample: Sample, annotations: Sequence[Annotation], policy: Policy, at: datetime) -> bool:
    """Open a sample that was excluded only because two found neither response valid, when that no longer holds."""
    if _last_reason(sample, State.EXCLUDED) != NEITHER_VALID or _neither_is_valid(annotations, policy):
        return False
    decision = Decision(outcome="wait", reason="valid_again", text="Fewer than two say that neither response is valid.")
    target = max(policy.first_round, _held(sample))
    _move(sample, State.OPEN, decision, target=target, lane_seq=next_lane_seq(), policy=policy, at=at)
    sample.refresh_from_db()
    return True


def _last_reason(sample: Sample, state: str) -> str | None:
    """Why the sample went into this state the last time."""
    return sample.events.filter(target=state).order_by("-pk").values_list("reason", flat=True).first()


def _decide(sample: Sample, annotations: Sequence[Annotation], policy: Policy) -> Decision:
    places = ratings.layout(_attributes(annotations, sample), sample.response_count)
    if sample.state == State.ESCALATED and _awaits_whom_a_reviewer_asked(sample, policy):
        return Decision(outcome="wait", reason="more_were_asked", text="A reviewer asked for more people.")
    return decide(
        SpreadPolicy(first_round=policy.first_round, extra=policy.extra, on_unsettled=policy.on_unsettled),
        ratings.slots(places, policy),
        ratings.matrix([a for a in annotations if a.round == 1], places, sample.response_count),
        ratings.matrix([a for a in annotations if a.round == 2], places, sample.response_count),
        people_left=_people_left(sample, policy),
        leased=sample.leased_count,
    )


def _attributes(annotations: Sequence[Annotation], sample: Sample) -> list[dict]:
    rubric = annotations[-1].rubric if annotations else sample.project.rubric
    return rubric.attributes


def _awaits_whom_a_reviewer_asked(sample: Sample, policy: Policy) -> bool:
    """A reviewer opened further slots, and people for them are there or on their way."""
    if sample.counted_count >= sample.target or _last_reason(sample, State.ESCALATED) != SENT_BACK:
        return False
    return bool(sample.leased_count or _people_left(sample, policy))


def _people_left(sample: Sample, policy: Policy) -> int:
    """How many may still be asked; counted no further than the policy could want."""
    if sample.counted_count < policy.first_round:
        return 0  # nothing to escalate yet, so nobody is counted
    return querysets.people_who_may_be_asked(sample)[: policy.extra].count()


def _apply(
    decision: Decision, *, sample: Sample, annotations: Sequence[Annotation], policy: Policy, at: datetime
) -> None:
    match decision.outcome:
        case "wait":
            _wait(sample, policy=policy, at=at)
        case "resolve":
            labels.write(sample=sample, annotations=annotations, policy=policy, at=at)
            _move(sample, State.RESOLVED, decision, target=sample.counted_count, policy=policy, at=at)
        case "escalate":
            _open_slots(sample, decision, policy=policy, at=at)
        case "contest":
            labels.retire(sample=sample)
            waits = decision.reason == "nobody_left"
            _move(sample, State.CONTESTED, decision, target=_held(sample), waits_for_people=waits, policy=policy, at=at)
        case "exclude":
            exclude(sample=sample, reason=decision.reason, text=decision.text, at=at)


def _held(sample: Sample) -> int:
    """The least target that the database accepts: what counts and what is in somebody's hands."""
    return sample.counted_count + sample.leased_count


def _wait(sample: Sample, *, policy: Policy, at: datetime) -> None:
    """Too little to decide on. A closed sample that lost an annotation opens again for a first round."""
    if sample.counted_count >= policy.first_round:
        return
    target = max(policy.first_round, _held(sample))
    if sample.state in (State.OPEN, State.CONTESTED):
        if target != sample.target:
            Sample.objects.filter(pk=sample.pk).update(target=target)
        return
    labels.retire(sample=sample)
    decision = Decision(outcome="wait", reason="annotation_lost", text="An annotation no longer counts.")
    _move(sample, State.OPEN, decision, target=target, lane_seq=next_lane_seq(), policy=policy, at=at)


def _open_slots(sample: Sample, decision: Decision, *, policy: Policy, at: datetime) -> None:
    target = _held(sample) + decision.extra_wanted
    if sample.state == State.ESCALATED and target <= sample.target:
        return  # these slots are open already
    labels.retire(sample=sample)
    _move(sample, State.ESCALATED, decision, target=target, lane_seq=next_lane_seq(), policy=policy, at=at)


def exclude(*, sample: Sample, reason: str, text: str, at: datetime) -> None:
    """Take a locked sample out because people agree that it cannot be judged."""
    labels.retire(sample=sample)
    policy = sample.project.policy
    if sample.state == State.RESOLVED:  # the table of moves leads out of resolved by way of contested
        _move(sample, State.CONTESTED, Decision(outcome="contest", reason=reason, text=text), policy=policy, at=at)
        sample.state = State.CONTESTED
    decision = Decision(outcome="exclude", reason=reason, text=text)
    _move(sample, State.EXCLUDED, decision, target=_held(sample), policy=policy, at=at)


def _move(sample: Sample, to_state: str, decision: Decision, *, policy: Policy, at: datetime, **changes: Any) -> None:
    """Move the locked sample; when it is there already, only its other columns change."""
    if sample.state == to_state:
        if changes:
            Sample.objects.filter(pk=sample.pk).update(**changes)
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
