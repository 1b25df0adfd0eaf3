"""The explorer's pages: who may see them, what they show, and what is asked by its form."""

import csv
import io
import json
import re

import psycopg
import pytest
from story import NOW, State, join, make_project, make_sample, make_samples, rate, state_of

from annotation.explorer import covering, exporting, finding
from annotation.models import JudgesOpened, Sample, SampleOrder, SavedFilter, SearchProgress
from annotation.services import judging
from annotation.services.judging import JudgeIdentity, Verdict
from bench.stage import address

PAGE = "/projects/recipes/samples/"


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


@pytest.fixture
def library(project, ana, ben, cleo):
    """s0 is resolved with a 4, s1 contested, s2 open with a text that would act."""
    s0, s1 = make_samples(project, 2)
    for person, value in {ana: 1, ben: 6, cleo: 3}.items():
        rate(s0, by=person, overall=4)
        rate(s1, by=person, overall=value)
    make_sample(
        project,
        "s2",
        messages=[{"role": "user", "content": "<script>alert(1)</script> 서울"}],
        metadata={"language": "ko"},
    )
    covering.cover(project=project, through=2**60, at=NOW)
    covering.refresh(project.samples.values_list("pk", flat=True))
    return project


def look(browser, query="", status=200):
    answer = browser.get(f"{PAGE}?{query}")
    assert answer.status_code == status
    return answer.content.decode()


def shown(page):
    return re.findall(r"data-open>([^<]+)<", page)


def test_annotators_and_strangers_see_no_samples(client, library, ana):
    client.force_login(ana.user)
    for path in (PAGE, f"{PAGE}act/?order=exclude", f"{PAGE}orders/", f"{PAGE}export.csv"):
        assert client.get(path).status_code == 403
    client.force_login(join(make_project("others"), "olga", role="reviewer"))
    assert client.get(PAGE).status_code == 404


def test_the_page_shows_what_the_filters_in_its_address_find(browser, library):
    assert shown(look(browser)) == ["s2", "s1", "s0"]
    assert shown(look(browser, "sort=disagreement")) == ["s1", "s0"]
    page = look(browser, "label=overall=4&state=resolved")
    assert shown(page) == ["s0"]
    assert "Overall: 4" in page
    assert "1 sample" in page
    assert 'href="?state=resolved"' in page
    assert shown(look(browser, "text=%EC%84%9C%EC%9A%B8")) == ["s2"]


def test_who_looks_for_what_a_judge_says_otherwise_has_judges_in_sight(browser, library, rita):
    judge = judging.enable(project=library, identity=JudgeIdentity("external", "outside"))
    verdicts = [Verdict(sample.pk, [1]) for sample in library.samples.all()]
    judging.post(project=library, judge=judge, verdicts=verdicts)
    covering.refresh(library.samples.values_list("pk", flat=True))
    assert shown(look(browser, f"judge={judge.pk}")) == ["s2", "s1", "s0"]
    assert not JudgesOpened.objects.exists()
    assert shown(look(browser, f"judge={judge.pk}&said=differs")) == ["s0"]
    opened = JudgesOpened.objects.get()
    assert (opened.sample.external_id, opened.by) == ("s0", rita)


def test_texts_of_others_do_nothing(browser, library):
    page = look(browser, "text=%3Cscript%3Ealert(2)%3C/script%3E&person=%3Cb%3E")
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)" in look(browser)


def test_what_fits_nothing_says_so(browser, library):
    assert "Nothing fits all of these filters" in look(browser, "state=excluded")


@pytest.mark.parametrize("filter_name", ["imported_to", "decided_to"])
def test_the_last_day_of_the_calendar_has_none_after_it(browser, library, filter_name):
    assert shown(look(browser, f"{filter_name}=9999-12-31")) == shown(
        look(browser)
    )  # dropped, like every other nonsense


def test_a_project_without_samples_and_a_search_that_has_not_begun(browser, project):
    page = look(browser)
    assert "No samples yet" in page
    assert "The search begins" in page


def test_how_far_the_search_has_come_is_told(browser, library):
    SearchProgress.objects.filter(project=library).update(covered=400_000, total=1_000_000)
    assert "covers 400,000 of 1,000,000 samples" in look(browser)


def test_pages_are_turned_by_cursor(browser, library, monkeypatch):
    monkeypatch.setattr(finding.page, "__kwdefaults__", {**finding.page.__kwdefaults__, "size": 2})
    first = look(browser)
    assert shown(first) == ["s2", "s1"]
    onward = re.search(r'href="(\?[^"]+)" rel="next"', first).group(1)
    second = look(browser, onward[1:])
    assert shown(second) == ["s0"]
    back = re.search(r'href="(\?[^"]+)" rel="prev"', second).group(1)
    assert shown(look(browser, back[1:])) == ["s2", "s1"]


def test_a_filter_that_takes_too_long_leaves_the_form_and_says_what_to_add(browser, project, monkeypatch):
    make_samples(project, 1)
    monkeypatch.setattr(finding.page, "__kwdefaults__", {**finding.page.__kwdefaults__, "limit_ms": 50})
    with psycopg.connect(address()) as somebody_else:
        somebody_else.execute("LOCK TABLE annotation_sampledocument IN ACCESS EXCLUSIVE MODE")
        page = look(browser, "text=the")
    assert "Stopped after two seconds" in page
    assert "Add a rarer word" in page
    assert 'value="the"' in page


# --- files ------------------------------------------------------------------------------------------------------
def test_what_is_found_leaves_as_a_file_with_its_labels(browser, library):
    table = b"".join(browser.get(f"{PAGE}export.csv?state=resolved").streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(table))
    assert (row["sample_id"], row["state"], row["overall_1"], row["annotations"]) == ("s0", "resolved", "4", "3")
    lines = b"".join(browser.get(f"{PAGE}export.jsonl").streaming_content).decode().splitlines()
    assert [json.loads(line)["sample_id"] for line in lines] == ["s0", "s1", "s2"]
    assert json.loads(lines[0])["labels"] == [{"attribute": "overall", "response": 0, "human": 4, "merged": None}]
    assert library.events.filter(kind="samples_exported").count() == 2
    assert browser.get(f"{PAGE}export.xlsx").status_code == 404


def test_a_file_that_cannot_be_found_in_time_is_not_begun(browser, project, monkeypatch):
    make_samples(project, 1)
    monkeypatch.setattr(exporting, "CHUNK_MS", 50)
    with psycopg.connect(address()) as somebody_else:
        somebody_else.execute("LOCK TABLE annotation_sampledocument IN ACCESS EXCLUSIVE MODE")
        answer = browser.get(f"{PAGE}export.csv?text=the")
    assert answer.url == f"{PAGE}?text=the"
    assert not project.events.filter(kind="samples_exported").exists()


def test_an_id_that_a_spreadsheet_would_run_stays_a_text(browser, project):
    make_sample(project, "=1+1")
    table = b"".join(browser.get(f"{PAGE}export.csv").streaming_content).decode()
    assert "'=1+1" in table


# --- kept filters -----------------------------------------------------------------------------------------------
def test_a_filter_is_kept_for_everybody_who_reviews_here(browser, library, ada):
    browser.post(f"{PAGE}keep/", {"query": "state=open&text=tea", "name": " Tea  leaves "})
    browser.force_login(ada)
    page = look(browser)
    assert 'href="?state=open&amp;text=tea">Tea leaves' in page
    refused = browser.post(f"{PAGE}keep/", {"query": "state=resolved", "name": "Tea leaves"}, follow=True)
    assert "There is a filter" in refused.content.decode()
    assert "Nothing is filtered" in browser.post(f"{PAGE}keep/", {"name": "x"}, follow=True).content.decode()
    browser.post(f"{PAGE}keep/", {"forget": SavedFilter.objects.get().pk})
    assert not SavedFilter.objects.exists()
    assert list(library.events.filter(kind__startswith="filter").values_list("kind", flat=True)) == [
        "filter_saved",
        "filter_forgotten",
    ]


@pytest.mark.parametrize("no_filter", ["abc", "²", "-1", "9" * 400])
def test_forgetting_what_is_no_filter_forgets_nothing(browser, library, no_filter):
    browser.post(f"{PAGE}keep/", {"query": "state=open", "name": "Open"})
    assert browser.post(f"{PAGE}keep/", {"forget": no_filter}).status_code == 302
    assert SavedFilter.objects.get().name == "Open"


# --- doing something to many ------------------------------------------------------------------------------------
def test_what_an_order_would_do_is_said_before_it_is_given(browser, library):
    page = browser.get(f"{PAGE}act/?order=prioritise&scope=all&priority=5").content.decode()
    assert "Of 3 samples 1 is changed" in page
    assert "decided or contested" in page
    answer = browser.post(f"{PAGE}act/", {"order": "prioritise", "scope": "all", "priority": "5"}, follow=True)
    assert "1 sample was changed" in answer.content.decode()
    assert library.samples.get(external_id="s2").priority == 5


def test_marked_samples_are_excluded_with_a_reason(browser, library):
    s1, s2 = library.samples.filter(external_id__in=("s1", "s2")).order_by("external_id")
    what = {"order": "exclude", "sample": [s2.pk], "text": "서울"}
    assert "Exclude 1 sample" in browser.get(f"{PAGE}act/", what).content.decode()
    refused = browser.post(f"{PAGE}act/", what)
    assert refused.status_code == 422
    assert "Write the reason" in refused.content.decode()
    browser.post(f"{PAGE}act/", {**what, "reason": "A test text."})
    assert (state_of(s1), state_of(s2)) == (State.CONTESTED, State.EXCLUDED)
    assert "A test text." in browser.get(f"{PAGE}orders/").content.decode()


def test_a_reviewer_cannot_send_samples_to_people_and_an_admin_can(browser, library, ana, dan, ada):
    s2 = Sample.objects.get(external_id="s2")
    what = {"order": "send", "sample": s2.pk, "people": [dan.pk]}
    assert browser.post(f"{PAGE}act/", what).status_code == 422
    browser.force_login(ada)
    assert "Show what it would do" in browser.get(f"{PAGE}act/", {"order": "send", "sample": s2.pk}).content.decode()
    browser.post(f"{PAGE}act/", what)
    assert s2.offers.get().annotator == dan


@pytest.mark.parametrize(
    "query", ["order=burn&scope=all", "order=exclude", "order=exclude&sample=x", "order=exclude&sample=9"]
)
def test_an_order_for_nothing_goes_back_to_the_list(browser, library, query):
    answer = browser.get(f"{PAGE}act/?{query}")
    assert answer.status_code in (200, 302)
    assert not SampleOrder.objects.exists()
