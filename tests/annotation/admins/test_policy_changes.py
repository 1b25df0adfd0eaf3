"""A policy changes while samples are under way: decided ones stay, undecided ones follow, and nobody's work is lost."""

import json

import pytest
from django.core.management import CommandError, call_command
from races import start, together
from story import (
    MINUTE,
    NOW,
    OVERALL,
    State,
    answer,
    claim,
    correct,
    counters,
    crowd,
    join,
    label_of,
    last_event,
    make_project,
    make_sample,
    make_samples,
    rate,
    state_of,
)

from annotation.models import Annotation, Annotator, Policy, Project, Sample
from annotation.services import adjudication, applying, claiming, leases, projects, reconsideration, submission
from annotation.services.alone import APPLYING, alone
from annotation.services.people import ReasonMissing
from annotation.services.projects import ChangeRefused
from annotation.tasks import apply_policies

LATER = NOW + 5 * MINUTE


def change(project, **content):
    return projects.change_policy(project=project, by=None, at=NOW, reason="To try it.", **content)


def apply_now(project):
    projects.apply_policy_now(project=project, by=None, at=NOW)
    return applying.apply(project=project, at=NOW)


def strict(limit=0):
    return {"overall": {"escalate_above": limit, "settle_within": limit}}


def rated(project, values, *, people=9, name="s1"):
    sample = make_sample(project, name)
    receipts = [
        rate(sample, by=person, overall=value) for person, value in zip(crowd(project, people), values, strict=False)
    ]
    sample.refresh_from_db()
    return sample, receipts


# --- writing the next version ------------------------------------------------------------------------------------
def test_what_a_change_leaves_out_stays_as_it_is(project, ada):
    first = project.policy
    second = projects.change_policy(project=project, by=ada, at=NOW, reason="More people.", first_round=4)
    third = projects.change_policy(project=project, by=ada, at=NOW, reason="Means.", label_rule="mean")
    assert [policy.version for policy in (first, second, third)] == [1, 2, 3]
    assert (third.first_round, third.label_rule, third.triggers) == (4, "mean", first.triggers)
    assert Project.objects.get().policy == project.policy == third


def test_the_history_says_who_changed_what_and_why(project, ada):
    projects.change_policy(project=project, by=ada, at=NOW, reason="  Raters tire. ", first_round=4, extra=1)
    event = project.events.get(kind="policy_changed")
    assert (event.actor, event.at) == (ada, NOW)
    assert event.text == "Policy 2. Raters tire."
    assert (event.before, event.after) == ({"first_round": 3, "extra": 2}, {"first_round": 4, "extra": 1})


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_change_without_a_reason_is_refused(project, reason):
    with pytest.raises(ReasonMissing):
        projects.change_policy(project=project, by=None, at=NOW, reason=reason, first_round=4)
    assert Policy.objects.count() == 1


def test_a_limit_that_is_left_out_is_the_default_of_its_scale(project):
    policy = change(project, triggers={"overall": {"escalate_above": 3}})
    assert policy.triggers == {"overall": {"escalate_above": 3, "settle_within": 1}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "says the same"),
        ({"first_round": 3, "slice_share": 0.0}, "says the same"),
        ({"first_rond": 4}, "has no first_rond"),
        ({"version": 7}, "has no version"),
        ({"first_round": 2}, "Ask at least 3 people first"),
        ({"first_round": 99999}, "first_round"),
        ({"first_round": "many"}, "first_round"),
        ({"extra": 0}, "at least 1 more"),
        ({"label_rule": "coin"}, "label_rule"),
        ({"unsettled": "forgotten"}, "unsettled"),
        ({"slice_share": 1.1}, "from 0 to 1"),
        ({"slice_share": float("nan")}, "from 0 to 1"),
        ({"slice_overlap": 2}, "Ask at least 3 people"),
        ({"triggers": {}}, "at least one trigger"),
        ({"triggers": ["overall"]}, "at least one trigger"),
        ({"triggers": {"style": {}}}, "No attribute style"),
        ({"triggers": {"overall": {"escalate_over": 1}}}, "Write escalate_above"),
        ({"triggers": {"overall": {"escalate_above": "2"}}}, "Write numbers"),
        ({"triggers": {"overall": {"escalate_above": True}}}, "Write numbers"),
        ({"triggers": {"overall": {"escalate_above": -1}}}, "limits"),
        ({"triggers": {"overall": {"escalate_above": float("nan")}}}, "limits"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence_and_nothing_is_written(project, content, said):
    with pytest.raises(ChangeRefused, match=said):
        change(project, **content)
    assert (Policy.objects.count(), project.events.count()) == (1, 0)


def test_an_archived_project_does_not_change(project):
    Project.objects.update(state="archived")
    with pytest.raises(ChangeRefused, match="archived"):
        change(project, first_round=4)
    with pytest.raises(ChangeRefused, match="archived"):
        projects.apply_policy_now(project=project, by=None, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_are_two_versions():
    project = make_project()
    started = [
        start(lambda extra=extra: change(Project.objects.get(pk=project.pk), extra=extra).version) for extra in (3, 4)
    ]
    assert sorted(future.result(timeout=30) for future in started) == [2, 3]


# --- decided samples stay ----------------------------------------------------------------------------------------
def test_a_correction_of_a_resolved_sample_is_decided_under_the_policy_of_its_decision(project):
    """Under the newest, three would be too few for a first round, and the sample would be open again."""
    sample, [first, *_] = rated(project, (4, 4, 4))
    old = project.policy
    change(project, first_round=5)
    correct(first, overall=5)
    assert (state_of(sample), counters(sample), label_of(sample).policy) == (State.RESOLVED, (3, 0, 3), old)


def test_a_correction_that_disagrees_escalates_under_the_limits_of_its_decision(project):
    old = project.policy
    sample, [first, *_] = rated(project, (4, 4, 4))
    change(project, triggers=strict(5))
    correct(first, overall=1)
    assert last_event(sample) == ("resolved", "escalated", "first_round_disagreed")
    assert sample.events.latest("pk").policy == old


def test_a_stricter_policy_leaves_a_corrected_sample_resolved(project):
    sample, [first, *_] = rated(project, (4, 5, 4))
    change(project, triggers=strict(0))
    correct(first, overall=3)
    assert state_of(sample) == State.RESOLVED


def test_a_contested_sample_waits_for_people_under_the_policy_of_its_decision(project):
    sample, _ = rated(project, (1, 6, 6), people=3)
    change(project, first_round=5, extra=4)
    crowd(project, 9)
    assert (state_of(sample), counters(sample)) == (State.ESCALATED, (5, 0, 3))


def test_an_excluded_sample_opens_again_under_the_policy_of_its_decision(project):
    sample = make_sample(project)
    ana, ben, *_ = crowd(project, 9)
    rate(sample, by=ana, neither_valid=True)
    mistaken = rate(sample, by=ben, neither_valid=True)
    change(project, first_round=5)
    correct(mistaken, overall=4)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (3, 0, 2))


def test_an_event_that_moved_nothing_does_not_bring_a_sample_under_the_newest_policy(project, rita):
    sample, [first, *_] = rated(project, (4, 4, 4))
    change(project, first_round=5)
    sample.events.create(source="resolved", target="resolved", reason="noted", policy=project.policy, at=NOW)
    correct(first, overall=5)
    assert state_of(sample) == State.RESOLVED


def test_looking_again_and_applying_leave_decided_samples_alone(project):
    samples = [rated(project, values, name=f"s{n}")[0] for n, values in enumerate([(4, 4, 4), (1, 6, 1, 6, 3)])]
    before = [(state_of(sample), counters(sample), sample.events.count()) for sample in samples]
    change(project, triggers=strict(0), first_round=4, extra=4)
    assert apply_now(project).looked_at == 0
    reconsideration.reconsider(at=NOW)
    assert [(state_of(sample), counters(sample), sample.events.count()) for sample in samples] == before


# --- undecided samples follow ------------------------------------------------------------------------------------
def test_a_half_done_sample_follows_at_its_next_submission(project):
    sample, _ = rated(project, (4, 4))
    change(project, first_round=4)
    assert counters(sample) == (3, 0, 2)
    rate(sample, by=crowd(project, 9)[2], overall=4)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (4, 0, 3))
    rate(sample, by=crowd(project, 9)[3], overall=4)
    assert (state_of(sample), sample.events.get().policy.version) == (State.RESOLVED, 2)
    assert set(Annotation.objects.values_list("round", flat=True)) == {1}


def test_an_escalated_sample_keeps_its_first_round_when_a_larger_one_is_asked(project):
    """Three people were the first round when it disagreed; the next two are the second, whatever is asked now."""
    sample, _ = rated(project, (1, 6, 6))
    change(project, first_round=5)
    people = crowd(project, 9)
    assert rate(sample, by=people[3], overall=6).annotation.round == 2
    assert (state_of(sample), counters(sample)) == (State.ESCALATED, (5, 0, 4))
    rate(sample, by=people[4], overall=6)
    assert (state_of(sample), last_event(sample)[2]) == (State.RESOLVED, "settled_by_three")


def test_an_escalated_sample_follows_a_new_extra_and_new_limits(project):
    sample, _ = rated(project, (1, 6, 6))
    change(project, extra=4)
    people = crowd(project, 9)
    rate(sample, by=people[3], overall=3)
    assert counters(sample) == (7, 0, 4)
    change(project, extra=1, triggers={"overall": {"settle_within": 0}})
    assert apply_now(project).contested == 1
    assert (state_of(sample), counters(sample)) == (State.CONTESTED, (4, 0, 4))


def test_what_is_of_the_second_round_stays_so_after_an_adjudicated_detour(project, rita):
    sample, _ = rated(project, (1, 6, 1, 6, 3))
    change(project, first_round=9)
    adjudication.ask_more(sample_id=sample.pk, by=rita, note="", cause="", at=NOW)
    people = crowd(project, 9)
    assert rate(sample, by=people[5], overall=6).annotation.round == 2
    assert rate(sample, by=people[6], overall=6).annotation.round == 2
    assert (state_of(sample), last_event(sample)[2]) == (State.RESOLVED, "settled_by_three")


# --- applied now -------------------------------------------------------------------------------------------------
def test_raising_the_first_round_opens_slots_on_untouched_and_half_done_samples(project):
    untouched, (half_done, _) = make_sample(project, "s0"), rated(project, (4, 4))
    change(project, first_round=5)
    changes = apply_now(project)
    assert (changes.looked_at, changes.target) == (2, 2)
    assert (counters(untouched), counters(half_done)) == ((5, 0, 0), (5, 0, 2))


def test_an_untouched_sample_keeps_its_random_rank_in_the_fresh_lane(project):
    samples = make_samples(project, 5)
    change(project, first_round=5)
    apply_now(project)
    assert not project.samples.filter(lane_seq__isnull=False).exists()
    [ana] = crowd(project, 1)
    first = min(samples, key=lambda sample: sample.rank)
    assert claiming.claim_next(annotator=ana, at=NOW).sample == first


def test_somebody_for_whom_nothing_was_left_finds_the_new_slots(project):
    sample, _ = rated(project, (4, 4), people=9)
    people = crowd(project, 9)
    claim(sample, by=people[2])
    assert claiming.claim_next(annotator=people[3], at=NOW) is None
    change(project, first_round=5)
    apply_now(project)
    assert claiming.claim_next(annotator=people[3], at=NOW).sample == sample


def test_lowering_the_first_round_decides_at_once_what_has_enough(project):
    change(project, first_round=5)
    agreed, _ = rated(project, (4, 4, 4), name="agreed")
    split, _ = rated(project, (1, 6, 6, 6), name="split")
    half, _ = rated(project, (4, 4), name="half")
    change(project, first_round=3)
    changes = apply_now(project)
    assert (changes.resolved, changes.escalated, changes.target) == (1, 1, 1)
    assert (state_of(agreed), counters(agreed)) == (State.RESOLVED, (3, 0, 3))
    assert (state_of(split), counters(split)) == (State.ESCALATED, (5, 0, 4))
    assert (state_of(half), counters(half)) == (State.OPEN, (3, 0, 2))
    assert agreed.events.get().policy.version == 3


def test_the_target_never_falls_below_what_is_held(project):
    change(project, first_round=6)
    sample, _ = rated(project, (4, 4, 4))
    people = crowd(project, 9)
    leases_held = [claim(sample, by=person) for person in people[3:5]]
    change(project, first_round=3)
    apply_now(project)
    assert (state_of(sample), counters(sample)) == (State.OPEN, (5, 2, 3))
    for lease in leases_held:
        assert submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW).counted
    assert (state_of(sample), counters(sample)) == (State.RESOLVED, (5, 0, 5))


def test_nobody_further_is_asked_while_an_agreed_sample_waits_for_its_leases(project):
    change(project, first_round=6)
    sample, _ = rated(project, (4, 4, 4))
    people = crowd(project, 9)
    lease = claim(sample, by=people[3])
    change(project, first_round=3)
    apply_now(project)
    assert counters(sample) == (4, 1, 3)
    leases.release(assignment=lease, at=NOW)
    assert (state_of(sample), counters(sample)) == (State.RESOLVED, (3, 0, 3))


def test_fewer_extra_people_close_the_slots_that_nobody_took_yet(project):
    change(project, extra=4)
    sample, _ = rated(project, (1, 6, 6))
    assert counters(sample) == (7, 0, 3)
    change(project, extra=2)
    apply_now(project)
    assert (state_of(sample), counters(sample)) == (State.ESCALATED, (5, 0, 3))


def test_applying_twice_changes_nothing_the_second_time(project):
    make_sample(project, "s0")
    rated(project, (4, 4), name="s1")
    rated(project, (1, 6, 6), name="s2")
    change(project, first_round=4, extra=3)
    apply_now(project)
    before = list(Sample.objects.order_by("pk").values())
    again = apply_now(project)
    assert (again.target, again.drawn, again.resolved, again.escalated, again.contested) == (0, 0, 0, 0, 0)
    assert list(Sample.objects.order_by("pk").values()) == before


def test_gold_and_other_projects_are_left_alone(project):
    other = make_sample(make_project("elsewhere"), "s9")
    gold = make_sample(project, "gold")
    Sample.objects.filter(pk=gold.pk).update(purpose="gold", target=0)
    change(project, first_round=5)
    assert apply_now(project).looked_at == 0
    assert (counters(other), counters(gold)) == ((3, 0, 0), (0, 0, 0))


# --- the dry run -------------------------------------------------------------------------------------------------
def test_a_dry_run_says_what_would_change_and_changes_nothing(project):
    change(project, first_round=5)
    make_sample(project, "untouched")
    rated(project, (4, 4, 4), name="agreed")
    rated(project, (1, 6, 6, 6), name="split")
    change(project, first_round=3)
    before = list(Sample.objects.order_by("pk").values())
    said = applying.rehearse(project=project, at=NOW)
    assert (said.looked_at, said.target, said.resolved, said.escalated) == (3, 1, 1, 1)
    assert list(Sample.objects.order_by("pk").values()) == before
    assert not project.events.filter(kind="policy_applied").exists()
    assert apply_now(project) == said


# --- the request is the work -------------------------------------------------------------------------------------
def test_a_request_waits_in_the_project_s_history_until_it_is_carried_out(project, ada):
    rated(project, (4, 4))
    change(project, first_round=4)
    assert applying.waiting() == []
    projects.apply_policy_now(project=project, by=ada, at=NOW)
    assert applying.waiting() == [project]
    apply_policies()
    assert applying.waiting() == []
    done = project.events.get(kind="policy_applied")
    assert (done.actor, done.text.startswith("Samples: looked at 1, target 1, ")) == (ada, True)
    apply_policies()
    assert project.events.filter(kind="policy_applied").count() == 1


def test_a_walker_that_dies_in_the_middle_is_followed_by_the_next(project, monkeypatch):
    samples = make_samples(project, 6)
    change(project, first_round=5)
    projects.apply_policy_now(project=project, by=None, at=NOW)
    settle, done = applying.settlement.settle, []

    def killed(*, sample, at):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(sample.pk)
        settle(sample=sample, at=at)

    with monkeypatch.context() as while_walking:
        while_walking.setattr(applying.settlement, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            applying.apply(project=project, at=NOW)
    assert [counters(sample)[0] for sample in samples] == [5, 5, 5, 3, 3, 3]
    assert applying.waiting() == [project]
    assert applying.apply(project=project, at=NOW).looked_at == 3  # the first three follow already
    assert {counters(sample)[0] for sample in samples} == {5}
    assert applying.waiting() == []


@pytest.mark.django_db(transaction=True)
def test_one_walks_at_a_time():
    project = make_project()
    projects.apply_policy_now(project=project, by=None, at=NOW)
    with alone(APPLYING, project.pk) as is_alone:
        assert is_alone
        assert start(lambda: applying.apply(project=project, at=NOW)).result(timeout=30) is None
    assert applying.apply(project=project, at=NOW) is not None


def test_who_asks_again_while_samples_are_walked_is_heard(project, monkeypatch):
    sample = make_sample(project)
    change(project, first_round=4)
    projects.apply_policy_now(project=project, by=None, at=NOW)
    settle, asked = applying.settlement.settle, []

    def somebody_asks(*, sample, at):
        settle(sample=sample, at=at)
        if not asked:
            asked.append(change(Project.objects.get(pk=project.pk), first_round=6))
            projects.apply_policy_now(project=project, by=None, at=NOW)

    monkeypatch.setattr(applying.settlement, "settle", somebody_asks)
    applying.apply(project=project, at=NOW)
    assert (counters(sample), applying.waiting()) == ((6, 0, 0), [])


def test_an_archived_project_is_passed_over(project):
    projects.apply_policy_now(project=project, by=None, at=NOW)
    Project.objects.update(state="archived")
    assert applying.waiting() == []


# --- the slice ---------------------------------------------------------------------------------------------------
def test_a_new_share_draws_only_samples_that_nobody_has_been_given(project):
    ana, *_ = crowd(project, 3)
    samples = make_samples(project, 4)
    rate(samples[0], by=ana, overall=4)
    claim(samples[1], by=ana)
    leases.release(assignment=claim(samples[2], by=ana), at=NOW)
    change(project, slice_share=1)
    assert apply_now(project).drawn == 1
    assert [sample.is_fixed_overlap for sample in project.samples.order_by("pk")] == [False, False, False, True]
    assert [sample.target for sample in project.samples.order_by("pk")] == [3, 3, 3, 4]


def test_a_smaller_share_takes_out_what_nobody_has_been_given(project):
    change(project, slice_share=1)
    given, untouched = make_samples(project, 2)
    rate(given, by=crowd(project, 3)[0], overall=4)
    change(project, slice_share=0)
    apply_now(project)
    assert (counters(given), counters(untouched)) == ((4, 0, 1), (3, 0, 0))
    assert list(project.samples.order_by("pk").values_list("is_fixed_overlap", flat=True)) == [True, False]


def test_the_draw_is_the_same_at_an_import_and_later(project):
    make_samples(project, 60)
    change(project, slice_share=0.5)
    apply_now(project)
    later = set(project.samples.filter(is_fixed_overlap=True).values_list("rank", flat=True))
    assert later == {rank for rank in project.samples.values_list("rank", flat=True) if projects.is_drawn(rank, 0.5)}
    assert 10 <= len(later) <= 50
    assert apply_now(project).drawn == 0


def test_a_started_sample_of_the_slice_follows_a_new_overlap(project):
    change(project, slice_share=1, slice_overlap=5)
    sample, _ = rated(project, (1, 6, 4))
    change(project, slice_overlap=3)
    assert apply_now(project).resolved == 1
    assert (state_of(sample), last_event(sample)[2]) == (State.RESOLVED, "fixed_overlap_reached")


# --- by the command and the interface ------------------------------------------------------------------------------
def test_the_command_changes_and_applies(project, ada, capsys, tmp_path):
    rated(project, (4, 4))
    (tmp_path / "policy.json").write_text(json.dumps({"extra": 3, "triggers": {"overall": {}}}))
    about = ["recipes", "--reason", "We hire.", "--by", "ada", "--file", str(tmp_path / "policy.json")]
    call_command("change_policy", *about, "--first-round", "4", "--apply-now")
    policy = Project.objects.get().policy
    assert (policy.version, policy.first_round, policy.extra) == (2, 4, 3)
    assert project.events.get(kind="policy_changed").actor == ada
    assert applying.waiting() == [project]


def test_the_command_s_dry_run_changes_nothing(project, capsys):
    rated(project, (4, 4))
    call_command("change_policy", "recipes", "--reason", "We hire.", "--first-round", "4", "--dry-run", "--apply-now")
    assert "target: 1" in capsys.readouterr().out
    assert (Policy.objects.count(), project.events.count()) == (1, 0)
    assert counters(Sample.objects.get()) == (3, 0, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--reason", "x"], "There are: recipes"),
        (["recipes", "--reason", "x", "--by", "nobody"], "No account 'nobody'"),
        (["recipes", "--reason", "x"], "Nothing was changed. .* says the same"),
        (["recipes", "--reason", " ", "--extra", "3"], "Nothing was changed. Write the reason"),
        (["recipes", "--reason", "x", "--file", "/nowhere.json"], "cannot be read"),
    ],
)
def test_the_command_refuses_with_a_sentence(project, arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("change_policy", *arguments)


def url(place):
    return f"/api/v1/projects/recipes/{place}/"


def test_an_admin_reads_changes_and_applies_the_policy(project, ada, client):
    client.force_login(ada)
    rated(project, (4, 4))
    body = {"reason": "More people.", "first_round": 4, "triggers": {"overall": {"escalate_above": 3}}}
    made = client.post(url("policies"), body, content_type="application/json")
    assert (made.status_code, made.json()["version"], made.json()["first_round"]) == (201, 2, 4)
    assert made.json()["triggers"] == {"overall": {"escalate_above": 3, "settle_within": 1}}
    listed = client.get(url("policies")).json()
    assert [policy["version"] for policy in listed] == [2, 1]
    tried = client.post(url("policies/application"), {"dry_run": True}, content_type="application/json")
    assert (tried.status_code, tried.json()["target"]) == (200, 1)
    assert applying.waiting() == []
    asked = client.post(url("policies/application"), {}, content_type="application/json")
    assert (asked.status_code, applying.waiting()) == (202, [project])
    assert project.events.get(kind="policy_changed").actor == ada


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"first_round": 4}, 400, "reason"),
        ({"reason": "x", "first_rond": 4}, 400, "first_rond"),
        ({"reason": "x", "first_round": 2}, 422, "Ask at least 3"),
        ({"reason": "x"}, 422, "says the same"),
        ({"reason": "x", "triggers": {"style": {}}}, 422, "No attribute style"),
        ({"reason": "x", "triggers": 7}, 400, "triggers"),
        ({"reason": "x", "slice_share": 2}, 422, "from 0 to 1"),
    ],
)
def test_the_interface_refuses_with_a_sentence(project, ada, client, body, status, said):
    client.force_login(ada)
    refused = client.post(url("policies"), body, content_type="application/json")
    assert refused.status_code == status
    assert said in refused.json()["detail"]
    assert Policy.objects.count() == 1


@pytest.mark.parametrize("place", ["policies", "policies/application", "rubrics"])
def test_only_an_admin_changes_them(project, ana, rita, client, place):
    for person in (ana.user, rita):
        client.force_login(person)
        assert client.post(url(place), {"reason": "x"}, content_type="application/json").status_code == 403
    client.force_login(join(make_project("elsewhere"), "eli", role="admin"))
    assert client.post(url(place), {"reason": "x"}, content_type="application/json").status_code == 404


def test_an_annotator_reads_the_rubrics_and_not_the_policies(project, ana, client):
    client.force_login(ana.user)
    assert client.get(url("rubrics")).json()[0]["attributes"][0]["name"] == OVERALL["name"]
    assert client.get(url("policies")).status_code == 403


# --- whatever happens --------------------------------------------------------------------------------------------
def test_no_invariant_breaks_however_often_the_policy_changes(project):
    """A long story of changes and submissions: never over target, never stuck, every sample ends."""
    people, samples = crowd(project, 9), make_samples(project, 3)
    contents = [{"first_round": 5}, {"extra": 4}, {"slice_share": 0.5}, {"first_round": 3, "extra": 1}, {"extra": 2}]
    for turn, person in enumerate(people):
        for place, sample in enumerate(samples):
            sample.refresh_from_db()
            if sample.is_claimable:
                rate(sample, by=person, overall=(turn * (place + 1)) % 6 + 1)
        if turn < len(contents):
            change(project, **contents[turn])
            apply_now(project)
    for sample in samples:
        target, leased, counted = counters(sample)
        assert leased == 0
        assert counted <= target
        assert state_of(sample) in (State.RESOLVED, State.CONTESTED)
    assert set(Annotator.objects.values_list("state", flat=True)) == {"active"}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_people_work_while_the_policy_changes_and_is_applied():
    project = make_project(allows_directed_claims=False)
    people, samples = crowd(project, 9), make_samples(project, 6)

    def work(person):
        while lease := claiming.claim_next(annotator=person, at=NOW):
            value = (person.pk * lease.sample_id) % 6 + 1
            submission.submit(assignment_id=lease.pk, answer=answer(overall=value), at=NOW)

    def decide_otherwise():
        for content in ({"first_round": 5}, {"extra": 4, "slice_share": 0.5}, {"first_round": 3, "extra": 2}):
            same = Project.objects.get(pk=project.pk)
            change(same, **content)
            apply_now(same)

    together([*[lambda person=person: work(person) for person in people], decide_otherwise])
    for person in people:  # what a slot was opened for by the last change
        work(person)
    apply_now(project)
    for sample in samples:
        target, leased, counted = counters(sample)
        assert (leased, counted <= target) == (0, True)
        assert counted == sample.assignments.filter(state="submitted").count()
        assert sample.state in (State.RESOLVED, State.CONTESTED), counters(sample)
