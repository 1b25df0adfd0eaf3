"""What admins do about people beside pausing them: write, ask for the test again, follow a rule's proposal. Always with a trail."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from gold_story import make_gold
from past_the_services import change
from story import MINUTE, NOW, make_sample

from annotation.models import Annotator, Notice, ProjectEvent
from annotation.services import claiming, qualification, standing
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.services.standing import NotPossible

PEOPLE = "/projects/recipes/people/"


def text_of(response):
    return response.content.decode()


def trail(person):
    return [(event.kind, str(event.actor)) for event in person.events.order_by("pk")]


def proposed(person):
    return Notice.objects.create(annotator=person, kind="proposal", text=f"{person}: looks away.", created_at=NOW)


@pytest.fixture
def tested(project, ana):
    """A project with a test of two gold samples, of whom nobody had any; ana was let in before there was one."""
    for number in range(3):
        make_gold(project, f"g{number}", overall=3)
    change(project, test_size=2, pass_mark=0.5)
    ana.project.refresh_from_db()
    return project


# --- messages -----------------------------------------------------------------------------------------------------
def test_a_message_is_read_and_answered(client, project, ana, ada):
    client.force_login(ada)
    address = reverse("annotation:decide-person", args=["recipes", ana.pk])
    assert client.post(address, {"action": "message", "reason": "Which samples were unclear?"}).status_code == 302
    assert trail(ana) == [("annotator_messaged", "ada")]

    client.force_login(ana.user)
    page = text_of(client.get("/projects/recipes/record/"))
    assert "Which samples were unclear?" in page
    assert "by ada" in page
    notice = ana.notices.get()
    assert (notice.kind, notice.read_at is None) == ("message", False)
    answer = reverse("annotation:answer", args=["recipes", notice.pk])
    assert client.post(answer, {"answer": "The long ones."}).status_code == 302

    client.force_login(ada)
    assert "The long ones." in text_of(client.get(PEOPLE))  # it waits for a reply
    assert (
        client.post(reverse("annotation:reply", args=["recipes", notice.pk]), {"reply": "Thanks."}).status_code == 302
    )
    assert Annotator.objects.get(pk=ana.pk).state == "active"


def test_a_message_has_words_a_sender_and_a_reader(project, ana, ada, rita):
    with pytest.raises(ReasonMissing, match=r"Write the message\."):
        standing.message(annotator=ana, by=ada, text=" ", at=NOW)
    with pytest.raises(NotAnAdmin):
        standing.message(annotator=ana, by=rita, text="Hello.", at=NOW)
    nobody = Annotator.objects.create(project=project, external_id="outside")
    with pytest.raises(NotPossible, match="no account"):
        standing.message(annotator=nobody, by=ada, text="Hello.", at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(annotator=ana, kind="message", text="From nobody.", created_at=NOW)
    assert not ana.notices.exists()
    assert not ProjectEvent.objects.exists()


# --- the test again -----------------------------------------------------------------------------------------------
def test_somebody_takes_the_test_again_and_gets_nothing_else_meanwhile(tested, ana, ada):
    make_sample(tested, "work")
    notice = standing.requalify(annotator=ana, by=ada, reason="Two months away.", at=NOW)
    assert (notice.kind, notice.by) == ("test_result", ada)
    assert "Two months away." in notice.text
    assert trail(ana) == [("annotator_requalified", "ada")]
    person = Annotator.objects.select_related("project").get(pk=ana.pk)
    assert qualification.remaining(person) == 2
    lease = claiming.claim_next(annotator=person, at=NOW + MINUTE)
    assert lease.is_gold
    with pytest.raises(NotPossible, match="in the test already"):
        standing.requalify(annotator=person, by=ada, reason="Again.", at=NOW)


def test_nobody_is_asked_for_a_test_that_cannot_be_taken(project, ana, ada):
    with pytest.raises(NotPossible, match="has no test"):
        standing.requalify(annotator=ana, by=ada, reason="Why not.", at=NOW)
    make_gold(project, "only", overall=3)
    change(project, test_size=2, pass_mark=0.5)
    ana.project.refresh_from_db()
    with pytest.raises(NotPossible, match="all but 1 gold samples, and the test asks 2"):
        standing.requalify(annotator=ana, by=ada, reason="Why not.", at=NOW)
    assert Annotator.objects.get(pk=ana.pk).is_qualified
    assert not ana.notices.exists()


# --- proposals ----------------------------------------------------------------------------------------------------
def test_a_proposal_is_accepted_by_a_named_human_with_a_reason(client, project, ana, ada):
    proposal = proposed(ana)
    client.force_login(ada)
    address = reverse("annotation:reply", args=["recipes", proposal.pk])
    accepted = {"action": "accept", "decision": "pause"}
    assert client.post(address, {**accepted, "reply": "  "}).status_code == 422
    refused = client.post(address, {**accepted, "decision": "dismiss", "reply": "Enough."})
    assert (refused.status_code, "Enough." in text_of(refused)) == (422, True)  # what was written is still there
    assert Annotator.objects.get(pk=ana.pk).state == "active"

    assert client.post(address, {**accepted, "reply": "Let us talk first."}).status_code == 302
    proposal.refresh_from_db()
    assert (proposal.closed_by, proposal.reply) == (ada, "Let us talk first.")
    assert Annotator.objects.get(pk=ana.pk).state == "paused"
    assert trail(ana) == [("proposal_accepted", "ada"), ("annotator_paused", "ada")]
    page = text_of(client.get(reverse("annotation:person", args=["recipes", ana.pk])))
    assert "Proposal accepted" in page
    with pytest.raises(NotPossible, match="dealt with already"):
        standing.accept(proposal=proposal, decision="message", by=ada, reason="Once more.", at=NOW)


def test_a_proposal_may_be_followed_by_words_alone_or_declined(project, ana, ben, ada):
    standing.accept(proposal=proposed(ana), decision="message", by=ada, reason="Please read to the end.", at=NOW)
    assert [notice.kind for notice in standing.notices_for(ana)] == ["message"]
    assert trail(ana) == [("annotator_messaged", "ada"), ("proposal_accepted", "ada")]
    standing.decline(proposal=proposed(ben), by=ada, reason="Hard samples.", at=NOW)
    assert trail(ben) == [("proposal_declined", "ada")]
    assert not Notice.objects.filter(kind="proposal", closed_at=None).exists()
