"""Random numbers that depend on what they are for, and on nothing else."""

import numpy as np

from modelgen.options import digest


def chance(of: str, row_id: str = "") -> np.random.Generator:
    """The random numbers of a stage or a judge (by its digest), or of one of its rows: the same whenever and wherever."""
    return np.random.default_rng(int(digest([of, row_id]), 16))
