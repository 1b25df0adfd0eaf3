"""How far the ratings of a set of samples can be relied on, always with an interval by prompt.

`measure` gives every figure of one attribute at once and says what it was measured on; the functions after it give one
each. The interval is a bootstrap that draws whole prompts, because samples of one prompt are not independent. With fewer
than ten prompts it is rough: too few draws differ, and it comes out too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import krippendorff  # type: ignore[import-untyped,unused-ignore]
import numpy as np
import numpy.typing as npt

from consensus.agreement import FIGURES, Figure, PairTables, Weights, agreement_share_of, gwet_of, kappa_of
from consensus.disagreement import level_counts
from consensus.estimates import Estimate
from consensus.resampling import Bootstrap, Prompts, pairs_by_kind, prompt_names
from consensus.saying import said
from consensus.scales import Scale, WrongShape
from consensus.tallies import PairTallies

MeasuredOn = Literal["first_rounds", "random_slice", "after_selection"]
FIRST_ROUNDS: MeasuredOn = "first_rounds"
RANDOM_SLICE: MeasuredOn = "random_slice"
AFTER_SELECTION: MeasuredOn = "after_selection"


@dataclass(frozen=True)
class Reliability:
    """Every figure of one attribute, with what it was measured on.

    measured_on: "first_rounds"; "random_slice", samples with a fixed number of people; "after_selection", the ratings
        that labels rest on, which agree because they were chosen to.
    alpha: Krippendorff's, at the scale's level of measurement. quadratic_kappa, linear_kappa: Cohen's weighted kappa over
    all pairs of people, both directions. ac1, ac2: Gwet's, ac2 with quadratic weights. percent_agreement,
    weighted_agreement: the share of 1 that agrees, plain and with quadratic weights, every sample weighing the same.
    """

    measured_on: MeasuredOn
    alpha: Estimate
    quadratic_kappa: Estimate
    linear_kappa: Estimate
    ac1: Estimate
    ac2: Estimate
    percent_agreement: Estimate
    weighted_agreement: Estimate


@dataclass(frozen=True)
class Agreement:
    """How often two ratings of one sample are the same, raw and corrected for chance."""

    equal_share: Estimate
    weighted_kappa: Estimate


def measure(
    counts: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    measured_on: MeasuredOn = FIRST_ROUNDS,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Reliability:
    """Every figure of one attribute with a percentile bootstrap interval, the prompt being the unit that is drawn.

    Parameters: counts, (N, L) whole numbers, how many people chose each level (`Votes.tally`, `Scale.tally`), of the
        ratings that `measured_on` names (`consensus.selections` chooses them); clusters, (N,) the prompt of each sample;
        draws, number of resamples; confidence, between 0 and 1.
    Returns: Reliability. Resamples in which a figure is undefined are left out of its interval. Under ten prompts rough.
    Raises: WrongShape, CountsNotValid, BootstrapNotValid.
    Source: `consensus.agreement` names those of the figures; Zapf et al. (2016): the bootstrap is near nominal coverage
        where the asymptotic interval is too narrow.
    """
    rated = level_counts(counts, len(scale.levels))
    return Reliability(measured_on, **_estimates(rated, scale, clusters, Bootstrap(rng, draws, confidence), FIGURES))


def krippendorff_alpha(ratings: npt.ArrayLike, scale: Scale) -> Estimate:
    """Krippendorff's alpha at the scale's level of measurement, without an interval.

    Parameters: ratings, (N, M) floats, N samples by M people; NaN = not rated. Who is who does not matter.
    Returns: Estimate; 1 perfect, 0 as by chance; `clusters` counts each sample as its own prompt.
    Raises: WrongShape, RatingOffScale.
    Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), by the package `krippendorff`. Figures with
        intervals and running tallies have it from sums of pairs instead: the same to 1e-12, several times as quick, and
        without a table for every sample in memory.
    """
    counts = scale.tally(ratings)
    counts = counts[counts.sum(axis=1) >= 2]
    if np.count_nonzero(counts.any(axis=0)) < 2:  # undefined, for which the package has no words
        return PairTallies.of_counts(counts).alpha(scale)
    value = krippendorff.alpha(value_counts=counts, value_domain=scale.values, level_of_measurement=scale.measurement)
    return Estimate(float(value), None, None, len(counts), len(counts))


def bootstrap_alpha(
    ratings: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Estimate:
    """Krippendorff's alpha with its interval, as `measure` gives it.

    Parameters: ratings, (N, M) floats, N samples by M people, NaN = not rated; the others as in `measure`.
    Raises: WrongShape, RatingOffScale, BootstrapNotValid.
    """
    only = {"alpha": FIGURES["alpha"]}
    return _estimates(scale.tally(ratings), scale, clusters, Bootstrap(rng, draws, confidence), only)["alpha"]


def weighted_kappa(ratings: npt.ArrayLike, scale: Scale, weights: Weights = "quadratic") -> Estimate:
    """Cohen's weighted kappa over all pairs of people who rated the same sample, without an interval.

    Every pair counts in both directions, because people of different samples have no order; so the kappa's two margins
    are one. `pairwise.kappa_by_pairs` has it person by person.

    Parameters: ratings, (N, M) floats, NaN = not rated; weights, "identity" (plain kappa), "linear" or "quadratic"
        differences in scale points; on a nominal scale all three are one.
    Raises: WrongShape, RatingOffScale, UnknownWeights. Source: Cohen (1968).
    """
    return _point(ratings, scale, Figure(lambda of, scale: kappa_of(of.by_pair, scale, weights)))


def gwet_coefficient(ratings: npt.ArrayLike, scale: Scale, weights: Weights = "identity") -> Estimate:
    """Gwet's AC1 (identity weights) or AC2 (linear, quadratic), without an interval.

    Parameters: ratings, (N, M) floats, NaN = not rated. Raises: WrongShape, RatingOffScale, UnknownWeights.
    Source: Gwet (2008, 2014), as in `agreement.gwet_of`.
    """
    return _point(ratings, scale, Figure(lambda of, scale: gwet_of(of, scale, weights), counts_single=True))


def percent_agreement(ratings: npt.ArrayLike, scale: Scale, weights: Weights = "identity") -> Estimate:
    """The share of 1 of pairs that agree on a sample, averaged over the samples, without an interval.

    Parameters: ratings, (N, M) floats, NaN = not rated; weights other than "identity" let a pair that differs little count
        in part. Raises: WrongShape, RatingOffScale, UnknownWeights.
    """
    return _point(ratings, scale, Figure(lambda of, scale: agreement_share_of(of.by_sample, scale, weights)))


def agreement_with(
    judge_values: npt.ArrayLike,
    ratings: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Agreement:
    """How a judge agrees with single people, over all pairs of (judge value, one person's first-round rating).

    Parameters: judge_values, (N,) floats, levels, NaN = no judgment; ratings, (N, M) floats, first rounds only, NaN = not
        rated; clusters, (N,) prompts; draws and confidence as in `measure`.
    Raises: WrongShape, RatingOffScale, BootstrapNotValid. Under ten prompts the intervals are rough.
    """
    counts = scale.tally(ratings)
    judged = scale.tally(np.asarray(judge_values, dtype=float).reshape(-1, 1))
    if len(judged) != len(counts):
        raise WrongShape(f"{len(judged)} judge values for {len(counts)} samples. Give one a sample, NaN for none.")
    names, paired = prompt_names(clusters, len(counts)), judged.any(axis=1) & counts.any(axis=1)
    of = Prompts.of(np.hstack([judged[paired], counts[paired]]), names[paired])
    verdicts, people = np.split(of.kinds, 2, axis=1)
    return _agreement(
        of, lambda drawn: pairs_by_kind(verdicts, people, drawn), scale, Bootstrap(rng, draws, confidence)
    )


def people_agreement(
    ratings: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Agreement:
    """How people agree with each other, over all pairs of people who rated the same sample: the mark for a judge.

    Every pair weighs the same and counts once in each direction. Parameters, errors: as in `agreement_with`.
    """
    counts = scale.tally(ratings)
    names, paired = prompt_names(clusters, len(counts)), counts.sum(axis=1) >= 2
    of = Prompts.of(counts[paired], names[paired])
    return _agreement(of, lambda drawn: _tables_of(of, drawn).by_pair, scale, Bootstrap(rng, draws, confidence))


def _estimates(
    counts: np.ndarray, scale: Scale, clusters: npt.ArrayLike, bootstrap: Bootstrap, figures: Mapping[str, Figure]
) -> dict[str, Estimate]:
    """Figures with intervals. Those that samples with a single rating tell something are drawn with these."""
    names, given = prompt_names(clusters, len(counts)), counts.sum(axis=1)
    paired = given >= 2
    rests_on = {"count": int(np.count_nonzero(paired)), "clusters": len(np.unique(names[paired]))}
    found: dict[str, Estimate] = {}
    for counts_single, rated in ((False, paired), (True, given >= 1)):
        wanted = {name: figure for name, figure in figures.items() if figure.counts_single == counts_single}
        if wanted:
            found |= _figures_of(Prompts.of(counts[rated], names[rated]), scale, bootstrap, wanted, rests_on)
    return found


def _figures_of(
    of: Prompts, scale: Scale, bootstrap: Bootstrap, figures: Mapping[str, Figure], rests_on: Mapping[str, int]
) -> dict[str, Estimate]:
    def values(drawn: np.ndarray) -> dict[str, np.ndarray]:
        tables = _tables_of(of, drawn)
        return {name: figure.of(tables, scale) for name, figure in figures.items()}

    def why_undefined(name: str) -> str:
        return figures[name].why_undefined(_tables_of(of, of.totals[None]), scale)

    return bootstrap.estimates(of, values, why_undefined, **rests_on)


def _tables_of(of: Prompts, drawn: np.ndarray) -> PairTables:
    """Pairs within each sample: (D, T) how often each kind of sample came up -> tables with D as leading axis."""
    given, level_count = of.kinds.sum(axis=1), of.kinds.shape[1]
    sizes = np.unique(given)
    levels = np.zeros((len(drawn), len(sizes), level_count))
    pairs = np.zeros((*levels.shape, level_count))
    for place, size in enumerate(sizes):
        kinds, often = of.kinds[given == size], drawn[:, given == size]
        levels[:, place] = often @ kinds
        pairs[:, place] = pairs_by_kind(kinds, kinds, often) - levels[:, place, :, None] * np.eye(level_count)
    return PairTables.of_sizes(sizes.tolist(), levels, pairs)


def _agreement(
    of: Prompts, tables: Callable[[np.ndarray], np.ndarray], scale: Scale, bootstrap: Bootstrap
) -> Agreement:
    def values(drawn: np.ndarray) -> dict[str, np.ndarray]:
        pairs = tables(drawn)
        return {"equal_share": agreement_share_of(pairs, scale), "weighted_kappa": kappa_of(pairs, scale)}

    count = int(of.totals.sum())
    return Agreement(
        **bootstrap.estimates(of, values, lambda _: _why_pairs_are_undefined(count), count=count, clusters=of.count)
    )


def _point(ratings: npt.ArrayLike, scale: Scale, figure: Figure) -> Estimate:
    return PairTallies.of_counts(scale.tally(ratings)).estimate(figure, scale)


def _why_pairs_are_undefined(count: int) -> str:
    if not count:
        return said("No sample has two ratings to compare. Collect more, or wait for judgments.")
    return said("Both sides used one level only, so agreement cannot be told from habit. Collect samples that differ.")
