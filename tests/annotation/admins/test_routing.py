"""Judges settle what they are sure of, where people in the random slice agree with them, and nothing else."""

from datetime import timedelta

import pytest
from django.db import transaction
from past_the_services import add, change, refused
from story import (
    NOW,
    claim,
    counters,
    crowd,
    decided_long_ago,
    join,
    label_of,
    last_event,
    make_project,
    make_sample,
    make_samples,
    rate_overall,
    settle,
    state_of,
)

from annotation.models import (
    ConsensusLabel,
    GoldAnswer,
    Judgment,
    ProjectEvent,
    RoutingFit,
    RoutingPlan,
    Sample,
)
from annotation.services import (
    adjudication,
    claiming,
    closing,
    figures,
    judging,
    leases,
    merging,
    projects,
    routing,
    routing_looks,
    versions,
)
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.services.routing import RoutingRefused

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
SLICE, OUTSIDE = 40, 24


@pytest.fixture(autouse=True)
def small_projects(monkeypatch):
    """As many rated samples outside the slice as these projects have are enough to learn from."""
    monkeypatch.setattr(routing_looks, "ENOUGH_OUTSIDE", OUTSIDE)


def enable(project, name="robo"):
    return judging.enable(project=project, identity=JudgeIdentity("external", name))


def speak(project, judge, said):
    """said: sample -> value"""
    return judging.post(project=project, judge=judge, verdicts=[Verdict(s.pk, [v]) for s, v in said.items()])


def right(number):
    return 2 if number % 2 else 5


def audited(project, judge, *, size=SLICE, outside=OUTSIDE, says=right):
    """A random slice and other samples that people rated 2 or 5, with the word of a judge on each; returns the slice."""
    samples = decided_long_ago(project, [(right(n),) * 3 for n in range(size + outside)])
    drawn = samples[:size]
    Sample.objects.filter(pk__in=[sample.pk for sample in drawn]).update(is_fixed_overlap=True, target=3)
    speak(project, judge, {sample: says(number) for number, sample in enumerate(samples)})
    return drawn


@pytest.fixture
def robo(project):
    return enable(project)


@pytest.fixture
def waiting(project, robo):
    """Twelve open samples: of eight the judge says 2 or 5, and 4 of the others, which it says of none that people judged."""
    audited(project, robo)
    samples = make_samples(project, 12)
    speak(project, robo, {sample: right(n) if n < 8 else 4 for n, sample in enumerate(samples)})
    return samples


def switch_on(project, ada, *, target=0.9, risk=0.1, at=NOW):
    return routing.switch_on(project=project, target=target, risk=risk, by=ada, at=at)


def run(project, at=LATER):
    project = type(project).objects.get(pk=project.pk)
    return routing.run(project=project, at=at, at_once=True)


def kinds(project):
    return list(project.events.order_by("pk").values_list("kind", flat=True))


# --- off, on ----------------------------------------------------------------------------------------------------
def test_nothing_is_settled_before_an_admin_asks_for_it(project, waiting):
    assert routing.projects_that_route() == []
    assert run(project) == 0
    assert {state_of(sample) for sample in waiting} == {"open"}


def test_judges_settle_what_they_are_sure_of_and_people_get_the_rest(project, waiting, ada):
    switch_on(project, ada)
    assert run(project) == 8
    assert [state_of(sample) for sample in waiting] == ["resolved"] * 8 + ["open"] * 4
    fit = RoutingFit.objects.get()
    assert (fit.look, fit.risk, fit.reason, fit.tested_count) == (1, 0.05, "promised", SLICE)
    assert kinds(project)[-2:] == ["routing_switched_on", "routing_promised"]
    assert "40 of 40 tested samples" in fit.sentence


def test_a_sample_that_judges_settled_has_no_human_value_and_says_on_what_it_rests(project, waiting, ada):
    switch_on(project, ada)
    run(project)
    label = label_of(waiting[0])
    assert (label.human_value, label.merged_value, label.method) == (None, 5, "judges/1")
    assert (label.annotation_count, label.annotations, label.routing_fit) == (0, [], RoutingFit.objects.get())
    assert sum(label.probabilities) == pytest.approx(1, abs=0.001)
    assert counters(waiting[0]) == (0, 0, 0)
    assert last_event(waiting[0]) == ("open", "resolved", "settled_by_judges")
    assert "look 1: 90 % agreement" in waiting[0].events.get().text


def test_what_would_happen_is_said_beforehand_and_nothing_is_done(project, waiting, ada):
    outlook = routing.outlook(project=project, target=0.9, risk=0.1)
    assert (outlook.would_settle, outlook.untouched, outlook.open, outlook.number) == (8, 12, 12, 1)
    assert (RoutingPlan.objects.count(), RoutingFit.objects.count()) == (0, 0)
    switch_on(project, ada)
    assert run(project) == outlook.would_settle
    assert RoutingFit.objects.get().sentence == outlook.sentence


def test_a_further_sample_is_settled_under_the_look_that_is_there(project, robo, waiting, ada):
    switch_on(project, ada)
    run(project)
    new = make_sample(project, "new")
    assert run(project) == 0
    speak(project, robo, {new: 2})
    assert run(project) == 1
    assert (state_of(new), RoutingFit.objects.count()) == ("resolved", 1)


@pytest.mark.parametrize(("target", "risk"), [(1.0, 0.05), (0.4, 0.05), (0.9, 0), (0.9, 0.6)])
def test_what_cannot_be_promised_is_refused_with_a_sentence(project, ada, target, risk):
    with pytest.raises(RoutingRefused, match="%"):
        switch_on(project, ada, target=target, risk=risk)


def test_an_archived_project_routes_nothing(project, waiting, ada):
    switch_on(project, ada)
    closing.archive(project=project, by=ada, at=NOW)
    assert routing.projects_that_route() == []
    with pytest.raises(RoutingRefused, match="archived"):
        switch_on(project, ada)


@pytest.mark.django_db(transaction=True)
def test_where_nothing_is_new_nothing_is_done():
    project = make_project()
    ada = join(project, "ada", role="admin")
    judge = enable(project)
    audited(project, judge)
    speak(project, judge, {make_sample(project): 5})
    switch_on(project, ada)
    assert run(project) == 1
    settle(project)
    basis = RoutingPlan.objects.get().basis
    assert (run(project), run(project)) == (0, 0)
    assert RoutingPlan.objects.get().basis != "" != basis
    assert RoutingFit.objects.count() == 1


# --- what is never touched --------------------------------------------------------------------------------------
def test_what_anybody_was_ever_given_stays_with_people(project, waiting, ada):
    ana, ben, cleo = crowd(project, 3)
    claim(waiting[0], by=ana)
    leases.release(assignment=claim(waiting[1], by=ben), at=NOW)
    rate_overall(waiting[2], {cleo: 5})
    switch_on(project, ada)
    assert run(project) == 5
    assert [state_of(sample) for sample in waiting[:3]] == ["open"] * 3


def test_a_sample_that_is_claimed_after_the_judges_were_heard_stays_with_the_person(project, waiting, ada, ana):
    switch_on(project, ada)
    speak_of = waiting[3]
    claim(speak_of, by=ana)
    fit = RoutingFit(plan=RoutingPlan.objects.get(), project=project, details={"target": 0.9}, look=1, threshold=0.9)
    assert not routing._settle(speak_of.pk, [], 0.95, fit, project.policy, NOW)
    assert (state_of(speak_of), counters(speak_of)) == ("open", (3, 1, 0))


def test_the_slice_and_gold_and_what_a_larger_slice_has_drawn_are_never_settled(project, waiting, ada):
    Sample.objects.filter(pk=waiting[0].pk).update(is_fixed_overlap=True)
    answer = {"rubric": project.rubric, "ratings": [5], "rank": 1, "source": "written", "created_at": NOW}
    GoldAnswer.objects.create(sample=waiting[1], project=project, **answer)
    Sample.objects.filter(pk=waiting[2].pk).update(purpose="training", target=0)
    switch_on(project, ada)
    assert run(project) == 5
    assert [state_of(sample) for sample in waiting[:3]] == ["open"] * 3


def test_a_sample_waits_until_every_judge_has_spoken(project, robo, waiting, ada):
    second = enable(project, "second")
    speak(project, second, dict.fromkeys(project.samples.exclude(pk=waiting[0].pk), 5))
    switch_on(project, ada)
    run(project)
    assert (state_of(waiting[0]), state_of(waiting[2])) == ("open", "resolved")


def test_a_judge_with_nothing_to_say_holds_nobody_up(project, robo, waiting, ada):
    silent = enable(project, "checker")
    switch_on(project, ada)
    assert run(project) == 0
    sentence = RoutingFit.objects.get().sentence
    assert f"The judge checker has yet to speak of {project.samples.count()} samples" in sentence
    assert "switch it off" in sentence
    assert "robo" not in sentence
    ids = list(project.samples.exclude(pk=waiting[0].pk).values_list("pk", flat=True))
    for _ in range(2):
        judging.keep_silences(project=project, judge=silent, sample_ids=ids)
    assert run(project) == 7
    assert state_of(waiting[0]) == "open"  # of this one it may still speak
    assert RoutingFit.objects.latest("pk").reason == "promised"


def test_a_silence_under_an_older_rubric_is_none(project, robo, waiting):
    everything = project.samples.all()
    ids = list(everything.values_list("pk", flat=True))
    silent = enable(project, "checker")
    judging.keep_silences(project=project, judge=silent, sample_ids=ids)
    assert not judging.unheard(project, everything, silent).exists()
    project.rubrics.create(version=2, attributes=project.rubric.attributes)
    again = type(project).objects.get(pk=project.pk)
    assert judging.unheard(again, everything, silent).count() == len(ids)


def test_relatives_do_not_settle(project, waiting, ada):
    sample = make_sample(project, "sibling")
    post = {"rubric": project.rubric, "ratings": [5], "is_relative": True}
    Judgment.objects.create(judge=Judgment.objects.first().judge, sample=sample, **post)
    switch_on(project, ada)
    assert run(project) == 8
    assert state_of(sample) == "open"


# --- when no promise can be made --------------------------------------------------------------------------------
def test_a_slice_that_is_too_small_promises_nothing_and_says_what_is_missing(project, robo, ada):
    audited(project, robo, size=20)
    speak(project, robo, {make_sample(project): 5})
    switch_on(project, ada, target=0.95, risk=0.05)
    assert run(project) == 0
    fit = RoutingFit.objects.get()
    assert (fit.reason, fit.look, fit.threshold) == ("too_few_tested", None, None)
    assert "has 20 samples to test on" in fit.sentence
    assert "72 are needed" in fit.sentence
    assert kinds(project)[-1] == "routing_not_promised"


def test_without_enough_rated_samples_outside_half_of_the_slice_is_for_learning(project, robo):
    audited(project, robo, outside=OUTSIDE - 1)
    look = routing_looks.take(project, target=0.9, risk=0.05)
    assert 0.3 * SLICE < look.routing.tested < 0.7 * SLICE
    assert look.learned_from == SLICE + OUTSIDE - 1 - look.routing.tested
    assert look.slice_count == SLICE


def test_judges_that_people_do_not_agree_with_settle_nothing(project, robo, ada):
    audited(project, robo, says=lambda number: right(number // 2))
    speak(project, robo, {make_sample(project): 5})
    switch_on(project, ada)
    assert run(project) == 0
    fit = RoutingFit.objects.get()
    assert (fit.reason, fit.look) == ("strictest_failed", 1)
    assert "20 of 40" in fit.sentence


def test_without_a_judge_or_a_slice_nothing_breaks(project, ada):
    switch_on(project, ada)
    assert run(project) == 0
    assert RoutingFit.objects.get().reason == "too_few_tested"


def test_a_sample_that_people_take_out_is_one_that_judges_got_wrong(project, robo):
    drawn = audited(project, robo)
    for state in ("contested", "excluded"):
        Sample.objects.filter(pk__in=[sample.pk for sample in drawn[:12]]).update(state=state, counted_count=0)
    for sample in drawn[:12]:
        sample.assignments.update(state="skipped", skip_reason="personal_data")
    found = routing_looks.take(project, target=0.9, risk=0.05).routing
    assert (found.steps[-1].count, found.steps[-1].agreed) == (SLICE, SLICE - 12)


def test_a_reviewer_who_sees_the_judges_changes_no_measure_of_them(project, robo, rita):
    [first, *_] = audited(project, robo)
    said = [{"attribute": "overall", "value": 1}]
    adjudication.set_label(sample_id=first.pk, given=said, by=rita, note="", cause="", at=NOW)
    found = routing_looks.take(project, target=0.9, risk=0.05).routing
    assert found.steps[-1].agreed == SLICE


def test_only_one_sample_of_a_prompt_is_tested(project, robo):
    drawn = audited(project, robo)
    digest = drawn[0].content.prompt_digest
    for sample in drawn[:20]:
        type(sample.content).objects.filter(pk=sample.pk).update(prompt_digest=digest)
    assert routing_looks.take(project, target=0.9, risk=0.05).routing.tested == SLICE - 19


# --- looks ------------------------------------------------------------------------------------------------------
def test_switching_off_and_on_again_buys_no_further_look(project, waiting, ada):
    plan = switch_on(project, ada)
    run(project)
    routing.switch_off(project=project, by=ada, at=NOW)
    assert switch_on(project, ada) == plan
    run(project)
    assert RoutingFit.objects.count() == 1


def test_another_wish_is_another_plan_and_takes_a_smaller_share_of_its_risk(project, waiting, ada):
    switch_on(project, ada)
    run(project)
    switch_on(project, ada, target=0.85)
    run(project)
    assert list(RoutingFit.objects.order_by("pk").values_list("look", "risk")) == [
        (1, 0.05),
        (2, pytest.approx(0.1 / 6)),
    ]
    assert RoutingPlan.objects.filter(is_current=True).count() == 1


def test_another_judge_is_another_panel_and_nothing_is_settled_before_it_was_tested(project, robo, waiting, ada):
    switch_on(project, ada)
    run(project)
    second = enable(project, "second")
    speak(project, robo, {(new := make_sample(project, "new")): 5})
    assert run(project) == 0
    assert RoutingFit.objects.latest("pk").reason == "too_few_tested"  # the second judge has not spoken yet
    assert kinds(project)[-1] == "routing_not_promised"
    speak(project, second, dict.fromkeys(project.samples.all(), 5))
    run(project)
    assert RoutingFit.objects.latest("pk").look == 2
    assert state_of(new) == "resolved"


def test_the_slice_is_looked_at_again_when_it_has_grown_by_half(project, robo, waiting, ada):
    switch_on(project, ada)
    run(project)
    others = project.samples.filter(state="resolved", is_fixed_overlap=False, counted_count=3).order_by("pk")
    for further, looks in ((SLICE // 2, 1), (1, 2)):
        chosen = list(others.values_list("pk", flat=True)[:further])
        Sample.objects.filter(pk__in=chosen).update(is_fixed_overlap=True)
        RoutingPlan.objects.update(basis="")
        run(project)
        assert RoutingFit.objects.count() == looks


# --- the way back -----------------------------------------------------------------------------------------------
def test_switched_off_nothing_further_is_settled_and_what_is_stays(project, robo, waiting, ada):
    switch_on(project, ada)
    run(project)
    routing.switch_off(project=project, by=ada, at=NOW)
    routing.switch_off(project=project, by=ada, at=NOW)
    speak(project, robo, {(new := make_sample(project, "new")): 5})
    assert run(project) == 0
    assert (state_of(new), state_of(waiting[0])) == ("open", "resolved")
    assert kinds(project).count("routing_switched_off") == 1


def test_recalled_samples_go_to_people_and_judges_settle_them_no_second_time(project, waiting, ada, ana):
    switch_on(project, ada)
    run(project)
    assert routing.recall(project=project, by=ada, at=LATER) == 8
    assert run(project, LATER + timedelta(minutes=1)) == 0
    assert {state_of(sample) for sample in waiting} == {"open"}
    assert counters(waiting[0]) == (3, 0, 0)
    assert last_event(waiting[0]) == ("resolved", "open", "sent_to_people")
    assert not ConsensusLabel.objects.filter(sample=waiting[0], is_current=True).exists()
    assert claiming.claim_next(annotator=ana, at=LATER) is not None
    assert routing.recall(project=project, by=ada, at=LATER) == 0


def test_people_decide_a_recalled_sample_as_if_no_judge_had(project, waiting, ada, ana, ben, cleo):
    switch_on(project, ada)
    run(project)
    assert routing.send_to_people(sample_id=waiting[0].pk, by=ada, at=NOW)
    assert not routing.send_to_people(sample_id=waiting[0].pk, by=ada, at=NOW)
    rate_overall(waiting[0], {ana: 1, ben: 1, cleo: 2})
    label = label_of(waiting[0])
    assert (label.human_value, label.merged_value, label.routing_fit, label.revision) == (1, None, None, 2)


def test_a_reviewer_who_asks_more_people_gives_it_its_first_round(project, waiting, ada, rita):
    switch_on(project, ada)
    run(project)
    adjudication.ask_more(sample_id=waiting[0].pk, by=rita, note="Looks odd.", cause="", at=NOW)
    assert (state_of(waiting[0]), counters(waiting[0])) == ("open", (3, 0, 0))
    assert waiting[0].events.latest("pk").text == "Looks odd."


def test_a_reviewer_may_give_a_settled_sample_a_label_of_their_own(project, waiting, ada, rita):
    switch_on(project, ada)
    run(project)
    said = [{"attribute": "overall", "value": 1}]
    adjudication.set_label(sample_id=waiting[0].pk, given=said, by=rita, note="", cause="", at=NOW)
    assert (label_of(waiting[0]).human_value, label_of(waiting[0]).method) == (1, "adjudication")
    assert routing.recall(project=project, by=ada, at=LATER) == 7


def test_a_larger_slice_takes_what_it_draws_from_the_judges_too(project, waiting, ada):
    switch_on(project, ada)
    run(project)
    projects.change_policy(project=project, by=ada, at=NOW, reason="More.", slice_share=0.5)
    run(project)
    for sample in waiting[:8]:
        sample.refresh_from_db()
        drawn = projects.is_drawn(sample.rank, 0.5)
        assert sample.is_fixed_overlap == drawn
        assert (sample.state, sample.target) == (("open", 4) if drawn else ("resolved", 0))


# --- what else reads labels -------------------------------------------------------------------------------------
def test_human_exports_leave_them_out_and_merged_ones_say_who_said_it(project, waiting, ada):
    switch_on(project, ada)
    run(project)
    names = {sample.external_id for sample in waiting[:8]}
    human = {s.sample_id for s in versions.labelled_samples(project, project.rubric)}
    assert len(human) == SLICE + OUTSIDE
    assert not human & names
    merged = {s.sample_id: s for s in versions.labelled_samples(project, project.rubric, label="merged")}
    assert {name for name, sample in merged.items() if sample.source == "judges"} == names
    assert merged[waiting[0].external_id].labels == {(0, "overall"): 5}


def test_they_are_in_no_measure_of_people_and_no_merge(project, waiting, ada):
    before = figures.compute(project)
    switch_on(project, ada)
    run(project)
    merging.merge_project(project=project, at=LATER, at_once=True)
    after = figures.compute(project)
    counted = ("decided", "could_escalate", "annotations_of_decided", "annotations")
    assert [after["samples"][name] for name in counted] == [before["samples"][name] for name in counted]
    assert after["samples"]["settled_by_judges"] == 8
    assert after["reliability"] == before["reliability"]
    assert label_of(waiting[0]).revision == 1


def test_a_project_that_routes_can_be_deleted(project, waiting, ada):
    switch_on(project, ada)
    run(project)
    closing.delete(project=project, by=ada, at=NOW)
    assert (RoutingFit.objects.count(), RoutingPlan.objects.count(), ConsensusLabel.objects.count()) == (0, 0, 0)


# --- what the database refuses ----------------------------------------------------------------------------------
def test_the_database_keeps_judges_and_people_apart_and_looks_as_they_were(project, waiting, ada):
    plan = switch_on(project, ada)
    run(project)
    label, fit = label_of(waiting[0]), RoutingFit.objects.get()
    label.pk, label.revision, label.is_current, label.human_value = None, 9, False, 4
    with refused("consensus_label_of_judges_is_not_human"), transaction.atomic():
        label.save(force_insert=True)
    with refused("frozen"):
        change(fit, threshold=0.5)
    with refused("frozen"):
        change(plan, target=0.8)
    fit.pk = None
    with refused("routing_fit_look_once"), transaction.atomic():
        fit.save(force_insert=True)
    with refused("routing_plan_one_current"):
        add(RoutingPlan, project=project, target=0.9, risk=0.1, requested_at=NOW)
    with refused("routing_plan_can_be_promised"):
        add(RoutingPlan, project=project, target=0.9, risk=0, is_current=False, requested_at=NOW)
    with refused("routing_plan_only_the_current_routes"):
        change(plan, is_current=False)
    assert ProjectEvent.objects.filter(project=project).count() == 2
