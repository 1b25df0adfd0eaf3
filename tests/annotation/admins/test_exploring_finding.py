"""What samples can be found by, and that pages of them neither skip nor repeat any."""

from datetime import UTC, datetime

import psycopg
import pytest
from django.http import QueryDict
from story import NOW, OVERALL, PREFERENCE, join, make_pair, make_project, make_sample, make_samples, rate, skip

from annotation.explorer import covering, facets, finding
from annotation.explorer.filters import Filters, asked
from annotation.explorer.words import looked_for
from annotation.models import Judgment, Project, Sample, SampleFacets
from annotation.services import adjudication, judging, priorities, projects
from annotation.services.judging import JudgeIdentity, Verdict
from bench.stage import address


def cover(project):
    covering.cover(project=project, through=2**60, at=NOW)
    covering.refresh(project.samples.values_list("pk", flat=True))


def found(project, query="", **about):
    page = finding.page(project, asked(project, Filters.read(QueryDict(query))), **about)
    names = dict(Sample.objects.filter(pk__in=page.ids).values_list("pk", "external_id"))
    return [names[pk] for pk in page.ids]


def say(project, name, text):
    return make_sample(project, name, messages=[{"role": "user", "content": text}])


# --- words ------------------------------------------------------------------------------------------------------
TEXTS = {
    "fox": "The quick brown fox jumps; a well-known sentence.",
    "seoul": "한국의 수도는 서울입니다. 사람이 많이 살아요.",
    "beijing": "我们今天去北京参观故宫。明天回来。",
    "kana": "ｶﾀｶﾅ と カタカナ",
    "mixed": "Compare 서울 with Beijing, please",
}


@pytest.fixture
def library(project):
    for name, text in TEXTS.items():
        say(project, name, text)
    make_sample(project, "answer", responses=["An unlikely hedgehog."])
    make_sample(project, "turns", responses=[{"messages": [{"role": "assistant", "content": "A badger said so."}]}])
    cover(project)
    return project


LOOKED_FOR = [
    ("fox", {"fox"}),
    ("FOX brown", {"fox"}),
    ("fox badger", set()),
    ('"quick brown"', {"fox"}),
    ('"brown quick"', set()),
    ("hedge*", {"answer"}),
    ("badger", {"turns"}),
    ("well-known", {"fox"}),
    ("서울", {"seoul", "mixed"}),
    ("서울 -compare", {"seoul"}),
    ("수도", {"seoul"}),
    ("사람이 많이", {"seoul"}),
    ('"많이 살아요"', {"seoul"}),
    ('"살아요 많이"', set()),
    ("한", {"seoul"}),
    ("사살", set()),
    ("北京", {"beijing"}),
    ("故宫", {"beijing"}),
    ("京北", set()),
    ("カタカナ", {"kana"}),
    ("ｶﾀｶﾅ", {"kana"}),
]


def test_texts_are_found_by_their_words_also_where_no_space_parts_them(library):
    assert [(typed, set(found(library, f"text={typed}"))) for typed, _ in LOOKED_FOR] == LOOKED_FOR


@pytest.mark.parametrize("typed", ["", "  ", "...", '"', "-", "'", "*", "\\", "&|!"])
def test_what_has_no_word_looks_for_nothing(typed):
    assert looked_for(typed) == ""


def test_what_is_typed_is_never_a_query_of_its_own(library):
    for typed in ("it's", "a & b | !c", "back\\slash", "<-> ( x", "x':* y", "x' | 'y", "国'*"):
        assert found(library, f"text={typed.replace('&', '%26')}") == []


def test_words_of_another_project_stay_there(library):
    other = make_project("others")
    say(other, "theirs", "Another fox.")
    cover(other)
    assert found(library, "text=fox") == ["fox"]
    assert found(other, "text=fox") == ["theirs"]
    assert found(other) == ["theirs"]


# --- what is true of a sample -----------------------------------------------------------------------------------
@pytest.fixture
def judged(project, ana, ben, cleo, rita, judge):
    """s0 agreed on 4, s1 disputed, s2 skipped by ana, s3 excluded by rita, s4 untouched and judged by a model."""
    s0, s1, s2, s3, s4 = make_samples(project, 5)
    for person, (one, other) in {ana: (4, 1), ben: (4, 3), cleo: (5, 6)}.items():
        rate(s0, by=person, overall=one, comment="Good." if person is ana else "")
        rate(s1, by=person, overall=other)
    skip(s2, by=ana)
    adjudication.exclude(sample_id=s3.pk, by=rita, note="Broken.", cause="", at=NOW)
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "outside", {}))
    judging.post(project=project, judge=judge, verdicts=[Verdict(s0.pk, [1]), Verdict(s4.pk, [2])])
    cover(project)
    return project


ASKED = [
    ("state=open", ["s4", "s2"]),
    ("state=resolved&state=excluded", ["s3", "s0"]),
    ("state=resolved&label=overall=4", ["s0"]),
    ("label=overall=5", []),
    ("spread=overall=1", ["s0"]),
    ("spread=overall>=2", ["s1"]),
    ("person=ana", ["s1", "s0"]),
    ("person=ana&did=skipped", ["s2"]),
    ("person=ana&state=contested", ["s1"]),
    ("person=nobody", []),
    ("judge={judge}", ["s4", "s0"]),
    ("judge={judge}&said=differs", ["s0"]),
    ("has=comment", ["s0"]),
    ("id=s3", ["s3"]),
    ("id=s*", ["s4", "s3", "s2", "s1", "s0"]),
    ("id=*3", ["s3"]),
    ("id=%25", []),
    ("purpose=work&text=prompt", ["s4", "s3", "s2", "s1", "s0"]),
    ("purpose=gold", []),
    ("state=nonsense&label=nonsense&imported_from=soon", ["s4", "s3", "s2", "s1", "s0"]),
]


def test_every_filter_finds_its_samples(judged):
    judge = Judgment.objects.values_list("judge_id", flat=True).first()
    assert [(query, found(judged, query.format(judge=judge))) for query, _ in ASKED] == ASKED


def test_metadata_is_found_by_any_field(project):
    make_sample(project, "a", metadata={"language": "ko", "turns": 3, "tags": ["x", "y"], "of": {"pair": "A=B"}})
    make_sample(project, "b", metadata={"language": "en", "ok": True, "long": "z" * 400})
    cover(project)
    assert found(project, "field=language=ko") == ["a"]
    assert found(project, "field=turns=3") == ["a"]
    assert found(project, "field=tags=y") == ["a"]
    assert found(project, "field=of.pair=A%3DB") == ["a"]
    assert found(project, "field=ok=true&field=language=en") == ["b"]
    assert found(project, "field=language=en&field=turns=3") == []


def test_samples_are_found_by_when_they_came_and_when_they_were_decided(judged):
    today = datetime.now(UTC).date().isoformat()
    assert len(found(judged, f"imported_from={today}&imported_to={today}")) == 5
    assert found(judged, "imported_to=2020-01-01") == []
    assert found(judged, "decided_from=2026-03-02&decided_to=2026-03-02") == ["s3", "s1", "s0"]
    assert found(judged, "decided_from=2026-03-03") == []


def test_the_random_slice_and_sensitive_samples_are_found(db):
    project = make_project()
    projects.write_policy(project=project, triggers=project.policy.triggers, slice_share=1)
    project = Project.objects.get(pk=project.pk)
    make_sample(project, "drawn", sensitive="violence")
    cover(project)
    assert found(project, "has=slice&has=sensitive") == ["drawn"]
    assert found(project, "has=judges") == []


# --- orders and pages -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", ["newest", "id", "disagreement", "priority"])
@pytest.mark.parametrize("few", [10_000, 0])
def test_pages_forth_and_back_show_every_sample_once(judged, rita, order, few, monkeypatch):
    """Whether all that fit are sorted, or met in order."""
    monkeypatch.setattr(finding, "COUNTED_AT_MOST", few)
    priorities.set_priority(sample=judged.samples.get(external_id="s2"), priority=5, by=rita, at=NOW)
    cover(judged)
    for query in ("", "state=open&state=contested", "text=prompt", "person=ana", "purpose=work"):
        what = asked(judged, Filters.read(QueryDict(query)))
        whole = finding.page(judged, what, order=order)
        forth = list(turned(judged, what, order, "after", finding.page(judged, what, order=order, size=1)))
        assert [pk for page in forth for pk in page.ids] == whole.ids
        back = list(turned(judged, what, order, "before", forth[-1]))
        assert [page.ids for page in reversed(back)] == [page.ids for page in forth]


def turned(project, what, order, way, page):
    yield page
    while cursor := getattr(page, way):
        page = finding.page(project, what, order=order, size=1, **{way: cursor})
        yield page


def test_the_most_disputed_come_first(judged):
    assert found(judged, order="disagreement") == ["s1", "s0"]


def test_a_cursor_that_is_none_begins_at_the_beginning(judged):
    for nonsense in ("x", "1~2", "nan", "9" * 30, "1e999"):
        assert len(found(judged, after=nonsense)) == 5


def test_counting_stops(judged):
    assert finding.page(judged, asked(judged, Filters())).count == 5
    with pytest.MonkeyPatch.context() as small:
        small.setattr(finding, "COUNTED_AT_MOST", 2)
        assert finding.page(judged, asked(judged, Filters())).count == 3


# --- the limit of time ------------------------------------------------------------------------------------------
def test_a_search_that_takes_too_long_is_stopped_and_says_which_filter_it_was(project):
    what = asked(project, Filters.read(QueryDict("purpose=work&label=overall=4")))
    with psycopg.connect(address()) as somebody_else:
        somebody_else.execute("LOCK TABLE annotation_samplefacets IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(finding.TooWide) as stopped:
            finding.page(project, what, limit_ms=50)
        assert stopped.value.name == "label"
    assert finding.page(project, what).ids == []


# --- how it is built --------------------------------------------------------------------------------------------
def test_a_project_is_covered_in_chunks_and_goes_on_where_somebody_was_killed(project):
    make_samples(project, 3)
    looks = iter([False, True])
    assert covering.coverage(project).is_whole is False
    with pytest.MonkeyPatch.context() as small:
        small.setattr(covering, "CHUNK", 2)
        small.setattr(covering, "TO_TIDY", 1)
        covering.cover(project=project, through=2**60, at=NOW, is_time_up=lambda: next(looks))
        half = covering.coverage(project)
        assert (half.covered, half.total, half.is_whole) == (2, 3, False)
        covering.cover(project=project, through=2**60, at=NOW)
    assert covering.coverage(project).is_whole
    assert len(found(project, "text=prompt")) == 3


def test_another_rubric_or_policy_makes_the_facets_anew(project, ana, ben, cleo):
    sample = make_sample(project)
    for person, value in {ana: 1, ben: 1, cleo: 2}.items():
        rate(sample, by=person, overall=value)
    cover(project)
    project.policies.create(version=2, triggers={"other": {"escalate_above": 1, "settle_within": 1}})
    again = Project.objects.get(pk=project.pk)
    covering.cover(project=again, through=2**60, at=NOW)
    assert SampleFacets.objects.get().disagreement is None
    assert covering.coverage(again).covered == 1


def test_facets_that_say_the_same_are_not_written_again(project):
    sample = make_sample(project)
    assert facets.put(project, [sample.pk]) == 1
    assert facets.put(project, [sample.pk]) == 0


def test_a_comparison_has_its_range_too(db):
    project = make_project(attributes=[OVERALL, PREFERENCE])
    pair = make_pair(project)
    for name, values in {"ana": ((1, 1), -1), "ben": ((2, 1), 1)}.items():
        rate(pair, by=join(project, name), overall=values[0], preference=values[1])
    cover(project)
    assert found(project, "spread=preference=2&spread=overall=1") == ["s1"]
    assert pair.facets.disagreement == 1.0


@pytest.mark.django_db(transaction=True)
def test_new_samples_and_what_happens_to_them_is_found_by_itself():
    project = make_project()
    sample = make_sample(project)
    while not covering.catch_up(at=NOW, seconds=60) or not found(project, "purpose=work"):
        pass
    for name in ("ana", "ben", "cleo"):
        rate(sample, by=join(project, name), overall=4)
    while not found(project, "label=overall=4"):
        covering.catch_up(at=NOW, seconds=60)
    assert found(project, "state=resolved&has=comment") == []
    assert covering.coverage(project).is_whole
