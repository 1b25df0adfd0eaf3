"""Agreement of people two by two, by name: who agrees with whom, and how far on the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.agreement import Weights, kappa_of
from consensus.estimates import Estimate, estimate_of
from consensus.resampling import Bootstrap, prompt_names
from consensus.saying import said
from consensus.scales import Scale
from consensus.votes import Votes


@dataclass(frozen=True)
class PairKappa:
    """Weighted kappa of two people, places in the people of the votes; `kappa.count` is the samples they share."""

    first: int
    second: int
    kappa: Estimate


@dataclass(frozen=True)
class PairwiseKappa:
    """Weighted kappa of every two people who share enough samples, and the mean over those for whom it is defined."""

    pairs: tuple[PairKappa, ...]
    mean: Estimate


@dataclass(frozen=True, eq=False)
class _Shared:
    """Every two ratings of one sample by different people, the person with the lower place first.

    people: (K, 2) the pairs of people. pair, sample, one, other: (E,) which of them, on which sample, and the two levels.
    """

    people: np.ndarray
    pair: np.ndarray
    sample: np.ndarray
    one: np.ndarray
    other: np.ndarray


def kappa_by_pairs(
    votes: Votes,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    weights: Weights = "quadratic",
    least_shared: int = 10,
    draws: int = 1000,
    confidence: float = 0.95,
) -> PairwiseKappa:
    """Cohen's weighted kappa of every two people, with intervals in which whole prompts are drawn.

    Each person of a pair keeps their own frequencies of the levels, so that one who is stricter pays for it.

    Parameters: votes, the ratings of one attribute; clusters, (N,) the prompt of each sample; weights, "identity",
        "linear" or "quadratic"; least_shared, samples that two people must share to be compared: with few, kappa is chance.
    Returns: PairwiseKappa, pairs in the order of people. The mean weighs every pair the same; a pair without variation is
        undefined, says so, and is left out of it.
    Raises: WrongShape, UnknownWeights, BootstrapNotValid.
    Source: Cohen (1968); its mean over pairs, Light (1971).
    """
    bootstrap = Bootstrap(rng, draws, confidence)
    names = prompt_names(clusters, votes.sample_count)
    shared = _shared(votes, least_shared)
    prompts, prompt = np.unique(names[shared.sample], return_inverse=True)
    shape = (len(shared.people), votes.level_count, votes.level_count)
    cells = (shared.pair * votes.level_count + shared.one) * votes.level_count + shared.other

    def kappas(often: np.ndarray) -> np.ndarray:
        """(K,) of every pair of people, when each prompt comes up so often."""
        tables = np.bincount(cells, weights=often[prompt], minlength=int(np.prod(shape)))
        return kappa_of(tables.reshape(shape), scale, weights)

    point = kappas(np.ones(len(prompts)))
    drawn = np.array([kappas(often) for often in _draws(bootstrap, len(prompts))] or np.zeros((0, len(point))))
    counts = np.bincount(shared.pair, minlength=len(point))
    common = np.bincount(np.unique(np.stack([shared.pair, prompt]), axis=1)[0], minlength=len(point))
    rows = [
        _estimate(point[at], drawn[:, at], confidence, counts[at], common[at], _ONE_LEVEL) for at in range(len(point))
    ]
    why = _ONE_LEVEL if rows else f"No two people share {least_shared} samples. Collect more."
    [mean], drawn_means = _mean_of_defined(point[None]), _mean_of_defined(drawn)
    return PairwiseKappa(
        tuple(PairKappa(one, other, row) for (one, other), row in zip(shared.people.tolist(), rows, strict=True)),
        _estimate(mean, drawn_means, confidence, len(np.unique(shared.sample)), len(prompts), why),
    )


_ONE_LEVEL = said("Both used one level only, so agreement cannot be told from habit. Collect samples that differ.")


def _estimate(value: float, drawn: np.ndarray, confidence: float, count: int, clusters: int, why: str) -> Estimate:
    """As `estimate_of`, of numbers out of arrays."""
    return estimate_of(float(value), drawn, confidence, count=int(count), clusters=int(clusters), why_undefined=why)


def _shared(votes: Votes, least_shared: int) -> _Shared:
    one, other = _two_of_a_sample(votes)
    different = votes.person[one] != votes.person[other]
    one, other = one[different], other[different]
    swapped = votes.person[one] > votes.person[other]
    one, other = np.where(swapped, other, one), np.where(swapped, one, other)
    keys, pair, counts = np.unique(
        votes.person[one].astype(np.int64) * votes.person_count + votes.person[other],
        return_inverse=True,
        return_counts=True,
    )
    enough = counts >= least_shared
    kept = enough[pair]
    places = np.cumsum(enough) - 1
    return _Shared(
        people=np.stack(np.divmod(keys[enough], max(votes.person_count, 1)), axis=1),
        pair=places[pair[kept]],
        sample=votes.sample[one[kept]],
        one=votes.level[one[kept]].astype(np.int64),
        other=votes.level[other[kept]].astype(np.int64),
    )


def _two_of_a_sample(votes: Votes) -> tuple[np.ndarray, np.ndarray]:
    """Rows of every two votes of one sample, by how far apart they stand: (E,) and (E,)."""
    near, found = np.arange(len(votes)), [(np.zeros(0, dtype=int),) * 2]
    apart = 1
    while len(near):
        near = near[near + apart < len(votes)]
        near = near[votes.sample[near] == votes.sample[near + apart]]
        found.append((near, near + apart))
        apart += 1
    one, other = zip(*found, strict=True)
    return np.concatenate(one), np.concatenate(other)


def _draws(bootstrap: Bootstrap, prompt_count: int) -> Iterator[np.ndarray]:
    """How often each prompt comes up in each resample; nothing where there is only one to draw."""
    for _ in range(bootstrap.draws if prompt_count > 1 else 0):
        drawn = bootstrap.rng.integers(prompt_count, size=prompt_count)
        yield np.bincount(drawn, minlength=prompt_count)


def _mean_of_defined(figures: np.ndarray) -> np.ndarray:
    """(D, K) -> (D,), NaN where nothing is defined."""
    defined = ~np.isnan(figures)
    counts = defined.sum(axis=1)
    sums = np.sum(figures, axis=1, where=defined)
    return np.divide(sums, counts, out=np.full(len(figures), np.nan), where=counts > 0)
