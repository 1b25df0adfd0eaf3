"""How sure judges must be that they may settle a sample alone, so that a promise about them can be kept.

The promise: with a probability of at least 1 - risk, judges and people agree on at least `target` of the samples that judges
settle. It rests on samples that people judged and that nobody chose: the random slice. Thresholds of the judges' sureness are
tested from the strictest to looser ones, each by the exact binomial test of

    H0: of the samples as sure as this, judges agree with people on less than the target

and the first that is not rejected ends the walk. The loosest one rejected is used. Each test has the whole risk: a threshold
is tested only when all stricter ones passed, so the first *wrong* threshold in the order is the only one at which the walk
can go wrong, and there it does so with the risk of one test. (Taking the best of all thresholds looks at twenty chances to be
lucky.) Source: fixed-sequence testing in "Trust or Escalate" (Jung et al., 2024) and "Learn then Test" (Angelopoulos et al.,
2021).

Three things make the test what it claims to be, and the caller must see to them:

- How sure judges are of a sample was learned elsewhere (`frozen_panel`): a table that has seen the tested people would be surest
  where it happens to fit them.
- Tested samples are independent: one a prompt.
- Somebody who looks again whenever the slice has grown finds a lucky moment. So a k-th look has only `risk_of_look` of the
  risk; all looks together have no more than the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from consensus.estimates import Estimate
from consensus.scales import WrongShape

Reason = Literal["promised", "too_few_tested", "nothing_judged", "strictest_failed"]
STEPS = 20  # thresholds: that many equal shares of all samples
ROOM = 3  # the walk begins where tested samples are so many times what an errorless test needs: a first step may err a little
GROWTH = 1.5  # a further look is worth its risk when the slice has grown so many times
FEW = 10  # with fewer errors or agreements than these a normal interval is not to be trusted
_Z = 1.959964


class PromiseNotValid(ValueError):
    """No promise can be tested with these numbers; the message says which and why."""


@dataclass(frozen=True, eq=False)
class Audited:
    """Samples of the random slice, one a prompt. sureness: (n,) from 0 to 1; agrees: (n,) whether the judges' values are the
    people's."""

    sureness: np.ndarray
    agrees: np.ndarray

    def __post_init__(self) -> None:
        if self.sureness.shape != self.agrees.shape or self.sureness.ndim != 1:
            raise WrongShape(
                f"Sureness of shape {self.sureness.shape} for {self.agrees.shape} comparisons. Give one of each a sample."
            )


@dataclass(frozen=True)
class Step:
    """One threshold. coverage: the share of all judged samples that are as sure; count: tested samples that are, agreed: of these,
    those on which judges and people agree; p_value: of the test; None where the walk did not come so far."""

    threshold: float
    coverage: float
    count: int
    agreed: int
    p_value: float | None
    is_passed: bool

    @property
    def agreement(self) -> float | None:
        return self.agreed / self.count if self.count else None


@dataclass(frozen=True)
class Routing:
    """What can be promised. steps: from strict to loose, also those that the walk did not reach; chosen: the one to be used.

    risk: that of this look. needed: tested samples above a threshold without which no test passes, all of them agreeing.
    error: of the samples that judges would settle, with an interval of 95 %. It is measured on the samples that chose the
    threshold, so it leans to the bright side; the promise does not.
    """

    target: float
    risk: float
    reason: Reason
    steps: tuple[Step, ...]
    chosen: Step | None
    tested: int
    needed: int
    error: Estimate | None


def route(tested: Audited, population: npt.ArrayLike, prompts: npt.ArrayLike, *, target: float, risk: float) -> Routing:
    """Walk from the strictest threshold to looser ones and stop at the first that cannot be promised.

    Parameters: tested; population, (N,) the sureness of all judged samples apart from those tested: they set the thresholds and
        the coverage, so that the tested ones choose nothing but where to stop; prompts, (N,) theirs; target, share of 1, agreement;
        risk, of this look (`risk_of_look`).
    Raises: PromiseNotValid, WrongShape.
    """
    needed = samples_needed(target, risk)
    everything = np.sort(np.asarray(population, dtype=float))
    tested_count = len(tested.sureness)
    thresholds = _thresholds(everything, tested.sureness, needed)
    if not len(everything) or tested_count < needed:
        reason: Reason = "too_few_tested" if tested_count < needed else "nothing_judged"
        steps = tuple(_step(tested, everything, at, None, 0.0) for at in thresholds)
        return Routing(target, risk, reason, steps, None, tested_count, needed, None)
    steps = _walk(tested, everything, thresholds, target, risk)
    passed = [step for step in steps if step.is_passed]
    if not passed:
        return Routing(target, risk, "strictest_failed", steps, None, tested_count, needed, None)
    error = _error(tested, np.asarray(population, dtype=float), np.asarray(prompts), passed[-1].threshold)
    return Routing(target, risk, "promised", steps, passed[-1], tested_count, needed, error)


def risk_of_look(risk: float, look: int) -> float:
    """The share of the risk that the k-th look may take, k from 1: risk / (k (k + 1)), which sums to the risk.

    Raises: PromiseNotValid.
    """
    if not 0 < risk < 1 or look < 1:
        raise PromiseNotValid(f"Look {look} at a risk of {risk:g}. Looks count from 1; give a risk between 0 and 1.")
    return risk / (look * (look + 1))


def samples_needed(target: float, risk: float) -> int:
    """How many tested samples a test needs that passes when all of them agree: the least n with target ** n <= risk.

    Raises: PromiseNotValid.

    >>> samples_needed(0.95, 0.05)
    59
    """
    if not 0 < target < 1 or not 0 < risk < 1:
        raise PromiseNotValid(f"Target {target:g} at a risk of {risk:g}. Give two shares between 0 and 1.")
    return math.ceil(math.log(risk) / math.log(target) - 1e-9)


def at_least(agreed: int, count: int, share: float) -> float:
    """The probability that so many or more of `count` agree when each does with probability `share`: the exact p-value.

    >>> round(at_least(59, 59, 0.95), 4)
    0.0485
    """
    if agreed <= 0:
        return 1.0
    if agreed > count:
        return 0.0
    if not 0 < share < 1:
        return float(share >= 1)
    factorials, agreeing = _log_factorials(count), np.arange(agreed, count + 1)
    logs = factorials[count] - factorials[agreeing] - factorials[count - agreeing]
    logs += agreeing * math.log(share) + (count - agreeing) * math.log1p(-share)
    return min(float(np.exp(logs).sum()), 1.0)


@lru_cache(maxsize=64)
def _log_factorials(most: int) -> np.ndarray:
    """ln 0!, ln 1!, ... ln most!"""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])


def exact_interval(events: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """The share of events behind what was counted (Clopper and Pearson 1934): never narrower than it says.

    >>> [round(end, 4) for end in exact_interval(0, 59)]
    [0.0, 0.0606]
    """
    tail = (1 - confidence) / 2
    low = _share_where(lambda share: at_least(events, count, share) - tail) if events else 0.0
    high = _share_where(lambda share: tail - (1 - at_least(events + 1, count, share))) if events < count else 1.0
    return low, high


def _share_where(rises: Callable[[float], float]) -> float:
    """The share from 0 to 1 at which a function that rises from below 0 is 0."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if rises(middle) > 0 else (middle, high)
    return (low + high) / 2


def _thresholds(everything: np.ndarray, tested: np.ndarray, needed: int) -> list[float]:
    """From strict to loose, without a look at who agreed. Samples of which judges are equally sure are not divided.

    None lies lower than a tested sample: of what is less sure than everything that was tested, nothing is known.
    """
    if not len(everything) or not len(tested):
        return []
    shares = np.arange(1, STEPS + 1) / STEPS
    begun = shares[shares * len(tested) >= min(ROOM * needed, len(tested))]
    places = np.ceil(len(everything) * (1 - begun) - 1e-9).astype(int)
    wanted, known = everything[np.minimum(places, len(everything) - 1)], np.sort(tested)
    seats = np.searchsorted(known, wanted)
    return sorted({float(known[seat]) for seat in seats if seat < len(known)}, reverse=True)


def _walk(
    tested: Audited, everything: np.ndarray, thresholds: Sequence[float], target: float, risk: float
) -> tuple[Step, ...]:
    steps: list[Step] = []
    goes_on = True
    for threshold in thresholds:
        steps.append(_step(tested, everything, threshold, target if goes_on else None, risk))
        goes_on = goes_on and steps[-1].is_passed
    return tuple(steps)


def _step(tested: Audited, everything: np.ndarray, threshold: float, target: float | None, risk: float) -> Step:
    """`target`: None where nothing is tested any more."""
    above = tested.sureness >= threshold
    count, agreed = int(above.sum()), int(tested.agrees[above].sum())
    p_value = None if target is None else at_least(agreed, count, target)
    coverage = float((everything >= threshold).mean()) if len(everything) else 0.0
    return Step(threshold, coverage, count, agreed, p_value, p_value is not None and p_value <= risk)


def _error(tested: Audited, population: np.ndarray, prompts: np.ndarray, threshold: float) -> Estimate:
    """The error of what judges would settle: what they themselves expect, put right by the slice.

    Prediction-powered: the mean of 1 - sureness over all samples, plus the mean of what it misses on the tested ones, the
    first weighed as it helps. Source: Angelopoulos, Duchi and Zrnic, "PPI++" (2023); Boyeau et al. (2024) for judges of models.
    With few errors the interval is the exact binomial one of the tested samples alone.
    """
    above, routed = tested.sureness >= threshold, population >= threshold
    wrong, guess = 1.0 - tested.agrees[above], 1.0 - tested.sureness[above]
    count, errors = len(wrong), round(float(wrong.sum()))
    if min(errors, count - errors) < FEW:
        low, high = exact_interval(errors, count)
        return Estimate(errors / count, low, high, count, count)
    everywhere, of_prompt = 1.0 - population[routed], np.unique(prompts[routed], return_inverse=True)[1]
    both = np.cov(guess, wrong)
    weight = float(np.clip(both[0, 1] / (both[0, 0] * (1 + count / len(everywhere))), 0, 1)) if both[0, 0] > 0 else 0.0
    value = weight * float(everywhere.mean()) + float((wrong - weight * guess).mean())
    around = np.bincount(of_prompt, everywhere - everywhere.mean())
    variance = float(np.var(wrong - weight * guess, ddof=1)) / count
    variance += weight**2 * float((around**2).sum()) / len(everywhere) ** 2
    reach = _Z * math.sqrt(variance)
    return Estimate(min(max(value, 0.0), 1.0), max(value - reach, 0.0), min(value + reach, 1.0), count, count)
