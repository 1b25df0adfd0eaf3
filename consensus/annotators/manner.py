"""How people work, judged against the others of the same samples: their speed, and giving one value everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.annotators.estimates import PeopleEstimates, of_means
from consensus.annotators.gold import wilson
from consensus.annotators.others import apart_from_others, mean_of, median_of, others_mean
from consensus.estimates import Estimate
from consensus.saying import said
from consensus.scales import WrongShape

FEWEST_PLACES = 3
NOT_TIMED = said("Nobody else was timed on the same samples.")
NO_TIME = said("None of their answers was timed.")
TOO_FEW_PLACES = f"A sample has fewer than {FEWEST_PLACES} values to give, so one value everywhere says nothing."
READABLE = 60.0  # characters a second, three times as quick as people read; beyond it nobody has read the text
_SHORTEST = 1.0  # second: what was quicker than the clock can tell


@dataclass(frozen=True, eq=False)
class Pace:
    """How long people take beside the others of the same samples.

    log_ratio: (P,) natural logarithms of the person's seconds over what the others take, the median over samples; the length
    of a sample falls out, since it is the same for all. ratio: (P,) floats, the same as a ratio: 0.5 is half the time.
    per_thousand: (P,) floats, the median of seconds per 1,000 characters; NaN where no length was given.
    """

    log_ratio: PeopleEstimates
    per_thousand: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        return np.exp(self.log_ratio.value)


@dataclass(frozen=True, eq=False)
class Sameness:
    """How often people give one value everywhere in a sample, beside the others of the same samples.

    extra: (P,) shares, -1 to 1, the person's less the others'. own, others: (P,) shares of the samples.
    """

    extra: PeopleEstimates
    own: np.ndarray
    others: np.ndarray


@dataclass(frozen=True, eq=False)
class Unread:
    """share: (P,) floats, how many of a person's timed answers came quicker than the text can be read; NaN = none timed.
    count: (P,) whole numbers, of how many."""

    share: np.ndarray
    count: np.ndarray

    def estimate(self, person: int) -> Estimate:
        """With the 95 % interval of Wilson."""
        count = int(self.count[person])
        if not count:
            return Estimate(None, None, None, 0, 0, NO_TIME)
        share = float(self.share[person])
        return Estimate(share, *wilson(share, count), count, count)


def pace(
    sample: npt.ArrayLike,
    person: npt.ArrayLike,
    seconds: npt.ArrayLike,
    *,
    sample_count: int,
    person_count: int,
    characters: npt.ArrayLike | None = None,
) -> Pace:
    """Speed against length, robust to somebody who left the page open.

    Parameters: sample, person, (A,) whole numbers, one annotation each; seconds, (A,) floats, NaN = not timed; characters,
        (A,) floats, the length of prompt and responses, NaN = unknown.
    Raises: WrongShape.
    """
    samples, people, times = _columns(sample, person, seconds)
    timed = ~np.isnan(times)
    logs = np.log(np.maximum(times[timed], _SHORTEST))
    apart = apart_from_others(
        samples[timed], people[timed], logs, sample_count=sample_count, person_count=person_count, middle=median_of
    )
    known = ~np.isnan(apart)
    log_ratio = _medians(people[timed][known], apart[known], person_count)
    return Pace(log_ratio, _per_thousand(people, times, characters, person_count))


def sameness(
    sample: npt.ArrayLike, person: npt.ArrayLike, same: npt.ArrayLike, *, sample_count: int, person_count: int
) -> Sameness:
    """How much oftener each person gives one value everywhere than the others of the same samples do.

    Whoever got samples that deserve equal values is beside others who gave them too, and does not stand out.

    Parameters: sample, person, (A,) whole numbers, one annotation each; same, (A,) from `one_value`.
    Raises: WrongShape.
    """
    samples, people, given = _columns(sample, person, same)
    asked = ~np.isnan(given)
    samples, people, given = samples[asked], people[asked], given[asked]
    others = others_mean(samples, given, sample_count)
    known = ~np.isnan(others)
    extra = of_means(people[known], samples[known], (given - others)[known], person_count).between(-1, 1)
    own, theirs = (mean_of(people[known], share[known], person_count) for share in (given, others))
    return Sameness(extra, own, theirs)


def one_value(ratings: npt.ArrayLike) -> np.ndarray:
    """Whether an annotation has the same value everywhere.

    Parameters: ratings, (A, K) floats, A annotations by K values on scales with the same levels; NaN = not given.
    Returns: (A,) floats: 1 all the same, 0 not; NaN with fewer than three values.

    >>> one_value([[4, 4, 4], [4, 3, 4], [4, 4, np.nan]])
    array([ 1.,  0., nan])
    """
    given = np.asarray(ratings, dtype=float)
    if given.ndim != 2:
        raise WrongShape(f"Ratings have the shape {given.shape}. Give (annotations, values).")
    present = ~np.isnan(given)
    highest = np.max(given, axis=1, initial=-np.inf, where=present)
    lowest = np.min(given, axis=1, initial=np.inf, where=present)
    return np.where(present.sum(axis=1) >= FEWEST_PLACES, (highest == lowest).astype(float), np.nan)


def unread(hasty: npt.ArrayLike, timed: npt.ArrayLike) -> Unread:
    """How much each person answers quicker than the text can be read.

    Parameters: hasty, timed, (P,) whole numbers, answers that came quicker than READABLE allows for the characters of prompt and
        responses, and all that were timed.
    Raises: WrongShape.
    Source: people read English at 238 words a minute, some 20 characters a second (Brysbaert, "How many words do we read per
    minute?", 2019); three times that is not even skimming. A text in Korean or Chinese has fewer characters: it is spared.
    """
    quick, count = np.asarray(hasty, dtype=float), np.asarray(timed, dtype=int)
    if quick.shape != count.shape or (quick > count).any():
        raise WrongShape(
            f"{quick.shape} hasty answers of {count.shape} timed. Give two numbers a person, the first no larger."
        )
    return Unread(np.divide(quick, count, out=np.full(len(count), np.nan), where=count > 0), count)


def _columns(
    sample: npt.ArrayLike, person: npt.ArrayLike, value: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    samples, people, values = np.asarray(sample, dtype=int), np.asarray(person, dtype=int), np.asarray(value, float)
    if samples.ndim != 1 or not samples.shape == people.shape == values.shape:
        raise WrongShape(
            f"The columns have the shapes {samples.shape}, {people.shape} and {values.shape}. Give three of one length."
        )
    return samples, people, values


def _medians(person: np.ndarray, value: np.ndarray, person_count: int) -> PeopleEstimates:
    """Medians by person; their error from the median distance to them, as if the middle were normal."""
    middle = median_of(person, value, person_count)
    apart = median_of(person, np.abs(value - middle[person]), person_count)
    spread = np.pi / 2 * (1.4826 * np.nan_to_num(apart)) ** 2
    return PeopleEstimates.of(middle, spread, np.bincount(person, minlength=person_count))


def _per_thousand(
    person: np.ndarray, seconds: np.ndarray, characters: npt.ArrayLike | None, person_count: int
) -> np.ndarray:
    if characters is None:
        return np.full(person_count, np.nan)
    lengths = np.asarray(characters, dtype=float)
    if lengths.shape != seconds.shape:
        raise WrongShape(f"{lengths.shape} lengths for {len(seconds)} annotations. Give one each, NaN where unknown.")
    known = ~np.isnan(seconds) & (lengths > 0)
    return median_of(person[known], seconds[known] / lengths[known] * 1000, person_count)
