"""The reward head end to end: fitted to people's own labels, out of fold, judging every sample, and refitted as labels grow."""

from datetime import UTC, datetime

import numpy as np
import pytest

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Assignment, Judge, Judgment, MergeFit, Project
from annotation.services import importing, judging, merging, people, projects
from modelgen.judges.head.fitting import FittedHead
from modelgen.models import RewardHead, RewardHeadPlan
from modelgen.running import reward_heads
from modelgen.running.reward_heads.features import TextFeatures, matrix

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEVELS = [{"value": value, "label": str(value)} for value in range(1, 7)]
OVERALL = {"name": "overall", "scope": "response", "level": "interval", "values": LEVELS, "trigger": True}


def make_project(attributes=(OVERALL,)) -> Project:
    made = projects.create(slug="recipes", title="Recipes", attributes=attributes)
    people.add_outside_people(project=made, external_ids=["ana", "ben", "cleo"], at=NOW)
    return made


def add_samples(project, numbers, responses=lambda number: [long_text(number)]):
    rows = [
        {
            "sample_id": f"s{number}",
            "messages": [{"role": "user", "content": f"Prompt {number}"}],
            "responses": responses(number),
        }
        for number in numbers
    ]
    importing.add_samples(project=project, samples=[parse_sample(row, Place("x")) for row in rows])


def long_text(number):
    """The longer the text, the better people find it."""
    return "A good step follows. " * (1 + 6 * (number % 6))


def nearly_alike(number, person):
    """People see what there is to see, give or take a point."""
    return min(max(number % 6 + 1 + (number * 5 + person * 3) % 7 // 3 - 1, 1), 6)


def everybody_rates(project, numbers, value=nearly_alike):
    """Written at once: what submissions would have left."""
    samples = {sample.external_id: sample for sample in project.samples.all()}
    about = {"state": "submitted", "claimed_at": NOW, "lease_expires_at": NOW, "finished_at": NOW, "shown_order": [0]}
    said = {"rubric": project.rubric, "round": 1, "client_key": "k", "submitted_at": NOW}
    for which, person in enumerate(project.annotators.order_by("pk")):
        rated = [Assignment(sample=samples[f"s{number}"], annotator=person, **about) for number in numbers]
        rows = zip(Assignment.objects.bulk_create(rated), numbers, strict=True)
        Annotation.objects.bulk_create(Annotation(assignment=a, ratings=[value(n, which)], **said) for a, n in rows)


@pytest.fixture
def project():
    """Seventy samples; people rated sixty of them."""
    made = make_project()
    add_samples(made, range(70))
    everybody_rates(made, range(60))
    reward_heads.plan_for(made)
    return made


def test_a_head_judges_every_sample_also_those_that_nobody_has_rated(project):
    assert not reward_heads.is_idle(project)
    assert reward_heads.judge_all_projects() == 70
    [judge] = judging.enabled_judges(project)
    assert (judge.kind, judge.configuration["fitted_to"]) == ("reward-head", 60)
    assert set(judge.configuration["heads"]) == {"overall"}
    assert reward_heads.is_idle(project)


def test_a_second_round_finds_nothing_to_do(project):
    reward_heads.judge_all_projects()
    assert reward_heads.judge_all_projects() == 0
    assert (Judge.objects.count(), Judgment.objects.count(), RewardHead.objects.count()) == (1, 70, 1)


def test_a_new_sample_is_judged_by_the_same_head(project):
    reward_heads.judge_all_projects()
    add_samples(project, range(70, 75))
    assert reward_heads.judge_all_projects() == 5
    assert Judge.objects.count() == 1


def test_judgments_are_probabilities_over_the_levels(project):
    reward_heads.judge_all_projects()
    for judgment in Judgment.objects.all():
        [odds] = judgment.probabilities
        assert sum(odds) == pytest.approx(1)
        assert judgment.ratings == [1 + int(np.argmax(odds))]


def test_every_rated_sample_is_judged_by_a_head_that_did_not_see_it(project):
    reward_heads.judge_all_projects()
    head = FittedHead.from_bytes(bytes(RewardHead.objects.get().content))
    judgment = Judgment.objects.select_related("sample__content").filter(sample__external_id="s7").get()
    content = judgment.sample.content
    features = matrix(TextFeatures(), [(judgment.sample_id, 0)])
    out_of_fold = head.predict_out_of_fold(features, [content.prompt_digest])[0]
    assert judgment.probabilities[0] == pytest.approx(out_of_fold.tolist())
    assert out_of_fold.tolist() != pytest.approx(head.predict(features)[0].tolist())


def test_what_the_head_learned_earns_a_weight_in_the_merge(project):
    reward_heads.judge_all_projects()
    merging.merge_project(project=project, at=NOW)
    fit = MergeFit.objects.get()
    assert fit.sample_count == 60
    assert fit.details["reason"] in ("fitted", "panel_does_not_help")


def test_when_labels_have_grown_by_a_fifth_a_new_judge_takes_the_place_of_the_old(project):
    reward_heads.judge_all_projects()
    [old] = judging.enabled_judges(project)
    add_samples(project, range(70, 75))
    everybody_rates(project, range(60, 72))
    assert reward_heads.judge_all_projects() == 75
    [new] = judging.enabled_judges(project)
    assert new != old
    assert new.configuration["fitted_to"] == 72
    assert Judgment.objects.filter(judge=old).count() == 70


def test_a_little_growth_does_not_refit(project):
    reward_heads.judge_all_projects()
    everybody_rates(project, range(60, 70))
    assert reward_heads.judge_all_projects() == 0
    assert Judge.objects.count() == 1


def test_people_who_always_agree_with_what_the_head_sees_break_nothing():
    """Texts that give their value away: the best fit lies at the border, where a probability comes out as zero."""
    project = make_project()
    add_samples(project, range(72))
    everybody_rates(project, range(72), lambda number, person: number % 6 + 1)
    reward_heads.plan_for(project)
    assert reward_heads.judge_all_projects() == 72


def test_before_forty_samples_there_is_no_head():
    project = make_project()
    add_samples(project, range(39))
    everybody_rates(project, range(39))
    reward_heads.plan_for(project)
    assert reward_heads.judge_all_projects() == 0
    assert reward_heads.is_idle(project)


def longer_is_better(number, person):
    """Two of three people, that is; the third has no preference."""
    return 0 if (number + person) % 3 == 0 else 1 if (number + 1 + number % 4) % 6 > number % 6 else -1


def test_a_head_of_comparisons_says_the_mirrored_thing_of_swapped_responses():
    attribute = {"name": "preference", "scope": "comparison", "level": "ordinal", "trigger": True}
    project = make_project([{**attribute, "values": [{"value": value} for value in (-1, 0, 1)]}])
    add_samples(project, range(60), lambda number: [long_text(number), long_text(number + 1 + number % 4)])
    everybody_rates(project, range(60), longer_is_better)
    reward_heads.plan_for(project)
    assert reward_heads.judge_all_projects() == 60
    head = FittedHead.from_bytes(bytes(RewardHead.objects.get().content))
    [features] = matrix(TextFeatures(), [(project.samples.get(external_id="s3").pk, None)])
    there, back = head.predict(np.stack([features, -features]))
    assert there.tolist() == pytest.approx(back[::-1].tolist())


def test_a_rubric_that_no_head_can_learn_is_left_alone():
    project = make_project([{**OVERALL, "level": "nominal"}])
    add_samples(project, range(45))
    everybody_rates(project, range(45), lambda number, person: 2)
    reward_heads.plan_for(project)
    assert reward_heads.judge_all_projects() == 0
    assert reward_heads.is_idle(project)


def test_a_paused_project_is_not_judged(project):
    Project.objects.update(state="paused")
    assert reward_heads.judge_all_projects() == 0


def test_asking_for_a_head_twice_is_once(project):
    reward_heads.plan_for(project)
    assert RewardHeadPlan.objects.count() == 1
