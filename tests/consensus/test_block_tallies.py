"""Reliability from running sums by block of prompts equals that of all samples, and its interval is as wide."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from consensus import reliability
from consensus.block_tallies import BlockTallies
from consensus.scales import Scale

FIVE = Scale((0, 1, 2, 3, 4), "ordinal")


def crowd_of(samples, rng):
    """(N, 5) counts of three ratings near a true level, two samples a prompt; every tenth has one rating only."""
    truth = np.repeat(rng.integers(0, 5, (samples + 1) // 2), 2)[:samples]
    ratings = np.clip(truth[:, None] + rng.integers(-1, 2, (samples, 3)), 0, 4).astype(float)
    ratings[::10, 1:] = np.nan
    return FIVE.tally(ratings), np.arange(samples) // 2


def blocks_of(counts, blocks):
    rows = []
    for count, block in zip(counts.tolist(), blocks.tolist(), strict=True):
        size = sum(count)
        for one, other in combinations_with_replacement(range(5), 2):
            many = count[one] * (count[one] - 1) if one == other else count[one] * count[other]
            many = count[one] if size == 1 and one == other else many
            rows.append((block, size, one, other, many))
    return BlockTallies.of_cells(
        5, *(np.array(column) for column in zip(*(row for row in rows if row[-1]), strict=True))
    )


def test_every_figure_is_that_of_a_full_computation():
    counts, prompts = crowd_of(120, np.random.default_rng(3))
    of_blocks = blocks_of(counts, prompts % 50).measure(FIVE, np.random.default_rng(0))
    whole = reliability.measure(counts, FIVE, prompts, np.random.default_rng(0))
    for name in ("alpha", "quadratic_kappa", "linear_kappa", "ac1", "ac2", "percent_agreement", "weighted_agreement"):
        one, other = getattr(of_blocks, name), getattr(whole, name)
        assert one.value == pytest.approx(other.value, abs=1e-12)
        assert one.count == other.count
    assert (of_blocks.alpha.clusters, whole.alpha.clusters) == (50, 60)


def test_the_interval_is_as_wide_as_that_by_prompt():
    rng, widths = np.random.default_rng(4), []
    for _ in range(12):
        counts, prompts = crowd_of(600, rng)
        of_blocks = blocks_of(counts, rng.permutation(300)[prompts] % 100).alpha(FIVE, rng, draws=400)
        whole = reliability.measure(counts, FIVE, prompts, rng, draws=400).alpha
        widths.append((of_blocks.high - of_blocks.low) / (whole.high - whole.low))
    assert np.mean(widths) == pytest.approx(1, abs=0.08)


def test_what_is_undefined_is_said_in_words():
    nothing = BlockTallies.of_cells(5, [], [], [], [], [])
    assert nothing.alpha(FIVE, np.random.default_rng(0)).undefined.startswith("No sample has two ratings")
    alike = BlockTallies.of_cells(5, [0, 1], [3, 3], [2, 2], [2, 2], [6, 6])
    assert "Every rating that can be compared is 2" in alike.alpha(FIVE, np.random.default_rng(0)).undefined
