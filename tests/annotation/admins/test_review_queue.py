"""The review queue: everything that waits for a reviewer in one order, and one decision on several samples."""

import pytest
from story import NOW, State, claim, crowd, make_project, make_sample, make_samples, rate_overall, state_of

from annotation.models import Decision, QueueEntry, ReviewItem, Sample
from annotation.services import (
    adjudication,
    deciding_several,
    decisions_made,
    priorities,
    questions,
    review_queue,
    weighing,
)
from annotation.services.review_queue import Place, Wanted

QUEUE = "/projects/recipes/review/"
SEVERAL = "/projects/recipes/review/several/"
APART = (1, 6, 1, 6, 3)


@pytest.fixture
def people(project):
    return crowd(project, 9)


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


def contest(sample, people, values=APART):
    rate_overall(sample, dict(zip(people, values, strict=False)))
    assert state_of(sample) == State.CONTESTED
    return sample


@pytest.fixture
def three(project, people):
    return [contest(sample, people) for sample in make_samples(project, 3)]


def text_of(response):
    return response.content.decode()


def kinds(project):
    return [(entry.kind, entry.sample.external_id) for entry in review_queue.waiting(project)]


def ticked(samples, action, **more):
    return {"sample": [str(sample.pk) for sample in samples], "action": action, **more}


# --- what is in it ----------------------------------------------------------------------------------------------
def test_a_sample_is_in_the_queue_as_long_as_it_is_contested(project, sample, people, rita):
    contest(sample, people)
    assert kinds(project) == [("contested", "s1")]
    adjudication.accept(sample_id=sample.pk, by=rita, note="", cause="", at=NOW)
    assert kinds(project) == []


def test_a_review_item_leaves_with_its_reason(project, sample):
    item = ReviewItem.objects.create(sample=sample, kind="late_annotation", opened_at=NOW)
    assert kinds(project) == [("late_annotation", "s1")]
    ReviewItem.objects.filter(pk=item.pk).update(closed_at=NOW)
    assert kinds(project) == []


def test_a_question_is_in_it_until_it_is_replied_to(project, sample, people, rita):
    asked = questions.ask(assignment=claim(sample, by=people[0]), text="Which prompt?", at=NOW)
    assert kinds(project) == [("question", "s1")]
    questions.reply(question=asked, by=rita, text="The last one.", at=NOW)
    assert kinds(project) == []


def test_a_removed_reason_leaves_nothing_behind(project, sample):
    ReviewItem.objects.create(sample=sample, kind="late_annotation", opened_at=NOW).delete()
    assert kinds(project) == []


# --- its order --------------------------------------------------------------------------------------------------
def test_what_people_differ_on_most_comes_before_what_a_judge_doubts(project, people):
    doubted, apart = make_samples(project, 2)
    rate_overall(doubted, dict.fromkeys(people[:3], 4))
    details = {"attribute": "overall", "human_value": 4, "probability": 0.15}
    ReviewItem.objects.create(sample=doubted, kind="judge_disagrees", details=details, opened_at=NOW)
    contest(apart, people)
    weighing.weigh_everything()
    assert {entry.kind: round(entry.worth, 2) for entry in review_queue.waiting(project)} == {
        "judge_disagrees": 0.85,
        "contested": 0.43,
    }


def test_a_person_who_waits_comes_first(project, sample, people):
    contest(sample, people)
    questions.ask(assignment=claim(make_sample(project, "asked"), by=people[0]), text="What is meant?", at=NOW)
    weighing.weigh_everything()
    assert kinds(project) == [("question", "asked"), ("contested", "s1")]


def test_what_was_made_urgent_is_weighed_again(project, three, rita):
    weighing.weigh_everything()
    priorities.set_priority(sample=three[2], priority=4, by=rita, at=NOW)
    assert weighing.weigh() == 1
    assert kinds(project)[0] == ("contested", "s2")


def test_without_a_proposal_everything_is_missing(project, people):
    sample = make_sample(project)
    Sample.objects.filter(pk=sample.pk).update(state=State.CONTESTED)
    weighing.weigh_everything()
    assert QueueEntry.objects.get().worth == 1.0


def test_a_likely_cause_is_told_from_the_rows(project, people):
    apart, alone = make_samples(project, 2)
    contest(apart, people)
    rate_overall(alone, dict(zip(people, (4, 1, 4, 4), strict=False)))
    ReviewItem.objects.create(sample=alone, kind="late_annotation", opened_at=NOW)
    weighing.weigh_everything()
    assert dict(QueueEntry.objects.values_list("sample__external_id", "likely_cause")) == {"s0": "taste", "s1": "error"}
    assert set(map(tuple, QueueEntry.objects.values_list("attributes", flat=True))) == {("overall",)}


def test_pages_of_the_queue_leave_nothing_out_and_repeat_nothing(project, three):
    everything = list(review_queue.waiting(project))
    behind = review_queue.after(review_queue.waiting(project), Place.of(everything[0]))
    assert list(behind) == everything[1:]
    assert Place.parse(str(Place.of(everything[0]))) == Place.of(everything[0])
    assert Place.parse("nonsense") is None


def test_the_queue_is_narrowed_by_kind_attribute_and_cause(project, three):
    ReviewItem.objects.create(sample=three[0], kind="late_annotation", opened_at=NOW)
    weighing.weigh_everything()
    for wanted, count in (
        (Wanted(kind="contested"), 3),
        (Wanted(kind="late_annotation"), 1),
        (Wanted(attribute="overall"), 4),
        (Wanted(attribute="coherence"), 0),
        (Wanted(cause="taste", kind="contested"), 3),
        (Wanted(cause="error"), 0),
    ):
        assert review_queue.waiting(project, wanted).count() == count, wanted
    assert review_queue.counts(project)["contested"] == 3


def test_the_next_one_is_what_is_worth_most_after_it(project, three):
    first, second, third = review_queue.waiting(project)
    place = review_queue.place_of(first.sample_id)
    assert review_queue.next_after(project, first.sample_id, place, Wanted()) == second
    last = review_queue.place_of(third.sample_id)
    assert review_queue.next_after(project, third.sample_id, last, Wanted()) == first


# --- the page ---------------------------------------------------------------------------------------------------
def test_the_page_lists_questions_and_samples_together(browser, project, sample, people):
    contest(sample, people)
    questions.ask(assignment=claim(make_sample(project, "asked"), by=people[0]), text="What is meant?", at=NOW)
    page = text_of(browser.get(QUEUE))
    assert "2 things wait for a reviewer" in page
    assert page.index("What is meant?") < page.index("first three said 1, 6, 1")


def test_a_part_of_the_queue_is_gone_through_to_its_end(browser, project, three):
    page = text_of(browser.get(f"{QUEUE}?kind=contested"))
    first = review_queue.waiting(project).first()
    assert f"/review/{first.sample_id}/?kind=contested" in page
    answer = browser.post(f"{QUEUE}{first.sample_id}/decide/?kind=contested", {"action": "exclude"})
    assert answer["Location"].endswith("?kind=contested")


def test_a_part_without_anything_says_so(browser, sample):
    assert "Nothing of this kind waits" in text_of(browser.get(f"{QUEUE}?kind=question"))


def test_an_address_that_makes_no_sense_shows_the_queue(browser, three):
    assert browser.get(f"{QUEUE}?kind=x&cause=x&attribute=x&after=nan_x").status_code == 200
    assert browser.get(f"{QUEUE}?after=1e999_9").status_code == 200


# --- several at once --------------------------------------------------------------------------------------------
def test_what_it_would_do_is_said_before_it_is_done(browser, project, three):
    without = make_sample(project, "empty")
    Sample.objects.filter(pk=without.pk).update(state=State.CONTESTED)
    page = text_of(browser.post(SEVERAL, ticked([*three, without], "accept")))
    assert "3 labels are accepted as proposed." in page
    assert "1 cannot:" in page
    assert "fewer than three people rated it" in page
    assert not Decision.objects.exists()


def test_each_of_several_is_decided_by_itself(browser, three):
    versions = {f"as_of-{sample.pk}": decisions_made.version_of(sample) for sample in three}
    answer = browser.post(SEVERAL, ticked(three, "accept", is_sure="1", cause="taste", note="All alike.", **versions))
    assert "3 labels were accepted." in text_of(answer)
    assert [state_of(sample) for sample in three] == [State.RESOLVED] * 3
    assert list(Decision.objects.values_list("cause", "note")) == [("taste", "All alike.")] * 3


def test_one_that_moved_meanwhile_is_left_out_and_said(browser, three, rita):
    versions = {f"as_of-{sample.pk}": decisions_made.version_of(sample) for sample in three}
    adjudication.exclude(sample_id=three[0].pk, by=rita, note="", cause="", at=NOW)
    page = text_of(browser.post(SEVERAL, ticked(three, "accept", is_sure="1", **versions)))
    assert "2 labels were accepted." in page
    assert "rita decided sample s0" in page
    assert state_of(three[0]) == State.EXCLUDED


def test_several_sent_twice_are_decided_once(browser, three):
    versions = {f"as_of-{sample.pk}": decisions_made.version_of(sample) for sample in three}
    for _ in range(2):
        page = text_of(browser.post(SEVERAL, ticked(three, "exclude", is_sure="1", **versions)))
    assert "3 samples were excluded." in page
    assert Decision.objects.count() == 3


def test_samples_of_another_project_are_not_touched(browser, sample):
    other = make_project("elsewhere")
    elsewhere = contest(make_sample(other), crowd(other, 5))
    browser.post(SEVERAL, ticked([elsewhere], "exclude", is_sure="1"))
    assert state_of(elsewhere) == State.CONTESTED


def test_an_annotator_decides_nothing(client, three, ana):
    client.force_login(ana.user)
    assert client.post(SEVERAL, ticked(three, "exclude", is_sure="1")).status_code == 403
    assert not Decision.objects.exists()


def test_a_sample_that_nobody_is_left_for_is_told_so(three, project):
    assert len(deciding_several.outlook(action="escalate", samples=three).can) == 3
    project.annotators.update(state="paused")
    assert len(deciding_several.outlook(action="escalate", samples=three).cannot) == 3
