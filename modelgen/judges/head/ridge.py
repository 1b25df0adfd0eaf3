"""Weighted ridge regression whose strength is chosen by leaving out whole groups, without refitting.

One decomposition serves every strength and every group: the residual of a left-out block B is exactly
e_B = (I - H_BB)^-1 (y - Hy)_B (the block form of Allen's PRESS, 1974; Cook and Weisberg 1982, section 2.2).
"""

import numpy as np
import numpy.typing as npt

STRENGTHS = np.logspace(3.0, -3.0, 13)
"""Ridge strengths tried, strongest first, in units of the mean squared singular value of the standardised features."""

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


class Ridge:
    """Ridge regression of targets on standardised features, ready to be asked for any strength.

    Parameters: features, (N, F); targets and weights, (N,); column_scale, (F,) how large a part each standardised
        column may play beforehand; through_zero: no centring and no intercept, so that negated features negate the score.
    Attributes: centre, (F,); a score is (features - centre) @ weight(strength), around the targets' mean.
    """

    def __init__(
        self, features: Floats, targets: Floats, weights: Floats, *, column_scale: Floats, through_zero: bool
    ) -> None:
        self._root = np.sqrt(weights / weights.mean())
        self.centre = np.zeros(features.shape[1]) if through_zero else np.average(features, axis=0, weights=weights)
        mean = 0.0 if through_zero else float(np.average(targets, weights=weights))
        shifted = features - self.centre
        spread = np.sqrt(np.average(shifted**2, axis=0, weights=weights))
        # A column that never varies has nothing to say: its factor is 0, not 1 / 0.
        self._factor = np.divide(column_scale, spread, out=np.zeros_like(spread), where=spread > 1e-9)
        self._rows = shifted * self._factor * self._root[:, None]
        self._targets = (targets - mean) * self._root
        self._basis, self._squares = _left_singular(self._rows)
        # The intercept is not penalised: its direction keeps its whole leverage.
        self._free = np.zeros((len(targets), 0)) if through_zero else _unit(self._root)[:, None]

    def leave_out(self, groups: Indices) -> tuple[float, Floats]:
        """The strength of least squared left-out error, and at that strength each row's score (N,) without its group.

        Parameters: groups, (N,) integers, two or more different ones.
        """
        blocks = _blocks_by_size(groups)
        strengths = STRENGTHS * (float(self._squares.mean()) if len(self._squares) else 1.0)
        residuals = [self._left_out_residuals(float(strength), blocks) for strength in strengths]
        best = int(np.argmin([float(errors @ errors) for errors in residuals]))
        return float(strengths[best]), (self._targets - residuals[best]) / self._root

    def weight(self, strength: float) -> Floats:
        """Weights (F,) on the raw features, in scale points a unit of feature."""
        fitted = self._basis @ ((self._basis.T @ self._targets) / (self._squares + strength))
        weight: Floats = (self._rows.T @ fitted) * self._factor
        return weight

    def _left_out_residuals(self, strength: float, blocks: list[Indices]) -> Floats:
        shrunk = self._basis * np.sqrt(self._squares / (self._squares + strength))
        hat_root = np.hstack([shrunk, self._free])
        residuals: Floats = self._targets - hat_root @ (hat_root.T @ self._targets)
        for block in blocks:
            residuals[block] = _without_own_block(hat_root[block], residuals[block][..., None])[..., 0]
        return residuals


def _without_own_block(half: Floats, residuals: Floats) -> Floats:
    """(I - H_BB)^-1 e_B for blocks of one size: half, (blocks, size, r) with H_BB = half half'; e_B, (blocks, size, 1)."""
    size, rank = half.shape[1:]
    turned = half.transpose(0, 2, 1)
    if size <= rank:
        return np.asarray(np.linalg.solve(np.eye(size) - half @ turned, residuals))
    # Woodbury: the smaller system, so that one prompt with many samples costs no more than its rank.
    return np.asarray(residuals + half @ np.linalg.solve(np.eye(rank) - turned @ half, turned @ residuals))


def _left_singular(rows: Floats) -> tuple[Floats, Floats]:
    """Left singular vectors (N, r) and squared singular values (r,), through the smaller Gram matrix."""
    wide = rows.shape[0] <= rows.shape[1]
    squares, vectors = np.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)
    kept = squares > max(float(squares[-1]) * 1e-9, 1e-12)
    squares, vectors = squares[kept], vectors[:, kept]
    return (vectors if wide else rows @ vectors / np.sqrt(squares)), squares


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))


def _blocks_by_size(groups: Indices) -> list[Indices]:
    """Row numbers of each group, groups of one size together as (groups, size): solved in one batch."""
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    sizes = np.array([len(rows) for rows in members])
    return [np.stack([members[i] for i in np.flatnonzero(sizes == size)]) for size in np.unique(sizes)]
