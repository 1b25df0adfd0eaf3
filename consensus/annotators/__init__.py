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
from consensus.annotators.copying import Copying, SameWords, copying, same_words
from consensus.annotators.estimates import PeopleEstimates, false_discovery_rates, of_means
from consensus.annotators.gold import ScoresNotValid, gold_accuracy, gold_scores
from consensus.annotators.leanings import (
    SIDES,
    Bias,
    NoOrder,
    PositionPreference,
    bias,
    position_preference,
    preferred_by_ratings,
)
from consensus.annotators.manner import READABLE, Pace, Sameness, Unread, one_value, pace, sameness, unread
from consensus.annotators.others import apart_from_others, mean_of, median_of, others_mean
from consensus.annotators.shifts import Shifts, shifts
from consensus.annotators.together import Together, together
from consensus.annotators.weight import PRIOR_ANSWERS, Weights, earned_weights, people_weights

__all__ = [
    "NOBODY",
    "ONE_LEVEL",
    "PRIOR_ANSWERS",
    "READABLE",
    "SIDES",
    "AgreementParts",
    "Bias",
    "Concern",
    "Copying",
    "Look",
    "NoOrder",
    "Pace",
    "PeopleAgreement",
    "PeopleEstimates",
    "PeopleFigures",
    "PositionPreference",
    "SameWords",
    "Sameness",
    "ScoresNotValid",
    "Shifts",
    "Together",
    "Unread",
    "Weights",
    "agreement",
    "agreement_parts",
    "apart_from_others",
    "bias",
    "copying",
    "earned_weights",
    "false_discovery_rates",
    "gold_accuracy",
    "gold_scores",
    "mean_agreement",
    "mean_of",
    "median_of",
    "of_means",
    "one_value",
    "others_mean",
    "pace",
    "people_weights",
    "position_preference",
    "preferred_by_ratings",
    "same_words",
    "sameness",
    "shifts",
    "together",
    "unread",
    "who_to_look_at",
]
