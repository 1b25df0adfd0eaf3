"""What replays of one setting add up to, sample by sample, and the figures that this makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from consensus.policies.deciding import Policy
from consensus.replays.collecting import Collected
from consensus.replays.intervals import Ratio, Resampling
from consensus.replays.scoring import Measure, Score


@dataclass(frozen=True)
class Setting:
    """A policy with a label rule; a baseline is so many people for every sample, whatever they say."""

    policy: Policy
    rule: str
    is_baseline: bool


class Tally:
    """Sums over the draws, sample by sample: (N,) floats each."""

    def __init__(self, setting: Setting, sample_count: int) -> None:
        self.setting = setting
        self.replayed, self.labels, self.escalated = (np.zeros(sample_count) for _ in range(3))
        self.outcomes = {name: np.zeros(sample_count) for name in ("contest", "exclude", "wait")}
        self.cut_short = np.zeros(sample_count)
        self.scores: dict[Measure, Score] = {}

    def add(self, collected: Collected, found: Mapping[Measure, Score]) -> None:
        for kind, taken, outcome, lacking in zip(
            collected.drawn.kinds, collected.taken, collected.outcome, collected.lacking, strict=True
        ):
            self.replayed[kind.samples] += 1
            self.labels[kind.samples] += taken
            self.escalated[kind.samples] += taken > self.setting.policy.first_round
            self.cut_short[kind.samples] += lacking > 0
            for name, counts in self.outcomes.items():
                counts[kind.samples] += outcome == name
        for measure, score in found.items():
            self.scores[measure] = self.scores[measure] + score if measure in self.scores else score


@dataclass(frozen=True, eq=False)
class Figures:
    """A tally as ratios, before they are compared."""

    labels: Ratio
    escalated: Ratio
    outcomes: Mapping[str, Ratio]
    quality: Mapping[Measure, Ratio]
    goodness: Mapping[Measure, Ratio]
    unlabelled: Ratio
    cut_short: Ratio

    @classmethod
    def of(cls, tally: Tally, resampling: Resampling) -> Figures:
        scored = tally.scores.values()
        lacking, compared = sum(score.unlabelled for score in scored), sum(score.count for score in scored)
        return cls(
            labels=resampling.ratio(tally.labels, tally.replayed),
            escalated=resampling.ratio(tally.escalated, tally.replayed),
            outcomes={name: resampling.ratio(counts, tally.replayed) for name, counts in tally.outcomes.items()},
            quality={name: resampling.ratio(score.total, score.count) for name, score in tally.scores.items()},
            goodness={name: resampling.ratio(score.goodness, score.count) for name, score in tally.scores.items()},
            unlabelled=resampling.ratio(np.asarray(lacking), np.asarray(lacking + compared)),
            cut_short=resampling.ratio(tally.cut_short, tally.replayed),
        )
