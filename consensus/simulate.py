"""What would a policy have cost on recorded labels, and how right would it have been?

Recorded people are replayed in random orders (or in the recorded one) under one or several policies; label rules make
labels of what each policy collected; the labels are compared with gold, or with people who were kept back. Beside
every policy stand the baselines: so many people for every sample, whatever they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from consensus.estimates import Estimate
from consensus.policies.deciding import Policy
from consensus.policies.decision import PolicyNotValid
from consensus.policies.fixed import FixedOverlap
from consensus.policies.naming import PEOPLE_NEEDED, name_of, refuse_unworkable
from consensus.posterior import fit_posterior
from consensus.rating_set import RatingSet
from consensus.replays.collecting import Learn, collect
from consensus.replays.intervals import Ratio, Resampling
from consensus.replays.labelling import labels_of
from consensus.replays.recorded import Recorded, drawn
from consensus.replays.scoring import Measure, references, scores
from consensus.replays.tallying import Figures, Setting, Tally

Progress = Callable[[int, int], None]
RESAMPLES = 1000
CONFIDENCE = 0.95


class NothingToSimulate(ValueError):
    """The set has no sample on which a replay could be compared with anything."""


class SimulationNotValid(ValueError):
    """The number of draws or of people makes no simulation."""


@dataclass(frozen=True)
class Gain:
    """A setting beside the largest fixed overlap under the same label rule; every difference is paired.

    labels_saved: share of the labels. quality: in points of a hundred, positive where the setting is better; for an absolute
    error, points of the span of its scale.
    """

    labels_saved: Estimate
    quality: Mapping[Measure, Estimate]


@dataclass(frozen=True)
class Result:
    """One policy under one label rule.

    labels: annotations a sample. escalated: share of samples of which more people were asked than at first. contested,
    excluded: share that would not have been resolved. short: share whose people ran out in the first round. quality: by
    measure. unlabelled: share of the values compared for which the rule had no label. gain: against the reference; None for itself.
    """

    policy: str
    rule: str
    is_baseline: bool
    labels: Estimate
    escalated: Estimate
    contested: Estimate
    excluded: Estimate
    short: Estimate
    unlabelled: Estimate
    quality: Mapping[Measure, Estimate]
    gain: Gain | None = None


@dataclass(frozen=True)
class Simulation:
    """Results, and what they rest on.

    samples, prompts, people: replayed. draws: orders of arrival. ordered: the recorded order was kept. against: "gold" or
    "left_out_people". reference: the policy that gains are measured against. notes: sentences on what to mind.
    """

    samples: int
    prompts: int
    people: int
    draws: int
    ordered: bool
    against: Literal["gold", "left_out_people"]
    reference: str
    results: tuple[Result, ...]
    notes: tuple[str, ...] = field(default=())


def simulate(
    ratings: RatingSet,
    policies: Sequence[Policy],
    rules: Sequence[str],
    rng: np.random.Generator,
    *,
    gold: Mapping[str, np.ndarray] | None = None,
    draws: int = 20,
    ordered: bool = False,
    learn: Learn = fit_posterior,
    progress: Progress | None = None,
) -> Simulation:
    """Replay a set under policies and label rules.

    Parameters: ratings; policies, one or more; rules, names of `set_rules.SET_RULES`; gold, attribute -> (U,) floats beside
        the set's units, NaN = not known; draws, orders of arrival; ordered, replay in the recorded order: who is kept back
        is drawn all the same; learn, how people's reliability is learnt on the way; progress, called with (done, of how many).
    Without gold, people beyond the most that a policy asks are kept back, at least one of each sample. The same orders are
    replayed under every policy. Quality is that of the label of every sample, also of those that would have been contested.
    A policy and a rule that cannot work together are left out, and a note says why.
    Raises: PolicyNotValid (no policy can work with any of the rules), aggregate.UnknownRule, NothingToSimulate,
        SimulationNotValid.
    """
    if draws < 1 or not policies or not rules:
        raise SimulationNotValid(
            f"{draws} draws of {len(policies)} policies and {len(rules)} rules make no simulation. Give 1 or more of each."
        )
    pairs, refused = _workable(policies, rules)
    known = {name: values for name, values in (gold or {}).items() if not np.isnan(values).all()}
    recorded = _replayable(Recorded(ratings), with_gold=bool(known))
    most = max(policy.full_count for policy, _ in pairs)
    baselines = _baselines(recorded, most, rules, with_gold=bool(known))
    settings = [*baselines, *(Setting(policy, rule, is_baseline=False) for policy, rule in pairs)]
    tallies = [Tally(setting, len(recorded.ratings.samples)) for setting in settings]
    for draw in range(draws):
        order = drawn(recorded, rng, most=most, keep_back=not known, ordered=ordered)
        against = references(order, known)
        for policy, group in _by_policy(tallies):
            collected = collect(order, policy, learn)
            for tally in group:
                made = labels_of(collected, tally.setting.rule)
                tally.add(collected, scores(recorded, made, against))
            if progress:
                progress(draw * len(tallies) + max(tallies.index(tally) for tally in group) + 1, draws * len(tallies))
    found = _summed_up(recorded, tallies, rng, draws, ordered, bool(known))
    return replace(found, notes=(*refused, *_too_few_people(recorded, most, with_gold=bool(known)), *found.notes))


def _replayable(recorded: Recorded, *, with_gold: bool) -> Recorded:
    """Without gold, samples of one person are of no use: whoever labels them has nobody to be compared with."""
    least = 1 if with_gold else 2
    kept = [sample for sample in recorded.ratings.samples if len(sample.people) >= least]
    if not kept:
        raise NothingToSimulate(
            f"No sample has {least} or more people, so no replay could be compared with anything. Collect more ratings."
        )
    if len(kept) == len(recorded.ratings.samples) or with_gold:
        return recorded
    emptied = [sample if len(sample.people) >= least else sample.chosen([]) for sample in recorded.ratings.samples]
    return Recorded(recorded.ratings.with_samples(emptied))


def _baselines(recorded: Recorded, most: int, rules: Sequence[str], *, with_gold: bool) -> Iterator[Setting]:
    """Fixed overlaps from 1 up to what half the samples have people for; those that can make a label by the rule."""
    people = recorded.people_counts - (0 if with_gold else 1)
    largest = int(min(most, np.median(people)))
    for rule in rules:
        for overlap in range(PEOPLE_NEEDED.get(rule, 1), largest + 1):
            yield Setting(FixedOverlap(overlap, needed=PEOPLE_NEEDED.get(rule, 1)), rule, is_baseline=True)


def _workable(policies: Sequence[Policy], rules: Sequence[str]) -> tuple[list[tuple[Policy, str]], list[str]]:
    """The pairs that can work together, and why the others cannot. Raises: PolicyNotValid where none can."""
    pairs: list[tuple[Policy, str]] = []
    refused: list[PolicyNotValid] = []
    for policy in policies:
        for rule in rules:
            try:
                refuse_unworkable(policy, rule)
                pairs.append((policy, rule))
            except PolicyNotValid as refusal:
                refused.append(refusal)
    if not pairs:
        raise refused[0]
    return pairs, [f"Left out: {why}" for why in refused]


def _too_few_people(recorded: Recorded, most: int, *, with_gold: bool) -> Iterator[str]:
    people = recorded.people_counts - (0 if with_gold else 1)
    if share := float(np.mean(people < most)):
        kept = "" if with_gold else ", one being kept back"
        yield (
            f"{share:.0%} of the samples have fewer than {most} people to ask{kept}: a policy that would ask more there ends "
            "as if nobody were left."
        )


def _by_policy(tallies: Sequence[Tally]) -> list[tuple[Policy, list[Tally]]]:
    """Several rules label what one replay collected."""
    groups: dict[Policy, list[Tally]] = {}
    for tally in tallies:
        groups.setdefault(tally.setting.policy, []).append(tally)
    return list(groups.items())


def _summed_up(
    recorded: Recorded, tallies: Sequence[Tally], rng: np.random.Generator, draws: int, ordered: bool, with_gold: bool
) -> Simulation:
    prompts = np.array([sample.prompt for sample in recorded.ratings.samples], dtype=str)
    resampling = Resampling(prompts, rng, RESAMPLES)
    figures = [Figures.of(tally, resampling) for tally in tallies]
    largest = {tally.setting.rule: at for at, tally in enumerate(tallies) if tally.setting.is_baseline}
    beside = [largest.get(tally.setting.rule, at) for at, tally in enumerate(tallies)]
    results = tuple(
        _result(tally.setting, figures[at], None if other == at else figures[other])
        for at, (tally, other) in enumerate(zip(tallies, beside, strict=True))
    )
    replayed = np.flatnonzero(tallies[0].replayed)
    return Simulation(
        samples=len(replayed),
        prompts=len(np.unique(prompts[replayed])),
        people=len({int(person) for kind in recorded.kinds for person in np.unique(kind.people) if person >= 0}),
        draws=draws,
        ordered=ordered,
        against="gold" if with_gold else "left_out_people",
        reference=results[max(largest.values())].policy if largest else "",
        results=results,
        notes=tuple(_notes(results, len(np.unique(prompts[replayed])))),
    )


def _result(setting: Setting, figures: Figures, reference: Figures | None) -> Result:
    def estimate(ratio: Ratio) -> Estimate:
        return ratio.estimate(CONFIDENCE, "Nothing to compare: no sample has both a label and a reference.")

    return Result(
        policy=_name(setting),
        rule=setting.rule,
        is_baseline=setting.is_baseline,
        labels=estimate(figures.labels),
        escalated=estimate(figures.escalated),
        contested=estimate(figures.outcomes["contest"]),
        excluded=estimate(figures.outcomes["exclude"]),
        short=estimate(figures.outcomes["wait"]),
        unlabelled=estimate(figures.unlabelled),
        quality={name: estimate(ratio) for name, ratio in figures.quality.items()},
        gain=None
        if reference is None
        else Gain(
            labels_saved=estimate(figures.labels.saved_from(reference.labels)),
            quality={
                name: estimate((ratio - reference.goodness[name]).scaled(100))
                for name, ratio in figures.goodness.items()
            },
        ),
    )


def _name(setting: Setting) -> str:
    if setting.is_baseline and isinstance(setting.policy, FixedOverlap):
        return f"always {setting.policy.overlap}"
    return name_of(setting.policy)


def _notes(results: Sequence[Result], prompt_count: int) -> Iterator[str]:
    if prompt_count == 1:
        yield "With 1 prompt there are no intervals: they draw whole prompts, and need two or more."
    elif prompt_count < 10:
        yield f"With {prompt_count} prompts the intervals are rough: too few draws differ, and they come out too narrow."
    short = {result.policy: result.short.value for result in results if result.short.value}
    for policy, share in short.items():
        yield f"{policy}: for {share:.0%} of the samples people ran out in the first round."
    if any(result.unlabelled.value for result in results):
        yield "Where a rule had no label (column unlabelled), quality is that of the others."
