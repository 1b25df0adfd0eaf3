"""What other policies would have cost on annotations that were collected under one of them, and how right they would have been.

A policy collects by what people say, so its own annotations are no fair draw: where the first people agreed, nobody else
was asked. Two replays keep to what such annotations can tell.

- *Cost*: everybody in the order in which they came, nobody kept back. Whom a candidate asks next depends on those before, and
  these are all there until it asks somebody who was never asked. What it would have cost then is bounded: at least those whom
  it asks at once, at most its maximum.
- *Quality*: random orders over samples with more people than any first round, some kept back to compare with (or gold).

Every difference is to the first candidate, paired: the same samples, people and orders, and whole prompts are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consensus.estimates import Estimate
from consensus.policies.deciding import Policy
from consensus.policies.naming import refuse_unworkable
from consensus.posterior import fit_posterior
from consensus.rating_set import RatingSet
from consensus.replays.collecting import Collected, Learn, collect
from consensus.replays.intervals import Ratio, Resampling
from consensus.replays.labelling import Labels, labels_of
from consensus.replays.recorded import Drawn, Limits, Recorded, drawn
from consensus.replays.scoring import Measure, references, scores
from consensus.replays.tallying import Figures, Setting, Tally
from consensus.simulate import CONFIDENCE, RESAMPLES, NothingToSimulate

Progress = Callable[[int, int], None]
UNDEFINED = "Nothing to compare: no sample has both a label and a reference."


@dataclass(frozen=True)
class Candidate:
    """A policy, the rule that makes its labels, and which attributes trigger within which limits.

    Raises: PolicyNotValid, where the policy may stop before the rule can make a label.
    """

    policy: Policy
    rule: str
    limits: Limits

    def __post_init__(self) -> None:
        refuse_unworkable(self.policy, self.rule)


@dataclass(frozen=True)
class Cost:
    """What one candidate would have cost.

    labels: annotations a sample. escalated, contested, excluded: shares of the samples. Each lies between what is certain and
    what is possible; its interval reaches from the lower end of the one to the upper end of the other. unseen: the share of
    samples of which it would have asked somebody who was never asked; where it is 0, nothing is bounded. saved: share of the
    labels of the first candidate.
    """

    labels: Estimate
    escalated: Estimate
    contested: Estimate
    excluded: Estimate
    unseen: float
    saved: Estimate


@dataclass(frozen=True)
class Quality:
    """How right the labels of one candidate would have been.

    measured: by measure. better: in points of a hundred than the first candidate's (of an absolute error: of the scale's
    span), positive where they are better. changed: the share of values that come out otherwise than the first candidate's.
    cut_short: the share of replays that ended because people ran out. unlabelled: of the values, without a label.
    """

    measured: Mapping[Measure, Estimate]
    better: Mapping[Measure, Estimate]
    changed: float
    cut_short: float
    unlabelled: float


@dataclass(frozen=True)
class Compared:
    """The qualities of the candidates, and what they rest on. least: people that a sample had to have."""

    samples: int
    prompts: int
    people: int
    draws: int
    least: int
    results: tuple[Quality, ...]


def costs(
    ratings: RatingSet,
    candidates: Sequence[Candidate],
    rng: np.random.Generator,
    *,
    learn: Learn = fit_posterior,
    progress: Progress | None = None,
) -> list[Cost]:
    """What every candidate would have cost, replayed in the recorded order. Raises: NothingToSimulate.

    progress: called with (done, of how many) after each candidate.
    """
    recorded = Recorded(ratings)
    if not recorded.kinds:
        raise NothingToSimulate("No sample has an annotation, so there is nothing to replay. Collect some first.")
    most = max(candidate.policy.full_count for candidate in candidates)
    order = drawn(recorded, rng, most=most, keep_back=False, ordered=True)
    resampling = Resampling(_prompts(ratings), rng, RESAMPLES)
    spent: list[_Spent] = []
    for candidate in candidates:
        collected = collect(order.under(candidate.limits), candidate.policy, learn, knows_the_end=False)
        spent.append(_Spent.of(collected, candidate.policy, len(ratings.samples), resampling))
        _tell(progress, len(spent), len(candidates))
    return [one.cost(beside=spent[0]) for one in spent]


def least_people(candidates: Sequence[Candidate], *, with_gold: bool) -> int:
    """How many people a sample must have had for its labels to be compared: a whole first round, and one to compare with."""
    return max(candidate.policy.first_round for candidate in candidates) + (0 if with_gold else 1)


def qualities(
    ratings: RatingSet,
    candidates: Sequence[Candidate],
    rng: np.random.Generator,
    *,
    gold: Mapping[str, np.ndarray] | None = None,
    draws: int = 20,
    learn: Learn = fit_posterior,
    progress: Progress | None = None,
) -> Compared:
    """How right the labels of every candidate would have been, in random orders. Raises: NothingToSimulate.

    gold: as in `simulate`. Without it people are kept back, anew in each order. Samples with fewer than `least_people` are left
    out. progress: called with (done, of how many) after each candidate in each order.
    """
    known = {name: values for name, values in (gold or {}).items() if not np.isnan(values).all()}
    least = least_people(candidates, with_gold=bool(known))
    recorded = _with_enough(ratings, least)
    tallies = [_Kept(Setting(one.policy, one.rule, is_baseline=False), len(ratings.samples)) for one in candidates]
    most = max(candidate.policy.full_count for candidate in candidates)
    for draw in range(draws):
        order = drawn(recorded, rng, most=most, keep_back=not known, ordered=False)
        against, first = references(order, known), None
        for at, (candidate, tally) in enumerate(zip(candidates, tallies, strict=True), start=1):
            collected = _collected(order, candidate, learn)
            made = labels_of(collected, candidate.rule)
            first = first or made
            tally.add(collected, scores(recorded, made, against))
            tally.note(made, first)
            _tell(progress, draw * len(candidates) + at, draws * len(candidates))
    resampling = Resampling(_prompts(ratings), rng, RESAMPLES)
    figures = [Figures.of(tally, resampling) for tally in tallies]
    replayed = np.flatnonzero(tallies[0].replayed)
    return Compared(
        samples=len(replayed),
        prompts=len(np.unique(_prompts(ratings)[replayed])),
        people=len({int(person) for kind in recorded.kinds for person in np.unique(kind.people) if person >= 0}),
        draws=draws,
        least=least,
        results=tuple(
            _quality(one, figures[0], tally.changed_share) for one, tally in zip(figures, tallies, strict=True)
        ),
    )


@dataclass(frozen=True, eq=False)
class _Spent:
    """Lower and upper ratios of one candidate."""

    labels: tuple[Ratio, Ratio]
    escalated: tuple[Ratio, Ratio]
    contested: tuple[Ratio, Ratio]
    excluded: tuple[Ratio, Ratio]
    unseen: float

    @classmethod
    def of(cls, collected: Collected, policy: Policy, sample_count: int, resampling: Resampling) -> _Spent:
        replayed, certain, unseen = (np.zeros(sample_count) for _ in range(3))
        outcome = np.full(sample_count, "", dtype="U8")
        for kind, taken, lacking, ended in zip(
            collected.drawn.kinds, collected.taken, collected.lacking, collected.outcome, strict=True
        ):
            replayed[kind.samples] = 1
            certain[kind.samples] = taken + lacking
            unseen[kind.samples] = lacking > 0
            outcome[kind.samples] = ended
        possible = np.where(unseen > 0, policy.full_count, certain)
        beyond = certain > policy.first_round

        def between(low: np.ndarray, high: np.ndarray) -> tuple[Ratio, Ratio]:
            return resampling.ratio(low.astype(float), replayed), resampling.ratio(high.astype(float), replayed)

        def ending(name: str, *, may_be: bool = True) -> tuple[Ratio, Ratio]:
            is_seen = (outcome == name) & (unseen == 0)
            return between(is_seen, is_seen | ((unseen > 0) & may_be))

        return cls(
            labels=between(certain, possible),
            escalated=between(beyond, beyond | ((unseen > 0) & (possible > policy.first_round))),
            contested=ending("contest"),
            excluded=ending("exclude", may_be=getattr(policy, "on_unsettled", "") == "excluded"),
            unseen=float(unseen.sum() / replayed.sum()),
        )

    def cost(self, *, beside: _Spent) -> Cost:
        return Cost(
            labels=_bounded(*self.labels),
            escalated=_bounded(*self.escalated),
            contested=_bounded(*self.contested),
            excluded=_bounded(*self.excluded),
            unseen=self.unseen,
            saved=_bounded(
                *(own.saved_from(other) for own, other in zip(self.labels, beside.labels, strict=True)),
            ),
        )


class _Kept(Tally):
    """A tally that also knows how often its labels are others than those of the first candidate."""

    def __init__(self, setting: Setting, sample_count: int) -> None:
        super().__init__(setting, sample_count)
        self._changed = self._compared = 0

    def note(self, made: Mapping[str, Labels], first: Mapping[str, Labels]) -> None:
        for attribute, labels in made.items():
            own, other = labels.value, first[attribute].value
            there = ~(np.isnan(own) & np.isnan(other))
            self._compared += int(there.sum())
            self._changed += int((there & (own != other)).sum())

    @property
    def changed_share(self) -> float:
        return self._changed / self._compared if self._compared else 0.0


def _collected(order: Drawn, candidate: Candidate, learn: Learn) -> Collected:
    return collect(order.under(candidate.limits), candidate.policy, learn, knows_the_end=False)


def _quality(figures: Figures, first: Figures, changed: float) -> Quality:
    return Quality(
        measured={name: ratio.estimate(CONFIDENCE, UNDEFINED) for name, ratio in figures.quality.items()},
        better={
            name: (ratio - first.goodness[name]).scaled(100).estimate(CONFIDENCE, UNDEFINED)
            for name, ratio in figures.goodness.items()
        },
        changed=changed,
        cut_short=figures.cut_short.value,
        unlabelled=figures.unlabelled.value,
    )


def _with_enough(ratings: RatingSet, least: int) -> Recorded:
    """The set with the people of samples that have too few taken out."""
    samples = [sample if len(sample.people) >= least else sample.chosen([]) for sample in ratings.samples]
    recorded = Recorded(ratings.with_samples(samples))
    if not recorded.kinds:
        raise NothingToSimulate(
            f"No sample has {least} or more people, so no label could be compared with anybody who did not make it."
        )
    return recorded


def _bounded(one: Ratio, other: Ratio) -> Estimate:
    """One estimate of a figure of which only two bounds are known: halfway, with an interval that covers both of theirs."""
    low, high = sorted(
        (ratio.estimate(CONFIDENCE, UNDEFINED) for ratio in (one, other)), key=lambda bound: bound.value or 0.0
    )
    if low.value is None or high.value is None or low.low is None or high.high is None:
        return low
    middle = (low.value + high.value) / 2
    return Estimate(middle, min(low.low, middle), max(high.high, middle), low.count, low.clusters)


def _prompts(ratings: RatingSet) -> np.ndarray:
    return np.array([sample.prompt for sample in ratings.samples], dtype=str)


def _tell(progress: Progress | None, done: int, of: int) -> None:
    if progress:
        progress(done, of)
