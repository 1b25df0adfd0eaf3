"""Which policy decides a sample, and which rubric its people answer, when either was changed while it was under way.

A sample that is decided stays under the policy of its last decision; one that is not follows the newest. The size of its
first round is that of its first decision. A sample keeps the rubric of the first annotation that counts, so that all of
its annotations say something of the same attributes. docs/changes/ says what that means for samples in each state.
"""

from django.db.models import F, QuerySet

from annotation import querysets
from annotation.models import Assignment, Policy, Rubric, Sample, SampleEvent

UNDECIDED = (Sample.State.OPEN, Sample.State.ESCALATED)


def policy_of(sample: Sample, rubric: Rubric | None = None) -> Policy:
    """The policy under which the sample is decided, or decided anew; `rubric`: what its people were asked.

    A policy that triggers on nothing of what they were asked could only agree to everything: then it is the last that does.
    """
    newest = sample.project.policy
    if newest.version == 1:
        return newest
    if sample.state not in UNDECIDED and (last := _decisions(sample).last()) and last.policy:
        return last.policy
    if rubric is None or _triggers_on(newest, rubric):
        return newest
    earlier = sample.project.policies.order_by("-version")
    return next((policy for policy in earlier if _triggers_on(policy, rubric)), newest)


def _triggers_on(policy: Policy, rubric: Rubric) -> bool:
    return any(attribute["name"] in policy.triggers for attribute in rubric.attributes)


def first_round_of(sample: Sample, policy: Policy) -> int:
    """How many people its first round has: as many as its first decision asked; under `policy` when there was none yet."""
    if policy.version == 1:
        return _first_round(sample, policy)  # there was no other
    first = _decisions(sample).first()
    return _first_round(sample, first.policy if first and first.policy else policy)


def is_of_first_round(sample: Sample, policy: Policy) -> bool:
    """Whether the next annotation that counts belongs to the first round. In the random slice every one does."""
    return sample.is_fixed_overlap or sample.counted_count < first_round_of(sample, policy)


def rubric_of(sample: Sample, newest: Rubric) -> Rubric:
    """What the people of this sample are asked; `newest` is the project's newest version."""
    if newest.version == 1:
        return newest
    first = querysets.counted_annotations().filter(assignment__sample=sample).select_related("rubric").first()
    return first.rubric if first else newest


def rubric_for(assignment: Assignment) -> Rubric:
    """What this person is shown of this sample: after an answer the questions that it answered, else those of the sample."""
    newest = assignment.sample.project.rubric
    if newest.version == 1:
        return newest
    own = assignment.annotations.filter(is_current=True).select_related("rubric").first()
    return own.rubric if own else rubric_of(assignment.sample, newest)


def _first_round(sample: Sample, policy: Policy) -> int:
    return policy.slice_overlap if sample.is_fixed_overlap else policy.first_round


def _decisions(sample: Sample) -> QuerySet[SampleEvent]:
    """Its moves with their policies; an event without a move only says what was done to it."""
    moves = SampleEvent.objects.filter(sample=sample, policy__isnull=False).exclude(source=F("target"))
    return moves.select_related("policy").order_by("pk")
