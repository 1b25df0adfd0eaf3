"""Policies by name, as they are asked for on a command line: `confidence:target=.9,minimum=2`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from math import isfinite

from consensus.policies.confidence import ConfidencePolicy
from consensus.policies.deciding import Policy
from consensus.policies.decision import NEEDED, PolicyNotValid
from consensus.policies.fixed import FixedOverlap
from consensus.policies.sequential import SequentialPolicy
from consensus.policies.spread import SpreadPolicy, UnanimousPolicy

POLICIES: dict[str, type] = {
    "spread": SpreadPolicy,
    "unanimous": UnanimousPolicy,
    "sequential": SequentialPolicy,
    "confidence": ConfidencePolicy,
    "fixed": FixedOverlap,
}
PEOPLE_NEEDED = {"closest-three": NEEDED}  # by label rule; every other makes a label of one rating
_READERS: dict[str, Callable[[str], int | float | str]] = {"int": int, "float": float}


def policy_named(text: str) -> Policy:
    """The policy that a text like "spread" or "confidence:target=.9,minimum=2" asks for.

    Raises: PolicyNotValid, where there is no such policy, parameter or value, or where they cannot work.
    """
    name, _, rest = text.partition(":")
    if name not in POLICIES:
        raise PolicyNotValid(f"There is no policy {name!r}. Use one of: {', '.join(POLICIES)}.")
    given = _parameters(name, rest)
    lacking = [one.name for one in fields(POLICIES[name]) if one.default is MISSING and one.name not in given]
    if lacking:
        raise PolicyNotValid(f"The policy {name} needs {', '.join(lacking)}. Write it as in {name}:{lacking[0]}=5.")
    made: Policy = POLICIES[name](**given)
    return made


def name_of(policy: Policy) -> str:
    """The text under which `policy_named` makes this policy: its name, and every parameter that is not the default."""
    name = next(name for name, kind in POLICIES.items() if type(policy) is kind)
    changed = [
        f"{parameter.name}={getattr(policy, parameter.name):g}"
        if isinstance(getattr(policy, parameter.name), int | float)
        else f"{parameter.name}={getattr(policy, parameter.name)}"
        for parameter in fields(POLICIES[name])
        if getattr(policy, parameter.name) != parameter.default
    ]
    return f"{name}:{','.join(changed)}" if changed else name


def refuse_unworkable(policy: Policy, rule: str) -> None:
    """Refuse a policy that may stop before the label rule can make a label. Raises: PolicyNotValid."""
    needed = PEOPLE_NEEDED.get(rule, 1)
    if policy.first_round < needed:
        raise PolicyNotValid(
            f"The label rule {rule} needs {needed} people and {name_of(policy)} may stop at {policy.first_round}. "
            f"Ask {needed} people at first, or use another rule."
        )
    if isinstance(policy, SequentialPolicy) and rule != policy.rule:
        raise PolicyNotValid(
            f"{name_of(policy)} stops when the {policy.rule} can no longer change, which says nothing of the rule {rule}. "
            f"Use the rule {policy.rule}"
            + (f", or the policy sequential:rule={rule}." if rule in ("majority", "median") else ".")
        )


def _parameters(name: str, text: str) -> dict[str, int | float | str]:
    known = {parameter.name: str(parameter.type) for parameter in fields(POLICIES[name])}
    given: dict[str, int | float | str] = {}
    for part in filter(None, text.split(",")):
        key, _, value = (word.strip() for word in part.partition("="))
        if key not in known:
            raise PolicyNotValid(f"The policy {name} has no parameter {key!r}. It has: {', '.join(known)}.")
        given[key] = _read(name, key, value, known[key])
    return given


def _read(name: str, key: str, value: str, kind: str) -> int | float | str:
    try:
        read = _READERS.get(kind, str)(value)
    except ValueError:
        read = float("nan")
    if isinstance(read, float) and not isfinite(read):
        raise PolicyNotValid(f"{key} of the policy {name} is {value!r}. Give a number.")
    return read
