"""What a judge leans to: the longer response, the one it was shown first, one by a model of its own family.

That a judge prefers longer responses is no fault by itself: people may as well, and with reason. So whatever people can be
asked too stands beside what they say of the same samples, and the difference is the bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.estimates import Estimate
from consensus.resampling import Bootstrap, Prompts, in_blocks, prompt_names
from consensus.saying import said
from consensus.scales import Scale, WrongShape, samples_by_people

_CHOICES = Scale((-1, 0, 1), "ordinal")  # the one without the mark, neither, the one with it

NO_MARKED = said("No sample has one such response beside another and a word of both this judge and people.")
NOT_ASKED_TWICE = said("It was not asked in both orders.")
NO_ORDER = said("The levels are names: a rating cannot be higher or lower than people's.")
ONE_LENGTH = said("No two responses of different length were rated by both this judge and people.")
ALWAYS_AS_PEOPLE = said("It is always as far from people's mean, so nothing goes together with length.")


@dataclass(frozen=True)
class Leaning:
    """How often the response with a mark (longer, by a relative) is preferred to the other, as a share of 1.

    judge, people: on the same samples, each of which weighs the same; no preference counts as half for either response.
    difference: judge less people. Above 0 the judge leans to the mark more than people do.
    """

    judge: Estimate
    people: Estimate
    difference: Estimate


@dataclass(frozen=True)
class PositionBias:
    """What the order in which two responses are shown does to a judge that is asked in both.

    consistent: the share of samples on which it says the same in both orders. first_wins: the share of all verdicts that the
    response shown first wins (no preference: half); .5 where the order does nothing.
    """

    consistent: Estimate
    first_wins: Estimate


@dataclass(frozen=True)
class LengthSlope:
    """How a judge's ratings, less people's mean of the same response, go with its length.

    per_doubling: scale points that twice the length is worth to the judge beyond what it is worth to people.
    correlation: of the difference with the logarithm of length, from -1 to 1.
    """

    per_doubling: Estimate
    correlation: Estimate


def leaning(
    judged: npt.ArrayLike,
    ratings: npt.ArrayLike,
    marked: npt.ArrayLike,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    undefined: str = NO_MARKED,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Leaning:
    """How often a judge, and people, prefer whichever of two responses has a mark.

    Parameters: judged, (N,) floats, below 0 the first response is better, above 0 the second, 0 neither, NaN = no judgment;
        ratings, (N, M) floats, the same of people, first rounds; marked, (N,) floats, below 0 the first response has the mark,
        above 0 the second, 0 none or both: such samples are not used; clusters, (N,) prompts; undefined, the words for when
        there is nothing to measure; draws and confidence as in `reliability.measure`.
    Raises: WrongShape, BootstrapNotValid.
    Source: length: Dubois et al., AlpacaFarm (2023), AlpacaEval's "the longer one wins"; relatives: Panickssery et al., "LLM
        Evaluators Recognize and Favor Their Own Generations" (2024).
    """
    own, marks = _column(judged, "Judge values"), _column(marked, "Marks")
    said = samples_by_people(ratings)
    if not len(own) == len(marks) == len(said):
        raise WrongShape(
            f"{len(own)} judge values, {len(marks)} marks and {len(said)} samples. Give one of each a sample."
        )
    names = prompt_names(clusters, len(said))
    judge = _choices(own[:, None], marks)
    people = _choices(said, marks)
    used = (marks != 0) & judge.any(axis=1) & people.any(axis=1)
    of = Prompts.of(np.hstack([judge[used], people[used]]), names[used])
    by_judge, by_people = (_share_for_mark(side) for side in np.split(of.kinds, 2, axis=1))
    shares = {"judge": by_judge, "people": by_people, "difference": by_judge - by_people}
    return Leaning(**_means(of, shares, undefined, Bootstrap(rng, draws, confidence)))


def length_bias(
    judged: npt.ArrayLike,
    ratings: npt.ArrayLike,
    lengths: npt.ArrayLike,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Leaning:
    """`leaning` to the longer response: lengths, (N, 2) characters of the first and the second. Others, errors: as there."""
    characters = np.asarray(lengths, dtype=float)
    if characters.ndim != 2 or characters.shape[1] != 2:
        raise WrongShape(f"Lengths have the shape {characters.shape}. Give (samples, 2).")
    longer = np.sign(characters[:, 1] - characters[:, 0])
    undefined = said("No sample has two responses of different length and a word of both this judge and people.")
    return leaning(
        judged, ratings, longer, clusters, rng, undefined=undefined, draws=draws, confidence=confidence
    )  # fmt: skip


def position_bias(
    verdicts: npt.ArrayLike,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> PositionBias:
    """What swapping two responses does to a judge's verdict.

    Parameters: verdicts, (N, 2) floats, in the sample's own order and with the responses swapped: above 0 the response that was
        *shown* first is better, below 0 the other, 0 neither; NaN = not asked: such samples are not used; others as in `leaning`.
    Raises: WrongShape, BootstrapNotValid.
    Source: Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena" (arXiv 2306.05685).
    """
    said = np.asarray(verdicts, dtype=float)
    if said.ndim != 2 or said.shape[1] != 2:
        raise WrongShape(f"Verdicts have the shape {said.shape}. Give (samples, 2), one for each order.")
    names, used = prompt_names(clusters, len(said)), ~np.isnan(said).any(axis=1)
    of = Prompts.of(1 + np.sign(said[used]).astype(int), names[used])
    wins = of.kinds / 2  # of the one shown first, in either order: 0, .5 or 1
    figures = {"consistent": (wins.sum(axis=1) == 1).astype(float), "first_wins": wins.mean(axis=1)}
    return PositionBias(**_means(of, figures, NOT_ASKED_TWICE, Bootstrap(rng, draws, confidence)))


def length_slope(
    judged: npt.ArrayLike,
    ratings: npt.ArrayLike,
    lengths: npt.ArrayLike,
    scale: Scale,
    clusters: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 1000,
    confidence: float = 0.95,
) -> LengthSlope:
    """How a judge's ratings of single responses go with length, beyond what people's do; by least squares.

    Parameters: judged, (N,) floats, levels, NaN = no judgment; ratings, (N, M) floats, first rounds; lengths, (N,) characters:
        an empty response is not used; others as in `leaning`.
    Returns: undefined, in words, on a nominal scale and where all responses are equally long.
    Raises: WrongShape, RatingOffScale, BootstrapNotValid.
    """
    characters = _column(lengths, "Lengths")
    own, counts = scale.codes(_column(judged, "Judge values")), scale.tally(ratings)
    if not len(own) == len(characters) == len(counts):
        raise WrongShape(
            f"{len(own)} judge values, {len(characters)} lengths and {len(counts)} responses. Give one each."
        )
    names = prompt_names(clusters, len(counts))
    used = (own >= 0) & counts.any(axis=1) & (characters > 0) & (not scale.is_nominal)
    moments = _moments(characters[used], scale.values[own[used]], counts[used], scale)
    count, prompt = int(used.sum()), np.unique(names[used], return_inverse=True)[1]
    block = in_blocks(prompt, rng)
    sums = np.stack([np.bincount(block, moment) for moment in moments.T], axis=1)

    def figures(drawn: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(("per_doubling", "correlation"), _line(drawn), strict=True))

    def why_undefined(name: str) -> str:
        if scale.is_nominal:
            return NO_ORDER
        return ONE_LENGTH if len(np.unique(characters[used])) < 2 else ALWAYS_AS_PEOPLE

    bootstrap, clusters = Bootstrap(rng, draws, confidence), int(prompt.max(initial=-1)) + 1
    return LengthSlope(**bootstrap.estimates_of_sums(sums, figures, why_undefined, count=count, clusters=clusters))


def _column(values: npt.ArrayLike, what: str) -> np.ndarray:
    column = np.asarray(values, dtype=float)
    if column.ndim != 1:
        raise WrongShape(f"{what} have the shape {column.shape}. Give one a sample.")
    return column


def _choices(values: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """(N, 3) how many chose the response without the mark, neither, and the one with it."""
    return _CHOICES.tally(np.sign(values) * np.sign(marks)[:, None])


def _share_for_mark(choices: np.ndarray) -> np.ndarray:
    """(T,) from (T, 3) choices; no preference is half of one."""
    return (choices[:, 2] + choices[:, 1] / 2) / np.maximum(choices.sum(axis=1), 1)


def _means(of: Prompts, values: dict[str, np.ndarray], undefined: str, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """The mean over samples of each value that a kind of sample, (T,), has."""

    def means(drawn: np.ndarray) -> dict[str, np.ndarray]:
        samples = drawn.sum(axis=1)
        return {name: _ratio(drawn @ value, samples) for name, value in values.items()}

    return bootstrap.estimates(of, means, lambda _: undefined, count=int(of.totals.sum()), clusters=of.count)


def _moments(characters: np.ndarray, judged: np.ndarray, counts: np.ndarray, scale: Scale) -> np.ndarray:
    """(N, 6) of each response: 1, x, y and their products; x in doublings of length, y judge less people, both centred."""
    x = np.log2(characters)
    y = judged - counts @ scale.values / counts.sum(axis=1)
    if len(x):
        x, y = x - x.mean(), y - y.mean()
    return np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y])


def _line(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(D, 6) sums of moments -> slope of y on x (D,), and their correlation (D,); NaN where one does not vary."""
    count, x, y, xx, yy, xy = sums.T
    of_x, of_y, together = (
        _ratio(square, count) - _ratio(one, count) * _ratio(other, count)
        for square, one, other in ((xx, x, x), (yy, y, y), (xy, x, y))
    )
    varies, both = of_x > _STILL, (of_x > _STILL) & (of_y > _STILL)
    slope = np.where(varies, together / np.where(varies, of_x, 1.0), np.nan)
    correlation = np.where(both, together / np.sqrt(np.where(both, of_x * of_y, 1.0)), np.nan)
    return slope, np.clip(correlation, -1, 1)


_STILL = 1e-12  # a variance below this is rounding


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
