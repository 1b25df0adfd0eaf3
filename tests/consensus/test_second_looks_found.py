"""The share of everything that has a fault, from second looks that were drawn with known probabilities."""

import numpy as np
import pytest

from consensus.found_share import Stratum, StratumNotValid, found_share, wilson_interval


def test_one_stratum_gives_the_plain_share_with_wilsons_interval():
    found = found_share([Stratum(0.05, drawn=90, looked=40, found=6)])
    assert (found.value, found.count) == (0.15, 40)
    assert (found.low, found.high) == pytest.approx((0.0706, 0.2907), abs=1e-4)  # as tables have it


def test_nothing_looked_at_is_a_sentence_and_no_number():
    assert found_share([Stratum(0.05, drawn=90, looked=0, found=0)]).undefined == "Nothing has been looked at yet."
    assert found_share([]).value is None


@pytest.mark.parametrize("wrong", [(0.0, 1, 1, 0), (1.1, 1, 1, 0), (0.5, 1, 2, 0), (0.5, 2, 1, 2)])
def test_counts_that_cannot_be_are_refused(wrong):
    with pytest.raises(StratumNotValid):
        Stratum(*wrong)


def test_first_ones_that_are_all_drawn_do_not_count_for_more_than_they_are():
    """Newcomers err three times as often. Over many draws the figure is that of all, and 95 in 100 intervals hold it."""
    rng = np.random.default_rng(3)
    first, rest = rng.random(100) < 0.3, rng.random(5000) < 0.1
    truth = (first.sum() + rest.sum()) / 5100
    values, held = [], 0
    for _ in range(400):
        drawn = rest[rng.random(5000) < 0.05]
        found = found_share(
            [Stratum(1.0, 100, 100, int(first.sum())), Stratum(0.05, len(drawn), len(drawn), int(drawn.sum()))]
        )
        values.append(found.value)
        held += found.low <= truth <= found.high
    assert np.mean(values) == pytest.approx(truth, abs=0.003)
    assert held / 400 >= 0.93
    assert (first.sum() + 0.05 * rest.sum()) / 350 > truth + 0.03  # what counting all looks alike would say


def test_the_interval_of_none_in_none_of_many_begins_at_nought():
    low, high = wilson_interval(0.0, 100)
    assert low == 0.0
    assert 0.03 < high < 0.04
