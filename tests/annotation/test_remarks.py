"""What people say beside their ratings: words, sources, reasons, how sure they are, and which kind of tie they mean."""

import pytest
from everything import RATED, WHY, with_a_pair
from story import NOW, answer, claim, correct, join, make_pair, make_project, make_sample, rate, scale

from annotation import remarks
from annotation.ratings import RatingsRefused
from annotation.services import projects, submission

TIED = {**RATED, "preference": 0}


@pytest.fixture
def sample(db):
    return with_a_pair()


@pytest.fixture
def ana(sample):
    return join(sample.project, "ana")


def kept(receipt):
    receipt.annotation.refresh_from_db()
    return receipt.annotation.remarks


def problems(sample, ana, **values):
    assignment = claim(sample, by=ana)
    with pytest.raises(RatingsRefused) as refusal:
        submission.submit(assignment_id=assignment.pk, answer=answer(**values), at=NOW)
    assert not assignment.annotations.exists()
    return refusal.value.problems


def only(why=None, **kind):
    """A project that asks one remark beside the rating."""
    sample = make_sample(make_project(remarks=[{"name": "why", "title": "Why?", **kind}]))
    return sample, join(sample.project, "ana")


# --- words -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("  ...  -- !", 0),
        ("The sky, it's blue.", 4),
        ("well-known 3.5 %", 2),
        ("하늘은 파랗다", 2),
        ("天は青い。", 4),
        ("我喜欢 tea。", 4),
        ("हिन्दी में", 2),
        ("السماء زرقاء", 2),
    ],
)
def test_words_are_counted_in_any_script(text, count):
    assert remarks.count_words(text) == count


@pytest.mark.parametrize(
    ("limits", "text", "said"),
    [
        ({"minimum": 3, "maximum": 5}, "Too few", "Why?: 2 words so far; 3 to 5 are wanted."),
        ({"minimum": 3}, "One", "Why?: 1 word so far; at least 3 are wanted."),
        ({"maximum": 2}, "One more than that", "Why?: 4 words so far; at most 2 are wanted."),
    ],
)
def test_it_says_how_many_words_there_are_and_how_many_are_wanted(db, limits, text, said):
    sample, ana = only(kind="words", **limits)
    assert problems(sample, ana, overall=4, remarks={"why": text}) == {"why": said}


def test_words_within_the_limits_are_kept_without_the_space_around_them(db):
    sample, ana = only(kind="words", minimum=3, maximum=5)
    assert kept(rate(sample, by=ana, overall=4, remarks={"why": "  It says enough.\n"})) == {"why": "It says enough."}


def test_nothing_said_is_nothing_kept(db):
    sample, ana = only(kind="words", minimum=3)
    assert kept(rate(sample, by=ana, overall=4, remarks={"why": "  "})) == {}


def test_what_must_be_said_is_asked_for_together_with_a_missing_rating(db):
    sample, ana = only(kind="words", minimum=3, optional=False)
    assert problems(sample, ana) == {
        "overall": "Overall: choose a value.",
        "why": "Why?: 0 words so far; at least 3 are wanted.",
    }


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ({"kind": "words"}, "Why?: write it in words."),
        ({"kind": "sources"}, "Why?: give a link, https://…"),
        ({"kind": "reasons", "options": ["a"]}, "Why?: choose what applies."),
        ({"kind": "confidence", "values": [1, 2]}, "Why?: choose a value."),
    ],
)
def test_a_missing_remark_is_asked_for_by_its_kind(db, kind, said):
    sample, ana = only(optional=False, **kind)
    assert problems(sample, ana, overall=4) == {"why": said}


def test_where_no_response_is_valid_nothing_has_to_be_said(sample, ana):
    assert kept(rate(sample, by=ana, neither_valid=True)) == {}


# --- sources -----------------------------------------------------------------------------------------------------
def test_links_are_kept_once_each(db):
    sample, ana = only(kind="sources")
    links = ["https://example.org/a ", "http://example.org/b", "https://example.org/a", ""]
    said = rate(sample, by=ana, overall=4, remarks={"why": links})
    assert kept(said) == {"why": ["https://example.org/a", "http://example.org/b"]}


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "example.org",
        "https://",
        "https://exa mple.org",
        "https://[::1",
        "https://example.org/" + "a" * 2000,
        "file:///etc/passwd",
        "https://example.org/\u202ea",
    ],
)
def test_only_addresses_of_the_web_are_taken(db, link):
    sample, ana = only(kind="sources")
    assert "is no link" in problems(sample, ana, overall=4, remarks={"why": [link]})["why"]


def test_too_few_and_too_many_links_are_refused(db):
    sample, ana = only(kind="sources", minimum=2, maximum=3)
    links = [f"https://example.org/{number}" for number in range(4)]
    for some in (links, links[:1]):
        said = f"Why?: links so far: {len(some)}; 2 to 3 are wanted."
        assert problems(sample, ana, overall=4, remarks={"why": some}) == {"why": said}


# --- everything at once ------------------------------------------------------------------------------------------
def test_every_kind_is_kept_by_name_and_of_responses_in_their_canonical_places(sample, ana):
    rows = [
        {"remark": "confidence", "value": 3},
        {"remark": "what_is_wrong", "response": "1", "value": ["invented", "key_info_missing"]},
        {"remark": "why", "value": WHY},
        {"remark": "sources", "value": ["https://example.org"]},
        {"remark": "what_decided", "value": ["style"]},
        {"remark": "preference", "value": "both_bad"},
    ]
    said = kept(rate(sample, by=ana, **TIED, remarks=rows))
    assert said == {
        "what_is_wrong": [None, ["key_info_missing", "invented"]],  # in the rubric's order
        "why": WHY,
        "sources": ["https://example.org"],
        "what_decided": ["style"],
        "confidence": 3,
        "preference": "both_bad",
    }
    rubric = sample.project.rubric
    again = remarks.unpack(said, rubric=rubric, response_count=2)
    packed = sample.assignments.get().annotations.get().ratings
    assert remarks.pack(again, rubric=rubric, rated=packed, response_count=2) == said
    assert remarks.pack(said, rubric=rubric, rated=packed, response_count=2) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"remark": "mood", "value": "good"}, "No remark 'mood' is asked here"),
        ({"remark": "helpfulness", "value": "good"}, "No remark 'helpfulness' is asked here"),
        ({"remark": "what_decided", "value": ["weather"]}, "choose among: facts, style, length"),
        ({"remark": "what_decided", "value": "facts"}, "choose among: facts, style, length"),
        ({"remark": "what_is_wrong", "value": ["invented"]}, "needs one of the responses 0, 1; got None"),
        ({"remark": "what_is_wrong", "response": "7", "value": ["invented"]}, "got '7'"),
        ({"remark": "confidence", "value": 9}, "choose one of 1, 2, 3"),
        ({"remark": "confidence", "value": True}, "choose one of 1, 2, 3"),
        ({"remark": "confidence", "value": "3"}, "choose one of 1, 2, 3"),
        ({"remark": "why", "value": ["a", "list"]}, "write it as text"),
        ({"remark": "sources", "value": "https://example.org"}, "give a list of links"),
        ({"remark": "sources", "value": [{}]}, "give a list of links"),
        ({"remark": "preference", "value": "both_ugly"}, "no kind of tie; there are: both_good, both_bad"),
        ({"remark": "preference", "value": ["both_good"]}, "no kind of tie"),
        ({"remark": "preference", "value": "both_good"}, "its value is -2. A kind goes with 0 only."),
        ({"remark": None, "value": 1}, "No remark 'None' is asked here"),
    ],
)
def test_what_the_rubric_does_not_have_is_refused_by_name(sample, ana, row, said):
    found = problems(sample, ana, **RATED, remarks=[{"remark": "why", "value": WHY}, row])
    assert list(found) == [str(row["remark"])]
    assert said in found[str(row["remark"])]


def test_the_same_remark_twice_is_refused(sample, ana):
    twice = [{"remark": "why", "value": WHY}, {"remark": "why", "value": WHY}]
    assert "given twice" in problems(sample, ana, **RATED, remarks=twice)["why"]


def test_a_tie_without_a_kind_is_a_tie(sample, ana):
    assert kept(rate(sample, by=ana, **TIED, remarks={"why": WHY})) == {"why": WHY}


def test_a_rating_that_is_off_its_scale_does_not_make_its_kind_of_tie_wrong_too(sample, ana):
    found = problems(sample, ana, **{**TIED, "topic": 9}, remarks={"why": WHY, "preference": "both_good"})
    assert list(found) == ["topic"]


def test_a_correction_says_everything_anew(sample, ana):
    first = rate(sample, by=ana, **TIED, remarks={"why": WHY, "preference": "both_good", "confidence": 1})
    revised = correct(first, **RATED, remarks={"why": "The first is right."})
    assert kept(revised) == {"why": "The first is right."}
    assert kept(first)["preference"] == "both_good"


def test_remarks_decide_nothing(db):
    """Three people who agree on the value and on nothing else settle the sample."""
    asked = [{"name": "sure", "kind": "confidence", "values": [1, 2, 3]}]
    preference = scale("preference", -1, 0, 1, scope="comparison", trigger=True)
    preference["values"][1]["kinds"] = [{"name": "both_good", "label": "Good"}, {"name": "both_bad", "label": "Bad"}]
    sample = make_pair(make_project(attributes=[preference], remarks=asked))
    for sure, (name, kind) in enumerate({"ana": "both_good", "ben": "both_bad", "cleo": None}.items(), 1):
        said = {"sure": sure, "preference": kind}
        rate(sample, by=join(sample.project, name), preference=0, remarks=said)
    sample.refresh_from_db()
    assert sample.state == "resolved"
    assert sample.labels.get(attribute="preference").human_value == 0


# --- a rubric that changes ---------------------------------------------------------------------------------------
def change(project, **asked):
    about = {"by": None, "at": NOW, "reason": "We want to know more."}
    return projects.change_rubric(project=project, **about, **{"attributes": project.rubric.attributes, **asked})


def test_a_change_of_remarks_alone_is_a_version_and_says_what_changed(sample):
    project = sample.project
    rubric = change(project, remarks=project.rubric.remarks[:2])
    assert rubric.version == 2
    assert [remark["name"] for remark in rubric.remarks] == ["what_is_wrong", "why"]
    assert "taken out confidence, sources, what_decided" in project.events.latest("pk").text


def test_remarks_that_nobody_mentions_stay(sample):
    project = sample.project
    attributes = [{**attribute, "title": attribute["name"].upper()} for attribute in project.rubric.attributes]
    assert change(project, attributes=attributes).remarks == project.policy.project.rubrics.get(version=1).remarks


def test_a_rubric_that_asks_the_same_is_no_change(sample):
    with pytest.raises(projects.ChangeRefused, match="asks the same already"):
        change(sample.project, remarks=sample.project.rubric.remarks)


def test_a_remark_cannot_stand_beside_an_attribute_that_is_taken_out(sample):
    attributes = [a for a in sample.project.rubric.attributes if a["name"] != "correctness"]
    with pytest.raises(projects.ChangeRefused, match=r"remarks\[0\].attribute: there is no attribute \"correctness\""):
        change(sample.project, attributes=attributes)


def test_a_project_with_a_remark_that_cannot_work_is_not_made(db):
    with pytest.raises(projects.ProjectRefused, match="expected one of words, sources, reasons, confidence"):
        make_project(remarks=[{"name": "why", "kind": "poem"}])
