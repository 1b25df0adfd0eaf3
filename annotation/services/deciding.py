"""From a project's policy as a row to the rules that decide."""

from collections.abc import Iterator
from typing import Any

from annotation.models import Policy
from consensus.policy import (
    PEOPLE_NEEDED,
    ConfidencePolicy,
    FixedOverlap,
    PolicyNotValid,
    SequentialPolicy,
    SpreadPolicy,
    UnanimousPolicy,
    refuse_unworkable,
)
from consensus.policy import Policy as Rules

MOST_PEOPLE = 100  # of one sample: more is a slip of the pen
SLICE_NEEDS = 3  # agreement in the random slice is measured among so many


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
    return FixedOverlap(overlap=overlap, needed=PEOPLE_NEEDED.get(policy.label_rule, 1))


def check(policy: Policy) -> None:
    """Refuse a policy that cannot decide anything, or whose label rule it cannot serve. Raises PolicyNotValid.

    What passes here, the database takes: its CHECKs refuse nothing else.
    """
    if wrong := list(_out_of_range(policy)):
        raise PolicyNotValid(" ".join(wrong))
    rules = as_rules(policy)
    if rules.first_round != policy.first_round:
        raise PolicyNotValid(
            f"A {policy.name} policy of {rules.full_count} people asks {rules.first_round} at first, not "
            f"{policy.first_round}. Write first_round {rules.first_round}, extra {rules.full_count - rules.first_round}."
        )
    refuse_unworkable(rules, policy.label_rule)


def _out_of_range(policy: Policy) -> Iterator[str]:
    """What cannot be under any name or rule, also where it decides nothing at present; not a number is never in range."""
    if not 0 < policy.target < 1:
        yield f"target is {policy.target:g}. Write a probability above 0 and below 1."
    if not 0 <= policy.hopeless_below < 1:
        yield f"hopeless_below is {policy.hopeless_below:g}. Write a chance from 0 (nothing is given up) to below 1."
    if not 0 <= policy.judges_weight_at_most <= 1:
        yield f"judges_weight_at_most is {policy.judges_weight_at_most:g}. Write a weight from 0 (judges change no label) to 1."
    if not 0 <= policy.slice_share <= 1:
        yield f"slice_share is {policy.slice_share:g}. Write a share from 0 to 1."
    if not SLICE_NEEDS <= policy.slice_overlap <= MOST_PEOPLE:
        yield f"slice_overlap is {policy.slice_overlap}. Ask at least {SLICE_NEEDS} people, at most {MOST_PEOPLE}."
    if policy.first_round + policy.extra > MOST_PEOPLE:
        yield (
            f"first_round {policy.first_round} and extra {policy.extra} are {policy.first_round + policy.extra} people "
            f"for a sample. Ask at most {MOST_PEOPLE}."
        )
    if policy.unsettled == Policy.Unsettled.RESOLVED and policy.name != Policy.Name.CONFIDENCE:
        yield (
            f"unsettled is 'resolved', which only a confidence policy can do, not {policy.name}. "
            "Write 'contested' or 'excluded'."
        )
