"""A linear head over features, fitted to a project's own first-round labels: the `reward-head` judge.

Whatever an engine says of a response in numbers (hidden states of a model, or text features on the processor), a head
turns into a distribution over the levels of one attribute: ridge regression on mean ratings (`ridge.py`), then an
adjacent-category logit from left-out scores to single ratings (`levels.py`).

A person's label never meets a prediction that learned from it: every prompt is held out of one fold, and
`predict_out_of_fold` answers with the head that did not see it. Ridge strength, slope and pooled frequencies of a fold's
head come from its own training folds as well.
"""

import hashlib
import io
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from modelgen.judges.head.directions import Directions, main_directions
from modelgen.judges.head.levels import LevelModel, fit_levels, level_probabilities, pooled_frequencies
from modelgen.judges.head.ridge import Ridge

LEAST_LABELLED = 20
MOST_SAMPLES = 10_000
"""Labelled samples that a head is fitted to at most: a linear head gains little from more, and time and memory stay bounded."""

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


class TooFewLabels(ValueError):
    """There are fewer labelled samples than a head can be fitted to."""


class NothingToHoldOut(ValueError):
    """All labelled samples are one and the same, so no prediction can be made without having seen it."""


class FeaturesDoNotFit(ValueError):
    """The features have another shape than the ratings, the groups or the head need, or are not finite."""


class LevelsDoNotFit(ValueError):
    """A rating is no level of the attribute, or the levels of a comparison are not symmetric about zero."""


@dataclass(frozen=True, eq=False)
class FittedHead:
    """K fold heads and one full head for one attribute; the arrays' last row is the full head.

    Attributes:
        levels: (L,) the attribute's levels, ascending.
        comparison: True when features are differences (second response minus first) and swapping mirrors.
        centres, weights: (K + 1, F); score = (features - centre) @ weight, in scale points around the mean.
        intercepts: (K + 1, L); slopes, bounds: (K + 1,) of the level model; slope 0 = pooled frequencies.
        fold_of: the fold that held each group out (each sample, when `by_sample`), by the hash of its name.
        by_sample: True when there was one group only, so that single samples were held out instead.
        sample_count, group_count, rating_count: what it was fitted to.
        gain: mean log-likelihood of a held-out rating above the pooled frequencies of the same folds, in nats.
        note: one or two sentences for the judge's page.
    """

    levels: Floats
    comparison: bool
    centres: Floats32
    weights: Floats32
    intercepts: Floats
    slopes: Floats
    bounds: Floats
    fold_of: Mapping[str, int]
    by_sample: bool
    sample_count: int
    group_count: int
    rating_count: int
    gain: float
    note: str

    @property
    def fold_count(self) -> int:
        return len(self.slopes) - 1

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal: a refitted head is another judge."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def predict_out_of_fold(self, features: npt.ArrayLike, groups: Sequence[Hashable]) -> Floats:
        """Distribution over the levels for each sample, from a head that did not see its group's labels.

        Parameters: features, (N, F); groups, (N,) prompts, named as they were at fitting.
        Returns: (N, L), rows sum to 1. A group unknown at fitting is predicted by the full head.
        Raises: FeaturesDoNotFit.
        """
        rows = self._checked(features)
        if len(groups) != len(rows):
            raise FeaturesDoNotFit(f"{len(rows)} rows of features but {len(groups)} groups. Pass one group a row.")
        keys = _keys(groups, rows if self.by_sample else None)
        return self._predict(rows, np.array([self.fold_of.get(key, self.fold_count) for key in keys], dtype=np.intp))

    def predict(self, features: npt.ArrayLike) -> Floats:
        """Distribution over the levels, (N, L), from the full head: only for samples it was not fitted to."""
        rows = self._checked(features)
        return self._predict(rows, np.full(len(rows), self.fold_count, dtype=np.intp))

    def expected(self, probabilities: npt.ArrayLike) -> Floats:
        """Expected value (N,), in scale points, of distributions (N, L) over this head's levels."""
        return np.asarray(np.asarray(probabilities, dtype=float) @ self.levels)

    def to_bytes(self) -> bytes:
        """The head as an .npz file without pickles; equal heads give equal bytes."""
        about = {name: getattr(self, name) for name in _PLAIN_FIELDS} | {"fold_of": dict(self.fold_of)}
        text = json.dumps(about, sort_keys=True).encode()
        arrays = {name: getattr(self, name) for name in _ARRAY_FIELDS}
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, about=np.frombuffer(text, dtype=np.uint8), **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "FittedHead":
        """The head that `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return cls(**json.loads(file["about"].tobytes()), **{name: file[name] for name in _ARRAY_FIELDS})

    def _checked(self, features: npt.ArrayLike) -> Floats:
        rows = _finite_rows(features)
        if rows.shape[1] != self.weights.shape[1]:
            raise FeaturesDoNotFit(
                f"Features have {rows.shape[1]} columns, the head was fitted to {self.weights.shape[1]}. "
                "Use the engine and revision it was fitted with, or fit a new head."
            )
        return rows

    def _predict(self, rows: Floats, chosen: Indices) -> Floats:
        probabilities = np.zeros((len(rows), len(self.levels)))
        for index in np.unique(chosen):
            mine = chosen == index
            probabilities[mine] = self._head(index).probabilities(rows[mine], self.levels)
        return probabilities

    def _head(self, index: int) -> "_Head":
        levels = LevelModel(self.intercepts[index], float(self.slopes[index]), float(self.bounds[index]))
        return _Head(self.centres[index], self.weights[index], levels)


_PLAIN_FIELDS = ("comparison", "by_sample", "sample_count", "group_count", "rating_count", "gain", "note")
_ARRAY_FIELDS = ("levels", "centres", "weights", "intercepts", "slopes", "bounds")


def fit_head(
    features: npt.ArrayLike,
    ratings: npt.ArrayLike,
    groups: Sequence[Hashable],
    *,
    levels: Sequence[float],
    seed: int,
    comparison: bool = False,
    column_scale: npt.ArrayLike = 1.0,
    folds: int = 5,
    most_samples: int = MOST_SAMPLES,
) -> FittedHead:
    """Fit the heads of one attribute to its first-round ratings.

    Parameters:
        features: (N, F); of a comparison, the second response's features minus the first's. Of many columns and samples
            the fit sees the main directions (`directions.py`).
        ratings: (N, M) single ratings in scale points, NaN = not rated; rows without a rating are left out.
        groups: (N,) the prompt of each sample; samples of one prompt are held out together.
        levels: the attribute's levels (numbers of an ordinal or interval scale); symmetric about 0 for a comparison.
        seed: which groups share a fold, and which are used where there are too many.
        comparison: no intercept and mirrored levels, so that swapping the responses exactly mirrors the judgment.
        column_scale: (F,) how large a part each standardised column may play beforehand, as its engine states it.
        folds: at least 2; as many as groups where there are fewer groups.
        most_samples: of more labelled samples, those of randomly drawn groups are used; the others count as unseen.

    Returns: a FittedHead. The same inputs in the same order give the same bytes (with the same linear algebra library).
    Raises: TooFewLabels, NothingToHoldOut, FeaturesDoNotFit, LevelsDoNotFit.
    """
    rows, scale = _finite_rows(features), _checked_levels(levels, comparison)
    counts = _count_levels(ratings, scale)
    if not len(rows) == len(counts) == len(groups):
        raise FeaturesDoNotFit(
            f"{len(rows)} rows of features, {len(counts)} of ratings, {len(groups)} groups. Pass one of each a sample."
        )
    labelled = np.flatnonzero(counts.sum(axis=1))
    if len(labelled) < LEAST_LABELLED:
        raise TooFewLabels(
            f"{len(labelled)} labelled samples; a head needs at least {LEAST_LABELLED}. Collect more annotations first."
        )
    rng = np.random.default_rng(seed)
    names = np.array([str(group) for group in groups])
    used = labelled[drawn(names[labelled].tolist(), most_samples, rng)]
    columns = np.broadcast_to(np.asarray(column_scale, dtype=float), rows.shape[1:])
    return _fit_folds(_Labelled(rows[used], counts[used], scale, columns, comparison), names[used], folds, rng)


def drawn(groups: Sequence[Hashable], most: int, rng: np.random.Generator) -> Indices:
    """Row numbers, ascending, of at most so many samples, by whole groups as far as that goes.

    `fit_head` draws by itself; whoever has more samples than it uses draws before reading their features.
    """
    if len(groups) <= most:
        return np.arange(len(groups))
    group = np.unique([str(group) for group in groups], return_inverse=True)[1]
    turn = rng.permutation(int(group.max()) + 1)[group]
    return np.sort(np.argsort(turn, kind="stable")[:most])


@dataclass(frozen=True)
class _Labelled:
    """Labelled samples: features (N, F), level counts (N, L), levels (L,), columns (F,)."""

    features: Floats
    counts: Floats
    levels: Floats
    columns: Floats
    comparison: bool

    def where(self, rows: npt.NDArray[np.bool_]) -> "_Labelled":
        return _Labelled(self.features[rows], self.counts[rows], self.levels, self.columns, self.comparison)

    def along(self, directions: Directions) -> "_Labelled":
        """The same samples, their features along main directions."""
        return replace(self, features=directions.seen(self.features), columns=directions.scale)


@dataclass(frozen=True)
class _Head:
    """One head; float32 as it is stored, so that a saved head predicts exactly what the fitted one did."""

    centre: Floats32
    weight: Floats32
    level_model: LevelModel

    def back_from(self, directions: Directions) -> "_Head":
        """The same head for features in their own columns."""
        return _Head(*directions.back(self.centre, self.weight), self.level_model)

    def probabilities(self, rows: Floats, levels: Floats) -> Floats:
        # Summed row by row, not as one matrix product: a sample's judgment must not depend on the batch it came in.
        scores = ((rows - self.centre) * self.weight.astype(float)).sum(axis=1)
        return level_probabilities(scores, levels, self.level_model)


def _fit_folds(samples: _Labelled, names: npt.NDArray[np.str_], folds: int, rng: np.random.Generator) -> FittedHead:
    by_sample = len(np.unique(names)) == 1
    keys = _keys(names.tolist(), samples.features if by_sample else None)
    fold_of = _assign_folds(keys, folds, rng)
    fold = np.array([fold_of[key] for key in keys])
    units = np.unique(keys, return_inverse=True)[1]
    trained_on = [fold != held_out for held_out in range(max(fold_of.values()) + 1)]
    directions = main_directions(samples.features, samples.columns, through_zero=samples.comparison, rng=rng)
    seen = samples.along(directions) if directions else samples
    heads = [_fit_one(seen.where(rows), units[rows]) for rows in [*trained_on, np.ones(len(fold), dtype=bool)]]
    gain = _held_out_gain(seen, heads, trained_on)
    heads = [head.back_from(directions) for head in heads] if directions else heads
    return FittedHead(
        levels=samples.levels,
        comparison=samples.comparison,
        centres=np.stack([head.centre for head in heads]),
        weights=np.stack([head.weight for head in heads]),
        intercepts=np.stack([head.level_model.intercepts for head in heads]),
        slopes=np.array([head.level_model.slope for head in heads]),
        bounds=np.array([head.level_model.bound for head in heads]),
        fold_of=fold_of,
        by_sample=by_sample,
        sample_count=len(fold),
        group_count=1 if by_sample else len(fold_of),
        rating_count=int(samples.counts.sum()),
        gain=gain,
        note=_note(by_sample, heads[-1].level_model.slope, gain),
    )


def _fit_one(samples: _Labelled, units: Indices) -> _Head:
    """Ridge on mean ratings, its strength and its level model by leaving out one unit at a time."""
    # A training fold of a single prompt can only leave out single samples.
    units = units if len(np.unique(units)) > 1 else np.arange(len(units))
    ratings_each = samples.counts.sum(axis=1)
    ridge = Ridge(
        samples.features,
        samples.counts @ samples.levels / ratings_each,
        ratings_each,
        column_scale=samples.columns,
        through_zero=samples.comparison,
    )
    strength, scores = ridge.leave_out(units)
    level_model = fit_levels(scores, samples.counts, samples.levels, units, mirrored=samples.comparison)
    return _Head(ridge.centre.astype(np.float32), ridge.weight(strength).astype(np.float32), level_model)


def _assign_folds(keys: Sequence[str], folds: int, rng: np.random.Generator) -> dict[str, int]:
    """Largest group first into the lightest fold; groups of one size in random order."""
    names, sizes = np.unique(keys, return_counts=True)
    if len(names) < 2:
        raise NothingToHoldOut(
            f"All {len(keys)} labelled samples have one prompt and the same features. Label samples of other prompts too."
        )
    shuffled = rng.permutation(len(names))
    load = np.zeros(min(max(folds, 2), len(names)))
    fold_of = {}
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        lightest = int(np.argmin(load))
        fold_of[str(names[group])] = lightest
        load[lightest] += sizes[group]
    return fold_of


def _keys(groups: Sequence[Hashable], features: Floats | None) -> list[str]:
    """A hash of each group's name, so that a stored head carries no prompts; with features, of group and sample.

    The sizes of the features name a sample the same in either order of a comparison.
    """
    if features is None:
        return [_hash(str(group).encode()) for group in groups]
    sizes = np.abs(features).astype(np.float32)
    return [_hash(str(group).encode() + row.tobytes()) for group, row in zip(groups, sizes, strict=True)]


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def _held_out_gain(samples: _Labelled, heads: list[_Head], trained_on: list[npt.NDArray[np.bool_]]) -> float:
    """Mean log-likelihood of a held-out rating above the pooled frequencies of the same training folds, in nats."""
    total = 0.0
    for head, seen in zip(heads[:-1], trained_on, strict=True):
        held_out = samples.where(~seen)
        pooled = pooled_frequencies(samples.counts[seen], mirrored=samples.comparison)
        gains = np.log(head.probabilities(held_out.features, samples.levels)) - np.log(pooled)
        total += float((held_out.counts * gains).sum())
    return total / float(samples.counts.sum())


def _note(by_sample: bool, slope: float, gain: float) -> str:
    grouping = "All labels belong to one prompt, so single samples were held out. " if by_sample else ""
    if slope == 0.0:
        return grouping + "The features tell nothing beyond the pooled frequencies of the levels: those are its answer."
    how = "likelier" if gain > 0.0 else "less likely"
    return (
        grouping + f"A held-out rating is {abs(gain):.3f} nats {how} than under the pooled frequencies of the levels."
    )


def _finite_rows(features: npt.ArrayLike) -> Floats:
    # Through float32: the hashes of single samples must not depend on how the caller stored their features.
    rows = np.asarray(features, dtype=np.float32).astype(float)
    if rows.ndim != 2:
        raise FeaturesDoNotFit(f"Features have shape {rows.shape}. Pass one row a sample, (N, F).")
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if bad.size:
        raise FeaturesDoNotFit(f"Rows {bad[:5].tolist()} of the features are not finite. Leave these samples out.")
    return rows


def _checked_levels(levels: Sequence[float], comparison: bool) -> Floats:
    scale = np.asarray(levels, dtype=float)
    if scale.ndim != 1 or len(scale) < 2 or not (np.diff(scale) > 0).all():
        raise LevelsDoNotFit(f"Levels {scale.tolist()} are not two or more ascending numbers. Sort them.")
    if comparison and not np.array_equal(scale, -scale[::-1]):
        raise LevelsDoNotFit(
            f"Levels {scale.tolist()} of a comparison are not symmetric about 0, so swapping could not mirror them. "
            "Give the rubric levels such as -1, 0, 1."
        )
    return scale


def _count_levels(ratings: npt.ArrayLike, levels: Floats) -> Floats:
    """(N, L): how often each level was chosen for each sample."""
    values = np.asarray(ratings, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    strange = values[~np.isnan(values) & ~np.isin(values, levels)]
    if strange.size:
        raise LevelsDoNotFit(
            f"Ratings {np.unique(strange)[:5].tolist()} are not among the levels {levels.tolist()}. "
            "Leave out ratings given under another rubric."
        )
    return np.asarray((values[:, :, None] == levels).sum(axis=1), dtype=float)
