"""The figures of people, and rules about them: what they say, to whom, how often, and that they can do no more."""

from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from past_the_services import add, change, refused
from races import together
from story import MINUTE, NOW, answer, claim, crowd, join, make_project, make_sample, make_samples, rate, skip

from annotation.models import (
    Annotator,
    AnnotatorFigures,
    Assignment,
    GoldAnswer,
    Membership,
    Notice,
    ProjectEvent,
    QualityRule,
    Sample,
)
from annotation.services import claiming, leases, person_figures, quality_rules, standing, submission
from annotation.services.claiming import NotClaimable
from annotation.services.people import NotAnAdmin
from annotation.services.quality_rules import RuleRefused

LATER = NOW + 20 * MINUTE  # nobody can correct anything any more
Kind = Notice.Kind
_numbers = count(1)


def gold(project, answer_is=4):
    """A sample with a known answer."""
    sample = make_sample(project, f"gold-{next(_numbers)}")
    Sample.objects.filter(pk=sample.pk).update(purpose="gold", target=0)
    GoldAnswer.objects.create(
        sample=sample, project=project, rubric=project.rubric, ratings=[answer_is], source="imported",
        rank=sample.rank, created_at=NOW,
    )  # fmt: skip
    return sample


def answer_gold(person, *values, known=4, at=NOW):
    """Answer as many gold samples; those that are not within 1 of what is known are wrong."""
    for value in values:
        lease = Assignment.objects.create(
            sample=gold(person.project, known), annotator=person, state="leased", lease_place=0, claimed_at=at,
            lease_expires_at=at + 60 * MINUTE, shown_order=[0], is_gold=True,
        )  # fmt: skip
        submission.submit(assignment_id=lease.pk, answer=answer(overall=value), at=at)


def judge(person, *seconds, at=NOW):
    """Answer fresh samples, each in so many active seconds."""
    for active in seconds:
        rate(make_sample(person.project, f"work-{next(_numbers)}"), by=person, at=at, overall=4, active_seconds=active)


def rule(project, by, measure="gold_accuracy", limit=0.7, minimum=4, action="warn", hold_minutes=None):
    return quality_rules.add(
        project=project, by=by, at=NOW, measure=measure, limit=limit, minimum=minimum, action=action,
        hold_minutes=hold_minutes,
    )  # fmt: skip


def look(project, at=LATER):
    """What the task does: figures, then rules."""
    person_figures.refresh(project=project, at=at)
    return quality_rules.apply(project=project, at=at)


def figures_of(person):
    return AnnotatorFigures.objects.get(annotator=person).figures


# --- figures ------------------------------------------------------------------------------------------------------
def test_the_figures_of_a_person(project, ana, ben):
    judge(ana, 10, 20, 60)
    answer_gold(ana, 4, 5, 1)
    skip(make_sample(project, "skipped"), by=ana, at=NOW + MINUTE)
    lease = claim(make_sample(project, "given back"), by=ana, at=NOW + 2 * MINUTE)
    leases.release(assignment=lease, at=NOW + 3 * MINUTE)
    person_figures.refresh(project=project, at=LATER)
    of = figures_of(ana)
    assert {name: of[name] for name in person_figures.NUMBERS} == {
        "answered": 6, "counted": 3, "late": 0, "gold": 3, "set_aside": 0, "skipped": 1, "timed": 3,
    }  # fmt: skip
    assert of["median_seconds"] == 20
    assert of["skip_share"] == pytest.approx(1 / 7)
    accuracy = of["gold_accuracy"]
    assert (accuracy["value"], accuracy["count"]) == (pytest.approx(2 / 3), 3)
    assert 0 < accuracy["low"] < 2 / 3 < accuracy["high"] < 1
    assert of["last_seen"] == (NOW + 2 * MINUTE).isoformat()  # the claim; what beat gave back is not being seen
    nothing = figures_of(ben)
    assert (nothing["answered"], nothing["median_seconds"], nothing["skip_share"], nothing["last_seen"]) == (
        0, None, None, None,
    )  # fmt: skip
    assert nothing["gold_accuracy"]["undefined"] == "No gold sample was answered yet."


def test_late_answers_and_those_that_were_set_aside_are_told_apart(project, sample, ada):
    people = crowd(project, 4)
    lease = claim(sample, by=people[0])
    leases.release(assignment=lease, at=NOW)
    for person in people[1:]:
        rate(sample, by=person, overall=4)
    submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)
    standing.set_work_aside(annotator=people[1], by=ada, reason="A test.", at=LATER)
    person_figures.refresh(project=project, at=LATER)
    late, out = figures_of(people[0]), figures_of(people[1])
    assert (late["answered"], late["counted"], late["late"]) == (1, 0, 1)
    assert (out["answered"], out["counted"], out["set_aside"]) == (1, 0, 1)


def test_a_correction_counts_once_and_with_its_last_time(project, ana):
    receipt = rate(make_sample(project), by=ana, overall=4, active_seconds=5)
    submission.correct(
        assignment_id=receipt.annotation.assignment_id, answer=answer(overall=3, active_seconds=50), at=NOW + MINUTE
    )
    person_figures.refresh(project=project, at=LATER)
    assert (figures_of(ana)["answered"], figures_of(ana)["median_seconds"]) == (1, 50)


def test_only_those_who_did_something_are_computed_anew(project, ana, ben, django_assert_num_queries):
    judge(ana, 10)
    assert person_figures.refresh(project=project, at=LATER) == 2
    with django_assert_num_queries(3):  # what the figures rest on, and what they rested on
        assert person_figures.refresh(project=project, at=LATER + MINUTE) == 0
    judge(ben, 10, at=LATER)
    assert person_figures.refresh(project=project, at=LATER + MINUTE) == 1
    computed = dict(AnnotatorFigures.objects.values_list("annotator__external_id", "computed_at"))
    assert computed == {"ana": LATER, "ben": LATER + MINUTE}


def test_figures_come_from_one_query_however_many_people_there_are(project, django_assert_max_num_queries):
    for person in crowd(project, 6):
        judge(person, 10)
    with django_assert_max_num_queries(16):
        person_figures.refresh(project=project, at=LATER)


def test_a_gold_answer_shows_only_when_it_cannot_be_corrected_any_more(project, ana):
    """Else a figure that moves at once would tell that the last sample was gold, in time to look again."""
    answer_gold(ana, 4, 1)
    person_figures.refresh(project=project, at=NOW + 5 * MINUTE)
    assert figures_of(ana)["gold_accuracy"]["count"] == 0
    person_figures.refresh(project=project, at=NOW + 11 * MINUTE)
    assert figures_of(ana)["gold_accuracy"]["count"] == 2


def test_a_known_answer_that_was_overturned_changes_everybodys_figures(project, ana):
    answer_gold(ana, 1)
    person_figures.refresh(project=project, at=LATER)
    assert figures_of(ana)["gold_accuracy"]["value"] == 0
    known = GoldAnswer.objects.get()
    GoldAnswer.objects.update(is_current=False)
    GoldAnswer.objects.create(
        sample=known.sample, project=project, rubric=known.rubric, ratings=[1], source="written", revision=2,
        rank=known.rank, created_at=LATER,
    )  # fmt: skip
    person_figures.refresh(project=project, at=LATER + MINUTE)
    assert figures_of(ana)["gold_accuracy"]["value"] == 1


def test_figures_keep_to_their_project(project, ana):
    elsewhere = make_project("elsewhere")
    judge(ana, 10)
    judge(join(elsewhere, "ana"), 99)
    person_figures.refresh(project=project, at=LATER)
    assert AnnotatorFigures.objects.count() == 1
    assert figures_of(ana)["median_seconds"] == 10


# --- writing rules ------------------------------------------------------------------------------------------------
def test_only_an_admin_writes_and_switches_rules(project, ana, rita, ada):
    for by in (rita, ana.user):
        with pytest.raises(NotAnAdmin):
            rule(project, by)
    written = rule(project, ada)
    with pytest.raises(NotAnAdmin):
        quality_rules.switch(rule=written, by=rita, at=NOW, is_enabled=False)
    assert QualityRule.objects.get().is_enabled


@pytest.mark.parametrize(
    "about",
    [
        {"limit": 1.2},
        {"limit": -0.1},
        {"limit": float("nan")},
        {"minimum": 0},
        {"minimum": -3},
        {"measure": "charm"},
        {"action": "pause"},
        {"action": "hold"},
        {"action": "hold", "hold_minutes": 0},
        {"action": "hold", "hold_minutes": 1441},
        {"measure": "median_seconds", "limit": 1e6},
    ],
)
def test_rules_that_cannot_be_are_refused(project, ada, about):
    with pytest.raises(RuleRefused):
        rule(project, ada, **about)
    assert not QualityRule.objects.exists()


def test_the_database_knows_no_rule_that_pauses_and_no_hold_beyond_a_day(project):
    about = {"project": project, "measure": "gold_accuracy", "limit": 0.7}
    with refused("quality_rule_action_known"):
        add(QualityRule, action="pause", **about)
    for minutes in (None, 0, 1441):
        with refused("quality_rule_holds_for_a_day_at_most"):
            add(QualityRule, action="hold", hold_minutes=minutes, **about)
    with refused("quality_rule_has_a_minimum"):
        add(QualityRule, action="warn", minimum=0, **about)


def test_rules_are_written_down(project, ada):
    written = rule(project, ada, action="hold", hold_minutes=30)
    quality_rules.switch(rule=written, by=ada, at=NOW, is_enabled=False)
    quality_rules.switch(rule=written, by=ada, at=NOW, is_enabled=False)
    kinds = list(ProjectEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["rule_added", "rule_disabled"]
    said = "Gold accuracy below 70 %, on 4 or more: hand out nothing new for 30 minutes."
    assert ProjectEvent.objects.first().text == said


# --- what they say ------------------------------------------------------------------------------------------------
def test_a_warning_says_the_figure_and_the_limit(project, ana, ada):
    rule(project, ada)
    answer_gold(ana, 4, 4, 1, 1)
    [notice] = look(project)
    assert (notice.kind, notice.annotator, notice.by, notice.until) == ("warning", ana, None, None)
    assert "gold accuracy is 50 % on 4 samples with a known answer; the project asks for 70 % or more" in notice.text
    assert "Nothing else follows" in notice.text


def test_a_hold_says_until_when_and_claims_are_refused_until_then(project, sample, ana, ada):
    rule(project, ada, measure="median_seconds", limit=10, action="hold", hold_minutes=90)
    judge(ana, 3, 3, 3, 4)
    [notice] = look(project)
    until = LATER + timedelta(minutes=90)
    assert (notice.kind, notice.until) == ("hold", until)
    assert "median active time is 3.0 seconds on 4 answers; the project asks for 10.0 seconds or more" in notice.text
    assert "no new samples until March 2, 2026, 10:50 a.m. UTC; what" in notice.text
    with pytest.raises(NotClaimable) as refusal:
        claiming.claim_next(annotator=ana, at=LATER)
    assert refusal.value.code == "held"
    assert claiming.claim_next(annotator=ana, at=until + MINUTE).sample == sample


def test_a_hold_never_takes_back_what_is_in_hand(project, sample, ana, ada):
    rule(project, ada, measure="median_seconds", limit=10, action="hold", hold_minutes=90)
    judge(ana, 3, 3, 3, 4)
    lease = claim(sample, by=ana)
    look(project)
    assert claiming.claim_next(annotator=ana, at=LATER) == lease
    assert submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER).counted


def test_a_proposal_is_made_to_the_admins_and_changes_nothing(project, ana, ada):
    rule(project, ada, measure="skip_share", limit=0.4, action="propose")
    for sample in make_samples(project, 3):
        skip(sample, by=ana)
    judge(ana, 30)
    [notice] = look(project)
    assert notice.kind == "proposal"
    assert notice.text == "ana: share of skipped samples is 75 % on 4 samples; the project asks for 40 % or less."
    ana.refresh_from_db()
    assert (ana.state, ana.held_until) == ("active", None)
    assert standing.notices_for(ana) == []


@pytest.mark.parametrize("action", ["warn", "hold", "propose"])
def test_no_rule_pauses_anybody_or_touches_their_work(project, sample, ana, ada, action):
    rule(project, ada, limit=1, minimum=1, action=action, hold_minutes=60)
    lease = claim(sample, by=ana)
    answer_gold_beside(ana)
    look(project)
    ana.refresh_from_db()
    lease.refresh_from_db()
    assert (ana.state, ana.is_qualified, lease.state) == ("active", True, "leased")
    assert not Assignment.objects.filter(state="withdrawn").exists()


def answer_gold_beside(person):
    """One wrong gold answer of somebody who holds another sample."""
    lease = Assignment.objects.create(
        sample=gold(person.project), annotator=person, state="leased", lease_place=1, claimed_at=NOW,
        lease_expires_at=NOW + 60 * MINUTE, shown_order=[0], is_gold=True,
    )  # fmt: skip
    submission.submit(assignment_id=lease.pk, answer=answer(overall=1), at=NOW)


# --- when they are silent -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("values", [(1, 1, 1), (4, 4, 4, 1)])
def test_a_rule_is_silent_on_too_few_answers_and_within_the_limit(project, ana, ada, values):
    rule(project, ada)
    answer_gold(ana, *values)
    assert look(project) == []


def test_exactly_at_the_limit_is_within_it(project, ana, ada):
    rule(project, ada, limit=0.5)
    answer_gold(ana, 4, 4, 1, 1)
    assert look(project) == []


def test_a_rule_that_is_switched_off_is_silent(project, ana, ada):
    written = rule(project, ada)
    quality_rules.switch(rule=written, by=ada, at=NOW, is_enabled=False)
    answer_gold(ana, 1, 1, 1, 1)
    assert look(project) == []
    quality_rules.switch(rule=written, by=ada, at=NOW, is_enabled=True)
    assert len(look(project)) == 1


def test_people_who_are_out_are_left_in_peace(project, ana, ben, ada):
    rule(project, ada)
    for person in (ana, ben):
        answer_gold(person, 1, 1, 1, 1)
    standing.pause(annotator=ana, by=ada, reason="A break.", at=NOW)
    standing.leave(annotator=ben, at=NOW)
    assert look(project) == []


def test_work_that_was_set_aside_gives_no_gold_accuracy(project, ana, ada):
    rule(project, ada)
    answer_gold(ana, 1, 1, 1, 1)
    standing.set_work_aside(annotator=ana, by=ada, reason="The gold was wrong.", at=LATER)
    assert look(project) == []


# --- once for a state of affairs ----------------------------------------------------------------------------------
def test_a_rule_speaks_again_only_after_as_many_further_answers(project, ana, ada):
    rule(project, ada)
    answer_gold(ana, 1, 1, 1, 1)
    assert len(look(project)) == 1
    for minute in range(1, 4):
        answer_gold(ana, 1, at=LATER + minute * MINUTE)
        assert look(project, at=LATER + 15 * MINUTE) == []
    answer_gold(ana, 1, at=LATER + 4 * MINUTE)
    assert len(look(project, at=LATER + 20 * MINUTE)) == 1
    assert look(project, at=LATER + 21 * MINUTE) == []


def test_looking_again_and_again_says_nothing_new(project, ana, ada):
    rule(project, ada, measure="median_seconds", limit=10)
    judge(ana, 1, 1, 1, 1)
    assert [len(look(project, at=LATER + number * MINUTE)) for number in range(3)] == [1, 0, 0]


def test_further_answers_of_another_kind_do_not_count(project, ana, ada):
    rule(project, ada)
    answer_gold(ana, 1, 1, 1, 1)
    look(project)
    judge(ana, *[30] * 6, at=LATER + MINUTE)
    assert look(project, at=LATER + 20 * MINUTE) == []


def test_an_open_proposal_is_not_made_twice(project, ana, ada):
    rule(project, ada, measure="median_seconds", limit=10, action="propose")
    judge(ana, 1, 1, 1, 1)
    [proposal] = look(project)
    judge(ana, 1, 1, 1, 1, at=LATER + MINUTE)
    assert look(project, at=LATER + 20 * MINUTE) == []
    standing.decline(proposal=proposal, by=ada, reason="Easy samples.", at=LATER + 20 * MINUTE)
    judge(ana, 1, 1, 1, at=LATER + 21 * MINUTE)
    assert len(look(project, at=LATER + 22 * MINUTE)) == 1  # seven further answers since it spoke


def test_every_rule_speaks_for_itself(project, ana, ben, ada):
    rule(project, ada)
    rule(project, ada, measure="median_seconds", limit=10, action="propose")
    answer_gold(ana, 1, 1, 1, 1)
    judge(ben, 1, 1, 1, 1)
    assert {(notice.annotator, notice.kind) for notice in look(project)} == {(ana, "warning"), (ben, "proposal")}


def test_a_second_hold_never_shortens_the_first(project, ana, ada):
    change(ana, held_until=LATER + timedelta(hours=20))
    rule(project, ada, measure="median_seconds", limit=10, action="hold", hold_minutes=5)
    judge_while_held(ana)
    [notice] = look(project)
    assert notice.until == LATER + timedelta(hours=20)
    assert Annotator.objects.get(pk=ana.pk).held_until == LATER + timedelta(hours=20)


def judge_while_held(person):
    change(person, held_until=None)
    judge(person, 1, 1, 1, 1)
    change(person, held_until=LATER + timedelta(hours=20))


def test_a_rule_knows_its_own_project_only(project, ana, ada):
    elsewhere = make_project("elsewhere")
    rule(elsewhere, join(elsewhere, "ada", role=Membership.Role.ADMIN), measure="median_seconds", limit=10)
    judge(ana, 1, 1, 1, 1)
    person_figures.refresh(project=project, at=LATER)
    assert look(elsewhere) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_say_it_once():
    project = make_project()
    ada = join(project, "ada", role=Membership.Role.ADMIN)
    people = crowd(project, 3)
    rule(project, ada, measure="median_seconds", limit=10)
    for person in people:
        judge(person, 1, 1, 1, 1)
    person_figures.refresh(project=project, at=LATER)
    told = together([partial(quality_rules.apply, project=project, at=LATER)] * 4)
    assert sum(map(len, told)) == Notice.objects.count() == 3
