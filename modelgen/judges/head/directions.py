"""Wide features seen along their main directions, so that a fit to thousands of columns takes as long as one to a thousand.

Found without any label, by a randomised singular value decomposition (Halko, Martinsson and Tropp 2011, algorithms 4.4 and
5.1), so nothing of a rating can leak through them. Hidden states vary almost wholly along a few hundred directions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MOST_DIRECTIONS = 1280
"""Features of no more columns, and of no more samples, are used as they are."""
POWER_STEPS = 2

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Directions:
    """D orthogonal directions in F columns.

    factor: (F,) what each column is multiplied by, 0 where it never varies. basis: (F, D). scale: (D,) the size of the
    multiplied features along each direction, which a ridge must keep, or small directions would play as large a part as
    the main ones.
    """

    factor: Floats
    basis: Floats
    scale: Floats

    def seen(self, features: Floats) -> Floats:
        """Features (N, F) along the directions, (N, D)."""
        return np.asarray((features * self.factor) @ self.basis)

    def back(self, centre: Floats32, weight: Floats32) -> tuple[Floats32, Floats32]:
        """A centre and a weight (D,) as they are in the features' own columns, (F,): the same score for every row."""
        in_columns = _divided(self.basis @ centre, self.factor), (self.basis @ weight) * self.factor
        return in_columns[0].astype(np.float32), in_columns[1].astype(np.float32)


def main_directions(
    features: Floats, column_scale: Floats, *, through_zero: bool, rng: np.random.Generator, most: int = MOST_DIRECTIONS
) -> Directions | None:
    """The main directions of features (N, F); None where there are few enough columns or samples to use all.

    Parameters: column_scale, (F,) as in `Ridge`; through_zero, directions from 0 and not from the mean, as of comparisons.
    """
    if min(features.shape) <= most:
        return None
    shifted = features if through_zero else features - features.mean(axis=0)
    factor = _divided(column_scale, np.sqrt(np.mean(shifted**2, axis=0)))
    rows = (shifted * factor).astype(np.float32)
    basis = _main_right(rows, most, rng)
    scale = np.sqrt(np.mean((rows @ basis) ** 2, axis=0))
    return Directions(factor, basis.astype(float), scale.astype(float))


def _divided(values: Floats, by: Floats) -> Floats:
    """0 where there is nothing to divide by."""
    return np.divide(values, by, out=np.zeros_like(by), where=by > 1e-9)


def _main_right(rows: Floats32, most: int, rng: np.random.Generator) -> Floats32:
    """(F, D) orthonormal: the range of random sums of rows, drawn towards the largest singular values."""
    found = _orthonormal(rows.T @ rng.standard_normal((len(rows), most), dtype=np.float32))
    for _ in range(POWER_STEPS):
        found = _orthonormal(rows.T @ (rows @ found))
    turned = np.linalg.eigh((small := rows @ found).T @ small)[1]  # to the singular vectors within that range
    return np.asarray(found @ turned[:, ::-1])


def _orthonormal(columns: Floats32) -> Floats32:
    return np.asarray(np.linalg.qr(columns)[0])
