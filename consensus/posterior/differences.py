"""How much people differ from each other, beyond what chance alone would show.

What a person does on one sample tells nothing of what they do on another, unless it is their habit. So the products of one
person's residuals on *different* samples add up to zero when people are alike, however noisy they are, and to the
variance between people when they are not. Nothing is maximised, so nothing can drift.
"""

from __future__ import annotations

import numpy as np

MOST_RATINGS = 1e6  # nobody is told apart any more
STANDARD_ERRORS = 1.0  # people are told apart only as far as the evidence goes beyond this


def variance_between(products: np.ndarray, pairs: np.ndarray) -> float:
    """The variance between people, on the safe side: one standard error under its estimate, and never below 0.

    Parameters: products, (P,) for each person the sum over pairs of different samples of the products of their residuals;
        pairs, (P,) the same sum had every product been 1. Both may be weighted by person.
    Returns: in squared units of the residuals; 0 with one person or no pairs.
    Source: the method of moments for one-way random effects (Searle, Casella, McCulloch, "Variance Components", 1992).
    """
    total = float(pairs.sum())
    if total <= 0:
        return 0.0
    error = float(np.sqrt((products**2).sum()))
    return max(float(products.sum()) - STANDARD_ERRORS * error, 0.0) / total


def pair_products(sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Sums of residuals and of their squares -> sums of products of different residuals, both ways, of the same shape."""
    return np.asarray(sums**2 - squares)


def shrinkage(noise: float, between: float) -> float:
    """How many ratings of their own a person needs before these weigh as much as what is known of everybody."""
    return noise / between if between > noise / MOST_RATINGS else MOST_RATINGS
