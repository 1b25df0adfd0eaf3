"""From a project's policy as a row to the rules that decide."""

from typing import Any

from annotation.models import Policy
from consensus.policy import (
    ConfidencePolicy,
    FixedOverlap,
    PolicyNotValid,
    SequentialPolicy,
    SpreadPolicy,
    UnanimousPolicy,
    refuse_unworkable,
)
from consensus.policy import Policy as Rules

NEEDED = {
    Policy.LabelRule.CLOSEST_THREE: 3
}  # people whom a label rests on; every other rule makes one of a single rating


def as_rules(policy: Policy, first_round: int | None = None) -> Rules:
    """The rules of a policy; `first_round`: of a sample that began under another size. Raises PolicyNotValid."""
    size = policy.first_round if first_round is None else first_round
    unsettled: Any = str(policy.unsettled)  # the rules refuse what they do not know
    match policy.name:
        case Policy.Name.SEQUENTIAL:
            return SequentialPolicy(rule=policy.label_rule, maximum=size + policy.extra)
        case Policy.Name.CONFIDENCE:
            return ConfidencePolicy(
                target=policy.target,
                minimum=size,
                maximum=size + policy.extra,
                hopeless_below=policy.hopeless_below,
                on_unsettled=unsettled,
            )
        case Policy.Name.UNANIMOUS:
            return UnanimousPolicy(first_round=size, extra=policy.extra, on_unsettled=unsettled)
        case _:
            return SpreadPolicy(first_round=size, extra=policy.extra, on_unsettled=unsettled)


def fixed_overlap(policy: Policy, overlap: int) -> FixedOverlap:
    """The rules in the random slice, whose samples nobody chooses. Raises PolicyNotValid."""
    return FixedOverlap(overlap=overlap, needed=NEEDED.get(Policy.LabelRule(policy.label_rule), 1))


def check(policy: Policy) -> None:
    """Refuse a policy that cannot decide anything, or whose label rule it cannot serve. Raises PolicyNotValid."""
    rules = as_rules(policy)
    if rules.first_round != policy.first_round:
        raise PolicyNotValid(
            f"A {policy.name} policy of {rules.full_count} people asks {rules.first_round} at first, not "
            f"{policy.first_round}. Write first_round {rules.first_round}, extra {rules.full_count - rules.first_round}."
        )
    refuse_unworkable(rules, policy.label_rule)
    fixed_overlap(policy, policy.slice_overlap)
