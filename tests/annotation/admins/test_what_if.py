"""What if the policy were another: asked in a row, answered from the project's own annotations, applied in one step."""

import csv
import json
import random
from datetime import timedelta

import numpy as np
import pytest
from story import NOW, decided_long_ago, make_sample, rate_overall

from annotation.datasets.pilot import PilotFolder
from annotation.datasets.rating_sets import read_ratings
from annotation.models import MergeFit, Project, ProjectEvent, Sample, WhatIf
from annotation.services import applying, judging, merging, projects, replaying, what_if, what_if_words
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.services.projects import ChangeRefused
from annotation.services.what_if import WhatIfRefused
from annotation.tasks import answer_what_ifs
from consensus.policy import SpreadPolicy
from consensus.simulate import simulate
from consensus.what_if import Candidate, costs

pytestmark = pytest.mark.django_db
STRICTER = {"triggers": {"overall": {"escalate_above": 0, "settle_within": 1}}}
LOOSER = {"triggers": {"overall": {"escalate_above": 5, "settle_within": 1}}}
LATER = NOW + timedelta(minutes=20)


def as_under_three_then_two(how_many=40, seed=1):
    """Three people agree within 2, or two more were asked: what the policy of the fixture leaves behind."""
    chance = random.Random(seed)  # noqa: S311

    def said(middle):
        return min(6, max(1, middle + chance.choice([-2, -1, 0, 0, 0, 1, 3])))

    for at in range(how_many):
        first = [said(at % 6 + 1) for _ in range(3)]
        yield [*first, *(said(at % 6 + 1) for _ in range(2 if max(first) - min(first) > 2 else 0))]


@pytest.fixture
def worked(project):
    """Forty samples decided under the policy in force."""
    values = list(as_under_three_then_two())
    decided_long_ago(project, values)
    return values


def ask(project, *candidates, by=None, at=NOW):
    return what_if.request(project=project, candidates=candidates, by=by, at=at)


def answered(project, *candidates, by=None):
    asked = ask(project, *candidates, by=by)
    assert what_if.answer(what_if=what_if.take_waiting(at=NOW), clock=lambda: NOW)
    asked.refresh_from_db()
    return asked


# --- what it would have cost --------------------------------------------------------------------------------------
def test_the_policy_in_force_is_replayed_to_what_it_really_cost(project, worked):
    now, looser = answered(project, LOOSER).result["cost"]["results"]
    assert now["labels"]["value"] == pytest.approx(np.mean([len(said) for said in worked]))
    assert now["unseen"] == 0
    assert now["saved"]["value"] == 0
    assert looser["labels"]["value"] == 3
    assert looser["saved"]["value"] == pytest.approx(1 - 3 / now["labels"]["value"])


def test_whom_a_stricter_policy_asks_further_is_counted_though_nobody_knows_what_they_would_say(project, worked):
    _, stricter = answered(project, STRICTER).result["cost"]["results"]
    unlike = [max(said[:3]) > min(said[:3]) for said in worked]
    assert stricter["labels"]["value"] == pytest.approx(np.mean([3 + 2 * each for each in unlike]))
    assert stricter["unseen"] == pytest.approx(
        np.mean([len(s) == 3 and u for s, u in zip(worked, unlike, strict=True)])
    )
    assert stricter["contested"]["low"] <= stricter["contested"]["high"] - stricter["unseen"] + 0.2


def test_a_policy_that_asks_one_at_a_time_lies_between_what_is_certain_and_what_is_possible(project, worked):
    _, sure = answered(project, {"name": "confidence", "label_rule": "median", "extra": 4, "target": 0.99}).result[
        "cost"
    ]["results"]
    assert sure["unseen"] > 0.5
    assert sure["labels"]["low"] < sure["labels"]["value"] < sure["labels"]["high"] <= 7


# --- how right it would have been -----------------------------------------------------------------------------------
def test_nothing_is_said_of_quality_where_too_few_were_asked_often_enough(project):
    decided_long_ago(project, [[3, 4, 3]] * 10)
    asked = answered(project, LOOSER)
    assert asked.result["quality"] == {
        "basis": "",
        "tried": {"random_slice": 0, "gold": 0, "enough_people": 0},
        "least": 4,
        "few": 20,
    }
    assert what_if_words.quality(asked.result, 1) == "Nothing can be said about quality."


def test_labels_are_compared_with_people_who_did_not_make_them(project):
    decided_long_ago(project, [[2, 3, 2, 3, 6]] * 30)
    Sample.objects.update(is_fixed_overlap=True)
    asked = answered(project, {**LOOSER, "label_rule": "median"}, {**LOOSER, "label_rule": "mean"})
    quality = asked.result["quality"]
    assert (quality["basis"], quality["samples"], quality["least"]) == ("random_slice", 30, 4)
    assert next(one["better"]["absolute_error"]["value"] for one in quality["results"]) == 0
    assert quality["results"][1]["changed"] > 0
    assert "points" in what_if_words.quality(asked.result, 1)


def test_the_same_rows_give_what_simulate_gives_on_the_folder(project, worked, tmp_path):
    exported(project, tmp_path)
    own, read = replaying.decided(project, project.policy).ratings, read_ratings(PilotFolder.open(tmp_path))
    assert [sample.name for sample in own.samples] == [sample.name for sample in read.samples]
    found, expected = (
        simulate(ratings, [SpreadPolicy()], ["mean"], np.random.default_rng(3), draws=3) for ratings in (own, read)
    )
    assert found == expected
    beside = Candidate(SpreadPolicy(), "mean", {"overall": (2, 1)})
    assert costs(own, [beside], np.random.default_rng(3)) == costs(read, [beside], np.random.default_rng(3))


def exported(project, folder):
    """What a pilot folder has of the project."""
    asked = project.rubric.attributes
    rubric = {
        "name": project.slug,
        "attributes": [{**one, "trigger": True, **project.policy.triggers[one["name"]]} for one in asked],
    }
    (folder / "rubric.json").write_text(json.dumps(rubric))
    own = {sample.name: sample for sample in replaying.decided(project, project.policy).ratings.samples}
    contents = {sample.external_id: sample.content for sample in project.samples.select_related("content")}
    rows = [{"sample_id": name, "messages": contents[name].messages, "responses": ["A text."]} for name in own]
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["sample_id", "annotator_id", "response", "attribute", "value"])
        for name, sample in own.items():
            table.writerows(
                [name, f"p{who}", 0, "overall", int(said[0])]
                for who, said in zip(sample.people, sample.ratings, strict=True)
            )


# --- asking -----------------------------------------------------------------------------------------------------------
def test_the_same_question_about_unchanged_data_has_its_answer_already(project, worked):
    first = answered(project, LOOSER)
    assert ask(project, LOOSER) == first
    decided_one_more(project)
    assert ask(project, LOOSER) != first
    assert ask(project, LOOSER).state == "waiting"  # and asked again meanwhile, it is that one
    assert WhatIf.objects.count() == 2


def decided_one_more(project):
    sample = make_sample(project, "one-more")
    rate_overall(sample, dict.fromkeys(project.annotators.order_by("pk")[:3], 4))


@pytest.mark.parametrize(
    ("candidates", "why"),
    [
        ([], "one to 3 policies"),
        ([{}], "the same as the policy in force"),
        ([LOOSER, LOOSER], "Two of them say the same"),
        ([{"slice_share": 0.5}], "cannot change slice_share"),
    ],
)
def test_what_is_no_question_is_refused(project, candidates, why):
    with pytest.raises(WhatIfRefused, match=why):
        ask(project, *candidates)


def test_a_policy_that_cannot_work_is_refused_before_anything_is_replayed(project):
    with pytest.raises(ChangeRefused, match="majority"):
        ask(project, {"name": "sequential", "first_round": 3, "extra": 2, "label_rule": "mean"})
    assert not WhatIf.objects.exists()


def test_without_a_first_round_the_problem_is_said(project):
    ask(project, LOOSER)
    answer_what_ifs()
    assert WhatIf.objects.get().problem.startswith("No sample has its first round yet")


# --- whoever is at it -------------------------------------------------------------------------------------------------
def test_the_question_of_a_killed_process_is_taken_again_and_only_the_last_writes(project, worked):
    ask(project, LOOSER)
    killed = what_if.take_waiting(at=NOW)
    assert what_if.take_waiting(at=NOW) is None
    again = what_if.take_waiting(at=LATER)
    assert not what_if.answer(what_if=killed, clock=lambda: LATER)
    assert what_if.answer(what_if=again, clock=lambda: LATER)
    assert not what_if.answer(what_if=again, clock=lambda: LATER)


def test_a_cancelled_question_stops_whoever_is_at_it(project, worked):
    asked = ask(project, LOOSER)
    taken = what_if.take_waiting(at=NOW)
    assert what_if.cancel(what_if=asked, at=NOW)
    assert not what_if.answer(what_if=taken, clock=lambda: NOW)
    assert WhatIf.objects.get().state == "cancelled"


def test_progress_is_there_at_once_and_ends_whole(project, worked):
    asked = answered(project, LOOSER)
    assert asked.done == asked.of > 20


# --- applying ---------------------------------------------------------------------------------------------------------
def under_way(project):
    """Three samples that somebody has begun, and one that nobody was given."""
    three = list(project.annotators.select_related("project").order_by("pk")[:3])
    disputed, agreed, begun, fresh = (make_sample(project, name) for name in ("disputed", "agreed", "begun", "fresh"))
    rate_overall(disputed, dict(zip(three, (1, 4, 5), strict=True)))
    rate_overall(agreed, dict(zip(three, (4, 4, 5), strict=True)))
    rate_overall(begun, {three[0]: 4})
    return disputed, agreed, begun, fresh


def test_the_rehearsal_says_what_applying_then_does(project, worked, ada):
    _disputed, _agreed, _begun, _fresh = under_way(project)
    wider = {**LOOSER, "first_round": 4, "extra": 1}
    asked = answered(project, wider)
    told = asked.result["rehearsals"][0]
    assert (told["begun"], told["rehearsed"], told["fresh"], told["fresh_changed"]) == (2, 2, 1, 1)
    assert told["changes"]["resolved"] == 1
    assert told["staying"] == {"resolved": 41}
    policy = what_if.apply(what_if=asked, candidate=0, by=ada, at=LATER, reason="Fewer.", at_once=True)
    done = applying.apply(project=project, at=LATER)
    assert (done.resolved, done.target) == (1, told["changes"]["target"] + told["fresh_changed"])
    asked.refresh_from_db()
    assert asked.applied_as == policy
    assert (policy.first_round, policy.triggers["overall"]["escalate_above"]) == (4, 5)


def test_applying_is_one_event_with_before_after_and_what_had_been_said(project, worked, ada):
    asked = answered(project, LOOSER)
    what_if.apply(what_if=asked, candidate=0, by=ada, at=LATER, reason="They differ too seldom.", at_once=False)
    event = ProjectEvent.objects.get(kind="policy_changed")
    assert [of["triggers"]["overall"]["escalate_above"] for of in (event.before, event.after)] == [2, 5]
    assert f"They differ too seldom. (what-if {asked.pk}: About " in event.text
    assert event.actor == ada
    assert not ProjectEvent.objects.filter(kind=projects.APPLICATION_ASKED).exists()


def test_what_cannot_be_applied_is_refused_and_changes_nothing(project, worked, ada, rita):
    asked = ask(project, LOOSER)
    how = {"what_if": asked, "candidate": 0, "at": LATER, "at_once": False}
    with pytest.raises(WhatIfRefused, match="no answer yet"):
        what_if.apply(by=ada, reason="So.", **how)
    answer_what_ifs()
    with pytest.raises(NotAnAdmin):
        what_if.apply(by=rita, reason="So.", **how)
    with pytest.raises(ReasonMissing):
        what_if.apply(by=ada, reason=" ", **how)
    projects.change_policy(project=project, by=ada, at=NOW, reason="Meanwhile.", extra=3)
    with pytest.raises(WhatIfRefused, match="Policy 2 is in force now"):
        what_if.apply(by=ada, reason="So.", **how)
    assert project.policies.count() == 2


# --- the judges' weight -----------------------------------------------------------------------------------------------
def people_and_a_judge(project):
    """Sixty samples on which two of three people are right, and a judge that always is."""
    right = [number % 6 + 1 for number in range(60)]
    samples = decided_long_ago(project, [[value, value, value % 6 + 1] for value in right])
    identity = JudgeIdentity("external", "robo")
    judge = judging.enable(project=project, identity=identity)
    verdicts = [Verdict(sample.pk, [value], None) for sample, value in zip(samples, right, strict=True)]
    judging.post(project=project, judge=judge, verdicts=verdicts)
    merging.merge_project(project=project, at=NOW)
    return MergeFit.objects.get(project=project, is_current=True)


def test_merged_labels_are_tried_at_other_weights(project):
    fit = people_and_a_judge(project)
    assert fit.weight > 0.3
    (of,) = answered(project, {"judges_weight_at_most": 0.1}).result["judges"]
    tried = {one["weight"]: one for one in of["tried"]}
    assert {0, 0.1, fit.weight, 1} <= tried.keys()
    assert tried[fit.weight]["better"]["value"] == 0
    assert tried[0]["better"]["value"] < 0
    assert tried[0]["measured"]["value"] > tried[fit.weight]["measured"]["value"]  # it is an error


def test_judges_weigh_no_more_than_the_policy_lets_them(project, ada):
    earned = people_and_a_judge(project).weight
    asked = answered(project, {"judges_weight_at_most": 0.1})
    what_if.apply(what_if=asked, candidate=0, by=ada, at=NOW, reason="People decide.", at_once=False)
    again = Project.objects.get(pk=project.pk)
    merging.merge_project(project=again, at=LATER, at_once=True)
    held = MergeFit.objects.get(project=project, is_current=True)
    assert (held.weight, held.details["reason"]) == (0.1, "held_by_policy")
    assert earned > held.weight
