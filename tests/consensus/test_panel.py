"""What a panel of judges is worth, in independent judges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.estimates import BootstrapNotValid
from consensus.panel import effective_number
from consensus.scales import Scale, WrongShape
from consensus.votes import Votes

NA = np.nan
SIX = Scale((0, 1, 2, 3, 4, 5), "interval")
NAMES = Scale((0, 1, 2), "nominal")
TWO = Scale((0, 1), "nominal")


def worth(judges, people, scale, prompts=None, **more):
    groups = np.arange(len(people)) if prompts is None else prompts
    votes = Votes.of_matrix(people, scale)
    return effective_number(judges, votes, scale, groups, np.random.default_rng(7), **more)


def ordered_crowd(correlation, noise, judges=6, samples=2000):
    """Judges whose errors have this correlation, beside three people with this much noise."""
    rng = np.random.default_rng(11)
    truth = rng.normal(2.5, 1.2, (samples, 1))
    people = np.clip(np.rint(truth + noise * rng.normal(size=(samples, 3))), 0, 5)
    errors = np.sqrt(correlation) * rng.normal(size=(samples, 1)) + np.sqrt(1 - correlation) * rng.normal(
        size=(samples, judges)
    )
    return list(np.clip(np.rint(truth + 0.9 * errors), 0, 5).T), people


def named_crowd(copied, careless, judges=5, samples=2000):
    """Judges who say what one loose tongue says on a share of samples, beside three people."""
    rng = np.random.default_rng(12)
    truth = rng.integers(0, 3, (samples, 1))

    def often_wrong(share, width):
        return np.where(rng.random((samples, width)) < share, rng.integers(0, 3, (samples, width)), truth)

    people, own, loose = often_wrong(careless, 3), often_wrong(0.5, judges), often_wrong(0.5, 1)
    return list(np.where(rng.random((samples, judges)) < copied, loose, own).astype(float).T), people.astype(float)


def test_against_people_by_hand():
    """Two judges, forty samples: each wrong ten times, five times together: r = (5/40 - 1/16) / (3/16) = 1/3."""
    people = np.zeros((40, 3))
    first, second = np.zeros(40), np.zeros(40)
    first[:10] = second[5:15] = 1
    found = worth([first, second], people, TWO)
    assert found.against_people.value == pytest.approx(2 / (1 + 1 / 3))
    assert found.against_people.count == found.against_people.clusters == 40


@pytest.mark.parametrize("noise", [0.5, 1.2])
@pytest.mark.parametrize("correlation", [0.3, 0.7])
def test_the_correlation_of_errors_comes_back_however_noisy_people_are(correlation, noise):
    found = worth(*ordered_crowd(correlation, noise), SIX)
    kish = 6 / (1 + 5 * correlation)
    assert found.corrected.value == pytest.approx(kish, rel=0.12)
    assert found.error_correlation == pytest.approx(correlation, abs=0.1)
    assert found.corrected.low < found.corrected.value < found.corrected.high


def test_independent_judges_are_worth_their_number_and_plainly_measured_they_would_not_be():
    found = worth(*ordered_crowd(0.0, 1.2), SIX)
    assert found.corrected.high == pytest.approx(6, abs=0.3)
    assert found.corrected.value > 5
    assert found.against_people.value < 3
    named = worth(*named_crowd(0.0, 0.5), NAMES)
    assert named.corrected.value > 4.2
    assert named.against_people.value < 3.5


def test_copies_of_one_judge_are_worth_one():
    judges, people = ordered_crowd(0.0, 0.8)
    found = worth([judges[0]] * 9, people, SIX)
    assert found.judge_count == 9
    assert found.corrected.value == pytest.approx(1)
    assert found.against_people.value == pytest.approx(1)
    copied, people = named_crowd(1.0, 0.3)
    assert worth(copied, people, NAMES).corrected.value == pytest.approx(1)


def test_judges_that_were_squeezed_or_shifted_are_still_one_judge():
    judges, people = ordered_crowd(0.0, 0.8)
    assert worth([judges[0], 1 + 0.5 * judges[0]], people, SIX).corrected.value == pytest.approx(1)


def test_missing_judgments_are_left_out_pair_by_pair():
    judges, people = ordered_crowd(0.3, 0.8)
    whole = worth(judges, people, SIX).corrected.value
    rng = np.random.default_rng(5)
    holed = [np.where(rng.random(len(word)) < 0.3, NA, word) for word in judges]
    assert worth(holed, people, SIX).corrected.value == pytest.approx(whole, rel=0.15)
    silent = worth([*judges, np.full(len(people), NA)], people, SIX)
    assert (silent.judge_count, silent.corrected.value) == (6, pytest.approx(whole))


def test_samples_of_one_prompt_are_drawn_together():
    judges, people = ordered_crowd(0.3, 0.8, samples=300)
    tiled, prompts = [np.tile(word, 4) for word in judges], np.tile(np.arange(300), 4)
    alone, together = (worth(tiled, np.tile(people, (4, 1)), SIX, of).corrected for of in (None, prompts))
    once = worth(judges, people, SIX).corrected
    assert together.clusters == 300
    assert together.high - together.low == pytest.approx(once.high - once.low, rel=0.25)
    assert alone.high - alone.low < 0.7 * (together.high - together.low)


def test_what_is_undefined_is_said_in_words():
    people = np.zeros((40, 3))
    assert worth([np.zeros(40)], people, TWO).corrected.undefined == "1 judge(s) spoke. A panel has two or more."
    assert worth([], people, TWO).corrected.value is None
    few = worth([np.zeros(29), np.ones(29)], people[:29], TWO)
    assert "same 30 samples" in few.corrected.undefined
    faultless = worth([np.zeros(40), np.zeros(40)], people, TWO)
    assert faultless.against_people.value is None
    assert faultless.against_people.undefined.startswith("No two judges err")
    alone = worth([np.zeros(40), np.ones(40)], np.where(np.arange(3) == 0, people, NA), TWO)
    assert alone.corrected.count == 0
    one_prompt = worth(*ordered_crowd(0.3, 0.8, samples=50), SIX, np.zeros(50))
    assert one_prompt.corrected.low is None
    assert one_prompt.corrected.undefined.startswith("No interval")


def test_what_does_not_fit_is_refused():
    with pytest.raises(WrongShape):
        worth([np.zeros(3)], np.zeros((40, 3)), TWO)
    with pytest.raises(BootstrapNotValid):
        worth([np.zeros(40)], np.zeros((40, 3)), TWO, draws=0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_it_lies_between_one_and_all_and_knows_no_names(seed):
    rng = np.random.default_rng(seed)
    people = rng.integers(0, 3, (60, 3)).astype(float)
    judges = [rng.integers(0, 3, 60).astype(float) for _ in range(3)]
    found = worth(judges, people, NAMES, draws=50)
    for figure in (found.against_people, found.corrected):
        assert figure.value is None or 1 <= figure.value <= 3 + 1e-9
    levels, order = rng.permutation(3), rng.permutation(3)
    renamed = worth([levels[judges[j].astype(int)].astype(float) for j in order], levels[people.astype(int)].astype(float), NAMES, draws=50)  # fmt: skip
    assert renamed.against_people.value == pytest.approx(found.against_people.value)
    assert renamed.corrected.value == (found.corrected.value and pytest.approx(found.corrected.value))
