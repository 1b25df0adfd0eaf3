"""When a project will be finished, and how many annotations that will take: ranges, or why nothing can be said.

Two things are unsure, and both are drawn many times. *How much is left*: the share of samples whose first round will not be
enough has the Beta posterior of a share (Jeffreys' prior), and how many of the open ones that makes is binomial. *How fast*:
what was done on the days of the last four weeks is taken as levels of its own for weekdays and weekends and a spread about
them. The levels are as unsure as the means of so few days are (Student's t, with the days counted as fewer where neighbours
are alike: Zieba, "Effective number of observations and unbiased estimators of variance for autocorrelated data", Metrology
and Measurement Systems 17 (2010)), and the days to come vary about them as those days did.

The range holds from the 10th to the 90th percentile of the draws. It knows nothing of what nobody did before: people who
will join, a holiday, a change of the guideline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from consensus.saying import said

DRAWS = 500
WINDOW_DAYS = 28
FEWEST_DAYS = 3
FARTHEST_DAYS = 730
SEVEN_DAYS = 7
LOW, HIGH = 0.1, 0.9
LIKELY_ALIKE, AS_DAYS = 0.5, 20
MOST_LOG = 3.0  # nobody believes twenty times what was seen

NOTHING_LEFT = said("Nothing is left to annotate.")
TOO_FEW_DAYS = said("It cannot be told before there are three whole days of work.")
NOBODY_WORKS = said("It cannot be told: nobody has worked in the last four weeks.")


@dataclass(frozen=True)
class WorkLeft:
    """What is left to do, and what decides how much that takes.

    open: samples whose first round is not complete; given: annotations that they have already. escalated: samples that
    wait for further people. first_round: annotations that a first round takes on average; extra: further ones that an
    escalated sample takes. may_escalate: the share of open samples that can escalate. decided, escalated_ever: of the
    samples that could escalate, how many had a first decision, and how many of those asked for more people.
    """

    open: int
    given: int
    escalated: int
    first_round: float
    extra: float
    may_escalate: float
    decided: int
    escalated_ever: int


@dataclass(frozen=True)
class Range:
    """From the 10th to the 90th percentile, with the middle."""

    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class End:
    """The days between which the last annotation comes; None: more than two years away."""

    low: date | None
    middle: date | None
    high: date | None


@dataclass(frozen=True)
class Forecast:
    """annotations: how many are still to come. end: None when it is undefined, and `undefined` says why."""

    annotations: Range
    end: End | None
    undefined: str = ""


def forecast(work: WorkLeft, daily: Sequence[int], *, at: datetime, rng: np.random.Generator) -> Forecast:
    """How much is to come, and when the last of it.

    Parameters: work; daily, annotations on each whole day until yesterday, the oldest first, beginning with the first day on
        which anybody worked: the last four weeks of them are used; at, now, in the zone in which those days are counted.

    >>> left = WorkLeft(100, 0, 0, first_round=3, extra=2, may_escalate=1, decided=400, escalated_ever=80)
    >>> told = forecast(left, [100] * 14, at=datetime(2026, 6, 1, 12), rng=np.random.default_rng(1))
    >>> told.annotations, str(told.end.low), str(told.end.high)
    (Range(low=328, middle=338, high=352), '2026-06-04', '2026-06-05')
    """
    wanted = annotations_to_come(work, rng)
    of = Range(*(int(np.quantile(wanted, q, method="nearest")) for q in (LOW, 0.5, HIGH)))
    recent = np.asarray(daily[-WINDOW_DAYS:], dtype=float)
    if why := _why_not(work, recent):
        return Forecast(of, None, why)
    days = _days_until(wanted, recent, at, rng)
    return Forecast(of, End(*(_day(at, np.quantile(days, q, method="nearest")) for q in (LOW, 0.5, HIGH))))


def _why_not(work: WorkLeft, recent: np.ndarray) -> str:
    if not work.open and not work.escalated:
        return NOTHING_LEFT
    if recent.size < FEWEST_DAYS:
        return TOO_FEW_DAYS
    return "" if recent.any() else NOBODY_WORKS


def _day(at: datetime, days: float) -> date | None:
    return at.date() + timedelta(days=int(days)) if days < FARTHEST_DAYS else None


def annotations_to_come(work: WorkLeft, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """(D,) floats: how many annotations are still to come, drawn. How far escalated samples have come is not known."""
    share = rng.beta(work.escalated_ever + 0.5, max(work.decided - work.escalated_ever, 0) + 0.5, draws)
    will_escalate = rng.binomial(round(work.open * work.may_escalate), share)
    under_way = work.escalated * work.extra * rng.uniform(1 / max(work.extra, 1), 1, draws)
    first = max(work.open * work.first_round - work.given, 0)
    return np.round(first + will_escalate * work.extra + under_way)


# --- how fast -------------------------------------------------------------------------------------------------------
def _days_until(wanted: np.ndarray, recent: np.ndarray, at: datetime, rng: np.random.Generator) -> np.ndarray:
    """(D,) days from today until each draw's work is done, FARTHEST_DAYS where it is not; 0 = today."""
    past_weekend = _is_weekend(at.date() - timedelta(days=recent.size), recent.size)
    horizon = int(np.clip(8 * wanted.max() / recent.mean() + 3 * SEVEN_DAYS, 0, FARTHEST_DAYS))
    ahead_weekend = _is_weekend(at.date(), horizon)
    weekday, weekend, spread = _levels(recent, past_weekend, wanted.size, rng)
    expected = np.where(ahead_weekend, weekend[:, None], weekday[:, None])
    expected[:, 0] *= 1 - (at.hour * 60 + at.minute) / (24 * 60)  # what is left of today
    done = np.cumsum(expected * rng.gamma(1 / spread**2, spread**2, expected.shape), axis=1)
    reached = done >= wanted[:, None]
    return np.where(reached[:, -1], reached.argmax(axis=1), FARTHEST_DAYS)


def _is_weekend(first: date, days: int) -> np.ndarray:
    return (first.weekday() + np.arange(days)) % SEVEN_DAYS >= 5


def _levels(
    recent: np.ndarray, is_weekend: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """What a weekday and a day of a weekend bring, drawn, and the relative spread of single days about that.

    Before a weekend was seen it may bring anything from nothing to what a weekday does.
    """
    means = np.where(is_weekend, _mean(recent[is_weekend]), _mean(recent[~is_weekend]))
    worked = means > 0
    ratios = recent[worked] / means[worked]
    freedom = max(ratios.size - len({*is_weekend[worked]}), 1)
    longer = _inflation(ratios - 1)
    least = 1 / recent[worked].mean()  # counts vary at least as chance does
    spread = float(np.sqrt(max(((ratios - 1) ** 2).sum() / freedom, least)))
    weekday, weekend = (
        _mean(recent[of]) * np.exp(np.clip(rng.standard_t(freedom, draws) * off, -MOST_LOG, MOST_LOG))
        for of in (~is_weekend, is_weekend)
        for off in [spread * np.sqrt(longer / max(of.sum(), 1))]
    )
    if not is_weekend.any():
        weekend = weekday * rng.uniform(0, 1, draws)
    return weekday, weekend, spread * np.sqrt(longer)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else 0.0


def _inflation(residuals: np.ndarray) -> float:
    """By how much the variance of a sum of days exceeds that of as many independent ones; never below 1.

    Few days cannot show that neighbours are alike, and crowds come and go in waves: so a correlation of LIKELY_ALIKE is
    assumed beforehand, with the weight of AS_DAYS days.
    """
    days, total = residuals.size, (residuals**2).sum()
    seen = (residuals[1:] * residuals[:-1]).sum() / total if total else 0.0
    seen += (1 + 3 * seen) / days  # a short series looks too independent
    alike = float(np.clip((days * seen + AS_DAYS * LIKELY_ALIKE) / (days + AS_DAYS), 0, 0.8))
    return (1 + alike) / (1 - alike)
