"""People: how often they are right, how they agree with the others, where they lean, how they work, and who should be looked at.

Every figure of a person is measured against the *others* of the same samples, never against a label that they helped to make.
"""

from consensus.annotators.agreement import (
    NOBODY,
    ONE_LEVEL,
    AgreementParts,
    PeopleAgreement,
    agreement,
    agreement_parts,
    mean_agreement,
)
from consensus.annotators.attention import Concern, Look, PeopleFigures, who_to_look_at
from consensus.annotators.estimates import PeopleEstimates, false_discovery_rates
from consensus.annotators.gold import ScoresNotValid, gold_accuracy, gold_scores
from consensus.annotators.leanings import Bias, NoOrder, PositionPreference, bias, position_preference
from consensus.annotators.manner import Pace, Sameness, one_value, pace, sameness
from consensus.annotators.weight import PRIOR_ANSWERS, Weights, earned_weights, people_weights

__all__ = [
    "NOBODY",
    "ONE_LEVEL",
    "PRIOR_ANSWERS",
    "AgreementParts",
    "Bias",
    "Concern",
    "Look",
    "NoOrder",
    "Pace",
    "PeopleAgreement",
    "PeopleEstimates",
    "PeopleFigures",
    "PositionPreference",
    "Sameness",
    "ScoresNotValid",
    "Weights",
    "agreement",
    "agreement_parts",
    "bias",
    "earned_weights",
    "false_discovery_rates",
    "gold_accuracy",
    "gold_scores",
    "mean_agreement",
    "one_value",
    "pace",
    "people_weights",
    "position_preference",
    "sameness",
    "who_to_look_at",
]
