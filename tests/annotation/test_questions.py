"""A question to a reviewer about a sample: the sample stays, the reply comes back, and nobody learns what they must not."""

from datetime import timedelta
from functools import partial

import pytest
from django.urls import reverse
from forms import ANNOTATE, text_of
from gold_story import hand_gold, make_gold
from past_the_services import add, change, refused
from races import together
from story import MINUTE, NOW, claim, join, make_pair, make_project, make_sample, rate, skip

from annotation.models import Assignment, Membership, Question, Sample
from annotation.services import claiming, questions
from annotation.services.people import ReasonMissing
from annotation.services.questions import NotAReviewer, QuestionRefused
from annotation.web import asking

DAY = timedelta(days=1)


@pytest.fixture
def in_hand(sample, ana):
    return claim(sample, by=ana)


def ask(assignment, text="Does spelling count?", *, at=NOW):
    return questions.ask(assignment=assignment, text=text, at=at)


def reply(question, *, by, text="Only where it changes the meaning.", at=NOW + MINUTE):
    questions.reply(question=question, by=by, text=text, at=at)


# --- asking --------------------------------------------------------------------------------------------------------
def test_who_asks_keeps_the_sample_and_the_time_for_it(in_hand, sample, ana):
    rows = Assignment.objects.filter(pk=in_hand.pk), Sample.objects.filter(pk=sample.pk)
    before = [row.values().get() for row in rows]
    ask(in_hand, at=NOW + MINUTE)
    assert [row.values().get() for row in rows] == before
    assert claiming.claim_next(annotator=ana, at=NOW + MINUTE) == in_hand


def test_a_question_asks_something(in_hand):
    with pytest.raises(ReasonMissing, match="Write your question"):
        ask(in_hand, "  \n")


def test_sent_again_because_the_line_was_lost_it_is_the_same_question(in_hand):
    assert ask(in_hand) == ask(in_hand, "Does spelling count? ", at=NOW + MINUTE)
    assert Question.objects.count() == 1


def test_it_can_be_asked_for_a_day_after_the_sample_has_gone(sample, ana):
    rate(sample, by=ana, overall=3)
    ask(ana.assignments.get(), at=NOW + DAY)
    with pytest.raises(QuestionRefused, match="more than a day ago"):
        ask(ana.assignments.get(), "Another one?", at=NOW + DAY + MINUTE)


def test_a_sample_that_one_could_not_judge_can_be_asked_about(sample, ana):
    skip(sample, by=ana)
    assert ask(ana.assignments.get(), "What is it?").text == "What is it?"


def test_a_handful_of_questions_wait_at_a_time(in_hand, rita):
    asked = [ask(in_hand, f"Question {number}?") for number in range(questions.OPEN_AT_MOST)]
    with pytest.raises(QuestionRefused, match="5 of your questions wait"):
        ask(in_hand, "One more?")
    reply(asked[0], by=rita)
    assert ask(in_hand, "One more?")


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_ask_no_more_than_is_allowed():
    project = make_project()
    in_hand = claim(make_sample(project), by=join(project, "ana"))
    for number in range(questions.OPEN_AT_MOST - 1):
        ask(in_hand, f"Question {number}?")

    def try_to_ask(text):
        try:
            return ask(in_hand, text)
        except QuestionRefused:
            return None

    answers = together([partial(try_to_ask, text) for text in ("This one?", "Or that one?")])
    assert sum(answer is not None for answer in answers) == 1
    assert questions.open_questions(project).count() == questions.OPEN_AT_MOST


# --- replying ------------------------------------------------------------------------------------------------------
def test_a_reviewer_or_an_admin_replies_and_nobody_else(in_hand, ana, ben, rita, ada):
    first, second = ask(in_hand), ask(in_hand, "And commas?")
    elsewhere = join(make_project("other"), "rob", role=Membership.Role.REVIEWER)
    for stranger in (ana.user, ben.user, elsewhere):
        with pytest.raises(NotAReviewer):
            reply(first, by=stranger)
    reply(first, by=rita)
    reply(second, by=ada)
    assert {q.replied_by for q in questions.asked_by(ana)} == {rita, ada}


def test_it_is_replied_to_once_and_in_words(in_hand, rita, ada):
    asked = ask(in_hand)
    with pytest.raises(ReasonMissing, match="Write a reply"):
        reply(asked, by=rita, text=" ")
    reply(asked, by=rita)
    with pytest.raises(QuestionRefused, match="rita has replied already"):
        reply(asked, by=ada, text="No.")
    assert Question.objects.get().reply == "Only where it changes the meaning."


def test_the_oldest_question_waits_first(project, sample, ana, ben):
    later, earlier = ask(claim(sample, by=ana), at=NOW + MINUTE), ask(claim(sample, by=ben))
    assert list(questions.open_questions(project)) == [earlier, later]
    assert list(questions.open_questions(make_project("other"))) == []


def test_a_reply_is_new_until_it_was_read(in_hand, ana, ben, rita):
    asked = ask(in_hand)
    assert questions.unread_reply(ana) is None
    reply(asked, by=rita)
    assert questions.unread_reply(ana) == asked
    assert questions.unread_reply(ben) is None
    questions.mark_read(annotator=ana, at=NOW + 2 * MINUTE)
    assert questions.unread_reply(ana) is None
    assert Question.objects.get().read_at == NOW + 2 * MINUTE


# --- the database --------------------------------------------------------------------------------------------------
def test_the_database_keeps_what_was_said(in_hand, rita):
    asked = ask(in_hand)
    with refused("question_once"):
        add(Question, assignment=in_hand, text=asked.text, asked_at=NOW + MINUTE)
    with refused("question_asks_something"):
        add(Question, assignment=in_hand, text="", asked_at=NOW)
    with refused("question_replied_in_words"):
        change(asked, replied_at=NOW)
    reply(asked, by=rita)
    for columns in ({"text": "x"}, {"reply": "x"}, {"asked_at": NOW + DAY}, {"reply": "", "replied_at": None}):
        with refused("stay as they were written"):
            change(asked, **columns)
    assert change(asked, replied_by=None, read_at=NOW + DAY) == 1


# --- the annotator's pages -----------------------------------------------------------------------------------------
def ask_url(assignment):
    return reverse("annotation:ask", args=[assignment.pk])


def test_the_page_asks_in_the_background(client, in_hand, ana):
    client.force_login(ana.user)
    answer = client.post(ask_url(in_hand), {"text": "Why?"}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"asked": True})
    answer = client.post(ask_url(in_hand), {"text": " "}, headers={"Accept": "application/json"})
    assert (answer.status_code, "Write your question" in answer.json()["detail"]) == (409, True)


def test_a_browser_without_a_script_asks_on_a_page_of_its_own(client, in_hand, ana):
    client.force_login(ana.user)
    assert "Prompt of s1" in text_of(client.get(ask_url(in_hand)))
    assert client.post(ask_url(in_hand), {"text": "Why?"})["Location"] == ANNOTATE
    assert Question.objects.get().text == "Why?"
    refusal = client.post(ask_url(in_hand), {"text": ""})
    assert (refusal.status_code, "Write your question" in text_of(refusal)) == (409, True)


def test_nobody_asks_about_the_sample_of_another(client, in_hand, ben, rita):
    for account in (ben.user, rita):
        client.force_login(account)
        assert client.post(ask_url(in_hand), {"text": "Why?"}).status_code == 404


def test_the_reply_stands_on_the_card_and_in_the_record(client, in_hand, ana, rita):
    reply(ask(in_hand), by=rita)
    told = asking.unread_reply(ana)
    assert told == {"by": "rita", "question": "Does spelling count?", "url": "/projects/recipes/record/#questions"}
    client.force_login(ana.user)
    record = text_of(client.get("/projects/recipes/record/"))
    for words in ("Prompt of s1", "Does spelling count?", "Only where it changes the meaning.", "rita replied"):
        assert words in record
    assert asking.unread_reply(ana) is None


# --- the reviewer's pages ------------------------------------------------------------------------------------------
def page_of(question):
    return reverse("annotation:question", args=["recipes", question.pk])


def test_the_queue_has_questions_whatever_the_state_of_their_sample(client, in_hand, rita):
    asked = ask(in_hand)
    client.force_login(rita)
    queue = text_of(client.get("/projects/recipes/review/"))
    assert "Does spelling count?" in queue
    assert page_of(asked) in queue
    assert "Does spelling count?" in text_of(client.get(f"/projects/recipes/review/{in_hand.sample_id}/"))
    assert "Answer 1 question" in text_of(client.get("/projects/recipes/"))


def test_the_reviewer_sees_the_sample_as_its_annotator_does(client, project, ana, rita):
    in_hand = claim(make_pair(project), by=ana)
    Assignment.objects.filter(pk=in_hand.pk).update(shown_order=[1, 0])
    client.force_login(rita)
    page = text_of(client.get(page_of(ask(in_hand))))
    assert page.index("The second.") < page.index("The first.")
    assert "in another order" in page
    assert "They must not learn what others" in page


def test_a_reply_leaves_the_queue_and_the_sample_alone(client, in_hand, ana, rita):
    asked = ask(in_hand)
    client.force_login(rita)
    assert client.post(page_of(asked), {"reply": " "}).status_code == 422
    answer = client.post(page_of(asked), {"reply": "No."}, follow=True)
    assert "ana reads your reply on their page." in text_of(answer)
    assert "Does spelling count?" not in text_of(client.get("/projects/recipes/review/"))
    in_hand.refresh_from_db()
    assert in_hand.state == "leased"
    late = client.post(page_of(asked), {"reply": "Yes."})
    assert (late.status_code, "rita has replied already" in text_of(late)) == (422, True)


def test_a_reviewer_is_told_that_it_is_gold_and_the_annotator_is_not(client, project, ana, rita):
    in_hand = hand_gold(make_gold(project, overall=2), by=ana)
    asked = ask(in_hand)
    client.force_login(rita)
    assert "This is a gold sample" in text_of(client.get(page_of(asked)))
    client.force_login(ana.user)
    reply(asked, by=rita, text="Read it twice.")
    record = text_of(client.get("/projects/recipes/record/"))
    own = record[record.index('id="questions"') :].split("</section>")[0]
    assert "Read it twice." in own
    assert "gold" not in own.lower()
    assert "gold" not in text_of(client.get(ask_url(in_hand))).lower()


def test_questions_are_for_the_staff_of_the_project(client, in_hand, ana, ben):
    asked = ask(in_hand)
    elsewhere = join(make_project("other"), "rob", role=Membership.Role.REVIEWER)
    for account, status in ((ana.user, 403), (ben.user, 403), (elsewhere, 404)):
        client.force_login(account)
        assert client.get(page_of(asked)).status_code == status
    client.force_login(elsewhere)
    assert client.get(reverse("annotation:question", args=["other", asked.pk])).status_code == 404


def test_hostile_words_are_words(client, in_hand, ana, rita):
    evil = '<img src=x onerror="window.struck=1">'
    asked = ask(in_hand, evil)
    client.force_login(rita)
    for page in ("/projects/recipes/review/", page_of(asked)):
        assert "<img src=x" not in text_of(client.get(page))
    reply(asked, by=rita, text=evil)
    client.force_login(ana.user)
    assert "<img src=x" not in text_of(client.get("/projects/recipes/record/"))
