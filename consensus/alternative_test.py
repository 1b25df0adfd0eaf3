"""May this judge stand in for a person? The alternative annotator test, for one judge and one attribute.

Every person is left out in turn; who is nearer to the remaining people on the same samples, the judge or the person left
out? Asking only whether a judge agrees with people says nothing of whether a person would agree more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from consensus.scales import Scale, WrongShape
from consensus.student_t import student_t_below
from consensus.votes import Votes

EPSILON_FOR_EXPERTS = 0.2
EPSILON_FOR_TRAINED_PEOPLE = 0.15
EPSILON_FOR_CROWDS = 0.1
SAMPLES_NEEDED = 30  # a person with fewer is not tested: the mean of so few need not be normal
PEOPLE_NEEDED = 3
_WINS_NEEDED = 0.5
_EPSILON_STEPS = 1000

Outcome = Literal["passes", "fails", "undefined"]


class EpsilonNotValid(ValueError):
    """The allowance or the false discovery rate is not between 0 and 1."""


@dataclass(frozen=True)
class AlternativeTest:
    """What the test says of one judge.

    outcome: "passes", "fails" or "undefined". verdict: the same in a sentence for people.
    epsilon: the allowance, as a share of samples: how much less often than a person the judge may be the nearer one, since it
        costs less. smallest_epsilon: the least allowance, in thousandths, with which it would pass; None where none is enough.
    winning_rate: the share of people against whom it holds its own. advantage: the average probability that it is at least as
        near to the others as a person. people_count: people tested. sample_count: samples on which they were.
    """

    outcome: Outcome
    verdict: str
    epsilon: float
    smallest_epsilon: float | None = None
    winning_rate: float | None = None
    advantage: float | None = None
    people_count: int = 0
    sample_count: int = 0


def alternative_test(
    votes: Votes,
    judged: npt.ArrayLike,
    scale: Scale,
    *,
    groups: npt.ArrayLike | None = None,
    epsilon: float = EPSILON_FOR_TRAINED_PEOPLE,
    false_discovery_rate: float = 0.05,
    samples_needed: int = SAMPLES_NEEDED,
) -> AlternativeTest:
    """The alternative annotator test.

    On a sample the score of a judge or person is the share of the *other* people who said the same (nominal), else minus the
    root mean squared distance to them; ties go to both. A person is beaten when the mean of "the person is at least as
    near" minus "the judge is at least as near" is below epsilon by a one-sided t-test, corrected for the number of people
    after Benjamini and Yekutieli. The judge passes when at least half of the people are beaten.

    Parameters: votes, first rounds; judged, (N,) floats in scale points, NaN = no judgment (on an ordered scale it may lie
        between levels); groups, (N,) the prompt of each sample: samples of one prompt count as one observation in the standard
        error, by default every sample on its own, as published.
    Returns: undefined, in words, where fewer than three people have `samples_needed` samples that somebody else and the judge
        rated too.
    Raises: WrongShape, RatingOffScale (nominal), EpsilonNotValid.
    Source: Calderon, Reichart and Dror, "The Alternative Annotator Test for LLM-as-a-Judge" (ACL 2025, arXiv 2501.10970),
        who advise an epsilon of 0.2 for experts, 0.15 for trained people, 0.1 for crowds, and lower ones where people agree little.
    """
    if not (0 <= epsilon < 1 and 0 < false_discovery_rate < 1):
        raise EpsilonNotValid(
            f"epsilon is {epsilon}, the false discovery rate {false_discovery_rate}. Give numbers from 0 to 1."
        )
    duels = _duels(votes, np.asarray(judged, dtype=float), scale, groups)
    people = _people(duels, votes.person_count, samples_needed)
    if len(people.lead) < PEOPLE_NEEDED:
        return AlternativeTest("undefined", _too_few(people, samples_needed), epsilon, people_count=len(people.lead))
    rate = people.winning_rate(epsilon, false_discovery_rate)
    smallest = _smallest_epsilon(people, false_discovery_rate)
    outcome: Outcome = "passes" if rate >= _WINS_NEEDED else "fails"
    return AlternativeTest(
        outcome=outcome,
        verdict=_in_words(outcome, rate, len(people.lead), epsilon, smallest),
        epsilon=epsilon,
        smallest_epsilon=smallest,
        winning_rate=rate,
        advantage=float(people.advantage.mean()),
        people_count=len(people.lead),
        sample_count=people.sample_count,
    )


def beaten_after_correction(p_values: npt.ArrayLike, false_discovery_rate: float) -> np.ndarray:
    """Which of several hypotheses are rejected, (P,) booleans, however their tests depend on each other.

    Source: Benjamini and Yekutieli, "The control of the false discovery rate in multiple testing under dependency" (2001).
    """
    values = np.asarray(p_values, dtype=float)
    ranks = np.arange(1, len(values) + 1)
    order = np.argsort(values, kind="stable")
    limits = ranks / len(values) * false_discovery_rate / (1 / ranks).sum()
    below = np.flatnonzero(values[order] <= limits)
    rejected = np.zeros(len(values), dtype=bool)
    if len(below):
        rejected[order[: below[-1] + 1]] = True
    return rejected


@dataclass(frozen=True, eq=False)
class _Duels:
    """Every rating of a sample that others and the judge rated too: whose (R,), the sample (R,), its prompt (R,), and whether the judge,
    and the person, is at least as near to the others (R,) booleans."""

    person: np.ndarray
    sample: np.ndarray
    group: np.ndarray
    judge_holds: np.ndarray
    person_holds: np.ndarray


@dataclass(frozen=True, eq=False)
class _People:
    """The people who can be tested: how far each is ahead of the judge on average (P,), the standard error (P,), its
    degrees of freedom (P,), how often the judge is at least as near (P,). ratings: (P',) of everybody who can be compared."""

    lead: np.ndarray
    error: np.ndarray
    degrees: np.ndarray
    advantage: np.ndarray
    sample_count: int
    ratings: np.ndarray

    def winning_rate(self, epsilon: float, false_discovery_rate: float) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (self.lead - epsilon) / self.error
        p_values = np.nan_to_num(student_t_below(t, self.degrees), nan=1.0)  # exactly the allowance, always: no win
        return float(beaten_after_correction(p_values, false_discovery_rate).mean())


def _duels(votes: Votes, judged: np.ndarray, scale: Scale, groups: npt.ArrayLike | None) -> _Duels:
    names = np.arange(votes.sample_count) if groups is None else np.unique(groups, return_inverse=True)[1]
    if judged.shape != (votes.sample_count,) or names.shape != judged.shape:
        raise WrongShape(
            f"Judgments of shape {judged.shape} and prompts of shape {names.shape} for {votes.sample_count} samples. "
            "Give one of each a sample."
        )
    losses = _losses_by_name if scale.is_nominal else _losses_by_distance
    usable = (np.diff(votes.starts) >= 2) & ~np.isnan(judged)
    met = votes.kept(usable[votes.sample])
    of_judge, of_person = losses(met, judged, scale)
    return _Duels(met.person, met.sample, names[met.sample], of_judge <= of_person, of_person <= of_judge)


def _losses_by_name(votes: Votes, judged: np.ndarray, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """How few of the others said the same as the judge, and as the person. Whole numbers: rounding makes no ties."""
    said = scale.codes(judged)[votes.sample]
    tally = votes.tally()
    of_judge = (said == votes.level).astype(int) - tally[votes.sample, said]
    return of_judge, 1 - tally[votes.sample, votes.level]


def _losses_by_distance(votes: Votes, judged: np.ndarray, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Sums of squared distances to the others; they order as root means do, and are whole where the judge's values are."""
    own, said = scale.values[votes.level], judged[votes.sample]
    size = votes.sample_count
    total, squares = (np.bincount(votes.sample, own**power, size)[votes.sample] for power in (1, 2))
    others = (np.diff(votes.starts) - 1)[votes.sample]
    return tuple(others * value**2 - 2 * value * (total - own) + squares - own**2 for value in (said, own))


def _people(duels: _Duels, person_count: int, samples_needed: int) -> _People:
    ratings = np.bincount(duels.person, minlength=person_count)
    lead = duels.person_holds.astype(float) - duels.judge_holds
    safe = np.maximum(ratings, 1)
    mean = np.bincount(duels.person, lead, person_count) / safe
    advantage = np.bincount(duels.person, duels.judge_holds, person_count) / safe
    error, prompts = _clustered_error(duels, lead - mean[duels.person], ratings)
    tested = (ratings >= samples_needed) & (prompts >= 2)
    samples = len(np.unique(duels.sample[tested[duels.person]]))
    return _People(mean[tested], error[tested], prompts[tested] - 1.0, advantage[tested], samples, ratings[ratings > 0])


def _clustered_error(duels: _Duels, deviation: np.ndarray, ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The standard error of each person's mean (P,), prompts being what is independent, and how many there are (P,).

    With one sample a prompt it is the ordinary one.
    """
    keys, places = np.unique(
        duels.person.astype(np.int64) * (duels.group.max(initial=0) + 1) + duels.group, return_inverse=True
    )
    whose = keys // (duels.group.max(initial=0) + 1)
    prompts = np.bincount(whose, minlength=len(ratings))
    squares = np.bincount(whose, np.bincount(places, deviation, len(keys)) ** 2, len(ratings))
    correction = prompts / np.maximum(prompts - 1, 1)
    return np.sqrt(correction * squares) / np.maximum(ratings, 1), prompts


def _smallest_epsilon(people: _People, false_discovery_rate: float) -> float | None:
    """By halving: the winning rate only rises with the allowance."""
    low, high = -1, _EPSILON_STEPS
    if people.winning_rate(1.0, false_discovery_rate) < _WINS_NEEDED:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        passes = people.winning_rate(middle / _EPSILON_STEPS, false_discovery_rate) >= _WINS_NEEDED
        low, high = (low, middle) if passes else (middle, high)
    return high / _EPSILON_STEPS


def _in_words(outcome: Outcome, rate: float, people: int, epsilon: float, smallest: float | None) -> str:
    beaten = f"{round(rate * people)} of {people} people"
    if outcome == "passes":
        return f"May stand in for a person: it holds its own against {beaten} at an allowance of {epsilon:g}."
    needed = "no allowance is enough" if smallest is None else f"it would need an allowance of {smallest:g}"
    return f"Cannot stand in for a person: it holds its own against {beaten} at an allowance of {epsilon:g}; {needed}."


def _too_few(people: _People, samples_needed: int) -> str:
    most = int(people.ratings.max(initial=0))
    return (
        f"Not tested: {len(people.lead)} people rated {samples_needed} samples (of two prompts or more) that the judge and "
        f"somebody else rated too, and {PEOPLE_NEEDED} are needed. The busiest has {most}. Collect more ratings or judgments."
    )
