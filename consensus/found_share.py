"""How large a share of everything has a fault, from second looks at a part of it that was drawn with known probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from consensus.estimates import Estimate
from consensus.saying import said

_Z = 1.959963984540054  # of a 95 % interval


class StratumNotValid(ValueError):
    """More was found than was looked at, or more looked at than drawn, or nothing could have been drawn."""


@dataclass(frozen=True)
class Stratum:
    """What was drawn with one probability: how many, of how many of them somebody has looked, and in how many of these a fault was found.

    Raises: StratumNotValid.
    """

    probability: float
    drawn: int
    looked: int
    found: int

    def __post_init__(self) -> None:
        if not (0 <= self.found <= self.looked <= self.drawn and 0 < self.probability <= 1):
            raise StratumNotValid(
                f"{self.found} faults in {self.looked} looks at {self.drawn} drawn with probability {self.probability}. "
                "Give each no more than the one before, and a probability above 0 up to 1."
            )

    @property
    def stands_for(self) -> float:
        """How many there were to draw from."""
        return self.drawn / self.probability


def found_share(strata: Sequence[Stratum]) -> Estimate:
    """The share with a fault among everything that could have been drawn, with a 95 % interval.

    Every stratum counts for what it was drawn from (Horvitz and Thompson 1952), so that what is always drawn, such as a new
    person's first answers, does not count for more than it is. What was drawn and waits still is taken to be like what was looked at in
    its stratum; a stratum into which nobody has looked is left out. The interval is Wilson's (1927) at the effective number of looks (Kish 1965); with one stratum it is his as it stands.

    Returns: count, clusters: looks. Undefined, in words, before the first.

    >>> of = found_share([Stratum(probability=1.0, drawn=10, looked=10, found=5), Stratum(probability=0.1, drawn=9, looked=9, found=0)])
    >>> of.value, of.count
    (0.05, 19)
    """
    seen = [stratum for stratum in strata if stratum.looked]
    looked = sum(stratum.looked for stratum in seen)
    if not looked:
        return Estimate(None, None, None, 0, 0, NOTHING_YET)
    total = sum(stratum.stands_for for stratum in seen)
    value = sum(stratum.stands_for * stratum.found / stratum.looked for stratum in seen) / total
    effective = total**2 / sum(stratum.stands_for**2 / stratum.looked for stratum in seen)
    low, high = wilson_interval(value, effective)
    return Estimate(value, low, high, looked, looked)


NOTHING_YET = said("Nothing has been looked at yet.")


def wilson_interval(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share that was seen in `count` draws, which need not be a whole number.

    >>> [round(end, 4) for end in wilson_interval(0.0, 20)]
    [0.0, 0.1611]
    """
    spread = _Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    reach = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
