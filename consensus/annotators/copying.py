"""Who gives what one other person gives, far oftener than the two agree with anybody else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consensus.annotators.estimates import PeopleEstimates, of_means
from consensus.annotators.others import mean_of
from consensus.annotators.together import Together
from consensus.scales import WrongShape

LEAST_SHARED = 10  # samples of both, below which two people are not set beside each other
PRIOR_SAMPLES = 10.0  # what everybody's likeness counts for beside a person's own on samples without the other
STOCK_PHRASE = 2  # a text that somebody used on more samples than this is a habit and says nothing
LUCK = (
    0.01  # how easily two people write one long text of the same sample, each by themselves; a guess on the high side
)


@dataclass(frozen=True, eq=False)
class Copying:
    """Q pairs of people with enough samples in common.

    one, other: (Q,) places, the lower first. excess: by how much more their values are equal than those of others on the
    same samples and than either's usual likeness explains. alike, beside: (Q,) shares of equal values: of the two, and of each
    with the others. after: (Q,) share of their samples on which `one` answered after `other`, NaN where the times are equal.
    partners: (P,) how many such pairs each person is in.
    """

    one: np.ndarray
    other: np.ndarray
    excess: PeopleEstimates
    alike: np.ndarray
    beside: np.ndarray
    after: np.ndarray
    partners: np.ndarray


@dataclass(frozen=True, eq=False)
class SameWords:
    """Q pairs of people who wrote the same text of the same sample. one, other: (Q,) places; count: (Q,) samples."""

    one: np.ndarray
    other: np.ndarray
    count: np.ndarray


def copying(
    of: Together, sample: npt.ArrayLike, person: npt.ArrayLike, finished: npt.ArrayLike, *, person_count: int
) -> Copying:
    """Every two people with LEAST_SHARED samples in common, and how much more alike they are than the rest explains.

    On each sample the share of equal values is set beside that of the two with third persons. Two who agree with everybody
    more than most do also agree more with each other: that is taken off, as it shows on samples that they do not share.
    Two who guess are alike by chance only, and so is each with others: nothing is left of it.

    Parameters: of, from `together`; sample, person, finished, (A,) as given there; person_count, P.
    Returns: Copying. Work and memory go with the pairs of answers, not with the square of the people.
    """
    samples, people, times = np.asarray(sample, int), np.asarray(person, int), np.asarray(finished, float)
    code = _code(people[of.answer], people[of.with_answer], person_count)
    pairs, pair, shared = np.unique(code, return_inverse=True, return_counts=True)
    enough = shared >= LEAST_SHARED
    rows = _Rows.of(of, np.flatnonzero(enough[pair]), (np.cumsum(enough) - 1)[pair], people, int(enough.sum()))
    one, other = np.divmod(pairs[enough], np.int64(max(person_count, 1)))
    excess = rows.alike - rows.beside - rows.by_habit(of.beyond) + rows.by_third_persons(of.beyond, samples)
    return Copying(
        one,
        other,
        of_means(rows.pair, samples[rows.answer], excess, rows.count),
        mean_of(rows.pair, rows.alike, rows.count),
        mean_of(rows.pair, rows.beside, rows.count),
        rows.share_after(one, times),
        np.bincount(np.concatenate([one, other]), minlength=person_count),
    )


def same_words(sample: npt.ArrayLike, person: npt.ArrayLike, text: npt.ArrayLike, *, person_count: int) -> SameWords:
    """Who wrote, of one sample, word for word what another wrote, leaving out phrases that somebody uses again and again.

    Parameters: sample, person, (A,) whole numbers; text, (A,) whole numbers, the same for the same text, 0 = none or short.
    Raises: WrongShape.
    """
    samples, people, texts = (np.asarray(column, dtype=np.int64) for column in (sample, person, text))
    if not samples.shape == people.shape == texts.shape:
        raise WrongShape(f"Shapes {samples.shape}, {people.shape}, {texts.shape}. Give three columns of one length.")
    rows = np.flatnonzero(texts)
    rows = rows[_is_rare(texts[rows], samples[rows])]
    rows = rows[np.lexsort((people[rows], texts[rows], samples[rows]))]
    before, after = rows[:-1], rows[1:]
    same = (samples[before] == samples[after]) & (texts[before] == texts[after]) & (people[before] != people[after])
    pairs, count = np.unique(_code(people[before[same]], people[after[same]], person_count), return_counts=True)
    one, other = np.divmod(pairs, np.int64(max(person_count, 1)))
    return SameWords(one, other, count)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Pairs of answers of the pairs of people that are looked at: E of them, in `count` pairs of people."""

    pair: np.ndarray
    answer: np.ndarray
    with_answer: np.ndarray
    alike: np.ndarray
    beside: np.ndarray
    has_third: np.ndarray
    person: np.ndarray  # (A,) of every answer
    count: int

    @classmethod
    def of(cls, of: Together, keep: np.ndarray, place: np.ndarray, person: np.ndarray, count: int) -> _Rows:
        places, figures = (of.answer[keep], of.with_answer[keep]), (of.alike[keep], of.beside[keep], of.has_third[keep])
        return cls(place[keep], *places, *figures, person, count)

    def by_habit(self, beyond: np.ndarray) -> np.ndarray:
        """(E,) what two people who agree more than most with everybody are the more alike, as samples without the other tell."""
        of_two = self._apart_from_the_other(self.answer, beyond) + self._apart_from_the_other(self.with_answer, beyond)
        return np.maximum(np.where(self.has_third, of_two / 2, of_two), 0.0)

    def by_third_persons(self, beyond: np.ndarray, sample: np.ndarray) -> np.ndarray:
        """(E,) by how much the third persons of the sample raise what stands beside; below 0 for third persons who guess."""
        known = ~np.isnan(beyond)
        usual = np.nan_to_num(mean_of(self.person[known], beyond[known], int(self.person.max(initial=-1)) + 1))
        each = np.where(known, usual[self.person], 0.0)
        total = np.bincount(sample, weights=each, minlength=int(sample.max(initial=-1)) + 1)
        there = np.bincount(sample, weights=known, minlength=len(total))
        where = sample[self.answer]
        left = total[where] - each[self.answer] - each[self.with_answer]
        return np.where(self.has_third, left / np.maximum(there[where] - 2, 1), 0.0)

    def share_after(self, one: np.ndarray, finished: np.ndarray) -> np.ndarray:
        """(Q,) on how many of their samples the first of the pair answered later."""
        apart = finished[self.with_answer] - finished[self.answer]
        is_later = np.where(self.person[self.answer] == one[self.pair], apart < 0, apart > 0)
        told = apart != 0
        return mean_of(self.pair[told], is_later[told].astype(float), self.count)

    def _apart_from_the_other(self, answer: np.ndarray, beyond: np.ndarray) -> np.ndarray:
        """(E,) how much more alike to others this person is on samples without the other."""
        known = ~np.isnan(beyond)
        people = int(self.person.max(initial=-1)) + 1
        total = np.bincount(self.person[known], weights=beyond[known], minlength=people)[self.person[answer]]
        count = np.bincount(self.person[known], minlength=people)[self.person[answer]]
        side = self.pair * np.int64(people) + self.person[answer]
        names, at = np.unique(side, return_inverse=True)
        own = np.nan_to_num(beyond[answer])
        total -= np.bincount(at, weights=own, minlength=len(names))[at]
        count = count - np.bincount(at, weights=known[answer], minlength=len(names))[at]
        return total / (count + PRIOR_SAMPLES)


def _code(some: np.ndarray, others: np.ndarray, person_count: int) -> np.ndarray:
    """One number for each two people, whoever is named first."""
    return np.minimum(some, others) * np.int64(person_count) + np.maximum(some, others)


def _is_rare(text: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Which texts were written of so few samples that they are no stock phrases."""
    _, which = np.unique(text, return_inverse=True)
    used, _ = np.unique(np.stack([which, sample]), axis=1)
    return np.asarray((np.bincount(used) <= STOCK_PHRASE)[which], dtype=bool)
