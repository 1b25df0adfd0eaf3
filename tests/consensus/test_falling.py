"""Whether a figure has fallen: seldom said of one that only varies, and said of one that fell."""

import numpy as np

from consensus.estimates import Estimate
from consensus.falling import has_fallen

ERROR = 0.04


def week(value, error=ERROR):
    return Estimate(value, value - 1.96 * error, value + 1.96 * error, 100, 100)


def courses(rng, *, last=0.0, between=0.0, many=400, weeks=6):
    """Figures about .7 with errors, from week to week differing by `between` as well; the last one is lower by `last`."""
    for _ in range(many):
        values = 0.7 + rng.normal(0, np.hypot(ERROR, between), weeks)
        values[-1] -= last
        yield [week(value) for value in values]


def test_chance_alone_is_hardly_ever_called_a_fall():
    found = [has_fallen(course) for course in courses(np.random.default_rng(1))]
    assert np.mean(found) <= 0.01


def test_neither_is_what_always_goes_up_and_down():
    found = [has_fallen(course) for course in courses(np.random.default_rng(1), between=0.1)]
    assert np.mean(found) <= 0.05


def test_a_fall_of_six_errors_is_seen():
    found = [has_fallen(course) for course in courses(np.random.default_rng(1), last=6 * ERROR)]
    assert np.mean(found) >= 0.9


def test_one_week_or_weeks_without_an_interval_say_nothing():
    without = Estimate(0.7, None, None, 5, 1)
    assert not has_fallen([])
    assert not has_fallen([week(0.1)])
    assert not has_fallen([without, without, week(0.1)])
    assert has_fallen([week(0.7), without, week(0.1)])
