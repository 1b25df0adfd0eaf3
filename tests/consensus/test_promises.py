"""Thresholds for judges: the promise holds in as many worlds as it says, and where it cannot be made it is not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus import calibration, routing
from consensus.frozen_panel import FrozenPanel, learn_panel, near, sureness
from consensus.routing import Audited, PromiseNotValid, exact_interval, risk_of_look, route, samples_needed
from consensus.scales import Scale, WrongShape

TARGET, RISK = 0.9, 0.1
NAMES, GRADES = Scale((0, 1, 2), "nominal"), Scale((1, 2, 3, 4, 5), "ordinal")


# --- numbers ----------------------------------------------------------------------------------------------------
@given(st.integers(1, 60), st.data(), st.floats(0.01, 0.99))
def test_the_p_value_is_the_sum_that_the_book_has(count, data, share):
    agreed = data.draw(st.integers(0, count))
    book = sum(math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(agreed, count + 1))
    assert routing.at_least(agreed, count, share) == pytest.approx(book, abs=1e-12)


def test_the_exact_interval_is_the_published_one():
    assert exact_interval(0, 59) == pytest.approx((0, 0.06061), abs=1e-5)
    assert exact_interval(5, 50) == pytest.approx((0.03327, 0.21814), abs=1e-5)
    assert exact_interval(20, 20) == pytest.approx((0.83157, 1), abs=1e-5)


def test_without_a_single_error_so_many_samples_are_needed():
    assert (samples_needed(0.95, 0.05), samples_needed(0.9, 0.1), samples_needed(0.5, 0.5)) == (59, 22, 1)
    needed = samples_needed(0.93, 0.02)
    assert routing.at_least(needed, needed, 0.93) <= 0.02 < routing.at_least(needed - 1, needed - 1, 0.93)


def test_all_looks_together_take_no_more_than_the_risk():
    assert sum(risk_of_look(RISK, look) for look in range(1, 10_000)) < RISK
    assert risk_of_look(RISK, 1) == RISK / 2


@pytest.mark.parametrize("numbers", [(1.0, 0.05), (0.9, 0.0), (0.9, 1.0)])
def test_what_nobody_can_promise_is_refused(numbers):
    with pytest.raises(PromiseNotValid):
        samples_needed(*numbers)
    with pytest.raises(PromiseNotValid):
        risk_of_look(0.1, 0)


# --- worlds -----------------------------------------------------------------------------------------------------
def world(rng, agreement, tested=300, others=600):
    """A slice and the other samples; `agreement`: from sureness to the chance that people agree."""
    sure, elsewhere = rng.beta(5, 2, tested), rng.beta(5, 2, others)
    agrees = rng.random(tested) < agreement(sure)
    return Audited(sure, agrees), elsewhere, agreement(elsewhere)


def walk(world, target=TARGET, risk=RISK):
    tested, elsewhere, _ = world
    return route(tested, elsewhere, np.arange(len(elsewhere)), target=target, risk=risk)


def is_broken(world, threshold, target=TARGET):
    """Judges and people agree on less than was promised, on the samples that judges would settle."""
    _, elsewhere, agreement = world
    return threshold is not None and agreement[elsewhere >= threshold].mean() < target


def best_of_all(found):
    """What one would do without a fixed sequence: the loosest threshold whose own test passes."""
    passed = [s.threshold for s in found.steps if routing.at_least(s.agreed, s.count, TARGET) <= RISK]
    return min(passed, default=None)


def as_observed(found):
    """What one would do without a test: the loosest threshold above which the slice shows the target."""
    passed = [s.threshold for s in found.steps if s.count and s.agreed / s.count >= TARGET]
    return min(passed, default=None)


def just_below(sure):
    """Judges who do not know what they know: a little less than the target everywhere."""
    return np.full(len(sure), TARGET - 0.002)


def test_the_promise_is_broken_in_no_more_worlds_than_the_risk_and_without_the_fixed_order_in_more():
    rng, worlds = np.random.default_rng(5), 1500
    broken = {"fixed": 0, "best": 0, "observed": 0}
    for _ in range(worlds):
        here = world(rng, just_below)
        found = walk(here)
        broken["fixed"] += is_broken(here, found.chosen and found.chosen.threshold)
        broken["best"] += is_broken(here, best_of_all(found))
        broken["observed"] += is_broken(here, as_observed(found))
    error = math.sqrt(RISK * (1 - RISK) / worlds)
    assert broken["fixed"] / worlds <= RISK + 2 * error
    assert broken["best"] / worlds > RISK + 3 * error
    assert broken["observed"] > broken["best"]


def test_looking_again_as_the_slice_grows_breaks_no_more_promises_than_one_look():
    rng, worlds = np.random.default_rng(6), 150
    spent, peeked = 0, 0
    for _ in range(worlds):
        tested, elsewhere, agreement = world(rng, just_below, tested=800)

        def at(size, risk, tested=tested, elsewhere=elsewhere, agreement=agreement):
            part = Audited(tested.sureness[:size], tested.agrees[:size])
            return walk((part, elsewhere, agreement), risk=risk).chosen is not None

        sizes = [int(60 * routing.GROWTH**step) for step in range(7)]
        spent += any(at(size, risk_of_look(RISK, look)) for look, size in enumerate(sizes, start=1))
        peeked += any(at(size, RISK) for size in range(60, 800, 40))
    error = math.sqrt(RISK * (1 - RISK) / worlds)
    assert spent / worlds <= RISK + 2 * error
    assert peeked / worlds > RISK + 3 * error


def test_judges_who_are_right_where_they_are_sure_settle_those_and_not_the_others():
    def agreement(sure):
        return np.where(sure > 0.7, 0.98, 0.5)

    here = world(np.random.default_rng(7), agreement, tested=600, others=3000)
    found = walk(here)
    share = float((here[1] > 0.7).mean())
    assert found.reason == "promised"
    assert share - 0.1 < found.chosen.coverage < share + 0.1
    assert not is_broken(here, found.chosen.threshold)


def test_the_walk_stops_at_the_first_that_fails_whatever_comes_after():
    """The surest tenth is wrong: everything looser would pass, and is not even tested."""

    def agreement(sure):
        return np.where(sure > 0.8, 0.6, 1.0)

    found = walk(world(np.random.default_rng(8), agreement, tested=900))
    assert (found.reason, found.chosen, found.error) == ("strictest_failed", None, None)
    assert found.steps[0].p_value > RISK
    assert all(step.p_value is None and not step.is_passed for step in found.steps[1:])


@given(st.integers(0, 10_000), st.floats(0.5, 0.99))
def test_what_is_chosen_is_the_last_of_an_unbroken_row(seed, level):
    found = walk(world(np.random.default_rng(seed), lambda sure: np.clip(sure + level - 0.6, 0, 1), tested=150))
    passed = [step.is_passed for step in found.steps]
    assert passed == sorted(passed, reverse=True)
    assert found.chosen == (found.steps[sum(passed) - 1] if any(passed) else None)
    thresholds, coverages = [s.threshold for s in found.steps], [s.coverage for s in found.steps]
    assert thresholds == sorted(thresholds, reverse=True)
    assert coverages == sorted(coverages)


def test_too_few_samples_make_no_promise_and_say_how_many_are_needed():
    found = walk(world(np.random.default_rng(9), lambda sure: np.ones(len(sure)), tested=21))
    assert (found.reason, found.tested, found.needed, found.chosen) == ("too_few_tested", 21, 22, None)
    assert all(step.p_value is None for step in found.steps)  # nothing was tested, so no risk was taken


def test_without_other_samples_there_is_nothing_to_settle():
    tested = Audited(np.full(50, 0.9), np.ones(50, dtype=bool))
    found = route(tested, [], [], target=TARGET, risk=RISK)
    assert (found.reason, found.steps) == ("nothing_judged", ())


def test_samples_of_which_judges_are_equally_sure_are_not_divided():
    tested = Audited(np.repeat([0.9, 0.6], 100), np.ones(200, dtype=bool))
    found = route(tested, np.repeat([0.9, 0.6], [700, 300]), np.arange(1000), target=TARGET, risk=RISK)
    assert [(s.threshold, s.coverage, s.count) for s in found.steps] == [(0.9, 0.7, 100), (0.6, 1.0, 200)]


def test_what_is_less_sure_than_everything_that_was_tested_is_not_settled():
    tested = Audited(np.full(100, 0.9), np.ones(100, dtype=bool))
    found = route(tested, np.repeat([0.9, 0.4], [900, 100]), np.arange(1000), target=TARGET, risk=RISK)
    assert (found.chosen.threshold, found.chosen.coverage) == (0.9, 0.9)


def test_unlike_arrays_are_refused():
    with pytest.raises(WrongShape):
        Audited(np.zeros(3), np.zeros(2, dtype=bool))


# --- the error --------------------------------------------------------------------------------------------------
def test_the_error_is_within_its_interval_as_often_as_it_says_and_judges_make_the_interval_shorter():
    """A threshold that nobody chose by looking: everything is settled."""
    rng, inside, widths, alone, worlds = np.random.default_rng(10), 0, 0.0, 0.0, 300
    for _ in range(worlds):
        sure, elsewhere = rng.choice([0.55, 0.99], 200), rng.choice([0.55, 0.99], 3000)
        error = routing._error(Audited(sure, rng.random(200) < sure), elsewhere, np.arange(3000), 0.0)
        inside += error.low <= 1 - 0.77 <= error.high
        widths += error.high - error.low
        alone += 2 * 1.96 * math.sqrt(0.77 * 0.23 / 200)
    assert 0.92 <= inside / worlds <= 0.98
    assert widths < 0.9 * alone


def test_where_nothing_went_wrong_the_error_is_not_said_to_be_nothing():
    tested = Audited(np.full(80, 0.99), np.ones(80, dtype=bool))
    found = route(tested, np.full(500, 0.99), np.arange(500), target=TARGET, risk=RISK)
    assert found.error.value == 0
    assert found.error.high == pytest.approx(1 - 0.025 ** (1 / 80), abs=1e-6)


# --- the panel --------------------------------------------------------------------------------------------------
def test_a_frozen_panel_says_of_a_new_sample_what_calibration_says_of_it():
    rng, size = np.random.default_rng(11), 300
    right = rng.integers(0, 3, size)
    said = np.where(rng.random(size) < 0.8, right, rng.integers(0, 3, size)).astype(float)
    people = np.where(rng.random((size, 3)) < 0.7, right[:, None], rng.integers(0, 3, (size, 3))).astype(float)
    panel = learn_panel([said], people, NAMES, np.arange(size))
    new = calibration.calibrate([*said, 2.0], [*people, [np.nan] * 3], NAMES, np.arange(size + 1))[-1]
    assert panel.probabilities([[2.0]])[0] == pytest.approx(new)


def test_a_panel_is_the_same_after_it_was_written_down():
    rng = np.random.default_rng(12)
    right = rng.integers(1, 6, 200).astype(float)
    words = [np.clip(right + rng.integers(-1, 2, 200), 1, 5), rng.integers(1, 6, 200).astype(float)]
    panel = learn_panel(words, np.clip(right[:, None] + rng.integers(-1, 2, (200, 3)), 1, 5), GRADES, np.arange(200))
    again = FrozenPanel.from_json(panel.to_json(), GRADES)
    assert np.array_equal(again.probabilities(words), panel.probabilities(words))
    assert panel.weights[0] > 0 == panel.weights[1]  # the one that knows nothing is not heard


def test_a_panel_that_nobody_was_rated_for_knows_nothing():
    panel = learn_panel([np.empty(0)], np.empty((0, 0)), GRADES, np.empty(0, dtype=str))
    assert panel.probabilities([[4.0]])[0] == pytest.approx(np.full(5, 0.2))


def test_a_panel_hears_as_many_judges_as_it_learned():
    panel = learn_panel([[1.0, 2.0]], [[1.0], [2.0]], GRADES, np.arange(2))
    with pytest.raises(WrongShape, match="2 judges for a panel of 1"):
        panel.probabilities([[1.0], [1.0]])
    with pytest.raises(WrongShape, match="No judge"):
        learn_panel([], [[1.0]], GRADES, np.arange(1))


def test_how_sure_counts_the_levels_that_count_as_the_same():
    odds = np.array([[0.1, 0.2, 0.4, 0.2, 0.1], [np.nan] * 5])
    assert sureness(odds, [3, np.nan], 0, GRADES)[0] == pytest.approx(0.4)
    assert sureness(odds, [3, np.nan], 1, GRADES)[0] == pytest.approx(0.8)
    assert np.isnan(sureness(odds, [3, np.nan], 1, GRADES)[1])


def test_names_are_the_same_or_not():
    assert near([0, 0, np.nan], [0, 2, 1], 0, NAMES).tolist() == [True, False, False]
    assert near([1, 1], [2, 3], 1, GRADES).tolist() == [True, False]
