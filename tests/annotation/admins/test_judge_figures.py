"""The figures of judges: whether one may stand in for a person, and what a panel of them is worth."""

import json

import numpy as np
import pytest
from gold_story import make_slice
from story import crowd, make_sample, rate_overall

from annotation.services import figures, judging
from annotation.services.judging import JudgeIdentity, Verdict

pytestmark = pytest.mark.django_db
SAMPLES = 36


def computed(project):
    """As it is kept: through JSON."""
    return json.loads(json.dumps(figures.compute(type(project).objects.get(pk=project.pk))))


@pytest.fixture
def rated(project):
    """Three people who are one level off now and then, on 36 samples."""
    people = crowd(project, 3)
    for number in range(SAMPLES):
        said = [truth_of(number), truth_of(number), truth_of(number)]
        said[number % 3] += 1 if number % 4 else 0
        rate_overall(make_sample(project, f"s{number:02}"), dict(zip(people, said, strict=True)))
    return project


def truth_of(number):
    return 2 + number % 4


def put_judge(project, name, verdict_of):
    """A judge that says what `verdict_of` makes of the number of a sample."""
    judge = judging.enable(project=project, identity=JudgeIdentity("external", name))
    samples = project.samples.order_by("external_id")
    verdicts = [Verdict(sample.pk, [verdict_of(number)]) for number, sample in enumerate(samples)]
    judging.post(project=project, judge=judge, verdicts=verdicts)


def test_each_judge_has_a_verdict_a_winning_rate_and_an_allowance(rated):
    put_judge(rated, "careful", truth_of)
    put_judge(rated, "contrary", lambda number: 7 - truth_of(number))
    careful, contrary = (row["stands_in"] for row in computed(rated)["judges"])
    assert (careful["outcome"], careful["winning_rate"], careful["smallest_epsilon"]) == ("passes", 1.0, 0.0)
    assert careful["verdict"].startswith("May stand in for a person: it holds its own against 3 of 3 people")
    assert (careful["people_count"], careful["sample_count"], careful["epsilon"]) == (3, SAMPLES, 0.15)
    assert (contrary["outcome"], contrary["winning_rate"]) == ("fails", 0.0)
    assert contrary["advantage"] < careful["advantage"]


def test_each_attribute_says_what_its_panel_is_worth(rated):
    rng = np.random.default_rng(1)
    noise = [rng.integers(-1, 2, SAMPLES), rng.integers(-1, 2, SAMPLES)]
    put_judge(rated, "one", lambda number: int(truth_of(number) + noise[0][number]))
    put_judge(rated, "its copy", lambda number: int(truth_of(number) + noise[0][number]))
    [panel] = computed(rated)["panels"]
    assert (panel["attribute"], panel["measured_on"], panel["judge_count"]) == ("overall", "first_rounds", 2)
    assert panel["corrected"]["value"] == pytest.approx(1)
    put_judge(rated, "another", lambda number: int(truth_of(number) + noise[1][number]))
    [panel] = computed(rated)["panels"]
    assert panel["judge_count"] == 3
    assert panel["corrected"]["value"] > 1.2
    assert panel["corrected"]["low"] <= panel["corrected"]["value"] <= panel["corrected"]["high"]


def test_with_few_ratings_both_say_in_words_what_is_missing(project):
    rate_overall(make_sample(project, "only"), dict.fromkeys(crowd(project, 3), 4))
    put_judge(project, "robo", lambda number: 4)
    found = computed(project)
    assert found["judges"][0]["stands_in"]["outcome"] == "undefined"
    assert "3 are needed" in found["judges"][0]["stands_in"]["verdict"]
    assert found["panels"][0]["corrected"]["value"] is None
    assert "A panel has two or more" in found["panels"][0]["corrected"]["undefined"]


def test_without_a_judge_there_is_no_panel(project):
    found = computed(project)
    assert (found["judges"], found["panels"]) == ([], [])


def test_with_a_random_slice_judges_are_measured_on_it_and_on_first_rounds_beside(rated):
    people = list(rated.annotators.order_by("pk"))[:3]
    make_slice(rated, [3, 3, 4], people, "slice")
    put_judge(rated, "careful", lambda number: truth_of(number % SAMPLES))
    found = computed(rated)
    [on_slice], [beside] = found["judges"], found["beside"]
    assert (on_slice["measured_on"], on_slice["stands_in"]["outcome"]) == ("random_slice", "undefined")
    assert beside["judges"][0]["stands_in"]["outcome"] == "passes"
    assert beside["panels"][0]["measured_on"] == "first_rounds"
