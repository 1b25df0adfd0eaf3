"""Near-duplicates removed: of prompts (or other texts) that are almost the same, the first by its id stays.

Two texts are alike as far as they share shingles, their runs of a few characters (Jaccard: shared by all). Characters
and not words, because Chinese, Japanese and Thai write without spaces. MinHash with bands (LSH, by the library `rensa`) finds
who may be alike; whether they are is then counted exactly, so nothing below the threshold is ever removed.
"""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from rensa import RMinHash, RMinHashLSH

from modelgen.options import Between
from modelgen.pipeline.basis import StageBasis
from modelgen.pipeline.rows import joined
from modelgen.pipeline.stage import Row

MOST_HASHES = 256
MOST_MISSED = 0.01
"""Share of pairs exactly at the threshold that the bands may miss; of pairs further above it they miss far fewer."""
HASH_SEED = 1


@dataclass(frozen=True, kw_only=True)
class NearDuplicatesOptions:
    threshold: Annotated[float, Between(0.3, 1), "texts that share at least so much are the same"] = 0.7
    shingle: Annotated[int, Between(1, 20), "characters (or words) that are compared at once"] = 4
    unit: Annotated[Literal["characters", "words"], "what shingles are made of"] = "characters"
    key: Annotated[str, "compare this text of the rows, such as `request` or `topic`; empty: what the users say"] = ""


class NearDuplicates(StageBasis[NearDuplicatesOptions]):
    """Of near-duplicates only the first by id stays. Asks nobody."""

    kind = "near-duplicates"
    options_type = NearDuplicatesOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        rows = joined(inputs, self.options.key or "messages")
        in_order = sorted(range(len(rows)), key=lambda place: rows[place]["id"])
        kept = first_of_each(
            [self._text(rows[place]) for place in in_order],
            self.options.threshold,
            self.options.shingle,
            self.options.unit,
        )
        stays = {in_order[place] for place in kept}
        return [row for place, row in enumerate(rows) if place in stays]

    def _text(self, row: Row) -> str:
        return str(row[self.options.key]) if self.options.key else user_text(row)


def first_of_each(texts: Sequence[str], threshold: float, size: int = 4, unit: str = "characters") -> list[int]:
    """The places of texts that are not near-duplicates of an earlier one that stays.

    Finds 99 % of pairs whose likeness is exactly the threshold and nearly all above it; removes none below it.

    >>> first_of_each(["How do bees find home?", "how do  bees find home", "Why is the sea salty?"], 0.7)
    [0, 2]
    """
    hashes, bands = bands_for(threshold)
    index = RMinHashLSH(threshold=threshold, num_perm=hashes, num_bands=bands)
    sketches: dict[int, RMinHash] = {}  # of those that stay, in their order
    doubtless = threshold - 4 * math.sqrt(threshold * (1 - threshold) / hashes)  # four standard errors of an estimate
    for place, text in enumerate(texts):
        pieces = shingles(text, size, unit)
        sketch = RMinHash(num_perm=hashes, seed=HASH_SEED)
        sketch.update(pieces)
        # Prompts from one template are alike by half, and the bands name many of them: an estimate rules those out.
        near = (other for other in index.query(sketch) if sketches[other].jaccard(sketch) >= doubtless)
        if not is_like_any(pieces, (shingles(texts[other], size, unit) for other in near), threshold):
            index.insert(place, sketch)
            sketches[place] = sketch
    return list(sketches)


def is_like_any(pieces: Iterable[str], others: Iterable[Iterable[str]], threshold: float) -> bool:
    mine = set(pieces)
    return any(likeness(mine, set(other)) >= threshold for other in others)


def likeness(one: set[str], other: set[str]) -> float:
    """Jaccard: how much of what either has is shared; 1 for two without anything."""
    return len(one & other) / len(one | other) if one or other else 1.0


def shingles(text: str, size: int, unit: str = "characters") -> list[str]:
    """Runs of `size` characters (or words) of a text, in small letters and with single spaces; a short text is its own.

    >>> shingles("Ab  cde", 4)
    ['ab c', 'b cd', ' cde']
    """
    words = unicodedata.normalize("NFKC", text).casefold().encode("utf-8", "replace").decode().split()
    if unit == "words":
        return [" ".join(words[start : start + size]) for start in range(max(1, len(words) - size + 1))]
    plain = " ".join(words)
    return [plain[start : start + size] for start in range(max(1, len(plain) - size + 1))]


def bands_for(threshold: float) -> tuple[int, int]:
    """How many hashes, in how many bands: the longest bands (the fewest needless comparisons) that miss little enough.

    A band of r hashes agrees with the probability s^r for texts that are alike by s.

    >>> bands_for(0.7)
    (222, 37)
    """
    if threshold >= 1:
        return 128, 1
    for rows in range(32, 0, -1):
        bands = max(1, math.ceil(math.log(MOST_MISSED) / math.log1p(-(threshold**rows))))
        if rows * bands <= MOST_HASHES:
            return rows * bands, bands
    raise AssertionError("a band of one hash always fits: the threshold is 0.3 or more")


def user_text(row: Row) -> str:
    """All that users say in a prompt."""
    return "\n".join(message["content"] for message in row["messages"] if message["role"] == "user")
