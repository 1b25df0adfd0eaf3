"""Does a judge say how sure it is? What it predicts of people's ratings, against how often people say so.

The picture is of the level that it finds likeliest. Where it gives that level 80 %, eight of ten people should say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from consensus.estimates import BootstrapNotValid, Estimate, estimate_of
from consensus.resampling import in_blocks, prompt_names
from consensus.saying import said
from consensus.scales import Scale, WrongShape, level_probabilities

BINS = 10
NOTHING_IN_COMMON = said("No sample yet that both people and the judge have rated.")


@dataclass(frozen=True)
class Bin:
    """The samples on which the likeliest level had a probability from `low` up to `high`.

    predicted: the mean of these probabilities. observed: how often a person said that level; its count are samples.
    """

    low: float
    high: float
    predicted: float
    observed: Estimate


@dataclass(frozen=True)
class CalibrationPicture:
    """Bins that hold anything, in ascending order, and the expected calibration error: how far apart the two are on average."""

    bins: tuple[Bin, ...]
    error: Estimate


def picture(
    predicted: npt.ArrayLike,
    ratings: npt.ArrayLike,
    scale: Scale,
    groups: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> CalibrationPicture:
    """The reliability diagram of the likeliest level, in ten bins of equal width, and its expected calibration error.

    Pairs of the judge and one person count, so a sample with three people counts three times. Where samples are few the error as
    usually computed is above 0 however good the judge is; by how much is seen in resamples of prompts and taken off, and the interval
    is turned round accordingly (the basic bootstrap); it begins at 0 wherever chance alone could have made the error.

    Parameters: predicted, (N, L) probabilities, rows of NaN = no judgment; ratings, (N, M) floats, NaN = not rated; groups, (N,)
        the prompt of each sample; draws, number of resamples; confidence, between 0 and 1.
    Raises: WrongShape, RatingOffScale, ProbabilitiesNotValid, BootstrapNotValid.
    Source: Naeini, Cooper and Hauskrecht (2015), Guo et al. (2017); of its bias: Kumar, Liang and Ma (2019).
    """
    if draws < 1 or not 0 < confidence < 1:
        raise BootstrapNotValid(f"{draws} draws at confidence {confidence}. Give 1 or more, and between 0 and 1.")
    odds, tally = level_probabilities(np.asarray(predicted, dtype=float), scale), scale.tally(ratings)
    prompts = prompt_names(groups, len(tally))
    if len(odds) != len(tally):
        raise WrongShape(f"{len(odds)} judgments for {len(tally)} samples. Give one row a sample.")
    usable = ~np.isnan(odds).any(axis=1) & (tally.sum(axis=1) > 0)
    if not usable.any():
        return CalibrationPicture((), Estimate(None, None, None, 0, 0, NOTHING_IN_COMMON))
    return _Binned.of(odds[usable], tally[usable], prompts[usable], rng, draws).picture(confidence)


@dataclass(frozen=True, eq=False)
class _Binned:
    """totals: (3, BINS) pairs, pairs that agree, and the sum of their probabilities. drawn: (D, 3, BINS) the same of each resample.
    counts, clusters: (BINS,) samples and prompts. all_clusters: prompts altogether."""

    totals: np.ndarray
    drawn: np.ndarray
    counts: np.ndarray
    clusters: np.ndarray
    all_clusters: int

    @classmethod
    def of(
        cls, odds: np.ndarray, tally: np.ndarray, prompts: np.ndarray, rng: np.random.Generator, draws: int
    ) -> _Binned:
        level, rows = odds.argmax(axis=1), np.arange(len(odds))
        sure, pairs = odds[rows, level], tally.sum(axis=1)
        bin_of = np.minimum((sure * BINS).astype(int), BINS - 1)
        names, prompt = np.unique(prompts, return_inverse=True)
        block = in_blocks(prompt, rng)
        sums = np.zeros((int(block.max()) + 1, 3, BINS))
        for place, of in enumerate((pairs, tally[rows, level], pairs * sure)):
            np.add.at(sums[:, place], (block, bin_of), of)
        weights = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), draws if len(names) > 1 else 0)
        return cls(
            totals=sums.sum(axis=0),
            drawn=np.tensordot(weights, sums, axes=1),
            counts=np.bincount(bin_of, minlength=BINS),
            clusters=np.array([len(np.unique(prompt[bin_of == number])) for number in range(BINS)]),
            all_clusters=len(names),
        )

    def picture(self, confidence: float) -> CalibrationPicture:
        bins = tuple(self._bin(number, confidence) for number in np.flatnonzero(self.counts).tolist())
        return CalibrationPicture(bins, self._error(confidence))

    def _bin(self, number: int, confidence: float) -> Bin:
        pairs, agree, sure = self.totals[:, number]
        drawn = _ratio(self.drawn[:, 1, number], self.drawn[:, 0, number])
        count, clusters = int(self.counts[number]), int(self.clusters[number])
        observed = estimate_of(
            float(agree / pairs), drawn, confidence, count=count, clusters=clusters, why_undefined=""
        )
        return Bin(number / BINS, (number + 1) / BINS, float(sure / pairs), observed)

    def _error(self, confidence: float) -> Estimate:
        """Twice the figure less its resamples: what chance adds to the one it adds to the others once more."""
        plain, drawn = float(_error_of(self.totals)), _error_of(self.drawn)
        about = {"count": int(self.counts.sum()), "clusters": self.all_clusters, "why_undefined": ""}
        if not len(drawn):
            return estimate_of(plain, drawn, confidence, **about)  # type: ignore[arg-type]
        value, turned = max(2 * plain - float(drawn.mean()), 0.0), np.maximum(2 * plain - drawn, 0)
        found = estimate_of(value, turned, confidence, **about)  # type: ignore[arg-type]
        by_chance = float(np.quantile(self._by_chance(), (1 + confidence) / 2))
        return replace(found, low=0.0) if plain <= by_chance else found

    def _by_chance(self) -> np.ndarray:
        """(D,) the errors of a judge that says exactly how sure it is: how far resamples lie from what they were drawn from."""
        pairs, agree, sure = np.moveaxis(self.drawn, -2, 0)
        expected = _ratio(self.totals[1] - self.totals[2], self.totals[0])
        apart = np.abs(agree - sure - pairs * np.nan_to_num(expected)).sum(axis=-1)
        return np.asarray(apart / np.maximum(pairs.sum(axis=-1), 1))


def _error_of(sums: np.ndarray) -> np.ndarray:
    """(..., 3, BINS) -> (...) the mean distance between what was predicted and what was seen."""
    pairs, agree, sure = np.moveaxis(sums, -2, 0)
    return np.asarray(np.abs(agree - sure).sum(axis=-1) / np.maximum(pairs.sum(axis=-1), 1))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
