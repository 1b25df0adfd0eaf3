"""The pages about judges: who sees them, what they say before and after there are figures."""

import re

import pytest
from django.urls import reverse
from story import NOW, PREFERENCE, crowd, decided_long_ago, join, make_project, make_sample, rate, rate_overall

from annotation.services import figures, judging, merging
from annotation.services.judging import JudgeIdentity, Verdict

JUDGES = "/projects/recipes/judges/"
EVIL = '<script>window.struck=1</script>"{{ 7|add:7 }}'


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def page_of(project, judge):
    return reverse("annotation:judge", args=[project.slug, judge.pk])


def put_judge(project, name="robo-judge", **about):
    return judging.enable(project=project, identity=JudgeIdentity("external", name, **about))


def compute(project):
    merging.merge_project(project=project, at=NOW)
    figures.refresh(project=project, at=NOW)


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


@pytest.fixture
def biased(db):
    """Twenty-four comparisons: people take the shorter response; the judge the longer, which is its relative's on two of them."""
    project = make_project(attributes=[PREFERENCE])
    people, judge = (
        crowd(project, 3),
        put_judge(project, family="llama", configuration={"model": "m", "options": {"k": 1}}),
    )
    for number in range(24):
        longer = {"text": "A much longer response.", **({"family": "llama"} if number < 2 else {})}
        sample = make_sample(project, f"s{number}", responses=["Short.", longer])
        for person in people:
            rate(sample, by=person, preference=-1)
        both = {
            "given": {"first": 0.2, "second": 0.8},
            "swapped": {"first": 0.6 if number == 7 else 0.1, "second": 0.4},
        }
        details = {"comparisons": {"preference": both}}
        verdict = Verdict(sample.pk, [1], details=details, is_unsure=number == 7)
        judging.post(project=project, judge=judge, verdicts=[verdict])
    compute(project)
    return project, judge


def test_annotators_and_strangers_see_no_judges(client, project, ana):
    judge = put_judge(project)
    client.force_login(ana.user)
    assert [client.get(page).status_code for page in (JUDGES, page_of(project, judge))] == [403, 403]
    client.force_login(join(make_project("elsewhere"), "zoe", role="reviewer"))
    assert [client.get(page).status_code for page in (JUDGES, page_of(project, judge))] == [404, 404]


def test_a_judge_of_another_project_is_not_shown_here(browser, project):
    judge = put_judge(make_project("elsewhere"))
    assert browser.get(page_of(project, judge)).status_code == 404


def test_without_judges_the_page_says_so(browser, project):
    assert "Labels are made by people alone" in text_of(browser.get(JUDGES))


def test_before_any_figure_a_judge_is_listed_and_can_be_opened(browser, project):
    judge = put_judge(project)
    assert "robo-judge" in text_of(browser.get(JUDGES))
    assert "No figures" in text_of(browser.get(page_of(project, judge)))


def test_the_list_shows_agreement_leanings_and_what_has_no_vote(client, biased):
    project, judge = biased
    client.force_login(join(project, "rita", role="reviewer"))
    page = text_of(client.get(JUDGES))
    assert page_of(project, judge) in page
    for words in (
        "24 judgments, 1 (4 %) unsure, 2 (8 %) without a vote",
        "+100 (+100 to +100)",
        "people 100 %",
        "96 %",
        "too few (2)",  # of relatives
    ):
        assert words in page, words


def test_a_judges_page_says_in_words_what_it_leans_to(client, biased):
    project, judge = biased
    client.force_login(join(project, "rita", role="reviewer"))
    page = text_of(client.get(page_of(project, judge)))
    for words in (
        "Not tested:",
        "0 people have rated 30 samples or more that it and somebody else rated too; 3 are needed.",
        "100 % (100 to 100)",
        "people: 0 %; difference +100 (+100 to +100), more than people",
        "measured, without a vote",
        "Same verdict in both orders",
        "50 % where the order does nothing",
        "{&quot;k&quot;: 1}",
    ):
        assert words in page, words


def test_where_relatives_vote_the_page_says_that_they_do(client, biased):
    project, judge = biased
    project.lets_relatives_vote = True
    project.save(update_fields=["lets_relatives_vote"])
    figures.refresh(project=project, at=NOW, at_once=True)
    client.force_login(join(project, "rita", role="reviewer"))
    assert "2 (8 %) of relatives" in text_of(client.get(JUDGES))
    assert "this project lets them vote" in text_of(client.get(page_of(project, judge)))


def test_a_reviewer_reads_beside_a_judgment_that_it_is_unsure_or_has_no_vote(client, biased):
    project, _ = biased
    client.force_login(join(project, "rita", role="reviewer"))
    pages = {}
    for name in ("s0", "s3", "s7"):
        opened = reverse("annotation:review-judges", args=[project.slug, project.samples.get(external_id=name).pk])
        pages[name] = text_of(client.post(opened, follow=True))
    assert [name for name, page in pages.items() if "Without a vote" in page] == ["s0"]
    assert [name for name, page in pages.items() if "Unsure: it named another winner" in page] == ["s7"]


def test_a_panel_says_what_it_is_worth_and_what_it_weighs(browser, project):
    truths = [2 + number % 4 for number in range(36)]
    samples = decided_long_ago(project, [(truth, truth, truth + (at % 3 == 0)) for at, truth in enumerate(truths)])
    for name in ("one", "its copy"):
        verdicts = [Verdict(sample.pk, [2 + (at + at // 5) % 4]) for at, sample in enumerate(samples)]
        judging.post(project=project, judge=put_judge(project, name), verdicts=verdicts)
    compute(project)
    page = text_of(browser.get(JUDGES))
    assert "2 judges are worth 1.0 independent ones (1.0 to 1.0)." in page
    assert "0.00 (fewer than fifty samples to measure on)" in page
    assert [at.get("size") for at in _panels(browser)] == [2]
    assert [at.get("worth") for at in _panels(browser)] == ["1.0"]


def _panels(browser):
    return browser.get(JUDGES).context["panels"]


def test_one_judgment_makes_no_figure(browser, project):
    sample, judge = make_sample(project), put_judge(project)
    put_judge(project, "another")
    rate_overall(sample, dict.fromkeys(crowd(project, 3), 4))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4])])
    compute(project)
    [kept, _] = project.figures.figures["judges"]
    assert kept["equal_share"]["value"] == 1.0  # whoever computes with it has it
    listed, alone = text_of(browser.get(JUDGES)), text_of(browser.get(page_of(project, judge)))
    for page in (listed, alone):
        assert "too few (" in page
        assert "interval-point" not in page
        assert "100 %" not in page


def test_a_judge_that_never_spoke_has_one_line(browser, project):
    put_judge(project)
    rate_overall(make_sample(project), dict.fromkeys(crowd(project, 3), 4))
    compute(project)
    page = text_of(browser.get(JUDGES))
    assert "No judgments yet" in page
    assert "<td" not in page.split('id="judges-title"')[1].split("</section>")[0]
    overview = text_of(browser.get("/projects/recipes/"))
    assert overview.count("No sample yet that both people and the judge have rated.") == 1
    assert "No sample has two ratings" not in overview


def test_the_panel_counts_only_judges_that_were_compared_often_enough(browser, project):
    samples = decided_long_ago(project, [(2 + number % 4,) * 3 for number in range(36)])
    for name, count in (("one", 36), ("two", 3)):
        verdicts = [Verdict(sample.pk, [2 + at % 3]) for at, sample in enumerate(samples[:count])]
        judging.post(project=project, judge=put_judge(project, name), verdicts=verdicts)
    compute(project)
    assert "two judges or more that were compared on 20 units at least" in text_of(browser.get(JUDGES))


def test_figures_of_an_older_version_are_shown_as_far_as_they_go(browser, project):
    sample, judge = make_sample(project), put_judge(project)
    rate_overall(sample, dict.fromkeys(crowd(project, 3), 4))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4])])
    compute(project)
    kept = project.figures
    for name in ("leanings", "judge_totals"):
        kept.figures.pop(name)
    for row in kept.figures["judges"]:
        row.pop("digest")
    kept.save()
    assert browser.get(JUDGES).status_code == 200
    assert browser.get(page_of(project, judge)).status_code == 200


def test_hostile_names_are_shown_and_not_obeyed(browser, project):
    judge = put_judge(project, EVIL, configuration={EVIL: EVIL}, family=EVIL[:90], licence=EVIL)
    judging.post(project=project, judge=judge, verdicts=[Verdict(make_sample(project).pk, [4])])
    compute(project)
    for page in (JUDGES, page_of(project, judge)):
        text = text_of(browser.get(page))
        assert "<script>window" not in text
        assert "{{ 7|add:7 }}" in text
