"""What happens to a sample next: wait, resolve, ask more people, hand it to a reviewer, or leave it out.

`decide` is pure: it knows the ratings counted so far, how many are under way and how many people could still be asked.
A `Policy` answers it:

- `SpreadPolicy` asks more people where the first are spread out, `UnanimousPolicy` where they differ at all;
- `SequentialPolicy` asks one more until nobody could change the label;
- `ConfidencePolicy` asks one more until the posterior is sure enough, or cannot become so;
- `FixedOverlap` asks so many and no more.
"""

from consensus.policies.confidence import ConfidencePolicy
from consensus.policies.crowd import Crowd, Steps
from consensus.policies.deciding import Policy, decide
from consensus.policies.decision import (
    NEEDED,
    Belief,
    Beliefs,
    BeliefsMissing,
    CountNotValid,
    Decision,
    Outcome,
    PolicyNotValid,
    Seen,
)
from consensus.policies.fixed import FixedOverlap
from consensus.policies.naming import PEOPLE_NEEDED, POLICIES, name_of, policy_named, refuse_unworkable
from consensus.policies.sequential import SequentialPolicy
from consensus.policies.spread import SpreadPolicy, UnanimousPolicy, settling_three

__all__ = [
    "NEEDED",
    "PEOPLE_NEEDED",
    "POLICIES",
    "Belief",
    "Beliefs",
    "BeliefsMissing",
    "ConfidencePolicy",
    "CountNotValid",
    "Crowd",
    "Decision",
    "FixedOverlap",
    "Outcome",
    "Policy",
    "PolicyNotValid",
    "Seen",
    "SequentialPolicy",
    "SpreadPolicy",
    "Steps",
    "UnanimousPolicy",
    "decide",
    "name_of",
    "policy_named",
    "refuse_unworkable",
    "settling_three",
]
