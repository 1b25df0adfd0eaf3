"""Judges and models of their own family: what they say there is kept and measured, and has no vote unless a project wants it."""

import json

import pytest
from story import NOW, PREFERENCE, crowd, decided_long_ago, make_pair, make_project, make_sample, rate

from annotation.models import Judgment, MergeFit, Project
from annotation.services import evidence, figures, judging, merging
from annotation.services.judging import JudgeIdentity, JudgmentRefused, Verdict

pytestmark = pytest.mark.django_db
OWN, OTHER = {"text": "By a cousin.", "family": "Llama "}, {"text": "By a stranger.", "family": "pythia"}


def enable(project, name="robo", family="llama"):
    return judging.enable(project=project, identity=JudgeIdentity("external", name, family=family))


def post(project, judge, *verdicts):
    judging.post(project=project, judge=judge, verdicts=verdicts)
    return [Judgment.objects.get(judge=judge, sample_id=verdict.sample_id) for verdict in verdicts]


def anew(project):
    return Project.objects.get(pk=project.pk)


def lets_vote(project, lets=True):
    Project.objects.filter(pk=project.pk).update(lets_relatives_vote=lets)
    return anew(project)


# --- who is a relative ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("family", "responses", "places"),
    [
        ("llama", [OWN, OTHER], [0]),
        (" LLAMA", [OTHER, OWN], [1]),
        ("llama", [OWN, OWN], [0, 1]),
        ("llama", [OTHER, OTHER], None),
        ("llama", [{"text": "Who knows?"}, {"text": "Nor here.", "family": 7}], None),
        ("", [{"text": "a", "family": ""}, OTHER], None),
    ],
)
def test_a_response_that_names_the_judges_family_is_by_a_relative(db, family, responses, places):
    project = make_project(attributes=[PREFERENCE])
    sample = make_sample(project, responses=responses)
    [kept] = post(project, enable(project, family=family), Verdict(sample.pk, [1]))
    assert (kept.is_relative, kept.details.get("relatives")) == (places is not None, places)


def test_who_posts_may_know_more_than_the_responses_say(db):
    project = make_project(attributes=[PREFERENCE])
    judge, one, two = enable(project), make_pair(project, "s1"), make_sample(project, "s2", responses=[OTHER, OWN])
    told = post(
        project, judge, Verdict(one.pk, [1], is_relative=True), Verdict(two.pk, [1], details={"relatives": [0]})
    )
    assert [kept.is_relative for kept in told] == [True, True]
    assert [kept.details.get("relatives") for kept in told] == [None, [0, 1]]


@pytest.mark.parametrize(
    "details",
    [
        {"relatives": [2]},
        {"relatives": "0"},
        {"relatives": [True]},
        {"comparisons": [1]},
        {"comparisons": {"preference": {"given": {"first": 1, "second": 0}}}},
        {"comparisons": {"preference": {"given": {"first": 2, "second": 0}, "swapped": {"first": 1, "second": 0}}}},
        {"comparisons": {"preference": {"given": {"first": "1", "second": 0}, "swapped": {"first": 1, "second": 0}}}},
    ],
)
def test_details_that_could_not_be_read_are_refused(db, details):
    project = make_project(attributes=[PREFERENCE])
    judge, sample = enable(project), make_pair(project)
    with pytest.raises(JudgmentRefused, match=r"Give|List"):
        post(project, judge, Verdict(sample.pk, [1], details=details))
    assert not Judgment.objects.exists()


# --- no vote ----------------------------------------------------------------------------------------------------
@pytest.fixture
def half_of_relatives(project):
    """Sixty samples; a judge that is right where it may vote, and speaks nonsense of its relatives."""
    samples = decided_long_ago(project, [(number % 5 + 1,) * 2 + (number % 5 + 2,) for number in range(60)])
    judge = enable(project)
    post(
        project,
        judge,
        *(Verdict(sample.pk, [number % 5 + 1], is_relative=number % 2 == 0) for number, sample in enumerate(samples)),
    )
    return project, judge


def test_a_judgment_of_a_relative_does_not_count(half_of_relatives):
    project, judge = half_of_relatives
    first = evidence.first_rounds(project)
    [counts], [everything] = evidence.judged(project, judge, first), evidence.everything_judged(project, judge, first)
    assert (sum(counts == counts), sum(everything == everything)) == (30, 60)
    [voting] = evidence.judged(lets_vote(project), judge, first)
    assert sum(voting == voting) == 60


def test_the_merge_leaves_relatives_out_and_is_made_anew_when_they_may_vote(half_of_relatives):
    project, _ = half_of_relatives
    merging.merge_project(project=project, at=NOW)
    current = MergeFit.objects.filter(is_current=True)
    assert current.get().sample_count == 30
    assert merging.is_up_to_date(anew(project))
    voting = lets_vote(project)
    assert not merging.is_up_to_date(voting)
    merging.merge_project(project=voting, at=NOW, at_once=True)
    assert current.get().sample_count == 60
    assert not merging.is_up_to_date(lets_vote(project, lets=False))


def test_a_judge_is_measured_on_relatives_too_and_the_panel_is_who_votes(half_of_relatives):
    project, _ = half_of_relatives
    other = enable(project, "other", family="")
    post(project, other, *(Verdict(sample.pk, [3]) for sample in project.samples.all()))
    found = json.loads(json.dumps(figures.compute(anew(project))))
    [robo, _] = found["judges"]
    assert robo["equal_share"]["count"] == 60
    [total, of_other] = found["judge_totals"]
    assert (total["judgments"], total["of_relatives"], total["without_vote"]) == (60, 30, 30)
    assert (of_other["of_relatives"], of_other["unsure"]) == (0, 0)
    assert found["panels"][0]["corrected"]["count"] in (0, 30)
    [voting, _] = figures.compute(lets_vote(project))["judge_totals"]
    assert (voting["of_relatives"], voting["without_vote"]) == (30, 0)


# --- measured ---------------------------------------------------------------------------------------------------
LONG = "A much longer response than the other one."


@pytest.fixture
def compared(db):
    """Four samples: people prefer the short stranger, the judge the long cousin, which stands first or second by turns."""
    project = make_project(attributes=[PREFERENCE])
    people, judge, verdicts = crowd(project, 3), enable(project), []
    for number in range(4):
        texts = [{**OWN, "text": LONG}, OTHER]
        sample = make_sample(project, f"s{number}", responses=texts if number % 2 else texts[::-1])
        cousin = -1 if number % 2 else 1
        for person in people:
            rate(sample, by=person, preference=-cousin)
        first, second = (0.9, 0.1) if cousin < 0 else (0.1, 0.9)
        swapped = {"first": second, "second": first} if number == 0 else {"first": first, "second": second}
        both = {"given": {"first": first, "second": second}, "swapped": swapped}
        verdicts.append(
            Verdict(sample.pk, [cousin], details={"comparisons": {"preference": both}}, is_unsure=number == 0)
        )
    post(project, judge, *verdicts)
    return project, judge


def test_leanings_stand_beside_those_of_people_on_the_same_samples(compared):
    project, judge = compared
    [row] = json.loads(json.dumps(figures.compute(anew(project))))["leanings"]
    assert (row["judge"], row["digest"], row["attribute"]) == ("robo", judge.digest, "preference")
    for leaning in (row["longer"], row["relatives"]):
        assert [leaning[side]["value"] for side in ("judge", "people", "difference")] == [1, 0, 1]
        assert (leaning["judge"]["count"], leaning["judge"]["clusters"]) == (4, 4)
    assert row["length_slope"] is None


def test_what_the_order_did_is_measured_and_the_unsure_are_counted(compared):
    """In the first sample the judge stays with the place and not with the response: with the second, the other way round."""
    found = figures.compute(anew(compared[0]))
    assert found["leanings"][0]["position"]["consistent"]["value"] == 3 / 4
    assert found["leanings"][0]["position"]["first_wins"]["value"] == (0 + 3 * 0.5) / 4
    assert found["judge_totals"][0]["unsure"] == 1


def test_ratings_of_two_responses_tell_which_is_preferred_and_what_length_is_worth(db):
    project = make_project()
    people, judge = crowd(project, 3), enable(project)
    for number in range(3):
        talk = [{"role": "assistant", "content": "x" * 40}, {"role": "tool", "content": "y" * 500}]
        sample = make_sample(project, f"s{number}", responses=["x" * 10, {"messages": talk}])
        for person in people:
            rate(sample, by=person, overall=(3, 3))
        post(project, judge, Verdict(sample.pk, [3, 5]))
    [row] = figures.compute(anew(project))["leanings"]
    assert [row["longer"][side]["value"] for side in ("judge", "people", "difference")] == [1, 0.5, 0.5]
    assert row["length_slope"]["per_doubling"]["value"] == pytest.approx(1)  # two levels for twice a doubling
    assert "known to be by a model of its own family" in row["relatives"]["judge"]["undefined"]
    assert row["position"]["consistent"]["undefined"] == "It was not asked in both orders."


def test_without_people_or_judges_there_are_words_or_nothing(project):
    assert figures.compute(project)["leanings"] == []
    sample, judge = make_sample(project), enable(project)
    post(project, judge, Verdict(sample.pk, [4]))
    [row] = figures.compute(anew(project))["leanings"]
    assert row["longer"]["judge"]["undefined"].startswith("No sample has two responses of different length")
    assert row["length_slope"]["per_doubling"]["value"] is None
