"""Label rules over a whole set, against the same rules sample by sample, by hand, and under renaming and reordering."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sets import SCALES, rated_set, rated_sets

from consensus import aggregate, middles
from consensus.rating_set import RatingSet
from consensus.scales import Scale, Slot, WrongShape
from consensus.set_rules import SET_RULES, label_set

ONE_SAMPLE_RULES = ["closest-three", "mean", "median", "majority"]


# --- the same as sample by sample -------------------------------------------------------------------------------
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_counted_at_once_is_the_same_as_one_by_one(data):
    scale = data.draw(st.sampled_from(list(SCALES.values())))
    row = st.lists(st.sampled_from([*scale.levels, np.nan]), min_size=6, max_size=6)
    ratings = np.array(data.draw(st.lists(row, min_size=1, max_size=6)), dtype=float)
    for rule, middle in (("mean", middles.mean), ("median", middles.median), ("majority", middles.majority)):
        at_once = middle(scale.tally(ratings), scale)
        alone = [aggregate.label(rule, given[:, None], [Slot("slot", scale)]).expected[0] for given in ratings]
        np.testing.assert_array_equal(at_once, alone)


@pytest.mark.parametrize("rule", ONE_SAMPLE_RULES)
@given(rated_sets())
@settings(max_examples=12, deadline=None)
def test_a_set_is_labelled_as_its_samples_are_one_by_one(rule, ratings):
    labels = label_set(rule, ratings)
    for at, sample in enumerate(ratings.samples):
        try:
            alone = aggregate.label(rule, sample.ratings, sample.slots)
            values, expected = alone.values, alone.expected
        except aggregate.TooFewUsable:
            values = expected = np.full(len(sample.slots), np.nan)
        for column, place in enumerate(sample.places):
            assert labels[place.attribute].value[at] == pytest.approx(values[column], abs=0, nan_ok=True)
            assert labels[place.attribute].expected[at] == pytest.approx(expected[column], abs=0, nan_ok=True)


def test_all_rules_of_one_sample_are_here():
    assert set(aggregate.RULES) <= set(SET_RULES)


def test_majority_by_hand():
    scale = SCALES["ordinal"]
    # Clear; a tie whose mean (2.5) lies nearer 4 than 0; nobody; a tie with the mean in the middle takes the lower one.
    counts = [[0, 0, 3, 1, 1], [2, 0, 0, 2, 2], [0, 0, 0, 0, 0], [1, 0, 0, 0, 1]]
    np.testing.assert_array_equal(middles.majority(counts, scale), [2, 3, np.nan, 0])
    np.testing.assert_array_equal(middles.majority([[1, 0, 1], [0, 2, 2]], SCALES["nominal"]), [1, 2])


def test_median_by_hand():
    counts = [[1, 1, 0, 0, 1], [1, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 0, 0, 4, 0]]
    np.testing.assert_array_equal(middles.median(counts, SCALES["ordinal"]), [1, 2, np.nan, 3])


def test_mean_by_hand():
    np.testing.assert_array_equal(middles.mean([[1, 0, 0, 0, 1], [0] * 5], SCALES["ordinal"]), [2, np.nan])
    np.testing.assert_array_equal(middles.mean([[1, 2, 0]], SCALES["nominal"]), [2])


def test_counts_of_another_scale_are_refused():
    with pytest.raises(WrongShape, match="5 levels"):
        middles.mean([[1, 0, 0]], SCALES["ordinal"])


# --- what every rule keeps to -----------------------------------------------------------------------------------
@pytest.mark.parametrize("rule", SET_RULES)
@given(rated_sets())
@settings(max_examples=8, deadline=None)
def test_labels_are_levels_with_probabilities(rule, ratings):
    for attribute, labels in label_set(rule, ratings).items():
        scale = ratings.scales[attribute]
        rated = np.diff(labels.units.votes.starts) > 0
        allowed = {*scale.levels, *([0] if scale.lacks_zero else [])}
        assert {value for value in labels.value if not np.isnan(value)} <= allowed
        assert not np.isnan(labels.value[rated]).any() or rule == "closest-three"
        assert np.isnan(labels.value[~rated]).all()
        assert np.isnan(labels.probabilities[~rated]).all()
        np.testing.assert_allclose(labels.probabilities[rated].sum(axis=1), 1)
        known = ~np.isnan(labels.confidence)
        places = scale.codes(labels.value[known])
        np.testing.assert_array_equal(labels.probabilities[known, places], labels.confidence[known])


@pytest.mark.parametrize("rule", SET_RULES)
@given(rated_sets(), st.permutations(range(6)))
@settings(max_examples=8, deadline=None)
def test_people_may_have_any_name(rule, ratings, names):
    renamed = ratings.with_samples(
        [
            type(of)(of.name, of.prompt, of.places, of.slots, np.array(names)[of.people], of.ratings)
            for of in ratings.samples
        ]
    )
    renamed = RatingSet(renamed.scales, tuple(f"person {place}" for place in range(6)), renamed.samples)
    assert_same(label_set(rule, ratings), label_set(rule, renamed))


@pytest.mark.parametrize(
    "rule", [rule for rule in SET_RULES if rule != "closest-three"]
)  # there the earliest break ties
@given(rated_sets(), st.randoms())
@settings(max_examples=8, deadline=None)
def test_people_may_come_in_any_order(rule, ratings, chance):
    orders = [chance.sample(range(len(sample.people)), len(sample.people)) for sample in ratings.samples]
    shuffled = [sample.chosen(order) for sample, order in zip(ratings.samples, orders, strict=True)]
    assert_same(label_set(rule, ratings), label_set(rule, ratings.with_samples(shuffled)))


def assert_same(some, others):
    for attribute, labels in some.items():
        np.testing.assert_array_equal(labels.value, others[attribute].value)
        np.testing.assert_allclose(labels.expected, others[attribute].expected, atol=1e-9)
        np.testing.assert_allclose(labels.probabilities, others[attribute].probabilities, atol=1e-9)


# --- degenerate sets --------------------------------------------------------------------------------------------
SCALE = SCALES["ordinal"]
DEGENERATE = {
    "one person": [np.array([[level]]) for level in (0, 2, 4, 2)],
    "all equal": [np.full((3, 1), 3)] * 4,
    "all missing": [np.full((3, 1), np.nan)] * 2,
    "nobody": [np.zeros((0, 1))] * 2,
}


@pytest.mark.parametrize("rule", SET_RULES)
@pytest.mark.parametrize("tables", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_degenerate_sets_are_labelled_as_far_as_they_go(rule, tables):
    labels = label_set(rule, rated_set({"quality": SCALE}, tables))["quality"]
    first = [table[0, 0] if len(table) else np.nan for table in tables]
    if rule == "closest-three":
        first = [value if len(table) >= 3 else np.nan for value, table in zip(first, tables, strict=True)]
    if rule == "posterior" and len(tables[0]) == 1:  # one rating says little: the value may lie nearer the middle
        first = np.clip(first, 1, 3)
    np.testing.assert_array_equal(labels.value, first)


@pytest.mark.parametrize("rule", ["mean", "median", "majority", "crowdlab"])  # the others learn that they know nothing
def test_ten_thousand_people_with_one_rating_each(rule):
    levels = np.arange(10_000) % 5
    people = [[place] for place in range(10_000)]
    labels = label_set(rule, rated_set({"quality": SCALE}, [np.array([[level]]) for level in levels], people))
    np.testing.assert_array_equal(labels["quality"].value, levels)


def test_an_unknown_rule_is_named_with_those_there_are():
    with pytest.raises(aggregate.UnknownRule, match=r"'best'.*closest-three, mean"):
        label_set("best", rated_set({"quality": SCALE}, [np.array([[1]])]))


# --- with judges ------------------------------------------------------------------------------------------------
def judged_set(*, is_right: float, seed: int = 1) -> tuple[RatingSet, np.ndarray]:
    """200 samples, three people who are right three times in four, and a judge; also the right values."""
    rng = np.random.default_rng(seed)
    scale, count = Scale((0, 1), "nominal"), 200
    truth = rng.integers(2, size=count)
    said = np.where(rng.random((count, 3)) < 0.75, truth[:, None], 1 - truth[:, None])
    ratings = rated_set({"good": scale}, list(said[:, :, None]))
    verdict = np.where(rng.random(count) < is_right, truth, 1 - truth)
    spoken = {(at, None): np.eye(2)[verdict[at]] for at in range(count)}
    return RatingSet(ratings.scales, ratings.people, ratings.samples, {("good", "judge"): spoken}), truth


@pytest.mark.parametrize("rule", SET_RULES)
def test_a_good_judge_makes_labels_better(rule):
    ratings, truth = judged_set(is_right=0.95)
    alone, together = (label_set(rule, ratings, with_judges=judged)["good"] for judged in (False, True))
    assert (together.value == truth).mean() > (alone.value == truth).mean() + 0.02


@pytest.mark.parametrize("rule", [rule for rule in SET_RULES if rule != "crowdlab"])
def test_a_judge_that_knows_nothing_changes_nothing(rule):
    ratings, _ = judged_set(is_right=0.5)
    alone, together = (label_set(rule, ratings, with_judges=judged)["good"] for judged in (False, True))
    np.testing.assert_array_equal(alone.probabilities, together.probabilities)
    assert together.panel is not None
    assert together.panel.reason == "panel_does_not_help"
    assert alone.panel is None


def test_where_the_judge_is_silent_the_people_stand_alone():
    ratings, _ = judged_set(is_right=0.95)
    spoken = {at: said for at, said in ratings.judged["good", "judge"].items() if at[0] >= 20}
    some = RatingSet(ratings.scales, ratings.people, ratings.samples, {("good", "judge"): spoken})
    for rule in ("majority", "posterior"):
        alone, together = (label_set(rule, some, with_judges=judged)["good"] for judged in (False, True))
        np.testing.assert_array_equal(alone.value[:20], together.value[:20])
        assert (alone.value != together.value).any()


@pytest.mark.parametrize("rule", SET_RULES)
def test_without_judges_asking_for_them_changes_nothing(rule):
    ratings = rated_set({"quality": SCALE}, [np.array([[0], [1], [1]]), np.array([[4], [4], [3]])])
    assert_same(label_set(rule, ratings), label_set(rule, ratings, with_judges=True))


def test_progress_is_told():
    told = []
    ratings = rated_set({"quality": SCALE}, [np.array([[0], [1], [1]])] * 3)
    label_set("closest-three", ratings, progress=lambda done, of: told.append((done, of)))
    label_set("mean", ratings, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3), (1, 1)]
