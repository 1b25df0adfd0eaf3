"""Looking at a large set in parts: a sample of its samples, or all of it a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from consensus.votes import Votes

PROBE_SAMPLES = 20_000  # what is true of people shows on so many samples
PROBE_SEED = 20240612
_BLOCK_VOTES = 1 << 18


def probe_of(votes: Votes, shared: np.ndarray, most: int = PROBE_SAMPLES) -> Votes:
    """The votes of at most `most` of the `shared` samples, the same every time, with places closed up."""
    candidates = np.flatnonzero(shared)
    if len(candidates) <= most:
        return votes
    rng = np.random.default_rng(PROBE_SEED)
    chosen = np.zeros(votes.sample_count, dtype=bool)
    chosen[rng.choice(candidates, most, replace=False)] = True
    kept = votes.kept(chosen[votes.sample])
    places = np.cumsum(chosen) - 1
    return replace(kept, sample=places[kept.sample].astype(np.int32), sample_count=most)


def blocks(votes: Votes) -> Iterator[Votes]:
    """The votes in runs of whole samples, small enough for a processor's cache, each with its samples counted from 0."""
    first = 0
    while first < votes.sample_count:
        wanted = votes.starts[first] + _BLOCK_VOTES
        last = max(int(np.searchsorted(votes.starts, wanted, "right")) - 1, first + 1)
        last = min(last, votes.sample_count)
        rows = slice(votes.starts[first], votes.starts[last])
        yield Votes(
            votes.sample[rows] - np.int32(first),
            votes.person[rows],
            votes.level[rows],
            last - first,
            votes.person_count,
            votes.level_count,
        )
        first = last
