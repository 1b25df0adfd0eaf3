"""The attributes pages: their figures are those of the statistics, and every doubtful one says that it is."""

import re
from datetime import timedelta

import pytest
from story import NOW, OVERALL, decided_long_ago, join, make_project, make_sample, rate, scale

from annotation.explorer import covering
from annotation.models import Guideline, SampleContent
from annotation.review.attributes import page as attributes
from annotation.review.attributes.page import NoSuchAttribute
from annotation.statistics import fold
from consensus.estimates import Estimate, difference

PAGE = "/projects/recipes/attributes/"
AGREED, APART = (4, 4, 5), (1, 6, 3)


def count(project):
    fold.fold(project=project, at=NOW)


@pytest.fixture
def judged(project):
    """Sixty samples on which people nearly agree, and ten on which they are far apart."""
    decided_long_ago(project, [AGREED] * 40 + [(2, 2, 3)] * 20 + [APART] * 10)
    count(project)
    return project


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


def text_of(answer):
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_annotators_and_strangers_see_neither_page(client, project, ana):
    client.force_login(ana.user)
    assert [client.get(path).status_code for path in (PAGE, f"{PAGE}overall/")] == [403, 403]
    client.force_login(join(make_project("others"), "olga", role="reviewer"))
    assert [client.get(path).status_code for path in (PAGE, f"{PAGE}overall/")] == [404, 404]


def test_before_anything_is_counted_both_pages_say_so(browser, project):
    assert "No figures yet" in text_of(browser.get(PAGE))
    assert "Nothing is counted yet" in text_of(browser.get(f"{PAGE}overall/"))
    assert browser.get(f"{PAGE}unheard-of/").status_code == 404


def test_the_list_has_levels_reliability_and_how_often_people_differ(browser, judged):
    [row] = attributes.list_page(judged, "")["rows"]
    assert [(level["words"], level["count"]) for level in row["strip"]] == [
        ("1", 10), ("2", 40), ("3", 30), ("4", 80), ("5", 40), ("6", 10),
    ]  # fmt: skip
    assert row["alpha"]["low"] < row["alpha"]["value"] < row["alpha"]["high"]
    assert (row["apart"]["rounds"], row["apart"]["differ"], row["apart"]["beyond"]) == (70, 70, 10)
    said = text_of(browser.get(PAGE))
    assert "210 ratings in first rounds" in said
    assert "By more than 2, so more people are asked: 14 % (10)" in said


def test_the_page_of_one_attribute_draws_what_is_counted(browser, judged):
    page = attributes.page(judged, "overall", "")
    assert [row[1] for row in page["levels_picture"].rows] == [10, 40, 30, 80, 40, 10]
    assert page["spread_picture"].rows == (("0", 0), ("1", 60), ("2", 0), ("3", 0), ("4", 0), ("5", 10))
    confusion = [row[1:] for row in page["confusion_picture"].rows]
    assert confusion[3][3:5] == (80, 80)  # 4 beside 4, and beside 5
    assert confusion == [*zip(*confusion, strict=True)]
    first_rounds, random_slice, _after = page["measured_picture"].rows
    assert first_rounds[1] == pytest.approx(page["alpha"]["value"])
    assert isinstance(random_slice[1], str)  # there is none: a word
    answer = browser.get(f"{PAGE}overall/")
    assert answer.content.count(b"data-chart-picture") == 6


def test_the_samples_that_people_differ_on_most_come_first(browser, judged):
    covering.cover(project=judged, through=2**60, at=NOW)
    covering.refresh(judged.samples.values_list("pk", flat=True))
    rows = attributes.page(judged, "overall", "")["samples"]["rows"]
    assert [row["apart"] for row in rows] == [5] * 8
    assert rows[0]["excerpt"].startswith("Prompt of old-")
    page = browser.get(f"{PAGE}overall/").content.decode()
    assert rows[0]["url"] in page
    assert browser.get(rows[0]["url"]).status_code == 200


def test_an_attribute_that_decides_nothing_has_its_samples_too(db):
    style = scale("style", 0, 1, 2, scope="sample", level="nominal")
    project = make_project("two", attributes=[OVERALL, style])
    sample = make_sample(project)
    for name, value in (("ana", 0), ("ben", 0), ("cleo", 2)):
        rate(sample, by=join(project, name), overall=3, style=value)
    count(project)
    covering.cover(project=project, through=2**60, at=NOW)
    covering.refresh([sample.pk])
    assert [row["id"] for row in attributes.page(project, "style", "")["samples"]["rows"]] == ["s1"]
    assert attributes.page(project, "overall", "")["samples"]["rows"] == []


def test_a_weak_attribute_and_an_unused_scale_are_warned_of(project):
    decided_long_ago(project, [(1, 6, 1), (6, 1, 6)] * 25)
    count(project)
    weak, unused = attributes.page(project, "overall", "")["warnings"]
    assert weak.startswith("Weak: the whole interval lies below 0.667")
    assert unused == "Hardly uses its scale. Chosen in fewer than 2 % of ratings: 2, 3, 4, 5."


def test_nearly_one_level_is_said_to_lower_alpha(project):
    decided_long_ago(project, [(4, 4, 4)] * 40 + [(4, 4, 5)])
    count(project)
    assert any("99 % of ratings are “4”" in said for said in attributes.page(project, "overall", "")["warnings"])


def test_too_few_samples_are_no_figure(project):
    decided_long_ago(project, [AGREED] * 6)
    count(project)
    page = attributes.page(project, "overall", "")
    assert page["alpha"]["value"] is None
    assert page["alpha"]["text"] == "too few (6)"
    assert page["warnings"] == []


def test_a_new_guideline_is_shown_with_what_it_changed_and_an_honest_word(browser, project):
    Guideline.objects.create(project=project, version=1, text="Read.", created_at=NOW - timedelta(days=9))
    Guideline.objects.create(
        project=project, version=2, text="Read both.", what_changed="Length matters <b>less</b>.", created_at=NOW
    )
    decided_long_ago(project, [AGREED, (2, 2, 3), (1, 2, 1)] * 10)
    count(project)
    newest, first = attributes.page(project, "overall", "")["versions"]
    assert (newest["version"], newest["what_changed"]) == (2, "Length matters <b>less</b>.")
    assert newest["alpha"]["count"] == 30
    assert first["alpha"]["why"] == "no first round under it yet"
    assert newest["step"] is None
    assert "Length matters &lt;b&gt;less&lt;/b&gt;." in browser.get(f"{PAGE}overall/").content.decode()


def test_a_difference_within_noise_is_not_called_a_change():
    before, after = Estimate(0.60, 0.50, 0.70, 60, 40), Estimate(0.68, 0.58, 0.78, 60, 40)
    assert difference(after, before).low == pytest.approx(0.08 - 0.02**0.5, abs=1e-12)
    assert attributes._step(after, (1, before))["verdict"].startswith("within noise")
    much = Estimate(0.90, 0.86, 0.93, 60, 40)
    assert attributes._step(much, (1, before)) == {
        "since": 1, "text": "+0.30 (+0.19 to +0.40)", "verdict": "clearly more reliable", "is_clear": True,
    }  # fmt: skip
    assert attributes._step(before, (1, much))["verdict"] == "clearly less reliable"
    no_interval = Estimate(0.9, None, None, 1, 1, "one prompt")
    assert attributes._step(no_interval, (1, before))["text"] == "+0.30"


def test_an_unknown_attribute_is_named_with_those_that_there_are(project):
    with pytest.raises(NoSuchAttribute, match=r"no attribute 'styl'; it has: overall"):
        attributes.page(project, "styl", "")


def test_a_slice_has_its_own_figures_and_is_kept_on_the_way(browser, project):
    decided_long_ago(project, [AGREED] * 30)
    of_law = [sample.pk for sample in project.samples.order_by("pk")[:12]]
    SampleContent.objects.filter(sample__project=project).update(metadata={"domain": "cooking"})
    SampleContent.objects.filter(sample__in=of_law).update(metadata={"domain": "law"})
    count(project)
    law = attributes.list_page(project, "domain=law")
    assert law["rows"][0]["ratings"] == 36
    assert law["rows"][0]["url"] == f"{PAGE}overall/?slice=domain%3Dlaw"
    assert "Small: 12 samples" in text_of(browser.get(f"{PAGE}overall/?slice=domain%3Dlaw"))
