"""The reward head: it finds a planted signal, mirrors, never meets its own labels, and says nothing when it knows nothing."""

from functools import partial

import numpy as np
import pytest

from modelgen.judges.head import fitting
from modelgen.judges.head.directions import main_directions
from modelgen.judges.head.fitting import (
    FeaturesDoNotFit,
    FittedHead,
    LevelsDoNotFit,
    NothingToHoldOut,
    TooFewLabels,
    fit_head,
)
from modelgen.judges.head.levels import fit_levels, level_probabilities, pooled_frequencies
from modelgen.judges.head.ridge import Ridge

FIVE = [0.0, 1.0, 2.0, 3.0, 4.0]
THREE = [-1.0, 0.0, 1.0]


def made_ratings(rng, truth, levels, noise=0.6, annotators=3):
    heard = truth[:, None] + rng.normal(0, noise, (len(truth), annotators))
    return np.asarray(levels)[np.abs(heard[:, :, None] - np.asarray(levels)).argmin(axis=2)]


def planted(seed=0, count=300, width=40, strength=1.0):
    """Ratings 0-4 that follow the first of many columns; three samples a prompt."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, width)).astype(np.float32)
    ratings = made_ratings(rng, 2.0 + strength * features[:, 0], FIVE)
    return features, ratings, [f"prompt {row // 3}" for row in range(count)]


def planted_comparison(seed=0, count=300, width=20):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, width)).astype(np.float32)
    return features, made_ratings(rng, features[:, 1], THREE), [f"prompt {row // 2}" for row in range(count)]


def log_likelihood(probabilities, ratings, levels):
    chosen = np.searchsorted(levels, ratings)
    return float(np.log(np.take_along_axis(probabilities, chosen, axis=1)).mean())


def test_a_planted_signal_is_found_out_of_fold():
    features, ratings, prompts = planted()

    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)
    probabilities = head.predict_out_of_fold(features, prompts)

    assert np.corrcoef(head.expected(probabilities), features[:, 0])[0, 1] > 0.9
    assert head.gain > 0.3
    assert "likelier" in head.note
    assert np.argmax(np.abs(head.weights[-1])) == 0


def test_probabilities_are_a_distribution_over_the_levels():
    features, ratings, prompts = planted()
    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    probabilities = head.predict_out_of_fold(features, prompts)

    assert probabilities.shape == (300, 5)
    assert (probabilities > 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-12)


def test_the_confidence_claimed_is_the_confidence_shown():
    features, ratings, prompts = planted(count=900)
    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    probabilities = head.predict_out_of_fold(features, prompts)
    top = probabilities.argmax(axis=1)
    right = (np.asarray(FIVE)[top][:, None] == ratings).mean()

    assert right == pytest.approx(probabilities.max(axis=1).mean(), abs=0.05)


def noise(seed):
    """Features that know nothing of the ratings."""
    features, _, prompts = planted(seed=seed, count=120)
    rng = np.random.default_rng(100 + seed)
    return features, rng.choice(FIVE, p=[0.05, 0.1, 0.2, 0.4, 0.25], size=(120, 3)), prompts


def test_noise_yields_the_pooled_frequencies():
    features, ratings, prompts = noise(seed=0)

    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    counts = np.stack([(ratings == level).sum(axis=1) for level in FIVE], axis=1)
    pooled = pooled_frequencies(counts, mirrored=False)
    np.testing.assert_allclose(head.predict(features), np.tile(pooled, (120, 1)), atol=1e-9)
    assert "nothing beyond the pooled frequencies" in head.note


def test_noise_is_seldom_believed_and_then_hardly():
    heads = [fit_head(*noise(seed), levels=FIVE, seed=1) for seed in range(20)]

    assert np.mean([head.slopes > 0.0 for head in heads]) < 0.2
    assert np.mean([head.gain for head in heads]) > -0.003


def test_a_judgment_does_not_depend_on_the_batch_it_came_in():
    features, ratings, prompts = planted()
    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    together = head.predict_out_of_fold(features, prompts)

    np.testing.assert_array_equal(together[17:18], head.predict_out_of_fold(features[17:18], prompts[17:18]))


def test_labels_of_a_prompt_never_reach_its_own_prediction():
    features, ratings, prompts = planted()
    mine = np.array([prompt == "prompt 7" for prompt in prompts])
    changed = ratings.copy()
    changed[mine] = 4.0 - changed[mine]

    before = fit_head(features, ratings, prompts, levels=FIVE, seed=1)
    after = fit_head(features, changed, prompts, levels=FIVE, seed=1)

    np.testing.assert_array_equal(
        before.predict_out_of_fold(features, prompts)[mine],
        after.predict_out_of_fold(features, prompts)[mine],
    )
    assert not np.allclose(before.predict(features)[mine], after.predict(features)[mine])


def test_all_samples_of_a_prompt_share_a_fold_and_folds_are_even():
    features, ratings, prompts = planted()

    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    assert len(head.fold_of) == 100
    assert np.bincount(list(head.fold_of.values())).tolist() == [20, 20, 20, 20, 20]
    assert (head.sample_count, head.group_count, head.rating_count) == (300, 100, 900)


def test_an_unseen_prompt_is_judged_by_the_full_head():
    features, ratings, prompts = planted()
    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    new = head.predict_out_of_fold(features[:4], ["never seen"] * 4)

    np.testing.assert_array_equal(new, head.predict(features[:4]))


def test_a_prompt_may_be_named_by_a_number():
    features, ratings, _ = planted()
    numbers = [row // 3 for row in range(300)]

    head = fit_head(features, ratings, numbers, levels=FIVE, seed=1)

    assert not np.allclose(head.predict_out_of_fold(features, numbers), head.predict(features))


def test_swapping_the_responses_mirrors_the_judgment():
    features, ratings, prompts = planted_comparison()
    head = fit_head(features, ratings, prompts, levels=THREE, seed=1, comparison=True)

    forth = head.predict_out_of_fold(features, prompts)
    back = head.predict_out_of_fold(-features, prompts)

    assert head.gain > 0.1
    np.testing.assert_allclose(forth, back[:, ::-1], atol=1e-12)


def test_annotators_who_prefer_one_side_do_not_tilt_a_comparison():
    features, ratings, prompts = planted_comparison()
    ratings[:, 0] = 1.0

    head = fit_head(features, ratings, prompts, levels=THREE, seed=1, comparison=True)

    same = head.predict(np.zeros((1, features.shape[1])))[0]
    assert same[0] == pytest.approx(same[2], abs=1e-12)


def test_one_prompt_alone_is_held_out_sample_by_sample_in_either_order():
    features, ratings, _ = planted_comparison()
    prompts = ["the only one"] * len(features)

    head = fit_head(features, ratings, prompts, levels=THREE, seed=1, comparison=True)
    changed = ratings.copy()
    changed[11] *= -1
    other = fit_head(features, changed, prompts, levels=THREE, seed=1, comparison=True)

    assert head.by_sample
    assert "single samples were held out" in head.note
    assert head.group_count == 1
    np.testing.assert_array_equal(
        head.predict_out_of_fold(features, prompts)[11], other.predict_out_of_fold(features, prompts)[11]
    )
    np.testing.assert_allclose(
        head.predict_out_of_fold(features, prompts),
        head.predict_out_of_fold(-features, prompts)[:, ::-1],
        atol=1e-12,
    )


@pytest.mark.parametrize("prompt_count", [2, 3])
def test_fewer_prompts_than_folds_make_as_many_folds_as_prompts(prompt_count):
    features, ratings, _ = planted()
    prompts = [row % prompt_count for row in range(300)]

    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    assert head.fold_count == prompt_count
    assert not head.by_sample


def test_a_head_is_refused_below_twenty_labelled_samples():
    features, ratings, prompts = planted(count=60)
    ratings[19:] = np.nan

    with pytest.raises(TooFewLabels, match="19 labelled samples; a head needs at least 20"):
        fit_head(features, ratings, prompts, levels=FIVE, seed=1)


def test_twenty_times_the_same_sample_cannot_be_held_out():
    with pytest.raises(NothingToHoldOut):
        fit_head(np.ones((20, 3)), np.ones((20, 1)), ["one"] * 20, levels=FIVE, seed=1)


def test_samples_without_ratings_are_left_out_and_count_as_unseen():
    features, ratings, prompts = planted()
    ratings[:30] = np.nan
    ratings[40, 1:] = np.nan

    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    assert (head.sample_count, head.rating_count) == (270, 808)
    np.testing.assert_array_equal(head.predict_out_of_fold(features, prompts)[:30], head.predict(features)[:30])


def test_of_too_many_samples_whole_prompts_are_drawn():
    features, ratings, prompts = planted()

    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1, most_samples=150)

    assert (head.sample_count, head.group_count) == (150, 50)


def test_everybody_of_one_opinion_is_no_error():
    features, _, prompts = planted()

    head = fit_head(features, np.full((300, 3), 3.0), prompts, levels=FIVE, seed=1)

    assert head.predict(features)[0].argmax() == 3
    assert np.isfinite(head.gain)


def test_features_that_never_vary_yield_the_pooled_frequencies():
    _, ratings, prompts = planted()

    head = fit_head(np.ones((300, 4)), ratings, prompts, levels=FIVE, seed=1)

    assert head.slopes.tolist() == [0.0] * 6


def test_one_extreme_feature_makes_no_certainty():
    features, ratings, prompts = planted()
    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    extreme = head.predict(features[:1] * 1e6)

    assert extreme.max() <= head.predict(features).max() + 1e-12


def test_the_same_inputs_give_the_same_bytes():
    features, ratings, prompts = planted()

    first = fit_head(features, ratings, prompts, levels=FIVE, seed=1)
    second = fit_head(features, ratings, prompts, levels=FIVE, seed=1)
    other_folds = fit_head(features, ratings, prompts, levels=FIVE, seed=2)

    assert first.to_bytes() == second.to_bytes()
    assert first.digest == second.digest != other_folds.digest


def test_a_stored_head_is_the_same_judge():
    features, ratings, prompts = planted()
    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    loaded = FittedHead.from_bytes(head.to_bytes())

    assert loaded.digest == head.digest
    assert loaded.note == head.note
    np.testing.assert_array_equal(
        loaded.predict_out_of_fold(features, prompts), head.predict_out_of_fold(features, prompts)
    )


def test_a_stored_head_carries_no_prompts():
    features, ratings, prompts = planted()

    assert b"prompt 7" not in fit_head(features, ratings, prompts, levels=FIVE, seed=1).to_bytes()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"levels": [1.0, 2.0]}, LevelsDoNotFit, "not among the levels"),
        ({"levels": [4.0, 3.0]}, LevelsDoNotFit, "ascending"),
        ({"comparison": True}, LevelsDoNotFit, "not symmetric about 0"),
        ({"groups": ["one"]}, FeaturesDoNotFit, "1 groups"),
        ({"features": np.full((300, 2), np.nan)}, FeaturesDoNotFit, "not finite"),
        ({"features": np.zeros(300)}, FeaturesDoNotFit, "one row a sample"),
    ],
)
def test_wrong_inputs_are_refused_in_words(change, error, words):
    features, ratings, prompts = planted()
    inputs = {"features": features, "ratings": ratings, "groups": prompts, "levels": FIVE, "seed": 1} | change

    with pytest.raises(error, match=words):
        fit_head(**inputs)


def test_features_of_another_engine_are_refused():
    features, ratings, prompts = planted()
    head = fit_head(features, ratings, prompts, levels=FIVE, seed=1)

    with pytest.raises(FeaturesDoNotFit, match="41 columns, the head was fitted to 40"):
        head.predict(np.zeros((1, 41)))


# --- wide features ----------------------------------------------------------------------------------------------------


def planted_wide(comparison=False):
    """Ratings that follow one of many hidden directions; columns of very different size, one of which never varies."""
    rng = np.random.default_rng(6)
    hidden = rng.normal(size=(240, 12))
    columns = hidden @ rng.normal(size=(12, 90)) + 0.05 * rng.normal(size=(240, 90))
    columns = (columns + (0.0 if comparison else 3.0)) * np.geomspace(0.01, 100.0, 90)
    columns[:, 5] = 0.0 if comparison else 7.0
    levels = THREE if comparison else FIVE
    truth = hidden[:, 0] if comparison else 2.0 + hidden[:, 0]
    return columns.astype(np.float32), made_ratings(rng, truth, levels), [f"prompt {row // 2}" for row in range(240)]


@pytest.mark.parametrize("comparison", [False, True])
def test_wide_features_seen_along_their_main_directions_give_the_same_judgments(monkeypatch, comparison):
    features, ratings, prompts = planted_wide(comparison)
    about = {"levels": THREE if comparison else FIVE, "seed": 1, "comparison": comparison}
    whole = fit_head(features, ratings, prompts, **about)
    monkeypatch.setattr(fitting, "main_directions", partial(main_directions, most=60))
    narrow = fit_head(features, ratings, prompts, **about)

    one, other = (head.predict_out_of_fold(features, prompts) for head in (whole, narrow))

    assert narrow.weights.shape == whole.weights.shape
    assert np.corrcoef(whole.expected(one), whole.expected(other))[0, 1] > 0.99
    assert narrow.gain == pytest.approx(whole.gain, abs=0.02)
    assert whole.gain > 0.3
    if comparison:
        np.testing.assert_allclose(narrow.predict(-features), narrow.predict(features)[:, ::-1], atol=1e-12)


def test_directions_are_orthogonal_and_nothing_is_lost_when_there_are_as_many_as_there_can_be():
    features = planted_wide()[0].astype(float)
    directions = main_directions(features, np.ones(90), through_zero=False, rng=np.random.default_rng(1), most=89)

    np.testing.assert_allclose(directions.basis.T @ directions.basis, np.eye(89), atol=1e-5)
    standardised = (features - features.mean(axis=0)) * directions.factor
    np.testing.assert_allclose(standardised @ directions.basis @ directions.basis.T, standardised, atol=1e-3)
    assert directions.factor[5] == 0.0


def test_the_same_score_in_directions_and_in_columns():
    features = planted_wide()[0].astype(float)
    directions = main_directions(features, np.ones(90), through_zero=False, rng=np.random.default_rng(1), most=20)
    rng = np.random.default_rng(2)
    centre, weight = rng.normal(size=20).astype(np.float32), rng.normal(size=20).astype(np.float32)

    scores = (directions.seen(features) - centre) @ weight
    far_centre, far_weight = directions.back(centre, weight)

    np.testing.assert_allclose((features - far_centre) @ far_weight, scores, atol=1e-3 * np.abs(scores).max())


def test_few_columns_or_few_samples_are_used_as_they_are():
    features = np.random.default_rng(0).normal(size=(30, 50))
    for most in (30, 60):
        assert (
            main_directions(features, np.ones(50), through_zero=False, rng=np.random.default_rng(1), most=most) is None
        )


# --- the parts, against slower ways of getting the same ----------------------------------------------------------------


@pytest.mark.parametrize("width", [4, 60])
@pytest.mark.parametrize("through_zero", [True, False])
@pytest.mark.parametrize("group_count", [3, 40])
def test_left_out_scores_equal_refitting_without_the_group(width, through_zero, group_count):
    rng = np.random.default_rng(3)
    features, targets = rng.normal(size=(40, width)), rng.normal(size=40) + 1.0
    weights, groups = rng.integers(1, 4, size=40).astype(float), np.arange(40) % group_count
    ridge = Ridge(features, targets, weights, column_scale=np.ones(width), through_zero=through_zero)

    strength, scores = ridge.leave_out(groups)

    refitted = refit_without_group(ridge, features, targets, weights, groups, strength, through_zero)
    np.testing.assert_allclose(scores, refitted, atol=1e-8)


def refit_without_group(ridge, features, targets, weights, groups, strength, through_zero):
    """Normal equations with an unpenalised intercept, one group left out at a time, on the same standardisation."""
    weights = weights / weights.mean()
    shifted = features - ridge.centre
    rows = shifted / np.sqrt(np.average(shifted**2, axis=0, weights=weights))
    mean = 0.0 if through_zero else np.average(targets, weights=weights)
    design = rows if through_zero else np.column_stack([rows, np.ones(len(rows))])
    penalty = np.eye(design.shape[1]) * strength
    if not through_zero:
        penalty[-1, -1] = 0.0
    scores = np.zeros(len(rows))
    for group in np.unique(groups):
        seen = groups != group
        weighted = design[seen] * weights[seen, None]
        beta = np.linalg.solve(weighted.T @ design[seen] + penalty, weighted.T @ (targets[seen] - mean))
        scores[~seen] = design[~seen] @ beta
    return scores


def test_the_level_model_recovers_a_known_slope():
    rng = np.random.default_rng(4)
    scores, levels = rng.uniform(-1, 1, 20_000), np.array([1.0, 2.0, 3.0])
    logits = np.array([0.3, 0.0, -0.3]) + 2.0 * scores[:, None] * np.array([-0.5, 0.0, 0.5])
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    counts = rng.multinomial(1, chances).astype(float)

    model = fit_levels(scores, counts, levels, np.arange(20_000), mirrored=False)

    assert model.slope == pytest.approx(2.0, abs=0.2)
    assert (level_probabilities(scores, levels, model) - chances).std() < 0.02


def test_a_harmful_score_is_not_believed():
    rng = np.random.default_rng(4)
    counts = np.eye(2)[rng.integers(0, 2, 200)]

    model = fit_levels(-counts[:, 1], counts, np.array([0.0, 1.0]), np.arange(200), mirrored=False)

    assert model.slope == 0.0
