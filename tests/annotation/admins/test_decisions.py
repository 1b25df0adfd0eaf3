"""What is kept of a reviewer's decision: what it changed, why people differed, whether judges were in sight."""

from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from story import NOW, State, crowd, join, label_of, make_sample, rate_overall, state_of

from annotation.models import Decision, JudgesOpened, QueueEntry, ReviewItem
from annotation.services import adjudication, decisions_made, evidence, judging
from annotation.services.adjudication import DecidedAlready, MovedMeanwhile, NotReviewable
from annotation.services.judging import JudgeIdentity, Verdict


@pytest.fixture
def people(project):
    return crowd(project, 9)


@pytest.fixture
def contested(sample, people):
    rate_overall(sample, dict(zip(people, (1, 6, 1, 6, 3), strict=False)))
    assert state_of(sample) == State.CONTESTED
    return sample


@pytest.fixture
def judged(project, contested):
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "robo-judge"))
    judging.post(project=project, judge=judge, verdicts=[Verdict(contested.pk, [4])])
    return contested


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


def said(by, **more):
    return {"by": by, "note": "I read it twice.", "cause": "taste", "at": NOW, **more}


def page_of(sample, name="review"):
    return reverse(f"annotation:{name}", args=[sample.project.slug, sample.pk])


def text_of(response):
    return response.content.decode()


# --- what it changed --------------------------------------------------------------------------------------------
def test_accepting_keeps_state_and_label_before_and_after(contested, rita):
    adjudication.accept(sample_id=contested.pk, **said(rita))
    decision = Decision.objects.get()
    assert (decision.action, decision.cause, decision.by, decision.by_name) == ("accept", "taste", rita, "rita")
    assert decision.before == {"state": "contested", "label": []}
    assert decision.after == {"state": "resolved", "label": [{"attribute": "overall", "response": 0, "value": 2}]}


def test_setting_another_label_keeps_the_one_that_stood(contested, rita):
    given = [{"attribute": "overall", "value": 5}]
    adjudication.accept(sample_id=contested.pk, **said(rita))
    adjudication.set_label(sample_id=contested.pk, given=given, **said(rita))
    last = decisions_made.last_of(contested)
    assert (last.action, last.before["label"][0]["value"], last.after["label"][0]["value"]) == ("set", 2, 5)


def test_sending_back_and_taking_out_are_kept_too(contested, rita):
    adjudication.ask_more(sample_id=contested.pk, **said(rita))
    adjudication.exclude(sample_id=contested.pk, **said(rita, cause="bad_sample"))
    kept = [(one.action, one.cause, one.after["state"]) for one in Decision.objects.order_by("pk")]
    assert kept == [("escalate", "taste", "escalated"), ("exclude", "bad_sample", "excluded")]


def test_the_shares_of_causes_can_be_counted(project, people, rita):
    for number, cause in enumerate(("taste", "error", "taste", "")):
        sample = make_sample(project, f"c{number}")
        adjudication.exclude(sample_id=sample.pk, **said(rita, cause=cause))
    assert decisions_made.causes(project) == {"taste": 2, "error": 1}


def test_a_cause_that_is_none_is_refused(contested, rita):
    with pytest.raises(NotReviewable, match="prompt_unclear, taste, refusal, error, bad_sample"):
        adjudication.accept(sample_id=contested.pk, **said(rita, cause="mood"))
    assert state_of(contested) == State.CONTESTED


def test_a_decision_that_fails_leaves_no_trace(sample, rita):
    with pytest.raises(NotReviewable, match="no proposed label"):
        adjudication.accept(sample_id=sample.pk, **said(rita))
    assert not Decision.objects.exists()
    assert not sample.events.exists()


@pytest.mark.parametrize("change", [{"cause": "error"}, {"note": "Never said."}, {"saw_judges": True}])
def test_the_database_lets_nobody_rewrite_a_decision(contested, rita, change):
    adjudication.accept(sample_id=contested.pk, **said(rita))
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.update(**change)


def test_a_decision_outlives_the_account_that_took_it(contested, rita):
    adjudication.accept(sample_id=contested.pk, **said(rita))
    Decision.objects.update(by=None)
    assert Decision.objects.get().by_name == "rita"


def test_an_excluded_sample_is_put_before_a_reviewer_again(contested, rita):
    adjudication.exclude(sample_id=contested.pk, **said(rita))
    adjudication.reopen(sample_id=contested.pk, by=rita, note="Too hasty.", at=NOW)
    assert state_of(contested) == State.CONTESTED
    assert contested.queue_entries.get().kind == "contested"
    adjudication.accept(sample_id=contested.pk, **said(rita))
    assert label_of(contested).human_value == 2


def test_what_is_not_excluded_is_not_opened_again(contested, rita):
    with pytest.raises(NotReviewable, match="not excluded"):
        adjudication.reopen(sample_id=contested.pk, by=rita, note="", at=NOW)


def run(name):
    """A step of the migration that carries over what was there before it."""
    with connection.cursor() as cursor:
        cursor.execute(getattr(import_module("annotation.migrations.0024_reviewing"), name))


def test_older_decisions_are_read_out_of_the_events(contested, rita):
    adjudication.accept(sample_id=contested.pk, **said(rita, cause="prompt_unclear"))
    adjudication.exclude(sample_id=contested.pk, **said(rita, cause="", note="Cause unknown."))
    Decision.objects.all().delete()
    run("CARRIED_OVER")
    kept = Decision.objects.order_by("pk").values_list("action", "cause", "note", "by_name", "saw_judges")
    assert list(kept) == [
        ("set", "prompt_unclear", "I read it twice.", "rita", True),
        ("exclude", "", "Cause unknown.", "rita", True),
    ]
    first, last = Decision.objects.order_by("pk")
    assert first.after["label"] == [{"attribute": "overall", "response": 0, "value": 2}]
    assert (last.before["state"], last.after["state"]) == ("resolved", "excluded")


def test_what_waited_before_there_was_a_queue_is_in_it(contested):
    ReviewItem.objects.create(sample=contested, kind="late_annotation", opened_at=NOW)
    QueueEntry.objects.all().delete()
    run("WAITING")
    assert set(QueueEntry.objects.values_list("kind", "opened_at")) == {("contested", NOW), ("late_annotation", NOW)}


# --- two reviewers ----------------------------------------------------------------------------------------------
def test_the_second_of_two_reviewers_is_told_who_decided_what(project, contested, rita):
    seen = decisions_made.version_of(contested)
    adjudication.exclude(sample_id=contested.pk, **said(rita, as_of=seen))
    rob = join(project, "rob", role="reviewer")
    with pytest.raises(MovedMeanwhile, match=r"rita decided sample s1 on .*: excluded"):
        adjudication.ask_more(sample_id=contested.pk, **said(rob, as_of=seen))
    assert Decision.objects.count() == 1


def test_who_looks_again_may_decide_otherwise(project, contested, rita):
    adjudication.accept(sample_id=contested.pk, **said(rita))
    rob = join(project, "rob", role="reviewer")
    adjudication.exclude(sample_id=contested.pk, **said(rob, as_of=decisions_made.version_of(contested)))
    assert state_of(contested) == State.EXCLUDED


def test_nothing_is_decided_over_an_answer_that_came_meanwhile(sample, people, rita):
    rate_overall(sample, dict.fromkeys(people[:2], 4))
    seen = decisions_made.version_of(sample)
    rate_overall(sample, {people[2]: 4})
    with pytest.raises(MovedMeanwhile, match="came in"):
        adjudication.exclude(sample_id=sample.pk, **said(rita, as_of=seen))


def test_the_same_decision_sent_twice_is_taken_once(contested, rita):
    seen = decisions_made.version_of(contested)
    adjudication.accept(sample_id=contested.pk, **said(rita, as_of=seen))
    with pytest.raises(DecidedAlready):
        adjudication.accept(sample_id=contested.pk, **said(rita, as_of=seen))
    assert Decision.objects.count() == 1


def test_sent_twice_by_the_page_it_is_no_error(browser, contested):
    form = {"action": "accept", "as_of": decisions_made.version_of(contested)}
    answers = [browser.post(page_of(contested, "decide"), form).status_code for _ in range(2)]
    assert (answers, Decision.objects.count()) == ([302, 302], 1)


# --- judges -----------------------------------------------------------------------------------------------------
def test_what_judges_say_is_not_in_the_page_until_it_was_asked_for(browser, judged):
    page = text_of(browser.get(page_of(judged)))
    assert "Show 1 judge" in page
    assert "robo-judge" not in page


def test_that_judges_were_opened_is_written_before_they_are_sent(browser, judged, rita):
    answer = browser.post(page_of(judged, "review-judges"), headers={"X-Requested-With": "fetch"})
    assert "robo-judge" in text_of(answer)
    assert JudgesOpened.objects.get().by == rita
    assert "robo-judge" in text_of(browser.get(page_of(judged)))


def test_without_a_script_they_are_on_the_page_that_comes_back(browser, judged):
    answer = browser.post(page_of(judged, "review-judges"), follow=True)
    assert "robo-judge" in text_of(answer)


def test_a_decision_after_that_is_marked_and_another_reviewers_is_not(browser, project, judged, rita):
    browser.post(page_of(judged, "review-judges"))
    browser.post(page_of(judged, "decide"), {"action": "accept"})
    adjudication.exclude(sample_id=judged.pk, **said(join(project, "rob", role="reviewer")))
    assert list(Decision.objects.order_by("pk").values_list("by_name", "saw_judges")) == [
        ("rita", True),
        ("rob", False),
    ]
    assert [one.by_name for one in decisions_made.that_may_measure_judges(project)] == ["rob"]


def test_who_is_told_that_a_judge_disagrees_has_judges_in_sight(sample, people, rita):
    rate_overall(sample, dict.fromkeys(people[:3], 4))
    ReviewItem.objects.create(sample=sample, kind="judge_disagrees", opened_at=NOW)
    adjudication.accept(sample_id=sample.pk, **said(rita))
    assert Decision.objects.get().saw_judges


def test_what_judges_are_measured_on_does_not_move_with_a_reviewer(project, judged, rita):
    before = [unit.ratings.tolist() for unit in evidence.first_rounds(project)]
    adjudication.set_label(sample_id=judged.pk, given=[{"attribute": "overall", "value": 4}], **said(rita))
    assert [unit.ratings.tolist() for unit in evidence.first_rounds(project)] == before


def test_an_annotator_opens_no_judges(client, judged, ana):
    client.force_login(ana.user)
    assert client.post(page_of(judged, "review-judges")).status_code == 403
    assert not JudgesOpened.objects.exists()


# --- the page ---------------------------------------------------------------------------------------------------
def test_the_page_says_what_accepting_changes(browser, contested):
    page = text_of(browser.get(page_of(contested)))
    accept = page[page.index('id="effect-accept"') : page.index('id="effect-set"')]
    for word in ("Contested", "Resolved", "Overall", "none", "<strong>2</strong>"):
        assert word in accept


def test_the_history_says_what_was_decided_and_why(browser, contested, rita):
    adjudication.accept(sample_id=contested.pk, **said(rita))
    page = text_of(browser.get(page_of(contested)))
    for word in ("Accepted as proposed", "A matter of taste", "I read it twice.", "Decide it anew"):
        assert word in page


def test_a_settled_sample_shows_its_form_only_to_who_wants_to_decide_anew(browser, contested, rita):
    adjudication.accept(sample_id=contested.pk, **said(rita))
    assert 'value="exclude"' not in text_of(browser.get(page_of(contested)))
    assert 'value="exclude"' in text_of(browser.get(page_of(contested) + "?again=1"))
