"""What judges lean to: by hand, mirrored, and where nothing can be told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consensus.judge_bias import leaning, length_bias, length_slope, position_bias
from consensus.scales import Scale, WrongShape

FIRST, SECOND, NEITHER, SILENT = -1.0, 1.0, 0.0, np.nan
GRADES = Scale((1, 2, 3, 4, 5), "interval")


def rng():
    return np.random.default_rng(7)


def own_prompts(count):
    return [f"prompt {number}" for number in range(count)]


def shares(of):
    return of.judge.value, of.people.value, of.difference.value


# --- leaning to a mark ------------------------------------------------------------------------------------------
def test_a_share_is_the_mean_over_samples_and_no_preference_is_half():
    judged = [SECOND, FIRST, NEITHER, SECOND]
    people = [[SECOND, FIRST], [FIRST, FIRST], [SECOND, SECOND], [FIRST, NEITHER]]
    found = leaning(judged, people, [1, 1, 1, 1], own_prompts(4), rng())
    assert shares(found) == (2.5 / 4, (0.5 + 0 + 1 + 0.25) / 4, (2.5 - 1.75) / 4)
    assert (found.judge.count, found.judge.clusters) == (4, 4)


def test_length_counts_in_characters_and_equal_ones_do_not_count():
    judged, people = [FIRST, SECOND, SECOND], [[FIRST], [FIRST], [SECOND]]
    found = length_bias(judged, people, [[100, 99], [5, 70], [8, 8]], own_prompts(3), rng())
    assert (*shares(found), found.judge.count) == (1.0, 0.5, 0.5, 2)


def test_only_samples_of_which_both_said_something_are_compared():
    judged = [SECOND, SILENT, SECOND]
    people = [[SILENT, SECOND], [FIRST, FIRST], [SILENT, SILENT]]
    found = leaning(judged, people, [1, 1, 1], own_prompts(3), rng())
    assert (*shares(found), found.people.count) == (1.0, 1.0, 0.0, 1)


def test_a_judge_that_says_what_people_say_differs_by_nothing_for_sure():
    said = np.where(np.arange(60) % 3 == 0, FIRST, SECOND)
    found = leaning(said, np.stack([said, said], axis=1), np.ones(60), own_prompts(60), rng())
    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)
    assert found.judge.low < found.judge.value < found.judge.high


def test_a_bias_that_is_there_is_found_with_its_interval():
    draw = np.random.default_rng(3)
    people = draw.choice([FIRST, SECOND], size=(400, 3))
    judged = np.where(draw.random(400) < 0.8, SECOND, FIRST)
    found = leaning(judged, people, np.ones(400), own_prompts(400), rng())
    assert 0.2 < found.difference.low < 0.3 < found.difference.high < 0.4


@settings(max_examples=30, deadline=None)
@given(
    judged=arrays(float, 12, elements=st.sampled_from([FIRST, NEITHER, SECOND, SILENT])),
    people=arrays(float, (12, 3), elements=st.sampled_from([FIRST, NEITHER, SECOND, SILENT])),
    marked=arrays(float, 12, elements=st.sampled_from([-1.0, 0.0, 1.0])),
)
def test_marking_the_other_response_mirrors_everything(judged, people, marked):
    prompts = [f"prompt {number // 2}" for number in range(12)]
    one, other = (leaning(judged, people, marks, prompts, rng(), draws=20) for marks in (marked, -marked))
    swapped = leaning(-judged, -people, -marked, prompts, rng(), draws=20)
    assert swapped == one
    if one.judge.value is None:
        assert other.judge.value is None
    else:
        assert other.judge.value == pytest.approx(1 - one.judge.value)
        assert other.people.value == pytest.approx(1 - one.people.value)
        assert other.difference.value == pytest.approx(-one.difference.value)


def test_without_a_marked_pair_words_say_so():
    found = leaning([FIRST], [[FIRST]], [0], ["p"], rng(), undefined="Nobody is related.")
    assert (found.judge.value, found.people.undefined, found.difference.count) == (None, "Nobody is related.", 0)


def test_one_prompt_has_a_share_and_words_in_place_of_an_interval():
    found = leaning([FIRST, SECOND], [[FIRST], [FIRST]], [1, 1], ["p", "p"], rng())
    assert (found.difference.value, found.difference.low) == (0.5, None)
    assert "more than the 1 prompt" in found.difference.undefined


def test_the_same_seed_gives_the_same_interval():
    draw = np.random.default_rng(5)
    judged, people = draw.choice([FIRST, SECOND], 50), draw.choice([FIRST, SECOND], (50, 2))
    one, two = (leaning(judged, people, np.ones(50), own_prompts(50), rng()) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("judged", "people", "marked", "prompts"),
    [
        ([FIRST], [[FIRST], [FIRST]], [1, 1], ["a", "b"]),
        ([FIRST, FIRST], [[FIRST], [FIRST]], [1], ["a", "b"]),
        ([[FIRST]], [[FIRST]], [1], ["a"]),
        ([FIRST], [[FIRST]], [1], ["a", "b"]),
    ],
)
def test_columns_of_unlike_length_are_refused(judged, people, marked, prompts):
    with pytest.raises(WrongShape):
        leaning(judged, people, marked, prompts, rng())


# --- the order shown --------------------------------------------------------------------------------------------
def test_what_is_said_in_both_orders_is_compared():
    """In order: always the first shown; the same response both times; torn both times; torn once; not asked twice."""
    verdicts = [[1, 1], [1, -1], [0, 0], [0, 1], [1, np.nan]]
    found = position_bias(verdicts, own_prompts(5), rng())
    assert (found.consistent.value, found.first_wins.value) == (2 / 4, (1 + 0.5 + 0.5 + 0.75) / 4)
    assert found.consistent.count == 4


def test_liking_the_second_place_is_the_mirror_of_liking_the_first():
    verdicts = np.random.default_rng(2).integers(-1, 2, (30, 2))
    one, other = (position_bias(said, own_prompts(30), rng()) for said in (verdicts, -verdicts))
    assert other.first_wins.value == pytest.approx(1 - one.first_wins.value)
    assert other.consistent.value == one.consistent.value


def test_a_judge_that_was_asked_once_has_words():
    found = position_bias(np.zeros((0, 2)), [], rng())
    assert (found.consistent.value, found.consistent.undefined) == (None, "It was not asked in both orders.")


# --- ratings of single responses --------------------------------------------------------------------------------
def test_a_point_a_doubling_beyond_people_is_found():
    """People give 2 whatever the length; the judge 2, 3, 4 at 10, 20 and 40 characters."""
    found = length_slope([2, 3, 4], [[2, 2]] * 3, [10, 20, 40], GRADES, own_prompts(3), rng())
    assert found.per_doubling.value == pytest.approx(1)
    assert found.correlation.value == pytest.approx(1)


def test_what_people_give_for_length_is_no_bias():
    found = length_slope([2, 3, 4], [[2, 2], [3, 3], [4, 4]], [10, 20, 40], GRADES, own_prompts(3), rng())
    assert (found.per_doubling.value, found.correlation.value) == (0, None)
    assert "always as far from people" in found.correlation.undefined


def test_it_is_the_line_of_least_squares():
    draw = np.random.default_rng(11)
    judged, people = draw.integers(1, 6, 80), draw.integers(1, 6, (80, 3))
    lengths = draw.integers(20, 3000, 80)
    found = length_slope(judged, people, lengths, GRADES, own_prompts(80), rng())
    apart = judged - people.mean(axis=1)
    assert found.per_doubling.value == pytest.approx(np.polyfit(np.log2(lengths), apart, 1)[0])
    assert found.correlation.value == pytest.approx(np.corrcoef(np.log2(lengths), apart)[0, 1])
    assert found.per_doubling.low < found.per_doubling.value < found.per_doubling.high


def test_a_scale_turned_around_turns_the_slope():
    draw = np.random.default_rng(12)
    judged, people, lengths = draw.integers(1, 6, 40), draw.integers(1, 6, (40, 2)), draw.integers(1, 900, 40)
    one = length_slope(judged, people, lengths, GRADES, own_prompts(40), rng())
    other = length_slope(6 - judged, 6 - people, lengths, GRADES, own_prompts(40), rng())
    assert other.per_doubling.value == pytest.approx(-one.per_doubling.value)


@pytest.mark.parametrize(
    ("scale", "lengths", "words"),
    [(GRADES, [9, 9, 9], "No two responses"), (GRADES, [0, 0, 0], "No two"), (Scale((1, 2, 3, 4, 5), "nominal"), [1, 2, 3], "are names")],
)  # fmt: skip
def test_where_length_can_tell_nothing_words_say_why(scale, lengths, words):
    found = length_slope([1, 2, 3], [[1], [1], [1]], lengths, scale, own_prompts(3), rng())
    assert found.per_doubling.value is None
    assert words in found.per_doubling.undefined
