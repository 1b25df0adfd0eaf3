"""What models say: who a judge is, and what it may say."""

import pytest
from story import OVERALL, PREFERENCE, make_pair, make_project, make_sample, scale

from annotation.models import Judge, Judgment, ProjectJudge
from annotation.services import judging
from annotation.services.judging import JudgeIdentity, JudgmentRefused, Verdict

SURE = [0.0, 0.0, 0.0, 0.1, 0.8, 0.1]


def identity(**about):
    return JudgeIdentity(**{"kind": "external", "name": "robo", "configuration": {"model": "m", "t": 0}, **about})


@pytest.fixture
def robo(project):
    return judging.enable(project=project, identity=identity())


def post(project, judge, *verdicts):
    return judging.post(project=project, judge=judge, verdicts=verdicts)


# --- identity ---------------------------------------------------------------------------------------------------
def test_the_same_configuration_is_the_same_judge(project, robo):
    again = judging.enable(project=project, identity=identity(configuration={"t": 0, "model": "m"}))
    assert again == robo
    assert (Judge.objects.count(), ProjectJudge.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "about",
    [
        {"kind": "recorded"},
        {"name": "r2"},
        {"configuration": {"model": "m", "t": 1}},
        {"family": "f"},
        {"licence": "MIT"},
    ],
)
def test_anything_else_is_another_judge(about):
    assert identity(**about).digest != identity().digest
    assert len(identity().digest) == 64


def test_a_name_turns_nothing_round():
    assert identity(name="ro\u202ebo\n").name == "ro\ufffdbo\ufffd"
    assert identity(name="برنامه\u200cنویس").name == "برنامه\u200cنویس"


def test_one_judge_may_work_in_two_projects(project, robo):
    judging.enable(project=make_project("elsewhere"), identity=identity())
    assert (Judge.objects.count(), ProjectJudge.objects.count()) == (1, 2)


def test_a_newer_fit_takes_the_place_of_the_old_one(project, robo):
    newer = judging.enable(project=project, identity=identity(name="robo 2"), replacing=robo)
    assert list(judging.enabled_judges(project)) == [newer]


# --- verdicts ---------------------------------------------------------------------------------------------------
def test_a_judgment_is_kept_as_it_was_given(project, sample, robo):
    assert post(project, robo, Verdict(sample.pk, [5], [SURE], "I think 5.")) == 1
    judgment = Judgment.objects.get()
    assert (judgment.ratings, judgment.probabilities, judgment.raw_text) == ([5], [SURE], "I think 5.")


def test_a_second_word_on_a_sample_is_passed_over(project, sample, robo):
    post(project, robo, Verdict(sample.pk, [5]))
    assert post(project, robo, Verdict(sample.pk, [1])) == 0
    assert Judgment.objects.get().ratings == [5]


def test_new_words_beside_known_ones_are_stored(project, sample, robo):
    post(project, robo, Verdict(sample.pk, [5]))
    assert post(project, robo, Verdict(sample.pk, [1]), Verdict(make_sample(project, "s2").pk, [2])) == 1


@pytest.mark.parametrize(
    ("ratings", "odds"),
    [
        ([7], None),
        ([5, 5], None),
        ([], None),
        ([5], [[0.5, 0.5]]),
        ([5], [[0.2] * 6]),
        ([5], [[1.2, -0.2, 0, 0, 0, 0]]),
        ([5], [[]]),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(project, sample, robo, ratings, odds):
    good = Verdict(make_sample(project, "s2").pk, [4])
    with pytest.raises(JudgmentRefused, match=f"Sample {sample.pk}"):
        post(project, robo, good, Verdict(sample.pk, ratings, odds))
    assert not Judgment.objects.exists()


@pytest.mark.parametrize("odds", [[], [SURE, SURE]])
def test_there_is_one_row_of_probabilities_for_each_place(project, sample, robo, odds):
    """A list of another length would be read at a wrong place, or beyond its end, when labels are merged."""
    if not odds:
        project = make_project("both", attributes=[OVERALL, PREFERENCE])
        sample, robo, odds = make_pair(project), judging.enable(project=project, identity=identity()), [SURE]
    with pytest.raises(JudgmentRefused):
        post(project, robo, Verdict(sample.pk, [5] if sample.response_count == 1 else [5, 5, 1], odds))


def test_a_judge_may_speak_of_some_attributes_only(db):
    project = make_project(attributes=[OVERALL, scale("style", 0, 1)])
    robo, sample = judging.enable(project=project, identity=identity()), make_sample(project)
    assert post(project, robo, Verdict(sample.pk, [5, None], [SURE, None])) == 1


def test_a_sample_of_another_project_is_refused(project, robo):
    stranger = make_sample(make_project("elsewhere"))
    with pytest.raises(JudgmentRefused, match="is not in project recipes"):
        post(project, robo, Verdict(stranger.pk, [5]))


def test_a_judge_that_is_not_at_work_here_is_refused(project, sample, judge):
    with pytest.raises(JudgmentRefused, match="not enabled in project recipes"):
        post(project, judge, Verdict(sample.pk, [5]))


def test_a_judge_that_was_replaced_is_not_put_back_by_asking(project, sample, robo):
    judging.enable(project=project, identity=identity(name="robo 2"), replacing=robo)
    judging.enable(project=project, identity=identity())
    with pytest.raises(JudgmentRefused):
        post(project, robo, Verdict(sample.pk, [5]))


def test_what_a_judge_has_not_seen_is_its_work(project, sample, robo):
    other = make_sample(project, "s2")
    make_sample(project, "out")
    project.samples.filter(external_id="out").update(state="excluded")
    post(project, robo, Verdict(sample.pk, [5]))
    assert list(judging.samples_lacking(project, robo)) == [other]
