"""The forecast of the end: what it rests on, when it says nothing, and how often the true end is in its range."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from consensus.forecast import NOBODY_WORKS, NOTHING_LEFT, TOO_FEW_DAYS, End, WorkLeft, annotations_to_come, forecast

MONDAY = datetime(2026, 6, 1)
PROJECTS = 100


def left(**changed):
    about = {"given": 0, "escalated": 0, "first_round": 3, "extra": 2, "may_escalate": 1}
    return WorkLeft(**{"open": 100, **about, "decided": 400, "escalated_ever": 80, **changed})


def told(daily, *, at=MONDAY, **changed):
    return forecast(left(**changed), daily, at=at, rng=np.random.default_rng(1))


def test_what_is_left_is_the_first_rounds_and_the_share_that_will_escalate():
    wanted = annotations_to_come(left(), np.random.default_rng(1), draws=4000)
    assert wanted.mean() == pytest.approx(100 * 3 + 100 * 0.2 * 2, abs=1)
    assert wanted.min() >= 300
    assert wanted.max() <= 500


def test_what_open_samples_have_already_is_not_asked_again():
    assert told([100] * 14, given=120).annotations.middle == told([100] * 14).annotations.middle - 120


def test_before_any_decision_the_share_that_escalates_may_be_anything():
    unknown, known = told([100] * 14, decided=0, escalated_ever=0).annotations, told([100] * 14).annotations
    assert unknown.low < known.low
    assert unknown.high > known.high + 100


def test_samples_of_the_slice_never_escalate():
    assert told([100] * 14, may_escalate=0).annotations.high == 300


def test_with_too_few_days_it_says_so_and_still_says_how_much_is_left():
    found = told([100, 100])
    assert (found.end, found.undefined) == (None, TOO_FEW_DAYS)
    assert found.annotations.middle > 300


def test_where_nobody_works_or_nothing_is_left_there_is_no_end():
    assert told([50, *[0] * 30]).undefined == NOBODY_WORKS
    assert told([100] * 14, open=0).undefined == NOTHING_LEFT


def test_a_crowd_that_rests_at_weekends_is_not_expected_to_work_then():
    """Friday noon, two weeks of weekdays behind: what a day and a half do not bring comes on Monday."""
    fortnight = [*[100] * 5, 0, 0, *[100] * 5, 0, 0, *[100] * 4]
    friday = MONDAY + timedelta(days=4, hours=12)
    assert told(fortnight, at=friday, may_escalate=0, open=40).end.middle == date(2026, 6, 8)


def test_a_weekend_that_nobody_has_seen_widens_the_range():
    """From Monday to Thursday nothing is known of Saturdays."""
    unseen = told([100] * 4, at=MONDAY + timedelta(days=4), may_escalate=0, open=300).end
    seen = told([100] * 28, at=MONDAY + timedelta(days=4), may_escalate=0, open=300).end
    assert unseen.high - unseen.low > seen.high - seen.low


def test_what_would_take_more_than_two_years_has_no_day():
    assert told([1] * 14, open=100_000).end == End(None, None, None)


def test_only_the_last_four_weeks_count():
    assert told([5000] * 50 + [100] * 28).end == told([100] * 28).end


# --- how often the range holds --------------------------------------------------------------------------------------
def days_of(kind, count, first, rng):
    """Annotations a day: the same every day, less at weekends, none then, or in waves that last for days."""
    is_weekend = (first.weekday() + np.arange(count)) % 7 >= 5
    level = 90 * np.where(is_weekend, {"steady": 1, "idle weekends": 0}.get(kind, 0.3), 1.0)
    if kind == "uneven":
        level = level * rng.gamma(4, 1 / 4, count)
    if kind == "waves":
        shocks, wave = rng.normal(0, 0.3, count), np.zeros(count)
        for day in range(1, count):
            wave[day] = 0.6 * wave[day - 1] + shocks[day]
        level = level * np.exp(wave)
    return rng.poisson(level)


def is_met(kind, history, number):
    """One project, its forecast, and whether its true end was in the range."""
    rng = np.random.default_rng([number, history])
    at = MONDAY + timedelta(days=int(rng.integers(7)))
    daily = days_of(kind, history + 300, (at - timedelta(days=history)).date(), rng)
    share, samples, decided = rng.uniform(0.05, 0.4), int(rng.integers(100, 1500)), max(daily[:history].sum() // 3, 1)
    work = left(open=samples, decided=int(decided), escalated_ever=int(rng.binomial(decided, share)))
    needed = 3 * samples + 2 * rng.binomial(samples, share)
    ended = at.date() + timedelta(days=int((np.cumsum(daily[history:]) >= needed).argmax()))
    end = forecast(work, daily[:history].tolist(), at=at, rng=rng).end
    return (end.low or date.max) <= ended <= (end.high or date.max)


@pytest.mark.parametrize(
    ("kind", "history", "at_least"),
    [
        ("quiet weekends", 3, 0.8),
        ("idle weekends", 28, 0.8),
        ("uneven", 10, 0.8),
        ("waves", 28, 0.7),  # a wave that lasts for days looks like a level until several were seen
    ],
)
def test_eight_of_ten_true_ends_are_in_the_range(kind, history, at_least):
    met = sum(is_met(kind, history, number) for number in range(PROJECTS)) / PROJECTS
    print(f"{kind}, {history} days: {met:.0%} of {PROJECTS} ends in the range")
    assert met >= at_least
