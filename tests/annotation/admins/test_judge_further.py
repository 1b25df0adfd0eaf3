"""What else is shown of judges: how sure they are, what they cost, what they have weighed, and where they are farthest."""

from decimal import Decimal
from itertools import pairwise

import pytest
from django.template import Context, Template
from django.urls import reverse
from story import NOW, crowd, decided_long_ago, join, make_pair, make_project, rate, scale
from test_judge_pages import JUDGES, compute, page_of, put_judge, text_of

from annotation.models import JudgesOpened, MergeFit, ProjectFigures
from annotation.services import figures, judge_costs, judge_weights, judging
from annotation.services.judging import Verdict

pytestmark = pytest.mark.django_db


def odds(value, probability):
    """Of six levels: so much on this one, the rest spread."""
    return [[probability if level == value else (1 - probability) / 5 for level in range(1, 7)]]


@pytest.fixture
def boaster(project):
    """Thirty samples on which three people say 4. The judge is 90 % sure, and wrong by three on every third."""
    samples = decided_long_ago(project, [(4, 4, 4)] * 30)
    judge = put_judge(project)
    said = [1 if at % 3 == 0 else 4 for at in range(30)]
    usage = {"prompt_tokens": 900, "completion_tokens": 100, "cost": 0.0021}
    judging.post(
        project=project,
        judge=judge,
        verdicts=[
            Verdict(sample.pk, [value], probabilities=odds(value, 0.9), details={"usage": usage})
            for sample, value in zip(samples, said, strict=True)
        ],
    )
    compute(project)
    return judge, samples


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


def test_a_picture_sets_what_it_expects_beside_what_people_say(browser, project, boaster):
    judge, _ = boaster
    [row] = ProjectFigures.objects.get().figures["calibration"]
    [found] = row["own"]["bins"]
    assert (found["predicted"], found["observed"]["count"]) == (pytest.approx(0.9), 30)
    assert found["observed"]["value"] == pytest.approx(2 / 3)
    page = text_of(browser.get(page_of(project, judge)))
    for words in (
        "How sure it is, and how often people say the same",
        "its own probability",
        "Expected calibration error:",
    ):
        assert words in page, words


def test_a_judge_without_probabilities_says_so(browser, project):
    samples = decided_long_ago(project, [(4, 4, 4)] * 30)
    judge = put_judge(project)
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4]) for sample in samples])
    compute(project)
    assert ProjectFigures.objects.get().figures["calibration"][0]["own"] is None
    assert "It gives values and no probabilities." in text_of(browser.get(page_of(project, judge)))


def test_the_samples_to_read_lead_to_the_review_page_with_judges_in_sight(browser, project, boaster, rita):
    judge, samples = boaster
    [row] = ProjectFigures.objects.get().figures["farthest"]
    assert [of["sample"] for of in row["samples"]] == [samples[at].pk for at in range(0, 30, 3)]
    assert row["samples"][0] == {
        "sample": samples[0].pk,
        "response": 0,
        "judge": 1,
        "people": [4, 4, 4],
        "distance": 0.6,
    }
    page = text_of(browser.get(page_of(project, judge)))
    opened = reverse("annotation:review-judges", args=[project.slug, samples[3].pk])
    assert opened in page
    assert f"Prompt of {samples[3].external_id}" in page
    browser.post(opened)
    assert JudgesOpened.objects.get().by == rita


def test_what_it_cost_is_said_as_far_as_it_is_told(browser, project, boaster):
    judge, _ = boaster
    [row] = ProjectFigures.objects.get().figures["judge_costs"]
    assert (row["judgments"], row["prompt_tokens"], row["money"], row["from_runs"]) == (30, 27_000, "0.0630", False)
    assert "0.0630 and 30,000 tokens for 30 judgments" in text_of(browser.get(page_of(project, judge)))
    silent = put_judge(project, "another")
    figures.refresh(project=project, at=NOW, at_once=True)
    assert "not told" in text_of(browser.get(page_of(project, silent)))


def test_usage_that_is_no_usage_is_not_believed(project):
    samples = decided_long_ago(project, [(4, 4, 4)] * 4)
    judge = put_judge(project)
    told = ({"usage": "much"}, {"usage": {"cost": "1e99"}}, {"usage": {"cost": -1}}, {"usage": {"prompt_tokens": True}})
    verdicts = [Verdict(sample.pk, [4], details=of) for sample, of in zip(samples, told, strict=True)]
    judging.post(project=project, judge=judge, verdicts=verdicts)
    compute(project)
    [row] = ProjectFigures.objects.get().figures["judge_costs"]
    assert (row["judgments"], row["prompt_tokens"], row["money"]) == (3, 0, None)


def test_whoever_runs_judges_tells_what_all_of_it_took(project, monkeypatch):
    judge = put_judge(project)
    monkeypatch.setattr(judge_costs, "_tellers", [])
    judge_costs.tell_with(lambda of: {judge.pk: judge_costs.Cost(7, 70, 7, Decimal("0.5"))} if of == project else {})
    [row] = judge_costs.of_project(project, [])
    assert (row["judgments"], row["money"], row["from_runs"]) == (7, "0.5", True)


def test_the_weight_over_time_is_thinned_and_ends_with_the_latest(browser, project, boaster):
    last = judge_weights.POINTS * 3 + 1
    MergeFit.objects.bulk_create(
        MergeFit(
            project=project, attribute="taste", weight=at / 1000, sample_count=at, basis="b", is_current=at == last
        )
        for at in range(1, last + 1)
    )
    MergeFit.objects.create(project=project, attribute="taste", weight=1, sample_count=1, basis="", is_current=False)
    history = [row["samples"] for row in judge_weights.over_time(project) if row["attribute"] == "taste"]
    assert len(history) in (judge_weights.POINTS, judge_weights.POINTS + 1)
    assert (history[-1], history) == (last, sorted(history))
    assert max(b - a for a, b in pairwise(history)) <= 4
    figures.refresh(project=project, at=NOW, at_once=True)
    assert "Weight in the merged value: Overall" in text_of(browser.get(JUDGES))


def test_of_a_comparison_the_samples_to_read_name_the_response(client, db):
    project = make_project("pairs", attributes=[scale("preference", -1, 0, 1, scope="comparison", trigger=True)])
    sample, judge = make_pair(project), put_judge(project)
    for person in crowd(project, 3):
        rate(sample, by=person, preference=-1)
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [1])])
    compute(project)
    client.force_login(join(project, "rita", role="reviewer"))
    page = text_of(client.get(page_of(project, judge)))
    assert "B: 1" in page
    assert "A: -1 · A: -1 · A: -1" in page


@pytest.mark.parametrize(
    ("estimate", "point", "arrows"),
    [
        ({"value": 0.5, "low": 0.4, "high": 0.6}, True, 0),
        ({"value": -0.1, "low": -0.5, "high": 0.3}, True, 1),
        ({"value": -0.6, "low": -0.9, "high": -0.3}, False, 1),
        ({"value": None, "low": None, "high": None}, False, 0),
        ({"value": 1.2, "low": -0.4, "high": 1.4}, False, 2),
    ],
)
def test_a_figure_below_the_axis_stays_within_the_picture_and_an_arrow_says_so(estimate, point, arrows):
    drawn = Template('{% include "components/_interval.html" with estimate=estimate mark=-0.7 %}').render(
        Context({"estimate": estimate})
    )
    assert ("interval-point" in drawn, drawn.count("interval-beyond")) == (point, arrows)
    assert 'x1="-0.2" x2="-0.2"' in drawn  # the mark, at the end of the axis
    assert not [x for x in ("-0.5", "-0.6", "-0.9", "1.2", "1.4", "-0.7") if f'="{x}"' in drawn]
