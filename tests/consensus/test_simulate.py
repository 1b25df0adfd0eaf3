"""Replays of recorded sets: what is paid, what is seen, and how right the labels are."""

import numpy as np
import pytest

from consensus.policy import ConfidencePolicy, FixedOverlap, PolicyNotValid, SequentialPolicy, SpreadPolicy, decide
from consensus.posterior import fit_posterior
from consensus.rating_set import Place, RatedSample, RatingSet
from consensus.replays.collecting import collect
from consensus.replays.intervals import Resampling
from consensus.replays.labelling import as_set, labels_of
from consensus.replays.recorded import Recorded, drawn
from consensus.scales import Scale, Slot
from consensus.set_rules import label_set
from consensus.simulate import NothingToSimulate, SimulationNotValid, simulate

THREE = Scale((-1, 0, 1), "ordinal")
FIVE = Scale((0, 1, 2, 3, 4), "ordinal")


def crowd(seed=0, *, samples=60, people=12, each=5, right=0.8):
    """One comparison a sample; people are right so often. Returns the set and the right values."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([-1, 1], samples)
    slots = (Slot.trigger("preference", THREE),)
    rated = []
    for at, value in enumerate(truth):
        who = rng.choice(people, each, replace=False)
        said = np.where(rng.random(each) < right, value, -value).astype(float)
        rated.append(RatedSample(f"s{at}", f"p{at // 2}", (Place("preference"),), slots, who, said[:, None]))
    return RatingSet({"preference": THREE}, tuple(f"h{n}" for n in range(people)), tuple(rated)), truth.astype(float)


def two_attributes(seed=0, samples=30):
    """Two responses rated on five levels and a comparison, with values missing and unlike numbers of people."""
    rng = np.random.default_rng(seed)
    places = (Place("good", 0), Place("good", 1), Place("better"))
    slots = tuple(Slot.trigger(str(place), FIVE if place.attribute == "good" else THREE) for place in places)
    rated = []
    for at in range(samples):
        count = int(rng.integers(2, 8))
        said = np.column_stack(
            [rng.choice([*FIVE.levels, np.nan], count), rng.choice(FIVE.levels, count), rng.choice(THREE.levels, count)]
        )
        shape = slice(0, 3) if at % 3 else slice(1, 3)
        chosen = RatedSample(
            f"s{at}", f"p{at}", places[shape], slots[shape], rng.permutation(9)[:count], said[:, shape]
        )
        rated.append(chosen)
    return RatingSet({"good": FIVE, "better": THREE}, tuple("abcdefghi"), tuple(rated))


def by_name(found, policy, rule):
    return next(result for result in found.results if (result.policy, result.rule) == (policy, rule))


# --- cost ---------------------------------------------------------------------------------------------------------
def test_a_spread_replay_costs_what_deciding_sample_by_sample_costs():
    ratings = two_attributes()
    order = drawn(Recorded(ratings), np.random.default_rng(1), most=5, keep_back=False, ordered=True)
    collected = collect(order, SpreadPolicy(), fit_posterior)
    for kind, taken, outcome in zip(order.kinds, collected.taken, collected.outcome, strict=True):
        for row, at in enumerate(kind.samples):
            sample = ratings.samples[at]
            assert (taken[row], outcome[row]) == one_by_one(sample, SpreadPolicy())


def one_by_one(sample, policy):
    came = min(policy.first_round, len(sample.people))
    while True:
        first, later = sample.ratings[: policy.first_round][:came], sample.ratings[policy.first_round : came]
        step = decide(policy, sample.slots, first, later, len(sample.people) - came, 0)
        if step.outcome != "escalate":
            return came, step.outcome
        came += step.slots_wanted


def test_a_fixed_overlap_pays_for_everybody_and_escalates_nobody():
    ratings, _ = crowd()
    found = simulate(ratings, [SpreadPolicy()], ["majority"], np.random.default_rng(0), draws=3)
    assert [by_name(found, f"always {n}", "majority").labels.value for n in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert by_name(found, "always 3", "majority").escalated.value == 0
    assert found.reference == "always 4"  # one of five is kept back
    assert found.against == "left_out_people"
    assert by_name(found, "always 4", "majority").gain is None
    assert any("100% of the samples have fewer than 5 people to ask, one being kept back" in one for one in found.notes)


def test_sequential_labels_are_those_of_the_full_overlap_for_fewer():
    ratings, truth = crowd(samples=200)
    found = simulate(
        ratings, [SequentialPolicy()], ["majority"], np.random.default_rng(0), gold={"preference": truth}, draws=4
    )
    sequential = by_name(found, "sequential", "majority")
    assert sequential.gain.quality["agreement"].value == 0
    assert (sequential.gain.quality["agreement"].low, sequential.gain.quality["agreement"].high) == (0, 0)
    assert 0.2 < sequential.gain.labels_saved.value < 0.4


def test_confidence_is_as_right_as_five_for_much_less():
    ratings, truth = crowd(samples=400, people=20, right=0.85)
    policies = [ConfidencePolicy(), ConfidencePolicy(target=0.97)]
    found = simulate(ratings, policies, ["posterior"], np.random.default_rng(0), gold={"preference": truth}, draws=4)
    cheap, careful = (by_name(found, name, "posterior") for name in ("confidence", "confidence:target=0.97"))
    assert found.against == "gold"
    assert cheap.labels.value < careful.labels.value < 5
    assert cheap.gain.labels_saved.value > 0.4
    assert careful.gain.quality["agreement"].low > -2


# --- no peeking ---------------------------------------------------------------------------------------------------
def test_ratings_that_nobody_paid_for_change_nothing():
    ratings, _ = crowd(samples=40)
    policy = ConfidencePolicy(maximum=4)
    order = drawn(Recorded(ratings), np.random.default_rng(3), most=4, keep_back=True, ordered=False)
    before = collect(order, policy, fit_posterior)
    [kind], [mask] = order.kinds, before.given()
    kind.ratings[~mask] *= -1  # turns round what was not asked for, those kept back among it
    after = collect(order, policy, fit_posterior)
    assert np.array_equal(before.taken[0], after.taken[0])
    assert np.array_equal(before.outcome[0], after.outcome[0])
    for rule in ("posterior", "majority", "closest-three"):
        assert np.array_equal(
            labels_of(before, rule)["preference"].value, labels_of(after, rule)["preference"].value, equal_nan=True
        )


def test_who_is_kept_back_is_never_asked():
    ratings = two_attributes()
    order = drawn(Recorded(ratings), np.random.default_rng(2), most=3, keep_back=True, ordered=False)
    collected = collect(order, FixedOverlap(3, needed=1), fit_posterior)
    for kind, given, kept in zip(order.kinds, collected.given(), order.left_out(), strict=True):
        assert not (given & kept).any()
        assert (kept.sum(axis=1) == np.maximum(kind.sizes - 3, 1)).all()
        assert (given.sum(axis=1) == kind.sizes - kept.sum(axis=1)).all()


def test_the_recorded_order_is_kept_where_it_means_something():
    ratings = two_attributes()
    order = drawn(Recorded(ratings), np.random.default_rng(2), most=9, keep_back=False, ordered=True)
    for kind in order.kinds:
        for row, at in enumerate(kind.samples):
            assert kind.people[row, : kind.sizes[row]].tolist() == ratings.samples[at].people.tolist()
    assert order.order.tolist() == sorted(order.order.tolist())


# --- labels and scores --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rule", ["mean", "median", "majority", "closest-three", "posterior"])
def test_labels_of_a_replay_are_those_of_the_set_as_it_would_have_been(rule):
    ratings = two_attributes()
    order = drawn(Recorded(ratings), np.random.default_rng(4), most=5, keep_back=True, ordered=False)
    collected = collect(order, SpreadPolicy(), fit_posterior)
    quick, whole = labels_of(collected, rule), label_set(rule, as_set(collected))
    for attribute in ratings.scales:
        assert np.allclose(quick[attribute].value, whole[attribute].value, equal_nan=True)
        assert np.allclose(quick[attribute].expected, whole[attribute].expected, equal_nan=True)


def test_quality_by_hand_against_gold():
    """Two samples of three people: a majority that is right, and one that is wrong."""
    slots = (Slot.trigger("preference", THREE),)
    said = {"a": [1, 1, -1], "b": [-1, -1, -1]}
    rated = [
        RatedSample(name, name, (Place("preference"),), slots, np.arange(3), np.array(values, dtype=float)[:, None])
        for name, values in said.items()
    ]
    ratings = RatingSet({"preference": THREE}, ("x", "y", "z"), tuple(rated))
    gold = {"preference": np.array([1.0, 1.0])}
    found = simulate(ratings, [SpreadPolicy()], ["majority"], np.random.default_rng(0), gold=gold, draws=2)
    spread = by_name(found, "spread", "majority")
    assert spread.quality["agreement"].value == 0.5
    assert spread.contested.value == 0.5  # 2 apart, where 1 is allowed, and nobody is left to ask
    assert spread.labels.value == 3


def test_long_scales_are_measured_by_distance_and_short_ones_by_agreement():
    found = simulate(two_attributes(), [SpreadPolicy()], ["mean"], np.random.default_rng(0), draws=2)
    always = by_name(found, "always 2", "mean")
    assert set(always.quality) == {"agreement", "absolute_error"}
    assert 0 < always.quality["absolute_error"].value < 4
    assert any("ran out in the first round" in note for note in found.notes)


def test_expected_values_are_compared_with_the_mean_of_those_kept_back():
    """Everybody says the same of a sample: no error, whoever is kept back."""
    slots = (Slot.trigger("good", FIVE),)
    rated = [
        RatedSample(f"s{v}", f"p{v}", (Place("good"),), slots, np.arange(4), np.full((4, 1), float(v)))
        for v in range(5)
    ]
    ratings = RatingSet({"good": FIVE}, tuple("wxyz"), tuple(rated))
    found = simulate(ratings, [SpreadPolicy()], ["mean", "median"], np.random.default_rng(0), draws=2)
    assert {result.quality["absolute_error"].value for result in found.results} == {0}


# --- figures ------------------------------------------------------------------------------------------------------
def test_the_same_seed_gives_the_same_figures_and_another_one_others():
    ratings, _ = crowd()

    def run(seed):
        return simulate(ratings, [ConfidencePolicy()], ["posterior"], np.random.default_rng(seed), draws=2)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_ratio_and_its_interval_draw_whole_prompts():
    """Two prompts, one all right and one all wrong: a resample is 0, 1/2 or 1, so the interval is everything."""
    prompts = np.repeat(["p", "q"], 50)
    resampling = Resampling(prompts, np.random.default_rng(0), 400)
    ratio = resampling.ratio(np.repeat([1.0, 0.0], 50), np.ones(100))
    estimate = ratio.estimate(0.95, "")
    assert (estimate.value, estimate.low, estimate.high, estimate.clusters) == (0.5, 0, 1, 2)
    same = resampling.ratio(np.repeat([1.0, 0.0], 50), np.ones(100)) - ratio
    assert (same.value, np.ptp(same.drawn)) == (0, 0)  # paired: both are resampled together


def test_one_prompt_has_no_interval_and_says_so():
    ratings, truth = crowd(samples=2)
    found = simulate(
        ratings, [SpreadPolicy()], ["majority"], np.random.default_rng(0), gold={"preference": truth}, draws=1
    )
    labels = by_name(found, "always 3", "majority").labels
    assert labels.low is None
    assert "1 prompt" in labels.undefined
    assert [note for note in found.notes if "interval" in note] == [
        "With 1 prompt there are no intervals: they draw whole prompts, and need two or more."
    ]


# --- refusals and notes -------------------------------------------------------------------------------------------
def test_a_pair_that_cannot_work_is_left_out_or_refused():
    ratings, _ = crowd(samples=10)
    policies = [SpreadPolicy(), ConfidencePolicy()]
    found = simulate(ratings, policies, ["closest-three", "majority"], np.random.default_rng(0), draws=1)
    assert ("confidence", "closest-three") not in {(result.policy, result.rule) for result in found.results}
    assert any("closest-three needs 3 people" in note for note in found.notes)
    with pytest.raises(PolicyNotValid, match="closest-three needs 3 people"):
        simulate(ratings, [ConfidencePolicy()], ["closest-three"], np.random.default_rng(0), draws=1)


def test_a_policy_that_suits_no_rule_is_left_out_where_others_work():
    ratings, _ = crowd(samples=10, each=4)
    policies = [SpreadPolicy(), SequentialPolicy(maximum=9)]
    found = simulate(ratings, policies, ["posterior", "mean"], np.random.default_rng(0), draws=1)
    assert {result.policy for result in found.results if not result.is_baseline} == {"spread"}
    left_out = [note for note in found.notes if note.startswith("Left out: sequential")]
    assert [note.split("nothing of the rule ")[1].split(".")[0] for note in left_out] == ["posterior", "mean"]
    assert not any("9 people" in note for note in found.notes)  # nobody is kept for a policy that is not replayed
    with pytest.raises(PolicyNotValid, match="Use the rule majority"):
        simulate(ratings, policies[1:], ["posterior", "mean"], np.random.default_rng(0), draws=1)


def test_nothing_to_compare_with_is_said():
    ratings, _ = crowd(samples=3, each=1)
    with pytest.raises(NothingToSimulate, match="2 or more people"):
        simulate(ratings, [SpreadPolicy()], ["majority"], np.random.default_rng(0))
    with pytest.raises(SimulationNotValid, match="0 draws"):
        simulate(ratings, [SpreadPolicy()], ["majority"], np.random.default_rng(0), draws=0)


def test_progress_ends_where_it_said():
    ratings, _ = crowd(samples=10)
    told = []
    simulate(
        ratings,
        [SpreadPolicy()],
        ["majority"],
        np.random.default_rng(0),
        draws=2,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
