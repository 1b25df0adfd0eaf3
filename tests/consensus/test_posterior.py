"""The posterior of both kinds: what it must be whatever the crowd, and what it must learn of crowds whose truth is known."""

import json

import naive_posterior as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.posterior import ClassPosterior, GradePosterior, fit_posterior, is_line, posterior_from_json
from consensus.scales import Scale
from consensus.votes import Votes, VotesNotValid

NAMES = Scale((0, 1, 2), "nominal")
COMPARISON = Scale((-1, 0, 1), "ordinal")
GRADES = Scale((1, 2, 3, 4, 5), "ordinal")
AMOUNTS = Scale((0, 1, 2, 3, 4), "interval")
SCALES = [NAMES, COMPARISON, GRADES, AMOUNTS]


@st.composite
def crowds(draw, most_samples=12, most_people=6):
    """(scale, [(sample, person, level)]): a person rates a sample once, in any order."""
    scale = draw(st.sampled_from(SCALES))
    cells = st.tuples(st.integers(0, most_samples - 1), st.integers(0, most_people - 1))
    pairs = draw(st.lists(cells, unique=True, max_size=40))
    levels = draw(st.lists(st.integers(0, len(scale.levels) - 1), min_size=len(pairs), max_size=len(pairs)))
    return scale, [(sample, person, level) for (sample, person), level in zip(pairs, levels, strict=True)]


def votes_of(rows, scale, samples=12, people=6):
    columns = np.array(rows, dtype=int).reshape(-1, 3).T
    return Votes.of(*columns, level_count=len(scale.levels), sample_count=samples, person_count=people)


def crowd_of_classes(seed, *, samples=600, people=40, overlap=5, levels=3, share=(0.5, 0.95)):
    """People who name the right level with a chance of their own: votes, right levels, chances."""
    rng = np.random.default_rng(seed)
    right, able = rng.integers(0, levels, samples), rng.uniform(*share, people)
    sample = np.repeat(np.arange(samples), overlap)
    person = np.concatenate([rng.permutation(people)[:overlap] for _ in range(samples)])
    wrong = (right[sample] + rng.integers(1, levels, len(sample))) % levels
    said = np.where(rng.random(len(sample)) < able[person], right[sample], wrong)
    return Votes.of(sample, person, said, level_count=levels, person_count=people), right, able


def crowd_of_grades(seed, *, samples=600, people=40, overlap=5, bias=0.4, noise=(0.3, 1.2)):
    """People with a bias and a noise of their own on a scale of five: votes, true grades, biases, noises."""
    rng = np.random.default_rng(seed)
    grade, lean, wide = rng.normal(2, 1, samples), rng.normal(0, bias, people), rng.uniform(*noise, people)
    sample = np.repeat(np.arange(samples), overlap)
    person = np.concatenate([rng.permutation(people)[:overlap] for _ in range(samples)])
    said = np.round(grade[sample] + lean[person] + wide[person] * rng.normal(size=len(sample)))
    return (
        Votes.of(sample, person, np.clip(said, 0, 4).astype(int), level_count=5, person_count=people),
        grade,
        lean,
        wide,
    )


def majority(votes, seed=0):
    """Ties by chance."""
    return (votes.tally() + np.random.default_rng(seed).random((votes.sample_count, votes.level_count)) / 10).argmax(1)


# --- whatever the crowd -----------------------------------------------------------------------------------------
@given(crowds())
def test_probabilities_are_probabilities(crowd):
    scale, rows = crowd
    votes = votes_of(rows, scale)
    fitted = fit_posterior(votes, scale)
    for table in (fitted.probabilities(votes), fitted.next_rating(votes), fitted.pooled):
        assert np.isfinite(table).all()
        assert (table >= 0).all()
        assert np.allclose(table.sum(axis=1), 1)
    assert np.isin(fitted.values_of(fitted.probabilities(votes)), scale.levels).all()
    expected = fitted.expected(votes)
    assert ((expected >= scale.levels[0] - 1e-9) & (expected <= scale.levels[-1] + 1e-9)).all()
    assert ((fitted.reliability() >= 0) & (fitted.reliability() <= 1)).all()


@given(crowds())
def test_one_sample_by_itself_is_as_in_the_set(crowd):
    scale, rows = crowd
    votes = votes_of(rows, scale)
    fitted = fit_posterior(votes, scale)
    together = fitted.probabilities(votes)
    for sample in range(votes.sample_count):
        own = votes.sample == sample
        assert np.allclose(fitted.of_sample(votes.person[own], votes.level[own]), together[sample])


@given(crowds(), st.randoms(use_true_random=False))
def test_who_is_called_what_does_not_matter(crowd, chance):
    scale, rows = crowd
    called = list(range(6))
    chance.shuffle(called)
    before = votes_of(rows, scale)
    after = votes_of([(sample, called[person], level) for sample, person, level in rows], scale)
    one, other = fit_posterior(before, scale), fit_posterior(after, scale)
    assert np.allclose(one.probabilities(before), other.probabilities(after), atol=1e-9)
    assert np.allclose(one.reliability(), other.reliability()[called], atol=1e-9)


@given(crowds(), st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter(crowd, chance):
    scale, rows = crowd
    mixed = list(rows)
    chance.shuffle(mixed)
    before, after = votes_of(rows, scale), votes_of(mixed, scale)
    one, other = fit_posterior(before, scale), fit_posterior(after, scale)
    assert np.allclose(one.probabilities(before), other.probabilities(after), atol=1e-9)


@given(crowds(), st.permutations(range(3)))
def test_names_of_nominal_levels_do_not_matter(crowd, called):
    rows = [(sample, person, level % 3) for sample, person, level in crowd[1]]
    renamed = [(sample, person, called[level]) for sample, person, level in rows]
    before, after = votes_of(rows, NAMES), votes_of(renamed, NAMES)
    one = fit_posterior(before, NAMES).probabilities(before)
    other = fit_posterior(after, NAMES).probabilities(after)
    assert np.allclose(one, other[:, called], atol=1e-9)


@given(crowds())
def test_a_scale_upside_down_gives_the_same_upside_down(crowd):
    scale, rows = crowd
    turned = [(sample, person, len(scale.levels) - 1 - level) for sample, person, level in rows]
    before, after = votes_of(rows, scale), votes_of(turned, scale)
    one = fit_posterior(before, scale).probabilities(before)
    other = fit_posterior(after, scale).probabilities(after)
    assert np.allclose(one, other[:, ::-1], atol=1e-6)


@given(crowds())
def test_it_equals_a_second_implementation(crowd):
    scale, rows = crowd
    if scale.measurement == "interval" or not rows:
        return
    votes = votes_of(rows, scale)
    slow = naive.grade_probabilities if is_line(scale) else naive.class_probabilities
    ordered = list(zip(votes.sample.tolist(), votes.person.tolist(), votes.level.tolist(), strict=True))
    expected = slow(ordered, 6, len(scale.levels))
    found = fit_posterior(votes, scale).probabilities(votes)
    for sample, probabilities in expected.items():
        assert found[sample] == pytest.approx(probabilities, abs=1e-7)


@given(crowds())
def test_it_survives_being_written_down(crowd):
    scale, rows = crowd
    votes = votes_of(rows, scale)
    fitted = fit_posterior(votes, scale)
    again = posterior_from_json(json.loads(json.dumps(fitted.to_json())), scale)
    assert type(again) is type(fitted)
    assert np.allclose(again.probabilities(votes), fitted.probabilities(votes), atol=1e-4)


# --- degenerate crowds ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("scale", SCALES)
def test_nobody_said_anything(scale):
    votes = votes_of([], scale)
    fitted = fit_posterior(votes, scale)
    assert np.allclose(fitted.probabilities(votes), 1 / len(scale.levels), atol=0.25)
    assert fitted.of_sample([], []).sum() == pytest.approx(1)


@pytest.mark.parametrize("scale", SCALES)
def test_one_vote_a_sample_is_believed(scale):
    """Nobody can be compared with anybody: the vote is the value, and nobody is told from anybody."""
    rng = np.random.default_rng(4)
    votes = Votes.of(
        range(300), rng.integers(0, 9, 300), rng.integers(0, len(scale.levels), 300), level_count=len(scale.levels)
    )
    fitted = fit_posterior(votes, scale)
    assert np.ptp(fitted.reliability()) == 0
    if not is_line(scale):
        assert (fitted.probabilities(votes).argmax(axis=1) == votes.level).all()


@pytest.mark.parametrize("scale", SCALES)
def test_everybody_says_the_same(scale):
    votes = votes_of([(sample, person, 1) for sample in range(12) for person in range(3)], scale)
    fitted = fit_posterior(votes, scale)
    assert (fitted.values_of(fitted.probabilities(votes)) == scale.levels[1]).all()
    assert np.ptp(fitted.reliability()[:3]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_one_annotator_alone(scale):
    votes = votes_of([(sample, 0, sample % len(scale.levels)) for sample in range(12)], scale)
    assert np.isfinite(fit_posterior(votes, scale).probabilities(votes)).all()


@pytest.mark.parametrize("scale", SCALES)
def test_annotators_who_share_nothing(scale):
    """Two groups that never meet: each is judged among its own."""
    rng = np.random.default_rng(5)
    rows = [(s, (s % 2) * 3 + p, int(rng.integers(0, len(scale.levels)))) for s in range(12) for p in range(3)]
    votes = votes_of(rows, scale)
    assert np.isfinite(fit_posterior(votes, scale).probabilities(votes)).all()


@pytest.mark.parametrize("scale", SCALES)
def test_ten_thousand_annotators_with_one_label_each(scale):
    rng, top = np.random.default_rng(6), len(scale.levels) - 1
    right = rng.integers(0, top + 1, 2000)
    sample = np.repeat(np.arange(2000), 5)
    nearby = np.clip(right[sample] + rng.choice([-1, 0, 1], 10_000, p=[0.15, 0.7, 0.15]), 0, top)
    votes = Votes.of(sample, range(10_000), nearby, level_count=top + 1)
    fitted = fit_posterior(votes, scale)
    assert np.ptp(fitted.reliability()) < 1e-4  # one label each: nobody is told from anybody
    assert (fitted.values_of(fitted.probabilities(votes)) == scale.values[right]).mean() > 0.8


def test_a_scale_of_other_levels_is_refused():
    with pytest.raises(VotesNotValid, match="3 levels, the scale 5"):
        fit_posterior(votes_of([(0, 0, 1)], NAMES), GRADES)


# --- crowds whose truth is known --------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(3))
def test_how_often_people_are_right_comes_back(seed):
    votes, _right, able = crowd_of_classes(seed)
    learned = fit_posterior(votes, NAMES).reliability()
    assert np.corrcoef(learned, able)[0, 1] > 0.9
    assert np.abs(learned - able).mean() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_biases_and_spreads_come_back(seed):
    votes, _grade, lean, wide = crowd_of_grades(seed)
    fitted = fit_posterior(votes, GRADES)
    assert np.corrcoef(fitted.bias(), lean)[0, 1] > 0.95
    assert np.abs(fitted.bias() - (lean - lean.mean())).mean() < 0.12
    assert np.corrcoef(fitted.reliability(), -wide)[0, 1] > 0.9


@pytest.mark.parametrize("overlap", [2, 3, 5])
def test_where_people_differ_it_beats_the_majority(overlap):
    gains = []
    for seed in range(4):
        votes, right, _able = crowd_of_classes(seed, overlap=overlap, share=(0.34, 0.98))
        learned = fit_posterior(votes, NAMES).probabilities(votes).argmax(axis=1)
        gains.append((learned == right).mean() - (majority(votes) == right).mean())
    assert np.mean(gains) > 0.03


@pytest.mark.parametrize("overlap", [1, 2, 3, 5])
def test_where_people_are_alike_it_is_not_worse_than_the_majority(overlap):
    gains = []
    for seed in range(8):
        votes, right, _able = crowd_of_classes(seed, samples=300, overlap=overlap, share=(0.6, 0.6))
        learned = fit_posterior(votes, NAMES).probabilities(votes).argmax(axis=1)
        gains.append((learned == right).mean() - (majority(votes) == right).mean())
    assert np.mean(gains) > -0.01


@pytest.mark.parametrize("overlap", [1, 2, 3, 5])
def test_grades_are_nearer_the_truth_than_the_mean(overlap):
    votes, grade, _lean, _wide = crowd_of_grades(1, overlap=overlap)
    truth = np.clip(grade, 0, 4)
    learned = fit_posterior(votes, AMOUNTS).expected(votes)
    mean = votes.tally() @ np.arange(5) / overlap
    assert np.abs(learned - truth).mean() < np.abs(mean - truth).mean()


def test_people_who_are_alike_are_not_told_apart():
    """The drift of fitting tables to few labels: everybody is the same, so nobody may be believed more."""
    spans = []
    for seed in range(10):
        votes, _right, _able = crowd_of_classes(seed, samples=200, overlap=3, share=(0.6, 0.6))
        spans.append(np.ptp(fit_posterior(votes, NAMES).reliability()))
    assert np.median(spans) < 0.1


def test_more_rounds_do_not_drift():
    """On a hard crowd that is all alike, labelling by style is what EM to convergence ends in."""
    from consensus.posterior import classes

    votes, right, _able = crowd_of_classes(7, samples=300, overlap=3, share=(0.55, 0.55))
    before = (fit_posterior(votes, NAMES).probabilities(votes).argmax(axis=1) == right).mean()
    rounds, classes.ROUNDS = classes.ROUNDS, 60
    try:
        after = (fit_posterior(votes, NAMES).probabilities(votes).argmax(axis=1) == right).mean()
    finally:
        classes.ROUNDS = rounds
    assert after > before - 0.02


@pytest.mark.parametrize("share", [(0.5, 0.95), (0.6, 0.6)])
def test_probabilities_are_calibrated(share):
    votes, right, _able = crowd_of_classes(3, samples=3000, overlap=4, share=share)
    probabilities = fit_posterior(votes, NAMES).probabilities(votes)
    assert calibration_error(probabilities, right) < 0.05


def test_the_next_rating_of_a_grade_is_calibrated():
    votes, _grade, _lean, _wide = crowd_of_grades(3, samples=3000, overlap=5, bias=0.2)
    last = np.r_[votes.sample[1:] != votes.sample[:-1], True]
    seen = votes.kept(~last)
    assert calibration_error(fit_posterior(seen, GRADES).next_rating(seen), votes.level[last]) < 0.05


def calibration_error(probabilities, right):
    top, hit = probabilities.max(axis=1), probabilities.argmax(axis=1) == right
    bins = np.array_split(np.argsort(top), 10)
    return sum(abs(top[rows].mean() - hit[rows].mean()) * len(rows) for rows in bins) / len(top)


# --- grades or classes ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("overlap", [2, 3, 5])
def test_five_boxes_of_which_one_is_right_are_classes(overlap):
    votes, right, _able = crowd_of_classes(8, samples=300, overlap=overlap, levels=5, share=(0.6, 0.95))
    fitted = fit_posterior(votes, GRADES)
    assert isinstance(fitted, ClassPosterior)
    hits = fitted.values_of(fitted.probabilities(votes)) == GRADES.values[right]
    assert hits.mean() > (majority(votes) == right).mean() - 0.01


@pytest.mark.parametrize("overlap", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_points_on_a_line_are_grades(seed, overlap):
    votes, _grade, _lean, _wide = crowd_of_grades(seed, samples=200, overlap=overlap)
    assert isinstance(fit_posterior(votes, GRADES), GradePosterior)


@given(crowds())
def test_what_is_left_out_has_no_part(crowd):
    """Whatever a person says, what the others make one expect of them stays the same."""
    scale, rows = crowd
    if not rows:
        return
    votes = votes_of(rows, scale)
    fitted = fit_posterior(votes, scale)
    foretold = fitted.next_rating_left_out(votes)
    for row in range(len(votes)):
        others = votes.kept((np.arange(len(votes)) != row) & (votes.sample == votes.sample[row]))
        right = fitted.probabilities(others)[votes.sample[row]]
        if not is_line(scale):
            assert np.allclose(foretold[row], fitted.next_rating_of(right))
        else:
            assert np.allclose(foretold[row], fitted.next_rating(others)[votes.sample[row]])


# --- one sample changes -----------------------------------------------------------------------------------------
CHANGING = [(crowd_of_classes, NAMES), (crowd_of_grades, GRADES)]


@pytest.mark.parametrize(("crowd", "scale"), CHANGING)
def test_a_sample_taken_out_and_put_back_changes_nothing(crowd, scale):
    votes = crowd(1)[0]
    fitted = fit_posterior(votes, scale)
    own = votes.sample == 17
    said = (votes.person[own], votes.level[own])
    again = fitted.with_sample_changed(said, None).with_sample_changed(None, said)
    assert np.allclose(again.reliability(), fitted.reliability(), atol=2e-3)
    same = fitted.with_sample_changed(said, said)
    assert np.allclose(same.reliability(), fitted.reliability(), atol=1e-9)


@pytest.mark.parametrize(("crowd", "scale"), CHANGING)
def test_following_samples_one_by_one_is_near_a_new_fit(crowd, scale):
    votes = crowd(2)[0]
    early = votes.kept(votes.sample < 540)
    followed = fit_posterior(early, scale)
    for sample in range(540, 600):
        own = votes.sample == sample
        followed = followed.with_sample_changed(None, (votes.person[own], votes.level[own]))
    anew = fit_posterior(votes, scale)
    assert np.abs(followed.reliability() - anew.reliability()).mean() < 0.01
    assert np.abs(followed.probabilities(votes) - anew.probabilities(votes)).mean() < 0.02


@pytest.mark.parametrize(("crowd", "scale"), CHANGING)
def test_only_the_people_who_voted_are_looked_at_anew(crowd, scale):
    votes = crowd(3)[0]
    fitted = fit_posterior(votes, scale)
    changed = fitted.with_sample_changed(None, ([1, 2, -1], [0, 2, 1]))
    others = np.setdiff1d(np.arange(40), [1, 2])
    moved = np.abs(changed.reliability() - fitted.reliability())
    # Everybody is compared with what is typical, which a single sample hardly moves.
    assert moved[others].max() < 1e-3
    assert moved[[1, 2]].max() > moved[others].max()
    assert np.isfinite(changed.of_sample([1, 2], [0, 1])).all()


# --- normal distribution ----------------------------------------------------------------------------------------
def test_the_normal_distribution_function():
    import math

    from consensus.posterior.normal import normal_cdf, normal_quantiles

    points = np.linspace(-8.9, 8.9, 7001)
    exact = np.array([0.5 * math.erfc(-point / math.sqrt(2)) for point in points])
    assert np.abs(normal_cdf(points) - exact).max() < 1e-10
    assert normal_cdf([-40.0, 40.0]) == pytest.approx([0, 1], abs=1e-12)
    assert normal_cdf(normal_quantiles([0.01, 0.5, 0.975])) == pytest.approx([0.01, 0.5, 0.975], abs=1e-10)
